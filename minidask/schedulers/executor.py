"""Run a graph on any ``concurrent.futures.Executor``: batches of tasks go out with their inputs, results come back.

An executor of threads is a pool for the threaded scheduler, which needs no hand-off a task and can't deadlock on nested
computations. Any other is given parcels, see ``remote``: they hold plain objects until the executor pickles them.

Invariants: at most ``num_workers`` batches are out at a time; errors come back as values, so that a failed batch tells
which task failed; a worker that died makes the computation fail, never hang.
"""

from __future__ import annotations

import queue
from collections.abc import Mapping
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from multiprocessing.connection import wait
from typing import Any

from minidask import config
from minidask.schedulers import threads
from minidask.schedulers.batches import drive, warn_if_large
from minidask.schedulers.failure import BrokenWorkerError, add_note, task_list
from minidask.schedulers.remote import Answer, Parcel, run_parcel
from minidask.schedulers.run import Watch, run
from minidask.schedulers.state import State
from minidask.schedulers.workers import check_chunksize, is_process_pool, is_thread_pool, worker_count
from minidask.units import parse_bytes

# How often to look for processes that died while a pool of processes was waited for: two looks make a verdict.
_LOOK_S = 1.0


def get(
    dsk: Mapping[Any, Any],
    keys: Any,
    *,
    executor: Executor,
    num_workers: int | None = None,
    chunksize: int | None = None,
    **kwargs: Any,
) -> Any:
    """Run a graph on an executor.

    Parameters
    ----------
    dsk : mapping
        ``{key: task}`` as users write it, tasks, or a ``LayeredGraph``.
    keys : key or nested lists of keys
    executor : concurrent.futures.Executor
        It isn't shut down. Unless its workers are threads, tasks and results must be such that it can pickle them
        (functions may be lambdas).
    num_workers : int, optional
        Batches under way at a time. Default: the executor's number of workers, otherwise the number of processors.
    chunksize : int, optional
        Tasks a batch, at least 1. Default: 1. Threads take tasks one by one and ignore it.
    **kwargs
        Taken and ignored, so that schedulers can be exchanged.

    Returns
    -------
    The result of the key, or tuples nested as ``keys``.

    Raises
    ------
    KeyError, CycleError, TypeError
        For graphs that can't be run; and whatever a task raises, with a note that names the task.
    RuntimeError
        If the executor has been shut down.
    BrokenWorkerError
        If a worker of the executor dies.

    Examples
    --------
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> with ThreadPoolExecutor(2) as pool:
    ...     get({"x": -1, "y": (abs, "x")}, "y", executor=pool)
    1
    """
    if not isinstance(executor, Executor):
        raise TypeError(f"executor must be a concurrent.futures.Executor, got {type(executor).__name__}")
    count = worker_count(num_workers, executor, read_config=False)
    size = 1 if chunksize is None else check_chunksize(chunksize)
    if is_thread_pool(executor):
        return threads.get(dsk, keys, num_workers=count, pool=executor)
    limit_bytes = parse_bytes(config.get("optimization.graph-warning-size", "10 MiB"))
    return run(dsk, keys, lambda state, watch: drive_on(executor, state, watch, count, size, limit_bytes))


def drive_on(
    executor: Executor, state: State, watch: Watch | None, num_workers: int, chunksize: int, limit_bytes: int
) -> None:
    """Run all tasks of a state on an executor, see ``minidask.schedulers.run``."""
    if is_process_pool(executor):
        warn_if_large(state, limit_bytes)
    carrier = _Carrier(executor, state, num_workers)
    try:
        drive(state, watch, carrier, chunksize)
    finally:
        carrier.close()


class _Carrier:
    """Carry batches to an executor.

    - ``pending``: the futures under way.
    - ``done``: those that have come back, each with its batch.
    - ``dead``: pids of the processes that were found dead at the last look.
    """

    def __init__(self, executor: Executor, state: State, num_workers: int) -> None:
        self.executor = executor
        self.state = state
        self.num_workers = num_workers
        self.pickles = is_process_pool(executor)
        self.pending: set[Future[Answer]] = set()
        self.dead: set[int | None] = set()
        self.done: queue.SimpleQueue[tuple[list[int], Future[Answer]]] = queue.SimpleQueue()

    def expect(self, ready: int) -> None:
        """Nothing: an executor starts its workers itself."""

    def room(self) -> tuple[int, int]:
        """Return how many batches may be sent now; none more without a task's end."""
        return self.num_workers - len(self.pending), 0

    def send(self, batch: list[int], parcel: Parcel) -> None:
        """Submit a batch."""
        if self.pickles:
            # Here rather than in the executor's own thread, so that the error comes from here.
            parcel.pickled()
        try:
            future = self.executor.submit(run_parcel, parcel)
        except BrokenExecutor as error:
            raise self._broken(batch) from error
        except RuntimeError as error:
            raise RuntimeError(
                f"{type(self.executor).__name__} takes no more tasks: {error}. Make a new one."
            ) from error
        self.pending.add(future)
        future.add_done_callback(lambda future: self.done.put((batch, future)))

    def receive(self) -> tuple[list[int], Answer]:
        """Wait for the answer to a batch; raise what kept the executor from giving one."""
        while True:
            try:
                batch, future = self.done.get(timeout=_LOOK_S if self.pickles else None)
                break
            except queue.Empty:
                self._look_after_processes()
        self.pending.discard(future)
        try:
            return batch, future.result()
        except BrokenExecutor as error:
            raise self._broken(batch) from error
        except CancelledError as error:
            raise RuntimeError(
                f"{type(self.executor).__name__} was shut down in the middle of a computation"
            ) from error
        except Exception as error:
            add_note(error, f"Raised by {type(self.executor).__name__} when it was to run {self._names(batch)}.")
            raise

    def _look_after_processes(self) -> None:
        """Break a pool of which a process has died unnoticed.

        When it dies in the middle of sending a result, ``ProcessPoolExecutor`` waits for the rest forever, since it
        holds the sending end of the queue itself. With all senders gone it reads the queue's end, and reports itself
        broken.
        """
        processes = list((getattr(self.executor, "_processes", None) or {}).values())
        dead = {process.pid for process in processes if wait([process.sentinel], 0)}
        # One that has just died, or whose turn was over, is gone at the next look.
        unnoticed = dead & self.dead
        self.dead = dead
        results = getattr(self.executor, "_result_queue", None)
        if unnoticed and results is not None:
            for process in processes:
                process.kill()
            results._writer.close()

    def close(self) -> None:
        """Withdraw what has not begun."""
        for future in self.pending:
            future.cancel()

    def _names(self, batch: list[int]) -> str:
        return task_list((self.state.keys[at], self.state.tasks[at]) for at in batch)

    def _broken(self, batch: list[int]) -> BrokenWorkerError:
        running = sorted(self.state.running.union(batch))
        return BrokenWorkerError(
            f"a worker of {type(self.executor).__name__} died when it was to run {self._names(running)}: it was killed, ran "
            "out of memory, its code crashed the interpreter, or it could not start (a script needs "
            "`if __name__ == '__main__':` around the code that computes). The executor can't be used any more."
        )

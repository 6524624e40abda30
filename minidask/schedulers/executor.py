"""Run a graph on any ``concurrent.futures.Executor``: batches of tasks go out with their inputs, results come back.

The state stays in the calling process; what crosses to the executor is a batch of bound tasks (a function with the values of its
arguments). For executors of other processes (``serialize=True``) batches are cloudpickled here, so that lambdas and functions of
``__main__`` pass, and an object that can't be pickled is reported with the task that it belongs to.

Invariants: at most ``num_workers`` batches are out at a time; errors come back as values, so that a failed batch tells which task
failed; a worker that died makes the computation fail, never hang.
"""

from __future__ import annotations

import queue
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import BrokenExecutor, Executor, Future
from typing import Any

import cloudpickle

from minidask.graph.task import Key, Task, func_name
from minidask.schedulers.failure import blame, task_note
from minidask.schedulers.remote import Failure, run_batch, run_pickled
from minidask.schedulers.run import Watch, run
from minidask.schedulers.state import State
from minidask.schedulers.threads import _pool_size, check_num_workers, cpu_count
from minidask.sizeof import sizeof
from minidask.units import format_bytes


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
        It isn't shut down. Unless its workers are threads, tasks and results are pickled.
    num_workers : int, optional
        Batches under way at a time. Default: the executor's number of workers, otherwise the number of processors.
    chunksize : int, optional
        Tasks a batch, at least 1. Default: 1.

    Returns
    -------
    The result of the key, or tuples nested as ``keys``.

    Raises
    ------
    KeyError, CycleError, TypeError
        For graphs that can't be run; and whatever a task raises, with a note that names the task.

    Examples
    --------
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> with ThreadPoolExecutor(2) as pool:
    ...     get({"x": -1, "y": (abs, "x")}, "y", executor=pool)
    1
    """
    if not isinstance(executor, Executor):
        raise TypeError(f"executor must be a concurrent.futures.Executor, got {type(executor).__name__}")
    num_workers = num_workers or _pool_size(executor) or cpu_count()
    check_num_workers(num_workers)
    size = 1 if chunksize is None else check_chunksize(chunksize)
    remote = not _runs_in_threads(executor)
    return run(dsk, keys, lambda state, watch: drive(state, watch, executor.submit, num_workers, size, remote))


def check_chunksize(chunksize: Any) -> int:
    """Return ``chunksize`` if it is an int of at least 1, otherwise raise TypeError or ValueError."""
    if not isinstance(chunksize, int) or isinstance(chunksize, bool):
        raise TypeError(f"chunksize must be an int, got {type(chunksize).__name__}: {chunksize!r}")
    if chunksize < 1:
        raise ValueError(f"chunksize must be at least 1, got {chunksize}")
    return chunksize


def _runs_in_threads(executor: Executor) -> bool:
    return any(cls.__name__ == "ThreadPoolExecutor" for cls in type(executor).__mro__)


def drive(
    state: State,
    watch: Watch | None,
    submit: Callable[..., Future[Any]],
    num_workers: int,
    chunksize: int,
    serialize: bool,
    large_bytes: int | None = None,
) -> None:
    """Run all tasks of a state in batches, see ``minidask.schedulers.run``."""
    done: queue.SimpleQueue[tuple[list[int], Future[Any]]] = queue.SimpleQueue()
    pending: set[Future[Any]] = set()
    warned = False
    try:
        while not state.done:
            while state.ready and len(pending) < num_workers:
                # Few tasks are spread over all workers rather than sent to one.
                share = -(-len(state.ready) // (num_workers - len(pending)))
                batch = [state.pop() for _ in range(min(chunksize, max(share, 1)))]
                if watch is not None:
                    for at in batch:
                        watch.before(at)
                bound = [state.tasks[at].bind(state.cache) for at in batch]
                if serialize:
                    if large_bytes is not None and not warned:
                        warned = _warn_if_large(state, batch, large_bytes)
                    future = submit(run_pickled, _pickled(state, batch, bound), len(batch))
                else:
                    future = submit(run_batch, bound)
                del bound
                pending.add(future)
                future.add_done_callback(lambda future, batch=batch: done.put((batch, future)))  # type: ignore[misc]
            batch, future = done.get()
            pending.discard(future)
            _take(state, watch, batch, future)
    finally:
        for future in pending:
            future.cancel()


def _take(state: State, watch: Watch | None, batch: list[int], future: Future[Any]) -> None:
    keys = [state.keys[at] for at in batch]
    try:
        answer = future.result()
    except BrokenExecutor as error:
        shown = ", ".join(map(repr, keys[:3])) + (", ..." if len(keys) > 3 else "")
        raise BrokenWorkerError(
            f"a worker process died while it ran (or waited to run) the tasks {shown}: it was killed, ran out of memory, "
            "or its code crashed the interpreter"
        ) from error
    worker, values = cloudpickle.loads(answer) if isinstance(answer, bytes) else answer
    for at, value in zip(batch, values, strict=True):
        if isinstance(value, Failure):
            raise _error(value, state.keys[at], state.tasks[at])
        state.finish(at, value)
        if watch is not None:
            watch.after(at, value, worker)


class BrokenWorkerError(RuntimeError):
    """A process that ran tasks is gone."""


def _error(failure: Failure, key: Key, task: Task) -> BaseException:
    error = failure.error()
    if failure.traceback is not None:
        error.add_note(f"Traceback in the process that ran the task:\n{failure.traceback}")
        error.add_note(task_note(key, task))
        return error
    return blame(error, key, task)


def _pickled(state: State, batch: list[int], bound: list[Task]) -> bytes:
    try:
        return cloudpickle.dumps(bound, protocol=5)
    except Exception:
        for at, task in zip(batch, bound, strict=True):
            _find_culprit(state.keys[at], task)
        raise


def _find_culprit(key: Key, task: Task) -> None:
    """Raise a TypeError that names what of a task can't be pickled, if anything can't."""
    parts = [("function", task.func)]
    parts += [(f"argument {number}", arg) for number, arg in enumerate(task.args)]
    parts += [(f"argument {name!r}", arg) for name, arg in (task.kwargs or {}).items()]
    for name, part in parts:
        try:
            cloudpickle.dumps(part, protocol=5)
        except Exception as error:
            raise TypeError(
                f"the {name} of the task {key!r} ({func_name(task.func)}) can't be sent to another process, because a "
                f"{type(part).__name__} can't be pickled: {error}. Make it inside the task, or use scheduler='threads'."
            ) from error


def _warn_if_large(state: State, batch: list[int], large_bytes: int) -> bool:
    for at in batch:
        task = state.tasks[at]
        for arg in task.args:
            if type(arg) in (int, float, str, bool, type(None)):
                continue
            size = sizeof(arg)
            if size > large_bytes:
                warnings.warn(
                    f"the task {state.keys[at]!r} ({func_name(task.func)}) carries a {type(arg).__name__} of "
                    f"{format_bytes(size)} in its graph, to be pickled and sent. Load the data inside the task, or make it "
                    "the result of another task.",
                    stacklevel=2,
                )
                return True
    return False

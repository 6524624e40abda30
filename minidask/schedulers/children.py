"""The child processes of one computation of the ``processes`` scheduler, and the pipes to them.

The child's side, and the messages, are in ``serve``. The parent starts a child when there is a task for it, talks to
each over a pipe of its own, and is told by the pipe's end when a child has died: so it knows what that child was doing,
and a message cut off in the middle is an error. (A ``ProcessPoolExecutor`` has one queue for all children, its own end
included; when a child is killed in the middle of a large result it waits for the rest forever.)

Invariants: a child has at most one batch; the parent writes to none but a child that reads, so that the two never wait
for each other; after ``close`` all children are gone and reaped, killed at once if the computation did not end well.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import selectors
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from typing import Any

import cloudpickle

from minidask.schedulers.failure import BrokenWorkerError, add_note, task_list
from minidask.schedulers.remote import Answer, Failure, Parcel
from minidask.schedulers.serve import READY, SMALL_BYTES, STOP, serve
from minidask.schedulers.state import State

# A child that was told to stop and hasn't (a thread of a task runs on) is killed after that.
_PATIENCE_S = 10.0
_ADVICE = (
    "What it printed is on the standard error output. A script that uses scheduler='processes' must be a file, with the code "
    "that computes under `if __name__ == '__main__':`, because each child process imports it"
)


class _Child:
    """One process. ``batch`` is what it runs now; None while it starts (``ready`` is False) or waits for work."""

    def __init__(self, process: Any, connection: Connection) -> None:
        self.process = process
        self.connection = connection
        self.ready = False
        self.batch: list[int] | None = None


class Children:
    """Carry batches to child processes; a context manager.

    Parameters
    ----------
    limit : int
        Most processes.
    method : str
        ``"spawn"``, ``"forkserver"`` or ``"fork"``.
    environment : mapping
        The children's environment variables.
    initializer : callable, optional
    state : State
        To name tasks in errors.

    Raises
    ------
    RuntimeError
        If the running script can't be imported by a child.
    """

    def __init__(
        self,
        limit: int,
        method: str,
        environment: Mapping[str, str],
        initializer: Callable[[], Any] | None,
        state: State,
    ) -> None:
        if method != "fork":
            _check_main()
        self.limit = limit
        self.context: Any = multiprocessing.get_context(method)
        self.environment = dict(environment)
        self.initializer = None if initializer is None else cloudpickle.dumps(initializer, protocol=5)
        self.state = state
        self.children: list[_Child] = []
        self.idle: list[_Child] = []
        self.busy = 0
        self.selector = selectors.DefaultSelector()

    def __enter__(self) -> Children:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self.close(kill=error is not None)

    def expect(self, ready: int) -> None:
        """Start children for that many tasks, as far as ``limit`` allows."""
        missing = min(self.limit, self.busy + ready) - len(self.children)
        if missing > 0:
            with _interrupts_held():
                for _ in range(missing):
                    self._start()

    def _start(self) -> None:
        ours, theirs = self.context.Pipe()
        try:
            process = self.context.Process(
                target=serve, args=(theirs, self.environment, self.initializer), name="minidask-child"
            )
            process.start()
        except BaseException:
            ours.close()
            raise
        finally:
            # Held by the child alone, so that its end is the pipe's end.
            theirs.close()
        child = _Child(process, ours)
        self.children.append(child)
        self.selector.register(ours, selectors.EVENT_READ, child)

    def room(self) -> tuple[int, int]:
        """Return how many children wait for a batch, and how many are starting."""
        return len(self.idle), len(self.children) - len(self.idle) - self.busy

    def send(self, batch: list[int], parcel: Parcel) -> None:
        """Give a batch to a child that waits; raise BrokenWorkerError if that has died."""
        data = parcel.pickled()
        child = self.idle.pop()
        child.batch = batch
        self.busy += 1
        try:
            if len(data) < SMALL_BYTES:
                child.connection.send_bytes(b"%d %b" % (len(batch), data))
            else:
                child.connection.send_bytes(b"%d " % len(batch))
                child.connection.send_bytes(data)
        except OSError:
            raise self._died(child) from None

    def receive(self) -> tuple[list[int], Answer] | None:
        """Wait for a child's answer, or (None) until one has started; raise BrokenWorkerError if one has died."""
        found, _ = self.selector.select()[0]
        child: _Child = found.data
        try:
            message = child.connection.recv_bytes()
            if child.batch is not None:
                worker, small = pickle.loads(message)
                values = [child.connection.recv_bytes() if value is None else value for value in small]
        except (EOFError, OSError):
            raise self._died(child) from None
        batch = child.batch
        if batch is None:
            self._started(child, message)
            return None
        answer = Answer(values, worker, packed=True)
        child.batch = None
        self.busy -= 1
        self.idle.append(child)
        return batch, answer

    def _started(self, child: _Child, message: bytes) -> None:
        if message != READY:
            failure: Failure = pickle.loads(message)
            error = failure.error()
            add_note(
                error, f"Raised in a child process that was starting, where the traceback was:\n{failure.traceback}"
            )
            raise error
        child.ready = True
        self.idle.append(child)

    def _died(self, child: _Child) -> BrokenWorkerError:
        child.process.join(_PATIENCE_S)
        how = _how_it_ended(child.process.exitcode)
        if not child.ready:
            return BrokenWorkerError(f"a child process could not start: it {how}. {_ADVICE}.")
        if child.batch is None:
            return BrokenWorkerError(f"the child process {child.process.pid} {how} while it waited for tasks")
        names = task_list((self.state.keys[at], self.state.tasks[at]) for at in child.batch)
        return BrokenWorkerError(f"the child process {child.process.pid} {how} while it ran {names}")

    def close(self, kill: bool) -> None:
        """End all children and wait until they are gone."""
        self.selector.close()
        try:
            if not kill:
                self._stop()
        finally:
            for child in self.children:
                child.process.kill()
            for child in self.children:
                child.process.join()
                child.process.close()
                child.connection.close()

    def _stop(self) -> None:
        for child in self.children:
            if child.ready:
                try:
                    child.connection.send_bytes(STOP)
                except OSError:
                    # It is gone already: that was to be.
                    continue
        for child in self.children:
            if child.ready:
                child.process.join(_PATIENCE_S)


def _how_it_ended(exitcode: int | None) -> str:
    if exitcode is None:
        return "closed its connection"
    if exitcode >= 0:
        return f"exited with status {exitcode}"
    try:
        name = signal.Signals(-exitcode).name
    except ValueError:
        name = f"signal {-exitcode}"
    return f"was killed by {name}" + (" (often because the machine ran out of memory)" if name == "SIGKILL" else "")


def _check_main() -> None:
    """Raise RuntimeError if the running script is no file, which a child would try to import."""
    main = sys.modules.get("__main__")
    path = getattr(main, "__file__", None)
    if path is None or getattr(main, "__spec__", None) is not None:
        return
    if not os.path.exists(path) and not os.path.basename(path).startswith("ipython"):
        raise RuntimeError(
            f"scheduler='processes' can't start child processes, because the running script, {path}, is no file that they "
            "could import. Save it to a file, with the code that computes under `if __name__ == '__main__':`, or use "
            "scheduler='threads'."
        )


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Keep Ctrl-C from children that are starting, which would print a traceback each; here it comes afterwards."""
    # Python's own helper process starts once, and would unblock the signal on the way.
    resource_tracker.ensure_running()
    arrived: list[int] = []
    handler = None
    if threading.current_thread() is threading.main_thread():
        # The signal may reach any thread of the process, and is handled here then: blocking it isn't enough.
        handler = signal.getsignal(signal.SIGINT)
    if handler is not None:
        signal.signal(signal.SIGINT, lambda number, frame: arrived.append(number))
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if handler is not None:
            signal.signal(signal.SIGINT, handler)
        if arrived:
            signal.raise_signal(signal.SIGINT)

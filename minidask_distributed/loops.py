"""An asyncio loop in a thread of its own, for code that isn't asynchronous: clients and clusters made in scripts.

Place in the flow: beside `comm`; a synchronous `Client` and a `LocalCluster` run on the one loop thread of the process
(`shared`), asynchronous ones on the loop of their caller.

Invariants: the shared thread lives while somebody uses it and no longer; a loop is closed with all its tasks ended. Not
for running users' tasks: nothing that blocks may run on a loop.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

LOOK_UP_S = 0.5
"""A Ctrl-C in the moment before a thread begins to wait doesn't end the wait: it is noticed when the thread looks up next."""


def wait_by(wait: Callable[[float], bool], timeout_s: float | None) -> bool:
    """Wait until something has happened, and let Ctrl-C in every now and then; return False if it took too long.

    Parameters
    ----------
    wait
        Waits for at most so many seconds, and says whether it happened.
    timeout_s
        Seconds in all; None: as long as it takes.

    Examples
    --------
    >>> wait_by(threading.Event().wait, 0.01)
    False
    """
    end = None if timeout_s is None else time.monotonic() + timeout_s
    while not wait(LOOK_UP_S if end is None else min(LOOK_UP_S, max(end - time.monotonic(), 0))):
        if end is not None and time.monotonic() >= end:
            return False
    return True


def result_on(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T], timeout_s: float | None) -> T:
    """Run a coroutine on a loop that runs in another thread, and return its result.

    Raises
    ------
    TimeoutError
        If it takes longer than ``timeout_s``; the coroutine is cancelled.
    """
    future = asyncio.run_coroutine_threadsafe(work, loop)
    try:
        if wait_by(lambda seconds: bool(concurrent.futures.wait([future], seconds).done), timeout_s):
            return future.result()
    except BaseException:
        # Ctrl-C while waiting: what was waited for is given up, too.
        future.cancel()
        raise
    future.cancel()
    raise TimeoutError(f"not done after {timeout_s} s")


class LoopThread:
    """A thread that runs an asyncio loop until it is stopped.

    Examples
    --------
    >>> thread = LoopThread("example")
    >>> thread.start()
    >>> thread.run(asyncio.sleep(0, "done"))
    'done'
    >>> thread.stop()
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.loop: asyncio.AbstractEventLoop = asyncio.new_event_loop()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread; return once the loop runs."""
        running = threading.Event()
        # A daemon: an interpreter that ends without closing its client must not hang on this thread.
        self._thread = threading.Thread(target=self._main, args=(running,), name=self.name, daemon=True)
        self._thread.start()
        running.wait()

    def _main(self, running: threading.Event) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.call_soon(running.set)
        try:
            self.loop.run_forever()
            left = asyncio.all_tasks(self.loop)
            for task in left:
                task.cancel()
            if left:
                self.loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
            self.loop.run_until_complete(self.loop.shutdown_default_executor())
        finally:
            asyncio.set_event_loop(None)
            self.loop.close()

    @property
    def is_current(self) -> bool:
        """Whether the caller is on this thread, where waiting for the loop would never end."""
        return self._thread is threading.current_thread()

    def run(self, work: Coroutine[Any, Any, T], timeout_s: float | None = None) -> T:
        """Run a coroutine on the loop from another thread and return its result.

        Raises
        ------
        RuntimeError
            If called on the loop's own thread, or after the loop was stopped.
        TimeoutError
            If it takes longer than ``timeout_s``; the coroutine is cancelled.
        """
        if self.is_current:
            work.close()
            raise RuntimeError(
                "this would wait, on the event loop's own thread, for the loop itself: use the asynchronous form"
            )
        if self.loop.is_closed() or not self.loop.is_running():
            work.close()
            raise RuntimeError("the event loop is closed: the client or cluster that it belonged to was closed")
        return result_on(self.loop, work, timeout_s)

    def call_soon(self, function: Callable[..., Any], *args: Any) -> None:
        """Run a function on the loop's thread soon; on a stopped loop nothing happens."""
        try:
            self.loop.call_soon_threadsafe(function, *args)
        except RuntimeError:
            if not self.loop.is_closed():
                raise

    def stop(self) -> None:
        """End the loop and its thread; tasks that are left are cancelled. May be called twice."""
        if self._thread is None:
            if not self.loop.is_closed():
                self.loop.close()
            return
        self.call_soon(self.loop.stop)
        if not self.is_current:
            self._thread.join()


class _Shared:
    """The one loop thread of the process, counted by its users."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.thread: LoopThread | None = None
        self.users = 0


_shared = _Shared()


def acquire() -> LoopThread:
    """Return the process's loop thread, started if nobody uses it yet; give it back with `release`."""
    with _shared.lock:
        if _shared.thread is None:
            _shared.thread = LoopThread("minidask loop")
            _shared.thread.start()
        _shared.users += 1
        return _shared.thread


def release(thread: LoopThread) -> None:
    """Give the loop thread back; the last user ends it."""
    with _shared.lock:
        if thread is not _shared.thread:
            return
        _shared.users -= 1
        if _shared.users:
            return
        _shared.thread = None
    thread.stop()

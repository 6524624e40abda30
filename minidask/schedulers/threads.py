"""The threaded scheduler: worker threads that take tasks straight from the shared state.

There is no queue between a scheduling thread and its workers: each worker holds the lock for as long as it takes to report a
result and to take the next task, so a task costs no hand-off. The calling thread only waits, which keeps Ctrl-C prompt.
Threads are made per computation, as many as there is work for, and end with it. With ``pool=`` the same loops run in the
threads of the caller's executor.

A computation inside a task doesn't deadlock and doesn't multiply threads: the task's own thread works on it too, and further
threads are made only while fewer than ``num_workers`` are busy in the process (``_Slots``).

Invariants: the state is touched under the lock only, except that a task reads its arguments from the cache, where they are held
until it has finished. The first error stops the computation: nothing more is started, what runs is not waited for.
"""

from __future__ import annotations

import contextvars
import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import Any

from minidask import config
from minidask.schedulers.failure import blame
from minidask.schedulers.run import Watch, run
from minidask.schedulers.state import State


def get(dsk: Mapping[Any, Any], keys: Any, *, num_workers: int | None = None, pool: Any = None, **kwargs: Any) -> Any:
    """Run a graph in several threads of this process.

    Parameters
    ----------
    dsk : mapping
        ``{key: task}`` as users write it, tasks, or a ``LayeredGraph``.
    keys : key or nested lists of keys
    num_workers : int, optional
        Threads, at least 1. Default: the setting ``num_workers``, otherwise the processors that this process may use.
    pool : concurrent.futures.Executor or multiprocessing.pool.ThreadPool, optional
        Whose threads to use. Default: the setting ``pool``, otherwise threads of the computation's own.
    **kwargs
        Taken and ignored, so that schedulers can be exchanged.

    Returns
    -------
    The result of the key, or tuples nested as ``keys``.

    Raises
    ------
    KeyError, CycleError, TypeError
        For graphs that can't be run; and whatever a task raises, with a note that names the task.

    Examples
    --------
    >>> from operator import add
    >>> get({"x": 1, "y": (add, "x", 10)}, "y")
    11
    """
    if pool is None:
        pool = config.get("pool", None)
    if num_workers is None:
        num_workers = config.get("num_workers", None)
    if num_workers is None:
        num_workers = _pool_size(pool) or cpu_count()
    check_num_workers(num_workers)
    spawn = _spawner(pool)
    return run(dsk, keys, lambda state, watch: _Computation(state, watch, num_workers, spawn).drive())


def check_num_workers(num_workers: Any) -> None:
    """Raise TypeError or ValueError unless ``num_workers`` is an int of at least 1."""
    if not isinstance(num_workers, int) or isinstance(num_workers, bool):
        raise TypeError(f"num_workers must be an int, got {type(num_workers).__name__}: {num_workers!r}")
    if num_workers < 1:
        raise ValueError(f"num_workers must be at least 1, got {num_workers}")


def cpu_count() -> int:
    """Return how many processors this process may use (affinity respected).

    Examples
    --------
    >>> cpu_count() >= 1
    True
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def _pool_size(pool: Any) -> int | None:
    for name in ("_max_workers", "_processes"):  # of ThreadPoolExecutor, of multiprocessing.pool.ThreadPool
        size = getattr(pool, name, None)
        if isinstance(size, int):
            return size
    return None


Spawn = Callable[[Callable[[], None]], None]


def _spawner(pool: Any) -> Spawn:
    """Return the function that starts one worker loop."""
    if pool is None:
        return _start_thread
    if isinstance(pool, Executor):
        return pool.submit  # type: ignore[return-value]
    if hasattr(pool, "apply_async"):
        return pool.apply_async  # type: ignore[no-any-return]
    raise TypeError(f"pool must be an executor of concurrent.futures or a ThreadPool, got {type(pool).__name__}")


def _start_thread(loop: Callable[[], None]) -> None:
    # Daemons: an interrupted program must not hang at exit behind a task that runs on.
    threading.Thread(target=loop, name="minidask-worker", daemon=True).start()


class _Slots(threading.local):
    """Whether this thread is running a task of some computation, and in which computation it is."""

    computation: _Computation | None = None


_here = _Slots()


class _Computation:
    """One run of a state by several threads.

    - ``lock`` guards everything; ``wake`` (on it) is where idle workers wait; ``over`` is set once, at the end.
    - ``busy``: loops that were started and have not ended; ``idle``: those of them that wait for work.
    - ``shared``: number of running tasks among a computation and all that are nested in it, as a one-item list.
    """

    def __init__(self, state: State, watch: Watch | None, num_workers: int, spawn: Spawn) -> None:
        self.state = state
        self.watch = watch
        self.num_workers = num_workers
        self.spawn = spawn
        self.lock = threading.Lock()
        self.wake = threading.Condition(self.lock)
        self.over = threading.Event()
        self.loops = 0
        self.idle = 0
        self.stopped = False
        self.error: BaseException | None = None
        self.context = contextvars.copy_context()

    def drive(self) -> None:
        """Run until the state is done; raise the first error."""
        if self.state.done:
            return
        nested = _here.computation
        try:
            with self.lock:
                extra = self.num_workers - (1 if nested is not None else 0)
                count = min(extra, len(self.state.ready))
                self.loops = count
            for _ in range(count):
                self._spawn()
            if nested is not None:
                # This thread runs a task of another computation: lend it to this one, or a full pool would wait for itself.
                with self.lock:
                    self.loops += 1
                self._loop()
            else:
                self.over.wait()
        finally:
            with self.lock:
                self.stopped = True
                self.wake.notify_all()
        if self.error is not None:
            error = self.error
            self.error = None
            raise error from error.__cause__

    def _spawn(self) -> None:
        context = self.context.copy()
        self.spawn(lambda: context.run(self._loop))

    def _loop(self) -> None:
        """Take and run tasks until there is nothing more to take."""
        before = _here.computation
        _here.computation = self
        try:
            self._work()
        except BaseException as error:
            # Not a task's error (those are kept below): a callback's, or an interrupt in this thread.
            with self.lock:
                self._stop(error)
        finally:
            _here.computation = before

    def _stop(self, error: BaseException | None) -> None:
        if not self.stopped:
            self.error = error
            self.stopped = True
        self.over.set()
        self.wake.notify_all()

    def _work(self) -> None:
        state, watch, lock = self.state, self.watch, self.lock
        tasks, keys, cache = state.tasks, state.keys, state.cache
        name = threading.current_thread().ident
        lock.acquire()
        try:
            while True:
                while not state.ready:
                    if self.stopped or state.done:
                        return
                    self.idle += 1
                    try:
                        self.wake.wait()
                    finally:
                        self.idle -= 1
                if self.stopped:
                    return
                at = state.pop()
                if watch is not None:
                    watch.before(at)
                lock.release()
                try:
                    value = tasks[at](cache)
                except BaseException as error:
                    lock.acquire()
                    self._stop(blame(error, keys[at], tasks[at]))
                    return
                lock.acquire()
                if self.stopped:
                    return
                state.finish(at, value)
                if watch is not None:
                    watch.after(at, value, name)
                del value
                if state.done:
                    self._stop(None)
                    return
                surplus = len(state.ready) - 1
                if surplus > 0:
                    self._engage(surplus)
        finally:
            self.loops -= 1
            lock.release()

    def _engage(self, surplus: int) -> None:
        """Wake idle loops, or start new ones, for tasks that the calling loop won't take itself."""
        if self.idle:
            self.wake.notify(min(surplus, self.idle))
        elif self.loops < self.num_workers:
            self.loops += 1
            self._spawn()

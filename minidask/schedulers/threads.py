"""The threaded scheduler: worker threads that take tasks straight from the shared state.

There is no queue between a scheduling thread and its workers: each worker (a *loop*) holds the lock for as long as it
takes to report a result and to take the next task, so a task costs no hand-off. The calling thread only waits, which
keeps Ctrl-C prompt. Threads are made per computation, as many as there is work for, and have ended when it returns: what
its tasks held (files, large values) is let go by the caller's thread, not behind its back. With ``pool=`` the same
loops run in the threads of the caller's pool; there a loop that finds no work ends and gives the thread back, and is
submitted anew when there is some.

A computation inside a task doesn't deadlock and doesn't multiply threads: the task's own thread works on it too, so
that it needs no other, and it gets others only while fewer than ``num_workers`` are busy among all computations nested
in the same one (``_Tree``). So there are at most ``num_workers`` threads a level of nesting, whatever the number of
tasks.

Invariants: the state is touched under the lock only, except that a task reads its arguments from the cache, where they
are held until it has finished. Nothing that may wait for other code (a pool's ``submit``, a task) is called under the
lock, but for callbacks, which must not overlap. The first error stops the computation: nothing more is started, what
runs is not waited for.
"""

from __future__ import annotations

import contextvars
import os
import threading
from collections.abc import Mapping
from concurrent.futures import Executor, Future
from typing import Any

from minidask import config
from minidask.schedulers.failure import blame
from minidask.schedulers.run import Watch, run
from minidask.schedulers.state import State
from minidask.schedulers.workers import check_thread_pool, is_member, worker_count


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
    TypeError, ValueError
        If ``num_workers`` or ``pool`` is not what it should be.
    RuntimeError
        If the pool has been shut down.
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
    if pool is not None:
        check_thread_pool(pool)
    count = worker_count(num_workers, pool)
    return run(dsk, keys, lambda state, watch: _Computation(state, watch, count, pool).drive())


# How long a pool may take to list a thread that it has started.
_MOMENT_S = 0.02


class _Tree:
    """Count the busy threads of a computation and of all that are nested in it.

    ``busy``: loops that were asked for and have not ended, but for those that wait for work. Guarded by ``lock``.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.busy = 0

    def add(self, number: int) -> None:
        with self.lock:
            self.busy += number

    def reserve(self, wanted: int, limit: int) -> int:
        """Count up to ``wanted`` more, as many as keep ``busy`` within ``limit``; return how many."""
        with self.lock:
            number = max(0, min(wanted, limit - self.busy))
            self.busy += number
            return number


class _Here(threading.local):
    """Which computation's task this thread is running."""

    computation: _Computation | None = None


_here = _Here()

if hasattr(os, "register_at_fork"):
    # A forked child has one thread, which works for nobody, and locks that nobody may ever release.
    os.register_at_fork(after_in_child=lambda: setattr(_here, "computation", None))


class _Computation:
    """One run of a state by several threads.

    - ``lock`` guards everything; ``wake`` (on it) is where idle loops wait; ``over`` is set once, at the end.
    - ``loops``: loops that were asked for and have not ended; ``idle``: those of them that wait for work.
    - ``threads``: its own threads.
    - ``futures``: what an executor gave for loops, so that those it never began can be withdrawn.
    - ``lends``: whether the calling thread is a loop itself, since it is one of the threads that would have to be
      waited for.
    """

    def __init__(self, state: State, watch: Watch | None, num_workers: int, pool: Any) -> None:
        outer = _here.computation
        self.state = state
        self.watch = watch
        self.num_workers = num_workers
        self.pool = pool
        self.lends = outer is not None or is_member(pool)
        self.nested = outer is not None
        self.tree: _Tree = _Tree() if outer is None else outer.tree
        # Waiting threads are kept for the computation that made them; others are given back, to do something else.
        self.waits = pool is None and outer is None
        self.lock = threading.Lock()
        self.wake = threading.Condition(self.lock)
        self.over = threading.Event()
        self.loops = 0
        self.idle = 0
        self.stopped = False
        self.error: BaseException | None = None
        self.threads: list[threading.Thread] = []
        self.futures: set[Future[None]] = set()
        self.context = contextvars.copy_context()

    def drive(self) -> None:
        """Run until the state is done; raise the first error."""
        if self.state.done:
            return
        try:
            with self.lock:
                if self.lends:
                    self._lend()
                start = self._engage(len(self.state.ready) - self.lends)
            self._start(start)
            if not self.lends and self.pool is not None and not self.over.wait(_MOMENT_S) and is_member(self.pool):
                # A pool lists a thread after it has started it: on the first look this one wasn't there yet.
                with self.lock:
                    self._lend()
            if self.lends:
                self.context.copy().run(self._loop, True)
            else:
                self.over.wait()
        finally:
            with self.lock:
                self.stopped = True
                self.wake.notify_all()
            for future in list(self.futures):
                future.cancel()
        error, self.error = self.error, None
        if error is not None:
            try:
                raise error
            finally:
                # The error's traceback holds this frame: no cycle.
                del error
        # Nothing runs any more: they are about to leave.
        for thread in self.threads:
            thread.join()

    def _lend(self) -> None:
        """Count the calling thread as a loop; one that runs another computation's task is counted there already."""
        self.lends = True
        self.loops += 1
        if not self.nested:
            self.tree.add(1)

    def _engage(self, surplus: int) -> int:
        """Wake idle loops for tasks that the calling loop won't take itself; return how many more are to be started."""
        if surplus <= 0:
            return 0
        if self.idle:
            self.wake.notify(min(surplus, self.idle))
        number = min(surplus - self.idle, self.num_workers - self.loops)
        if number <= 0:
            return 0
        if self.nested:
            number = self.tree.reserve(number, self.num_workers)
        else:
            self.tree.add(number)
        self.loops += number
        return number

    def _start(self, number: int) -> None:
        """Start loops that ``_engage`` has counted; to be called without the lock."""
        for _ in range(number):
            context = self.context.copy()
            if self.pool is None:
                # Daemons: an interrupted program must not hang at exit behind a task that runs on.
                thread = threading.Thread(
                    target=context.run, args=(self._loop, False), name="minidask-worker", daemon=True
                )
                thread.start()
                self.threads.append(thread)
            else:
                self._submit(context)

    def _submit(self, context: contextvars.Context) -> None:
        try:
            if not isinstance(self.pool, Executor):
                self.pool.apply_async(context.run, (self._loop, False))
                return
            future = self.pool.submit(context.run, self._loop, False)
        except (RuntimeError, ValueError) as error:  # what executors and ThreadPools raise after their end
            raise RuntimeError(f"the pool, a {type(self.pool).__name__}, takes no more work: {error}") from error
        self.futures.add(future)
        future.add_done_callback(self._submitted_is_done)

    def _submitted_is_done(self, future: Future[None]) -> None:
        self.futures.discard(future)
        error = None
        if future.cancelled():
            error = RuntimeError(
                f"the pool, a {type(self.pool).__name__}, was shut down in the middle of a computation"
            )
            self.tree.add(-1)
        elif (problem := future.exception()) is not None:
            # Loops never raise: the pool could not call it.
            error = RuntimeError(f"the pool, a {type(self.pool).__name__}, can't run a function of this process")
            error.__cause__ = problem
        if error is not None:
            with self.lock:
                self._stop(error)

    def _loop(self, lent: bool) -> None:
        """Take and run tasks until there is nothing more to take."""
        before = _here.computation
        _here.computation = self
        try:
            self._work(lent or self.waits)
        except BaseException as error:
            # Not a task's error (those are kept below): a callback's, or an interrupt in this thread.
            with self.lock:
                self._stop(error)
        finally:
            _here.computation = before
            if not (lent and self.nested):
                self.tree.add(-1)

    def _stop(self, error: BaseException | None) -> None:
        if not self.stopped:
            self.error = error
            self.stopped = True
        self.over.set()
        self.wake.notify_all()

    def _work(self, waits: bool) -> None:
        state, watch, lock = self.state, self.watch, self.lock
        tasks, keys, cache, ready = state.tasks, state.keys, state.cache, state.ready
        name = threading.get_ident()
        start = 0
        lock.acquire()
        try:
            while True:
                while not ready:
                    if self.stopped or not waits:
                        return
                    self._wait()
                if self.stopped:
                    return
                at = state.pop()
                if watch is not None:
                    watch.before(at)
                lock.release()
                if start:
                    try:
                        self._start(start)
                    except BaseException:
                        lock.acquire()
                        raise
                try:
                    value = tasks[at](cache)
                except BaseException as error:
                    lock.acquire()
                    # An exception object may be raised by two tasks: what the first one's reader sees stays as it is.
                    if not self.stopped:
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
                start = self._engage(len(ready) - 1)
        finally:
            self.loops -= 1
            lock.release()

    def _wait(self) -> None:
        self.idle += 1
        self.tree.add(-1)
        try:
            self.wake.wait()
        finally:
            self.idle -= 1
            self.tree.add(1)

"""The profile of a worker: where the threads are that run its tasks, and its event loop.

Place in the flow: `server` makes a `WorkerProfile` when the worker's pools have started, and closes it first; the calls `profile`
and `profile_timeline` read it. `sampling` takes the samples.

Invariants: only threads that run a task are looked at, and of their stacks only what the task itself called. Tasks whose calls
are made elsewhere (coroutines on the loop, other executors) aren't seen: their thread only waits. Not for: what a task does at
this moment (`handlers.call_stack`).
"""

from __future__ import annotations

import threading
from types import FrameType
from typing import Any

from minidask_distributed.prefixes import prefix_of
from minidask_distributed.profile_tree import to_columns
from minidask_distributed.sampling import Profile, Profiling, sampler, stack_of, unwatch_loop, watch_loop
from minidask_distributed.worker.calls import Caller
from minidask_distributed.worker.engine import Engine

_OUTERMOST = Caller.call.__code__


class TaskSource:
    """The threads of a worker that run tasks.

    Parameters
    ----------
    engine
        Of the worker.
    profile
        Where samples are counted, by prefix of the tasks' keys.
    """

    def __init__(self, engine: Engine, profile: Profile) -> None:
        self._engine = engine
        self._profile = profile

    def idents(self) -> list[tuple[int, Any]]:
        """Return (ident, key of the task) of the threads that run one; without a lock: a sample may be of the next task."""
        found = []
        for pool in tuple(self._engine.pools.values()):
            for slot in tuple(pool.slots):
                task, thread = slot.task, slot.thread
                if task is not None and thread is not None and slot.future is None:
                    found.append((thread.ident or 0, task.key))
        return found

    def see(self, frame: FrameType, what: Any, now: float) -> bool:
        """Count where a thread is within its task."""
        stack = stack_of(frame, _OUTERMOST)
        if stack is not None:
            calls, frames = stack
            self._profile.add(prefix_of(what), calls, lambda at: frames[at].f_lineno or 0, now)
        return True


class WorkerProfile:
    """The samples of one worker.

    Parameters
    ----------
    engine
        Its engine, with its pools.
    profiling
        Whether and how often.

    Attributes
    ----------
    tasks, loop : Profile
    """

    def __init__(self, engine: Engine, profiling: Profiling) -> None:
        self.tasks = Profile(profiling.cycle_s)
        self._source = TaskSource(engine, self.tasks)
        self._loop_thread: int | None = threading.get_ident()
        self.loop = watch_loop(self._loop_thread, profiling)
        if profiling.enabled:
            sampler.add(self._source, profiling.interval_s)

    def close(self) -> None:
        """Take no more samples; what there is can still be read. May be called twice."""
        ident, self._loop_thread = self._loop_thread, None
        if ident is not None:
            sampler.remove(self._source)
            unwatch_loop(ident)

    def columns(
        self, key: str | None = None, start: float | None = None, stop: float | None = None, server: bool = False
    ) -> dict[str, Any]:
        """Return a merged tree as columns, see `profile_tree.to_columns`.

        Parameters
        ----------
        key
            Prefix of the keys of tasks.
        start, stop
            Seconds since the epoch.
        server
            Of the event loop instead.
        """
        profile = self.loop if server else self.tasks
        return to_columns(profile.tree(None if server else key, start, stop))

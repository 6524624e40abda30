"""The profile of the scheduler's event loop, and those of all workers, merged.

Place in the flow: `server` makes a `SchedulerProfile` when it starts; the call `profile` and the dashboard read it, and get the
workers' by `profile_of_workers`.

Invariants: workers that can't answer in time are left out. Not for: taking samples (`sampling`).
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable
from typing import Any

from minidask_distributed.profile_tree import Node, from_columns, merge
from minidask_distributed.sampling import Profiling, unwatch_loop, watch_loop
from minidask_distributed.scheduler.handlers.choosing import workers_of

WORKERS_S = 5.0
"""How long workers have to answer."""

MOST_WORKERS = 64
"""Of more workers than that a part is asked, evenly chosen, where somebody only looks: it is a sample in any case."""


class SchedulerProfile:
    """The samples of a scheduler's event loop; made on its thread.

    Parameters
    ----------
    profiling
        Whether and how often.

    Attributes
    ----------
    loop : Profile
    """

    def __init__(self, profiling: Profiling) -> None:
        self._loop_thread: int | None = threading.get_ident()
        self.loop = watch_loop(self._loop_thread, profiling)

    def close(self) -> None:
        """Take no more samples; what there is can still be read. May be called twice."""
        ident, self._loop_thread = self._loop_thread, None
        if ident is not None:
            unwatch_loop(ident)


async def profile_of_workers(
    scheduler: Any,
    key: str | None = None,
    start: float | None = None,
    stop: float | None = None,
    workers: Iterable[str] | None = None,
    server: bool = False,
    most: int = MOST_WORKERS,
    timeout_s: float = WORKERS_S,
) -> Node:
    """Return the merged samples of the workers' threads.

    Parameters
    ----------
    scheduler
        The `Scheduler`.
    key
        Prefix of the keys of tasks.
    start, stop
        Seconds since the epoch.
    workers
        Addresses or names; None: all, or an even choice of ``most`` of them.
    server
        Of their event loops instead.
    timeout_s
        How long they have to answer.

    Raises
    ------
    ValueError
        For a worker that isn't there.
    """
    arguments = {"key": key, "start": start, "stop": stop, "server": server}
    answers = await _ask(scheduler, "profile", arguments, workers, most, timeout_s)
    return merge([from_columns(answer) for answer in answers])


async def timeline_of_workers(
    scheduler: Any,
    start: float | None = None,
    workers: Iterable[str] | None = None,
    most: int = MOST_WORKERS,
    timeout_s: float = WORKERS_S,
    step_s: float = 1.0,
) -> list[tuple[float, dict[str, int]]]:
    """Return (seconds since the epoch, {prefix: samples}) for each step of time in which there were some, oldest first.

    Parameters
    ----------
    scheduler, start, workers, most, timeout_s
        As for `profile_of_workers`.
    step_s
        Length of a step.
    """
    answers = await _ask(scheduler, "profile_timeline", {"start": start}, workers, most, timeout_s)
    steps: dict[float, dict[str, int]] = {}
    for answer in answers:
        for when, counts in answer:
            into = steps.setdefault(when // step_s * step_s, {})
            for name, count in counts.items():
                into[name] = into.get(name, 0) + count
    return sorted(steps.items())


async def _ask(
    scheduler: Any, name: str, arguments: dict[str, Any], workers: Iterable[str] | None, most: int, timeout_s: float
) -> list[Any]:
    chosen = workers_of(scheduler, None if workers is None else list(workers), strict=True)
    if workers is None and len(chosen) > most:
        chosen = [chosen[at * len(chosen) // most] for at in range(most)]
    connections = scheduler.connections
    asked = [
        scheduler.questions.ask(connections[worker.peer], name, arguments, timeout_s)
        for worker in chosen
        if worker.peer in connections
    ]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    return [answer for answer in answers if not isinstance(answer, BaseException)]

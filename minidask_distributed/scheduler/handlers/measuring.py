"""Measurements over time that clients ask for: the profile of the scheduler's event loop, the cluster's memory.

Place in the flow: handlers of calls, see `handlers`. Workers' profiles are asked by `broadcast`. A sampling of memory is one call
that lasts: it is answered when its client ends it, and given up when its client goes.

Not for: taking the samples of profiles (`sampling`), or measuring workers (they do, in their beats).
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from minidask_distributed.profile_tree import to_columns
from minidask_distributed.scheduler.peers import Connection

MOST_SAMPLES = 100_000
"""Of one sampling: at twice a second more than half a day. Beyond that every other one is dropped, and half as many taken."""

SHORTEST_S = 0.01


def profile(
    scheduler: Any, caller: Connection, start: float | None = None, stop: float | None = None
) -> dict[str, Any]:
    """Return the samples of the scheduler's event loop as a tree in columns, see `profile_tree.to_columns`.

    Parameters
    ----------
    start, stop
        Seconds since the epoch.
    """
    return to_columns(scheduler.profile.loop.tree(None, start, stop))


async def memory_sample(
    scheduler: Any, caller: Connection, name: str, measure: str = "process", interval: float = 0.5
) -> dict[str, list[Any]]:
    """Sample the memory of all workers until `memory_sample_end` of the same name.

    Parameters
    ----------
    name
        By which the caller ends it.
    measure
        One of ``recorder.memory()``: ``"process"``, ``"managed"``, ``"unmanaged"``, ``"unmanaged_recent"``, ``"unmanaged_old"``,
        ``"optimistic"``, ``"spilled"``.
    interval
        Seconds between samples.

    Returns
    -------
    dict
        ``time`` (seconds since the epoch) and ``bytes``.

    Raises
    ------
    ValueError
        For another measure, a name in use, or an interval below a hundredth of a second.
    """
    memory = scheduler.recorder.memory
    known = list(memory())
    if measure not in known:
        raise ValueError(f"measure must be one of {', '.join(map(repr, known))}, got {measure!r}")
    if not interval >= SHORTEST_S:
        raise ValueError(f"interval must be at least {SHORTEST_S} s, got {interval!r}")
    place = caller.number, name
    if place in scheduler.memory_samples:
        raise ValueError(f"{name!r} is being sampled already")
    ended = scheduler.memory_samples[place] = asyncio.Event()
    times: list[float] = []
    values: list[int] = []
    try:
        while True:
            times.append(time.time())
            values.append(int(memory()[measure]))
            if len(times) >= MOST_SAMPLES:
                del times[1::2], values[1::2]
                interval *= 2
            try:
                async with asyncio.timeout(interval):
                    await ended.wait()
                break
            except TimeoutError:
                # It goes on: the next sample is due.
                continue
    finally:
        del scheduler.memory_samples[place]
    return {"time": times, "bytes": values}


async def memory_sample_running(scheduler: Any, caller: Connection, name: str) -> bool:
    """Return whether a sampling of the caller's runs; one that was asked for before this has begun, or was refused."""
    return (caller.number, name) in scheduler.memory_samples


def memory_sample_end(scheduler: Any, caller: Connection, name: str) -> None:
    """End a sampling of the caller's.

    Raises
    ------
    ValueError
        If there is none of that name.
    """
    ended = scheduler.memory_samples.get((caller.number, name))
    if ended is None:
        raise ValueError(f"nothing of the name {name!r} is being sampled")
    ended.set()


HANDLERS = {handler.__name__: handler for handler in (profile, memory_sample, memory_sample_running, memory_sample_end)}

"""Measurements over time that clients ask for: the profile of the scheduler's event loop, the cluster's memory, whole records.

Place in the flow: handlers of calls, see `handlers`. Workers' profiles are asked by `broadcast`. A sampling of memory is one call
that lasts, as is a record: it is answered when its client ends it, and given up when its client goes.

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

MOST_ACTIVITIES = 10_000
"""Of a record: the latest."""


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


async def record(scheduler: Any, caller: Connection, name: str) -> dict[str, Any]:
    """Record what the cluster does besides running tasks until `memory_sample_end` of the same name.

    Parameters
    ----------
    name
        By which the caller ends it.

    Returns
    -------
    dict
        ``start`` and ``stop`` (seconds since the epoch); columns of what was between them: ``history`` (`history.COLUMNS`),
        ``activities`` (`activities.COLUMNS`), ``failures``; ``pairs`` and ``types`` (`traffic`), with what was added to their
        sums.

    Raises
    ------
    ValueError
        For a name in use.
    """
    recorder, place = scheduler.recorder, (caller.number, name)
    if place in scheduler.memory_samples:
        raise ValueError(f"{name!r} is being sampled already")
    ended = scheduler.memory_samples[place] = asyncio.Event()
    recorder.attach()
    start = time.time()
    before = recorder.traffic.pairs(), recorder.traffic.types()
    try:
        await ended.wait()
        stop = time.time()
        failures, history = recorder.failures.columns(), recorder.history.columns()
        return {
            "start": start,
            "stop": stop,
            "history": _since(history, start),
            "activities": recorder.activities.columns(int(start * 1e6), int(stop * 1e6), MOST_ACTIVITIES),
            "failures": {name: [str(one) for one in column] for name, column in _since(failures, start).items()},
            "pairs": added(before[0], recorder.traffic.pairs(), ("source", "target")),
            "types": added(before[1], recorder.traffic.types(), ("type",)),
        }
    finally:
        recorder.detach()
        del scheduler.memory_samples[place]


def _since(columns: dict[str, list[Any]], start: float) -> dict[str, list[Any]]:
    rows = [at for at, stamp in enumerate(columns["time"]) if stamp >= start]
    return {name: [column[at] for at in rows] for name, column in columns.items()}


def added(before: dict[str, list[Any]], after: dict[str, list[Any]], names: tuple[str, ...]) -> dict[str, list[Any]]:
    """Return the rows of sums that have grown, by how much.

    Parameters
    ----------
    before, after
        Columns, with ``nbytes`` and ``count``.
    names
        Of the columns that tell rows apart.

    Examples
    --------
    >>> before = {"type": ["a", "b"], "nbytes": [5, 7], "count": [1, 1]}
    >>> added(before, {"type": ["a", "b", "c"], "nbytes": [9, 7, 2], "count": [3, 1, 1]}, ("type",))
    {'type': ['a', 'c'], 'nbytes': [4, 2], 'count': [2, 1]}
    """
    rows = list(zip(*(before[name] for name in names), strict=True))
    sums = dict(zip(rows, zip(before["nbytes"], before["count"], strict=True), strict=True))
    result: dict[str, list[Any]] = {name: [] for name in after}
    for at, row in enumerate(zip(*(after[name] for name in names), strict=True)):
        nbytes, count = sums.get(row, (0, 0))
        # What was forgotten meanwhile has begun anew.
        if after["count"][at] < count:
            nbytes = count = 0
        if after["count"][at] > count:
            for name, column in after.items():
                result[name].append(column[at])
            result["nbytes"][-1] -= nbytes
            result["count"][-1] -= count
    return result


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


HANDLERS = {
    handler.__name__: handler for handler in (profile, memory_sample, memory_sample_running, memory_sample_end, record)
}

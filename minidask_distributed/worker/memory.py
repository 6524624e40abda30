"""When a worker spills, pauses and collects garbage: a pure policy, and the thin monitor that measures for it.

Place in the flow: the worker calls `MemoryMonitor.tick` a few times a second on its loop, hands what comes out to the
spill buffer, and tells the scheduler when `Decision.paused` changes. The nanny has the last threshold, ``terminate``.

Thresholds are fractions of the memory limit. *Managed* memory is what the results take that are kept in memory, *process*
memory is what the system counts; their difference is unmanaged (the interpreter, libraries, running tasks, leaks).

- ``target``: managed memory above it is spilled; the spill buffer watches that one by itself (`MemoryPolicy.target_bytes`);
- ``spill``: process memory above it makes the worker spill until it should be at ``target`` again;
- ``pause``: while process memory is above it no task begins.

What tasks freed stays with the allocator, so that the next ones needn't have pages made for them again (the settings of
``pre-spawn-environ`` say how much); above any threshold it is given back first, before anything is decided.

Invariants: the policy knows no clock and no process (`now` and bytes are arguments). A worker isn't paused a moment longer
than its memory is above ``pause``: a margin would keep one for ever whose results can't be spilled.

Not for: writing files (`spill`), or ending a process (the nanny).
"""

from __future__ import annotations

import ctypes
import gc
import logging
import math
import sys
from collections.abc import Callable
from time import monotonic
from typing import NamedTuple

import psutil

from minidask_distributed.spill import SpillBuffer

__all__ = ["Decision", "MemoryMonitor", "MemoryPolicy", "Reading"]

logger = logging.getLogger(__name__)

# Garbage is collected at most this often, and for at most a twentieth of the time: a full collection of a large heap takes
# tenths of a second, in which no task runs.
COLLECT_EVERY_S = 10.0
COLLECT_SHARE = 0.05
# Giving freed memory back takes milliseconds, after which each page that is used again costs a fault.
TRIM_EVERY_S = 1.0
WARN_EVERY_S = 60.0


class Reading(NamedTuple):
    """A worker's memory at one moment, in bytes."""

    process: int
    managed: int
    spilled: int
    disk_error: str = ""  # why nothing can be spilled, "" if it can

    @property
    def unmanaged(self) -> int:
        """What the process uses beyond the results that it holds in memory."""
        return max(0, self.process - self.managed)


class Decision(NamedTuple):
    """What the worker should do now."""

    paused: bool
    spill_bytes: int  # how much to spill by and by, 0: nothing
    collect: bool  # whether to collect garbage
    warning: str  # for the log, "" for none


class MemoryPolicy:
    """What to do at which use of memory.

    Parameters
    ----------
    limit_bytes : int
        0: no limit, nothing is ever done.
    target, spill, pause : float or False
        Fractions of the limit; False: never.

    Raises
    ------
    TypeError, ValueError
        If a fraction isn't between 0 and 1, or the limit is negative.

    Examples
    --------
    >>> policy = MemoryPolicy(1000, target=0.6, spill=0.7, pause=0.8)
    >>> policy.decide(Reading(process=650, managed=500, spilled=0), now=0.0).spill_bytes
    0
    >>> decision = policy.decide(Reading(process=850, managed=500, spilled=0), now=1.0)
    >>> decision.paused, decision.spill_bytes
    (True, 250)
    """

    def __init__(
        self,
        limit_bytes: int,
        *,
        target: float | bool = 0.6,
        spill: float | bool = 0.7,
        pause: float | bool = 0.8,
    ) -> None:
        if limit_bytes < 0:
            raise ValueError(f"limit_bytes must be at least 0 (no limit), got {limit_bytes}")
        self.limit_bytes = limit_bytes
        self._target, self._spill, self._pause = (
            _threshold(name, fraction, limit_bytes)
            for name, fraction in (("target", target), ("spill", spill), ("pause", pause))
        )
        self.paused = False
        self._collect_after = -math.inf
        self._trim_after = -math.inf
        self._warn_after = -math.inf

    @property
    def target_bytes(self) -> int | None:
        """Bytes of managed memory above which results are spilled, None: never."""
        return None if math.isinf(self._target) else int(self._target)

    def trims(self, reading: Reading, now: float) -> bool:
        """Return whether the allocator should give back what is free, before `decide`; arguments as there."""
        if reading.process < self._least or now < self._trim_after:
            return False
        self._trim_after = now + TRIM_EVERY_S
        return True

    @property
    def _least(self) -> float:
        return min(self._target, self._spill, self._pause)

    def decide(self, reading: Reading, now: float) -> Decision:
        """Return what to do at this reading.

        Parameters
        ----------
        reading : Reading
        now : float
            Seconds of a clock that never goes back.
        """
        process = reading.process
        self.paused = process >= self._pause
        spill_bytes = 0
        if process >= self._spill:
            # Without a target, down to where spilling begins.
            goal = min(self._target, self._spill)
            spill_bytes = min(reading.managed, math.ceil(process - goal))
        collect = process >= self._least and now >= self._collect_after
        if collect:
            self._collect_after = now + COLLECT_EVERY_S
        return Decision(self.paused, spill_bytes, collect, self._warning(reading, now))

    def _warning(self, reading: Reading, now: float) -> str:
        # Half of what pauses the worker is nothing that spilling could take away.
        stuck = bool(reading.disk_error) or reading.managed * 2 <= reading.process
        if not self.paused or not stuck or now < self._warn_after:
            return ""
        self._warn_after = now + WARN_EVERY_S
        if reading.disk_error:
            return (
                f"no task begins while this process uses {reading.process} of {self.limit_bytes} bytes, since its results "
                f"can't be written to disk ({reading.disk_error}): make room there, or release results"
            )
        return (
            f"no task begins while this process uses {reading.process} of {self.limit_bytes} bytes, of which only "
            f"{reading.managed} are results that could go to disk: its tasks or its libraries need the rest, or something leaks; "
            "give it a larger memory_limit, or its tasks smaller pieces"
        )

    def collected(self, duration_s: float, now: float) -> None:
        """Take note of how long a collection of garbage took, which ended ``now``."""
        self._collect_after = max(self._collect_after, now + duration_s / COLLECT_SHARE)


def _threshold(name: str, fraction: float | bool, limit_bytes: int) -> float:
    if fraction is False:
        return math.inf
    if isinstance(fraction, bool) or not isinstance(fraction, int | float):
        raise TypeError(f"{name} must be a fraction of the memory limit or False, got {fraction!r}")
    if not 0 < fraction <= 1:
        raise ValueError(f"{name} must be above 0 and at most 1, or False for never, got {fraction!r}")
    return limit_bytes * fraction if limit_bytes else math.inf


class MemoryMonitor:
    """Measure this process's memory and do what the policy says.

    Parameters
    ----------
    policy : MemoryPolicy
    data : SpillBuffer
    measure : callable, optional
        Bytes that the process uses; by default its resident memory.
    trim : callable, optional
        Gives freed memory back to the system; by default as the C library does.
    """

    def __init__(
        self,
        policy: MemoryPolicy,
        data: SpillBuffer,
        measure: Callable[[], int] | None = None,
        trim: Callable[[], object] | None = None,
    ) -> None:
        self.policy = policy
        self.data = data
        self._measure = measure or _resident(psutil.Process())
        self._trim = trim or trim_allocator
        self.reading = self.read()

    def read(self) -> Reading:
        """Measure now."""
        return Reading(self._measure(), self.data.fast_bytes, self.data.slow_bytes, self.data.error)

    def tick(self, now: float | None = None) -> Decision:
        """Measure, have the buffer spill, collect garbage and log as decided; return the decision, for its ``paused``.

        Takes about 20 µs when nothing has to be done. Doesn't wait for the disk.
        """
        now = monotonic() if now is None else now
        self.reading = self.read()
        if self.policy.trims(self.reading, now):
            self._trim()
            self.reading = self.read()
        decision = self.policy.decide(self.reading, now)
        self.data.spill(decision.spill_bytes)
        if decision.collect:
            begin = monotonic()
            gc.collect()
            duration = monotonic() - begin
            self.policy.collected(duration, now + duration)
        if decision.warning:
            logger.warning("%s", decision.warning)
        return decision


def trim_allocator() -> bool:
    """Give freed memory back to the system; return whether the C library can (glibc's ``malloc_trim``)."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is None:
        return False
    trim(0)
    return True


def _resident(process: psutil.Process) -> Callable[[], int]:
    return lambda: int(process.memory_info().rss)

"""How a worker is: what it tells with each beat, for people; a few system calls a second.

Place in the flow: `server.Worker` has one `Meter`; `link` takes what goes along with a beat, the handler ``metrics`` answers
with the same numbers at any time. The scheduler's table of workers and history show them.

Invariants: measuring changes nothing but the reckoning of the processor's time (which is since the last reading) and, with a
beat, ends the span of the activities. Not for: deciding about memory (`memory`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from time import monotonic, perf_counter, time
from typing import Any

import psutil

from minidask_distributed.worker.activities import ActivityLog
from minidask_distributed.worker.engine import Engine
from minidask_distributed.worker.memory import Reading


class RecentMinimum:
    """The least of the values of the last so many seconds.

    Parameters
    ----------
    span_s
        How many.

    Examples
    --------
    >>> least = RecentMinimum(30.0)
    >>> least.add(50, now=0.0), least.add(80, now=10.0), least.add(70, now=20.0), least.add(90, now=31.0)
    (50, 50, 50, 70)
    """

    def __init__(self, span_s: float) -> None:
        self.span_s = span_s
        self._values: deque[tuple[float, int]] = deque()  # (when, value), both ascending

    def add(self, value: int, now: float) -> int:
        """Take a value in and return the least one."""
        values = self._values
        while values and values[-1][1] >= value:
            values.pop()
        values.append((now, value))
        while values[0][0] < now - self.span_s:
            values.popleft()
        return values[0][1]


class Meter:
    """Measure one worker.

    Parameters
    ----------
    engine
        For its counts and its results.
    read_memory
        Measures the process's memory, see `memory.MemoryMonitor.read`.
    activities
        What its threads take note of.
    recent_s
        For how many seconds unmanaged memory counts as recent.

    Attributes
    ----------
    sources : dict of str to function
        {name: what else goes along with each beat}: functions of plugins that return plain, bounded values, and don't raise.
    """

    def __init__(
        self, engine: Engine, read_memory: Callable[[], Reading], activities: ActivityLog, recent_s: float = 30.0
    ) -> None:
        self.sources: dict[str, Callable[[], Any]] = {}
        self._engine = engine
        self._read_memory = read_memory
        self._activities = activities
        self._unmanaged = RecentMinimum(recent_s)
        self._process = psutil.Process()
        self._traffic: dict[str, Any] = {"bandwidth_in": 0, "bandwidth_out": 0, "bytes_in": 0, "bytes_out": 0}
        self._beat_at = monotonic()
        self._delay_s = 0.0  # since the last beat
        self._delay_told_s = 0.0

    def late(self, seconds: float) -> None:
        """Take note of how much later than planned the worker's event loop came to something."""
        self._delay_s = max(self._delay_s, seconds)

    def read(self) -> dict[str, Any]:
        """Return the worker's numbers now; those of the last beat where they are per second.

        Returns
        -------
        dict
            Tasks and results by state (see `Engine.counts`); ``cpu`` (percent of one processor); in bytes: ``memory``,
            ``managed`` (results in memory), ``unmanaged``, ``unmanaged_old``, ``unmanaged_recent``, ``spilled``, ``disk_bytes``;
            ``spill_count``, ``num_fds``, ``loop_delay`` (seconds), ``bandwidth_in``, ``bandwidth_out`` (bytes a second),
            ``bytes_in``, ``bytes_out``; ``time`` (seconds since the epoch).
        """
        reading, process, data = self._read_memory(), self._process, self._engine.data
        old = self._unmanaged.add(reading.unmanaged, monotonic())
        return {
            **self._engine.counts(),
            "cpu": process.cpu_percent(),
            "memory": reading.process,
            "managed": reading.managed,
            "unmanaged": reading.unmanaged,
            "unmanaged_old": old,
            "unmanaged_recent": reading.unmanaged - old,
            "spilled": reading.spilled,
            "spill_count": data.spill_count,
            "disk_bytes": data.disk_bytes,
            # Not every system says.
            "num_fds": process.num_fds() if hasattr(process, "num_fds") else 0,
            "loop_delay": max(self._delay_s, self._delay_told_s),
            **self._traffic,
            "time": time(),
        }

    def beat(self) -> dict[str, Any]:
        """Return the worker's numbers for a beat, with the activities since the last one."""
        now = monotonic()
        told = self._activities.take(time() - perf_counter(), now - self._beat_at)
        activities = told.pop("activities", None)
        self._traffic, self._beat_at = told, now
        self._delay_told_s, self._delay_s = self._delay_s, 0.0
        metrics = self.read()
        if activities is not None:
            metrics["activities"] = activities
        # Any thread may announce a plugin's meanwhile.
        return metrics | {name: source() for name, source in tuple(self.sources.items())}

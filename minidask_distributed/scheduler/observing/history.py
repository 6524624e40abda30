"""The cluster over time: memory, load, tasks by state, bandwidth, and the scheduler's own process. Samples in columns.

Place in the flow: the timer asks for a sample when one is due, while somebody reads; the pages of memory and system, and
``MemorySampler``, read.

Invariants: at most ``length`` samples; the past of a reader that was there before is kept, with a gap in its times. No clock:
the moments are arguments. Not for: single workers (`workers`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from minidask_distributed.scheduler.machine.state import ClusterState
from minidask_distributed.scheduler.machine.states import FORGOTTEN, NAMES
from minidask_distributed.scheduler.observing.recent import Recent
from minidask_distributed.scheduler.observing.workers import memory_of, occupancy_s

MEMORY = (
    "process",  # bytes, of all workers' processes
    "managed",  # results, in memory or on disk
    "managed_in_memory",
    "spilled",
    "unmanaged",
    "unmanaged_old",
    "unmanaged_recent",  # appeared within the last 30 s
    "optimistic",  # process, without what is recent
)

COLUMNS = (
    "time",  # seconds since the epoch
    *MEMORY,
    "memory_limit",  # bytes, of the workers that have one
    "cpu",  # percent of one processor, of all workers
    "bandwidth_in",  # bytes a second that workers received from each other
    "bandwidth_out",
    "workers",
    "threads",
    "occupancy",  # seconds of work that was sent or is queued
    *NAMES[:FORGOTTEN],  # tasks by state
    "finished",  # tasks a second that workers ended
    "scheduler_cpu",  # percent of one processor
    "scheduler_memory",  # bytes
    "scheduler_fds",  # file descriptors
    "scheduler_delay",  # seconds by which the event loop was late, the longest since the last sample
)


class ProcessReading(NamedTuple):
    """What a process uses."""

    cpu: float  # percent of one processor, since the last reading
    memory: int  # resident bytes
    fds: int  # file descriptors, 0 where the system doesn't say


class History(Recent):
    """The last samples, one a row, see `COLUMNS`.

    Parameters
    ----------
    state
        The machine's; it is only read.
    measure
        Reads this process.
    finished
        Tells how many tasks workers have ended so far.
    length
        Samples that are kept.
    interval_s
        Between two samples.
    """

    def __init__(
        self,
        state: ClusterState,
        measure: Callable[[], ProcessReading],
        finished: Callable[[], int],
        length: int,
        interval_s: float,
    ) -> None:
        super().__init__(COLUMNS, length)
        self.interval_s = interval_s
        self._state = state
        self._measure = measure
        self._finished = finished
        self._due = -math.inf
        self._delay = 0.0
        self._before: tuple[float, int] | None = None  # when the last sample was taken, and what was finished then

    def begin(self) -> None:
        """Sample from now on, the first time at the next tick."""
        self._due, self._delay, self._before = -math.inf, 0.0, None
        # A reading of the processor's time counts from the one before.
        self._measure()

    def delayed(self, seconds: float) -> None:
        """Take note of how late the event loop was."""
        self._delay = max(self._delay, seconds)

    def tick(self, now: float, stamp: float) -> None:
        """Take a sample if one is due.

        Parameters
        ----------
        now, stamp
            The same moment on the machine's clock and in seconds since the epoch.
        """
        # Ticks come when they come: half of one early is nearer than the next.
        if now < self._due - 0.1 * self.interval_s:
            return
        self._due = now + self.interval_s if now - self._due > self.interval_s else self._due + self.interval_s
        self.add(self._sample(now, stamp))

    def memory(self) -> dict[str, int]:
        """Return the memory of all workers at their last beats, see `MEMORY`."""
        process = managed = old = recent = spilled = 0
        for worker in self._state.workers.values():
            if worker.status != "gone":
                memory = memory_of(worker)
                process += memory.process
                managed += memory.managed
                old += memory.unmanaged_old
                recent += memory.unmanaged_recent
                spilled += memory.spilled
        values = (process, managed + spilled, managed, spilled, old + recent, old, recent, managed + old)
        return dict(zip(MEMORY, values, strict=True))

    def memory_columns(self, start: float | None = None) -> dict[str, list[float]]:
        """Return ``time`` and the columns of `MEMORY`, from a moment on (seconds since the epoch)."""
        columns = self.columns()
        times = columns["time"]
        first = 0 if start is None else next((at for at, time in enumerate(times) if time >= start), len(times))
        return {name: columns[name][first:] for name in ("time", *MEMORY)}

    def _sample(self, now: float, stamp: float) -> list[Any]:
        state, reading = self._state, self._measure()
        there = [worker for worker in state.workers.values() if worker.status != "gone"]
        done = self._finished()
        when, before = self._before or (now - self.interval_s, done)
        self._before = now, done
        delay, self._delay = self._delay, 0.0
        return [
            stamp,
            *self.memory().values(),
            sum(worker.memory_limit for worker in there),
            sum(worker.metrics.get("cpu", 0.0) for worker in there),
            sum(worker.metrics.get("bandwidth_in", 0) for worker in there),
            sum(worker.metrics.get("bandwidth_out", 0) for worker in there),
            len(there),
            sum(worker.nthreads for worker in there),
            sum(map(occupancy_s, there)),
            *state.counts[:FORGOTTEN],
            (done - before) / max(now - when, 1e-3),
            reading.cpu,
            reading.memory,
            reading.fds,
            delay,
        ]

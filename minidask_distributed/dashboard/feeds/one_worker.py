"""Feeds of a worker's own pages: its numbers over time, what its threads run, what it is.

Place in the flow: `worker_parts` has them; `Feed.read` gets the `Worker`.

State: samples by worker, made only when a page asks; they go with the worker. Invariants: bounded lengths; a reading is at
most one call of ``Worker.metrics``, some tens of microseconds.
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import Any
from weakref import WeakKeyDictionary

from minidask.units import format_bytes
from minidask_distributed.dashboard.feeds.base import Columns, Feed, StreamFeed, registry
from minidask_distributed.dashboard.feeds.history import GAP_PERIODS, broken
from minidask_distributed.dashboard.feeds.naming import key_text

MOST_THREADS = 500
SAMPLES = 1200  # at two a second: ten minutes

_MEASURED = ("cpu", "memory", "managed", "unmanaged", "spilled", "executing", "ready", "in_memory", "in_flight")


class _Samples:
    """The last samples of one worker."""

    def __init__(self) -> None:
        self.rows: deque[tuple[float, ...]] = deque(maxlen=SAMPLES)
        self.n_ever = 0

    def add(self, row: tuple[float, ...]) -> None:
        self.rows.append(row)
        self.n_ever += 1


class WorkerHistory(StreamFeed):
    """CPU, memory and tasks of the worker over time, while somebody looks."""

    name = "worker-history"
    period_s = 0.5
    columns = ("time", *_MEASURED)
    rollover = SAMPLES

    def __init__(self) -> None:
        self._samples: WeakKeyDictionary[Any, _Samples] = WeakKeyDictionary()

    def _of(self, worker: Any) -> _Samples:
        found = self._samples.get(worker)
        if found is None:
            found = self._samples[worker] = _Samples()
        return found

    def begin(self, server: Any) -> int:
        """Return the number of samples that are forgotten."""
        samples = self._of(server)
        return samples.n_ever - len(samples.rows)

    def read_since(self, server: Any, cursor: int, now: float) -> tuple[Columns, int]:
        """Return the samples after a number of them, with one of now."""
        samples = self._of(server)
        if not samples.rows or now - samples.rows[-1][0] >= self.period_s * 0.9:
            measured = server.metrics()
            samples.add((now, *(float(measured.get(name) or 0) for name in _MEASURED)))
        forgotten = samples.n_ever - len(samples.rows)
        first = max(cursor - forgotten, 0)
        fresh = list(islice(samples.rows, max(first - 1, 0), None))
        # Turned from rows into columns, which also are there when nothing is fresh.
        columns = {name: [row[at] for row in fresh] for at, name in enumerate(self.columns)}
        return broken(columns, GAP_PERIODS * self.period_s, first > 0), samples.n_ever


class WorkerTasks(Feed):
    """What the worker's threads run at this moment."""

    name = "worker-tasks"
    period_s = 0.5
    columns = ("key", "thread")

    def read(self, server: Any, now: float) -> Columns:
        """Return keys and the numbers of their threads."""
        running = server.running_threads()[:MOST_THREADS]
        return {"key": [key_text(task.key) for task, _ in running], "thread": [thread for _, thread in running]}


class WorkerFacts(Feed):
    """What the worker is, in names and values."""

    name = "worker-facts"
    period_s = 1.0
    columns = ("name", "value")

    def read(self, server: Any, now: float) -> Columns:
        """Return texts for people."""
        told = server.identity()
        limit = server.memory_limit
        facts = {
            "Name": told["name"],
            "Address": told["address"],
            "Scheduler": told["scheduler"],
            "Status": told["status"],
            "Host, process": f"{told['host']}, {told['pid']}",
            "Threads": told["nthreads"],
            "Memory limit": format_bytes(limit) if limit else "none",
            "Resources": ", ".join(f"{name}: {amount:g}" for name, amount in told["resources"].items()) or "none",
            "Directory": told["local_directory"],
            "Nanny": told["nanny"] or "none",
        }
        return {"name": list(facts), "value": [str(value) for value in facts.values()]}


FEEDS = registry(WorkerHistory(), WorkerTasks(), WorkerFacts())

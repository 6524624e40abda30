"""The rows of the task stream: for each worker one a thread, and one more for what it does besides (transfers, disk).

Place in the flow: `task_stream` places its rectangles by `Lanes.first`; the page labels and shades rows by the feed
``task-lanes``.

Invariants: a worker keeps its rows as long as it is there, and for `KEEP_S` more, so that what it ran stays where it was; then
others get them. So there are no more rows than threads and workers at one time, whatever comes and goes.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from minidask_distributed.dashboard.feeds.base import MAX_ROWS, Columns, Feed
from minidask_distributed.dashboard.feeds.naming import worker_label

KEEP_S = 600.0

LABELLED = 24
"""With more workers not all names would be legible: every second, third ... one has its own; a box on hover has all."""


class Lanes:
    """The rows of one scheduler's workers.

    Examples
    --------
    >>> lanes = Lanes()
    >>> lanes.update({"tcp://a:1": ("alice", 2), "tcp://b:1": ("bob", 1)}, now=0.0)
    >>> lanes.first("tcp://b:1"), lanes.lane("tcp://a:1", 1), lanes.lane("tcp://a:1", None), lanes.count
    (3, 1, 2, 5)
    """

    def __init__(self) -> None:
        self.count = 0
        self.names: dict[str, str] = {}
        self._places: dict[str, tuple[int, int]] = {}  # {address: (first row, threads)}
        self._gone: dict[str, float] = {}  # {address: since when}
        self._free: dict[int, list[int]] = {}  # {threads: first rows}

    def update(self, workers: dict[str, tuple[str, int]], now: float) -> None:
        """Take note of who is there.

        Parameters
        ----------
        workers
            {address: (name, threads)}.
        now
            Seconds.
        """
        for address in [address for address in self._places if address not in workers]:
            self._leave(address, now)
        for address in [address for address in self._gone if address in workers]:
            del self._gone[address]
        for address, (name, nthreads) in workers.items():
            if address not in self._places:
                self._place(address, name, nthreads)

    def _place(self, address: str, name: str, nthreads: int) -> None:
        nthreads = max(nthreads, 1)
        free = self._free.get(nthreads)
        if free:
            first = free.pop()
        else:
            first = self.count
            self.count += nthreads + 1
        self._places[address] = first, nthreads
        self.names[address] = name

    def _leave(self, address: str, now: float) -> None:
        since = self._gone.setdefault(address, now)
        if now - since >= KEEP_S:
            first, nthreads = self._places.pop(address)
            self._free.setdefault(nthreads, []).append(first)
            del self._gone[address], self.names[address]

    def first(self, address: str) -> int | None:
        """Return the first row of a worker; None if it isn't known any more."""
        place = self._places.get(address)
        return None if place is None else place[0]

    def threads(self, address: str) -> int:
        """Return how many rows of threads a worker has."""
        return self._places[address][1]

    def lane(self, address: str, thread: int | None) -> int | None:
        """Return the row of a worker's thread, or that of its other work for None.

        Threads beyond those at its start (of seceded tasks) share the last row of a thread.
        """
        place = self._places.get(address)
        if place is None:
            return None
        first, nthreads = place
        return first + nthreads if thread is None else first + min(thread, nthreads - 1)

    def rows(self) -> list[tuple[str, str, int, int]]:
        """Return (address, name, first row, threads), by row."""
        rows = [(address, self.names[address], *place) for address, place in self._places.items()]
        return sorted(rows, key=lambda row: row[2])


_lanes: WeakKeyDictionary[Any, Lanes] = WeakKeyDictionary()


def lanes_of(scheduler: Any, now: float) -> Lanes:
    """Return the rows of a scheduler's workers, as they are now."""
    lanes = _lanes.get(scheduler)
    if lanes is None:
        lanes = _lanes[scheduler] = Lanes()
    workers = scheduler.machine.state.workers.values()
    lanes.update({worker.address: (worker.name, worker.nthreads) for worker in workers}, now)
    return lanes


class TaskLanes(Feed):
    """One row a worker: where its rows are in the task stream."""

    name = "task-lanes"
    period_s = 1.0
    columns = ("y", "top", "bottom", "shade", "label", "worker")

    def read(self, server: Any, now: float) -> Columns:
        """Return the places; see `Feed.read`."""
        rows = lanes_of(server, now).rows()[:MAX_ROWS]
        step = -(-len(rows) // LABELLED)
        return {
            "y": [first + nthreads / 2 for _, _, first, nthreads in rows],
            "top": [first - 0.5 for _, _, first, _ in rows],
            "bottom": [first + nthreads + 0.5 for _, _, first, nthreads in rows],
            "shade": [0.07 if at % 2 else 0.0 for at in range(len(rows))],
            "label": [worker_label(name, 18) if at % step == 0 else "" for at, (_, name, _, _) in enumerate(rows)],
            "worker": [name for _, name, _, _ in rows],
        }


FEEDS = (TaskLanes(),)

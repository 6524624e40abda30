"""Shuffles: how many partitions were split, how many were put together, and how many bytes that moved.

Place in the flow: the page *shuffle*. A shuffle is known by its barrier, the task between transfers and unpacks (see
`minidask_distributed.shuffle.method`); the barrier's dependencies are the transfers, its dependents the unpacks. Pieces never
pass the scheduler: their bytes are what workers tell with their beats (`minidask_distributed.shuffle.tally`).

How it is found: new tasks are looked at once, by their serials, `STRIDE` at a time at most; those that were there before the
page was opened, too.

Invariants: a read costs O(new tasks) up to `STRIDE`, and O(partitions) of the shuffles that go on. Ended ones stay in the table
as they were last, `KEPT` of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any
from weakref import WeakKeyDictionary

from minidask_distributed.dashboard.feeds.base import Columns, Feed
from minidask_distributed.dashboard.feeds.naming import short
from minidask_distributed.dashboard.feeds.workers import chosen, labels, there
from minidask_distributed.dashboard.paths import task_page
from minidask_distributed.scheduler.machine.pages import MASK, SHIFT
from minidask_distributed.scheduler.machine.records import Task, Worker
from minidask_distributed.scheduler.machine.state import ClusterState
from minidask_distributed.scheduler.machine.states import (
    ERRED,
    FORGOTTEN,
    MEMORY,
    NAMES,
    PROCESSING,
    QUEUED,
    RELEASED,
    WAITING,
)

STRIDE = 20_000
KEPT = 100
MOST_WORKERS = 16
"""Workers with three bars each that are told apart on a plot, with their names."""

MOST_TOLD = 200
"""Shuffles that a worker may tell of."""

COUNTED = 5_000
"""Partitions of a shuffle that are looked at in a read; of more, the first ones."""


class _Shuffle:
    """What is known of one shuffle."""

    def __init__(self, barrier: Task, found: float) -> None:
        self.barrier = barrier
        self.name = str(barrier.key[0]) if isinstance(barrier.key, tuple) else str(barrier.key)
        self.found = found
        self.n_sources = len(barrier.deps)
        self.sources_done = 0
        self.sources_processing = 0
        self.outputs_processing = 0
        self.n_outputs = 0
        self.outputs_done = 0
        self.state = "waiting"
        self.ended: float | None = None
        self.passed = False  # whether everything was split at one time
        self.nbytes = [0, 0, 0]  # split, fetched, spilled

    def weigh(self, sums: Mapping[str, Sequence[int]]) -> None:
        """Take note of the bytes that workers tell; those of workers that have gone stay."""
        # Of a shuffle of which not all outputs are wanted the tasks have another name, see `shuffle.method`.
        told = sums.get(self.name) or sums.get(self.name.rpartition("-")[0]) or (0, 0, 0)
        self.nbytes = list(map(max, self.nbytes, told))

    def look(self, now: float) -> None:
        if self.ended is not None:
            return
        barrier = self.barrier
        if barrier.state == FORGOTTEN:
            self.ended, self.state = now, "ended"
            self.sources_processing = self.outputs_processing = 0
            self.sources_done, self.outputs_done = self.n_sources, self.n_outputs
            return
        outputs = [task.state for task in islice(barrier.all_dependents(), COUNTED)]
        self.n_outputs = max(self.n_outputs, barrier.n_live, len(outputs))
        self.outputs_done = outputs.count(MEMORY) + self.n_outputs - max(barrier.n_live, len(outputs))
        self.outputs_processing = outputs.count(PROCESSING)
        waits = barrier.state in (WAITING, QUEUED, PROCESSING)
        self.passed = barrier.state == MEMORY or (not waits and (self.passed or self.outputs_done > 0))
        # A transfer whose partition was put together may be released before the barrier, and is after it.
        over = (MEMORY, RELEASED, FORGOTTEN) if self.passed else (MEMORY,)
        states = [task.state for task in islice(barrier.deps, COUNTED)]
        done = sum(state in over for state in states)
        self.sources_done, self.sources_processing = done, states.count(PROCESSING)
        if ERRED in outputs or barrier.state == ERRED:
            self.state = "erred"
        elif self.passed:
            self.state = "put together" if self.outputs_done >= self.n_outputs else "putting together"
        else:
            self.state = "splitting" if self.sources_processing or done else NAMES[barrier.state]


class Shuffles:
    """The shuffles of one scheduler."""

    def __init__(self) -> None:
        self.found: dict[int, _Shuffle] = {}  # {barrier's id: shuffle}, by their first being seen
        self._serial = 1  # the next one to be looked at

    def update(self, state: ClusterState, now: float) -> list[_Shuffle]:
        """Look for new ones and at what goes on; return all, the latest first."""
        pages, left = state.tasks.pages, STRIDE
        while self._serial < state.next_serial and left > 0:
            page = pages.get(self._serial >> SHIFT)
            end = min(((self._serial >> SHIFT) + 1) << SHIFT, state.next_serial)
            if page is not None:
                for task in page[self._serial & MASK : (end - 1 & MASK) + 1]:
                    if task is not None and is_barrier(task):
                        self.found.setdefault(task.id, _Shuffle(task, now))
                left -= end - self._serial
            else:
                left -= 1
            self._serial = end
        for shuffle in self.found.values():
            shuffle.look(now)
        ended = [number for number, shuffle in self.found.items() if shuffle.ended is not None]
        for number in ended[: max(len(self.found) - KEPT, 0)]:
            del self.found[number]
        return list(self.found.values())[::-1][:KEPT]


def is_barrier(task: Task) -> bool:
    """Say whether a task is the barrier of a shuffle.

    Examples
    --------
    >>> (
    ...     is_barrier(Task(1, ("shuffle-1a2b", "barrier"), None, None, (), None)),
    ...     is_barrier(Task(2, "x", None, None, (), None)),
    ... )
    (False, False)
    """
    return task.keeps_inputs and type(task.key) is tuple and len(task.key) == 2 and task.key[1] == "barrier"


def told_by(worker: Worker) -> list[tuple[str, int, int, int]]:
    """Return (shuffle, bytes split, fetched, spilled) of a worker's last beat; what isn't in this form is left out."""
    told = worker.metrics.get("shuffles")
    rows = told[:MOST_TOLD] if isinstance(told, list | tuple) else ()
    return [
        (row[0], row[1], row[2], row[3])
        for row in rows
        if isinstance(row, list | tuple)
        and len(row) == 4
        and isinstance(row[0], str)
        and all(type(one) is int for one in row[1:])
    ]


def sums_of(workers: Iterable[Worker]) -> dict[str, list[int]]:
    """Return {shuffle: bytes split, fetched, spilled} of all workers together."""
    sums: dict[str, list[int]] = {}
    for worker in workers:
        for name, *numbers in told_by(worker):
            sums[name] = [a + b for a, b in zip(sums.get(name, (0, 0, 0)), numbers, strict=True)]
    return sums


_shuffles: WeakKeyDictionary[Any, Shuffles] = WeakKeyDictionary()


class ShuffleFeed(Feed):
    """One row a shuffle."""

    name = "shuffles"
    period_s = 0.5
    columns = (
        "y", "label", "name", "page", "state", "found", "sources", "sources_done", "sources_processing", "outputs",
        "outputs_done", "outputs_processing", "share_sources", "share_outputs", "y_sources", "y_outputs", "text_sources",
        "text_outputs", "bytes_split", "bytes_fetched", "bytes_spilled",
    )  # fmt: skip

    def read(self, server: Any, now: float) -> Columns:
        """Return the shuffles, the latest first."""
        known = _shuffles.get(server)
        if known is None:
            known = _shuffles[server] = Shuffles()
        rows = known.update(server.machine.state, now)
        sums = sums_of(there(server))
        for one in rows:
            one.weigh(sums)
        shares = [(one.sources_done / max(one.n_sources, 1), one.outputs_done / max(one.n_outputs, 1)) for one in rows]
        return {
            "y": list(range(len(rows))),
            "label": [short(one.name, 24) for one in rows],
            "name": [one.name for one in rows],
            "page": ["" if one.ended else task_page(one.barrier.key) for one in rows],
            "state": [one.state for one in rows],
            "found": [one.found for one in rows],
            "sources": [one.n_sources for one in rows],
            "sources_done": [one.sources_done for one in rows],
            "sources_processing": [one.sources_processing for one in rows],
            "outputs": [one.n_outputs for one in rows],
            "outputs_done": [one.outputs_done for one in rows],
            "outputs_processing": [one.outputs_processing for one in rows],
            "share_sources": [round(share[0], 4) for share in shares],
            "share_outputs": [round(share[1], 4) for share in shares],
            "y_sources": [at - 0.2 for at in range(len(rows))],
            "y_outputs": [at + 0.2 for at in range(len(rows))],
            "text_sources": [f"split {one.sources_done:,} of {one.n_sources:,}" for one in rows],
            "text_outputs": [f"put together {one.outputs_done:,} of {one.n_outputs:,}" for one in rows],
            "bytes_split": [one.nbytes[0] for one in rows],
            "bytes_fetched": [one.nbytes[1] for one in rows],
            "bytes_spilled": [one.nbytes[2] for one in rows],
        }


class ShuffleWorkers(Feed):
    """One row a worker: the bytes of all shuffles that it knows."""

    name = "shuffle-workers"
    period_s = 0.5
    columns = ("y", "label", "worker", "split", "fetched", "spilled", "y_split", "y_fetched", "y_spilled")

    def read(self, server: Any, now: float) -> Columns:
        """Return the workers that have any, by joining; of very many those with most."""
        sums: dict[Worker, list[int]] = {}
        for worker in there(server):
            numbers = [row[1:] for row in told_by(worker)]
            if numbers:
                sums[worker] = [sum(column) for column in zip(*numbers, strict=True)]
        rows, _ = chosen(list(sums), lambda worker: sum(sums[worker]), MOST_WORKERS)
        names = [worker.name for worker in rows]
        columns = {
            name: [sums[worker][at] for worker in rows] for at, name in enumerate(("split", "fetched", "spilled"))
        }
        places = {f"y_{name}": [y + shift for y in range(len(rows))] for name, shift in OFFSETS.items()}
        return {"y": list(range(len(rows))), "label": labels(names), "worker": names, **columns, **places}


OFFSETS = {"split": -0.25, "fetched": 0.0, "spilled": 0.25}
"""Where the bars of a worker's row are."""

FEEDS = (ShuffleFeed(), ShuffleWorkers())

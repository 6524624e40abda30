"""Where a queued task stands: in which worker's queue, and how many go before it.

Place in the flow: `reasons` asks for one task at a time. It knows the queues of `machine.queues`: a worker's heap, its shares of
submissions, those of worker-restricted sets, the pool.

Invariants: pure; costs the workers and their shares, and at most `MOST_COUNTED` entries of one queue. Not for: deciding.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import islice
from typing import NamedTuple

from minidask_distributed.scheduler.machine.records import Slice, Task, Worker
from minidask_distributed.scheduler.machine.state import ClusterState
from minidask_distributed.scheduler.machine.states import QUEUED

MOST_COUNTED = 20_000
"""Entries of a heap that are looked at: about 2 ms."""


class Place(NamedTuple):
    """Where a queued task stands."""

    worker: Worker | None  # in whose queue
    ahead: int  # tasks that go before it there
    exact: bool  # False: it may be more

    @property
    def described(self) -> str:
        """How many go before it, in words."""
        tasks = "task" if self.ahead == 1 else "tasks"
        return f"{'' if self.exact else 'more than '}{self.ahead} {tasks} of higher priority"


def place_of(state: ClusterState, task: Task) -> Place:
    """Return where a queued task stands.

    Examples
    --------
    >>> from minidask_distributed.scheduler.machine.state import Limits
    >>> place_of(ClusterState(1, Limits()), Task(1, "x", None, None, (), None))
    Place(worker=None, ahead=0, exact=True)
    """
    worker = task.worker
    if worker is not None:
        ahead, exact = _before(worker.heap, task, worker)
        shares = sum(_earlier(part, task) for part in worker.slices)
        return Place(worker, ahead + shares, exact)
    options = task.options
    if options is not None and options.restricted and options.candidates:
        return Place(None, *_before(options.heap, task, None))
    for owner in state.workers.values():
        for part in owner.slices:
            at = _position(part, task)
            if at is not None:
                others = sum(_earlier(other, task) for other in owner.slices if other is not part)
                ahead, exact = _before(owner.heap, task, owner)
                return Place(owner, at + others + ahead, exact)
    for part in state.orphans:
        at = _position(part, task)
        if at is not None:
            return Place(None, at, True)
    return Place(None, *_before(state.pool, task, None))


def _before(heap: list[tuple[int, Task]], task: Task, worker: Worker | None) -> tuple[int, bool]:
    """How many valid entries of a heap go before a task, and whether all were looked at."""
    priority = task.priority
    ahead = sum(
        entry < priority and other.state == QUEUED and other.worker is worker
        for entry, other in islice(heap, MOST_COUNTED)
    )
    return ahead, len(heap) <= MOST_COUNTED


def _earlier(part: Slice, task: Task) -> int:
    """How many tasks of a share go before a task, which isn't in it."""
    return bisect_left(part.tasks, task.priority, key=_priority)


def _position(part: Slice, task: Task) -> int | None:
    """The place of a task in a share, which stands in order; None if it isn't there."""
    at = bisect_left(part.tasks, task.priority, key=_priority)
    return at if at < len(part.tasks) and part.tasks[at] is task else None


def _priority(task: Task) -> int:
    return task.priority

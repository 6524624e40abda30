"""Find a worker with much to give away without looking at all workers.

Place in the flow: `queues` enters how much each worker has whenever that changed, and asks for one of those that have most.

Workers stand in buckets by the number of binary digits of their amount, so "most" is right within a factor of two, and
entering costs nothing while an amount stays in its bucket. Invariants: who has nothing stands nowhere; within a bucket
workers stand in the order in which they came there, so that the choice never depends on hashing.
"""

from __future__ import annotations

from minidask_distributed.scheduler.machine.records import Worker


class AmountIndex:
    """Workers by amount.

    Examples
    --------
    >>> small, large = Worker(1, 1, "a", "a", 1, 0), Worker(2, 2, "b", "b", 1, 0)
    >>> index = AmountIndex()
    >>> index.enter(small, 3), index.enter(large, 100)
    (None, None)
    >>> index.largest().name, index.largest(without=large).name
    ('b', 'a')
    """

    __slots__ = ("buckets", "places")

    def __init__(self) -> None:
        self.buckets: dict[int, dict[Worker, None]] = {}
        self.places: dict[Worker, int] = {}

    def enter(self, worker: Worker, amount: int) -> None:
        """Say how much a worker has now."""
        place = amount.bit_length() if amount > 0 else 0
        before = self.places.get(worker, 0)
        if place == before:
            return
        if before:
            bucket = self.buckets[before]
            del bucket[worker]
            if not bucket:
                del self.buckets[before]
        if place:
            self.buckets.setdefault(place, {})[worker] = None
            self.places[worker] = place
        else:
            del self.places[worker]

    def largest(self, without: Worker | None = None) -> Worker | None:
        """Return a worker of the highest bucket, other than ``without``; None if there is none."""
        # There are as many buckets as binary digits: a handful.
        for place in sorted(self.buckets, reverse=True):
            for worker in self.buckets[place]:
                if worker is not without:
                    return worker
        return None

    def __len__(self) -> int:
        return len(self.places)

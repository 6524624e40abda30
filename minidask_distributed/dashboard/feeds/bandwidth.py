"""What workers send each other: from whom to whom, and of which type; and how fast.

Place in the flow: the page *bandwidth*; the recorder sums what workers tell with their beats.

Invariants: the matrix has at most `SHOWN` workers, those with most traffic; bounded by the recorder's pairs. Bandwidths are
those of single transfers, not of the network.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from minidask_distributed.dashboard.feeds.base import Columns, Feed
from minidask_distributed.dashboard.feeds.naming import short, worker_label
from minidask_distributed.dashboard.feeds.workers import there

SHOWN = 40
TYPES = 20


def busiest(server: Any) -> dict[str, int]:
    """Return {address: row} of the workers with most traffic, by joining."""
    pairs = server.recorder.traffic.pairs()
    moved: Counter[str] = Counter()
    for source, target, nbytes in zip(pairs["source"], pairs["target"], pairs["nbytes"], strict=True):
        moved[source] += nbytes
        moved[target] += nbytes
    order = {worker.address: worker.number for worker in there(server)}
    picked = [address for address, _ in moved.most_common() if address in order][:SHOWN]
    return {address: at for at, address in enumerate(sorted(picked, key=order.__getitem__))}


def names_of(server: Any) -> dict[str, str]:
    """Return {address: name}."""
    return {worker.address: worker.name for worker in server.machine.state.workers.values()}


class BandwidthPairs(Feed):
    """A matrix: a cell a pair of workers."""

    name = "bandwidth-pairs"
    period_s = 0.5
    columns = ("x", "y", "source", "target", "nbytes", "count", "bandwidth")

    def read(self, server: Any, now: float) -> Columns:
        """Return one row a pair: x the row of the receiver, y of the sender."""
        rows, names = busiest(server), names_of(server)
        pairs = server.recorder.traffic.pairs()
        at = [
            place
            for place, (source, target) in enumerate(zip(pairs["source"], pairs["target"], strict=True))
            if source in rows and target in rows
        ]
        return {
            "x": [rows[pairs["target"][place]] for place in at],
            "y": [rows[pairs["source"][place]] for place in at],
            "source": [names.get(pairs["source"][place], "") for place in at],
            "target": [names.get(pairs["target"][place], "") for place in at],
            "nbytes": [pairs["nbytes"][place] for place in at],
            "count": [pairs["count"][place] for place in at],
            "bandwidth": [pairs["bandwidth"][place] for place in at],
        }


class BandwidthWorkers(Feed):
    """Rows and columns of the matrix."""

    name = "bandwidth-workers"
    period_s = 0.5
    columns = ("y", "label", "worker")

    def read(self, server: Any, now: float) -> Columns:
        """Return one row a worker."""
        rows, names = busiest(server), names_of(server)
        shown = [names.get(address, address) for address in rows]
        return {
            "y": list(rows.values()),
            "label": [worker_label(name, 16) if len(rows) <= 24 else "" for name in shown],
            "worker": shown,
        }


class BandwidthTypes(Feed):
    """Bars: how fast values of a type travel."""

    name = "bandwidth-types"
    period_s = 0.5
    columns = ("y", "label", "type", "nbytes", "count", "bandwidth")

    def read(self, server: Any, now: float) -> Columns:
        """Return one row a type, those with most bytes."""
        types = server.recorder.traffic.types()
        rows = sorted(range(len(types["type"])), key=lambda at: -types["nbytes"][at])[:TYPES]
        return {
            "y": list(range(len(rows))),
            "label": [short(types["type"][at] or "(unknown)", 28) for at in rows],
            **{name: [types[name][at] for at in rows] for name in ("type", "nbytes", "count", "bandwidth")},
        }


FEEDS = (BandwidthPairs(), BandwidthWorkers(), BandwidthTypes())

"""Work that moved between workers: who gave how much to whom, and when.

Place in the flow: the page *stealing*; the recorder's ``moves``.

Invariants: bounded by what the recorder keeps; the table has one row a pair of workers, `PAIRS` at most.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from minidask_distributed.dashboard.feeds.bandwidth import names_of
from minidask_distributed.dashboard.feeds.base import Columns, Feed, StreamFeed
from minidask_distributed.dashboard.feeds.naming import host_and_port, worker_label
from minidask_distributed.dashboard.feeds.workers import LABELLED, SHOWN, there

PAIRS = 300

WAYS = {"steal": "queued tasks, stolen", "recall": "sent tasks, recalled"}
COLORS = {"steal": "#3f87e0", "recall": "#d2a52c"}


class Moves(StreamFeed):
    """Single moves over time."""

    name = "moves"
    rollover = 2_000
    columns = ("time", "source", "target", "count", "kind", "color")

    def begin(self, server: Any) -> int:
        """Return the cursor before the oldest move."""
        return 0

    def read_since(self, server: Any, cursor: int, now: float) -> tuple[Columns, int]:
        """Return the moves after a cursor; see `StreamFeed.read_since`."""
        moves, cursor = server.recorder.moves.since(cursor)
        names = names_of(server)
        return {
            "time": moves["time"],
            "source": [names.get(one, host_and_port(one)) for one in moves["source"]],
            "target": [names.get(one, host_and_port(one)) or "nobody yet" for one in moves["target"]],
            "count": moves["count"],
            "kind": [WAYS.get(kind, kind) for kind in moves["kind"]],
            "color": [COLORS.get(kind, COLORS["steal"]) for kind in moves["kind"]],
        }, cursor


class MovesByWorker(Feed):
    """Bars: what each worker gave (to the left) and got (to the right)."""

    name = "moves-workers"
    period_s = 0.5
    columns = ("y", "label", "worker", "given", "taken", "to_left")

    def read(self, server: Any, now: float) -> Columns:
        """Return one row a worker, those that gave and got most."""
        moves = server.recorder.moves.columns()
        given: Counter[str] = Counter()
        taken: Counter[str] = Counter()
        for source, target, count in zip(moves["source"], moves["target"], moves["count"], strict=True):
            given[source] += count
            taken[target] += count
        workers = there(server)
        most = sorted(workers, key=lambda worker: -(given[worker.address] + taken[worker.address]))[:SHOWN]
        picked = {worker.number for worker in most}
        shown = [worker for worker in workers if worker.number in picked and (given or taken)]
        return {
            "y": list(range(len(shown))),
            "label": [worker_label(worker.name, 22) if len(shown) <= LABELLED else "" for worker in shown],
            "worker": [worker.name for worker in shown],
            "given": [given[worker.address] for worker in shown],
            "taken": [taken[worker.address] for worker in shown],
            "to_left": [-given[worker.address] for worker in shown],
        }


class MovesByPair(Feed):
    """A table: how many tasks went from whom to whom."""

    name = "moves-pairs"
    period_s = 1.0
    columns = ("source", "target", "kind", "moves", "tasks", "last")

    def read(self, server: Any, now: float) -> Columns:
        """Return one row a pair of workers and way, most tasks first."""
        recorded = server.recorder.moves.columns()
        pairs: dict[tuple[str, str, str], list[Any]] = {}
        for time, source, target, count, kind in zip(
            *(recorded[name] for name in ("time", "source", "target", "count", "kind")), strict=True
        ):
            sums = pairs.setdefault((source, target, kind), [0, 0, 0.0])
            sums[0] += 1
            sums[1] += count
            sums[2] = max(sums[2], time)
        rows = sorted(pairs.items(), key=lambda item: -item[1][1])[:PAIRS]
        names = names_of(server)
        return {
            "source": [names.get(pair[0], host_and_port(pair[0])) for pair, _ in rows],
            "target": [names.get(pair[1], host_and_port(pair[1])) or "nobody yet" for pair, _ in rows],
            "kind": [WAYS.get(pair[2], pair[2]) for pair, _ in rows],
            "moves": [sums[0] for _, sums in rows],
            "tasks": [sums[1] for _, sums in rows],
            "last": [sums[2] for _, sums in rows],
        }


FEEDS = (Moves(), MovesByWorker(), MovesByPair())

"""The live graph of tasks: each task a dot, coloured by its state; beyond some thousand tasks, each prefix one.

Place in the flow: the page *graph*.

A task has its place from the moment that it is first seen: to the right of all that it depends on, at about their mean height,
on the nearest free place. So nothing jumps while the graph grows, and the results of reductions stand in their middle.

Invariants: with more than `LIMIT` tasks none of them is looked at. Not for: hundred thousands of tasks; nobody could tell them
apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import log10
from typing import Any
from weakref import WeakKeyDictionary

from minidask_distributed.dashboard.feeds.base import MAX_ROWS, Columns, Feed
from minidask_distributed.dashboard.feeds.naming import key_text, short
from minidask_distributed.dashboard.feeds.progress import MOST_BOXES, MOST_EDGES, alive, layered
from minidask_distributed.dashboard.paths import task_page
from minidask_distributed.dashboard.plots.palette import STATE_COLORS
from minidask_distributed.scheduler.machine.records import Task
from minidask_distributed.scheduler.machine.states import NAMES

LIMIT = MAX_ROWS
MOST_LINES = 3 * MAX_ROWS
TRIES = 64  # places that are tried around the best one


class Places:
    """Where tasks stand: integers, so that no two are at one place.

    Examples
    --------
    >>> tasks = [Task(n, f"x-{n}", None, None, (), None) for n in range(3)]
    >>> total = Task(9, "sum", None, None, tuple(tasks), None)
    >>> places = Places()
    >>> places.update([*tasks, total])
    >>> places.of[0], places.of[2], places.of[9]
    ((0, 0), (0, 2), (1, 1))
    """

    def __init__(self) -> None:
        self.of: dict[int, tuple[int, int]] = {}  # {task id: (x, y)}
        self._taken: dict[int, set[int]] = {}  # {x: heights}

    def update(self, tasks: Iterable[Task]) -> None:
        """Give places to tasks that are new, dependencies before what depends on them; forget those that are gone."""
        listed = list(tasks)
        ids = {task.id for task in listed}
        for gone in [one for one in self.of if one not in ids]:
            x, y = self.of.pop(gone)
            self._taken[x].discard(y)
        if self._is_sparse():
            # Most of what gave the others their places is gone: they would stand at the edge of an empty picture.
            self.of.clear()
            self._taken.clear()
        for task in sorted((one for one in listed if one.id not in self.of), key=lambda one: one.id):
            self._place(task)

    def _is_sparse(self) -> bool:
        fullest = max(map(len, self._taken.values()), default=0)
        lowest = max((min(heights) for heights in self._taken.values() if heights), default=0)
        extent = max((max(heights) for heights in self._taken.values() if heights), default=0)
        return lowest > 2 * fullest or extent > 3 * fullest + 20

    def _place(self, task: Task) -> None:
        above = [self.of[dep.id] for dep in task.deps if dep.id in self.of]
        x = max((place[0] for place in above), default=-1) + 1
        taken = self._taken.setdefault(x, set())
        end = max(taken, default=-1) + 1
        best = round(sum(place[1] for place in above) / len(above)) if above else end
        y = end
        for away in range(TRIES):
            if best + away not in taken:
                y = best + away
                break
            if best - away >= 0 and best - away not in taken:
                y = best - away
                break
        taken.add(y)
        self.of[task.id] = x, y


_places: WeakKeyDictionary[Any, Places] = WeakKeyDictionary()


def _tasks(server: Any) -> tuple[list[Task], Places] | None:
    """The tasks with their places; None if they are too many."""
    keys = server.machine.state.keys
    if len(keys) > LIMIT:
        return None
    places = _places.get(server)
    if places is None:
        places = _places[server] = Places()
    tasks = list(keys.values())
    places.update(tasks)
    return tasks, places


class Graph(Feed):
    """Dots: tasks, or prefixes if there are more than `LIMIT` tasks."""

    name = "graph"
    period_s = 0.5
    columns = ("x", "y", "name", "label", "label_offset", "state", "color", "size", "count", "where", "page")

    def read(self, server: Any, now: float) -> Columns:
        """Return one row a dot."""
        found = _tasks(server)
        if found is None:
            return self._prefixes(server)
        tasks, places = found
        size = 14 if len(tasks) < 100 else 9 if len(tasks) < 500 else 6
        states = [NAMES[task.state] for task in tasks]
        at = [task.worker or task.holder for task in tasks]
        return {
            "x": [places.of[task.id][0] for task in tasks],
            "y": [places.of[task.id][1] for task in tasks],
            "name": [key_text(task.key) for task in tasks],
            "label": [""] * len(tasks),
            "label_offset": [0] * len(tasks),
            "state": states,
            "color": [STATE_COLORS[state] for state in states],
            "size": [size] * len(tasks),
            "count": [1] * len(tasks),
            "where": ["" if worker is None else worker.name for worker in at],
            "page": [task_page(task.key) for task in tasks],
        }

    def _prefixes(self, server: Any) -> Columns:
        progress = server.recorder.progress
        counted = progress.columns()
        rows, _ = alive(counted, MOST_BOXES)
        names = [counted["name"][at] for at in rows]
        places = layered(names, progress.edges())
        totals = [counted["all"][at] for at in rows]
        sizes = [round(12 + 6 * log10(max(total, 1))) for total in totals]
        states = []
        for at, total in zip(rows, totals, strict=True):
            counts = {state: counted[state][at] for state in NAMES}
            busy = (
                "erred"
                if counts["erred"]
                else "processing"
                if counts["processing"]
                else max(counts, key=counts.__getitem__)
            )
            states.append(busy if total else "forgotten")
        return {
            "x": [places[name][0] for name in names],
            "y": [places[name][1] for name in names],
            "name": names,
            "label": [f"{short(name, 24)} × {total:,}" for name, total in zip(names, totals, strict=True)],
            "label_offset": [size / 2 + 10 for size in sizes],
            "state": states,
            "color": [STATE_COLORS[state] for state in states],
            "size": sizes,
            "count": totals,
            "where": [""] * len(names),
            "page": [""] * len(names),
        }


class GraphEdges(Feed):
    """Lines: dependencies."""

    name = "graph-edges"
    period_s = 0.5
    columns = ("x0", "y0", "x1", "y1")

    def read(self, server: Any, now: float) -> Columns:
        """Return one row a line; of a wide graph, the first `MOST_LINES`."""
        found = _tasks(server)
        pairs: list[tuple[Any, Any]] = []
        if found is None:
            progress = server.recorder.progress
            counted = progress.columns()
            names = [counted["name"][at] for at in alive(counted, MOST_BOXES)[0]]
            edges = progress.edges()
            groups = layered(names, edges)
            pairs = [(groups[a], groups[b]) for a, b in edges if a in groups and b in groups][:MOST_EDGES]
        else:
            tasks, places = found
            for task in tasks:
                end = places.of[task.id]
                pairs += [(places.of[dep.id], end) for dep in task.deps if dep.id in places.of]
                if len(pairs) >= MOST_LINES:
                    del pairs[MOST_LINES:]
                    break
        return {
            "x0": [a[0] for a, _ in pairs],
            "y0": [a[1] for a, _ in pairs],
            "x1": [b[0] for _, b in pairs],
            "y1": [b[1] for _, b in pairs],
        }


FEEDS = (Graph(), GraphEdges())

"""How far the tasks are, by the prefix of their keys: bars, and a graph of which prefix needs which.

Place in the flow: the pages *status* and *groups*; *graph* beyond some thousand tasks. The recorder counts.

How many: `SHOWN` prefixes in the order in which they appeared, those with something to do or to look at (what is stuck or failed
moves no more) before others, and of these those with the latest moves; the others together in a last row.

Invariants: O(prefixes), of which the recorder keeps a bounded number; never O(tasks). A prefix that has nothing left but
forgotten tasks is shown for `LINGERS_S`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from minidask_distributed.dashboard.feeds.base import Columns, Feed
from minidask_distributed.dashboard.feeds.naming import short
from minidask_distributed.dashboard.plots.palette import color_of
from minidask_distributed.scheduler.machine.states import NAMES

SHOWN = 24
LINGERS_S = 60.0

STATES = tuple(name.replace("-", "_") for name in NAMES)
"""The states as names of columns: released, waiting, queued, no_worker, processing, memory, erred, forgotten."""

STACKED = ("memory", "done", "erred", "processing", "queued", "no_worker", "waiting")
"""Parts of a bar from the left: what is done, what is going on, what is to come. ``done``: released or forgotten."""

OPEN = ("waiting", "queued", "no-worker", "processing", "erred")
"""States of the recorder's columns that people want to know of before those that are done."""


def alive(columns: Mapping[str, Sequence[Any]], most: int) -> tuple[list[int], list[int]]:
    """Return which rows of the recorder's columns to show, see the module: at most `most`, in their order; and the others."""
    lasting = [
        at
        for at, total in enumerate(columns["all"])
        if total > columns["forgotten"][at] or columns["age"][at] < LINGERS_S
    ]
    if len(lasting) <= most:
        return lasting, []

    def rank(at: int) -> tuple[bool, float]:
        return not any(columns[state][at] for state in OPEN), columns["age"][at]

    chosen = set(sorted(lasting, key=rank)[: most - 1])
    return [at for at in lasting if at in chosen], [at for at in lasting if at not in chosen]


class Progress(Feed):
    """Tasks by prefix and state."""

    name = "progress"
    columns = (
        "y",
        "label",
        "prefix",
        "color",
        "all",
        "text",
        *STATES,
        "done",
        "erred_edge",
        *(f"share_{one}" for one in STACKED),
        "retries",
    )

    def read(self, server: Any, now: float) -> Columns:
        """Return one row a prefix; shares are fractions of all its tasks."""
        counted = server.recorder.progress.columns()
        rows, others = alive(counted, SHOWN)
        names = [counted["name"][at] for at in rows]
        numbers = {name: [counted[name][at] for at in rows] for name in ("all", "retries")}
        numbers |= {state: [counted[name][at] for at in rows] for state, name in zip(STATES, NAMES, strict=True)}
        if others:
            names.append(f"{len(others)} other prefixes")
            for state, column in numbers.items():
                source = counted[state.replace("_", "-") if state == "no_worker" else state]
                column.append(sum(source[at] for at in others))
        totals = numbers["all"]
        numbers["done"] = [a + b for a, b in zip(numbers["released"], numbers["forgotten"], strict=True)]
        finished = [a + b for a, b in zip(numbers["memory"], numbers["done"], strict=True)]
        made: dict[str, Any] = {
            "y": list(range(len(names))),
            "label": [short(name, 28) for name in names],
            "prefix": names,
            "color": [color_of(name) for name in names[: len(rows)]] + ["#98a1ad"] * bool(others),
            "text": texts(finished, totals, numbers["erred"]),
            "erred_edge": [1.0 if one else 0.0 for one in numbers["erred"]],
            **numbers,
        }
        for state in STACKED:
            made[f"share_{state}"] = [
                round(one / max(total, 1), 4) for one, total in zip(made[state], totals, strict=True)
            ]
        return {name: made[name] for name in self.columns}


def texts(finished: Sequence[int], totals: Sequence[int], erred: Sequence[int]) -> list[str]:
    """Return what is said of prefixes: how many of their tasks are done, and how many failed.

    Examples
    --------
    >>> texts([3, 0], [1000, 1], [0, 1])
    ['3 of 1,000', '0 of 1, 1 erred']
    """
    rows = zip(finished, totals, erred, strict=True)
    return [f"{one:,} of {total:,}" + (f", {failed:,} erred" if failed else "") for one, total, failed in rows]


# ---------------------------------------------------------------- the graph of prefixes


class Groups(Feed):
    """Prefixes as boxes of a graph, with their progress."""

    name = "groups"
    period_s = 0.5
    columns = (
        "x", "y", "left", "right", "done_right", "top", "bottom", "label", "label_offset", "below", "prefix", "color", "text",
        "all", "finished", "processing", "erred", "erred_left",
    )  # fmt: skip

    def read(self, server: Any, now: float) -> Columns:
        """Return one row a prefix: a box of width 0.8 around (x, y)."""
        progress = server.recorder.progress
        counted = progress.columns()
        rows, _ = alive(counted, MOST_BOXES)
        names = [counted["name"][at] for at in rows]
        places = layered(names, progress.edges())
        xs, ys = [places[name][0] for name in names], [places[name][1] for name in names]
        totals = [counted["all"][at] for at in rows]
        finished = [counted["memory"][at] + counted["released"][at] + counted["forgotten"][at] for at in rows]
        erred = [counted["erred"][at] for at in rows]
        said = texts(finished, totals, erred)
        tallest = max(Counter(xs).values(), default=0)
        is_low = tallest > TWO_LINES
        tails = [f" · {text}" if is_low else "" for text in said]
        room = min(max(int(LETTERS / (max(xs, default=0) + 1.4)), 8), 24)
        labels = [short(name, max(room - len(tail), 6)) + tail for name, tail in zip(names, tails, strict=True)]
        width = [0.8 * one / max(total, 1) for one, total in zip(finished, totals, strict=True)]
        return {
            "x": xs,
            "y": ys,
            "left": [x - 0.4 for x in xs],
            "right": [x + 0.4 for x in xs],
            "done_right": [x - 0.4 + one for x, one in zip(xs, width, strict=True)],
            "top": [y - 0.34 for y in ys],
            "bottom": [y + 0.34 for y in ys],
            "label": labels if tallest <= ONE_LINE else [""] * len(names),
            "label_offset": [0 if is_low else -8] * len(names),
            "below": [""] * len(names) if is_low else said,
            "prefix": names,
            "color": [color_of(name) for name in names],
            "text": said,
            "all": totals,
            "finished": finished,
            "processing": [counted["processing"][at] for at in rows],
            "erred": erred,
            # What failed stands at the right end.
            "erred_left": [
                x + 0.4 - 0.8 * one / max(total, 1) for x, one, total in zip(xs, erred, totals, strict=True)
            ],
        }


class GroupEdges(Feed):
    """Lines between the boxes of `Groups`."""

    name = "group-edges"
    period_s = 0.5
    columns = ("x0", "y0", "x1", "y1", "cx0", "cx1")

    def read(self, server: Any, now: float) -> Columns:
        """Return one row a pair of prefixes: a curve from the right of the one to the left of the other."""
        progress = server.recorder.progress
        counted = progress.columns()
        rows, _ = alive(counted, MOST_BOXES)
        names = [counted["name"][at] for at in rows]
        edges = progress.edges()
        places = layered(names, edges)
        pairs = [(places[a], places[b]) for a, b in edges if a in places and b in places and a != b][:MOST_EDGES]
        x0, x1 = [a[0] + 0.4 for a, _ in pairs], [b[0] - 0.4 for _, b in pairs]
        bend = [max(abs(end - start) / 2, 0.1) for start, end in zip(x0, x1, strict=True)]
        return {
            "x0": x0,
            "y0": [a[1] for a, _ in pairs],
            "x1": x1,
            "y1": [b[1] for _, b in pairs],
            "cx0": [x + one for x, one in zip(x0, bend, strict=True)],
            "cx1": [x - one for x, one in zip(x1, bend, strict=True)],
        }


TWO_LINES, ONE_LINE = 12, 30
"""Boxes above each other that have room for so many lines of text; those of more say what they are when they are pointed at."""

LETTERS = 130
"""That all boxes beside each other have room for, in a window of some 1,200 pixels."""

MOST_BOXES = 120
MOST_EDGES = 600


def layered(names: Sequence[str], edges: Iterable[tuple[str, str]]) -> dict[str, tuple[float, float]]:
    """Return {name: (x, y)}: what depends on others stands to their right, at about their height.

    The layers are those of longest paths (cycles, which sums over many graphs may have, are cut where they are found); within a
    layer the order is that of the mean height of what stands to the left (the barycentre heuristic of K. Sugiyama, 1981).

    Examples
    --------
    >>> layered(["load", "add", "sum"], [("load", "add"), ("add", "sum"), ("load", "sum")])
    {'load': (0.0, 0.0), 'add': (1.0, 0.0), 'sum': (2.0, 0.0)}
    """
    known = dict.fromkeys(names)
    needs: dict[str, list[str]] = {name: [] for name in known}
    for source, target in edges:
        if source in known and target in known and source != target:
            needs[target].append(source)
    layer: dict[str, int] = {}
    for name in known:
        _settle(name, needs, layer)
    columns: dict[int, list[str]] = {}
    for name in known:
        columns.setdefault(layer[name], []).append(name)
    places: dict[str, tuple[float, float]] = {}
    for x in sorted(columns):
        heights = {}
        for at, name in enumerate(columns[x]):
            above = [places[one][1] for one in needs[name] if one in places]
            heights[name] = (sum(above) / len(above) if above else float(at), at)
        ordered = sorted(columns[x], key=heights.__getitem__)
        middle = (len(ordered) - 1) / 2
        for at, name in enumerate(ordered):
            places[name] = (float(x), at - middle)
    return places


def _settle(name: str, needs: Mapping[str, list[str]], layer: dict[str, int]) -> None:
    """Find the layers of a name and of all that it needs, without recursion."""
    path, on_path = [(name, iter(needs[name]))], {name}
    while path:
        current, rest = path[-1]
        following = next((one for one in rest if one not in layer and one not in on_path), None)
        if following is not None:
            path.append((following, iter(needs[following])))
            on_path.add(following)
            continue
        path.pop()
        on_path.discard(current)
        layer[current] = max((layer[one] + 1 for one in needs[current] if one in layer), default=0)


FEEDS = (Progress(), Groups(), GroupEdges())

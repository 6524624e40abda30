"""Draw the states of tasks from the machines' own tables, for the page on the architecture.

Place in the flow: a Sphinx extension (`conf.py` lists it) with one directive, ``.. task-states:: scheduler`` (or
``worker``): a picture of the states and moves, then a table of what each means. The tables in
`minidask_distributed/scheduler/machine/states.py` and `minidask_distributed/worker/machine/states.py` are what the tests
hold the machines to, so the pictures can't be out of date.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList

from minidask_distributed.scheduler.machine import states as scheduler_states
from minidask_distributed.worker.machine import states as worker_states

WIDTH, HEIGHT = 760, 460
BOX_WIDTH, BOX_HEIGHT = 104, 30


def scheduler_tables() -> tuple[dict[str, str], dict[tuple[str, str], str]]:
    """Return {state: meaning} and {(start, finish): why} of the scheduler, by names."""
    names = scheduler_states.NAMES
    meanings = {names[state]: text for state, text in scheduler_states.MEANINGS.items()}
    moves = {(names[start], names[finish]): why for (start, finish), why in scheduler_states.TRANSITIONS.items()}
    return meanings, moves


def worker_tables() -> tuple[dict[str, str], dict[tuple[str, str], str]]:
    """Return {state: meaning} and {(start, finish): why} of the worker."""
    return worker_states.STATES, worker_states.TRANSITIONS


TABLES = {"scheduler": scheduler_tables, "worker": worker_tables}


def picture(meanings: Mapping[str, str], moves: Mapping[tuple[str, str], str]) -> str:
    """Return an SVG: the states on an ellipse, in the order of the table, a bent arrow for each move.

    Examples
    --------
    >>> picture({"a": "first", "b": "second"}, {("a", "b"): "because"}).count("<path")
    2
    """
    places = {}
    for at, state in enumerate(meanings):
        angle = 2 * math.pi * at / len(meanings) - math.pi
        x = WIDTH / 2 + (WIDTH / 2 - BOX_WIDTH / 2 - 8) * math.cos(angle)
        y = HEIGHT / 2 + (HEIGHT / 2 - BOX_HEIGHT / 2 - 8) * math.sin(angle)
        places[state] = (x, y)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="13">',
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0 0L8 4L0 8z" fill="#567"/></marker></defs>',
    ]
    for (start, finish), why in moves.items():
        (x0, y0), (x1, y1) = _edge(places[start], places[finish]), _edge(places[finish], places[start])
        # Bent to one side, so that there and back are told apart.
        bend_x, bend_y = (x0 + x1) / 2 + (y1 - y0) * 0.12, (y0 + y1) / 2 - (x1 - x0) * 0.12
        path = f"M{x0:.0f} {y0:.0f}Q{bend_x:.0f} {bend_y:.0f} {x1:.0f} {y1:.0f}"
        title = escape(f"{start} to {finish}: {why}")
        lines.append(f'<path d="{path}" fill="none" stroke="#567" marker-end="url(#tip)"><title>{title}</title></path>')
    for state, (x, y) in places.items():
        left, top = x - BOX_WIDTH / 2, y - BOX_HEIGHT / 2
        lines.append(
            f'<g><title>{escape(meanings[state])}</title><rect x="{left:.0f}" y="{top:.0f}" width="{BOX_WIDTH}" '
            f'height="{BOX_HEIGHT}" rx="6" fill="#eef3f8" stroke="#567"/>'
            f'<text x="{x:.0f}" y="{y + 4:.0f}" text-anchor="middle">{escape(state)}</text></g>'
        )
    return "\n".join([*lines, "</svg>"])


def _edge(place: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    """Return where the straight line from a box's middle to another one leaves the box."""
    dx, dy = other[0] - place[0], other[1] - place[1]
    scale = min(BOX_WIDTH / 2 / abs(dx) if dx else math.inf, BOX_HEIGHT / 2 / abs(dy) if dy else math.inf)
    return place[0] + dx * scale, place[1] + dy * scale


class TaskStates(Directive):
    """The directive: its argument is "scheduler" or "worker"."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return picture and tables."""
        meanings, moves = TABLES[self.arguments[0]]()
        used = {state for move in moves for state in move}
        meanings = {**meanings, **dict.fromkeys(used - set(meanings), "gone")}
        raw = nodes.raw("", picture(meanings, moves), format="html")
        lines = [".. list-table::", "   :header-rows: 1", "   :widths: 18 82", "", "   * - State", "     - Meaning"]
        for state, meaning in meanings.items():
            lines += [f"   * - ``{state}``", f"     - {meaning}"]
        lines += ["", ".. list-table::", "   :header-rows: 1", "   :widths: 30 70", "", "   * - Move", "     - Because"]
        for (start, finish), why in moves.items():
            lines += [f"   * - ``{start}`` → ``{finish}``", f"     - {why}"]
        parent = nodes.section()
        parent.document = self.state.document
        self.state.nested_parse(StringList(lines, source="task-states"), self.content_offset, parent)
        return [raw, *parent.children]


def setup(app: Any) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("task-states", TaskStates)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

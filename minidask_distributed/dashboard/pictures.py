"""Pictures of a client's records: what `Client.get_task_stream` and `Client.profile` return with ``plot``, and write to files.

Place in the flow: `client.pictures` loads this at the first picture and calls the function that is named like its kind. The
figures are those of the pages (`plots`), filled once (`filling`).

Invariants: a picture is bounded whatever the records are, and says so where it leaves something out; every text in it is a text.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from minidask_distributed.dashboard.feeds.naming import host_and_port, key_text, worker_label
from minidask_distributed.dashboard.feeds.task_stream import KINDS
from minidask_distributed.dashboard.filling import figure_of, local_ms, write_page
from minidask_distributed.dashboard.plots.palette import ACTIVITY_COLORS, color_of
from minidask_distributed.dashboard.profile_routes import boxes
from minidask_distributed.prefixes import prefix_of
from minidask_distributed.profile_tree import Node

__all__ = ["profile", "task_stream"]

MOST = 20_000
"""Rectangles of a task stream: as many as its page keeps."""

ROW = 18
"""Pixels of a row, where there are few."""


def task_stream(
    records: Sequence[Mapping[str, Any]],
    filename: str | None = None,
    resources: Any = None,
    names: Mapping[str, str] | None = None,
    activities: Mapping[str, Sequence[Any]] | None = None,
) -> Any:
    """Return a figure of which tasks ran when and where: a row a thread, a rectangle a task.

    Parameters
    ----------
    records
        As `Client.get_task_stream` returns them. Beyond `MOST` the longest are drawn, and the title says so.
    filename
        An HTML page to write, too.
    resources
        A `bokeh.resources.Resources` for the page. Default: Bokeh's code is in it.
    names
        {address: the worker's name}. Default: addresses.
    activities
        What workers did besides, in the columns of `scheduler.observing.activities`: in a row of its own, under their threads.

    Returns
    -------
    bokeh.plotting.figure

    Raises
    ------
    ImportError
        If bokeh isn't installed.
    OSError
        If the file can't be written.
    """
    shown = records
    if len(records) > MOST:
        shown = sorted(records, key=lambda record: _span(record)[0] - _span(record)[1])[:MOST]
    rows, lanes = _rows(shown, names or {}, activities or {})
    figure = figure_of(
        "task_stream:task_stream",
        {"task-stream": rows, "task-lanes": lanes},
        height=min(110 + ROW * max(int(max(lanes["bottom"], default=0)), 6), 900),
    )
    if rows["start"]:
        begin, end = min(rows["start"]), max(rows["stop"])
        room = max((end - begin) * 0.02, 1e-4)
        figure.x_range.update(start=local_ms(begin - room), end=local_ms(end + room))
        figure.y_range.update(start=max(lanes["bottom"]), end=-0.5)
    if len(shown) < len(records):
        figure.title.text = f"the {len(shown):,} longest of {len(records):,} tasks"
    if filename is not None:
        write_page(filename, "Task stream", [figure], resources)
    return figure


def _span(record: Mapping[str, Any]) -> tuple[float, float]:
    moments = record["startstops"]
    return min(one["start"] for one in moments), max(one["stop"] for one in moments)


def _rows(
    records: Iterable[Mapping[str, Any]], names: Mapping[str, str], activities: Mapping[str, Sequence[Any]]
) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
    """Return the columns of the feeds ``task-stream`` and ``task-lanes``: a row each thread that ran something."""
    threads: dict[str, set[Any]] = {worker: set() for worker in activities.get("worker", ())}
    active = set(threads)
    for record in records:
        threads.setdefault(record["worker"], set()).add(record["thread"])
    places: dict[tuple[str, Any], int] = {}
    lanes: dict[str, list[Any]] = {name: [] for name in ("y", "top", "bottom", "shade", "label")}
    for number, worker in enumerate(sorted(threads, key=lambda one: (len(_worker(one, names)), _worker(one, names)))):
        first = len(places)
        for thread in [*sorted(threads[worker]), *([None] if worker in active else [])]:
            places[worker, thread] = len(places)
        last = len(places) - 1
        row = ((first + last) / 2, first - 0.5, last + 0.5, 0.07 * (number % 2), _worker(worker, names))
        for column, value in zip(lanes.values(), row, strict=True):
            column.append(value)
    rows: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    for values in [*_tasks(records, places, names), *_besides(activities, places, names)]:
        for column, value in zip(rows.values(), values, strict=True):
            column.append(value)
    return rows, lanes


COLUMNS = ("y", "name", "color", "worker", "thread", "count", "start", "stop", "duration", "nbytes")


def _tasks(
    records: Iterable[Mapping[str, Any]], places: Mapping[tuple[str, Any], int], names: Mapping[str, str]
) -> Iterator[tuple[Any, ...]]:
    for record in records:
        start, stop = _span(record)
        worker, thread, key = record["worker"], record["thread"], record["key"]
        color = ACTIVITY_COLORS["serialize"] if key is None else color_of(prefix_of(key))
        name = "(forgotten)" if key is None else key_text(key)
        place = places[worker, thread]
        yield place, name, color, names.get(worker, worker), thread, 1, start, stop, stop - start, record.get("nbytes")


def _besides(
    activities: Mapping[str, Sequence[Any]], places: Mapping[tuple[str, Any], int], names: Mapping[str, str]
) -> Iterator[tuple[Any, ...]]:
    columns = (activities.get(name, ()) for name in ("worker", "kind", "start", "duration", "nbytes", "peer", "type"))
    for worker, kind, start_us, duration_us, nbytes, peer, of in zip(*columns, strict=True):
        what, text = KINDS[kind]
        if peer:
            text += f"{' from' if kind == 'transfer-in' else ' to'} {names.get(peer, peer)}"
        if of:
            text += f" ({of})"
        start, duration = start_us / 1e6, duration_us / 1e6
        color, shown = ACTIVITY_COLORS[what], names.get(worker, worker)
        yield places[worker, None], text, color, shown, "–", 1, start, start + duration, duration, nbytes


def _worker(address: str, names: Mapping[str, str]) -> str:
    return worker_label(names.get(address, host_and_port(address)), 22)


LETTER = 6.7
"""Pixels of a letter in a flame graph's boxes, as in ``assets/flame.js``."""

WIDTH = 1000
"""Pixels of a page for which the letters in boxes are cut."""


LEVELS = 40
"""Of calls that are seen at once."""


def profile(tree: Node, filename: str | None = None, resources: Any = None) -> Any:
    """Return a figure of where threads spent their time: a flame graph.

    Parameters
    ----------
    tree
        Of samples.
    filename
        An HTML page to write, too.
    resources
        A `bokeh.resources.Resources` for the page. Default: Bokeh's code is in it.

    Returns
    -------
    bokeh.plotting.figure

    Raises
    ------
    ImportError
        If bokeh isn't installed.
    OSError
        If the file can't be written.
    """
    rows = boxes(tree)
    cut = [
        _cut(label, int(WIDTH * (right - left) / LETTER) - 1)
        for label, left, right in zip(rows["label"], rows["left"], rows["right"], strict=True)
    ]
    # Deeper ones come into view by dragging: squeezed into it nobody could read them.
    levels = min(max(max(rows["top"], default=0), 6), LEVELS)
    figure = figure_of("profile:flame_workers", {"profile-boxes": {**rows, "label": cut}}, height=80 + 20 * levels)
    figure.y_range.update(start=levels, end=0)
    models: Any = importlib.import_module("bokeh.models")
    # A click would zoom on the page, where a script does that.
    figure.tools = [tool for tool in figure.tools if not isinstance(tool, models.TapTool)]
    wheel = models.WheelZoomTool(dimensions="width")
    figure.add_tools(wheel)
    figure.toolbar.active_scroll = wheel
    if filename is not None:
        write_page(filename, "Profile", [figure], resources)
    return figure


def _cut(text: str, letters: int) -> str:
    """Return a text that fits into a box.

    >>> _cut("train", 9), _cut("train", 4), _cut("train", 2)
    ('train', 'tra…', '')
    """
    if letters < 3:
        return ""
    return text if len(text) <= letters else f"{text[: letters - 1]}…"

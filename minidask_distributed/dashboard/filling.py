"""Figures with their rows in them: the pages' figures, filled here instead of by the pages' script.

Place in the flow: `pictures` and `report` make figures that stand alone; they take the same figures (`plots`), and `fill` does to
the sources what ``assets/figures.js`` does on a page: rows of feeds by name, and the columns that the sources' tags derive.

Invariants: a figure that was filled needs no script but Bokeh's own, holds no code, and no tag that the pages' script reads.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from minidask.units import format_bytes, format_time
from minidask_distributed.dashboard.figures import BokehMissing, bokeh_scripts
from minidask_distributed.dashboard.markup import Content, Markup, tag

Columns = Mapping[str, Sequence[Any]]

REMEDY = 'pictures need bokeh: pip install "minidask[diagnostics]"'


def figure_of(make: str, feeds: Mapping[str, Columns], height: int) -> Any:
    """Return one of the pages' figures with rows in it, in the light theme and with a toolbar.

    Parameters
    ----------
    make
        A module of `plots` and a function in it, ``"task_stream:task_stream"``.
    feeds
        {feed: its columns}; sources of other feeds stay empty.
    height
        In pixels; the width is that of the page.

    Raises
    ------
    ImportError
        If bokeh isn't installed.
    """
    if bokeh_scripts() is None:
        raise BokehMissing(REMEDY)
    module, _, function = make.partition(":")
    # By name, so that this can be imported without bokeh.
    plots: Any = importlib.import_module(f"minidask_distributed.dashboard.plots.{module}")
    models: Any = importlib.import_module("bokeh.models")
    figure = getattr(plots, function)("light")
    for source in figure.select({"type": models.ColumnDataSource}):
        _fill_source(source, feeds)
    for axis in figure.axis:
        _label(axis, feeds)
    for model in figure.references():
        model.tags = []
    figure.update(sizing_mode="stretch_width", height=height, toolbar_location="above")
    figure.update(background_fill_color="#ffffff", border_fill_color="#ffffff")
    if not any(isinstance(tool, models.ResetTool) for tool in figure.tools):
        figure.add_tools(models.ResetTool())
    return figure


def _fill_source(source: Any, feeds: Mapping[str, Columns]) -> None:
    feed = next((one.removeprefix("feed:") for one in source.tags if one.startswith("feed:")), None)
    if feed is None or feed not in feeds:
        return
    columns = feeds[feed]
    derived = dict(one.removeprefix("derive:").split("=", 1) for one in source.tags if one.startswith("derive:"))
    n_rows = max(map(len, columns.values()), default=0)
    data: dict[str, list[Any]] = {}
    for name in source.data:
        if name in derived:
            kind, _, of = derived[name].partition(":")
            data[name] = [KINDS[kind](value) for value in columns[of]]
        else:
            data[name] = list(columns.get(name, [None] * n_rows))
    source.data = data


def _label(axis: Any, feeds: Mapping[str, Columns]) -> None:
    for one in axis.tags:
        kind, feed, at, text = [*str(one).split(":"), "", "", "", ""][:4]
        if kind == "labels" and feed in feeds:
            shown = {place: label for place, label in zip(feeds[feed][at], feeds[feed][text], strict=True) if label}
            axis.ticker.ticks = list(shown)
            axis.major_label_overrides = shown


def local_ms(stamp: float) -> float:
    """Return seconds since the epoch as the milliseconds of an axis that shows the clock of this place."""
    offset = datetime.fromtimestamp(stamp).astimezone().utcoffset()
    return (stamp + (offset.total_seconds() if offset else 0.0)) * 1e3


def edge(color: str) -> str:
    """Return a darker shade, so that narrow rectangles keep their colour.

    >>> edge("#8fa8ff")
    '#7b90db'
    """
    return "#" + "".join(f"{round(int(color[at : at + 2], 16) * 0.86):02x}" for at in (1, 3, 5))


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"


def _or_dash(write: Callable[[Any], str]) -> Callable[[Any], str]:
    return lambda value: "–" if value is None else write(value)


KINDS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "bytes": _or_dash(format_bytes),
    "rate": _or_dash(lambda value: f"{format_bytes(value)}/s"),
    "seconds": _or_dash(format_time),
    "count": _or_dash(lambda value: f"{value:,.0f}"),
    "exact": _or_dash(_number),
    "percent": _or_dash(lambda value: f"{value:.1f} %"),
    "text": lambda value: "" if value is None else str(value),
    "edge": edge,
    "local_ms": local_ms,
}
"""{kind of a derived column: what makes it}: those of ``assets/format.js``."""


POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:"
)
"""Of pages that have everything in them: whatever their texts are, nothing is asked for and nothing is sent anywhere."""


def write_page(filename: str | Path, title: str, body: Sequence[Any], resources: Any = None, style: str = "") -> None:
    """Write an HTML page with figures in it, which needs nothing else.

    Parameters
    ----------
    filename
        Of the page.
    title
        Of its window.
    body
        From top to bottom: markup (`markup.tag`), and figures.
    resources
        A `bokeh.resources.Resources`: where Bokeh's code comes from. Default: it is in the page.
    style
        CSS.

    Raises
    ------
    OSError
        If the file can't be written.
    """
    Path(filename).write_text(page_of(title, body, resources, style), encoding="utf-8")


def page_of(title: str, body: Sequence[Any], resources: Any = None, style: str = "") -> str:
    """Return the page that `write_page` writes."""
    embed: Any = importlib.import_module("bokeh.embed")
    given = resources is not None
    if not given:
        # Tables, widgets and formulas would be three quarters of the page.
        resources = importlib.import_module("bokeh.resources").Resources("inline", components=["bokeh"])
    figures = [part for part in body if not isinstance(part, str)]
    scripts, places = embed.components(figures) if figures else ("", ())
    left = iter(places)
    parts: list[Content] = [part if isinstance(part, str) else Markup(next(left)) for part in body]
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        None if given else tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", title),
        tag("style", Markup(style)),
        Markup(resources.render() if figures else ""),
    )
    return f"<!doctype html>\n{tag('html', head, tag('body', parts, Markup(scripts)), lang='en')}\n"

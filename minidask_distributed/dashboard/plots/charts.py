"""What all figures have in common: the two themes, sources that name their feed, axes with units, boxes on hover.

Place in the flow: every module of plots makes its figures with `chart` and its sources with `source`; nothing else sets a font
or the colour of an axis.

A source's tags are a small language that the page's script reads: ``feed:NAME`` where its rows come from;
``derive:COLUMN=KIND:FROM`` a column that the script makes of another (``seconds``, ``bytes``, ``count``, ``percent``, ``rate``,
``exact`` as text, ``edge`` a darker shade, and ``local_ms``, a time axis on the viewer's clock); ``areas`` that missing numbers
are drawn as nothing, where lines break. An axis tagged ``labels:FEED:AT:TEXT`` gets its ticks from two columns.

Invariants: figures have no data, no code, and nothing that is loaded from elsewhere; they stretch over the place they get.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bokeh.models import (
    AdaptiveTicker,
    Axis,
    BasicTicker,
    ColumnDataSource,
    DataRange1d,
    DatetimeTicker,
    DatetimeTickFormatter,
    FixedTicker,
    HoverTool,
    NumeralTickFormatter,
    PrintfTickFormatter,
    TickFormatter,
)
from bokeh.plotting import figure

FONT: Final = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of a figure's furniture."""

    name: str
    text: str
    muted: str
    grid: str
    card: str  # what the figure stands on
    edge: str  # around what is black
    accent: str


THEMES: Final = {
    "light": Theme("light", "#1d2430", "#5b6675", "#e4e8ee", "#ffffff", "#000000", "#1f62b5"),
    "dark": Theme("dark", "#e5e9ef", "#9aa6b5", "#2f3844", "#1b212a", "#c9d1dc", "#6fb0ff"),
}
"""{name: theme}; style.css has the same colours for what isn't a figure."""

_TIME = DatetimeTickFormatter
_BINARY: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


def theme_of(name: str) -> Theme:
    """Return a theme.

    Raises
    ------
    ValueError
        If there is none of that name.
    """
    if name not in THEMES:
        raise ValueError(f"the theme must be one of {', '.join(THEMES)}, got {name!r}")
    return THEMES[name]


def source(feed: str, *columns: str, **derived: str) -> ColumnDataSource:
    """Return an empty source that the page's script fills.

    Parameters
    ----------
    feed
        The feed's name.
    *columns
        Of the feed.
    **derived
        Columns that the script makes: ``text="seconds:duration"``.

    Examples
    --------
    >>> source("task-stream", "start", at="local_ms:start").tags
    ['feed:task-stream', 'derive:at=local_ms:start']
    """
    tags = [f"feed:{feed}", *(f"derive:{name}={how}" for name, how in derived.items())]
    return ColumnDataSource(data={name: [] for name in (*columns, *derived)}, tags=tags)


def chart(theme: str, x: str = "number", y: str = "number", **options: Any) -> figure:
    """Return an empty figure in a theme's colours.

    Parameters
    ----------
    theme
        "light" or "dark".
    x, y
        What stands on the axes: "number", "bytes", "rate" (bytes a second), "seconds", "percent", "fraction", "time", or "none".
    **options
        For `bokeh.plotting.figure`.
    """
    colors = theme_of(theme)
    settings: dict[str, Any] = {
        "sizing_mode": "stretch_both",
        "min_height": 80,
        "toolbar_location": None,
        "tools": "",
        "output_backend": "canvas",
        "background_fill_color": None,
        "border_fill_color": None,
        "outline_line_color": None,
        "min_border_left": 8,
        "min_border_right": 12,
        "min_border_top": 6,
        "min_border_bottom": 6,
    }
    plot = figure(**(settings | options))
    plot.toolbar.logo = None
    plot.xgrid.grid_line_color = plot.ygrid.grid_line_color = colors.grid
    for axes, kind in ((plot.xaxis, x), (plot.yaxis, y)):
        for axis in axes:
            _furnish(axis, kind, colors)
    return plot


def _furnish(axis: Axis, kind: str, colors: Theme) -> None:
    axis.visible = kind != "none"
    axis.axis_line_color = axis.major_tick_line_color = colors.grid
    axis.minor_tick_line_color = None
    axis.major_label_text_color = colors.muted
    axis.major_label_text_font = axis.axis_label_text_font = FONT
    axis.major_label_text_font_size = "12px"
    axis.axis_label_text_color = colors.muted
    axis.axis_label_text_font_size = "12px"
    axis.axis_label_text_font_style = "normal"
    axis.major_label_standoff = 6
    if kind in ("bytes", "rate"):
        axis.ticker = AdaptiveTicker(base=1024, mantissas=list(_BINARY), min_interval=1, desired_num_ticks=4)
    elif kind == "time":
        axis.ticker = DatetimeTicker(desired_num_ticks=5)
    elif kind != "none":
        axis.ticker = BasicTicker(desired_num_ticks=5)
    axis.formatter = formatter(kind)


def formatter(kind: str) -> TickFormatter:
    """Return how the ticks of an axis are written, see `chart`.

    Raises
    ------
    ValueError
        For a kind that there isn't.
    """
    if kind == "time":
        return DatetimeTickFormatter(
            microseconds="%H:%M:%S.%f",
            milliseconds="%H:%M:%S.%3N",
            seconds="%H:%M:%S",
            minsec="%H:%M:%S",
            minutes="%H:%M",
            hourmin="%H:%M",
            hours="%H:%M",
            days="%d %b",
            strip_leading_zeros=False,
        )
    formats = {
        "number": "0,0.[00]",
        "none": "0",
        "bytes": "0.[0] b",
        "rate": "0.[0] b",
        "seconds": "0,0.[000]",
        "fraction": "0 %",
    }
    if kind == "percent":
        return PrintfTickFormatter(format="%.0f %%")
    if kind not in formats:
        raise ValueError(f"no such kind of axis: {kind!r}")
    return NumeralTickFormatter(format=formats[kind])


def hover(*rows: tuple[str, str], renderers: Iterable[Any] = (), **options: Any) -> HoverTool:
    """Return a box with (what, value) of the thing under the pointer; values are texts, and escaped.

    Examples
    --------
    >>> hover(("key", "@name")).tooltips
    [('key', '@name')]
    """
    shown = list(renderers)
    return HoverTool(tooltips=list(rows), renderers=shown or "auto", **options)


def rows_of_workers(plot: figure, feed: str, at_least: float = 4) -> None:
    """Make the vertical axis one of rows, from the top, that are labelled by the feed; few rows don't become walls."""
    plot.y_range = DataRange1d(flipped=True, range_padding=0.0, only_visible=False)
    plot.yaxis[0].ticker = FixedTicker(ticks=[])
    plot.yaxis[0].tags = [f"labels:{feed}:y:label"]
    plot.yaxis[0].major_tick_line_color = None
    plot.yaxis[0].axis_line_color = None
    plot.ygrid.grid_line_color = None
    keep_visible(plot, y=[-0.5, at_least - 0.5])


def keep_visible(plot: figure, x: Sequence[float] = (0, 0), y: Sequence[float] = (0, 0)) -> None:
    """Let the ranges that follow the data show two points, whatever the data are; nothing is drawn there."""
    plot.scatter(list(x), list(y), size=1, fill_alpha=0, line_alpha=0, name="extent", level="underlay")


def time_axis(plot: figure, seconds: float = 300, padding: float = 0.0) -> None:
    """Let a horizontal axis of time follow its end; dots need a padding, a fraction of it, or half of the last one is cut off."""
    plot.x_range = DataRange1d(range_padding=padding, follow="end", follow_interval=seconds * 1e3)


__all__ = [
    "FONT",
    "THEMES",
    "Theme",
    "chart",
    "formatter",
    "hover",
    "keep_visible",
    "rows_of_workers",
    "source",
    "theme_of",
    "time_axis",
]

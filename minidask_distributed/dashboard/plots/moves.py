"""Work that moved between workers, over time and by worker; and what was logged, over time.

Place in the flow: the pages *stealing* and *events*, from the feeds of `feeds.stealing` and `feeds.events`.
"""

from __future__ import annotations

from bokeh.models import DataRange1d, FixedTicker
from bokeh.plotting import figure

from minidask_distributed.dashboard.plots.charts import (
    chart,
    hover,
    keep_visible,
    rows_of_workers,
    source,
    theme_of,
    time_axis,
)
from minidask_distributed.dashboard.plots.palette import ACTIVITY_COLORS

GIVEN, TAKEN = "#e2bd3f", "#3f87e0"
SPLIT = "#3f78c4"

DOTS = 0.03
"""A dot's share of the width, and a little more."""


def stealing(theme: str) -> figure:
    """Return the moves over time: how many tasks at once."""
    plot = chart(theme, x="time", y="number", x_axis_type="datetime")
    time_axis(plot, 600, DOTS)
    plot.y_range = DataRange1d(start=0, default_span=10, range_padding=0.1, only_visible=True)
    plot.yaxis.axis_label = "tasks at once"
    rows = source("moves", "source", "target", "count", "kind", "color", at="local_ms:time")
    dots = plot.scatter(
        "at", "count", size=8, source=rows, fill_color="color", fill_alpha=0.7, line_color=theme_of(theme).card
    )
    plot.add_tools(
        hover(
            ("time", "@at{%H:%M:%S.%3N}"),
            ("from", "@source"),
            ("to", "@target"),
            ("tasks", "@count"),
            ("which", "@kind"),
            renderers=[dots],
            formatters={"@at": "datetime"},
        )
    )
    return plot


def stealing_by_worker(theme: str) -> figure:
    """Return bars: what each worker gave away, to the left, and got, to the right."""
    plot = chart(theme, x="number")
    plot.x_range = DataRange1d(range_padding=0.05)
    plot.xaxis.axis_label = "tasks given (left) and got (right)"
    rows_of_workers(plot, "moves-workers")
    rows = source("moves-workers", "y", "worker", "given", "taken", "to_left")
    bars = [
        plot.hbar(y="y", right="to_left", height=0.7, source=rows, color=GIVEN, line_color=None),
        plot.hbar(y="y", right="taken", height=0.7, source=rows, color=TAKEN, line_color=None),
    ]
    keep_visible(plot, x=[-5, 5], y=[0, 0])
    plot.add_tools(hover(("worker", "@worker"), ("gave", "@given tasks"), ("got", "@taken tasks"), renderers=bars))
    return plot


def events(theme: str) -> figure:
    """Return the events over time, each in the row of its topic."""
    plot = chart(theme, x="time", y="number", x_axis_type="datetime")
    time_axis(plot, 900, DOTS)
    plot.y_range = DataRange1d(flipped=True, range_padding=0.25)
    plot.yaxis[0].ticker = FixedTicker(ticks=[])
    plot.yaxis[0].tags = ["labels:event-topics:y:label"]
    plot.yaxis[0].major_tick_line_color = None
    rows = source("events", "y", "topic", "text", at="local_ms:time")
    dots = plot.scatter(
        "at", "y", size=9, source=rows, fill_color="#3f78c4", fill_alpha=0.7, line_color=theme_of(theme).card
    )
    plot.add_tools(
        hover(
            ("time", "@at{%H:%M:%S}"),
            ("topic", "@topic"),
            ("", "@text"),
            renderers=[dots],
            formatters={"@at": "datetime"},
        )
    )
    return plot


def shuffles(theme: str) -> figure:
    """Return two bars a shuffle: partitions that were split, and that were put together."""
    colors = theme_of(theme)
    plot = chart(theme, x="none")
    plot.x_range = DataRange1d(start=0, end=1.45)
    rows_of_workers(plot, "shuffles", at_least=4)
    plot.xgrid.grid_line_color = None
    rows = source(
        "shuffles",
        *(
            "y",
            "name",
            "state",
            "share_sources",
            "share_outputs",
            "y_sources",
            "y_outputs",
            "text_sources",
            "text_outputs",
        ),
    )
    bars = []
    for part, color in (("sources", "#d62839"), ("outputs", "#1c9a74")):
        place = f"y_{part}"
        bars.append(plot.hbar(y=place, right=1, height=0.34, source=rows, fill_color=colors.grid, line_color=None))
        plot.hbar(y=place, right=f"share_{part}", height=0.34, source=rows, fill_color=color, line_color=None)
        plot.text(
            x=1.015,
            y=place,
            text=f"text_{part}",
            source=rows,
            text_baseline="middle",
            text_color=colors.text,
            text_font_size="11px",
        )
    plot.add_tools(
        hover(("shuffle", "@name"), ("state", "@state"), ("", "@text_sources"), (" ", "@text_outputs"), renderers=bars)
    )
    return plot


def shuffle_bytes(theme: str) -> figure:
    """Return three bars a worker: bytes that it split, that it fetched from others, and that it wrote to disk."""
    plot = chart(theme, x="bytes")
    plot.x_range = DataRange1d(start=0, range_padding=0.05, default_span=1 << 20)
    rows_of_workers(plot, "shuffle-workers", at_least=4)
    parts = {"split": SPLIT, "fetched": ACTIVITY_COLORS["transfer"], "spilled": ACTIVITY_COLORS["disk"]}
    texts = {f"{part}_text": f"bytes:{part}" for part in parts}
    rows = source("shuffle-workers", "worker", *(f"y_{part}" for part in parts), *parts, **texts)
    bars = [
        plot.hbar(y=f"y_{part}", right=part, height=0.24, source=rows, fill_color=color, line_color=None)
        for part, color in parts.items()
    ]
    plot.add_tools(
        hover(
            ("worker", "@worker"),
            ("split here", "@split_text"),
            ("fetched from others", "@fetched_text"),
            ("written to disk", "@spilled_text"),
            renderers=bars,
        )
    )
    return plot

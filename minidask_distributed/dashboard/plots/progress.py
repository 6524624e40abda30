"""Progress: a bar a prefix of keys; and the prefixes as boxes of a graph.

Place in the flow: the pages *status* and *groups*, from the feeds of `feeds.progress`.
"""

from __future__ import annotations

from bokeh.models import DataRange1d, PanTool, Range1d, WheelZoomTool
from bokeh.plotting import figure

from minidask_distributed.dashboard.plots.charts import chart, hover, rows_of_workers, source, theme_of
from minidask_distributed.dashboard.plots.palette import STATE_COLORS

PARTS = {
    "memory": STATE_COLORS["memory"],
    "done": STATE_COLORS["released"],
    "erred": STATE_COLORS["erred"],
    "processing": STATE_COLORS["processing"],
    "queued": STATE_COLORS["queued"],
    "no_worker": STATE_COLORS["no-worker"],
    "waiting": STATE_COLORS["waiting"],
}
"""{part of a bar, from the left: colour}."""


def progress(theme: str) -> figure:
    """Return the bars: each as wide as the others, divided by the states of its tasks."""
    colors = theme_of(theme)
    plot = chart(theme, x="none", x_range=Range1d(start=-0.035, end=1.42))
    rows_of_workers(plot, "progress", at_least=5)
    plot.xgrid.grid_line_color = None
    states = ("all", "memory", "done", "erred", "processing", "queued", "no_worker", "waiting", "retries")
    rows = source(
        "progress",
        *("y", "prefix", "color", "text", "erred_edge"),
        *(f"share_{part}" for part in PARTS),
        **{f"{state}_text": f"count:{state}" for state in states},
    )
    plot.scatter(x=-0.02, y="y", source=rows, marker="square", size=9, fill_color="color", line_color=None)
    bars = plot.hbar_stack(
        [f"share_{part}" for part in PARTS],
        y="y",
        height=0.62,
        source=rows,
        color=list(PARTS.values()),
        line_color=[colors.edge if part == "erred" else None for part in PARTS],
        line_width=["erred_edge" if part == "erred" else 0 for part in PARTS],
    )
    plot.text(
        x=1.015,
        y="y",
        text="text",
        source=rows,
        text_baseline="middle",
        text_color=colors.text,
        text_font_size="12px",
    )
    plot.add_tools(
        hover(
            ("", "@prefix"),
            ("all", "@all_text"),
            ("in memory", "@memory_text"),
            ("released", "@done_text"),
            ("processing", "@processing_text"),
            ("queued", "@queued_text"),
            ("waiting", "@waiting_text"),
            ("no worker for", "@no_worker_text"),
            ("erred", "@erred_text"),
            ("run again after errors", "@retries_text"),
            renderers=bars,
            point_policy="follow_mouse",
        )
    )
    return plot


def groups(theme: str) -> figure:
    """Return the prefixes as boxes that fill from the left, with lines from what each needs."""
    colors = theme_of(theme)
    plot = chart(theme, x="none", y="none")
    plot.x_range = DataRange1d(range_padding=0.05, min_interval=1)
    plot.y_range = DataRange1d(flipped=True, range_padding=0.08, min_interval=1)
    plot.xgrid.grid_line_color = plot.ygrid.grid_line_color = None
    plot.scatter([-0.5, 3.5], [-1.5, 1.5], size=1, fill_alpha=0, line_alpha=0, name="extent", level="underlay")
    lines = source("group-edges", "x0", "y0", "x1", "y1", "cx0", "cx1")
    plot.bezier(
        x0="x0",
        y0="y0",
        x1="x1",
        y1="y1",
        cx0="cx0",
        cy0="y0",
        cx1="cx1",
        cy1="y1",
        source=lines,
        line_color=colors.muted,
        line_alpha=0.7,
        line_width=1.5,
    )
    rows = source(
        "groups",
        *(
            "left",
            "right",
            "done_right",
            "erred_left",
            "top",
            "bottom",
            "x",
            "y",
            "label",
            "label_offset",
            "below",
            "prefix",
            "color",
            "text",
        ),
        processing_text="count:processing",
        erred_text="count:erred",
        all_text="count:all",
    )
    boxes = plot.quad(
        left="left",
        right="right",
        top="top",
        bottom="bottom",
        source=rows,
        fill_color=colors.card,
        line_color="color",
        line_width=2,
    )
    plot.quad(
        left="left",
        right="done_right",
        top="top",
        bottom="bottom",
        source=rows,
        fill_color="color",
        fill_alpha=0.45,
        line_color=None,
    )
    plot.quad(
        left="erred_left",
        right="right",
        top="top",
        bottom="bottom",
        source=rows,
        fill_color=STATE_COLORS["erred"],
        fill_alpha=0.25,
        hatch_pattern="/",
        hatch_color=colors.edge,
        hatch_alpha=0.25,
        hatch_weight=0.5,
        line_color=None,
    )
    offsets: tuple[tuple[str, str | int, str], ...] = (("label", "label_offset", "12px"), ("below", 9, "11px"))
    for column, offset, size in offsets:
        plot.text(
            "x",
            "y",
            text=column,
            source=rows,
            y_offset=offset,
            text_align="center",
            text_baseline="middle",
            text_color=colors.text,
            text_font_size=size,
        )
    wheel = WheelZoomTool()
    plot.add_tools(
        PanTool(),
        wheel,
        hover(
            ("", "@prefix"),
            ("done", "@text"),
            ("processing", "@processing_text"),
            ("erred", "@erred_text"),
            renderers=[boxes],
            point_policy="follow_mouse",
        ),
    )
    plot.toolbar.active_scroll = wheel
    return plot

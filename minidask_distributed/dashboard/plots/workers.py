"""Bars of the workers: bytes, tasks, processor, work ahead, transfers.

Place in the flow: the pages *status* and *workers*; one row a worker, from the feeds of `feeds.workers`.
"""

from __future__ import annotations

from bokeh.models import DataRange1d
from bokeh.plotting import figure

from minidask_distributed.dashboard.plots.charts import chart, hover, keep_visible, rows_of_workers, source, theme_of
from minidask_distributed.dashboard.plots.palette import SPILLED_COLOR, STATE_COLORS

BAR = 0.78
"""Height of a bar, of the row's."""

IN_COLOR, OUT_COLOR = "#d62839", "#e98b94"
"""Transfers are red everywhere; what goes out is paler."""


def _bars(theme: str, x: str, feed: str) -> figure:
    plot = chart(theme, x=x, y="number", tools="")
    plot.x_range = DataRange1d(start=0, range_padding=0.02)
    rows_of_workers(plot, feed)
    return plot


def memory(theme: str) -> figure:
    """Return bars of bytes by worker: managed, unmanaged, unmanaged of late, spilled."""
    plot = _bars(theme, "bytes", "workers-memory")
    colors = theme_of(theme)
    rows = source(
        "workers-memory",
        *("y", "worker", "managed", "unmanaged", "unmanaged_recent", "spilled", "color", "limit", "end", "text"),
        managed_text="bytes:managed",
        unmanaged_text="bytes:unmanaged",
        recent_text="bytes:unmanaged_recent",
        spilled_text="bytes:spilled",
        process_text="bytes:process",
        limit_text="bytes:limit",
        percent_text="percent:percent",
    )
    bars = plot.hbar_stack(
        ["managed", "unmanaged", "unmanaged_recent", "spilled"],
        y="y",
        height=BAR,
        source=rows,
        color=["color", "color", "color", SPILLED_COLOR],
        fill_alpha=[1.0, 0.6, 0.3, 0.75],
        line_color=None,
    )
    # The limit of each: what the bar would have to reach.
    plot.scatter("limit", "y", source=rows, marker="dash", angle=1.5708, size=14, line_width=2, line_color=colors.muted)
    plot.text(
        "end",
        "y",
        text="text",
        source=rows,
        x_offset=6,
        text_baseline="middle",
        text_color=colors.text,
        text_font_size="11px",
    )
    plot.add_tools(
        hover(
            ("worker", "@worker"),
            ("process", "@process_text, @percent_text of @limit_text"),
            ("managed", "@managed_text"),
            ("unmanaged", "@unmanaged_text"),
            ("unmanaged, of the last 30 s", "@recent_text"),
            ("spilled to disk", "@spilled_text"),
            renderers=bars,
            point_policy="follow_mouse",
        )
    )
    return plot


def processing(theme: str) -> figure:
    """Return bars of tasks by worker: running, sent, queued."""
    plot = _bars(theme, "number", "workers-load")
    rows = source(
        "workers-load",
        *("y", "worker", "executing", "processing", "queued", "nthreads", "status"),
        executing_text="exact:executing",
        processing_text="exact:processing",
        queued_text="exact:queued",
    )
    bars = plot.hbar_stack(
        ["executing", "processing", "queued"],
        y="y",
        height=BAR,
        source=rows,
        color=[STATE_COLORS["processing"], STATE_COLORS["processing"], STATE_COLORS["queued"]],
        fill_alpha=[1.0, 0.45, 0.9],
        line_color=None,
    )
    keep_visible(plot, x=[0, 4])
    plot.add_tools(
        hover(
            ("worker", "@worker, @status"),
            ("running", "@executing_text on @nthreads threads"),
            ("sent ahead", "@processing_text"),
            ("queued for it", "@queued_text"),
            renderers=bars,
            point_policy="follow_mouse",
        )
    )
    return plot


def cpu(theme: str) -> figure:
    """Return bars of the processor's use by worker; a mark where all its threads would be busy."""
    plot = _bars(theme, "percent", "workers-load")
    rows = source(
        "workers-load", "y", "worker", "cpu", "cpu_limit", "nthreads", text="percent:cpu", most="percent:cpu_limit"
    )
    bars = plot.hbar(y="y", right="cpu", height=BAR, source=rows, color="#1c9a74", line_color=None)
    plot.scatter(
        "cpu_limit",
        "y",
        source=rows,
        marker="dash",
        angle=1.5708,
        size=14,
        line_width=2,
        line_color=theme_of(theme).muted,
    )
    keep_visible(plot, x=[0, 100])
    plot.add_tools(hover(("worker", "@worker"), ("CPU", "@text of @most (@nthreads threads)"), renderers=[bars]))
    return plot


def occupancy(theme: str) -> figure:
    """Return bars of the work ahead by worker, in seconds for each of its threads."""
    plot = _bars(theme, "seconds", "workers-load")
    plot.xaxis.axis_label = "seconds of work a thread"
    rows = source("workers-load", "y", "worker", "occupancy", "nthreads", text="seconds:occupancy")
    bars = plot.hbar(y="y", right="occupancy", height=BAR, source=rows, color="#8d82d3", line_color=None)
    keep_visible(plot, x=[0, 0.1])
    plot.add_tools(
        hover(("worker", "@worker"), ("work ahead", "@text a thread, on @nthreads threads"), renderers=[bars])
    )
    return plot


def transfer(theme: str) -> figure:
    """Return bars of what workers receive and send, in bytes a second."""
    plot = _bars(theme, "rate", "workers-load")
    plot.xaxis.axis_label = "bytes a second"
    rows = source(
        "workers-load",
        *("y", "worker", "bandwidth_in", "bandwidth_out"),
        in_text="rate:bandwidth_in",
        out_text="rate:bandwidth_out",
    )
    bars = plot.hbar_stack(
        ["bandwidth_in", "bandwidth_out"], y="y", height=BAR, source=rows, color=[IN_COLOR, OUT_COLOR], line_color=None
    )
    keep_visible(plot, x=[0, 1 << 20])
    plot.add_tools(hover(("worker", "@worker"), ("receives", "@in_text"), ("sends", "@out_text"), renderers=bars))
    return plot

"""Lines and areas over time: the cluster's memory, its load, and the scheduler's own process.

Place in the flow: the pages *status*, *system* and *bandwidth*, from the feeds of `feeds.history`. The time is the viewer's.
"""

from __future__ import annotations

from bokeh.models import DataRange1d
from bokeh.plotting import figure

from minidask_distributed.dashboard.plots.charts import chart, hover, source, theme_of, time_axis
from minidask_distributed.dashboard.plots.palette import MEMORY_COLORS, SPILLED_COLOR, STATE_COLORS
from minidask_distributed.dashboard.plots.workers import IN_COLOR, OUT_COLOR

WINDOW_S = 300.0


def _over_time(theme: str, y: str) -> figure:
    plot = chart(theme, x="time", y=y, x_axis_type="datetime")
    time_axis(plot, WINDOW_S)
    plot.y_range = DataRange1d(start=0, range_padding=0.08, only_visible=True)
    plot.xgrid.grid_line_color = None
    return plot


def cluster_memory(theme: str) -> figure:
    """Return the bytes of all workers over time, stacked by what they are."""
    plot = _over_time(theme, "bytes")
    rows = source(
        "cluster-memory",
        *("managed_in_memory", "unmanaged_old", "unmanaged_recent", "spilled"),
        at="local_ms:time",
        managed_text="bytes:managed_in_memory",
        unmanaged_text="bytes:unmanaged_old",
        recent_text="bytes:unmanaged_recent",
        spilled_text="bytes:spilled",
        process_text="bytes:process",
        limit_text="bytes:memory_limit",
    )
    rows.tags = [*rows.tags, "areas"]
    color = MEMORY_COLORS["ok"]
    plot.varea_stack(
        ["managed_in_memory", "unmanaged_old", "unmanaged_recent", "spilled"],
        x="at",
        source=rows,
        color=[color, color, color, SPILLED_COLOR],
        fill_alpha=[1.0, 0.6, 0.3, 0.75],
    )
    # Areas have no hover; an invisible line along the foot carries the box.
    foot = plot.line("at", "managed_in_memory", source=rows, line_alpha=0)
    plot.add_tools(
        hover(
            ("time", "@at{%H:%M:%S}"),
            ("processes", "@process_text of @limit_text"),
            ("managed", "@managed_text"),
            ("unmanaged", "@unmanaged_text"),
            ("unmanaged, of the last 30 s", "@recent_text"),
            ("spilled to disk", "@spilled_text"),
            renderers=[foot],
            formatters={"@at": "datetime"},
            mode="vline",
        )
    )
    return plot


def _lines(theme: str, y: str, kind: str, *lines: tuple[str, str, str]) -> figure:
    """Return lines of (column, what it is, colour) of the feed ``system``."""
    plot = _over_time(theme, y)
    texts = {f"{column}_text": f"{kind}:{column}" for column, _, _ in lines}
    rows = source("system", *(column for column, _, _ in lines), at="local_ms:time", **texts)
    drawn = [
        plot.line("at", column, source=rows, line_color=color, line_width=2, line_join="round")
        for column, _, color in lines
    ]
    plot.add_tools(
        hover(
            ("time", "@at{%H:%M:%S}"),
            *((what, f"@{column}_text") for column, what, _ in lines),
            renderers=drawn[:1],
            formatters={"@at": "datetime"},
            mode="vline",
        )
    )
    return plot


def scheduler_cpu(theme: str) -> figure:
    """Return the processor's use of the scheduler over time."""
    plot = _lines(theme, "percent", "percent", ("scheduler_cpu", "CPU", "#1c9a74"))
    plot.y_range = DataRange1d(start=0, default_span=100, range_padding=0.08, only_visible=True)
    return plot


def scheduler_memory(theme: str) -> figure:
    """Return the memory of the scheduler's process over time."""
    return _lines(theme, "bytes", "bytes", ("scheduler_memory", "memory", MEMORY_COLORS["ok"]))


def scheduler_delay(theme: str) -> figure:
    """Return by how much the scheduler's event loop came late."""
    return _lines(theme, "seconds", "seconds", ("scheduler_delay", "late by", "#c2619c"))


def scheduler_files(theme: str) -> figure:
    """Return the open files and sockets of the scheduler."""
    return _lines(theme, "number", "exact", ("scheduler_fds", "open files", "#116b8d"))


def cluster_cpu(theme: str) -> figure:
    """Return the processor's use of all workers together."""
    return _lines(theme, "percent", "percent", ("cpu", "CPU of all workers", "#1c9a74"))


def bandwidth(theme: str) -> figure:
    """Return what all workers receive and send."""
    return _lines(theme, "rate", "rate", ("bandwidth_in", "received", IN_COLOR), ("bandwidth_out", "sent", OUT_COLOR))


def throughput(theme: str) -> figure:
    """Return the tasks that end in a second."""
    return _lines(theme, "number", "count", ("finished", "tasks a second", STATE_COLORS["processing"]))


def backlog(theme: str) -> figure:
    """Return the tasks that run, are queued and wait."""
    return _lines(
        theme,
        "number",
        "count",
        ("processing", "processing", STATE_COLORS["processing"]),
        ("queued", "queued", STATE_COLORS["queued"]),
        ("waiting", "waiting", theme_of(theme).muted),
    )

"""Figures of a worker's own pages: its memory and CPU over time.

Place in the flow: `worker_parts` names them; their rows are the feed ``worker-history``.
"""

from __future__ import annotations

from bokeh.models import DataRange1d, LayoutDOM

from minidask_distributed.dashboard.plots.charts import chart, hover, source, theme_of, time_axis

_MEMORY = (("managed", "#0072b2"), ("unmanaged", "#e69f00"))
_FEED = "worker-history"


def memory(theme: str) -> LayoutDOM:
    """Return the process's memory: results, and the rest."""
    rows = source(
        _FEED,
        "managed",
        "unmanaged",
        "spilled",
        at="local_ms:time",
        total="bytes:memory",
        held="bytes:managed",
        disk="bytes:spilled",
    )
    rows.tags = [*rows.tags, "areas"]
    plot = chart(theme, x="time", y="bytes")
    time_axis(plot)
    plot.varea_stack(
        [name for name, _ in _MEMORY], x="at", color=[color for _, color in _MEMORY], fill_alpha=0.8, source=rows
    )
    line = plot.line("at", "spilled", source=rows, color=theme_of(theme).muted, line_width=2, line_dash="dashed")
    plot.add_tools(
        hover(("process", "@total"), ("results", "@held"), ("on disk", "@disk"), renderers=[line], mode="vline")
    )
    plot.y_range = DataRange1d(start=0)
    return plot


def cpu(theme: str) -> LayoutDOM:
    """Return the process's CPU, in percent of one."""
    rows = source(_FEED, "cpu", at="local_ms:time", text="percent:cpu")
    plot = chart(theme, x="time", y="percent")
    time_axis(plot)
    line = plot.line("at", "cpu", source=rows, color=theme_of(theme).accent, line_width=2)
    plot.add_tools(hover(("CPU", "@text"), renderers=[line], mode="vline"))
    plot.y_range = DataRange1d(start=0)
    return plot


def tasks(theme: str) -> LayoutDOM:
    """Return the numbers of tasks that run, that are ready and whose data are on their way."""
    rows = source(_FEED, "executing", "ready", "in_flight", at="local_ms:time")
    plot = chart(theme, x="time", y="number")
    time_axis(plot)
    lines = [
        plot.line("at", name, source=rows, color=color, line_width=2)
        for name, color in (("executing", "#009e73"), ("ready", "#56b4e9"), ("in_flight", "#d55e00"))
    ]
    shown = ("running", "@executing"), ("ready", "@ready"), ("being fetched", "@in_flight")
    plot.add_tools(hover(*shown, renderers=lines[:1], mode="vline"))
    plot.y_range = DataRange1d(start=0)
    return plot

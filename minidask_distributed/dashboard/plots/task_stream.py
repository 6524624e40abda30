"""The task stream: a row a thread, a rectangle a task.

Place in the flow: the pages *status* and *tasks*; `feeds.task_stream` decides what becomes a rectangle. The page's script moves
the range of time and offers the controls (a figure tagged ``timeline``).
"""

from __future__ import annotations

from bokeh.models import FixedTicker, PanTool, Range1d, WheelZoomTool
from bokeh.plotting import figure

from minidask_distributed.dashboard.plots.charts import chart, hover, source, theme_of


def _stream(theme: str, window_s: int, history: int) -> figure:
    colors = theme_of(theme)
    plot = chart(
        theme,
        x="time",
        y="number",
        x_axis_type="datetime",
        x_range=Range1d(start=0, end=1000),
        y_range=Range1d(start=3.5, end=-0.5),
        lod_threshold=None,
        tags=["timeline", "stream:task-stream", "lanes:task-lanes", f"window:{window_s}", f"history:{history}"],
    )
    plot.yaxis[0].ticker = FixedTicker(ticks=[])
    plot.yaxis[0].tags = ["labels:task-lanes:y:label"]
    plot.yaxis[0].major_tick_line_color = None
    plot.ygrid.grid_line_color = None
    bands = source("task-lanes", "top", "bottom", "shade")
    plot.hstrip(y0="top", y1="bottom", source=bands, fill_color=colors.muted, fill_alpha="shade", line_color=None)
    rows = source(
        "task-stream",
        *("y", "name", "color", "worker", "thread", "count"),
        edge="edge:color",
        left="local_ms:start",
        right="local_ms:stop",
        duration_text="seconds:duration",
        nbytes_text="bytes:nbytes",
    )
    shown = plot.hbar(
        y="y",
        left="left",
        right="right",
        height=0.84,
        source=rows,
        fill_color="color",
        line_color="edge",
        line_width=0.5,
    )
    pan, wheel = PanTool(), WheelZoomTool(dimensions="width")
    plot.add_tools(
        pan,
        wheel,
        hover(
            ("", "@name"),
            ("took", "@duration_text"),
            ("worker", "@worker"),
            ("thread", "@thread"),
            ("tasks", "@count"),
            ("bytes", "@nbytes_text"),
            renderers=[shown],
            point_policy="follow_mouse",
        ),
    )
    plot.toolbar.active_drag, plot.toolbar.active_scroll = pan, wheel
    return plot


def task_stream(theme: str) -> figure:
    """Return the task stream of the last half minute."""
    return _stream(theme, 30, 20_000)


def long_task_stream(theme: str) -> figure:
    """Return the task stream with a longer view and memory."""
    return _stream(theme, 120, 50_000)

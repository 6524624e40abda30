"""The live graph of tasks, by state.

Place in the flow: the page *graph*, from the feeds of `feeds.graph`, which put prefixes in the place of tasks when there are
too many.
"""

from __future__ import annotations

from bokeh.models import DataRange1d, PanTool, WheelZoomTool
from bokeh.plotting import figure
from bokeh.transform import factor_cmap

from minidask_distributed.dashboard.plots.charts import chart, hover, source, theme_of
from minidask_distributed.dashboard.plots.palette import STATE_COLORS


def graph(theme: str) -> figure:
    """Return dots and lines: what depends on others stands to their right."""
    colors = theme_of(theme)
    plot = chart(theme, x="none", y="none")
    plot.x_range = DataRange1d(range_padding=0.14, min_interval=1)
    plot.y_range = DataRange1d(flipped=True, range_padding=0.06, min_interval=1)
    plot.xgrid.grid_line_color = plot.ygrid.grid_line_color = None
    plot.scatter([0, 3], [-1.5, 1.5], size=1, fill_alpha=0, line_alpha=0, name="extent", level="underlay")
    lines = source("graph-edges", "x0", "y0", "x1", "y1")
    plot.segment("x0", "y0", "x1", "y1", source=lines, line_color=colors.muted, line_alpha=0.45)
    rows = source(
        "graph", "x", "y", "name", "label", "label_offset", "state", "color", "size", "where", count_text="count:count"
    )
    edges = [colors.edge if state == "erred" else colors.card for state in STATE_COLORS]
    dots = plot.scatter(
        "x",
        "y",
        size="size",
        source=rows,
        fill_color="color",
        line_color=factor_cmap("state", palette=edges, factors=list(STATE_COLORS), nan_color=colors.card),
    )
    plot.text(
        "x",
        "y",
        text="label",
        source=rows,
        y_offset="label_offset",
        text_align="center",
        text_baseline="middle",
        text_color=colors.text,
        text_font_size="12px",
    )
    wheel = WheelZoomTool()
    plot.add_tools(
        PanTool(),
        wheel,
        hover(("", "@name"), ("state", "@state"), ("tasks", "@count_text"), ("at", "@where"), renderers=[dots]),
    )
    plot.toolbar.active_scroll = wheel
    return plot

"""What workers send each other, and how fast: a matrix of pairs, and bars of types.

Place in the flow: the page *bandwidth*, from the feeds of `feeds.bandwidth`.
"""

from __future__ import annotations

from bokeh.models import AdaptiveTicker, DataRange1d, FixedTicker, LinearColorMapper
from bokeh.models.annotations import ColorBar
from bokeh.plotting import figure
from bokeh.transform import transform

from minidask_distributed.dashboard.plots.charts import (
    FONT,
    chart,
    formatter,
    hover,
    keep_visible,
    rows_of_workers,
    source,
    theme_of,
)

SEQUENCE = {
    "light": ("#e8edf6", "#c9d8ee", "#a5bfe4", "#7fa3d6", "#5a86c4", "#3a69ad", "#214d8f", "#10346b"),
    "dark": ("#232e3f", "#28405f", "#2d5481", "#3468a3", "#4180c4", "#5a9ae0", "#86b8f0", "#bcd9fa"),
}
"""From slow to fast: away from the background."""


def pairs(theme: str) -> figure:
    """Return the matrix: senders in rows, receivers in columns, the bandwidth as the colour."""
    colors = theme_of(theme)
    plot = chart(theme, x="number", y="number")
    plot.x_range = DataRange1d(range_padding=0.0)
    plot.min_border_right = 84  # for the numbers of the colours, which come later than the layout
    rows_of_workers(plot, "bandwidth-workers", at_least=2)
    plot.xaxis[0].ticker = FixedTicker(ticks=[])
    plot.xaxis[0].tags = ["labels:bandwidth-workers:y:label"]
    plot.xaxis[0].major_label_orientation = 0.7
    plot.xaxis[0].major_tick_line_color = plot.xaxis[0].axis_line_color = None
    plot.xgrid.grid_line_color = None
    plot.xaxis.axis_label, plot.yaxis.axis_label = "to", "from"
    keep_visible(plot, x=[-0.5, 1.5])
    rows = source(
        "bandwidth-pairs",
        *("x", "y", "source", "target", "bandwidth"),
        nbytes_text="bytes:nbytes",
        count_text="count:count",
        bandwidth_text="rate:bandwidth",
    )
    mapper = LinearColorMapper(palette=list(SEQUENCE[theme]), low=0)
    cells = plot.rect(
        "x", "y", width=0.94, height=0.94, source=rows, fill_color=transform("bandwidth", mapper), line_color=None
    )
    plot.add_layout(
        ColorBar(
            color_mapper=mapper,
            formatter=formatter("rate"),
            ticker=AdaptiveTicker(base=1024, mantissas=[1, 2, 4, 8, 16, 32, 64, 128, 256, 512], desired_num_ticks=5),
            major_label_text_color=colors.muted,
            major_label_text_font=FONT,
            background_fill_color=None,
            border_line_color=None,
            bar_line_color=None,
            major_tick_line_color=None,
            width=12,
        ),
        "right",
    )
    plot.add_tools(
        hover(
            ("from", "@source"),
            ("to", "@target"),
            ("bandwidth", "@bandwidth_text"),
            ("sent so far", "@nbytes_text in @count_text transfers"),
            renderers=[cells],
        )
    )
    return plot


def types(theme: str) -> figure:
    """Return bars: bytes a second of values by type."""
    plot = chart(theme, x="rate")
    plot.x_range = DataRange1d(start=0, range_padding=0.02)
    plot.xaxis.axis_label = "bytes a second, in transfers of this type"
    rows_of_workers(plot, "bandwidth-types", at_least=5)
    rows = source(
        "bandwidth-types",
        *("y", "type", "bandwidth"),
        nbytes_text="bytes:nbytes",
        count_text="count:count",
        bandwidth_text="rate:bandwidth",
    )
    bars = plot.hbar(y="y", right="bandwidth", height=0.7, source=rows, color="#3f78c4", line_color=None)
    keep_visible(plot, x=[0, 1 << 20])
    plot.add_tools(
        hover(
            ("type", "@type"),
            ("bandwidth", "@bandwidth_text"),
            ("sent so far", "@nbytes_text in @count_text transfers"),
            renderers=[bars],
        )
    )
    return plot

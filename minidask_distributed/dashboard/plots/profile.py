"""Flame graphs: which functions threads were seen in, and by which way they got there.

Place in the flow: the pages *profile* and *profile-server*. The page's script asks ``json/profile.json`` and fills the sources; a
figure tagged ``flame`` gets its controls: a click on a box shows that function and what it calls.
"""

from __future__ import annotations

from bokeh.core.properties import value
from bokeh.models import BoxSelectTool, DataRange1d, PanTool, Range1d, TapTool
from bokeh.plotting import figure

from minidask_distributed.dashboard.plots.charts import chart, hover, source, theme_of, time_axis

MONO = "ui-monospace, 'DejaVu Sans Mono', monospace"
"""Of the text in boxes: the script cuts it to their widths by counting letters."""


def _flame(theme: str, scope: str) -> figure:
    colors = theme_of(theme)
    plot = chart(
        theme,
        x="none",
        y="none",
        x_range=Range1d(start=0, end=1),
        y_range=Range1d(start=12, end=0),
        tags=[f"flame:{scope}"],
    )
    plot.xgrid.grid_line_color = plot.ygrid.grid_line_color = None
    rows = source(
        "profile-boxes",
        *("left", "right", "bottom", "top", "name", "label", "color", "place"),
        count_text="count:count",
        percent_text="percent:percent",
        text="text:label",
    )
    boxes = plot.quad(
        left="left",
        right="right",
        top="top",
        bottom="bottom",
        source=rows,
        fill_color="color",
        fill_alpha=0.75,
        line_color=colors.card,
        line_width=1,
    )
    for glyph in (boxes.nonselection_glyph, boxes.selection_glyph):
        if glyph is not None and glyph != "auto":
            glyph.fill_alpha = 0.75
    plot.text(
        "left",
        "bottom",
        text="text",
        source=rows,
        x_offset=4,
        y_offset=2,
        text_baseline="top",
        text_color=colors.text,
        text_font_size="11px",
        text_font=value(MONO),
    )
    pan = PanTool(dimensions="height")
    plot.add_tools(
        pan,
        TapTool(renderers=[boxes]),
        hover(
            ("", "@name"),
            ("where", "@place"),
            ("samples", "@count_text, @percent_text of all"),
            renderers=[boxes],
            point_policy="follow_mouse",
        ),
    )
    plot.toolbar.active_drag = pan
    return plot


def flame_workers(theme: str) -> figure:
    """Return the flame graph of the threads that run tasks."""
    return _flame(theme, "workers")


def flame_server(theme: str) -> figure:
    """Return the flame graph of the event loops."""
    return _flame(theme, "scheduler")


def flame_loop(theme: str) -> figure:
    """Return the flame graph of one worker's event loop."""
    return _flame(theme, "workers-loop")


def timeline(theme: str) -> figure:
    """Return how many samples there are over time; dragging over a part of it chooses that time."""
    accent = theme_of(theme).accent
    plot = chart(theme, x="time", y="number", x_axis_type="datetime", tags=["samples"])
    time_axis(plot, 3600)
    plot.y_range = DataRange1d(start=0, range_padding=0.1)
    rows = source("profile-timeline", "count", at="local_ms:time")
    plot.vbar(x="at", top="count", width=1000, source=rows, fill_color=accent, fill_alpha=0.6, line_color=None)
    select = BoxSelectTool(dimensions="width", persistent=True)
    select.overlay.update(fill_color=accent, fill_alpha=0.15, line_color=accent, line_dash="solid")
    plot.add_tools(select)
    plot.toolbar.active_drag = select
    return plot

"""Bokeh plots of what the profilers recorded.

Place in the flow: `Profiler.visualize` and its like end here. Bokeh is optional and imported when a plot is made.
Invariant: a file written with the default ``mode="inline"`` holds all it needs; opening it loads nothing from outside.
Not for pictures of graphs (`pictures`) nor for the dashboard of a cluster.
"""

from __future__ import annotations

import math
import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from minidask.diagnostics.notebook import in_notebook
from minidask.graph.task import func_name

__all__ = ["plot_cache", "plot_resources", "plot_tasks", "visualize"]

# Colours for functions: Okabe and Ito's set for colour-blind readers (https://jfly.uni-koeln.de/color/), then tints.
PALETTE = (
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#666666",
    "#66aad1", "#f0c566", "#66c5ab", "#e0afca", "#9ad2f2", "#e69e66", "#f6ef8e", "#a3a3a3",
)  # fmt: skip
MODES = ("inline", "cdn", "server", "relative", "absolute")


def visualize(
    profilers: Any,
    filename: str | os.PathLike[str] | None = "profile.html",
    show: bool = True,
    save: bool | None = None,
    mode: str | None = None,
    **kwargs: Any,
) -> Any:
    """Plot the results of one profiler, or of several above each other on one time axis.

    Parameters
    ----------
    profilers : Profiler, ResourceProfiler, CacheProfiler, or a list of them
    filename : str or path
        The HTML file to write.
    show : bool
        Show the plot: in the notebook if there is one, otherwise in a browser.
    save : bool, optional
        Write the file. By default, yes unless in a notebook.
    mode : str, optional
        Where the file takes Bokeh's own scripts from. By default "inline": the file holds them and loads nothing from
        outside. Others are those of ``bokeh.resources.Resources``.
    **kwargs
        Properties for Bokeh's ``figure``; they override those set here.

    Returns
    -------
    bokeh model
        The figure of a single profiler, or the column of figures.

    Raises
    ------
    ImportError
        If Bokeh is missing.
    TypeError
        If something else than a profiler is given.
    ValueError
        If there is no profiler, `mode` is unknown, or the plot is to be saved without a filename.

    Examples
    --------
    >>> import tempfile
    >>> from minidask.diagnostics import Profiler, visualize
    >>> from minidask.schedulers.threads import get
    >>> with Profiler() as prof:
    ...     get({"x": (sum, [1, 2])}, "x")
    3
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     figure = visualize([prof], filename=folder + "/profile.html", show=False)
    """
    _bokeh()
    from bokeh.layouts import column

    several = list(profilers) if isinstance(profilers, Iterable) else [profilers]
    if not several:
        raise ValueError("no profiler was given, so there is nothing to plot")
    for profiler in several:
        if not hasattr(profiler, "_plot"):
            raise TypeError(f"visualize needs profilers, or a list of them, got {type(profiler).__name__}")
    mode = mode or "inline"
    if mode not in MODES:
        raise ValueError(f"unknown mode {mode!r}; there are {', '.join(MODES)}")
    notebook = in_notebook()
    save = not notebook if save is None else save
    if (save or (show and not notebook)) and not filename:
        raise ValueError("a plot can't be saved, nor shown in a browser, without a filename")

    firsts = [first for profiler in several if (first := profiler._first_time()) is not None]
    origin = min(firsts, default=0.0)
    if not (isinstance(profilers, Iterable)):
        plot = profilers._plot(origin, **kwargs)
    else:
        figures = [profiler._plot(origin, **kwargs) for profiler in several]
        for figure in figures[1:]:
            figure.x_range = figures[0].x_range
        plot = column(figures, sizing_mode="stretch_width")
    if save or (show and not notebook):
        assert filename is not None
        _write(plot, Path(filename), mode)
    if show:
        _show(plot, filename, notebook)
    return plot


def _write(plot: Any, path: Path, mode: Any) -> None:
    from bokeh.embed import file_html
    from bokeh.resources import Resources

    path.write_text(file_html(plot, resources=Resources(mode=mode), title="minidask: profile"), encoding="utf-8")


def _show(plot: Any, filename: str | os.PathLike[str] | None, notebook: bool) -> None:
    if notebook:
        from bokeh.io import output_notebook, show
        from bokeh.resources import INLINE

        output_notebook(resources=INLINE, hide_banner=True)
        show(plot)
    else:
        import webbrowser

        assert filename is not None
        webbrowser.open(Path(filename).resolve().as_uri())


def plot_tasks(results: Sequence[Any], origin: float = 0.0, **kwargs: Any) -> Any:
    """Plot tasks as bars, one row for each worker, coloured by function.

    Parameters
    ----------
    results : sequence of TaskData
    origin : float
        The moment, in seconds since the epoch, that the time axis calls 0.
    **kwargs
        Properties for Bokeh's ``figure``.

    Returns
    -------
    bokeh figure

    Raises
    ------
    ImportError
        If Bokeh is missing.
    """
    bokeh = _bokeh()
    from bokeh.models import ColumnDataSource, HoverTool

    rows = {worker: row for row, worker in enumerate(sorted({record.worker_id for record in results}, key=str))}
    names = [_task_name(record.task) for record in results]
    colors = _colors(names)
    begin = [record.start_time - origin for record in results]
    end = [record.end_time - origin for record in results]
    source = ColumnDataSource(
        {
            "left": begin,
            "right": end,
            "row": [rows[record.worker_id] for record in results],
            "color": [colors[name] for name in names],
            "function": names,
            "key": [_shorten(str(record.key)) for record in results],
            "worker": [str(record.worker_id) for record in results],
            "milliseconds": [1000 * (record.end_time - record.start_time) for record in results],
        }
    )
    figure = _figure(
        bokeh,
        {
            "title": "Tasks",
            "y_axis_label": "Worker",
            "x_range": (0, max(end, default=1.0) or 1.0),
            "y_range": (-0.5, max(len(rows), 1) - 0.5),
            "height": 120 + 30 * min(max(len(rows), 4), 16),
        },
        kwargs,
    )
    bars = figure.hbar(
        y="row", left="left", right="right", height=0.8, fill_color="color", line_color="white", line_width=0.5,
        source=source,
    )  # fmt: skip
    figure.yaxis.ticker = list(rows.values())
    figure.yaxis.major_label_overrides = {row: str(row) for row in rows.values()}
    figure.grid.grid_line_color = None
    tips = [("key", "@key"), ("function", "@function"), ("time", "@milliseconds{0,0.00} ms"), ("worker", "@worker")]
    figure.add_tools(HoverTool(renderers=[bars], tooltips=tips, point_policy="follow_mouse"))
    _legend(figure, colors)
    return figure


def plot_resources(results: Sequence[Any], origin: float = 0.0, **kwargs: Any) -> Any:
    """Plot memory (MB, left axis) and CPU use (% of one core, right axis) over time.

    Parameters
    ----------
    results : sequence of ResourceData
    origin : float
        The moment, in seconds since the epoch, that the time axis calls 0.
    **kwargs
        Properties for Bokeh's ``figure``.

    Returns
    -------
    bokeh figure

    Raises
    ------
    ImportError
        If Bokeh is missing.
    """
    bokeh = _bokeh()
    from bokeh.models import ColumnDataSource, HoverTool, LinearAxis, Range1d

    source = ColumnDataSource(
        {
            "time": [record.time - origin for record in results],
            "cpu": [record.cpu for record in results],
            "mem": [record.mem for record in results],
        }
    )
    memory = [record.mem for record in results] or [0.0]
    margin = 0.1 * (max(memory) - min(memory)) or 1.0
    figure = _figure(
        bokeh,
        {
            "title": "Memory and CPU",
            "y_axis_label": "Memory (MB)",
            "x_range": (0, max((record.time - origin for record in results), default=1.0) or 1.0),
            "y_range": (max(0.0, min(memory) - margin), max(memory) + margin),
            "height": 240,
        },
        kwargs,
    )
    top = max(100.0, 1.05 * max((record.cpu for record in results), default=0.0))
    figure.extra_y_ranges = {"cpu": Range1d(start=0, end=top)}
    figure.add_layout(LinearAxis(y_range_name="cpu", axis_label="CPU (%)"), "right")
    lines = [
        figure.line("time", "mem", color=PALETTE[0], line_width=3, legend_label="Memory", source=source),
        figure.line(
            "time", "cpu", color=PALETTE[1], line_width=3, legend_label="CPU", y_range_name="cpu", source=source
        ),
    ]
    tips = [("time", "@time{0.00} s"), ("memory", "@mem{0,0.0} MB"), ("CPU", "@cpu{0} %")]
    figure.add_tools(HoverTool(renderers=lines[:1], tooltips=tips, mode="vline"))
    figure.legend.location = "top_left"
    return figure


def plot_cache(results: Sequence[Any], origin: float = 0.0, metric_name: str = "count", **kwargs: Any) -> Any:
    """Plot how much was held over time, one line for each function.

    Parameters
    ----------
    results : sequence of CacheData
    origin : float
        The moment, in seconds since the epoch, that the time axis calls 0.
    metric_name : str
        What was measured.
    **kwargs
        Properties for Bokeh's ``figure``.

    Returns
    -------
    bokeh figure

    Raises
    ------
    ImportError
        If Bokeh is missing.
    """
    bokeh = _bokeh()
    from bokeh.models import ColumnDataSource, HoverTool

    changes: dict[str, list[tuple[float, Any]]] = defaultdict(list)
    for record in results:
        steps = changes[_task_name(record.task)]
        steps.append((record.cache_time - origin, record.metric))
        steps.append((record.free_time - origin, -record.metric))
    colors = _colors(name for name in changes for _ in changes[name])
    latest = max((record.free_time - origin for record in results), default=1.0) or 1.0
    figure = _figure(
        bokeh,
        {"title": "Results held", "y_axis_label": f"Held ({metric_name})", "x_range": (0, latest), "height": 240},
        kwargs,
    )
    lines = []
    for name, steps in changes.items():
        held, times, values = 0, [0.0], [0]
        for time, change in sorted(steps, key=lambda step: step[0]):
            held += change
            times.append(time)
            values.append(held)
        source = ColumnDataSource({"time": times, "held": values, "function": [name] * len(times)})
        lines.append(figure.step("time", "held", mode="after", color=colors[name], line_width=3, source=source))
    tips = [("function", "@function"), ("time", "@time{0.00} s"), ("held", "@held")]
    figure.add_tools(HoverTool(renderers=lines, tooltips=tips))
    _legend(figure, colors)
    return figure


def _bokeh() -> Any:
    """Return the module `bokeh.plotting`."""
    try:
        import bokeh.plotting
    except ImportError as error:
        raise ImportError("the plots of profilers need Bokeh: pip install minidask[diagnostics]") from error
    return bokeh.plotting


def _figure(bokeh: Any, defaults: dict[str, Any], kwargs: dict[str, Any]) -> Any:
    common = {
        "x_axis_label": "Time (s)",
        "tools": "xpan,xwheel_zoom,xbox_zoom,reset,save",
        "sizing_mode": "stretch_width",
        "toolbar_location": "above",
    }
    figure = bokeh.figure(**{**common, **defaults, **kwargs})
    figure.toolbar.logo = None
    return figure


def _legend(figure: Any, colors: dict[str, str]) -> None:
    """List the functions with the most records; more than the palette holds would tell nothing."""
    if not colors:
        return
    from bokeh.models.annotations import Legend, LegendItem

    items = []
    for name, color in list(colors.items())[: len(PALETTE)]:
        swatch = figure.rect(x=[math.nan], y=[math.nan], width=1, height=1, fill_color=color, line_color=None)
        items.append(LegendItem(label={"value": _shorten(name, 30)}, renderers=[swatch]))
    figure.add_layout(Legend(items=items, label_text_font_size="9pt", spacing=0), "right")


def _colors(names: Iterable[str]) -> dict[str, str]:
    """Return a colour for each name, the most frequent names first, the others sharing them in turn."""
    counts: dict[str, int] = defaultdict(int)
    for name in names:
        counts[name] += 1
    ranked = sorted(counts, key=lambda name: (-counts[name], name))
    return {name: PALETTE[rank % len(PALETTE)] for rank, name in enumerate(ranked)}


def _task_name(task: Any) -> str:
    return func_name(task.func) if hasattr(task, "func") else type(task).__name__


def _shorten(text: str, limit: int = 200) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"

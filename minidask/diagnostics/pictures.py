"""Pictures of graphs: the entry behind ``collection.visualize()``.

Place in the flow: `visualize_graph` (tasks) and `visualize_layers` make a `Drawing`, have an engine write it in a
format, save that to a file and return a `Picture` that a notebook shows. The engine is an argument: who calls reads the
setting ``visualization.engine``.

Engines: "svg" draws by itself (SVG, HTML); "graphviz" runs the program ``dot`` (PNG, PDF, JPEG, SVG, HTML). DOT text
needs neither. A new engine is a branch in `_render` and a name in `ENGINES`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from minidask.diagnostics.colors import COLORMAPS, colorize
from minidask.diagnostics.drawing import Drawing, Legend, draw_graph, draw_layers
from minidask.diagnostics.graphviz import REMEDY, dot_text, has_graphviz, run_dot
from minidask.diagnostics.lifetimes import Lifetime, lifetimes
from minidask.diagnostics.svg import html_page, svg_text
from minidask.graph.order import order as order_of
from minidask.graph.traverse import CycleError, find_cycle

__all__ = ["Picture", "visualize_graph", "visualize_layers"]

# Engines: {name: formats it can write}.
ENGINES = {"graphviz": ("png", "svg", "pdf", "jpg", "jpeg", "html", "dot"), "svg": ("svg", "html", "dot")}
FORMATS = ENGINES["graphviz"]
RANKDIRS = ("TB", "BT", "LR", "RL")
# Endings of pictures that nobody here writes; any other ending is taken as a part of the name.
FOREIGN = ("bmp", "eps", "gif", "ps", "tif", "tiff", "webp")
LEGEND_STEPS = 40

# Colourings: {name: (title, number for the call, number for the result)}.
COLORS = {
    "order": ("Order", "order", "order"),
    "ages": ("Age: tasks until released", "age", "age"),
    "freed": ("Results released by the task", "freed", "freed"),
    "memoryincreases": ("More results held after its lifetime", "increase", "increase"),
    "memorydecreases": ("Fewer results held after its lifetime", "decrease", "decrease"),
    "memorypressure": ("Results held", "held_when_run", "held_when_released"),
}


class Picture:
    """A drawn graph. Notebooks show it.

    Attributes
    ----------
    data : str or bytes
        The picture: text for the formats svg, html and dot, bytes for the others.
    format : str
    filename : str or None
        The file that it was written to.
    svg : str or None
        The bare picture if the format is svg or html.
    """

    __slots__ = ("data", "filename", "format", "svg")

    def __init__(self, data: str | bytes, format: str, filename: str | None = None, svg: str | None = None) -> None:
        self.data = data
        self.format = format
        self.filename = filename
        self.svg = svg

    def __repr__(self) -> str:
        return f"<Picture {self.format}: {self.filename or 'not in a file'}, {len(self.data)} bytes>"

    def _repr_svg_(self) -> str | None:
        return self.svg if self.format == "svg" else None

    def _repr_html_(self) -> str | None:
        return f'<div style="overflow:auto">{self.svg}</div>' if self.format == "html" else None

    def _repr_png_(self) -> str | bytes | None:
        return self.data if self.format == "png" else None

    def _repr_jpeg_(self) -> str | bytes | None:
        return self.data if self.format in ("jpg", "jpeg") else None

    def _repr_pdf_(self) -> str | bytes | None:
        return self.data if self.format == "pdf" else None


def visualize_graph(
    graph: Mapping[Any, Any],
    filename: str | os.PathLike[str] | None = "mydask",
    format: str | None = None,
    engine: str | None = None,
    keys: Iterable[Any] = (),
    *,
    color: str | None = None,
    order: Mapping[Any, int] | None = None,
    cmap: str = "viridis",
    maxval: float | None = None,
    rankdir: str = "TB",
    verbose: bool = False,
    collapse_outputs: bool = False,
    graph_attr: Mapping[str, Any] | None = None,
    node_attr: Mapping[str, Any] | None = None,
    edge_attr: Mapping[str, Any] | None = None,
    data_attributes: Mapping[Any, Mapping[str, Any]] | None = None,
    function_attributes: Mapping[Any, Mapping[str, Any]] | None = None,
) -> Picture:
    """Draw a graph of tasks: an ellipse for each call, a box for each result, arrows from results to their users.

    Parameters
    ----------
    graph : mapping of key to Task
    filename : str, path or None
        File to write; None writes none. An ending that names a format chooses it, otherwise one is added.
    format : str, optional
        "svg", "html" or "dot"; with Graphviz also "png", "pdf", "jpg", "jpeg". By default that of the filename; else
        what `engine` is best at; else "png" where Graphviz is installed and "svg" where not.
    engine : {"graphviz", "svg"}, optional
        By default "svg" for what it can write, "graphviz" for the rest.
    keys : keys, in nested lists or not
        The outputs, which are drawn emphasised.
    color : str, optional
        Colour by "order" (of execution, the number is on the calls), "ages" (for how many tasks a result is held),
        "freed" (results released by a task), "memoryincreases", "memorydecreases" (results held after its lifetime
        compared with before), or "memorypressure" (results held when a task runs and when its result is released).
    order : mapping of key to int, optional
        The order of execution, for `color`. By default that of `minidask.graph.order.order`.
    cmap : str
        Colour map: "viridis", "plasma", "RdBu", "autumn", "Blues", "Reds".
    maxval : float, optional
        The number that gets the last colour; by default the largest.
    rankdir : {"TB", "BT", "LR", "RL"}
        Where arrows point: to the bottom, top, right or left.
    verbose : bool
        Label boxes with whole keys.
    collapse_outputs : bool
        Leave out the boxes of results that no other task uses.
    graph_attr, node_attr, edge_attr : dict, optional
        Attributes in Graphviz's words. The engine "svg" knows colours, fonts, pen widths and simple shapes.
    data_attributes, function_attributes : mapping of key to dict, optional
        Attributes of single boxes and ellipses.

    Returns
    -------
    Picture

    Raises
    ------
    CycleError
        If the graph has a cycle.
    KeyError
        If one of `keys` is not in the graph, or `order` lacks a key.
    RuntimeError
        If Graphviz is needed and missing, or fails.
    TypeError
        If `graph` is no mapping.
    ValueError
        If format, engine, colouring, colour map, direction or an attribute is unknown.

    Examples
    --------
    >>> from operator import add
    >>> from minidask.graph import convert
    >>> picture = visualize_graph(convert({"x": 1, "y": (add, "x", 10)}), filename=None, format="svg", keys="y")
    >>> picture.data[:4], picture.format
    ('<svg', 'svg')
    """
    if not isinstance(graph, Mapping):
        raise TypeError(f"graph must be a mapping from keys to tasks, not {type(graph).__name__}")
    engine, format, path = _choose(filename, format, engine)
    outputs = _flatten(keys)
    for key in outputs:
        if key not in graph:
            raise KeyError(f"the output {key!r} is not in the graph")
    cycle = find_cycle(graph)
    if cycle:
        raise CycleError(cycle)
    fills, notes, legend = _colored(graph, color, order, cmap, maxval)
    drawing = draw_graph(
        graph,
        outputs,
        fills=fills,
        notes=notes,
        collapse_outputs=collapse_outputs,
        verbose=verbose,
        data_attributes=data_attributes,
        function_attributes=function_attributes,
    )
    drawing.legend = legend
    _decorate(drawing, rankdir, graph_attr, node_attr, edge_attr)
    return _finish(drawing, engine, format, path)


def visualize_layers(
    layers: Mapping[str, Any],
    dependencies: Mapping[str, Iterable[str]],
    filename: str | os.PathLike[str] | None = "mydask-layers",
    format: str | None = None,
    engine: str | None = None,
    *,
    rankdir: str = "TB",
    verbose: bool = False,
    graph_attr: Mapping[str, Any] | None = None,
    node_attr: Mapping[str, Any] | None = None,
    edge_attr: Mapping[str, Any] | None = None,
) -> Picture:
    """Draw a graph of layers: a box for each, with its name and its kind.

    Parameters
    ----------
    layers : mapping of name to Layer
    dependencies : mapping of name to names
    filename, format, engine, rankdir, verbose, graph_attr, node_attr, edge_attr
        As for `visualize_graph`.

    Returns
    -------
    Picture

    Raises
    ------
    KeyError
        If a layer depends on one that is not there.
    RuntimeError
        If Graphviz is needed and missing, or fails.
    TypeError
        If `layers` or `dependencies` is no mapping.
    ValueError
        If format, engine, direction or an attribute is unknown, or layers form a cycle.

    Examples
    --------
    >>> picture = visualize_layers({"a": {}, "b": {}}, {"b": {"a"}}, filename=None, format="dot")
    >>> "n0 -> n1" in picture.data
    True
    """
    for what, mapping in (("layers", layers), ("dependencies", dependencies)):
        if not isinstance(mapping, Mapping):
            raise TypeError(f"{what} must be a mapping from names, not {type(mapping).__name__}")
    engine, format, path = _choose(filename, format, engine)
    drawing = draw_layers(layers, dependencies, verbose=verbose)
    _decorate(drawing, rankdir, graph_attr, node_attr, edge_attr)
    return _finish(drawing, engine, format, path)


def _choose(
    filename: str | os.PathLike[str] | None, format: str | None, engine: str | None
) -> tuple[str, str, Path | None]:
    """Return (engine, format, path of the file) after checking that they go together."""
    if engine is not None and engine not in ENGINES:
        raise ValueError(f"unknown engine {engine!r} to draw graphs; there are {' and '.join(map(repr, ENGINES))}")
    if filename is not None and not isinstance(filename, str | os.PathLike):
        raise TypeError(f"filename must be a text, a path or None, not {type(filename).__name__}")
    path = None if filename is None else Path(filename)
    ending = "" if path is None else path.suffix[1:].lower()
    if format is None:
        if ending in FORMATS:
            format = ending
        elif ending in FOREIGN:
            raise ValueError(f"can't write {filename!s}: unknown format {ending!r}; there are {', '.join(FORMATS)}")
        else:
            format = "svg" if engine == "svg" or not (engine or has_graphviz()) else "png"
    format = format.lower().removeprefix(".")
    if format not in FORMATS:
        raise ValueError(f"unknown format {format!r}; there are {', '.join(FORMATS)}")
    if engine is None:
        engine = "svg" if format in ENGINES["svg"] else "graphviz"
    if format not in ENGINES[engine]:
        raise ValueError(
            f"the engine {engine!r} can't write {format!r}, only {', '.join(ENGINES[engine])}; "
            f"engine='graphviz' writes {', '.join(FORMATS)}"
        )
    if engine == "graphviz" and format != "dot" and not has_graphviz():
        raise RuntimeError(f"the format {format!r} needs the program 'dot' of Graphviz, which was not found: {REMEDY}")
    if path is not None and ending != format:
        path = path.with_name(f"{path.name}.{format}")
    return engine, format, path


def _decorate(drawing: Drawing, rankdir: str, *attributes: Mapping[str, Any] | None) -> None:
    if rankdir not in RANKDIRS:
        raise ValueError(f"unknown rankdir {rankdir!r}; there are {', '.join(RANKDIRS)}")
    drawing.rankdir = rankdir
    drawing.graph_attr, drawing.node_attr, drawing.edge_attr = (dict(attrs or {}) for attrs in attributes)


def _finish(drawing: Drawing, engine: str, format: str, path: Path | None) -> Picture:
    data, svg = _render(drawing, engine, format, "graph" if path is None else path.stem)
    if path is not None:
        if isinstance(data, bytes):
            path.write_bytes(data)
        else:
            path.write_text(data, encoding="utf-8")
    return Picture(data, format, None if path is None else str(path), svg)


def _render(drawing: Drawing, engine: str, format: str, title: str) -> tuple[str | bytes, str | None]:
    """Return (the picture in `format`, the bare SVG if there is one)."""
    if format == "dot":
        return dot_text(drawing) + "\n", None
    if engine == "svg":
        svg = svg_text(drawing)
    elif format in ("svg", "html"):
        svg = run_dot(dot_text(drawing), "svg").decode()
        # Graphviz begins with an XML declaration and a document type that names an address; neither is needed.
        svg = svg[svg.index("<svg") :]
    else:
        return run_dot(dot_text(drawing), format), None
    return (html_page(svg, title) if format == "html" else svg), svg


def _colored(
    graph: Mapping[Any, Any],
    color: str | None,
    order: Mapping[Any, int] | None,
    cmap: str,
    maxval: float | None,
) -> tuple[dict[Any, tuple[str, str]] | None, dict[Any, str] | None, Legend | None]:
    """Return (colours of call and result, notes, legend)."""
    if cmap not in COLORMAPS:
        raise ValueError(f"unknown colour map {cmap!r}; there are {', '.join(COLORMAPS)}")
    if color is None:
        return None, None, None
    if color not in COLORS:
        raise ValueError(f"unknown colouring {color!r}; there are {', '.join(COLORS)}")
    title, of_call, of_result = COLORS[color]
    lives = lifetimes(graph, order_of(graph) if order is None else order)
    calls = {key: _number(life, of_call) for key, life in lives.items()}
    results = {key: _number(life, of_result) for key, life in lives.items()}
    # One scale for both, so that equal colours are equal numbers.
    both = {(0, key): number for key, number in calls.items()}
    both |= {(1, key): number for key, number in results.items()}
    if not both:
        return None, None, None
    low, high = min(both.values()), max(both.values()) if maxval is None else maxval
    colors = colorize(both, cmap, maxval)
    steps = colorize({step: step for step in range(LEGEND_STEPS)}, cmap)
    legend = Legend(title, low, high, tuple(steps[step] for step in range(LEGEND_STEPS)))
    fills = {key: (colors[0, key], colors[1, key]) for key in calls}
    return fills, {key: f"{number:g}" for key, number in calls.items()}, legend


def _number(life: Lifetime, name: str) -> float:
    change = life.held_when_released - life.held_when_run
    if name == "increase":
        return max(0, change)
    if name == "decrease":
        return max(0, -change)
    return float(getattr(life, name))


def _flatten(keys: Any) -> list[Any]:
    """Return the keys in nested lists; a single key, tuples included, is itself."""
    flat: list[Any] = []
    stack = [keys]
    while stack:
        item = stack.pop()
        if isinstance(item, list | set | frozenset) or item == ():
            stack.extend(reversed(list(item)))
        else:
            flat.append(item)
    return flat

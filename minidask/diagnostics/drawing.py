"""Drawing: what a picture of a graph shows, before anyone decides where things go.

Place in the flow: `draw_graph` and `draw_layers` turn graphs into a `Drawing`; `graphviz` writes one as DOT text,
`layout` and `svg` draw one by themselves; `pictures` is the entry for users.

Invariants: nodes are numbered from 0 and edges are pairs of these numbers, so that no key ever serves as an identifier
in a picture. Labels are plain text, whatever they contain: escaping is the business of who writes a format.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Literal, NamedTuple

from minidask.graph.task import Task, func_name

__all__ = ["Drawing", "Legend", "Node", "draw_graph", "draw_layers", "key_label", "shorten"]

LABEL_LIMIT = 24
# A token at the end of a key's name: 32 hexadecimal digits.
TOKEN = re.compile(r"-([0-9a-f]{4})[0-9a-f]{28}(?![0-9a-f])")

FUNCTION_FILL = "#ffffff"
DATA_FILL = "#eef3f8"
OUTPUT_FILL = "#cfe3f5"
LAYER_FILL = "#eef3f8"


class Node:
    """A box or an ellipse with text.

    `attrs` are the user's own attributes, in Graphviz's words; they win over the other fields.
    """

    __slots__ = ("attrs", "bold", "fill", "label", "shape", "tooltip")

    def __init__(
        self,
        label: str,
        tooltip: str,
        shape: Literal["box", "ellipse"],
        fill: str = FUNCTION_FILL,
        bold: bool = False,
        attrs: Mapping[str, Any] | None = None,
    ) -> None:
        self.label = label
        self.tooltip = tooltip
        self.shape = shape
        self.fill = fill
        self.bold = bold
        self.attrs = attrs or {}


class Legend(NamedTuple):
    """What the colours mean: from `low` in the first colour to `high` in the last."""

    title: str
    low: float
    high: float
    colors: tuple[str, ...]


class Drawing:
    """Nodes, edges between their numbers, and how to draw them; attributes are in Graphviz's words."""

    __slots__ = ("edge_attr", "edges", "graph_attr", "legend", "node_attr", "nodes", "rankdir")

    def __init__(
        self,
        nodes: Iterable[Node] = (),
        edges: Iterable[tuple[int, int]] = (),
        rankdir: str = "TB",
        legend: Legend | None = None,
        graph_attr: Mapping[str, Any] | None = None,
        node_attr: Mapping[str, Any] | None = None,
        edge_attr: Mapping[str, Any] | None = None,
    ) -> None:
        self.nodes = list(nodes)
        self.edges = list(edges)
        self.rankdir = rankdir
        self.legend = legend
        self.graph_attr = graph_attr or {}
        self.node_attr = node_attr or {}
        self.edge_attr = edge_attr or {}

    def add(self, node: Node) -> int:
        """Append a node and return its number."""
        self.nodes.append(node)
        return len(self.nodes) - 1


def draw_graph(
    graph: Mapping[Any, Any],
    outputs: Collection[Any] = (),
    *,
    fills: Mapping[Any, tuple[str, str]] | None = None,
    notes: Mapping[Any, str] | None = None,
    collapse_outputs: bool = False,
    verbose: bool = False,
    data_attributes: Mapping[Any, Mapping[str, Any]] | None = None,
    function_attributes: Mapping[Any, Mapping[str, Any]] | None = None,
) -> Drawing:
    """Draw a task graph: an ellipse for each call, a box for each result.

    A literal is a box alone, an alias an arrow from box to box. A dependency that is not in the graph gets a box.

    Parameters
    ----------
    graph : mapping of key to Task
    outputs : collection of keys
        Drawn emphasised.
    fills : mapping of key to (str, str), optional
        Colours ``#rrggbb`` for the call and for the result.
    notes : mapping of key to str, optional
        A second line for the calls' labels.
    collapse_outputs : bool
        Leave out the boxes of results that no other task uses.
    verbose : bool
        Label boxes with whole keys.
    data_attributes, function_attributes : mapping of key to dict, optional
        More attributes, in Graphviz's words, for boxes and for ellipses.

    Returns
    -------
    Drawing

    Examples
    --------
    >>> from operator import add
    >>> from minidask.graph.task import Task, TaskRef, literal
    >>> drawing = draw_graph({"x": literal(1), "y": Task(add, (TaskRef("x"), 10))}, ["y"])
    >>> [(node.shape, node.label) for node in drawing.nodes]
    [('box', 'x'), ('ellipse', 'add'), ('box', 'y')]
    >>> drawing.edges
    [(1, 2), (0, 1)]
    """
    drawing = Drawing()
    marked = set(outputs)
    used = {dependency for task in graph.values() for dependency in _dependencies(task)}
    # box: {key: number of the node that stands for its result}.
    box: dict[Any, int] = {}
    # calls: (node that needs the results, their keys).
    calls: list[tuple[int, tuple[Any, ...]]] = []

    def add_box(key: Any, fill: str) -> int:
        attrs = (data_attributes or {}).get(key, {})
        return drawing.add(Node(key_label(key, verbose), _text(key), "box", fill, key in marked, attrs))

    for key, task in graph.items():
        call_fill, box_fill = (fills or {}).get(key, (FUNCTION_FILL, OUTPUT_FILL if key in marked else DATA_FILL))
        dependencies = _dependencies(task)
        if not isinstance(task, Task) or task.is_literal or task.is_alias:
            box[key] = add_box(key, box_fill)
            calls.append((box[key], dependencies))
            continue
        name = func_name(task.func)
        label = shorten(name) + (f"\n{notes[key]}" if notes and key in notes else "")
        attrs = (function_attributes or {}).get(key, {})
        call = drawing.add(Node(label, f"{name}\n{_text(key)}", "ellipse", call_fill, False, attrs))
        calls.append((call, dependencies))
        if collapse_outputs and key not in used:
            drawing.nodes[call].bold = key in marked
        else:
            box[key] = add_box(key, box_fill)
            drawing.edges.append((call, box[key]))
    for node, dependencies in calls:
        for dependency in dependencies:
            if dependency not in box:
                box[dependency] = add_box(dependency, DATA_FILL)
            drawing.edges.append((box[dependency], node))
    return drawing


def draw_layers(
    layers: Mapping[str, Any],
    dependencies: Mapping[str, Iterable[str]],
    *,
    verbose: bool = False,
) -> Drawing:
    """Draw a graph of layers: a box for each, with its name and its kind. Layers are not asked for their tasks.

    Parameters
    ----------
    layers : mapping of name to Layer
    dependencies : mapping of name to names
    verbose : bool
        Label boxes with whole names.

    Returns
    -------
    Drawing

    Raises
    ------
    KeyError
        If a layer depends on one that is not there.

    Examples
    --------
    >>> drawing = draw_layers({"a": {}, "b": {}}, {"a": set(), "b": {"a"}})
    >>> [node.label for node in drawing.nodes], drawing.edges
    (['a\\ndict', 'b\\ndict'], [(0, 1)])
    """
    drawing = Drawing()
    number = {}
    used = {name for needed in dependencies.values() for name in needed}
    for name, layer in layers.items():
        kind = type(layer).__name__
        fill = LAYER_FILL if name in used else OUTPUT_FILL
        number[name] = drawing.add(
            Node(f"{key_label(name, verbose)}\n{kind}", f"{_text(name)}\n{kind}", "box", fill, name not in used)
        )
    for name, needed in dependencies.items():
        # Dependencies are sets of names: sorted, so that equal graphs give equal pictures.
        for other in sorted(needed, key=str):
            if other not in number or name not in number:
                raise KeyError(f"layer {name!r} depends on {other!r}, but only one of them is among the layers")
            drawing.edges.append((number[other], number[name]))
    return drawing


def key_label(key: Any, verbose: bool = False) -> str:
    """Return a short text for a key: the index of a chunk, or a name with most of its token cut off.

    Parameters
    ----------
    key : str, int, float or tuple
    verbose : bool
        Return the whole key.

    Examples
    --------
    >>> key_label(("x-0123456789abcdef0123456789abcdef", 1, 2)), key_label("x-0123456789abcdef0123456789abcdef")
    ('1, 2', 'x-0123')
    >>> key_label(("x", 0), verbose=True)
    "('x', 0)"
    """
    if verbose:
        return _text(key)
    if isinstance(key, tuple) and len(key) > 1:
        return shorten(", ".join(map(str, key[1:])))
    return shorten(TOKEN.sub(r"-\1", _text(key)))


def shorten(text: str, limit: int = LABEL_LIMIT) -> str:
    """Return `text`, or its beginning and an ellipsis if it is longer than `limit`.

    Examples
    --------
    >>> shorten("abcdef", 4)
    'abc…'
    """
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _text(key: Any) -> str:
    return key if isinstance(key, str) else repr(key)


def _dependencies(task: Any) -> tuple[Any, ...]:
    return task.dependencies if isinstance(task, Task) else ()

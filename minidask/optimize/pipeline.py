"""Which rewrites a graph gets before it runs, and how users replace them.

A pass is a callable ``(graph, keys) -> graph``. A collection names its default passes; the setting ``<kind>_optimize`` (a pass or
a list of passes, by config or ``with config.set(array_optimize=...)``) replaces them. After the passes the graph is lowered, and
chains of its tasks are fused by ``finish``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from minidask import config
from minidask.graph.convert import convert
from minidask.graph.layered import LayeredGraph
from minidask.graph.task import Key, Task
from minidask.optimize.cull import cull
from minidask.optimize.fuse import FuseLimits, fuse

Graph = Mapping[Any, Any]
Pass = Callable[[Graph, list[Key]], Graph]

# Stands for "the user has set nothing": None and False are settings, they switch all passes off.
OWN: Any = object()


def run_pipeline(graph: Graph, keys: Iterable[Key], passes: Sequence[Pass], replaced: Any = OWN) -> Graph:
    """Run passes one after another.

    Parameters
    ----------
    graph : mapping
    keys : iterable of keys
        The outputs; every pass must keep them and their values.
    passes : sequence of callables
    replaced : callable, sequence of callables, None or False, optional
        What the user set in their place; None and False stand for no pass at all.

    Raises
    ------
    TypeError
        If a pass is not callable or returns no mapping.

    Examples
    --------
    >>> run_pipeline({"x": 1}, ["x"], [], replaced=lambda graph, keys: {**graph, "y": 2})
    {'x': 1, 'y': 2}
    """
    keys = list(keys)
    if replaced is not OWN:
        passes = [replaced] if callable(replaced) else list(replaced or ())
    for rewrite in passes:
        if not callable(rewrite):
            raise TypeError(f"an optimization pass must be callable as (graph, keys), got {type(rewrite).__name__}")
        graph = rewrite(graph, keys)
        if not isinstance(graph, Mapping):
            raise TypeError(f"the optimization pass {rewrite!r} returned {type(graph).__name__}, not a graph")
    return graph


def finish(graph: Graph, keys: Iterable[Key], limits: FuseLimits | None = None) -> dict[Key, Task]:
    """Lower a graph to the tasks that ``keys`` need, and fuse these within ``limits`` (None: not at all).

    Examples
    --------
    >>> list(finish({"x": 1, "y": (abs, "x"), "z": 0}, ["y"], FuseLimits()))
    ['y']
    """
    keys = list(keys)
    tasks = graph.lower(keys) if isinstance(graph, LayeredGraph) else cull(convert(graph), keys)
    return tasks if limits is None else fuse(tasks, keys, limits)


def configured_limits(default: bool) -> FuseLimits | None:
    """Return the limits of fusing that the settings give; None if tasks are not to be fused.

    Parameters
    ----------
    default : bool
        Whether to fuse where the setting ``optimization.fuse.active`` leaves that open.

    Examples
    --------
    >>> configured_limits(True)
    FuseLimits(ave_width=1, max_width=inf, max_height=inf)
    >>> configured_limits(False) is None
    True
    """
    active = config.get("optimization.fuse.active", None)
    if not (default if active is None else active):
        return None
    widest, highest = config.get("optimization.fuse.max-width", None), config.get("optimization.fuse.max-height", None)
    unbounded = float("inf")
    return FuseLimits(
        config.get("optimization.fuse.ave-width", 1),
        unbounded if widest is None else widest,
        unbounded if highest is None else highest,
    )

"""Draw the graphs of collections: ``visualize`` finds them, ``minidask.diagnostics`` draws them."""

from __future__ import annotations

from typing import Any

from minidask import config
from minidask.collection.compute import merged_graph
from minidask.collection.protocol import collection_graph
from minidask.collection.unpack import unpack_collections
from minidask.diagnostics.pictures import visualize_graph, visualize_layers
from minidask.graph.convert import convert, nested_keys
from minidask.graph.layered import LayeredGraph
from minidask.graph.order import order


def visualize(
    *args: Any,
    filename: str | None = "mydask",
    format: str | None = None,
    traverse: bool = True,
    optimize_graph: bool = False,
    engine: str | None = None,
    color: str | None = None,
    layers: bool = False,
    **kwargs: Any,
) -> Any:
    """Draw the graphs of collections into one picture.

    Parameters
    ----------
    *args
        Collections, containers that hold some, or plain graphs (dicts).
    filename : str or None
        Where to write, with or without a suffix; None writes no file.
    format : str, optional
        ``"svg"``, ``"html"``, ``"dot"``, and with the program graphviz ``"png"`` and ``"pdf"``. Default: the file's
        suffix.
    traverse : bool
        Whether to look into containers.
    optimize_graph : bool
        Whether to draw what would run rather than what was written.
    engine : str, optional
        ``"graphviz"`` or ``"svg"``. Default: the setting ``visualization.engine``, otherwise what is there.
    color : str, optional
        ``"order"`` colours tasks by the order in which they would run.
    layers : bool
        Draw layers instead of tasks.
    **kwargs
        Passed to ``minidask.diagnostics.visualize_graph`` or ``visualize_layers`` (``rankdir``, ``node_attr`` ...).

    Returns
    -------
    An object that notebooks show as the picture.

    Raises
    ------
    TypeError
        If there is nothing to draw among the arguments.
    ValueError
        For an unknown engine, format or color.

    Examples
    --------
    >>> from minidask.delayed import delayed
    >>> picture = visualize(delayed(abs)(-1), filename=None, format="svg", engine="svg")
    >>> "<svg" in picture.data
    True
    """
    plain = [arg for arg in args if isinstance(arg, dict)]
    collections, _ = unpack_collections(*[arg for arg in args if not isinstance(arg, dict)], traverse=traverse)
    nested, _ = unpack_collections(*plain, traverse=traverse)
    if nested:
        collections += nested
        plain = []
    if not collections and not any(plain):
        raise TypeError("visualize needs a collection, or a graph as a dict, and found none among its arguments")
    engine = engine if engine is not None else config.get("visualization.engine", None)
    keys = [key for collection in collections for key in nested_keys(collection.__dask_keys__())]
    if collections:
        graph = merged_graph(collections, optimize_graph)
        if optimize_graph or not isinstance(graph, LayeredGraph):
            graphs = [graph]
        else:
            graphs = [collection_graph(collection) for collection in collections]
    else:
        graphs = []
    whole = LayeredGraph.merge(*graphs, *plain)
    if layers:
        return visualize_layers(
            whole.layers, whole.dependencies, filename=filename, format=format, engine=engine, **kwargs
        )
    tasks = convert(whole.lower(keys) if optimize_graph and not plain else whole.to_dict())
    if color is not None and str(color).endswith("order"):
        kwargs["order"] = order(tasks)
    return visualize_graph(tasks, filename=filename, format=format, engine=engine, keys=keys, color=color, **kwargs)

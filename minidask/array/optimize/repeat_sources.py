"""Give each user of a cheap source a copy of its own, so that every one fuses it in and no block is kept for the others.

Cheap are views of arrays in memory and blocks of one value: making them again costs less than a task. O(layers).

Invariants: copies have the source's values under other names; a source that is asked for keeps its name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from minidask.array.sources import ArraySource, MadeSource
from minidask.graph import Blockwise, Key, Layer, LayeredGraph


def repeat_sources(graph: Mapping[Key, Any], keys: Iterable[Key]) -> Mapping[Key, Any]:
    """Return the graph with cheap sources repeated; a plain dict of tasks is returned as it is.

    Examples
    --------
    >>> import minidask.array as da
    >>> x = da.ones(10, chunks=5)
    >>> y = x - x.mean()
    >>> plan = repeat_sources(y.dask, y.__dask_keys__())
    >>> sum(isinstance(layer, MadeSource) for layer in plan.layers.values())
    2
    """
    if not isinstance(graph, LayeredGraph):
        return graph
    layers = graph.layers
    users: dict[str, int] = {}
    for layer in layers.values():
        for above in layer.inputs:
            users[above.name] = users.get(above.name, 0) + 1
    repeated = {name for name, layer in layers.items() if is_cheap(layer) and users.get(name, 0) > 1}
    if not repeated:
        return graph
    new: dict[str, Layer] = {}
    for name, layer in layers.items():
        own = [
            _copy(new[above.name], name) if above.name in repeated and isinstance(layer, Blockwise) else new[above.name]
            for above in layer.inputs
        ]
        new[name] = layer.rebuild(tuple(own))
    return LayeredGraph([new[root.name] for root in graph.roots])


def is_cheap(layer: Layer) -> bool:
    """Whether blocks of a layer are made for less than it costs to keep them."""
    return (isinstance(layer, ArraySource) and layer.is_numpy) or (isinstance(layer, MadeSource) and layer.cheap)


def _copy(source: Layer, user: str) -> Layer:
    return source.rebuild((), f"{source.name}-for-{user}")

"""Make a result of what is made anyway: where one of two ways to it goes through layers that the graph has, take that way.

The triangle R of a QR factorization takes half the work alone; where Q is wanted too, both come of the same tasks.

Invariants: layers keep their names, and their values: both ways give the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import TopologicalSorter
from typing import Any

from minidask.array.opaque import OpaqueLayer, TwoWays
from minidask.graph import Key, Layer, LayeredGraph


def share_factors(graph: Mapping[Key, Any], keys: Iterable[Key]) -> Mapping[Key, Any]:
    """Return a graph with the same outputs in which layers of two ways share what is there; a plain dict as it is.

    Examples
    --------
    >>> import minidask.array as da
    >>> q, r = da.linalg.qr(da.ones((8, 2), chunks=(2, 2)))
    >>> both = LayeredGraph.merge(q.dask, r.dask)
    >>> len(both.layers), len(share_factors(both, []).layers), len(share_factors(r.dask, []).layers)
    (12, 9, 5)
    """
    if not isinstance(graph, LayeredGraph):
        return graph
    layers = graph.layers
    shared = {
        name: layer.other_source
        for name, layer in layers.items()
        if isinstance(layer, TwoWays) and layer.other_source in layers
    }
    if not shared:
        return graph
    above = {
        name: [shared[name]] if name in shared else [each.name for each in layer.inputs]
        for name, layer in layers.items()
    }
    new: dict[str, Layer] = {}
    for name in TopologicalSorter(above).static_order():
        layer = layers[name]
        inputs = tuple([new[each] for each in above[name]])
        if name in shared and isinstance(layer, TwoWays):
            new[name] = OpaqueLayer(name, inputs, layer.numblocks, layer.other_plan, layer.annotations)
        else:
            new[name] = layer.rebuild(inputs)
    return LayeredGraph([new[root.name] for root in graph.roots])

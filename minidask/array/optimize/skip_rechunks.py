"""Leave out a rechunk whose result is delivered: one array in memory is the same, however its blocks were cut.

Invariants: the delivered array is the same; a rechunk that anything else uses stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from minidask.array.chunks import has_unknown
from minidask.array.deliver import AllDelivered, DeliverLayer
from minidask.array.rechunked import Rechunked
from minidask.array.sources import Bounds, grid_sizes
from minidask.graph import Key, Layer, LayeredGraph, Parts


def skip_rechunks(graph: Mapping[Key, Any], keys: Iterable[Key]) -> Mapping[Key, Any]:
    """Return a graph with the same outputs in which blocks are delivered as they come; a plain dict is returned as it is.

    Examples
    --------
    >>> import minidask.array as da
    >>> from minidask.array.computing import delivered
    >>> x = delivered(da.ones((4, 4), chunks=(1, 4)).rechunk((4, 1)))
    >>> [type(layer).__name__ for layer in skip_rechunks(x.dask, x.__dask_keys__()).layers.values()]
    ['MadeSource', 'DeliverLayer', 'AllDelivered']
    """
    if not isinstance(graph, LayeredGraph) or not any(isinstance(root, AllDelivered) for root in graph.roots):
        return graph
    new: dict[str, Layer] = {}
    for name, layer in graph.layers.items():
        made = layer.rebuild(tuple([new[above.name] for above in layer.inputs]))
        while isinstance(made, DeliverLayer) and isinstance(made.inputs[0], Rechunked):
            rechunked = made.inputs[0]
            if any(has_unknown(sizes) for sizes in rechunked.old):
                break
            bounds: Any = Bounds(rechunked.old)
            (block, index), _ = made.operands
            source = rechunked.source
            made = DeliverLayer(
                name, (source,), made.func, index, ((block, index), (Parts(bounds), index)), grid_sizes(source.numblocks),
                annotations=made.annotations,
            )  # fmt: skip
        new[name] = made
    return LayeredGraph([new[root.name] for root in graph.roots])

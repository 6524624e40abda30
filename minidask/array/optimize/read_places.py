"""Read an array that is a result, and is used besides, from where its blocks were written.

Where several arrays are computed together, one may be made from another: ``compute(y, y - y.mean())``. The blocks of ``y`` go
into their places in the result, and everything else reads them there; no block is held twice, and the last step that makes it
writes into its place. O(layers).

Invariants: the same values; a block that isn't what was declared, and has no place, is read as it was handed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from minidask.array.deliver import Deliver, DeliverLayer, FromPlace
from minidask.array.sources import grid_sizes, symbols
from minidask.graph import Blockwise, Key, Layer, LayeredGraph
from minidask.graph.blockwise import InputOf


def read_places(graph: Mapping[Key, Any], keys: Iterable[Key]) -> Mapping[Key, Any]:
    """Return a graph with the same outputs that holds no result twice; a plain dict of tasks is returned as it is.

    Examples
    --------
    >>> import minidask.array as da
    >>> from minidask.array.computing import delivered
    >>> y = da.random.random(10, chunks=5)
    >>> graph = LayeredGraph.merge(delivered(y).dask, (y + 1).dask)
    >>> [type(layer).__name__ for layer in read_places(graph, (y + 1).__dask_keys__()).layers.values()][1:]
    ['DeliverLayer', 'AllDelivered', 'Blockwise', 'Blockwise']
    """
    if not isinstance(graph, LayeredGraph):
        return graph
    layers = graph.layers
    kept = {root.name for root in graph.roots}
    kept.update([layer.name for key in keys if (layer := graph.layer_of(key)) is not None])
    users: dict[str, int] = {}
    # delivering: {layer: the layer that delivers its blocks}; of several the first, the others copy from there.
    delivering: dict[str, DeliverLayer] = {}
    for layer in layers.values():
        for above in layer.inputs:
            users[above.name] = users.get(above.name, 0) + 1
        if isinstance(layer, DeliverLayer) and isinstance(layer.func, Deliver):
            delivering.setdefault(layer.inputs[0].name, layer)
    shared = {name: by for name, by in delivering.items() if users[name] > 1 and name not in kept}
    if not shared:
        return graph
    new: dict[str, Layer] = {}
    places: dict[str, Layer] = {}
    # A result's layers stand before all that read it.
    for layer in _delivered_first(layers.values(), shared):
        inputs = []
        for above in layer.inputs:
            by = shared.get(above.name)
            if by is None or by is layer:
                inputs.append(new[above.name])
                continue
            if above.name not in places:
                places[above.name] = _from_place(above, new[by.name], by.func)
            inputs.append(places[above.name])
        new[layer.name] = layer.rebuild(tuple(inputs))
    return LayeredGraph([new[root.name] for root in graph.roots])


def _delivered_first(layers: Iterable[Layer], shared: Mapping[str, DeliverLayer]) -> Iterable[Layer]:
    """Give layers, inputs first, each shared one followed by the one that delivers it."""
    early = {by.name for by in shared.values()}
    for layer in layers:
        if layer.name not in early:
            yield layer
        if layer.name in shared:
            yield shared[layer.name]


def _from_place(layer: Layer, delivering: Layer, deliver: Any) -> Layer:
    index = symbols(len(layer.numblocks))
    name = f"{layer.name}-from-{delivering.name}"
    operands = ((InputOf(0), index),)
    return Blockwise(
        name, (delivering,), FromPlace(deliver.out), index, operands, grid_sizes(layer.numblocks),
        annotations=layer.annotations,
    )  # fmt: skip

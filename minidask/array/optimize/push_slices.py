"""Have sources read only what a slice behind them keeps.

One walk, inputs first: a slice of a source becomes a source of the narrower regions, under the slice's name; slices of slices are
met one after the other. O(layers), besides the blocks along the sliced axes.

Invariants: the same blocks with the same values. A source that is read, which others use too, is left alone: it would be read
twice. Views of arrays in memory cost nothing, and are always narrowed. New axes and negative steps stay in a slice of their
own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from minidask.array.slicing.cuts import At, span_of
from minidask.array.slicing.layers import SliceBlocks
from minidask.array.sources import ArraySource, Region
from minidask.graph import Key, Layer, LayeredGraph


def push_slices(graph: Mapping[Key, Any], keys: Iterable[Key]) -> Mapping[Key, Any]:
    """Return a graph with the same outputs that reads less; a plain dict of tasks is returned as it is.

    Examples
    --------
    >>> import numpy as np, minidask.array as da
    >>> x = da.from_array(np.arange(100), chunks=10)[5:12]
    >>> [type(layer).__name__ for layer in push_slices(x.dask, x.__dask_keys__()).layers.values()]
    ['ArraySource']
    """
    if not isinstance(graph, LayeredGraph):
        return graph
    layers = graph.layers
    if not any(isinstance(layer, SliceBlocks) for layer in layers.values()):
        return graph
    kept = {root.name for root in graph.roots}
    kept.update(layer.name for key in keys if (layer := graph.layer_of(key)) is not None)
    users: dict[str, int] = {}
    for layer in layers.values():
        for above in layer.inputs:
            users[above.name] = users.get(above.name, 0) + 1
    new: dict[str, Layer] = {}
    for name, layer in layers.items():
        made: Layer | None = None
        if isinstance(layer, SliceBlocks):
            source = new[layer.inputs[0].name]
            alone = users[source.name] == 1 and source.name not in kept
            if (
                isinstance(source, ArraySource)
                and (source.is_numpy or alone)
                and source.annotations == layer.annotations
            ):
                made = _narrowed(layer, source)
        new[name] = layer.rebuild(tuple([new[above.name] for above in layer.inputs])) if made is None else made
    return LayeredGraph([new[root.name] for root in graph.roots])


def _narrowed(layer: SliceBlocks, source: ArraySource) -> ArraySource | None:
    """Return the source of what a slice keeps; None where a source can't say it."""
    if layer.layout != tuple(range(len(layer.cuts))):
        return None
    axes: list[int | tuple[slice, ...]] = []
    cuts = iter(layer.cuts)
    for axis in source.region.axes:
        if isinstance(axis, int):
            axes.append(axis)
            continue
        cut = next(cuts)
        if isinstance(cut, At):
            piece = axis[cut.block]
            axes.append((piece.start or 0) + cut.offset * (piece.step or 1))
            continue
        spans = span_of(cut, axis, tuple([len(range(p.start or 0, p.stop, p.step or 1)) for p in axis]))
        if spans is None:
            return None
        axes.append(spans)
    return source.narrowed(layer.name, Region(tuple(axes)))

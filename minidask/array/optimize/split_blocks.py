"""Run large blocks as several smaller ones, where nothing depends on the cut and what is made on the way would leave the caches.

A block of 16 MB sends each temporary of a chain through main memory, and a transform of one makes results that the system has to
find and to clear again and again. The counterpart of ``coalesce``, whose classes of axes this uses: axes of layers that must be
cut alike, of which those may be cut finer that no other layer touches.

A rechunk takes part by what it makes. Where it reads an array in memory, its blocks are views of that array at last: nothing is
copied.

Place in the flow: before ``fuse_blocks``. O(layers x axes).

Invariants: as ``coalesce``'s. A rechunk of other blocks is left alone where more blocks would mean many more pieces.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import accumulate, pairwise
from math import ceil, prod
from typing import Any

from minidask.array.chunks import Chunks, Sizes, even, has_unknown
from minidask.array.deliver import DeliverLayer
from minidask.array.optimize.coalesce import Axis, Classes, align, are_neighbours, recut, whole_axes
from minidask.array.rechunked import Rechunked, overlaps
from minidask.array.sources import ArraySource, MadeSource, Region
from minidask.graph import Blockwise, Key, Layer, LayeredGraph
from minidask.tokenize import quick_token

# Elements of a block of a chain: ten operations on 1e8 float64 took 550 ms of processor time in blocks of 1e7, 460 in 2e6, 350
# in 1e6 and 300 in 262,144 or 131,072 (bench_array: array-chain).
TARGET = 262_144
# Of transforms: along the first axis of three, 2 million float64 took 36 ms in one block and 11 in blocks of 65,536.
TARGET_WHOLE = 65_536
# Blocks that are not as many times larger stay.
_WORTH = 4
# Most pieces that rechunks of other blocks than those in memory may cut: each costs about a microsecond.
_PIECES = 20_000


def split_blocks(graph: Mapping[Key, Any], keys: Iterable[Key]) -> Mapping[Key, Any]:
    """Return a graph with the same outputs and smaller blocks between; a plain dict of tasks is returned as it is.

    Examples
    --------
    >>> import minidask.array as da
    >>> y = (da.ones(3_000_000, chunks=-1) * 2 + 1).sum()
    >>> plan = split_blocks(y.dask, [(y.name,)])
    >>> [layer.numblocks for layer in plan.layers.values()]
    [(12,), (12,), (12,), (12,), ()]
    """
    if not isinstance(graph, LayeredGraph):
        return graph
    layers = graph.layers
    work = [layer for layer in layers.values() if _is_work(layer)]
    transforms = [layer for layer in work if whole_axes(layer)]
    if len(work) < 2 and not transforms:
        return graph
    target = TARGET_WHOLE if transforms else TARGET
    classes = Classes()
    kept = {root.name for root in graph.roots}
    kept.update([layer.name for key in keys if (layer := graph.layer_of(key)) is not None])
    for name, layer in layers.items():
        if isinstance(layer, Rechunked) and not any(map(has_unknown, (*layer.old, *layer.new))):
            for axis, sizes in enumerate(layer.new):
                classes.know((name, axis), sizes)
            classes.fix(layer.inputs[0])
            if not _is_memory(layer.inputs[0]) and not _can_cut_more(layer, target):
                classes.fix(layer)
        elif not align(layer, classes):
            classes.fix(layer)
            for above in layer.inputs:
                classes.fix(above)
        if name in kept:
            classes.fix(layer)
    cuts = _choose(work, classes, target)
    if not cuts:
        return graph
    new: dict[str, Layer] = {}
    for name, layer in layers.items():
        own = [cuts.get(classes.find((name, axis))) for axis in range(len(layer.numblocks))]
        inputs = tuple([new[above.name] for above in layer.inputs])
        new[name] = _split(layer, inputs, own) if any(own) else layer.rebuild(inputs)
    return LayeredGraph([new[root.name] for root in graph.roots])


def _is_work(layer: Layer) -> bool:
    return isinstance(layer, Blockwise) and not isinstance(layer, ArraySource | MadeSource | DeliverLayer)


def _is_memory(layer: Layer) -> bool:
    """Whether a layer's blocks are neighbouring views of one array."""
    if not isinstance(layer, ArraySource) or not layer.is_numpy:
        return False
    return all(isinstance(axis, int) or are_neighbours(axis) for axis in layer.region.axes)


def _can_cut_more(layer: Rechunked, target: int) -> bool:
    pieces = [sum(map(len, overlaps(old, new))) for old, new in zip(layer.old, layer.new, strict=True)]
    return prod(pieces) * ceil(prod([max(sizes) for sizes in layer.new]) / target) <= _PIECES


def _choose(work: list[Layer], classes: Classes, target: int) -> dict[Axis, tuple[Sizes, ...]]:
    """Return for each class that is split the sizes that each of its blocks is cut into."""
    longest: dict[Axis, int] = {}
    spaces: list[tuple[int, list[Axis]]] = []
    for layer in work:
        axes = [classes.find((layer.name, axis)) for axis in range(len(layer.numblocks))]
        for axis in axes:
            if axis not in longest:
                sizes = classes.sizes.get(axis, ())
                longest[axis] = 1 if has_unknown(sizes) else int(max(sizes, default=1))
        spaces.append((prod([longest[axis] for axis in axes]), axes))
    parts: dict[Axis, int] = {}
    for elements, axes in sorted(spaces, key=lambda space: -space[0]):
        if elements <= _WORTH * target:
            break
        for axis in axes:
            now = prod([ceil(longest[at] / parts.get(at, 1)) for at in axes])
            if now > target and axis not in parts and axis not in classes.fixed:
                parts[axis] = min(ceil(now / target), longest[axis])
    return {
        axis: tuple([even(int(size), ceil(longest[axis] / count)) for size in classes.sizes[axis]])
        for axis, count in parts.items()
        if count > 1
    }


def _split(layer: Layer, inputs: tuple[Layer, ...], own: list[tuple[Sizes, ...] | None]) -> Layer:
    """Return a layer in its new cut."""
    name = f"{layer.name}-split-{quick_token('split', layer.name, own)}"
    if isinstance(layer, ArraySource):
        return _narrowed(layer, name, [() if cut is None else sum(cut, ()) for cut in own])
    if isinstance(layer, Rechunked):
        new = _split_sizes(layer.new, own)
        if isinstance(inputs[0], ArraySource) and _is_memory(inputs[0]):
            return _narrowed(inputs[0], name, list(new))
        return Rechunked(name, inputs[0], layer.old, new, layer.itemsize)
    numblocks = tuple([n if cut is None else sum(map(len, cut)) for n, cut in zip(layer.numblocks, own, strict=True)])
    return recut(layer, inputs, name, numblocks, lambda chunks: _split_sizes(chunks, own))


def _split_sizes(chunks: Chunks, own: list[tuple[Sizes, ...] | None]) -> Chunks:
    return tuple([sizes if cut is None else sum(cut, ()) for sizes, cut in zip(chunks, own, strict=True)])


def _narrowed(source: ArraySource, name: str, chunks: list[Sizes]) -> ArraySource:
    """Return a source of the same part of an array in other chunks; () leaves an axis as it is."""
    sizes_of = iter(chunks)
    axes: list[int | tuple[slice, ...]] = []
    for axis in source.region.axes:
        sizes = () if isinstance(axis, int) else next(sizes_of)
        if isinstance(axis, int) or not sizes:
            axes.append(axis)
            continue
        start = axis[0].start or 0
        edges: Any = accumulate(sizes, initial=start)
        axes.append(tuple([slice(low, high) for low, high in pairwise(edges)]))
    return source.narrowed(name, Region(tuple(axes)))

"""Run many small blocks as one: where nothing depends on how an array is cut, cut it into fewer, larger blocks.

Thousands of blocks of a few kilobytes cost their tasks, not their work. Layers whose values don't depend on the cut (views of
arrays in memory, ``ones`` and ``arange``, ufuncs and other elementwise functions of NumPy's, transposes, partial results of
reductions, blocks that are delivered) are given coarser grids together; all others, and the layers that are asked for, keep
theirs, and with them the axes that they touch.

How: axes of layers that must be cut alike form a class (union-find over aligned axes). A class that no other layer touches may be
merged; how far is decided largest blocks first, last axes first, up to ``TARGET`` elements a block. O(layers x axes).

Invariants: the same values, except that sums may round differently; a layer whose blocks change gets another name. Reductions
that are asked for keep theirs. A function of blocks with ``any_cut = True`` says that it may get blocks of any cut; one with
``whole_axes`` that it may along all axes but these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np

from minidask.array.chunks import Chunks, Sizes, starts_of
from minidask.array.deliver import AllDelivered, DeliverLayer
from minidask.array.sources import ArraySource, Bounds, MadeSource, Region
from minidask.graph import Blockwise, Key, Layer, LayeredGraph, Parts, TreeReduction
from minidask.graph.blockwise import Constant, InputOf
from minidask.tokenize import quick_token

# Elements of a merged block: 1 MB of float64, which stays in the cache of a core through a chain of operations.
TARGET = 131_072
# Blocks this many times smaller are worth merging, if there are so many.
_WORTH = 4
_MANY = 16

_FUNCTIONS = frozenset(
    {np.where, np.clip, np.round, np.real, np.imag, np.isclose, np.nan_to_num, np.transpose, np.angle}
)
Axis = tuple[str, int]


class Classes:
    """Union-find of axes of layers that are cut alike, with what is known of each class."""

    def __init__(self) -> None:
        self.parent: dict[Axis, Axis] = {}
        self.fixed: set[Axis] = set()
        self.sizes: dict[Axis, Sizes] = {}

    def find(self, axis: Axis) -> Axis:
        """Return the axis that stands for the class."""
        parent = self.parent
        root = axis
        while parent.get(root, root) != root:
            root = parent[root]
        while parent.get(axis, axis) != root:
            parent[axis], axis = root, parent[axis]
        return root

    def join(self, one: Axis, other: Axis) -> None:
        """Have two axes cut alike."""
        left, right = self.find(one), self.find(other)
        if left == right:
            return
        self.parent[right] = left
        if right in self.fixed:
            self.fixed.add(left)
        if right in self.sizes:
            self.sizes.setdefault(left, self.sizes[right])

    def fix(self, layer: Layer) -> None:
        """Keep the cut of a layer."""
        self.fixed.update([self.find((layer.name, axis)) for axis in range(len(layer.numblocks))])

    def know(self, axis: Axis, sizes: Sizes) -> None:
        """Note the sizes of blocks along an axis."""
        self.sizes.setdefault(self.find(axis), sizes)


def coalesce(graph: Mapping[Key, Any], keys: Iterable[Key]) -> Mapping[Key, Any]:
    """Return a graph with the same outputs and fewer, larger blocks between; a plain dict of tasks is returned as it is.

    Examples
    --------
    >>> import minidask.array as da
    >>> y = (da.ones(10_000, chunks=10) + 1).sum()
    >>> plan = coalesce(y.dask, [(y.name,)])
    >>> len(y.dask), len(plan)
    (3068, 4)
    """
    if not isinstance(graph, LayeredGraph) or not any(_is_crowded(layer) for layer in graph.layers.values()):
        return graph
    layers = graph.layers
    classes = Classes()
    kept = {root.name for root in graph.roots}
    kept.update([layer.name for key in keys if (layer := graph.layer_of(key)) is not None])
    for name, layer in layers.items():
        if not align(layer, classes):
            classes.fix(layer)
            for above in layer.inputs:
                classes.fix(above)
        if name in kept:
            classes.fix(layer)
    cuts = _choose(layers, classes)
    if not cuts:
        return graph
    new: dict[str, Layer] = {}
    for name, layer in layers.items():
        own = [cuts.get(classes.find((name, axis))) for axis in range(len(layer.numblocks))]
        inputs = tuple([new[above.name] for above in layer.inputs])
        new[name] = _merged(layer, inputs, own) if any(own) else layer.rebuild(inputs)
    return LayeredGraph([new[root.name] for root in graph.roots])


def _is_crowded(layer: Layer) -> bool:
    return isinstance(layer, ArraySource | MadeSource) and prod(layer.numblocks) >= _MANY


def align(layer: Layer, classes: Classes) -> bool:
    """Join the axes of a layer with those of its inputs; False if its values depend on how it is cut."""
    if isinstance(layer, AllDelivered):
        return True
    if isinstance(layer, TreeReduction):
        above = layer.inputs[0]
        places = [axis for axis in range(len(above.numblocks)) if layer.keepdims or axis not in layer.axes]
        for at, axis in enumerate(places):
            if axis not in layer.axes:
                classes.join((above.name, axis), (layer.name, at))
        return True
    if isinstance(layer, ArraySource):
        if not layer.is_numpy:
            return False
        axes = [axis for axis in layer.region.axes if not isinstance(axis, int)]
        for at, pieces in enumerate(axes):
            if not are_neighbours(pieces):
                return False
            classes.know((layer.name, at), tuple([piece.stop - piece.start for piece in pieces]))
        return True
    whole = whole_axes(layer)
    if not isinstance(layer, Blockwise) or not (whole or _any_cut(layer)):
        return False
    places_of = {symbol: at for at, symbol in enumerate(layer.out_ind)}
    for axis in whole:
        classes.fixed.add(classes.find((layer.name, axis)))
    for operand, index in layer.operands:
        if isinstance(operand, Parts):
            bounds: Any = operand.values
            if type(bounds) is not Bounds or index != layer.out_ind:
                return False
            for at, sizes in enumerate(bounds.chunks):
                classes.know((layer.name, at), sizes)
        elif isinstance(operand, InputOf):
            above = layer.inputs[operand.at]
            for axis, symbol in enumerate(index):
                if symbol not in places_of:
                    return False
                if axis in whole:
                    classes.fixed.add(classes.find((above.name, axis)))
                # A single block is repeated along an axis that has more elsewhere.
                elif above.numblocks[axis] == layer.sizes[symbol]:
                    classes.join((above.name, axis), (layer.name, places_of[symbol]))
        elif not isinstance(operand, Constant):
            return False
    return True


def whole_axes(layer: Layer) -> tuple[int, ...]:
    """Return the axes that a layer's function has to see whole, where it says that the others may be cut in any way."""
    return getattr(layer.func, "whole_axes", ()) if isinstance(layer, Blockwise) else ()


def _any_cut(layer: Blockwise) -> bool:
    if isinstance(layer, MadeSource):
        return layer.merges
    func: Any = layer.func
    if isinstance(layer, DeliverLayer) or getattr(func, "any_cut", False):
        return True
    return (isinstance(func, np.ufunc) and func.signature is None and func.nout == 1) or func in _FUNCTIONS


def are_neighbours(pieces: tuple[slice, ...]) -> bool:
    return all(piece.step in (None, 1) for piece in pieces) and all(
        one.stop == other.start for one, other in pairwise(pieces)
    )


def _choose(layers: Mapping[str, Layer], classes: Classes) -> dict[Axis, tuple[int, ...]]:
    """Return for each class that is merged where its new blocks begin and end, as numbers of old blocks."""
    found: dict[Axis, tuple[int, ...]] = {}
    longest: dict[Axis, int] = {}
    spaces: list[tuple[int, list[Axis]]] = []
    for name, layer in layers.items():
        axes = [classes.find((name, axis)) for axis in range(len(layer.numblocks))]
        elements = 1
        for axis in axes:
            if axis not in longest:
                sizes = classes.sizes.get(axis, ())
                longest[axis] = max([int(size) for size in sizes if size == size], default=1)
            elements *= max(longest[axis], 1)
        spaces.append((elements, axes))
    if max(elements for elements, _ in spaces) * _WORTH > TARGET:
        return {}
    chosen: dict[Axis, int] = {}
    for elements, axes in sorted(spaces, key=lambda space: -space[0]):
        room = TARGET // max(elements * prod([chosen.get(axis, 1) for axis in set(axes)]), 1)
        for axis in axes[::-1]:
            sizes = classes.sizes.get(axis, ())
            if axis in chosen or axis in classes.fixed or len(sizes) < 2 or any(size != size for size in sizes):
                continue
            chosen[axis] = max(min(room, len(sizes)), 1)
            room //= chosen[axis]
    for axis, group in chosen.items():
        if group > 1:
            count = len(classes.sizes[axis])
            found[axis] = (*range(0, count, group), count)
    return found


def _merged(layer: Layer, inputs: tuple[Layer, ...], own: list[tuple[int, ...] | None]) -> Layer:
    """Return a layer in its new cut."""
    name = f"{layer.name}-merged-{quick_token('merged', layer.name, own)}"
    numblocks = tuple([n if cut is None else len(cut) - 1 for n, cut in zip(layer.numblocks, own, strict=True)])
    if isinstance(layer, ArraySource):
        places = iter(own)
        axes = [axis if isinstance(axis, int) else _join_pieces(axis, next(places)) for axis in layer.region.axes]
        return layer.narrowed(name, Region(tuple(axes)))
    return recut(layer, inputs, name, numblocks, lambda chunks: _join_sizes(chunks, own))


def recut(
    layer: Layer, inputs: tuple[Layer, ...], name: str, numblocks: tuple[int, ...], cut: Callable[[Chunks], Chunks]
) -> Layer:
    """Return a layer of another grid; ``cut`` says what becomes of the chunks that its function is told of."""
    made = layer.rebuild(inputs, name)
    made.numblocks = numblocks
    if isinstance(made, Blockwise):
        sizes = dict(made.sizes)
        sizes.update(zip(made.out_ind, numblocks, strict=True))
        made.sizes = sizes
        operands: list[Any] = []
        for operand, index in made.operands:
            if isinstance(operand, Parts):
                bounds: Any = operand.values
                operand = Parts(Bounds(cut(bounds.chunks)))  # type: ignore[arg-type]
            operands.append((operand, index))
        made.operands = tuple(operands)
    return made


def _join_pieces(pieces: tuple[slice, ...], cut: tuple[int, ...] | None) -> tuple[slice, ...]:
    if cut is None:
        return pieces
    return tuple([slice(pieces[low].start, pieces[high - 1].stop) for low, high in pairwise(cut)])


def _join_sizes(chunks: tuple[Sizes, ...], own: list[tuple[int, ...] | None]) -> tuple[Sizes, ...]:
    out = []
    for sizes, cut in zip(chunks, own, strict=True):
        edges = starts_of(sizes)
        out.append(sizes if cut is None else tuple([edges[high] - edges[low] for low, high in pairwise(cut)]))
    return tuple(out)

"""Take positions straight from an array in memory, instead of from its blocks.

``x[positions]`` of blocks makes each task look for its positions in every block. Where the blocks are views of one array, a task
can ask the array itself.

Invariants: the same blocks with the same values, under the same names. A task that travels to another process takes along what it
was to take, not the array.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from minidask.array.slicing.layers import TakePositions
from minidask.array.sources import ArraySource, grid_sizes, symbols
from minidask.graph import Blockwise, Key, Layer, LayeredGraph, Parts


class Taking:
    """Positions of an array along an axis, to be taken by a call; pickled with what they are, without the array."""

    __slots__ = ("array", "axis", "positions")

    def __init__(self, array: Any, axis: int, positions: Any) -> None:
        self.array = array
        self.axis = axis
        self.positions = positions

    def __call__(self) -> Any:
        return self.array if self.positions is None else self.array.take(self.positions, self.axis)

    def __reduce__(self) -> tuple[Any, ...]:
        return Taking, (self(), self.axis, None)


def take_now(taking: Taking) -> Any:
    """Return what is to be taken."""
    return taking()


class Takings:
    """For each block of the result what it takes: ``takings[i, j]``."""

    __slots__ = ("axis", "pieces", "source")

    def __init__(self, source: ArraySource, axis: int, pieces: Sequence[Any]) -> None:
        self.source = source
        self.axis = axis
        self.pieces = pieces

    def __len__(self) -> int:
        return max(len(self.pieces), *self.source.numblocks)

    def __getitem__(self, index: Any) -> Taking:
        places = iter((index,) if isinstance(index, int) else index)
        where: list[Any] = []
        positions = None
        at = 0
        for pieces in self.source.region.axes:
            if isinstance(pieces, int):
                where.append(pieces)
                continue
            place = next(places)
            if at == self.axis:
                where.append(slice(pieces[0].start, pieces[-1].stop))
                positions = self.pieces[place]
            else:
                where.append(pieces[place])
            at += 1
        return Taking(self.source.original[tuple(where)], self.axis, positions)

    def __reduce__(self) -> tuple[Any, ...]:
        return Takings, (self.source, self.axis, self.pieces)


def push_takes(graph: Mapping[Key, Any], keys: Iterable[Key]) -> Mapping[Key, Any]:
    """Return a graph with the same outputs that takes from arrays in memory; a plain dict of tasks is returned as it is.

    Examples
    --------
    >>> import numpy as np, minidask.array as da
    >>> x = da.from_array(np.arange(100), chunks=10)[[99, 0, 50]]
    >>> push_takes(x.dask, [(x.name, 0)])[(x.name, 0)]({})
    array([99,  0, 50])
    """
    if not isinstance(graph, LayeredGraph):
        return graph
    layers = graph.layers
    if not any(isinstance(layer, TakePositions) for layer in layers.values()):
        return graph
    new: dict[str, Layer] = {}
    for name, layer in layers.items():
        inputs = tuple([new[above.name] for above in layer.inputs])
        if isinstance(layer, TakePositions) and _is_whole(inputs[0], layer):
            index = symbols(len(layer.numblocks))
            parts = Parts(Takings(inputs[0], layer.axis, layer.pieces))  # type: ignore[arg-type]
            new[name] = Blockwise(
                name, (), take_now, index, ((parts, index),), grid_sizes(layer.numblocks), annotations=layer.annotations
            )
        else:
            new[name] = layer.rebuild(inputs)
    return LayeredGraph([new[root.name] for root in graph.roots])


def _is_whole(source: Layer, layer: TakePositions) -> bool:
    """Whether the blocks along the axis are neighbouring views of one array."""
    if not isinstance(source, ArraySource) or not source.is_numpy or source.annotations != layer.annotations:
        return False
    pieces = [axis for axis in source.region.axes if not isinstance(axis, int)][layer.axis]
    return all(piece.step in (None, 1) for piece in pieces) and all(a.stop == b.start for a, b in pairwise(pieces))

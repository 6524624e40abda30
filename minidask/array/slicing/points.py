"""Take points: for each of a list of coordinates along some axes one element, or one slab of the axes that are taken whole.

Place in the flow: behind ``x.vindex[...]``, and behind ``x[...]`` with arrays of positions along several axes.

Invariant: a block of the result has at most as many points as a block of the input has positions along these axes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np

from minidask.array.assemble import join
from minidask.array.chunks import Sizes, even, largest_of, starts_of
from minidask.array.collection import ArrayBase, new_array
from minidask.array.meta import with_ndim
from minidask.array.naming import array_parts
from minidask.array.reshaping import reshape
from minidask.array.slicing.index import listed, position_array
from minidask.array.slicing.layers import wanted_indices
from minidask.graph import Key, Layer, Task, TaskRef
from minidask.tokenize import quick_token


class TakePoints(Layer):
    """Points of ``inputs[0]`` along ``axes``; block ``(j, ...)`` has those of ``pieces[j]``, other axes behind them.

    ``pieces`` are arrays of coordinates, one row an axis; ``sizes`` are those of the input's blocks along these axes.
    """

    __slots__ = ("axes", "pieces", "sizes")
    axes: tuple[int, ...]
    pieces: tuple[Any, ...]
    sizes: tuple[Sizes, ...]

    def __init__(
        self, name: str, source: Layer, axes: tuple[int, ...], pieces: tuple[Any, ...], sizes: tuple[Sizes, ...]
    ) -> None:
        rest = [n for at, n in enumerate(source.numblocks) if at not in axes]
        super().__init__(name, (source,), (len(pieces), *rest))
        self.axes = axes
        self.pieces = pieces
        self.sizes = sizes

    def lower(self, wanted: Collection[Key] | None = None) -> dict[Key, Task]:
        source = self.inputs[0]
        plans: dict[int, Any] = {}
        tasks: dict[Key, Task] = {}
        for index in wanted_indices(self, wanted):
            number = index[0]
            if number not in plans:
                plans[number] = plan_points(self.pieces[number], self.sizes)
            blocks, plan = plans[number]
            refs = []
            for block in blocks:
                own, rest = iter(block), iter(index[1:])
                place = [next(own) if at in self.axes else next(rest) for at in range(len(source.numblocks))]
                refs.append(TaskRef((source.name, *place)))
            tasks[(self.name, *index)] = Task(take_points, (self.axes, plan, *refs), None, self.annotations or None)
        return tasks


def plan_points(coordinates: Any, sizes: tuple[Sizes, ...]) -> tuple[list[tuple[int, ...]], Any]:
    """Return which blocks hold some points, and for each (places in the result, coordinates in the block).

    Examples
    --------
    >>> blocks, plan = plan_points(np.array([[0, 3], [1, 0]]), ((2, 2), (2,)))
    >>> blocks, [(there.tolist(), here.tolist()) for there, here in plan]
    ([(0, 0), (1, 0)], [([0], [[0], [1]]), ([1], [[1], [0]])])
    """
    if coordinates.shape[1] == 0:
        return [(0,) * len(sizes)], ((np.zeros(0, np.intp), coordinates),)
    starts = [np.asarray(starts_of(own)) for own in sizes]
    owners = [np.searchsorted(edge, row, side="right") - 1 for edge, row in zip(starts, coordinates, strict=True)]
    local = np.stack([row - edge[own] for row, edge, own in zip(coordinates, starts, owners, strict=True)])
    flat = np.ravel_multi_index(owners, tuple(map(len, sizes)))
    order = np.argsort(flat, kind="stable")
    found, first = np.unique(flat[order], return_index=True)
    blocks = np.stack(np.unravel_index(found, tuple(map(len, sizes))), axis=1).tolist()
    plan = tuple([(there, local[:, there]) for there in np.split(order, first[1:])])
    return [tuple(block) for block in blocks], plan


def take_points(axes: tuple[int, ...], plan: Any, *blocks: Any) -> Any:
    """Gather points of several blocks into one new block, the points along its first axis.

    Examples
    --------
    >>> take_points(
    ...     (0,), ((np.array([1]), np.array([[0]])), (np.array([0]), np.array([[1]]))), np.arange(2), np.arange(2, 4)
    ... )
    array([3, 0])
    """
    parts = []
    for (_, here), block in zip(plan, blocks, strict=True):
        order = (*axes, *[at for at in range(block.ndim) if at not in axes])
        parts.append(block.transpose(order)[tuple(here)])
    if len(parts) == 1:
        return parts[0]
    joined = join(parts)
    back = np.empty(len(joined), np.intp)
    back[np.concatenate([there for there, _ in plan])] = np.arange(len(joined))
    return joined[back]


def take_at(x: ArrayBase, positions: dict[int, Any]) -> Any:
    """Return the points of an array at positions (arrays that broadcast, one for each of some axes), points' axes first."""
    axes = tuple(sorted(positions))
    arrays = np.broadcast_arrays(*[positions[axis] for axis in axes])
    shape = arrays[0].shape
    coordinates = np.stack([array.ravel() for array in arrays])
    sizes = tuple([x._chunks[axis] for axis in axes])
    # Blocks of no length hold no points.
    largest = max(prod([int(largest_of(own)) for own in sizes]), 1)
    pieces = tuple(_pieces(coordinates, largest))
    rest = tuple([own for at, own in enumerate(x._chunks) if at not in axes])
    name = f"points-{quick_token('points', x.name, axes, *array_parts(coordinates))}"
    layer = TakePoints(name, x._layer, axes, pieces, sizes)
    counts = tuple([piece.shape[1] for piece in pieces])
    out = new_array(layer, (counts, *rest), with_ndim(x._meta, 1 + len(rest)))
    return out if len(shape) == 1 else reshape(out, (*shape, *out.shape[1:]))


def _pieces(coordinates: Any, largest: int) -> Iterator[Any]:
    edges = starts_of(even(coordinates.shape[1], largest))
    for low, high in pairwise(edges):
        yield coordinates[:, low:high]


class VIndex:
    """Index an array point by point, the points' axes first.

    Examples
    --------
    >>> import minidask.array as da
    >>> x = da.arange(12, chunks=5).reshape(3, 4)
    >>> x.vindex[[0, 1, 2], [3, 0, 1]].compute(), x.vindex[[0, 2]].shape
    (array([3, 4, 9]), (2, 4))
    """

    __slots__ = ("_array",)

    def __init__(self, array: ArrayBase) -> None:
        self._array = array

    def __getitem__(self, index: Any) -> Any:
        """Return the points at arrays of positions, which are broadcast; ``:`` takes an axis whole.

        Raises
        ------
        IndexError
            If positions are out of range, arrays don't broadcast, or a slice is not ``:``.
        """
        x = self._array
        parts = index if isinstance(index, tuple) else (index,)
        parts = (*parts, *[slice(None)] * (x.ndim - len(parts)))
        if len(parts) > x.ndim:
            raise IndexError(
                f"too many indices for array: array is {x.ndim}-dimensional, but {len(parts)} were indexed"
            )
        positions: dict[int, Any] = {}
        for axis, part in enumerate(parts):
            if isinstance(part, slice):
                if part != slice(None):
                    raise IndexError(f"vindex takes whole axes (:) and positions, got {part}: slice the result instead")
                continue
            if isinstance(part, ArrayBase):
                raise IndexError("vindex takes positions in memory: compute them first")
            given = part if isinstance(part, np.ndarray) else listed(part)
            if given.dtype == bool:
                raise IndexError("vindex takes positions, not booleans: use numpy.flatnonzero(mask)")
            positions[axis] = position_array(given, x.shape[axis], axis)
        if not positions:
            raise IndexError("vindex needs positions along at least one axis: use x[...] for slices")
        try:
            np.broadcast_shapes(*[array.shape for array in positions.values()])
        except ValueError:
            shapes = [array.shape for array in positions.values()]
            raise IndexError(
                f"shape mismatch: positions could not be broadcast together, with shapes {shapes}"
            ) from None
        return take_at(x, positions)

"""``x[rows, columns] = values``: assignment to points, at positions along several axes (or arrays of positions of several axes).

The values are put in order of the points, points' axis first, in one block along it; each block that has some of the points is
copied and gets its share.

Place in the flow: behind ``setting`` where one array of positions does not do.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from math import prod
from typing import Any

import numpy as np

from minidask.array.chunks import Chunks
from minidask.array.collection import ArrayBase
from minidask.array.meta import as_block
from minidask.array.rechunk import rechunk_to
from minidask.array.reshaping import reshape
from minidask.array.shaping import moveaxis
from minidask.array.slicing.layers import pass_block, wanted_indices
from minidask.array.slicing.points import plan_points
from minidask.graph import Key, Layer, Task, TaskRef

Parts = dict[int, tuple[Any, int]]


class AssignPoints(Layer):
    """``inputs[0]`` with values at points along ``axes``, and in parts of its blocks along the others.

    ``points`` are those of each block, by its place along ``axes``: (places among the points, coordinates in the block).
    ``parts`` are as for ``AssignBlocks``, for the other axes in order. ``value`` is a literal, or None where ``inputs[1]``
    holds the values, the points' axis first.
    """

    __slots__ = ("axes", "parts", "points", "value", "value_axes")
    axes: tuple[int, ...]
    points: Mapping[tuple[int, ...], Any]
    parts: tuple[Parts, ...]
    value: Any
    value_axes: tuple[int, ...]

    def __init__(
        self,
        name: str,
        inputs: tuple[Layer, ...],
        axes: tuple[int, ...],
        points: Mapping[tuple[int, ...], Any],
        parts: tuple[Parts, ...],
        value: Any,
        value_axes: tuple[int, ...],
    ) -> None:
        super().__init__(name, inputs, inputs[0].numblocks)
        self.axes = axes
        self.points = points
        self.parts = parts
        self.value = value
        self.value_axes = value_axes

    def lower(self, wanted: Collection[Key] | None = None) -> dict[Key, Task]:
        source = self.inputs[0].name
        others = [axis for axis in range(len(self.numblocks)) if axis not in self.axes]
        tasks: dict[Key, Task] = {}
        for index in wanted_indices(self, wanted):
            key: Key = (self.name, *index)
            block = TaskRef((source, *index))
            points = self.points.get(tuple([index[axis] for axis in self.axes]))
            found = [parts.get(index[axis]) for axis, parts in zip(others, self.parts, strict=True)]
            if points is None or None in found:
                tasks[key] = Task(pass_block, (block,), None, self.annotations or None)
                continue
            touched: Any = found
            value = self.value
            if len(self.inputs) > 1:
                value = TaskRef((self.inputs[1].name, 0, *[touched[at][1] for at in self.value_axes]))
            where = tuple([part for part, _ in touched])
            places, coordinates = points
            args = (block, self.axes, coordinates, where, value, places if len(self.inputs) > 1 else None)
            tasks[key] = Task(assign_points, args, None, self.annotations or None)
        return tasks


def assign_points(
    block: Any, axes: tuple[int, ...], coordinates: Any, where: tuple[Any, ...], value: Any, places: Any
) -> Any:
    """Return a copy of a block with values at points along some axes, in parts of the others.

    Examples
    --------
    >>> assign_points(np.zeros((2, 2)), (0, 1), np.array([[0, 1], [1, 0]]), (), np.array([5, 6, 7]), np.array([2, 0]))
    array([[0., 7.],
           [5., 0.]])
    """
    out = as_block(block).copy()
    axes_first(out, axes)[(*coordinates, *where)] = value if places is None else value[places]
    return out


def axes_first(block: Any, axes: tuple[int, ...]) -> Any:
    """Return a view of a block with some axes first, to write through.

    Examples
    --------
    >>> axes_first(np.zeros((2, 3)), (1,)).shape
    (3, 2)
    """
    if isinstance(block, np.ma.MaskedArray):
        # A view shares a mask only if there is one.
        block.mask = np.ma.getmaskarray(block)
    return block.transpose((*axes, *[at for at in range(block.ndim) if at not in axes]))


def points_of(x: ArrayBase, positions: dict[int, Any]) -> tuple[tuple[int, ...], tuple[int, ...], Mapping[Any, Any]]:
    """Return the axes of positions, the shape that these broadcast to, and the points that each block has."""
    axes = tuple(sorted(positions))
    try:
        arrays = np.broadcast_arrays(*[positions[axis] for axis in axes])
    except ValueError:
        shapes = " ".join(str(positions[axis].shape) for axis in axes)
        raise IndexError(
            f"shape mismatch: indexing arrays could not be broadcast together with shapes {shapes}"
        ) from None
    coordinates = np.stack([array.ravel() for array in arrays])
    blocks, plan = plan_points(coordinates, tuple([x._chunks[axis] for axis in axes]))
    found = dict(zip(blocks, plan, strict=True)) if coordinates.shape[1] else {}
    return axes, arrays[0].shape, found


def values_in_order(value: Any, at: int, count: int, selected: Chunks) -> Layer:
    """Return the layer of values of the selection's shape, with the points' axes, ``count`` from ``at`` on, first and as one."""
    if at:
        value = moveaxis(value, tuple(range(at, at + count)), tuple(range(count)))
    number = prod(value.shape[:count])
    value = reshape(value, (number, *value.shape[count:]))
    layer: Layer = rechunk_to(value, ((number,), *selected))._layer
    return layer

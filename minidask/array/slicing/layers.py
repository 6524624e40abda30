"""The layers of indexing: cut blocks, take positions, assign to parts. Tasks are made on lowering, one a block of the result.

Place in the flow: ``getting`` and ``setting`` build these; the optimiser pushes ``SliceBlocks`` into sources.

Invariants: a block that a task gets is never changed (it may be held by others); a small part of a large block is copied, so that
the block can go.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import product
from typing import Any

import numpy as np

from minidask.array.assemble import join
from minidask.array.chunks import Sizes, edges_of
from minidask.array.meta import as_block
from minidask.array.slicing.cuts import At, Cut
from minidask.graph import Blockwise, Key, Layer, Task, TaskRef
from minidask.graph.layer import annotated
from minidask.graph.task import task_of

# A view keeps its whole block in memory; one of less than this part of it is copied.
_WORTH_A_COPY = 0.5


def take_slice(block: Any, index: Any) -> Any:
    """Return a part of a block, copied if it is small.

    Examples
    --------
    >>> take_slice(np.arange(10), slice(0, 2)).base is None
    True
    """
    part = as_block(block)[index]
    if type(part) is np.ndarray and part.base is not None and part.nbytes < _WORTH_A_COPY * block.nbytes:
        return part.copy()
    # A text that stands alone forgets how long it may be.
    return np.array(part, block.dtype) if isinstance(part, np.character) else part


def wanted_indices(layer: Layer, wanted: Collection[Key] | None) -> Iterable[tuple[int, ...]]:
    """Return the indices of the blocks that are wanted of a layer."""
    if wanted is None:
        return product(*map(range, layer.numblocks))
    keys: Any = filter(layer.__contains__, wanted)
    return sorted([key[1:] for key in keys])


class SliceBlocks(Layer):
    """A basic index of ``inputs[0]``: one cut an axis of the input, in ``layout`` with new axes between.

    ``layout`` has the number of an axis of the input, or None for a new axis, in the order of the index.
    """

    __slots__ = ("cuts", "layout")
    cuts: tuple[Cut, ...]
    layout: tuple[int | None, ...]

    def __init__(self, name: str, source: Layer, cuts: tuple[Cut, ...], layout: tuple[int | None, ...]) -> None:
        grid = [1 if at is None else len(cuts[at].sizes) for at in layout if at is None or not isinstance(cuts[at], At)]  # type: ignore[union-attr]
        super().__init__(name, (source,), tuple(grid))
        self.cuts = cuts
        self.layout = layout

    def lower(self, wanted: Collection[Key] | None = None) -> dict[Key, Task]:
        source = self.inputs[0].name
        tasks: dict[Key, Task] = {}
        for index in wanted_indices(self, wanted):
            places = iter(index)
            blocks = [0] * len(self.cuts)
            parts: list[Any] = []
            for at in self.layout:
                if at is None:
                    next(places)
                    parts.append(None)
                    continue
                cut = self.cuts[at]
                if isinstance(cut, At):
                    blocks[at] = cut.block
                    parts.append(cut.offset)
                else:
                    blocks[at], part = cut.locate(next(places))
                    parts.append(part)
            key: Key = (self.name, *index)
            above: Key = (source, *blocks)
            tasks[key] = annotated(task_of(take_slice, (TaskRef(above), tuple(parts)), (above,)), key, self.annotations)
        return tasks


class Compressed(Blockwise):
    """What a mask keeps of each block of ``inputs[0]`` along ``axis``, where its blocks have the sizes ``before``.

    ``origin``: the array and the mask as they were indexed, and the first axis of the array that the mask covers; None if that
    isn't known. It serves while building, and doesn't travel.
    """

    __slots__ = ("axis", "before", "origin")
    axis: int
    before: Sizes
    origin: tuple[Any, Any, int] | None

    def _state(self) -> dict[str, Any]:
        return {**super()._state(), "origin": None}


class TakePositions(Layer):
    """``take`` along one axis: block ``j`` of the result has the positions ``pieces[j]``, which may lie in any blocks."""

    __slots__ = ("axis", "pieces", "sizes")
    axis: int
    pieces: Sequence[Any]
    sizes: Sizes

    def __init__(self, name: str, source: Layer, axis: int, pieces: Sequence[Any], sizes: Sizes) -> None:
        grid = list(source.numblocks)
        grid[axis] = len(pieces)
        super().__init__(name, (source,), tuple(grid))
        self.axis = axis
        self.pieces = pieces
        self.sizes = sizes

    def lower(self, wanted: Collection[Key] | None = None) -> dict[Key, Task]:
        source, axis = self.inputs[0].name, self.axis
        plans: dict[int, tuple[list[int], Any]] = {}
        tasks: dict[Key, Task] = {}
        for index in wanted_indices(self, wanted):
            number = index[axis]
            if number not in plans:
                plans[number] = plan_take(self.pieces[number], self.sizes)
            blocks, plan = plans[number]
            refs = [TaskRef((source, *index[:axis], block, *index[axis + 1 :])) for block in blocks]
            key: Key = (self.name, *index)
            tasks[key] = Task(take_from, (axis, plan, *refs), None, self.annotations or None)
        return tasks


def plan_take(positions: Any, sizes: Sizes) -> tuple[list[int], Any]:
    """Return which blocks have some positions, and for each of these (places in the result, places in the block).

    Examples
    --------
    >>> blocks, plan = plan_take(np.array([4, 0, 5]), (3, 3))
    >>> blocks, [(there.tolist(), here.tolist()) for there, here in plan]
    ([0, 1], [([1], [0]), ([0, 2], [1, 2])])
    """
    starts = edges_of(sizes)
    if len(positions) == 0:
        return [0], ((slice(0, 0), slice(0, 0)),)
    owner = np.searchsorted(starts, positions, side="right") - 1
    if owner[0] == owner[-1] and (owner == owner[0]).all():
        return [int(owner[0])], ((slice(None), positions - starts[owner[0]]),)
    order = np.argsort(owner, kind="stable")
    owners, first = np.unique(owner[order], return_index=True)
    plan = [
        (there, positions[there] - starts[block])
        for block, there in zip(owners.tolist(), np.split(order, first[1:]), strict=True)
    ]
    return owners.tolist(), tuple(plan)


def take_from(axis: int, plan: Any, *blocks: Any) -> Any:
    """Gather positions of several blocks along an axis into one new block.

    Examples
    --------
    >>> take_from(0, plan_take(np.array([4, 0, 5]), (3, 3))[1], np.arange(3), np.arange(3, 6))
    array([4, 0, 5])
    """
    front = (slice(None),) * axis
    if len(plan) == 1:
        return blocks[0][(*front, plan[0][1])]
    if any(type(block) is not np.ndarray for block in blocks):
        joined = join([block[(*front, here)] for (_, here), block in zip(plan, blocks, strict=True)], axis)
        return joined[(*front, np.argsort(np.concatenate([there for there, _ in plan])))]
    length = sum(len(there) for there, _ in plan)
    shape = (*blocks[0].shape[:axis], length, *blocks[0].shape[axis + 1 :])
    own = blocks[0].dtype
    out = np.empty(shape, np.result_type(*blocks) if own.isnative else own)
    for (there, here), block in zip(plan, blocks, strict=True):
        out[(*front, there)] = block[(*front, here)]
    return out


class AssignBlocks(Layer):
    """``inputs[0]`` with values put into some of its blocks.

    ``parts`` has one entry an axis: ``{block: (part of the block, block of the values)}``. ``value`` is a literal, or None where
    ``inputs[1]`` holds the values; ``value_axes`` says for each axis of the values' grid which entry of ``parts`` numbers it.
    """

    __slots__ = ("parts", "value", "value_axes")
    parts: tuple[dict[int, tuple[Any, int]], ...]
    value: Any
    value_axes: tuple[int, ...]

    def __init__(
        self,
        name: str,
        inputs: tuple[Layer, ...],
        parts: tuple[dict[int, tuple[Any, int]], ...],
        value: Any,
        value_axes: tuple[int, ...],
    ) -> None:
        super().__init__(name, inputs, inputs[0].numblocks)
        self.parts = parts
        self.value = value
        self.value_axes = value_axes

    def lower(self, wanted: Collection[Key] | None = None) -> dict[Key, Task]:
        source = self.inputs[0].name
        tasks: dict[Key, Task] = {}
        for index in wanted_indices(self, wanted):
            key: Key = (self.name, *index)
            block = TaskRef((source, *index))
            found = [self.parts[axis].get(at) for axis, at in enumerate(index)]
            if None in found:
                tasks[key] = Task(pass_block, (block,), None, self.annotations or None)
                continue
            touched: Any = found
            value = self.value
            if len(self.inputs) > 1:
                value = TaskRef((self.inputs[1].name, *[touched[axis][1] for axis in self.value_axes]))
            where = tuple([part for part, _ in touched])
            tasks[key] = Task(assign_part, (block, where, value), None, self.annotations or None)
        return tasks


def pass_block(block: Any) -> Any:
    """Return a block that an assignment does not touch."""
    return block


def assign_part(block: Any, where: Any, value: Any) -> Any:
    """Return a copy of a block with values in a part of it.

    Examples
    --------
    >>> assign_part(np.zeros(3), (slice(1, 2),), 5)
    array([0., 5., 0.])
    """
    out = as_block(block).copy()
    out[where] = value
    return out

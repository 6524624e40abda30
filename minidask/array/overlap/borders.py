"""Blocks together with the elements around them: ``overlap``.

Each border of a block (its sides, edges and corners) is cut from the neighbour that has it by a small task, so that only
borders are copied and travel. One more layer, a blockwise one, pastes a block and its borders into a new block; what follows it
(the function that is mapped, the trimming) is fused with it.

Place in the flow: above ``depths``, below ``mapped``. What stands beyond the array's ends is a border as well: cut from the
block itself, from the other end, or a value.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from minidask.array.chunks import Chunks, Sizes
from minidask.array.collection import ArrayBase, new_array
from minidask.array.overlap.depths import Boundaries, Depths, check_array, fit, reaches, read_boundary, read_depth
from minidask.array.planned import planned
from minidask.array.remembered import remembered
from minidask.array.slicing.layers import take_slice
from minidask.array.sources import symbols
from minidask.graph import BlockId, Blockwise, Key, Layer, Task, TaskRef, literal
from minidask.graph.blockwise import InputOf
from minidask.tokenize import quick_token

# Where a border lies along each axis: -1 before the block, 0 beside it, 1 after it.
Offset = tuple[int, ...]


def offsets_of(depths: Depths) -> tuple[Offset, ...]:
    """Return where borders lie.

    Examples
    --------
    >>> offsets_of(((1, 1), (0, 0))), len(offsets_of(((1, 1), (1, 1))))
    (((-1, 0), (1, 0)), 8)
    """
    axes = [[*([-1] if before else []), 0, *([1] if after else [])] for before, after in depths]
    return tuple([offset for offset in product(*axes) if any(offset)])


class Borders(Layer):
    """The borders of the blocks of ``inputs[0]``: block ``(i, j, n)`` is border number ``n`` of block ``(i, j)``.

    None stands for one that isn't there (rule "none"), a scalar for one of a single value; one of length 1 where the depth is
    larger is repeated (rule "nearest").
    """

    __slots__ = ("boundaries", "chunks", "depths", "offsets")

    def __init__(self, name: str, source: Layer, chunks: Chunks, depths: Depths, boundaries: Boundaries) -> None:
        self.offsets = offsets_of(depths)
        super().__init__(name, (source,), (*source.numblocks, len(self.offsets)))
        self.chunks = chunks
        self.depths = depths
        self.boundaries = boundaries

    def lower(self, wanted: Collection[Key] | None = None) -> dict[Key, Task]:
        source = self.inputs[0].name
        notes = self.annotations or None
        keys: Any = self.output_keys() if wanted is None else filter(self.__contains__, wanted)
        tasks: dict[Key, Task] = {}
        for key in keys:
            found = self._border(key[1:-1], self.offsets[key[-1]])
            if isinstance(found, Cut):
                tasks[key] = Task(take_slice, (TaskRef((source, *found.block)), found.part), None, notes)
            else:
                tasks[key] = literal(found)
        return tasks

    def _border(self, index: tuple[int, ...], offset: Offset) -> Any:
        """Return the cut that a border is; a value, or None."""
        blocks: list[int] = []
        parts: list[slice] = []
        value: Any = None
        for axis, at in enumerate(index):
            side = offset[axis]
            sizes, rule = self.chunks[axis], self.boundaries[axis]
            if not side:
                blocks.append(at)
                parts.append(slice(None))
                continue
            if not 0 <= at + side < len(sizes):
                if rule == "none":
                    return None
                if not isinstance(rule, str) or rule not in ("reflect", "periodic", "nearest"):
                    # Of two values at a corner the one of the later axis stands, as when axes are padded in turn.
                    value = (rule,)
                    continue
            block, part = source_of(sizes, at, side, self.depths[axis], rule)
            blocks.append(block)
            parts.append(part)
        return value[0] if value else Cut(tuple(blocks), tuple(parts))


class Cut(NamedTuple):
    """A part of a block."""

    block: tuple[int, ...]
    part: tuple[slice, ...]


def source_of(sizes: Sizes, at: int, side: int, depth: tuple[int, int], rule: Any) -> tuple[int, slice]:
    """Return which block of an axis has the border on a side of block ``at``, and which part of it that is.

    Examples
    --------
    >>> source_of((3, 4), 1, -1, (2, 2), "reflect")
    (0, slice(1, None, None))
    >>> source_of((3, 4), 1, 1, (2, 2), "reflect")
    (1, slice(-1, -3, -1))
    """
    count = len(sizes)
    other: Any = at + side
    if not 0 <= other < count:
        if rule == "nearest":
            return at, slice(0, 1) if side < 0 else slice(-1, None)
        if rule == "reflect":
            return at, slice(depth[0] - 1, None, -1) if side < 0 else slice(-1, -depth[1] - 1, -1)
        other %= count
    if side < 0:
        start: Any = sizes[other] - depth[0]
        return other, slice(start, None)
    return other, slice(0, depth[1])


class Extend(NamedTuple):
    """Paste a block and its borders into a new block."""

    depths: Depths
    # For each axis whether nothing stands beyond its ends.
    bare: tuple[bool, ...]
    numblocks: tuple[int, ...]

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "overlap"

    def __call__(self, block_id: tuple[int, ...], block: Any, borders: list[Any]) -> Any:
        pads = margins(self.depths, self.bare, self.numblocks, block_id)
        if not any(before or after for before, after in pads):
            return block
        offsets = offsets_of(self.depths)
        shape = [before + n + after for (before, after), n in zip(pads, block.shape, strict=True)]
        ends = [(0, before, before + n, total) for (before, _), n, total in zip(pads, block.shape, shape, strict=True)]
        if type(block) is not np.ndarray:
            return _joined(block, dict(zip(offsets, borders, strict=True)), ends)
        out = np.empty(shape, block.dtype)
        out[tuple([slice(end[1], end[2]) for end in ends])] = block
        for offset, border in zip(offsets, borders, strict=True):
            if border is not None:
                out[tuple([slice(end[side + 1], end[side + 2]) for end, side in zip(ends, offset, strict=True)])] = (
                    border
                )
        return out


def _joined(block: Any, borders: dict[Offset, Any], ends: Sequence[tuple[int, ...]]) -> Any:
    """Join pieces of other types of arrays than NumPy's, axis by axis."""
    join = np.ma.concatenate if isinstance(block, np.ma.MaskedArray) else np.concatenate

    def piece(offset: Offset) -> Any:
        if not any(offset):
            return block
        found = borders[offset]
        shape = tuple([end[side + 2] - end[side + 1] for end, side in zip(ends, offset, strict=True)])
        if not np.ndim(found):
            return np.full_like(block, found, shape=shape)
        for axis, (have, want) in enumerate(zip(found.shape, shape, strict=True)):
            if have != want:
                found = join([found] * want, axis=axis)
        return found

    def along(axis: int, before: Offset) -> Any:
        if axis == len(ends):
            return piece(before)
        end = ends[axis]
        sides = [side for side in (-1, 0, 1) if side == 0 or end[side + 1] < end[side + 2]]
        parts = [along(axis + 1, (*before, side)) for side in sides]
        return parts[0] if len(parts) == 1 else join(parts, axis=axis)

    return along(0, ())


def margins(
    depths: Depths, bare: tuple[bool, ...], numblocks: tuple[int, ...], block_id: tuple[int, ...]
) -> list[tuple[int, int]]:
    """Return how many elements a block has before and after its own, along each axis.

    Examples
    --------
    >>> margins(((1, 2),), (True,), (3,), (0,)), margins(((1, 2),), (False,), (3,), (0,))
    ([(0, 2)], [(1, 2)])
    """
    return [
        (0 if none and at == 0 else before, 0 if none and at == count - 1 else after)
        for (before, after), none, count, at in zip(depths, bare, numblocks, block_id, strict=True)
    ]


def extended(chunks: Chunks, depths: Depths, bare: tuple[bool, ...], sign: int = 1) -> Chunks:
    """Return the sizes of blocks with their margins; without them for ``sign`` -1.

    Examples
    --------
    >>> extended(((3, 4),), ((1, 2),), (True,))
    ((5, 5),)
    """
    return tuple(
        [
            _extended(sizes, before, after, none, sign) if before or after else sizes
            for sizes, (before, after), none in zip(chunks, depths, bare, strict=True)
        ]
    )


@remembered
def _extended(sizes: Sizes, before: int, after: int, bare: bool, sign: int) -> Sizes:
    out = [n + sign * (before + after) for n in sizes]
    if bare:
        out[0] -= sign * before
        out[-1] -= sign * after
    return tuple(out)


def bare_axes(boundaries: Boundaries) -> tuple[bool, ...]:
    """Return for each axis whether nothing stands beyond its ends."""
    return tuple([isinstance(rule, str) and rule == "none" for rule in boundaries])


@planned
def overlap(x: Any, depth: Any, boundary: Any, *, allow_rechunk: bool = True) -> Any:
    """Return an array whose blocks have elements of their neighbours around their own.

    Parameters
    ----------
    x : Array
    depth : int, tuple or dict
        How many elements, of each axis or ``{axis: depth}``; a pair (before, after) tells the sides of an axis apart.
    boundary : str, scalar, tuple or dict
        What stands beyond the array's ends: ``"none"``, ``"reflect"``, ``"periodic"``, ``"nearest"``, or a value; of each axis
        or ``{axis: boundary}``.
    allow_rechunk : bool
        Whether blocks that are smaller than the depth may be merged with their neighbours.

    Raises
    ------
    ValueError
        If the depth is negative or larger than the array, than a block with ``allow_rechunk=False``, a boundary is unknown or
        doesn't fit the dtype, or chunk sizes aren't known.
    TypeError
        If ``x`` is no chunked array.

    Examples
    --------
    >>> import minidask.array as da
    >>> overlap(da.arange(6, chunks=3), 1, "reflect").compute()
    array([0, 0, 1, 2, 3, 2, 3, 4, 5, 5])
    """
    array = check_array("overlap", x)
    depths = read_depth(array.ndim, depth)
    rules = read_boundary(array.ndim, boundary, array.dtype)
    return extend(fit([array], [depths], allow_rechunk)[0], depths, rules)


def extend(x: ArrayBase, depths: Depths, rules: Boundaries) -> Any:
    """Return ``overlap`` of an array whose blocks are large enough."""
    if not reaches(depths):
        return x
    bare = bare_axes(rules)
    token = quick_token("overlap", x.name, depths, rules)
    borders = Borders(f"borders-{token}", x._layer, x._chunks, depths, rules)
    index = symbols(x.ndim)
    paste: Any = Extend(depths, bare, x.numblocks)
    layer = Blockwise(
        f"overlap-{token}",
        (x._layer, borders),
        paste,
        index,
        ((BlockId(), index), (InputOf(0), index), (InputOf(1), (*index, "border"))),
        {**dict(enumerate(x.numblocks)), "border": len(borders.offsets)},
    )
    return new_array(layer, extended(x._chunks, depths, bare), x._meta)

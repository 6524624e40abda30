"""``x.blocks[...]`` and ``x.vindex[...]``: by blocks, and point by point.

``blocks`` indexes the grid of blocks: each stays what it is. ``vindex`` takes one element (or one row along the axes that are
taken whole) for each of a list of points; where NumPy takes points too, ``x[i, j]`` comes here.

Place in the flow: beside ``getting``; ``Array.blocks`` and ``Array.vindex`` are these.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import product
from math import prod
from typing import Any

import numpy as np

from minidask.array.chunks import Sizes
from minidask.array.collection import ArrayBase, new_array
from minidask.array.slicing.layers import wanted_indices
from minidask.graph import Key, Layer, Task, alias
from minidask.tokenize import quick_token


class PickBlocks(Layer):
    """Some blocks of ``inputs[0]``: along axis ``n`` those that ``picked[n]`` numbers."""

    __slots__ = ("picked",)
    picked: tuple[tuple[int, ...], ...]

    def __init__(self, name: str, source: Layer, picked: tuple[tuple[int, ...], ...]) -> None:
        super().__init__(name, (source,), tuple(map(len, picked)))
        self.picked = picked

    def lower(self, wanted: Collection[Key] | None = None) -> dict[Key, Task]:
        source = self.inputs[0].name
        return {
            (self.name, *index): alias((source, *[picked[at] for picked, at in zip(self.picked, index, strict=True)]))
            for index in wanted_indices(self, wanted)
        }


class BlockView:
    """Index an array by its blocks; an int keeps its axis, with one block.

    Examples
    --------
    >>> import minidask.array as da
    >>> x = da.arange(10, chunks=4)
    >>> x.blocks[-1].compute(), x.blocks[:2].shape, x.blocks.shape
    (array([8, 9]), (8,), (3,))
    """

    __slots__ = ("_array",)

    def __init__(self, array: ArrayBase) -> None:
        self._array = array

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of blocks along each axis."""
        return self._array.numblocks

    @property
    def size(self) -> int:
        """Number of blocks."""
        return prod(self._array.numblocks)

    def ravel(self) -> list[Any]:
        """Return all blocks as arrays, the last axis fastest."""
        return [self[index] for index in product(*map(range, self.shape))]

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of unsized object")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return (self[at] for at in range(len(self)))

    def __getitem__(self, index: Any) -> Any:
        """Return the array of some blocks; raises IndexError for those that aren't there, for None, and for several lists."""
        x = self._array
        parts = index if isinstance(index, tuple) else (index,)
        if any(part is None for part in parts):
            raise IndexError("a new axis (None) is no block: index the array itself for it")
        dots = [at for at, part in enumerate(parts) if part is Ellipsis]
        if len(dots) > 1:
            raise IndexError("an index can only have a single ellipsis ('...')")
        if len(parts) - len(dots) > x.ndim:
            raise IndexError(f"too many indices for blocks: they have {x.ndim} axes, but {len(parts)} were indexed")
        if dots:
            fill = (slice(None),) * (x.ndim - len(parts) + 1)
            parts = (*parts[: dots[0]], *fill, *parts[dots[0] + 1 :])
        parts = (*parts, *[slice(None)] * (x.ndim - len(parts)))
        if sum(not isinstance(part, slice | int | np.integer) for part in parts) > 1:
            raise IndexError("blocks take a list along one axis only: index one axis after the other")
        picked: list[tuple[int, ...]] = []
        for axis, (part, count) in enumerate(zip(parts, x.numblocks, strict=True)):
            numbers = np.arange(count)
            try:
                found = numbers[np.atleast_1d(part) if isinstance(part, int | np.integer) else part]
            except IndexError as error:
                raise IndexError(f"block index along axis {axis}, which has {count} blocks: {error}") from None
            picked.append(tuple(found.tolist()))
        if [len(numbers) for numbers in picked] == list(x.numblocks) and all(n == tuple(range(len(n))) for n in picked):
            return x
        chunks: list[Sizes] = []
        for axis, chosen in enumerate(picked):
            if not chosen:
                raise IndexError(f"the index picks no block along axis {axis}")
            chunks.append(tuple([x._chunks[axis][number] for number in chosen]))
        name = f"blocks-{quick_token('blocks', x.name, tuple(picked))}"
        return new_array(PickBlocks(name, x._layer, tuple(picked)), tuple(chunks), x._meta)

"""Put computed blocks together: one array is allocated once, and every block is copied to its place.

Place in the flow: the last step of ``compute``, and of tasks that join blocks. Blocks of other types than NumPy's (sparse,
masked) are joined by their own ``concatenate``.

Invariant: what comes out shares no memory with any block, so that changing it changes neither a source nor a held result.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from itertools import product
from math import prod
from typing import Any

import numpy as np


def assemble(blocks: Any, numblocks: tuple[int, ...]) -> Any:
    """Return the array that nested lists of blocks make up.

    Parameters
    ----------
    blocks : nested lists
        One level a dimension; for no dimension a list with the only block.
    numblocks : tuple of int

    Raises
    ------
    ValueError
        If the blocks' shapes don't fit together; the message names the block.

    Examples
    --------
    >>> assemble([[np.ones((1, 2)), np.zeros((1, 1))]], (1, 2))
    array([[1., 1., 0.]])
    """
    if not numblocks:
        return _own(blocks[0])
    flat = list(flatten(blocks, len(numblocks)))
    first = flat[0]
    if len(flat) == 1:
        return _own(first)
    kind = type(first)
    # Blocks of one subclass of NumPy's arrays keep it; masked ones need their masks joined.
    plain = issubclass(kind, np.ndarray) and not issubclass(kind, np.ma.MaskedArray)
    if plain and all(type(block) is kind for block in flat):
        return _fill(flat, numblocks)
    return join_nested(blocks, range(len(numblocks)))


def join(blocks: Sequence[Any], axis: int = 0) -> Any:
    """Return blocks joined along an axis, by masked arrays' own function where one is masked: NumPy's loses masks.

    Examples
    --------
    >>> join([np.ma.array([1], mask=[True]), np.array([2])]).mask
    array([ True, False])
    """
    if len(blocks) == 1:
        return blocks[0]
    if any(isinstance(block, np.ma.MaskedArray) for block in blocks):
        return np.ma.concatenate(blocks, axis=axis)
    first = blocks[0]
    # NumPy joins into the machine's order of bytes; blocks of one array keep theirs.
    swapped = isinstance(first, np.ndarray) and not first.dtype.isnative
    return np.concatenate(blocks, axis=axis, dtype=first.dtype) if swapped else np.concatenate(blocks, axis=axis)


def join_nested(nested: Any, axes: Sequence[int]) -> Any:
    """Return nested lists of blocks joined, one level an axis, outermost first; without axes what there is.

    Examples
    --------
    >>> join_nested([[np.ones((1, 1)), np.zeros((1, 1))]], (0, 1))
    array([[1., 0.]])
    """
    return join([join_nested(part, axes[1:]) for part in nested], axes[0]) if axes else nested


def _own(block: Any) -> Any:
    # A computed result belongs to the caller: changing it must not change what a graph holds.
    if isinstance(block, np.ndarray):
        return block.copy() if block.ndim or type(block) is not np.ndarray else block[()]
    return block if isinstance(block, np.generic) else copy.copy(block)


def flatten(nested: Any, depth: int) -> Iterator[Any]:
    """Yield what nested lists of a depth hold, in order.

    Examples
    --------
    >>> list(flatten([[1, 2], [3]], 2))
    [1, 2, 3]
    """
    level = nested if depth else [nested]
    for _ in range(depth - 1):
        level = [item for items in level for item in items]
    return iter(level)


def _fill(flat: list[np.ndarray[Any, Any]], numblocks: tuple[int, ...]) -> np.ndarray[Any, Any]:
    ndim = len(numblocks)
    if any(block.ndim != ndim for block in flat):
        wrong = next(block.ndim for block in flat if block.ndim != ndim)
        raise ValueError(
            f"a block has {wrong} dimensions, {ndim} were declared: a function gave another shape than the one it was declared "
            "with; correct its chunks=, drop_axis= or new_axis="
        )
    edges: list[list[int]] = []
    for axis, count in enumerate(numblocks):
        step = prod(numblocks[axis + 1 :])
        edges.append([0])
        for at in range(count):
            edges[axis].append(edges[axis][-1] + flat[at * step].shape[axis])
    # The dtype that all have: one that differs is promoted, as concatenating does.
    dtypes = {block.dtype for block in flat}
    dtype = dtypes.pop() if len(dtypes) == 1 else np.result_type(*dtypes)
    out = np.empty_like(flat[0], dtype, "C", shape=[edge[-1] for edge in edges])
    for block, index in zip(flat, product(*map(range, numblocks)), strict=True):
        place = tuple([slice(edge[i], edge[i + 1]) for edge, i in zip(edges, index, strict=True)])
        expected = tuple([part.stop - part.start for part in place])
        if block.shape != expected:
            raise ValueError(f"block {index} has shape {block.shape}, but its neighbours need {expected}")
        out[place] = block
    return out

"""``push``: missing values filled with the last one before them.

Each block is filled by itself; of each a slice of length 1 says what it leaves to the next, which is handed on from block to
block.

Place in the flow: beside the running sums of ``minidask.array.reductions.cumulative``, on an opaque layer.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from minidask.array.chunks import normalize_axis
from minidask.array.collection import new_array
from minidask.array.opaque import Ref, opaque_layer
from minidask.array.overlap.depths import check_array
from minidask.tokenize import quick_token


class Plan(NamedTuple):
    """Which blocks a block needs: itself, and what those before it along the axis leave."""

    axis: int
    limit: int | None

    def __call__(self, index: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
        leaving = index[0] == "left"
        block = index[1:] if leaving else index
        at = block[self.axis]
        before = Ref(None, ("left", *block[: self.axis], at - 1, *block[self.axis + 1 :])) if at else None
        if leaving:
            return last_values, (self.axis, Ref(0, block), before)
        return push_block, (self.axis, self.limit, Ref(0, block), before)


def missing(block: Any) -> Any:
    """Return where values are missing: NaN, NaT; nowhere in dtypes that have neither.

    Examples
    --------
    >>> missing(np.array([1, np.nan])).tolist(), missing(np.array([1])).tolist()
    ([False, True], [False])
    """
    if block.dtype.kind in "fc":
        return np.isnan(block)
    return np.isnat(block) if block.dtype.kind in "mM" else np.zeros(block.shape, bool)


def last_values(axis: int, block: Any, before: Any = None) -> tuple[Any, Any]:
    """Return the last values along an axis, and how many elements ago they came; -1 where there is none.

    Examples
    --------
    >>> last_values(0, np.array([5, np.nan]))
    (array([5.]), array([1]))
    """
    length = block.shape[axis]
    shape = (*block.shape[:axis], 1, *block.shape[axis + 1 :])
    if before is None:
        before = np.zeros(shape, block.dtype), np.full(shape, -1)
    if not length:
        return before[0], before[1]
    found = _places(block, axis)[(*[slice(None)] * axis, slice(-1, None))]
    here = np.take_along_axis(block, np.maximum(found, 0), axis)
    older = np.where(before[1] < 0, -1, before[1] + length)
    return np.where(found < 0, before[0], here), np.where(found < 0, older, length - 1 - found)


def _places(block: Any, axis: int) -> Any:
    """Return for each element the place of the last value that isn't missing up to there, -1 for none."""
    shape = [1] * block.ndim
    shape[axis] = -1
    numbers = np.arange(block.shape[axis]).reshape(shape)
    return np.maximum.accumulate(np.where(missing(block), -1, numbers), axis=axis)


def push_block(axis: int, limit: int | None, block: Any, before: Any = None) -> Any:
    """Return a block with missing values filled, those at its beginning by what is left from before.

    Examples
    --------
    >>> push_block(0, 1, np.array([np.nan, 2, np.nan, np.nan]))
    array([nan,  2.,  2., nan])
    """
    if not block.size:
        return block
    places = _places(block, axis)
    shape = [1] * block.ndim
    shape[axis] = -1
    numbers = np.arange(block.shape[axis]).reshape(shape)
    filled = np.take_along_axis(block, np.maximum(places, 0), axis)
    ago = numbers - places
    known = places >= 0
    if before is not None:
        value, left = before
        filled = np.where(known, filled, value)
        ago = np.where(known, ago, numbers + 1 + left)
        known = known | (left >= 0)
    if limit is not None:
        known = known & (ago <= limit)
    return np.where(known, filled, block)


def push(array: Any, n: int | None, axis: int) -> Any:
    """Return an array whose missing values (NaN, NaT) are filled with the last value before them along an axis.

    Parameters
    ----------
    array : Array
    n : int or None
        How many missing values in a row are filled; None: all.
    axis : int

    Raises
    ------
    TypeError
        If ``array`` is no chunked array, or ``n`` no integer.
    ValueError
        If ``n`` is negative.
    numpy.exceptions.AxisError
        If the axis is out of range.

    Examples
    --------
    >>> import minidask.array as da
    >>> push(da.from_array(np.array([1, np.nan, np.nan, 4]), chunks=2), 1, 0).compute()
    array([ 1.,  1., nan,  4.])
    """
    x = check_array("push", array)
    axis = normalize_axis(axis, x.ndim)
    if n is not None:
        if isinstance(n, bool) or not hasattr(n, "__index__"):
            raise TypeError(f"n must be an integer or None, got {n!r}")
        if n < 0:
            raise ValueError(f"n must not be negative, got {n}")
        n = int(n)
    name = f"push-{quick_token('push', x.name, n, axis)}"
    plan: Any = Plan(axis, n)
    return new_array(opaque_layer(name, (x._layer,), x.numblocks, plan), x._chunks, x._meta, x._shape)

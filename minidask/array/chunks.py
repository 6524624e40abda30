"""Facts about chunks: the sizes of an array's blocks along each axis.

``chunks`` is a tuple of tuples, one for each axis: ``((5, 5), (3, 3, 4))`` is an array of shape (10, 10) in six blocks. A size
that isn't known before computing is NaN; then all sizes of that axis are. An axis of length 0 has one block of size 0.

Place in the flow: the lowest module of arrays; everything above asks here. Pure, and never more work than one axis needs.
Not for: reading what users write as chunks (``minidask.array.normalize``).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate, chain
from typing import Any, TypeAlias

import numpy as np
from numpy.exceptions import AxisError

from minidask.array.remembered import remembered
from minidask.tokenize import quick_token

Size: TypeAlias = "int | float"
Sizes: TypeAlias = tuple[Size, ...]
Chunks: TypeAlias = tuple[Sizes, ...]

# Fewer sizes than these are added up sooner than looked up.
_LONG = 32
REMEDY = "call x.compute_chunk_sizes() first, which computes the array once to learn them"


class UnknownChunkSizes(ValueError):
    """Chunk sizes that depend on data are needed before the data are computed."""


def shape_of(chunks: Chunks) -> tuple[Size, ...]:
    """Return the shape of an array in these chunks; NaN where sizes aren't known.

    Examples
    --------
    >>> shape_of(((5, 5), (3, 3, 4)))
    (10, 10)
    """
    return tuple([sum(sizes) if len(sizes) < _LONG else length_of(sizes) for sizes in chunks])


@remembered
def length_of(sizes: Sizes) -> Size:
    """Return the length of an axis; NaN if it isn't known.

    Examples
    --------
    >>> length_of((3, 3, 4))
    10
    """
    return sum(sizes)


@remembered
def joined_sizes(*parts: Sizes) -> Sizes:
    """Return the sizes of axes one behind the other.

    Examples
    --------
    >>> joined_sizes((3, 3), (4,))
    (3, 3, 4)
    """
    return tuple(chain.from_iterable(parts))


def numblocks_of(chunks: Chunks) -> tuple[int, ...]:
    """Return the number of blocks along each axis."""
    return tuple([len(sizes) for sizes in chunks])


def is_unknown(size: Size) -> bool:
    """Whether a size or length is not known."""
    return size != size


def has_unknown(shape: Sequence[Size]) -> bool:
    """Whether a length in a shape is not known."""
    # NaN spreads through a sum, which costs a tenth of a loop.
    total = length_of(shape) if type(shape) is tuple and len(shape) >= _LONG else sum(shape)
    return total != total


def check_known(what: str, sizes: Sequence[Size]) -> None:
    """Raise UnknownChunkSizes, with the remedy, if a size or length is not known.

    Examples
    --------
    >>> check_known("reshape", (5, math.nan))
    Traceback (most recent call last):
    ...
    minidask.array.chunks.UnknownChunkSizes: reshape needs chunk sizes that aren't known before computing: call ...
    """
    if has_unknown(sizes):
        raise UnknownChunkSizes(f"{what} needs chunk sizes that aren't known before computing: {REMEDY}")


@remembered
def starts_of(sizes: Sizes) -> tuple[Any, ...]:
    """Return where each block of an axis begins, and at the end the axis's length.

    Examples
    --------
    >>> starts_of((3, 3, 4))
    (0, 3, 6, 10)
    """
    return tuple(accumulate(sizes, initial=0))


@remembered
def edges_of(sizes: Sizes) -> np.ndarray[Any, Any]:
    """Return ``starts_of`` as an array, which is not to be changed.

    Examples
    --------
    >>> edges_of((3, 3, 4))
    array([ 0,  3,  6, 10])
    """
    made = np.asarray(starts_of(sizes))
    made.flags.writeable = False
    return made


@remembered
def sizes_token(sizes: Sizes) -> str:
    """Return what stands for an axis's sizes in names: hashing the tuple itself is quick, making text of it is not."""
    return quick_token("sizes", sizes)


def chunks_token(chunks: Chunks) -> tuple[str, ...]:
    """Return what stands for chunks in names.

    Examples
    --------
    >>> chunks_token(((2, 2), (3,))) == chunks_token(((2, 2), (3,))) != chunks_token(((2, 2), (4,)))
    True
    """
    return tuple([sizes_token(sizes) for sizes in chunks])


def block_at(sizes: Sizes, position: int) -> tuple[int, int]:
    """Return the number of the block that has a position of an axis, and the position inside it.

    Examples
    --------
    >>> block_at((3, 3, 4), 5)
    (1, 2)
    """
    starts = starts_of(sizes)
    number = bisect_right(starts, position) - 1
    return number, position - starts[number]


@lru_cache(1024)
def even(length: int, size: int) -> tuple[int, ...]:
    """Cut a length into blocks of one size, the last one smaller; the same tuple each time, so that comparing it is quick.

    Examples
    --------
    >>> even(10, 4), even(0, 4)
    ((4, 4, 2), (0,))
    """
    if length == 0:
        return (0,)
    whole, rest = divmod(length, size)
    return (size,) * whole + ((rest,) if rest else ())


@remembered
def largest_of(sizes: Sizes) -> int:
    """Return the largest of the sizes of an axis; unknown ones count as 1."""
    return max(sizes) if sizes and not has_unknown(sizes) else max([size for size in sizes if size == size], default=1)  # type: ignore[return-value]


@remembered
def smallest_of(sizes: Sizes) -> Size:
    """Return the smallest of the known sizes of an axis; 0 if there are none.

    Examples
    --------
    >>> smallest_of((3, 3, 2)), smallest_of((math.nan,))
    (2, 0)
    """
    return min(sizes) if not has_unknown(sizes) else min([size for size in sizes if size == size], default=0)


def largest_block(chunks: Chunks) -> int:
    """Return the number of elements of the largest block; unknown sizes count as 1."""
    return math.prod(map(largest_of, chunks))


def normalize_axis(axis: Any, ndim: int) -> int:
    """Return an axis counted from the front.

    Raises
    ------
    numpy.exceptions.AxisError
        If it is out of range.
    TypeError
        If it is no integer.

    Examples
    --------
    >>> normalize_axis(-1, 3)
    2
    """
    if isinstance(axis, bool) or not hasattr(axis, "__index__"):
        raise TypeError(f"an axis must be an integer, got {type(axis).__name__}: {axis!r:.80}")
    number = axis.__index__()
    if not -ndim <= number < ndim:
        raise AxisError(number, ndim)
    result: int = number % ndim
    return result


def normalize_axes(axis: Any, ndim: int) -> tuple[int, ...]:
    """Return the axes that an ``axis`` argument means, ascending: None for all, an int, or several.

    Raises
    ------
    numpy.exceptions.AxisError, TypeError
        As ``normalize_axis`` does.
    ValueError
        If an axis is named twice.

    Examples
    --------
    >>> normalize_axes(None, 3), normalize_axes((-1, 0), 3)
    ((0, 1, 2), (0, 2))
    """
    if axis is None:
        return tuple(range(ndim))
    if not isinstance(axis, tuple | list):
        return (normalize_axis(axis, ndim),)
    axes = sorted([normalize_axis(one, ndim) for one in axis])
    if len(set(axes)) != len(axes):
        raise ValueError(f"duplicate value in 'axis': {axis}")
    return tuple(axes)

"""How far blocks reach into their neighbours, and what stands beyond the array's ends: reading ``depth=`` and ``boundary=``.

Place in the flow: the door for these arguments; ``borders``, ``trimming`` and ``mapped`` take what is read here: for each axis
a pair of elements before and after a block, and a boundary. Also: chunks that are large enough for a depth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from minidask.array.chunks import Sizes, check_known, length_of, normalize_axis, sizes_token, smallest_of
from minidask.array.collection import ArrayBase
from minidask.array.rechunk import rechunk_to

# For each axis: (elements before a block, elements after it).
Depths: TypeAlias = "tuple[tuple[int, int], ...]"
# For each axis: the name of a rule, or the value that stands beyond the ends.
Boundaries: TypeAlias = "tuple[Any, ...]"

RULES = ("none", "reflect", "periodic", "nearest")


def read_depth(ndim: int, depth: Any) -> Depths:
    """Return for each axis how many elements before and after a block belong to it as well.

    Parameters
    ----------
    ndim : int
    depth : int, tuple, dict or None
        One for all axes; one for each; or ``{axis: depth}``, others 0. Of an axis an int, or a pair (before, after).

    Raises
    ------
    ValueError
        If a depth is negative, or a tuple has another length than there are axes.
    TypeError
        If a depth is no integer.
    numpy.exceptions.AxisError
        If a dict names an axis that isn't there.

    Examples
    --------
    >>> read_depth(2, 1), read_depth(2, {-1: (0, 2)})
    (((1, 1), (1, 1)), ((0, 0), (0, 2)))
    """
    if isinstance(depth, Mapping):
        found: list[Any] = [0] * ndim
        for axis, each in depth.items():
            found[normalize_axis(axis, ndim)] = each
    elif isinstance(depth, tuple | list):
        if len(depth) != ndim:
            raise ValueError(
                f"depth={depth!r} has {len(depth)} entries, but the array has {ndim} dimensions: a tuple gives one for each; "
                "elements before and after a block are told apart by {axis: (before, after)}"
            )
        found = list(depth)
    else:
        found = [0 if depth is None else depth] * ndim
    return tuple([_pair(each) for each in found])


def _pair(each: Any) -> tuple[int, int]:
    pair = tuple(each) if isinstance(each, tuple | list) else (each, each)
    if len(pair) != 2:
        raise ValueError(f"the depth of an axis is an int or a pair (before, after), got {each!r}")
    for part in pair:
        if isinstance(part, bool) or not hasattr(part, "__index__"):
            raise TypeError(f"a depth must be an integer, got {part!r}")
        if part < 0:
            raise ValueError(f"a depth must not be negative, got {part}")
    return int(pair[0]), int(pair[1])


def read_boundary(ndim: int, boundary: Any, dtype: Any = None) -> Boundaries:
    """Return for each axis what stands beyond its ends.

    Parameters
    ----------
    ndim : int
    boundary : str, scalar, tuple, dict or None
        One for all axes, one for each, or ``{axis: boundary}``, others ``"none"``. A boundary is ``"none"`` (nothing is added;
        None is the same), ``"reflect"`` (the array in the mirror, its last element twice), ``"periodic"`` (its other end),
        ``"nearest"`` (its last element again), or a value.
    dtype : dtype, optional
        Which a value must fit.

    Raises
    ------
    ValueError
        If a name is none of these, a value doesn't fit the dtype, or a tuple has another length than there are axes.
    numpy.exceptions.AxisError
        If a dict names an axis that isn't there.

    Examples
    --------
    >>> read_boundary(2, "reflect"), read_boundary(2, {1: 0})
    (('reflect', 'reflect'), ('none', 0))
    """
    if isinstance(boundary, Mapping):
        found: list[Any] = ["none"] * ndim
        for axis, each in boundary.items():
            found[normalize_axis(axis, ndim)] = each
    elif isinstance(boundary, tuple | list):
        if len(boundary) != ndim:
            raise ValueError(f"boundary={boundary!r} has {len(boundary)} entries, but the array has {ndim} dimensions")
        found = list(boundary)
    else:
        found = [boundary] * ndim
    return tuple([_boundary(each, dtype) for each in found])


def _boundary(each: Any, dtype: Any) -> Any:
    if each is None:
        return "none"
    textual = dtype is not None and np.dtype(dtype).kind in "USO"
    if isinstance(each, str):
        if each not in RULES and not textual:
            raise ValueError(f"boundary must be one of {', '.join(map(repr, RULES))} or a value, got {each!r}")
        return each
    if np.ndim(each):
        raise ValueError(f"a boundary's value must be a scalar, got {np.ndim(each)} dimensions: {each!r:.60}")
    if dtype is not None:
        try:
            # Assignment is strict where conversion is not.
            np.zeros((), dtype)[()] = each
        except (ValueError, OverflowError, TypeError) as error:
            raise ValueError(
                f"the boundary {each!r} doesn't fit the dtype {dtype}: convert the array first, x.astype(...)"
            ) from error
    return each


def reaches(depths: Depths) -> dict[int, int]:
    """Return ``{axis: the larger of its depths}`` of the axes that have one.

    Examples
    --------
    >>> reaches(((1, 3), (0, 0)))
    {0: 3}
    """
    return {axis: max(pair) for axis, pair in enumerate(depths) if max(pair)}


def ensure_minimum_chunksize(size: int, chunks: Sizes) -> Sizes:
    """Return sizes of at least so many elements, merging neighbours.

    Raises
    ------
    ValueError
        If all of them together are less.

    Examples
    --------
    >>> ensure_minimum_chunksize(4, (3, 3, 4)), ensure_minimum_chunksize(4, (5, 5, 1))
    ((6, 4), (5, 6))
    """
    if smallest_of(chunks) >= size:
        return chunks
    out: list[Any] = []
    pending: Any = 0
    for each in chunks:
        pending += each
        if pending >= size:
            out.append(pending)
            pending = 0
    if not out:
        raise ValueError(f"The overlapping depth {size} is larger than your array {sum(chunks)}.")
    out[-1] += pending
    return tuple(out)


def fit(arrays: Sequence[Any], depths: Sequence[Depths], allow_rechunk: bool) -> list[Any]:
    """Return arrays in chunks no smaller than what their neighbours need of them; axes are paired from the last one on.

    Raises
    ------
    ValueError
        If chunks are too small and ``allow_rechunk`` is False, or a depth is larger than the array; UnknownChunkSizes, which is
        one, if sizes along an axis with a depth aren't known.
    """
    # {(axis counted from the last, the sizes' token): the largest depth of the arrays that have these}
    needed: dict[tuple[int, str], int] = {}
    own_sizes: dict[tuple[int, str], Sizes] = {}
    for x, own in zip(arrays, depths, strict=True):
        for axis, reach in reaches(own).items():
            sizes = x._chunks[axis]
            check_known("overlap", sizes)
            place = axis - x.ndim, sizes_token(sizes)
            needed[place] = max(needed.get(place, 0), reach)
            own_sizes[place] = sizes
    small = [
        (place, reach)
        for place, reach in needed.items()
        if smallest_of(own_sizes[place]) < reach <= length_of(own_sizes[place])
    ]
    if small and not allow_rechunk:
        ((axis, token), reach) = small[0]
        raise ValueError(
            f"Overlap depth is larger than smallest chunksize: a depth of {reach} along axis {axis} needs blocks of that size, "
            f"got {own_sizes[axis, token]!r:.80}. Please set allow_rechunk=True to rechunk automatically, or rechunk first"
        )
    new = {place: ensure_minimum_chunksize(reach, own_sizes[place]) for place, reach in needed.items()}
    if all(new[place] is sizes for place, sizes in own_sizes.items()):
        return list(arrays)
    return [
        rechunk_to(x, tuple([new.get((at, sizes_token(sizes)), sizes) for at, sizes in enumerate(x._chunks, -x.ndim)]))
        for x in arrays
    ]


def coerce_depth(ndim: int, depth: Any) -> dict[int, Any]:
    """Return ``{axis: depth}`` of all axes: an int, or a pair where the two sides differ.

    Examples
    --------
    >>> coerce_depth(2, {0: (1, 2)})
    {0: (1, 2), 1: 0}
    """
    return {axis: pair[0] if pair[0] == pair[1] else pair for axis, pair in enumerate(read_depth(ndim, depth))}


def coerce_boundary(ndim: int, boundary: Any) -> dict[int, Any]:
    """Return ``{axis: boundary}`` of all axes.

    Examples
    --------
    >>> coerce_boundary(2, {0: "reflect"})
    {0: 'reflect', 1: 'none'}
    """
    return dict(enumerate(read_boundary(ndim, boundary)))


def check_array(what: str, x: Any) -> ArrayBase:
    """Return a chunked array; raises TypeError, with the remedy, for anything else."""
    if not isinstance(x, ArrayBase):
        raise TypeError(f"{what} needs a chunked array, got {type(x).__name__}: make one with from_array")
    return x

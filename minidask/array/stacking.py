"""Arrays of few axes put together, and things put into arrays: ``hstack``, ``vstack``, ``append``, ``insert``, ``delete``,
``atleast_1d``.

Place in the flow: above ``joining`` and indexing, of which these are made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from minidask.array.chunks import check_known, normalize_axis
from minidask.array.collection import ArrayBase
from minidask.array.dispatch import implements
from minidask.array.elementwise import as_array
from minidask.array.joining import concatenate
from minidask.array.planned import planned
from minidask.array.reshaping import flattened
from minidask.array.shaping import broadcast_to, moveaxis

# Up to so many positions are put in or left out piece by piece, with no list of all the others.
_FEW = 64


def _each(func: Callable[[Any], Any], arrays: tuple[Any, ...]) -> Any:
    out = [func(as_array(x)) for x in arrays]
    return out[0] if len(out) == 1 else tuple(out)


@implements(np.atleast_1d)
def atleast_1d(*arys: Any) -> Any:
    """Return arrays with at least one axis; one alone, or a tuple.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.atleast_1d(da.ones(())).shape
    (1,)
    """
    return _each(lambda x: x if x.ndim else x[None], arys)


@implements(np.atleast_2d)
def atleast_2d(*arys: Any) -> Any:
    """Return arrays with at least two axes, new ones in front.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.atleast_2d(da.ones(3)).shape
    (1, 3)
    """
    return _each(lambda x: x[(*[None] * max(2 - x.ndim, 0), ...)], arys)


@implements(np.atleast_3d)
def atleast_3d(*arys: Any) -> Any:
    """Return arrays with at least three axes: ``n`` becomes ``(1, n, 1)`` and ``(m, n)`` becomes ``(m, n, 1)``.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.atleast_3d(da.ones(3)).shape
    (1, 3, 1)
    """
    index = {0: (None, None, None), 1: (None, slice(None), None), 2: (slice(None), slice(None), None)}
    return _each(lambda x: x[index[x.ndim]] if x.ndim < 3 else x, arys)


@implements(np.vstack)
@planned
def vstack(
    tup: Sequence[Any], allow_unknown_chunksizes: bool = False, *, dtype: Any = None, casting: Any = "same_kind"
) -> Any:
    """Join arrays along the first axis, those of one axis as rows.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.vstack([da.ones(3), da.zeros(3)]).shape
    (2, 3)
    """
    return concatenate([atleast_2d(x) for x in _sequence(tup)], 0, dtype=dtype, casting=casting)


@implements(np.hstack)
@planned
def hstack(
    tup: Sequence[Any], allow_unknown_chunksizes: bool = False, *, dtype: Any = None, casting: Any = "same_kind"
) -> Any:
    """Join arrays along the second axis, those of one axis along it.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.hstack([da.ones(3), da.zeros(3)]).shape
    (6,)
    """
    arrays = [atleast_1d(x) for x in _sequence(tup)]
    return concatenate(arrays, 0 if all(x.ndim == 1 for x in arrays) else 1, dtype=dtype, casting=casting)


@implements(np.dstack)
@planned
def dstack(tup: Sequence[Any], allow_unknown_chunksizes: bool = False) -> Any:
    """Join arrays along the third axis.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.dstack([da.ones(3), da.zeros(3)]).shape
    (1, 3, 2)
    """
    return concatenate([atleast_3d(x) for x in _sequence(tup)], 2)


@implements(np.column_stack)
@planned
def column_stack(tup: Sequence[Any]) -> Any:
    """Join arrays along the second axis, those of one axis as columns.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.column_stack([da.ones(3), da.zeros(3)]).shape
    (3, 2)
    """
    arrays = [as_array(x) for x in _sequence(tup)]
    return concatenate([x if x.ndim > 1 else atleast_2d(x).T for x in arrays], 1)


def _sequence(tup: Any) -> list[Any]:
    if isinstance(tup, ArrayBase):
        raise TypeError("arrays to stack must be passed as a list or tuple of arrays, not as one array: use list(x)")
    return list(tup)


@implements(np.append)
@planned
def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    """Return an array with values behind it, along an axis or (default) as if both had one axis.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.append(da.arange(2, chunks=1), [7]).compute()
    array([0, 1, 7])
    """
    one, other = as_array(arr), as_array(values)
    if axis is None:
        return concatenate([flattened("append", one), flattened("append", other)])
    return concatenate([one, other], axis)


@implements(np.delete)
@planned
def delete(arr: Any, obj: Any, axis: int | None = None) -> Any:
    """Return an array without the positions ``obj`` (an int, a slice, a list or array in memory) along an axis.

    Raises
    ------
    IndexError
        If a position is out of range.
    UnknownChunkSizes
        If the axis's length isn't known.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.delete(da.arange(5, chunks=2), [0, -1]).compute()
    array([1, 2, 3])
    """
    x, at = _along("delete", arr, axis)
    check_known("delete", [x.shape[at]])
    gone = np.unique(_positions(obj, x.shape[at], at, past=False))
    if len(gone) > _FEW:
        return x[(*[slice(None)] * at, np.delete(np.arange(x.shape[at]), gone))]
    edges = [-1, *gone.tolist(), x.shape[at]]
    return concatenate([x[(*[slice(None)] * at, slice(low + 1, high))] for low, high in pairwise(edges)], at)


@implements(np.insert)
@planned
def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    """Return an array with values before the positions ``obj`` (an int, a slice, a list or array in memory) along an axis.

    Raises
    ------
    IndexError
        If a position is out of range.
    ValueError
        If the values don't broadcast to what is inserted.
    UnknownChunkSizes
        If the axis's length isn't known.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.insert(da.arange(3, chunks=2), 1, [7, 8]).compute()
    array([0, 7, 8, 1, 2])
    """
    x, at = _along("insert", arr, axis)
    check_known("insert", [x.shape[at]])
    length = x.shape[at]
    places = _positions(obj, length, at, past=True)
    given = values if isinstance(values, ArrayBase) else np.array(values, x.dtype)
    new = as_array(given).astype(x.dtype)
    new = new[(*[None] * max(x.ndim - new.ndim, 0), ...)]
    if np.ndim(obj) == 0 and not isinstance(obj, slice):
        # As NumPy: the values' first axis is the one that is inserted.
        new = moveaxis(new, 0, at)
    count = new.shape[at] if len(places) == 1 else len(places)
    new = broadcast_to(new, (*x.shape[:at], count, *x.shape[at + 1 :]))
    before = (slice(None),) * at
    if len(places) > _FEW:
        order = np.insert(np.arange(length), places, np.arange(length, length + count))
        return concatenate([x, new], at)[(*before, order)]
    if len(places) == 1:
        return concatenate([x[(*before, slice(0, places[0]))], new, x[(*before, slice(places[0], None))]], at)
    pieces, done = [], 0
    for number in np.argsort(places, kind="stable").tolist():
        place = int(places[number])
        pieces += [x[(*before, slice(done, place))], new[(*before, slice(number, number + 1))]]
        done = place
    return concatenate([*pieces, x[(*before, slice(done, None))]], at)


def _positions(obj: Any, length: int, axis: int, past: bool) -> Any:
    """Return the positions along an axis that ``obj`` means, counted from the front; one behind the last where ``past``."""
    if isinstance(obj, slice):
        return np.arange(*obj.indices(length))
    places = np.asarray(obj)
    if places.dtype == bool and places.ndim:
        if not past and places.shape != (length,):
            raise ValueError(
                f"boolean array argument obj to delete must be one dimensional and match the axis length of {length}"
            )
        return np.flatnonzero(places)
    if not places.size and not isinstance(obj, np.ndarray):
        places = places.astype(np.intp)
    if places.dtype.kind not in "iu":
        raise IndexError(f"arrays used as indices must be of integer (or boolean) type, got {places.dtype}")
    if places.ndim > 1:
        raise ValueError(f"positions along an axis must have one axis at most, got {places.ndim}")
    places = places.reshape(-1).astype(np.int64)
    wrong = (places < -length) | (places >= length + past)
    if wrong.any():
        raise IndexError(f"index {places[wrong][0]} is out of bounds for axis {axis} with size {length}")
    return np.where(places < 0, places + length, places)


def _along(what: str, arr: Any, axis: int | None) -> tuple[Any, int]:
    x = as_array(arr)
    if axis is None:
        return (flattened(what, x), 0)
    return x, normalize_axis(axis, x.ndim)

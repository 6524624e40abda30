"""Elements by position or by condition: ``take``, ``compress``, ``choose``, ``select``, ``nonzero``, ``unravel_index`` and
their like.

Place in the flow: above indexing and ``elementwise``, of which these are made. What depends on data has unknown chunk sizes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minidask.array.chunks import check_known, normalize_axis
from minidask.array.collection import ArrayBase, check_known_shape
from minidask.array.creation.ranges import arange
from minidask.array.dispatch import implements
from minidask.array.elementwise import as_array, elementwise
from minidask.array.joining import stack
from minidask.array.pointwise import astype
from minidask.array.rebinding import rebind
from minidask.array.reductions.folds import sum as sum_
from minidask.array.reshaping import ravel
from minidask.array.slicing.getting import compress as keep_true


def take(a: Any, indices: Any, axis: int | None = 0) -> Any:
    """Return elements at positions along an axis.

    Parameters
    ----------
    a : Array
    indices : int, array of ints, or chunked array of ints with one axis
    axis : int or None
        None: as if the array had one axis, as is ``numpy.take``'s default.

    Raises
    ------
    IndexError
        If a position is out of range.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.take(da.arange(5, chunks=2) * 10, [[0, -1]]).compute()
    array([[ 0, 40]])
    """
    x = as_array(a)
    if axis is None:
        x, axis = ravel(x), 0
    axis = normalize_axis(axis, x.ndim)
    where: Any = indices if isinstance(indices, ArrayBase) else np.asarray(indices)
    if not isinstance(where, ArrayBase):
        if where.dtype.kind not in "iu" and where.size:
            raise TypeError(f"positions must be integers, got {where.dtype}: use compress for a condition")
        where = int(where) if not where.ndim else where.astype(np.intp)
    return x[(*[slice(None)] * axis, where)]


@implements(np.take)
def numpy_take(a: Any, indices: Any, axis: int | None = None, out: Any = None, mode: str = "raise") -> Any:
    """Return what ``numpy.take`` does: ``take`` with another default axis, ``out``, ``mode``; ValueError for an unknown one."""
    if mode not in ("raise", "wrap", "clip"):
        raise ValueError(f"mode must be 'raise', 'wrap' or 'clip', got {mode!r}")
    if mode != "raise":
        length = as_array(a).size if axis is None else as_array(a).shape[normalize_axis(axis, as_array(a).ndim)]
        check_known("take", [length])
        where: Any = indices if isinstance(indices, ArrayBase) else np.asarray(indices)
        indices = where % length if mode == "wrap" else where.clip(0, length - 1)
    return rebind("take", out, take(a, indices, axis))


@implements(np.compress)
def compress(condition: Any, a: Any, axis: int | None = None) -> Any:
    """Return what is along an axis where a condition of one axis is true.

    Raises
    ------
    ValueError
        If the condition has more axes or is longer than the axis.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.compress([True, False, True], da.arange(5, chunks=2)).compute()
    array([0, 2])
    """
    x = as_array(a)
    if axis is None:
        x, axis = ravel(x), 0
    axis = normalize_axis(axis, x.ndim)
    given = condition if isinstance(condition, ArrayBase) else np.asarray(condition)
    if given.ndim != 1:
        raise ValueError("condition must be an array of one dimension")
    length, own = given.shape[0], x.shape[axis]
    if length > own:
        raise ValueError(f"the condition has {length} elements, but the axis only {own}")
    if length < own:
        x = x[(*[slice(None)] * axis, slice(0, length))]
    if isinstance(given, ArrayBase):
        return keep_true(x, astype(given, bool), axis)
    return x[(*[slice(None)] * axis, np.flatnonzero(given))]


@implements(np.extract)
def extract(condition: Any, arr: Any) -> Any:
    """Return the elements where a condition is true, as one axis.

    Examples
    --------
    >>> import minidask.array as da
    >>> x = da.arange(5, chunks=2)
    >>> da.extract(x > 2, x).compute()
    array([3, 4])
    """
    return compress(ravel(astype(as_array(condition), bool)), arr)


class Choose:
    """Call ``numpy.choose`` on blocks."""

    __slots__ = ("mode",)

    def __init__(self, mode: str) -> None:
        self.mode = mode

    def __call__(self, a: Any, *choices: Any) -> Any:
        return np.choose(a, choices, mode=self.mode)  # type: ignore[call-overload]

    def __reduce__(self) -> tuple[Any, ...]:
        return Choose, (self.mode,)


@implements(np.choose)
def choose(a: Any, choices: Sequence[Any], out: Any = None, mode: str = "raise") -> Any:
    """Return elements of several arrays, of which ``a`` says which; all are broadcast.

    Raises
    ------
    ValueError
        On computing, if ``a`` names an array that isn't there and ``mode`` is ``"raise"``; for another unknown mode at once.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.choose(da.arange(2, chunks=1), [[5, 6], [7, 8]]).compute()
    array([5, 8])
    """
    if mode not in ("raise", "wrap", "clip"):
        raise ValueError(f"mode must be 'raise', 'wrap' or 'clip', got {mode!r}")
    arrays = [as_array(x) for x in choices]
    dtype = np.result_type(*[x.dtype for x in arrays])
    return rebind("choose", out, elementwise(Choose(mode), as_array(a), *arrays, name=f"choose {mode}", dtype=dtype))


class Select:
    """Call ``numpy.select`` on blocks: ``count`` conditions, as many choices, a default."""

    __slots__ = ("count",)

    def __init__(self, count: int) -> None:
        self.count = count

    def __call__(self, *blocks: Any) -> Any:
        return np.select(list(blocks[: self.count]), list(blocks[self.count : -1]), blocks[-1])

    def __reduce__(self) -> tuple[Any, ...]:
        return Select, (self.count,)


@implements(np.select)
def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
    """Return elements of the choice whose condition is the first that is true, ``default`` where none is.

    Raises
    ------
    ValueError
        If there are not as many choices as conditions, or none.
    TypeError
        If a condition is not of booleans.

    Examples
    --------
    >>> import minidask.array as da
    >>> x = da.arange(4, chunks=2)
    >>> da.select([x < 1, x > 2], [x - 10, x + 10]).compute()
    array([-10,   0,   0,  13])
    """
    if len(condlist) != len(choicelist):
        raise ValueError("list of cases must be same length as list of conditions")
    if not condlist:
        raise ValueError("select with an empty condition list is not possible")
    conditions = [as_array(c) for c in condlist]
    if any(c.dtype != bool for c in conditions):
        raise TypeError(f"conditions must be of booleans, got {[str(c.dtype) for c in conditions]}")
    choices = [c if isinstance(c, ArrayBase) or not np.ndim(c) else as_array(c) for c in choicelist]
    kinds = [c.dtype if isinstance(c, ArrayBase) else c for c in (*choices, default)]
    return elementwise(
        Select(len(conditions)),
        *conditions,
        *choices,
        default,
        name=f"select {len(conditions)}",
        dtype=np.result_type(*kinds),
    )


@implements(np.nonzero)
def nonzero(a: Any) -> tuple[Any, ...]:
    """Return for each axis the positions of the elements that aren't zero (unknown chunk sizes).

    Raises
    ------
    ValueError
        If the array has no axis.
    UnknownChunkSizes
        If lengths aren't known.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.nonzero(da.from_array([3, 0, 4], chunks=2))[0].compute()
    array([0, 2])
    """
    x = as_array(a)
    if not x.ndim:
        raise ValueError("Calling nonzero on 0d arrays is not allowed. Use atleast_1d(scalar).nonzero() instead.")
    check_known_shape("nonzero", x)
    flat = ravel(astype(x, bool))
    found = keep_true(arange(flat.shape[0], chunks=flat.chunks, dtype=np.intp), flat, 0)
    return (found,) if x.ndim == 1 else unravel_index(found, x.shape)


@implements(np.flatnonzero)
def flatnonzero(a: Any) -> Any:
    """Return the positions of the elements that aren't zero, as if the array had one axis.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.flatnonzero(da.from_array([[3, 0], [0, 4]], chunks=1)).compute()
    array([0, 3])
    """
    return nonzero(ravel(as_array(a)))[0]


@implements(np.argwhere)
def argwhere(a: Any) -> Any:
    """Return the indices of the elements that aren't zero, one row each.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.argwhere(da.from_array([[3, 0], [0, 4]], chunks=1)).compute().tolist()
    [[0, 0], [1, 1]]
    """
    x = as_array(a)
    if not x.ndim:
        return stack(nonzero(x[None]))[:0].T
    return stack(nonzero(x)).T


@implements(np.count_nonzero)
def count_nonzero(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """Return the number of elements along axes that aren't zero.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.count_nonzero(da.arange(5, chunks=2)).compute()
    np.int64(4)
    """
    return sum_(astype(as_array(a), bool), axis, np.intp, keepdims)


class Unravel:
    """Call ``numpy.unravel_index`` on blocks."""

    __slots__ = ("order", "shape")

    def __init__(self, shape: tuple[int, ...], order: str) -> None:
        self.shape = shape
        self.order = order

    def __call__(self, block: Any) -> Any:
        found = np.unravel_index(block, self.shape, order=self.order)  # type: ignore[call-overload]
        return found if len(found) > 1 else found[0]

    def __reduce__(self) -> tuple[Any, ...]:
        return Unravel, (self.shape, self.order)


@implements(np.unravel_index)
def unravel_index(indices: Any, shape: Any, order: str = "C") -> Any:
    """Return for each axis of a shape the positions that positions in the flat array mean.

    Raises
    ------
    TypeError
        If the indices are no integers.
    ValueError
        If ``order`` is none; on computing, if an index is out of range.

    Examples
    --------
    >>> import minidask.array as da
    >>> [each.compute().tolist() for each in da.unravel_index(da.arange(4, chunks=2), (2, 2))]
    [[0, 0, 1, 1], [0, 1, 0, 1]]
    """
    x = as_array(indices)
    if x.dtype.kind not in "iu":
        raise TypeError(f"only int indices permitted, got {x.dtype}")
    if order not in ("C", "F"):
        raise ValueError(f"order must be 'C' or 'F', got {order!r}")
    lengths = tuple(map(int, shape)) if isinstance(shape, tuple | list) else (int(shape),)
    if not lengths:
        return ()
    made = elementwise(Unravel(lengths, order), x, name=f"unravel_index {lengths} {order}", nout=len(lengths))
    return made if isinstance(made, tuple) else (made,)


class RavelMulti:
    """Call ``numpy.ravel_multi_index`` on blocks, one for each axis."""

    __slots__ = ("dims", "mode", "order")

    def __init__(self, dims: tuple[int, ...], mode: Any, order: str) -> None:
        self.dims = dims
        self.mode = mode
        self.order = order

    def __call__(self, *blocks: Any) -> Any:
        return np.asarray(np.ravel_multi_index(blocks, self.dims, self.mode, self.order))  # type: ignore[call-overload]

    def __reduce__(self) -> tuple[Any, ...]:
        return RavelMulti, (self.dims, self.mode, self.order)


@implements(np.ravel_multi_index)
def ravel_multi_index(multi_index: Any, dims: Any, mode: Any = "raise", order: str = "C") -> Any:
    """Return the positions in the flat array that positions along each axis mean.

    Parameters
    ----------
    multi_index : sequence of arrays, or array
        One for each axis (along the first axis of an array).

    Raises
    ------
    ValueError
        If there are not as many as axes; on computing, if one is out of range and ``mode`` is ``"raise"``.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.ravel_multi_index([da.arange(2, chunks=1), [1, 0]], (2, 3)).compute()
    array([1, 3])
    """
    lengths = tuple(map(int, dims)) if isinstance(dims, tuple | list) else (int(dims),)
    parts = [as_array(part) for part in multi_index]
    if len(parts) != len(lengths):
        raise ValueError(f"parameter multi_index must be a sequence of length {len(lengths)}, got {len(parts)}")
    mode = tuple(mode) if isinstance(mode, list) else mode
    func = RavelMulti(lengths, mode, order)
    return elementwise(func, *parts, name=f"ravel_multi_index {lengths} {mode} {order}", dtype=np.intp)

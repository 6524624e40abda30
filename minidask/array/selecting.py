"""Elements by position or by condition: ``take``, ``compress``, ``choose``, ``select``, ``trim_zeros``, ``ix_``,
``unravel_index`` and their like.

Place in the flow: above indexing and ``elementwise``, of which these are made. What depends on data has unknown chunk sizes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from minidask.array.chunks import check_known, normalize_axes, normalize_axis
from minidask.array.collection import ArrayBase, check_known_shape
from minidask.array.creation.ranges import arange
from minidask.array.dispatch import call_registered, implements
from minidask.array.elementwise import as_array, elementwise
from minidask.array.planned import planned
from minidask.array.pointwise import astype
from minidask.array.rebinding import rebind
from minidask.array.reductions.folds import any_
from minidask.array.reductions.places import argmax
from minidask.array.reshaping import flattened
from minidask.array.slicing.getting import compress as keep_true


@planned
def take(a: Any, indices: Any, axis: int | None = 0, out: Any = None, mode: str = "raise") -> Any:
    """Return elements at positions along an axis.

    Parameters
    ----------
    a : Array
    indices : int, array of ints, or chunked array of ints with one axis
    axis : int or None
        None: as if the array had one axis, as is ``numpy.take``'s default.
    out : Array, optional
        Takes the result.
    mode : str
        What is done with positions out of range: ``"raise"``, ``"wrap"`` or ``"clip"`` (which has no negative ones).

    Raises
    ------
    IndexError
        If a position is out of range.
    ValueError
        For an unknown mode.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.take(da.arange(5, chunks=2) * 10, [[0, -1]]).compute()
    array([[ 0, 40]])
    """
    x = as_array(a)
    if axis is None:
        x, axis = flattened("take", x), 0
    axis = normalize_axis(axis, x.ndim)
    where: Any = indices if isinstance(indices, ArrayBase) else np.asarray(indices)
    if mode not in ("raise", "wrap", "clip"):
        raise ValueError(f"mode must be 'raise', 'wrap' or 'clip', got {mode!r}")
    if mode != "raise":
        length = x.shape[axis]
        check_known("take", [length])
        where = where % length if mode == "wrap" else where.clip(0, length - 1)
    if not isinstance(where, ArrayBase):
        if where.dtype.kind not in "iu" and where.size:
            raise TypeError(f"positions must be integers, got {where.dtype}: use compress for a condition")
        where = int(where) if not where.ndim else where.astype(np.intp)
    return rebind("take", out, x[(*[slice(None)] * axis, where)])


@implements(np.take)
def numpy_take(a: Any, indices: Any, axis: int | None = None, out: Any = None, mode: str = "raise") -> Any:
    """Return ``take`` with NumPy's default axis."""
    return take(a, indices, axis, out, mode)


@implements(np.compress)
@planned
def compress(condition: Any, a: Any, axis: int | None = None, out: Any = None) -> Any:
    """Return what is along an axis where a condition of one axis is true.

    Parameters
    ----------
    condition : Array or array-like
        It may be shorter than the axis; and longer, if what is beyond is false.
    a : Array
    axis : int or None
        None: as if the array had one axis.
    out : Array, optional
        Takes the result.

    Raises
    ------
    ValueError
        If the condition has more axes.
    IndexError
        If it is true beyond the axis (on computing, where it is lazy).

    Examples
    --------
    >>> import minidask.array as da
    >>> da.compress([True, False, True], da.arange(5, chunks=2)).compute()
    array([0, 2])
    """
    x = as_array(a)
    if axis is None:
        x, axis = flattened("compress", x), 0
    axis = normalize_axis(axis, x.ndim)
    given = condition if isinstance(condition, ArrayBase) else np.asarray(condition)
    if given.ndim != 1:
        raise ValueError("condition must be an array of one dimension")
    length, own = given.shape[0], x.shape[axis]
    if (length == length) != (own == own):
        # A condition may be shorter than the axis: which of the blocks it is for depends on both lengths.
        check_known("compress", [length, own])
    if length < own:
        x = x[(*[slice(None)] * axis, slice(0, length))]
    if not isinstance(given, ArrayBase):
        return rebind("compress", out, x[(*[slice(None)] * axis, np.flatnonzero(given))])
    mask: Any = astype(given, bool)
    if length > own:
        check: Any = NotBeyond(axis, own)
        mask = elementwise(check, mask[:own], any_(mask[own:]), name=f"not_beyond {axis}", dtype=bool)
    return rebind("compress", out, keep_true(x, mask, axis))


class NotBeyond(NamedTuple):
    """Return a mask; raise IndexError if there is more of it, and any of that is true."""

    axis: int
    length: int

    def __call__(self, mask: Any, beyond: Any) -> Any:
        if beyond:
            raise IndexError(f"the condition is true beyond axis {self.axis} with size {self.length}")
        return mask


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
    return compress(flattened("extract", astype(as_array(condition), bool)), flattened("extract", arr))


@implements(np.trim_zeros)
@planned
def trim_zeros(filt: Any, trim: str = "fb", axis: Any = None) -> Any:
    """Return an array without the zeros at its ends.

    Parameters
    ----------
    filt : Array or array-like
    trim : str
        ``"f"``: in front; ``"b"``: at the back; ``"fb"``: both.
    axis : int or tuple of int, optional
        Axes whose ends are looked at; default: all. What is left out is zero wholly.

    Returns
    -------
    Array
        Of unknown lengths along these axes.

    Raises
    ------
    ValueError
        For other letters.
    numpy.exceptions.AxisError
        If an axis is out of range.
    UnknownChunkSizes
        If lengths aren't known.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.trim_zeros(da.from_array([0, 0, 1, 0, 2, 0], chunks=2)).compute()
    array([1, 0, 2])
    """
    x = as_array(filt)
    ends = trim.lower()
    if ends not in ("f", "b", "fb", "bf"):
        raise ValueError(f"unexpected character(s) in `trim`: {trim!r}")
    axes = normalize_axes(axis, x.ndim)
    check_known_shape("trim_zeros", x)
    full = astype(x, bool)
    out = x
    for at in axes:
        length = x.shape[at]
        if not length:
            continue
        filled = any_(full, tuple([other for other in range(x.ndim) if other != at]))
        places: Any = arange(length, chunks=(x._chunks[at],))
        # Where all is zero nothing is in front of the first position, or behind the last: all of it goes.
        keep: Any = any_(filled)
        if "f" in ends:
            keep = keep & (places >= argmax(filled))
        if "b" in ends:
            keep = keep & (places < length - argmax(filled[::-1]))
        out = keep_true(out, keep, at)
    return out


@implements(np.ix_)
@planned
def ix_(*args: Any) -> tuple[Any, ...]:
    """Return positions along several axes so that they broadcast to all combinations.

    Parameters
    ----------
    *args : Array or array-like of one axis
        Conditions stand for the positions where they are true, of unknown number.

    Raises
    ------
    ValueError
        If an array has another number of axes.

    Examples
    --------
    >>> import minidask.array as da
    >>> [each.shape for each in da.ix_(da.arange(3), [4, 5])]
    [(3, 1), (1, 2)]
    """
    out = []
    for at, arg in enumerate(args):
        x = as_array(arg)
        if x.ndim != 1:
            raise ValueError("Cross index must be 1 dimensional")
        if not x.shape[0] and not isinstance(arg, ArrayBase):
            x = astype(x, np.intp)
        if x.dtype == bool:
            (x,) = call_registered(np.nonzero, (x,), {})
        out.append(x[(*[None] * at, slice(None), *[None] * (len(args) - at - 1))])
    return tuple(out)


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
@planned
def choose(a: Any, choices: Sequence[Any], out: Any = None, mode: str = "raise") -> Any:
    """Return elements of several arrays, of which ``a`` says which; all are broadcast.

    Raises
    ------
    ValueError
        On computing, if ``a`` names an array that isn't there and ``mode`` is ``"raise"``; for another unknown mode at once.
    TypeError
        If ``a`` isn't of integers.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.choose(da.arange(2, chunks=1), [[5, 6], [7, 8]]).compute()
    array([5, 8])
    """
    if mode not in ("raise", "wrap", "clip"):
        raise ValueError(f"mode must be 'raise', 'wrap' or 'clip', got {mode!r}")
    places = as_array(a)
    if not np.can_cast(places.dtype, np.intp):
        raise TypeError(
            f"Cannot cast array data from {places.dtype!r} to {np.dtype(np.intp)!r} according to the rule 'safe'"
        )
    arrays = [as_array(x) for x in choices]
    dtype = np.result_type(*[x.dtype for x in arrays])
    return rebind("choose", out, elementwise(Choose(mode), places, *arrays, name=f"choose {mode}", dtype=dtype))


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

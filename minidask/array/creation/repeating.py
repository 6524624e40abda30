"""More of the same: ``tile``, ``repeat``, ``pad``.

Place in the flow: above joining, indexing and reductions, of which these are made; blocks stay about as large as they are.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from minidask.array.chunks import Sizes, check_known, even, has_unknown, largest_of, normalize_axis
from minidask.array.collection import ArrayBase, another, check_known_shape, new_array
from minidask.array.creation.filled import full
from minidask.array.dispatch import implements
from minidask.array.dtypes import as_element
from minidask.array.elementwise import as_array, elementwise
from minidask.array.joining import concatenate
from minidask.array.planned import planned
from minidask.array.pointwise import astype
from minidask.array.rechunk import rechunk_to
from minidask.array.reductions import folds, moments
from minidask.array.remembered import remembered
from minidask.array.reshaping import flattened, ravel
from minidask.array.shaping import broadcast_to
from minidask.array.statistics.quantiles import median
from minidask.tokenize import tokenize


@implements(np.tile)
@planned
def tile(A: Any, reps: Any) -> Any:
    """Return an array put side by side with itself, so many times along each axis.

    Raises
    ------
    ValueError
        If a number is negative.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.tile(da.arange(2, chunks=1), 2).compute()
    array([0, 1, 0, 1])
    """
    x = as_array(A)
    times = tuple(reps) if isinstance(reps, tuple | list | np.ndarray) else (reps,)
    if any(n < 0 for n in times):
        raise ValueError(f"negative numbers of repetitions are not allowed, got {times}")
    x = x[(*[None] * max(len(times) - x.ndim, 0), ...)]
    for axis, n in enumerate(times, x.ndim - len(times)):
        if n == 0:
            x = x[(*[slice(None)] * axis, slice(0, 0))]
        elif n > 1:
            x = concatenate([x] * int(n), axis)
    return another(x) if x is A else x


class Repeat:
    """Repeat the elements of a block along an axis."""

    __slots__ = ("axis", "times")

    def __init__(self, times: int, axis: int) -> None:
        self.times = times
        self.axis = axis

    def __call__(self, block: Any) -> Any:
        return np.repeat(block, self.times, axis=self.axis)

    def __reduce__(self) -> tuple[Any, ...]:
        return Repeat, (self.times, self.axis)


@implements(np.repeat)
@planned
def repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    """Return an array with each element along an axis repeated.

    Parameters
    ----------
    a : Array
    repeats : int or sequence of int
        For all, or one for each.
    axis : int, optional
        Default: as if the array had one axis.

    Raises
    ------
    ValueError
        If there are not as many numbers as elements, or one is negative.
    UnknownChunkSizes
        If there is a number for each element of an axis of unknown length.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.repeat(da.arange(2, chunks=1), [2, 1]).compute()
    array([0, 0, 1])
    """
    x = as_array(a)
    if isinstance(repeats, ArrayBase):
        raise TypeError("numbers of repetitions must be in memory: compute them first")
    if axis is None:
        x, axis = flattened("repeat", x), 0
    axis = normalize_axis(axis, x.ndim)
    times = np.asarray(repeats) if np.size(repeats) else np.zeros(0, np.intp)
    if (times < 0).any():
        raise ValueError("repeats may not contain negative values.")
    front = (slice(None),) * axis
    if times.size != 1:
        check_known("repeat", [x.shape[axis]])
        if times.shape != (x.shape[axis],):
            raise ValueError(f"operands could not be broadcast together with shape ({x.shape[axis]},) {times.shape}")
        return x[(*front, np.repeat(np.arange(len(times)), times))]
    n = int(times.reshape(-1)[0])
    if n == 0:
        return x[(*front, slice(0, 0))]
    # Cut smaller first, so that blocks of the result are about as large as those of the array.
    sizes = x._chunks[axis]
    if n > 1 and not has_unknown(sizes):
        cut = _cut(sizes, n)
        x = rechunk_to(x, (*x._chunks[:axis], cut, *x._chunks[axis + 1 :]))
    made = elementwise(Repeat(n, axis), x, name=f"repeat {n} {axis}", dtype=x.dtype)
    chunks = (*x._chunks[:axis], _scaled(x._chunks[axis], n), *x._chunks[axis + 1 :])
    return new_array(made._layer, chunks, made._meta)


_STATISTICS: dict[str, Any] = {"maximum": folds.max, "minimum": folds.min, "mean": moments.mean, "median": median}


@implements(np.pad)
@planned
def pad(array: Any, pad_width: Any, mode: str = "constant", **kwargs: Any) -> Any:
    """Return an array with more elements before and behind it along each axis.

    Parameters
    ----------
    array : Array
    pad_width : int, (before, behind), or one pair an axis
    mode : str
        ``"constant"`` (with ``constant_values``), ``"edge"``, ``"reflect"``, ``"symmetric"``, ``"wrap"``, ``"linear_ramp"`` (with
        ``end_values``), ``"maximum"``, ``"minimum"``, ``"mean"``, ``"median"`` (with ``stat_length``), ``"empty"``; or a function
        ``f(vector, widths, axis, kwargs)`` that fills in the ends of a padded vector, for which axes become one block.
    **kwargs
        As for ``numpy.pad``.

    Raises
    ------
    ValueError
        For an unknown mode, keywords that the mode doesn't take, or negative widths.
    UnknownChunkSizes
        If lengths aren't known.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.pad(da.arange(3, chunks=2), (1, 2), mode="reflect").compute()
    array([1, 0, 1, 2, 1, 0])
    """
    x = as_array(array)
    check_known_shape("pad", x)
    statistics = {"stat_length"}
    taken = {
        "constant": {"constant_values"}, "edge": set(), "reflect": {"reflect_type"}, "symmetric": {"reflect_type"}, "wrap": set(),
        "linear_ramp": {"end_values"}, "maximum": statistics, "minimum": statistics, "mean": statistics, "median": statistics,
        "empty": set(),
    }  # fmt: skip
    if callable(mode):
        return _padded_by(x, _checked_widths(pad_width, x.ndim), mode, kwargs)
    if mode not in taken:
        raise ValueError(f"mode '{mode}' is not supported")
    if set(kwargs) - taken[mode]:
        raise ValueError(f"unsupported keyword arguments for mode '{mode}': {set(kwargs) - taken[mode]}")
    if kwargs.get("reflect_type", "even") not in ("even", "odd"):
        raise ValueError(f"reflect_type must be 'even' or 'odd', got {kwargs['reflect_type']!r}")
    odd = kwargs.get("reflect_type") == "odd"
    widths = _checked_widths(pad_width, x.ndim)
    values = _pairs(kwargs.get("constant_values", kwargs.get("end_values", 0)), x.ndim, "values")
    lengths = _pairs(kwargs.get("stat_length"), x.ndim, "stat_length")
    for axis, (before, behind) in enumerate(widths):
        if not before and not behind:
            continue
        if not x.shape[axis] and mode not in ("constant", "empty"):
            raise ValueError(f"can't extend empty axis {axis} using modes other than 'constant' or 'empty'")
        if mode in ("edge", "reflect", "symmetric", "wrap"):
            if odd and x.shape[axis] > (mode == "reflect"):
                x = _odd(x, axis, int(before), int(behind), mode)
            else:
                x = _mirrored(x, axis, int(before), int(behind), mode)
            continue
        parts = [x]
        for count, value, span, first in (
            (before, values[axis][0], lengths[axis][0], True),
            (behind, values[axis][1], lengths[axis][1], False),
        ):
            if count:
                made = _padding(x, axis, int(count), mode, value, span, first)
                parts.insert(0 if first else len(parts), made)
        x = concatenate(parts, axis)
    return another(x) if x is array else x


def _checked_widths(pad_width: Any, ndim: int) -> list[tuple[Any, Any]]:
    if isinstance(pad_width, ArrayBase):
        raise TypeError("widths must be in memory: compute them first")
    widths = _pairs(pad_width, ndim, "pad_width")
    if any(isinstance(n, float) for pair in widths for n in pair):
        raise TypeError("`pad_width` must be of integral type.")
    if any(n < 0 for pair in widths for n in pair):
        raise ValueError("index can't contain negative values")
    return widths


def _mirrored(x: Any, axis: int, before: int, behind: int, mode: str) -> Any:
    """Return an array with more elements that are its own: the last one again, or some in the mirror or from the other end."""
    n = x.shape[axis]
    front = (slice(None),) * axis
    if mode == "edge" and n:
        ends = [x[(*front, slice(0, 1))], x[(*front, slice(n - 1, n))]]
        chunks = [*x._chunks]
        for at, count in enumerate((before, behind)):
            chunks[axis] = even(count, max(largest_of(x._chunks[axis]), 1))
            shape = (*x.shape[:axis], count, *x.shape[axis + 1 :])
            ends[at] = broadcast_to(ends[at], shape, chunks=tuple(chunks))
        return concatenate([ends[0], x, ends[1]], axis)
    if mode == "edge" or max(before, behind) > n - (mode == "reflect"):
        # To and fro several times, or what NumPy says of nothing.
        places = np.pad(np.arange(n), (before, behind), mode)  # type: ignore[call-overload]
        return x[(*front, places)]
    if mode == "wrap":
        ends = [x[(*front, slice(n - before, n))], x[(*front, slice(0, behind))]]
    else:
        skip = int(mode == "reflect")
        turned = (*front, slice(None, None, -1))
        ends = [
            x[(*front, slice(skip, before + skip))][turned],
            x[(*front, slice(n - skip - behind, n - skip))][turned],
        ]
    return concatenate([ends[0], x, ends[1]], axis)


def _odd(x: Any, axis: int, before: int, behind: int, mode: str) -> Any:
    """Return an array with more elements, mirrored at its ends in place and value.

    Each turn to and fro, of ``span`` places, adds twice the difference of the ends.
    """
    front = (slice(None),) * axis
    column = (slice(None), *[None] * (x.ndim - axis - 1))
    n = x.shape[axis]
    span = 2 * (n - 1) if mode == "reflect" else 2 * n
    turns, places = np.divmod(np.arange(-before, n + behind), span)
    back = places >= n
    places = np.where(back, (span if mode == "reflect" else span - 1) - places, places)
    kind = x.dtype
    if kind.kind == "b":
        if max(before, behind) > n - (mode == "reflect"):
            raise TypeError("pad has no odd reflection of bools over more than their length: pad x.astype('i8')")
        x = astype(x, np.int8)
    # Times are multiplied by numbers.
    by = np.dtype(np.int64) if kind.kind == "m" else x.dtype
    signs = np.where(back, -1, 1).astype(by)[column]
    first, last = x[(*front, slice(0, 1))], x[(*front, slice(n - 1, n))]
    more = (2 * turns + 2 * back).astype(by)[column]
    less = (2 * turns).astype(by)[column]
    return astype(x[(*front, places)] * signs + last * more - first * less, kind)


def _padded_by(x: Any, widths: list[tuple[Any, Any]], func: Any, kwargs: dict[str, Any]) -> Any:
    """Return an array padded by a user's function, axis after axis."""
    for axis, (before, behind) in enumerate(widths):
        x = _empty_ends(x, axis, int(before), int(behind))
    for axis, pair in enumerate(widths):
        lanes = PadLanes(func, (int(pair[0]), int(pair[1])), axis, kwargs)
        x = elementwise(lanes, x.rechunk({axis: -1}), name=f"pad {tokenize(func, pair, axis, kwargs)}", meta=x._meta)
    return x


def _empty_ends(x: Any, axis: int, before: int, behind: int) -> Any:
    zero = np.zeros((), x.dtype)[()]
    ends = [full((*x.shape[:axis], n, *x.shape[axis + 1 :]), zero, x.dtype) for n in (before, behind)]
    return concatenate([ends[0], x, ends[1]], axis)


@remembered
def _cut(sizes: Sizes, parts: int) -> Sizes:
    """Return the sizes cut to blocks of at most that part of the longest."""
    limit = max(largest_of(sizes) // parts, 1)
    return tuple([part for size in sizes for part in even(int(size), limit)])


@remembered
def _scaled(sizes: Sizes, factor: int) -> Sizes:
    return tuple([size * factor for size in sizes])


class PadLanes:
    """Have a user's function fill in the ends of each vector along an axis of a block."""

    __slots__ = ("axis", "func", "kwargs", "widths")

    def __init__(self, func: Any, widths: tuple[int, int], axis: int, kwargs: dict[str, Any]) -> None:
        self.func = func
        self.widths = widths
        self.axis = axis
        self.kwargs = kwargs

    def __call__(self, block: Any) -> Any:
        made = np.array(block)
        lanes = np.moveaxis(made, self.axis, -1)
        for index in np.ndindex(*lanes.shape[:-1]):
            self.func(lanes[index], self.widths, self.axis, self.kwargs)
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return PadLanes, (self.func, self.widths, self.axis, self.kwargs)


def _pairs(given: Any, ndim: int, what: str) -> list[tuple[Any, Any]]:
    if given is None:
        return [(None, None)] * ndim
    if isinstance(given, dict):
        filled: list[Any] = [(0, 0)] * ndim
        for axis, pair in given.items():
            filled[normalize_axis(axis, ndim)] = pair if np.ndim(pair) else (pair, pair)
        return [tuple(pair) for pair in filled]
    try:
        pairs = np.broadcast_to(np.asarray(given), (ndim, 2))
    except ValueError:
        raise ValueError(
            f"{what} must be a number, a pair, or a pair for each of {ndim} axes, got {given!r:.60}"
        ) from None
    return [tuple(pair) for pair in pairs.tolist()]


def _padding(x: Any, axis: int, count: int, mode: str, value: Any, span: Any, first: bool) -> Any:
    """Return what is put before (``first``) or behind an array along an axis."""
    shape = (*x.shape[:axis], count, *x.shape[axis + 1 :])
    chunks = (*x._chunks[:axis], even(count, max(largest_of(x._chunks[axis]), 1)), *x._chunks[axis + 1 :])
    if mode in ("constant", "empty"):
        return full(
            shape,
            as_element(value, x.dtype) if mode == "constant" else np.zeros((), x.dtype)[()],
            x.dtype,
            chunks,
        )
    front = (slice(None),) * axis
    length = x.shape[axis]
    if mode == "linear_ramp":
        edge = x[(*front, slice(0, 1) if first else slice(length - 1, length))]
        steps = np.arange(count) if first else np.arange(count)[::-1]
        column = steps[(slice(None), *[None] * (x.ndim - axis - 1))]
        ramp = column * ((edge - value) / count) + value
        return astype(elementwise(np.floor, ramp) if x.dtype.kind in "iu" else ramp, x.dtype)
    if span is not None:
        if span < 1:
            raise ValueError("stat_length of 0 yields no value for padding")
        part = x[(*front, slice(0, span) if first else slice(max(length - span, 0), length))]
    else:
        part = x
    found = _STATISTICS[mode](part, axis, keepdims=True)
    if mode in ("mean", "median") and x.dtype.kind in "iu":
        found = elementwise(np.rint, found)
    return broadcast_to(astype(found, x.dtype), shape, chunks=chunks)


@implements(np.resize)
@planned
def resize(a: Any, new_shape: Any) -> Any:
    """Return an array of a shape, filled with the elements of another in C order, over and over.

    Raises
    ------
    ValueError
        If a length is negative.
    UnknownChunkSizes
        If the array's lengths aren't known.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.resize(da.arange(3, chunks=2), (2, 2)).compute().tolist()
    [[0, 1], [2, 0]]
    """
    x = as_array(a)
    check_known_shape("resize", x)
    shape = tuple(new_shape) if isinstance(new_shape, tuple | list) else (new_shape,)
    if any(n < 0 for n in shape):
        raise ValueError("all elements of `new_shape` must be non-negative")
    size = prod(shape)
    if not x.size:
        return full(shape, np.zeros((), x.dtype)[()], x.dtype)
    flat = ravel(x)
    times = -(-size // x.size)
    made = (concatenate([flat] * times) if times else flat)[:size].reshape(shape)
    return another(made) if made is a else made

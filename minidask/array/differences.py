"""Neighbouring elements compared: ``diff``, ``ediff1d``, ``gradient``; and ``ptp``, ``average``, ``trace``, made of reductions.

Place in the flow: above ``neighbours``, which compares within blocks that see a little of the next. Gradients of other types of
blocks than NumPy's are made of slices.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minidask.array.chunks import check_known, normalize_axes, normalize_axis
from minidask.array.collection import ArrayBase
from minidask.array.creation.diagonals import diagonal
from minidask.array.dispatch import implements
from minidask.array.dtypes import ufunc_dtypes
from minidask.array.elementwise import as_array, elementwise
from minidask.array.joining import concatenate
from minidask.array.neighbours import differences, slopes
from minidask.array.planned import planned
from minidask.array.pointwise import astype
from minidask.array.rebinding import rebind
from minidask.array.reductions import folds, moments
from minidask.array.reshaping import flattened
from minidask.array.shaping import broadcast_to


@implements(np.diff)
def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """Return the differences of neighbours along an axis, ``n`` times over.

    Parameters
    ----------
    a : Array
    n : int
    axis : int
    prepend, append : scalar or array, optional
        Put before and behind the array first.

    Raises
    ------
    ValueError
        If ``n`` is negative or the array has no axis.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.diff(da.from_array([1, 4, 9, 16], chunks=2)).compute()
    array([3, 5, 7])
    """
    x = as_array(a)
    if n < 0:
        raise ValueError(f"order must be non-negative but got {n}")
    if n == 0:
        return x
    if not x.ndim:
        raise ValueError("diff requires input that is at least one dimensional")
    axis = normalize_axis(axis, x.ndim)
    parts = [x]
    for value, place in ((prepend, 0), (append, len(parts) + 1)):
        # NumPy's own marker for a value that isn't given is no value either.
        if value is None or value is getattr(np, "_NoValue", None):
            continue
        extra = as_array(value)
        if not extra.ndim:
            extra = broadcast_to(extra, (*x.shape[:axis], 1, *x.shape[axis + 1 :]))
        parts.insert(place, extra)
    x = concatenate(parts, axis) if len(parts) > 1 else x
    check_known("diff", [x.shape[axis]])
    return differences(x, axis, n)


@implements(np.ediff1d)
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """Return the differences of neighbours as if the array had one axis, between other values.

    Raises
    ------
    TypeError
        If these aren't of the array's kind of numbers.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.ediff1d(da.from_array([1, 4, 9], chunks=2), to_end=0).compute()
    array([3, 5, 0])
    """
    x = flattened("ediff1d", ary)
    ufunc_dtypes(np.subtract, (x.dtype, x.dtype))
    parts = [diff(x)]
    if to_begin is not None:
        parts.insert(0, _end("to_begin", to_begin, x.dtype))
    if to_end is not None:
        parts.append(_end("to_end", to_end, x.dtype))
    return concatenate(parts) if len(parts) > 1 else parts[0]


def _end(what: str, values: Any, dtype: Any) -> Any:
    given = flattened("ediff1d", values)
    if not np.can_cast(given.dtype, dtype, "same_kind"):
        raise TypeError(f"dtype of `{what}` must be compatible with input `ary` under the `same_kind` rule.")
    return astype(given, dtype)


@implements(np.gradient)
@planned
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """Return the derivative by central differences, one-sided at the ends.

    Parameters
    ----------
    f : Array
    *varargs
        One distance for all axes, or for each axis a distance or the coordinates (in memory).
    axis : int or tuple of int, optional
        Default: all.
    edge_order : 1 or 2
        Of the one-sided differences.

    Returns
    -------
    Array, or a tuple of these for more than one axis

    Raises
    ------
    TypeError
        If there is neither none, one, nor one distance for each axis.
    ValueError
        If coordinates don't fit, an axis is too short, or ``edge_order`` is above 2.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.gradient(da.from_array([1.0, 4, 9, 16], chunks=2)).compute()
    array([3., 4., 6., 7.])
    """
    x = as_array(f)
    axes = (
        normalize_axes(axis, x.ndim)
        if not isinstance(axis, tuple | list)
        else [normalize_axis(a, x.ndim) for a in axis]
    )
    if len(varargs) not in (0, 1, len(axes)) or (len(varargs) == 1 and len(axes) != 1 and np.ndim(varargs[0])):
        raise TypeError("invalid number of arguments")
    steps = list(varargs) * len(axes) if len(varargs) == 1 else list(varargs) or [1.0] * len(axes)
    if len(set(axes)) < len(axes):
        raise ValueError("repeated axis")
    if edge_order not in (1, 2):
        raise ValueError("'edge_order' greater than 2 not supported")
    if x.dtype.kind in "iu":
        x = astype(x, float)
    out = [_derivative(x, at, step, edge_order) for at, step in zip(axes, steps, strict=True)]
    return out[0] if len(out) == 1 else tuple(out)


def _derivative(x: Any, axis: int, step: Any, edge_order: int) -> Any:
    length = x.shape[axis]
    check_known("gradient", [length])
    if length < edge_order + 1:
        raise ValueError(
            "Shape of array too small to calculate a numerical gradient, at least (edge_order + 1) elements are required."
        )

    def at(low: Any, high: Any) -> Any:
        return x[(*[slice(None)] * axis, slice(low, high))]

    if isinstance(step, ArrayBase):
        raise TypeError("distances of gradient must be in memory: compute them first")
    if np.ndim(step) > 1:
        raise ValueError("distances must be either scalars or 1d")
    if np.ndim(step) == 1 and len(step) != length:
        raise ValueError("when 1d, distances must match the length of the corresponding dimension")
    if type(x._meta) is np.ndarray:
        return slopes(x, axis, step, edge_order)
    gaps = np.diff(np.asarray(step)) if np.ndim(step) else np.asarray(step)
    if np.ndim(step) and (gaps == gaps[0]).all():
        gaps = gaps[0]
    if gaps.dtype.kind in "biu":
        gaps = gaps.astype(float)
    if not np.ndim(gaps):
        # A Python number, so that it decides no dtype.
        h: Any = gaps.item() if gaps.dtype == float else gaps[()]
        inner = (at(2, None) - at(None, -2)) / (2.0 * h)
        first, last = (at(1, 2) - at(0, 1)) / h, (at(-1, None) - at(-2, -1)) / h
        if edge_order == 2:
            first = (at(0, 1) * -1.5 + at(1, 2) * 2.0 + at(2, 3) * -0.5) / h
            last = (at(-3, -2) * 0.5 + at(-2, -1) * -2.0 + at(-1, None) * 1.5) / h
        return concatenate([first, inner, last], axis)
    column = (slice(None), *[None] * (x.ndim - axis - 1))
    before, behind = gaps[:-1], gaps[1:]
    a = -behind / (before * (before + behind))
    b = (behind - before) / (before * behind)
    c = before / (behind * (before + behind))
    inner = at(None, -2) * a[column] + at(1, -1) * b[column] + at(2, None) * c[column]
    first, last = (at(1, 2) - at(0, 1)) / gaps[0], (at(-1, None) - at(-2, -1)) / gaps[-1]
    if edge_order == 2:
        one, two = gaps[0], gaps[1]
        first = (
            at(0, 1) * (-(2.0 * one + two) / (one * (one + two)))
            + at(1, 2) * ((one + two) / (one * two))
            + at(2, 3) * (-one / (two * (one + two)))
        )
        one, two = gaps[-2], gaps[-1]
        last = (
            at(-3, -2) * (two / (one * (one + two)))
            + at(-2, -1) * (-(two + one) / (one * two))
            + at(-1, None) * ((2.0 * two + one) / (two * (one + two)))
        )
    return concatenate([first, inner, last], axis)


@implements(np.ptp)
@planned
def ptp(a: Any, axis: Any = None, keepdims: bool = False, out: Any = None) -> Any:
    """Return the span from the smallest to the largest element along axes; raises ValueError for an axis without elements.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.ptp(da.arange(5, chunks=2)).compute()
    np.int64(4)
    """
    x = as_array(a)
    return rebind("ptp", out, folds.max(x, axis, keepdims) - folds.min(x, axis, keepdims))


@implements(np.average)
@planned
def average(a: Any, axis: Any = None, weights: Any = None, returned: bool = False, keepdims: bool = False) -> Any:
    """Return the mean along axes, each element with its weight.

    Parameters
    ----------
    a : Array
    axis : int or tuple of int, optional
    weights : array, optional
        Of the array's shape, or of that of the axes.
    returned : bool
        Whether to return the sum of the weights as well.

    Raises
    ------
    TypeError
        If weights of another shape come without an axis.
    ValueError
        If their shape doesn't fit the axes.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.average(da.arange(3, chunks=2), weights=[1, 1, 2]).compute()
    np.float64(1.25)
    """
    x = as_array(a)
    if weights is None:
        mean = moments.mean(x, axis, None, keepdims)
        if not returned:
            return mean
        if x.size != x.size:
            ones = elementwise(np.ones_like, x, kwargs={"dtype": mean.dtype})
            return mean, folds.sum(ones, axis, None, keepdims)
        scale = x.size / mean.size if mean.size else 0
        return mean, broadcast_to(as_array(np.asarray(scale, mean.dtype)), mean.shape)
    w = as_array(weights)
    if w.shape != x.shape:
        if axis is None:
            if x.ndim == w.ndim:
                check_known("an average with weights", [*x.shape, *w.shape])
            raise TypeError("Axis must be specified when shapes of a and weights differ.")
        axes = [normalize_axis(at, x.ndim) for at in (axis if isinstance(axis, tuple | list) else (axis,))]
        if w.shape != tuple([x.shape[at] for at in axes]):
            check_known("an average with weights", [*x.shape, *w.shape])
            raise ValueError("Shape of weights must be consistent with shape of a along specified axis.")
        w = w.transpose(*np.argsort(axes).tolist())
        w = w[tuple([slice(None) if at in axes else None for at in range(x.ndim)])]
    kind = np.result_type(x.dtype, w.dtype, *(["f8"] if x.dtype.kind in "biu" else []))
    scale = folds.sum(broadcast_to(w, x.shape), axis, kind, keepdims)
    mean = folds.sum(x * w, axis, kind, keepdims) / scale
    return (mean, scale) if returned else mean


@implements(np.trace)
@planned
def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None) -> Any:
    """Return the sum along a diagonal; see ``diagonal``.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.trace(da.eye(3, chunks=2)).compute()
    np.float64(3.0)
    """
    x = as_array(a)
    if x.ndim > 1:
        check_known("trace", [x.shape[at] for at in normalize_axes((axis1, axis2), x.ndim)])
    return folds.sum(diagonal(x, offset, axis1, axis2), -1, dtype, out=out)

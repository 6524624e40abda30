"""Sequences: ``convolve``, ``correlate``, ``interp``, ``polyval``, ``vander``, ``trapezoid``, ``unwrap``.

A convolution by few weights looks back as many elements as there are weights: blocks share a border. Interpolation and
polynomials work element by element, with their tables in memory.

Place in the flow: above overlap and ``differences``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minidask.array.chunks import check_known, largest_of, normalize_axis
from minidask.array.collection import ArrayBase
from minidask.array.creation.filled import zeros
from minidask.array.differences import diff
from minidask.array.dispatch import implements
from minidask.array.elementwise import as_array, elementwise
from minidask.array.joining import concatenate
from minidask.array.overlap.mapped import map_overlap
from minidask.array.planned import planned
from minidask.array.reductions import folds
from minidask.array.reductions.cumulative import cumsum
from minidask.tokenize import tokenize


class Causal:
    """Weight each element and those before it; one block after a border of as many elements."""

    __slots__ = ("dtype", "weights")

    def __init__(self, weights: Any, dtype: Any) -> None:
        self.weights = weights
        self.dtype = dtype

    def __call__(self, block: Any) -> Any:
        made = np.convolve(block, self.weights)[: len(block)] if len(block) else np.empty(0, self.dtype)
        return made.astype(self.dtype, copy=False)

    def __reduce__(self) -> tuple[Any, ...]:
        return Causal, (self.weights, self.dtype)


def _weights(what: str, v: Any) -> Any:
    if isinstance(v, ArrayBase):
        raise TypeError(f"{what} needs its second array in memory: compute it first")
    weights = np.atleast_1d(np.asarray(v))
    if weights.ndim != 1:
        raise ValueError(f"{what} needs arrays of one axis, got {weights.ndim}")
    if not len(weights):
        raise ValueError("v cannot be empty")
    return weights


@implements(np.convolve)
@planned
def convolve(a: Any, v: Any, mode: str = "full") -> Any:
    """Return the convolution of a long array with weights in memory.

    Parameters
    ----------
    a : (N,) Array
    v : (M,) array-like in memory
    mode : str
        ``"full"`` of length N + M - 1, ``"same"`` of length max(N, M), ``"valid"`` where both overlap wholly.

    Raises
    ------
    TypeError
        If ``v`` is lazy.
    ValueError
        If an array is empty or has several axes, or the mode isn't known.
    UnknownChunkSizes
        If lengths aren't known.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.convolve(da.arange(4, chunks=2), [1, 1]).compute()
    array([0, 1, 3, 5, 3])
    """
    x, weights = as_array(a), _weights("convolve", v)
    if x.ndim > 1:
        raise ValueError(f"convolve needs arrays of one axis, got {x.ndim}")
    if mode not in ("full", "same", "valid"):
        raise ValueError(f"mode must be one of 'valid', 'same', or 'full' (got {mode!r})")
    x = x[None] if not x.ndim else x
    check_known("convolve", x.shape)
    n, m = x.shape[0], len(weights)
    if not n:
        raise ValueError("a cannot be empty")
    dtype = np.convolve(np.ones(1, x.dtype), np.ones(1, weights.dtype)).dtype
    if m > 1:
        x = concatenate([x, zeros(m - 1, dtype=x.dtype, chunks=largest_of(x.chunks[0]))])
    full = map_overlap(Causal(weights, dtype), x, depth={0: (m - 1, 0)}, boundary="none", dtype=dtype)
    if mode == "full":
        return full
    short = min(n, m)
    if mode == "valid":
        return full[short - 1 : max(n, m)]
    start = (short - 1) // 2
    return full[start : start + max(n, m)]


@implements(np.correlate)
@planned
def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    """Return the cross-correlation of a long array with weights in memory; arguments and errors as for ``convolve``.

    Raises
    ------
    ValueError
        Besides, if there are more weights than elements: NumPy would exchange the arrays.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.correlate(da.arange(4, chunks=2), [0, 1]).compute()
    array([1, 2, 3])
    """
    x, weights = as_array(a), _weights("correlate", v)
    if x.ndim == 1 and 0 < x.shape[0] < len(weights):
        raise ValueError(f"correlate needs at least as many elements as weights, got {x.shape[0]} and {len(weights)}")
    weights = weights[::-1].conj()
    return convolve(x, weights, mode)


class Interpolate:
    """Call ``numpy.interp`` on blocks."""

    __slots__ = ("kwargs", "places", "values")

    def __init__(self, places: Any, values: Any, kwargs: Any) -> None:
        self.places = places
        self.values = values
        self.kwargs = kwargs

    def __call__(self, block: Any) -> Any:
        return np.asarray(np.interp(block, self.places, self.values, **self.kwargs))

    def __reduce__(self) -> tuple[Any, ...]:
        return Interpolate, (self.places, self.values, self.kwargs)


@implements(np.interp)
@planned
def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    """Return values at places between known ones, by straight lines; the table ``xp``, ``fp`` is in memory.

    Raises
    ------
    TypeError
        If the table is lazy.
    ValueError
        If its two parts have different lengths, or no elements.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.interp(da.from_array([0.5, 3], chunks=1), [0, 1, 2], [0, 10, 20]).compute()
    array([ 5., 20.])
    """
    if isinstance(xp, ArrayBase) or isinstance(fp, ArrayBase):
        raise TypeError("interp needs its table in memory: compute xp and fp first")
    kwargs = {key: value for key, value in (("left", left), ("right", right), ("period", period)) if value is not None}
    places, values = np.asarray(xp), np.asarray(fp)
    x = as_array(x)
    sample = np.interp(np.ones(1, x.dtype if x.dtype.kind != "O" else float), places, values, **kwargs)
    func = Interpolate(places, values, kwargs)
    return elementwise(func, x, name=f"interp {tokenize(places, values, kwargs)}", dtype=sample.dtype)


@implements(np.polyval)
@planned
def polyval(p: Any, x: Any) -> Any:
    """Return the values of a polynomial, whose coefficients begin with that of the highest power.

    Parameters
    ----------
    p : (N,) Array or array-like
        It may be lazy, as what ``polyfit`` gives.
    x : Array or array-like

    Raises
    ------
    ValueError
        If the coefficients have several axes.
    UnknownChunkSizes
        If their number isn't known.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.polyval([1, 0, 2], da.arange(3, chunks=2)).compute()
    array([2, 3, 6])
    """
    coefficients: Any = p if isinstance(p, ArrayBase) else np.asarray(p)
    if coefficients.ndim != 1:
        raise ValueError(f"the coefficients of a polynomial have one axis, got {coefficients.ndim}")
    points = as_array(x)
    made = elementwise(np.zeros_like, points)
    for at in range(len(coefficients)):
        made = made * points + coefficients[at]
    return made


@implements(np.vander)
@planned
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """Return the matrix of powers of a vector's elements, a column a power, the highest first unless ``increasing``.

    Raises
    ------
    ValueError
        If the array hasn't one axis.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.vander(da.arange(1, 3, chunks=1), 3).compute().tolist()
    [[1, 1, 1], [4, 2, 1]]
    """
    points = as_array(x)
    if points.ndim != 1:
        raise ValueError("x must be a one-dimensional array or sequence.")
    count = len(points) if N is None else N
    powers = np.arange(count) if increasing else np.arange(count)[::-1]
    points = points.astype(np.promote_types(points.dtype, int))
    return elementwise(np.power, points[:, None], powers[None].copy())


@implements(np.trapezoid)
@planned
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """Return the integral along an axis by the trapezoidal rule.

    Parameters
    ----------
    y : Array
    x : Array or array-like, optional
        Places of the values, along the axis or of the shape of ``y``; default: ``dx`` apart.

    Raises
    ------
    numpy.exceptions.AxisError
        If the axis is out of range.
    ValueError
        If shapes don't broadcast.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.trapezoid(da.arange(4, chunks=2)).compute()
    np.float64(4.5)
    """
    values = as_array(y)
    axis = normalize_axis(axis, values.ndim)
    step = dx
    if x is not None:
        places = as_array(x)
        if places.ndim == 1:
            step = diff(places)[(slice(None), *[None] * (values.ndim - axis - 1))]
        else:
            step = diff(places, axis=axis)
    front = (slice(None),) * axis
    both = values[(*front, slice(1, None))] + values[(*front, slice(None, -1))]
    return folds.sum(step * both / 2.0, axis)


@implements(np.unwrap)
@planned
def unwrap(p: Any, discont: Any = None, axis: int = -1, *, period: Any = 2 * np.pi) -> Any:
    """Return angles without jumps: neighbours differ by at most half a period, a multiple of which is added.

    Parameters
    ----------
    p : Array
    discont : float, optional
        Smaller jumps stay; default, and at least, half the period.
    axis : int
    period : float or int

    Raises
    ------
    numpy.exceptions.AxisError
        If the axis is out of range.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.unwrap(da.from_array([0, 3, 6, 1], chunks=2), period=4).compute()
    array([ 0, -1, -2, -3])
    """
    angles = as_array(p)
    axis = normalize_axis(axis, angles.ndim)
    steps = diff(angles, axis=axis)
    limit = period / 2 if discont is None else discont
    dtype = np.result_type(steps.dtype, period)
    whole = dtype.kind in "iu"
    high, rest = divmod(period, 2) if whole else (period / 2, 1)
    ambiguous = rest == 0 if whole else True
    low = -high
    wrapped = elementwise(np.mod, steps - low, period) + low
    if ambiguous:
        # A jump of half a period goes the way that it went.
        wrapped = elementwise(np.where, (wrapped == low) & (steps > 0), high, wrapped)
    moved = elementwise(np.where, abs(steps) < limit, 0, wrapped - steps)
    front = (slice(None),) * axis
    first = angles[(*front, slice(0, 1))].astype(dtype)
    behind = angles[(*front, slice(1, None))] + cumsum(moved, axis)
    return concatenate([first, behind.astype(dtype)], axis)

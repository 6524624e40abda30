"""Arrays of a formula: ``arange``, ``linspace``, ``eye``. Each block is made of its bounds alone."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minidask.array.chunks import chunks_token
from minidask.array.collection import new_array
from minidask.array.devices import takes_device
from minidask.array.meta import numpy_meta
from minidask.array.normalize import normalize_chunks
from minidask.array.planned import planned
from minidask.array.sources import made_layer
from minidask.tokenize import quick_token


@takes_device
def arange(
    start: Any = None,
    stop: Any = None,
    step: Any = 1,
    *,
    chunks: Any = "auto",
    dtype: Any = None,
    like: Any = None,
    name: str | None = None,
) -> Any:
    """Return evenly spaced values from ``start`` (default 0) up to ``stop``, which is left out.

    Parameters
    ----------
    start, stop, step : numbers, datetime64, timedelta64
        A single one is ``stop``.
    chunks
        What ``normalize_chunks`` reads.
    dtype : dtype, optional

    Raises
    ------
    TypeError
        If no number is given.
    ZeroDivisionError
        If the step is 0.

    Examples
    --------
    >>> arange(5, chunks=2).compute()
    array([0, 1, 2, 3, 4])
    """
    if start is None and stop is None:
        raise TypeError("arange() requires stop to be specified")
    if stop is None:
        zero: Any = start * 0 if hasattr(start, "dtype") else 0
        start, stop = zero, start
    elif start is None:
        start = 0
    if step is None:
        step = 1
    if step == 0:
        raise ZeroDivisionError("arange() needs a step that isn't 0")
    length = max(math.ceil((stop - start) / step), 0)
    if dtype is not None:
        kind = np.dtype(dtype)
    elif isinstance(start + step, np.datetime64 | np.timedelta64):
        kind = np.arange(start, start + step * 0, step).dtype
    else:
        kind = np.result_type(*[np.asarray(number) for number in (start, stop, step)])
    normal = normalize_chunks(chunks, (length,), None, kind)
    name = name or f"arange-{quick_token('arange', start, step, chunks_token(normal), kind.str)}"
    layer = made_layer(name, _range, normal, start, step, kind, merges=True)
    return new_array(layer, normal, numpy_meta(kind, 1), (length,))


def _range(bounds: tuple[tuple[int, int], ...], start: Any, step: Any, dtype: Any) -> Any:
    low, high = bounds[0]
    if dtype.kind in "mM":
        return np.asarray(start + np.arange(low, high) * step).astype(dtype, copy=False)
    if dtype.kind in "iu" and all(isinstance(number, int | np.integer) for number in (start, step)):
        # The end counted in steps, so that each block has exactly its number of values.
        return np.arange(start + low * step, start + high * step, step, dtype)  # type: ignore[call-overload]
    # As NumPy does it: from the difference of the first two values, in the result's type.
    first = np.asarray(start).astype(dtype)
    delta = np.asarray(start + step).astype(dtype) - first
    return (first + np.arange(low, high) * delta).astype(dtype, copy=False)


@takes_device
@planned
def linspace(
    start: float,
    stop: float,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    chunks: Any = "auto",
    dtype: Any = None,
    name: str | None = None,
) -> Any:
    """Return ``num`` evenly spaced values from ``start`` to ``stop``.

    Parameters
    ----------
    endpoint : bool
        Whether ``stop`` is the last value.
    retstep : bool
        Whether to return the spacing as well.

    Raises
    ------
    ValueError
        If ``num`` is negative.

    Examples
    --------
    >>> linspace(0, 1, 5, chunks=2).compute()
    array([0.  , 0.25, 0.5 , 0.75, 1.  ])
    """
    num = int(num)
    if num < 0:
        raise ValueError(f"Number of samples, {num}, must be non-negative.")
    divisions = num - 1 if endpoint else num
    step = (stop - start) / divisions if divisions > 0 else math.nan
    kind = np.dtype(dtype) if dtype is not None else np.linspace(start, stop, 1).dtype
    normal = normalize_chunks(chunks, (num,), None, kind)
    name = name or f"linspace-{quick_token('linspace', start, stop, num, endpoint, chunks_token(normal), kind.str)}"
    layer = made_layer(name, _line, normal, start, stop, divisions, endpoint, kind, merges=True)
    made = new_array(layer, normal, numpy_meta(kind, 1), (num,))
    return (made, step) if retstep else made


def _line(
    bounds: tuple[tuple[int, int], ...], start: Any, stop: Any, divisions: int, endpoint: bool, dtype: Any
) -> Any:
    low, high = bounds[0]
    values = np.arange(low, high).astype(np.result_type(float, start, stop))
    if divisions > 0:
        values = values * ((stop - start) / divisions)
    values = values + start
    if endpoint and divisions > 0 and low <= divisions < high:
        values[divisions - low] = stop
    return np.floor(values).astype(dtype) if dtype.kind in "iu" else values.astype(dtype, copy=False)


@takes_device
def eye(
    N: int, chunks: Any = "auto", M: int | None = None, k: int = 0, dtype: Any = float, name: str | None = None
) -> Any:
    """Return a matrix with ones on a diagonal and zeros elsewhere.

    Parameters
    ----------
    N, M : int
        Rows, and columns (default: as many).
    k : int
        Which diagonal: 0 the main one, positive above it.

    Raises
    ------
    ValueError
        If a length is negative or chunks don't fit.

    Examples
    --------
    >>> eye(2, chunks=1).compute().tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    shape = (int(N), int(N if M is None else M))
    if min(shape) < 0:
        raise ValueError(f"negative dimensions are not allowed, got {shape}")
    kind = np.dtype(dtype)
    normal = normalize_chunks(chunks, shape, None, kind)
    name = name or f"eye-{quick_token('eye', chunks_token(normal), k, str(kind))}"
    return new_array(made_layer(name, _diagonal, normal, k, kind, merges=True), normal, numpy_meta(kind, 2), shape)


def _diagonal(bounds: tuple[tuple[int, int], ...], k: int, dtype: Any) -> Any:
    (top, bottom), (left, right) = bounds
    return np.eye(bottom - top, right - left, k + top - left, dtype)


def identity(n: int, dtype: Any = float, chunks: Any = "auto") -> Any:
    """Return a square matrix with ones on its main diagonal; see ``eye``.

    Examples
    --------
    >>> identity(2).shape
    (2, 2)
    """
    return eye(n, chunks, dtype=dtype)


@planned
def logspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: Any = 10.0,
    dtype: Any = None,
    chunks: Any = "auto",
) -> Any:
    """Return ``num`` powers of a base, their exponents evenly spaced from ``start`` to ``stop``.

    Raises
    ------
    ValueError
        If ``num`` is negative.

    Examples
    --------
    >>> logspace(0, 2, 3).compute()
    array([  1.,  10., 100.])
    """
    made = linspace(start, stop, num, endpoint, chunks=chunks).map_blocks(Powers(base), dtype=np.result_type(1.0, base))
    return made if dtype is None else made.astype(dtype)


class Powers:
    """Raise a base to blocks of exponents."""

    __slots__ = ("base",)

    def __init__(self, base: Any) -> None:
        self.base = base

    def __call__(self, block: Any) -> Any:
        return np.power(self.base, block)

    def __reduce__(self) -> tuple[Any, ...]:
        return Powers, (self.base,)


@planned
def geomspace(
    start: float, stop: float, num: int = 50, endpoint: bool = True, dtype: Any = None, chunks: Any = "auto"
) -> Any:
    """Return ``num`` real numbers from ``start`` to ``stop``, each the same multiple of the one before.

    Raises
    ------
    ValueError
        If one end is 0, they have different signs, or ``num`` is negative.
    TypeError
        If they are complex: use ``logspace``.

    Examples
    --------
    >>> geomspace(1, 8, 4).compute().round(9)
    array([1., 2., 4., 8.])
    """
    if isinstance(start, complex) or isinstance(stop, complex):
        raise TypeError("geomspace of complex numbers isn't built: use logspace of their logarithms")
    if start == 0 or stop == 0:
        raise ValueError("Geometric sequence cannot include zero")
    if (start < 0) != (stop < 0):
        raise ValueError(f"geomspace needs ends of one sign here, got {start} and {stop}")
    sign = -1.0 if start < 0 else 1.0
    made = logspace(math.log10(abs(start)), math.log10(abs(stop)), num, endpoint, chunks=chunks) * sign
    if num > 0:
        made[0] = start
    if num > 1 and endpoint:
        made[-1] = stop
    return made if dtype is None else made.astype(dtype)

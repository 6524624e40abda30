"""Polynomials: ``polyfit`` of many points, and arithmetic with coefficients, which are few.

Coefficients begin with that of the highest power. A fit is least squares of the matrix of powers, whose rows are as many as there
are points, in their blocks. Arithmetic is one task of NumPy's function on coefficients that are brought into one block.

Place in the flow: above linear algebra; ``polyval`` and ``vander`` are in ``signals``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from minidask.array.chunks import is_unknown
from minidask.array.collection import ArrayBase, new_array
from minidask.array.dispatch import implements
from minidask.array.elementwise import as_array, elementwise
from minidask.array.linalg.least_squares import lstsq
from minidask.array.linalg.matrices import check_square, lapack_dtype, one_block
from minidask.array.linalg.solving import inv
from minidask.array.linalg.stacks import Output
from minidask.array.meta import numpy_meta
from minidask.array.planned import planned
from minidask.array.products.contraction import only
from minidask.array.products.vectors import matmul
from minidask.array.signals import vander
from minidask.graph import blockwise
from minidask.tokenize import quick_token

_UNKNOWN = float("nan")


class OfCoefficients(NamedTuple):
    """Call one of NumPy's functions of polynomials; the result of an unforeseeable dtype is cast to the declared one."""

    name: str
    args: tuple[Any, ...]
    dtype: np.dtype[Any]

    @property
    def short_name(self) -> str:
        """The function's name, for people."""
        return self.name

    def __call__(self, *coefficients: Any) -> Any:
        made = getattr(np, self.name)(*coefficients, *self.args)
        if isinstance(made, tuple):
            return tuple([np.atleast_1d(each).astype(self.dtype, copy=False) for each in made])
        return np.atleast_1d(made).astype(self.dtype, copy=False)


def _coefficients(what: str, p: Any) -> Any:
    x = as_array(p)
    x = x[None] if not x.ndim else x
    if x.ndim != 1:
        raise ValueError(f"{what} needs the coefficients of a polynomial, an array of one axis, got {x.ndim}")
    return one_block(what, x, 0)


def _call(name: str, arrays: Sequence[Any], lengths: Sequence[Any], dtype: Any, *args: Any) -> tuple[Any, ...]:
    """Return the results, of lengths that may be NaN, of one task on arrays of one block each."""
    token = quick_token(name, repr(args), dtype.str, *[x.name for x in arrays])
    operands = [(x._layer, tuple([(at, axis) for axis in range(x.ndim)])) for at, x in enumerate(arrays)]
    func: Any = OfCoefficients(name, args, dtype)
    layer = blockwise(func, (), *operands, name=f"{name}-{token}", contract=only)
    made = []
    for at, length in enumerate(lengths):
        which = Output(at if len(lengths) > 1 else None)
        item = blockwise(which, ("out",), (layer, ()), new_axes={"out": 1}, name=f"{name}-{at}-{token}")
        made.append(new_array(item, ((length,),), numpy_meta(dtype, 1)))
    return tuple(made)


def _two(name: str, one: Any, other: Any, length: Callable[[Any, Any], Any], count: int = 1) -> tuple[Any, ...]:
    arrays = [_coefficients(name, each) for each in (one, other)]
    sample = getattr(np, name)(*[np.ones(1, x.dtype) for x in arrays])
    dtype = np.asarray(sample[0] if isinstance(sample, tuple) else sample).dtype
    n, m = arrays[0].shape[0], arrays[1].shape[0]
    known = _UNKNOWN if is_unknown(n) or is_unknown(m) else length(n, m)
    return _call(name, arrays, (known, *[_UNKNOWN] * (count - 1)), dtype)


@implements(np.polyadd)
@planned
def polyadd(a1: Any, a2: Any) -> Any:
    """Return the coefficients of the sum of two polynomials, in one block.

    Parameters
    ----------
    a1, a2 : (N,) and (M,) Array or array-like

    Returns
    -------
    (max(N, M),) Array

    Raises
    ------
    ValueError
        If an array has several axes.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.polyadd(da.from_array([1, 2]), [9, 5, 4]).compute()
    array([9, 6, 6])
    """
    return _two("polyadd", a1, a2, max)[0]


@implements(np.polysub)
@planned
def polysub(a1: Any, a2: Any) -> Any:
    """Return the coefficients of the difference of two polynomials; see ``polyadd``.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.polysub(da.from_array([1, 2]), [9, 5, 4]).compute()
    array([-9, -4, -2])
    """
    return _two("polysub", a1, a2, max)[0]


@implements(np.polymul)
@planned
def polymul(a1: Any, a2: Any) -> Any:
    """Return the coefficients of the product of two polynomials; see ``polyadd``.

    How many there are isn't known before computing: leading zeros of the factors are left out.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.polymul(da.from_array([0, 1, 2]), [1, 1]).compute()
    array([1, 3, 2])
    """
    return _two("polymul", a1, a2, lambda n, m: _UNKNOWN)[0]


@implements(np.polydiv)
def polydiv(u: Any, v: Any) -> tuple[Any, Any]:
    """Return the coefficients of the quotient of two polynomials and of the remainder; see ``polyadd``.

    Of the remainder, whose leading zeros are left out, the length isn't known before computing.

    Raises
    ------
    IndexError
        On computing, if there are no coefficients.

    Examples
    --------
    >>> import minidask.array as da
    >>> [part.compute().tolist() for part in da.polydiv(da.from_array([1, 2, 3]), [1, 1])]
    [[1.0, 1.0], [2.0]]
    """
    quotient, remainder = _two("polydiv", u, v, lambda n, m: max(n - m + 1, 1), 2)
    return quotient, remainder


@implements(np.polyder)
def polyder(p: Any, m: int = 1) -> Any:
    """Return the coefficients of the derivative of order ``m`` of a polynomial.

    Parameters
    ----------
    p : (N,) Array or array-like
    m : int

    Returns
    -------
    (max(N - m, 0),) Array

    Raises
    ------
    ValueError
        If ``m`` is negative, or ``p`` has several axes.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.polyder(da.from_array([3, 2, 1])).compute()
    array([6, 2])
    """
    x, m = _coefficients("polyder", p), int(m)
    dtype = np.polyder(np.ones(2, x.dtype), m).dtype
    length = x.shape[0]
    return _call("polyder", [x], [length if is_unknown(length) else max(length - m, 0)], dtype, m)[0]


@implements(np.polyint)
def polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    """Return the coefficients of the ``m``-fold integral of a polynomial.

    Parameters
    ----------
    p : (N,) Array or array-like
    m : int
    k : number or sequence of numbers in memory, optional
        Constants of integration, in the order of integrations; default: 0.

    Returns
    -------
    (N + m,) Array

    Raises
    ------
    ValueError
        If ``m`` is negative, there are too few constants, or ``p`` has several axes.
    TypeError
        If constants are lazy.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.polyint(da.from_array([6, 2]), k=1).compute()
    array([3., 2., 1.])
    """
    if isinstance(k, ArrayBase):
        raise TypeError("polyint needs its constants of integration in memory: compute k first")
    x, m = _coefficients("polyint", p), int(m)
    constants = None if k is None else tuple(np.ravel(k).tolist())
    dtype = np.polyint(np.ones(2, x.dtype), m, constants).dtype
    return _call("polyint", [x], [x.shape[0] + m], dtype, m, constants)[0]


@implements(np.roots)
@planned
def roots(p: Any) -> Any:
    """Return the roots of a polynomial, in one block.

    Parameters
    ----------
    p : (N,) Array or array-like

    Returns
    -------
    Array
        Always complex, since whether they are depends on the values; of unknown length: leading zeros don't count.

    Raises
    ------
    ValueError
        If ``p`` has several axes.
    TypeError
        If NumPy's linear algebra doesn't know the dtype.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.roots(da.from_array([1, 0, -4])).compute()
    array([-2.+0.j,  2.+0.j])
    """
    x = as_array(p)
    if x.ndim > 1:
        raise ValueError("Input must be a rank-1 array.")
    dtype = np.result_type(lapack_dtype(x.dtype), np.complex64)
    return _call("roots", [_coefficients("roots", x)], [_UNKNOWN], dtype)[0]


@implements(np.poly)
@planned
def poly(seq_of_zeros: Any) -> Any:
    """Return the coefficients of the polynomial that has some roots, or of the characteristic one of a square matrix.

    Parameters
    ----------
    seq_of_zeros : (N,) or (N, N) Array or array-like
        Brought into one block.

    Returns
    -------
    (N + 1,) Array
        Complex where the roots are, also if these are pairs of conjugates.

    Raises
    ------
    ValueError
        If there are other numbers of axes, or the matrix isn't square or empty.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.poly(da.from_array([1, 2])).compute()
    array([ 1., -3.,  2.])
    """
    x = as_array(seq_of_zeros)
    if x.ndim not in (1, 2) or (x.ndim == 2 and not x.shape[0]):
        raise ValueError("input must be 1d or non-empty square 2d array.")
    if x.ndim == 2:
        check_square("poly", x)
    if not x.shape[0]:
        return as_array(np.float64(1.0))
    dtype = np.poly(np.ones((1,) * x.ndim, x.dtype)).dtype
    if x.dtype.kind == "c":
        dtype = np.result_type(dtype, x.dtype)
    for axis in range(x.ndim):
        x = one_block("poly", x, axis)
    return _call("poly", [x], [x.shape[0] + 1], dtype)[0]


class Fit(NamedTuple):
    """What ``polyfit`` returns with ``full=True``."""

    coefficients: Any
    residuals: Any
    rank: Any
    singular_values: Any
    rcond: float


@implements(np.polyfit)
@planned
def polyfit(
    x: Any, y: Any, deg: int, rcond: float | None = None, full: bool = False, w: Any = None, cov: Any = False
) -> Any:
    """Return the coefficients of the polynomial that fits points best, by the sum of squares.

    Parameters
    ----------
    x : (M,) Array or array-like
        Its blocks should have more than ``deg`` points.
    y : (M,) or (M, K) Array or array-like
    deg : int
    rcond : float, optional
        Singular values below this part of the largest count as 0; default: ``M`` times the precision of ``x``.
    full : bool
        Whether to return residuals, rank, singular values and ``rcond`` too.
    w : (M,) Array or array-like, optional
        Weights of the residuals, which are squared with them.
    cov : bool or "unscaled"
        Whether to return the covariance matrix (matrices, along the last axis) too.

    Returns
    -------
    (deg + 1,) or (deg + 1, K) Array, the highest power first
        With ``full`` a tuple of five; with ``cov`` a tuple of two.

    Raises
    ------
    TypeError
        If arrays have other numbers of axes or other lengths, or there are no points.
    ValueError
        If ``deg`` is negative, or there are too few points to scale a covariance by.
    UnknownChunkSizes
        If lengths aren't known.

    Notes
    -----
    A poorly conditioned fit isn't warned about, which NumPy does: look at the rank of ``full=True``, which is lazy as all else.
    Residuals are there in every case, as those of ``linalg.lstsq``.

    The matrix of powers is factorized as by ``linalg.tsqr``, a block of points a task.

    Examples
    --------
    >>> import minidask.array as da
    >>> x = da.arange(10, chunks=5)
    >>> da.polyfit(x, 2 * x + 1, 1).compute().round(6)
    array([2., 1.])
    """
    order = int(deg) + 1
    points, values = as_array(x) + 0.0, as_array(y) + 0.0
    if order < 1:
        raise ValueError("expected deg >= 0")
    if points.ndim != 1:
        raise TypeError("expected 1D vector for x")
    if not points.shape[0]:
        raise TypeError("expected non-empty vector for x")
    if values.ndim not in (1, 2):
        raise TypeError("expected 1D or 2D array for y")
    if points.shape[0] != values.shape[0] and not is_unknown(points.shape[0] + values.shape[0]):
        raise TypeError("expected x and y to have same length")
    matrix = vander(points, order)
    right = values
    if w is not None:
        weights = as_array(w) + 0.0
        if weights.ndim != 1:
            raise TypeError("expected a 1-d array for weights")
        if weights.shape[0] != values.shape[0]:
            raise TypeError("expected w and y to have the same length")
        matrix = matrix * weights[:, None]
        right = right * (weights if right.ndim == 1 else weights[:, None])
    if rcond is None:
        rcond = points.shape[0] * float(np.finfo(points.dtype).eps)
    scale = elementwise(np.sqrt, (matrix * matrix).sum(axis=0))
    matrix = matrix / scale
    solution, residuals, rank, singular = lstsq(matrix, right, rcond=rcond)
    found = (solution.T / scale).T
    if full:
        return Fit(found, residuals, rank, singular, rcond)
    if not cov:
        return found
    base = inv(matmul(matrix.T, matrix)) / (scale[:, None] * scale)
    if isinstance(cov, str) and cov == "unscaled":
        return found, base if values.ndim == 1 else base[:, :, None]
    if points.shape[0] <= order:
        raise ValueError("the number of data points must exceed order to scale the covariance matrix")
    factor = residuals / (points.shape[0] - order)
    return found, base * factor if values.ndim == 1 else base[:, :, None] * factor

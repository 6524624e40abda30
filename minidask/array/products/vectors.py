"""Products of vectors and matrices: ``dot matmul inner vdot vecdot matvec vecmat``, ``matrix_power`` and ``multi_dot``.

Place in the flow: each says to ``contraction`` which axes are paired; blocks are multiplied by NumPy's function of the same name.
Axes that are paired need no common chunks: they are cut to such.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from minidask.array.chunks import is_unknown, normalize_axis
from minidask.array.creation.ranges import eye
from minidask.array.dispatch import implements
from minidask.array.elementwise import as_array, elementwise
from minidask.array.planned import planned
from minidask.array.products.contraction import Call, contract
from minidask.array.rebinding import rebind
from minidask.array.shaping import moveaxis
from minidask.array.unify import broadcast_shape

_DOT = Call(np.dot)
_call = lru_cache(256)(Call)


def differ(one: Any, other: Any) -> bool:
    """Whether two lengths are known to differ."""
    return one != other and not is_unknown(one) and not is_unknown(other)


def not_aligned(a: Any, b: Any, axis_a: int, axis_b: int) -> ValueError:
    """Return NumPy's error for axes of different lengths that are to be summed."""
    return ValueError(
        f"shapes {a.shape} and {b.shape} not aligned: {a.shape[axis_a]} (dim {axis_a}) != {b.shape[axis_b]} (dim {axis_b})"
    )


@implements(np.dot)
@planned
def dot(a: Any, b: Any, out: Any = None) -> Any:
    """Return the dot product: the sum over the last axis of ``a`` and the last but one (or only) axis of ``b``.

    Parameters
    ----------
    a, b : Array or array-like
        Of any number of dimensions; with one that has none it is the product.
    out : Array, optional
        Takes the result.

    Raises
    ------
    ValueError
        If the axes have different lengths.
    TypeError
        If NumPy can't multiply the dtypes.

    Examples
    --------
    >>> import minidask.array as da
    >>> x = da.ones((1000, 3), chunks=(100, 3))
    >>> da.dot(x.T, x).compute()[0]
    array([1000., 1000., 1000.])
    """
    a, b = as_array(a), as_array(b)
    if not a.ndim or not b.ndim:
        return rebind("dot", out, elementwise(np.multiply, a, b))
    last, before = a.ndim - 1, max(b.ndim - 2, 0)
    if differ(a.shape[last], b.shape[before]):
        raise not_aligned(a, b, last, before)
    left = [f"a{axis}" for axis in range(last)]
    right = [f"b{axis}" for axis in range(b.ndim) if axis != before]
    b_index = [*right[:before], "k", *right[before:]]
    # An axis of length 1 is not stretched here: as the lengths are equal, it meets another such.
    return rebind("dot", out, contract("dot", _DOT, (*left, *right), a, (*left, "k"), b, b_index))


@implements(np.inner)
def inner(a: Any, b: Any) -> Any:
    """Return the inner product: the sum over the last axes.

    Raises
    ------
    ValueError
        If these have different lengths.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.inner(da.ones((2, 3), chunks=1), da.arange(3, chunks=2)).compute()
    array([3., 3.])
    """
    a, b = as_array(a), as_array(b)
    if not a.ndim or not b.ndim:
        return elementwise(np.multiply, a, b)
    if differ(a.shape[-1], b.shape[-1]):
        raise not_aligned(a, b, a.ndim - 1, b.ndim - 1)
    left = [f"a{axis}" for axis in range(a.ndim - 1)]
    right = [f"b{axis}" for axis in range(b.ndim - 1)]
    return contract("inner", Call(np.inner), (*left, *right), a, (*left, "k"), b, (*right, "k"))


@implements(np.vdot)
def vdot(a: Any, b: Any) -> Any:
    """Return the sum of the products of all elements, those of ``a`` conjugated; arrays of other shapes are raveled.

    Raises
    ------
    ValueError
        If the arrays have different numbers of elements.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.vdot(da.ones((2, 2), chunks=1), da.arange(4, chunks=3)).compute()
    np.float64(6.0)
    """
    a, b = as_array(a), as_array(b)
    if a.ndim != b.ndim or any(differ(n, m) for n, m in zip(a.shape, b.shape, strict=True)):
        if differ(a.size, b.size):
            raise ValueError(f"vdot needs arrays of equal size, got {a.size} and {b.size} elements")
        a, b = a.ravel(), b.ravel()
    index = tuple(range(a.ndim))
    return contract("vdot", Call(np.vdot), (), a, index, b, index)


@implements(np.matmul, np.linalg.matmul)
@planned
def matmul(a: Any, b: Any, *, dtype: Any = None) -> Any:
    """Return the product of matrices, or of stacks of them: ``a @ b``.

    Parameters
    ----------
    a, b : Array or array-like
        Of at least one dimension. One of one dimension is a row, or a column, which the result lacks; axes before the last two
        are broadcast.
    dtype : dtype, optional
        In which NumPy calculates.

    Raises
    ------
    ValueError
        If an array has no dimension, or lengths don't fit.
    TypeError
        If NumPy can't multiply the dtypes.

    Examples
    --------
    >>> import minidask.array as da
    >>> (da.ones((4, 6), chunks=(2, 3)) @ da.ones((6, 2), chunks=(4, 1))).compute().tolist()
    [[6.0, 6.0], [6.0, 6.0], [6.0, 6.0], [6.0, 6.0]]
    """
    a, b = as_array(a), as_array(b)
    rows = () if a.ndim == 1 else ("i",)
    columns = () if b.ndim == 1 else ("j",)
    core = ((*rows, "k"), ("k", *columns), (*rows, *columns))
    return _stacked(np.matmul, a, b, *core, dtype=dtype)


@implements(*[where.vecdot for where in (np, np.linalg) if hasattr(where, "vecdot")])
def vecdot(x1: Any, x2: Any, axis: int = -1, *, dtype: Any = None) -> Any:
    """Return the dot products of vectors, those of ``x1`` conjugated, that lie along an axis; other axes are broadcast.

    Raises
    ------
    ValueError
        If lengths don't fit.
    numpy.exceptions.AxisError
        If the axis is out of range.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.vecdot(da.ones((2, 3), chunks=1), da.arange(3, chunks=2)).compute()
    array([3., 3.])
    """
    a, b = as_array(x1), as_array(x2)
    if axis != -1:
        a, b = [moveaxis(x, normalize_axis(axis, x.ndim), -1) for x in (a, b)]
    return _stacked(np.vecdot, a, b, ("k",), ("k",), (), dtype=dtype)


@implements(*[np.matvec] if hasattr(np, "matvec") else [])
@planned
def matvec(x1: Any, x2: Any, *, dtype: Any = None) -> Any:
    """Return the products of matrices, the last two axes of ``x1``, and vectors, the last axis of ``x2``.

    Raises
    ------
    ValueError
        If lengths don't fit.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.matvec(da.ones((2, 3), chunks=1), da.arange(3, chunks=2)).compute()
    array([3., 3.])
    """
    return _stacked(np.matvec, as_array(x1), as_array(x2), ("i", "k"), ("k",), ("i",), dtype=dtype)


@implements(*[np.vecmat] if hasattr(np, "vecmat") else [])
@planned
def vecmat(x1: Any, x2: Any, *, dtype: Any = None) -> Any:
    """Return the products of vectors, the last axis of ``x1`` conjugated, and matrices, the last two axes of ``x2``.

    Raises
    ------
    ValueError
        If lengths don't fit.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.vecmat(da.arange(3, chunks=2), da.ones((3, 2), chunks=1)).compute()
    array([3., 3.])
    """
    return _stacked(np.vecmat, as_array(x1), as_array(x2), ("k",), ("k", "j"), ("j",), dtype=dtype)


def _stacked(
    func: np.ufunc, a: Any, b: Any, core_a: Sequence[str], core_b: Sequence[str], core: Sequence[str], dtype: Any
) -> Any:
    """Return a product of the last axes, those before them being broadcast."""
    name = func.__name__
    for number, x, own in ((0, a, core_a), (1, b, core_b)):
        if x.ndim < len(own):
            raise ValueError(
                f"{name}: Input operand {number} does not have enough dimensions (has {x.ndim}, it needs {len(own)})"
            )
    lengths: dict[str, Any] = {}
    for number, x, own in ((0, a, core_a), (1, b, core_b)):
        for symbol, length in zip(own, x.shape[x.ndim - len(own) :], strict=True):
            if differ(lengths.setdefault(symbol, length), length):
                raise ValueError(
                    f"{name}: Input operand {number} has a mismatch in its core dimension: shapes {a.shape} and {b.shape} give "
                    f"lengths {lengths[symbol]} and {length} that have to be equal"
                )
    more_a, more_b = a.ndim - len(core_a), b.ndim - len(core_b)
    if more_a and more_b:
        broadcast_shape([a.shape[:more_a], b.shape[:more_b]])
    stack = tuple(range(max(more_a, more_b)))
    kwargs = () if dtype is None else (("dtype", np.dtype(dtype)),)
    return contract(
        name,
        _call(func, kwargs),
        (*stack, *core),
        a,
        (*stack[len(stack) - more_a :], *core_a),
        b,
        (*stack[len(stack) - more_b :], *core_b),
    )


@implements(np.linalg.matrix_power)
@planned
def matrix_power(a: Any, n: int) -> Any:
    """Return a square matrix, or each of a stack of them, to a power of at least 0.

    Raises
    ------
    TypeError
        If the power is no integer.
    numpy.linalg.LinAlgError
        If the matrix isn't square.
    ValueError
        If the power is negative: invert the matrix first.

    Examples
    --------
    >>> import minidask.array as da
    >>> matrix_power(da.full((2, 2), 2.0, chunks=1), 3).compute()[0]
    array([32., 32.])
    """
    a = as_array(a)
    if not hasattr(n, "__index__"):
        raise TypeError(f"exponent must be an integer, got {n!r:.60}")
    if a.ndim < 2 or differ(a.shape[-1], a.shape[-2]):
        raise np.linalg.LinAlgError(f"the last two dimensions of the array must be square, got shape {a.shape}")
    power = n.__index__()
    if power < 0:
        raise ValueError(
            f"matrix_power needs a power of at least 0, got {power}: take that of minidask.array.linalg.inv(a)"
        )
    if power == 0:
        unit = eye(a.shape[-1], chunks=max(a._chunks[-1]), dtype=a.dtype)
        return unit if a.ndim == 2 else elementwise(np.multiply, unit, a * 0 + 1)
    result = None
    while power:
        power, odd = divmod(power, 2)
        if odd:
            result = a if result is None else matmul(result, a)
        if power:
            a = matmul(a, a)
    return result


@implements(np.linalg.multi_dot)
def multi_dot(arrays: Sequence[Any], *, out: None = None) -> Any:
    """Return the product of several matrices, in the order that multiplies the fewest numbers.

    Parameters
    ----------
    arrays : sequence of Array
        At least two of two dimensions; the first and the last may be vectors.

    Raises
    ------
    ValueError
        If there are fewer than two, one has another number of dimensions, or lengths don't fit.

    Notes
    -----
    The order is found by dynamic programming over the chain (Cormen et al., Introduction to Algorithms, chapter 15.2).

    Examples
    --------
    >>> import minidask.array as da
    >>> multi_dot([da.ones((2, 50)), da.ones((50, 3)), da.ones(3)]).compute()
    array([150., 150.])
    """
    chain = [as_array(x) for x in arrays]
    if len(chain) < 2:
        raise ValueError("Expecting at least two arrays.")
    for at, x in enumerate(chain):
        ends = at in (0, len(chain) - 1)
        if x.ndim != 2 and not (ends and x.ndim == 1):
            raise ValueError(f"array {at} of multi_dot has {x.ndim} dimensions: 2 are needed, 1 or 2 at both ends")
    lengths = [1 if chain[0].ndim == 1 else chain[0].shape[0], *[x.shape[0] for x in chain[1:]]]
    if chain[0].ndim == 1:
        lengths[0] = 1
    lengths.append(1 if chain[-1].ndim == 1 else chain[-1].shape[1])
    sides = [1 if n != n else n for n in lengths]
    count = len(chain)
    cost: dict[tuple[int, int], float] = {(at, at): 0 for at in range(count)}
    split: dict[tuple[int, int], int] = {}
    for span in range(1, count):
        for low in range(count - span):
            high = low + span
            costs = [
                (cost[low, at] + cost[at + 1, high] + sides[low] * sides[at + 1] * sides[high + 1], at)
                for at in range(low, high)
            ]
            cost[low, high], split[low, high] = min(costs)

    def multiply(low: int, high: int) -> Any:
        if low == high:
            return chain[low]
        at = split[low, high]
        return dot(multiply(low, at), multiply(at + 1, high))

    return multiply(0, count - 1)

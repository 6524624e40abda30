"""Functions of ``numpy.linalg`` that are other functions by another name, and what follows from singular values.

Place in the flow: on top of everything else here.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from minidask.array.dispatch import call_registered, implements
from minidask.array.elementwise import as_array, elementwise
from minidask.array.linalg.matrices import calculable, check_square
from minidask.array.linalg.norms import norm
from minidask.array.linalg.singular import svdvals
from minidask.array.linalg.solving import inv, solve
from minidask.array.planned import planned
from minidask.array.shaping import swapaxes


@implements(np.linalg.matrix_rank)
@planned
def matrix_rank(A: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    """Return the ranks of matrices: how many singular values are above a limit; of vectors, whether any element isn't 0.

    Parameters
    ----------
    A : Array or array-like
        As for ``svd``.
    tol : float, optional
        The limit; default: ``rtol`` times the largest value.
    hermitian : bool
        Accepted for compatibility: singular values are found as of any matrix.
    rtol : float, optional
        Default: the dtype's precision times the longer side.

    Raises
    ------
    ValueError
        If both limits are given.

    Examples
    --------
    >>> import minidask.array as da
    >>> int(matrix_rank(da.ones((6, 3), chunks=2)))
    1
    """
    if tol is not None and rtol is not None:
        raise ValueError("`tol` and `rtol` can't be both set.")
    x = as_array(A)
    if x.ndim < 2:
        return (x != 0).any().astype(np.int64)
    x = calculable(x)
    values = svdvals(x)
    if tol is None:
        if rtol is None:
            rtol = max(x.shape[-2:]) * np.finfo(x.dtype).eps
        tol = values.max(axis=-1, keepdims=True) * rtol if values.shape[-1] else 0
    else:
        tol = np.asarray(tol)[..., None]
    return (values > tol).sum(axis=-1)


@implements(np.linalg.cond)
@planned
def cond(x: Any, p: Any = None) -> Any:
    """Return the condition numbers of matrices; by default by singular values, otherwise of square ones, by their inverses.

    Parameters
    ----------
    x : Array or array-like
        As for ``svd``, or for ``inv``.
    p : optional
        Which norm; see ``norm``.

    Raises
    ------
    ValueError
        If there are less than two dimensions, or with ``p`` the matrix isn't square.

    Examples
    --------
    >>> import minidask.array as da
    >>> float(cond(da.asarray([[4.0, 0], [0, 2]]).rechunk(1))), float(cond(da.eye(2), 1))
    (2.0, 1.0)
    """
    x = as_array(x)
    if x.ndim < 2:
        raise ValueError(f"cond needs matrices, of at least two dimensions, got {x.ndim}")
    if p is None or p in (2, -2):
        values = svdvals(x)
        first, last = values[..., 0], values[..., -1]
        return elementwise(np.divide, last, first) if p == -2 else elementwise(np.divide, first, last)
    check_square("cond", x)
    x = calculable(x)
    axes = (x.ndim - 2, x.ndim - 1)
    return norm(x, p, axes) * norm(inv(x), p, axes)


def matrix_transpose(x: Any, /) -> Any:
    """Return matrices with their rows as columns; raises ValueError if there are less than two dimensions.

    Examples
    --------
    >>> import minidask.array as da
    >>> matrix_transpose(da.ones((4, 2, 3))).shape
    (4, 3, 2)
    """
    x = as_array(x)
    if x.ndim < 2:
        raise ValueError(f"matrix_transpose needs matrices, of at least two dimensions, got {x.ndim}")
    return swapaxes(x, -1, -2)


@planned
def trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    """Return the sums along a diagonal of matrices, which the last two axes are.

    Examples
    --------
    >>> import minidask.array as da
    >>> trace(da.ones((4, 2, 2))).shape
    (4,)
    """
    return call_registered(np.trace, (x,), {"offset": offset, "axis1": -2, "axis2": -1, "dtype": dtype})


def diagonal(x: Any, /, *, offset: int = 0) -> Any:
    """Return a diagonal of matrices, which the last two axes are.

    Examples
    --------
    >>> import minidask.array as da
    >>> diagonal(da.ones((4, 2, 2))).shape
    (4, 2)
    """
    return call_registered(np.diagonal, (x,), {"offset": offset, "axis1": -2, "axis2": -1})


def outer(x1: Any, x2: Any, /) -> Any:
    """Return the products of all pairs of elements of two vectors; raises ValueError unless they have one axis.

    Examples
    --------
    >>> import minidask.array as da
    >>> outer(da.ones(2), da.ones(3)).shape
    (2, 3)
    """
    if np.ndim(x1) != 1 or np.ndim(x2) != 1:
        raise ValueError(
            f"Input arrays must be one-dimensional, but they are x1.ndim={np.ndim(x1)} and x2.ndim={np.ndim(x2)}."
        )
    return call_registered(np.outer, (x1, x2), {})


# NumPy has them in numpy.linalg since 2.0.
implements(np.linalg.matrix_transpose, np.matrix_transpose)(matrix_transpose)
implements(np.linalg.trace)(trace)
implements(np.linalg.diagonal)(diagonal)
implements(np.linalg.outer)(outer)


@planned
def tensorinv(a: Any, ind: int = 2) -> Any:
    """Return the inverse of a tensor: ``tensordot(tensorinv(a, ind), a, ind)`` is the identity of tensordot.

    Parameters
    ----------
    a : Array or array-like
        Its first ``ind`` axes have as many elements as the others.
    ind : int
        Above 0.

    Raises
    ------
    ValueError
        If ``ind`` isn't above 0, or the axes don't make a square matrix.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.linalg.tensorinv(da.eye(6).reshape(2, 3, 6)).shape
    (6, 2, 3)
    """
    x = as_array(a)
    if ind <= 0:
        raise ValueError("Invalid ind argument.")
    rows, columns = prod(x.shape[:ind]), prod(x.shape[ind:])
    if rows != columns:
        raise ValueError(
            f"tensorinv needs as many elements in the first {ind} axes as in the others, got shape {x.shape}"
        )
    return inv(_squared(x, rows)).reshape(*x.shape[ind:], *x.shape[:ind])


@planned
def tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    """Return the solution of ``tensordot(a, x, x.ndim) == b``.

    Parameters
    ----------
    a : Array or array-like
        Of shape ``(*b.shape, *x.shape)``, with as many elements in both parts.
    b : Array or array-like
    axes : tuple of int, optional
        Axes of ``a`` that are moved to the right first.

    Raises
    ------
    ValueError
        If the axes don't make a square matrix.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.linalg.tensorsolve(da.eye(6).reshape(2, 3, 6) * 2, da.ones((2, 3))).compute()
    array([0.5, 0.5, 0.5, 0.5, 0.5, 0.5])
    """
    x, right = as_array(a), as_array(b)
    if axes is not None:
        order = [at for at in range(x.ndim) if at not in axes] + list(axes)
        x = x.transpose(order)
    rest = x.shape[right.ndim :]
    if prod(rest) != right.size or prod(rest) ** 2 != x.size:
        raise ValueError(
            "Input arrays must satisfy the requirement prod(a.shape[b.ndim:]) == prod(a.shape[:b.ndim]), "
            f"got shapes {x.shape} and {right.shape}"
        )
    return solve(_squared(x, right.size), right.ravel()).reshape(rest)


def _squared(x: Any, length: int) -> Any:
    # The factorizations want the same square blocks along both axes.
    side = max(max(x.reshape(length, length).chunks[0]), 1)
    return x.reshape(length, length).rechunk((side, side))


implements(np.linalg.tensorinv)(tensorinv)
implements(np.linalg.tensorsolve)(tensorsolve)

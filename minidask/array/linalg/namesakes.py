"""Functions of ``numpy.linalg`` that are other functions by another name, and what follows from singular values.

Place in the flow: on top of everything else here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minidask.array.dispatch import call_registered, implements
from minidask.array.elementwise import as_array, elementwise
from minidask.array.linalg.matrices import calculable, check_square
from minidask.array.linalg.norms import norm
from minidask.array.linalg.singular import svdvals
from minidask.array.linalg.solving import inv
from minidask.array.shaping import swapaxes


@implements(np.linalg.matrix_rank)
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


def _trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    return call_registered(np.trace, (x,), {"offset": offset, "axis1": -2, "axis2": -1, "dtype": dtype})


def _diagonal(x: Any, /, *, offset: int = 0) -> Any:
    return call_registered(np.diagonal, (x,), {"offset": offset, "axis1": -2, "axis2": -1})


def _outer(x1: Any, x2: Any, /) -> Any:
    if np.ndim(x1) != 1 or np.ndim(x2) != 1:
        raise ValueError(
            f"Input arrays must be one-dimensional, but they are x1.ndim={np.ndim(x1)} and x2.ndim={np.ndim(x2)}."
        )
    return call_registered(np.outer, (x1, x2), {})


# NumPy has them in numpy.linalg since 2.0.
implements(np.linalg.matrix_transpose, np.matrix_transpose)(matrix_transpose)
implements(np.linalg.trace)(_trace)
implements(np.linalg.diagonal)(_diagonal)
implements(np.linalg.outer)(_outer)

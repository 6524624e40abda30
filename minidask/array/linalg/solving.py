"""Linear equations and inverses of square matrices in blocks.

A matrix in one block is NumPy's to solve, for each column of blocks of the right side by itself. One in several is factorized,
by LU or Cholesky, and two triangular systems are solved.

Place in the flow: on top of ``lower_upper``, ``definite`` and ``triangular``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minidask.array.collection import new_array
from minidask.array.creation.ranges import eye
from minidask.array.dispatch import implements
from minidask.array.elementwise import as_array
from minidask.array.linalg.definite import cholesky
from minidask.array.linalg.lower_upper import factors
from minidask.array.linalg.matrices import calculable, check_square, one_block, square
from minidask.array.linalg.stacks import OnStack, stacked
from minidask.array.linalg.triangular import right_side, solve_triangular
from minidask.array.meta import meta_of
from minidask.array.performance import warn
from minidask.array.planned import planned
from minidask.array.products.contraction import only
from minidask.array.rechunk import rechunk_to
from minidask.array.unify import broadcast_shape
from minidask.graph import blockwise as blockwise_layer
from minidask.tokenize import quick_token


@planned
def solve(a: Any, b: Any, sym_pos: bool | None = None, assume_a: str = "gen") -> Any:
    """Return the solution of ``a @ x == b``.

    Parameters
    ----------
    a : (M, M) Array or array-like
        Chunks of its rows are made those of its columns.
    b : (M,) or (M, K) Array or array-like
        Its rows are put in the same chunks. Stacks of matrices are solved as NumPy does, each matrix in one block.
    sym_pos : bool, optional
        Deprecated: ``assume_a="pos"``.
    assume_a : {"gen", "pos"}
        ``"pos"``: the matrix is Hermitian and positive definite, and Cholesky's factorization does, with half the work.

    Raises
    ------
    ValueError
        If the matrix isn't square, ``b`` doesn't fit it, or ``assume_a`` isn't known.
    ImportError
        If the matrix is in several blocks, and SciPy isn't installed.
    numpy.linalg.LinAlgError
        When computing: if the matrix is singular (not positive definite).

    Examples
    --------
    Linear regression, of which only products of the columns have to be in one place:

    >>> import minidask.array as da
    >>> x = da.stack([da.ones(100, chunks=20), da.arange(100, chunks=20)], axis=1).rechunk({1: -1})
    >>> y = 3.0 + 2 * da.arange(100, chunks=20)
    >>> da.linalg.solve(x.T.dot(x), x.T.dot(y)).compute().round(6)
    array([3., 2.])
    """
    if sym_pos is not None:
        warn("sym_pos is deprecated: use assume_a='pos'", FutureWarning)
        assume_a = "pos" if sym_pos else assume_a
    if assume_a not in ("gen", "pos"):
        raise ValueError(f"{assume_a!r} is not a recognized matrix structure: assume_a is 'gen' or 'pos'")
    a, b = as_array(a), as_array(b)
    if a.ndim > 2 or b.ndim > 2:
        return _stack(a, b)
    a = square("solve", a)
    b = calculable(right_side("solve", a, b))
    if assume_a == "pos":
        upper = cholesky(a)
        return solve_triangular(upper, solve_triangular(upper.conj().T, b, lower=True))
    dtype = np.result_type(a.dtype, b.dtype)
    if a.npartitions == 1:
        out = (0,) if b.ndim == 1 else (0, 2)
        layer = blockwise_layer(
            OnStack(np.linalg.solve, ()),
            out,
            (a._layer, (0, 1)),
            (b._layer, (1, 2)[: b.ndim]),
            contract=only,
            name=f"solve-{quick_token('solve', a.name, b.name)}",
        )
        return new_array(layer, b._chunks, meta_of(b._meta, b.ndim, dtype))
    order, lower, upper = factors(a)
    sizes = a._chunks[1]
    rows = one_block("solve", b, 0)
    index = tuple(range(1, b.ndim))
    layer = blockwise_layer(
        np.take, (0, *index), (rows._layer, (0, *index)), (order._layer, (0,)), (0, None),
        name=f"solve-rows-{quick_token('solve-rows', rows.name, order.name)}",
    )  # fmt: skip
    exchanged = rechunk_to(new_array(layer, rows._chunks, rows._meta), (sizes, *b._chunks[1:]))
    lower, upper = [rechunk_to(x, (sizes, sizes)) for x in (lower, upper)]
    return solve_triangular(upper, solve_triangular(lower, exchanged, lower=True, unit_diagonal=True))


def _stack(a: Any, b: Any) -> Any:
    check_square("solve", a)
    if b.ndim < 2:
        # As NumPy 2 does: a right side of one dimension is one vector, whatever the stack.
        if b.shape[0] != a.shape[-1]:
            raise ValueError(
                f"incompatible dimensions: solve of matrices of shape {a.shape} and a right side of shape {b.shape}"
            )
        return stacked("solve", np.linalg.solve, [calculable(a), calculable(b)], [2, 1], [("n",)])[0]
    if b.shape[-2] != a.shape[-1]:
        raise ValueError(
            f"incompatible dimensions: solve of matrices of shape {a.shape} and right sides of shape {b.shape}"
        )
    broadcast_shape([a.shape[:-2], b.shape[:-2]])
    arrays = [calculable(a), calculable(b)]
    return stacked("solve", np.linalg.solve, arrays, [2, 2], [("n", "k")], {"k": b.shape[-1]})[0]


@implements(np.linalg.solve)
def numpy_solve(a: Any, b: Any) -> Any:
    """Return ``solve``.

    Examples
    --------
    >>> import minidask.array as da
    >>> np.linalg.solve(da.full((1, 1), 2.0), da.ones(1)).compute()
    array([0.5])
    """
    return solve(a, b)


@implements(np.linalg.inv)
@planned
def inv(a: Any) -> Any:
    """Return the inverse of a square matrix (of each of a stack of them).

    Parameters
    ----------
    a : (..., M, M) Array or array-like
        Chunks of its rows are made those of its columns; of a stack, each matrix in one block.

    Raises
    ------
    ValueError
        If it isn't square.
    ImportError
        If it is in several blocks, and SciPy isn't installed.
    numpy.linalg.LinAlgError
        When computing: if it is singular.

    Notes
    -----
    ``solve(a, b)`` is faster than ``inv(a) @ b``, and more exact.

    Examples
    --------
    >>> import minidask.array as da
    >>> inv(da.asarray([[2.0, 0], [0, 4]]).rechunk(1)).compute()
    array([[0.5 , 0.  ],
           [0.  , 0.25]])
    """
    x = as_array(a)
    if x.ndim > 2:
        check_square("inv", x)
        return stacked("inv", np.linalg.inv, [calculable(x)], [2], [("m", "n")])[0]
    x = square("inv", x)
    if x.npartitions == 1:
        return stacked("inv", np.linalg.inv, [x], [2], [("m", "n")])[0]
    unit = rechunk_to(eye(x.shape[0], chunks=max(x._chunks[0]), dtype=x.dtype), x._chunks)
    return solve(x, unit)

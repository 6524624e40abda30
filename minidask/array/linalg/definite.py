"""Cholesky factorization of positive definite matrices, block by block.

A block of the factor L is the matrix's less the products of what is left of it in two rows of L, then factorized (on the
diagonal) or solved (below it). Only the triangle that is asked for is read.

Place in the flow: beside ``lower_upper``; ``solve(assume_a="pos")`` uses it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from minidask.array.collection import new_array
from minidask.array.dispatch import implements
from minidask.array.elementwise import as_array
from minidask.array.linalg.matrices import calculable, check_square, scipy_linalg, square
from minidask.array.linalg.stacks import stacked
from minidask.array.linalg.triangular import minus_products
from minidask.array.opaque import Ref, opaque_layer
from minidask.array.planned import planned
from minidask.array.products.blas import shared_cores
from minidask.tokenize import quick_token


def factor_diagonal(block: Any, *row: Any) -> Any:
    """Return the factor of a block of the diagonal; ``row`` are the factor's blocks on its left.

    Raises
    ------
    numpy.linalg.LinAlgError
        If what is left of the block isn't positive definite.
    """
    with shared_cores:
        pairs = [part for own in row for part in (own, own.conj().T)]
        return np.linalg.cholesky(minus_products(block, pairs))


def factor_below(block: Any, diagonal: Any, *rows: Any) -> Any:
    """Return a block of the factor below the diagonal; ``rows`` are pairs of blocks on its left and on that of ``diagonal``."""
    with shared_cores:
        pairs = [own if at % 2 == 0 else own.conj().T for at, own in enumerate(rows)]
        rest = minus_products(block, pairs)
        if not rest.size:
            return rest
        solved = scipy_linalg("cholesky").solve_triangular(diagonal, rest.conj().T, lower=True, check_finite=False)
        return np.ascontiguousarray(solved.conj().T)


@dataclass(frozen=True, slots=True)
class Tiles:
    """The plan of the factor's blocks; see ``opaque_layer``."""

    sizes: tuple[int, ...]
    dtype: Any

    def __call__(self, index: tuple[int, ...]) -> tuple[Any, tuple[Any, ...]]:
        row, column = index
        if row < column:
            return np.zeros, ((self.sizes[row], self.sizes[column]), self.dtype)
        if row == column:
            return factor_diagonal, (Ref(0, index), *[Ref(None, (row, at)) for at in range(row)])
        rows = [ref for at in range(column) for ref in (Ref(None, (row, at)), Ref(None, (column, at)))]
        return factor_below, (Ref(0, index), Ref(None, (column, column)), *rows)


@planned
def cholesky(a: Any, lower: bool = False) -> Any:
    """Return the Cholesky factor of a Hermitian, positive definite matrix.

    Parameters
    ----------
    a : (M, M) Array or array-like
        Chunks of its rows are made those of its columns. Only the upper triangle is read, or the lower one.
    lower : bool
        Whether to return L with ``a == L @ L.H``, instead of U with ``a == U.H @ U``.

    Raises
    ------
    ValueError
        If it isn't square.
    ImportError
        If it is in several blocks, and SciPy isn't installed.
    numpy.linalg.LinAlgError
        When computing: if the matrix isn't positive definite.

    Examples
    --------
    >>> import minidask.array as da
    >>> cholesky(da.asarray([[4.0, 0], [0, 9]]).rechunk(1)).compute()
    array([[2., 0.],
           [0., 3.]])
    """
    x = square("cholesky", a)
    if x.npartitions > 1:
        scipy_linalg("cholesky of a matrix in several blocks")
    if not lower:
        x = x.conj().T
    name = f"cholesky-{quick_token('cholesky', x.name)}"
    layer = opaque_layer(name, (x._layer,), x.numblocks, Tiles(x._chunks[0], x.dtype))
    made = new_array(layer, x._chunks, x._meta)
    return made if lower else made.conj().T


@implements(np.linalg.cholesky)
def numpy_cholesky(a: Any, /, *, upper: bool = False) -> Any:
    """Return ``cholesky``, by default the lower factor; of stacks of matrices too.

    Examples
    --------
    >>> import minidask.array as da
    >>> np.linalg.cholesky(da.full((1, 1), 4.0)).compute()
    array([[2.]])
    """
    x = as_array(a)
    if x.ndim <= 2:
        return cholesky(x, lower=not upper)
    check_square("cholesky", x)
    return stacked("cholesky", np.linalg.cholesky, [calculable(x)], [2], [("m", "n")], upper=upper)[0]

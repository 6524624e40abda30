"""Equations with a triangular matrix: block by block, each with what is known already put in.

Place in the flow: what ``solve`` ends with. A task solves for one block, with the matrix's blocks of its row and the solution's
blocks that come before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from minidask.array.collection import new_array
from minidask.array.elementwise import as_array
from minidask.array.linalg.matrices import calculable, scipy_linalg, square
from minidask.array.meta import meta_of
from minidask.array.opaque import Ref, opaque_layer
from minidask.array.products.blas import shared_cores
from minidask.array.rechunk import rechunk_to
from minidask.tokenize import quick_token


def solve_block(lower: bool, unit: bool, diagonal: Any, rest: Any, *known: Any) -> Any:
    """Solve for a block; ``known`` are pairs of a block of the matrix and the block of the solution that it is multiplied with.

    Raises
    ------
    numpy.linalg.LinAlgError
        If an element of the diagonal is 0.
    """
    with shared_cores:
        rest = minus_products(rest, known)
        if not rest.size:
            return rest
        return scipy_linalg("solve_triangular").solve_triangular(
            diagonal, rest, lower=lower, unit_diagonal=unit, check_finite=False
        )


def minus_products(block: Any, factors: Any) -> Any:
    """Return a block minus the products of pairs of factors; the block itself isn't changed.

    Examples
    --------
    >>> minus_products(np.ones((1, 1)), [np.full((1, 1), 2.0), np.full((1, 1), 3.0)])
    array([[-5.]])
    """
    if not factors:
        return block
    out = block - factors[0] @ factors[1]
    for at in range(2, len(factors), 2):
        out -= factors[at] @ factors[at + 1]
    return out


@dataclass(frozen=True, slots=True)
class Substitution:
    """The plan of the solution's blocks; see ``opaque_layer``. Input 0 is the matrix, ``right`` says which is the right side."""

    count: int
    right: int
    lower: bool
    unit: bool

    def __call__(self, index: tuple[int, ...]) -> tuple[Any, tuple[Any, ...]]:
        row, *column = index
        before = range(row) if self.lower else range(self.count - 1, row, -1)
        known = [ref for at in before for ref in (Ref(0, (row, at)), Ref(None, (at, *column)))]
        return solve_block, (self.lower, self.unit, Ref(0, (row, row)), Ref(self.right, index), *known)


def solve_triangular(a: Any, b: Any, lower: bool = False, *, unit_diagonal: bool = False) -> Any:
    """Return the solution of ``a @ x == b`` for a triangular matrix.

    Parameters
    ----------
    a : (M, M) Array or array-like
        Chunks of its rows are made those of its columns. Only its triangle is read.
    b : (M,) or (M, K) Array or array-like
        Its rows are put in the same chunks.
    lower : bool
        Whether the elements above the diagonal are those that count as 0, instead of those below.
    unit_diagonal : bool
        Whether the diagonal counts as ones.

    Raises
    ------
    ValueError
        If the matrix isn't square, or ``b`` doesn't fit it.
    ImportError
        If SciPy isn't installed.
    numpy.linalg.LinAlgError
        When computing: if an element of the diagonal is 0.

    Examples
    --------
    >>> import minidask.array as da
    >>> a = da.asarray([[2.0, 1], [0, 4]]).rechunk(1)
    >>> solve_triangular(a, da.asarray([4.0, 8])).compute()
    array([1., 2.])
    """
    scipy_linalg("solve_triangular")
    a, b = square("solve_triangular", a), as_array(b)
    b = calculable(right_side("solve_triangular", a, b))
    dtype = np.result_type(a.dtype, b.dtype)
    a, b = [x if x.dtype == dtype else x.astype(dtype) for x in (a, b)]
    name = f"solve-triangular-{quick_token('solve-triangular', a.name, b.name, lower, unit_diagonal)}"
    inputs = tuple({x.name: x._layer for x in (a, b)}.values())
    plan = Substitution(a.numblocks[0], len(inputs) - 1, bool(lower), bool(unit_diagonal))
    layer = opaque_layer(name, inputs, b.numblocks, plan)
    return new_array(layer, b._chunks, meta_of(b._meta, b.ndim, dtype))


def right_side(what: str, a: Any, b: Any) -> Any:
    """Return the right side of an equation in the chunks of the matrix's rows; raises ValueError if it doesn't fit it."""
    if b.ndim not in (1, 2):
        raise ValueError(f"{what} needs a right side of one or two dimensions, got {b.ndim}")
    if b.shape[0] != a.shape[0]:
        raise ValueError(
            f"incompatible dimensions: {what} of a matrix of shape {a.shape} and a right side of shape {b.shape}"
        )
    return rechunk_to(b, (a._chunks[0], *b._chunks[1:]))

"""Least squares, by QR: what is left to solve is as small as the shorter axis.

Of a tall matrix ``A = Q @ R``, the solution of ``R @ x == Q.H @ b`` is sought; of a wide one, whose adjoint is ``Q @ R``, it is
``Q @ y`` with ``R.H @ y == b``. NumPy's ``lstsq`` solves this small system, so that rank, singular values and the solution of
least norm are its own, also where columns depend on one another.

Place in the flow: on top of ``tall``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from minidask.array.chunks import check_known
from minidask.array.collection import new_array
from minidask.array.dispatch import implements
from minidask.array.elementwise import as_array
from minidask.array.linalg.matrices import calculable, matrix, one_block
from minidask.array.linalg.stacks import Output
from minidask.array.linalg.tall import lying, tsqr
from minidask.array.meta import meta_of, numpy_meta
from minidask.array.opaque import Ref, opaque_layer
from minidask.array.planned import planned
from minidask.array.products.blas import shared_cores
from minidask.array.products.vectors import matmul
from minidask.tokenize import quick_token


def solve_small(r: Any, c: Any, rcond: float, adjoint: bool) -> tuple[Any, Any, Any]:
    """Return solution, rank and singular values of a small system."""
    with shared_cores:
        x, _, rank, s = np.linalg.lstsq(r.conj().T if adjoint else r, c, rcond=rcond)
    return x, np.asarray(rank), s


@dataclass(frozen=True, slots=True)
class Small:
    """The plan of the small system's task; see ``opaque_layer``."""

    rcond: float
    adjoint: bool
    right: tuple[int, ...]

    def __call__(self, index: tuple[int, ...]) -> tuple[Any, tuple[Any, ...]]:
        return solve_small, (Ref(0, (0, 0)), Ref(1, self.right), self.rcond, self.adjoint)


@dataclass(frozen=True, slots=True)
class Part:
    """The plan of one of its results."""

    at: int

    def __call__(self, index: tuple[int, ...]) -> tuple[Any, tuple[Any, ...]]:
        return Output(self.at), (Ref(0, ()),)


@planned
def lstsq(a: Any, b: Any, *, rcond: float | None = None) -> tuple[Any, Any, Any, Any]:
    """Return the solution of ``a @ x == b`` whose residuals have the least sum of squares, and of those the one of least norm.

    Parameters
    ----------
    a : (M, N) Array or array-like
        As for ``qr``.
    b : (M,) or (M, K) Array or array-like
    rcond : float, optional
        Singular values below this part of the largest count as 0; default: the dtype's precision times the longer side.

    Returns
    -------
    x : (N,) or (N, K) Array
    residuals : (1,) or (K,) Array
        Sums of the squared residuals, in every case (NumPy's are left out where the matrix isn't of full rank or tall).
    rank : Array of no dimension
    s : (min(M, N),) Array
        The singular values of ``a``.

    Raises
    ------
    ValueError
        If the matrix hasn't two dimensions, or ``b`` doesn't fit it.
    UnknownChunkSizes
        If lengths aren't known.

    Examples
    --------
    >>> import minidask.array as da
    >>> a = da.asarray([[1.0, 0], [1, 1], [1, 2]]).rechunk((2, 2))
    >>> x, residuals, rank, s = da.linalg.lstsq(a, da.asarray([1.0, 3, 5]))
    >>> x.compute().round(6), int(rank)
    (array([1., 2.]), 2)
    """
    a, b = matrix("lstsq", a), as_array(b)
    if b.ndim not in (1, 2):
        raise ValueError(f"lstsq needs a right side of one or two dimensions, got {b.ndim}")
    for x in (a, b):
        for sizes in x._chunks:
            check_known("lstsq", sizes)
    if a.shape[0] != b.shape[0]:
        raise ValueError(f"Incompatible dimensions: a matrix of shape {a.shape} and a right side of shape {b.shape}")
    b = calculable(b)
    dtype = np.result_type(a.dtype, b.dtype)
    a, b = [x if x.dtype == dtype else x.astype(dtype) for x in (a, b)]
    real = np.dtype(dtype.char.lower())
    if rcond is None:
        rcond = float(np.finfo(real).eps) * max(*a.shape, 1)
    wide = a.shape[0] < a.shape[1]
    tall = a.conj().T if wide else a
    tall = one_block("lstsq", tall, 1) if tall.numblocks[1] > 1 else lying("lstsq", tall)[0]
    q, r = tsqr(tall)
    right = b if wide else matmul(q.conj().T, b)
    for axis in range(right.ndim):
        right = one_block("lstsq", right, axis)
    small = opaque_layer(
        f"lstsq-{quick_token('lstsq', r.name, right.name, rcond, wide)}",
        (r._layer, right._layer),
        (),
        Small(rcond, wide, (0,) * b.ndim),
    )
    inner = min(a.shape)

    def part(at: int, chunks: Any, meta: Any) -> Any:
        layer = opaque_layer(f"{small.name}-{at}", (small,), (1,) * len(chunks), Part(at))
        return new_array(layer, chunks, meta)

    solution = part(0, ((inner,), *right._chunks[1:]), meta_of(right._meta, b.ndim, dtype))
    rank = part(1, (), numpy_meta(np.dtype(np.intc), 0))
    s = part(2, ((inner,),), numpy_meta(real, 1))
    x = matmul(q, solution) if wide else solution
    left = b - matmul(a, x)
    squares = (left * left.conj()).real.sum(axis=0)
    return x, squares[None] if b.ndim == 1 else squares, rank, s


@implements(np.linalg.lstsq)
def numpy_lstsq(a: Any, b: Any, rcond: float | None = None) -> Any:
    """Return ``lstsq``.

    Examples
    --------
    >>> import minidask.array as da
    >>> np.linalg.lstsq(da.full((1, 1), 2.0), da.ones(1))[0].compute()
    array([0.5])
    """
    return lstsq(a, b, rcond=rcond)

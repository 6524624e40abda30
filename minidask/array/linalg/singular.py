"""Singular value decomposition, and the signs that make it unique.

That of a tall matrix is that of the triangle R of its QR factorization, with Q times its left vectors; a wide one is transposed.

Place in the flow: above ``tall``; ``compression`` makes the decomposition of a matrix that it has made small.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minidask.array.dispatch import implements
from minidask.array.elementwise import as_array, elementwise
from minidask.array.linalg.matrices import calculable, matrix
from minidask.array.linalg.stacks import stacked
from minidask.array.linalg.tall import SVD, least, lying, triangle_of, tsqr
from minidask.array.planned import planned


def svd_flip(u: Any, v: Any, u_based_decision: bool = False) -> tuple[Any, Any]:
    """Return singular vectors with signs chosen so that the rows of ``v`` have sums that aren't negative.

    Parameters
    ----------
    u : (M, K) Array
        Left singular vectors, in columns.
    v : (K, N) Array
        Right singular vectors, in rows.
    u_based_decision : bool
        Whether the columns of ``u`` decide instead.

    Raises
    ------
    ValueError
        If the arrays don't have two dimensions.

    Examples
    --------
    >>> import minidask.array as da
    >>> u, v = svd_flip(da.eye(1), da.full((1, 2), -2.0))
    >>> v.compute()
    array([[2., 2.]])
    """
    u, v = as_array(u), as_array(v)
    if u.ndim != 2 or v.ndim != 2:
        raise ValueError(f"svd_flip needs matrices, got {u.ndim} and {v.ndim} dimensions")
    sums = u.sum(axis=0) if u_based_decision else v.sum(axis=1)
    signs = elementwise(np.where, sums.real < 0, -1, 1).astype(sums.real.dtype)
    return u * signs, v * signs[:, None]


@planned
def svd(a: Any, coerce_signs: bool = True, full_matrices: bool = False) -> SVD:
    """Return the singular value decomposition of a matrix (of each of a stack of them).

    Parameters
    ----------
    a : Array or array-like
        In one column or one row of blocks; one in blocks along both axes is rechunked, the longer axis staying cut.
    coerce_signs : bool
        Whether to choose the vectors' signs by ``svd_flip``, so that they don't depend on chunks.
    full_matrices : bool
        Whether U and Vh are square, their columns and rows completed to a basis. The matrix has to be in one block then (or a
        stack of such), and signs aren't chosen.

    Returns
    -------
    U, S and Vh
        Of shapes (M, K), (K,) and (K, N), where K is the smaller of M and N; the values in descending order.

    Raises
    ------
    ValueError
        If there are less than two dimensions.
    TypeError
        If NumPy's linear algebra doesn't know the dtype.
    NotImplementedError
        With ``full_matrices``, if the matrix isn't square and in several blocks; the message has the remedy.

    Notes
    -----
    One task works on a matrix whose both sides are the shorter axis. For the first few values of a large matrix use
    ``svd_compressed``.

    Examples
    --------
    >>> import minidask.array as da
    >>> u, s, v = da.linalg.svd(da.ones((4, 4), chunks=(2, 4)))
    >>> s.compute().round(6)[0], u.chunks
    (np.float64(4.0), ((2, 2), (4,)))
    """
    x = as_array(a)
    if full_matrices and x.ndim > 1 and x.shape[-1] != x.shape[-2]:
        return SVD(*_full(x))
    if x.ndim > 2:
        return SVD(*_stack(x))
    x, wide = lying("svd", matrix("svd", x))
    if x.shape[0] < x.shape[1] and x.numblocks[0] == 1:
        wide = True
    if not wide:
        return tsqr(x, compute_svd=True, coerce_signs=coerce_signs)
    v, s, u = tsqr(x.T, compute_svd=True)
    u, v = u.T, v.T
    if coerce_signs:
        u, v = svd_flip(u, v)
    return SVD(u, s, v)


def _stack(x: Any) -> tuple[Any, ...]:
    k = least(*x.shape[-2:])
    outs = [("m", "k"), ("k",), ("k", "n")]
    return stacked("svd", np.linalg.svd, [calculable(x)], [2], outs, {"k": k}, full_matrices=False)


def _full(x: Any) -> tuple[Any, ...]:
    if x.numblocks[-2:] != (1, 1):
        raise NotImplementedError(
            "svd makes full matrices of matrices in one block: pass full_matrices=False (the basis isn't completed then), or "
            f"x.rechunk({{{x.ndim - 2}: -1, {x.ndim - 1}: -1}}) first"
        )
    outs = [("m", "m"), ("k",), ("n", "n")]
    return stacked("svd", np.linalg.svd, [calculable(x)], [2], outs, {"k": least(*x.shape[-2:])}, full_matrices=True)


def svdvals(x: Any) -> Any:
    """Return the singular values of a matrix (of each of a stack of them), in descending order.

    Raises
    ------
    ValueError
        If there are less than two dimensions.

    Examples
    --------
    >>> import minidask.array as da
    >>> svdvals(da.ones((4, 1), chunks=2)).compute().round(6)
    array([2.])
    """
    x = as_array(x)
    if x.ndim > 2:
        return stacked("svdvals", np.linalg.svdvals, [calculable(x)], [2], [("k",)], {"k": least(*x.shape[-2:])})[0]
    x, wide = lying("svdvals", matrix("svdvals", x))
    if wide or x.shape[0] < x.shape[1]:
        x = x.T
    r = triangle_of(x.rechunk({1: -1}) if x.numblocks[1] > 1 else x, "svdvals")
    return stacked("svdvals", np.linalg.svdvals, [r], [2], [("k",)], {"k": least(*r.shape)})[0]


@implements(np.linalg.svd)
def numpy_svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    """Return ``svd`` without choosing signs, of full matrices by default as NumPy does; Hermitian ones are as any others.

    Raises
    ------
    NotImplementedError
        If full matrices are asked for, also by default, of a matrix that isn't square and in several blocks.

    Examples
    --------
    >>> import minidask.array as da
    >>> np.linalg.svd(da.ones((4, 1), chunks=2), compute_uv=False).compute().round(6)
    array([2.])
    """
    return svd(a, False, full_matrices) if compute_uv else svdvals(a)


implements(*[np.linalg.svdvals] if hasattr(np.linalg, "svdvals") else [])(svdvals)

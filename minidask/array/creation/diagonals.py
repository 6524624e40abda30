"""Diagonals and triangles: ``diag``, ``diagonal``, ``tri``, ``tril``, ``triu`` and their indices."""

from __future__ import annotations

from typing import Any

import numpy as np

from minidask.array.chunks import check_known, chunks_token, joined_sizes, normalize_axis
from minidask.array.collection import new_array
from minidask.array.creation.filled import zeros
from minidask.array.creation.ranges import arange, eye
from minidask.array.dispatch import call_registered, implements
from minidask.array.dtypes import native
from minidask.array.elementwise import as_array, elementwise
from minidask.array.joining import concatenate
from minidask.array.meta import numpy_meta
from minidask.array.normalize import normalize_chunks
from minidask.array.planned import planned
from minidask.array.shaping import broadcast_to, moveaxis
from minidask.array.slicing.points import take_at
from minidask.array.sources import made_layer
from minidask.tokenize import quick_token


@implements(np.diag)
@planned
def diag(v: Any, k: int = 0) -> Any:
    """Return a diagonal of a matrix, or a matrix with the elements of a vector on a diagonal.

    Raises
    ------
    ValueError
        If the array has neither one nor two axes.
    UnknownChunkSizes
        If a vector's length isn't known.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.diag(da.arange(2, chunks=1), 1).compute().tolist()
    [[0, 0, 0], [0, 0, 1], [0, 0, 0]]
    """
    x = as_array(v)
    if x.ndim == 2:
        return diagonal(x, k)
    if x.ndim != 1:
        raise ValueError("Input must be 1- or 2-d.")
    check_known("diag", x.shape)
    n, more, sizes = x.shape[0], abs(k), x._chunks[0]
    zero = np.zeros((), x.dtype)[()]
    wide, longer = n + more, (joined_sizes((more,), sizes) if more else sizes)
    if k >= 0:
        mask = eye(n, (sizes, longer), wide, k, bool)
        rows = elementwise(np.where, mask, x[:, None], zero, dtype=native(x.dtype))
        return concatenate([rows, zeros((more, wide), x.dtype, chunks=(more, longer))]) if more else rows
    mask = eye(wide, (longer, sizes), n, k, bool)
    columns = elementwise(np.where, mask, x[None, :], zero, dtype=native(x.dtype))
    return concatenate([columns, zeros((wide, more), x.dtype, chunks=(longer, more))], axis=1)


@implements(np.diagonal)
@planned
def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """Return the diagonal of two axes, as the last axis.

    Raises
    ------
    ValueError
        If the array has fewer than two axes, or the two are one.
    UnknownChunkSizes
        If their lengths aren't known.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.diagonal(da.arange(6, chunks=2).reshape(2, 3), 1).compute()
    array([1, 5])
    """
    x = as_array(a)
    if x.ndim < 2:
        raise ValueError("diag requires an array of at least two dimensions")
    one, other = normalize_axis(axis1, x.ndim), normalize_axis(axis2, x.ndim)
    if one == other:
        raise ValueError("axis1 and axis2 cannot be the same")
    check_known("diagonal", [x.shape[one], x.shape[other]])
    low, high = max(-offset, 0), max(offset, 0)
    count = max(min(x.shape[one] - low, x.shape[other] - high), 0)
    along = np.arange(count)
    return moveaxis(take_at(x, {one: along + low, other: along + high}), 0, -1)


def tri(
    N: int,
    M: int | None = None,
    k: int = 0,
    dtype: Any = float,
    chunks: Any = "auto",
    *,
    like: Any = None,
    name: str | None = None,
) -> Any:
    """Return a matrix with ones on a diagonal and below it; arguments as for ``eye``.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.tri(2, dtype=int, chunks=1).compute().tolist()
    [[1, 0], [1, 1]]
    """
    shape = (int(N), int(N if M is None else M))
    if min(shape) < 0:
        raise ValueError(f"negative dimensions are not allowed, got {shape}")
    kind = np.dtype(dtype)
    normal = normalize_chunks(chunks, shape, None, kind)
    name = name or f"tri-{quick_token('tri', chunks_token(normal), k, str(kind))}"
    return new_array(made_layer(name, _triangle, normal, k, kind, merges=True), normal, numpy_meta(kind, 2), shape)


def _triangle(bounds: tuple[tuple[int, int], ...], k: int, dtype: Any) -> Any:
    (top, bottom), (left, right) = bounds
    return np.tri(bottom - top, right - left, k + top - left, dtype)


@implements(np.tril)
@planned
def tril(m: Any, k: int = 0) -> Any:
    """Return a matrix with zeros above a diagonal; raises ValueError unless it has two axes at least.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.tril(da.ones((2, 2), dtype=int, chunks=1)).compute().tolist()
    [[1, 0], [1, 1]]
    """
    x, mask = _masked(m, k)
    return elementwise(np.where, mask, x, np.zeros((), x.dtype)[()], dtype=native(x.dtype))


@implements(np.triu)
@planned
def triu(m: Any, k: int = 0) -> Any:
    """Return a matrix with zeros below a diagonal; raises ValueError unless it has two axes at least.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.triu(da.ones((2, 2), dtype=int, chunks=1)).compute().tolist()
    [[1, 1], [0, 1]]
    """
    x, mask = _masked(m, k - 1)
    return elementwise(np.where, mask, np.zeros((), x.dtype)[()], x, dtype=native(x.dtype))


def _masked(m: Any, k: int) -> tuple[Any, Any]:
    x = as_array(m)
    if not x.ndim:
        raise ValueError("a triangle needs an array of one axis at least, this has none")
    check_known("a triangle", x.shape[-2:])
    if x.ndim == 1:
        # As NumPy: each row of a square is the vector.
        x = broadcast_to(x, x.shape * 2)
    return x, tri(x.shape[-2], x.shape[-1], k, bool, chunks=x._chunks[-2:])


def tril_indices(n: int, k: int = 0, m: int | None = None, chunks: Any = "auto") -> Any:
    """Return the positions, an array for rows and one for columns, on a diagonal and below it.

    Examples
    --------
    >>> import minidask.array as da
    >>> [each.compute().tolist() for each in da.tril_indices(2)]
    [[0, 1, 1], [0, 0, 1]]
    """
    return call_registered(np.nonzero, (tri(n, m, k, bool, chunks),), {})


def triu_indices(n: int, k: int = 0, m: int | None = None, chunks: Any = "auto") -> Any:
    """Return the positions, an array for rows and one for columns, on a diagonal and above it.

    Examples
    --------
    >>> import minidask.array as da
    >>> [each.compute().tolist() for each in da.triu_indices(2)]
    [[0, 0, 1], [0, 1, 1]]
    """
    return call_registered(np.nonzero, (~tri(n, m, k - 1, bool, chunks),), {})


@implements(np.tril_indices_from)
def tril_indices_from(arr: Any, k: int = 0) -> Any:
    """Return ``tril_indices`` of a matrix's shape; raises ValueError unless it has two axes."""
    x = _matrix(arr)
    return tril_indices(x.shape[0], k, x.shape[1], x._chunks)


@implements(np.triu_indices_from)
def triu_indices_from(arr: Any, k: int = 0) -> Any:
    """Return ``triu_indices`` of a matrix's shape; raises ValueError unless it has two axes."""
    x = _matrix(arr)
    return triu_indices(x.shape[0], k, x.shape[1], x._chunks)


def _matrix(arr: Any) -> Any:
    x = as_array(arr)
    if x.ndim != 2:
        raise ValueError("input array must be 2-d")
    check_known("a triangle", x.shape)
    return x


@implements(np.diagflat)
def diagflat(v: Any, k: int = 0) -> Any:
    """Return a matrix with all elements of an array on a diagonal; see ``diag``.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.diagflat(da.ones((1, 2)), 0).shape
    (2, 2)
    """
    return diag(as_array(v).ravel(), k)


def diag_indices(n: int, ndim: int = 2) -> tuple[Any, ...]:
    """Return the indices of the main diagonal of an array with ``ndim`` axes of length ``n``, for ``x.vindex``.

    Examples
    --------
    >>> [i.compute().tolist() for i in diag_indices(2)]
    [[0, 1], [0, 1]]
    """
    return (arange(n),) * ndim


@implements(np.diag_indices_from)
def diag_indices_from(arr: Any) -> tuple[Any, ...]:
    """Return the indices of the main diagonal of an array; raises ValueError unless it has two axes or more, equally long.

    Examples
    --------
    >>> import minidask.array as da
    >>> [i.shape for i in diag_indices_from(da.ones((3, 3)))]
    [(3,), (3,)]
    """
    x = as_array(arr)
    if x.ndim < 2:
        raise ValueError("input array must be at least 2-d")
    check_known("diag_indices_from", x.shape)
    if len(set(x.shape)) > 1:
        raise ValueError("All dimensions of input must be of equal length")
    return diag_indices(x.shape[0], x.ndim)

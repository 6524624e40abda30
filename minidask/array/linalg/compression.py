"""The largest singular values of a large matrix, by multiplying it with a few random vectors.

``Y = A @ W`` of random columns W spans, nearly, what the largest singular vectors span. With Q of Y's QR factorization,
``Q.H @ A`` is small and has nearly the same largest singular values. Each iteration multiplies by ``A @ A.H`` once more, which
makes small values matter less.

Source: N. Halko, P. G. Martinsson, J. A. Tropp, "Finding structure with randomness" (SIAM Review 53(2), 2011),
https://arxiv.org/abs/0909.4061, algorithms 4.3, 4.4 and 5.1.

Place in the flow: above ``singular``. Works on any chunks.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minidask.array.chunks import check_known, chunks_token
from minidask.array.collection import new_array
from minidask.array.elementwise import as_array
from minidask.array.linalg.matrices import matrix, one_block
from minidask.array.linalg.singular import svd_flip
from minidask.array.linalg.tall import SVD, tsqr
from minidask.array.meta import numpy_meta
from minidask.array.products.vectors import matmul
from minidask.array.sources import made_layer
from minidask.tokenize import quick_token


def compression_level(n: int, q: int, n_oversamples: int = 10, min_subspace_size: int = 20) -> int:
    """Return how many random vectors to use for the first ``q`` of ``n`` values: some more, at least 20, at most ``n``.

    Examples
    --------
    >>> compression_level(100, 10), compression_level(100, 30), compression_level(5, 3)
    (20, 40, 5)
    """
    return int(min(max(min_subspace_size, q + n_oversamples), n))


def random_block(bounds: Any, seed: int, dtype: Any) -> Any:
    """Return a block of normally distributed numbers, made of the seed and where its rows begin.

    Examples
    --------
    >>> random_block(((0, 2), (0, 3)), 1, np.dtype(float)).shape
    (2, 3)
    """
    (low, high), (_, columns) = bounds
    rng = np.random.default_rng([seed, low])
    return rng.standard_normal((high - low, columns)).astype(dtype)


def seed_of(seed: Any) -> int:
    """Return a number for what NumPy takes as a seed: None (a new one), an int, a generator (of which it is drawn).

    Raises
    ------
    TypeError
        If it is nothing of the kind.

    Examples
    --------
    >>> seed_of(5)
    5
    """
    if seed is None:
        return int(np.random.SeedSequence().generate_state(2, np.uint64)[0])
    if hasattr(seed, "__index__"):
        number: int = seed.__index__()
        if number < 0:
            raise ValueError(f"a seed must not be negative, got {number}")
        return number
    if isinstance(seed, np.random.SeedSequence):
        return int(seed.generate_state(2, np.uint64)[0])
    draw = getattr(seed, "integers", None) or getattr(seed, "randint", None)
    if draw is None:
        raise TypeError(f"seed must be an int, None or a random generator, got {type(seed).__name__}: {seed!r:.60}")
    return int(np.asarray(draw(0, 2**31 - 1)))


def compression_matrix(
    data: Any,
    q: int,
    iterator: str = "power",
    n_power_iter: int = 0,
    n_oversamples: int = 10,
    seed: Any = None,
    compute: bool = False,
) -> Any:
    """Return orthonormal rows whose span has most of the matrix: ``comp @ data`` is small, and ``comp.H @ comp @ data`` near it.

    Parameters
    ----------
    data, q, iterator, n_power_iter, n_oversamples, seed, compute
        As for ``svd_compressed``, with ``q`` for k.

    Returns
    -------
    (compression_level(min(M, N), q), M) Array

    Raises
    ------
    ValueError
        If the iterator isn't known, or a number is out of range.
    UnknownChunkSizes
        If lengths aren't known.

    Examples
    --------
    >>> import minidask.array as da
    >>> compression_matrix(da.ones((50, 40), chunks=25), 2, seed=0).shape
    (20, 50)
    """
    if iterator not in ("power", "QR"):
        raise ValueError(f"Iterator must be 'power' or 'QR', got {iterator!r}")
    x = matrix("compression_matrix", data)
    for sizes in x._chunks:
        check_known("compression_matrix", sizes)
    for what, number in (("n_power_iter", n_power_iter), ("n_oversamples", n_oversamples)):
        if number < 0:
            raise ValueError(f"{what} must be at least 0, got {number}")
    count = compression_level(min(x.shape), q, n_oversamples)
    number = seed_of(seed)
    chunks = (x._chunks[1], (count,))
    # Of a complex matrix real random vectors do as well: what is spanned is the same.
    layer = made_layer(
        f"directions-{quick_token('directions', number, chunks_token(chunks), x.dtype.char)}",
        random_block,
        chunks,
        number,
        x.dtype,
    )
    directions = new_array(layer, chunks, numpy_meta(x.dtype, 2))
    adjoint = x.conj().T

    def kept(value: Any) -> Any:
        return value.persist() if compute else value

    def orthonormal(value: Any) -> Any:
        return kept(tsqr(one_block("compression_matrix", value, 1))[0])

    span = kept(matmul(x, directions))
    for _ in range(n_power_iter):
        if iterator == "QR":
            span = orthonormal(matmul(adjoint, orthonormal(span)))
        else:
            span = kept(matmul(adjoint, span))
        span = kept(matmul(x, span))
    return orthonormal(span).conj().T


def svd_compressed(
    a: Any,
    k: int,
    iterator: str = "power",
    n_power_iter: int = 0,
    n_oversamples: int = 10,
    seed: Any = None,
    compute: bool = False,
    coerce_signs: bool = True,
) -> SVD:
    """Return the ``k`` largest singular values of a matrix in any chunks, and their vectors, approximately.

    Parameters
    ----------
    a : Array
        Of two dimensions.
    k : int
        How many; at most the shorter side.
    iterator : {"power", "QR"}
        How iterations go: by products alone, or with a QR factorization after each of them, which is more exact.
    n_power_iter : int
        How many iterations, for values that decrease slowly; more than 4 gain little.
    n_oversamples : int
        How many random vectors more than ``k`` are used.
    seed : int, random generator, or None
        Of the random vectors; with one, and the same chunks, the result is the same each time.
    compute : bool
        Whether to compute the products one after the other now, reading the matrix again for each, so that it need not be kept.
    coerce_signs : bool
        Whether to choose the vectors' signs by ``svd_flip``.

    Returns
    -------
    U, S and Vh
        Of shapes (M, k), (k,) and (k, N).

    Raises
    ------
    ValueError
        If ``k`` isn't positive, or another argument isn't right.
    TypeError
        If the seed is none.
    UnknownChunkSizes
        If lengths aren't known.

    Notes
    -----
    The matrix is read 2 + 2 * n_power_iter times. See the module for the source.

    Examples
    --------
    >>> import minidask.array as da
    >>> x = da.ones((60, 50), chunks=20)
    >>> u, s, v = da.linalg.svd_compressed(x, 1, seed=0)
    >>> round(float(s[0]), 6) == round(3000**0.5, 6)
    True
    """
    x = as_array(a)
    if not hasattr(k, "__index__") or k < 1:
        raise ValueError(f"k must be a positive integer, got {k!r:.60}")
    compressed = compression_matrix(x, k, iterator, n_power_iter, n_oversamples, seed, compute)
    x = matrix("svd_compressed", x)
    small = matmul(compressed, x)
    v, s, u = tsqr(one_block("svd_compressed", small, 0).T, compute_svd=True)
    u, v = matmul(compressed.conj().T, u.T), v.T
    u, s, v = u[:, :k], s[:k], v[:k]
    if coerce_signs:
        u, v = svd_flip(u, v)
    return SVD(u, s, v)

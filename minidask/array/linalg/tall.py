"""QR factorization of matrices that are tall, in one column of blocks, or wide, in one row of them.

Tall (``tsqr``): each block is factorized by itself; the triangles R, a few at a time, are put on top of one another and
factorized again, until one is left. On the way back each block's Q is multiplied by its part of the Q above it. The matrix
itself is read once, and besides Q only triangles are held. Blocks should be taller than wide: a block that isn't gives no
smaller triangle.

Wide (``sfqr``): Q comes of the first block, and R is ``Q.H @ A``.

A matrix in blocks along both axes is rechunked to one of these, whichever its shape is near to.

Source: A. Benson, D. Gleich, J. Demmel, "Direct QR factorizations for tall-and-skinny matrices in MapReduce architectures"
(2013), https://arxiv.org/abs/1301.1071, its recursive variant.

Place in the flow: singular values and least squares begin here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from minidask.array.chunks import Size, Sizes, check_known, has_unknown, is_unknown, largest_of
from minidask.array.collection import new_array
from minidask.array.dispatch import implements
from minidask.array.elementwise import as_array
from minidask.array.linalg.matrices import calculable, matrix, one_block
from minidask.array.linalg.stacks import stacked
from minidask.array.meta import meta_of
from minidask.array.opaque import Ref, TwoWays, opaque_layer
from minidask.array.planned import planned
from minidask.array.products.blas import shared_cores
from minidask.array.products.vectors import matmul
from minidask.array.rechunk import rechunk_to
from minidask.graph import Layer
from minidask.graph import blockwise as blockwise_layer
from minidask.tokenize import quick_token

# Triangles that one task factorizes, unless they are larger together than a block of the matrix.
MOST_TRIANGLES = 16


class QR(NamedTuple):
    """Factors of a matrix: ``Q @ R``, of which the columns of Q are orthonormal and R is upper triangular."""

    Q: Any
    R: Any


class SVD(NamedTuple):
    """Factors of a matrix: ``U @ diag(S) @ Vh``."""

    U: Any
    S: Any
    Vh: Any


# -- tasks --------------------------------------------------------------------------------------------------------------


def factor(block: Any) -> tuple[Any, Any]:
    """Return Q and R of a block."""
    with shared_cores:
        q, r = np.linalg.qr(block)
    return q, r


def triangle(block: Any) -> Any:
    """Return R of a block."""
    with shared_cores:
        return np.linalg.qr(block, mode="r")


def factor_triangles(*factors: Any) -> tuple[Any, Any, Any]:
    """Return Q and R of the triangles of factors, on top of one another, and where in Q each one's rows begin."""
    triangles = [each[1] for each in factors]
    edges = np.cumsum([0, *map(len, triangles)])
    return (*factor(np.concatenate(triangles)), edges)


def triangle_of_triangles(*triangles: Any) -> Any:
    """Return R of triangles on top of one another."""
    return triangle(np.concatenate(triangles))


def singular_of_triangle(top: Any, coerce_signs: bool) -> tuple[Any, Any, Any]:
    """Return the factors of R; with ``coerce_signs`` the rows of ``Vh`` have sums that aren't negative."""
    with shared_cores:
        u, s, vh = np.linalg.svd(top[1], full_matrices=False)
    if coerce_signs:
        signs = np.where(vh.sum(axis=1).real < 0, -1, 1).astype(s.dtype)
        u, vh = u * signs, vh * signs[:, None]
    return u, s, vh


def top_of(top: Any, within: Any = None) -> tuple[Any, Any]:
    """Return Q of the last factors (times what is within), and where its parts begin."""
    q = top[0]
    if within is not None:
        with shared_cores:
            q = q @ within[0]
    return q, top[2] if len(top) > 2 else None


def part_below(factors: Any, above: Any, number: int) -> Any:
    """Return Q of factors times part ``number`` of the Q above it, and where its own parts begin."""
    whole, edges = above
    with shared_cores:
        q = factors[0] @ whole[edges[number] : edges[number + 1]]
    return q, factors[2] if len(factors) > 2 else None


def item(value: Any, at: int) -> Any:
    """Return one of the results of a task."""
    return value[at]


# -- plans: which task makes a block ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Grouped:
    """``func`` of ``width`` neighbouring blocks of one column."""

    func: Callable[..., Any]
    width: int
    count: int
    tail: tuple[int, ...]

    def __call__(self, index: tuple[int, ...]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        low = index[0] * self.width
        return self.func, tuple([Ref(0, (at, *self.tail)) for at in range(low, min(low + self.width, self.count))])


@dataclass(frozen=True, slots=True)
class Top:
    """The last factors; ``within`` says whether singular vectors are multiplied into them."""

    within: bool
    tail: tuple[int, ...]

    def __call__(self, index: tuple[int, ...]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return top_of, (Ref(0, (0, *self.tail)), *([Ref(1, (0,))] if self.within else []))


@dataclass(frozen=True, slots=True)
class Below:
    """Factors of a level (input 0) times their part of what is above them (input 1)."""

    width: int
    tail: tuple[int, ...]

    def __call__(self, index: tuple[int, ...]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        number, within = divmod(index[0], self.width)
        return part_below, (Ref(0, (index[0], *self.tail)), Ref(1, (number,)), within)


@dataclass(frozen=True, slots=True)
class Item:
    """One of the results of a task of input 0: of that with the same number, or of the only one."""

    at: int
    source: tuple[int, ...] | None

    def __call__(self, index: tuple[int, ...]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return item, (Ref(0, index[:1] if self.source is None else self.source), self.at)


@dataclass(frozen=True, slots=True)
class Singular:
    """The singular value decomposition of the last triangle."""

    coerce_signs: bool
    tail: tuple[int, ...]

    def __call__(self, index: tuple[int, ...]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return singular_of_triangle, (Ref(0, (0, *self.tail)), self.coerce_signs)


# -- building -----------------------------------------------------------------------------------------------------------


def _column(what: str, data: Any) -> Any:
    x = matrix(what, data)
    if x.numblocks[1] > 1:
        raise ValueError(
            f"{what} needs a matrix in one column of blocks, got {x.numblocks[1]} columns of them: x.rechunk({{1: -1}}) first, "
            "or let qr choose"
        )
    check_known(what, (x.shape[1],))
    return x


def _width(x: Any) -> int:
    """Return how many triangles to put together: no more rows than a block has, but two at least."""
    if has_unknown(x._chunks[0]) or not x.shape[1]:
        return MOST_TRIANGLES
    return int(min(MOST_TRIANGLES, max(2, largest_of(x._chunks[0]) // x.shape[1])))


def _levels(x: Any, name: str, first: Callable[..., Any], further: Callable[..., Any], width: int) -> list[Layer]:
    """Return the layers of factors, from one a block of the matrix to a single one."""
    layers: list[Layer] = [blockwise_layer(first, (0, 1), (x._layer, (0, 1)), name=f"{name}-0")]
    while layers[-1].numblocks[0] > 1:
        count = layers[-1].numblocks[0]
        plan = Grouped(further, width, count, (0,) if len(layers) == 1 else ())
        layers.append(opaque_layer(f"{name}-{len(layers)}", (layers[-1],), (-(-count // width),), plan))
    return layers


def least(one: Size, other: Size) -> Size:
    """Return the smaller one of two lengths; NaN if either isn't known."""
    return one + other if is_unknown(one) or is_unknown(other) else min(one, other)


def triangle_of(data: Any, what: str = "qr", shared: str | None = None) -> Any:
    """Return only R of a tall matrix in one column of blocks, which needs half the work, and no memory for Q.

    ``shared`` is the name of the layer of the last factors, of which R is taken where these are made anyway.
    """
    x = _column(what, data)
    width = _width(x)
    token = quick_token("triangle", x.name, width)
    layers = _levels(x, f"triangle-{token}", triangle, triangle_of_triangles, width)
    tail = (0,) if len(layers) == 1 else ()
    layer: Layer = opaque_layer(f"r-{token}", (layers[-1],), (1, 1), Only(tail))
    if shared is not None:
        layer = TwoWays(f"{layer.name}-or", layer.inputs, (1, 1), Only(tail), shared, Item(1, (0, *tail)))
    return new_array(layer, ((least(*x.shape),), (x.shape[1],)), x._meta)


@dataclass(frozen=True, slots=True)
class Only:
    """The only block of input 0."""

    tail: tuple[int, ...]

    def __call__(self, index: tuple[int, ...]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return np.asarray, (Ref(0, (0, *self.tail)),)


@planned
def tsqr(
    data: Any, compute_svd: bool = False, _max_vchunk_size: int | None = None, *, coerce_signs: bool = False
) -> Any:
    """Return the factors of a tall matrix in one column of blocks.

    Parameters
    ----------
    data : Array
        Of two dimensions; lengths of the blocks of rows need not be known.
    compute_svd : bool
        Whether to return U, S and Vh of the singular value decomposition instead of Q and R.
    _max_vchunk_size : int, optional
        Accepted for compatibility: how many triangles are put together follows from the blocks' shape.
    coerce_signs : bool
        With ``compute_svd``: whether to choose signs as ``svd_flip`` does.

    Returns
    -------
    Q and R, or U, S and Vh
        Q and U are in the blocks of the matrix, the others in one block.

    Raises
    ------
    ValueError
        If there are several columns of blocks, or not two dimensions.
    TypeError
        If NumPy's linear algebra doesn't know the dtype.

    Examples
    --------
    >>> import minidask.array as da
    >>> x = da.ones((6, 2), chunks=(3, 2))
    >>> q, r = tsqr(x)
    >>> q.chunks, r.shape, da.allclose(q @ r, x).compute()
    (((3, 3), (2,)), (2, 2), np.True_)
    """
    x = _column("tsqr", data)
    width = _width(x)
    token = quick_token("tsqr", x.name, width)
    levels = _levels(x, f"factors-{token}", factor, factor_triangles, width)
    tail: tuple[int, ...] = (0,) if len(levels) == 1 else ()
    inner, columns = least(*x.shape), x.shape[1]
    singular: tuple[Layer, ...] = ()
    if compute_svd:
        token = quick_token("tssvd", x.name, width, coerce_signs)
        singular = (opaque_layer(f"svd-{token}", (levels[-1],), (1,), Singular(coerce_signs, tail)),)
    above: Layer = opaque_layer(f"q-{len(levels)}-{token}", (levels[-1], *singular), (1,), Top(compute_svd, tail))
    for number, level in reversed(list(enumerate(levels[:-1]))):
        plan = Below(width, (0,) if number == 0 else ())
        above = opaque_layer(f"q-{number}-{token}", (level, above), (level.numblocks[0],), plan)
    q_layer = opaque_layer(f"q-{token}", (above,), x.numblocks, Item(0, None))
    q = new_array(q_layer, (x._chunks[0], (inner,)), x._meta)
    if not compute_svd:
        r_layer = opaque_layer(f"r-{token}", (levels[-1],), (1, 1), Item(1, (0, *tail)))
        return QR(q, new_array(r_layer, ((inner,), (columns,)), x._meta))
    real = np.dtype(x.dtype.char.lower())
    s = new_array(opaque_layer(f"s-{token}", singular, (1,), Item(1, (0,))), ((inner,),), meta_of(x._meta, 1, real))
    vh = new_array(opaque_layer(f"vh-{token}", singular, (1, 1), Item(2, (0,))), ((inner,), (columns,)), x._meta)
    return SVD(q, s, vh)


@planned
def sfqr(data: Any, name: str | None = None) -> QR:
    """Return the factors of a wide matrix in one row of blocks.

    Parameters
    ----------
    data : Array
        Of two dimensions. The first blocks are joined until they have as many columns as there are rows.
    name : str, optional
        Accepted for compatibility.

    Returns
    -------
    Q and R
        Q in one block, R in the blocks of the matrix (the first of them joined).

    Raises
    ------
    ValueError
        If there are several rows of blocks, or not two dimensions.
    UnknownChunkSizes
        If a length isn't known.

    Examples
    --------
    >>> import minidask.array as da
    >>> q, r = sfqr(da.ones((2, 9), chunks=(2, 3)))
    >>> q.shape, r.chunks
    ((2, 2), ((2,), (3, 3, 3)))
    """
    x = matrix("sfqr", data)
    if x.numblocks[0] > 1:
        raise ValueError(
            f"sfqr needs a matrix in one row of blocks, got {x.numblocks[0]} rows of them: x.rechunk({{0: -1}}) first, or let qr "
            "choose"
        )
    for sizes in x._chunks:
        check_known("sfqr", sizes)
    rows = x.shape[0]
    sizes = [n for n in x._chunks[1] if n] or [0]
    while len(sizes) > 1 and sizes[0] < rows:
        sizes[:2] = [sizes[0] + sizes[1]]
    x = rechunk_to(x, (x._chunks[0], tuple(sizes)))
    q, first = tsqr(x[:, : sizes[0]])
    if len(sizes) == 1:
        return QR(q, first)
    # Of the first block R itself, whose elements below the diagonal are exact zeros.
    rest = matmul(q.conj().T, x[:, sizes[0] :])
    joined: Sizes = (first.shape[1], *rest._chunks[1])
    layer = opaque_layer(f"r-{quick_token('sfqr', x.name)}", (first._layer, rest._layer), (1, len(joined)), FirstThen())
    return QR(q, new_array(layer, (first._chunks[0], joined), x._meta))


@dataclass(frozen=True, slots=True)
class FirstThen:
    """The only block of input 0, then those of input 1."""

    def __call__(self, index: tuple[int, ...]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return np.asarray, (Ref(1, (0, index[1] - 1)) if index[1] else Ref(0, (0, 0)),)


def lying(what: str, x: Any) -> tuple[Any, bool]:
    """Return a matrix in one column of blocks, or in one row; and whether it is a row.

    What is in one already stays; otherwise a matrix with more rows than columns becomes a column.
    """
    if x.numblocks[1] == 1:
        return x, False
    if x.numblocks[0] == 1:
        return x, True
    for sizes in x._chunks:
        check_known(what, sizes)
    tall = x.shape[0] >= x.shape[1]
    return one_block(what, x, 1 if tall else 0), not tall


@implements(np.linalg.qr)
@planned
def qr(a: Any, mode: str = "reduced") -> Any:
    """Return the QR factorization of a matrix (of each of a stack of them).

    Parameters
    ----------
    a : Array or array-like
        In one column of blocks, or in one row; one in blocks along both axes is rechunked, the longer axis staying cut.
    mode : str
        - ``"reduced"``: Q and R of shapes (M, K) and (K, N), where K is the smaller of M and N.
        - ``"r"``: R alone.
        - ``"complete"``: of shapes (M, M) and (M, N); the matrix has to be in one block, or a stack of such.
        - ``"raw"``: the Householder vectors and their factors as LAPACK gives them, (N, M) and (K,); in one block, too.

    Returns
    -------
    Q and R, or what ``mode`` says
        As NumPy's up to the signs of rows of R. The results are apart: R of a tall matrix alone doesn't make Q, which saves
        half the work; where both are computed at once they share it.

    Raises
    ------
    ValueError
        If there are less than two dimensions, or the mode isn't known.
    TypeError
        If NumPy's linear algebra doesn't know the dtype.
    NotImplementedError
        With ``"complete"`` and ``"raw"``, if the matrix is in several blocks; the message has the remedy.

    Notes
    -----
    See ``tsqr`` and ``sfqr``. A task works on a block of all columns (rows).

    Examples
    --------
    >>> import minidask.array as da
    >>> x = da.eye(4, chunks=2)
    >>> q, r = da.linalg.qr(x)
    >>> da.allclose(q @ r, x).compute()
    np.True_
    >>> abs(da.linalg.qr(da.ones((4, 1), chunks=2), mode="r")).compute()
    array([[2.]])
    """
    if mode not in ("reduced", "complete", "r", "raw"):
        raise ValueError(f"Unrecognized mode {mode!r}: 'reduced', 'r', 'complete' and 'raw' are")
    x = as_array(a)
    if mode in ("complete", "raw"):
        return _of_whole(x, mode)
    if x.ndim > 2:
        outs = [("m", "k"), ("k", "n")]
        made = stacked("qr", np.linalg.qr, [calculable(x)], [2], outs, {"k": least(*x.shape[-2:])})
        return QR(*made) if mode == "reduced" else made[1]
    x, wide = lying("qr", matrix("qr", x))
    if mode == "r":
        return sfqr(x).R if wide else triangle_of(x)
    if wide:
        return sfqr(x)
    q, r = tsqr(x)
    return QR(q, triangle_of(x, shared=r._layer.inputs[0].name))


def _of_whole(x: Any, mode: str) -> Any:
    """Return the factors that are made of whole matrices only."""
    x = calculable(x) if x.ndim > 2 else matrix("qr", x)
    if x.numblocks[-2:] != (1, 1):
        raise NotImplementedError(
            f"qr has the mode {mode!r} for matrices in one block: x.rechunk({{{x.ndim - 2}: -1, {x.ndim - 1}: -1}}) first, "
            "or use the mode 'reduced'"
        )
    outs = [("m", "m"), ("m", "n")] if mode == "complete" else [("n", "m"), ("k",)]
    made = stacked("qr", np.linalg.qr, [x], [2], outs, {"k": least(*x.shape[-2:])}, mode=mode)
    return QR(*made) if mode == "complete" else made

"""LU factorization with partial pivoting, a column of blocks at a time.

A pivot may lie in any row, so that a task works on all rows of one column of blocks: it factorizes what is left of the column (a
*panel*); the columns to the right, each in a task of its own, exchange rows, get their block of U, and lose the product of the
panel with it. What is above is finished and isn't touched again. Exchanges of later panels are applied to the rows of L at the
end.

This is what LAPACK's ``getrf`` does, so that the factors are its own, also of matrices whose blocks on the diagonal are singular.

Place in the flow: ``solve`` and ``inv`` use it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from minidask.array.chunks import Chunks, starts_of
from minidask.array.collection import new_array
from minidask.array.linalg.matrices import scipy_linalg, square
from minidask.array.meta import numpy_meta
from minidask.array.opaque import Ref, opaque_layer
from minidask.array.planned import planned
from minidask.array.products.blas import shared_cores
from minidask.array.rechunk import rechunk_to
from minidask.tokenize import quick_token

# A column of blocks on its way: the blocks of U that are finished, and the rows that are left.
Column = tuple[tuple[Any, ...], Any]


def begin(column: Any) -> Column:
    """Return a column of blocks of which nothing is finished."""
    return (), column


def factor_panel(column: Column) -> tuple[tuple[Any, ...], Any, Any]:
    """Return what is finished of a column, its other rows factorized (L and U in one array), and the order of these rows."""
    finished, rest = column
    if not rest.size:
        return finished, rest, np.arange(len(rest))
    linalg = scipy_linalg("lu")
    (getrf,) = linalg.get_lapack_funcs(("getrf",), (rest,))
    with shared_cores:
        # A pivot that is 0 is no error of the factorization: solving with it is.
        packed, pivots, info = getrf(rest)
    if info < 0:
        raise ValueError(f"LAPACK's getrf refuses its argument {-info}")
    order = np.arange(len(rest))
    for row, pivot in enumerate(pivots):
        order[[row, pivot]] = order[[pivot, row]]
    return finished, packed, order


def update(column: Column, panel: tuple[Any, Any, Any]) -> Column:
    """Return a column of blocks after the panel to its left."""
    finished, rest = column
    _, packed, order = panel
    size = packed.shape[1]
    rest = rest[order]
    with shared_cores:
        if not size or not rest.size:
            return (*finished, rest[:size]), rest[size:]
        upper = scipy_linalg("lu").solve_triangular(
            packed[:size], rest[:size], lower=True, unit_diagonal=True, check_finite=False
        )
        return (*finished, upper), rest[size:] - packed[size:] @ upper


def whole_order(*panels: tuple[Any, Any, Any]) -> Any:
    """Return the order of all rows after the exchanges of all panels.

    Examples
    --------
    >>> whole_order(((), np.ones((2, 1)), np.array([1, 0])), ((), np.ones((1, 1)), np.array([0])))
    array([1, 0])
    """
    total = np.arange(len(panels[0][2]))
    for _, _, order in panels:
        low = len(total) - len(order)
        total[low:] = total[low:][order]
    return total


def lower_column(panel: tuple[Any, Any, Any], *later: Any) -> Any:
    """Return a column of blocks of L: the panel below the diagonal, its rows exchanged by the later panels' orders."""
    finished, packed, order = panel
    size = packed.shape[1]
    high = len(order)
    low = sum(map(len, finished))
    out = np.zeros((low + high, size), packed.dtype)
    out[low:] = packed
    block = out[low : low + size]
    block[...] = np.tril(block, -1) + np.eye(*block.shape, dtype=packed.dtype)
    for exchange in later:
        at = len(out) - len(exchange)
        out[at:] = out[at:][exchange]
    return out


def upper_column(panel: tuple[Any, Any, Any]) -> Any:
    """Return a column of blocks of U."""
    finished, packed, _ = panel
    size = packed.shape[1]
    below = np.zeros((len(packed) - size, size), packed.dtype)
    return np.concatenate([*finished, np.triu(packed[:size]), below])


def order_of(panel: tuple[Any, Any, Any]) -> Any:
    """Return the order of rows that a panel ends with, which is small."""
    return panel[2]


@dataclass(frozen=True, slots=True)
class Panels:
    """The plan of the panels, one a column; see ``opaque_layer``. Inner results: columns after some of the panels; orders."""

    def __call__(self, index: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
        if index[0] == "order":
            return order_of, (Ref(None, index[1:]),)
        if index[0] == "column":
            _, column, steps = index
            if steps == 0:
                return begin, (Ref(0, (0, column)),)
            return update, (Ref(None, ("column", column, steps - 1)), Ref(None, (steps - 1,)))
        return factor_panel, (Ref(None, ("column", index[0], index[0])),)


@dataclass(frozen=True, slots=True)
class Lower:
    """The plan of the columns of L, of panels."""

    count: int

    def __call__(self, index: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
        if index[0] == "order":
            return order_of, (Ref(0, index[1:]),)
        later = [Ref(None, ("order", at)) for at in range(index[1] + 1, self.count)]
        return lower_column, (Ref(0, index[1:]), *later)


@dataclass(frozen=True, slots=True)
class Upper:
    """The plan of the columns of U, of panels."""

    def __call__(self, index: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
        return upper_column, (Ref(0, index[1:]),)


@dataclass(frozen=True, slots=True)
class Order:
    """The plan of the order of rows, of panels."""

    count: int

    def __call__(self, index: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
        if index[0] == "order":
            return small_panel, (Ref(0, index[1:]),)
        return whole_order, tuple([Ref(None, ("order", at)) for at in range(self.count)])


def small_panel(panel: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
    """Return a panel without its numbers: what ``whole_order`` needs."""
    return (), None, panel[2]


def factors(a: Any) -> tuple[Any, Any, Any]:
    """Return ``order, l, u`` of a square matrix: ``a[order] == l @ u``; ``order`` in one block.

    Raises
    ------
    ValueError, ImportError
        See ``lu``.

    Examples
    --------
    >>> import minidask.array as da
    >>> factors(da.asarray([[0.0, 1], [1, 0]]).rechunk(1))[0].compute()
    array([1, 0])
    """
    scipy_linalg("lu")
    x = square("lu", a)
    sizes = x._chunks[1]
    columns = rechunk_to(x, ((x.shape[0],), sizes))
    count = len(sizes)
    token = quick_token("lu", columns.name)
    panels = opaque_layer(f"lu-{token}", (columns._layer,), (count,), Panels())
    chunks: Chunks = ((x.shape[0],), sizes)
    lower = opaque_layer(f"lu-lower-{token}", (panels,), (1, count), Lower(count))
    upper = opaque_layer(f"lu-upper-{token}", (panels,), (1, count), Upper())
    order = opaque_layer(f"lu-order-{token}", (panels,), (1,), Order(count))
    return (
        new_array(order, ((x.shape[0],),), numpy_meta(np.dtype(np.intp), 1)),
        new_array(lower, chunks, x._meta),
        new_array(upper, chunks, x._meta),
    )


def permutation_block(order: Any, bounds: Any, dtype: Any) -> Any:
    """Return a block of the matrix with a one in row ``order[n]`` of column n.

    Examples
    --------
    >>> permutation_block(np.array([1, 0]), ((0, 2), (0, 1)), np.dtype(int)).tolist()
    [[0], [1]]
    """
    (top, bottom), (left, right) = bounds
    rows = order[left:right]
    inside = np.flatnonzero((rows >= top) & (rows < bottom))
    out = np.zeros((bottom - top, right - left), dtype)
    out[rows[inside] - top, inside] = 1
    return out


@dataclass(frozen=True, slots=True)
class Permutation:
    """The plan of the blocks of the permutation matrix."""

    edges: tuple[int, ...]
    dtype: Any

    def __call__(self, index: tuple[int, ...]) -> tuple[Any, tuple[Any, ...]]:
        bounds = tuple([(self.edges[at], self.edges[at + 1]) for at in index])
        return permutation_block, (Ref(0, (0,)), bounds, self.dtype)


@planned
def lu(a: Any) -> tuple[Any, Any, Any]:
    """Return the LU factorization of a square matrix, with partial pivoting.

    Parameters
    ----------
    a : (M, M) Array or array-like
        Chunks of its rows are made those of its columns. A task works on a column of blocks.

    Returns
    -------
    p, l, u
        A permutation matrix, a lower triangle with ones on its diagonal, and an upper one: ``a == p @ l @ u``, as SciPy's.

    Raises
    ------
    ValueError
        If it isn't square.
    ImportError
        If SciPy isn't installed.

    Examples
    --------
    >>> import minidask.array as da
    >>> p, l, u = da.linalg.lu(da.asarray([[0.0, 2], [1, 3]]).rechunk(1))
    >>> p.compute().tolist(), u.compute().tolist()
    ([[0.0, 1.0], [1.0, 0.0]], [[1.0, 3.0], [0.0, 2.0]])
    """
    order, lower, upper = factors(a)
    sizes = lower._chunks[1]
    real = np.dtype(lower.dtype.char.lower())
    plan = Permutation(starts_of(sizes), real)
    layer = opaque_layer(f"lu-permutation-{order.name}", (order._layer,), (len(sizes),) * 2, plan)
    p = new_array(layer, (sizes, sizes), numpy_meta(real, 2))
    return p, rechunk_to(lower, (sizes, sizes)), rechunk_to(upper, (sizes, sizes))

"""Products of arrays of any number of dimensions: ``tensordot``, ``kron``, ``cross``.

Place in the flow: beside ``vectors``.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from minidask.array.chunks import normalize_axis
from minidask.array.collection import check_known_shape, new_array
from minidask.array.dispatch import implements
from minidask.array.elementwise import as_array
from minidask.array.meta import numpy_meta
from minidask.array.planned import planned
from minidask.array.products.contraction import Call, contract, product_dtype
from minidask.array.products.vectors import differ
from minidask.array.shaping import atleast, moveaxis
from minidask.array.spelling import also_named
from minidask.array.unify import broadcast_shape, unify_chunks
from minidask.graph import blockwise as blockwise_layer


@implements(np.tensordot, np.linalg.tensordot)
@also_named(lhs="a", rhs="b")
@planned
def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """Return the sum of products over some axes of both arrays.

    Parameters
    ----------
    a, b : Array or array-like
    axes : int, or pair of axes or sequences of axes
        A number: the last ones of ``a`` with the first ones of ``b``, in their order. Otherwise those of each.

    Returns
    -------
    Array
        Its axes are the other ones of ``a``, then those of ``b``.

    Raises
    ------
    ValueError
        If the axes are not as many on both sides, or have different lengths.
    numpy.exceptions.AxisError
        If one is out of range.

    Examples
    --------
    >>> import minidask.array as da
    >>> x, y = da.ones((3, 4, 5), chunks=2), da.ones((5, 4), chunks=3)
    >>> da.tensordot(x, y, axes=((1, 2), (1, 0))).compute()
    array([20., 20., 20.])
    """
    a, b = as_array(a), as_array(b)
    if hasattr(axes, "__index__"):
        count = axes.__index__()
        if count < 0 or count > min(a.ndim, b.ndim):
            raise ValueError(f"tensordot over {count} axes of arrays with {a.ndim} and {b.ndim} dimensions")
        left, right = tuple(range(a.ndim - count, a.ndim)), tuple(range(count))
    else:
        one, other = axes
        left = _axes(one, a.ndim)
        right = _axes(other, b.ndim)
    if len(left) != len(right):
        raise ValueError(f"shape-mismatch for sum: {len(left)} axes on the left, {len(right)} on the right")
    if len(set(left)) != len(left) or len(set(right)) != len(right):
        raise ValueError(f"tensordot sums over each axis once, got axes={axes!r:.80}")
    for one, other in zip(left, right, strict=True):
        if differ(a.shape[one], b.shape[other]):
            raise ValueError(
                f"shape-mismatch for sum: axis {one} has length {a.shape[one]}, axis {other} of the other array {b.shape[other]}"
            )
    # Numbers are symbols too, and cost less than text.
    a_index: list[Any] = list(range(a.ndim))
    b_index: list[Any] = list(range(a.ndim, a.ndim + b.ndim))
    for one, other in zip(left, right, strict=True):
        b_index[other] = a_index[one]
    out = [s for axis, s in enumerate(a_index) if axis not in left]
    out += [s for axis, s in enumerate(b_index) if axis not in right]
    return contract("tensordot", _call(np.tensordot, (("axes", (left, right)),)), out, a, a_index, b, b_index)


_call = lru_cache(256)(Call)


def _axes(axes: Any, ndim: int) -> tuple[int, ...]:
    given = axes if isinstance(axes, tuple | list | np.ndarray) else (axes,)
    return tuple([normalize_axis(axis, ndim) for axis in given])


@implements(np.kron)
@planned
def kron(a: Any, b: Any) -> Any:
    """Return the Kronecker product: ``b``, as one block, times each element of ``a``.

    Raises
    ------
    UnknownChunkSizes
        If a length isn't known.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.kron(da.arange(3, chunks=2), da.ones(2)).compute()
    array([0., 0., 1., 1., 2., 2.])
    """
    a, b = as_array(a), as_array(b)
    check_known_shape("kron", a)
    check_known_shape("kron", b)
    ndim = max(a.ndim, b.ndim)
    a, b = atleast(a, ndim), atleast(b, ndim).rechunk(-1)
    dtype = product_dtype(Call(np.kron), (a.dtype, ndim), (b.dtype, ndim))
    index = tuple(range(ndim))
    layer = blockwise_layer(np.kron, index, (a._layer, index), (b._layer, index), prefix="kron", token="kron")
    chunks = tuple([tuple([n * length for n in sizes]) for sizes, length in zip(a._chunks, b.shape, strict=True)])
    return new_array(layer, chunks, numpy_meta(dtype, ndim))


@implements(np.cross, np.linalg.cross)
@planned
def cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    """Return the cross products of vectors with 3 components; other axes are broadcast.

    Parameters
    ----------
    a, b : Array or array-like
    axisa, axisb, axisc : int
        Along which the vectors of ``a``, ``b`` and the result lie.
    axis : int, optional
        All three of them.

    Raises
    ------
    ValueError
        If vectors have another number of components (those with 2, which NumPy is giving up: add a zero).

    Examples
    --------
    >>> import minidask.array as da
    >>> da.cross(da.asarray([[1, 0, 0]]), da.asarray([[0, 1, 0]])).compute()
    array([[0, 0, 1]])
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = as_array(a), as_array(b)
    a = moveaxis(a, normalize_axis(axisa, a.ndim), -1)
    b = moveaxis(b, normalize_axis(axisb, b.ndim), -1)
    if a.shape[-1] != 3 or b.shape[-1] != 3:
        raise ValueError(f"cross needs vectors with 3 components, got {a.shape[-1]} and {b.shape[-1]}")
    shape = broadcast_shape([a.shape[:-1], b.shape[:-1]])
    index = tuple(range(len(shape)))
    sizes, (a, b) = unify_chunks(
        a.rechunk({-1: -1}),
        (*index[len(index) - a.ndim + 1 :], "v"),
        b.rechunk({-1: -1}),
        (*index[len(index) - b.ndim + 1 :], "v"),
    )
    func = Call(np.cross)
    layer = blockwise_layer(
        func,
        (*index, "v"),
        (a._layer, (*index[len(index) - a.ndim + 1 :], "v")),
        (b._layer, (*index[len(index) - b.ndim + 1 :], "v")),
        prefix="cross",
        token="cross",
    )
    ndim = len(shape) + 1
    with np.errstate(all="ignore"):
        dtype = np.cross(np.ones(3, a.dtype), np.ones(3, b.dtype)).dtype
    made = new_array(layer, tuple([sizes[s] for s in (*index, "v")]), numpy_meta(dtype, ndim))
    return moveaxis(made, -1, normalize_axis(axisc, ndim))

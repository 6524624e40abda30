"""Axes: transposing, broadcasting, adding and dropping them. No element moves between blocks.

Place in the flow: beside ``reshaping``; each function builds one blockwise layer, or a slice.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minidask.array.chunks import (
    REMEDY,
    Sizes,
    UnknownChunkSizes,
    check_known,
    chunks_token,
    normalize_axes,
    normalize_axis,
    numblocks_of,
)
from minidask.array.collection import ArrayBase, new_array
from minidask.array.dispatch import implements
from minidask.array.elementwise import as_array
from minidask.array.meta import meta_of, with_ndim
from minidask.array.normalize import normalize_chunks
from minidask.array.planned import planned
from minidask.array.rechunk import one_block_each
from minidask.array.sources import Bounds, grid_sizes, symbols
from minidask.array.spelling import also_named
from minidask.array.unify import broadcast_shape
from minidask.graph import Blockwise, Parts
from minidask.graph.blockwise import Constant, InputOf
from minidask.tokenize import quick_token


@implements(np.transpose)
def transpose(a: Any, axes: Any = None) -> Any:
    """Return an array with its axes in another order, by default reversed.

    Raises
    ------
    ValueError
        If ``axes`` is no permutation of the axes.

    Examples
    --------
    >>> import minidask.array as da
    >>> transpose(da.ones((2, 3), chunks=(1, 3))).chunks
    ((3,), (1, 1))
    """
    x = as_array(a)
    if axes is None:
        order = tuple(range(x.ndim))[::-1]
    else:
        if len(axes) != x.ndim:
            raise ValueError(f"axes don't match array: {tuple(axes)} for {x.ndim} dimensions")
        order = tuple([normalize_axis(axis, x.ndim) for axis in axes])
        if len(set(order)) != len(order):
            raise ValueError(f"repeated axis in transpose: {tuple(axes)}")
    if order == tuple(range(x.ndim)):
        return x
    chunks = tuple([x._chunks[axis] for axis in order])
    name = f"transpose-{quick_token('transpose', x.name, order)}"
    # The result's axis n is the input's order[n]; the input's symbols are its own axes'.
    layer = Blockwise(
        name,
        (x._layer,),
        np.transpose,
        order,
        ((InputOf(0), symbols(x.ndim)), (Constant(order), ())),
        grid_sizes(x._layer.numblocks),
    )
    return new_array(layer, chunks, x._meta.transpose(order))


@implements(np.swapaxes)
def swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    """Return an array with two axes exchanged.

    Examples
    --------
    >>> import minidask.array as da
    >>> swapaxes(da.ones((2, 3, 4)), 0, -1).shape
    (4, 3, 2)
    """
    x = as_array(a)
    order = list(range(x.ndim))
    one, other = normalize_axis(axis1, x.ndim), normalize_axis(axis2, x.ndim)
    order[one], order[other] = other, one
    return transpose(x, order)


@implements(np.moveaxis)
def moveaxis(a: Any, source: Any, destination: Any) -> Any:
    """Return an array with axes at other places; raises ValueError if there are not as many places as axes.

    Examples
    --------
    >>> import minidask.array as da
    >>> moveaxis(da.ones((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    x = as_array(a)
    one = [normalize_axis(at, x.ndim) for at in (source if isinstance(source, tuple | list) else (source,))]
    other = [
        normalize_axis(at, x.ndim) for at in (destination if isinstance(destination, tuple | list) else (destination,))
    ]
    if len(one) != len(other):
        raise ValueError("`source` and `destination` arguments must have the same number of elements")
    normalize_axes(tuple(one), x.ndim)
    normalize_axes(tuple(other), x.ndim)
    order = [axis for axis in range(x.ndim) if axis not in one]
    for place, axis in sorted(zip(other, one, strict=True)):
        order.insert(place, axis)
    return transpose(x, order)


@implements(np.squeeze)
def squeeze(a: Any, axis: Any = None) -> Any:
    """Return an array without its axes of length 1, or without those named; axes of unknown length stay unless named.

    Raises
    ------
    ValueError
        If a named axis has another length.

    Examples
    --------
    >>> import minidask.array as da
    >>> squeeze(da.ones((1, 3, 1))).shape
    (3,)
    """
    x = as_array(a)
    axes = [at for at, n in enumerate(x.shape) if n == 1] if axis is None else normalize_axes(axis, x.ndim)
    check_known("squeeze", [x.shape[at] for at in axes])
    if any(x.shape[at] != 1 for at in axes):
        raise ValueError("cannot select an axis to squeeze out which has size not equal to one")
    return x[tuple([0 if at in axes else slice(None) for at in range(x.ndim)])]


@implements(np.expand_dims)
def expand_dims(a: Any, axis: Any) -> Any:
    """Return an array with new axes of length 1 at places of the result.

    Examples
    --------
    >>> import minidask.array as da
    >>> expand_dims(da.ones(3), (0, -1)).shape
    (1, 3, 1)
    """
    x = as_array(a)
    count = len(axis) if isinstance(axis, tuple | list) else 1
    axes = normalize_axes(tuple(axis) if isinstance(axis, list) else axis, x.ndim + count)
    return x[tuple([None if at in axes else slice(None) for at in range(x.ndim + count)])]


@implements(np.broadcast_to)
@also_named(x="array")
@planned
def broadcast_to(array: Any, shape: Any, chunks: Any = None, meta: Any = None, *, subok: bool = False) -> Any:
    """Return an array stretched to a shape; masks, which NumPy leaves out, are stretched as well.

    Parameters
    ----------
    array : Array
    shape : int or tuple of int
    chunks : optional
        Of the axes that are new or stretched; default: those in automatic sizes.
    meta : array, optional
        Empty, of the blocks' type; default: as that of ``array``.

    Raises
    ------
    ValueError
        If the array doesn't broadcast to the shape.

    Examples
    --------
    >>> import minidask.array as da
    >>> broadcast_to(da.arange(3, chunks=2), (2, 3)).compute().tolist()
    [[0, 1, 2], [0, 1, 2]]
    """
    x = as_array(array)
    shape = tuple(shape) if isinstance(shape, tuple | list) else (int(shape),)
    if shape == x.shape:
        return x
    x = one_block_each(x)
    new = len(shape) - x.ndim
    fits = new >= 0 and all(n == m or m == 1 or n != n or m != m for n, m in zip(shape[new:], x.shape, strict=True))
    if not fits or any(n < 0 for n in shape):
        raise ValueError(f"cannot broadcast shape {x.shape} to shape {shape}")
    if any(m != m and n == n for n, m in zip(shape[new:], x.shape, strict=True)):
        raise UnknownChunkSizes(f"broadcasting {x.shape} to {shape} needs lengths that aren't known: {REMEDY}")
    stretched = [at < new or (x.shape[at - new] == 1 and n != 1) for at, n in enumerate(shape)]
    wanted: dict[int, Any] = {at: "auto" for at in range(len(shape)) if stretched[at]}
    own: list[Sizes] = [(shape[at],) if stretched[at] else x._chunks[at - new] for at in range(len(shape))]
    if chunks is not None:
        normal = normalize_chunks(chunks, shape, None, x.dtype)
    else:
        normal = normalize_chunks(wanted, shape, None, x.dtype, tuple(own))
    final = tuple([sizes if stretched[at] else own[at] for at, sizes in enumerate(normal)])
    index = symbols(len(shape))
    name = f"broadcast_to-{quick_token('broadcast_to', x.name, chunks_token(final))}"
    layer = Blockwise(
        name,
        (x._layer,),
        Stretch(tuple(stretched)),
        index,
        ((InputOf(0), index[new:]), (Parts(Bounds(final)), index)),  # type: ignore[arg-type]
        grid_sizes(numblocks_of(final)),
    )
    return new_array(layer, final, with_ndim(x._meta if meta is None else meta_of(meta), len(shape)))


class Stretch:
    """Broadcast a block to the lengths of its bounds, along the axes that are stretched."""

    __slots__ = ("stretched",)
    # Bounds say all that it needs: blocks may be merged.
    any_cut = True

    def __init__(self, stretched: tuple[bool, ...]) -> None:
        self.stretched = stretched

    def __call__(self, block: Any, bounds: tuple[tuple[int, int], ...]) -> Any:
        own = np.shape(block)
        new = len(bounds) - len(own)
        shape = [
            high - low if stretched else own[at - new]
            for at, ((low, high), stretched) in enumerate(zip(bounds, self.stretched, strict=True))
        ]
        if isinstance(block, np.ma.MaskedArray):
            # NumPy leaves out the mask.
            mask = np.ma.getmask(block)
            stretched = np.broadcast_to(block.data, shape)
            return np.ma.array(stretched, mask=mask if mask is np.ma.nomask else np.broadcast_to(mask, shape))
        return np.broadcast_to(block, shape)

    def __reduce__(self) -> tuple[Any, ...]:
        return Stretch, (self.stretched,)


@implements(np.broadcast_arrays)
def broadcast_arrays(*args: Any, subok: bool = False) -> tuple[Any, ...]:
    """Return arrays, all stretched to the shape that they broadcast to.

    Examples
    --------
    >>> import minidask.array as da
    >>> [x.shape for x in broadcast_arrays(da.ones((3, 1)), da.ones(2))]
    [(3, 2), (3, 2)]
    """
    arrays = [as_array(x) for x in args]
    shape = broadcast_shape([x.shape for x in arrays])
    return tuple([broadcast_to(x, shape) for x in arrays])


def atleast(x: ArrayBase, ndim: int) -> Any:
    """Return an array with new axes in front, so that it has at least ``ndim``."""
    return x[(*[None] * (ndim - x.ndim), ...)] if x.ndim < ndim else x  # type: ignore[index]

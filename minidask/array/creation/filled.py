"""Arrays of one value: ``ones``, ``zeros``, ``empty``, ``full`` and those like another array.

A block is one element stretched to the block's shape, which takes no memory; ``compute`` gives an array that can be written to.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minidask.array.chunks import chunks_token, has_unknown, shape_of
from minidask.array.collection import ArrayBase, another, check_known_shape, new_array
from minidask.array.devices import takes_device
from minidask.array.dispatch import implements
from minidask.array.elementwise import as_array, elementwise
from minidask.array.meta import numpy_meta
from minidask.array.normalize import normalize_chunks
from minidask.array.rechunk import rechunk_to
from minidask.array.shaping import broadcast_to
from minidask.array.sources import made_layer
from minidask.tokenize import quick_token, tokenize


def stretched(bounds: tuple[tuple[int, int], ...], element: Any) -> Any:
    """Return one element in the shape of some bounds.

    Examples
    --------
    >>> stretched(((2, 4),), np.array(7))
    array([7, 7])
    """
    return np.broadcast_to(element, [high - low for low, high in bounds])


@takes_device
def full(
    shape: Any,
    fill_value: Any,
    dtype: Any = None,
    chunks: Any = "auto",
    order: str = "C",
    name: str | None = None,
    meta: Any = None,
) -> Any:
    """Return an array of one value.

    Parameters
    ----------
    shape : int or tuple of int
    fill_value : scalar or array
        An array, chunked or in memory, is broadcast.
    dtype : dtype, optional
        Default: that of the value.
    chunks
        What ``normalize_chunks`` reads.
    name : str, optional

    Raises
    ------
    ValueError
        If an array doesn't broadcast to the shape, a length is negative, or chunks don't fit.

    Examples
    --------
    >>> full((2, 2), 5, chunks=1).compute().tolist()
    [[5, 5], [5, 5]]
    """
    lengths = shape_tuple(shape)
    if isinstance(fill_value, ArrayBase) or np.ndim(fill_value) != 0:
        return _spread(as_array(fill_value), lengths, dtype, chunks)
    element = np.full((), fill_value, dtype)
    normal = normalize_chunks(chunks, lengths, None, element.dtype)
    if name is None:
        # Numbers by their bytes, which is a third of what it takes to tokenize an array.
        value = (element,) if element.dtype.kind in "OV" else (element.dtype.str, element.tobytes())
        name = f"full-{quick_token('full', chunks_token(normal), *value)}"
    element.flags.writeable = False
    return new_array(
        made_layer(name, stretched, normal, element, cheap=True, merges=True),
        normal,
        numpy_meta(element.dtype, len(lengths)),
        lengths,
    )


def _spread(x: Any, shape: tuple[int, ...], dtype: Any, chunks: Any) -> Any:
    """Return an array of the values of another one, which are broadcast."""
    x = x if dtype is None else x.astype(dtype)
    normal = normalize_chunks(chunks, shape, None, x.dtype)
    try:
        return another(rechunk_to(broadcast_to(x, shape, normal), normal))
    except ValueError as error:
        raise ValueError(f"fill_value must be scalar, or an array that broadcasts to {shape}: {error}") from None


class FilledBlock:
    """Return an array of one value of a block's shape."""

    __slots__ = ("element",)
    any_cut = True

    def __init__(self, element: Any) -> None:
        # Without axes.
        self.element = element

    def __call__(self, block: Any) -> Any:
        return np.broadcast_to(self.element, np.shape(block))

    def __reduce__(self) -> tuple[Any, ...]:
        return FilledBlock, (self.element,)


def shape_tuple(shape: Any) -> tuple[int, ...]:
    """Return a shape as a tuple; raises ValueError for negative lengths, TypeError for what are no integers.

    Examples
    --------
    >>> shape_tuple(3), shape_tuple([2, np.int64(3)])
    ((3,), (2, 3))
    """
    parts = tuple(shape) if isinstance(shape, tuple | list | np.ndarray) else (shape,)
    if any(not hasattr(n, "__index__") for n in parts):
        raise TypeError(f"a shape must be integers, got {shape!r:.60}")
    lengths = tuple([n.__index__() for n in parts])
    if any(n < 0 for n in lengths):
        raise ValueError(f"negative dimensions are not allowed, got {lengths}")
    return lengths


def ones(shape: Any, dtype: Any = None, chunks: Any = "auto", **kwargs: Any) -> Any:
    """Return an array of ones; arguments as for ``full``.

    Examples
    --------
    >>> ones(3, dtype=int, chunks=2).compute()
    array([1, 1, 1])
    """
    return full(shape, 1, np.dtype(float if dtype is None else dtype), chunks, **kwargs)


def zeros(shape: Any, dtype: Any = None, chunks: Any = "auto", **kwargs: Any) -> Any:
    """Return an array of zeros (of empty strings, of false values); arguments as for ``full``.

    Examples
    --------
    >>> zeros(3, dtype=int, chunks=2).compute()
    array([0, 0, 0])
    """
    kind = np.dtype(float if dtype is None else dtype)
    return full(shape, np.zeros((), kind)[()], kind, chunks, **kwargs)


def empty(shape: Any, dtype: Any = None, chunks: Any = "auto", **kwargs: Any) -> Any:
    """Return an array whose values mean nothing (they are zeros, so that equal graphs have equal results).

    Examples
    --------
    >>> empty((2, 3), chunks=2).shape
    (2, 3)
    """
    return zeros(shape, dtype, chunks, **kwargs)


def _like(what: str, a: Any, value: Any, dtype: Any, chunks: Any, name: str | None, shape: Any) -> Any:
    x = as_array(a)
    kind = x.dtype if dtype is None else dtype
    if shape is not None:
        return full(shape, value, kind, "auto" if chunks is None else chunks, name=name)
    if not has_unknown(x.shape):
        return full(shape_of(x._chunks), value, kind, x._chunks if chunks is None else chunks, name=name)
    if chunks is not None or np.ndim(value):
        check_known_shape(f"{what} with chunks= or an array of values", x)
    element = np.full((), value, kind)
    meta = numpy_meta(element.dtype, x.ndim)
    return elementwise(FilledBlock(element), x, name=f"{what} {tokenize(element)}", meta=meta)


@implements(np.full_like)
@takes_device
def full_like(
    a: Any,
    fill_value: Any,
    order: str = "C",
    dtype: Any = None,
    chunks: Any = None,
    name: str | None = None,
    shape: Any = None,
) -> Any:
    """Return an array of one value, with shape, dtype and chunks of another array unless they are given.

    Raises
    ------
    UnknownChunkSizes
        If the other array's sizes aren't known, and chunks are given.

    Examples
    --------
    >>> full_like(ones(3, chunks=2), 7).compute()
    array([7., 7., 7.])
    """
    return _like("full_like", a, fill_value, dtype, chunks, name, shape)


@implements(np.ones_like)
@takes_device
def ones_like(
    a: Any, dtype: Any = None, order: str = "C", chunks: Any = None, name: str | None = None, shape: Any = None
) -> Any:
    """Return an array of ones like another array; see ``full_like``.

    Examples
    --------
    >>> ones_like(zeros(3, chunks=2)).chunks
    ((2, 1),)
    """
    return _like("ones_like", a, 1, dtype, chunks, name, shape)


@implements(np.zeros_like)
@takes_device
def zeros_like(
    a: Any, dtype: Any = None, order: str = "C", chunks: Any = None, name: str | None = None, shape: Any = None
) -> Any:
    """Return an array of zeros like another array; see ``full_like``.

    Examples
    --------
    >>> zeros_like(ones(3, chunks=2), dtype=int).compute()
    array([0, 0, 0])
    """
    kind = np.dtype(as_array(a).dtype if dtype is None else dtype)
    return _like("zeros_like", a, np.zeros((), kind)[()], kind, chunks, name, shape)


@implements(np.empty_like)
@takes_device
def empty_like(
    a: Any, dtype: Any = None, order: str = "C", chunks: Any = None, name: str | None = None, shape: Any = None
) -> Any:
    """Return an array like another one whose values mean nothing; see ``empty``.

    Examples
    --------
    >>> empty_like(ones(3)).dtype
    dtype('float64')
    """
    return zeros_like(a, dtype, order, chunks, name, shape)

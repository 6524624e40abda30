"""Reductions and running totals of one's own: ``reduction``, ``cumreduction``.

The functions are given as NumPy's reductions are called: ``chunk(block, axis=axes, keepdims=True)`` makes a partial result of a
block, ``combine`` one of several, joined along the axes, and ``aggregate`` the value.

Place in the flow: above ``graph.tree_reduction`` and ``cumulative``; libraries built on arrays call these.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from minidask.array.assemble import join_nested
from minidask.array.checking import as_declared, check_shape
from minidask.array.chunks import Chunks, normalize_axes, normalize_axis
from minidask.array.collection import new_array
from minidask.array.elementwise import as_array, elementwise
from minidask.array.meta import meta_of, with_dtype
from minidask.array.planned import planned
from minidask.array.rebinding import rebind
from minidask.array.rechunk import rechunk_to
from minidask.array.reductions.cumulative import Carried
from minidask.array.reshaping import flattened
from minidask.array.shaping import broadcast_to
from minidask.array.sources import symbols
from minidask.graph import blockwise, func_name, tree_reduction
from minidask.tokenize import tokenize


class Along:
    """Call a function of one's own along axes; nested lists of partial results are joined first if ``joins``."""

    __slots__ = ("axes", "func", "joins", "keepdims")

    def __init__(self, func: Callable[..., Any], axes: tuple[int, ...], keepdims: bool, joins: bool) -> None:
        self.func = func
        self.axes = axes
        self.keepdims = keepdims
        self.joins = joins

    @property
    def short_name(self) -> str:
        """The function's name, for people."""
        return func_name(self.func)

    def __call__(self, partials: Any, *weights: Any) -> Any:
        if self.joins:
            partials = join(partials, self.axes)
        else:
            while isinstance(partials, list) and len(partials) == 1:
                partials = partials[0]
        return self.func(partials, *weights, axis=self.axes, keepdims=self.keepdims)

    def __reduce__(self) -> tuple[Any, ...]:
        return Along, (self.func, self.axes, self.keepdims, self.joins)


class Last(NamedTuple):
    """Make the result, and check that it is what was declared: dtype, number of axes, and lengths of reduced ones."""

    along: Along
    dtype: Any
    ndim: int
    size: int

    @property
    def short_name(self) -> str:
        """The function's name, for people."""
        return self.along.short_name

    def __call__(self, partials: Any) -> Any:
        made = self.along(partials)
        shape = getattr(made, "shape", None)
        if isinstance(shape, tuple):
            kept = self.along.axes if self.along.keepdims else ()
            declared = tuple([self.size if at in kept else np.nan for at in range(self.ndim)])
            check_shape(made, declared, self.short_name, "it, keepdims= or output_size= (nan: any length)")
        return as_declared(made, self.dtype, self.short_name, "dtype= or meta=")


def join(nested: Any, axes: tuple[int, ...]) -> Any:
    """Concatenate nested lists of arrays, one level an axis; without axes there is one array, perhaps in a list.

    Examples
    --------
    >>> join([np.ones(1)], ())
    array([1.])
    """
    if not isinstance(nested, list):
        return nested
    return join_nested(nested, axes) if axes else nested[0]


@planned
def reduction(
    x: Any,
    chunk: Callable[..., Any],
    aggregate: Callable[..., Any],
    axis: Any = None,
    keepdims: bool = False,
    dtype: Any = None,
    split_every: Any = None,
    combine: Callable[..., Any] | None = None,
    name: str | None = None,
    out: Any = None,
    concatenate: bool = True,
    output_size: int = 1,
    meta: Any = None,
    weights: Any = None,
) -> Any:
    """Return a reduction along axes that functions of one's own do, as a tree.

    Parameters
    ----------
    x : Array
    chunk : callable
        ``chunk(block, axis=axes, keepdims=True)``; gets a block of the weights second if there are such.
    aggregate : callable
        ``aggregate(partials, axis=axes, keepdims=keepdims)``, called at the end.
    axis : int or tuple of int, optional
        Default: all; the functions get a tuple.
    keepdims : bool
        Whether reduced axes stay, with the length ``output_size``.
    dtype : dtype
        Of the result; needed unless ``meta`` is given.
    split_every : int or {axis: int}, optional
        How many partial results one task combines along each axis.
    combine : callable, optional
        Called like ``chunk`` with partial results; default: ``aggregate``.
    name : str, optional
        First part of the result's name.
    concatenate : bool
        Whether partial results are joined to one array; otherwise ``combine`` and ``aggregate`` get nested lists of them, or
        the only one.
    output_size : int
        Length of what ``aggregate`` returns along the reduced axes, if they stay.
    meta : optional
        An empty array of the result's type.
    weights : array-like, optional
        Broadcast to the array's shape.

    Raises
    ------
    TypeError
        If ``out`` is no chunked array; where it is computed, if the result has a dtype of another kind than declared.
    numpy.exceptions.AxisError
        If an axis is out of range.
    ValueError
        If there is neither dtype nor meta, or weights don't broadcast; where it is computed, if the result has other axes.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.reduction(da.arange(10, chunks=3), np.sum, np.sum, dtype=int).compute()
    np.int64(45)
    """
    if dtype is None and meta is None:
        raise ValueError("a reduction of one's own needs the dtype of its result: give dtype=, or meta=")
    array = as_array(x)
    axes = normalize_axes(axis, array.ndim)
    index = symbols(array.ndim)
    operands = [(array._layer, index)]
    if weights is not None:
        spread = broadcast_to(as_array(weights), array.shape)
        operands.append((rechunk_to(spread, array.chunks)._layer, index))
    token = tokenize(chunk, combine, aggregate, axes, keepdims, concatenate, output_size, str(dtype), meta)
    partials = blockwise(
        Along(chunk, axes, True, False), index, *operands, prefix=f"{name or func_name(chunk)}-chunk", token=token
    )
    chunks: Chunks = tuple(
        [(output_size,) if at in axes else sizes for at, sizes in enumerate(array.chunks) if keepdims or at not in axes]
    )
    found = meta_of(array._meta if meta is None else meta, len(chunks), dtype)
    last: Any = Last(Along(aggregate, axes, keepdims, concatenate), found.dtype, len(chunks), output_size)
    layer = tree_reduction(
        partials,
        Along(combine or aggregate, axes, True, concatenate),
        last,
        axes=axes,
        split_every=split_every,
        keepdims=keepdims,
        prefix=name or func_name(aggregate),
        token=token,
    )
    made = new_array(layer, chunks, found)
    return rebind("reduction", out, made)


class Running:
    """Call a function that runs along an axis."""

    __slots__ = ("axis", "dtype", "func")

    def __init__(self, func: Callable[..., Any], axis: int, dtype: Any) -> None:
        self.func = func
        self.axis = axis
        self.dtype = dtype

    @property
    def short_name(self) -> str:
        """The function's name, for people."""
        return func_name(self.func)

    def __call__(self, block: Any) -> Any:
        return self.func(block, axis=self.axis, dtype=self.dtype)

    def __reduce__(self) -> tuple[Any, ...]:
        return Running, (self.func, self.axis, self.dtype)


class Onto:
    """Call ``binop(before, block)``; ``identity`` is what stands for nothing."""

    __slots__ = ("binop", "identity")

    def __init__(self, binop: Callable[[Any, Any], Any], identity: Any) -> None:
        self.binop = binop
        self.identity = identity

    def __call__(self, before: Any, block: Any) -> Any:
        return self.binop(before, block)

    def __reduce__(self) -> tuple[Any, ...]:
        return Onto, (self.binop, self.identity)


def cumreduction(
    func: Callable[..., Any],
    binop: Callable[[Any, Any], Any],
    ident: Any,
    x: Any,
    axis: int | None = None,
    dtype: Any = None,
    out: Any = None,
    method: str = "sequential",
    preop: Callable[..., Any] | None = None,
) -> Any:
    """Return what runs along an axis by functions of one's own, as ``cumsum`` does by ``add``.

    Parameters
    ----------
    func : callable
        ``func(block, axis=axis, dtype=dtype)`` runs along a block.
    binop : callable
        ``binop(before, block)`` brings in what the blocks before came to, of length 1 along the axis; associative.
    ident
        What stands for nothing.
    x : Array
    axis : int, optional
        Default: through all elements in C order.
    dtype : dtype, optional
        Of the result; default: that of ``func`` on a block of one element.
    method, preop
        Accepted for compatibility: blocks run side by side, and short tasks carry what they came to.

    Raises
    ------
    TypeError
        If ``out`` is no chunked array.
    numpy.exceptions.AxisError
        If the axis is out of range.
    ValueError
        For an unknown ``method``.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.reductions.cumreduction(np.cumsum, np.add, 0, da.arange(5, chunks=2)).compute()
    array([ 0,  1,  3,  6, 10])
    """
    if method not in ("sequential", "blelloch"):
        raise ValueError(f"method must be 'sequential' or 'blelloch', got {method!r}")
    array = as_array(x)
    if axis is None:
        array, axis = flattened("cumreduction", array), 0
    axis = normalize_axis(axis, array.ndim)
    if dtype is None:
        dtype = func(np.ones((1,) * array.ndim, array.dtype), axis=axis, dtype=None).dtype
    kind = np.dtype(dtype)
    token = tokenize(func, binop, ident, axis, str(kind))
    own = elementwise(
        Running(func, axis, kind), array, name=f"{func_name(func)} {token}", meta=with_dtype(array._meta, kind)
    )
    layer = Carried(f"{own.name}-carried", own._layer, axis, Onto(binop, ident))
    return rebind("cumreduction", out, new_array(layer, own.chunks, own._meta))

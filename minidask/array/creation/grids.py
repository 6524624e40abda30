"""Arrays of coordinates: ``indices``, ``meshgrid``, ``fromfunction``.

Place in the flow: above ``ranges`` and broadcasting, of which these are made; nothing is stored but the lines of coordinates.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minidask.array.collection import new_array
from minidask.array.creation.filled import shape_tuple
from minidask.array.creation.ranges import arange
from minidask.array.dispatch import implements
from minidask.array.elementwise import as_array, elementwise
from minidask.array.joining import stack
from minidask.array.meta import meta_of
from minidask.array.normalize import normalize_chunks
from minidask.array.shaping import broadcast_to
from minidask.array.sources import made_layer
from minidask.graph.task import func_name
from minidask.tokenize import tokenize


def indices(dimensions: Any, dtype: Any = int, chunks: Any = "auto") -> Any:
    """Return the coordinates of a grid: along the first axis for each axis of the grid its positions.

    Raises
    ------
    ValueError
        If a length is negative or chunks don't fit.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.indices((2, 2), chunks=1).compute().tolist()
    [[[0, 0], [1, 1]], [[0, 1], [0, 1]]]
    """
    shape = shape_tuple(tuple(dimensions))
    normal = normalize_chunks(chunks, shape, None, np.dtype(dtype))
    parts = []
    for axis, sizes in enumerate(normal):
        line = arange(shape[axis], chunks=(sizes,), dtype=dtype)
        parts.append(broadcast_to(line[(slice(None), *[None] * (len(shape) - axis - 1))], shape, chunks=normal))
    if not parts:
        return arange(0, dtype=dtype, chunks=-1)
    return stack(parts)


@implements(np.meshgrid)
def meshgrid(*xi: Any, sparse: bool = False, indexing: str = "xy", copy: bool = True) -> list[Any]:
    """Return coordinates of the grid that vectors span, an array a vector.

    Parameters
    ----------
    *xi : arrays of one axis
    sparse : bool
        Whether to leave them unstretched, to be broadcast.
    indexing : str
        ``"xy"``: the first vector runs along the second axis; ``"ij"``: along the first.

    Raises
    ------
    ValueError
        For another indexing.

    Examples
    --------
    >>> import minidask.array as da
    >>> [x.compute().tolist() for x in da.meshgrid(da.arange(2), da.arange(2))]
    [[[0, 1], [0, 1]], [[0, 0], [1, 1]]]
    """
    if indexing not in ("xy", "ij"):
        raise ValueError("Valid values for `indexing` are 'xy' and 'ij'.")
    vectors = [as_array(x).ravel() for x in xi]
    places = list(range(len(vectors)))
    if indexing == "xy" and len(vectors) > 1:
        places[:2] = [1, 0]
    open_ = [
        x[tuple([slice(None) if at == place else None for at in range(len(vectors))])]
        for x, place in zip(vectors, places, strict=True)
    ]
    if sparse:
        return open_
    return [
        elementwise(Stretched(n), *open_, name=f"meshgrid {n}", dtype=x.dtype) if len(open_) > 1 else x
        for n, x in enumerate(open_)
    ]


class Stretched:
    """Return one of some blocks, stretched to the shape of all."""

    __slots__ = ("at",)

    def __init__(self, at: int) -> None:
        self.at = at

    def __call__(self, *blocks: Any) -> Any:
        return np.broadcast_arrays(*blocks)[self.at]

    def __reduce__(self) -> tuple[Any, ...]:
        return Stretched, (self.at,)


class FromFunction:
    """Call a function with the coordinates of a block."""

    __slots__ = ("dtype", "func", "kwargs")

    def __init__(self, func: Callable[..., Any], dtype: Any, kwargs: dict[str, Any]) -> None:
        self.func = func
        self.dtype = dtype
        self.kwargs = kwargs

    @property
    def short_name(self) -> str:
        """The function's name, for people."""
        return func_name(self.func)

    def __call__(self, bounds: tuple[tuple[int, int], ...]) -> Any:
        lines = [np.arange(low, high, dtype=self.dtype) for low, high in bounds]
        grid = np.meshgrid(*lines, indexing="ij")
        value = self.func(*grid, **self.kwargs)
        shape = tuple([high - low for low, high in bounds])
        # A function that returns one number means it for all.
        return np.broadcast_to(value, shape) if np.ndim(value) == 0 else value

    def __reduce__(self) -> tuple[Any, ...]:
        return FromFunction, (self.func, self.dtype, self.kwargs)


def fromfunction(
    func: Callable[..., Any], chunks: Any = "auto", shape: Any = None, dtype: Any = None, **kwargs: Any
) -> Any:
    """Return an array made by a function of the coordinates of its elements.

    Parameters
    ----------
    func : callable
        Called for each block with an array of positions for each axis.
    chunks
        What ``normalize_chunks`` reads.
    shape : tuple of int, optional
        Needed unless chunks are tuples of sizes.
    dtype : dtype, optional
        Of the coordinates; default float.
    **kwargs
        Passed to ``func``.

    Raises
    ------
    TypeError
        If ``func`` can't be called.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.fromfunction(lambda i, j: i == j, shape=(2, 2), dtype=int).compute().tolist()
    [[True, False], [False, True]]
    """
    if not callable(func):
        raise TypeError(f"fromfunction needs a function, got {type(func).__name__}: {func!r:.60}")
    kind = np.dtype(float if dtype is None else dtype)
    lengths = None if shape is None else shape_tuple(shape)
    normal = normalize_chunks(chunks, lengths, None, kind)
    call = FromFunction(func, kind, kwargs)
    sample = call(((0, 1),) * len(normal))
    name = f"{func_name(func).strip('<>')}-{tokenize('fromfunction', func, normal, str(kind), kwargs)}"
    return new_array(made_layer(name, call, normal), normal, meta_of(sample, len(normal)))

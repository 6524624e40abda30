"""Arrays of coordinates: ``indices``, ``meshgrid``, ``mgrid``, ``ogrid``, ``fromfunction``.

Place in the flow: above ``ranges`` and broadcasting, of which these are made; nothing is stored but the lines of coordinates.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minidask.array.checking import as_declared, check_shape
from minidask.array.chunks import chunks_token
from minidask.array.collection import new_array
from minidask.array.creation.filled import shape_tuple
from minidask.array.creation.ranges import arange, linspace
from minidask.array.dispatch import implements
from minidask.array.elementwise import as_array, elementwise
from minidask.array.joining import stack
from minidask.array.meta import meta_of
from minidask.array.normalize import normalize_chunks
from minidask.array.planned import planned
from minidask.array.shaping import broadcast_to
from minidask.array.sources import made_layer
from minidask.array.spelling import also_named
from minidask.graph.task import func_name
from minidask.tokenize import tokenize


@planned
def indices(dimensions: Any, dtype: Any = int, chunks: Any = "auto", *, sparse: bool = False) -> Any:
    """Return the coordinates of a grid: along the first axis for each axis of the grid its positions.

    Parameters
    ----------
    dimensions : sequence of int
        Lengths of the grid.
    dtype : dtype
    chunks
        Of the grid; what ``normalize_chunks`` reads.
    sparse : bool
        Whether to return a tuple of arrays instead, which are left to be broadcast.

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
    lines = [arange(n, chunks=(sizes,), dtype=dtype) for n, sizes in zip(shape, normal, strict=True)]
    if sparse:
        return tuple(meshgrid(*lines, sparse=True, indexing="ij"))
    if not lines:
        return arange(0, dtype=dtype, chunks=-1)
    tall = [line[(slice(None), *[None] * (len(shape) - axis - 1))] for axis, line in enumerate(lines)]
    return stack([broadcast_to(line, shape, chunks=normal) for line in tall])


@implements(np.meshgrid)
@planned
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


class Grid:
    """Coordinates of a grid by slices, ``da.mgrid[0:5, 0:1:3j]``; of ``ogrid`` to be broadcast.

    A slice is a line of an axis: from start (0) to before stop in steps (1); with an imaginary step ``3j`` three points with the
    last at stop. All have one dtype, and automatic chunks. Several slices give an array with the lines' coordinates along its
    first axis (a tuple of arrays), one without a comma its line.

    Raises
    ------
    TypeError
        If the index isn't of slices with a stop.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.mgrid[:2, 1:2:2j].compute().tolist()
    [[[0.0, 0.0], [1.0, 1.0]], [[1.0, 2.0], [1.0, 2.0]]]
    >>> [line.shape for line in da.ogrid[:2, 1:4]], da.mgrid[:3].compute()
    ([(2, 1), (1, 3)], array([0, 1, 2]))
    """

    __slots__ = ("sparse",)

    def __init__(self, sparse: bool) -> None:
        self.sparse = sparse

    def __getitem__(self, index: Any) -> Any:
        slices = index if isinstance(index, tuple) else (index,)
        if not all(isinstance(each, slice) and each.stop is not None for each in slices):
            raise TypeError(f"a grid is made of slices with a stop, such as [0:5, 0:1:3j], got {index!r:.80}")
        bounds = [
            (0 if each.start is None else each.start, each.stop, 1 if each.step is None else each.step)
            for each in slices
        ]
        numbers = [abs(number) if isinstance(number, complex) else number for each in bounds for number in each]
        dtype = np.result_type(*numbers, *[0.0] * any(isinstance(step, complex) for _, _, step in bounds))
        lines = [_line(*each).astype(dtype) for each in bounds]
        if not isinstance(index, tuple):
            return lines[0]
        made = meshgrid(*lines, indexing="ij", sparse=self.sparse)
        return tuple(made) if self.sparse else stack(made)


def _line(start: Any, stop: Any, step: Any) -> Any:
    if isinstance(step, complex):
        return linspace(start, stop, int(abs(step)))
    return arange(start, stop, step)


mgrid, ogrid = Grid(sparse=False), Grid(sparse=True)


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
    """Call a function with the coordinates of a block; ``made`` is the dtype of what it makes, None before that is known."""

    __slots__ = ("dtype", "func", "kwargs", "made")

    def __init__(self, func: Callable[..., Any], dtype: Any, kwargs: dict[str, Any], made: Any = None) -> None:
        self.func = func
        self.dtype = dtype
        self.kwargs = kwargs
        self.made = made

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
        block = np.broadcast_to(value, shape) if np.ndim(value) == 0 else value
        check_shape(
            block, shape, self.short_name, "the function given to fromfunction, which gets one array for each axis"
        )
        if self.made is None:
            return block
        return as_declared(block, self.made, self.short_name, "it to return one dtype for all coordinates")

    def __reduce__(self) -> tuple[Any, ...]:
        return FromFunction, (self.func, self.dtype, self.kwargs, self.made)


@also_named(func="function")
@planned
def fromfunction(
    function: Callable[..., Any], chunks: Any = "auto", shape: Any = None, dtype: Any = None, **kwargs: Any
) -> Any:
    """Return an array made by a function of the coordinates of its elements.

    Parameters
    ----------
    function : callable
        Called for each block with an array of positions for each axis.
    chunks
        What ``normalize_chunks`` reads.
    shape : tuple of int, optional
        Needed unless chunks are tuples of sizes.
    dtype : dtype, optional
        Of the coordinates; default float.
    **kwargs
        Passed to ``function``.

    Raises
    ------
    TypeError
        If ``function`` can't be called; where it is computed, if a block has another dtype than the first element.
    ValueError
        If a block hasn't the shape of its coordinates.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.fromfunction(lambda i, j: i == j, shape=(2, 2), dtype=int).compute().tolist()
    [[True, False], [False, True]]
    """
    if not callable(function):
        raise TypeError(f"fromfunction needs a function, got {type(function).__name__}: {function!r:.60}")
    kind = np.dtype(float if dtype is None else dtype)
    lengths = None if shape is None else shape_tuple(shape)
    normal = normalize_chunks(chunks, lengths, None, kind)
    call = FromFunction(function, kind, kwargs)
    sample = call(((0, 1),) * len(normal))
    call.made = getattr(sample, "dtype", None)
    name = f"{func_name(function).strip('<>')}-{tokenize('fromfunction', function, chunks_token(normal), str(kind), kwargs)}"
    return new_array(made_layer(name, call, normal), normal, meta_of(sample, len(normal)))

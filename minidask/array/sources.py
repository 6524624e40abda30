"""The layers that blocks come from: parts of an array that exists already, and blocks that a function makes.

``ArraySource`` reads: block by block, it takes a region of something sliceable. Its regions can be narrowed, which is how the
optimiser pushes slices into it. ``made_layer`` makes a layer whose blocks a function makes from their bounds.

Place in the flow: layers only; ``minidask.array.creation`` makes arrays of them, ``minidask.array.optimize`` narrows them.

Invariants: what is in memory as NumPy's goes into tasks piece by piece (a task that travels takes only its own piece along);
anything else is one object, held in a task of its own unless it is to be inlined.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from minidask.array.chunks import Chunks, Sizes, numblocks_of, starts_of
from minidask.array.remembered import remembered
from minidask.graph import Blockwise, Layer, Parts, identity
from minidask.graph.blockwise import Constant, InputOf, Operand

# For each axis of the array: a position (the axis is dropped), or one slice a block.
Axes: TypeAlias = "tuple[int | tuple[slice, ...], ...]"


@lru_cache(256)
def symbols(ndim: int) -> tuple[int, ...]:
    """Return the index symbols of a grid: its axes' numbers."""
    return tuple(range(ndim))


@lru_cache(1024)
def grid_sizes(numblocks: tuple[int, ...]) -> dict[Any, int]:
    """Return ``{symbol: number of blocks}`` of a grid; shared, not to be changed."""
    return dict(enumerate(numblocks))


class Region(NamedTuple):
    """For each block of a grid the index of its region of an array: ``region[i, j]``."""

    axes: Axes

    def __getitem__(self, index: Any) -> Any:
        places = iter(index)
        return tuple([axis if isinstance(axis, int) else axis[next(places)] for axis in self.axes])


def region_of(chunks: Chunks) -> Region:
    """Return the regions of a whole array in chunks.

    Examples
    --------
    >>> region_of(((2, 1), (3,)))[(1, 0)]
    (slice(2, 3, None), slice(0, 3, None))
    """
    return Region(tuple([_spans(sizes) for sizes in chunks]))


@remembered
def _spans(sizes: Sizes) -> tuple[slice, ...]:
    """Return the slice of each block of an axis."""
    edges = starts_of(sizes)
    return tuple(map(slice, edges[:-1], edges[1:]))


class Pieces:
    """For each block of a grid its part of a NumPy array: ``pieces[i, j]``."""

    __slots__ = ("array", "region")

    def __init__(self, array: Any, region: Region) -> None:
        self.array = array
        self.region = region

    def __len__(self) -> int:
        return max([1, *[len(axis) for axis in self.region.axes if not isinstance(axis, int)]])

    def __getitem__(self, index: Any) -> Any:
        index = (index,) if isinstance(index, int) else index
        place = self.region[index]
        # With a dot an array, without it a scalar, where no axis is left.
        return self.array[(*place, ...)] if all(isinstance(at, int) for at in place) else self.array[place]

    def __reduce__(self) -> tuple[Any, ...]:
        return Pieces, (self.array, self.region)


class Regions:
    """For each block of a grid the index of its region, as ``Parts`` wants it."""

    __slots__ = ("region",)

    def __init__(self, region: Region) -> None:
        self.region = region

    def __len__(self) -> int:
        return max([1, *[len(axis) for axis in self.region.axes if not isinstance(axis, int)]])

    def __getitem__(self, index: Any) -> Any:
        return self.region[(index,) if isinstance(index, int) else index]

    def __reduce__(self) -> tuple[Any, ...]:
        return Regions, (self.region,)


class Bounds:
    """For each block of a grid its bounds along each axis: ``bounds[i, j] == ((start, stop), (start, stop))``.

    Examples
    --------
    >>> Bounds(((2, 1), (3,)))[(1, 0)]
    ((2, 3), (0, 3))
    """

    __slots__ = ("chunks", "edges")

    def __init__(self, chunks: Chunks) -> None:
        self.chunks = chunks
        self.edges = [starts_of(sizes) for sizes in chunks]

    def __len__(self) -> int:
        return max([1, *map(len, self.chunks)])

    def __getitem__(self, index: Any) -> tuple[tuple[int, int], ...]:
        index = (index,) if isinstance(index, int) else index
        return tuple([(edge[i], edge[i + 1]) for edge, i in zip(self.edges, index, strict=True)])

    def __reduce__(self) -> tuple[Any, ...]:
        return Bounds, (self.chunks,)

    def __dask_tokenize__(self) -> tuple[str, Chunks]:
        return "Bounds", self.chunks


class Reader(NamedTuple):
    """Read a region of something sliceable; ``getitem``, ``asarray`` and ``lock`` as in ``from_array``.

    ``masked`` says that parts are masked arrays, those too that the source gives plain. Raises TypeError for a part with a mask
    where none was declared: it would be lost sooner or later.
    """

    getitem: Callable[..., Any] | None
    asarray: bool
    lock: Any
    masked: bool = False

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "read"

    def __call__(self, array: Any, index: Any) -> Any:
        with self.lock or nullcontext():
            part = array[index] if self.getitem is None else self.getitem(array, index)
            if self.masked:
                return np.ma.asanyarray(part)
            if self.asarray and isinstance(part, np.ma.MaskedArray) and np.ma.is_masked(part):
                raise TypeError(
                    f"slices of the {type(array).__name__} are masked arrays, which wasn't declared: say it with "
                    f"from_array(..., meta=np.ma.empty(0, {str(part.dtype)!r}))"
                )
            # Lazy kinds of arrays read when they are converted: that belongs under the lock as well.
            return np.asarray(part) if self.asarray else part


class ArraySource(Blockwise):
    """Read an array region by region; made by ``array_source``.

    ``original`` is the array, or None where a layer of its own holds it; ``region`` says which part each block is.
    """

    __slots__ = ("original", "region")
    original: Any
    region: Region

    @property
    def is_numpy(self) -> bool:
        """Whether blocks are views of a NumPy array, so that making them costs nothing."""
        return isinstance(self.original, np.ndarray)

    def narrowed(self, name: str, region: Region) -> ArraySource:
        """Return the source of other regions of the same array."""
        return _source(name, self.inputs, self.func, self.original, region, self.annotations)


def array_source(
    name: str, array: Any, chunks: Chunks, reader: Reader | None = None, inline: bool = False
) -> ArraySource:
    """Make the layer that reads an array in chunks.

    Parameters
    ----------
    name : str
        Says what the array holds and how it is cut.
    array : numpy.ndarray, or anything that ``reader`` can read
    chunks : tuple of tuples
    reader : Reader, optional
        For what is no NumPy array, or needs a lock.
    inline : bool
        Whether each task holds the array itself, instead of referring to one task that does.

    Examples
    --------
    >>> array_source("x", np.arange(3), ((2, 1),)).lower()[("x", 1)]({})
    array([2])
    """
    region = region_of(chunks)
    if reader is None:
        return _source(name, (), identity, array, region)
    if inline:
        return _source(name, (), reader, Inlined(array), region)
    # A grid without axes, whose key is the one that the tasks of the regions refer to.
    held = Blockwise(f"original-{name}", (), identity, (), ((Constant(array), ()),), {})
    return _source(name, (held,), reader, None, region)


class Inlined(NamedTuple):
    """An array that each task holds by itself."""

    array: Any


def _source(
    name: str, inputs: tuple[Layer, ...], func: Any, original: Any, region: Region, annotations: Any = None
) -> ArraySource:
    numblocks = tuple([len(axis) for axis in region.axes if not isinstance(axis, int)])
    index = symbols(len(numblocks))
    operands: tuple[tuple[Operand, tuple[Any, ...]], ...]
    if isinstance(original, np.ndarray) and func is identity:
        operands = ((Parts(Pieces(original, region)), index),)  # type: ignore[arg-type]
    else:
        held: Operand = Constant(original.array) if isinstance(original, Inlined) else InputOf(0)
        operands = ((held, ()), (Parts(Regions(region)), index))  # type: ignore[arg-type]
    layer = ArraySource(name, inputs, func, index, operands, grid_sizes(numblocks), annotations=annotations)
    layer.original = original
    layer.region = region
    return layer


class MadeSource(Blockwise):
    """Blocks that a function makes of their bounds alone.

    ``cheap`` ones are made again rather than kept; ``merges`` says that a block of other bounds is just as well what its parts
    were.
    """

    __slots__ = ("cheap", "merges")
    cheap: bool
    merges: bool


def made_layer(
    name: str, func: Callable[..., Any], chunks: Chunks, *constants: Any, cheap: bool = False, merges: bool = False
) -> MadeSource:
    """Make a layer whose blocks are ``func(bounds, *constants)``.

    Parameters
    ----------
    name : str
    func : callable
        Gets the block's bounds, ``((start, stop), ...)``.
    chunks : tuple of tuples
    *constants
    cheap : bool
        Whether making a block costs less than keeping it.
    merges : bool
        Whether an element depends on its place alone, so that blocks may be cut in any other way.

    Examples
    --------
    >>> made_layer("x", str, ((2, 1),)).lower()[("x", 1)]({})
    '((2, 3),)'
    """
    index = symbols(len(chunks))
    operands: list[Any] = [(Parts(Bounds(chunks)), index)]  # type: ignore[arg-type]
    operands += [(Constant(value), ()) for value in constants]
    layer = MadeSource(name, (), func, index, tuple(operands), grid_sizes(numblocks_of(chunks)))
    layer.cheap = cheap
    layer.merges = merges
    return layer

"""Differences between neighbours along an axis, block by block: each block sees the first elements of the next, or of both.

Only these few elements are cut off and travel (``overlap.borders``); blocks stay what they are. Slices of one array that are
apart by one, such as ``x[1:] - x[:-1]``, would cut each block in two.

Place in the flow: below ``differences``, which checks arguments.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from minidask.array.assemble import join
from minidask.array.chunks import Sizes, smallest_of, starts_of
from minidask.array.collection import new_array
from minidask.array.meta import numpy_meta
from minidask.array.naming import array_parts, literal_parts
from minidask.array.overlap.borders import Borders
from minidask.array.overlap.depths import ensure_minimum_chunksize
from minidask.array.rechunk import rechunk_to
from minidask.array.remembered import remembered
from minidask.array.sources import symbols
from minidask.graph import Blockwise, Parts
from minidask.graph.blockwise import Constant, InputOf
from minidask.tokenize import quick_token

# NumPy's own types know it for few kinds of arguments.
_gradient: Any = np.gradient


class Differences(NamedTuple):
    """Subtract from each element of a block the one before it, ``times`` over."""

    axis: int
    times: int

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "diff"

    @property
    def fresh(self) -> bool:
        """Results are memory of their own: what follows may write into it."""
        return True

    def __call__(self, block: Any, borders: Any = (None,)) -> Any:
        (more,) = borders
        if more is None:
            return self._within(block)
        if self.times > 1 or type(block) is not np.ndarray or type(more) is not np.ndarray:
            return self._within(join([block, more], self.axis))
        last = _subtraction(block.dtype)(more, block[(*self._front, slice(-1, None))])
        return self._fill(np.empty(block.shape, last.dtype), block, last)

    def into(self, place: Any, block: Any, borders: Any = (None,)) -> Any:
        """Return the differences in their place, None if they aren't of its shape and dtype."""
        (more,) = borders
        if self.times > 1 or any(type(part) is not np.ndarray for part in (block, more)) or block.shape != place.shape:
            return None
        last = _subtraction(block.dtype)(more, block[(*self._front, slice(-1, None))])
        return self._fill(place, block, last) if last.dtype == place.dtype else None

    @property
    def _front(self) -> tuple[slice, ...]:
        return (slice(None),) * self.axis

    def _fill(self, out: Any, block: Any, last: Any) -> Any:
        front, subtract = self._front, _subtraction(block.dtype)
        subtract(block[(*front, slice(1, None))], block[(*front, slice(None, -1))], out=out[(*front, slice(None, -1))])
        out[(*front, slice(-1, None))] = last
        return out

    def _within(self, block: Any) -> Any:
        front = self._front
        for _ in range(self.times):
            subtract = _subtraction(block.dtype)
            block = subtract(block[(*front, slice(1, None))], block[(*front, slice(None, -1))])
        return block


def _subtraction(dtype: Any) -> np.ufunc:
    return np.not_equal if dtype.kind == "b" else np.subtract


def differences(x: Any, axis: int, times: int) -> Any:
    """Return the differences of neighbours, ``times`` over; blocks that aren't longer than that are merged with others.

    Examples
    --------
    >>> import minidask.array as da
    >>> differences(da.arange(5, chunks=3), 0, 1).compute(), differences(da.arange(5, chunks=3), 0, 2).chunks
    (array([1, 1, 1, 1]), ((3,),))
    """
    x = _with_blocks_of(x, axis, times + 1)
    func: Any = Differences(axis, times)
    depths = tuple([(0, times if at == axis else 0) for at in range(x.ndim)])
    token = quick_token("diff", x.name, axis, times)
    borders = Borders(f"borders-{token}", x._layer, x._chunks, depths, ("none",) * x.ndim)
    index = symbols(x.ndim)
    layer = Blockwise(
        f"diff-{token}",
        (x._layer, borders),
        func,
        index,
        ((InputOf(0), index), (InputOf(1), (*index, "border"))),
        {**dict(enumerate(x.numblocks)), "border": 1},
    )
    with np.errstate(all="ignore"):
        meta = func(x._meta)
    return new_array(layer, (*x._chunks[:axis], _shorter(x._chunks[axis], times), *x._chunks[axis + 1 :]), meta)


def _with_blocks_of(x: Any, axis: int, least: int) -> Any:
    """Return the array in blocks of at least so many elements along an axis, or in one if it is shorter."""
    sizes = x._chunks[axis]
    if len(sizes) == 1 or smallest_of(sizes) >= least:
        return x
    length = x.shape[axis]
    merged = ensure_minimum_chunksize(least, sizes) if length >= least else (length,)
    return rechunk_to(x, (*x._chunks[:axis], merged, *x._chunks[axis + 1 :]))


@remembered
def _shorter(sizes: Sizes, by: int) -> Sizes:
    return (*sizes[:-1], max(sizes[-1] - by, 0))


class Slopes(NamedTuple):
    """Take the gradient of a block between one element of each neighbour, or None where there is none."""

    axis: int
    edge_order: int

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "gradient"

    @property
    def fresh(self) -> bool:
        """Results are memory of their own: what follows may write into it."""
        return True

    def __call__(self, block: Any, borders: Any, step: Any) -> Any:
        before, after = borders
        front = (slice(None),) * self.axis
        if np.ndim(step) or block.dtype.kind not in "fc" or block.shape[self.axis] < 2 * self.edge_order + 1:
            wide = join([part for part in (before, block, after) if part is not None], self.axis)
            made = _gradient(wide, step, axis=self.axis, edge_order=self.edge_order)
            return made[(*front, slice(None if before is None else 1, None if after is None else -1))]
        return self._fill(np.empty_like(block), block, before, after, step)

    def into(self, place: Any, block: Any, borders: Any, step: Any) -> Any:
        """Return the gradient in its place, None if it isn't of its shape and dtype."""
        if np.ndim(step) or type(block) is not np.ndarray or block.shape != place.shape or block.dtype != place.dtype:
            return None
        if block.dtype.kind not in "fc" or block.shape[self.axis] < 2 * self.edge_order + 1:
            return None
        before, after = borders
        return self._fill(place, block, before, after, step)

    def _fill(self, out: Any, block: Any, before: Any, after: Any, step: Any) -> Any:
        """Write the gradient without a copy of the block: all but its ends, then these from what they need."""
        front = (slice(None),) * self.axis
        inner = out[(*front, slice(1, -1))]
        np.subtract(block[(*front, slice(2, None))], block[(*front, slice(None, -2))], out=inner)
        np.divide(inner, 2.0 * step, out=inner, casting="same_kind")
        few = self.edge_order + 1
        low, high = block[(*front, slice(None, few))], block[(*front, slice(-few, None))]
        first = _gradient(
            low if before is None else join([before, low], self.axis), step, axis=self.axis, edge_order=self.edge_order
        )
        last = _gradient(
            high if after is None else join([high, after], self.axis), step, axis=self.axis, edge_order=self.edge_order
        )
        out[(*front, 0)] = first[(*front, 0 if before is None else 1)]
        out[(*front, -1)] = last[(*front, -1 if after is None else -2)]
        return out


class Coordinates:
    """For each block of an axis the coordinates of its elements, and of a neighbour on each side."""

    __slots__ = ("places", "sizes")

    def __init__(self, places: Any, sizes: Sizes) -> None:
        self.places = places
        self.sizes = sizes

    def __len__(self) -> int:
        return len(self.sizes)

    def __getitem__(self, number: int) -> Any:
        start, stop = starts_of(self.sizes)[number : number + 2]
        return self.places[max(start - 1, 0) : stop + 1]

    def __reduce__(self) -> tuple[Any, ...]:
        return Coordinates, (self.places, self.sizes)


def slopes(x: Any, axis: int, step: Any, edge_order: int) -> Any:
    """Return ``numpy.gradient`` along an axis, which is long enough for it; blocks that are too short are merged with others.

    Parameters
    ----------
    x : Array
        Of floats, complex numbers or times, in NumPy's blocks.
    axis : int
    step : scalar, or array of one axis
        Distance, or the coordinates.
    edge_order : 1 or 2

    Examples
    --------
    >>> import minidask.array as da
    >>> slopes(da.from_array([1.0, 4, 9, 16], chunks=2), 0, 1.0, 1).compute()
    array([3., 4., 6., 7.])
    """
    x = _with_blocks_of(x, axis, edge_order)
    sizes = x._chunks[axis]
    given = np.asarray(step)
    operand: Any = (Parts(Coordinates(given, sizes)), (axis,)) if given.ndim else (Constant(step), ())  # type: ignore[arg-type]
    func: Any = Slopes(axis, edge_order)
    with np.errstate(all="ignore"):
        sample = _gradient(
            np.zeros(3, x.dtype), given[:3] if given.ndim and len(given) > 2 else given if not given.ndim else 1.0
        )
    depths = tuple([(1, 1) if at == axis else (0, 0) for at in range(x.ndim)])
    parts = array_parts(given) if given.ndim else literal_parts(step)
    token = quick_token("gradient", x.name, axis, edge_order, *parts)
    borders = Borders(f"borders-{token}", x._layer, x._chunks, depths, ("none",) * x.ndim)
    index = symbols(x.ndim)
    layer = Blockwise(
        f"gradient-{token}",
        (x._layer, borders),
        func,
        index,
        ((InputOf(0), index), (InputOf(1), (*index, "border")), operand),
        {**dict(enumerate(x.numblocks)), "border": 2},
    )
    return new_array(layer, x._chunks, numpy_meta(sample.dtype, x.ndim), x._shape)

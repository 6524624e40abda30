"""Take and put elements at positions that aren't computed yet, along one axis or several.

What is taken: each task sees all blocks along the axes of the positions. What is put: positions and values are gathered in one
block, and each block of the array takes what belongs to it.

Place in the flow: behind ``getting`` and ``setting`` where an index has a chunked array. Not for masks that select blockwise
(``getting.compress``, ``setting.put_where``, ``same_mask``).
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from minidask.array.assemble import flatten, join, join_nested
from minidask.array.chunks import REMEDY, Size, UnknownChunkSizes, check_known, has_unknown, is_unknown
from minidask.array.collection import ArrayBase, as_numpy, check_known_shape, new_array
from minidask.array.elementwise import as_array, elementwise, from_memory
from minidask.array.meta import as_block, numpy_meta, with_ndim
from minidask.array.products.contraction import only
from minidask.array.rechunk import rechunk_to
from minidask.array.reshaping import reshape
from minidask.array.shaping import broadcast_to, moveaxis
from minidask.array.slicing.index import checked
from minidask.array.slicing.scatter import axes_first
from minidask.array.sources import Bounds, grid_sizes, symbols
from minidask.array.unify import align
from minidask.graph import Blockwise, Layer, Parts, blockwise
from minidask.graph.blockwise import Constant, InputOf
from minidask.tokenize import quick_token

_INTP = np.dtype(np.intp)
_Bounds = tuple[tuple[int, int], ...]


class TrueAt(NamedTuple):
    """Return the flat positions, in an array of a shape, of the true elements of a block."""

    shape: tuple[int, ...]

    def __call__(self, mask: Any, bounds: _Bounds) -> Any:
        places = np.nonzero(np.asarray(mask))
        whole = tuple([own + start for own, (start, _) in zip(places, bounds, strict=True)])
        return np.ravel_multi_index(whole, self.shape)


class InOrder(NamedTuple):
    """Join lists of positions, nested by axis, to one that ascends."""

    ndim: int

    def __call__(self, blocks: Any) -> Any:
        joined = np.concatenate([*flatten(blocks, self.ndim)])
        return joined if self.ndim == 1 else np.sort(joined)


class Coordinate(NamedTuple):
    """Return the coordinates along an axis of flat positions in an array of a shape."""

    shape: tuple[int, ...]
    axis: int

    def __call__(self, flat: Any) -> Any:
        return np.unravel_index(flat, self.shape)[self.axis]


def true_positions(mask: Any) -> list[Any]:
    """Return for each axis the positions where a mask is true, in C order, in one block of unknown length.

    Raises
    ------
    UnknownChunkSizes
        If the mask's lengths aren't known.

    Examples
    --------
    >>> import minidask.array as da
    >>> [each.compute().tolist() for each in true_positions(da.from_array([[True, False], [True, True]], chunks=1))]
    [[0, 1, 1], [0, 0, 1]]
    """
    check_known_shape("the order of the places where a mask is true", mask)
    index, shape = symbols(mask.ndim), tuple(map(int, mask.shape))
    found: Any = TrueAt(shape)
    bounds: Any = Bounds(mask._chunks)
    flat = Blockwise(
        f"true-positions-{quick_token('true-positions', mask.name)}",
        (mask._layer,),
        found,
        index,
        ((InputOf(0), index), (Parts(bounds), index)),
        grid_sizes(mask._layer.numblocks),
    )
    gather: Any = InOrder(mask.ndim)
    layer = blockwise(
        gather, ("whole",), (flat, index), new_axes={"whole": 1}, prefix="in-order", token=("in-order", mask.ndim)
    )
    places = new_array(layer, ((math.nan,),), numpy_meta(_INTP, 1))
    if mask.ndim == 1:
        return [places]
    coordinates: list[Any] = [Coordinate(shape, axis) for axis in range(mask.ndim)]
    return [elementwise(func, places, name=f"coordinate {shape} {func.axis}", dtype=_INTP) for func in coordinates]


def in_one(x: Any) -> Any:
    """Return an array with one block along its first axis, also if its sizes there aren't known.

    Examples
    --------
    >>> import minidask.array as da
    >>> x = da.arange(4, chunks=2)
    >>> in_one(x[x > 0]).numblocks
    (1,)
    """
    if len(x._chunks[0]) == 1:
        return x
    if not has_unknown(x._chunks[0]):
        return rechunk_to(x, ((int(x.shape[0]),), *x._chunks[1:]))
    index = symbols(x.ndim)
    layer = Blockwise(
        f"gathered-{quick_token('gathered', x.name)}",
        (x._layer,),
        join,
        ("whole", *index[1:]),
        ((InputOf(0), index),),
        {**grid_sizes(x._layer.numblocks), "whole": 1},
    )
    return new_array(layer, ((math.nan,), *x._chunks[1:]), x._meta)


def mismatch(arrays: list[Any]) -> IndexError:
    """Return NumPy's error for positions that don't broadcast."""
    shapes = " ".join(str(array.shape) for array in arrays)
    return IndexError(f"shape mismatch: indexing arrays could not be broadcast together with shapes {shapes}")


def points_shape(arrays: list[Any]) -> tuple[Size, ...]:
    """Return the shape that arrays of positions broadcast to, NaN where it isn't known.

    Raises
    ------
    IndexError
        If they don't broadcast.
    NotImplementedError
        If a length isn't known where there are several arrays, one of them with several axes.
    UnknownChunkSizes
        If an array of several axes has an unknown length.

    Examples
    --------
    >>> points_shape([np.zeros((2, 1)), np.zeros(3)])
    (2, 3)
    """
    if not any(has_unknown(array.shape) for array in arrays):
        try:
            return np.broadcast_shapes(*[array.shape for array in arrays])
        except ValueError:
            raise mismatch(arrays) from None
    if any(array.ndim > 1 for array in arrays):
        if len(arrays) == 1:
            raise UnknownChunkSizes(f"an index of several axes needs chunk sizes that aren't known: {REMEDY}")
        raise NotImplementedError(
            "a chunked index of unknown length beside arrays of several axes isn't built: compute its positions first"
        )
    lengths = {array.shape[0] for array in arrays if array.ndim and array.shape[0] != 1}
    known = [length for length in lengths if not is_unknown(length)]
    if len(known) > 1:
        raise mismatch(arrays)
    return (known[0] if known else math.nan,)


def take_lazily(x: ArrayBase, positions: dict[int, Any]) -> tuple[Any, int, int]:
    """Return the elements of an array at positions, one array for each of some axes, at least one of them chunked.

    Returns
    -------
    taken : Array
    at : int
        The first of the positions' axes in it: where their axis was if there is one array, else 0.
    count : int
        Number of the positions' axes.

    Raises
    ------
    IndexError, NotImplementedError, UnknownChunkSizes
        As ``points_shape``; if lengths of axes aren't known.

    Examples
    --------
    >>> import minidask.array as da
    >>> x = da.arange(6, chunks=2).reshape(2, 3)
    >>> take_lazily(x, {1: da.from_array([2, 0])})[0].compute().tolist()
    [[2, 0], [5, 3]]
    """
    axes = tuple(sorted(positions))
    check_known("an index by positions", [x.shape[axis] for axis in axes])
    arrays = [positions[axis] for axis in axes]
    shape = points_shape(arrays)
    if len(arrays) == 1:
        chunks = arrays[0]._chunks
    elif has_unknown(shape) or any(has_unknown(array.shape) for array in arrays):
        arrays = [in_one(as_array(array)) if array.ndim else as_array(array) for array in arrays]
        chunks = tuple([(length,) for length in shape])
    else:
        arrays, chunks, _ = align([a if isinstance(a, ArrayBase) else from_memory(a) for a in arrays])
    count = len(chunks)
    points = [("points", number) for number in range(count)]
    own: list[Any] = list(symbols(x.ndim))
    rest = [axis for axis in own if axis not in axes]
    at = axes[0] if len(axes) == 1 else 0
    index = [*own[:at], *points, *own[at + 1 :]] if len(axes) == 1 else [*points, *rest]
    func: Any = TakeLazily(axes, tuple([int(x.shape[axis]) for axis in axes]))
    layer = blockwise(
        func,
        index,
        *[(array._layer, points[count - array.ndim :]) for array in arrays],
        (x._layer, own),
        prefix="take",
        token=("take-lazily", *func),
    )
    others = [x._chunks[axis] for axis in rest]
    return new_array(layer, (*others[:at], *chunks, *others[at:]), with_ndim(x._meta, len(index))), at, count


class TakeLazily(NamedTuple):
    """Take elements from the blocks that make up some axes, at positions along these."""

    axes: tuple[int, ...]
    lengths: tuple[int, ...]

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "take"

    def __call__(self, *operands: Any) -> Any:
        *positions, blocks = operands
        places = located(positions, self.axes, self.lengths)
        whole = join_nested(blocks, self.axes)
        at = self.axes[0] if len(self.axes) == 1 else 0
        order = (*self.axes, *[axis for axis in range(whole.ndim) if axis not in self.axes])
        view = whole if len(self.axes) == 1 else whole.transpose(order)
        # With dots what has no axes is an array as well, but a view, which would keep all of the blocks.
        taken = view[(*[slice(None)] * at, *places, ...)]
        return taken.copy() if not places[0].ndim else taken


def located(positions: Any, axes: tuple[int, ...], lengths: tuple[int, ...]) -> list[Any]:
    """Return positions counted from the front, broadcast; raises IndexError if one is out of range, or they don't broadcast.

    Examples
    --------
    >>> [each.tolist() for each in located([np.array([0, -1]), np.array([1])], (0, 1), (3, 3))]
    [[0, 2], [1, 1]]
    """
    places = [checked(np.asarray(p), length, axis) for p, axis, length in zip(positions, axes, lengths, strict=True)]
    if len(places) == 1:
        return places
    try:
        return list(np.broadcast_arrays(*places))
    except ValueError:
        raise mismatch(places) from None


def put_lazily(x: ArrayBase, positions: dict[int, Any], value: Any, at: int) -> Any:
    """Return an array with values at positions, one array for each of some axes; the last of several values for one stays.

    Parameters
    ----------
    x : Array
    positions : dict
        ``{axis: positions}``, chunked or in memory.
    value
        A literal, or an array that broadcasts to what is selected; where lengths aren't known it has to fit on computing.
    at : int
        The first of the positions' axes in what is selected.

    Raises
    ------
    IndexError, NotImplementedError, UnknownChunkSizes
        As ``points_shape``; if lengths of the axes aren't known.
    ValueError
        If values don't broadcast (on computing, where lengths aren't known).

    Examples
    --------
    >>> import minidask.array as da
    >>> put_lazily(da.zeros(4, chunks=2), {0: da.from_array([3, 0])}, np.array([5, 6]), 0).compute()
    array([6., 0., 0., 5.])
    """
    axes = tuple(sorted(positions))
    check_known("assigning at positions", [x.shape[axis] for axis in axes])
    arrays = [as_array(positions[axis]) for axis in axes]
    shape = points_shape(arrays)
    if not has_unknown(shape) and any(array.shape != shape or len(shape) != 1 for array in arrays):
        unknown = any(has_unknown(array.shape) for array in arrays)
        arrays = arrays if unknown else [reshape(broadcast_to(array, shape), (math.prod(shape),)) for array in arrays]
    arrays = [in_one(array) if array.ndim else array for array in arrays]
    own = symbols(x.ndim)
    rest = tuple([axis for axis in own if axis not in axes])
    given, many = _point_values(x, value, shape, at, rest)
    func: Any = PutAt(axes, tuple([int(x.shape[axis]) for axis in axes]), many)
    bounds: Any = Bounds(tuple([x._chunks[axis] for axis in axes]))
    operands: list[tuple[Any, tuple[Any, ...]]] = [(x._layer, own), (Parts(bounds), axes)]
    if isinstance(given, ArrayBase):
        operands.append((given._layer, ("points", *rest) if many else rest[len(rest) - given.ndim :]))
    else:
        operands.append((Constant(given), ()))
    operands += [(array._layer, ("points",) * array.ndim) for array in arrays]
    inputs = {each.name: each for each, _ in operands if isinstance(each, Layer)}
    names = list(inputs)
    token = quick_token("put-lazily", *func, *names, None if isinstance(given, ArrayBase) else given)
    layer = Blockwise(
        f"setitem-{token}",
        tuple(inputs.values()),
        func,
        own,
        tuple(
            [(InputOf(names.index(each.name)) if isinstance(each, Layer) else each, index) for each, index in operands]
        ),
        {**grid_sizes(x._layer.numblocks), "points": 1},
        contract=only,
    )
    return new_array(layer, x._chunks, x._meta, x._shape)


def _point_values(
    x: ArrayBase, value: Any, shape: tuple[Size, ...], at: int, rest: tuple[int, ...]
) -> tuple[Any, bool]:
    """Return values and False if they are the same at each point, or values of the points, in one block along these, and True."""
    given = value if isinstance(value, ArrayBase) else as_numpy(value)
    if given.ndim == 0:
        return (given if isinstance(value, ArrayBase) else value), False
    lengths = [x.shape[axis] for axis in rest]
    wanted = (*lengths[:at], *shape, *lengths[at:])
    array = as_array(given)
    while array.ndim > len(wanted) and array.shape[0] == 1:
        array = array[0]
    fits = array.ndim <= len(wanted) and all(
        n in (1, m) or is_unknown(n) or is_unknown(m) for n, m in zip(array.shape[::-1], wanted[::-1], strict=False)
    )
    if not fits:
        raise ValueError(
            f"shape mismatch: value array of shape {array.shape} could not be broadcast to indexing result of shape {wanted}"
        )
    array = array[(*[None] * (len(wanted) - array.ndim), ...)]
    count = len(shape)
    if at:
        array = moveaxis(array, tuple(range(at, at + count)), tuple(range(count)))
    others = array.shape[count:]
    if count == 0:
        array = array[None]
    elif count > 1:
        one = all(n == 1 for n in array.shape[:count])
        array = array if one else broadcast_to(array, (*shape, *others))
        array = reshape(array, (1 if one else math.prod(shape), *others))
    array = in_one(array)
    sizes = [(1,) if n == 1 and x.shape[axis] != 1 else x._chunks[axis] for n, axis in zip(others, rest, strict=True)]
    return rechunk_to(array, (array._chunks[0], *sizes)), True


class PutAt(NamedTuple):
    """Put values at positions along some axes, as far as these are in a block; the other axes are the block's own.

    ``many``: the values' first axis is that of the points.
    """

    axes: tuple[int, ...]
    lengths: tuple[int, ...]
    many: bool

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "setitem"

    def __call__(self, block: Any, bounds: _Bounds, values: Any, *positions: Any) -> Any:
        places = located([np.atleast_1d(np.asarray(each)) for each in positions], self.axes, self.lengths)
        count = len(places[0])
        if self.many and len(values) not in (1, count):
            raise ValueError(
                f"shape mismatch: {len(values)} values can't be assigned to the {count} places that the index selects"
            )
        inside = np.ones(count, bool)
        for place, (start, stop) in zip(places, bounds, strict=True):
            inside &= (place >= start) & (place < stop)
        if not inside.any():
            return block
        out = as_block(block).copy()
        chosen = tuple([place[inside] - start for place, (start, _) in zip(places, bounds, strict=True)])
        axes_first(out, self.axes)[chosen] = values[inside] if self.many and len(values) == count else values
        return out

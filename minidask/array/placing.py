"""NumPy's functions that put values into parts of an array: ``put``, ``place``, ``putmask``, ``put_along_axis`` and
``fill_diagonal``.

As with ``x[index] = value`` the array gets another layer, its chunks stay, and arrays made from it before keep the old one.

Place in the flow: beside ``assigning``. Each block takes what belongs to it: it is told its bounds, and where values are put that
nobody knows before computing, it gets all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from minidask.array.assigning import changed, copyto
from minidask.array.chunks import chunks_token, normalize_axis
from minidask.array.collection import ArrayBase, check_known_shape, new_array
from minidask.array.dispatch import implements
from minidask.array.elementwise import as_array, from_memory
from minidask.array.meta import numpy_meta
from minidask.array.planned import planned_change
from minidask.array.pointwise import astype
from minidask.array.products.contraction import only
from minidask.array.rebinding import rebind
from minidask.array.rechunk import rechunk_to
from minidask.array.reductions.cumulative import cumsum
from minidask.array.reshaping import ravel, reshape
from minidask.array.shaping import broadcast_to
from minidask.array.slicing.index import checked
from minidask.array.slicing.setting import setitem
from minidask.array.sources import Bounds, grid_sizes, made_layer, symbols
from minidask.graph import Blockwise, Layer, Parts, blockwise
from minidask.graph.blockwise import InputOf
from minidask.tokenize import quick_token

_Bounds = tuple[tuple[int, int], ...]
_INTP = np.dtype(np.intp)


class Put(NamedTuple):
    """Put values at flat positions of an array of a shape, as far as these are in a block."""

    shape: tuple[int, ...]
    mode: str

    def __call__(self, block: Any, bounds: _Bounds, places: Any, values: Any) -> Any:
        if not len(places) or not len(values):
            return block
        flat = flat_positions(places, int(np.prod(self.shape)), self.mode)
        return assigned(block, bounds, np.unravel_index(flat, self.shape), values[np.arange(len(flat)) % len(values)])


class Place(NamedTuple):
    """Put values where a mask is true, which are taken in turn: by the number of the place."""

    def __call__(self, block: Any, mask: Any, number: Any, values: Any) -> Any:
        out = block.copy()
        out[mask] = values[number[mask] % len(values)]
        return out


class PutAlong(NamedTuple):
    """Put values at positions along an axis, those that are in a block; the other axes are the block's own."""

    axis: int
    length: int

    def __call__(self, block: Any, bounds: _Bounds, places: Any, values: Any) -> Any:
        places = checked(places, self.length, self.axis)
        ((start, stop),) = bounds
        found = np.nonzero((places >= start) & (places < stop))
        where = list(found)
        where[self.axis] = places[found] - start
        out = block.copy()
        out[tuple(where)] = values[found]
        return out


class FillDiagonal(NamedTuple):
    """Put values, in turn, at every ``step``-th flat position of an array of a shape, up to one."""

    shape: tuple[int, ...]
    step: int
    end: int

    def __call__(self, block: Any, bounds: _Bounds, values: Any) -> Any:
        if not block.size or not len(values):
            return block
        # Flat positions of a block's rows follow one another.
        row = int(np.prod(self.shape[1:]))
        first, last = [-(-edge * row // self.step) for edge in bounds[0]]
        numbers = np.arange(first, min(last, -(-self.end // self.step)))
        return assigned(block, bounds, np.unravel_index(numbers * self.step, self.shape), values[numbers % len(values)])


def assigned(block: Any, bounds: _Bounds, where: tuple[Any, ...], values: Any) -> Any:
    """Return a block with values at those coordinates of the whole array that are in it.

    Examples
    --------
    >>> assigned(np.zeros(2), ((3, 5),), (np.array([0, 4]),), np.array([8, 9]))
    array([0., 9.])
    """
    inside = np.ones(len(values), bool)
    for at, (start, stop) in zip(where, bounds, strict=True):
        inside &= (at >= start) & (at < stop)
    if not inside.any():
        return block
    out = block.copy()
    out[tuple([at[inside] - start for at, (start, _) in zip(where, bounds, strict=True)])] = values[inside]
    return out


def flat_positions(places: Any, size: int, mode: str) -> Any:
    """Return positions by one of the modes of ``put``.

    Examples
    --------
    >>> flat_positions(np.array([-1, 7]), 5, "wrap"), flat_positions(np.array([-1, 7]), 5, "clip")
    (array([4, 2]), array([0, 4]))
    """
    if mode == "raise":
        return checked(places, size)
    return places % size if mode == "wrap" else places.clip(0, size - 1)


def _whole(x: Any) -> Any:
    """Return an array as one axis in one block."""
    return rechunk_to(ravel(x), ((x.size,),))


def _with_bounds(name: str, x: Any, func: Any, *whole: Any) -> Any:
    """Return the array of a function of each block, its bounds, and arrays of one axis in one block."""
    index = symbols(x.ndim)
    layers: dict[str, Layer] = {each.name: each._layer for each in (x, *whole)}
    at = list(layers)
    operands: list[Any] = [(InputOf(0), index), (Parts(Bounds(x._chunks)), index)]  # type: ignore[arg-type]
    operands += [(InputOf(at.index(each.name)), (f"whole-{number}",)) for number, each in enumerate(whole)]
    layer = Blockwise(
        f"{name}-{quick_token(name, *func, x.name, *[each.name for each in whole])}",
        tuple(layers.values()),
        func,
        index,
        tuple(operands),
        {**grid_sizes(x._layer.numblocks), **{f"whole-{number}": 1 for number in range(len(whole))}},
        contract=only,
    )
    return new_array(layer, x._chunks, x._meta, x._shape)


def _values(x: Any, given: Any, raised: Callable[[Any], Any]) -> Any:
    """Return values of an array's dtype, as one axis in one block; ``raised`` does with a small array what NumPy would refuse."""
    if isinstance(given, ArrayBase):
        check_known_shape("putting values", given)
        return _whole(astype(given, x.dtype))
    raised(np.zeros(1, x.dtype))
    return from_memory(np.asarray(given).astype(x.dtype, copy=False).ravel())


@implements(np.put)
@planned_change
def put(a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    """Put values at positions of an array as if it had one axis.

    Parameters
    ----------
    a : Array
    ind : Array or array-like of int
        Of lazy ones each block gets all.
    v : Array, array-like or scalar
        Cast to the array's dtype; repeated if there are less than positions. Of two for one position the later one stays.
    mode : str
        What is done with positions out of range: ``"raise"``, ``"wrap"`` or ``"clip"`` (which has no negative ones).

    Raises
    ------
    TypeError
        If ``a`` isn't chunked, positions are no integers, or values can't be cast.
    IndexError
        If a position is out of range (on computing, where they are lazy).
    ValueError
        For an unknown mode.
    UnknownChunkSizes
        If lengths aren't known.

    Examples
    --------
    >>> import minidask.array as da
    >>> x = da.zeros((2, 2), chunks=1)
    >>> da.put(x, [0, -1], [5, 6])
    >>> x.compute().tolist()
    [[5.0, 0.0], [0.0, 6.0]]
    """
    changed("put", a)
    if mode not in ("raise", "wrap", "clip"):
        raise ValueError(f"clipmode must be one of 'clip', 'raise', or 'wrap' (got {mode!r})")
    check_known_shape("put", a)
    values = _values(a, v, lambda sample: sample.put([], v))
    places: Any = ind if isinstance(ind, ArrayBase) else np.asarray(ind if np.size(ind) else np.empty(0, np.intp))
    # NumPy casts the numbers of a list, but not an array's.
    if not hasattr(ind, "dtype"):
        places = places.astype(np.intp)
    if not np.can_cast(places.dtype, np.intp, "safe"):
        raise TypeError(f"Cannot cast array data from {places.dtype!r} to dtype('int64') according to the rule 'safe'")
    if places.size and not a.size:
        raise IndexError("cannot replace elements of an empty array")
    if not places.size or not values.size:
        return
    if not a.ndim:
        line = reshape(a, (1,))
        put(line, places, values, mode)
        rebind("put", a, line[0])
        return
    if isinstance(places, ArrayBase):
        check_known_shape("put", places)
        rebind("put", a, _with_bounds("put", a, Put(a.shape, mode), _whole(astype(places, np.intp)), values))
        return
    flat = flat_positions(places.ravel().astype(np.intp), a.size, mode)
    given = values[0] if values.size == 1 else values[np.arange(len(flat)) % values.size]
    setitem(a, np.unravel_index(flat, a.shape), given)


@implements(np.place)
@planned_change
def place(arr: Any, mask: Any, vals: Any) -> None:
    """Put values where a mask is true: the first of them at its first place in C order, and so on, over and over again.

    Parameters
    ----------
    arr : Array
    mask : Array or array-like
        Of as many elements.
    vals : Array, array-like or scalar

    Raises
    ------
    TypeError
        If ``arr`` isn't chunked, or the values can't be cast safely.
    ValueError
        If the mask has another size, or there are no values (unless a mask in memory is true nowhere).
    UnknownChunkSizes
        If lengths aren't known.

    Examples
    --------
    >>> import minidask.array as da
    >>> x = da.arange(5, chunks=2)
    >>> da.place(x, x > 1, [7, 8])
    >>> x.compute()
    array([0, 1, 7, 8, 7])
    """
    changed("place", arr)
    values = _safely(arr, vals)
    where = _mask("place", arr, mask)
    if not values.size:
        if isinstance(mask, ArrayBase) or np.any(mask):
            raise ValueError("Cannot insert from an empty array!")
        return
    if values.size == 1:
        copyto(arr, values[0], "unsafe", where)
    else:
        _in_turn("place", arr, where, reshape(cumsum(ravel(where), dtype=np.intp) - 1, arr.shape), values)


@implements(np.putmask)
@planned_change
def putmask(a: Any, mask: Any, values: Any) -> None:
    """Put values where a mask is true, each element the value at its own place; less values are repeated as often as needed.

    Parameters
    ----------
    a : Array
    mask : Array or array-like
        Of as many elements.
    values : Array, array-like or scalar

    Raises
    ------
    TypeError
        If ``a`` isn't chunked, or the values can't be cast safely.
    ValueError
        If the mask has another size.
    UnknownChunkSizes
        If lengths aren't known.

    Examples
    --------
    >>> import minidask.array as da
    >>> x = da.arange(5, chunks=2)
    >>> da.putmask(x, x > 1, [7, 8])
    >>> x.compute()
    array([0, 1, 7, 8, 7])
    """
    changed("putmask", a)
    given = _safely(a, values)
    where = _mask("putmask", a, mask)
    if given.size == 1 or not a.ndim:
        if given.size:
            copyto(a, given[0], "unsafe", where)
    elif np.shape(values) == a.shape:
        copyto(a, values, "unsafe", where)
    elif given.size:
        name = f"places-{quick_token('places', *chunks_token(a._chunks))}"
        number = new_array(made_layer(name, flat_numbers, a._chunks, a.shape), a._chunks, numpy_meta(_INTP, a.ndim))
        _in_turn("putmask", a, where, number, given)


def flat_numbers(bounds: _Bounds, shape: tuple[int, ...]) -> Any:
    """Return the flat positions in an array of a shape of the elements of a block.

    Examples
    --------
    >>> flat_numbers(((1, 2), (0, 3)), (2, 3))
    array([[3, 4, 5]])
    """
    return np.asarray(np.ravel_multi_index(np.ix_(*[np.arange(*each) for each in bounds]), shape))


def _safely(x: Any, values: Any) -> Any:
    """Return values that can be cast safely, as ``_values`` does; NumPy casts Python's numbers as it must."""
    if isinstance(values, ArrayBase) and not np.can_cast(values.dtype, x.dtype, "safe"):
        raise TypeError(f"Cannot cast array data from {values.dtype!r} to {x.dtype!r} according to the rule 'safe'")
    return _values(x, values, lambda sample: np.putmask(sample, np.zeros(1, bool), values))


def _mask(name: str, x: Any, mask: Any) -> Any:
    """Return a mask as bools in the shape and chunks of an array."""
    for each in (x, mask):
        if isinstance(each, ArrayBase):
            check_known_shape(name, each)
    if np.size(mask) != x.size:
        raise ValueError(f"{name}: mask and data must be the same size")
    return rechunk_to(reshape(astype(as_array(mask), bool), x.shape), x._chunks)


def _in_turn(name: str, x: Any, where: Any, number: Any, values: Any) -> None:
    """Put values, taken in turn, where a mask of the same chunks is true."""
    index = tuple(range(x.ndim))
    func: Any = Place()
    layer = blockwise(
        func,
        index,
        *[(each._layer, index) for each in (x, where, rechunk_to(number, x._chunks))],
        (values._layer, ("whole",)),
        prefix=name,
        token="place",
        contract=only,
    )
    rebind(name, x, new_array(layer, x._chunks, x._meta, x._shape))


@implements(np.put_along_axis)
@planned_change
def put_along_axis(arr: Any, indices: Any, values: Any, axis: int | None) -> None:
    """Put values at positions along an axis that differ from lane to lane, such as ``argsort`` gives.

    Parameters
    ----------
    arr : Array
    indices : Array or array-like of int
        Of as many axes; the others are broadcast. Each block gets all that are along the axis.
    values : Array, array-like or scalar
        Broadcast to the positions. Of two for one position the later one stays.
    axis : int or None
        None: ``arr`` as one axis.

    Raises
    ------
    TypeError
        If ``arr`` isn't chunked.
    IndexError
        If positions are no integers, out of range (on computing, where they are lazy), or don't broadcast.
    ValueError
        If the numbers of axes differ, or values don't broadcast.
    numpy.exceptions.AxisError
        If the axis is out of range.
    UnknownChunkSizes
        If lengths aren't known.

    Examples
    --------
    >>> import minidask.array as da
    >>> x = da.from_array([[3, 1, 2], [4, 6, 5]], chunks=2)
    >>> da.put_along_axis(x, da.argmax(x, axis=1)[:, None], 0, axis=1)
    >>> x.compute().tolist()
    [[0, 1, 2], [4, 0, 5]]
    """
    changed("put_along_axis", arr)
    places, given = as_array(indices), as_array(values)
    for x in (arr, places, given):
        check_known_shape("put_along_axis", x)
    if places.dtype.kind not in "iu":
        raise IndexError("`indices` must be an integer array")
    if axis is None:
        if places.ndim != 1:
            raise ValueError("when axis=None, `indices` must have a single dimension.")
        put(arr, indices, _broadcast_values(given, places.shape))
        return
    axis = normalize_axis(axis, arr.ndim)
    if places.ndim != arr.ndim:
        raise ValueError("`indices` and `arr` must have the same number of dimensions")
    shape = (*arr.shape[:axis], places.shape[axis], *arr.shape[axis + 1 :])
    if any(n not in (1, m) for n, m in zip(places.shape, shape, strict=True)):
        raise IndexError(f"shape mismatch: positions of shape {places.shape} don't broadcast to {shape}")
    if not isinstance(indices, ArrayBase):
        checked(np.asarray(indices), arr.shape[axis], axis)
    own = tuple(range(arr.ndim))
    along = tuple(["whole" if at == axis else at for at in own])
    chunks = (*arr._chunks[:axis], (shape[axis],), *arr._chunks[axis + 1 :])
    raw = _broadcast_values(given.astype(arr.dtype), shape)
    func: Any = PutAlong(axis, arr.shape[axis])
    layer = blockwise(
        func,
        own,
        (arr._layer, own),
        (Parts(Bounds((arr._chunks[axis],))), (axis,)),  # type: ignore[arg-type]
        *[(rechunk_to(x, chunks)._layer, along) for x in (broadcast_to(places, shape), raw)],
        prefix="put_along_axis",
        token=("put_along_axis", axis, arr.shape[axis]),
        contract=only,
    )
    rebind("put_along_axis", arr, new_array(layer, arr._chunks, arr._meta, arr._shape))


def _broadcast_values(values: Any, shape: tuple[int, ...]) -> Any:
    try:
        return broadcast_to(values, shape)
    except ValueError:
        raise ValueError(
            f"shape mismatch: value array of shape {values.shape} could not be broadcast to indexing result of shape {shape}"
        ) from None


@implements(np.fill_diagonal)
@planned_change
def fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    """Put values on the main diagonal of an array.

    Parameters
    ----------
    a : Array
        Of two axes, or more of the same length.
    val : Array, array-like or scalar
        Cast to the array's dtype; taken in turn, over and over again.
    wrap : bool
        Whether the diagonal of a tall matrix begins anew, after a free row, as often as there is room.

    Raises
    ------
    TypeError
        If ``a`` isn't chunked, or values can't be cast.
    ValueError
        If it has less than two axes, or more than two of different lengths.
    UnknownChunkSizes
        If lengths aren't known.

    Examples
    --------
    >>> import minidask.array as da
    >>> x = da.zeros((2, 2), chunks=1)
    >>> da.fill_diagonal(x, 3)
    >>> x.compute().tolist()
    [[3.0, 0.0], [0.0, 3.0]]
    """
    changed("fill_diagonal", a)
    check_known_shape("fill_diagonal", a)
    if a.ndim < 2:
        raise ValueError("array must be at least 2-d")
    end = a.size
    if a.ndim == 2:
        step = a.shape[1] + 1
        if not wrap:
            end = min(end, a.shape[1] * a.shape[1])
    else:
        if len(set(a.shape)) > 1:
            raise ValueError("All dimensions of input must be of equal length")
        step = 1 + int(np.cumprod(a.shape[:-1]).sum())

    def refused(sample: Any) -> None:
        sample.flat[:0] = val

    values = _values(a, val, refused)
    if values.size and a.size:
        rebind("fill_diagonal", a, _with_bounds("fill_diagonal", a, FillDiagonal(a.shape, step, end), values))

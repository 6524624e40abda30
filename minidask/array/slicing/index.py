"""What users write between the brackets, read into one entry for each axis.

Place in the flow: ``getting`` and ``setting`` start here. Entries: an int, a slice, an integer array, a chunked array of
bools or ints, or None for a new axis; Ellipsis is expanded, boolean arrays in memory become positions. A chunked array of bools
of several axes is the entry of the first of them, ``SPANNED`` stands for the others.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minidask.array.chunks import REMEDY, Size, UnknownChunkSizes, has_unknown, is_unknown
from minidask.array.collection import ArrayBase

# An axis that a chunked mask covers beside its first one: told from other slices by identity.
SPANNED = slice(None)


def read_index(index: Any, shape: tuple[Size, ...]) -> list[Any]:
    """Return the entries that an index means: as many as there are axes, and None for each new one.

    Raises
    ------
    IndexError
        For too many indices, positions out of range, boolean arrays of another length, or what is no index.
    UnknownChunkSizes
        If an axis of unknown length is indexed by positions.

    Examples
    --------
    >>> read_index((..., None, -1), (3, 4))
    [slice(0, 3, 1), None, 3]
    """
    parts = list(index) if isinstance(index, tuple) else [index]
    parts = [listed(part) if isinstance(part, list) else part for part in parts]
    used = sum(_axes_of(part) for part in parts)
    dots = [at for at, part in enumerate(parts) if part is Ellipsis]
    if len(dots) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    if used > len(shape):
        raise IndexError(f"too many indices for array: array is {len(shape)}-dimensional, but {used} were indexed")
    fill = [slice(None)] * (len(shape) - used)
    if dots:
        parts[dots[0] : dots[0] + 1] = fill
    else:
        parts += fill
    out: list[Any] = []
    axis = 0
    for part in parts:
        if part is None:
            out.append(None)
            continue
        count = _axes_of(part)
        if count == 1:
            out.append(_entry(part, shape[axis], axis))
        elif not count and part is not Ellipsis:
            raise NotImplementedError("one bool beside other indices isn't built: index with one after the other")
        elif isinstance(part, ArrayBase):
            for at, (own, length) in enumerate(zip(part.shape, shape[axis : axis + count], strict=True), axis):
                _check_mask(own, length, at)
            out += [part, *[SPANNED] * (count - 1)]
        else:
            out += _masked_axes(part, shape[axis : axis + count], axis)
        axis += count
    return out


def listed(part: Any) -> Any:
    """Return an index that is no array as one; what is empty has no positions.

    Examples
    --------
    >>> listed([]).dtype.kind
    'i'
    """
    array = np.asarray(part)
    return array.astype(np.intp) if array.size == 0 else array


def _axes_of(part: Any) -> int:
    if part is None or part is Ellipsis:
        return 0
    if isinstance(part, ArrayBase | np.ndarray) and part.dtype == bool:
        return part.ndim
    return 1


def _entry(part: Any, length: Size, axis: int) -> Any:
    if isinstance(part, slice):
        return _slice(part, length)
    if isinstance(part, bool | np.bool_):
        raise NotImplementedError("a single True or False as index isn't built: use x[None], or x[None][:0]")
    if isinstance(part, ArrayBase):
        if part.dtype == bool:
            _check_mask(part.shape[0], length, axis)
            return part
        if part.dtype.kind not in "iu":
            raise IndexError(f"arrays used as indices must be of integer (or boolean) type, got {part.dtype}")
        return part
    if isinstance(part, np.ndarray) and part.ndim:
        return _positions(part, length, axis)
    if hasattr(part, "__index__"):
        number = part.__index__()
        if is_unknown(length):
            raise UnknownChunkSizes(f"an index along an axis of unknown length needs it: {REMEDY}")
        if not -length <= number < length:
            raise IndexError(f"index {number} is out of bounds for axis {axis} with size {length}")
        return number % int(length) if number < 0 else number
    if hasattr(part, "__array__") and not isinstance(part, np.ndarray):
        return _entry(np.asarray(part), length, axis)
    raise IndexError(
        "only integers, slices (`:`), ellipsis (`...`), None and integer or boolean arrays are valid indices, got "
        f"{type(part).__name__}: {part!r:.60}"
    )


def _masked_axes(part: Any, shape: tuple[Size, ...], axis: int) -> list[Any]:
    """Return the positions along each of its axes where a boolean array of several axes is true."""
    if has_unknown(shape):
        raise UnknownChunkSizes(f"a mask over axes of unknown length needs them: {REMEDY}")
    for at, (own, length) in enumerate(zip(part.shape, shape, strict=True), axis):
        _check_mask(own, length, at)
    return list(np.nonzero(part))


def _check_mask(own: Size, length: Size, axis: int) -> None:
    if own != length and not is_unknown(own) and not is_unknown(length):
        raise IndexError(
            f"boolean index did not match indexed array along axis {axis}; size of axis is {length} but size of "
            f"corresponding boolean axis is {own}"
        )


def _slice(part: slice, length: Size) -> Any:
    for number in (part.start, part.stop, part.step):
        if number is not None and not hasattr(number, "__index__"):
            raise TypeError("slice indices must be integers or None or have an __index__ method")
    if is_unknown(length):
        if part == slice(None) or part == slice(None, None, 1):
            return slice(None)
        raise UnknownChunkSizes(f"a slice along an axis of unknown length needs it: {REMEDY}")
    start, stop, step = part.indices(int(length))
    return slice(start, stop, step)


def _positions(part: np.ndarray[Any, Any], length: Size, axis: int) -> Any:
    if is_unknown(length):
        raise UnknownChunkSizes(f"positions along an axis of unknown length need it: {REMEDY}")
    if part.dtype == bool:
        _check_mask(len(part), length, axis)
        return np.flatnonzero(part)
    return position_array(part, length, axis)


def position_array(part: Any, length: Size, axis: int) -> Any:
    """Return integers as positions counted from the front; raises IndexError for what is no integer or out of range."""
    if is_unknown(length):
        raise UnknownChunkSizes(f"positions along an axis of unknown length need it: {REMEDY}")
    if part.dtype.kind not in "iu":
        raise IndexError(f"arrays used as indices must be of integer (or boolean) type, got {part.dtype}")
    part = part.astype(np.intp)
    wrong = part[(part < -length) | (part >= length)]
    if wrong.size:
        raise IndexError(f"index {wrong[0]} is out of bounds for axis {axis} with size {length}")
    return np.where(part < 0, part + int(length), part)


def advanced(entries: list[Any]) -> list[int]:
    """Return the places of what NumPy counts as advanced once there is an array: arrays and ints."""
    return [at for at, entry in enumerate(entries) if isinstance(entry, np.ndarray | ArrayBase | int)]


def apart(index: Any) -> bool:
    """Whether an index has slices, None or an ellipsis, be it of no width, between ints and arrays: their axes come first then.

    Examples
    --------
    >>> rows = np.array([0])
    >>> apart((rows, slice(None), 1)), apart((rows, ..., 1)), apart((slice(None), rows, 1))
    (True, True, False)
    """
    parts = index if isinstance(index, tuple) else (index,)
    places = [at for at, part in enumerate(parts) if not (part is None or part is Ellipsis or isinstance(part, slice))]
    return bool(places) and places != list(range(places[0], places[-1] + 1))


def checked(places: Any, length: int, axis: int = 0) -> Any:
    """Return positions counted from the beginning; raises IndexError if one is out of range.

    Examples
    --------
    >>> checked(np.array([0, -1]), 3)
    array([0, 2])
    """
    wrong = (places < -length) | (places >= length)
    if wrong.any():
        raise IndexError(f"index {places[wrong][0]} is out of bounds for axis {axis} with size {length}")
    return np.where(places < 0, places + length, places)

"""``x[index] = value``: the array gets another layer; arrays that were made from it before keep theirs.

Each block that the index touches is copied and assigned to; the values are cut as the index cuts the blocks, so that a block
meets one block of values. A chunked index is met in three ways: a mask with one value (or values that don't depend on its places)
selects elementwise; what the same mask selected is put back block by block (``same_mask``); everything else is put at positions,
which are gathered (``lazy_points``). Beside a chunked index, slices and ints are taken first, and their part is assigned back.

Place in the flow: beside ``getting``; ``Array.__setitem__`` is this.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minidask.array.chunks import Sizes, edges_of, has_unknown, is_unknown, shape_of
from minidask.array.collection import ArrayBase, as_numpy, new_array
from minidask.array.elementwise import as_array, elementwise
from minidask.array.meta import as_block
from minidask.array.naming import array_parts
from minidask.array.rechunk import rechunk_to
from minidask.array.shaping import broadcast_to, moveaxis
from minidask.array.slicing.cuts import cut_at, cut_slice
from minidask.array.slicing.getting import slice_basic
from minidask.array.slicing.index import SPANNED, advanced, apart, read_index
from minidask.array.slicing.layers import AssignBlocks
from minidask.array.slicing.lazy_points import put_lazily, true_positions
from minidask.array.slicing.same_mask import put_back
from minidask.array.slicing.scatter import AssignPoints, Parts, points_of, values_in_order
from minidask.graph import Layer
from minidask.tokenize import quick_token


def setitem(x: ArrayBase, index: Any, value: Any) -> None:
    """Put values into part of an array, which gets another name.

    Parameters
    ----------
    x : Array
    index
        As for ``x[index]``.
    value
        A literal, or an array that broadcasts to the part's shape; it is cast to the array's dtype. With a boolean array of the
        array's shape also an array of that shape, of which the elements where the mask is true are taken. Masked values make a
        masked array of the array.

    Raises
    ------
    IndexError
        As NumPy does.
    ValueError
        If the values don't broadcast to the part; on computing, where the part's shape isn't known before.
    UnknownChunkSizes
        If lengths aren't known that are needed.
    NotImplementedError
        For what the message names.

    Examples
    --------
    >>> import minidask.array as da
    >>> x = da.zeros(5, chunks=2)
    >>> y = x + 1
    >>> x[1:3] = 7
    >>> x.compute().tolist(), y.compute().tolist()
    ([0.0, 7.0, 7.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0, 1.0])
    """
    new = _assigned(x, index, value)
    # A mask of known sizes makes those of an array known that weren't: the shape is worked out anew.
    x._layer, x._chunks, x._meta, x._shape, x._graph = new._layer, new._chunks, new._meta, None, None


def _assigned(x: ArrayBase, index: Any, value: Any) -> Any:
    if x.dtype.names is not None and isinstance(value, tuple | list):
        # To NumPy a tuple is a record.
        value = np.array(value, x.dtype)[()]
    if _is_masked(value) and not _is_masked(x):
        meta = np.ma.masked_array(np.zeros((0,) * max(x.ndim, 1), x.dtype))
        x = elementwise(np.ma.asarray, x, name="masked", meta=meta)
    if isinstance(index, tuple) and len(index) == 1:
        (index,) = index
    if _is_mask(index) and np.ndim(index) == x.ndim:
        mask: Any = index if isinstance(index, ArrayBase) else np.asarray(index)
        if mask.shape != x.shape and not has_unknown((*mask.shape, *x.shape)):
            raise IndexError(f"boolean index has shape {mask.shape}, but the array has {x.shape}")
        if _fits_mask(x, mask, value):
            return _where(x, mask, value)
    elif _is_mask(index) and not np.ndim(index):
        return _where(x, index, _squeezed(value, x.ndim))
    entries = read_index(index, x.shape)
    front = apart(index)
    if None in [entry if entry is None else 0 for entry in entries]:
        value = _without_new_axes(entries, front, value)
        entries = [entry for entry in entries if entry is not None]
    unknown = isinstance(value, ArrayBase) and has_unknown(value.shape) and not has_unknown(x.shape)
    if any(isinstance(entry, ArrayBase) or (unknown and isinstance(entry, np.ndarray)) for entry in entries):
        return _assigned_lazily(x, entries, front, value)
    return _assigned_at(x, entries, front, value)


def _assigned_at(x: ArrayBase, entries: list[Any], front: bool, value: Any) -> Any:
    """Return the array with values at slices, ints and positions that are known."""
    parts: list[Parts] = []
    # For each entry the sizes of the selected parts; none for a position.
    selected: list[Sizes | None] = []
    arrays = {axis: entry for axis, entry in enumerate(entries) if isinstance(entry, np.ndarray)}
    order = None
    for entry, sizes in zip(entries, x._chunks, strict=True):
        if isinstance(entry, slice):
            own, counts = _sliced(entry, sizes)
        elif isinstance(entry, np.ndarray):
            sorting = np.argsort(entry, kind="stable") if entry.ndim == 1 else None
            order = (len([s for s in selected if s is not None]), sorting)
            own, counts = _owned(entry[sorting], sizes) if entry.ndim == 1 else ({}, (0,))
        else:
            found = cut_at(sizes, entry)
            own, counts = {found.block: (found.offset, 0)}, None
        parts.append(own)
        selected.append(counts)
    layer: Layer
    if arrays and (len(arrays) > 1 or next(iter(arrays.values())).ndim != 1 or front):
        layer = _scattered(x, entries, front, arrays, parts, selected, value)
        return new_array(layer, x._chunks, x._meta, x._shape)
    chosen = tuple([sizes for sizes in selected if sizes is not None])
    literal, array = _values(x, value, shape_of(chosen))
    layers: tuple[Layer, ...] = ()
    if array is not None:
        if order is not None:
            array = array[(*[slice(None)] * order[0], order[1])]
        layers = (rechunk_to(array, chosen)._layer,)
    name = f"setitem-{quick_token('setitem', x.name, *_token(entries), literal, *[layer.name for layer in layers])}"
    value_axes = tuple([axis for axis, sizes in enumerate(selected) if sizes is not None])
    layer = AssignBlocks(name, (x._layer, *layers), tuple(parts), literal, value_axes)
    return new_array(layer, x._chunks, x._meta, x._shape)


def _sliced(entry: slice, sizes: Sizes) -> tuple[Parts, Sizes]:
    """Return the parts of blocks that a slice selects, and their sizes."""
    if entry == slice(None):
        return {block: (slice(None), block) for block in range(len(sizes))}, sizes
    if len(range(entry.start, entry.stop, entry.step)) == 0:
        return {}, (0,)
    cut: Any = cut_slice(sizes, entry.start, entry.stop, entry.step)
    located = [(*cut.locate(number), number) for number in range(len(cut.sizes))]
    return {block: (part, number) for block, part, number in located}, cut.sizes


def _assigned_lazily(x: ArrayBase, entries: list[Any], front: bool, value: Any) -> Any:
    """Return the array with values at arrays, which are chunked or get values of unknown number, beside ints and slices."""
    if not isinstance(value, ArrayBase) and not np.ndim(value):
        _check_cast(x, value)
    basic = [slice(None) if isinstance(entry, np.ndarray | ArrayBase) else entry for entry in entries]
    part: Any = slice_basic(x, basic)
    kept = [entry for entry in entries if not isinstance(entry, int)]
    chosen: dict[int, Any] = {
        axis: entry for axis, entry in enumerate(kept) if isinstance(entry, np.ndarray | ArrayBase)
    }
    first = advanced(entries)[0]
    at = 0 if front else sum(isinstance(entry, slice) for entry in entries[:first])
    masks = [axis for axis, entry in chosen.items() if entry.dtype == bool]
    new = None
    if len(chosen) == 1 and masks:
        new = _put_true(part, chosen[masks[0]], masks[0], at, value)
    if new is None:
        positions = {axis: entry for axis, entry in chosen.items() if axis not in masks}
        for axis in masks:
            positions.update(enumerate(true_positions(chosen[axis]), axis))
        new = put_lazily(part, positions, value, at)
    return new if part is x else _assigned_at(x, basic, False, new)


def _put_true(x: ArrayBase, mask: Any, axis: int, at: int, value: Any) -> Any:
    """Return the array with values where a mask, which covers axes from ``axis`` on, is true; None if their order matters.

    ``at`` is the axis of what is selected in the values.
    """
    given: Any = value if isinstance(value, ArrayBase) else as_numpy(value)
    ndim = x.ndim - mask.ndim + 1
    given = _squeezed(given, ndim) if given.ndim > ndim else given
    # The axis of what is selected, counted from the values' last one.
    back = ndim - at
    if given.ndim < back or given.shape[-back] == 1:
        if given.ndim:
            given = given[(*[None] * (ndim - given.ndim), ...)]
            given = given if isinstance(given, ArrayBase) or at == axis else as_array(given)
            given = moveaxis(given, at, axis) if at != axis else given
            given = given[(*[slice(None)] * (axis + 1), *[None] * (mask.ndim - 1))]
        else:
            given = value
        return _where(x, mask[(..., *[None] * (x.ndim - axis - mask.ndim))], given)
    return put_back(x, mask, axis, given) if at == axis else None


def _without_new_axes(entries: list[Any], front: bool, value: Any) -> Any:
    """Return values for an index without its new axes, along which they have the length 1 or lack an axis."""
    given: Any = value if isinstance(value, ArrayBase) else as_numpy(value)
    arrays = [entry for entry in entries if isinstance(entry, np.ndarray | ArrayBase)]
    count = max([1 if entry.dtype == bool else entry.ndim for entry in arrays], default=0)
    own = [entry for entry in entries if entry is None or (isinstance(entry, slice) and entry is not SPANNED)]
    at = (
        0
        if front or not arrays
        else sum(entry is None or isinstance(entry, slice) for entry in entries[: advanced(entries)[0]])
    )
    ndim = len(own) + count
    given = _squeezed(given, ndim) if given.ndim > ndim else given
    drop = [(n if n < at else n + count) - ndim + given.ndim for n, entry in enumerate(own) if entry is None]
    drop = [axis for axis in drop if axis >= 0]
    if not drop:
        return value if not given.ndim else given
    if any(given.shape[axis] != 1 and not is_unknown(given.shape[axis]) for axis in drop):
        raise ValueError(
            f"could not broadcast input array from shape {given.shape} into a shape with the length 1 at new axes (None)"
        )
    return given[tuple([0 if axis in drop else slice(None) for axis in range(given.ndim)])]


def _scattered(
    x: ArrayBase,
    entries: list[Any],
    front: bool,
    arrays: dict[int, Any],
    parts: list[Parts],
    selected: list[Sizes | None],
    value: Any,
) -> Layer:
    """Return the layer of an assignment to points, by NumPy's rules for the order of the selection's axes."""
    axes, shape, points = points_of(x, arrays)
    others = [axis for axis in range(x.ndim) if axis not in axes]
    rest: list[Any] = [selected[axis] for axis in others if selected[axis] is not None]
    lengths = shape_of(tuple(rest))
    first = advanced(entries)[0]
    at = 0 if front else sum(isinstance(entry, slice) for entry in entries[:first])
    literal, array = _values(x, value, (*lengths[:at], *shape, *lengths[at:]))
    layers = () if array is None else (values_in_order(array, at, len(shape), tuple(rest)),)
    name = f"setitem-{quick_token('setitem', x.name, *_token(entries), literal, *[layer.name for layer in layers])}"
    value_axes = tuple([n for n, axis in enumerate(others) if selected[axis] is not None])
    own = tuple([parts[axis] for axis in others])
    return AssignPoints(name, (x._layer, *layers), axes, points, own, literal, value_axes)


def _token(entries: list[Any]) -> list[Any]:
    parts: list[Any] = []
    for entry in entries:
        if isinstance(entry, np.ndarray):
            parts += array_parts(entry)
        else:
            parts.append(("slice", entry.start, entry.stop, entry.step) if isinstance(entry, slice) else entry)
    return parts


def _is_mask(index: Any) -> bool:
    return isinstance(index, bool | np.bool_) or (isinstance(index, ArrayBase | np.ndarray) and index.dtype == bool)


def _is_masked(x: Any) -> bool:
    return isinstance(x._meta if isinstance(x, ArrayBase) else x, np.ma.MaskedArray)


def _squeezed(value: Any, ndim: int) -> Any:
    """Return values without the first axes that are more than ``ndim``, as far as these have the length 1."""
    given: Any = value if isinstance(value, ArrayBase) else as_numpy(value)
    while given.ndim > ndim and given.shape[0] == 1:
        given = given[0]
    return given if given.ndim else value


def _fits_mask(x: ArrayBase, mask: Any, value: Any) -> bool:
    """Whether a value is a single one, or has the array's shape; others list one for each place where the mask is true."""
    given = value if isinstance(value, ArrayBase) else as_numpy(value)
    if all(n == 1 for n in given.shape):
        return given.ndim <= max(x.ndim, 1)
    # An unknown length is that of the array only if the array's isn't known either.
    lengths = [k if is_unknown(m) else m for m, k in zip(x.shape, mask.shape, strict=True)]
    return given.ndim == x.ndim and all(n == m or is_unknown(m) for n, m in zip(given.shape, lengths, strict=True))


def _where(x: ArrayBase, mask: Any, value: Any) -> Any:
    """Return the array with values where a mask is true; both broadcast to it."""
    given = value if isinstance(value, ArrayBase) else as_numpy(value)
    fits = given.ndim <= x.ndim and all(
        n in (1, m) or is_unknown(n) or is_unknown(m) for n, m in zip(given.shape[::-1], x.shape[::-1], strict=False)
    )
    if not fits:
        raise ValueError(
            f"shape mismatch: value array of shape {given.shape} could not be broadcast to what the index selects of {x.shape}"
        )
    func = put_where_known if has_unknown(given.shape) else put_where
    if not given.ndim and not isinstance(value, ArrayBase):
        _check_cast(x, value)
    return elementwise(func, x, mask, value, meta=x._meta)


def put_where(block: Any, mask: Any, value: Any) -> Any:
    """Return a copy of a block with values where a mask is true.

    Examples
    --------
    >>> put_where(np.arange(3), np.array([True, False, False]), 9)
    array([9, 1, 2])
    """
    out = as_block(block).copy()
    if not isinstance(out, np.ma.MaskedArray):
        np.copyto(out, value, where=mask, casting="unsafe")
        return out
    where = np.broadcast_to(np.asarray(mask), out.shape)
    if isinstance(mask, np.ma.MaskedArray):
        # With a masked index NumPy leaves the masks of elements as they are.
        where = np.ma.masked_array(where)
    if not np.ndim(value):
        out[where] = value
        return out
    chosen = np.broadcast_to(np.ma.getdata(value), out.shape)[where]
    if isinstance(value, np.ma.MaskedArray):
        chosen = np.ma.masked_array(chosen, np.broadcast_to(np.ma.getmaskarray(value), out.shape)[where])
    out[where] = chosen
    return out


def put_where_known(block: Any, mask: Any, value: Any) -> Any:
    """Return what ``put_where`` does, of values whose lengths weren't known; raises ValueError unless they are the block's.

    Examples
    --------
    >>> put_where_known(np.arange(3), True, np.array([9, 9, 9]))
    array([9, 9, 9])
    """
    if np.shape(value) != np.shape(block):
        raise ValueError(
            f"a block of values has shape {np.shape(value)}, the block that they are assigned to {np.shape(block)}: values of "
            "unknown number are what the same mask selected (x[mask] = f(x[mask])), or as many as x has"
        )
    return put_where(block, mask, value)


def _owned(positions: Any, sizes: Sizes) -> tuple[dict[int, tuple[Any, int]], Sizes]:
    """Return which block has which of some ascending positions, and how many each has."""
    edges = edges_of(sizes)
    owners, first = np.unique(np.searchsorted(edges, positions, side="right") - 1, return_index=True)
    blocks = owners.tolist()
    split = np.split(positions, first[1:]) if blocks else []
    pieces = [piece - edges[block] for block, piece in zip(blocks, split, strict=True)]
    found = {block: (piece, number) for number, (block, piece) in enumerate(zip(blocks, pieces, strict=True))}
    return found, tuple([len(piece) for piece in pieces]) or (0,)


def _check_cast(x: ArrayBase, value: Any) -> None:
    """Raise what NumPy does for what can't be converted, such as nan for an int: at once, not in a task."""
    sample: Any = np.ma.zeros(1, x.dtype) if _is_masked(value) else np.zeros(1, x.dtype)
    sample[0:1] = value


def _values(x: ArrayBase, value: Any, shape: tuple[Any, ...]) -> tuple[Any, Any]:
    """Return the values as a literal and None, or None and an array of the selection's shape."""
    given = value if isinstance(value, ArrayBase) else as_numpy(value)
    if given.ndim == 0 and not isinstance(value, ArrayBase):
        _check_cast(x, value)
        return value, None
    array = as_array(_squeezed(given, len(shape)))
    fits = array.ndim <= len(shape) and all(
        n == m or n == 1 or n != n or m != m for n, m in zip(array.shape[::-1], shape[::-1], strict=False)
    )
    if not fits:
        raise ValueError(f"could not broadcast input array from shape {array.shape} into shape {shape}")
    # Lengths that aren't known are left as they are: the task that assigns says whether they fit.
    lengths = [n if n != n else m for n, m in zip(array.shape, shape[len(shape) - array.ndim :], strict=True)]
    return None, broadcast_to(array, (*shape[: len(shape) - array.ndim], *lengths))

"""``x[index] = value``: the array gets another layer; arrays that were made from it before keep theirs.

Each block that the index touches is copied and assigned to; the values are cut as the index cuts the blocks, so that a block
meets one block of values. A boolean chunked mask selects elementwise.

Place in the flow: beside ``getting``; ``Array.__setitem__`` is this.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minidask.array.chunks import Chunks, Sizes, shape_of
from minidask.array.collection import ArrayBase, as_numpy
from minidask.array.elementwise import as_array, elementwise
from minidask.array.rechunk import rechunk_to
from minidask.array.shaping import broadcast_to
from minidask.array.slicing.cuts import cut_at, cut_slice
from minidask.array.slicing.index import advanced, apart, read_index
from minidask.array.slicing.layers import AssignBlocks
from minidask.array.slicing.scatter import AssignPoints, Parts, points_of, values_in_order
from minidask.graph import Layer
from minidask.tokenize import quick_token


def setitem(x: ArrayBase, index: Any, value: Any) -> None:
    """Put values into part of an array, which gets another name.

    Parameters
    ----------
    x : Array
    index
        As for ``x[index]``, without new axes; or a boolean array of the array's shape.
    value
        A literal, or an array that broadcasts to the part's shape; it is cast to the array's dtype.

    Raises
    ------
    IndexError
        As NumPy does.
    ValueError
        If the values don't broadcast to the part.
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
    layer, chunks = _assigned(x, index, value)
    x._layer, x._chunks, x._graph = layer, chunks, None


def _assigned(x: ArrayBase, index: Any, value: Any) -> tuple[Layer, Chunks]:
    mask = _whole_mask(x, index)
    if mask is not None:
        return _masked(x, mask, value)
    entries = read_index(index, x.shape)
    if any(entry is None for entry in entries):
        raise NotImplementedError("assigning to a new axis (None) isn't built: leave it out of the index")
    lazy = [axis for axis, entry in enumerate(entries) if isinstance(entry, ArrayBase)]
    if lazy:
        return _masked(x, _expanded(x, entries, lazy), value)
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
    if arrays and (len(arrays) > 1 or next(iter(arrays.values())).ndim != 1 or apart(entries)):
        return _scattered(x, entries, arrays, parts, selected, value)
    chosen = tuple([sizes for sizes in selected if sizes is not None])
    literal, array = _values(x, value, shape_of(chosen))
    layers: tuple[Layer, ...] = ()
    if array is not None:
        if order is not None:
            array = array[(*[slice(None)] * order[0], order[1])]
        layers = (rechunk_to(array, chosen)._layer,)
    name = f"setitem-{quick_token('setitem', x.name, _token(entries), literal, *[layer.name for layer in layers])}"
    value_axes = tuple([axis for axis, sizes in enumerate(selected) if sizes is not None])
    return AssignBlocks(name, (x._layer, *layers), tuple(parts), literal, value_axes), x._chunks


def _sliced(entry: slice, sizes: Sizes) -> tuple[Parts, Sizes]:
    """Return the parts of blocks that a slice selects, and their sizes."""
    if entry == slice(None):
        return {block: (slice(None), block) for block in range(len(sizes))}, sizes
    if len(range(entry.start, entry.stop, entry.step)) == 0:
        return {}, (0,)
    cut: Any = cut_slice(sizes, entry.start, entry.stop, entry.step)
    located = [(*cut.locate(number), number) for number in range(len(cut.sizes))]
    return {block: (part, number) for block, part, number in located}, cut.sizes


def _expanded(x: ArrayBase, entries: list[Any], lazy: list[int]) -> Any:
    """Return a chunked mask of one axis as one over all."""
    whole = all(
        entry == slice(None) or entry == slice(0, n, 1)
        for entry, n in zip(entries, x.shape, strict=True)
        if not isinstance(entry, ArrayBase)
    )
    mask = entries[lazy[0]]
    if len(lazy) > 1 or not whole or mask.dtype != bool:
        raise NotImplementedError(
            "assigning at a chunked array is built for one mask of booleans, with whole axes beside it: "
            "use da.where for other masks, and compute positions first"
        )
    return mask[(slice(None), *[None] * (x.ndim - lazy[0] - 1))]


def _scattered(
    x: ArrayBase,
    entries: list[Any],
    arrays: dict[int, Any],
    parts: list[Parts],
    selected: list[Sizes | None],
    value: Any,
) -> tuple[Layer, Chunks]:
    """Return the layer of an assignment to points, by NumPy's rules for the order of the selection's axes."""
    axes, shape, points = points_of(x, arrays)
    others = [axis for axis in range(x.ndim) if axis not in axes]
    rest: list[Any] = [selected[axis] for axis in others if selected[axis] is not None]
    lengths = shape_of(tuple(rest))
    first = advanced(entries)[0]
    at = 0 if apart(entries) else sum(isinstance(entry, slice) for entry in entries[:first])
    literal, array = _values(x, value, (*lengths[:at], *shape, *lengths[at:]))
    layers = () if array is None else (values_in_order(array, at, len(shape), tuple(rest)),)
    name = f"setitem-{quick_token('setitem', x.name, _token(entries), literal, *[layer.name for layer in layers])}"
    value_axes = tuple([n for n, axis in enumerate(others) if selected[axis] is not None])
    own = tuple([parts[axis] for axis in others])
    return AssignPoints(name, (x._layer, *layers), axes, points, own, literal, value_axes), x._chunks


def _token(entries: list[Any]) -> Any:
    return tuple([("slice", e.start, e.stop, e.step) if isinstance(e, slice) else e for e in entries])


def _whole_mask(x: ArrayBase, index: Any) -> Any:
    """Return a boolean array over all axes, or None if the index is none."""
    if isinstance(index, tuple) and len(index) == 1:
        index = index[0]
    if isinstance(index, ArrayBase | np.ndarray) and index.dtype == bool and index.ndim == x.ndim:
        if index.shape != x.shape and not any(n != n for n in (*index.shape, *x.shape)):
            raise IndexError(f"boolean index has shape {index.shape}, but the array has {x.shape}")
        return index
    return None


def _masked(x: ArrayBase, mask: Any, value: Any) -> tuple[Layer, Chunks]:
    given = value if isinstance(value, ArrayBase) else as_numpy(value)
    fits = given.ndim <= x.ndim and all(
        n in (1, m) or n != n or m != m for n, m in zip(given.shape[::-1], x.shape[::-1], strict=False)
    )
    if not fits:
        raise NotImplementedError(
            "assigning a list of values to where a mask is true isn't built, since their number depends on data: give a single "
            "value, or an array that broadcasts to x's shape, of which those where the mask is true are taken"
        )
    out = elementwise(put_where, x, mask, value, dtype=x.dtype)
    return out._layer, out._chunks


def put_where(block: Any, mask: Any, value: Any) -> Any:
    """Return a copy of a block with values where a mask is true.

    Examples
    --------
    >>> put_where(np.arange(3), np.array([True, False, False]), 9)
    array([9, 1, 2])
    """
    out = np.array(block)
    np.copyto(out, value, where=mask, casting="unsafe")
    return out


def _owned(positions: Any, sizes: Sizes) -> tuple[dict[int, tuple[Any, int]], Sizes]:
    """Return which block has which of some ascending positions, and how many each has."""
    edges = np.cumsum([0, *sizes])
    owner = np.searchsorted(edges, positions, side="right") - 1
    blocks = np.unique(owner).tolist()
    pieces = [positions[owner == block] - edges[block] for block in blocks]
    found = {block: (piece, number) for number, (block, piece) in enumerate(zip(blocks, pieces, strict=True))}
    return found, tuple([len(piece) for piece in pieces]) or (0,)


def _values(x: ArrayBase, value: Any, shape: tuple[Any, ...]) -> tuple[Any, Any]:
    """Return the values as a literal and None, or None and an array of the selection's shape."""
    given = value if isinstance(value, ArrayBase) else as_numpy(value)
    if given.ndim == 0 and not isinstance(value, ArrayBase):
        # NumPy refuses what can't be converted, such as nan for an int: at once, not in a task.
        np.zeros(1, x.dtype)[0:1] = value
        return value, None
    array = as_array(given)
    while array.ndim > len(shape) and array.shape[0] == 1:
        array = array[0]
    fits = array.ndim <= len(shape) and all(
        n == m or n == 1 or n != n or m != m for n, m in zip(array.shape[::-1], shape[::-1], strict=False)
    )
    if not fits:
        raise ValueError(f"could not broadcast input array from shape {array.shape} into shape {shape}")
    return None, broadcast_to(array, shape)

"""Arrays with something beyond their ends, as blocks of their own: ``boundaries`` and its rules, one axis at a time;
``add_dummy_padding``.

Place in the flow: above slicing and joining. ``overlap`` doesn't use these: it cuts what stands beyond the ends as it cuts
borders.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minidask.array.chunks import check_known, normalize_axis
from minidask.array.creation.filled import full
from minidask.array.joining import concatenate
from minidask.array.overlap.depths import check_array, read_boundary, read_depth
from minidask.array.rechunk import rechunk_to
from minidask.array.shaping import broadcast_to


def _pair(x: Any, axis: int, depth: Any) -> tuple[int, tuple[int, int]]:
    axis = normalize_axis(axis, check_array("padding", x).ndim)
    pair = read_depth(x.ndim, {axis: depth})[axis]
    check_known("padding", (x.shape[axis],))
    if max(pair) > x.shape[axis]:
        raise ValueError(f"The overlapping depth {max(pair)} is larger than your array {x.shape[axis]}.")
    return axis, pair


def _part(x: Any, axis: int, part: slice) -> Any:
    return x[(*[slice(None)] * axis, part)]


def _joined(x: Any, axis: int, low: Any, high: Any) -> Any:
    parts = [part for part in (low, x, high) if part is x or part.shape[axis]]
    one = [part if part is x else _one_block(part, axis) for part in parts]
    return one[0] if len(one) == 1 else concatenate(one, axis=axis)


def _one_block(part: Any, axis: int) -> Any:
    return rechunk_to(part, (*part._chunks[:axis], (part.shape[axis],), *part._chunks[axis + 1 :]))


def periodic(x: Any, axis: int, depth: Any) -> Any:
    """Return an array with its other end beyond each end of an axis.

    Parameters
    ----------
    x : Array
    axis : int
    depth : int or pair of int
        Elements, before and after.

    Raises
    ------
    ValueError
        If the depth is negative or larger than the array.

    Examples
    --------
    >>> import minidask.array as da
    >>> periodic(da.arange(4, chunks=2), 0, 1).compute()
    array([3, 0, 1, 2, 3, 0])
    """
    axis, (before, after) = _pair(x, axis, depth)
    length = x.shape[axis]
    return _joined(x, axis, _part(x, axis, slice(length - before, None)), _part(x, axis, slice(0, after)))


def reflect(x: Any, axis: int, depth: Any) -> Any:
    """Return an array with its mirror image beyond each end of an axis; arguments as for ``periodic``.

    Examples
    --------
    >>> import minidask.array as da
    >>> reflect(da.arange(4, chunks=2), 0, 2).compute()
    array([1, 0, 0, 1, 2, 3, 3, 2])
    """
    axis, (before, after) = _pair(x, axis, depth)
    length = x.shape[axis]
    low, high = _part(x, axis, slice(0, before)), _part(x, axis, slice(length - after, None))
    mirror = slice(None, None, -1)
    return _joined(x, axis, _part(low, axis, mirror), _part(high, axis, mirror))


def nearest(x: Any, axis: int, depth: Any) -> Any:
    """Return an array with its last elements again beyond each end of an axis; arguments as for ``periodic``.

    Examples
    --------
    >>> import minidask.array as da
    >>> nearest(da.arange(4, chunks=2), 0, 2).compute()
    array([0, 0, 0, 1, 2, 3, 3, 3])
    """
    axis, (before, after) = _pair(x, axis, depth)
    length = x.shape[axis]

    def repeated(part: slice, count: int) -> Any:
        return broadcast_to(_part(x, axis, part), (*x.shape[:axis], count, *x.shape[axis + 1 :]))

    if not length:
        return x
    return _joined(x, axis, repeated(slice(0, 1), before), repeated(slice(length - 1, None), after))


def constant(x: Any, axis: int, depth: Any, value: Any) -> Any:
    """Return an array with a value beyond each end of an axis; other arguments as for ``periodic``.

    Examples
    --------
    >>> import minidask.array as da
    >>> constant(da.arange(4, chunks=2), 0, 1, 9).compute()
    array([9, 0, 1, 2, 3, 9])
    """
    axis, pair = _pair(x, axis, depth)
    value = read_boundary(x.ndim, {axis: value}, x.dtype)[axis]

    def filled(count: int) -> Any:
        shape = (*x.shape[:axis], count, *x.shape[axis + 1 :])
        chunks = (*x._chunks[:axis], (count,), *x._chunks[axis + 1 :])
        return full(shape, value, x.dtype, chunks)

    return _joined(x, axis, filled(pair[0]), filled(pair[1]))


_RULES: dict[str, Any] = {"reflect": reflect, "periodic": periodic, "nearest": nearest}


def boundaries(x: Any, depth: Any = None, kind: Any = None) -> Any:
    """Return an array with what stands beyond its ends as blocks of their own, one axis after the other.

    Parameters
    ----------
    x : Array
    depth : int, tuple or dict, optional
    kind : str, scalar, tuple or dict, optional
        The boundaries; see ``overlap``.

    Raises
    ------
    ValueError
        If a depth is negative or larger than the array, or a boundary unknown.
    TypeError
        If ``x`` is no chunked array.

    Examples
    --------
    >>> import minidask.array as da
    >>> boundaries(da.arange(4, chunks=2), {0: 1}, {0: "periodic"}).chunks
    ((1, 2, 2, 1),)
    """
    array: Any = check_array("boundaries", x)
    depths = read_depth(array.ndim, depth)
    for axis, rule in enumerate(read_boundary(array.ndim, kind, array.dtype)):
        if not max(depths[axis]) or (isinstance(rule, str) and rule == "none"):
            continue
        if isinstance(rule, str) and rule in _RULES:
            array = _RULES[rule](array, axis, depths[axis])
        else:
            array = constant(array, axis, depths[axis], rule)
    return array


def add_dummy_padding(x: Any, depth: Any, boundary: Any) -> Any:
    """Return an array with zeros at the ends of axes of the boundary ``"none"``, in the first and last blocks, so that all may
    be trimmed.

    Parameters
    ----------
    x : Array
    depth : int, tuple or dict
    boundary : str, scalar, tuple or dict

    Raises
    ------
    ValueError
        If a depth is negative or larger than the array, or a boundary unknown.
    TypeError
        If ``x`` is no chunked array.

    Examples
    --------
    >>> import minidask.array as da
    >>> add_dummy_padding(da.arange(6, chunks=3), {0: 1}, {0: "none"}).chunks
    ((4, 4),)
    """
    array: Any = check_array("add_dummy_padding", x)
    depths = read_depth(array.ndim, depth)
    for axis, rule in enumerate(read_boundary(array.ndim, boundary, array.dtype)):
        before, after = depths[axis]
        if not (isinstance(rule, str) and rule == "none") or not before + after:
            continue
        sizes = list(array._chunks[axis])
        sizes[0] += before
        sizes[-1] += after
        array = constant(array, axis, depths[axis], np.zeros((), array.dtype)[()])
        array = rechunk_to(array, (*array._chunks[:axis], tuple(sizes), *array._chunks[axis + 1 :]))
    return array

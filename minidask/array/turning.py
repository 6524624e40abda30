"""Order along axes: ``flip``, ``rot90``, ``roll``, ``rollaxis``. Slices, transposes and joins of these."""

from __future__ import annotations

from typing import Any

import numpy as np

from minidask.array.chunks import check_known, normalize_axes, normalize_axis
from minidask.array.collection import ArrayBase, another
from minidask.array.dispatch import implements
from minidask.array.elementwise import as_array
from minidask.array.joining import concatenate
from minidask.array.planned import planned
from minidask.array.reshaping import flattened, reshape
from minidask.array.shaping import transpose
from minidask.array.spelling import also_named


@implements(np.flip)
def flip(m: Any, axis: Any = None) -> Any:
    """Return an array with the order along axes (default: all) reversed.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.flip(da.arange(5, chunks=2)).compute()
    array([4, 3, 2, 1, 0])
    """
    x = as_array(m)
    axes = normalize_axes(axis, x.ndim)
    return x[tuple([slice(None, None, -1 if at in axes else None) for at in range(x.ndim)])]


@implements(np.flipud)
def flipud(m: Any) -> Any:
    """Return an array with its first axis reversed; raises ValueError if it has none.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.flipud(da.arange(3, chunks=2)).compute()
    array([2, 1, 0])
    """
    if as_array(m).ndim < 1:
        raise ValueError("Input must be >= 1-d.")
    return flip(m, 0)


@implements(np.fliplr)
def fliplr(m: Any) -> Any:
    """Return an array with its second axis reversed; raises ValueError if it has none.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.fliplr(da.arange(3, chunks=2)[None]).compute()
    array([[2, 1, 0]])
    """
    if as_array(m).ndim < 2:
        raise ValueError("Input must be >= 2-d.")
    return flip(m, 1)


@implements(np.rot90)
@planned
def rot90(m: Any, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Any:
    """Return an array turned ``k`` times by a right angle, from the first of two axes towards the second.

    Raises
    ------
    ValueError
        If ``axes`` are not two different ones.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.rot90(da.arange(4, chunks=2).reshape(2, 2)).compute().tolist()
    [[1, 3], [0, 2]]
    """
    x = as_array(m)
    if len(axes) != 2:
        raise ValueError("len(axes) must be 2.")
    one, other = [normalize_axis(axis, x.ndim) for axis in axes]
    if one == other:
        raise ValueError("Axes must be different.")
    k %= 4
    if k == 0:
        return x
    if k == 2:
        return flip(x, (one, other))
    order = list(range(x.ndim))
    order[one], order[other] = other, one
    return transpose(flip(x, other), order) if k == 1 else flip(transpose(x, order), other)


@implements(np.roll)
@also_named(array="a")
@planned
def roll(a: Any, shift: Any, axis: Any = None) -> Any:
    """Return an array whose elements are moved on along axes, those that fall off the end coming in at the beginning.

    Parameters
    ----------
    a : Array
    shift : int or tuple of int
    axis : int or tuple of int, optional
        Default: as if the array had one axis.

    Raises
    ------
    TypeError
        If shifts aren't numbers.
    ValueError
        If there are not as many shifts as axes.
    UnknownChunkSizes
        If a length isn't known.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.roll(da.arange(5, chunks=2), 2).compute()
    array([3, 4, 0, 1, 2])
    """
    x = as_array(a)
    if np.asarray([] if isinstance(shift, ArrayBase) else shift).dtype.kind not in "biuf":
        raise TypeError(f"roll needs integers to shift by, got {shift!r:.60}")
    if axis is None:
        return reshape(roll(flattened("roll", x), int(np.sum(shift)), 0), x.shape)
    axes = [normalize_axis(one, x.ndim) for one in (axis if isinstance(axis, tuple | list) else (axis,))]
    shifts = list(shift) if isinstance(shift, tuple | list | np.ndarray) else [shift]
    if len(shifts) != len(axes):
        if 1 not in (len(shifts), len(axes)):
            raise ValueError("'shift' and 'axis' should be scalars or 1D sequences of equal lengths")
        shifts, axes = (
            shifts * len(axes) if len(shifts) == 1 else shifts,
            axes * len(shifts) if len(axes) == 1 else axes,
        )
    for by, at in zip(shifts, axes, strict=True):
        check_known("roll", [x.shape[at]])
        length = x.shape[at]
        cut = -int(by) % length if length else 0
        if cut:
            front = (slice(None),) * at
            x = concatenate([x[(*front, slice(cut, None))], x[(*front, slice(None, cut))]], at)
    return another(x) if x is a else x


@implements(np.rollaxis)
def rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    """Return an array with an axis moved before another one; raises AxisError if one is out of range.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.rollaxis(da.ones((2, 3, 4)), 2).shape
    (4, 2, 3)
    """
    x = as_array(a)
    own = normalize_axis(axis, x.ndim)
    target = normalize_axis(start, x.ndim + 1) if start >= 0 else normalize_axis(start, x.ndim)
    order = [at for at in range(x.ndim) if at != own]
    order.insert(target - (own < target), own)
    return transpose(x, order)

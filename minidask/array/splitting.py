"""One array becomes several: ``array_split``, ``split``, ``hsplit``, ``vsplit``, ``dsplit``, ``unstack``.

Place in the flow: slices; the optimiser reads what is needed of sources.
"""

from __future__ import annotations

import operator
from itertools import pairwise
from typing import Any

import numpy as np

from minidask.array.chunks import check_known, normalize_axis
from minidask.array.dispatch import implements
from minidask.array.elementwise import as_array
from minidask.array.planned import planned


def _cut(what: str, ary: Any, indices_or_sections: Any, axis: int, even: bool) -> list[Any]:
    x = as_array(ary)
    if not x.ndim:
        raise ValueError(f"{what} only works on arrays of 1 or more dimensions")
    axis = normalize_axis(axis, x.ndim)
    length = x.shape[axis]
    check_known(what, [length])
    if hasattr(indices_or_sections, "__dask_graph__"):
        raise TypeError(f"{what} needs the places where it cuts in memory: compute them first")
    if np.ndim(indices_or_sections):
        edges = [0, *[operator.index(at) for at in indices_or_sections], None]
    else:
        count = operator.index(indices_or_sections)
        if count <= 0:
            raise ValueError("number sections must be larger than 0.")
        if even and length % count:
            raise ValueError(f"array split does not result in an equal division: {length} elements in {count} sections")
        each, more = divmod(length, count)
        edges = [0, *np.cumsum([each + (at < more) for at in range(count)]).tolist()]
    front = (slice(None),) * axis
    return [x[(*front, slice(low, high))] for low, high in pairwise(edges)]


@implements(np.array_split)
@planned
def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Return parts of an array along an axis: so many, or cut at positions; they needn't be equal.

    Raises
    ------
    ValueError
        If the number isn't above 0, or the array has no axis.
    TypeError
        If positions are no integers in memory.
    UnknownChunkSizes
        If the axis's length isn't known.

    Examples
    --------
    >>> import minidask.array as da
    >>> [x.shape for x in da.array_split(da.ones(5, chunks=2), 2)]
    [(3,), (2,)]
    """
    return _cut("array_split", ary, indices_or_sections, axis, False)


@implements(np.split)
@planned
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Return parts of an array along an axis; raises ValueError unless a number of parts divides the length.

    Examples
    --------
    >>> import minidask.array as da
    >>> [x.shape for x in da.split(da.ones(6, chunks=4), [1, 3])]
    [(1,), (2,), (3,)]
    """
    return _cut("split", ary, indices_or_sections, axis, True)


@implements(np.hsplit)
def hsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """Return parts along the second axis, of vectors along the first; see ``split``.

    Examples
    --------
    >>> import minidask.array as da
    >>> [x.shape for x in da.hsplit(da.ones((2, 4)), 2)]
    [(2, 2), (2, 2)]
    """
    x = as_array(ary)
    if not x.ndim:
        raise ValueError("hsplit only works on arrays of 1 or more dimensions")
    return split(x, indices_or_sections, 1 if x.ndim > 1 else 0)


@implements(np.vsplit)
def vsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """Return parts along the first axis; raises ValueError if there are less than two; see ``split``.

    Examples
    --------
    >>> import minidask.array as da
    >>> [x.shape for x in da.vsplit(da.ones((4, 2)), 2)]
    [(2, 2), (2, 2)]
    """
    x = as_array(ary)
    if x.ndim < 2:
        raise ValueError("vsplit only works on arrays of 2 or more dimensions")
    return split(x, indices_or_sections, 0)


@implements(np.dsplit)
def dsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """Return parts along the third axis; raises ValueError if there are less than three; see ``split``.

    Examples
    --------
    >>> import minidask.array as da
    >>> [x.shape for x in da.dsplit(da.ones((1, 2, 4)), 2)]
    [(1, 2, 2), (1, 2, 2)]
    """
    x = as_array(ary)
    if x.ndim < 3:
        raise ValueError("dsplit only works on arrays of 3 or more dimensions")
    return split(x, indices_or_sections, 2)


@implements(np.unstack)
@planned
def unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    """Return what ``stack`` would make the array of: its slices along an axis.

    Raises
    ------
    ValueError
        If it has no axis.
    UnknownChunkSizes
        If the axis's length isn't known.

    Examples
    --------
    >>> import minidask.array as da
    >>> [part.shape for part in da.unstack(da.ones((2, 3)), axis=1)]
    [(2,), (2,), (2,)]
    """
    x = as_array(x)
    if not x.ndim:
        raise ValueError("Input array must be at least 1-d.")
    axis = normalize_axis(axis, x.ndim)
    check_known("unstack", [x.shape[axis]])
    front = (slice(None),) * axis
    return tuple([x[(*front, at)] for at in range(x.shape[axis])])

"""Where elements aren't zero: ``nonzero``, ``flatnonzero``, ``argwhere``, ``count_nonzero``.

Place in the flow: above ``selecting``, whose selection by a mask keeps the positions that are wanted.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minidask.array.collection import check_known_shape
from minidask.array.creation.ranges import arange
from minidask.array.dispatch import implements
from minidask.array.elementwise import as_array, elementwise
from minidask.array.joining import stack
from minidask.array.planned import planned
from minidask.array.pointwise import astype
from minidask.array.reductions.folds import sum as sum_
from minidask.array.reshaping import flattened
from minidask.array.selecting import unravel_index
from minidask.array.slicing.getting import compress as keep_true


def is_true(block: Any) -> Any:
    """Return where a block's elements aren't zero, or empty; for records, where a field is.

    Examples
    --------
    >>> is_true(np.array([(0, 1), (0, 0)], "i4,i4"))
    array([ True, False])
    """
    mask = np.zeros(block.shape, bool)
    mask[np.nonzero(block) if block.ndim else ()] = True if block.ndim else bool(np.count_nonzero(block))
    return mask


def truth(x: Any) -> Any:
    """Return where an array's elements aren't zero."""
    if x.dtype.kind in "SUV":
        return elementwise(is_true, x, name="is_true", dtype=bool)
    return astype(x, bool)


@implements(np.nonzero)
def nonzero(a: Any) -> tuple[Any, ...]:
    """Return for each axis the positions of the elements that aren't zero (unknown chunk sizes).

    Raises
    ------
    ValueError
        If the array has no axis.
    UnknownChunkSizes
        If lengths aren't known.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.nonzero(da.from_array([3, 0, 4], chunks=2))[0].compute()
    array([0, 2])
    """
    return _nonzero(as_array(a), "nonzero")


def _nonzero(x: Any, what: str) -> tuple[Any, ...]:
    if not x.ndim:
        raise ValueError("Calling nonzero on 0d arrays is not allowed. Use atleast_1d(scalar).nonzero() instead.")
    check_known_shape(what, x)
    flat, numbers = _numbered(x)
    found = keep_true(numbers, flat, 0)
    return (found,) if x.ndim == 1 else unravel_index(found, x.shape)


@planned
def _numbered(x: Any) -> tuple[Any, Any]:
    """Return where an array's elements aren't zero, along one axis, and their positions."""
    flat = flattened("nonzero", truth(x))
    return flat, arange(flat.shape[0], chunks=flat.chunks, dtype=np.intp)


@implements(np.flatnonzero)
def flatnonzero(a: Any) -> Any:
    """Return the positions of the elements that aren't zero, as if the array had one axis.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.flatnonzero(da.from_array([[3, 0], [0, 4]], chunks=1)).compute()
    array([0, 3])
    """
    x = flattened("flatnonzero", a)
    return _nonzero(x, "flatnonzero")[0]


@implements(np.argwhere)
def argwhere(a: Any) -> Any:
    """Return the indices of the elements that aren't zero, one row each.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.argwhere(da.from_array([[3, 0], [0, 4]], chunks=1)).compute().tolist()
    [[0, 0], [1, 1]]
    """
    x = as_array(a)
    if not x.ndim:
        return stack(nonzero(x[None]))[:0].T
    found = _nonzero(x, "argwhere")
    return stack(found).T if x.ndim > 1 else found[0][:, None]


@implements(np.count_nonzero)
def count_nonzero(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """Return the number of elements along axes that aren't zero.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.count_nonzero(da.arange(5, chunks=2)).compute()
    np.int64(4)
    """
    return sum_(truth(as_array(a)), axis, np.intp, keepdims)

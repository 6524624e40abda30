"""``searchsorted``: where values belong in a sorted array.

A value belongs behind all that are smaller: it is looked up in every block of the sorted array, and the numbers are added up by
a tree. No block needs to know where it lies, so that sizes needn't be known.

Place in the flow: one blockwise layer over pairs of blocks, then a sum.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from minidask.array.collection import new_array
from minidask.array.dispatch import implements
from minidask.array.elementwise import as_array
from minidask.array.meta import numpy_meta
from minidask.array.planned import planned
from minidask.array.reductions.folds import sum as total
from minidask.array.sources import symbols
from minidask.graph import blockwise


class Below(NamedTuple):
    """Count for each value of a block how many of a sorted block are below it, along one axis more."""

    side: Any

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "searchsorted"

    def __call__(self, ordered: Any, values: Any) -> Any:
        return np.asarray(np.searchsorted(ordered, values, side=self.side))[None]


@implements(np.searchsorted)
@planned
def searchsorted(a: Any, v: Any, side: str = "left", sorter: Any = None) -> Any:
    """Return where values would have to be inserted into a sorted array to keep it sorted.

    Parameters
    ----------
    a : Array
        Of one axis, in order.
    v : Array
    side : str
        ``"left"`` of equal elements, or ``"right"`` of them.
    sorter : Array or array-like of int, optional
        Positions that put ``a`` in order, such as ``argsort`` gives.

    Returns
    -------
    places : Array
        In the shape and chunks of ``v``.

    Raises
    ------
    TypeError
        If the sorter's elements are no integers.
    ValueError
        If ``a`` has another number of axes, or ``side`` is neither.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.searchsorted(da.arange(0, 10, 2, chunks=2), da.from_array([3, 4], chunks=1)).compute()
    array([2, 2])
    """
    ordered, values = as_array(a), as_array(v)
    if ordered.ndim != 1:
        raise ValueError(f"the sorted array must have one axis, got {ordered.ndim}")
    if sorter is not None:
        order = as_array(sorter)
        if order.dtype.kind not in "iu":
            raise TypeError("sorter must only contain integers")
        if order.ndim != 1 or (order.shape != ordered.shape and not any(n != n for n in order.shape + ordered.shape)):
            raise ValueError("sorter.size must equal a.size")
        ordered = ordered[order]
    if side not in ("left", "right"):
        raise ValueError(f"search side must be 'left' or 'right' (got {side!r})")
    np.searchsorted(np.empty(0, ordered.dtype), np.empty(0, values.dtype))
    index = symbols(values.ndim)
    find: Any = Below(side)
    pairs = blockwise(
        find,
        ("ordered", *index),
        (ordered._layer, ("ordered",)),
        (values._layer, index),
        prefix="searchsorted",
        token=("searchsorted", side),
    )
    chunks = ((1,) * ordered.numblocks[0], *values.chunks)
    return total(new_array(pairs, chunks, numpy_meta(np.dtype(np.intp), len(chunks))), axis=0)

"""``shuffle``: reorder an axis so that groups of positions come together, each in one block.

Place in the flow: one layer that takes positions; what groups rows (xarray's ``groupby``) calls this.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minidask.array.chunks import check_known, largest_of, normalize_axis
from minidask.array.collection import new_array
from minidask.array.elementwise import as_array
from minidask.array.naming import array_parts
from minidask.array.slicing.layers import TakePositions
from minidask.tokenize import quick_token


def shuffle(x: Any, indexer: Sequence[Sequence[int]], axis: int, chunks: str = "auto") -> Any:
    """Return an array with the positions of an axis in the order of groups, no group in more than one block.

    Parameters
    ----------
    x : Array
    indexer : list of lists of int
        The groups: positions along the axis.
    axis : int
    chunks : str
        ``"auto"``: as many groups a block as fit the largest block of ``x``.

    Raises
    ------
    IndexError
        If a position is out of range.
    NotImplementedError
        For other ``chunks``.
    TypeError
        If groups aren't of integers.
    UnknownChunkSizes
        If sizes along the axis aren't known.

    Examples
    --------
    >>> import minidask.array as da
    >>> x = da.arange(6, chunks=3)
    >>> y = da.shuffle(x, [[0, 2, 4], [1, 3], [5]], axis=0)
    >>> y.chunks, y.compute()
    (((3, 3),), array([0, 2, 4, 1, 3, 5]))
    """
    if chunks != "auto":
        raise NotImplementedError(f"shuffle makes blocks by itself (chunks='auto'), got {chunks!r}: rechunk the result")
    array = as_array(x)
    at = normalize_axis(axis, array.ndim)
    check_known("shuffle", array.chunks[at])
    groups = [np.asarray(group) for group in indexer]
    if any(group.ndim != 1 or (len(group) and group.dtype.kind not in "iu") for group in groups):
        raise TypeError("the groups of a shuffle are lists of integers")
    length = int(array.shape[at])
    limit = largest_of(array.chunks[at])
    pieces: list[Any] = []
    count = 0
    for group in groups:
        if len(group) and not (group.min() >= 0 and group.max() < length):
            raise IndexError(f"a group has positions outside of the axis, which has the length {length}")
        if pieces and count + len(group) <= limit:
            pieces[-1] = np.concatenate([pieces[-1], group.astype(np.intp)])
        else:
            pieces.append(group.astype(np.intp))
        count = len(pieces[-1])
    pieces = pieces or [np.empty(0, np.intp)]
    sizes = tuple(map(len, pieces))
    name = f"shuffle-{quick_token('shuffle', array.name, at, sizes, *array_parts(np.concatenate(pieces)))}"
    layer = TakePositions(name, array._layer, at, pieces, array.chunks[at])
    return new_array(layer, (*array.chunks[:at], sizes, *array.chunks[at + 1 :]), array._meta)

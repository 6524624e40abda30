"""From arrays to other things: delayed blocks, dataframes, arrays in memory, and chunk sizes that weren't known.

Place in the flow: above ``collection``; ``Array``'s methods of the same names are these.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minidask.array.chunks import is_unknown
from minidask.array.collection import ArrayBase
from minidask.array.sources import grid_sizes, symbols
from minidask.collection import compute, optimize
from minidask.collection.upward import upward
from minidask.delayed import Delayed
from minidask.graph import Blockwise
from minidask.graph.blockwise import InputOf
from minidask.tokenize import quick_token


def to_delayed(x: ArrayBase, optimize_graph: bool = True) -> Any:
    """Return a NumPy array of delayed values, one a block.

    Parameters
    ----------
    x : Array
    optimize_graph : bool
        Whether the graph is optimised first.

    Examples
    --------
    >>> import minidask.array as da
    >>> to_delayed(da.ones(3, chunks=2))[1].compute()
    array([1.])
    """
    if optimize_graph:
        x = optimize(x, traverse=False)[0]
    graph = x.__dask_graph__()
    out = np.empty(x.numblocks, dtype=object)
    for index in np.ndindex(*x.numblocks):
        out[index] = Delayed((x.name, *index), graph, layer=x.name)
    return out


def compute_chunk_sizes(x: Any) -> Any:
    """Compute the sizes of blocks that aren't known, and set them; return the array.

    Everything that the blocks are made of is computed once for it, and is not kept.

    Examples
    --------
    >>> import minidask.array as da
    >>> x = da.arange(5, chunks=3)
    >>> x[x > 1].compute_chunk_sizes().chunks
    ((1, 2),)
    """
    unknown = [axis for axis, sizes in enumerate(x._chunks) if any(map(is_unknown, sizes))]
    if not unknown:
        return x
    index = symbols(x.ndim)
    layer = Blockwise(
        f"shape-{quick_token('shape', x.name)}",
        (x._layer,),
        np.shape,
        index,
        ((InputOf(0), index),),
        grid_sizes(x.numblocks),
    )
    shapes = compute(Shapes(layer, x._chunks, x._meta), traverse=False)[0]
    chunks = list(x._chunks)
    for axis in unknown:
        sizes = []
        for number in range(x.numblocks[axis]):
            found = {shape[axis] for at, shape in shapes.items() if at[axis] == number}
            if len(found) > 1:
                raise ValueError(f"blocks of row {number} along axis {axis} have different lengths: {sorted(found)}")
            sizes.append(found.pop())
        chunks[axis] = tuple(sizes)
    x._chunks, x._shape = tuple(chunks), None
    return x


class Shapes(ArrayBase):
    """Blocks that are shapes; computes to ``{index: shape}``."""

    __slots__ = ()

    def __dask_postcompute__(self) -> Any:
        return _by_index, (self._layer.numblocks,)


def _by_index(blocks: Any, numblocks: tuple[int, ...]) -> dict[tuple[int, ...], Any]:
    out = {}
    for index in np.ndindex(*numblocks):
        block = blocks
        for at in index:
            block = block[at]
        out[index] = block
    return out


def to_dask_dataframe(x: ArrayBase, columns: Any = None, index: Any = None, meta: Any = None) -> Any:
    """Return a dataframe of a two-dimensional array, a series of a one-dimensional one.

    Raises
    ------
    NotImplementedError
        If dataframes aren't there.
    ValueError
        If the array has more axes, or columns don't fit.
    """
    return upward("dataframe.from_array")(x, columns=columns, index=index, meta=meta)

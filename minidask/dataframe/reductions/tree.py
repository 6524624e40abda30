"""How a reduction is made: a partition-wise chunk, and a tree that combines what the chunks give.

Place in the flow: used by the other modules here and by ``groupby``. The three functions are small callables that
compare by value.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence, Set
from typing import Any

from minidask.dataframe.collection import ByColumns, FrameCollection, new_collection
from minidask.dataframe.layers import Uses, frame_layer
from minidask.dataframe.partitionwise import divisions_and_rows
from minidask.graph import Layer, tree_reduction


def reduce_partitions(
    prefix: str,
    operands: Sequence[FrameCollection],
    chunk: Any,
    combine: Any,
    aggregate: Any,
    meta: Any,
    token: Any,
    uses: Set[Hashable] | None = None,
    rows: str | ByColumns | None = None,
    split_every: Any = None,
) -> Any:
    """Return a collection of one partition: ``aggregate`` of the tree of ``combine`` over ``chunk(*partitions)``.

    Parameters
    ----------
    prefix : str
    operands : sequence of collections
        Of corresponding partitions.
    chunk : callable
        Called with a partition of each operand.
    combine, aggregate : callable
        Called with a list of what chunks, or ``combine``, gave, in the order of the partitions.
    meta
        What ``aggregate`` gives.
    token
        Says, with the prefix, what the three functions do.
    uses : set of labels, optional
        The columns that ``chunk`` looks at in the first operand; default: all.
    rows : str, optional
        Lineage of the result's rows.
    split_every : int or False, optional
        How many partial results one task takes, at least 2; False: all.

    Raises
    ------
    ValueError
        If the partitions don't correspond, or ``split_every`` is below 2.
    """
    divisions_and_rows(prefix, operands)
    layers: list[Layer] = [operand._layer for operand in operands]
    names = list(dict.fromkeys([layer.name for layer in layers]))
    needs = tuple([uses if name == layers[0].name else None for name in names])
    partials = frame_layer(Uses, f"{prefix}-chunk", chunk, layers, None, None, token, uses=needs)
    every = max(partials.numblocks[0], 2) if split_every is False else split_every
    layer = tree_reduction(partials, combine, aggregate, split_every=every, prefix=prefix, token=(prefix, token))
    return new_collection(layer, meta, None, rows)

"""How a reduction is made: a partition-wise chunk, and a tree that combines what the chunks give.

Place in the flow: used by the other modules here and by ``groupby``. The three functions are small callables that
compare by value.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence, Set
from typing import Any

from minidask.dataframe.collection import ByColumns, FrameCollection, new_collection
from minidask.dataframe.layers import Columns, Columnwise, FrameLayer, Uses, frame_layer, rewritten_name
from minidask.dataframe.partitionwise import align_partitions
from minidask.graph import Layer, tree_reduction
from minidask.graph.reduction import TreeReduction


class RowsTree(TreeReduction):
    """A tree whose partial results are rows of the input, and whose result is some of them: columns pass through it.

    ``looks_at`` are the labels by which rows are chosen.
    """

    __slots__ = ("looks_at", "meta")
    meta: Any
    looks_at: frozenset[Hashable]

    def required(self, columns: Columns) -> tuple[Columns, ...]:
        """Return the wanted columns and those that decide."""
        return (None if columns is None else columns | self.looks_at,)

    def narrow(self, columns: Set[Hashable], inputs: tuple[Layer, ...]) -> Layer:
        """Return the tree over rows of fewer columns."""
        return self if inputs[0] is self.inputs[0] else self.rebuild(inputs, rewritten_name(self.name, (), inputs))


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
        Of partitions that correspond, or can be aligned by known divisions.
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
        How many partial results one task takes, at least 2; False: all. Default: 16.

    Raises
    ------
    TypeError
        If ``split_every`` is neither.
    ValueError
        If the partitions don't correspond, or ``split_every`` is below 2.
    """
    operands = align_partitions(prefix, operands)
    layers: list[Layer] = [operand._layer for operand in operands]
    names = list(dict.fromkeys([layer.name for layer in layers]))
    needs = tuple([uses if name == layers[0].name else None for name in names])
    partials = frame_layer(Uses, f"{prefix}-chunk", chunk, layers, None, None, token, uses=needs)
    every = fan_in(split_every, partials.numblocks[0])
    layer = tree_reduction(partials, combine, aggregate, split_every=every, prefix=prefix, token=(prefix, token))
    return new_collection(layer, meta, None, rows)


def reduce_rows(
    prefix: str,
    frame: FrameCollection,
    chunk: Any,
    combine: Any,
    aggregate: Any,
    meta: Any,
    token: Any,
    looks_at: Set[Hashable] | None,
    split_every: Any = None,
) -> Any:
    """Like ``reduce_partitions`` for one operand, where all partial results and the result are rows of it.

    ``looks_at`` are the columns by which rows are chosen, None for all; what else isn't asked for isn't read.
    """
    if frame._kind != "DataFrame" or looks_at is None:
        return reduce_partitions(prefix, [frame], chunk, combine, aggregate, meta, token, split_every=split_every)
    deciding = frozenset(looks_at)
    source = [frame._layer]
    fields: dict[str, Any] = {"through": (True,), "extra": deciding}
    partials: FrameLayer = frame_layer(
        Columnwise, f"{prefix}-chunk", chunk, source, None, frame._meta, (token, "rows"), **fields
    )
    every = fan_in(split_every, partials.numblocks[0])
    tree = tree_reduction(partials, combine, aggregate, split_every=every, prefix=prefix, token=(prefix, token, "rows"))
    layer = RowsTree(tree.name, partials, combine, aggregate, tree.axes, tree.split_every)
    layer.meta = meta
    layer.looks_at = deciding
    return new_collection(layer, meta)


def fan_in(split_every: Any, partitions: int) -> int | None:
    """Return how many partial results one task takes, None for the default.

    Raises
    ------
    TypeError, ValueError
        If it is no integer of at least 2, and neither None nor False.

    >>> fan_in(None, 100), fan_in(False, 100), fan_in(8, 100)
    (None, 100, 8)
    """
    if split_every is None:
        return None
    if split_every is False:
        return max(partitions, 2)
    if isinstance(split_every, bool) or not hasattr(type(split_every), "__index__"):
        raise TypeError(
            f"split_every must be an integer of at least 2, False or None, got {type(split_every).__name__}: {split_every!r:.80}"
        )
    if split_every < 2:
        raise ValueError(f"split_every must be an integer of at least 2 (or False for one step), got {split_every}")
    return int(split_every)

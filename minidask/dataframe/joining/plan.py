"""The layer of a join, and how it is carried out.

A ``Join`` says what is joined; which way is chosen (``expand``) when a computation is optimised, after the columns that nobody
needs are gone:

- *partitions*: partition ``i`` of one side with partition ``i`` of the other, or with its only one;
- *share right*, *share left*: that side becomes one table, which all partitions of the other ask;
- *shuffle*: rows of both sides move to the partition that the hash of their keys says, unless they are there already.

Place in the flow: made by ``merge``; ``optimize.expand_joins`` calls ``expand``, and ``lower`` does where nobody optimises.

Invariants
- The way follows from the layer alone (its sizes, the columns that it keeps, its limit), all of which its name says: a name never
  stands for two ways to lay out rows.
- The expanded layer has the join's name and partitions.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Set
from typing import Any, NamedTuple

import pandas as pd

from minidask.dataframe.joining.call import SEMI, MergeCall, needed_keys, sources
from minidask.dataframe.joining.keys import Labels
from minidask.dataframe.joining.shared import (
    Build,
    BuildTable,
    Probe,
    ProbeWithRows,
    WithUnmatched,
    can_share,
    keeps_unmatched,
)
from minidask.dataframe.joining.sizes import row_bytes
from minidask.dataframe.layers import INDEX, Columns, FrameLayer, rewritten_name
from minidask.dataframe.order.repartition import GroupPartitions, SplitPartitions
from minidask.dataframe.shuffle import HashTargets, Rearrange, layer_is_partitioned_by
from minidask.graph import Key, Layer, Task
from minidask.graph.blockwise import InputOf
from minidask.tokenize import quick_token

PARTITIONS, SHARE_RIGHT, SHARE_LEFT, SHUFFLE, CHOOSE = "partitions", "share right", "share left", "shuffle", "choose"

# pandas factorizes the whole table again for every partition: only tables that are this much smaller are worth that.
SLOW_KEYS = 16


class Sizes(NamedTuple):
    """Guessed numbers of rows of both sides (None: unknown), and the most bytes that a shared side may have."""

    left: float | None
    right: float | None
    limit_bytes: float


class Join(Layer):
    """A join of two layers; see the module's head. ``metas`` are those of the sides."""

    __slots__ = ("call", "meta", "method", "metas", "sizes", "way")
    call: MergeCall
    meta: pd.DataFrame
    metas: tuple[pd.DataFrame, pd.DataFrame]
    way: str
    sizes: Sizes
    method: str | None

    def __init__(
        self,
        name: str,
        sides: tuple[Layer, Layer],
        npartitions: int,
        call: MergeCall,
        meta: pd.DataFrame,
        metas: tuple[pd.DataFrame, pd.DataFrame],
        way: str,
        sizes: Sizes,
        method: str | None = None,
    ) -> None:
        super().__init__(name, sides, (npartitions,))
        self.call, self.meta, self.metas = call, meta, metas
        self.way, self.sizes, self.method = way, sizes, method

    # -- columns ----------------------------------------------------------------------------------------------------

    def required(self, columns: Columns) -> tuple[Columns, ...]:
        """Return the columns that each side must have: the wanted ones, under their own names, and the keys."""
        call = self.call
        if not (call.left.known and call.right.known):
            return (None, None)
        asked = []
        for side, keys in zip(sources(call, *self.metas), needed_keys(call), strict=True):
            wanted = side.values() if columns is None else [side[label] for label in columns if label in side]
            asked.append(frozenset(wanted) | keys)
        return tuple(asked)

    def narrow(self, columns: Set[Hashable], inputs: tuple[Layer, ...]) -> Layer:
        """Return the join of only the columns that are needed."""
        if not (self.call.left.known and self.call.right.known):
            return self.rebuild(inputs)
        keep = [
            tuple([label for label in meta.columns if need is None or label in need])
            for meta, need in zip(self.metas, self.required(columns), strict=True)
        ]
        layer = self.rebuild(inputs, rewritten_name(self.name, tuple(map(tuple, keep)), inputs))
        assert isinstance(layer, Join)
        call = self.call
        layer.call = call._replace(left=call.left._replace(keep=keep[0]), right=call.right._replace(keep=keep[1]))
        return layer

    def estimate_rows(self, above: list[float]) -> float:
        """Return a guess at the rows: as many as the larger side has, where each row finds one partner."""
        return above[0] * above[-1] if self.call.keys.cross else max(above)

    @property
    def partitioned_by(self) -> tuple[HashTargets, ...]:
        """Where the result's rows are known to lie: by hash if both sides are shuffled for sure."""
        return self._targets() if self.way == SHUFFLE else ()

    def _targets(self) -> tuple[HashTargets, ...]:
        """Return by which columns the rows lie after a shuffle: keys of a side that has all rows, or all that are matched."""
        call = self.call
        found = []
        if call.keys.left is not None and (call.keys.shared or call.how in ("inner", "left", "left_anti", *SEMI)):
            found.append(call.keys.left)
        if call.keys.right is not None and not call.keys.shared and call.how in ("inner", "right"):
            found.append(call.keys.right)
        return tuple([HashTargets(labels, self.numblocks[0]) for labels in found])

    # -- the way ----------------------------------------------------------------------------------------------------

    def choose(self) -> str:
        """Return the way by the bytes of the columns that are needed."""
        if self.way != CHOOSE:
            return self.way
        nbytes = []
        for rows, meta, side in zip(self.sizes[:2], self.metas, (self.call.left, self.call.right), strict=True):
            nbytes.append(float("inf") if rows is None else rows * row_bytes(meta, side.keep))
        limit = self.sizes.limit_bytes / (1 if self._quick() else SLOW_KEYS)
        if nbytes[1] <= min(limit, nbytes[0]) and can_share(self.call.how, right=True):
            return SHARE_RIGHT
        if nbytes[0] <= min(limit, nbytes[1]) and can_share(self.call.how, right=False):
            return SHARE_LEFT
        return SHUFFLE

    def _quick(self) -> bool:
        """Whether the keys are of kinds that a lookup can be made of."""
        return quick_keys(self.call, *self.metas)

    def expand(self, inputs: tuple[Layer, ...] | None = None) -> Layer:
        """Return the layer that carries the join out, of the same name, on ``inputs`` instead of the own ones."""
        left, right = inputs or self.inputs
        way = self.choose()
        if way == PARTITIONS:
            return self._paired(left, right)
        if way == SHUFFLE:
            count = self.numblocks[0]
            keys = needed_in_order(self.call)
            moved = [
                moved_by_hash(layer, meta, keep, labels, count, self.method)
                for layer, meta, keep, labels in zip(
                    (left, right), self.metas, (self.call.left.keep, self.call.right.keep), keys, strict=True
                )
            ]
            return self._paired(moved[0], moved[1], keys)
        return self._shared(*((left, right, True) if way == SHARE_RIGHT else (right, left, False)))

    def _paired(self, left: Layer, right: Layer, keys: tuple[Labels | None, Labels | None] | None = None) -> Layer:
        layer = _blockwise(self.name, self.call, left, right, self.numblocks[0], self.meta)
        if keys is not None:
            layer.partitioned_by = self._targets()
        return layer

    def _shared(self, probing: Layer, shared: Layer, right: bool) -> Layer:
        call, count = self.call, self.numblocks[0]
        build = BuildTable(call, right)
        side, own = (call.right, needed_in_order(call)[1]) if right else (call.left, needed_in_order(call)[0])
        token = quick_token("build", shared.name, side.keep, side.names, own, call.how, bool(call.indicator), right)
        table = Build(f"merge-table-{token}", shared, build)
        probing = resized(probing, count)
        if not keeps_unmatched(call.how, right):
            return _blockwise(self.name, Probe(call, right), probing, table, count, self.meta)
        name = f"merge-pairs-{quick_token('pairs', self.name)}"
        pairs = _blockwise(name, ProbeWithRows(call, right), probing, table, count, None)
        return WithUnmatched(self.name, pairs, table, call, right, self.metas[0 if right else 1])

    def lower(self, wanted: Collection[Key] | None = None) -> dict[Key, Task]:
        """Return the tasks of the wanted partitions, and all tasks in between."""
        top = self.expand()
        tasks = top.lower(wanted)
        given = {layer.name for layer in self.inputs}
        pending = list(top.inputs)
        while pending:
            layer = pending.pop()
            if layer.name not in given:
                given.add(layer.name)
                tasks.update(layer.lower())
                pending.extend(layer.inputs)
        return tasks


class Merged(FrameLayer):
    """Partitions joined one by one; ``partitioned_by`` says by which columns' hashes the rows lie, if they do."""

    __slots__ = ("partitioned_by",)
    partitioned_by: tuple[HashTargets, ...]


def _blockwise(name: str, func: Any, left: Layer, right: Layer, count: int, meta: Any) -> Merged:
    inputs = (left,) if left.name == right.name else (left, right)
    operands = ((InputOf(0), INDEX), (InputOf(len(inputs) - 1), INDEX))
    layer = Merged(name, inputs, func, INDEX, operands, {"i": count})
    layer.meta = meta
    layer.partitioned_by = ()
    return layer


def quick_keys(call: MergeCall, left: pd.DataFrame, right: pd.DataFrame) -> bool:
    """Whether a shared side gets a lookup: whole numbers and the like, of one dtype on both sides."""
    if call.keys.left is None or call.keys.right is None or call.how in SEMI or not call.left.known:
        return False
    first, second = needed_in_order(call)
    for one, other in zip(first or (), second or (), strict=True):
        dtype = left[one].dtype
        if dtype != right[other].dtype or getattr(dtype, "kind", "O") not in "iubmM" or str(dtype)[0].isupper():
            return False
    return bool(first)


def needed_in_order(call: MergeCall) -> tuple[Labels | None, Labels | None]:
    """Return both sides' keys under the sides' own names."""
    first, second = [
        labels if labels is None else tuple([_before(side.names, label) for label in labels])
        for side, labels in ((call.left, call.keys.left), (call.right, call.keys.right))
    ]
    return first, second


def _before(names: Mapping[Hashable, Hashable], label: Hashable) -> Hashable:
    return next((old for old, new in names.items() if new == label), label)


def resized(layer: Layer, count: int) -> Layer:
    """Return a layer's rows in another number of partitions, in their order."""
    have = layer.numblocks[0]
    if have == count:
        return layer
    if have > count:
        starts = [at * have // count for at in range(count + 1)]
        return GroupPartitions(f"merge-group-{quick_token('group', layer.name, count)}", layer, starts)
    pieces = [(at + 1) * count // have - at * count // have for at in range(have)]
    return SplitPartitions(f"merge-split-{quick_token('split', layer.name, count)}", layer, pieces)


class TakeColumns(NamedTuple):
    """Leave out columns that would be moved for nothing."""

    keep: tuple[Hashable, ...]

    def __call__(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the columns to keep."""
        return frame if len(self.keep) == frame.shape[1] else frame[list(self.keep)]


def moved_by_hash(
    layer: Layer,
    meta: pd.DataFrame,
    keep: tuple[Hashable, ...] | None,
    labels: Labels | None,
    count: int,
    method: str | None,
) -> Layer:
    """Return a layer's rows in the partitions that the hashes of their keys say; the layer itself where they are there."""
    if layer_is_partitioned_by(layer, labels, count):
        return layer
    if keep is not None and len(keep) < meta.shape[1]:
        meta = meta[list(keep)]
        name = f"merge-columns-{quick_token('take', layer.name, keep)}"
        take: Any = TakeColumns(keep)
        taken = FrameLayer(name, (layer,), take, INDEX, ((InputOf(0), INDEX),), {"i": layer.numblocks[0]})
        taken.meta = meta
        layer = taken
    targets = HashTargets(labels, count)
    name = f"shuffle-{quick_token('rearrange', layer.name, targets, count)}"
    return Rearrange(name, layer, targets, count, meta, method)

"""One side of a join is put together once, with a lookup of its keys, and every partition of the other side asks it.

Place in the flow: ``plan`` builds these layers where a side is small enough. ``Build`` makes the ``Table``; ``Probe`` joins a
partition with it, by the lookup where keys allow that, else by pandas. Kinds of joins that keep the table's unmatched rows too
(``outer``; ``left`` or ``right`` of the table's side) give each partition together with the table's rows that it met;
``WithUnmatched`` adds those that no partition met to the last one.

Invariant: the lookup gives the rows and dtypes that ``pandas.merge`` gives.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from minidask.dataframe.join_parts import join_parts
from minidask.dataframe.joining.call import SEMI, MergeCall
from minidask.dataframe.joining.lookup import Lookup, make_lookup, number_array
from minidask.graph import Key, Layer, Task, TaskRef

# The column that carries the table's row numbers through pandas.merge; a tuple that no user's label is equal to.
ROW_NUMBER = ("row number of the shared side",)

# What of each join a partition gives by itself: {(kind, whether the table is the right side): kind}.
OWN_PART = {
    ("outer", True): "left",
    ("right", True): "inner",
    ("outer", False): "right",
    ("left", False): "inner",
}
WHOLE = {
    True: ("inner", "left", "cross", "left_anti", *SEMI),
    False: ("inner", "right", "cross"),
}


def can_share(how: str, right: bool) -> bool:
    """Whether a join can be made with a shared right (or left) side.

    Examples
    --------
    >>> can_share("outer", True), can_share("leftsemi", False)
    (True, False)
    """
    return how in WHOLE[right] or (how, right) in OWN_PART


def keeps_unmatched(how: str, right: bool) -> bool:
    """Whether rows of the shared side that no partition met belong to the result."""
    return how not in WHOLE[right]


class Table(NamedTuple):
    """The shared side, columns named as in the result, and the lookup of its keys if there is one."""

    frame: pd.DataFrame
    lookup: Lookup | None

    def __sizeof__(self) -> int:
        return int(self.frame.memory_usage().sum())


class BuildTable(NamedTuple):
    """Put a side's partitions together; ``right`` says which side it is."""

    call: MergeCall
    right: bool

    def __call__(self, *parts: pd.DataFrame) -> Table:
        """Return the table of all partitions of a side."""
        side = self.call.right if self.right else self.call.left
        frame = side(join_parts(list(parts)))
        if self.call.how in SEMI:
            labels = self.call.keys.right
            return Table(frame if labels is None else frame[list(labels)], None)
        frame = frame.copy(deep=False)
        keys = self.call.keys.right if self.right else self.call.keys.left
        if not keys or None in (self.call.keys.left, self.call.keys.right) or not frame.columns.is_unique:
            return Table(frame, None)
        if self.call.indicator or own_part(self.call.how, self.right) not in ("inner", "left", "right"):
            return Table(frame, None)
        return Table(frame, make_lookup([frame[label] for label in keys]))


class Probe(NamedTuple):
    """Join a partition with the shared table."""

    call: MergeCall
    right: bool

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "merge"

    def __call__(self, part: pd.DataFrame, table: Table) -> pd.DataFrame:
        side = self.call.left if self.right else self.call.right
        part = side(part)
        fast = look_up(self.call, self.right, part, table)
        if fast is not None:
            return fast[0]
        return self.call.join(*((part, table.frame) if self.right else (table.frame, part)))

    def __hash__(self) -> int:
        return hash((Probe, self.call, self.right))


def look_up(call: MergeCall, right: bool, part: pd.DataFrame, table: Table) -> tuple[pd.DataFrame, NDArray[Any]] | None:
    """Return a partition's part of the join by the table's lookup, and the table's row of each row, -1 for none.

    None where there is no lookup, or the partition's keys are not like the table's.
    """
    keys, others = (call.keys.left, call.keys.right) if right else (call.keys.right, call.keys.left)
    lookup = table.lookup
    if lookup is None or not keys or not others or not len(part) or not part.columns.is_unique:
        return None
    arrays = [array for label in keys if (array := number_array(part[label])) is not None]
    if [array.dtype for array in arrays] != lookup.dtypes:
        return None
    rows, found = lookup.find(arrays, keep_all=own_part(call.how, right) != "inner")
    mine = part.copy(deep=False) if rows is None else part.take(rows)
    # Keys of one label are one column, taken from the partition: there they are never missing.
    gone = [other for key, other in zip(keys, others, strict=True) if key == other]
    theirs = _taken(table.frame.drop(columns=gone) if gone else table.frame, found)
    numbered = pd.RangeIndex(len(found))
    mine, theirs = mine.set_axis(numbered), theirs.set_axis(numbered)
    if right:
        return pd.concat([mine, theirs], axis=1), found
    order = [*table.frame.columns, *[label for label in part.columns if label not in gone]]
    return pd.concat([theirs, mine], axis=1)[order], found


def own_part(how: str, right: bool) -> str:
    """Return the kind of join that a partition makes by itself with the shared table."""
    return OWN_PART.get((how, right), how)


def _taken(frame: pd.DataFrame, rows: NDArray[Any]) -> pd.DataFrame:
    """Return rows by position, -1 standing for one of missing values."""
    if not len(rows) or int(rows.min()) >= 0:
        return frame.take(rows)
    return frame.set_axis(pd.RangeIndex(len(frame))).reindex(rows)


class ProbeWithRows(NamedTuple):
    """Join a partition with the shared table, and say which of the table's rows it met."""

    call: MergeCall
    right: bool

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "merge"

    def __call__(self, part: pd.DataFrame, table: Table) -> tuple[pd.DataFrame, NDArray[np.intp]]:
        call, right = self.call, self.right
        part = (call.left if right else call.right)(part)
        fast = look_up(call, right, part, table)
        if fast is not None:
            met = np.zeros(len(table.frame) + 1, dtype=bool)
            met[fast[1]] = True
            return fast[0], np.flatnonzero(met[:-1])
        # The row numbers stand where no label of the other side can make them overlap.
        shared = table.frame.copy(deep=False)
        shared.insert(shared.shape[1], _label(shared), np.arange(len(shared)), allow_duplicates=True)
        sides = (part, shared) if right else (shared, part)
        joined = call.join(*sides, how=own_part(call.how, right))
        at = _number_places(joined, shared.columns[-1])
        numbers = joined.iloc[:, at]
        kept = [place for place in range(joined.shape[1]) if place != at]
        return joined.iloc[:, kept], np.unique(numbers[numbers.notna()].to_numpy(dtype=np.intp))

    def __hash__(self) -> int:
        return hash((ProbeWithRows, self.call, self.right))


def _label(frame: pd.DataFrame) -> Any:
    # Several levels of columns need a label of as many.
    return ROW_NUMBER * frame.columns.nlevels if frame.columns.nlevels > 1 else ROW_NUMBER[0]


def _number_places(frame: pd.DataFrame, label: Any) -> int:
    return next(at for at, each in enumerate(frame.columns) if each == label)


class FirstOf(NamedTuple):
    """Take the rows out of what ``ProbeWithRows`` gives."""

    def __call__(self, pair: tuple[pd.DataFrame, Any]) -> pd.DataFrame:
        """Return the first of a pair."""
        return pair[0]


def add_unmatched(call: MergeCall, right: bool, empty: pd.DataFrame, table: Table, *pairs: Any) -> pd.DataFrame:
    """Return the last partition, followed by the table's rows that no partition met."""
    last = pairs[-1][0]
    alone = np.ones(len(table.frame), dtype=bool)
    for _, rows in pairs:
        alone[rows] = False
    if not alone.any():
        return last
    rows = table.frame[alone]
    side = (call.left if right else call.right)(empty)
    rest = call.join(side, rows, "right") if right else call.join(rows, side, "left")
    joined = join_parts([last, rest])
    by_columns = call.keys.left is not None and call.keys.right is not None
    return joined.reset_index(drop=True) if by_columns else joined


class Build(Layer):
    """One partition: the table of all partitions of a side."""

    __slots__ = ("func",)
    func: Any

    def __init__(self, name: str, source: Layer, func: BuildTable) -> None:
        super().__init__(name, (source,), (1,))
        self.func = func

    def lower(self, wanted: Collection[Key] | None = None) -> dict[Key, Task]:
        """Return the one task."""
        key: Key = (self.name, 0)
        if wanted is not None and key not in wanted:
            return {}
        return {key: Task(self.func, tuple(map(TaskRef, self.inputs[0].output_keys())), None, self.annotations)}


class WithUnmatched(Layer):
    """The partitions of a join by ``ProbeWithRows``; the table's unmatched rows come last. Inputs: the pairs, the table."""

    __slots__ = ("call", "empty", "right")
    call: MergeCall
    right: bool
    empty: pd.DataFrame

    def __init__(
        self, name: str, pairs: Layer, table: Layer, call: MergeCall, right: bool, empty: pd.DataFrame
    ) -> None:
        super().__init__(name, (pairs, table), pairs.numblocks)
        self.call, self.right, self.empty = call, right, empty

    def lower(self, wanted: Collection[Key] | None = None) -> dict[Key, Task]:
        """Return one task a partition, the last of which depends on all pairs."""
        pairs, table = self.inputs
        last = self.numblocks[0] - 1
        rows: Any = FirstOf()
        tasks: dict[Key, Task] = {}
        for at in range(last + 1):
            key: Key = (self.name, at)
            if wanted is not None and key not in wanted:
                continue
            if at < last:
                tasks[key] = Task(rows, (TaskRef(pairs.key_at((at,))),), None, self.annotations)
            else:
                every = [TaskRef(table.key_at((0,))), *map(TaskRef, pairs.output_keys())]
                tasks[key] = Task(add_unmatched, (self.call, self.right, self.empty, *every), None, self.annotations)
        return tasks

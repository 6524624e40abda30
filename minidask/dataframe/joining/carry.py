"""Rows that nearest-key joins need from neighbouring partitions: for each group the last one before, or the first one behind.

Place in the flow: ``asof`` puts them around each partition of the right side. A running pass over the partitions, one small task
each: what partition ``i`` hands on is made of what it was handed and its own rows.

Invariant: partitions without rows hand on what they were handed.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable
from typing import Any, NamedTuple

import pandas as pd

from minidask.dataframe.join_parts import join_parts
from minidask.graph import Key, Layer, Task, TaskRef


class Edge(NamedTuple):
    """Keep for each group of ``by`` columns (none: all rows are one) the last row, or with ``first`` the first."""

    by: tuple[Hashable, ...]
    first: bool

    def __call__(self, *parts: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of parts, given in order, that their neighbours need.

        Examples
        --------
        >>> part = pd.DataFrame({"t": [1, 2, 3], "who": ["a", "b", "a"]})
        >>> Edge(("who",), first=False)(part)["t"].tolist()
        [2, 3]
        """
        rows = join_parts(list(parts))
        if not self.by:
            return rows.head(1) if self.first else rows.tail(1)
        return rows.drop_duplicates(list(self.by), keep="first" if self.first else "last")


def surround(*parts: pd.DataFrame) -> pd.DataFrame:
    """Return a partition with the rows that were handed to it, in order."""
    return join_parts(list(parts))


class Carried(Layer):
    """The input's partitions, with the rows before them (``before``) and behind them (``behind``) that neighbours hand on."""

    __slots__ = ("before", "behind", "by")
    by: tuple[Hashable, ...]
    before: bool
    behind: bool

    def __init__(self, name: str, source: Layer, by: tuple[Hashable, ...], before: bool, behind: bool) -> None:
        super().__init__(name, (source,), source.numblocks)
        self.by, self.before, self.behind = by, before, behind

    def lower(self, wanted: Collection[Key] | None = None) -> dict[Key, Task]:
        """Return a task a partition and two a partition for what is handed on."""
        source, count, name = self.inputs[0], self.numblocks[0], self.name
        refs = [TaskRef(source.key_at((at,))) for at in range(count)]
        last: Any = Edge(self.by, False)
        first: Any = Edge(self.by, True)
        tasks: dict[Key, Task] = {}
        for at in range(count - 1) if self.before else ():
            given = [TaskRef((name, "before", at))] if at else []
            tasks[(name, "before", at + 1)] = Task(last, (*given, refs[at]), None, self.annotations)
        for at in range(count - 1, 0, -1) if self.behind else ():
            given = [TaskRef((name, "behind", at))] if at < count - 1 else []
            tasks[(name, "behind", at - 1)] = Task(first, (refs[at], *given), None, self.annotations)
        for at in range(count):
            key: Key = (name, at)
            if wanted is not None and key not in wanted:
                continue
            before = [TaskRef((name, "before", at))] if self.before and at else []
            behind = [TaskRef((name, "behind", at))] if self.behind and at < count - 1 else []
            tasks[key] = Task(surround, (*before, refs[at], *behind), None, self.annotations)
        return tasks

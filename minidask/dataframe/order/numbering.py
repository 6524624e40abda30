"""Number rows from 0 through all partitions: what ``ignore_index=True`` gives.

Place in the flow: the last layer of ``sort_values(ignore_index=True)``. Every partition is counted, which reads no column,
and the counts of those before it are where its numbers begin.
"""

from __future__ import annotations

from collections.abc import Collection, Set
from typing import Any

import numpy as np
import pandas as pd

from minidask.dataframe.collection import FrameCollection, new_collection
from minidask.dataframe.layers import Columns, Uses, frame_layer, rewritten_name
from minidask.graph import Key, Layer, Task, TaskRef
from minidask.tokenize import quick_token


class NumberRows(Layer):
    """The partitions of ``inputs[0]``, whose lengths ``inputs[1]`` has, with an index of running numbers."""

    __slots__ = ("meta",)
    meta: Any

    def __init__(self, name: str, source: Layer, lengths: Layer, meta: Any) -> None:
        super().__init__(name, (source, lengths), source.numblocks)
        self.meta = meta

    def lower(self, wanted: Collection[Key] | None = None) -> dict[Key, Task]:
        """Return one task that adds up lengths, and one a partition."""
        source, lengths = self.inputs
        keys: Any = self.output_keys() if wanted is None else [key for key in wanted if key in self]
        starts: Key = (self.name, "starts")
        tasks: dict[Key, Task] = {}
        for key in keys:
            part = TaskRef(source.key_at((key[1],)))
            tasks[key] = Task(number_rows, (part, TaskRef(starts), key[1]), None, self.annotations)
        if tasks:
            tasks[starts] = Task(starts_of, tuple(map(TaskRef, lengths.output_keys())), None, self.annotations)
        return tasks

    def required(self, columns: Columns) -> tuple[Columns, ...]:
        """Return the columns themselves, and nothing of what counts rows."""
        return (columns, None)

    def narrow(self, columns: Set[Any], inputs: tuple[Layer, ...]) -> Layer:
        """Return the layer on inputs of fewer columns."""
        if all(new is old for new, old in zip(inputs, self.inputs, strict=True)):
            return self
        return self.rebuild(inputs, rewritten_name(self.name, (), inputs))


def starts_of(*lengths: int) -> list[int]:
    """Return where the numbers of each partition begin.

    >>> starts_of(2, 0, 3)
    [0, 2, 2]
    """
    return [0, *np.cumsum(lengths[:-1]).tolist()] if lengths else []


def number_rows(part: Any, starts: list[int], at: int) -> Any:
    """Return a partition whose index is the running number of its rows."""
    return part.set_axis(pd.RangeIndex(starts[at], starts[at] + len(part)), axis=0)


def numbered(frame: FrameCollection) -> Any:
    """Return the same rows with the index 0, 1, 2, ... through all partitions; divisions are unknown."""
    lengths = frame_layer(Uses, "length", len, [frame._layer], None, 0, uses=(frozenset(),))
    meta = frame._meta.set_axis(pd.RangeIndex(0), axis=0)
    name = f"numbered-{quick_token('numbered', frame._layer.name)}"
    return new_collection(NumberRows(name, frame._layer, lengths, meta), meta)

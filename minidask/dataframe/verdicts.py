"""Errors that only all partitions together can tell of, raised while rows stream on.

A small reduction comes to a verdict: an error, or None. The last partition waits for it and raises it; the others pass, so that
no rows are held back. Whoever computes the whole gets the error; whoever computes some other partition doesn't ask for it.

Place in the flow: behind ``loc`` by strings, and ``merge(validate=...)``.
"""

from __future__ import annotations

from collections.abc import Collection, Set
from typing import Any

from minidask.dataframe.collection import FrameCollection, new_collection
from minidask.dataframe.layers import Columns, rewritten_name
from minidask.graph import Key, Layer, Task, TaskRef, alias
from minidask.tokenize import quick_token


class Judged(Layer):
    """The partitions of ``inputs[0]``, of which the last one raises the block of ``inputs[1]`` if that is an error."""

    __slots__ = ()

    def __init__(self, name: str, rows: Layer, verdict: Layer) -> None:
        super().__init__(name, (rows, verdict), rows.numblocks)

    def lower(self, wanted: Collection[Key] | None = None) -> dict[Key, Task]:
        """Return one task, for the last partition; the others are those of the input."""
        rows, verdict = self.inputs
        keys: Any = self.output_keys() if wanted is None else [key for key in wanted if key in self]
        last = self.numblocks[0] - 1
        tasks: dict[Key, Task] = {}
        for key in keys:
            part = rows.key_at((key[1],))
            if key[1] < last:
                tasks[key] = alias(part)
            else:
                tasks[key] = Task(unless, (TaskRef(part), TaskRef(verdict.key_at((0,)))), None, self.annotations)
        return tasks

    def required(self, columns: Columns) -> tuple[Columns, ...]:
        """Return the columns themselves, and all that the verdict needs."""
        return (columns, None)

    def narrow(self, columns: Set[Any], inputs: tuple[Layer, ...]) -> Layer:
        """Return the layer on rows of fewer columns."""
        if all(new is old for new, old in zip(inputs, self.inputs, strict=True)):
            return self
        return self.rebuild(inputs, rewritten_name(self.name, (), inputs))


def unless(part: Any, verdict: Exception | None) -> Any:
    """Return a partition as it is, or raise the verdict if it is an error.

    >>> unless("rows", None)
    'rows'
    """
    if verdict is not None:
        raise verdict
    return part


def judged(rows: Any, verdict: FrameCollection) -> Any:
    """Return the same rows; computing the last partition raises the verdict, a collection of one error or None."""
    name = f"judged-{quick_token('judged', rows._layer.name, verdict._layer.name)}"
    return new_collection(Judged(name, rows._layer, verdict._layer), rows._meta, rows._divisions, rows._rows)

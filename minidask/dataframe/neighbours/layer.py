"""The layer of partitions that need something of those before or behind them.

Of each partition a small *summary* is made: its last rows, its sum, its last value. Summaries are put together along the
partitions, so that every partition gets one value of all that comes before it (or behind it), however many empty partitions
are between. That is at most three small tasks a partition, whose chain costs no more than their number; where ``reach`` says how
far a partition looks (windows of time over known divisions), only the summaries within it are asked for.

Place in the flow: every operation of this package is one such layer; what is around it stays partition-wise.

Invariants
- A summary holds no memory of its partition: rows are copied into it.
- Summaries are put together in the order of the partitions, whichever side they come from.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence, Set
from typing import Any, NamedTuple

from minidask.dataframe.collection import FrameCollection, new_collection
from minidask.dataframe.divisions import Divisions
from minidask.dataframe.layers import Columns, rewritten_name
from minidask.graph import Key, Layer, Task, TaskRef
from minidask.tokenize import quick_token


class Side(NamedTuple):
    """What a partition gets from one side.

    ``summarize(partition)`` makes a summary, ``combine(*summaries)`` puts some of neighbouring partitions together.
    ``reach`` has for each partition the first one that it needs (of those before it), or where those that it needs
    stop (of those behind it); None: all there are. ``each`` has one more argument of ``summarize`` for each partition.
    """

    summarize: Any
    combine: Any
    reach: tuple[int, ...] | None = None
    each: Sequence[Any] | None = None


class Neighbours(Layer):
    """Partition ``i`` is ``finish(partition i, value of those before, value of those behind)``, None where there are none.

    ``through`` says whether each column of the value needs the same column of the input only; ``each`` has one more
    argument of ``finish`` for each partition, if there is one.
    """

    __slots__ = ("after", "before", "each", "finish", "meta", "through")
    meta: Any
    finish: Any
    before: Side | None
    after: Side | None
    through: bool
    each: Sequence[Any] | None

    def __init__(
        self,
        name: str,
        source: Layer,
        finish: Any,
        before: Side | None,
        after: Side | None,
        meta: Any,
        through: bool,
        each: Sequence[Any] | None = None,
    ) -> None:
        super().__init__(name, (source,), source.numblocks)
        self.finish = finish
        self.before = before
        self.after = after
        self.meta = meta
        self.through = through
        self.each = each

    def lower(self, wanted: Collection[Key] | None = None) -> dict[Key, Task]:
        """Return the tasks of the wanted partitions, with those of the summaries that they need."""
        keys: Any = self.output_keys() if wanted is None else sorted(filter(self.__contains__, wanted))
        places = [key[1] for key in keys]
        tasks: dict[Key, Task] = {}
        earlier = self._values(tasks, "before", self.before, places)
        later = self._values(tasks, "after", self.after, places)
        for place in places:
            part = TaskRef(self.inputs[0].key_at((place,)))
            args: tuple[Any, ...] = (part, earlier.get(place), later.get(place))
            if self.each is not None:
                args = (*args, self.each[place])
            tasks[(self.name, place)] = Task(self.finish, args, None, self.annotations)
        return tasks

    def _values(self, tasks: dict[Key, Task], which: str, side: Side | None, places: list[int]) -> dict[int, TaskRef]:
        """Add the tasks of one side; return for each place the reference to what comes from there."""
        count = self.numblocks[0]
        values: dict[int, TaskRef] = {}
        if side is None:
            return values
        if side.reach is not None:
            for place in places:
                near = range(side.reach[place], place) if which == "before" else range(place + 1, side.reach[place])
                summaries = [self._summary(tasks, which, side, at) for at in near]
                if summaries:
                    values[place] = self._combined(tasks, which, side, place, summaries)
        elif which == "before":
            for place in range(1, max(places, default=0) + 1):
                summary = self._summary(tasks, which, side, place - 1)
                known = [] if place == 1 else [values[place - 1]]
                values[place] = self._combined(tasks, which, side, place, [*known, summary])
        else:
            for place in range(count - 2, min(places, default=count) - 1, -1):
                summary = self._summary(tasks, which, side, place + 1)
                known = [] if place == count - 2 else [values[place + 1]]
                values[place] = self._combined(tasks, which, side, place, [summary, *known])
        return values

    def _summary(self, tasks: dict[Key, Task], which: str, side: Side, place: int) -> TaskRef:
        key: Key = (self.name, f"summary-{which}", place)
        if key not in tasks:
            args: tuple[Any, ...] = (TaskRef(self.inputs[0].key_at((place,))),)
            if side.each is not None:
                args = (*args, side.each[place])
            tasks[key] = Task(side.summarize, args, None, self.annotations)
        return TaskRef(key)

    def _combined(
        self, tasks: dict[Key, Task], which: str, side: Side, place: int, summaries: list[TaskRef]
    ) -> TaskRef:
        if len(summaries) == 1:
            return summaries[0]
        key: Key = (self.name, which, place)
        tasks[key] = Task(side.combine, tuple(summaries), None, self.annotations)
        return TaskRef(key)

    def required(self, columns: Columns) -> tuple[Columns, ...]:
        """Return the columns needed of the input: all, if just rows are, as pandas has no windows over no columns."""
        return (columns if self.through and columns else None,)

    def narrow(self, columns: Set[Hashable], inputs: tuple[Layer, ...]) -> Layer:
        """Return the layer on an input of fewer columns."""
        return self if inputs[0] is self.inputs[0] else self.rebuild(inputs, rewritten_name(self.name, (), inputs))


def with_neighbours(
    prefix: str,
    frame: FrameCollection,
    finish: Any,
    before: Side | None,
    after: Side | None,
    token: Any,
    meta: Any,
    divisions: Divisions | None = None,
    keeps_rows: bool = True,
    through: bool = True,
    each: Sequence[Any] | None = None,
) -> Any:
    """Return the collection of ``finish(partition, value of those before, value of those behind)``.

    Parameters
    ----------
    prefix : str
    frame : DataFrame or Series
    finish : callable
        Importable, or a small callable that compares by value.
    before, after : Side, optional
    token
        Says, with the prefix, what the functions do.
    meta
        What ``finish`` gives.
    divisions : tuple, optional
        Of the result; default: those of ``frame``.
    keeps_rows : bool
        Whether partitions of the result have the rows of the frame's.
    through : bool
        Whether each column of the result needs the same column of the frame only.
    each : sequence, optional
        One more argument of ``finish`` for each partition; it follows from ``token`` and the frame.
    """
    name = f"{prefix}-{quick_token('neighbours', prefix, frame._layer.name, token)}"
    layer = Neighbours(name, frame._layer, finish, before, after, meta, through, each)
    divisions = frame._divisions if divisions is None else divisions
    return new_collection(layer, meta, divisions, frame._rows if keeps_rows else None)

"""``repartition``: other partitions of the same rows, in the same order.

Place in the flow: behind ``repartition`` of all collections, one function for each thing that a user can ask for: a number of
partitions, a size in bytes, a frequency of time, divisions (in ``ranges``). Neighbours are put together (``GroupPartitions``)
or cut by position (``SplitPartitions``); no row changes its place among the others.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence, Set
from typing import Any

import numpy as np
import pandas as pd

from minidask.collection import compute
from minidask.dataframe.collection import ByColumns, FrameCollection, new_collection
from minidask.dataframe.divisions import scalars, unknown
from minidask.dataframe.join_parts import join_parts
from minidask.dataframe.layers import Columns, FrameLayer, frame_layer, rewritten_name
from minidask.dataframe.order.ranges import repartition_divisions
from minidask.graph import Key, Layer, ProgramBuilder, Task, TaskRef, alias
from minidask.graph.program import pack_list
from minidask.sizeof import sizeof
from minidask.tokenize import quick_token
from minidask.units import parse_bytes


class GroupPartitions(Layer):
    """Partitions put together: partition ``i`` is made of those in ``range(starts[i], starts[i + 1])`` of the input."""

    __slots__ = ("starts",)
    starts: tuple[int, ...]

    def __init__(self, name: str, source: Layer, starts: Sequence[int]) -> None:
        super().__init__(name, (source,), (len(starts) - 1,))
        self.starts = tuple(starts)

    def lower(self, wanted: Collection[Key] | None = None) -> dict[Key, Task]:
        """Return one task a group."""
        source = self.inputs[0]
        tasks: dict[Key, Task] = {}
        for at in range(self.numblocks[0]):
            key = (self.name, at)
            if wanted is not None and key not in wanted:
                continue
            keys = [source.key_at((place,)) for place in range(self.starts[at], self.starts[at + 1])]
            if len(keys) == 1:
                tasks[key] = alias(keys[0])
                continue
            build = ProgramBuilder(len(keys))
            program = build.finish(build.call(join_parts, [build.call(pack_list, list(range(len(keys))))]))
            tasks[key] = Task(program, tuple(map(TaskRef, keys)), None, self.annotations)
        return tasks

    def required(self, columns: Columns) -> tuple[Columns, ...]:
        """Return the columns themselves."""
        return (columns,)

    def narrow(self, columns: Set[Any], inputs: tuple[Layer, ...]) -> Layer:
        """Return the layer on a source of fewer columns."""
        return self if inputs[0] is self.inputs[0] else self.rebuild(inputs, rewritten_name(self.name, (), inputs))


class SplitPartitions(Layer):
    """Partitions cut in pieces of about equal length: partition ``i`` of the input gives ``pieces[i]`` ones."""

    __slots__ = ("pieces",)
    pieces: tuple[int, ...]

    def __init__(self, name: str, source: Layer, pieces: Sequence[int]) -> None:
        super().__init__(name, (source,), (sum(pieces),))
        self.pieces = tuple(pieces)

    def lower(self, wanted: Collection[Key] | None = None) -> dict[Key, Task]:
        """Return one task a piece."""
        tasks: dict[Key, Task] = {}
        at = 0
        for place, count in enumerate(self.pieces):
            for piece in range(count):
                key = (self.name, at)
                at += 1
                if wanted is None or key in wanted:
                    reference = TaskRef(self.inputs[0].key_at((place,)))
                    tasks[key] = Task(cut_piece, (reference, piece, count), None, self.annotations)
        return tasks

    required = GroupPartitions.required
    narrow = GroupPartitions.narrow


def cut_piece(part: Any, piece: int, count: int) -> Any:
    """Return one of ``count`` pieces of a partition, by position."""
    start, stop = piece * len(part) // count, (piece + 1) * len(part) // count
    return part[start:stop] if part.ndim == 1 and not hasattr(part, "iloc") else part.iloc[start:stop]


def repartition(frame: Any, divisions: Any, npartitions: Any, partition_size: Any, freq: Any, force: bool) -> Any:
    """Return the same rows in other partitions; see ``DataFrame.repartition``."""
    given = {"divisions": divisions, "npartitions": npartitions, "partition_size": partition_size, "freq": freq}
    named = [name for name, value in given.items() if value is not None]
    if len(named) != 1:
        raise ValueError(
            "repartition needs npartitions, divisions, partition_size or freq, and only one of them; got "
            + (" and ".join(named) or "none")
        )
    if divisions is not None:
        if isinstance(divisions, str) or not np.iterable(divisions):
            raise TypeError(f"divisions must be a list or tuple of index values, got {type(divisions).__name__}")
        return repartition_divisions(frame, tuple(divisions), force)
    if freq is not None:
        return by_frequency(frame, freq)
    return by_size(frame, partition_size) if partition_size is not None else by_number(frame, npartitions)


def by_number(frame: FrameCollection, npartitions: Any) -> Any:
    """Return the same rows in so many partitions.

    For more of them numbers and dates are interpolated between known divisions (integers may give fewer); otherwise each
    partition is cut by position.
    """
    if not isinstance(npartitions, int | np.integer) or isinstance(npartitions, bool):
        raise TypeError(f"npartitions must be an integer, got {type(npartitions).__name__}: {npartitions!r:.80}")
    if npartitions < 1:
        raise ValueError(f"npartitions must be at least 1, got {npartitions}")
    have, count = frame.npartitions, int(npartitions)
    if count == have:
        return frame
    if count < have:
        return group_partitions(frame, [at * have // count for at in range(count + 1)])
    finer = interpolated(frame, count) if frame.known_divisions else None
    if finer is not None:
        return repartition_divisions(frame, finer)
    return split_partitions(frame, [(at + 1) * count // have - at * count // have for at in range(have)])


def interpolated(frame: FrameCollection, count: int) -> tuple[Any, ...] | None:
    """Return divisions of ``count`` partitions between the known ones, None if values can't be interpolated.

    >>> from minidask.dataframe.construct import from_pandas
    >>> interpolated(from_pandas(pd.Series(range(9)), npartitions=2), 4)
    (0, 2, 4, 6, 8)
    """
    index: Any = frame._meta if isinstance(frame._meta, pd.Index) else frame._meta.index
    is_time = isinstance(index, pd.DatetimeIndex | pd.TimedeltaIndex)
    whole = getattr(index.dtype, "kind", "O") in "iu"
    if not is_time and not whole and getattr(index.dtype, "kind", "O") != "f":
        return None
    have, last = frame.divisions, frame.npartitions
    finer = []
    for at in range(1, count):
        place, rest = divmod(at * last, count)
        low, high = have[place], have[min(place + 1, last)]
        step = (high - low) * (rest / count)
        value = low + (round(step) if whole else step)
        finer.append(value.as_unit(index.unit) if is_time else value)
    bounds = list(dict.fromkeys([have[0], *finer, have[-1]]))
    return tuple(bounds) if len(bounds) - 1 > last else None


def by_size(frame: Any, partition_size: Any) -> Any:
    """Return the same rows in partitions of at most so many bytes in memory; computes the sizes at once.

    Partitions above it are cut by position, neighbours are put together up to it.
    """
    limit = parse_bytes(partition_size)
    if limit < 1:
        raise ValueError(f"partition_size must be at least one byte, got {partition_size!r}")
    layer = frame_layer(FrameLayer, "sizes", bytes_of, [frame._layer], None, pd.Series(dtype="int64"))
    sizes = compute(new_collection(layer, layer.meta))[0].tolist()
    pieces = [max(1, -(-size // limit)) for size in sizes]
    if max(pieces) > 1:
        frame = split_partitions(frame, pieces)
        sizes = [size / count for size, count in zip(sizes, pieces, strict=True) for _ in range(count)]
    starts, held = [0], 0
    for at, size in enumerate(sizes):
        if held and held + size > limit:
            starts.append(at)
            held = 0
        held += size
    return group_partitions(frame, [*starts, len(sizes)]) if len(starts) < len(sizes) else frame


def bytes_of(part: Any) -> pd.Series:
    """Return a partition's bytes in memory, in a Series."""
    return pd.Series([sizeof(part)])


def by_frequency(frame: FrameCollection, freq: Any) -> Any:
    """Return the same rows with a border at each multiple of a frequency; the bounds of the whole stay."""
    index = frame._meta if isinstance(frame._meta, pd.Index) else frame._meta.index
    if not isinstance(index, pd.DatetimeIndex):
        raise TypeError(f"repartition(freq=...) needs an index of dates and times, this one is of {index.dtype}")
    if not frame.known_divisions:
        raise ValueError("repartition(freq=...) needs known divisions: make them with set_index or sort_index")
    offset = pd.tseries.frequencies.to_offset(freq)
    low, high = frame.divisions[0], frame.divisions[-1]
    try:
        start = low.ceil(offset)
    except ValueError:
        # Months and the like aren't of one length: begin at the first date of theirs.
        start = offset.rollforward(low.normalize())
    inner = [stamp for stamp in scalars(pd.date_range(start, high, freq=offset)) if low < stamp < high]
    return repartition_divisions(frame, (low, *[stamp.as_unit(index.unit) for stamp in inner], high))


def group_partitions(frame: FrameCollection, starts: Sequence[int]) -> Any:
    """Put neighbouring partitions together; divisions stay known."""
    token = quick_token("group", tuple(starts))
    name = f"repartition-{quick_token('group', frame._layer.name, token)}"
    divisions = tuple([frame._divisions[at] for at in starts])
    rows = None if isinstance(frame._rows, ByColumns) else f"{frame._rows}[{token}]"
    return new_collection(GroupPartitions(name, frame._layer, starts), frame._meta, divisions, rows)


def split_partitions(frame: FrameCollection, pieces: Sequence[int]) -> Any:
    """Cut partition ``i`` by position in ``pieces[i]`` ones; divisions become unknown."""
    name = f"repartition-{quick_token('split', frame._layer.name, tuple(pieces))}"
    return new_collection(SplitPartitions(name, frame._layer, pieces), frame._meta, unknown(sum(pieces)))

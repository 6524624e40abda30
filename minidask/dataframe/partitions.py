"""Partitions as such: picking, counting, splitting and joining them, and calling functions on them.

Place in the flow: a mixin of ``DataFrame``, ``Series`` and ``Index``.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Hashable, Sequence, Set
from typing import Any

import numpy as np

from minidask.dataframe.collection import FrameCollection, new_collection
from minidask.dataframe.divisions import unknown
from minidask.dataframe.join_parts import join_parts
from minidask.dataframe.layers import Columns, SelectPartitions, rewritten_name
from minidask.dataframe.mapping import map_partitions
from minidask.dataframe.meta import no_default
from minidask.dataframe.partitionwise import method
from minidask.delayed import Delayed
from minidask.graph import Key, Layer, ProgramBuilder, Task, TaskRef, alias
from minidask.graph.program import pack_list
from minidask.tokenize import quick_token


class GroupPartitions(Layer):
    """Partitions put together: partition ``i`` is made of those in ``range(starts[i], starts[i + 1])`` of the input."""

    __slots__ = ("starts",)
    starts: tuple[int, ...]

    def __init__(self, name: str, source: Layer, starts: Sequence[int]) -> None:
        super().__init__(name, (source,), (len(starts) - 1,))
        self.starts = tuple(starts)

    def lower(self, wanted: Collection[Key] | None = None) -> dict[Key, Task]:
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
        return (columns,)

    def narrow(self, columns: Set[Hashable], inputs: tuple[Layer, ...]) -> Layer:
        return self if inputs[0] is self.inputs[0] else self.rebuild(inputs, rewritten_name(self.name, (), inputs))


class SplitPartitions(Layer):
    """Partitions cut in pieces of about equal length: partition ``i`` of the input gives ``pieces[i]`` ones."""

    __slots__ = ("pieces",)
    pieces: tuple[int, ...]

    def __init__(self, name: str, source: Layer, pieces: Sequence[int]) -> None:
        super().__init__(name, (source,), (sum(pieces),))
        self.pieces = tuple(pieces)

    def lower(self, wanted: Collection[Key] | None = None) -> dict[Key, Task]:
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


class Partitions:
    """Pick partitions by position: ``df.partitions[0]``, ``[-1]``, ``[:3]``, ``[[0, 2]]``."""

    __slots__ = ("_frame",)

    def __init__(self, frame: FrameCollection) -> None:
        self._frame = frame

    def __len__(self) -> int:
        return self._frame.npartitions

    def __getitem__(self, item: Any) -> Any:
        count = self._frame.npartitions
        if isinstance(item, int | np.integer) and not isinstance(item, bool):
            if not -count <= item < count:
                raise IndexError(f"there are {count} partitions, got {item}")
            places = [int(item) % count]
        elif isinstance(item, slice):
            places = list(range(count))[item]
        elif isinstance(item, list | np.ndarray):
            try:
                places = [int(place) for place in np.arange(count)[np.asarray(item, dtype=None if len(item) else int)]]
            except IndexError as error:
                raise IndexError(f"there are {count} partitions: {error}") from None
        else:
            raise TypeError(f"partitions are picked by integers, slices or lists of these, got {type(item).__name__}")
        return select_partitions(self._frame, places)

    def __iter__(self) -> Any:
        return (self[at] for at in range(len(self)))

    def __repr__(self) -> str:
        return f"<Partitions: {len(self)} of {self._frame._layer.name}>"


def select_partitions(frame: FrameCollection, places: Sequence[int]) -> Any:
    """Return the collection of the partitions at ``places``; divisions stay known for neighbours in their order.

    Raises
    ------
    IndexError
        If ``places`` is empty.
    """
    if not places:
        raise IndexError("no partition was picked: a collection has at least one")
    places = list(places)
    if places == list(range(frame.npartitions)):
        return frame
    name = f"partitions-{quick_token('partitions', frame._layer.name, tuple(places))}"
    divisions = unknown(len(places))
    if places == list(range(places[0], places[-1] + 1)):
        divisions = frame._divisions[places[0] : places[-1] + 2]
    rows = f"{frame._rows}[{quick_token('places', tuple(places))}]"
    return new_collection(SelectPartitions(name, frame._layer, places), frame._meta, divisions, rows)


class PartitionMethods(FrameCollection):
    """Methods that deal with partitions."""

    @property
    def partitions(self) -> Partitions:
        """The partitions by position: ``df.partitions[0]``, ``[-1]``, ``[:3]``, ``[[0, 2]]``."""
        return Partitions(self)

    def get_partition(self, n: int) -> Any:
        """Return one partition as a collection; raises IndexError if there are not so many."""
        if not isinstance(n, int | np.integer) or isinstance(n, bool):
            raise TypeError(f"get_partition takes a position, got {type(n).__name__}: {n!r:.80}")
        if not 0 <= n < self.npartitions:
            raise IndexError(f"there are partitions 0 to {self.npartitions - 1}, got {n}")
        return select_partitions(self, [int(n)])

    def head(self, n: int = 5, npartitions: int = 1, compute: bool = True) -> Any:
        """Return the first rows.

        Parameters
        ----------
        n : int
        npartitions : int
            Look at so many partitions; -1: all. With fewer rows in them a warning says so.
        compute : bool
            Whether to return a pandas object; otherwise a collection of one partition.

        Raises
        ------
        TypeError, ValueError
            If ``n`` is no integer, or there are not so many partitions.
        """
        _check_count("head", n)
        if npartitions == -1:
            npartitions = self.npartitions
        if not isinstance(npartitions, int) or not 1 <= npartitions <= self.npartitions:
            raise ValueError(f"npartitions must be -1 or in 1..{self.npartitions}, got {npartitions!r}")
        first = method("head", select_partitions(self, range(npartitions)), n)
        if npartitions > 1:
            first = method("head", group_partitions(first, [0, npartitions]), n)
        if not compute:
            return first
        result = first.compute()
        if len(result) < n and npartitions < self.npartitions:
            warnings.warn(
                f"the first {npartitions} of {self.npartitions} partitions have {len(result)} rows, {n} were asked for: "
                "pass npartitions=-1 to look at all",
                stacklevel=2,
            )
        return result

    def tail(self, n: int = 5, compute: bool = True) -> Any:
        """Return the last rows of the last partition, as a pandas object or (``compute=False``) a collection."""
        _check_count("tail", n)
        last = method("tail", select_partitions(self, [self.npartitions - 1]), n)
        if not compute:
            return last
        result = last.compute()
        if len(result) < n and self.npartitions > 1:
            warnings.warn(
                f"the last of {self.npartitions} partitions has {len(result)} rows, {n} were asked for: tail looks at no other "
                "one",
                stacklevel=2,
            )
        return result

    def repartition(
        self,
        divisions: Sequence[Any] | None = None,
        npartitions: int | None = None,
        partition_size: Any = None,
        freq: Any = None,
        force: bool = False,
    ) -> Any:
        """Return the same rows, in the same order, in another number of partitions.

        Neighbours are put together for fewer partitions; for more, each is cut in pieces, and divisions become unknown.

        Raises
        ------
        NotImplementedError
            For ``divisions``, ``partition_size`` and ``freq``, which aren't built yet.
        TypeError, ValueError
            If ``npartitions`` is missing, no integer, or below 1.
        """
        for name, value in (("divisions", divisions), ("partition_size", partition_size), ("freq", freq)):
            if value is not None:
                raise NotImplementedError(f"repartition by {name} isn't built yet; give npartitions")
        if npartitions is None:
            raise ValueError("repartition needs npartitions, the number of partitions to make")
        if not isinstance(npartitions, int | np.integer) or isinstance(npartitions, bool):
            raise TypeError(f"npartitions must be an integer, got {type(npartitions).__name__}: {npartitions!r:.80}")
        if npartitions < 1:
            raise ValueError(f"npartitions must be at least 1, got {npartitions}")
        have = self.npartitions
        if npartitions == have:
            return self
        bounds = [at * have // npartitions for at in range(npartitions + 1)] if npartitions < have else []
        if bounds:
            return group_partitions(self, bounds)
        pieces = [(at + 1) * npartitions // have - at * npartitions // have for at in range(have)]
        name = f"repartition-{quick_token('split', self._layer.name, tuple(pieces))}"
        return new_collection(SplitPartitions(name, self._layer, pieces), self._meta, unknown(int(npartitions)))

    def to_delayed(self, optimize_graph: bool = True) -> list[Delayed]:
        """Return one ``Delayed`` a partition; ``optimize_graph`` says whether the graph is optimised before."""
        frame = self.optimize() if optimize_graph else self
        return [Delayed(key, frame.dask) for key in frame.__dask_keys__()]

    def map_partitions(
        self,
        func: Callable[..., Any],
        *args: Any,
        meta: Any = no_default,
        enforce_metadata: bool = True,
        transform_divisions: bool = True,
        clear_divisions: bool = False,
        align_dataframes: bool = True,
        token: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Call a function on each partition: ``func(partition, *args, **kwargs)``; see ``minidask.dataframe.map_partitions``."""
        return map_partitions(
            func,
            self,
            *args,
            meta=meta,
            enforce_metadata=enforce_metadata,
            transform_divisions=transform_divisions,
            clear_divisions=clear_divisions,
            align_dataframes=align_dataframes,
            token=token,
            **kwargs,
        )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self.compute(), dtype=dtype)


def group_partitions(frame: FrameCollection, starts: Sequence[int]) -> Any:
    """Put neighbouring partitions together; divisions stay known."""
    name = f"repartition-{quick_token('group', frame._layer.name, tuple(starts))}"
    divisions = tuple([frame._divisions[at] for at in starts])
    return new_collection(GroupPartitions(name, frame._layer, starts), frame._meta, divisions)


def _check_count(name: str, n: Any) -> None:
    if not isinstance(n, int | np.integer) or isinstance(n, bool):
        raise TypeError(f"{name} takes a number of rows, got {type(n).__name__}: {n!r:.80}")
    if n < 0:
        raise ValueError(f"{name} takes a number of rows of at least 0, got {n}")

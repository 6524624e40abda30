"""Partitions as such: picking, counting, splitting and joining them, and calling functions on them.

Place in the flow: a mixin of ``DataFrame``, ``Series`` and ``Index``.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minidask.dataframe.collection import FrameCollection, new_collection
from minidask.dataframe.divisions import unknown
from minidask.dataframe.layers import SelectPartitions
from minidask.dataframe.mapping import map_partitions
from minidask.dataframe.meta import no_default
from minidask.dataframe.order.repartition import group_partitions, repartition
from minidask.dataframe.partitionwise import columnwise
from minidask.delayed import Delayed
from minidask.tokenize import quick_token


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
        npartitions = self._check_looked_at(npartitions)
        first = columnwise("head", first_rows, select_partitions(self, range(npartitions)), n)
        if npartitions > 1:
            first = columnwise("head", first_rows, group_partitions(first, [0, npartitions]), n)
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

    def tail(self, n: int = 5, compute: bool = True, npartitions: int = 1) -> Any:
        """Return the last rows.

        Parameters
        ----------
        n : int
        compute : bool
            Whether to return a pandas object; otherwise a collection of one partition.
        npartitions : int
            Look at so many partitions, the last ones; -1: all. With fewer rows in them a warning says so.

        Raises
        ------
        TypeError, ValueError
            If ``n`` is no integer, or there are not so many partitions.
        """
        _check_count("tail", n)
        npartitions = self._check_looked_at(npartitions)
        last = columnwise("tail", last_rows, select_partitions(self, range(self.npartitions)[-npartitions:]), n)
        if npartitions > 1:
            last = columnwise("tail", last_rows, group_partitions(last, [0, npartitions]), n)
        if not compute:
            return last
        result = last.compute()
        if len(result) < n and npartitions < self.npartitions:
            which = f"last {npartitions} of {self.npartitions} partitions have"
            warnings.warn(
                f"the {which} {len(result)} rows, {n} were asked for: pass npartitions=-1 to look at all", stacklevel=2
            )
        return result

    def _check_looked_at(self, npartitions: Any) -> int:
        if isinstance(npartitions, int | np.integer) and npartitions == -1:
            return self.npartitions
        if not isinstance(npartitions, int | np.integer) or not 1 <= npartitions <= self.npartitions:
            raise ValueError(f"npartitions must be -1 or in 1..{self.npartitions}, got {npartitions!r}")
        return int(npartitions)

    def repartition(
        self,
        divisions: Sequence[Any] | None = None,
        npartitions: int | None = None,
        partition_size: Any = None,
        freq: Any = None,
        force: bool = False,
    ) -> Any:
        """Return the same rows, in the same order, in other partitions.

        Parameters
        ----------
        divisions : list or tuple, optional
            Bounds of the new partitions' indexes; the present ones have to be known, and begin and end alike.
        npartitions : int, optional
            How many partitions. Neighbours are put together for fewer. For more, numbers and dates are interpolated between known
            divisions (integers may give fewer than asked); otherwise each is cut by position, and divisions become unknown.
        partition_size : int or str, optional
            Bytes in memory of a partition, at most (``"100MB"``); sizes are computed at once.
        freq : str or offset, optional
            A border at each multiple of a frequency (``"7D"``, ``"MS"``); needs known divisions of dates.
        force : bool
            With ``divisions``: whether the bounds of the whole may become wider.

        Raises
        ------
        TypeError, ValueError
            If none or several of them are given, they are of the wrong type or don't ascend, divisions aren't known, or rows
            would be lost.

        Examples
        --------
        >>> import pandas as pd
        >>> import minidask.dataframe as dd
        >>> df = dd.from_pandas(pd.DataFrame({"x": range(10)}), npartitions=2)
        >>> df.repartition(divisions=(0, 3, 9)).map_partitions(len).compute().tolist()
        [3, 7]
        """
        return repartition(self, divisions, npartitions, partition_size, freq, force)

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
        required_columns: Sequence[Any] | None = None,
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
            required_columns=required_columns,
            token=token,
            **kwargs,
        )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self.compute(), dtype=dtype)


def first_rows(part: Any, n: int) -> Any:
    """Return the first rows of a partition, which may be an Index."""
    return part[:n] if part.ndim == 1 and not hasattr(part, "iloc") else part.iloc[:n]


def last_rows(part: Any, n: int) -> Any:
    """Return the last rows of a partition, which may be an Index.

    >>> last_rows(np.arange(3), 2).tolist()
    [1, 2]
    """
    start = max(len(part) - n, 0)
    return part[start:] if part.ndim == 1 and not hasattr(part, "iloc") else part.iloc[start:]


def _check_count(name: str, n: Any) -> None:
    if not isinstance(n, int | np.integer) or isinstance(n, bool):
        raise TypeError(f"{name} takes a number of rows, got {type(n).__name__}: {n!r:.80}")
    if n < 0:
        raise ValueError(f"{name} takes a number of rows of at least 0, got {n}")

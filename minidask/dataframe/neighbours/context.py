"""Rows of neighbours: the last ones before a partition and the first ones behind it, by number or by time.

Place in the flow: ``sides`` gives the ``Side`` objects that windows of rows or of time ask for; ``Windowed`` calls a function on
a partition with these rows around it and takes their results away again.

Invariant: rows are copied (``take``), because a slice would keep its whole partition in memory.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from minidask.dataframe.collection import FrameCollection
from minidask.dataframe.divisions import Divisions
from minidask.dataframe.join_parts import join_parts
from minidask.dataframe.neighbours.layer import Side
from minidask.graph import func_name


class LastRows(NamedTuple):
    """Give the last rows of what is put together, ``rows`` of them if there are so many.

    Examples
    --------
    >>> LastRows(2)(pd.Series([1, 2]), pd.Series([], dtype="int64"), pd.Series([3])).tolist()
    [2, 3]
    """

    rows: int

    def __call__(self, *pieces: Any) -> Any:
        missing = self.rows
        found: list[Any] = []
        for piece in reversed(pieces):
            kept = min(missing, len(piece))
            if kept:
                found.append(piece.take(np.arange(len(piece) - kept, len(piece))))
                missing -= kept
        return join_parts(found[::-1]) if found else pieces[0].iloc[:0]


class FirstRows(NamedTuple):
    """Give the first rows of what is put together, ``rows`` of them if there are so many.

    Examples
    --------
    >>> FirstRows(2)(pd.Series([1]), pd.Series([], dtype="int64"), pd.Series([2, 3])).tolist()
    [1, 2]
    """

    rows: int

    def __call__(self, *pieces: Any) -> Any:
        missing = self.rows
        found: list[Any] = []
        for piece in pieces:
            kept = min(missing, len(piece))
            if kept:
                found.append(piece.take(np.arange(kept)))
                missing -= kept
        return join_parts(found) if found else pieces[0].iloc[:0]


class LastSpan(NamedTuple):
    """Give the rows whose index is at most ``duration`` before the greatest one."""

    duration: pd.Timedelta

    def __call__(self, *pieces: Any) -> Any:
        rows = join_parts(pieces)
        return rows.take(np.flatnonzero(rows.index >= rows.index.max() - self.duration)) if len(rows) else rows


class FirstSpan(NamedTuple):
    """Give the rows whose index is at most ``duration`` behind the smallest one."""

    duration: pd.Timedelta

    def __call__(self, *pieces: Any) -> Any:
        rows = join_parts(pieces)
        return rows.take(np.flatnonzero(rows.index <= rows.index.min() + self.duration)) if len(rows) else rows


def rows_until(part: Any, last: Any) -> Any:
    """Return the rows of a partition whose index is at most ``last``."""
    return part.take(np.flatnonzero(part.index <= last))


class Windowed(NamedTuple):
    """Call a function that keeps rows on a partition with rows of its neighbours, and leave out what it gives for these.

    Where it gives several rows for each, all of those for the partition's own rows are kept.
    """

    func: Any
    args: tuple[Any, ...] = ()
    kwargs: tuple[tuple[str, Any], ...] = ()

    @property
    def short_name(self) -> str:
        """The function's name, for people."""
        return func_name(self.func)

    def __call__(self, part: Any, before: Any, after: Any) -> Any:
        extended = extend(part, before, after)
        result = self.func(extended.rows, *self.args, **dict(self.kwargs))
        if len(extended.rows) == len(part):
            return result
        result = trim(result, extended)
        # The partition's own index: putting rows together loses a range, and a frequency.
        return result.set_axis(part.index, axis=0) if len(result) == len(part) else result


class Extended(NamedTuple):
    """Rows with those of neighbours around them: ``before`` of them in front, ``own`` ones, and the rest behind."""

    rows: Any
    before: int
    own: int


def extend(part: Any, before: Any, after: Any) -> Extended:
    """Put rows of neighbours, None for none, around those of a partition; one without rows stays so."""
    pieces = [piece for piece in (before, part, after) if piece is not None and len(piece)]
    if not len(part) or len(pieces) == 1:
        return Extended(part, 0, len(part))
    return Extended(join_parts(pieces), 0 if before is None else len(before), len(part))


def trim(result: Any, extended: Extended) -> Any:
    """Leave out what a function gave for rows of neighbours.

    Raises
    ------
    ValueError
        If it didn't give one row, or the same number of rows, for each that it got.
    """
    given = len(extended.rows)
    if not hasattr(result, "iloc") or (given and len(result) % given):
        what = f"{len(result)} rows" if hasattr(result, "iloc") else f"a {type(result).__name__}"
        raise ValueError(
            f"a function of overlapping partitions must return as many rows as it gets (or a multiple), so that those of "
            f"neighbours can be left out; it got {given} rows and returned {what}"
        )
    times = len(result) // given if given else 1
    return result.iloc[extended.before * times : (extended.before + extended.own) * times]


def as_window(operation: str, name: str, value: Any, frame: FrameCollection) -> int | pd.Timedelta:
    """Return a number of rows, or a duration where the index has times.

    Raises
    ------
    TypeError, ValueError
        If it is neither, negative, or a duration for an index without times.
    """
    if isinstance(value, int | np.integer) and not isinstance(value, bool | np.timedelta64):
        if value < 0:
            raise ValueError(f"{operation}: {name} must be at least 0, got {value}")
        return int(value)
    if not isinstance(value, timedelta | np.timedelta64 | str | pd.offsets.BaseOffset):
        raise TypeError(
            f"{operation}: {name} must be a number of rows, or a duration such as '2h', got {type(value).__name__}: "
            f"{value!r:.80}"
        )
    index = frame._meta.index
    if not isinstance(index, pd.DatetimeIndex | pd.TimedeltaIndex):
        raise TypeError(
            f"{operation}: {name}={value!r} is a duration, which needs an index of times; this one is of {index.dtype}"
        )
    try:
        duration = as_duration(value)
    except ValueError as error:
        raise ValueError(f"{operation}: {name}={value!r} is no duration of fixed length: {error}") from None
    if duration < pd.Timedelta(0):
        raise ValueError(f"{operation}: {name} must be at least 0, got {value!r}")
    return duration


def as_duration(value: Any) -> pd.Timedelta:
    """Return a fixed duration; raises ValueError for others, such as a month.

    Examples
    --------
    >>> as_duration("h"), as_duration(pd.offsets.Day(2))
    (Timedelta('0 days 01:00:00'), Timedelta('2 days 00:00:00'))
    """
    if isinstance(value, str):
        try:
            return pd.Timedelta(value)
        except ValueError:
            value = pd.tseries.frequencies.to_offset(value)
    if isinstance(value, pd.offsets.Day):
        return pd.Timedelta(days=value.n)
    return pd.Timedelta(value)


def side_before(frame: FrameCollection, window: int | pd.Timedelta) -> Side | None:
    """Return what gives each partition the rows before it: so many, or those of a duration."""
    if frame.npartitions == 1 or window in (0, pd.Timedelta(0)):
        return None
    if isinstance(window, int):
        return Side(LastRows(window), LastRows(window))
    span = LastSpan(window)
    return Side(span, span, reach_before(frame._divisions, window) if frame.known_divisions else None)


def side_after(frame: FrameCollection, window: int | pd.Timedelta) -> Side | None:
    """Return what gives each partition the rows behind it: so many, or those of a duration."""
    if frame.npartitions == 1 or window in (0, pd.Timedelta(0)):
        return None
    if isinstance(window, int):
        return Side(FirstRows(window), FirstRows(window))
    span = FirstSpan(window)
    return Side(span, span, reach_after(frame._divisions, window) if frame.known_divisions else None)


# Above so many neighbours a partition, on average, the chain over all of them has fewer edges.
NEAR = 8


def reach_before(divisions: Divisions, duration: pd.Timedelta) -> tuple[int, ...] | None:
    """Return for each partition the first one with rows at most ``duration`` before it; None if that is far away.

    Examples
    --------
    >>> reach_before(
    ...     tuple(pd.to_datetime(["2020-01-01", "2020-01-02", "2020-01-03", "2020-01-04"])), pd.Timedelta("1h")
    ... )
    (0, 0, 1)
    """
    uppers = divisions[1:]
    reach = [min(bisect_left(uppers, low - duration), at) for at, low in enumerate(divisions[:-1])]
    return tuple(reach) if sum(at - first for at, first in enumerate(reach)) <= NEAR * len(reach) else None


def reach_after(divisions: Divisions, duration: pd.Timedelta) -> tuple[int, ...] | None:
    """Return for each partition where those stop that have rows at most ``duration`` behind it; None if that is far away."""
    lowers = divisions[:-1]
    reach = [max(bisect_right(lowers, high + duration), at + 1) for at, high in enumerate(divisions[1:])]
    return near(reach)


def near(stops: Sequence[int]) -> tuple[int, ...] | None:
    """Return where the partitions behind each one stop that it needs, None if these are far away."""
    return tuple(stops) if sum(stop - at - 1 for at, stop in enumerate(stops)) <= NEAR * len(stops) else None

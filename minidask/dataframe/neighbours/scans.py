"""Cumulative operations, and filling with the last or next value: scans over the partitions.

A summary is one row, what the partition hands on: its last cumulated, or last (first) known, value of each column. Putting
it in front of a partition (behind it, for ``bfill``) makes pandas's own method give the answer for the whole, in all dtypes.

Place in the flow: behind the methods of ``NeighbourMethods``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from minidask.dataframe.calls import Method
from minidask.dataframe.collection import FrameCollection
from minidask.dataframe.join_parts import join_parts
from minidask.dataframe.neighbours.context import Windowed, side_after, side_before
from minidask.dataframe.neighbours.layer import Side, with_neighbours
from minidask.dataframe.partitionwise import method, partitionwise


class LastValues(NamedTuple):
    """Give one row: the last value of each column that is there, of what is put together; no row of no rows.

    Examples
    --------
    >>> LastValues()(pd.Series([1.0, 2.0]), pd.Series([None], dtype="float64")).tolist()
    [2.0]
    """

    def __call__(self, *pieces: Any) -> Any:
        return known_row(join_parts(pieces), last=True)


class FirstValues(NamedTuple):
    """Give one row: the first value of each column that is there, of what is put together; no row of no rows."""

    def __call__(self, *pieces: Any) -> Any:
        return known_row(join_parts(pieces), last=False)


class Carry(NamedTuple):
    """One row: what a cumulative method has come to; no row of no rows.

    ``lost`` are the places of columns that are NaN from here on though nothing is missing, such as infinities of both
    signs in a sum; a NaN in the row would count as missing.
    """

    row: Any
    lost: frozenset[int] = frozenset()


class LastCumulated(NamedTuple):
    """Give the ``Carry`` behind a partition, or behind several of them in a row."""

    how: str
    skipna: bool

    def __call__(self, *pieces: Any) -> Carry:
        if isinstance(pieces[0], Carry):
            lost = frozenset[int]().union(*[piece.lost for piece in pieces])
            rows = join_parts([piece.row for piece in pieces])
        else:
            lost, rows = frozenset(), pieces[0]
        with np.errstate(invalid="ignore", over="ignore"):
            done = getattr(rows, self.how)(skipna=self.skipna)
        if not len(done):
            return Carry(done, lost)
        if not self.skipna:
            return Carry(done.take([len(done) - 1]))
        return Carry(known_row(done, last=True), lost.union(_lost_places(rows, done)))


def _lost_places(rows: Any, done: Any) -> list[int]:
    """Return the places of columns that are NaN at their last value that isn't missing."""
    columns = [(rows, done)]
    if isinstance(rows, pd.DataFrame):
        columns = [(rows.iloc[:, at], done.iloc[:, at]) for at in range(rows.shape[1])]
    lost = []
    for at, (values, results) in enumerate(columns):
        if isinstance(results.dtype, np.dtype) and results.dtype.kind in "fc" and pd.isna(results.iloc[-1]):
            place = _known_place(values, last=True)
            if place is not None and pd.isna(results.iloc[place]):
                lost.append(at)
    return lost


class Cumulate(NamedTuple):
    """Call a cumulative method on a partition behind the row that comes from those before it."""

    how: str
    skipna: bool

    @property
    def short_name(self) -> str:
        """The method's name, for people."""
        return self.how

    def __call__(self, part: Any, before: Carry | None, after: Any) -> Any:
        with np.errstate(invalid="ignore", over="ignore"):
            if before is None or not len(before.row) or not len(part):
                return getattr(part, self.how)(skipna=self.skipna)
            rows = join_parts([before.row, as_cumulated(part, before.row)])
            result = getattr(rows, self.how)(skipna=self.skipna).iloc[1:].set_axis(part.index, axis=0)
        for at in before.lost:
            if isinstance(result, pd.Series):
                return pd.Series(np.nan, index=result.index, dtype=result.dtype, name=result.name)
            result.isetitem(at, np.full(len(result), np.nan, dtype=result.dtypes.iloc[at]))
        return result


class Fill(NamedTuple):
    """Fill missing values of a partition, first (last) ones with what comes from before (from behind)."""

    how: str

    @property
    def short_name(self) -> str:
        """The method's name, for people."""
        return self.how

    def __call__(self, part: Any, before: Any, after: Any) -> Any:
        row = before if self.how == "ffill" else after
        if row is None or not len(row) or not len(part):
            return getattr(part, self.how)()
        if self.how == "ffill":
            return join_parts([row, part]).ffill().iloc[1:].set_axis(part.index, axis=0)
        return join_parts([part, row]).bfill().iloc[:-1].set_axis(part.index, axis=0)


def known_row(obj: Any, last: bool) -> Any:
    """Return one row of the last (first) value of each column that isn't missing; missing if all are, no row of none."""
    if not len(obj):
        return obj
    end = len(obj) - 1 if last else 0
    row = obj.take([end])
    if isinstance(obj, pd.Series):
        place = _known_place(obj, last)
        return row if place in (None, end) else obj.take([place]).set_axis(row.index)
    for at in np.flatnonzero(row.isna().to_numpy()[0]):
        place = _known_place(obj.iloc[:, at], last)
        if place is not None:
            # As a column of the same row: of an array of objects pandas infers the dtype anew.
            row.isetitem(int(at), obj.iloc[:, at].take([place]).set_axis(row.index))
    return row


def _known_place(series: pd.Series, last: bool) -> int | None:
    places = np.flatnonzero(series.notna().to_numpy())
    return int(places[-1 if last else 0]) if len(places) else None


def as_cumulated(part: Any, row: Any) -> Any:
    """Return a partition with booleans in the dtype that they are cumulated in: theirs and numbers don't go together."""
    if isinstance(part, pd.Series):
        return part.astype(row.dtype) if _is_bool(part.dtype) and not _is_bool(row.dtype) else part
    changed = [
        at
        for at, (one, other) in enumerate(zip(part.dtypes, row.dtypes, strict=True))
        if _is_bool(one) and not _is_bool(other)
    ]
    if changed:
        part = part.copy(deep=False)
        for at in changed:
            part.isetitem(at, part.iloc[:, at].astype(row.dtypes.iloc[at]))
    return part


def _is_bool(dtype: Any) -> bool:
    return getattr(dtype, "kind", "O") == "b"


def cumulate(how: str, frame: FrameCollection, axis: Any, skipna: bool, numeric_only: bool) -> Any:
    """Return ``frame.how(axis, skipna, numeric_only)`` for a cumulative method."""
    skipna = bool(skipna)
    if along_rows(how, frame, axis):
        return partitionwise(
            how, Method(how), frame, kwargs={"axis": 1, "skipna": skipna, "numeric_only": numeric_only}
        )
    selected: Any = frame
    if numeric_only and frame._kind == "DataFrame":
        selected = selected[list(frame._meta.select_dtypes(include=["number", "bool"]).columns)]
    call = Cumulate(how, skipna)
    meta = call(selected._meta, None, None)
    before = Side(LastCumulated(how, skipna), LastCumulated(how, skipna)) if frame.npartitions > 1 else None
    return with_neighbours(how, selected, call, before, None, skipna, meta)


def fill(how: str, frame: FrameCollection, axis: Any, limit: Any, limit_area: Any) -> Any:
    """Return ``frame.ffill`` or ``bfill``."""
    if limit is not None:
        if isinstance(limit, bool) or not isinstance(limit, int | np.integer):
            raise ValueError("Limit must be an integer")
        if limit < 1:
            raise ValueError("Limit must be greater than 0")
        limit = int(limit)
    if limit_area not in (None, "inside", "outside"):
        raise ValueError(f"limit_area should be one of None, 'inside' or 'outside', got {limit_area!r}")
    if along_rows(how, frame, axis):
        kwargs = {"axis": 1, "limit": limit, "limit_area": limit_area}
        return partitionwise(how, Method(how), frame, kwargs=kwargs)
    filled = _fill(how, frame, limit)
    if limit_area is None:
        return filled
    # A missing value is inside where there are values on both sides: then the other direction fills it too.
    inside = _fill("bfill" if how == "ffill" else "ffill", frame, None).notna()
    whole: Any = frame
    return filled.where(inside) if limit_area == "inside" else whole.where(inside, filled)


def _fill(how: str, frame: FrameCollection, limit: int | None) -> Any:
    if frame.npartitions == 1:
        return method(how, frame, kwargs={"limit": limit})
    if limit is not None:
        call = Windowed(Method(how), (), (("limit", limit),))
        before = side_before(frame, limit) if how == "ffill" else None
        after = side_after(frame, limit) if how == "bfill" else None
        return with_neighbours(how, frame, call, before, after, limit, call(frame._meta, None, None))
    side: Any = LastValues() if how == "ffill" else FirstValues()
    before, after = (Side(side, side), None) if how == "ffill" else (None, Side(side, side))
    return with_neighbours(how, frame, Fill(how), before, after, None, getattr(frame._meta, how)())


def along_rows(name: str, frame: FrameCollection, axis: Any) -> bool:
    """Whether an axis is that of the columns; raises ValueError for one that isn't there."""
    if axis in (0, "index", "rows", None):
        return False
    if axis in (1, "columns") and frame._kind == "DataFrame":
        return True
    raise ValueError(f"{name}: no axis named {axis!r} for object type {frame._kind}")

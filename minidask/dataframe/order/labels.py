"""Rows by label: what ``loc`` does with slices, single labels and lists of them.

Place in the flow: called by ``minidask.dataframe.indexers``. Known divisions say which partitions may have a row, and only those
are read. Where nothing is known all partitions are looked at.

Invariants: slices go by values: the rows whose labels lie between the bounds, both of which belong to them, whatever the
order of the rows inside a partition. A label that isn't there raises KeyError: at once where divisions rule it out, otherwise
when computed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence, Set
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from minidask.dataframe.collection import ByColumns, FrameCollection, new_collection
from minidask.dataframe.divisions import Divisions, places_between, unknown
from minidask.dataframe.join_parts import join_parts
from minidask.dataframe.layers import Columns, rewritten_name
from minidask.dataframe.order.dates import Span, is_exact, is_finer, span_of
from minidask.dataframe.order.found import checked
from minidask.dataframe.order.ranges import Range, by_value, rows_between, take_ranges
from minidask.graph import Key, Layer, Task, TaskRef
from minidask.tokenize import quick_token


class PickRows(Layer):
    """One partition of the rows that ``pick`` takes from each of the partitions at ``places``, then from these together."""

    __slots__ = ("pick", "places")
    pick: Any
    places: tuple[int, ...]

    def __init__(self, name: str, source: Layer, places: Sequence[int], pick: Any) -> None:
        super().__init__(name, (source,), (1,))
        self.places = tuple(places)
        self.pick = pick

    def lower(self, wanted: Collection[Key] | None = None) -> dict[Key, Task]:
        """Return one task, and one more for each place if there are several."""
        key: Key = (self.name, 0)
        if wanted is not None and key not in wanted:
            return {}
        parts = [TaskRef(self.inputs[0].key_at((at,))) for at in self.places]
        if len(parts) == 1:
            return {key: Task(pick_from, (self.pick, *parts), None, self.annotations)}
        tasks: dict[Key, Task] = {}
        for at, part in enumerate(parts):
            tasks[(self.name, "some", at)] = Task(self.pick, (part,), None, self.annotations)
        tasks[key] = Task(pick_from, (self.pick, *map(TaskRef, list(tasks))), None, self.annotations)
        return tasks

    def required(self, columns: Columns) -> tuple[Columns, ...]:
        """Return the columns themselves: only the index is looked at."""
        return (columns,)

    def narrow(self, columns: Set[Any], inputs: tuple[Layer, ...]) -> Layer:
        """Return the layer on a source of fewer columns."""
        return self if inputs[0] is self.inputs[0] else self.rebuild(inputs, rewritten_name(self.name, (), inputs))


class OneLabel(NamedTuple):
    """Take the rows of one label, or of a span that a string means; the string is a label where the index is no finer."""

    label: Any
    span: Span

    def __call__(self, part: Any) -> Any:
        """Return the rows of a partition, in their order."""
        try:
            return rows_between(part, self.span.low, self.span.high, self.span.closed)
        except TypeError:
            # Labels of several types have no order; those that can't be compared are no labels of the index.
            index = by_value(part if isinstance(part, pd.Index) else part.index)
            return part[np.asarray(index == self.span.low, dtype=bool)]

    def finish(self, rows: Any, whole: Any) -> Any:
        """Return all rows; raises KeyError if there are none for a label."""
        if not len(rows) and is_exact(whole.index, self.span.resolution):
            raise KeyError(self.label)
        return rows


class SeveralLabels(NamedTuple):
    """Take the rows of several labels."""

    labels: tuple[Any, ...]

    def __call__(self, part: Any) -> Any:
        """Return the rows of a partition, in their order."""
        index = part if isinstance(part, pd.Index) else part.index
        return part[by_value(index).isin(self.labels)]

    def finish(self, rows: Any, whole: Any) -> Any:
        """Return the rows in the order of the labels; raises KeyError, as pandas does, if one isn't there."""
        return rows.loc[list(self.labels)]


def pick_from(pick: Any, *parts: Any) -> Any:
    """Return what ``pick`` takes from all parts together."""
    whole = join_parts(parts)
    return pick.finish(pick(whole), whole)


def rows_by_label(frame: FrameCollection, key: Any) -> Any:
    """Return the rows of a slice, a list of labels or a single label.

    Raises
    ------
    KeyError
        If a label isn't there; where only the data can tell, when computed.
    NotImplementedError
        For an index of several levels.
    TypeError
        If bounds can't be compared with the index.
    """
    index = frame._meta.index
    if index.nlevels > 1:
        raise NotImplementedError(
            "loc doesn't select rows by an index of several levels: use conditions, after reset_index()"
        )
    if isinstance(key, slice):
        return _slice(frame, index, key)
    if isinstance(key, list | pd.Index | pd.Series) or getattr(key, "ndim", 0) == 1 or isinstance(key, set | dict):
        if isinstance(key, set | dict):
            raise TypeError(f"loc takes a list of labels, not a {type(key).__name__}: it has no order")
        return _several(frame, index, list(key))
    if not pd.api.types.is_scalar(key) and not isinstance(key, tuple):
        raise TypeError(
            f"loc takes labels, slices, lists of labels or conditions, got {type(key).__name__}: {key!r:.80}"
        )
    return _single(frame, index, key)


def _slice(frame: FrameCollection, index: pd.Index, key: slice) -> Any:
    if key.step is not None and key.step != 1:
        raise NotImplementedError(
            f"loc takes slices without a step, got {key!r}: the step would go through all partitions"
        )
    low = None if key.start is None else span_of(index, key.start).low
    end = None if key.stop is None else span_of(index, key.stop)
    if low is None and end is None:
        return frame
    high, closed = (None, True) if end is None else (end.high, end.closed)
    if not frame.known_divisions:
        ranges = [Range(at, at + 1, low, high, closed) for at in range(frame.npartitions)]
        return take_ranges(frame, ranges, unknown(len(ranges)), "loc")
    have = frame.divisions
    try:
        return _between(frame, have, low, high, closed)
    except TypeError as error:
        raise TypeError(
            f"loc[{key.start!r}:{key.stop!r}] can't be compared with an index of {index.dtype}: {error}"
        ) from None


def _between(frame: FrameCollection, have: Divisions, low: Any, high: Any, closed: bool) -> Any:
    places = places_between(have, low, high, closed)
    last = len(have) - 2
    ranges = []
    for at in places:
        lower = low if low is not None and have[at] < low else None
        # The last partition has its upper bound, others have not.
        below = at < last and have[at] < have[at + 1]
        inside = high is None or have[at + 1] < high or (have[at + 1] == high and (closed or below))
        ranges.append(Range(at, at + 1, lower, None if inside else high, closed))
    bounds = list(have[places.start : places.stop + 1])
    if low is not None:
        bounds[0] = min(max(low, bounds[0]), have[-1])
    if high is not None:
        bounds[-1] = max(min(high, bounds[-1]), bounds[0])
    return take_ranges(frame, ranges, tuple(bounds), "loc")


def _single(frame: FrameCollection, index: pd.Index, label: Any) -> Any:
    span = span_of(index, label)
    if isinstance(index, pd.TimedeltaIndex) and span.resolution is not None:
        # Strings of durations mean spans as bounds of slices only.
        exact = pd.Timedelta(label)
        span = Span(exact, exact)
    if isinstance(index, pd.PeriodIndex) and span.resolution is not None and is_finer(index, span.resolution):
        raise KeyError(label)
    places = range(frame.npartitions)
    divisions = unknown(1)
    if frame.known_divisions:
        have = frame.divisions
        try:
            beyond = span.low > have[-1] or (span.high < have[0] if span.closed else span.high <= have[0])
            if beyond or pd.isna(label):
                raise KeyError(label)
            places = places_between(have, span.low, span.high, span.closed)
            if len(places) > 1 and span.resolution is not None:
                return _between(frame, have, span.low, span.high, span.closed)
        except TypeError:
            raise KeyError(label) from None
        divisions = (max(span.low, have[0]), min(span.high, have[-1]))
    elif span.resolution is not None:
        ranges = [Range(at, at + 1, span.low, span.high, span.closed) for at in places]
        own = frame if frame._kind == "Index" else frame.index  # type: ignore[attr-defined]
        return checked(take_ranges(frame, ranges, unknown(len(ranges)), "loc"), own, label, span)
    return _picked(frame, places, OneLabel(label, span), divisions)


def _several(frame: FrameCollection, index: pd.Index, labels: list[Any]) -> Any:
    if labels and all(pd.api.types.is_bool(label) for label in labels) and index.dtype != bool:
        raise TypeError(
            "loc can't take a list or array of booleans in memory, one a row, whose rows belong to no partition: use a condition "
            "on the dataframe, such as df['x'] > 0"
        )
    if isinstance(index, pd.DatetimeIndex):
        labels = [_stamp(index, label) for label in labels]
    divisions = unknown(1)
    places: Sequence[int] = range(frame.npartitions)
    if frame.known_divisions:
        have, last = frame.divisions, frame.npartitions - 1
        needed: set[int] = set()
        for label in labels:
            if pd.isna(label):
                needed.add(last)
                continue
            try:
                if label < have[0] or label > have[-1]:
                    raise KeyError(f"{[label]} not in index")
            except TypeError:
                raise KeyError(f"{[label]} not in index") from None
            needed.update(places_between(have, label, label))
        places = sorted(needed) or [0]
        if labels and not pd.isna(labels).any() and all(left <= right for left, right in pairwise(labels)):
            divisions = (labels[0], labels[-1])
    return _picked(frame, places, SeveralLabels(tuple(labels)), divisions)


def _stamp(index: pd.DatetimeIndex, label: Any) -> Any:
    if not isinstance(label, str):
        return label
    try:
        stamp = pd.Timestamp(label)
    except ValueError as error:
        raise KeyError(f"{[label]} not in index") from error
    return stamp.tz_localize(index.tz) if index.tz is not None and stamp.tzinfo is None else stamp


def _picked(frame: FrameCollection, places: Sequence[int], pick: Any, divisions: Divisions) -> Any:
    token = quick_token("pick", type(pick).__name__, tuple(pick), tuple(places))
    rows = None if isinstance(frame._rows, ByColumns) else f"{frame._rows}[{token}]"
    layer = PickRows(f"loc-{quick_token('loc', frame._layer.name, token)}", frame._layer, places, pick)
    return new_collection(layer, frame._meta, divisions, rows)

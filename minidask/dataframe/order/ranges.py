"""Cut partitions by index values: the layer behind ``repartition(divisions=)``, alignment by divisions, and slices of ``loc``.

Place in the flow: below ``partitionwise``, which aligns operands with it. Where partitions lie comes from known divisions; a
partition whose rows aren't sorted by the index is cut by comparing, a sorted one by two binary searches, without copies.

Invariants: rows keep their order; a value is in exactly one of the ranges that follow from divisions; missing index values count
as behind all others.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence, Set
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from minidask.dataframe.collection import ByColumns, FrameCollection, new_collection
from minidask.dataframe.divisions import Divisions, places_between
from minidask.dataframe.join_parts import join_parts
from minidask.dataframe.layers import Columns, rewritten_name
from minidask.graph import Key, Layer, Task, TaskRef, alias
from minidask.tokenize import quick_token


class Range(NamedTuple):
    """Rows of the partitions ``first`` to ``stop - 1`` whose index lies between two bounds; None: no cut on that side.

    ``closed`` says whether ``high`` itself belongs to the range. Calling it with these partitions gives the rows.
    """

    first: int
    stop: int
    low: Any = None
    high: Any = None
    closed: bool = False

    def __call__(self, *parts: Any) -> Any:
        """Return the rows; only the outer partitions can reach beyond the bounds, but repeated bounds touch more."""
        return join_parts([rows_between(part, self.low, self.high, self.closed) for part in parts])

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "cut"


class IndexRanges(Layer):
    """Partition ``i`` has the rows of ``ranges[i]``."""

    __slots__ = ("ranges",)
    ranges: tuple[Range, ...]

    def __init__(self, name: str, source: Layer, ranges: Sequence[Range]) -> None:
        super().__init__(name, (source,), (len(ranges),))
        self.ranges = tuple(ranges)

    def lower(self, wanted: Collection[Key] | None = None) -> dict[Key, Task]:
        """Return one task a range; none where a range is a whole partition."""
        source = self.inputs[0]
        keys: Any = self.output_keys() if wanted is None else [key for key in wanted if key in self]
        tasks: dict[Key, Task] = {}
        for key in keys:
            span = self.ranges[key[1]]
            if span.stop - span.first == 1 and span.low is None and span.high is None:
                tasks[key] = alias(source.key_at((span.first,)))
                continue
            parts = tuple([TaskRef(source.key_at((at,))) for at in range(span.first, span.stop)])
            tasks[key] = Task(span, parts, None, self.annotations)
        return tasks

    def required(self, columns: Columns) -> tuple[Columns, ...]:
        """Return the columns themselves: only the index is looked at."""
        return (columns,)

    def narrow(self, columns: Set[Any], inputs: tuple[Layer, ...]) -> Layer:
        """Return the layer on a source of fewer columns."""
        return self if inputs[0] is self.inputs[0] else self.rebuild(inputs, rewritten_name(self.name, (), inputs))


def rows_between(part: Any, low: Any, high: Any, closed: bool) -> Any:
    """Return the rows of a partition whose index is at least ``low`` and below ``high`` (``closed``: at most).

    Without ``high`` rows of missing index values belong to the range.

    Examples
    --------
    >>> rows_between(pd.Series(range(4), index=[1, 3, 3, 5]), 3, 5, False).tolist()
    [1, 2]
    >>> rows_between(pd.Series(range(4), index=[5, 3, 1, 3]), 3, None, False).tolist()
    [0, 1, 3]
    """
    if (low is None and high is None) or not len(part):
        return part
    index = by_value(part if isinstance(part, pd.Index) else part.index)
    if index.is_monotonic_increasing and not (is_finer(index, low) or is_finer(index, high)):
        start = 0 if low is None else int(index.searchsorted(low, side="left"))
        stop = len(index) if high is None else int(index.searchsorted(high, side="right" if closed else "left"))
        return part[start : max(start, stop)] if isinstance(part, pd.Index) else part.iloc[start : max(start, stop)]
    inside = np.zeros(len(index), dtype=bool)
    there = np.asarray(index.notna())
    values = index if there.all() else index[there]
    keep = np.ones(len(values), dtype=bool)
    if low is not None:
        keep &= np.asarray(values >= low, dtype=bool)
    if high is not None:
        keep &= np.asarray(values <= high if closed else values < high, dtype=bool)
    inside[there] = keep
    if high is None:
        inside |= ~there
    return part[inside]


def by_value(index: pd.Index) -> pd.Index:
    """Return an index whose order is that of its values: categories are compared as what they are."""
    return index.astype(index.categories.dtype) if isinstance(index, pd.CategoricalIndex) else index


def is_finer(index: pd.Index, bound: Any) -> bool:
    """Whether a bound is a time or duration between those that an index can hold, which pandas compares but doesn't search.

    >>> is_finer(pd.DatetimeIndex([]).as_unit("s"), pd.Timestamp("2020-01-01 00:00:00.5"))
    True
    """
    if not isinstance(index, pd.DatetimeIndex | pd.TimedeltaIndex) or not isinstance(
        bound, pd.Timestamp | pd.Timedelta
    ):
        return False
    return bound.unit != index.unit and bound.as_unit(index.unit) != bound


def take_ranges(
    frame: FrameCollection, ranges: Sequence[Range], divisions: Divisions | None, prefix: str, rows: Any = None
) -> Any:
    """Return the collection whose partition ``i`` has the rows of ``ranges[i]``; lineage of rows follows from the ranges."""
    token = quick_token("ranges", tuple(map(tuple, ranges)))
    if rows is None and not isinstance(frame._rows, ByColumns):
        rows = f"{frame._rows}[{token}]"
    name = f"{prefix}-{quick_token('ranges', frame._layer.name, token)}"
    return new_collection(IndexRanges(name, frame._layer, ranges), frame._meta, divisions, rows)


def ranges_of(have: Divisions, wanted: Divisions) -> list[Range]:
    """Return which rows of partitions of divisions ``have`` make up those of divisions ``wanted``.

    Examples
    --------
    >>> ranges_of((0, 10, 20), (0, 5, 20))
    [Range(first=0, stop=1, low=None, high=5, closed=False), Range(first=0, stop=2, low=5, high=None, closed=True)]
    """
    ranges = []
    last = len(wanted) - 2
    for at, (low, high) in enumerate(pairwise(wanted)):
        closed = at == last or low == high
        places = places_between(have, low, high, closed)
        lower = None if have[places.start] >= low else low
        end = have[places.stop]
        # The last partition has its upper bound, so has one that a single value fills.
        reaches = places.stop == len(have) - 1 or have[places.stop - 1] == end
        upper = None if end < high or (end == high and (closed or not reaches)) else high
        ranges.append(Range(places.start, places.stop, lower, upper, closed))
    return ranges


def repartition_divisions(frame: FrameCollection, divisions: Divisions, force: bool = False) -> Any:
    """Return the same rows in partitions of other divisions.

    Parameters
    ----------
    frame : DataFrame, Series or Index
        Of known divisions.
    divisions : tuple
        Ascending; only the last two may be equal.
    force : bool
        Whether the bounds of the whole may become wider.

    Raises
    ------
    ValueError
        If divisions aren't known or in order, or the bounds of the whole differ (with ``force``: if rows would be lost).
    """
    divisions = tuple(divisions)
    if not frame.known_divisions:
        raise ValueError(
            "repartition(divisions=...) needs known divisions, to know which rows lie where: make them with set_index(...) "
            "or sort_index(), or give npartitions"
        )
    if len(divisions) < 2:
        raise ValueError(f"divisions are the bounds of partitions, at least two, got {divisions!r}")
    have = frame.divisions
    try:
        pairs = list(pairwise(divisions))
        wrong = next((pair for pair in pairs if not pair[0] <= pair[1]), None)
        repeated = next((left for left, right in pairs[:-1] if left == right), None)
        narrower = divisions[0] > have[0] or divisions[-1] < have[-1]
        other = divisions[0] != have[0] or divisions[-1] != have[-1]
    except TypeError as error:
        raise TypeError(
            f"the divisions {short(divisions)} can't be compared with those of the collection, {short(have)}: {error}"
        ) from None
    if wrong is not None:
        raise ValueError(f"divisions must be in ascending order, got {wrong[0]!r} before {wrong[1]!r}")
    if repeated is not None:
        raise ValueError(f"divisions must differ, the last two apart, got {repeated!r} twice")
    if other and not force:
        raise ValueError(
            f"the bounds of the whole would change from {have[0]!r}..{have[-1]!r} to {divisions[0]!r}..{divisions[-1]!r}: "
            "begin and end with the same values, or pass force=True to make them wider"
        )
    if narrower:
        raise ValueError(
            f"rows would be lost: the divisions {divisions[0]!r}..{divisions[-1]!r} don't cover {have[0]!r}..{have[-1]!r}; "
            "leave rows out with loc"
        )
    if divisions == have:
        return frame
    return take_ranges(frame, ranges_of(have, divisions), divisions, "repartition")


def short(divisions: Divisions) -> str:
    """Return divisions as text, the middle ones of many left out."""
    if len(divisions) <= 6:
        return repr(tuple(divisions))
    return f"({', '.join(map(repr, divisions[:4]))}, ..., {divisions[-1]!r})"

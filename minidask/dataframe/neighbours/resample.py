"""``resample``: statistics of bins of time, whole though their rows are in several partitions.

A partition gets the rows behind it that its last bins reach over, aggregates with pandas, and keeps the bins that it owns
(see ``bins``). Rows are let go then: what waits for the first and last time of the whole, to add the empty bins, is the
small result.

Place in the flow: what ``DataFrame.resample`` and ``Series.resample`` return.

Invariant: the bins, and their order, are pandas's for the whole, whatever the divisions; partitions of the result hold left
labels within the divisions of the input.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from minidask.dataframe.collection import FrameCollection, new_collection
from minidask.dataframe.columns import check_column
from minidask.dataframe.divisions import Divisions
from minidask.dataframe.join_parts import join_parts
from minidask.dataframe.keywords import takes_keywords_of
from minidask.dataframe.layers import Columnwise, SelectPartitions, frame_layer
from minidask.dataframe.meta import empty
from minidask.dataframe.neighbours.bins import Grid, Labels, Rule, empty_bin, labels_between, make_rule, owned
from minidask.dataframe.neighbours.context import FirstSpan, LastSpan, near, rows_until
from minidask.dataframe.neighbours.ends import FROM_THE_END, Behind, JoinBehind, see_behind
from minidask.dataframe.neighbours.layer import Side, with_neighbours
from minidask.dataframe.reductions.tree import reduce_partitions
from minidask.graph import Layer
from minidask.graph.blockwise import Parts
from minidask.tokenize import quick_token, tokenize


class Aggregation(NamedTuple):
    """Call a method of pandas's resampler."""

    how: str
    args: tuple[Any, ...] = ()
    kwargs: tuple[tuple[str, Any], ...] = ()

    @property
    def short_name(self) -> str:
        """The method's name, for people."""
        return f"resample_{self.how}"

    @property
    def by_name(self) -> bool:
        """Whether pandas's own aggregations are asked for, no functions of users."""
        return self.how != "agg" or not _has_function([*self.args, *[value for _, value in self.kwargs]])

    def __call__(self, resampler: Any) -> Any:
        return getattr(resampler, self.how)(*self.args, **dict(self.kwargs))


def _has_function(asked: Any) -> bool:
    if isinstance(asked, Mapping):
        asked = list(asked.values())
    return any(_has_function(each) for each in asked) if isinstance(asked, list | tuple) else callable(asked)


class Seen(NamedTuple):
    """The first time so far, None for none, and the rows of the last one, which may go on in the next partition."""

    first: pd.Timestamp | None
    rows: Any


def see(part: Any) -> Seen:
    """Summarise a partition for those behind it."""
    return Seen(first_time(part.index), LastSpan(pd.Timedelta(0))(part))


def see_more(*seen: Seen) -> Seen:
    """Put summaries together."""
    firsts = [each.first for each in seen if each.first is not None]
    return Seen(min(firsts, default=None), LastSpan(pd.Timedelta(0))(*[each.rows for each in seen]))


def first_time(index: pd.DatetimeIndex) -> pd.Timestamp | None:
    """Return the smallest time, None if there is none."""
    first = index.min()
    return None if pd.isna(first) else first


def ends_of(index: pd.DatetimeIndex) -> tuple[Any, Any]:
    """Return the smallest and greatest time, None for none."""
    index = index if isinstance(index, pd.Index) else index.index
    first, last = index.min(), index.max()
    return (None, None) if pd.isna(first) else (first, last)


def widest(parts: list[tuple[Any, Any]]) -> tuple[Any, Any]:
    """Put pairs of smallest and greatest times together."""
    known = [part for part in parts if part[0] is not None]
    return (min(part[0] for part in known), max(part[1] for part in known)) if known else (None, None)


class Binned(NamedTuple):
    """The bins that a partition owns, from the first to the last that have rows: values and left labels, None for no bins.

    ``row`` is a row of the input, or none if there wasn't any.
    """

    values: Any
    left: Any
    row: Any


class AggregateBins(NamedTuple):
    """Aggregate the rows of the bins that a partition owns, its neighbours' ones among them, in bins as the whole has them."""

    rule: Rule
    aggregate: Aggregation
    meta: Any

    @property
    def short_name(self) -> str:
        """The aggregation's name, for people."""
        return self.aggregate.short_name

    def __call__(self, part: Any, before: Seen | None, after: Any, bounds: tuple[Any, Any]) -> Binned:
        last = after.last if isinstance(after, Behind) else None
        after = after.rows if isinstance(after, Behind) else after
        rows = join_parts([piece for piece in (before and before.rows, part, after) if piece is not None])
        if not rows.index.is_monotonic_increasing:
            rows = rows.sort_index(kind="stable")
        rows = rows.iloc[: len(rows) - int(rows.index.isna().sum())]
        if not len(rows):
            return Binned(None, None, rows)
        own = rows.index[0]
        first = own if before is None or before.first is None else before.first
        origin = self.rule.origin(first, rows.index[-1] if last is None else last)
        # Every other month counts from the first one: a row there puts the bins right.
        counted = self.rule.duration(own.tz) is None and self.rule.freq.n != 1
        phase = int(counted and first < own)
        sizes = self._sizes(rows.index.insert(0, first) if phase else rows.index, origin)
        place = owned(pd.DatetimeIndex(sizes.index), *bounds)
        filled = place.start + np.flatnonzero(sizes.iloc[place].to_numpy())
        if not len(filled):
            return Binned(None, None, rows.take([0]))
        start, stop = int(filled[0]), int(filled[-1]) + 1
        left = sizes.index[start:stop]
        ends = np.concatenate([[0], sizes.to_numpy().cumsum()]) - phase
        inner = rows.iloc[max(ends[start], 0) : ends[stop]]
        return Binned(self._values(inner, sizes, start, stop, origin, counted and start > 0), left, rows.take([0]))

    def _sizes(self, index: Any, origin: pd.Timestamp) -> pd.Series:
        sizes: pd.Series = self.rule.resample(pd.Series(0, index=index), origin, "left").size()
        return sizes

    def _values(self, rows: Any, sizes: pd.Series, start: int, stop: int, origin: pd.Timestamp, counted: bool) -> Any:
        left = sizes.index
        # Of some calendars pandas puts an empty bin in front, with which it computes in other dtypes.
        if counted or (start > 0 and not self._sizes(rows.index, origin).iloc[0]):
            counted = True
            # A row in the bin before, for the same reason; nearer, so that no empty bins come between.
            time = left[start] if self.rule.closed == "right" else left[start - 1]
            ahead = rows.take([0])
            rows = join_parts([ahead.set_axis(rows.index[:0].insert(0, time), axis=0), rows])
        values = self.aggregate(self.rule.resample(rows, origin))
        found = self._sizes(rows.index, origin).index
        begin, end = int(found.searchsorted(left[start])), int(found.searchsorted(left[stop - 1])) + 1
        values = values.iloc[begin:end]
        if not (len(found) - len(values) - counted and (sizes.iloc[start:stop] > 0).all()):
            return values
        if self.aggregate.by_name and has_rounded(values, self.meta):
            # Masked integers stay integers beside an empty bin.
            values = self.aggregate(self.rule.resample(masked(rows), origin)).iloc[begin:end]
        return without_gaps(values, self.meta)


def has_rounded(values: Any, meta: Any) -> bool:
    """Whether integers have become floats that may not hold them.

    >>> (
    ...     has_rounded(pd.Series([2.0**53]), pd.Series([1]).iloc[:0]),
    ...     has_rounded(pd.Series([1.0]), pd.Series([1]).iloc[:0]),
    ... )
    (True, False)
    """
    pairs = [(values, meta.dtype)] if isinstance(values, pd.Series) else zip(_columns(values), meta.dtypes, strict=True)
    return any(
        dtype.kind in "iu" and column.dtype.kind == "f" and bool((column.abs() >= 2.0**53).any())
        for column, dtype in pairs
        if isinstance(dtype, np.dtype) and isinstance(column.dtype, np.dtype)
    )


def masked(rows: Any) -> Any:
    """Return rows with NumPy's integers of 64 bits as pandas's that may be missing."""
    if isinstance(rows, pd.Series):
        name = _WIDE.get(rows.dtype)
        return rows if name is None else rows.astype(name)
    rows = rows.copy(deep=False)
    for at, column in enumerate(_columns(rows)):
        rows.isetitem(at, masked(column))
    return rows


_WIDE: Mapping[Any, Any] = {np.dtype("int64"): "Int64", np.dtype("uint64"): "UInt64"}


def _columns(frame: pd.DataFrame) -> list[pd.Series]:
    return [frame.iloc[:, at] for at in range(frame.shape[1])]


def without_gaps(values: Any, meta: Any) -> Any:
    """Return values in the dtypes that they have where there are no empty bins; pandas may add one at an end.

    Integers stay: of which size the sums of small ones are depends on their values.
    """
    if isinstance(values, pd.Series):
        return values.astype(meta.dtype) if _has_had_gaps(values, meta.dtype) else values
    values = values.copy(deep=False)
    for at, label in enumerate(values.columns):
        dtype = meta.dtypes.iloc[meta.columns.get_loc(label)] if meta.columns.is_unique else meta.dtypes.iloc[at]
        column = values.iloc[:, at]
        if _has_had_gaps(column, dtype):
            values.isetitem(at, column.astype(dtype))
    return values


def _has_had_gaps(values: pd.Series, dtype: Any) -> bool:
    if isinstance(dtype, np.dtype) and isinstance(values.dtype, pd.Int64Dtype | pd.UInt64Dtype):
        return True
    kinds: str = getattr(values.dtype, "kind", "O")
    return values.dtype != dtype and kinds not in "iu" and not values.isna().any()


class OwnBins(NamedTuple):
    """Add the empty bins that a partition owns, between the first and the last time of the whole."""

    rule: Rule
    aggregate: Aggregation
    meta: Any
    longest: pd.Timedelta

    def __call__(self, binned: Binned, ends: tuple[Any, Any], bounds: tuple[Any, Any]) -> Any:
        first, last = ends
        lower, upper = bounds
        if first is None:
            return self.meta
        low = first if lower is None or self.rule.duration(first.tz) is None else max(first, lower)
        high = last if upper is None else min(last, upper + self.longest)
        if high < low:
            return self.meta
        labels = labels_between(self.rule, low, high, self.rule.origin(first, last), self.meta.index)
        place = owned(labels.left, lower, upper)
        wanted = Labels(labels.left[place], labels.shown[place])
        if not len(wanted.left):
            return self.meta
        shown = wanted.shown
        try:
            _ = shown[-1] + self.rule.freq
        except ValueError:
            # A day without midnight comes next: pandas can't put indexes of this frequency together.
            shown = shown[np.arange(len(shown))]
        return join_parts(self._pieces(binned, wanted.left)).set_axis(shown, axis=0)

    def _pieces(self, binned: Binned, wanted: pd.DatetimeIndex) -> list[Any]:
        if binned.values is None:
            return [self._empties(binned.row, len(wanted))]
        ahead = int(wanted.searchsorted(binned.left[0]))
        behind = len(wanted) - ahead - len(binned.left)
        pieces = [self._empties(binned.row, ahead)] if ahead else []
        return [*pieces, binned.values, self._empties(binned.row, behind)] if behind else [*pieces, binned.values]

    def _empties(self, row: Any, count: int) -> Any:
        return empty_bin(self.rule, row, self.aggregate).take(np.zeros(count, dtype="int64"))


@takes_keywords_of(pd.api.typing.Resampler)
class Resampler:
    """Bins of time of a DataFrame or Series: ``df.resample("D").mean()``, ``df.resample("W")["x"].agg(["min", "max"])``.

    Parameters
    ----------
    obj : DataFrame or Series
        With known divisions of times.
    rule : str, timedelta or offset
        The bins' length, or the calendar's ("ME": months).
    closed, label : "left" or "right", optional
        Which end is in the bin, and is its label; default: as pandas for the rule.
    origin, offset
        Where bins of a duration count from: "start_day", "start", "end_day", "end", "epoch" or a time; and what is added to it.

    Raises
    ------
    TypeError
        If the index isn't one of times (``DatetimeIndex``).
    ValueError
        If divisions aren't known, or the rule, ``closed`` or ``label`` aren't valid.
    """

    def __init__(
        self,
        obj: FrameCollection,
        rule: Any,
        closed: str | None = None,
        label: str | None = None,
        origin: Any = "start_day",
        offset: Any = None,
    ) -> None:
        index = obj._meta.index
        if isinstance(index, pd.PeriodIndex):
            raise TypeError("resample needs an index of times; turn periods into times first with .to_timestamp()")
        if isinstance(index, pd.TimedeltaIndex):
            raise NotImplementedError("resample of durations isn't built: add them to a date first, or compute() first")
        if isinstance(pd.tseries.frequencies.to_offset(rule), pd.offsets.BusinessHour | pd.offsets.CustomBusinessHour):
            raise NotImplementedError(
                f"resample({rule!r}) isn't built, as pandas makes no bins of business hours for most times: resample by 'h' and "
                "select the hours of the (small) result"
            )
        # pandas checks the arguments, and the kind of index.
        obj._meta_nonempty.resample(rule, closed=closed, label=label, origin=origin, offset=offset)
        if not obj.known_divisions:
            raise ValueError(
                "resample needs known divisions, so that it knows which partitions a bin's rows are in: use set_index, or "
                "from_map and from_delayed with divisions="
            )
        self._obj: Any = obj
        self._rule = make_rule(rule, closed, label, origin, offset, getattr(index, "tz", None))

    def __repr__(self) -> str:
        return f"Resampler [rule={self._rule.freq.freqstr}, closed={self._rule.closed}, label={self._rule.label}]"

    def __getitem__(self, key: Any) -> Resampler:
        return Resampler(self._obj[key], *self._rule)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if self._obj._kind == "DataFrame" and name in self._obj._meta.columns:
            return self[name]
        if hasattr(self._obj._meta.resample(self._rule.freq), name):
            raise AttributeError(
                f"resample(...).{name} isn't built in minidask: aggregate the bins first (the result is small), then compute() "
                f"and {name} in pandas"
            )
        raise AttributeError(f"'Resampler' object has no attribute {name!r}")

    def _reduce(self, how: str, *args: Any, **kwargs: Any) -> Any:
        frame, rule = self._obj, self._rule
        aggregate = Aggregation(how, args, tuple(kwargs.items()))
        token = tokenize(tuple(rule), tuple(aggregate))
        meta = self._meta_of(aggregate)
        divisions = [pd.Timestamp(bound) for bound in frame.divisions]
        grid = Grid(rule, divisions[0], divisions[-1])
        ends = reduce_partitions("times", [frame.index], ends_of, widest, widest, 0, "ends")
        lowers = [grid.up(bound) for bound in divisions[:-1]]
        bounds = list(zip([None, *lowers[1:]], [*lowers[1:], None], strict=True))
        binned = self._bins(aggregate, meta, grid, divisions, bounds, token)
        call = OwnBins(rule, aggregate, meta, grid.longest)
        through = (binned._layer.through, False)
        operands = [binned._layer, ends._layer, Parts(bounds)]
        layer = frame_layer(
            Columnwise, "resample", call, operands, None, meta, token, through=through, extra=frozenset()
        )
        # Only partitions that may own a bin stay, so that no division is there twice.
        kept = [0]
        for place in range(1, frame.npartitions):
            upper = lowers[place + 1] if place + 1 < frame.npartitions else divisions[-1] + pd.Timedelta(1, "ns")
            if lowers[place] < upper:
                kept.append(place)
        return _picked(layer, meta, kept, _divisions(grid, divisions, [lowers[place] for place in kept[1:]]))

    def _bins(
        self, aggregate: Aggregation, meta: Any, grid: Grid, divisions: list[pd.Timestamp], bounds: Any, token: str
    ) -> Any:
        frame = self._obj
        before = after = None
        if frame.npartitions > 1:
            before = Side(see, see_more)
            # Bins that began before a partition take rows of it until then.
            lasts = [grid.last(bound) for bound in divisions]
            reach = [max(bisect_right(divisions, last, 0, len(lasts) - 1), at + 1) for at, last in enumerate(lasts[1:])]
            after = Side(rows_until, FirstSpan(grid.longest), near(reach), lasts[:-1])
            if self._rule.start in FROM_THE_END:
                after = Side(see_behind, JoinBehind(grid.longest), None, lasts[:-1])
        by_column = aggregate.how != "agg" and frame._kind == "DataFrame" and isinstance(meta, pd.DataFrame)
        through = by_column and meta.columns.equals(frame._meta.columns)
        call = AggregateBins(self._rule, aggregate, meta)
        return with_neighbours("bins", frame, call, before, after, token, meta, through=through, each=bounds)

    def _meta_of(self, aggregate: Aggregation) -> Any:
        sample, rule = self._obj._meta_nonempty, self._rule
        index = sample.index[:0]
        # With an empty bin beside them, which pandas adds for some calendars, results are of other dtypes.
        midnight, noon = [pd.Timestamp(f"2000-01-05 {hour}:00", tz=index.tz) for hour in ("00", "12")]
        for pair in ((midnight, midnight), (noon, noon), (midnight, noon)):
            rows = sample.set_axis(index.insert(0, pair[1]).insert(0, pair[0]), axis=0)
            if (rule.resample(rows, midnight).size() > 0).all():
                break
        return empty(aggregate(rule.resample(rows, midnight)))

    def quantile(self, q: float = 0.5, **kwargs: Any) -> Any:
        """Return a quantile of each bin.

        Raises
        ------
        TypeError
            For several quantiles, which would give each bin several rows.
        """
        if not isinstance(q, float | int | np.number):
            raise TypeError(f"resample(...).quantile takes one quantile, got {type(q).__name__}: call it for each one")
        return self._reduce("quantile", q=q, **kwargs)

    def aggregate(self, func: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Return several statistics: a name, a function, a list of these, ``{column: these}``, or ``new=(column, name)``.

        Raises
        ------
        KeyError
            If a column is unknown.
        """
        if isinstance(func, Mapping):
            if self._obj._kind == "DataFrame":
                for label in func:
                    check_column(label, self._obj._meta.columns)
            func = dict(func)
        return self._reduce("agg", func, *args, **kwargs)

    agg = aggregate


def _divisions(grid: Grid, divisions: list[pd.Timestamp], lowers: list[pd.Timestamp]) -> Divisions:
    """Return bounds of the labels that are shown; ``lowers`` are the bounds of left labels inside."""
    bounds = [grid.lowest(divisions[0]), *lowers]
    top = grid.shown(max(divisions[-1], bounds[-1]))
    return (*[grid.shown(bound) for bound in bounds], top)


def _picked(layer: Layer, meta: Any, places: list[int], divisions: Divisions) -> Any:
    if len(places) == layer.numblocks[0]:
        return new_collection(layer, meta, divisions)
    name = f"resample-{quick_token('picked', layer.name, tuple(places))}"
    return new_collection(SelectPartitions(name, layer, places), meta, divisions)


def _make(how: str, what: str) -> Callable[..., Any]:
    def method(self: Resampler, **kwargs: Any) -> Any:
        return self._reduce(how, **kwargs)

    method.__name__ = how
    method.__qualname__ = f"Resampler.{how}"
    method.__doc__ = f"Return {what} of each bin; keyword arguments as in pandas."
    return method


for _how, _what in (
    ("sum", "the sum"),
    ("prod", "the product"),
    ("mean", "the mean"),
    ("min", "the smallest value"),
    ("max", "the greatest value"),
    ("first", "the first value that isn't missing"),
    ("last", "the last value that isn't missing"),
    ("std", "the standard deviation"),
    ("var", "the variance"),
    ("sem", "the standard error of the mean"),
    ("median", "the median"),
    ("count", "the number of values"),
    ("nunique", "the number of distinct values"),
    ("ohlc", "first, greatest, smallest and last value"),
    ("size", "the number of rows"),
):
    setattr(Resampler, _how, _make(_how, _what))

"""The bins of ``resample``: which there are, which partition owns which, and what an empty one holds.

A bin belongs to the partition whose divisions hold the bin's left label; the first one owns all bins before. pandas lays bins out
from the first to the last time of the whole, so that these two are needed wherever bins are listed.

Place in the flow: called in tasks by ``resample``. Pure.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from minidask.dataframe.meta import sample
from minidask.dataframe.neighbours.ends import FROM_THE_END

# pandas's documentation of ``resample``: bins of these frequencies are closed, and labelled, on the right by default.
ENDS = frozenset(["ME", "YE", "QE", "BME", "BYE", "BQE", "W"])
DAY = pd.Timedelta(days=1)


class Rule(NamedTuple):
    """What makes bins: a frequency, which end is in the bin, which is its label, and where bins of durations count from.

    ``start``: "start_day", "start", "end", "end_day" or "epoch", or a time; ``offset`` is added to it.
    """

    freq: Any
    closed: str
    label: str
    start: Any = "start_day"
    offset: pd.Timedelta | None = None

    def resample(self, obj: Any, origin: pd.Timestamp, label: str | None = None) -> Any:
        """Return pandas's resampler of rows, with bins that count from a given origin, unless they follow the calendar."""
        start: Any = "start_day" if self.duration(obj.index.tz) is None else origin
        return obj.resample(self.freq, closed=self.closed, label=label or self.label, origin=start)

    def origin(self, first: pd.Timestamp, last: pd.Timestamp) -> pd.Timestamp:
        """Return where bins count from, if these are the first and last time of the whole: by default, the first's midnight."""
        if self.start in FROM_THE_END:
            return last if self.start == "end" else last.ceil("D")
        if self.start == "epoch":
            start = pd.Timestamp(0, tz=first.tz)
        elif self.start == "start":
            start = first
        else:
            start = self.start if isinstance(self.start, pd.Timestamp) else first.normalize()
        return start if self.offset is None else start + self.offset

    def duration(self, tz: Any) -> pd.Timedelta | None:
        """Return the length of bins that are multiples of a duration from the origin, None where they follow the calendar."""
        if isinstance(self.freq, pd.offsets.Day):
            return pd.Timedelta(days=self.freq.n) if tz is None else None
        return pd.Timedelta(self.freq) if isinstance(self.freq, pd.offsets.Tick) else None


def make_rule(
    freq: Any, closed: str | None, label: str | None, start: Any = "start_day", offset: Any = None, tz: Any = None
) -> Rule:
    """Return a rule with pandas's defaults filled in; ``tz`` is the time zone of the times.

    Raises
    ------
    NotImplementedError
        For bins that count from the end and are closed on the left or have an offset.

    Examples
    --------
    >>> make_rule("ME", None, None)[1:3], make_rule("h", None, "right")[1:3]
    (('right', 'right'), ('left', 'right'))
    """
    every = pd.tseries.frequencies.to_offset(freq)
    from_end = isinstance(start, str) and start in FROM_THE_END
    default = "right" if from_end or every.rule_code.split("-")[0] in ENDS else "left"
    rule = Rule(every, closed or default, label or default)
    if rule.duration(tz) is None:
        # pandas has warned that calendars count from nowhere else.
        return rule
    if from_end and (rule.closed == "left" or offset is not None):
        # pandas adds a bin without rows in front, or finds that times are before its first bin.
        raise NotImplementedError(
            f"resample(origin={start!r}) isn't built with closed='left' or offset=: leave these out, or give a time as origin"
        )
    if isinstance(start, str) and start not in ("start", "start_day", "epoch", *FROM_THE_END):
        start = pd.Timestamp(start)
    return rule._replace(start=start, offset=None if offset is None else pd.Timedelta(offset))


class Grid:
    """Where bins' labels can be, as far as that is known before the first time of the whole is.

    ``longest`` is a duration that no bin exceeds, counted from its left label.
    """

    def __init__(self, rule: Rule, low: pd.Timestamp, high: pd.Timestamp) -> None:
        self.rule = rule
        self.duration = rule.duration(low.tz)
        if self.duration is not None:
            self.longest = self.duration
            # Parts of a day begin with the day, whichever is the first; where clocks change they depend on it.
            plain = rule.start == "start_day" and rule.offset is None
            self.fixed = plain and low.tz is None and DAY % self.duration == pd.Timedelta(0)
        else:
            freq, n = rule.freq, rule.freq.n
            one = freq.base
            start, stop = low.tz_localize(None).normalize() - (n + 2) * one, high.tz_localize(None).normalize()
            days = pd.date_range(start, stop + (2 * n + 2) * one, freq=one)
            self.edges: Any = days.tz_localize(low.tz, ambiguous=True, nonexistent="shift_forward")
            # Bins that end with a month or week run to the end of their label's day; days may have 25 hours.
            self.slack = DAY + pd.Timedelta(hours=1)
            self.longest = (self.edges[n:] - self.edges[:-n]).max() + self.slack

    def up(self, time: pd.Timestamp) -> pd.Timestamp:
        """Return the first time from the given one on that a left label may have."""
        if self.duration is None:
            return self.edges[self.edges.searchsorted(time)]
        return time.ceil(self.duration) if self.fixed else time

    def last(self, time: pd.Timestamp) -> pd.Timestamp:
        """Return a time that no row of a bin exceeds whose left label is before the given time."""
        if self.duration is None:
            # One base step is too short for bins of several, whose place isn't known.
            return self.up(time) + self.slack if self.rule.freq.n == 1 else time + self.longest
        return self.up(time) if self.fixed else time + self.longest

    def lowest(self, time: pd.Timestamp) -> pd.Timestamp:
        """Return a time that is not behind the left label of the first bin, if the first time isn't before the given one."""
        if self.duration is None:
            return self.edges[self.edges.searchsorted(time) - 1 - self.rule.freq.n]
        start = time.floor(self.duration) if self.fixed else time - self.duration
        return start - self.duration if self.rule.closed == "right" and start == time else start

    def shown(self, left: pd.Timestamp) -> pd.Timestamp:
        """Return the label that the result shows for the bin with a left label, or for those from there on."""
        if self.rule.label == "left":
            return left
        if self.duration is None:
            return self.edges[self.edges.searchsorted(left) + self.rule.freq.n]
        return left + self.duration


class Labels(NamedTuple):
    """Bins by their left labels, and the labels that the result has."""

    left: pd.DatetimeIndex
    shown: pd.DatetimeIndex


def labels_between(rule: Rule, low: pd.Timestamp, high: pd.Timestamp, origin: pd.Timestamp, like: Any) -> Labels:
    """Return the bins from that of one time to that of another, as an index like ``like``."""
    ends = pd.Series(0, index=pd.DatetimeIndex([low, high], name=like.name).as_unit(like.unit))
    left, shown = (rule.resample(ends, origin, label).size().index for label in ("left", None))
    return Labels(left, shown)


def owned(left: pd.DatetimeIndex, lower: pd.Timestamp | None, upper: pd.Timestamp | None) -> slice:
    """Return the place of the bins whose left labels are in ``[lower, upper)``; None is unbounded.

    Examples
    --------
    >>> owned(pd.date_range("2020-01-01", periods=4), pd.Timestamp("2020-01-02"), pd.Timestamp("2020-01-04"))
    slice(1, 3, None)
    """
    start = 0 if lower is None else int(left.searchsorted(lower))
    stop = len(left) if upper is None else int(left.searchsorted(upper))
    return slice(start, max(start, stop))


def empty_bin(rule: Rule, rows: Any, aggregate: Any) -> Any:
    """Return one row: what pandas gives for a bin without rows between others; ``rows`` are like those of the whole."""
    rows = rows if len(rows) else sample(rows)
    start = pd.Timestamp("2000-01-01", tz=rows.index.tz).as_unit(rows.index.unit)
    end = start + 6 * rule.freq
    ends = pd.DatetimeIndex([start, end], name=rows.index.name).as_unit(rows.index.unit)
    two = rows.take([0, 0]).set_axis(ends, axis=0)
    sizes = rule.resample(two, start).size()
    result = aggregate(rule.resample(two, start))
    return result.iloc[[int(np.flatnonzero(sizes.to_numpy() == 0)[0])]]

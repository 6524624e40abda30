"""Strings that mean a span of time, as labels of an index of dates, periods or durations.

Place in the flow: ``loc`` turns every label and bound of a slice into a ``Span`` before partitions are chosen. What pandas
reads as "2015-05" is a month: from its first instant up to the next month's, which doesn't belong to it. Pure.
"""

from __future__ import annotations

import datetime
from typing import Any, NamedTuple

import pandas as pd

# From coarse to fine; what pandas calls the resolution of an index of dates.
RESOLUTIONS = (
    "year",
    "quarter",
    "month",
    "day",
    "hour",
    "minute",
    "second",
    "millisecond",
    "microsecond",
    "nanosecond",
)
# {code of a period's frequency: its resolution}
FREQUENCIES = {
    "Y": "year",
    "Q": "quarter",
    "M": "month",
    "W": "day",
    "D": "day",
    "B": "day",
    "h": "hour",
    "min": "minute",
    "s": "second",
    "ms": "millisecond",
    "us": "microsecond",
    "ns": "nanosecond",
}


class Span(NamedTuple):
    """Values from ``low`` up to ``high``; ``closed``: ``high`` is among them. ``resolution`` None: a single value."""

    low: Any
    high: Any
    closed: bool = True
    resolution: str | None = None


def span_of(index: Any, label: Any) -> Span:
    """Return the span of index values that a label means.

    Parameters
    ----------
    index : pandas.Index
        The meta's: its type and time zone decide.
    label
        A string is read where the index is one of dates, periods or durations; anything else means itself.

    Raises
    ------
    KeyError
        If a string can't be read as a date, or has a time zone that the index hasn't.

    Examples
    --------
    >>> days = pd.DatetimeIndex([])
    >>> span_of(days, "2015-05")[:3]
    (Timestamp('2015-05-01 00:00:00'), Timestamp('2015-06-01 00:00:00'), False)
    >>> span_of(pd.Index([1]), 5)[:2]
    (5, 5)
    """
    is_day = isinstance(label, datetime.date) and not isinstance(label, datetime.datetime)
    if is_day and isinstance(index, pd.DatetimeIndex):
        label = pd.Timestamp(label)
    if isinstance(index, pd.PeriodIndex) and isinstance(label, datetime.date):
        label = pd.Period(label, freq=index.dtype.freq)  # type: ignore[union-attr]
    if not isinstance(label, str):
        return Span(label, label)
    try:
        if isinstance(index, pd.DatetimeIndex):
            return _dates(index, label)
        if isinstance(index, pd.PeriodIndex):
            period, freq = pd.Period(label), index.dtype.freq  # type: ignore[union-attr]
            fine = FREQUENCIES.get(period.freqstr.partition("-")[0], "day")
            return Span(period.asfreq(freq, "start"), period.asfreq(freq, "end"), True, fine)
        if isinstance(index, pd.TimedeltaIndex):
            return _durations(label)
    except (ValueError, OverflowError) as error:
        raise KeyError(label) from error
    return Span(label, label)


def _dates(index: pd.DatetimeIndex, label: str) -> Span:
    stamp = pd.Timestamp(label)
    zone = stamp.tzinfo
    if zone is not None and index.tz is None:
        raise KeyError(f"{label!r} has a time zone, the index has none")
    if stamp.nanosecond:
        low = stamp if zone is not None or index.tz is None else stamp.tz_localize(index.tz)
        return Span(low, low, True, "nanosecond")
    # The string without its offset says how fine it is.
    period = pd.Period(stamp.tz_localize(None).isoformat()) if zone is not None else pd.Period(label)
    bounds = [period.start_time, (period + 1).start_time]
    local = zone if zone is not None else index.tz
    if local is not None:
        bounds = [bound.tz_localize(local).tz_convert(index.tz) for bound in bounds]
    code = period.freqstr.partition("-")[0]
    return Span(bounds[0], bounds[1], False, FREQUENCIES.get(code, "day"))


def _durations(label: str) -> Span:
    exact = pd.Timedelta(label)
    unit = exact.resolution_string
    low = exact.floor(unit)
    return Span(low, low + pd.tseries.frequencies.to_offset(unit), False, "day")


def own_resolution(index: pd.Index) -> str:
    """Return how fine the labels of an index of dates, periods or durations are; that of durations is always exact.

    >>> own_resolution(pd.DatetimeIndex(["2020-01-01", "2020-01-01 05:00"])), own_resolution(pd.TimedeltaIndex([]))
    ('hour', 'year')
    """
    own = getattr(index, "resolution", None)
    return own if own in RESOLUTIONS and not isinstance(index, pd.TimedeltaIndex) else RESOLUTIONS[0]


def is_exact(index: pd.Index, resolution: str | None) -> bool:
    """Whether a string of a resolution means one value of an index rather than a span, since the index is no finer."""
    if resolution is None:
        return True
    if resolution not in RESOLUTIONS or not isinstance(index, pd.DatetimeIndex | pd.PeriodIndex):
        return False
    return RESOLUTIONS.index(resolution) >= RESOLUTIONS.index(own_resolution(index))


def is_finer(index: pd.PeriodIndex, resolution: str) -> bool:
    """Whether a string means less than one of the index's periods.

    >>> is_finer(pd.PeriodIndex([], freq="M"), "day"), is_finer(pd.PeriodIndex([], freq="D"), "year")
    (True, False)
    """
    return RESOLUTIONS.index(resolution) > RESOLUTIONS.index(own_resolution(index))

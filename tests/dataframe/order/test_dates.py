from __future__ import annotations

import datetime

import pandas as pd
import pytest

from minidask.dataframe.order.dates import is_exact, span_of

DATES = pd.DatetimeIndex([])
ZONED = pd.DatetimeIndex([], tz="Europe/Berlin")


@pytest.mark.parametrize(
    "label", ["2015", "2015-05", "2015-05-05", "2015-05-05 10", "2015-05-05 10:20", "2015-05-05T10:20:30.5", "May 2015"]
)
def test_spans_have_what_pandas_finds(label):
    span = span_of(DATES, label)
    step = (span.high - span.low) / 3
    instants = [
        span.low - pd.Timedelta(1, "ns"),
        span.low,
        span.low + step,
        span.high - pd.Timedelta(1, "ns"),
        span.high,
    ]
    index = pd.DatetimeIndex(instants).as_unit("ns").sort_values()
    series = pd.Series(range(5), index=index)
    expected = series.loc[label:label].index
    assert [instant for instant in index if span.low <= instant < span.high] == expected.tolist()
    assert not span.closed


def test_time_zones():
    assert span_of(ZONED, "2015-03-29").high - span_of(ZONED, "2015-03-29").low == pd.Timedelta("23h")
    assert span_of(ZONED, "2015-01-01T00:00+00:00").low == pd.Timestamp("2015-01-01 01:00", tz="Europe/Berlin")
    exact = span_of(ZONED, "2015-01-01 00:00:00.123456789")
    assert (exact.low, exact.closed) == (pd.Timestamp("2015-01-01 00:00:00.123456789", tz="Europe/Berlin"), True)
    with pytest.raises(KeyError, match="has a time zone, the index has none"):
        span_of(DATES, "2015-01-01T00:00+02:00")


def test_other_labels_mean_themselves():
    assert span_of(pd.Index(["a"]), "2015")[:3] == ("2015", "2015", True)
    assert span_of(DATES, datetime.date(2015, 1, 1)).low == pd.Timestamp("2015-01-01")
    assert span_of(pd.Index([1]), 3)[:2] == (3, 3)
    assert span_of(pd.PeriodIndex([], freq="D"), "2015-02")[:2] == (pd.Period("2015-02-01"), pd.Period("2015-02-28"))
    assert span_of(pd.TimedeltaIndex([]), "5h")[:3] == (pd.Timedelta("5h"), pd.Timedelta("6h"), False)
    with pytest.raises(KeyError, match="soon"):
        span_of(DATES, "soon")


def test_when_a_string_is_one_date():
    days = pd.date_range("2015-01-01", periods=3)
    assert is_exact(days, "day")
    assert is_exact(days, "minute")
    assert not is_exact(days, "month")
    assert not is_exact(days + pd.Timedelta("1h"), "day")
    assert is_exact(pd.Index([1]), None)
    assert not is_exact(pd.Index([1]), "day")

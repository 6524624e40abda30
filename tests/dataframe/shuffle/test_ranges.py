"""Bounds are compared exactly with values of every dtype."""

from __future__ import annotations

import bisect
import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minidask.dataframe.shuffle.ranges import count_bounds

PLENTY = settings(max_examples=150, deadline=None)


def expected(values, bounds) -> list[int]:
    return [bisect.bisect_right(bounds, value) for value in values]


NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 3) | st.sampled_from([2**53, 2**53 + 1, -(2**53) - 1])
FLOATS = st.floats(allow_nan=False) | st.sampled_from([float(2**53), 2.0**63, -(2.0**63), 0.5, -0.5])


@pytest.mark.slow
@PLENTY
@given(st.lists(NUMBERS), st.lists(NUMBERS | FLOATS | st.integers(2**63, 2**70), max_size=6))
def test_integers_among_bounds_of_any_numbers(values, bounds):
    bounds.sort()
    assert count_bounds(pd.Series(values, dtype="int64"), bounds).tolist() == expected(values, bounds)
    assert count_bounds(pd.Series(values, dtype="Int64"), bounds).tolist() == expected(values, bounds)
    assert count_bounds(pd.Series(values, dtype=object), bounds).tolist() == expected(values, bounds)
    small = [value % 2**64 for value in values]
    assert count_bounds(pd.Series(small, dtype="uint64"), bounds).tolist() == expected(small, bounds)


@pytest.mark.slow
@PLENTY
@given(st.lists(FLOATS), st.lists(NUMBERS | FLOATS | st.sampled_from([10**400, -(10**400)]), max_size=6))
def test_floats_among_bounds_of_any_numbers(values, bounds):
    bounds.sort()
    assert count_bounds(pd.Series(values, dtype="float64"), bounds).tolist() == expected(values, bounds)
    narrow = pd.Series(values, dtype="float64").clip(-1e30, 1e30).astype("float32")
    assert count_bounds(narrow, bounds).tolist() == expected([float(value) for value in narrow], bounds)


@pytest.mark.parametrize(
    "dtype",
    ["int8", "uint8", "Int16", "bool", "boolean", pd.ArrowDtype(pa.int32()), pd.ArrowDtype(pa.bool_()), "Float64"],
)
def test_other_numbers(dtype):
    series = pd.Series([0, 1, 1, 0]).astype(dtype)
    assert count_bounds(series, [0.5]).tolist() == [0, 1, 1, 0]
    assert count_bounds(series, [-1, 1, 300]).tolist() == [1, 2, 2, 1]
    assert count_bounds(series, [False, True]).tolist() == [1, 2, 2, 1]
    assert count_bounds(series, [Decimal("0.1")]).tolist() == [0, 1, 1, 0]


TEXTS = (
    st.text(max_size=12)
    | st.text("ab", max_size=12)
    | st.sampled_from(["common prefix 1", "common prefix 2", "common p", "a\0", "a", "", "\U0001f600", "\uffff"])
)


@pytest.mark.slow
@PLENTY
@given(st.lists(TEXTS), st.lists(TEXTS, max_size=6))
def test_strings_in_all_storages(values, bounds):
    bounds.sort()
    for dtype in ("str", "string[python]", "string[pyarrow]", object, pd.ArrowDtype(pa.string())):
        assert count_bounds(pd.Series(values, dtype=dtype), bounds).tolist() == expected(values, bounds), dtype


def test_strings_in_pieces_and_chunks():
    values = [f"{n % 7}-common" for n in range(50)]
    whole = pd.Series(values, dtype="str")
    bounds = ["2", "3-common", "3-commoner"]
    assert count_bounds(whole.iloc[20:30], bounds).tolist() == expected(values[20:30], bounds)
    assert count_bounds(pd.concat([whole.iloc[:9], whole.iloc[9:]]), bounds).tolist() == expected(values, bounds)


def test_halves_of_surrogates_are_ordered_as_python_does():
    values = ["a", "\ud800", "\uffff", "\U0001f600"]
    assert count_bounds(pd.Series(values, dtype=object), ["b", "\ue000"]).tolist() == expected(values, ["b", "\ue000"])


MOMENTS = [
    pd.Timestamp("1969-12-31 23:59:59.999"),
    pd.Timestamp("2020-01-01"),
    pd.Timestamp("2020-01-01 00:00:00.000000001"),
]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Kolkata", "America/New_York"])
def test_times_among_bounds_of_finer_and_coarser_units(unit, zone):
    values = pd.Series(
        pd.to_datetime(["1969-12-31T23:59:59", "1970-01-01T00:00:00", "2020-01-01T00:00:00", "2020-01-01T00:00:01"])
    )
    values = values.dt.as_unit(unit)
    bounds = MOMENTS
    if zone is not None:
        values = values.dt.tz_localize("UTC").dt.tz_convert(zone)
        bounds = [bound.tz_localize("UTC").tz_convert("Europe/Oslo") for bound in MOMENTS]
    assert count_bounds(values, bounds).tolist() == [0, 1, 2, 3]
    assert count_bounds(pd.DatetimeIndex(values), bounds).tolist() == [0, 1, 2, 3]
    assert count_bounds(values.astype(object), bounds).tolist() == [0, 1, 2, 3]
    if zone is None:
        assert count_bounds(values, [bound.to_datetime64() for bound in bounds]).tolist() == [0, 1, 2, 3]
        assert count_bounds(values.astype(pd.ArrowDtype(pa.timestamp(unit))), bounds).tolist() == [0, 1, 2, 3]


def test_durations_dates_periods_and_tuples():
    spans = pd.Series(pd.to_timedelta([-1, 0, 5], unit="s"))
    assert count_bounds(spans, [pd.Timedelta(0), datetime.timedelta(seconds=1)]).tolist() == [0, 1, 2]
    days = pd.Series([datetime.date(2020, 1, 1), datetime.date(2021, 1, 1)], dtype=object)
    assert count_bounds(days, [datetime.date(2020, 6, 1)]).tolist() == [0, 1]
    assert count_bounds(days.astype(pd.ArrowDtype(pa.date32())), [datetime.date(2020, 6, 1)]).tolist() == [0, 1]
    months = pd.Series(pd.period_range("2020-01", periods=3, freq="M"))
    assert count_bounds(months, [pd.Period("2020-02", "M")]).tolist() == [0, 1, 1]
    assert count_bounds(pd.Series([(1, "a"), (2, "b")], dtype=object), [(1, "b")]).tolist() == [0, 1]
    assert count_bounds(pd.Series([Decimal(1), Decimal("2.5")], dtype=object), [Decimal(2)]).tolist() == [0, 1]


@pytest.mark.parametrize("ordered", [False, True])
def test_categories_are_ordered_as_their_dtype_has_them(ordered):
    values = pd.Series(["low", "high", "mid"], dtype=pd.CategoricalDtype(["low", "mid", "high"], ordered=ordered))
    assert count_bounds(values, ["mid", "high"]).tolist() == [0, 2, 1]
    assert count_bounds(pd.CategoricalIndex(values), ["mid"]).tolist() == [0, 1, 1]


def test_a_bound_that_is_no_category_is_an_error():
    values = pd.Series(["a"], dtype="category")
    with pytest.raises(ValueError, match=r"'b' is no category of a partition.*give all partitions the same categories"):
        count_bounds(values, ["a", "b"])
    assert count_bounds(values.iloc[:0], ["b"]).tolist() == []


@pytest.mark.parametrize(
    ("values", "bound"),
    [
        (pd.Series([1]), "x"),
        (pd.Series(["x"]), 1),
        (pd.Series(["x"], dtype=object), 1),
        (pd.Series([1, "x"], dtype=object), 1),
        (pd.Series(pd.to_datetime(["2020"])), pd.Timestamp("2020", tz="UTC")),
        (pd.Series(pd.to_datetime(["2020"], utc=True)), pd.Timestamp("2020")),
    ],
)
def test_what_has_no_common_order_is_an_error(values, bound):
    with pytest.raises(TypeError, match=r"values of .* can't be ordered among bounds such as"):
        count_bounds(values, [bound])


def test_nothing_among_nothing():
    assert count_bounds(pd.Series([1, 2]), []).tolist() == [0, 0]
    assert count_bounds(pd.Series([], dtype="str"), ["a"]).dtype == np.intp

"""Tests of `minidask.dataframe.radix`."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask.dataframe import radix
from minidask.dataframe.radix import index_order, stable_argsort

LIMITS = {dtype: np.iinfo(dtype) for dtype in ("int8", "int16", "int32", "int64", "uint16", "uint32", "uint64")}


@pytest.fixture(autouse=True)
def from_the_first_value(monkeypatch):
    monkeypatch.setattr(radix, "FEWEST", 1)


def check(values):
    assert stable_argsort(values).tolist() == np.argsort(values, kind="stable").tolist()


@pytest.mark.parametrize("dtype", list(LIMITS))
@given(data=st.data())
def test_integers_of_any_width_and_span(dtype, data):
    low, high = int(LIMITS[dtype].min), int(LIMITS[dtype].max)
    begin = data.draw(st.integers(low, high))
    span = data.draw(st.integers(0, 64).map(lambda bits: (1 << bits) - 1))
    values = data.draw(st.lists(st.integers(begin, min(begin + span, high)), min_size=1, max_size=60))
    check(np.array(values, dtype=dtype))


@pytest.mark.parametrize("dtype", list(LIMITS))
def test_both_ends_of_a_type(dtype):
    limits = LIMITS[dtype]
    check(np.array([limits.max, limits.min, 0, limits.max, limits.min, 1], dtype=dtype))
    check(np.array([limits.max, limits.max - 1, limits.max], dtype=dtype))
    check(np.array([limits.min + 1, limits.min, limits.min + 1], dtype=dtype))


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_dates_and_spans_of_time(unit):
    seconds = np.random.default_rng(0).integers(0, 10 * 366 * 86400, 5000)
    dates = (np.datetime64("2009-01-01", "s") + seconds).astype(f"datetime64[{unit}]")
    check(dates)
    check(dates - dates[0])


def test_missing_dates_come_last():
    dates = np.array(["2015-01-02", "NaT", "2015-01-01", "NaT", "2015-01-02"], dtype="datetime64[s]")
    check(dates)
    check(dates[[1, 3]])


@pytest.mark.parametrize("values", [[2.0, np.nan, 1.0, -0.0, 0.0], ["b", "a"], [True, False], [1 + 2j, 1 + 1j]])
def test_anything_else_is_numpys_own(values):
    check(np.array(values))


def test_other_forms():
    check(np.array([3, 1, 2, 1], dtype=">i8"))
    check(np.arange(20)[::-3])
    check(np.array([], dtype=int))


@pytest.mark.parametrize(
    "index",
    [
        pd.date_range("2015", periods=50, freq="h", tz="Europe/Berlin")[::-1],
        pd.to_timedelta([3, 1, 2], unit="s"),
        pd.Index([3, 1, 2, 1], dtype="uint8"),
        pd.RangeIndex(5, 0, -1),
    ],
)
def test_the_order_of_an_index(index):
    order = index_order(index)
    assert index.take(order).equals(index.sort_values())


@pytest.mark.parametrize(
    "index",
    [
        pd.to_datetime(["2015-01-02", None]),
        pd.Index([1.0, 0.0]),
        pd.Index(["b", "a"]),
        pd.Index([2, 1], dtype="Int64"),
        pd.MultiIndex.from_tuples([(2, 1), (1, 2)]),
        pd.CategoricalIndex(["b", "a"]),
        pd.period_range("2015", periods=2, freq="M"),
    ],
)
def test_other_indexes_are_left_to_pandas(index):
    assert index_order(index) is None

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask.dataframe.io.sql_ranges import check_given, even_divisions, partitions_for


@given(st.integers(-(10**20), 10**20), st.integers(0, 10**20), st.integers(1, 50))
def test_whole_numbers_are_exact(least, width, count):
    bounds = even_divisions(least, least + width, count, "x")
    assert (bounds[0], bounds[-1]) == (least, least + width)
    assert 2 <= len(bounds) <= count + 1
    assert list(bounds) == sorted(bounds)
    assert all(type(bound) is int for bound in bounds)


@given(st.floats(-1e9, 1e9), st.floats(0, 1e9), st.integers(1, 20))
def test_fractions_end_where_the_values_do(least, width, count):
    bounds = even_divisions(least, least + width, count, "x")
    assert (bounds[0], bounds[-1]) == (least, least + width)
    assert list(bounds) == sorted(bounds)


def test_times_and_decimals():
    bounds = even_divisions(datetime(2020, 1, 1), datetime(2020, 1, 2), 7, "t")
    assert len(bounds) == 8
    assert all(bound.nanosecond == 0 for bound in bounds)
    assert bounds[-1] == pd.Timestamp("2020-01-02")
    assert even_divisions(Decimal(1), Decimal(3), 2, "d") == (1.0, 2.0, 3.0)
    assert even_divisions(5, 5, 3, "x") == (5, 5)


@pytest.mark.parametrize("value", ["a", True, None, date(2020, 1, 1)])
def test_what_cannot_be_cut(value):
    with pytest.raises(TypeError, match="divisions="):
        even_divisions(value, value, 2, "x")


def test_partitions_by_bytes():
    assert [partitions_for(100, 10.0, n) for n in (10, 999, 1000, 10**9)] == [100, 2, 1, 1]


def test_what_is_given():
    check_given([1, 1, 2], None, (1, 2))
    check_given(None, 3, None)
    with pytest.raises(TypeError, match="npartitions must be an integer, got bool"):
        check_given(None, True, None)

from __future__ import annotations

import datetime

import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut

FRAME = pd.DataFrame(
    {"tip_cash": range(9), "tip_card": 1.5, "fare": 2}, index=pd.date_range("2020", periods=9, freq="5h")
)


@pytest.mark.parametrize(
    "kwargs", [{"like": "tip"}, {"regex": "^f"}, {"items": ["fare", "nope", "tip_cash"]}, {"like": "zz"}]
)
def test_columns_by_their_labels(kwargs):
    lazy = dd.from_pandas(FRAME, npartitions=3)
    assert_eq(lazy.filter(**kwargs), FRAME.filter(**kwargs))
    assert_eq(lazy.filter(**kwargs, axis=1), FRAME.filter(**kwargs, axis=1))


def test_columns_of_equal_and_of_other_labels():
    equal = FRAME.set_axis(["a", "ab", "a"], axis=1)
    assert_eq(dd.from_pandas(equal, npartitions=2).filter(like="a"), equal.filter(like="a"))
    numbers = FRAME.set_axis([1, 12, "x"], axis=1)
    assert_eq(dd.from_pandas(numbers, npartitions=2).filter(like="1"), numbers.filter(like="1"))


def test_rows_by_a_condition():
    lazy = dd.from_pandas(FRAME, npartitions=3)
    assert_eq(lazy.filter(lambda frame: frame["tip_cash"] > 3), FRAME.filter(lambda frame: frame["tip_cash"] > 3))


def test_a_filter_of_nonsense():
    lazy = dd.from_pandas(FRAME, npartitions=2)
    with pytest.raises(TypeError, match="mutually exclusive"):
        lazy.filter(like="a", regex="b")
    with pytest.raises(TypeError, match="Must pass"):
        lazy.filter()
    with pytest.raises(NotImplementedError, match=r"df\[df.index.isin"):
        lazy.filter(like="a", axis=0)


def test_get():
    lazy = dd.from_pandas(FRAME, npartitions=2)
    assert_eq(lazy.get("fare"), FRAME.get("fare"))
    assert_eq(lazy.get(["fare"]), FRAME.get(["fare"]))
    assert lazy.get("nope") is None
    assert lazy.get("nope", 7) == 7


@pytest.mark.parametrize("bounds", [[0, 9], [0, 0, 3, 3, 9, 9]])
def test_times_of_day(bounds):
    lazy = cut(FRAME, bounds)
    assert_eq(lazy.at_time("15:00"), FRAME.at_time("15:00"))
    assert_eq(lazy.fare.at_time(datetime.time(5)), FRAME.fare.at_time(datetime.time(5)))
    for inclusive in ("both", "neither", "left", "right"):
        assert_eq(lazy.between_time("22:00", "6:00", inclusive), FRAME.between_time("22:00", "6:00", inclusive))
    known = dd.from_pandas(FRAME, npartitions=3)
    assert known.between_time("1:00", "6:00").divisions == known.divisions


def test_times_of_nonsense():
    lazy = dd.from_pandas(FRAME, npartitions=2)
    with pytest.raises(TypeError, match=r"needs an index of dates and times, got one of int64: use set_index"):
        dd.from_pandas(FRAME.reset_index(drop=True), npartitions=2).between_time("1:00", "2:00")
    with pytest.raises(NotImplementedError, match="choose columns by label"):
        lazy.at_time("1:00", axis=1)
    with pytest.raises(NotImplementedError, match="asof"):
        lazy.at_time("1:00", asof=True)
    with pytest.raises(ValueError, match="Inclusive has to be either"):
        lazy.between_time("1:00", "2:00", inclusive="some")


@pytest.mark.parametrize("values", [[1, 2, 3], [1, 1, None], [None, None, 2.0], []])
def test_what_is_known_of_a_series(values):
    series = pd.Series(values, dtype="float64")
    lazy = cut(series.to_frame("x"), [0, len(values) // 2, len(values)]).x
    assert lazy.empty == series.empty
    assert lazy.hasnans.compute() == series.hasnans
    assert lazy.is_unique.compute() == series.is_unique

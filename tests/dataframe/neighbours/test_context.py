import datetime

import numpy as np
import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.calls import Method
from minidask.dataframe.neighbours.context import (
    Extended,
    FirstRows,
    FirstSpan,
    LastRows,
    LastSpan,
    Windowed,
    as_duration,
    as_window,
    extend,
    reach_after,
    reach_before,
    side_after,
    side_before,
    trim,
)

DAYS = pd.DataFrame({"x": range(10)}, pd.date_range("2020-01-01", periods=10, freq="D"))
DF = dd.from_pandas(DAYS, npartitions=5)
NUMBERS = dd.from_pandas(pd.DataFrame({"x": range(4)}), npartitions=2)
DAY = pd.Timedelta(days=1)


def test_rows_by_number():
    pieces = [DAYS.iloc[:3], DAYS.iloc[:0], DAYS.iloc[3:4], DAYS.iloc[:0]]
    assert LastRows(2)(*pieces)["x"].tolist() == [2, 3]
    assert LastRows(9)(*pieces)["x"].tolist() == [0, 1, 2, 3]
    assert FirstRows(4)(*pieces)["x"].tolist() == [0, 1, 2, 3]
    assert len(LastRows(2)(DAYS.iloc[:0])) == len(FirstRows(2)(DAYS.iloc[:0])) == 0


def test_rows_by_time():
    assert LastSpan(DAY)(DAYS.iloc[:3], DAYS.iloc[3:5])["x"].tolist() == [3, 4]
    assert FirstSpan(DAY * 2)(DAYS.iloc[:0], DAYS.iloc[3:5], DAYS.iloc[5:])["x"].tolist() == [3, 4, 5]
    assert len(LastSpan(DAY)(DAYS.iloc[:0])) == 0


def test_summaries_hold_no_partition():
    big = pd.DataFrame({"x": np.arange(10_000.0)}, pd.date_range("2020", periods=10_000, freq="s"))
    for rows in (LastRows(3)(big), FirstRows(3)(big), LastSpan(pd.Timedelta("3s"))(big)):
        assert not np.shares_memory(rows["x"].to_numpy(), big["x"].to_numpy())


def test_extend_and_trim():
    extended = extend(DAYS.iloc[2:4], DAYS.iloc[:2], DAYS.iloc[4:5])
    assert extended[1:] == (2, 2)
    assert trim(extended.rows, extended)["x"].tolist() == [2, 3]
    assert trim(pd.concat([extended.rows] * 2).sort_index(), extended)["x"].tolist() == [2, 2, 3, 3]
    empty = extend(DAYS.iloc[:0], DAYS.iloc[:2], None)
    assert empty[1:] == (0, 0)
    assert len(empty.rows) == 0


@pytest.mark.parametrize(("result", "what"), [(DAYS.iloc[:3], "3 rows"), (7, "a int")])
def test_trim_refuses(result, what):
    with pytest.raises(ValueError, match=f"it got 5 rows and returned {what}"):
        trim(result, Extended(DAYS.iloc[:5], 1, 3))


def test_windowed_keeps_the_index():
    part = DAYS.iloc[4:6]
    result = Windowed(Method("diff"))(part, DAYS.iloc[3:4], None)
    assert result.index.freq == DAYS.index.freq
    assert result["x"].tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    "value", ["1D", "D", DAY, pd.offsets.Day(), datetime.timedelta(days=1), np.timedelta64(1, "D")]
)
def test_durations(value):
    assert as_duration(value) == as_window("f", "before", value, DF) == DAY


BAD = {
    "negative": (DF, -1, ValueError, "f: before must be at least 0, got -1"),
    "negative time": (DF, "-1D", ValueError, "f: before must be at least 0, got '-1D'"),
    "kind": (DF, 1.5, TypeError, "number of rows, or a duration such as '2h', got float"),
    "bool": (DF, True, TypeError, "got bool"),
    "no times": (NUMBERS, "2h", TypeError, "needs an index of times; this one is of int64"),
    "month": (DF, "ME", ValueError, "is no duration of fixed length"),
    "text": (DF, "soon", ValueError, "is no duration of fixed length"),
}


@pytest.mark.parametrize("case", list(BAD))
def test_bad_windows(case):
    frame, value, kind, message = BAD[case]
    with pytest.raises(kind, match=message):
        as_window("f", "before", value, frame)


def test_sides():
    assert side_before(DF, 0) is side_after(DF, pd.Timedelta(0)) is None
    assert side_before(DF.repartition(npartitions=1), 3) is None
    assert side_before(DF, 3).reach is None
    assert side_before(DF, DAY).reach == (0, 0, 1, 2, 3)
    assert side_after(DF, DAY).reach == (2, 3, 4, 5, 5)
    assert side_before(DF.clear_divisions(), DAY).reach is None


def test_reach():
    divisions = DF.divisions
    assert reach_before(divisions, DAY * 4) == (0, 0, 0, 0, 1)
    assert reach_after(divisions, DAY * 4) == (4, 5, 5, 5, 5)
    many = tuple(pd.date_range("2020", periods=60))
    assert reach_before(many, DAY * 30) is reach_after(many, DAY * 30) is None

from __future__ import annotations

import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.testing import assert_eq

FRAME = pd.DataFrame({"x": range(10)}, index=pd.date_range("2020-01-30", periods=10, freq="7h", name="when"))


@pytest.fixture
def index() -> dd.Index:
    return dd.from_pandas(FRAME, npartitions=3).index


CASES = {
    "index": lambda i: i,
    "to_frame": lambda i: i.to_frame(),
    "to_frame, numbered": lambda i: i.to_frame(index=False, name="q").rename(columns=str),
    "to_series": lambda i: i.to_series(),
    "min": lambda i: i.min(),
    "max": lambda i: i.max(),
    "nunique": lambda i: i.nunique(),
    "rename": lambda i: i.rename("q"),
    "hour": lambda i: i.hour,
    "shifted": lambda i: i + pd.Timedelta("1D"),
    "map": lambda i: i.map(lambda stamp: stamp.day),
    "astype": lambda i: i.astype("str"),
}


@pytest.mark.parametrize("case", list(CASES))
def test_like_pandas(index, case):
    assert_eq(
        CASES[case](index), CASES[case](FRAME.index), check_index=case != "to_frame, numbered", check_freq=False
    ) if case in (
        "to_frame",
        "to_series",
    ) else assert_eq(CASES[case](index), CASES[case](FRAME.index), check_index=case != "to_frame, numbered")


def test_structure(index):
    assert (index.name, index.dtype, index.ndim, len(index)) == ("when", FRAME.index.dtype, 1, 10)
    assert index.size.compute() == index.count().compute() == 10
    assert index.shape[0].compute() == 10


def test_conditions_are_series(index):
    df = dd.from_pandas(FRAME, npartitions=3)
    assert_eq(df[index > pd.Timestamp("2020-02-01")], FRAME[FRAME.index > pd.Timestamp("2020-02-01")], check_freq=False)
    assert_eq(
        index.isin([FRAME.index[2]]),
        pd.Series(FRAME.index.isin([FRAME.index[2]]), FRAME.index, name="when"),
        check_freq=False,
    )
    assert not index.isna().any().compute()
    assert index.notna().all().compute()


def test_missing_attributes(index):
    with pytest.raises(AttributeError, match=r"Index\.get_loc isn't built"):
        index.get_loc


def test_values_by_a_condition():
    frame = pd.DataFrame({"x": [1, 5, 2, 7, 8]}, index=[3, 1, 4, 1, 5])
    for n in (1, 2, 5):
        df = dd.from_pandas(frame, npartitions=n, sort=False)
        assert_eq(df.index[df["x"] > 2], frame.index[frame["x"] > 2])
        assert_eq(df.index[df.index > 2], frame.index[frame.index > 2])
        with pytest.raises(NotImplementedError, match=r"takes a lazy Series of booleans .* got int"):
            df.index[0]
    assert_eq(df.index.to_series(name="n"), frame.index.to_series(name="n"))


def test_extremes_without_skipping():
    dates = pd.DatetimeIndex(["2020-01-02", None, "2020-01-01"])
    index = dd.from_pandas(pd.DataFrame({"x": range(3)}, index=dates), npartitions=3, sort=False).index
    assert index.min().compute() == dates.min()
    assert index.max(skipna=False).compute() is pd.NaT

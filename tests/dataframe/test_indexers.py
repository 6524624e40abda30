from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.dataframe as dd
from minidask.dataframe.indexers import take_places
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut, cuttings, every_dtype, few

FRAME = every_dtype()
DF = dd.from_pandas(FRAME, npartitions=3)
WEEK = pd.DataFrame(
    {"x": range(60), "y": 1.5}, index=pd.date_range("2015-04-28", periods=60, freq="7h", name="when", unit="us")
)
DAYS = dd.from_pandas(WEEK, npartitions=7)


def test_columns_and_conditions():
    assert_eq(DF.loc[:, "f":"d"], FRAME.loc[:, "f":"d"])
    assert_eq(DF.loc[DF["i"] > 0], FRAME.loc[FRAME["i"] > 0])
    assert_eq(DF.loc[DF["i"] > 0, "f"], FRAME.loc[FRAME["i"] > 0, "f"])
    assert_eq(DF.loc[lambda df: df["i"] > 0, lambda df: ["f"]], FRAME.loc[FRAME["i"] > 0, ["f"]])
    assert_eq(DF.loc[FRAME["i"] > 0, "f"], FRAME.loc[FRAME["i"] > 0, "f"])
    assert_eq(DF["f"].loc[DF["i"] > 0], FRAME["f"].loc[FRAME["i"] > 0])
    assert_eq(DF.loc[:, FRAME.dtypes == "int64"], FRAME.loc[:, FRAME.dtypes == "int64"])
    assert_eq(DF.iloc[:, 1], FRAME.iloc[:, 1])
    assert_eq(DF.iloc[:, ::2], FRAME.iloc[:, ::2])
    assert_eq(DF.iloc[:, [0, 0]], FRAME.iloc[:, [0, 0]])


NULLABLE = pd.DataFrame(
    {
        "string": pd.array(["a", None, "b", "a", "b"], dtype="string"),
        "text": pd.array(["a", None, "b", "a", "b"], dtype=pd.ArrowDtype(pa.string())),
        "arrow": pd.array([1, None, 2, 1, 2], dtype="int64[pyarrow]"),
        "masked": pd.array([1, None, 2, 1, 2], dtype="Int64"),
        "x": range(5),
    }
)


@pytest.mark.parametrize(("label", "value"), [("string", "a"), ("text", "a"), ("arrow", 1), ("masked", 1)])
def test_conditions_of_nullable_and_arrow_columns(label, value):
    for df in cuttings(NULLABLE):
        for pick in (
            lambda f: f[f[label] == value],
            lambda f: f[f[label] != value],
            lambda f: f[~(f[label] == value)],
            lambda f: f[(f[label] == value) & (f["x"] > 0)],
            lambda f: f[(f["x"] > 3) | (f[label] == value)],
            lambda f: f[f[label].isin([value])],
            lambda f: f[~f[label].isna()],
            lambda f: f.loc[f[label] == value, ["x"]],
            lambda f: f["x"][f[label] == value],
            lambda f: f["x"].loc[lambda x: f[label] == value],
        ):
            assert_eq(pick(df), pick(NULLABLE))


def test_conditions_in_memory_of_arrow_booleans():
    df, mask = dd.from_pandas(NULLABLE, npartitions=2), NULLABLE["arrow"] == 1
    assert str(mask.dtype) == "bool[pyarrow]"
    assert_eq(df[mask], NULLABLE[mask])
    assert_eq(df.loc[mask, "x"], NULLABLE.loc[mask, "x"])
    assert_eq(df["x"][mask], NULLABLE["x"][mask])
    with pytest.raises(TypeError, match="rows are selected by a Series of booleans, got one of int64\\[pyarrow\\]"):
        df[df["arrow"]]


def test_columns_of_one_name():
    frame = pd.DataFrame([[1, 2, 3], [4, 5, 6]], columns=["x", "y", "x"])
    df = dd.from_pandas(frame, npartitions=2)
    assert_eq(df.iloc[:, 2], frame.iloc[:, 2])
    assert_eq(df.loc[:, "x"], frame.loc[:, "x"])
    assert take_places(frame, [0]).columns.tolist() == ["x"]


@pytest.mark.parametrize(
    "rows",
    [
        slice(None, None),
        slice(3, 11),
        slice(None, 7),
        slice(15, None),
        slice(8, 8),
        slice(11, 3),
        slice(-5, 2),
        slice(20, 99),
        slice(99, 120),
        slice(-9, -5),
        [3],
        [15, 2, 2, 8],
        [],
    ],
)
def test_slices_and_lists_of_labels(rows):
    assert_eq(DF.loc[rows], FRAME.loc[rows])
    assert_eq(DF.loc[rows, ["f", "i"]], FRAME.loc[rows, ["f", "i"]])
    assert_eq(DF["s"].loc[rows], FRAME["s"].loc[rows])
    assert_eq(DF.clear_divisions().loc[rows, "i"], FRAME.loc[rows, "i"])


def test_a_label_gives_its_rows():
    assert_eq(DF.loc[7], FRAME.loc[[7]])
    assert_eq(DF.clear_divisions().loc[7], FRAME.loc[[7]])
    assert_eq(DF.loc[7, "f"], FRAME.loc[[7], "f"])
    assert DF.loc[7].divisions == (7, 7)
    with pytest.raises(KeyError, match="99"):
        DF.loc[99]
    with pytest.raises(KeyError, match="a"):
        DF.loc["a"]
    with pytest.raises(KeyError, match="nan"):
        DF.loc[np.nan]
    holes = dd.from_pandas(FRAME.drop(7), npartitions=3)
    for df in (holes, holes.clear_divisions()):
        with pytest.raises(KeyError, match="7"):
            df.loc[7].compute()
        with pytest.raises(KeyError, match=r"\[7\] not in index"):
            df.loc[[7, 8]].compute()
    with pytest.raises(KeyError, match=r"\[99\] not in index"):
        DF.loc[[3, 99]]


KEYS = {
    "day": "2015-05-05",
    "month": "2015-05",
    "year": "2015",
    "hour": slice("2015-05-05 07", "2015-05-05 07"),
    "slice": slice("2015-05-03", "2015-05-05"),
    "slice of months": slice("2015-04", "2015-04"),
    "open": slice("2015-05-05 12:00", None),
    "until": slice(None, "2015-05-01"),
    "stamps": slice(pd.Timestamp("2015-05-02"), pd.Timestamp("2015-05-03 07:00")),
    "reversed": slice("2015-05-05", "2015-05-03"),
    "mixed": slice("2015-05-03", pd.Timestamp("2015-05-03 14:00")),
}


@pytest.mark.parametrize("key", list(KEYS))
def test_strings_of_dates(key):
    assert_eq(DAYS.loc[KEYS[key]], WEEK.loc[KEYS[key]], check_freq=False)
    assert_eq(DAYS.loc[KEYS[key], "x"], WEEK.loc[KEYS[key], "x"], check_freq=False)
    assert_eq(DAYS["y"].loc[KEYS[key]], WEEK["y"].loc[KEYS[key]], check_freq=False)
    assert_eq(DAYS.clear_divisions().loc[KEYS[key]], WEEK.loc[KEYS[key]], check_freq=False)
    zoned = WEEK.tz_localize("UTC").tz_convert("America/New_York")
    if not any(
        isinstance(bound, pd.Timestamp) for bound in (getattr(KEYS[key], "start", 0), getattr(KEYS[key], "stop", 0))
    ):
        assert_eq(dd.from_pandas(zoned, npartitions=5).loc[KEYS[key]], zoned.loc[KEYS[key]], check_freq=False)


def test_strings_that_mean_one_date():
    daily = pd.DataFrame({"x": range(10)}, index=pd.date_range("2015-05-01", periods=10)).drop(
        pd.Timestamp("2015-05-05")
    )
    df = dd.from_pandas(daily, npartitions=3)
    assert_eq(df.loc["2015-05-04"], daily.loc[["2015-05-04"]], check_freq=False)
    assert_eq(df.loc[["2015-05-09", "2015-05-01"]], daily.loc[["2015-05-09", "2015-05-01"]], check_freq=False)
    with pytest.raises(KeyError, match="2015-05-05"):
        df.loc["2015-05-05"].compute()
    with pytest.raises(KeyError, match="2016"):
        df.loc["2016"]
    with pytest.raises(KeyError, match="soon"):
        df.loc["soon"]
    with pytest.raises(KeyError, match="soon"):
        df.loc[["soon"]]
    with pytest.raises(KeyError, match="no column '2015'"):
        df["2015"]


def test_only_the_partitions_needed_are_read():
    read = []

    def part(at):
        read.append(at)
        return WEEK.iloc[at * 10 : at * 10 + 10]

    bounds = [*WEEK.index[::10], WEEK.index[-1]]
    df = dd.from_map(part, range(6), meta=WEEK.iloc[:0], divisions=bounds, token="read")
    assert len(df.loc["2015-05-05"].compute(scheduler="sync")) == len(WEEK.loc["2015-05-05"])
    assert set(read) <= {2}
    read.clear()
    df.loc["2015-05-01 12:00":"2015-05-03", "x"].compute(scheduler="sync")
    assert set(read) <= {1, 2}


def test_labels_on_both_sides_of_borders():
    frame = pd.DataFrame({"x": range(9)}, index=[1, 1, 2, 2, 2, 2, 3, 3, 4])
    parts = [frame.iloc[:2], frame.iloc[2:4], frame.iloc[4:6], frame.iloc[6:]]
    df = dd.from_map(parts.__getitem__, range(4), meta=frame.iloc[:0], divisions=(1, 2, 2, 3, 4), token="both")
    for rows in (2, slice(2, 2), slice(1, 2), slice(2, 3), [2, 1], 1, 4):
        assert_eq(df.loc[rows], frame.loc[[rows] if isinstance(rows, int) else rows], check_divisions=False)


@few
@given(
    st.lists(st.integers(0, 6), min_size=1, max_size=12),
    st.integers(1, 6),
    st.none() | st.integers(-1, 7),
    st.none() | st.integers(-1, 7),
)
def test_any_slice(labels, pieces, start, stop):
    frame = pd.DataFrame({"x": range(len(labels))}, index=sorted(labels))
    assert_eq(dd.from_pandas(frame, npartitions=pieces).loc[start:stop], frame.loc[start:stop])


def test_rows_in_any_order_inside_partitions():
    frame = pd.DataFrame({"x": range(6)}, index=[2, 1, 3, 5, 4, 6])
    df = dd.from_map(lambda at: frame.iloc[at : at + 3], [0, 3], meta=frame.iloc[:0], divisions=(1, 4, 6), token="any")
    assert df.loc[2:4].compute()["x"].tolist() == [0, 2, 4]


def test_other_kinds_of_index():
    text = pd.DataFrame({"x": range(6)}, index=list("abcdef"))
    assert_eq(dd.from_pandas(text, npartitions=3).loc["b":"d"], text.loc["b":"d"])
    periods = WEEK.iloc[:40].set_index(pd.period_range("2015-01", periods=40, freq="D"))
    df = dd.from_pandas(periods, npartitions=4)
    assert_eq(df.loc["2015-01"], periods.loc["2015-01"])
    assert_eq(df.loc["2015-01-30":"2015-02-02"], periods.loc["2015-01-30":"2015-02-02"])
    spans = WEEK.set_index(pd.to_timedelta(range(60), unit="h"))
    assert_eq(dd.from_pandas(spans, npartitions=4).loc["5h":"1 day"], spans.loc["5h":"1 day"], check_freq=False)


def test_slices_of_a_frame():
    assert_eq(DAYS["2015-05-03":"2015-05-05"], WEEK["2015-05-03":"2015-05-05"], check_freq=False)
    assert_eq(DAYS["x"]["2015-05-03":], WEEK["x"]["2015-05-03":], check_freq=False)
    assert_eq(DF[:], FRAME)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: DF.iloc[3], NotImplementedError, r"head\(\), tail\(\)"),
        (lambda: DF.iloc[3, 1], NotImplementedError, "where a row lies isn't known"),
        (lambda: DF.iloc[:, 1, 2], pd.errors.IndexingError, "Too many indexers"),
        (lambda: DF.loc[1, "f", 2], pd.errors.IndexingError, "Too many indexers"),
        (lambda: DF["f"].loc[1, 2], pd.errors.IndexingError, "Too many indexers"),
        (lambda: DF.loc[:, "nope"], KeyError, "no column 'nope'"),
        (lambda: DF.iloc[:, 99], IndexError, "there are 9 columns"),
        (lambda: DF.loc[::2], NotImplementedError, "without a step"),
        (lambda: DF.loc["a":"b"], TypeError, "can't be compared with an index of int64"),
        (lambda: DF.loc[{1}], TypeError, "not a set"),
        (lambda: DF.loc[object()], TypeError, "loc takes labels"),
        (lambda: DF.loc[[True] * 23], TypeError, "booleans in memory"),
        (lambda: DF.loc[np.ones(23, dtype=bool)], TypeError, "in memory"),
        (lambda: DF.clear_divisions().loc[FRAME["b"]], TypeError, "in memory"),
        (lambda: DF.loc[DF["i"]], TypeError, "takes a lazy Series of booleans"),
        (lambda: DF[3:5], NotImplementedError, "rows by position"),
        (lambda: DF["f"][3:5], NotImplementedError, "rows by position"),
        (lambda: DF.loc.__setitem__(3, 1), TypeError, "never changed in place"),
        (
            lambda: dd.from_pandas(FRAME.set_index(["i", "g"]), npartitions=2).loc[1:2],
            NotImplementedError,
            "several levels",
        ),
        (lambda: DAYS.loc[pd.Timestamp("2015-05-01", tz="UTC") :], TypeError, "can't be compared"),
        (lambda: DAYS.loc["2015-05-01T00:00+02:00"], KeyError, "has a time zone"),
    ],
)
def test_bad_input(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


def test_unknown_divisions_of_a_condition():
    df = cut(FRAME, [0, 5, 23])
    assert_eq(df.loc[df["b"], "i"], FRAME.loc[FRAME["b"], "i"])

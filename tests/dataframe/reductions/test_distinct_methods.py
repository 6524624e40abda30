from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.dataframe as dd
from minidask.dataframe.reductions.distinct_methods import out_partitions
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut, cut_frames, cuttings, every_dtype, few

FRAME = every_dtype()
CUT = cuttings(FRAME)
COUNTS = [{}, {"dropna": False}, {"normalize": True}, {"ascending": True}, {"sort": False}]
KEEPS = ["first", "last", False]


@pytest.mark.slow
@pytest.mark.parametrize("column", list(FRAME.columns))
def test_columns(column):
    expected = FRAME[column]
    for df in CUT:
        for options in COUNTS:
            assert_eq(df[column].value_counts(**options), expected.value_counts(**options))
        for keep in KEEPS:
            assert_eq(df[column].drop_duplicates(keep=keep), expected.drop_duplicates(keep=keep))
        assert_eq(df[column].nunique(), expected.nunique())
        assert_eq(df[column].nunique(dropna=False), expected.nunique(dropna=False))
        assert_eq(df[column].unique(), expected.drop_duplicates().reset_index(drop=True))
        for dropna in (True, False):
            assert_eq(df[column].mode(dropna=dropna), expected.mode(dropna=dropna))


CASES = {
    "rows": lambda df: df[["i", "b"]].drop_duplicates(),
    "rows by columns": lambda df: df.drop_duplicates(subset=["i", "s"], keep="last"),
    "rows by a column": lambda df: df.drop_duplicates("g"),
    "rows that are alone": lambda df: df.drop_duplicates(["i", "b"], keep=False),
    "alone in all columns": lambda df: df[["i", "b"]].drop_duplicates(keep=False),
    "numbered": lambda df: df.drop_duplicates("g", ignore_index=True),
    "nunique": lambda df: df.nunique(),
    "nunique with missing": lambda df: df.nunique(dropna=False),
    "nunique a row": lambda df: df[["i", "g"]].nunique(axis=1),
    "index": lambda df: df.index.nunique(),
    "mode": lambda df: df[["i", "g", "I", "s"]].mode(),
    "mode with missing": lambda df: df[["s", "I"]].mode(dropna=False),
    "mode of numbers": lambda df: df[["i", "s"]].mode(numeric_only=True),
    "a column of those": lambda df: df.drop_duplicates("g", keep="last")[["f"]],
}


@pytest.mark.slow
@pytest.mark.parametrize("case", list(CASES))
def test_frames(case):
    for df in CUT:
        assert_eq(CASES[case](df), CASES[case](FRAME))


@pytest.mark.slow
@few
@given(cut_frames(), st.sampled_from(["i", "f", "b", "s", "d", "c", "I"]), st.sampled_from(COUNTS))
def test_any_frame(pair, column, options):
    frame, df = pair
    if len(frame):
        assert_eq(df[column].value_counts(**options), frame[column].value_counts(**options))
        assert_eq(df[column].mode(dropna=False), frame[column].mode(dropna=False))
        for keep in KEEPS:
            assert_eq(df[[column, "b"]].drop_duplicates(keep=keep), frame[[column, "b"]].drop_duplicates(keep=keep))


@pytest.mark.slow
@few
@given(cut_frames(), st.sampled_from(["i", "f", "b", "s", "d", "I"]), st.sampled_from(COUNTS), st.integers(2, 5))
def test_spread_over_partitions(pair, column, options, parts):
    frame, df = pair
    if not len(frame):
        return
    counts = df[column].value_counts(split_out=parts, **options)
    assert counts.npartitions == parts
    # Equal values of different signs or none stay one; their order is free.
    left, right = counts.compute(scheduler="sync"), frame[column].value_counts(**options)
    pd.testing.assert_series_equal(left.sort_index(), right.sort_index(), check_index_type=False)
    for keep in KEEPS:
        result = df.drop_duplicates(subset=[column], keep=keep, split_out=parts)
        expected = frame.drop_duplicates(subset=[column], keep=keep)
        pd.testing.assert_frame_equal(result.compute(scheduler="sync").sort_index(), expected)
    assert_eq(df[column].nunique(split_out=parts), frame[column].nunique())
    assert_eq(df[column].nunique(split_out=parts, dropna=False), frame[column].nunique(dropna=False))
    values = df[column].unique(split_out=parts).compute(scheduler="sync")
    assert len(values) == frame[column].nunique(dropna=False)


@pytest.mark.slow
@pytest.mark.parametrize("partitions", [1, 128, 260])
def test_many_partitions(partitions):
    frame = pd.DataFrame({"x": np.arange(300) % 7, "y": np.arange(300) % 3, "z": range(300)})
    df = dd.from_pandas(frame, npartitions=partitions)
    for keep in ("last", False):
        assert_eq(
            df.drop_duplicates(["x", "y"], keep=keep, split_every=9), frame.drop_duplicates(["x", "y"], keep=keep)
        )
        result = df.drop_duplicates(["x", "y"], keep=keep, split_out=3).compute(scheduler="sync").sort_index()
        pd.testing.assert_frame_equal(result, frame.drop_duplicates(["x", "y"], keep=keep))
    assert_eq(df["x"].value_counts(), frame["x"].value_counts())
    assert_eq(df["y"].mode(), frame["y"].mode())


def test_index():
    frame = FRAME.assign(k=FRAME["i"].sort_values().to_numpy()).set_index("k")
    df = dd.from_pandas(frame, npartitions=3)
    assert_eq(df.index.unique(), frame.index.unique())
    assert_eq(df.index.drop_duplicates(keep="last"), frame.index.drop_duplicates(keep="last"))
    assert_eq(df.index.drop_duplicates(keep=False), frame.index.drop_duplicates(keep=False))
    assert_eq(df.index.value_counts(), frame.index.value_counts())
    assert_eq(df.index.nunique(), frame.index.nunique())


def test_approximate_numbers():
    rows = 30_000
    frame = pd.DataFrame({"x": np.arange(rows) % 10_000, "y": np.arange(rows)})
    df = dd.from_pandas(frame, npartitions=4)
    assert df["x"].nunique_approx().compute() == pytest.approx(10_000, rel=0.033)
    assert df.nunique_approx(split_every=2).compute() == pytest.approx(rows, rel=0.033)
    assert df.index.nunique_approx().compute() == pytest.approx(rows, rel=0.033)
    assert round(CUT[3]["s"].nunique_approx().compute()) == FRAME["s"].nunique(dropna=False)
    assert isinstance(df["x"].nunique_approx().compute(), float)


def test_only_needed_columns_are_read():
    read = []

    class Reader:
        columns = tuple(FRAME.columns)

        def project(self, columns):
            read.append(columns)
            return Narrow(columns)

        def __call__(self, part):
            return FRAME

    class Narrow(Reader):
        def __init__(self, columns):
            self.columns = columns

        def __call__(self, part):
            return FRAME[list(self.columns)]

    df = dd.from_reader(Reader(), [1, 2], FRAME.iloc[:0], token="reader of distinct rows")
    twice = pd.concat([FRAME, FRAME])
    assert_eq(df.drop_duplicates("g", keep="last")[["f"]].compute(), twice.drop_duplicates("g", keep="last")[["f"]])
    assert_eq(df.nlargest(3, "i")["f"].compute(), twice.nlargest(3, "i")["f"])
    assert_eq(df["s"].value_counts().compute(), twice["s"].value_counts())
    assert read == [("f", "g"), ("i", "f"), ("s",)]


def test_out_partitions():
    assert [out_partitions(value, 5) for value in (True, False, 1, np.int64(3))] == [5, 1, 1, 3]


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda df: df.drop_duplicates(subset="nope"), KeyError, "no column 'nope'"),
        (lambda df: df.drop_duplicates(keep="both"), ValueError, 'keep must be either "first"'),
        (lambda df: df["i"].drop_duplicates(keep=None), ValueError, "keep must be"),
        (lambda df: df.drop_duplicates(split_out=0), ValueError, "split_out must be at least 1"),
        (lambda df: df.drop_duplicates(split_out="x"), TypeError, "split_out must be a number of partitions"),
        (lambda df: df.drop_duplicates(ignore_index=3), ValueError, "ignore_index must be True or False"),
        (lambda df: df.drop_duplicates(split_out=2, shuffle_method="x"), ValueError, "shuffle method"),
        (lambda df: df[["i", "i"]].drop_duplicates(split_out=2), NotImplementedError, "different labels"),
        (lambda df: df["i"].value_counts(normalize=1), ValueError, "normalize must be True or False"),
        (lambda df: df["i"].nunique(dropna=None), ValueError, "dropna must be True or False"),
        (lambda df: df.mode(axis=1), NotImplementedError, "as many columns as one row has modes"),
        (lambda df: df.nunique(axis=2), ValueError, "axis must be 0 or 1"),
    ],
)
def test_bad_input(call, kind, message):
    with pytest.raises(kind, match=message):
        call(CUT[1])


@pytest.mark.parametrize("dtype", ["Int64", "Float64", "boolean"])
def test_masked_nulls_are_counted_behind_the_others(dtype):
    series = pd.Series([None, 1, 0, None, 1, 0], dtype=dtype)
    df = cut(series.to_frame("x"), [0, 1, 4, 6])
    for options in ({}, {"sort": False}, {"ascending": True}, {"normalize": True}):
        expected = series.rename("x").value_counts(dropna=False, **options)
        assert_eq(df["x"].value_counts(dropna=False, **options), expected)


@pytest.mark.parametrize(
    ("values", "dtype"),
    [(["x", "y", "x", None], "string"), (["x", "y", "x", None], pd.StringDtype("python")), (["x", "y", "x", None], object),
     ([1.5, 2.5, 1.5, None], "float16"), ([True, False, True, None], object)],
)  # fmt: skip
def test_dtypes_of_counted_values(values, dtype):
    frame = pd.DataFrame({"x": pd.Series(values, dtype=dtype)})
    for lazy in cuttings(frame):
        assert_eq(lazy["x"].value_counts(), frame["x"].value_counts())
        assert_eq(lazy["x"].value_counts(normalize=True), frame["x"].value_counts(normalize=True))
        assert lazy["x"].value_counts().compute().index.dtype == frame["x"].value_counts().index.dtype
        assert_eq(lazy["x"].mode(), frame["x"].mode())

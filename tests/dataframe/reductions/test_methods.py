from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cuttings, every_dtype

FRAME = every_dtype()
CUT = cuttings(FRAME)


def test_lengths():
    for df in CUT:
        assert len(df) == len(df["s"]) == len(df.index) == len(FRAME)
        assert len(df[df["i"] > 0]) == (FRAME["i"] > 0).sum()


def test_numbers_only():
    assert_eq(CUT[1]["i"].sum(numeric_only=True), FRAME["i"].sum())


def test_results_can_be_combined():
    for df in CUT:
        assert_eq(df["f"].sum() / df["f"].count(), FRAME["f"].sum() / FRAME["f"].count())
        assert_eq(df[["i", "f"]].sum() / df[["i", "f"]].count(), FRAME[["i", "f"]].sum() / FRAME[["i", "f"]].count())


def test_empty_frames():
    empty = FRAME.iloc[:0]
    df = dd.from_pandas(empty, npartitions=1)
    assert_eq(df["i"].sum(), 0)
    assert pd.isna(df["f"].max().compute())
    assert len(df) == 0
    assert_eq(df[["i", "f"]].count(), empty[["i", "f"]].count())


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda df: df["i"].sum(axis=1), ValueError, "axis must be 0 or 1"),
        (lambda df: df.mean(axis=None), NotImplementedError, "over both axes"),
        (lambda df: df["i"].sum(skipna=2), ValueError, "skipna must be True or False"),
        (lambda df: df["i"].sum(min_count="1"), TypeError, "min_count must be an integer"),
        (lambda df: df["i"].sum(split_every=1), ValueError, "split_every must be an integer of at least 2"),
        (lambda df: df["i"].nlargest("3"), TypeError, "nlargest takes a number of rows"),
        (lambda df: df[["i", "f"]].corr(method="kendall"), NotImplementedError, "needs ranks"),
        (lambda df: df["i"].corr(df["f"], method="spearman"), NotImplementedError, "needs ranks"),
        (lambda df: df["i"].corr(df["f"], method="x"), ValueError, "corr has method 'pearson'"),
        (lambda df: df[["i", "f"]].cov(min_periods=0.5), TypeError, "min_periods must be an integer"),
        (lambda df: df["i"].max(min_count=1), TypeError, "max has no min_count"),
        (lambda df: df["s"].sum(numeric_only=True), TypeError, "the Series is of dtype str"),
        (lambda df: df["f"].var(ddof=0.5), TypeError, "ddof must be an integer, got float"),
    ],
)
def test_bad_input(call, kind, message):
    with pytest.raises(kind, match=message):
        call(CUT[1])


def test_over_both_axes():
    for df in CUT:
        for how in ("sum", "prod", "min", "max", "any", "all"):
            numbers = FRAME[["i", "f", "b"]]
            assert_eq(getattr(df[["i", "f", "b"]], how)(axis=None), getattr(numbers, how)(axis=None))


EVERY = {
    "sum": lambda df, **how: df[["i", "f", "I"]].sum(**how),
    "any": lambda df, **how: df["b"].any(**how),
    "count": lambda df, **how: df.count(**how),
    "mean": lambda df, **how: df[["i", "d"]].mean(**how),
    "var": lambda df, **how: df["f"].var(**how),
    "skew": lambda df, **how: df["f"].skew(**how),
    "median": lambda df, **how: df["f"].median(**how),
    "nunique": lambda df, **how: df["s"].nunique(**how),
    "value_counts": lambda df, **how: df["s"].value_counts(**how),
    "mode": lambda df, **how: df["s"].mode(**how),
    "drop_duplicates": lambda df, **how: df.drop_duplicates("g", keep="last", **how),
    "nlargest": lambda df, **how: df.nlargest(4, "f", **how),
    "idxmin": lambda df, **how: df["f"].idxmin(**how),
    "corr": lambda df, **how: df[["i", "f"]].corr(**how),
    "corr of two": lambda df, **how: df["i"].corr(df["f"], **how),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", list(EVERY))
def test_the_width_of_the_tree_does_not_matter(name):
    df = dd.from_pandas(FRAME, npartitions=23)
    expected = EVERY[name](FRAME)
    for every in (2, 5, False):
        assert_eq(EVERY[name](df, split_every=every), expected)


@pytest.mark.slow
@pytest.mark.parametrize("partitions", [2, 129, 260])
def test_many_partitions(partitions):
    rows = np.arange(260)
    frame = pd.DataFrame({"x": rows * 37 % 101, "f": np.where(rows % 5, rows / 7, np.nan), "b": rows % 3 == 0})
    frame["big"] = np.int64(2**62)
    frame["s"] = pd.Series([None if row % 7 == 0 else f"v{row % 50}" for row in rows], dtype="str")
    frame["n"] = pd.Series([None] * 260, dtype="Int64")
    df = dd.from_pandas(frame, npartitions=partitions)
    numbers = ["x", "f", "b", "n"]
    for how in ("sum", "mean", "skew", "count"):
        with np.errstate(all="ignore"):
            assert_eq(getattr(df[numbers], how)(), getattr(frame[numbers], how)())
    assert_eq(df["big"].sum(), frame["big"].sum())
    assert_eq(df["s"].min(), frame["s"].min())
    assert_eq(df["s"].max(), frame["s"].max())
    assert_eq(df.isna().sum(), frame.isna().sum())
    assert_eq(df.notna().sum(), frame.notna().sum())
    assert_eq(df.nlargest(7, ["x", "f"], keep="last"), frame.nlargest(7, ["x", "f"], keep="last"))
    assert_eq(df["x"].idxmax(), frame["x"].idxmax())


@pytest.mark.parametrize("dtype", ["Int8", "UInt16", "Float32", "boolean", "int8", "uint64", "float32"])
def test_other_dtypes(dtype):
    values = [1, 0, 1, 1, 0] if dtype == "boolean" else [100, 3, 100, 1, 27]
    series = pd.Series(values, dtype=dtype)
    if series.dtype != dtype or hasattr(series.dtype, "numpy_dtype"):
        series[1] = pd.NA
    df = dd.from_pandas(series, npartitions=3)
    for how in ("sum", "prod", "min", "max", "mean", "count", "var", "median", "skew", "any", "all", "nunique"):
        assert_eq(getattr(df, how)(), getattr(series, how)(), rtol=1e-6)
    assert_eq(df.value_counts(), series.value_counts())
    assert_eq(df.mode(), series.mode())


def test_series_of_other_divisions_are_aligned():
    left, right = FRAME["f"], FRAME["i"].astype("float64")
    one, other = dd.from_pandas(left, npartitions=2), dd.from_pandas(right, npartitions=3)
    assert_eq(one.corr(other), left.corr(right))
    assert_eq(one.cov(other, min_periods=3), left.cov(right, min_periods=3))


def test_of_the_index():
    df = CUT[1]
    for how in ("min", "max", "any", "all"):
        assert getattr(df.index, how)().compute() == getattr(FRAME.index, how)()
    assert df.index.count().compute() == len(FRAME)


def test_kinds_of_sizes():
    df = CUT[1]
    assert_eq(df.size, FRAME.size)
    assert_eq(df["i"].size, FRAME["i"].size)
    assert_eq(df.product(numeric_only=True), FRAME.product(numeric_only=True))

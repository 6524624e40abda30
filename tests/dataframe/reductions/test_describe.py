from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

import minidask.dataframe as dd
from minidask.dataframe.reductions.describe import kind_of, percentiles_of
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut_frames, cuttings, every_dtype, few

FRAME = every_dtype()
CUT = cuttings(FRAME)


def same(left, right) -> None:
    """Tables hold values of many types in columns of objects, deviations of durations rounded to their unit."""
    assert_eq(left, right, check_meta=False)


CASES = {
    "numbers and dates": lambda df: df.describe(),
    "all": lambda df: df.describe(include="all"),
    "of text": lambda df: df[["s", "c"]].describe(),
    "numbers alone": lambda df: df.describe(include=["number"]),
    "without": lambda df: df.describe(exclude=["datetime", "number"]),
    "booleans": lambda df: df[["b"]].describe(),
    "percentiles": lambda df: df[["i", "f", "I"]].describe(percentiles=[0.9, 0.105]),
    "no percentiles": lambda df: df[["i"]].describe(percentiles=[]),
    "dates": lambda df: df[["d"]].describe(),
    "equal labels": lambda df: df[["i", "i", "s"]].describe(),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", list(CASES))
def test_like_pandas(case):
    for df in CUT:
        same(CASES[case](df), CASES[case](FRAME))


@pytest.mark.slow
@pytest.mark.parametrize("column", list(FRAME.columns))
def test_series(column):
    for df in CUT:
        same(df[column].describe(), FRAME[column].describe())
    assert_eq(CUT[1][column].describe()._meta.dtype, FRAME[column].describe().dtype)


@pytest.mark.slow
@few
@given(cut_frames())
def test_any_frame(pair):
    frame, df = pair
    if len(frame) > 1:
        same(
            df[["i", "b", "s", "d", "c"]].describe(include="all"),
            frame[["i", "b", "s", "d", "c"]].describe(include="all"),
        )
        same(df["I"].describe(), frame["I"].describe())


def test_nothing_there():
    empty = FRAME.iloc[:0]
    df = dd.from_pandas(empty, npartitions=1)
    for column in ("i", "f", "s", "c", "d", "I"):
        same(df[column].describe(), empty[column].describe())


@pytest.mark.parametrize("method", ["tdigest", "dask"])
def test_approximate_percentiles(method):
    same(CUT[1][["i", "f"]].describe(percentiles_method=method), FRAME[["i", "f"]].describe())


def test_kinds():
    kinds = {name: kind_of(dtype) for name, dtype in FRAME.dtypes.items()}
    assert kinds == {**dict.fromkeys("ifItg", "number"), **dict.fromkeys("bsc", "other"), "d": "time"}
    assert percentiles_of([0.5, 0.1]) == (0.1, 0.5)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda df: df.describe(percentiles=[0.5, 0.5]), ValueError, "cannot contain duplicates"),
        (lambda df: df.describe(percentiles=[5]), ValueError, "percentiles should all be in the interval"),
        (lambda df: df.describe(percentiles_method="x"), ValueError, "method must be one of"),
        (lambda df: df.describe(include="all", exclude=["number"]), ValueError, "exclude must be None"),
        (lambda df: df.describe(include=[np.complexfloating]), ValueError, "no columns match"),
        (lambda df: df[[]].describe(), ValueError, "without columns"),
    ],
)
def test_bad_input(call, kind, message):
    with pytest.raises(kind, match=message):
        call(CUT[1])

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask.dataframe.reductions.distinct import join_unique, unique_values
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut, cut_frames, cuttings, every_dtype, few

FRAME = every_dtype()
CUT = cuttings(FRAME)
COUNTS = [{}, {"dropna": False}, {"normalize": True}, {"ascending": True}, {"sort": False}]


@pytest.mark.slow
@pytest.mark.parametrize("column", list(FRAME.columns))
def test_columns(column):
    for df in CUT:
        for options in COUNTS:
            assert_eq(df[column].value_counts(**options), FRAME[column].value_counts(**options))
        assert_eq(df[column].drop_duplicates(), FRAME[column].drop_duplicates())
        assert_eq(df[column].drop_duplicates(keep="last"), FRAME[column].drop_duplicates(keep="last"))
        assert_eq(df[column].nunique(), FRAME[column].nunique())
        assert_eq(df[column].nunique(dropna=False), FRAME[column].nunique(dropna=False))
        unique = FRAME[column].drop_duplicates().reset_index(drop=True)
        assert_eq(df[column].unique(), unique)


CASES = {
    "rows": lambda df: df[["i", "b"]].drop_duplicates(),
    "rows by columns": lambda df: df.drop_duplicates(subset=["i", "s"], keep="last"),
    "rows by a column": lambda df: df.drop_duplicates("g"),
    "numbered": lambda df: df.drop_duplicates("g", ignore_index=True),
    "nunique": lambda df: df.nunique(),
    "nunique with missing": lambda df: df.nunique(dropna=False),
    "index": lambda df: df.index.nunique(),
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
        assert_eq(df[[column, "b"]].drop_duplicates(), frame[[column, "b"]].drop_duplicates())


def test_parts():
    assert unique_values(pd.Series([2, 1, 2], [5, 6, 7])).tolist() == [2, 1]
    assert join_unique([pd.Series([2, 1]), pd.Series([1, 3])]).tolist() == [2, 1, 3]


def test_bad_input():
    with pytest.raises(NotImplementedError, match="keep=False"):
        CUT[1].drop_duplicates(keep=False)
    with pytest.raises(KeyError, match="no column 'nope'"):
        CUT[1].drop_duplicates(subset="nope")


@pytest.mark.parametrize("dtype", ["Int64", "Float64", "boolean"])
def test_masked_nulls_are_counted_behind_the_others(dtype):
    series = pd.Series([None, 1, 0, None, 1, 0], dtype=dtype)
    df = cut(series.to_frame("x"), [0, 1, 4, 6])
    for options in ({}, {"sort": False}, {"ascending": True}, {"normalize": True}):
        expected = series.rename("x").value_counts(dropna=False, **options)
        assert_eq(df["x"].value_counts(dropna=False, **options), expected)

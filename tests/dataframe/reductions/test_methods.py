from __future__ import annotations

import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.reductions.methods import numeric_columns
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cuttings, every_dtype

FRAME = every_dtype()
CUT = cuttings(FRAME)


def test_lengths():
    for df in CUT:
        assert len(df) == len(df["s"]) == len(df.index) == len(FRAME)
        assert len(df[df["i"] > 0]) == (FRAME["i"] > 0).sum()


def test_numbers_only():
    assert list(numeric_columns(FRAME)) == ["i", "f", "b", "I", "g"]
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
        (lambda df: df.sum(axis=None), NotImplementedError, "over both axes"),
        (lambda df: df["i"].max(min_count=1), TypeError, "max has no min_count"),
        (lambda df: df["s"].sum(numeric_only=True), TypeError, "the Series is of dtype str"),
        (lambda df: df["f"].var(ddof=0.5), TypeError, "ddof must be an integer, got float"),
        (lambda df: df.median(), AttributeError, "DataFrame.median isn't built"),
    ],
)
def test_bad_input(call, kind, message):
    with pytest.raises(kind, match=message):
        call(CUT[1])

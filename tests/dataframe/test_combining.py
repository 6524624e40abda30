from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.testing import assert_eq

A = pd.DataFrame({"x": [1.0, None, 3.0, 4.0, None, 6.0], "y": [None, 2.0, 3.0, None, None, 1.0]})
B = pd.DataFrame({"x": [10.0, 20.0, 30.0, 40.0], "z": [1.0, 2.0, 3.0, 4.0]}, index=[1, 4, 5, 8])
PARTS = [1, 2, 6]


@pytest.mark.parametrize("n", PARTS)
@pytest.mark.parametrize("m", [1, 3])
def test_combine_first(n, m):
    a, b = dd.from_pandas(A, npartitions=n), dd.from_pandas(B, npartitions=m)
    assert_eq(a.combine_first(b), A.combine_first(B))
    assert_eq(a["x"].combine_first(b["x"]), A["x"].combine_first(B["x"]))
    assert_eq(a.combine_first(B), A.combine_first(B))
    assert_eq(a["x"].combine_first(a["y"]), A["x"].combine_first(A["y"]))


@pytest.mark.parametrize("n", PARTS)
def test_combine(n):
    a, b = dd.from_pandas(A, npartitions=n), dd.from_pandas(B, npartitions=2)
    assert_eq(a.combine(b, np.maximum, fill_value=0), A.combine(B, np.maximum, fill_value=0))
    assert_eq(a.combine(b, np.fmax, overwrite=False), A.combine(B, np.fmax, overwrite=False))
    assert_eq(a["x"].combine(b["x"], max, fill_value=0), A["x"].combine(B["x"], max, fill_value=0))
    assert_eq(a["x"].combine(3.0, max), A["x"].combine(3.0, max))


@pytest.mark.parametrize("join", ["outer", "inner", "left", "right"])
def test_align(join):
    for n in PARTS:
        a, b = dd.from_pandas(A, npartitions=n), dd.from_pandas(B, npartitions=2)
        for lazy, expected in zip(a.align(b, join=join), A.align(B, join=join), strict=True):
            assert_eq(lazy, expected)
        for lazy, expected in zip(a.align(b, join, 0, -1), A.align(B, join, 0, fill_value=-1), strict=True):
            assert_eq(lazy, expected)


def test_case_when():
    for n in PARTS:
        a = dd.from_pandas(A, npartitions=n)
        assert_eq(
            a["x"].case_when([(a["x"] > 3, 0.0), (a["y"] > 1, a["y"]), (lambda s: s.isna(), lambda s: s + 1)]),
            A["x"].case_when([(A["x"] > 3, 0.0), (A["y"] > 1, A["y"]), (lambda s: s.isna(), lambda s: s + 1)]),
        )


def test_products():
    filled = A.fillna(1)
    for n in PARTS:
        df = dd.from_pandas(filled, npartitions=n)
        weights = pd.Series([2.0, 3.0], index=["x", "y"])
        assert_eq(df.dot(weights), filled.dot(weights))
        assert_eq(df @ weights.to_frame("w"), filled @ weights.to_frame("w"))
        assert_eq(df["x"].dot(df["y"]), filled["x"].dot(filled["y"]))
        assert_eq(df["x"] @ filled["y"], filled["x"] @ filled["y"])


DF = dd.from_pandas(A, npartitions=2)
BAD = {
    "no function": (lambda: DF.combine(DF, 3), TypeError, "function of two Series"),
    "a list": (lambda: DF["x"].combine([1] * 6, max), TypeError, "list of values"),
    "first of a number": (lambda: DF.combine_first(3), TypeError, "takes a DataFrame or Series, got int"),
    "unknown divisions": (lambda: DF.combine_first(DF.clear_divisions().partitions[[1]]), ValueError, "correspond"),
    "fails": (lambda: DF.combine(DF, lambda a, b: 1 / 0), ValueError, "could not be inferred"),
    "no list": (lambda: DF["x"].case_when(3), TypeError, "list of pairs, got int"),
    "no pairs": (lambda: DF["x"].case_when([]), ValueError, "at least one pair"),
    "no pair": (lambda: DF["x"].case_when([3]), TypeError, "pairs"),
    "dot of rows": (lambda: DF.dot(DF), TypeError, "one row a column"),
    "dot of a number": (lambda: DF["x"].dot(3), TypeError, "Series of the same rows, got int"),
}


@pytest.mark.parametrize("case", list(BAD))
def test_bad_input(case):
    call, kind, message = BAD[case]
    with pytest.raises(kind, match=message):
        call()


def test_a_missing_value_spoils_a_product_of_vectors():
    for dtype in ("float64", "Int64"):
        series = pd.Series([1, None, 3], dtype=dtype)
        assert pd.isna(dd.from_pandas(series, npartitions=3).dot(series).compute())
        there = series.dropna()
        assert dd.from_pandas(there, npartitions=2).dot(there).compute() == there.dot(there)

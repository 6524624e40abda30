"""Few groups by small numbers are counted without a hash table, and are what pandas finds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.dataframe as dd
from minidask.dataframe.groupby.dense import EXACT, MOST_GROUPS, chunk_of_few, digits_of
from minidask.dataframe.groupby.plan import Output, Plan
from minidask.dataframe.testing import assert_eq


def plan(*hows, keys=1, sort=True, dropna=True):
    outputs = tuple([Output("x", how) for how in hows])
    names = tuple([f"key{at}" for at in range(keys)])
    return Plan(tuple([(name,) for name in names]), names, outputs, sort, dropna, True, True, None, "x")


@pytest.mark.parametrize(
    "key",
    [[1.0, 2.0], ["a", "b"], pd.array([1, 2], dtype="Int64"), [0, MOST_GROUPS], pd.to_datetime(["2020", "2021"])],
)
def test_other_keys_are_left_to_pandas(key):
    assert digits_of(pd.Series(key), MOST_GROUPS) is None


def test_keys_as_small_numbers():
    for dtype in ("int8", "uint8", "int64", "uint64", "int32"):
        found = digits_of(pd.Series([100, 103, 100], dtype=dtype), 10)
        assert (found.codes.tolist(), found.span, found.first) == ([0, 3, 0], 4, 100)
    assert digits_of(pd.Series([True, False]), 10).codes.tolist() == [1, 0]
    assert digits_of(pd.Series(["b", None], dtype="category"), 10).codes.tolist() == [0, -1]
    assert digits_of(pd.Series([2**63, 2**63 + 1], dtype="uint64"), 10) is None
    assert digits_of(pd.Series([-(2**63), 2**63 - 1]), 10) is None


def test_the_table():
    rows = pd.DataFrame({"k0": [7, 5, 7, 5], "v0": [1.5, np.nan, 2.0, 4.0]})
    table = chunk_of_few(rows, plan("sum", "size"))
    assert table.to_dict("list") == {"k0": [5, 7], "size": [2, 2], "v0": [4.0, 3.5]}


@pytest.mark.parametrize("asked", [plan("min"), plan("sum", sort=False), plan("var")])
def test_what_it_leaves_to_pandas(asked):
    assert chunk_of_few(pd.DataFrame({"k0": [1, 1], "v0": [1.0, 2.0]}), asked) is None


def test_missing_keys():
    rows = pd.DataFrame({"k0": pd.Categorical(["a", None, "a"]), "v0": [1, 2, 4]})
    assert chunk_of_few(rows, plan("sum"))["v0"].tolist() == [5]
    assert chunk_of_few(rows, plan("sum", dropna=False)) is None


def test_sums_that_floats_do_not_hold():
    values = np.array([EXACT - 1, 2, 3])
    assert chunk_of_few(pd.DataFrame({"k0": [0, 0, 1], "v0": values}), plan("sum")) is None
    pdf = pd.DataFrame({"k": [0, 0, 1], "x": values})
    assert_eq(dd.from_pandas(pdf, npartitions=1).groupby("k").sum(), pdf.groupby("k").sum())


@given(
    rows=st.lists(
        st.tuples(
            st.integers(-3, 3),
            st.booleans(),
            st.sampled_from(["a", "b", None]),
            st.sampled_from([0.5, -1.0, np.nan, np.inf, 3e10]),
            st.integers(-5, 5),
        ),
        max_size=40,
    ),
    by=st.lists(st.sampled_from(["i", "b", "c"]), min_size=1, max_size=3, unique=True),
    npartitions=st.integers(1, 4),
    dropna=st.booleans(),
)
def test_any_keys(rows, by, npartitions, dropna):
    pdf = pd.DataFrame(rows, columns=["i", "b", "c", "x", "n"])
    pdf = pdf.astype({"i": "int16", "b": bool, "c": pd.CategoricalDtype(["a", "b", "z"]), "x": float, "n": "int64"})
    df = dd.from_pandas(pdf, npartitions=npartitions, sort=False)
    asked = {"x": ["sum", "mean", "count"], "n": ["sum", "size"]}
    options = {"observed": True, "dropna": dropna}
    assert_eq(df.groupby(by, **options).agg(asked), pdf.groupby(by, **options).agg(asked))

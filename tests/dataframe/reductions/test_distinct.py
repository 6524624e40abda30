from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.reductions.distinct import (
    CountColumns,
    DropDuplicates,
    Modes,
    OnceAggregate,
    OnceChunk,
    OnceCombine,
    ValueCounts,
    duplicated,
    join_unique,
    unique_values,
)


def test_unique_values():
    assert unique_values(pd.Series([2, 1, 2], [5, 6, 7])).tolist() == [2, 1]
    assert unique_values(pd.Index([2, 1, 2])).tolist() == [2, 1]
    assert join_unique([pd.Series([2, 1]), pd.Series([1, 3])]).tolist() == [2, 1, 3]


def test_dropping_duplicates():
    left, right = pd.Series([1, 2, 1]), pd.Series([2, 3], index=[3, 4])
    assert DropDuplicates(None, "last")([left, right]).to_dict() == {2: 1, 3: 2, 4: 3}
    frame = pd.DataFrame({"x": [1, 1], "y": [1, 2]})
    assert duplicated(frame, ("x",), "first").tolist() == [False, True]
    assert duplicated(frame, None, "first").tolist() == [False, False]


def test_rows_that_are_alone():
    once = OnceChunk(None)
    left, right = once(pd.Series([1, 2, 1])), once(pd.Series([3, 2], index=[3, 4]))
    assert left.repeated.tolist() == [True, False]
    both = OnceCombine(once)([left, right])
    assert dict(zip(both.rows, both.repeated, strict=True)) == {1: True, 2: True, 3: False}
    assert OnceAggregate(once)([left, right]).to_dict() == {3: 3}


def test_counting():
    how = ValueCounts(True, False, True, False, "x")
    counts = how.combine([how.chunk(pd.Series(["a", "b", "a"])), how.chunk(pd.Series(["b", "b"]))])
    assert dict(zip(counts["value"], counts["count"], strict=True)) == {"a": 2, "b": 3}
    assert how.finish(counts).index.tolist() == ["b", "a"]
    shares = how._replace(normalize=True).finish(counts, total=10)
    assert (shares.tolist(), shares.name) == ([0.3, 0.2], "proportion")


def test_modes():
    count = CountColumns(True)
    parts = [count(pd.Series([2, 1, 2])), count(pd.Series([1, np.nan]))]
    assert Modes(count, None, "x")(parts).tolist() == [1, 2]


@pytest.mark.parametrize("normalize", [False, True])
def test_missing_values_of_objects_are_different_ones(normalize):
    values = pd.Series([None, np.nan, pd.NA, "a", None, 1, np.nan, None], dtype=object, name="o")
    expected = values.value_counts(dropna=False, normalize=normalize)
    for npartitions in (1, 3, 8):
        got = dd.from_pandas(values, npartitions=npartitions).value_counts(dropna=False, normalize=normalize).compute()
        pd.testing.assert_series_equal(got, expected)


def test_counts_of_arrow_values():
    values = pd.Series([1, None, 2, 3, 4, 2, 1, 1], dtype="int64[pyarrow]")
    for npartitions in (1, 3):
        lazy = dd.from_pandas(values, npartitions=npartitions)
        for options in ({}, {"dropna": False}, {"normalize": True}):
            pd.testing.assert_series_equal(lazy.value_counts(**options).compute(), values.value_counts(**options))

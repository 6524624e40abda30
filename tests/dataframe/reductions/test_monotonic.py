from __future__ import annotations

import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut

VALUES = {
    "up": [1, 2, 2, 3, 5, 8],
    "down": [8, 5, 3, 3, 2, 1],
    "a step back between partitions": [1, 2, 3, 2, 3, 4],
    "a step back inside": [1, 3, 2, 4, 5, 6],
    "constant": [1] * 6,
    "missing": [1.0, 2.0, None, 4.0, 5.0, 6.0],
    "text": list("abcdef"),
    "dates": pd.date_range("2020-01-01", periods=6),
    "masked": pd.array([1, 2, 3, 4, 5, None], dtype="Int64"),
    "categories": pd.Categorical(list("bbaacc"), categories=["b", "a", "c"], ordered=True),
}


@pytest.mark.parametrize("name", list(VALUES))
def test_like_pandas(name):
    frame = pd.DataFrame({"x": VALUES[name]})
    for bounds in ([0, 6], [0, 0, 3, 3, 6], [0, 1, 2, 3, 4, 5, 6], [0, 6, 6]):
        df = cut(frame, bounds)
        assert_eq(df["x"].is_monotonic_increasing, frame["x"].is_monotonic_increasing)
        assert_eq(df["x"].is_monotonic_decreasing, frame["x"].is_monotonic_decreasing)


def test_index():
    series = pd.Series(range(5), index=[1, 2, 3, 9, 10])
    df = dd.from_pandas(series, npartitions=2)
    assert_eq(df.index.is_monotonic_increasing, True)
    assert_eq(df.index.is_monotonic_decreasing, False)


def test_nothing():
    assert_eq(dd.from_pandas(pd.Series([], dtype="int64"), npartitions=1).is_monotonic_increasing, True)

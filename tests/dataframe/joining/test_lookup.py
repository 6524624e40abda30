from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask.dataframe.joining.lookup import make_lookup, number_array
from tests.dataframe.frames import few

VALUES = {
    "dense": st.integers(-3, 6),
    "sparse": st.sampled_from([-(10**12), -1, 0, 5, 10**9, 10**15]),
    "bool": st.booleans(),
    "date": st.sampled_from([pd.Timestamp("2000-01-01"), pd.Timestamp("2020-05-05"), pd.Timestamp("1900-01-01")]),
}


@few
@given(
    st.data(),
    st.sampled_from([("dense",), ("sparse",), ("bool",), ("date",), ("dense", "sparse"), ("bool", "date")]),
    st.booleans(),
)
def test_the_pairs_of_a_merge(data, kinds, keep_all):
    def frame(name: str) -> pd.DataFrame:
        rows = data.draw(st.integers(1, 9))
        columns = {at: data.draw(st.lists(VALUES[kind], min_size=rows, max_size=rows)) for at, kind in enumerate(kinds)}
        return pd.DataFrame(columns).assign(**{name: range(rows)})

    left, right = frame("l"), frame("r")
    keys = list(range(len(kinds)))
    lookup = make_lookup([right[key] for key in keys])
    assert lookup is not None
    rows, found = lookup.find([left[key].to_numpy() for key in keys], keep_all)
    rows = np.arange(len(left)) if rows is None else rows
    expected = left.merge(right, on=keys, how="left" if keep_all else "inner")
    assert rows.tolist() == expected["l"].tolist()
    assert found.tolist() == expected["r"].fillna(-1).astype(int).tolist()


@pytest.mark.parametrize(
    "key",
    [
        pd.Series([1.5]),
        pd.Series(["a"]),
        pd.Series([1], dtype="Int64"),
        pd.Series([1], dtype="uint64"),
        pd.Series([1], dtype="category"),
        pd.Series(pd.to_datetime(["2020-01-01", None])),
        pd.Series(pd.to_datetime(["2020-01-01"], utc=True)),
    ],
)
def test_keys_that_pandas_joins(key):
    assert number_array(key) is None
    assert make_lookup([key]) is None


def test_numbers_that_are_too_far_apart():
    wide = pd.Series([-(2**62), 2**62])
    assert make_lookup([wide]) is None
    many = pd.Series([0, 2**40])
    assert make_lookup([many, many]) is None
    assert make_lookup([]) is None
    assert make_lookup([pd.Series([], dtype="int64")]) is None


def test_small_integers_do_not_overflow():
    lookup = make_lookup([pd.Series([-128, 127], dtype="int8")])
    assert lookup is not None
    assert lookup.find([np.array([127, 0, -128], dtype="int8")], True)[1].tolist() == [1, -1, 0]

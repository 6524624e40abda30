from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.groupby.counts import AddCounts, added_up
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut

RNG = np.random.default_rng(4)
ROWS = 60
FRAME = pd.DataFrame(
    {
        "k": RNG.choice([2.0, 1.0, np.nan, 0.0, -0.0], ROWS),
        "s": pd.Series(RNG.choice(["b", "a", None], ROWS), dtype="str"),
        "c": pd.Categorical(RNG.choice(["u", "v"], ROWS), categories=["v", "u", "zz"]),
        "x": RNG.integers(0, 4, ROWS),
        "f": RNG.choice([1.5, np.nan, 2.5], ROWS),
        "I": pd.array(RNG.choice(np.array([1, 2, None], dtype=object), ROWS), dtype="Int64"),
    }
)
CUT = [
    dd.from_pandas(FRAME, npartitions=1),
    dd.from_pandas(FRAME, npartitions=7),
    cut(FRAME, [0, 0, 3, 30, 30, 31, ROWS, ROWS]),
]


def check(action):
    expected = action(FRAME)
    equal = pd.testing.assert_series_equal if isinstance(expected, pd.Series) else pd.testing.assert_frame_equal
    for df in CUT:
        result = action(df)
        # In pandas's order, ties too.
        equal(result.compute(), expected)
        assert_eq(result, expected)


@pytest.mark.parametrize("sort", [True, False])
@pytest.mark.parametrize("by_count", [True, False])
@pytest.mark.parametrize("keys", ["k", "s", ["k", "s"], ["x"]])
def test_ties_are_in_the_order_of_pandas(keys, sort, by_count):
    check(lambda df: df.groupby(keys, sort=sort)["f"].value_counts(sort=by_count))
    check(lambda df: df.groupby(keys, sort=sort, dropna=False)[["c", "f"]].value_counts(sort=by_count, dropna=False))
    check(lambda df: df.groupby(keys, sort=sort)["c"].value_counts(sort=by_count, ascending=True, normalize=True))


@pytest.mark.parametrize("observed", [True, False])
def test_categories_as_keys(observed):
    for sort in (True, False):
        check(lambda df: df.groupby("c", observed=observed, sort=sort)["x"].value_counts())
        check(lambda df: df.groupby(["c", "s"], observed=observed, sort=sort)["x"].value_counts(normalize=True))


def test_keys_as_columns():
    check(lambda df: df.groupby("k", as_index=False)["x"].value_counts())
    check(lambda df: df.groupby(["k", "s"], as_index=False)[["x", "f"]].value_counts(normalize=True))


def test_masked_counts_and_other_keys():
    check(lambda df: df.groupby("s")["I"].value_counts())
    check(lambda df: df.groupby("s")["I"].value_counts(normalize=True, dropna=False))
    check(lambda df: df["x"].groupby(df["k"]).value_counts())
    check(lambda df: df.groupby(df["x"] % 2)["s"].value_counts())
    check(lambda df: df[df["x"] > 9].groupby("k")["s"].value_counts(normalize=True))


def test_a_subset_is_in_the_order_of_the_columns():
    check(lambda df: df.groupby("k").value_counts(["x", "s"]))


def test_rows_without_values_are_not_counted_in_categories_that_are_not_there():
    frame = pd.DataFrame({"c": pd.Categorical(["w", "v"], ["w", "v", "zz"]), "x": [1, 1], "f": [1.5, np.nan]})
    # pandas counts row 1 for ("zz", 1, 1.5) where all three come in an unfortunate order.
    for n in (1, 2):
        result = dd.from_pandas(frame, npartitions=n).groupby("c", observed=False)[["x", "f"]].value_counts().compute()
        assert result.loc["zz"].sum() == 0
        assert result.sum() == 1


def test_in_several_partitions():
    result = CUT[1].groupby("s")["x"].value_counts(split_out=2)
    assert result.npartitions == 2
    expected = FRAME.groupby("s")["x"].value_counts()
    pd.testing.assert_series_equal(result.compute().sort_index(), expected.sort_index())


def test_counts_are_added_up():
    rows = pd.DataFrame({"v0": ["b", None, "b"], "tag": [1, 2, 3]})
    assert added_up(rows.iloc[:0]).empty
    assert AddCounts()([rows, rows.iloc[1:2]])["tag"].tolist() == [4, 4]

"""Keys that ascend are aggregated without a hash table, and give what pandas gives."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.dataframe as dd
from minidask.dataframe.groupby import buckets
from minidask.dataframe.groupby.runs import (
    ascending,
    chunk_of_runs,
    distinct_counts,
    distinct_in_runs,
    follow,
    reduce_runs,
    run_starts,
)
from minidask.dataframe.testing import assert_eq

HOWS = ["sum", "mean", "min", "max", "count", "size", "nunique"]


@pytest.mark.parametrize(
    ("keys", "starts"),
    [([], []), ([4], [0]), ([4, 4], [0]), ([1, 2, 2, 2, 5], [0, 1, 4]), ([2, 1], None), ([1] * 2000 + [0], None)],
)
def test_where_runs_start(keys, starts):
    found = run_starts(np.array(keys, dtype=np.int64))
    assert (found is None) if starts is None else found.tolist() == starts


@pytest.mark.parametrize("keys", [[1.0, 2.0], ["a", "b"], [True, False], pd.array([1, 2], dtype="Int64")])
def test_other_keys_are_left_to_pandas(keys):
    assert run_starts(pd.Series(keys)) is None


def test_tables_that_go_on_where_the_last_one_ended():
    def table(*keys):
        return pd.DataFrame({"k0": np.array(keys, dtype=np.int64)})

    assert follow([table(1, 2), table(), table(2, 9)], ["k0"])
    assert not follow([table(1, 2), table(2, 9)], ["k0"], apart=True)
    assert follow([table(1, 2), table(3, 9)], ["k0"], apart=True)
    assert not follow([table(3, 4), table(1, 2)], ["k0"])
    assert not follow([table(1, 2), table(3, 4).astype("int32")], ["k0"])
    assert not ascending(table(1, 2).assign(k1=1), ["k0", "k1"])


def test_missing_values_do_not_count():
    values, starts = np.array([np.nan, 2.0, np.nan, np.nan, np.inf, -np.inf]), np.array([0, 2, 4])
    assert reduce_runs("count", values, starts).tolist() == [1, 0, 2]
    assert reduce_runs("min", values, starts).tolist()[:1] == [2.0]
    assert np.isnan(reduce_runs("max", values, starts)[1])
    with np.errstate(invalid="ignore"):
        assert reduce_runs("sum", values, starts)[:2].tolist() == [2.0, 0.0]
    assert reduce_runs("sum", values[:0], starts[:0]).tolist() == []


def test_values_too_far_apart_for_codes():
    keys, values = np.array([1, 2]), np.array([np.iinfo(np.int64).min, np.iinfo(np.int64).max])
    assert distinct_in_runs(keys, np.array([0, 1]), values) is None
    assert distinct_in_runs(keys, np.array([0, 1]), np.array([0.5, 1.5])) is None
    assert distinct_in_runs(keys[:0], np.array([], dtype=np.intp), values[:0]).shape == (0, 2)


def test_distinct_values_are_counted_by_runs_of_pairs():
    pairs = pd.DataFrame({"k0": [1, 1, 4], "value": [7, 9, 7]})
    assert distinct_counts(pairs).to_dict() == {1: 2, 4: 1}
    assert distinct_counts(pairs.iloc[::-1]) is None
    assert distinct_counts(pairs.assign(value=["a", "b", "a"])) is None


def test_a_partition_in_no_order_is_left_to_pandas():
    pdf = pd.DataFrame({"k": [3, 1, 2, 3], "x": [1, 2, 3, 4]})
    assert_eq(dd.from_pandas(pdf, npartitions=2, sort=False).groupby("k").sum(), pdf.groupby("k").sum())


@given(
    keys=st.lists(st.integers(-4, 4), max_size=30),
    values=st.lists(st.sampled_from([1.5, -2.0, np.nan, np.inf, -np.inf, 0.0]), min_size=30, max_size=30),
    npartitions=st.integers(1, 5),
)
def test_any_ascending_keys(keys, values, npartitions):
    pdf = pd.DataFrame({"k": np.sort(np.array(keys, dtype=np.int64)), "x": values[: len(keys)]})
    pdf["n"] = np.arange(len(pdf)) % 3
    df = dd.from_pandas(pdf, npartitions=npartitions, sort=False)
    with np.errstate(invalid="ignore"):
        for column in ("x", "n"):
            asked = [how for how in HOWS if column == "n" or how != "nunique"]
            assert_eq(df.groupby("k")[column].agg(asked), pdf.groupby("k")[column].agg(asked))


@pytest.mark.parametrize("shift", [0, 1, -37])
@pytest.mark.parametrize("npartitions", [1, 2, 7, 128])
def test_partitions_whose_keys_overlap(npartitions, shift):
    """The keys ascend in each partition; from one to the next they go on, share the border, or begin again."""
    step = 40
    parts = [
        pd.DataFrame({"k": np.arange(step) // 2 + at * (step // 2 - shift), "x": np.arange(step) * 1.0})
        for at in range(npartitions)
    ]
    pdf = pd.concat(parts)
    df = dd.from_map(pd.DataFrame, parts, meta=parts[0].iloc[:0])
    for how in ("sum", "count", "min"):
        assert_eq(getattr(df.groupby("k").x, how)(), getattr(pdf.groupby("k").x, how)())
    assert_eq(df.groupby("k").x.agg(["mean", "size"]), pdf.groupby("k").x.agg(["mean", "size"]))
    assert_eq(df.assign(n=1).groupby("k").n.nunique(), pdf.assign(n=1).groupby("k").n.nunique())


@pytest.mark.parametrize("again", [False, True])
def test_many_groups_are_only_split_where_keys_overlap(monkeypatch, again):
    monkeypatch.setattr(buckets, "MANY_GROUPS", 50)
    parts = [pd.DataFrame({"k": np.arange(100) + (0 if again else 100 * at), "x": 1}) for at in range(3)]
    parts[1] = parts[1].iloc[:10]
    pdf = pd.concat(parts)
    df = dd.from_map(pd.DataFrame, parts, meta=parts[0].iloc[:0])
    assert_eq(df.groupby("k").sum(), pdf.groupby("k").sum())
    assert_eq(df.groupby("k").x.count(), pdf.groupby("k").x.count())


def test_nothing_is_made_of_other_dtypes():
    plan = dd.from_pandas(pd.DataFrame({"k": [1, 2], "x": ["a", "b"]}), npartitions=1)
    assert_eq(plan.groupby("k").x.max(), pd.DataFrame({"k": [1, 2], "x": ["a", "b"]}).groupby("k").x.max())


def test_the_chunk_is_none_for_two_keys():
    class Plan:
        keys, primitives, has_size = (("a",), ("b",)), (), True

    assert chunk_of_runs(pd.DataFrame({"k0": [1], "k1": [1]}), Plan()) is None

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.groupby.whole import GroupCall, Recorded, marked_meta, members_of
from minidask.dataframe.testing import assert_eq


def test_calls():
    groups = pd.DataFrame({"k": [1, 1, 2], "x": [1.0, 2.0, 3.0]}).groupby("k")["x"]
    assert GroupCall("median")(groups).tolist() == [1.5, 3.0]
    assert GroupCall("sum", window={"window": 2})(groups).tolist()[1] == 3.0
    assert GroupCall("median").token() != GroupCall("mean").token()
    assert GroupCall("median").short_name == "median"


def test_results_are_recorded():
    call = Recorded(lambda group: group.head(1))
    pd.DataFrame({"k": [1, 1, 2], "x": [1.0, 2.0, 3.0]}).groupby("k").apply(call)
    assert call.lengths == [1, 1]
    assert not call.like


def test_members():
    index = pd.MultiIndex.from_tuples([("b", 1), ("b", 2), ("a", 1)])
    assert members_of(index, pd.DataFrame({"k0": ["a", "b"]})).tolist() == [1, 1, 0]


def test_marked_meta_has_no_rows():
    assert marked_meta(pd.Series([], name="x", dtype="float64")).columns.tolist() == ["i0", "v0", "rank", "place"]


def test_functions_that_return_nothing_leave_groups_out():
    frame = pd.DataFrame({"k": [1, 1, 2, 3], "x": [1.0, 2.0, 3.0, 4.0]})
    df = dd.from_pandas(frame, npartitions=2)

    def some(rows):
        return rows if rows["x"].sum() > 3 or len(rows) == 2 else None

    meta = frame.groupby("k").apply(some).iloc[:0]
    assert_eq(df.groupby("k").apply(some, meta=meta), frame.groupby("k").apply(some))


def test_results_of_rows_are_in_their_order():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"k": rng.integers(0, 4, 30), "x": rng.normal(size=30)})
    df = dd.from_pandas(frame, npartitions=4)

    def call(d):
        return d.groupby("k", group_keys=False)[["x"]].apply(lambda rows: rows - rows.mean())

    assert_eq(call(df), call(frame))


def fail_on_b(group):
    if group["k"].iloc[0] == "b":
        raise RuntimeError("kaputt")
    return group["x"].sum()


def test_a_function_that_fails_says_on_which_group():
    frame = pd.DataFrame({"g": ["a", "b", "a", "b"], "k": ["a", "b", "a", "b"], "x": range(4)}, index=[10, 20, 30, 40])
    lazy = dd.from_pandas(frame, npartitions=2).groupby("g").apply(fail_on_b, meta=(None, "int64"))
    with pytest.raises(RuntimeError, match="kaputt") as caught:
        lazy.compute(scheduler="sync")
    assert "groupby(...).apply, one group: 'fail_on_b' failed on 2 rows, index 20 to 40." in caught.value.__notes__


def double(rows):
    return rows * 2


def shorten_some(rows):
    return rows if rows["x"].sum() > 10 else rows.iloc[:1]


def double_x(rows):
    return rows["x"] * 2


@pytest.mark.parametrize("func", [double, shorten_some, double_x])
@pytest.mark.parametrize("sort", [True, False])
@pytest.mark.parametrize("dropna", [True, False])
def test_rows_go_back_in_place_only_if_all_groups_kept_their_index(func, sort, dropna):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"k": rng.choice(list("abcdef"), 30), "x": rng.integers(0, 9, 30)})
    frame.loc[3, "k"] = None
    expected = frame.groupby("k", group_keys=False, sort=sort, dropna=dropna).apply(func)
    for npartitions in (1, 2, 7):
        groups = dd.from_pandas(frame, npartitions=npartitions).groupby("k", group_keys=False, sort=sort, dropna=dropna)
        got = groups.apply(func, meta=expected.iloc[:0]).compute()
        assert got.equals(expected)
        assert got.index.equals(expected.index)


def test_rows_in_place_of_labels_that_repeat():
    frame = pd.DataFrame({"k": list("abab"), "x": range(4)}, index=[1, 0, 0, 1])
    got = dd.from_pandas(frame, npartitions=1, sort=False).groupby("k", group_keys=False).apply(double)
    pd.testing.assert_frame_equal(got.compute(), frame.groupby("k", group_keys=False).apply(double))

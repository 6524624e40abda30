from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask.dataframe.groupby.partials import GroupAggregate, GroupChunk, GroupCombine
from minidask.dataframe.groupby.plan import Output, Plan
from tests.dataframe.frames import few

FRAME = pd.DataFrame({"k": ["a", "b", "a", None], "x": [1.0, 2.0, 4.0, 8.0]})
PLAN = Plan(
    (("k",),), ("k",), (Output("x", "var"), Output("x", "nunique")), True, True, True, True, pd.Index(["v", "n"]), None
)
META = pd.DataFrame({"v": [0.5], "n": [1]}, index=pd.Index(["a"], name="k")).iloc[:0]


def test_a_partial_result():
    partial = GroupChunk(PLAN)(FRAME)
    assert partial.table["k0"].tolist() == ["a", "b"]
    assert partial.table["v0s"].tolist() == [4.5, 0.0]
    assert len(partial.values[0]) == 3


@pytest.mark.slow
@few
@given(st.permutations(range(4)), st.integers(0, 4))
def test_combining_in_any_grouping(order, at):
    rows = FRAME.iloc[order]
    chunk, combine, aggregate = GroupChunk(PLAN), GroupCombine(PLAN), GroupAggregate(PLAN, META)
    parts = [chunk(rows.iloc[:at]), chunk(rows.iloc[at:]), chunk(rows.iloc[:0])]
    result = aggregate([combine(parts[:2]), combine(parts[2:])])
    expected = FRAME.groupby("k")["x"].agg(v="var", n="nunique")
    pd.testing.assert_frame_equal(result, expected)


def test_calls_are_hashable():
    assert len({GroupAggregate(PLAN, META), GroupChunk(PLAN)}) == 2

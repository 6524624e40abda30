from __future__ import annotations

import itertools

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask.dataframe.joining.call import make_call
from minidask.dataframe.joining.keys import JoinKeys
from minidask.dataframe.joining.shared import (
    BuildTable,
    Probe,
    ProbeWithRows,
    add_unmatched,
    can_share,
    keeps_unmatched,
)
from tests.dataframe.frames import few, frames


def call_of(left, right, how, keys):
    labels = tuple(keys)
    return make_call(left.iloc[:0], right.iloc[:0], how, JoinKeys(labels, labels, True), ("_x", "_y"), False)[0]


@pytest.mark.slow
@few
@given(frames(), frames(), st.sampled_from([["i"], ["b"], ["i", "b"], ["d"], ["s"]]), st.booleans())
def test_probing_is_merging(left, right, keys, shares_right):
    left, right = left[[*keys, "f", "I"]], right[[*keys, "c", "f"]]
    for how in ("inner", "left" if shares_right else "right"):
        call = call_of(left, right, how, keys)
        part, shared = (left, right) if shares_right else (right, left)
        got = Probe(call, shares_right)(part, BuildTable(call, shares_right)(shared))
        expected = call(left, right)
        if how == "inner" and not shares_right:
            got, expected = [each.sort_values(list(each.columns), ignore_index=True) for each in (got, expected)]
        pd.testing.assert_frame_equal(got, expected)


@pytest.mark.parametrize(("how", "right"), [("outer", True), ("right", True), ("outer", False), ("left", False)])
@pytest.mark.parametrize("keys", [["i"], ["s"]])
def test_what_no_partition_met_comes_last(how, right, keys):
    one = pd.DataFrame({"i": [1, 2, 2, 5], "s": list("abbe"), "x": range(4)})
    other = pd.DataFrame({"i": [2, 3, 3], "s": list("bcc"), "y": range(3)})
    left, shared_right = (one[[*keys, "x"]], other[[*keys, "y"]])
    call = call_of(left, shared_right, how, keys)
    part, shared = (left, shared_right) if right else (shared_right, left)
    table = BuildTable(call, right)(shared)
    pairs = [ProbeWithRows(call, right)(piece, table) for piece in (part.iloc[:1], part.iloc[1:])]
    last = add_unmatched(call, right, part.iloc[:0], table, *pairs)
    got = pd.concat([pairs[0][0], last]).sort_values(["x", "y"], ignore_index=True)
    expected = left.merge(shared_right, how=how).sort_values(["x", "y"], ignore_index=True)
    pd.testing.assert_frame_equal(got, expected)


def test_which_joins_can_share():
    hows = ("inner", "left", "right", "outer", "cross", "leftsemi", "right_anti")
    shares = {(how, right) for how, right in itertools.product(hows, (True, False)) if can_share(how, right)}
    assert ("leftsemi", False) not in shares
    assert ("right_anti", True) not in shares
    assert {(how, right) for how, right in shares if keeps_unmatched(how, right)} == {
        ("outer", True),
        ("outer", False),
        ("right", True),
        ("left", False),
    }

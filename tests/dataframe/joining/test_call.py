from __future__ import annotations

import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.joining.call import Side, left_rows, make_call, needed_keys, sources
from minidask.dataframe.joining.keys import JoinKeys

LEFT = pd.DataFrame({"k": [1, 2, 2], "x": [1, 2, 3], "a": [1, 2, 3]})
RIGHT = pd.DataFrame({"k": [2, 3], "x": [5, 6], "b": [7, 8]})
SHARED = JoinKeys(("k",), ("k",), True)


def test_suffixes_are_given_before_the_join():
    call, meta = make_call(LEFT, RIGHT, "inner", SHARED, ("_x", "_y"), False)
    assert call.left == Side({"x": "x_x"})
    assert list(meta.columns) == ["k", "x_x", "a", "x_y", "b"]
    pd.testing.assert_frame_equal(call(LEFT, RIGHT), LEFT.merge(RIGHT, on="k"))
    narrow = call._replace(left=call.left._replace(keep=("k",)))
    pd.testing.assert_frame_equal(narrow(LEFT, RIGHT), LEFT.merge(RIGHT, on="k")[["k", "x_y", "b"]])


def test_where_columns_come_from():
    call, _ = make_call(LEFT, RIGHT, "inner", JoinKeys(("x",), ("k",)), ("", "_r"), False)
    assert sources(call, LEFT, RIGHT) == ({"k": "k", "x": "x", "a": "a"}, {"k_r": "k", "x_r": "x", "b": "b"})
    assert needed_keys(call) == ({"x"}, {"k"})


def test_repeated_labels_are_left_to_pandas():
    twice = LEFT.set_axis(["k", "x", "x"], axis=1)
    call, meta = make_call(twice, RIGHT[["k", "b"]], "inner", SHARED, ("_x", "_y"), False)
    assert not call.left.known
    assert list(meta.columns) == ["k", "x", "x", "b"]
    with pytest.raises(ValueError, match="the label of several columns"):
        make_call(twice, RIGHT, "inner", JoinKeys(("x",), ("x",), True), ("_x", "_y"), False)


@pytest.mark.parametrize("empty", [LEFT.iloc[:0], RIGHT.iloc[:0]])
def test_categories_stay_text_where_a_side_has_no_rows(empty):
    left, right = LEFT.assign(k=pd.Categorical(list("aab"))), RIGHT.assign(k=["a", "c"])
    call, meta = make_call(left, right, "outer", SHARED, ("_x", "_y"), False)
    assert meta["k"].dtype == "str"
    assert call(left, right.iloc[:0])["k"].dtype == "str"
    assert call(left.iloc[:0], right)["k"].dtype == "str"


def test_rows_of_the_left_side():
    by_index = left_rows(LEFT.set_index("k"), RIGHT.set_index("k"), JoinKeys(None, None), True)
    assert by_index.index.tolist() == [2, 2]
    assert left_rows(LEFT, RIGHT, SHARED, False)["a"].tolist() == [1]


def test_numbers_never_meet_text():
    with pytest.raises(ValueError, match=r"You are trying to merge on int64 and object columns \('k' and 'b'\)"):
        make_call(LEFT, RIGHT.astype({"b": "object"}), "inner", JoinKeys(("k",), ("b",)), ("_x", "_y"), False)


@pytest.mark.parametrize("how", ["left", "outer", "left_anti"])
def test_labels_are_missing_also_where_a_partition_has_no_rows_that_give_them(how):
    one = pd.DataFrame({"x": [1, 2, 3, 4]}, index=[1, 2, 7, 7])
    other = pd.DataFrame({"k": [1], "y": [4]}, index=[2])
    expected = one.merge(other, left_index=True, right_on="k", how=how)
    for broadcast in (None, False):
        left = dd.from_map(Rows(one), range(4), meta=one.iloc[:0])
        right = dd.from_map(Rows(other), range(3), meta=other.iloc[:0])
        result = left.merge(right, left_index=True, right_on="k", how=how, broadcast=broadcast).compute()
        pd.testing.assert_frame_equal(result.sort_values(["k", "x"]), expected.sort_values(["k", "x"]))
    swapped = other.merge(one, left_on="k", right_index=True, how=how.replace("left", "right"))
    result = right.merge(left, left_on="k", right_index=True, how=how.replace("left", "right")).compute()
    pd.testing.assert_frame_equal(result.sort_values(["k", "x"]), swapped.sort_values(["k", "x"]))


class Rows:
    def __init__(self, frame):
        self.frame = frame

    def __call__(self, at):
        return self.frame.iloc[at : at + 1]

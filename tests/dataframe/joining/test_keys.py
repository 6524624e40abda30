from __future__ import annotations

import pandas as pd
import pytest

from minidask.dataframe.joining.keys import JoinKeys, find_keys, is_one_key

LEFT, RIGHT = pd.DataFrame(columns=["a", "b"]), pd.DataFrame(columns=["b", "c"])
NOTHING = {"on": None, "left_on": None, "right_on": None, "left_index": False, "right_index": False}


@pytest.mark.parametrize(
    ("options", "keys", "words"),
    [
        ({}, JoinKeys(("b",), ("b",), True), {"on": ["b"]}),
        ({"on": "b"}, JoinKeys(("b",), ("b",), True), {"on": ["b"]}),
        ({"left_on": "a", "right_on": "c"}, JoinKeys(("a",), ("c",)), {"left_on": ["a"], "right_on": ["c"]}),
        ({"left_on": ["b"], "right_on": "b"}, JoinKeys(("b",), ("b",), True), {"on": ["b"]}),
        ({"left_index": True, "right_on": "c"}, JoinKeys(None, ("c",)), {"left_index": True, "right_on": ["c"]}),
        ({"left_index": True, "right_index": True}, JoinKeys(None, None), {"left_index": True, "right_index": True}),
    ],
)
def test_forms(options, keys, words):
    found = find_keys(LEFT, RIGHT, "inner", **{**NOTHING, **options})
    assert found == keys
    assert found.keywords() == words


def test_cross_has_no_keys():
    keys = find_keys(LEFT, RIGHT, "cross", **NOTHING)
    assert keys.cross
    assert keys.keywords() == {}


def test_renamed():
    assert JoinKeys(("a",), None).renamed({"a": "a_x"}, {}) == JoinKeys(("a_x",), None)


def test_one_key():
    levels = LEFT.set_index(["a", "b"])
    assert is_one_key(LEFT, None)
    assert is_one_key(LEFT, ("a",))
    assert not is_one_key(levels, None)
    with pytest.raises(ValueError, match="2 keys on the left and 1 on the right"):
        find_keys(levels, RIGHT, "inner", **{**NOTHING, "left_index": True, "right_on": "c"})

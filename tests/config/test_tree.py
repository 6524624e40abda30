"""Tests of `minidask.config.tree`."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask.config.tree import (
    MISSING,
    assign,
    canonical_name,
    copied,
    discard,
    expand_environment_variables,
    lookup,
    merge,
    no_default,
    normalize,
    revert,
    split_key,
    update,
)

names = st.sampled_from(["a", "b", "a-b", "a_b", "c"])
trees = st.recursive(
    st.dictionaries(names, st.integers(0, 3) | st.none(), max_size=3),
    lambda inner: st.dictionaries(names, inner | st.integers(0, 3) | st.none(), max_size=3),
    max_leaves=8,
)
keys = st.lists(names, min_size=1, max_size=3).map(tuple)


def test_split_key():
    assert split_key("array.chunk-size") == ("array", "chunk-size")
    for key in ("", "a..b", ".a", "a."):
        with pytest.raises(ValueError, match="has an empty part"):
            split_key(key)
    for key in (None, 3, ("a", "b"), ["a"]):
        with pytest.raises(TypeError, match="the key of a setting is a text"):
            split_key(key)


def test_sentinels_survive_pickling_and_show_their_names():
    assert pickle.loads(pickle.dumps(no_default)) is no_default
    assert (repr(no_default), repr(MISSING)) == ("no_default", "MISSING")


def test_canonical_name_keeps_the_spelling_that_is_there():
    assert canonical_name("a_b", {"a-b": 1}) == "a-b"
    assert canonical_name("a-b", {"a_b": 1}) == "a_b"
    assert canonical_name("a_b-c", {"a-b_c": 1}) == "a-b_c"
    assert canonical_name("a-b", {"a-b": 1, "a_b": 2}) == "a-b"
    assert canonical_name("x_y", {1: 2, "z": 3}) == "x_y"


def test_normalize_leaves_other_keys_alone():
    assert normalize(("a_b", 3)) == ("a-b", 3)


def test_lookup_below_a_value_finds_nothing():
    assert lookup({"a": 1}, ("a", "b")) is MISSING
    assert lookup({"a": None}, ("a", "b")) is MISSING
    assert lookup({"a": {"b_c": None}}, ("a", "b-c")) is None
    assert lookup({"a": 1}, ()) == {"a": 1}


@given(trees, keys, st.integers() | trees)
def test_assign_then_revert_changes_nothing(tree, path, value):
    before = copied(tree)
    try:
        undo = assign(tree, path, value)
    except TypeError:
        assert tree == before
        return
    assert lookup(tree, path) == value
    revert(tree, undo)
    assert tree == before


def test_assign_refuses_to_go_below_a_value():
    with pytest.raises(TypeError, match=r"can't set 'a\.b\.c': 'a\.b' is the value 2, not a group"):
        assign({"a": {"b": 2}}, ("a", "b", "c"), 1)


def test_assign_copies_dictionaries_in():
    value = {"x": {"y": 1}}
    tree = {}
    assign(tree, ("a",), value)
    tree["a"]["x"]["y"] = 2
    assert value == {"x": {"y": 1}}


def test_revert_keeps_what_others_have_put_into_a_branch_meanwhile():
    tree = {}
    undo = assign(tree, ("a", "b", "c"), 1)
    assign(tree, ("a", "x"), 2)
    revert(tree, undo)
    assert tree == {"a": {"x": 2}}


def test_revert_after_somebody_removed_the_branch():
    tree = {}
    undo = assign(tree, ("a", "b"), 1)
    tree["a"] = 5
    revert(tree, undo)
    assert tree == {"a": 5}


def test_discard():
    tree = {"a": {"b_c": 1}}
    assert discard(tree, ("a", "b-c")) == 1
    assert discard(tree, ("a", "b-c")) is MISSING
    assert discard(tree, ("x", "y")) is MISSING
    assert tree == {"a": {}}


@pytest.mark.parametrize(
    ("old", "new", "priority", "expected"),
    [
        ({"x": 1, "a": {"b": 1}}, {"a": None}, "new", {"x": 1, "a": None}),
        ({"a": None}, {"a": {"b": 1}}, "new", {"a": {"b": 1}}),
        ({"a": {"b": 2}}, {"a": {"b": 3, "c": 4}}, "old", {"a": {"b": 2, "c": 4}}),
        ({"a": 1}, {"a": {"b": 3}}, "new", {"a": {"b": 3}}),
        ({"a": 1}, {"a": {"b": 3}}, "old", {"a": 1}),
        ({"a_b": 1}, {"a-b": 2}, "new", {"a_b": 2}),
        ({1: 2}, {1: 3, 2: 4}, "new", {1: 3, 2: 4}),
    ],
)
def test_update(old, new, priority, expected):
    assert update(old, new, priority=priority) is old
    assert old == expected


def test_update_with_new_defaults_replaces_former_defaults_only():
    old = {"a": {"b": 2, "c": True}, "z": 5}
    update(old, {"a": {"b": 3, "c": 0, "d": 1}, "z": 6}, "new-defaults", {"a": {"b": 2, "c": 1}, "z": 4})
    assert old == {"a": {"b": 3, "c": True, "d": 1}, "z": 5}


def test_update_refuses_another_priority():
    with pytest.raises(ValueError, match="priority is 'new', 'old' or 'new-defaults', not 'newest'"):
        update({}, {}, priority="newest")


@given(trees, trees)
def test_merge_leaves_its_arguments_alone_and_later_wins(a, b):
    before = copied(a), copied(b)
    merged = merge(a, b)
    assert (a, b) == before
    assert merge(merged, b) == merged
    assert merge(a) == merge(a, {})
    # Both orders of winning agree where there is nothing to win.
    assert merge({}, a) == update(copied(merge(a)), merge(a), priority="old")


def test_merge_shares_no_branches():
    a = {"x": {"y": {"z": 1}}}
    merge(a)["x"]["y"]["z"] = 2
    assert a == {"x": {"y": {"z": 1}}}


def test_expand_environment_variables(monkeypatch):
    monkeypatch.setenv("SOMEWHERE", "/scratch")
    nested = {"a": ["$SOMEWHERE/x", ("${SOMEWHERE}", 1)], "b": {"c": {"$SOMEWHERE"}}, "d": "$NOT_SET_AT_ALL"}
    assert expand_environment_variables(nested) == {
        "a": ["/scratch/x", ("/scratch", 1)],
        "b": {"c": {"/scratch"}},
        "d": "$NOT_SET_AT_ALL",
    }
    assert nested["a"][0] == "$SOMEWHERE/x"

"""Names inside keys."""

from __future__ import annotations

import pytest

from minidask import delayed
from minidask.collection.naming import (
    clone_key,
    get_collection_names,
    get_name_from_key,
    replace_name_in_key,
    without_token,
)
from minidask.tokenize import tokenize
from tests.collection.samples import Grid, Tuple


@pytest.mark.parametrize(("key", "name"), [("x", "x"), (("x", 0), "x"), (1, 1), ((1, 2), 1), (("x",), "x")])
def test_the_name_in_a_key(key, name):
    assert get_name_from_key(key) == name


@pytest.mark.parametrize("key", [None, (), b"x", (("x", 0), 1), [1]])
def test_what_has_no_name_is_refused(key):
    for call in (get_name_from_key, lambda key: replace_name_in_key(key, {}), lambda key: clone_key(key, 1)):
        with pytest.raises(TypeError, match="expected a str, int or float, or a tuple that starts with one"):
            call(key)


def test_names_are_replaced_in_their_keys_alone():
    assert replace_name_in_key("x", {"x": "y"}) == "y"
    assert replace_name_in_key(("x", "x", 1), {"x": "y"}) == ("y", "x", 1)
    assert replace_name_in_key(("x", 0), {"z": "y"}) == ("x", 0)


def test_cloned_keys_depend_on_key_and_seed_and_keep_what_people_read():
    assert clone_key("x", 1) == clone_key("x", 1)
    assert len({clone_key(key, seed) for key in ("x", "y") for seed in (1, 2, "1")}) == 6
    assert clone_key(("x", 3), 1) == (clone_key("x", 1), 3)
    named = f"add-{tokenize(1)}"
    assert clone_key(named, 1).startswith("add-")
    assert len(clone_key(named, 1)) == len(named)
    assert clone_key(7, 1).startswith("7-")


def test_only_tokens_are_left_out():
    assert without_token("read-csv") == "read-csv"
    assert without_token(f"read-csv-{tokenize(1)}") == "read-csv"
    assert without_token(tokenize(1)) == tokenize(1)


def test_the_names_of_a_collection():
    x = Grid.of([[1, 2]])
    assert get_collection_names(x) == {x.name}
    assert get_collection_names(Tuple({"a": 1, ("b", 0): 2}, ["a", ("b", 0)])) == {"a", "b"}
    assert get_collection_names(delayed(1, name="one")) == {"one"}
    with pytest.raises(TypeError, match=r"expected a collection .*, got int"):
        get_collection_names(1)

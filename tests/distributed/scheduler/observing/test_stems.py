"""The stem that keys share, against looking at each key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask_distributed.prefixes import prefix_of
from minidask_distributed.scheduler.observing.stems import shared_stem

TOKENS = ["bcffcf643e7919f67955c20797417977", "6bd853d087716860e302e39dbded9de1", "0", "17"]


@pytest.mark.parametrize("stem", ["inc", "read-csv", "a_b", "x-ü"])
def test_a_map(stem):
    assert shared_stem([f"{stem}-{token}" for token in TOKENS]) == stem


@pytest.mark.parametrize(
    "keys",
    [
        ["inc-1", "add-1"],
        ["inc-1", "inc-1-2"],
        ["inc-1", "increase-1"],
        ["inc-1", "inc-total"],
        ["inc-total", "inc-1"],
        ["inc-1", "inc-1_2"],
        ["inc-1", "inc-ü"],
        ["inc-1", "inc"],
        ["inc-1", ("inc-1", 0)],
        ["inc-1", 5],
        ["inc", "inc"],
        ["-1", "-2"],
        ["a\n-1", "a\n-2"],
        ["a-1", "a-1\na-1"],
        ["a-1\na-1", "b-1"],
    ],
)
def test_what_needs_a_closer_look(keys):
    assert shared_stem(keys) == ""


WORDS = st.sampled_from(["a", "inc", "sum", "_", "\n", "", "1", "12ab", "deadbeef01", "ü", "²"])


@given(st.lists(st.lists(WORDS, min_size=1, max_size=4).map("-".join), min_size=1, max_size=5))
def test_the_stem_has_the_prefix_of_all(keys):
    stem = shared_stem(keys)
    if stem:
        assert {prefix_of(key) for key in keys} == {prefix_of(stem)}

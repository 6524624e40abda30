"""Tests of `minidask_distributed.prefixes`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask_distributed.prefixes import _prefix, prefix_of


@pytest.mark.parametrize(
    ("key", "prefix"),
    [
        ("inc", "inc"),
        ("inc-1", "inc"),
        ("inc-dec-1", "inc-dec"),
        ("read-csv-0f1e2d3c4b5a69788796a5b4c3d2e1f0", "read-csv"),
        ("my_sum-abcdefab", "my_sum"),
        ("hello-world", "hello-world"),
        (("x", 1, 2), "x"),
        ((("y-1", 0), 3), "y"),
        ("0f1e2d3c4b5a69788796a5b4c3d2e1f0", "data"),
        ("", "data"),
        ((), "data"),
        (7, "data"),
        (1.5, "data"),
        ("z" * 1000, "z" * 80),
    ],
)
def test_prefixes(key, prefix):
    assert prefix_of(key) == prefix


@given(st.text(alphabet="ab1_-f", max_size=24))
def test_keys_have_their_prefix_whatever_their_last_word(key):
    # The last word may be taken off before the cache is asked; that changes nothing.
    assert prefix_of(key) == (_prefix(key) if key else "data")

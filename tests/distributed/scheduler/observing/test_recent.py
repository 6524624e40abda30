"""Tables that keep their last rows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask_distributed.scheduler.observing.recent import Recent


@given(st.integers(1, 10), st.lists(st.one_of(st.none(), st.integers(1, 15)), max_size=30))
def test_a_reader_gets_every_row_once_if_it_reads_in_time(length, acts):
    recent = Recent(("number",), length)
    cursor = added = 0
    read = []
    missed = 0
    for act in acts:
        if act is None:
            columns, cursor = recent.since(cursor)
            read += columns["number"]
            assert cursor == recent.total == added
        else:
            missed += max(act + (added - cursor) - length, 0) - max(added - cursor - length, 0)
            for _ in range(act):
                recent.add((added,))
                added += 1
    columns, _ = recent.since(cursor)
    read += columns["number"]
    assert read == sorted(set(read))
    assert len(read) + missed == added
    assert len(recent) <= length
    assert recent.columns()["number"] == list(range(max(added - length, 0), added))


def test_counts_and_the_latest():
    recent = Recent(("a", "b"), 3)
    assert recent.columns() == {"a": [], "b": []}
    assert recent.latest() == {}
    for number in range(5):
        recent.add((number, -number))
    assert recent.columns(2) == {"a": [3, 4], "b": [-3, -4]}
    assert recent.columns(0) == recent.columns(-1) == {"a": [], "b": []}
    assert recent.latest() == {"a": 4, "b": -4}
    # A cursor of another, longer life.
    assert recent.since(99) == ({"a": [], "b": []}, 5)


def test_rows_must_fit():
    with pytest.raises(ValueError, match="a row has the values a, b, got 3"):
        Recent(("a", "b"), 3).add((1, 2, 3))

from __future__ import annotations

import sys
import types

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from minidask.sizeof import sizeof
from minidask_distributed.spill.accounting import MIN_SPILL_BYTES, Entry, Memory

BASE = np.arange(100_000.0)
VALUES = [BASE, BASE[:60_000], BASE[30_000:][::2], BASE.reshape(100, 1000).T, b"a" * 5000, [b"b" * 3000], np.ones(1000)]


def entry(task, value):
    return Entry(task, value, sizeof(value))


def test_views_of_one_array_count_no_more_than_the_array():
    memory = Memory()
    whole = entry(1, BASE)
    memory.add(whole)
    assert memory.total == sizeof(BASE)
    views = [entry(task, BASE[task:]) for task in range(2, 10)]
    for view in views:
        memory.add(view)
    assert memory.total < BASE.nbytes + 1000
    assert [memory.take(view) for view in views] == [0] * 8
    assert memory.take(whole) == sizeof(BASE)
    assert memory.total == 0


def test_a_small_view_alone_counts_what_it_shows():
    memory = Memory()
    memory.add(entry(1, BASE[:1000]))
    assert 8000 <= memory.total < 8300


def test_one_object_under_two_tasks_counts_once():
    memory = Memory()
    value = b"x" * 10_000
    first, second = entry(1, value), entry(2, value)
    memory.add(first)
    memory.add(second)
    assert memory.total == sizeof(value)
    assert memory.take(first) == 0
    assert memory.take(second) == sizeof(value)


def test_what_an_object_array_refers_to_is_counted():
    memory = Memory()
    base = np.empty(200, dtype=object)
    base[:] = [b"%d" % at * 1000 for at in range(200)]
    memory.add(entry(1, base[:100]))
    assert memory.total > 100_000


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(range(len(VALUES)))), max_size=30))
def test_the_total_is_never_negative_and_comes_back_to_zero(steps):
    memory = Memory()
    there: dict[int, Entry] = {}
    for task, which in steps:
        if task in there:
            before = memory.total
            freed = memory.take(there.pop(task))
            assert freed >= 0
            assert memory.total == before - freed
        else:
            there[task] = entry(task, VALUES[which])
            assert there[task].nbytes >= MIN_SPILL_BYTES
            memory.add(there[task])
        assert 0 <= memory.total <= sum(other.nbytes for other in there.values())
    for left in there.values():
        memory.take(left)
    assert memory.total == 0


def test_while_another_thread_is_still_loading_numpy(monkeypatch):
    monkeypatch.setitem(sys.modules, "numpy", types.ModuleType("numpy"))
    memory = Memory()
    memory.add(entry(1, b"x" * 10_000))
    assert memory.total >= 10_000

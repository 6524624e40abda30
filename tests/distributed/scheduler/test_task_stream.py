"""Tests of `minidask_distributed.scheduler.task_stream`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask_distributed.messages import Finished
from minidask_distributed.scheduler.task_stream import TaskStream


def report(*tasks: int, since: int = 0, step: int = 10, values=None) -> Finished:
    n = len(tasks)
    return Finished(list(tasks), None, [8] * n, [step] * n, [step * at for at in range(n)], [0] * n, since, values)


def names(tasks):
    return [f"key-{task}" for task in tasks]


def test_columns():
    stream = TaskStream(100, names)
    stream.observe("tcp://a", report(1, 2, since=1000))
    stream.observe("tcp://b", report(3, since=2000, step=5))
    assert stream.columns() == {
        "keys": ["key-1", "key-2", "key-3"],
        "workers": ["tcp://a", "tcp://a", "tcp://b"],
        "threads": [0, 0, 0],
        "starts": [1000, 1010, 2000],
        "durations": [10, 10, 5],
        "nbytes": [8, 8, 8],
    }
    assert len(stream) == 3


def test_an_interval_takes_in_what_overlaps_it():
    stream = TaskStream(100, names)
    stream.observe("w", report(1, 2, 3, 4, since=1000))
    assert stream.columns(start_us=1010, stop_us=1030)["keys"] == ["key-2", "key-3"]
    assert stream.columns(start_us=1015, stop_us=1021)["keys"] == ["key-2", "key-3"]
    assert stream.columns(stop_us=1000)["keys"] == []
    assert stream.columns(start_us=1030, count=5)["keys"] == ["key-4"]


def test_old_batches_go_as_wholes():
    stream = TaskStream(5, names)
    stream.observe("w", report(1, 2, 3))
    stream.observe("w", report(4, 5))
    assert len(stream) == 5
    stream.observe("w", report(6))
    assert stream.columns()["keys"] == ["key-4", "key-5", "key-6"]
    stream.observe("w", report(*range(100)))
    assert len(stream) == 100


def test_values_are_not_kept():
    message = report(1, values=[b"large"])
    stream = TaskStream(5, names)
    stream.observe("w", message)
    assert all(message.values is not field for batch in stream._batches for field in batch)


def test_keys_are_looked_up_when_read_and_from_then_on_at_once():
    alive = {1: "one", 2: "two"}
    stream = TaskStream(100, lambda tasks: [alive.get(task) for task in tasks])
    stream.observe("w", report(1, 2))
    del alive[1]
    assert not any(stream.columns(count=0).values())
    assert stream.columns()["keys"] == [None, "two"]
    alive[3] = "three"
    stream.observe("w", report(3))
    del alive[3], alive[2]
    assert stream.columns()["keys"] == [None, None, "three"]


@pytest.mark.parametrize("column", ["tasks", "nbytes", "durations", "starts", "threads"])
@pytest.mark.parametrize("value", [[], None, "ab", {}])
def test_columns_that_are_none(column, value):
    message = report(1, 2)
    setattr(message, column, value)
    with pytest.raises((ValueError, TypeError)):
        TaskStream(10, names).observe("w", message)


@given(st.lists(st.integers(1, 7), max_size=20), st.integers(0, 30), st.integers(1, 40))
def test_the_last_so_many(sizes, count, length):
    stream, expected = TaskStream(length, names), []
    for size in sizes:
        first = len(expected)
        stream.observe("w", report(*range(first, first + size)))
        expected += names(range(first, first + size))
    kept = stream.columns()["keys"]
    assert kept == expected[len(expected) - len(kept) :]
    assert len(kept) == len(stream)
    assert len(kept) <= max(length, sizes[-1] if sizes else 0)
    assert stream.columns(count=count)["keys"] == kept[max(len(kept) - count, 0) :]

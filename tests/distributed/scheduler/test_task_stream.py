"""Tests of `minidask_distributed.scheduler.task_stream`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask_distributed.messages import Finished
from minidask_distributed.scheduler.task_stream import FULLY, SHORT_US, TaskStream


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


def test_readers_get_what_is_new():
    stream = TaskStream(4, names)
    stream.observe("w", report(1, 2))
    columns, cursor = stream.since(0)
    assert (columns["keys"], cursor) == (names([1, 2]), 2)
    assert stream.since(cursor)[0]["keys"] == []
    for tasks in ((3, 4), (5, 6), (7, 8)):
        stream.observe("w", report(*tasks))
    # The first two of these are forgotten already.
    columns, cursor = stream.since(cursor)
    assert (columns["keys"], cursor) == (names([5, 6, 7, 8]), 8)
    assert stream.since(0, most=1)[0]["keys"] == names([8])
    assert stream.total == 8


def test_whoever_wants_no_rows_gets_whole_batches_with_their_keys():
    stream = TaskStream(100, names)
    stream.observe("w", report(1, 2))
    stream.observe("v", report(3))
    batches, cursor = stream.batches_since(0)
    assert [(batch.worker, batch.tasks, batch.keys) for batch in batches] == [
        ("w", [1, 2], names([1, 2])),
        ("v", [3], names([3])),
    ]
    assert cursor == 3
    stream.observe("w", report(4))
    batches, cursor = stream.batches_since(cursor)
    assert [batch.tasks for batch in batches] == [[4]]
    assert stream.batches_since(cursor) == ([], 4)


def test_batches_since_a_time_long_ago_are_those_that_are_kept():
    stream = TaskStream(2, names)
    for task in range(6):
        stream.observe("w", report(task))
    assert [batch.tasks for batch in stream.batches_since(0)[0]] == [[4], [5]]


def test_who_reads_batches_gets_all_keys_of_few_tasks_and_samples_of_many():
    asked = []

    def keys_of(tasks):
        asked.append(len(tasks))
        return names(tasks)

    stream = TaskStream(10**6, keys_of)
    stream.batches_since(0)
    stream.observe("w", report(*range(FULLY)))
    stream.observe("w", report(*range(1000, 1101)))
    stream.observe("w", report(7))
    stream.observe("w", report(*range(50), step=SHORT_US))
    (few, many, one, long), cursor = stream.batches_since(0)
    assert asked == [FULLY, 3, 3, 50]
    assert few.keys == names(range(FULLY))
    assert long.keys == names(range(50))
    assert many.keys is None
    assert [many.key_of(at) for at in (0, 1, 50, 99, 100)] == ["key-1000", None, "key-1050", None, "key-1100"]
    assert [many.key_near(at) for at in (0, 24, 26, 74, 76)] == [f"key-{at}" for at in (1000, 1000, 1050, 1050, 1100)]
    assert (one.key_of(0), one.key_near(0)) == ("key-7", "key-7")
    # Reading makes room for more.
    stream.observe("w", report(1, 2))
    [batch], _ = stream.batches_since(cursor)
    assert batch.keys == ["key-1", "key-2"]


def test_who_has_read_columns_gets_all_keys():
    stream = TaskStream(10**6, names)
    stream.batches_since(0)
    stream.columns(count=0)
    stream.observe("w", report(*range(3 * FULLY)))
    assert stream.columns()["keys"] == names(range(3 * FULLY))

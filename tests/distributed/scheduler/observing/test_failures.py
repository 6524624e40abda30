"""Which failures of tasks are kept, and how."""

from __future__ import annotations

import pytest

from minidask_distributed.messages import Erred
from minidask_distributed.protocol.keys import encode_keys
from minidask_distributed.scheduler.observing.failures import COLUMNS, MOST_TEXT, MOST_TRACEBACK
from tests.distributed.scheduler.observing.table import Table


@pytest.fixture
def table():
    made = Table()
    made.worker()
    return made


def rows(table):
    columns = table.recorder.failures.columns()
    assert tuple(columns) == COLUMNS
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def test_a_failure(table):
    table.upload(["bad-1"])
    table.state.now = 5.0
    table.fail(table.processing())
    (row,) = rows(table)
    assert row == {
        "time": 1_000_005.0,
        "key": "bad-1",
        "task_key": "bad-1",
        "function": "f",
        "worker": "tcp://w2",
        "type": "ValueError",
        "text": "no",
        "traceback": "at line 1",
        "attempt": 1,
        "retries_left": 0,
        "duration": 1e-06,
        "thread": None,
        "outcome": "failed",
    }


def test_retries_count_down(table):
    table.upload(["bad-1"], options=[{"retries": 2}])
    for _ in range(3):
        table.fail(table.processing())
    found = [(row["attempt"], row["retries_left"], row["outcome"]) for row in rows(table)]
    assert found == [(1, 1, "retried"), (2, 0, "retried"), (3, 0, "failed")]
    assert table.state.keys["bad-1"].failure is not None


def test_tasks_that_ask_for_another_place_and_results_that_are_gone(table):
    table.upload(["a-1", "b-1"])
    first, second = table.processing()
    table.fail([first], kind="reschedule")
    table.fail([second], kind="lost", lost=encode_keys([]))
    assert [row["outcome"] for row in rows(table)] == ["rescheduled", "lost"]


def test_reports_that_are_void_are_left_out(table):
    table.upload(["bad-1"])
    (task,) = table.processing()
    failure = {"type": "ValueError", "text": "no", "kind": "raised"}
    stranger = 9
    table.worker(stranger)
    for tasks, attempts, peer in [([12345], [1], 2), ([task], [7], 2), ([task], [1], stranger), ([task], [0], 2)]:
        table.say(peer, Erred(tasks, attempts, [1], [failure]))
    assert rows(table) == []


def test_texts_are_bounded_and_payloads_dropped(table):
    table.upload(["bad-1"])
    table.fail(table.processing(), text="x" * 10_000, traceback="y" * 100_000 + "the end", payload=b"z" * 1000)
    (row,) = rows(table)
    assert len(row["text"]) < MOST_TEXT + 10
    assert len(row["traceback"]) < MOST_TRACEBACK + 10
    assert row["traceback"].endswith("the end")
    assert not any(isinstance(value, bytes) for value in row.values())


def test_tasks_that_killed_too_many_workers():
    table = Table(allowed_failures=1)
    table.upload(["deadly-1"])
    for peer in (2, 3):
        table.worker(peer)
        table.gone(peer, "connection reset")
    (row,) = rows(table)
    assert (row["outcome"], row["key"], row["worker"], row["type"]) == (
        "killed-worker",
        "deadly-1",
        "tcp://w3",
        "KilledWorker",
    )
    assert "2 workers died" in row["text"]
    # Looked at once.
    table.worker(4)
    table.gone(4)
    assert len(rows(table)) == 1


def test_they_are_bounded(table):
    table.upload([f"bad-{number}" for number in range(300)])
    while tasks := table.processing():
        table.fail(tasks)
    assert len(table.recorder.failures) == 100
    assert table.recorder.failures.total == 300

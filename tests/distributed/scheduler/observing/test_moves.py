"""Tasks that went from worker to worker."""

from __future__ import annotations

from minidask_distributed.messages import Recall, Recalled
from minidask_distributed.scheduler.observing import moves as module
from minidask_distributed.scheduler.observing.moves import COLUMNS
from tests.distributed.scheduler.observing.table import Table


def rows(table):
    columns = table.recorder.moves.columns()
    assert tuple(columns) == COLUMNS
    return list(zip(*columns.values(), strict=True))


def test_queued_tasks_that_are_stolen():
    table = Table()
    table.worker(2)
    table.worker(3)
    # Each worker owns half of the roots; the second one is done sooner.
    table.upload([f"x-{number}" for number in range(40)])
    while table.record(3).backlog or table.processing(3):
        table.finish(table.processing(3), 3)
        if table.state.stolen:
            break
    table.state.now += 2.0
    table.recorder.tick(table.state.now, table.stamp, 0.0)
    (row, *_) = rows(table)
    assert row[1:] == ("tcp://w2", "tcp://w3", row[3], "steal")
    assert row[3] > 0
    # When it happened, not when it was looked at.
    assert row[0] == table.stamp - 2.0
    assert not table.state.stolen


def test_sent_tasks_that_are_recalled():
    table = Table()
    table.worker(2)
    table.upload([f"x-{number}" for number in range(6)])
    table.state.recipes_by_number[1].expected_us = 1000
    table.finish(table.processing())
    table.upload([f"y-{number}" for number in range(6)])
    table.worker(3)
    table.wait(1.0)
    recalled = [task for _, message in table.sent if isinstance(message, Recall) for task in message.tasks]
    assert recalled
    table.say(2, Recalled(recalled, []))
    assert rows(table) == []
    when = table.stamp
    table.wait(0.2)
    found = rows(table)
    assert sum(row[3] for row in found) == len(recalled)
    assert {(row[0], row[1], row[4]) for row in found} == {(when, "tcp://w2", "recall")}
    assert {row[2] for row in found} <= {"tcp://w2", "tcp://w3"}
    assert "tcp://w3" in {row[2] for row in found}


def test_tasks_that_are_gone_meanwhile_and_empty_answers():
    table = Table()
    table.worker(2)
    table.say(2, Recalled([], [5]), Recalled([123, 456], []))
    table.wait(0.2)
    assert [row[1:] for row in rows(table)] == [("tcp://w2", "", 2, "recall")]


def test_recalls_wait_in_bounds(monkeypatch):
    monkeypatch.setattr(module, "MOST_UNSETTLED", 2)
    table = Table()
    table.worker(2)
    for _ in range(5):
        table.say(2, Recalled([123], []))
    assert len(rows(table)) == 3
    table.wait(0.2)
    assert len(rows(table)) == 5

"""Workers that left, and why."""

from __future__ import annotations

import signal

import pytest

from minidask_distributed.messages import RegisterNanny, WorkerDied
from minidask_distributed.nanny.machine import describe_exit
from minidask_distributed.scheduler.observing.departures import COLUMNS, NANNY_S, read_reason
from tests.distributed.scheduler.observing.table import Table

NANNY = 50


@pytest.fixture
def table():
    return Table()


def rows(table):
    columns = table.recorder.departures.columns()
    assert tuple(columns) == COLUMNS
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def test_a_worker_that_says_goodbye(table):
    table.worker(memory_limit=1000)
    table.beat(memory=300, managed=200, spilled=10, cpu=99.5)
    table.state.now = 7.0
    table.gone(2, "its time was up", on_purpose=True)
    (row,) = rows(table)
    assert row == {
        "time": 1_000_007.0,
        "address": "tcp://w2",
        "name": "name-2",
        "host": "here",
        "pid": 102,
        "nanny": "",
        "kind": "left",
        "reason": "its time was up",
        "signal": "",
        "memory": 300,
        "memory_limit": 1000,
        "managed": 200,
        "spilled": 10,
        "cpu": 99.5,
        "running": [],
        "lines": [],
        "restarts": None,
    }


def test_a_worker_that_is_retired(table):
    table.worker()
    table.machine.retire([1], 1.0, "it was retired")
    table.flush()
    assert [(row["kind"], row["reason"]) for row in rows(table)] == [("left", "it was retired")]


def test_a_connection_that_breaks(table):
    table.worker()
    table.gone(2, "ConnectionResetError: reset by peer")
    assert [(row["kind"], row["reason"]) for row in rows(table)] == [("lost", "ConnectionResetError: reset by peer")]


def test_a_worker_that_falls_silent(table):
    table.worker()
    table.wait(1000.0)
    assert [(row["kind"], row["reason"]) for row in rows(table)] == [("lost", "nothing was heard of it for 300 s")]


def nannied(table):
    table.say(NANNY, RegisterNanny("nanny-1", "nanny-1", {}))
    table.worker(nanny="nanny-1", memory_limit=1000)
    table.beat(memory=900)
    table.upload(["deadly-1", "other-1"])
    return table.processing()[:1]


REASON = describe_exit(-signal.SIGKILL, ["some line", "a last line"])


@pytest.mark.parametrize("link_first", [False, True])
def test_a_nanny_says_more_before_or_after_the_link_broke(table, link_first):
    running = nannied(table)
    died = WorkerDied("nanny-1", "tcp://w2", running, REASON, True)
    if link_first:
        table.gone(2, "ConnectionResetError: reset by peer")
        assert [row["kind"] for row in rows(table)] == ["lost"]
        table.say(NANNY, died)
    else:
        table.say(NANNY, died)
        table.gone(2, "ConnectionResetError: reset by peer")
    (row,) = rows(table)
    assert row["kind"] == "died"
    assert row["reason"] == "was killed by SIGKILL (often because the machine ran out of memory)"
    assert row["signal"] == "SIGKILL"
    assert row["lines"] == ["some line", "a last line"]
    assert row["running"] == ["deadly-1"]
    assert (row["memory"], row["memory_limit"], row["restarts"]) == (900, 1000, True)


def test_an_end_that_was_ordered_is_no_death(table):
    running = nannied(table)
    table.machine.kill(1, 1.0, True, "the cluster was restarted")
    table.say(NANNY, WorkerDied("nanny-1", "tcp://w2", running, "the cluster was restarted", True))
    assert [(row["kind"], row["reason"]) for row in rows(table)] == [("left", "the cluster was restarted")]


def test_a_late_word_and_a_strangers_word_change_nothing(table):
    nannied(table)
    table.gone(2, "reset")
    table.say(NANNY, WorkerDied("nanny-1", "tcp://other", [], REASON, True))
    table.state.now += NANNY_S + 1
    table.say(NANNY, WorkerDied("nanny-1", "tcp://w2", [], REASON, True))
    assert [row["restarts"] for row in rows(table)] == [None]


def test_the_newest_one_of_a_worker(table):
    for reason in ("first", "second"):
        table.worker()
        table.gone(2, reason)
    departures = table.recorder.departures
    assert departures.of("tcp://w2")["reason"] == departures.of("name-2")["reason"] == "second"
    assert departures.of("tcp://nobody") is None


def test_reasons_of_nannies_are_understood():
    # The wording is the nanny's: should it change, this must follow.
    assert read_reason(describe_exit(3, ["Oh no"])) == ("exited with status 3", "", ["Oh no"])
    assert read_reason(describe_exit(-signal.SIGSEGV))[1] == "SIGSEGV"
    assert read_reason(describe_exit(-63))[1] == "signal 63"
    assert read_reason("couldn't start: it " + describe_exit(-signal.SIGKILL))[1] == "SIGKILL"
    assert read_reason("the connection was closed") == ("the connection was closed", "", [])

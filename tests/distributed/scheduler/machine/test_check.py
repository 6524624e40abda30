"""The check finds what is planted: each broken count or link is named."""

from __future__ import annotations

import pytest

from minidask_distributed.scheduler.machine import sanity_check
from minidask_distributed.scheduler.machine.states import MEMORY, PROCESSING, RELEASED


def broken_waiters(table):
    table.task("a").n_waiters += 1


def broken_live(table):
    table.task("a").n_live -= 1


def broken_announced(table):
    table.task("b").announced = 1


def broken_state(table):
    table.state.move(table.task("b"), MEMORY)


def unknown_move(table):
    task = table.task("b")
    table.state.move(task, RELEASED)
    table.state.log.moves[-1] = MEMORY << 4 | PROCESSING
    task.state = 1
    table.state.counts[RELEASED] -= 1
    table.state.counts[1] += 1


def lost_key(table):
    del table.state.keys["b"]


def lost_work(table):
    table.record("w").processing.clear()


def wrong_load(table):
    table.record("w").busy_us += 1


def wrong_bytes(table):
    table.record("w").nbytes += 1


def foreign_holder(table):
    table.task("d").holder = None


def unknown_want(table):
    table.task("b").local = 77


FAULTS = [
    broken_waiters, broken_live, broken_announced, broken_state, unknown_move, lost_key, lost_work, wrong_load, wrong_bytes,
    foreign_holder, unknown_want,
]  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_planted_faults_are_found(table, fault):
    table.worker("w"), table.client()
    table.upload("client", {"a": [], "b": ["a"], "d": []})
    table.finish("w", "d")
    sanity_check(table.state)
    fault(table)
    with pytest.raises(AssertionError):
        sanity_check(table.state)

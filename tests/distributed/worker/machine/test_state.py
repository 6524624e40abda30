"""Elementary moves that no single event shows."""

from __future__ import annotations

import pytest

from minidask_distributed.messages import Free, Missing, Recall
from minidask_distributed.worker.machine.states import STATES, TRANSITIONS

PEERS = {1: "tcp://one:1", 2: "tcp://two:2"}


@pytest.mark.parametrize("start", STATES)
@pytest.mark.parametrize("finish", STATES)
def test_only_listed_moves_are_made(worker, start, finish):
    worker.compute(5)
    task = worker.machine.tasks[5]
    task.state = start
    if (start, finish) in TRANSITIONS:
        worker.machine._move(task, finish)
        assert task.state == finish
    else:
        with pytest.raises(AssertionError, match=f"task 5 moved from '{start}' to '{finish}'"):
            worker.machine._move(task, finish)


def test_the_most_urgent_task_sets_the_place_of_a_fetch(drive):
    worker = drive(fetch_count=1)
    worker.compute(7, deps={7: [1, 2]}, holders={1: [1], 2: [2]}, peers=PEERS)
    worker.compute(8, deps={8: [3]}, holders={3: [2]})
    worker.asked()
    worker.compute(6, deps={6: [3]}, holders={3: [2]})
    worker.event("arrived", 1, {1: 1})
    (fetch,) = worker.asked()
    assert fetch.tasks == [3, 2]


def test_a_chain_of_tasks_goes_from_its_end(worker):
    worker.compute(5, 6, 7, deps={6: [5], 7: [6]})
    worker.handle(Free([6]))
    # 5 was assigned for itself and stays; 7 waits for 6 from elsewhere.
    assert [worker.state(task) for task in (5, 6, 7)] == ["ready", "missing", "waiting"]
    assert worker.sent() == [Missing([6], [[]])]
    worker.handle(Recall([7]))
    assert worker.state(6) == "released"


def test_what_two_tasks_need_stays_until_both_went(worker):
    worker.compute(5, 6, deps={5: [1], 6: [1]}, holders={1: [1]}, peers=PEERS)
    worker.handle(Free([5]))
    assert worker.state(1) == "fetching"
    worker.handle(Free([6]))
    assert worker.state(1) == "released"


def test_a_missing_result_that_is_found_before_the_flush_is_not_reported(worker):
    worker.compute(5, deps={5: [1]})
    worker.compute(6, deps={6: [1]}, holders={1: [1]}, peers=PEERS)
    assert worker.sent() == []

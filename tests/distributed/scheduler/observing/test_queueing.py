"""Where a queued task stands: the queues of `machine.queues`, each with its order."""

from __future__ import annotations

import pytest

from minidask_distributed.scheduler.machine.states import QUEUED
from minidask_distributed.scheduler.observing import queueing
from minidask_distributed.scheduler.observing.queueing import Place, place_of
from tests.distributed.scheduler.machine.conftest import Table


@pytest.fixture
def table():
    made = Table()
    made.client("me")
    return made


def queued(table):
    return [task for task in table.state.keys.values() if task.state == QUEUED]


def test_the_pool_of_a_cluster_without_workers(table):
    table.upload("me", {"a": [], "b": [], "c": []})
    assert place_of(table.state, table.task("c")) == Place(None, 2, True)
    assert place_of(table.state, table.task("c")).described == "2 tasks of higher priority"


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_the_count_is_what_really_runs_before(table, workers):
    """Ended one by one on their own worker, so many tasks are begun before a queued one."""
    for n in range(workers):
        table.worker(f"w{n}")
    table.upload("me", {f"a{n}": [] for n in range(40)})
    places = {task: place_of(table.state, task) for task in queued(table)}
    assert all(place.exact and place.worker is not None for place in places.values())
    for worker in {place.worker for place in places.values()}:
        mine = sorted(place.ahead for place in places.values() if place.worker is worker)
        assert mine == list(range(len(mine)))
    last = max(places, key=lambda task: (places[task].ahead, task.id))
    before = [task for task, place in places.items() if place.worker is places[last].worker and task.id < last.id]
    assert places[last].ahead == len(before)


def test_shares_of_a_worker_that_left(table):
    table.worker("v"), table.worker("w")
    table.upload("me", {f"a{n}": [] for n in range(40)})
    table.leave("w")
    for task in queued(table):
        assert place_of(table.state, task).ahead >= 0


def test_only_so_many_entries_are_counted(table, monkeypatch):
    monkeypatch.setattr(queueing, "MOST_COUNTED", 5)
    table.upload("me", {f"a{n}": [] for n in range(20)})
    place = place_of(table.state, table.task("a19"))
    assert place == Place(None, 5, False)
    assert place.described == "more than 5 tasks of higher priority"


def test_a_higher_priority_goes_first(table):
    table.upload("me", {"a": [], "b": []}, options=[{"priority": 10}], option=[-1, 0])
    assert place_of(table.state, table.task("b")).ahead == 0
    assert place_of(table.state, table.task("a")).ahead == 1

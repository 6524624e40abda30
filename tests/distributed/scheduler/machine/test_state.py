"""Ids, recipes and options that outlive their tasks, outboxes in columns."""

from __future__ import annotations

import pytest

from minidask_distributed.messages import EPOCH_SHIFT, Cancelled, Compute, Done, Failed, Free, Release, Undone
from minidask_distributed.scheduler.machine.records import Client, Failure, Worker
from minidask_distributed.scheduler.machine.state import ClusterState, Limits


def test_ids_carry_the_epoch(table):
    table.worker("w"), table.client()
    table.upload("client", {"a": []})
    task = table.task("a")
    assert task.id >> EPOCH_SHIFT == 1
    assert table.state.find(task.id) is task
    assert table.state.find(task.id + (1 << EPOCH_SHIFT)) is None


def test_serials_are_never_used_again():
    state = ClusterState(1, Limits())
    first = state.reserve(10)
    assert state.reserve(1) == first + 10


def test_a_forgotten_recipe_leaves_its_duration():
    state = ClusterState(1, Limits())
    recipe = state.recipe(b"d", b"blob")
    assert state.recipe(b"d", b"blob") is recipe
    recipe.measured(123)
    state.drop_recipe(recipe)
    again = state.recipe(b"d", b"blob")
    assert again is not recipe
    assert (again.expected_us, again.number != recipe.number) == (123, True)


def test_outboxes_collect_into_columns():
    state = ClusterState(1, Limits())
    client, failure = Client(1, 5, "c", {}), Failure({"text": "no"}, "raised")
    state.tell_done(client, 1, None, 8)
    state.tell_done(client, 2, b"v", 8)
    state.tell_done(client, 3, None, 8)
    state.tell_failed(client, 4, failure)
    state.tell_failed(client, 5, failure)
    state.tell_failed(client, 6, Failure({"text": "enough"}, "cancelled"))
    state.tell_undone(client, 7)
    state.tell_cancelled(client, 8, "a")
    state.tell_cancelled(client, 9, "b")
    assert client.out == [
        Done([1, 2, 3], [None, b"v", None], [8, 8, 8]),
        Failed([4, 5], [0, 0], [{"text": "no"}]),
        Cancelled([6], "enough"),
        Undone([7]),
        Cancelled([8], "a"),
        Cancelled([9], "b"),
    ]
    assert list(state.dirty_clients) == [client]
    worker = Worker(1, 6, "a", "w", 1, 0)
    state.tell_free(worker, 1)
    state.tell_free(worker, 2)
    assert worker.out == [Free([1, 2])]
    assert list(state.touched) == [worker]


def freed(table, worker="w"):
    return [task for message in table.read(worker, Free) for task in message.tasks]


@pytest.fixture
def two_results(make_table):
    """Two results on a worker, small and large, that nobody frees yet."""
    table = make_table()
    table.worker("w"), table.client()
    table.upload("client", {"small": [], "large": []})
    table.finish("w", "small")
    table.finish("w", "large", nbytes=table.state.limits.free_at_once_bytes)
    table.read("w")
    return table, {key: table.task(key).id for key in ("small", "large")}


def test_small_results_are_freed_a_moment_later(two_results):
    table, ids = two_results
    assert table.machine.flush_after_s is None
    table.say("client", Release(table.ids("client", "small")))
    assert freed(table) == []
    after_s = table.machine.flush_after_s
    assert 0 < after_s <= 0.01
    table.now += 0.9 * after_s
    table.settle()
    assert freed(table) == []
    table.now += 0.1 * after_s
    table.settle()
    assert freed(table) == [ids["small"]]
    assert table.machine.flush_after_s is None


def test_small_results_are_freed_with_what_is_sent_next(two_results):
    table, ids = two_results
    table.say("client", Release(table.ids("client", "small")))
    table.upload("client", {"next": []})
    assert [type(message) for message in table.read("w")] == [Free, Compute]
    assert table.machine.flush_after_s is None
    table.say("client", Release(table.ids("client", "large")))
    assert freed(table) == [ids["large"]]


def test_what_is_freed_goes_with_a_worker_that_is_gone(two_results):
    table, _ = two_results
    table.say("client", Release(table.ids("client", "small")))
    table.leave("w")
    assert table.machine.flush_after_s is None
    table.now += 1
    table.settle()
    assert freed(table) == []

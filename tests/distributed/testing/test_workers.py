"""A simulated worker: runs, fetches, slots, and coming back."""

from __future__ import annotations

from random import Random

import pytest

from minidask_distributed.testing.cluster import SimulatedCluster
from minidask_distributed.testing.workers import INLINE_BYTES
from minidask_distributed.testing.workload import nbytes_of


@pytest.fixture
def cluster():
    made = SimulatedCluster(Random(5))
    made.network.rough = False
    return made


def submit(cluster, client, recipe, n=1, options=()):
    keys = [cluster.catalogue.add(recipe, len(client.keys) + at, ()) for at in range(n)]
    client.submit([(key, []) for key in keys], list(range(n)), list(options))
    return keys


def test_results_are_computed_and_fetched(cluster):
    workers = [cluster.add_worker() for _ in range(3)]
    client = cluster.add_client()
    leaves = submit(cluster, client, "sum/even", 6)
    total = cluster.catalogue.add("sum/fast", 1, tuple(leaves))
    client.submit([(total, list(range(6)))], [0], [])
    cluster.run(3)
    assert set(client.words.values()) == {"Done"}
    client.gather(6)
    cluster.run(1)
    assert client.n_gathered == 1
    assert sum(len(worker.data) for worker in workers) >= 7
    assert cluster.kinds["Compute"] >= 2


def test_a_seceded_task_leaves_its_slot(cluster):
    worker, client = cluster.add_worker(), cluster.add_client()
    submit(cluster, client, "secede/slow", 3)
    cluster.run(0.55)
    assert len(worker.runs) > worker.nthreads
    cluster.run(3)
    assert set(client.words.values()) == {"Done"}
    assert worker.slots.free["default"] == [0]


def test_failures_and_retries(cluster):
    cluster.add_worker()
    client = cluster.add_client()
    submit(cluster, client, "boom/fast")
    cluster.run(1)
    assert client.words == {0: "Failed"}
    assert client.failures[0]["text"].startswith("boom in boom-")
    client.retry([0])
    cluster.run(1)
    assert client.words == {0: "Failed"}
    assert cluster.kinds["Erred"] == 2


def test_the_side_executor_has_its_own_slot(cluster):
    worker, client = cluster.add_worker(), cluster.add_client()
    key = cluster.catalogue.add("sum/slow", 1, ())
    cluster.dice.seed(8)
    client.submit([(key, [])], [0], [{"annotations": {"executor": "side"}}] * 20)
    cluster.run(0.1)
    (run,) = worker.runs
    assert run.slot is not None
    assert run.slot[0] == "side"


def test_a_worker_whose_link_broke_comes_back_with_what_it_held(cluster):
    worker, client = cluster.add_worker(), cluster.add_client()
    submit(cluster, client, "sum/fast", 4)
    cluster.run(1)
    held = dict(worker.data)
    assert len(held) == 4
    assert worker.end is not None
    worker.end.cut()
    cluster.run(0.05)
    assert worker.end is None
    cluster.run(3)
    assert worker.joined
    assert sorted(worker.data.values()) == sorted(held.values())
    assert set(client.words.values()) == {"Done"}


def test_a_damaged_result_is_made_again(cluster):
    worker, client = cluster.add_worker(), cluster.add_client()
    # A small result would come back from the scheduler.
    keys = [cluster.catalogue.add("sum/fast", literal, ()) for literal in range(20)]
    client.submit([(next(key for key in keys if nbytes_of(key) > INLINE_BYTES), [])], [0], [])
    cluster.run(1)
    worker.lose(lambda tasks: tasks[0])
    cluster.run(1)
    assert len(worker.data) == 1
    assert (client.words, cluster.kinds["Undone"]) == ({0: "Done"}, 1)
    worker.data.clear()
    worker.lose(lambda tasks: pytest.fail("there is nothing to lose"))


def test_a_wrong_value_is_caught(cluster):
    worker, client = cluster.add_worker(), cluster.add_client()
    submit(cluster, client, "sum/fast")
    cluster.run(1)
    (task,) = worker.data
    with pytest.raises(AssertionError, match=r"keeps 77 for sum-[0-9a-f]+, which is 0"):
        worker.store(task, 77)


def test_a_value_of_what_always_raises_is_caught(cluster):
    worker = cluster.add_worker()
    cluster.keys[5] = cluster.catalogue.add("boom/fast", 1, ())
    with pytest.raises(AssertionError, match="though something that it is made of always raises"):
        worker.store(5, 77)


def test_values_that_differ_from_what_the_machine_holds_are_caught(cluster):
    worker = cluster.add_worker()
    worker.data[3] = 3
    with pytest.raises(AssertionError, match=r"has \[3\], and says that it holds \[\]"):
        worker.check()


def test_a_retired_worker_hands_over_and_leaves(cluster):
    one, two = cluster.add_worker(), cluster.add_worker()
    client = cluster.add_client()
    submit(cluster, client, "sum/fast", 6)
    cluster.run(1)
    cluster.retire(one)
    cluster.run(1)
    assert not one.alive
    assert len(two.data) == 6
    assert "Undone" not in cluster.kinds

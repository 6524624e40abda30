"""Simulated nannies report ends and start successors."""

from __future__ import annotations

from random import Random

import pytest

from minidask_distributed.testing.cluster import LIMITS, SimulatedCluster


@pytest.fixture
def cluster():
    made = SimulatedCluster(Random(2))
    made.network.rough = False
    return made


def test_a_crash_is_reported_with_what_ran_and_another_worker_starts(cluster):
    worker, client = cluster.add_worker(nanny=True), cluster.add_client()
    key = cluster.catalogue.add("sum/slow", 1, ())
    client.submit([(key, [])], [0], [])
    cluster.run(0.1)
    nanny = cluster.nannies[worker.nanny]
    nanny._restart = True
    cluster.crash(worker, "signal 9")
    cluster.run(0.1)
    (task,) = cluster.machine.state.tasks
    assert (cluster.kinds["WorkerDied"], task.crashes) == (1, 1)
    cluster.run(3)
    assert client.words == {0: "Done"}
    assert nanny.worker is not worker
    assert nanny.worker.name == worker.name
    assert nanny.worker.address != worker.address


def test_a_task_that_ends_every_worker_is_given_up(cluster):
    worker, client = cluster.add_worker(nanny=True), cluster.add_client()
    nanny = cluster.nannies[worker.nanny]
    key = cluster.catalogue.add("crash/fast", 1, ())
    client.submit([(key, [])], [0], [])
    for _ in range(10):
        nanny._restart = True
        cluster.run(1)
    assert (client.words[0] == "Done") == (cluster.crashes.get(key, 0) <= LIMITS.allowed_failures)
    if client.words[0] == "Failed":
        assert client.failures[0]["kind"] == "killed-worker"


def test_the_scheduler_may_have_a_worker_ended(cluster):
    worker = cluster.add_worker(nanny=True)
    cluster.run(1)
    record = cluster.machine.state.worker_peers[worker.peer]
    assert cluster.machine.kill(record.number, cluster.clock.now, restart=False, reason="asked")
    cluster.flush()
    cluster.run(3)
    assert not worker.alive
    assert cluster.nannies[worker.nanny].worker is worker
    assert not cluster.machine.workers


def test_a_nanny_that_dies_with_its_host_says_nothing(cluster):
    worker = cluster.add_worker(nanny=True)
    cluster.run(1)
    cluster.crash(worker, "the host is gone", with_nanny=True)
    cluster.run(6)
    assert "WorkerDied" not in cluster.kinds
    assert not cluster.machine.workers


def test_a_nanny_comes_back(cluster):
    worker = cluster.add_worker(nanny=True)
    cluster.run(1)
    cluster.nannies[worker.nanny].end.cut()
    cluster.run(1)
    assert cluster.kinds["RegisterNanny"] == 2
    assert len(cluster.machine.state.nannies) == 1

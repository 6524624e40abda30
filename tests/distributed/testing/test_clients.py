"""Simulated clients keep to the protocol and notice when they are told nonsense."""

from __future__ import annotations

from random import Random

import pytest

from minidask_distributed.messages import Cancel, Compute, Done, Upload
from minidask_distributed.protocol.small import dumps_small
from minidask_distributed.testing.cluster import LIMITS, SimulatedCluster


@pytest.fixture
def cluster():
    made = SimulatedCluster(Random(4))
    made.network.rough = False
    return made


@pytest.fixture
def client(cluster):
    return cluster.add_client()


def leaf(cluster, literal, pace="even"):
    return cluster.catalogue.add(f"sum/{pace}", literal, ())


def test_an_upload_waits_for_credit_and_the_rest_behind_it(cluster, client):
    for literal in range(6):
        client.submit([(leaf(cluster, literal), [])], [0], [])
    client.release([0])
    assert len(client.waiting) == 7
    cluster.run(0.004)
    assert len(client.waiting) <= 7 - LIMITS.credit
    cluster.run(1)
    assert client.waiting == []
    assert list(client.futures) == [1, 2, 3, 4, 5]


def test_a_cancel_may_stand_between_the_chunks_but_behind_its_own_tasks(cluster, client):
    rows = [(leaf(cluster, literal), []) for literal in range(30)]
    places = set()
    for _ in range(30):
        client._outbox.clear()
        first = len(client.keys)
        client.submit(rows, list(range(30)), [])
        chunks = list(client.waiting)
        client.cancel([first], force=False)
        at = next(at for at, one in enumerate(client.waiting) if isinstance(one, Cancel))
        assert at >= 1
        assert isinstance(client.waiting[0], Upload)
        places.add((at, len(chunks)))
    assert len(places) > 2


def test_clients_share_results_and_want_each_others(cluster, client):
    cluster.add_worker()
    other = cluster.add_client()
    key = leaf(cluster, 1)
    client.submit([(key, [])], [0], [])
    cluster.run(1)
    other.want([key, "unknown"])
    cluster.run(1)
    assert (client.words, other.words) == ({0: "Done"}, {0: "Done", 1: "Cancelled"})


@pytest.mark.parametrize("announced", [False, True])
def test_scattered_data_are_held_and_used(cluster, client, announced):
    workers = [cluster.add_worker() for _ in range(2)]
    cluster.run(0.5)
    data = cluster.catalogue.add_data(5)
    client.scatter([data], announced, None, 0)
    cluster.run(0.5)
    key = cluster.catalogue.add("sum/fast", 1, (data,))
    client.submit([(key, [0])], [0], [])
    cluster.run(1)
    assert client.words == {0: "Done", 1: "Done"}
    assert all(5 in worker.data.values() for worker in workers)


def test_fire_and_forget(cluster, client):
    cluster.add_worker()
    client.submit([(leaf(cluster, 1, "slow"), [])], [0], [])
    client.keep([0])
    client.release([0])
    cluster.run(2)
    assert cluster.kinds["Finished"] == 1
    assert not cluster.machine.tasks_by_key


def test_cancelling_and_leaving(cluster, client):
    other = cluster.add_client()
    client.submit([(leaf(cluster, 1), [])], [0], [])
    other.submit([(leaf(cluster, 2), [])], [0], [])
    client.cancel([0], force=False)
    other.leave()
    cluster.run(1)
    assert client.words == {0: "Cancelled"}
    assert client.futures == {}
    assert not other.alive
    assert not cluster.machine.tasks_by_key


def test_wrong_values_are_caught(cluster, client):
    client.keys.append(leaf(cluster, 3))
    with pytest.raises(AssertionError, match=r"got 4 for sum-[0-9a-f]+, which is 3"):
        client._received([Done([0], [dumps_small(4)], [28])])


def test_words_about_unknown_ids_are_caught(client):
    with pytest.raises(AssertionError, match="was told of 7, which it never named"):
        client._received([Done([7], None, [28])])


def test_messages_for_others_are_caught(client):
    with pytest.raises(AssertionError, match="can't do anything with Compute"):
        client._received([Compute([], None, [], [], [], [], [], [], [], None, {}, {}, {}, {}, {})])

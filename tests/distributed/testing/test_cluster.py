"""The simulated cluster: who is there, what is counted, and that nothing depends on hashing."""

from __future__ import annotations

import os
import subprocess
import sys
from random import Random

import pytest

from minidask_distributed.testing.cluster import SimulatedCluster


def life(seed):
    cluster = SimulatedCluster(Random(seed))
    for _ in range(3):
        cluster.add_worker(nthreads=2)
    client = cluster.add_client()
    leaves = [cluster.catalogue.add("sum/even", at, ()) for at in range(12)]
    tops = [cluster.catalogue.add("sum/fast", at, tuple(leaves[at : at + 3])) for at in range(9)]
    rows = [(key, []) for key in leaves] + [(key, [at, at + 1, at + 2]) for at, key in enumerate(tops)]
    client.submit(rows, list(range(12, 21)), [])
    cluster.run(5)
    return cluster, client


def test_the_same_seed_gives_the_same_life():
    one, two, three = life(1)[0], life(1)[0], life(2)[0]
    assert one.digest == two.digest
    assert one.digest != three.digest
    assert (one.n_messages, one.kinds) == (two.n_messages, two.kinds)


def test_all_is_done():
    cluster, client = life(3)
    assert set(client.words.values()) == {"Done"}
    assert sum(cluster.kinds.values()) == cluster.n_messages
    assert cluster.n_deaths == 0


@pytest.mark.slow
def test_nothing_depends_on_how_texts_are_hashed():
    code = "from minidask_distributed.testing.lives import main; main(['--count', '6'])"
    outputs = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=100,
        ).stdout
        for seed in ("1", "2")
    ]
    assert outputs[0] == outputs[1]
    assert outputs[0].count("messages") == 6


def test_a_frozen_worker_is_given_up_and_its_tasks_go_elsewhere():
    cluster = SimulatedCluster(Random(1))
    cluster.network.rough = False
    one, two = cluster.add_worker(), cluster.add_worker()
    cluster.run(1)
    client = cluster.add_client()
    keys = [cluster.catalogue.add("sum/slow", at, ()) for at in range(6)]
    client.submit([(key, []) for key in keys], list(range(6)), [])
    cluster.run(0.1)
    one.freeze(20)
    cluster.run(15)
    assert cluster.n_deaths == 1
    assert set(client.words.values()) == {"Done"}
    assert sorted(two.data.values()) == sorted(map(cluster.catalogue.value, keys))
    # It comes back; what it had begun is void.
    cluster.run(10)
    assert one.joined
    assert len(cluster.machine.workers) == 2


def test_retiring_one_that_is_gone_does_nothing():
    cluster = SimulatedCluster(Random(1))
    worker = cluster.add_worker()
    cluster.retire(worker)
    cluster.crash(worker, "killed")
    cluster.run(1)
    cluster.retire(worker)
    assert not cluster.machine.workers

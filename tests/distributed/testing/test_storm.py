"""Everything that can happen does, and an act without anybody to act on does nothing."""

from __future__ import annotations

from random import Random

import pytest

from minidask_distributed.testing.cluster import SimulatedCluster
from minidask_distributed.testing.lives import Life
from minidask_distributed.testing.storm import ACTS, Storm


@pytest.mark.parametrize("act", [act for _, act in ACTS], ids=lambda act: act.__name__)
def test_acts_need_nobody(act):
    storm = Storm(SimulatedCluster(Random(1)))
    act(storm)
    storm.cluster.run(1)


def test_what_is_submitted_again_has_the_same_keys():
    storm = Storm(SimulatedCluster(Random(1)))
    one, two = storm.cluster.add_client(), storm.cluster.add_client()
    for _ in range(30):
        storm.submit_known() if one.keys else storm.submit()
        storm.cluster.run(0.01)
    assert set(one.keys) & set(two.keys)
    assert set(one.keys) | set(two.keys) == set(storm.cluster.catalogue.rows)


def test_a_change_of_mind_lets_go_and_submits():
    storm = Storm(SimulatedCluster(Random(1)))
    client = storm.cluster.add_client()
    client.submit([(storm.cluster.catalogue.add("sum/slow", 1, ()), [])], [0], [])
    storm.change_mind()
    assert list(client.futures) == [1]
    assert client.keys[0] == client.keys[1]


@pytest.mark.slow
def test_lives_meet_everything():
    """The storm is worth its name: every message occurs."""
    kinds: dict[str, int] = {}
    for seed in range(25):
        life = Life(seed, acts=80)
        life.live()
        for name, count in life.cluster.kinds.items():
            kinds[name] = kinds.get(name, 0) + count
    expected = {
        "Acquire", "Call", "Cancel", "Cancelled", "Compute", "Destinations", "Done", "Erred", "Failed", "Finished",
        "ForgetRecipes", "Free", "Held", "Holders", "KeepUntilDone", "KillWorker", "Leave", "LongRunning", "Lost",
        "Missing", "NeedRecipes", "OpenSession", "Recall", "Recalled", "Recipes", "RegisterNanny", "RegisterWorker",
        "Release", "Retry", "Scatter", "SessionOpened", "Stop", "Store", "Undone", "Upload", "UploadTaken", "Want",
        "WorkerBeat", "WorkerDied", "WorkerGone", "WorkerRegistered", "WorkerStatus",
    }  # fmt: skip
    assert expected - kinds.keys() == set()

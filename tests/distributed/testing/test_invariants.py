"""The checks of a calm cluster notice wrong ends."""

from __future__ import annotations

from random import Random

import pytest

from minidask_distributed.testing.agreement import check_now
from minidask_distributed.testing.cluster import SimulatedCluster
from minidask_distributed.testing.invariants import cancelled_lawfully, check_calm, check_empty


@pytest.fixture
def cluster():
    made = SimulatedCluster(Random(3))
    made.network.rough = False
    return made


def run_one(cluster, recipe="sum/fast"):
    worker, client = cluster.add_worker(), cluster.add_client()
    client.submit([(cluster.catalogue.add(recipe, 1, ()), [])], [0], [])
    cluster.run(1)
    check_now(cluster)
    return worker, client


def test_what_is_calm_is_calm(cluster):
    _, client = run_one(cluster)
    check_calm(cluster)
    with pytest.raises(AssertionError, match=r"nobody wants anything, and this is left: .*'tasks'"):
        check_empty(cluster)
    client.leave()
    cluster.run(1)
    check_empty(cluster)


def test_unfinished_work_is_not_calm(cluster):
    cluster.add_client().submit([(cluster.catalogue.add("sum/fast", 1, ()), [])], [0], [])
    cluster.run(1)
    with pytest.raises(AssertionError, match="all is calm, and these aren't done"):
        check_calm(cluster)


def test_a_wrong_end_is_noticed(cluster):
    _, client = run_one(cluster)
    client.words[0] = "Undone"
    with pytest.raises(AssertionError, match="heard 'Undone' of sum-"):
        check_calm(cluster)


def test_the_wrong_culprit_is_noticed(cluster):
    _, client = run_one(cluster, "boom/fast")
    check_calm(cluster)
    true = client.failures[0]
    client.failures[0] = {**true, "key": "another"}
    with pytest.raises(AssertionError, match="failed by another, of which it isn't made"):
        check_calm(cluster)
    client.failures[0] = {**true, "text": "boom in another"}
    with pytest.raises(AssertionError, match="failed with 'boom in another'"):
        check_calm(cluster)
    client.failures[0] = {**true, "kind": "killed-worker"}
    with pytest.raises(AssertionError, match="blamed for deaths that weren't"):
        check_calm(cluster)
    client.failures[0] = {**true, "kind": "lost"}
    with pytest.raises(AssertionError, match="can be made again, and counts as lost"):
        check_calm(cluster)
    client.failures[0] = {**true, "kind": "bad luck"}
    with pytest.raises(AssertionError, match="unknown kind 'bad luck'"):
        check_calm(cluster)


def test_only_who_cancels_is_told_so(cluster):
    one, two = cluster.add_client(), cluster.add_client()
    leaf = cluster.catalogue.add("sum/fast", 1, ())
    top = cluster.catalogue.add("sum/fast", 1, (leaf,))
    cluster.cancelled(one, [leaf], force=False)
    assert cancelled_lawfully(cluster, one, top)
    assert not cancelled_lawfully(cluster, two, top)
    cluster.cancelled(one, [leaf], force=True)
    assert cancelled_lawfully(cluster, two, top)
    two.want(["sum-x"])
    assert two.given_up == {"sum-x"}

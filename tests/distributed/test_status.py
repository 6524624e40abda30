"""The names of states equal the texts that servers and clusters have."""

from __future__ import annotations

import pickle

import pytest

from minidask_distributed import LocalCluster, Status


def test_members_are_texts():
    assert Status.running == "running"
    assert Status["closing_gracefully"] == "closing_gracefully"
    assert f"{Status.paused}" == "paused"
    assert pickle.loads(pickle.dumps(Status.closed)) is Status.closed
    with pytest.raises(ValueError, match="'gone' is not a valid Status"):
        Status("gone")


def test_a_cluster_and_its_servers():
    with LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None) as cluster:
        assert cluster.status == Status.running
        assert cluster.scheduler.status == Status.running
        assert [worker.status for worker in cluster.workers.values()] == [Status.running]
        assert cluster.status in (Status.running, Status.starting)
    assert cluster.status == Status.closed

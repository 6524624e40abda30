"""Functions that every worker calls when it starts."""

from __future__ import annotations

import pytest

from minidask_distributed.client.client import Client
from minidask_distributed.deploy.local import LocalCluster

pytestmark = pytest.mark.network


def test_workers_now_and_later() -> None:
    called: list[object] = []

    def named(dask_worker: object) -> None:
        called.append(getattr(dask_worker, "name"))

    with LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None) as cluster:
        with Client(cluster) as client:
            answers = client.register_worker_callbacks(named)
            assert list(answers.values()) == [{"status": "OK"}]
            client.register_worker_callbacks(lambda: called.append("plain"))
            cluster.scale(2)
            client.wait_for_workers(2, timeout=20)
    assert sorted(map(str, called)) == ["0", "1", "plain", "plain"]


def test_bad_ones() -> None:
    with LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None) as cluster:
        with Client(cluster) as client:
            with pytest.raises(TypeError, match="setup must be a function, got int"):
                client.register_worker_callbacks(3)
            with pytest.raises(ZeroDivisionError):
                client.register_worker_callbacks(lambda: 1 / 0)

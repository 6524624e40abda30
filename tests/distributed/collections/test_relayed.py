"""Results that pass through the scheduler, for clients that can't, or aren't to, connect to workers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minidask_distributed.client.client import Client
from minidask_distributed.deploy.local import LocalCluster

pytestmark = pytest.mark.network


class Unpicklable:
    def __init__(self, n: int) -> None:
        self.data = b"x" * n

    def __reduce__(self) -> Any:
        raise ZeroDivisionError("not this one")


def no_way(address: str, tasks: Any) -> Any:
    raise AssertionError(f"{address} was asked directly")


def unreachable(address: str, tasks: Any) -> Any:
    raise ConnectionRefusedError(f"{address} can't be reached from here")


@pytest.fixture(params=["processes", "threads"])
def cluster(request: pytest.FixtureRequest) -> Any:
    processes = request.param == "processes"
    with LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=processes,
        dashboard_address=None,
        protocol=None if processes else "tcp",
    ) as made:
        yield made


@pytest.mark.slow
def test_by_way_of_the_scheduler(cluster: LocalCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    with Client(cluster, direct_to_workers=False) as client:
        monkeypatch.setattr(client._transfers, "fetch", no_way)
        futures = client.map(np.full, [100_000, 50_000, 3], [1, 2, 3])
        for found, (n, value) in zip(client.gather(futures), [(100_000, 1), (50_000, 2), (3, 3)], strict=True):
            assert np.array_equal(found, np.full(n, value))
        assert client.submit(np.ones, 60_000).result().sum() == 60_000
        assert client.gather(client.submit(np.ones, 70_000), direct=False).sum() == 70_000
        with pytest.raises(AssertionError, match="was asked directly"):
            client.gather(client.submit(np.ones, 80_000), direct=True)


@pytest.mark.slow
def test_where_workers_cannot_be_reached(cluster: LocalCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    with Client(cluster) as client:
        monkeypatch.setattr(client._transfers, "fetch", unreachable)
        future = client.submit(np.ones, 60_000)
        assert future.result().sum() == 60_000
        with pytest.raises(OSError, match="pass direct=False"):
            client.gather(future, direct=True)


@pytest.mark.slow
@pytest.mark.parametrize("broadcast", [False, True])
def test_scattering_where_workers_cannot_be_reached(
    cluster: LocalCluster, monkeypatch: pytest.MonkeyPatch, broadcast: bool
) -> None:
    def unreachable(address: str, tasks: Any, keys: Any, payloads: Any) -> Any:
        raise ConnectionRefusedError(f"{address} can't be reached from here")

    data = [np.full(60_000, value) for value in range(3)]
    with Client(cluster) as client:
        monkeypatch.setattr(client._transfers, "put", unreachable)
        futures = client.scatter(data, broadcast=broadcast)
        assert client.gather(client.map(np.sum, futures)) == [0, 60_000, 120_000]
        assert all(len(holders) == (2 if broadcast else 1) for holders in client.who_has(futures).values())
        assert np.array_equal(futures[2].result(), data[2])
        with pytest.raises(OSError, match="can't be reached from here"):
            client.scatter(np.ones(70_000), direct=True)
        assert client.gather(client.scatter({"x": np.full(80_000, 7)})["x"]).sum() == 560_000
    scheduler = cluster.scheduler
    assert not scheduler.clients
    assert not scheduler.tasks


@pytest.mark.slow
def test_what_cannot_be_sent(cluster: LocalCluster) -> None:
    with Client(cluster) as client, pytest.raises((TypeError, ZeroDivisionError)):
        client.gather(client.submit(Unpicklable, 100_000), direct=False)

"""What a client knows of the scheduler and its workers, without waiting where it is asynchronous."""

from __future__ import annotations

import asyncio

import pytest

from minidask_distributed.client.client import Client
from minidask_distributed.deploy.local import LocalCluster

pytestmark = pytest.mark.network


def run(test, **options):
    async def main():
        async with asyncio.timeout(30):
            options.setdefault("n_workers", 1)
            async with LocalCluster(threads_per_worker=1, processes=False, asynchronous=True, **options) as cluster:
                async with Client(cluster, asynchronous=True) as client:
                    await test(cluster, client)

    asyncio.run(main())


def test_it_is_a_dict_at_once():
    async def test(cluster, client):
        info = client.scheduler_info()
        assert info["address"] == cluster.scheduler_address
        [worker] = info["workers"].values()
        assert worker["nthreads"] == 1
        assert "1 workers" in info._repr_html_()
        assert client.scheduler_info(n_workers=0)["workers"] == {}
        info["workers"].clear()
        assert len(client.scheduler_info()["workers"]) == 1

    run(test)


def test_awaited_it_is_what_the_scheduler_says_now():
    async def test(cluster, client):
        before = client.scheduler_info()
        cluster.scale(2)
        await client.wait_for_workers(2)
        assert len(before["workers"]) == 1
        assert len(client.scheduler_info()["workers"]) == 2
        assert set((await before)["workers"]) == set(client.scheduler_info()["workers"])
        assert len((await client.scheduler_info(n_workers=1))["workers"]) == 1
        assert len(client.scheduler_info()["workers"]) == 2

    run(test)


def test_asking_again_and_again_shows_what_changes():
    async def test(cluster, client):
        cluster.scale(3)
        while len(client.scheduler_info()["workers"]) < 3:
            await asyncio.sleep(0.001)

    run(test, n_workers=0)


def test_each_heartbeat_brings_news():
    async def test(cluster, client):
        async with Client(cluster, asynchronous=True, heartbeat_interval="1 ms") as other:
            cluster.scale(2)
            while len(other._latest_info["workers"]) < 2:
                await asyncio.sleep(0.001)

    run(test)


def test_after_the_end_it_is_what_was_known():
    async def test(cluster, client):
        async with Client(cluster, asynchronous=True) as other:
            info = other.scheduler_info()
        assert other.scheduler_info() == info
        with pytest.raises(OSError, match="can't be used any more"):
            await info

    run(test)

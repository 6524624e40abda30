"""Calls that last as long as a block, to a real scheduler."""

from __future__ import annotations

import asyncio

import pytest

from minidask_distributed import Client, LocalCluster
from minidask_distributed.client.lasting import LastingCall

pytestmark = pytest.mark.network


def run(test):
    async def main():
        async with (
            LocalCluster(n_workers=0, processes=False, dashboard_address=None, asynchronous=True) as cluster,
            Client(cluster, asynchronous=True) as client,
        ):
            await test(cluster.scheduler, client)

    asyncio.run(main())


def test_it_has_begun_and_ends():
    async def test(scheduler, client):
        call = LastingCall(client, "memory_sample", interval=0.01)
        await call.begin()
        assert len(scheduler.memory_samples) == 1
        assert (await call.end())["time"]
        assert scheduler.memory_samples == {}

    run(test)


def test_a_call_that_is_refused_says_so_at_the_beginning():
    async def test(scheduler, client):
        with pytest.raises(ValueError, match="measure must be one of"):
            await LastingCall(client, "memory_sample", measure="beauty").begin()
        assert scheduler.memory_samples == {}

    run(test)


def test_whoever_gives_up_waits_for_nothing():
    async def test(scheduler, client):
        call = LastingCall(client, "memory_sample")
        await call.begin()
        await call.give_up()
        with pytest.raises(asyncio.CancelledError):
            await call.end()
        assert scheduler.memory_samples == {}

    run(test)

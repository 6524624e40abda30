"""Tests of `minidask_distributed.scheduler.handlers.choosing`."""

from __future__ import annotations

import asyncio

import pytest

from minidask_distributed.scheduler.handlers.choosing import session_of, workers_of
from tests.distributed.scheduler.scripted import cluster

pytestmark = pytest.mark.network


def test_workers_by_address_or_name():
    async def main():
        async with cluster() as made:
            await made.worker("alice")
            await made.worker("bob")
            scheduler = made.scheduler
            alice, bob = scheduler.workers.values()
            assert workers_of(scheduler, None) == [alice, bob]
            assert workers_of(scheduler, ["bob", alice.address, "alice", "carol"]) == [bob, alice]
            assert workers_of(scheduler, "bob") == [bob]
            assert workers_of(scheduler, []) == []
            with pytest.raises(ValueError, match="no worker is called 'carol'; the cluster has: tcp://"):
                workers_of(scheduler, ["alice", "carol"], strict=True)
            with pytest.raises(TypeError, match="workers must be a list of addresses or names, got int"):
                workers_of(scheduler, 5)

    asyncio.run(main())


def test_only_clients_have_sessions():
    async def main():
        async with cluster() as made:
            await made.client("me")
            await made.worker()
            client, worker = made.scheduler.connections.values()
            assert session_of(made.scheduler, client).name == "me"
            with pytest.raises(ValueError, match="only a client with a session can ask this, not a worker"):
                session_of(made.scheduler, worker)

    asyncio.run(main())

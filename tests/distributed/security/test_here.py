"""Clusters of this process are found by their addresses."""

from __future__ import annotations

import asyncio
import os

import pytest

from minidask_distributed.client.client import Client
from minidask_distributed.comm.errors import AuthenticationError
from minidask_distributed.deploy.local import LocalCluster
from minidask_distributed.scheduler.server import Scheduler
from minidask_distributed.security import Security, new_token
from minidask_distributed.security.here import forget, recall, remember


def test_what_is_remembered_is_forgotten(monkeypatch):
    security = Security(token=new_token())
    remember("tcp://127.0.0.1:7", security)
    try:
        assert recall("tcp://127.0.0.1:7") == recall("127.0.0.1:7") == (security, "")
        assert recall("tls://127.0.0.1:7") == recall("tcp://127.0.0.1:8") == (None, "")
        remember("tcp://127.0.0.1:7", None, "near://1/2")
        assert recall("tcp://127.0.0.1:7") == (None, "near://1/2")
        pid = os.getpid()
        monkeypatch.setattr(os, "getpid", lambda: pid + 1)
        assert recall("tcp://127.0.0.1:7") == (None, "")
    finally:
        forget("tcp://127.0.0.1:7")
    forget("tcp://127.0.0.1:7")
    assert recall("tcp://127.0.0.1:7") == (None, "")


@pytest.mark.network
@pytest.mark.parametrize("options", [{"protocol": "tcp"}, {"protocol": "tls", "security": True}])
def test_an_address_is_enough_where_the_cluster_was_made(options):
    with LocalCluster(n_workers=1, threads_per_worker=1, processes=False, **options) as cluster:
        address = cluster.scheduler_address
        with Client(address) as client:
            assert client.submit(abs, -3).result(timeout=30) == 3
            assert client.address == address
            # Without a socket, but with its promises.
            assert client._comm.peer_address.startswith("near://")
        # What is given counts: with TLS, certificates.
        with pytest.raises((AuthenticationError, ValueError), match=r"token than the listening one|needs certificates"):
            Client(address, security=Security(token=new_token()), timeout=10)
    assert recall(address) == (None, "")


@pytest.mark.network
def test_whoever_listens_there_next_is_somebody_else():
    async def other(address):
        async with Scheduler(addresses=[address], security=Security(token=new_token())):
            async with Client(address, security=None, asynchronous=True, timeout=10):
                raise AssertionError("it was let in")

    with LocalCluster(n_workers=0, protocol="tcp", processes=False) as cluster:
        address = cluster.scheduler_address
    with pytest.raises(AuthenticationError, match="token file"):
        asyncio.run(other(address))

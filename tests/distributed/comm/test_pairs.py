"""Pairs of sockets that lead to a listener: as any connection, but for the way; and by the address where there is no such way."""

from __future__ import annotations

import asyncio
import os
import socket
import warnings

import pytest

from minidask_distributed.comm import AuthenticationError, Options, connect, listen, pairs
from minidask_distributed.comm.address import parse_host_port
from minidask_distributed.comm.pairs import is_pair, pair_with
from minidask_distributed.messages import Free
from minidask_distributed.security import Security
from tests.distributed.comm.conftest import End

pytestmark = pytest.mark.network


def with_listener(test, security, address="tcp://", **kwargs):
    async def main():
        arrived = asyncio.Queue()
        listener = await listen(address, arrived.put_nowait, role="scheduler", security=security, **kwargs)
        try:
            await test(listener, arrived)
        finally:
            await listener.close()

    asyncio.run(main())


def test_messages_go_both_ways(security_for):
    security = security_for("tcp")

    async def test(listener, arrived):
        sock = pair_with(listener.contact_address)
        assert is_pair(sock)
        near = End(await connect(listener.contact_address, role="worker", name="w", security=security, over=sock))
        far = End(await arrived.get())
        large = list(range(300_000))
        near.comm.send([Free([1]), Free(large)])
        assert await far.received(2) == [Free([1]), Free(large)]
        far.comm.send([Free([2])])
        assert await near.received(1) == [Free([2])]
        assert (far.comm.peer.role, far.comm.peer.name, near.comm.peer.role) == ("worker", "w", "scheduler")
        assert near.comm.same_host
        assert far.comm.same_host
        # By what a worker takes for its own host, and what people read.
        assert near.comm.local_address == far.comm.peer_address == "tcp://127.0.0.1:0"
        assert near.comm.peer_address == listener.contact_address
        await near.comm.close()
        assert await far.end() is None
        await far.comm.close()

    with_listener(test, security)


def test_a_wrong_token_is_refused_here_too(security_for):
    async def test(listener, arrived):
        address = listener.contact_address
        with pytest.raises(AuthenticationError):
            await connect(
                address, role="worker", security=Security(token="w" * 64), over=pair_with(address), timeout_s=5
            )
        assert arrived.empty()

    with_listener(test, security_for("tcp"))


@pytest.mark.parametrize("ending", ["closed", "silent"])
def test_a_way_that_leads_nowhere_is_left_for_the_address(security_for, ending):
    security = security_for("tcp")

    async def test(listener, arrived):
        near, far = socket.socketpair()
        if ending == "closed":
            far.close()
        connecting = asyncio.ensure_future(
            connect(listener.contact_address, role="worker", security=security, over=near, timeout_s=10)
        )
        if ending == "silent":
            await asyncio.to_thread(far.recv, 1)
            far.close()
        comm = await connecting
        assert not is_pair(comm._sock)
        assert near.fileno() == -1
        other = await arrived.get()
        await asyncio.gather(comm.close(), other.close())

    with_listener(test, security)


@pytest.mark.parametrize(
    ("address", "role"), [("tcp://127.0.0.1:1", "data"), ("nonsense://x", "worker"), ("inproc://x", "worker")]
)
def test_arguments_that_make_no_sense_close_the_socket(security_for, address, role):
    async def main():
        near, far = socket.socketpair()
        with pytest.raises(ValueError, match=r"connect_bulk|unknown scheme|aren't made over sockets"):
            await connect(address, role=role, security=security_for("tcp"), over=near, timeout_s=5)
        assert near.fileno() == -1
        far.close()

    asyncio.run(main())


def test_where_there_is_no_such_way(security_for, monkeypatch):
    async def plain(listener, arrived):
        address = listener.contact_address
        assert pair_with("tcp://127.0.0.1:1") is None
        with monkeypatch.context() as patch:
            # In a child that was forked.
            patch.setattr(os, "getpid", lambda: 1)
            assert pair_with(address) is None
        with monkeypatch.context() as patch:
            patch.setattr(pairs, "is_pair", lambda sock: False)
            assert pair_with(address) is None
        await listener.close()
        assert pair_with(address) is None
        # Offered before it was closed, and taken behind that.
        near, far = socket.socketpair()
        listener.adopt(far)
        await asyncio.sleep(0)
        assert (near.recv(1), far.fileno()) == (b"", -1)
        near.close()

    async def nothing(listener, arrived):
        assert pair_with(listener.contact_address) is None

    with_listener(plain, security_for("tcp"))
    with_listener(nothing, security_for("tls"), "tls://")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with_listener(nothing, security_for("tcp"), "tcp://0.0.0.0")


def test_a_listener_whose_loop_has_ended_closes_what_it_is_given(security_for):
    kept = []

    async def test(listener, arrived):
        kept.append(listener)

    with_listener(test, security_for("tcp"))
    near, far = socket.socketpair()
    kept[0].adopt(far)
    assert far.fileno() == -1
    near.close()


def test_closing_the_listener_closes_who_has_just_arrived(security_for):
    async def test(listener, arrived):
        waiting = pair_with(listener.contact_address)
        await asyncio.sleep(0)
        await listener.close()
        assert await asyncio.to_thread(waiting.recv, 1) == b""
        waiting.close()

    with_listener(test, security_for("tcp"))


def test_a_pair_that_nobody_speaks_over_is_closed_after_the_timeout(security_for, caplog):
    async def test(listener, arrived):
        waiting = pair_with(listener.contact_address)
        while await asyncio.to_thread(waiting.recv, 100):
            pass  # its greeting
        waiting.close()
        assert parse_host_port(listener.contact_address[6:])[0] == "127.0.0.1"

    with_listener(test, security_for("tcp"), options=Options(handshake_timeout_s=0.1))
    assert "didn't introduce itself" in caplog.text

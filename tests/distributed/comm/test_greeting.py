"""The handshake over real sockets, on a loop and on a thread."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest

from minidask_distributed.comm.errors import AuthenticationError, HandshakeError
from minidask_distributed.comm.greeting import greet, greet_blocking
from minidask_distributed.comm.handshake import Handshake
from minidask_distributed.comm.peer import Identity

pytestmark = pytest.mark.network

TOKEN = "0" * 64


def sides(token=TOKEN):
    return (
        Handshake(False, Identity("client"), token, b"c" * 32, peer_name="far"),
        Handshake(True, Identity("worker"), TOKEN, b"l" * 32, peer_name="near"),
    )


def pair():
    near, far = socket.socketpair()
    near.setblocking(False)
    far.setblocking(False)
    return near, far


def test_what_follows_the_handshake_is_left_in_the_socket():
    async def main():
        near, far = pair()
        with near, far:
            one, other = sides()

            async def connect():
                await greet(near, one, "far")
                near.send(b"the first message")

            await asyncio.gather(connect(), greet(far, other, "near"))
            assert one.peer.role == "worker"
            assert other.peer.role == "client"
            assert far.recv(100) == b"the first message"

    asyncio.run(main())


def test_one_side_on_a_thread():
    async def main():
        near, far = pair()
        with near, far:
            one, other = sides()
            await asyncio.gather(
                asyncio.to_thread(greet_blocking, near, one, "far", time.monotonic() + 5), greet(far, other, "near")
            )
            assert one.peer.role == "worker"
            assert other.peer.role == "client"

    asyncio.run(main())


def test_both_sides_learn_of_a_refusal():
    async def main():
        for blocking in (False, True):
            near, far = pair()
            with near, far:
                one, other = sides("1" * 64)

                async def listen():
                    try:
                        await greet(far, other, "near")
                    finally:
                        far.close()

                if blocking:
                    calling = asyncio.to_thread(greet_blocking, near, one, "far", time.monotonic() + 5)
                else:
                    calling = greet(near, one, "far")
                listening = asyncio.ensure_future(listen())
                with pytest.raises(AuthenticationError, match="refused the connection"):
                    await calling
                near.close()
                with pytest.raises(AuthenticationError, match="another token"):
                    await listening

    asyncio.run(main())


def test_an_end_or_silence_in_the_middle():
    async def main():
        near, far = pair()
        with near, far:
            far.close()
            with pytest.raises(HandshakeError, match="closed the connection during the handshake"):
                await greet(near, sides()[0], "far")
        near, far = pair()
        with near, far:
            with pytest.raises(TimeoutError):
                await asyncio.to_thread(greet_blocking, near, sides()[0], "far", time.monotonic() + 0.03)
            with pytest.raises(TimeoutError):
                await asyncio.to_thread(greet_blocking, near, sides()[0], "far", time.monotonic() - 1)
            far.close()
            with pytest.raises(HandshakeError, match="closed the connection"):
                await asyncio.to_thread(greet_blocking, near, sides()[0], "far", time.monotonic() + 5)

    asyncio.run(main())

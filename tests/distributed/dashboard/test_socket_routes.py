"""Websockets end with the server, whether the browser helps or not."""

from __future__ import annotations

import asyncio

import pytest

pytestmark = pytest.mark.network


def test_the_application_knows_open_sockets(looking):
    async def main():
        async with looking() as found:
            sockets = [await found.visitor.socket("feeds/ws?feeds=summary") for _ in range(3)]
            await asyncio.gather(*(one.read_message() for one in sockets))
            assert len(found.dashboard._application.open_sockets) == 3
            sockets[0].close()
            while len(found.dashboard._application.open_sockets) > 2:
                await asyncio.sleep(0)
        for one in sockets:
            one.close()

    asyncio.run(main())


def test_a_browser_that_vanishes_without_a_word(looking):
    async def main():
        async with looking() as found:
            socket = await found.visitor.socket("feeds/ws?feeds=summary")
            await socket.read_message()
            socket.stream.close()
            while found.dashboard._application.open_sockets:
                await asyncio.sleep(0)
            assert await found.visitor.text("health") == "ok"
            socket.close()

    asyncio.run(main())


def test_a_browser_that_takes_nothing(looking):
    async def main():
        async with looking() as found:
            reader, writer = await asyncio.open_connection("127.0.0.1", found.dashboard.port)
            writer.write(
                f"GET /feeds/ws?feeds=summary HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
                f"Authorization: Bearer {found.visitor.token}\r\n\r\n".encode()
            )
            assert b"101" in await reader.readline()
            while not found.dashboard._application.open_sockets:
                await asyncio.sleep(0)
            started = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - started < 5
        writer.close()

    asyncio.run(main())

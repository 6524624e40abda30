"""Feeds over real websockets and by polling."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
from tornado.websocket import WebSocketClosedError

pytestmark = pytest.mark.network


async def frame(socket):
    async with asyncio.timeout(20):
        return json.loads(await socket.read_message())


def test_frames_come_and_readers_attach_the_recorder(looking):
    async def main():
        async with looking(workers=1) as found:
            assert not found.scheduler.recorder.is_attached
            socket = await found.visitor.socket("feeds/ws?feeds=summary,workers-memory")
            first = await frame(socket)
            assert set(first["feeds"]) == {"summary", "workers-memory"}
            assert abs(first["time"] - time.time()) < 20
            assert found.scheduler.recorder.is_attached
            second = await frame(socket)
            assert second["seq"] > first["seq"]
            assert second["time"] - first["time"] < 1.0
            await socket.write_message("nobody listens")
            socket.close()
            while found.scheduler.recorder.is_attached:
                await asyncio.sleep(0)

    asyncio.run(main())


def test_polling(looking):
    async def main():
        async with looking(workers=1) as found:
            first = await found.visitor.json("feeds/poll?feeds=summary")
            assert first["feeds"]["summary"]["set"]["workers"] == [1]
            again = await found.visitor.json(f"feeds/poll?feeds=summary&since={first['seq']}")
            assert again["seq"] >= first["seq"]
            assert found.scheduler.recorder.is_attached
            answer = await found.visitor.get("feeds/poll?feeds=summary")
            assert answer.headers["Cache-Control"] == "no-store"

    asyncio.run(main())


@pytest.mark.parametrize(
    ("query", "status", "why"),
    [
        ("", 404, "name at least one feed"),
        ("?feeds=", 404, "name at least one feed"),
        ("?feeds=<script>", 404, "there is no feed"),
        ("?feeds=summary&since=x", 400, "since is the seq of a frame"),
        ("?feeds=summary&since=-1", 400, "since is the seq of a frame"),
        ("?feeds=summary&since=" + "9" * 30, 400, "since is the seq of a frame"),
    ],
)
def test_what_makes_no_sense(looking, query, status, why):
    async def main():
        from tornado.httpclient import HTTPClientError

        async with looking() as found:
            page = await found.visitor.text("feeds/poll" + query, status)
            assert why in page
            assert "<script>" not in page
            if status == 404:
                with pytest.raises(HTTPClientError, match="HTTP 404"):
                    await found.visitor.socket("feeds/ws" + query)

    asyncio.run(main())


def test_a_plain_request_is_no_websocket(looking):
    async def main():
        async with looking() as found:
            await found.visitor.text("feeds/ws?feeds=summary", 400)

    asyncio.run(main())


def test_a_reader_that_is_removed_while_a_frame_is_written_leaves_no_error_behind(looking):
    async def main():
        async with looking(workers=1) as found:
            socket = await found.visitor.socket("feeds/ws?feeds=summary")
            await frame(socket)
            [stream] = found.dashboard._application.open_sockets
            reader, before = stream.reader, asyncio.all_tasks()
            # More than the system takes at once; before the loop's next turn the reader is gone, and then the browser.
            reader.give("x" * (1 << 25))
            [written] = [task for task in asyncio.all_tasks() - before if "write_message" in str(task)]
            found.dashboard._application.desk.remove(reader)
            stream.ws_connection.stream.close()
            await asyncio.wait([written])
            # What asyncio would tell of otherwise: an error that nobody has asked for.
            assert not written._log_traceback
            assert isinstance(written.exception(), WebSocketClosedError)
            socket.close()

    asyncio.run(main())

"""Pages of workers through the scheduler's server, and of nobody else."""

from __future__ import annotations

import asyncio
import json
import socket

import pytest
from tornado.iostream import StreamClosedError

from minidask_distributed.dashboard.service import Dashboard
from minidask_distributed.scheduler.server import Scheduler
from minidask_distributed.security import Security, new_token

pytestmark = pytest.mark.network


def way(worker):
    return f"proxy/{worker.services.ports()['dashboard']}/127.0.0.1"


def test_pages_of_each_worker(looking):
    async def main():
        async with looking(workers=2) as found:
            for worker in found.workers:
                page = await found.visitor.text(f"{way(worker)}/status")
                assert worker.name in page
                assert 'href="../../../workers"' in page
                assert (await found.visitor.json(f"{way(worker)}/json/identity.json"))["name"] == worker.name
                log = await found.visitor.text(f"{way(worker)}/logs")
                assert "Log of" in log
                answer = await found.visitor.get(f"{way(worker)}/")
                assert (answer.code, answer.headers["Location"]) == (302, "status")
                head = await found.visitor.get(f"{way(worker)}/status", method="HEAD")
                assert (head.code, head.body) == (200, b"")
                await found.visitor.text(f"{way(worker)}/nix", 404)
                static = await found.visitor.get(f"{way(worker)}/static/app.js")
                again = await found.visitor.get(
                    f"{way(worker)}/static/app.js", headers={"If-None-Match": static.headers["Etag"]}
                )
                assert again.code == 304

    asyncio.run(main())


def test_websockets_of_workers(looking):
    async def main():
        async with looking(workers=1) as found:
            ws = await found.visitor.socket(f"{way(found.workers[0])}/feeds/ws?feeds=worker-facts,worker-history")
            frame = json.loads(await ws.read_message())
            assert "worker-0" in frame["feeds"]["worker-facts"]["set"]["value"]
            desk = found.workers[0].services._started[0]._application.desk
            assert len(desk.readers) == 1
            ws.close()
            while desk.readers or found.dashboard._application.open_sockets:
                await asyncio.sleep(0)

    asyncio.run(main())


def test_a_websocket_of_a_worker_that_refuses_ends(looking):
    async def main():
        async with looking(workers=1) as found:
            ws = await found.visitor.socket(f"{way(found.workers[0])}/feeds/ws?feeds=nix")
            async with asyncio.timeout(20):
                assert await ws.read_message() is None
            ws.close()

    asyncio.run(main())


def test_a_websocket_ends_with_its_worker(looking):
    async def main():
        async with looking(workers=1) as found:
            ws = await found.visitor.socket(f"{way(found.workers[0])}/feeds/ws?feeds=worker-facts")
            await ws.read_message()
            await found.workers[0].close()
            async with asyncio.timeout(20):
                while await ws.read_message() is not None:
                    pass
            ws.close()

    asyncio.run(main())


def test_only_workers_of_the_cluster_are_asked(looking):
    async def main():
        asked = []

        async def answer(reader, writer):
            asked.append(await reader.readline())
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, looking(workers=1) as found:
            own = found.workers[0].services.ports()["dashboard"]
            places = [
                f"{port}/127.0.0.1", f"{own}/localhost", f"{own}/evil.example", f"{own}/127.0.0.2",
                f"{found.dashboard.port}/127.0.0.1", f"{own}/127.0.0.1@evil.example", f"{own}/127.0.0.1:{port}",
                f"{own}/127.0.0.1%3A{port}%2F", "99999/127.0.0.1", "0/127.0.0.1",
            ]  # fmt: skip
            for place in places:
                assert "no worker of this cluster" in await found.visitor.text(f"proxy/{place}/status", 404), place
                await found.visitor.text(f"proxy/{place}/status", 403, token=False)
        assert not asked

    asyncio.run(main())


def test_paths_stay_with_the_worker(looking):
    async def main():
        async with looking(workers=1) as found:
            for path in ("@evil.example/", "//evil.example/", "../../../etc/passwd", "%2e%2e/x", "\\evil"):
                answer = await found.visitor.get(f"{way(found.workers[0])}/{path}")
                assert answer.code in (400, 403, 404), path

    asyncio.run(main())


def test_the_browsers_cookies_and_headers_stay_here(looking):
    seen = {}

    async def answer(reader, writer):
        while (line := await reader.readline()).strip():
            name, _, value = line.decode().partition(":")
            seen[name.lower()] = value.strip()
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: a=b\r\nX-Evil: 1\r\nContent-Type: text/plain\r\n\r\nok"
        )
        await writer.drain()
        writer.close()

    async def main():
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, looking(workers=1) as found:
            [worker] = found.scheduler.workers.values()
            worker.info["places"]["dashboard"]["port"] = port
            got = await found.visitor.get(f"proxy/{port}/127.0.0.1/x", headers={"Cookie": "secret=1", "X-Mine": "2"})
            assert got.body == b"ok"
            assert "Set-Cookie" not in got.headers
            assert "X-Evil" not in got.headers
            assert seen["authorization"] == f"Bearer {found.visitor.token}"
            assert "cookie" not in seen
            assert "x-mine" not in seen

    asyncio.run(main())


def test_a_worker_whose_pages_do_not_answer(looking):
    async def main():
        async with looking(workers=1) as found:
            [worker] = found.scheduler.workers.values()
            with socket.socket() as sock:
                sock.bind(("127.0.0.1", 0))
                port = sock.getsockname()[1]
            worker.info["places"]["dashboard"]["port"] = port
            page = await found.visitor.text(f"proxy/{port}/127.0.0.1/status", 502)
            assert "the worker&#x27;s pages can&#x27;t be reached" in page

    asyncio.run(main())


def test_a_cluster_without_workers_has_no_proxy():
    async def main():
        dashboard = Dashboard(":0")
        security = Security(token=new_token())
        async with Scheduler(port=0, security=security, services=[dashboard]):
            reader, writer = await asyncio.open_connection("127.0.0.1", dashboard.port)
            bearer = f"Authorization: Bearer {security.view_token()}"
            writer.write(f"GET /proxy/80/localhost/ HTTP/1.0\r\nHost: localhost\r\n{bearer}\r\n\r\n".encode())
            assert b"404" in await reader.readline()
            writer.close()

    asyncio.run(main())


def test_a_scheduler_closes_while_a_workers_pages_keep_it_waiting(looking):
    asked, gone = asyncio.Event(), asyncio.Event()

    async def silence(reader, writer):
        asked.set()
        await reader.read()
        writer.close()
        gone.set()

    async def main():
        server = await asyncio.start_server(silence, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            async with looking(workers=1) as found:
                [worker] = found.scheduler.workers.values()
                worker.info["places"]["dashboard"]["port"] = port
                looks = asyncio.ensure_future(found.visitor.get(f"proxy/{port}/127.0.0.1/status"))
                await asked.wait()
                started = asyncio.get_running_loop().time()
            assert asyncio.get_running_loop().time() - started < 5
            [answer] = await asyncio.gather(looks, return_exceptions=True)
            assert isinstance(answer, StreamClosedError) or answer.code == 503
            async with asyncio.timeout(5):
                await gone.wait()

    asyncio.run(main())

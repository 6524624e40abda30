"""What programs read."""

from __future__ import annotations

import asyncio

import pytest

pytestmark = pytest.mark.network


def test_data_of_a_scheduler(looking):
    async def main():
        async with looking(workers=1) as found:
            visitor = found.visitor
            assert await visitor.text("health", token=False) == "ok"
            assert (await visitor.json("json/counts.json"))["workers"] == 1
            told = await visitor.json("json/identity.json")
            assert told["type"] == "Scheduler"
            assert told["services"] == {"dashboard": found.dashboard.port}
            [worker] = told["workers"].values()
            assert worker["services"] == found.workers[0].services.ports()
            assert found.scheduler.security.token_for(False) not in str(told)
            assert found.visitor.token not in str(told)
            page = await visitor.text("json/index.html")
            assert 'href="counts.json"' in page
            paths = (await visitor.json("sitemap.json"))["paths"]
            assert {"/health", "/status", "/metrics", "/info/main/workers.html", "/json/counts.json"} <= set(paths)
            for path in paths:
                answer = await visitor.get(path[1:])
                assert answer.code == 200, path

    asyncio.run(main())


def test_data_of_a_worker(looking, visitor_of):
    async def main():
        async with looking(workers=1) as found:
            [worker] = found.workers
            visitor = visitor_of(worker.services._started[0])
            assert (await visitor.json("json/counts.json"))["threads"] == 1
            assert (await visitor.json("json/identity.json"))["name"] == "worker-0"
            for path in (await visitor.json("sitemap.json"))["paths"]:
                assert (await visitor.get(path[1:])).code == 200, path
            await visitor.text("info/main/workers.html", 404)
            await visitor.text("proxy/1/127.0.0.1/status", 404)

    asyncio.run(main())

"""A cluster with dashboards, and somebody who looks at them: real servers, real sockets, tornado's own clients."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from minidask_distributed.dashboard.service import Dashboard
from minidask_distributed.scheduler.server import Scheduler
from minidask_distributed.security import Security, new_token
from minidask_distributed.worker.server import Worker

tornado_httpclient = pytest.importorskip("tornado.httpclient")


class Visitor:
    """Somebody who asks a dashboard, as a program does: with the token as bearer, unless told otherwise."""

    def __init__(self, dashboard: Dashboard) -> None:
        self.dashboard = dashboard
        self.token = dashboard.view_token()

    def request(self, path: str, *, token: bool = True, headers: dict[str, str] | None = None, **options: Any) -> Any:
        given = {"Accept": "text/html"} | ({"Authorization": f"Bearer {self.token}"} if token else {}) | (headers or {})
        tls = None
        if self.dashboard.scheme == "https":
            tls = self.dashboard.security.ssl_context("client", listens=False)
        options.setdefault("follow_redirects", False)
        return tornado_httpclient.HTTPRequest(
            options.pop("scheme", self.dashboard.scheme)
            + self.dashboard.address.removeprefix(self.dashboard.scheme)
            + path.removeprefix("/"),
            headers=given,
            ssl_options=tls,
            allow_nonstandard_methods=True,
            request_timeout=20,
            **options,
        )

    async def get(self, path: str, **options: Any) -> Any:
        from tornado.simple_httpclient import SimpleAsyncHTTPClient

        client = SimpleAsyncHTTPClient(force_instance=True)
        try:
            return await client.fetch(self.request(path, **options), raise_error=False)
        finally:
            client.close()

    async def text(self, path: str, status: int = 200, **options: Any) -> str:
        answer = await self.get(path, **options)
        assert answer.code == status, (path, answer.code, answer.body[:500])
        return answer.body.decode()

    async def json(self, path: str, **options: Any) -> Any:
        return json.loads(await self.text(path, **options))

    async def socket(self, path: str, **options: Any) -> Any:
        from tornado.websocket import websocket_connect

        scheme = self.dashboard.scheme.replace("http", "ws")
        return await websocket_connect(self.request(path, scheme=scheme, **options))


class Looking:
    """What a test gets: the servers, and a visitor of the scheduler's pages."""

    def __init__(self, scheduler: Scheduler, workers: list[Worker], dashboard: Dashboard) -> None:
        self.scheduler, self.workers, self.dashboard = scheduler, workers, dashboard
        self.visitor = Visitor(dashboard)


@contextlib.asynccontextmanager
async def _looking(
    workers: int = 0,
    *,
    security: Security | None = None,
    protocol: str = "tcp",
    host: str | None = None,
    **options: Any,
) -> AsyncIterator[Looking]:
    security = security or Security(token=new_token())
    dashboard = Dashboard(**{"address": "127.0.0.1:0", **options})
    async with contextlib.AsyncExitStack() as stack:
        scheduler = await stack.enter_async_context(
            Scheduler(port=0, protocol=protocol, security=security, services=[dashboard])
        )
        made = [
            await stack.enter_async_context(
                Worker(
                    scheduler.address,
                    name=f"worker-{number}",
                    nthreads=1,
                    memory_limit=None,
                    security=security,
                    services=[Dashboard(":0")],
                )
            )
            for number in range(workers)
        ]
        yield Looking(scheduler, made, dashboard)


@pytest.fixture
def looking() -> Any:
    """A function: ``async with looking(workers=2) as found`` has ``scheduler, workers, dashboard, visitor``."""
    return _looking


@pytest.fixture
def visitor_of() -> type[Visitor]:
    """A visitor of any dashboard."""
    return Visitor

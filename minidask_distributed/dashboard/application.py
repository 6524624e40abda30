"""The HTTP server of a dashboard: routes, desk of feeds, sockets; made when the first connection comes.

Place in the flow: `service.Dashboard` imports this on a thread and hands over its bound sockets. Every request passes
`routes.Look`, which asks `access`; what is shown stands in the other modules of routes.

Invariants: nothing here changes the cluster; headers and bodies of requests are bounded; after `close` no connection is open.
Not for: bokeh, which only `figures` needs.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import time
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

from tornado.httpserver import HTTPServer
from tornado.routing import Rule, URLSpec
from tornado.web import Application as Routes
from tornado.web import HTTPError

from minidask_distributed.dashboard import figures
from minidask_distributed.dashboard.access import Access, security_headers
from minidask_distributed.dashboard.data_routes import DATA_ROUTES, Health
from minidask_distributed.dashboard.feed_routes import FEED_ROUTES
from minidask_distributed.dashboard.feeds.desk import FeedDesk
from minidask_distributed.dashboard.layout import Page, Plot
from minidask_distributed.dashboard.page_routes import PAGE_ROUTES, Assets
from minidask_distributed.dashboard.routes import Missing, log_request

T = TypeVar("T")

logger = logging.getLogger(__name__)

MAX_HEADER_BYTES = 32 * 1024
"""Cookies of other servers of the same host come along, and a hub may have many; nobody needs more."""

MAX_BODY_BYTES = 4096  # requests that only look have none

PING_S = 20.0
"""A browser that vanished without a word is noticed by a ping that isn't answered."""

END_S = 1.0  # that connections have to end in good order

ASSETS = Path(__file__).parent / "assets"


class Application:
    """What answers the requests of one dashboard.

    Parameters
    ----------
    server
        The `Scheduler` or `Worker`, or a `recording.Playback`.
    role
        "scheduler" or "worker".
    parts
        The module of that role's pages, plots, feeds and routes.
    sockets
        Bound, listening, and owned by this from now on.
    token
        For viewing.
    prefix
        "" or as ``"/minidask"``.
    hosts, own_hosts, frame_ancestors
        See `access`.
    tls
        To listen with; None: plain HTTP.
    peers_tls
        To reach the pages of workers with, where they have TLS.
    """

    def __init__(
        self,
        server: Any,
        role: str,
        parts: Any,
        *,
        sockets: Sequence[socket.socket],
        token: str,
        prefix: str,
        hosts: Sequence[str],
        own_hosts: Sequence[str],
        frame_ancestors: str,
        tls: ssl.SSLContext | None,
        peers_tls: ssl.SSLContext | None,
    ) -> None:
        self.server, self.role, self.prefix = server, role, prefix
        self.token, self.peers_tls = token, peers_tls
        port = str(sockets[0].getsockname()[1])
        self.access = Access(token, port, hosts, tls is not None, own_hosts)
        self.headers = security_headers(frame_ancestors)
        self.pages: tuple[Page, ...] = tuple(parts.PAGES)
        self.individual: dict[str, Plot] = {plot.name: plot for plot in parts.INDIVIDUAL_PLOTS}
        self.plots = {part.name: part for page in self.pages for part in page.parts() if isinstance(part, Plot)}
        self.plots |= self.individual
        recorder = getattr(server, "recorder", None)
        self.desk = FeedDesk(
            server,
            parts.FEEDS,
            on_first=lambda: None if recorder is None else recorder.attach(self.desk.catch_up),
            on_last=lambda: None if recorder is None else recorder.detach(self.desk.catch_up),
            clock=getattr(server, "frame_clock", time.time),
        )
        data = DATA_ROUTES if getattr(parts, "with_data", True) else [("health", Health)]
        self.open_sockets: set[Any] = set()  # websockets, ours and those of the proxy
        self.background: set[asyncio.Task[Any]] = set()
        self._http = HTTPServer(
            Routes(
                self._routes([*data, *FEED_ROUTES, *parts.ROUTES, *PAGE_ROUTES]),
                default_handler_class=Missing,
                default_handler_args={"application_": self},
                log_function=log_request,
                websocket_ping_interval=PING_S,
                websocket_max_message_size=4096,
                compress_response=False,
            ),
            ssl_options=tls,
            max_header_size=MAX_HEADER_BYTES,
            max_body_size=MAX_BODY_BYTES,
            idle_connection_timeout=60,
        )
        self._http.add_sockets(sockets)

    def _routes(self, routes: Sequence[tuple[str, Any]]) -> list[Rule]:
        rules: list[Rule] = [URLSpec(self.prefix + "/" + path, cls, {"application_": self}) for path, cls in routes]
        for path, folder in (("static/bokeh/(.*)", figures.bokeh_scripts()), ("static/(.*)", ASSETS)):
            rules.append(URLSpec(f"{self.prefix}/{path}", Assets, {"application_": self, "folder": folder}))
        return rules

    @property
    def title(self) -> str:
        """What the pages are about."""
        name = str(self.server.name)
        return "minidask" if self.role == "scheduler" else f"worker {name}"

    def in_background(self, work: Any) -> asyncio.Task[Any]:
        """Run a coroutine that the end of this cancels."""
        task = asyncio.ensure_future(work)
        self.background.add(task)
        task.add_done_callback(self.background.discard)
        return task

    async def during(self, work: Coroutine[Any, Any, T]) -> T:
        """Await something that may take long; the end of this ends it.

        Raises
        ------
        HTTPError
            503, if the server closes meanwhile.
        Whatever ``work`` raises.
        """
        task = self.in_background(work)
        await asyncio.wait([task])
        if task.cancelled():
            raise HTTPError(503, "the server closes")
        return cast("T", task.result())

    async def close(self) -> None:
        """Stop listening, and end all connections."""
        self._http.stop()
        self.desk.close()
        for task in list(self.background):
            task.cancel()
        if self.background:
            await asyncio.wait(list(self.background), timeout=END_S)
        ending = [asyncio.ensure_future(handler.end()) for handler in list(self.open_sockets)]
        if ending:
            await asyncio.wait(ending, timeout=END_S)
        for handler in list(self.open_sockets):
            handler.abort()
        for end in ending:
            end.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
        await self._http.close_all_connections()

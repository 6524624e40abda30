"""Pages of workers through the scheduler's server: ``proxy/<port>/<host>/<path>``, HTTP and websockets.

Place in the flow: routes of the scheduler's `application`; browsers that reach the scheduler alone see the pages of its workers.

Invariants: only what a worker of this cluster announced as its dashboard is asked, with the view token, and never another host or
port; cookies and other headers of the browser aren't passed on; a body and its time are bounded.
"""

from __future__ import annotations

import contextlib
from typing import Any

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest, HTTPResponse
from tornado.iostream import StreamClosedError
from tornado.simple_httpclient import SimpleAsyncHTTPClient
from tornado.web import HTTPError
from tornado.websocket import WebSocketClientConnection, WebSocketClosedError, WebSocketHandler, websocket_connect

from minidask_distributed.dashboard import paths
from minidask_distributed.dashboard.access import METHODS
from minidask_distributed.dashboard.socket_routes import Socket

ANSWER_S = 20.0

MAX_BYTES = 32 << 20  # of an answer; BokehJS has one, and pages come nowhere near

_PASSED_ON = ("Content-Type", "Content-Disposition", "Etag", "Last-Modified", "Cache-Control", "Location", "Allow")


class Proxy(Socket):
    """A page of a worker."""

    peer: WebSocketClientConnection | None = None

    async def get(self, *args: str, **kwargs: Any) -> None:
        """Answer with what the worker answers, or join two websockets."""
        self._url = self._target(*args)
        if self.request.headers.get("Upgrade", "").lower() == "websocket":
            await WebSocketHandler.get(self)
        else:
            await self._fetch()

    async def head(self, *args: str) -> None:
        """Answer with the worker's headers."""
        self._url = self._target(*args)
        await self._fetch()

    def _target(self, port: str, host: str, path: str) -> str:
        """Return the address of a worker's page.

        Raises
        ------
        HTTPError
            404, if no worker has its pages there.
        """
        for worker in self.application_.server.workers.values():
            if paths.own_pages(worker) == (host, int(port)):
                place = worker.info["places"]["dashboard"]
                scheme = "https" if place.get("scheme") == "https" else "http"
                where = f"[{host}]" if ":" in host else host
                # The path as it came: what was quoted stays so.
                raw = self.place.split("/", 3)[3] if self.place.count("/") >= 3 else ""
                query = "?" + self.request.query if self.request.query else ""
                return f"{scheme}://{where}:{port}{place.get('prefix') or ''}/{raw}{query}"
        raise HTTPError(404, "no worker of this cluster has its pages there")

    def _request(self, url: str, **more: Any) -> HTTPRequest:
        headers = {"Authorization": f"Bearer {self.application_.token}", "X-Minidask-Proxy": "1"}
        for name in ("Accept", "If-None-Match", "If-Modified-Since"):
            if name in self.request.headers:
                headers[name] = self.request.headers[name]
        return HTTPRequest(
            url,
            headers=headers,
            follow_redirects=False,
            connect_timeout=5,
            request_timeout=ANSWER_S,
            ssl_options=self.application_.peers_tls,
            **more,
        )

    async def _fetch(self) -> None:
        assert self.request.method in METHODS
        client = _OneRequest(force_instance=True, max_body_size=MAX_BYTES)
        try:
            request = self._request(self._url, method=self.request.method)
            answer = await self.application_.during(_fetched(client, request))
        except (OSError, HTTPClientError) as error:
            raise HTTPError(502, f"the worker's pages can't be reached: {error}") from None
        finally:
            client.close()
        if answer.code == 599:
            raise HTTPError(502, f"the worker's pages can't be reached: {answer.error}")
        self.set_status(answer.code)
        for name in _PASSED_ON:
            if name in answer.headers:
                self.set_header(name, answer.headers[name])
        # Without a type a browser would guess one.
        if "Content-Type" not in answer.headers:
            self.clear_header("Content-Type")
        self.finish(answer.body or None) if answer.code != 304 else self.finish()

    def open(self, *args: str, **kwargs: str) -> None:
        """Join this websocket and the worker's."""
        super().open()
        self.application_.in_background(self._join())

    async def _join(self) -> None:
        try:
            self.peer = await websocket_connect(self._request(f"ws{self._url[4:]}"), max_message_size=MAX_BYTES)
            while (message := await self.peer.read_message()) is not None:
                await self.write_message(message, binary=isinstance(message, bytes))
        except (OSError, HTTPClientError, WebSocketClosedError, StreamClosedError):
            # Either side is gone: so is the other one then.
            pass
        finally:
            self._part()
            with contextlib.suppress(WebSocketClosedError):
                self.close()

    def on_message(self, message: str | bytes) -> None:
        """Ignore what a page says: feeds need nothing from it."""

    def on_close(self) -> None:
        """Part from the worker."""
        super().on_close()
        self._part()

    def _part(self) -> None:
        peer, self.peer = self.peer, None
        if peer is not None:
            peer.close()


class _OneRequest(SimpleAsyncHTTPClient):
    """A client whose connection ends with it, also when its request is given up."""

    connection: Any = None

    def _connection_class(self) -> Any:
        def connect(*args: Any) -> Any:
            self.connection = make(*args)
            return self.connection

        make = super()._connection_class()
        return connect

    def close(self) -> None:
        """End the connection."""
        stream = getattr(self.connection, "stream", None)
        if stream is not None:
            stream.close()
        super().close()


async def _fetched(client: AsyncHTTPClient, request: HTTPRequest) -> HTTPResponse:
    return await client.fetch(request, raise_error=False)


PROXY_ROUTES = [(r"proxy/(\d{1,5})/([^/]+)/(.*)", Proxy)]

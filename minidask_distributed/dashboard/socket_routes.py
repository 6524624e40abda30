"""What the dashboard's websockets have in common: access before the upgrade, and an end that the application can bring about.

Place in the flow: `feed_routes` and `proxy_routes` derive from `Socket`.

Invariants: the application knows every open websocket; `end` asks a browser to close, `abort` doesn't ask.
"""

from __future__ import annotations

import asyncio
from typing import Any

from tornado.web import HTTPError
from tornado.websocket import WebSocketHandler

from minidask_distributed.dashboard.routes import Look


class Socket(Look, WebSocketHandler):
    """A websocket of the dashboard."""

    closed: asyncio.Event

    def check_origin(self, origin: str) -> bool:
        """Nothing: `access` has judged the Origin before the upgrade."""
        return True

    def head(self, *args: str) -> Any:
        """Refuse: a websocket begins by GET."""
        raise HTTPError(405, "a websocket begins by GET")

    def open(self, *args: str, **kwargs: str) -> None:
        """Be known."""
        self.closed = asyncio.Event()
        self.application_.open_sockets.add(self)

    def on_close(self) -> None:
        """Be known no more."""
        self.application_.open_sockets.discard(self)
        if hasattr(self, "closed"):
            self.closed.set()

    async def end(self) -> None:
        """Close in good order."""
        self.close(1001, "the server closes")
        await self.closed.wait()

    def abort(self) -> None:
        """Close without asking."""
        stream = None if self.ws_connection is None else self.ws_connection.stream
        if stream is not None:
            stream.close()
        self.application_.open_sockets.discard(self)

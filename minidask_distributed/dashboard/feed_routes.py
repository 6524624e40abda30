"""The feeds by websocket and by polling.

Place in the flow: pages open ``feeds/ws?feeds=a,b``, or where that is blocked ask ``feeds/poll?feeds=a,b&since=12`` now and then;
frames come from the `FeedDesk`.

Invariants: what a reader sends is ignored and bounded; one that doesn't take its frames holds one frame and no more.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from tornado.iostream import StreamClosedError
from tornado.web import HTTPError
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from minidask_distributed.dashboard.feeds.desk import Reader
from minidask_distributed.dashboard.routes import Look
from minidask_distributed.dashboard.socket_routes import Socket

GOING_AWAY = 1001  # RFC 6455, section 7.4.1


class Poll(Look):
    """A frame for one who asks now and then."""

    def get(self, *args: str) -> None:
        """Answer with what is new since a frame, or with all."""
        since = self.get_query_argument("since", "")
        if since and not (since.isdecimal() and len(since) < 20):
            raise HTTPError(400, "since is the seq of a frame, a whole number")
        try:
            frame = self.application_.desk.poll(named(self), int(since) if since else None)
        except KeyError as error:
            raise HTTPError(404, str(error.args[0])) from None
        except RuntimeError as error:
            raise HTTPError(503, str(error)) from None
        self.send_json(frame)


class Stream(Socket):
    """A websocket that gets frames."""

    reader: Reader | None = None

    async def get(self, *args: Any, **kwargs: Any) -> None:
        """Begin, if there are such feeds."""
        try:
            self._names = self.application_.desk.check(named(self))
        except KeyError as error:
            raise HTTPError(404, str(error.args[0])) from None
        await WebSocketHandler.get(self, *args, **kwargs)

    def open(self, *args: str, **kwargs: str) -> None:
        """Read from now on."""
        super().open()
        self.set_nodelay(True)
        self.reader = Reader(self._names, self._send)
        try:
            self.application_.desk.add(self.reader)
        except RuntimeError as error:
            self.close(GOING_AWAY, str(error))

    def _send(self, frame: str) -> Awaitable[None]:
        # Written now: a busy loop would begin a coroutine a round later.
        try:
            written = self.write_message(frame)
        except WebSocketClosedError:
            return self._sent(None)
        # A reader that is removed before the loop comes to `_sent` leaves its end to nobody.
        written.add_done_callback(lambda done: done.cancelled() or done.exception())
        return self._sent(written)

    async def _sent(self, written: Awaitable[None] | None) -> None:
        try:
            if written is not None:
                await written
                return
        except (WebSocketClosedError, StreamClosedError):
            pass  # as when it was closed before
        self.stop_reading()

    def stop_reading(self) -> None:
        """Get nothing more."""
        reader, self.reader = self.reader, None
        if reader is not None:
            self.application_.desk.remove(reader)

    def on_message(self, message: str | bytes) -> None:
        """Ignore what a page says."""

    def on_close(self) -> None:
        """Stop."""
        self.stop_reading()
        super().on_close()


def named(handler: Look) -> list[str]:
    """Return the names in the parameter ``feeds``, which are separated by commas."""
    return handler.get_query_argument("feeds", "").split(",")


FEED_ROUTES = [("feeds/ws", Stream), ("feeds/poll", Poll)]

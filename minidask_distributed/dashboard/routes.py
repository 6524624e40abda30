"""What all routes have in common: access, headers, errors as pages.

Place in the flow: every handler of the dashboard derives from `Look`; `application` has the list of routes.

Invariants: nothing of a request is looked at before `access` has said yes; every answer has the headers of `access`; HEAD is GET
without its content. Not for: what is shown.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from tornado.httputil import HTTPServerRequest
from tornado.web import HTTPError, RequestHandler

from minidask_distributed.dashboard.access import Request
from minidask_distributed.dashboard.markup import bare_document, tag

if TYPE_CHECKING:
    from minidask_distributed.dashboard.application import Application

logger = logging.getLogger(__name__)

GET_THE_LINK = (
    "The address with the token is client.dashboard_link (or cluster.dashboard_link) in Python; minidask-scheduler writes it to "
    "its terminal. Programs send the token as the header Authorization: Bearer."
)


class Look(RequestHandler):
    """A request that only looks."""

    application_: Application

    def initialize(self, application_: Application, **more: Any) -> None:
        """Take the application; tornado calls this for each request."""
        self.application_ = application_

    def set_default_headers(self) -> None:
        """Say nothing of what this runs on."""
        self.clear_header("Server")

    @property
    def place(self) -> str:
        """The path without the prefix and the slash."""
        return self.request.path[len(self.settings_prefix) + 1 :]

    @property
    def settings_prefix(self) -> str:
        """The prefix of all paths."""
        return self.application_.prefix

    @property
    def home(self) -> str:
        """The way to the cluster's pages from the pages of a worker that are seen through them; "" otherwise."""
        through = self.request.headers.get("X-Minidask-Proxy") is not None and self.application_.role == "worker"
        return "../" * (3 + self.place.count("/")) + "workers" if through else ""

    def prepare(self) -> None:
        """Ask whether this may be."""
        for name, value in self.application_.headers.items():
            self.set_header(name, value)
        if self.request.path.startswith(self.settings_prefix + "/"):
            path = self.place
        else:
            path = "outside"
        verdict = self.application_.access.judge(as_request(self.request, path))
        if verdict.status == 302:
            if verdict.cookie:
                self.set_header("Set-Cookie", verdict.cookie)
            self.redirect(verdict.location, status=302)
        elif verdict.status != 200:
            raise HTTPError(verdict.status, reason=None, log_message=verdict.why)

    def head(self, *args: str) -> Any:
        """Answer as for GET; tornado leaves the content out."""
        return self.get(*args)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer with a page that says what was wrong."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        # tornado doubles percent signs of messages without arguments.
        why = error.log_message % error.args if isinstance(error, HTTPError) and error.log_message else ""
        for name, value in self.application_.headers.items():
            self.set_header(name, value)
        if status_code == 405:
            self.set_header("Allow", "GET, HEAD")
        if status_code >= 500 and not why:
            why = "something failed here: the server's log says more"
        if self.wants_text:
            self.set_header("Content-Type", "text/plain; charset=utf-8")
            self.finish(f"{status_code}: {why}\n")
            return
        parts = [tag("h1", f"{status_code} {self._reason}"), tag("p", why)]
        if status_code == 403 and "token" in why:
            parts.append(tag("p", GET_THE_LINK))
        self.send_page(bare_document(f"{status_code} · minidask", parts))

    @property
    def wants_text(self) -> bool:
        """Whether the one who asks is a program rather than a browser's window."""
        return "text/html" not in self.request.headers.get("Accept", "")

    def log_exception(self, typ: Any, value: BaseException | None, tb: Any) -> None:
        """Log defects of ours; refusals are nobody's error."""
        if not isinstance(value, HTTPError) and not isinstance(value, asyncio.CancelledError):
            logger.error("the dashboard failed at %s", self.request.path, exc_info=value)

    def send_json(self, text: str | bytes) -> None:
        """Answer with JSON."""
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.finish(text)

    def send_page(self, text: str) -> None:
        """Answer with HTML."""
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.finish(text)


class Missing(Look):
    """What isn't there."""

    def get(self, *args: str) -> None:
        """Answer 404, or lead to the prefix."""
        if self.request.path == self.settings_prefix and self.settings_prefix:
            self.redirect(self.settings_prefix.rpartition("/")[2] + "/")
            return
        raise HTTPError(404, "there is no page of this address")


def as_request(request: HTTPServerRequest, path: str) -> Request:
    """Return what decides about a request of tornado's."""
    headers = request.headers
    return Request(
        method=request.method or "",
        path=path,
        query=request.query,
        host=headers.get("Host", ""),
        origin=headers.get("Origin", headers.get("Sec-Websocket-Origin")),
        cookie=headers.get("Cookie"),
        authorization=headers.get("Authorization"),
        is_websocket=headers.get("Upgrade", "").lower() == "websocket",
    )


def log_request(handler: RequestHandler) -> None:
    """Log a request for those who look for errors; queries may hold the token and are left out."""
    logger.debug("%s %s: %d", handler.request.method, handler.request.path, handler.get_status())

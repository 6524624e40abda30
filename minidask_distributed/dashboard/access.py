"""Who may look: the verdict on a request, by its method, Host, Origin, token and cookie.

Place in the flow: `application` asks before anything of a request is looked at; websockets and the proxy likewise.

The token for viewing is derived from the cluster's by HMAC, so that it authorises no call to the cluster. A browser brings it
once in the URL, gets a cookie for it and is sent to the URL without it; programs send ``Authorization: Bearer``. Cookies are for
the dashboard's folder alone, which behind a proxy only the browser knows: it takes that of the page that sets the cookie. So who
asks for a page in a folder of ours is sent to `ENTRANCE` at the top, and on from there. The Host must be
one that this server is known by, against DNS rebinding; who opens a websocket must come from a page of this server, which cookies
alone don't show.

Invariants: pure; secrets are compared in constant time; the cookie holds a text derived from the token, not the token.

Not for: encryption (`service` listens with TLS where the cluster has certificates).
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

from minidask_distributed.comm.interfaces import is_loopback
from minidask_distributed.security.token import derived_token

METHODS = ("GET", "HEAD")

# Without credentials: what load balancers ask, the names of the plots, which JupyterLab's extension asks for, and what the page
# needs that says why somebody isn't let in.
_OPEN = frozenset({"health", "individual-plots.json", "static/icon.svg", "static/style.css"})


ENTRANCE = "enter"
"""Where the cookie is set for pages in folders."""


@dataclass(frozen=True, slots=True)
class Request:
    """What decides about a request.

    Parameters
    ----------
    method, path, query, host
        Of the request line and the Host header; the path without the prefix and without a slash in front.
    origin, cookie, authorization
        The headers; None where they are missing.
    is_websocket
        Whether it asks for one.
    """

    method: str
    path: str
    query: str = ""
    host: str = ""
    origin: str | None = None
    cookie: str | None = None
    authorization: str | None = None
    is_websocket: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a request: 200 is to be served; 302 leads to ``location``, with a ``cookie`` or ""; others say why."""

    status: int
    why: str = ""
    location: str = ""
    cookie: str = ""


ALLOWED = Verdict(200)


class Access:
    """The rules of one server.

    Parameters
    ----------
    token
        The one for viewing (`view_token`); None: everybody who reaches the server may look.
    name
        Distinguishes the cookies of servers of one host, which cookies don't by the port.
    hosts
        That were allowed: the server is known by them, besides loopback, and their pages may open websockets, as behind a proxy
        that hides its name. Names or numbers without ports; ``"*"`` allows all.
    secure
        Whether the cookie may travel by TLS alone.
    own
        Names by which the server is known, too. Pages of other ports there are strangers: cookies alone don't tell them apart.

    Examples
    --------
    >>> access = Access(view_token("0" * 64), "8787", [], False)
    >>> access.judge(Request("GET", "status", host="localhost:8787")).status
    403
    >>> verdict = access.judge(Request("GET", "status", f"a=1&token={view_token('0' * 64)}", "localhost:8787"))
    >>> verdict.status, verdict.location
    (302, './status?a=1')
    """

    def __init__(
        self,
        token: str | None,
        name: str,
        hosts: Collection[str],
        secure: bool,
        own: Collection[str] = (),
    ) -> None:
        self.token = token
        self._hosts = frozenset(host.lower().strip("[]") for host in hosts)
        self._own = frozenset(host.lower().strip("[]") for host in own)
        self._secure = secure
        self._cookie_name = f"minidask-view-{name}"
        self._cookie_value = "" if token is None else derived_token(token, "cookie")

    def judge(self, request: Request) -> Verdict:
        """Return what becomes of a request."""
        if request.method not in METHODS:
            return Verdict(405, f"{request.method} isn't possible here: these pages only show")
        if not self.is_known(request.host):
            return Verdict(
                403,
                f"this server isn't known as {request.host!r}: add the name to the setting distributed.dashboard.allowed-hosts",
            )
        if request.is_websocket and not self._is_own_page(request):
            return Verdict(403, f"a page of {request.origin!r} may not read from here")
        if self.token is None or request.path in _OPEN:
            return ALLOWED
        return self._judge_token(request, self.token)

    def _judge_token(self, request: Request, token: str) -> Verdict:
        if request.authorization is not None:
            scheme, _, given = request.authorization.strip().partition(" ")
            right = scheme.lower() == "bearer" and _same(given.strip(), token)
            return ALLOWED if right else Verdict(403, "the token in the Authorization header is wrong")
        pairs = parse_qsl(request.query, keep_blank_values=True)
        if request.path == ENTRANCE:
            fields = dict(pairs)
            page = fields.get("page", "")
            if _same(fields.get("pass", ""), self._pass(page)):
                return Verdict(302, location=f"./{page}", cookie=self.cookie())
            return Verdict(403, "these pages need the token of the cluster")
        given_tokens = [value for name, value in pairs if name == "token"]
        if given_tokens:
            if not _same(given_tokens[-1], token):
                return Verdict(403, "the token in the address is wrong")
            if request.is_websocket:
                return ALLOWED
            rest = urlencode([(name, value) for name, value in pairs if name != "token"])
            page = request.path + (f"?{rest}" if rest else "")
            # Relative, for behind a proxy the path that the browser knows is another one.
            if depth := request.path.count("/"):
                way = urlencode({"page": page, "pass": self._pass(page)})
                return Verdict(302, location=f"{'../' * depth}{ENTRANCE}?{way}")
            return Verdict(302, location=f"./{page}", cookie=self.cookie())
        if self._has_cookie(request.cookie):
            return ALLOWED
        return Verdict(403, "these pages need the token of the cluster")

    def cookie(self) -> str:
        """Return the Set-Cookie header that the token earns, for the folder of the page that it comes with."""
        secure = "; Secure" if self._secure else ""
        return f"{self._cookie_name}={self._cookie_value}; HttpOnly; SameSite=Lax{secure}"

    def _pass(self, page: str) -> str:
        """What shows at the entrance that the way to a page was told by this server, to one who had the token."""
        return "" if self.token is None else derived_token(self.token, f"enter {page}")

    def _has_cookie(self, header: str | None) -> bool:
        # By hand: other servers of the same host set cookies that the standard library gives up at.
        pairs = (part.partition("=") for part in (header or "").split(";"))
        return any(
            name.strip() == self._cookie_name and _same(value.strip(), self._cookie_value) for name, _, value in pairs
        )

    def is_known(self, host: str) -> bool:
        """Say whether a Host header names this server."""
        name = host_of(host)
        return name is not None and (
            "*" in self._hosts or is_loopback(name) or name in self._hosts or name in self._own
        )

    def _is_own_page(self, request: Request) -> bool:
        """Say whether the page that opens a websocket is of this server; programs that are no browsers send no Origin."""
        if request.origin is None:
            return True
        try:
            origin = urlsplit(request.origin)
        except ValueError:
            return False
        if origin.scheme not in ("http", "https"):
            return False
        name = host_of(origin.netloc)
        if name is None:
            return False
        return origin.netloc.lower() == request.host.lower() or "*" in self._hosts or name in self._hosts


def view_token(token: str) -> str:
    """Return the token for viewing that belongs to a cluster's token."""
    return derived_token(token, "view")


def host_of(host: str) -> str | None:
    """Return a Host header without its port, in lower case; None if it is no host.

    Examples
    --------
    >>> host_of("LocalHost:8787"), host_of("[::1]:8787"), host_of("evil.example/x"), host_of("")
    ('localhost', '::1', None, None)
    """
    host = host.strip().lower()
    if not host or any(sign in host for sign in "/\\@?# \t"):
        return None
    if host.startswith("["):
        name, bracket, rest = host[1:].partition("]")
        return name if bracket and (not rest or _is_port(rest)) else None
    name, colon, port = host.partition(":")
    return name if name and (not colon or _is_port(":" + port)) else None


def _is_port(text: str) -> bool:
    return text.startswith(":") and text[1:].isdecimal() and text.isascii()


def _same(given: str, secret: str) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), secret.encode())


def security_headers(frame_ancestors: str) -> Mapping[str, str]:
    """Return the headers that every answer has.

    Parameters
    ----------
    frame_ancestors
        Pages that may show these in a frame, as the Content-Security-Policy writes it.
    """
    # BokehJS writes style elements and attributes, and draws to canvases; it needs no eval as long as no page has CustomJS.
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        f"frame-ancestors {frame_ancestors}"
    )
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
    }

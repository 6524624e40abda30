"""`Dashboard`: the service that a scheduler or worker runs to be looked at, as long as nobody looks: a bound socket.

Place in the flow: `deploy`, the command lines and a nanny's child make one and give it to their server, which starts and closes
it with its own life. With the first connection `application` is imported, on a thread, and takes over the sockets.

Where it listens: ``":8787"`` and ``"8787"`` mean loopback; other machines can reach it only where a host is named, as in
``"0.0.0.0:8787"``. Port 8787 may be another one if it is taken and nobody insisted on it.

Invariants: starting binds and does nothing else; after `close` no socket, task or reader is left. Not for: answering requests
(`application`), or who may look (`access`).
"""

from __future__ import annotations

import asyncio
import errno
import importlib
import logging
import os
import socket
import ssl
from typing import Any

from minidask_distributed import settings
from minidask_distributed.comm.interfaces import is_loopback, is_wildcard
from minidask_distributed.security import Security

logger = logging.getLogger(__name__)

DEFAULT_PORT = 8787

LOOPBACK = "127.0.0.1"


class Dashboard:
    """Pages of a scheduler or worker.

    Parameters
    ----------
    address
        Where to listen: ``":8787"`` (loopback), ``"0.0.0.0:8787"``, ``"[::1]:0"``, a port alone; port 0 is any free one.
    prefix
        A path that all URLs begin with, as ``"/minidask"``. Default: the setting ``distributed.dashboard.prefix``.
    security
        The cluster's credentials: where they have certificates the pages come by https, and the token for viewing is derived from
        theirs. Default: the server's.
    strict
        Whether a taken port is an error; otherwise any free one does instead. Default: unless the address is ``":8787"``.

    Raises
    ------
    TypeError, ValueError
        For an address or a prefix that is none.

    Examples
    --------
    >>> Dashboard("127.0.0.1:0", "minidask")
    <Dashboard on 127.0.0.1:0/minidask, not started>
    """

    name = "dashboard"

    def __init__(
        self,
        address: str | int = f":{DEFAULT_PORT}",
        prefix: str | None = None,
        security: Security | None = None,
        strict: bool | None = None,
    ) -> None:
        self.host, self.port = parse_listen_address(address)
        self.prefix = parse_prefix(settings.get("dashboard.prefix", prefix))
        self.server: Any = None
        self._strict = str(address) != f":{DEFAULT_PORT}" if strict is None else strict
        self._security = security
        self._allowed_hosts = settings.texts("dashboard.allowed-hosts")
        self._frame_ancestors = settings.texts("dashboard.frame-ancestors")
        self._sockets: list[socket.socket] = []
        self._opening: asyncio.Task[None] | None = None
        self._application: Any = None  # an `application.Application`, once somebody has looked
        self._tls: ssl.SSLContext | None = None
        self._closed = False

    # ------------------------------------------------------------ what it is

    @property
    def security(self) -> Security:
        """The credentials."""
        if self._security is None:
            self._security = getattr(self.server, "security", None) or Security()
        return self._security

    @property
    def scheme(self) -> str:
        """ "https" where the cluster has certificates for the server's role, otherwise "http"."""
        return "http" if self._tls is None else "https"

    @property
    def address(self) -> str:
        """Where it listens, as ``http://127.0.0.1:8787/``."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.prefix}/"

    def view_token(self) -> str:
        """Return the token for viewing.

        Raises
        ------
        OSError, ValueError
            If the user's token is needed and can't be found or made.
        """
        return self.security.view_token()

    def describe(self) -> dict[str, Any]:
        """Return where it is: ``scheme, host`` ("" where it listens on all), ``port, prefix``."""
        host = "" if is_wildcard(self.host) else self.host
        return {"scheme": self.scheme, "host": host, "port": self.port, "prefix": self.prefix}

    def __repr__(self) -> str:
        state = "closed" if self._closed else "listening" if self._sockets else "not started"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"<Dashboard on {host}:{self.port}{self.prefix}, {state}>"

    # ------------------------------------------------------------ life

    async def start(self, server: Any) -> None:
        """Listen.

        Parameters
        ----------
        server
            The `Scheduler` or `Worker` that the pages are about.

        Raises
        ------
        OSError
            If the address can't be listened on.
        ValueError
            If the certificates can't be used.
        RuntimeError
            If it was started before.
        """
        if self.server is not None:
            raise RuntimeError("a dashboard can be started once")
        self.server = server
        self._tls = self.security.web_context(self.role)
        self._sockets = self._bind()
        self.port = self._sockets[0].getsockname()[1]
        if not is_loopback(self.host) and self._tls is None:
            logger.warning(
                "the dashboard on %s can be reached from other machines, and isn't encrypted: who listens on the way sees its "
                "token and all that it shows",
                self.address,
            )
        loop = asyncio.get_running_loop()
        for sock in self._sockets:
            loop.add_reader(sock.fileno(), self._knock)
        logger.info("dashboard: %s", self.address)

    @property
    def role(self) -> str:
        """ "scheduler" or "worker": what the server is."""
        return "worker" if hasattr(self.server, "engine") else "scheduler"

    def _bind(self) -> list[socket.socket]:
        try:
            return [_listening(self.host, self.port)]
        except OSError as error:
            taken = error.errno in (errno.EADDRINUSE, errno.EACCES)
            if taken and not self._strict and self.port:
                logger.info("port %d is in use: the dashboard listens on another one", self.port)
                return [_listening(self.host, 0)]
            raise OSError(
                error.errno, f"the dashboard can't listen on {self.host}:{self.port}: {os.strerror(error.errno or 0)}"
            ) from None

    def _knock(self) -> None:
        """Somebody connects for the first time."""
        self._stop_waiting()
        self._opening = asyncio.ensure_future(self._open())

    def _stop_waiting(self) -> None:
        loop = asyncio.get_running_loop()
        for sock in self._sockets:
            if sock.fileno() >= 0:
                loop.remove_reader(sock.fileno())

    async def _open(self) -> None:
        """Import what answers, and let it; connections wait in the system's queue meanwhile."""
        try:
            # By name: it needs tornado, which most processes never do.
            module, parts = await asyncio.to_thread(_import, "application", f"{self.role}_parts")
            # A recording has pages of its own.
            parts = getattr(self.server, "dashboard_parts", parts)
            token = await asyncio.to_thread(self.view_token)
            self._application = module.Application(
                self.server,
                self.role,
                parts,
                sockets=self._sockets,
                token=token,
                prefix=self.prefix,
                hosts=self._allowed_hosts,
                own_hosts=self._own_hosts(),
                frame_ancestors=" ".join(self._frame_ancestors),
                tls=self._tls,
                peers_tls=self._peers_tls(),
            )
        except Exception:
            # Nobody is at the other end of this task: the log is where it is looked for.
            logger.exception("the dashboard can't start, and closes")
            for sock in self._sockets:
                sock.close()

    def _own_hosts(self) -> list[str]:
        """By which names the server may be asked for: where it listens."""
        if is_wildcard(self.host):
            # Told to listen everywhere: by its numbers and its names it is known.
            return [socket.gethostname(), *_own_addresses()]
        return [self.host]

    def _peers_tls(self) -> ssl.SSLContext | None:
        return None if self._tls is None else self.security.ssl_context(self.role, listens=False)

    async def close(self) -> None:
        """Stop listening and end what is open."""
        if self._closed:
            return
        self._closed = True
        self._stop_waiting()
        if self._opening is not None:
            # An import can't be given up; it is over soon.
            await asyncio.wait([self._opening])
        if self._application is not None:
            await self._application.close()
        for sock in self._sockets:
            sock.close()


def _import(*names: str) -> list[Any]:
    """Import modules of this package, by name: they need tornado, which most processes never do."""
    return [importlib.import_module(f"minidask_distributed.dashboard.{name}") for name in names]


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    [(family, kind, protocol, _, place), *_] = socket.getaddrinfo(
        host, port, family if ":" in host else socket.AF_UNSPEC, socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setblocking(False)
        sock.bind(place)
        sock.listen(128)
    except BaseException:
        sock.close()
        raise
    return sock


def _own_addresses() -> list[str]:
    import psutil

    inet = (socket.AF_INET, socket.AF_INET6)
    entries = [entry for found in psutil.net_if_addrs().values() for entry in found if entry.family in inet]
    return [entry.address.partition("%")[0] for entry in entries]


def parse_listen_address(address: str | int) -> tuple[str, int]:
    """Return host and port of an address to listen on.

    Parameters
    ----------
    address
        ``":8787"``, ``"8787"``, ``8787`` (all on loopback), ``"host:8787"``, ``"host"`` (any free port), ``"[::1]:8787"``,
        with or without ``http://`` in front.

    Raises
    ------
    TypeError
        If it is neither text nor number.
    ValueError
        If it is no address.

    Examples
    --------
    >>> parse_listen_address(":8787"), parse_listen_address("0.0.0.0:0"), parse_listen_address("[::1]:80")
    (('127.0.0.1', 8787), ('0.0.0.0', 0), ('::1', 80))
    """
    if isinstance(address, bool) or not isinstance(address, str | int):
        raise TypeError(
            f"dashboard_address must be a text as ':8787' or 'host:8787', or None for no dashboard, got {address!r:.80}"
        )
    text = str(address).strip().removeprefix("http://").removeprefix("https://").rstrip("/")
    if text.isdecimal():
        text = f":{text}"
    host, colon, port = text.rpartition(":")
    if not colon or port.endswith("]"):
        host, port = text, "0"
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError(f"dashboard_address {address!r:.80}: write an IPv6 host in brackets, as '[::1]:8787'")
    if not port.isdecimal() or int(port) > 65535 or any(sign in host for sign in " /?#@"):
        raise ValueError(
            f"dashboard_address must be as ':8787' or 'host:8787', with a port up to 65535, got {address!r:.80}"
        )
    return host or LOOPBACK, int(port)


def parse_prefix(prefix: str | None) -> str:
    """Return a path that URLs begin with: "" or as ``"/minidask"``.

    Raises
    ------
    ValueError
        If it holds what a path can't.

    Examples
    --------
    >>> parse_prefix(None), parse_prefix("/minidask/"), parse_prefix("a/b")
    ('', '/minidask', '/a/b')
    """
    path = (prefix or "").strip("/")
    if any(not (sign.isalnum() or sign in "-._~/") or not sign.isascii() for sign in path) or ".." in path.split("/"):
        raise ValueError(
            f"a dashboard's prefix is a path as '/minidask', of letters, digits and -._~, got {prefix!r:.80}"
        )
    return f"/{path}" if path else ""

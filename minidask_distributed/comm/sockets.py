"""Sockets the way this package wants them: options, name look-ups, binding, waiting on an event loop, parting.

Place in the flow: `tcp` makes its sockets here, `greeting` and `tls` wait for them with the functions at the end.

Invariants: every socket that a function makes is returned or closed. Sockets are non-blocking while a loop has them;
they aren't inherited by child processes.

Not for: what is said over a socket.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
import ssl
import sys
import time
from typing import Any

from minidask_distributed.comm.address import unparse_host_port

Target = tuple[socket.AddressFamily, tuple[Any, ...]]

LINGER_S = 1.0  # for last words to arrive before the connection is reset
LINGER_BYTES = 256 * 1024

PROBES = 5  # unanswered keep-alive probes after which a connection counts as dead


def tune(sock: socket.socket, silence_timeout_s: float) -> None:
    """Set the options of a connection: no waiting for more bytes, and an end for peers that vanish without a word.

    Parameters
    ----------
    sock
        A TCP socket, connected or not.
    silence_timeout_s
        Seconds after which a peer whose host doesn't answer the system's probes counts as dead; at least 2.
    """
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if sys.platform == "linux":
        interval_s = max(1, int(silence_timeout_s / 2 / PROBES))
        idle_s = max(1, int(silence_timeout_s) - PROBES * interval_s)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, idle_s)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, interval_s)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, PROBES)
        # Keep-alive doesn't count while sent bytes are unacknowledged; this does.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(silence_timeout_s * 1000))


def _found(host: str, port: int, flags: int = 0) -> list[Target]:
    entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=flags)
    return [(family, address) for family, _, _, _, address in entries]


def is_numeric(host: str) -> bool:
    """Say whether a host is an address rather than a name.

    Examples
    --------
    >>> is_numeric("10.0.0.1"), is_numeric("fe80::1%eth0"), is_numeric("node7")
    (True, True, False)
    """
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


async def resolve(host: str, port: int) -> list[Target]:
    """Return where to connect to for a host, the system's preference first.

    Raises
    ------
    socket.gaierror
        If there is no such host (an OSError).
    """
    if is_numeric(host):
        return _found(host, port, socket.AI_NUMERICHOST)
    if host == "localhost":
        # No look-up, and no thread for one: this is what the name means (RFC 6761).
        return [(socket.AF_INET, ("127.0.0.1", port)), (socket.AF_INET6, ("::1", port, 0, 0))]
    return await asyncio.get_running_loop().run_in_executor(None, _found, host, port)


def resolve_blocking(host: str, port: int) -> list[Target]:
    """Do as `resolve`, on a thread that may wait.

    Raises
    ------
    socket.gaierror
        If there is no such host (an OSError).
    """
    return _found(host, port)


async def dial(target: Target, silence_timeout_s: float) -> socket.socket:
    """Return a connected, non-blocking socket.

    Raises
    ------
    OSError
        If nobody listens there, or there is no way.
    """
    family, address = target
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        tune(sock, silence_timeout_s)
        await asyncio.get_running_loop().sock_connect(sock, address)
        _refuse_itself(sock)
    except BaseException:
        sock.close()
        raise
    return sock


def dial_blocking(target: Target, silence_timeout_s: float, deadline: float) -> socket.socket:
    """Return a connected socket whose timeout is what is left until the deadline (of `time.monotonic`).

    Raises
    ------
    OSError
        If nobody listens there, there is no way, or it took too long.
    """
    family, address = target
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        tune(sock, silence_timeout_s)
        sock.settimeout(max(0.001, deadline - time.monotonic()))
        sock.connect(address)
        _refuse_itself(sock)
    except BaseException:
        sock.close()
        raise
    return sock


def _refuse_itself(sock: socket.socket) -> None:
    """Refuse a socket that met itself, which TCP allows where a free local port is called again and again."""
    if sock.getsockname() == sock.getpeername():
        raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")


def bind(host: str, port: int, backlog: int) -> socket.socket:
    """Return a non-blocking socket that listens.

    Parameters
    ----------
    host
        A name or an address; ``0.0.0.0`` or ``::`` for all interfaces.
    port
        0 for any free one.
    backlog
        Connections that may wait to be accepted.

    Raises
    ------
    OSError
        If the port is in use (``errno.EADDRINUSE``), may not be used, or the host isn't this one; with the remedy.
    """
    where = unparse_host_port(host, port)
    try:
        found = _found(host, port, socket.AI_PASSIVE)
    except socket.gaierror as error:
        raise OSError(errno.EADDRNOTAVAIL, f"can't listen on {where}: {host!r} is unknown ({error.strerror})") from None
    # A name like localhost has several; who connects to it tries them all.
    family, address = min(found, key=lambda target: target[0] != socket.AF_INET)
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        # A listener that has just ended leaves connections that would keep its port for a minute.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(host != "::"))
        sock.bind(address)
        sock.listen(backlog)
    except BaseException as error:
        sock.close()
        if not isinstance(error, OSError):
            raise
        raise OSError(error.errno, f"can't listen on {where}: {_remedy(error, host, port)}") from None
    return sock


def _remedy(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is in use by another program. Stop that, choose another port, or port 0 for a free one"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{host} is no address of this host. Give one that is, 0.0.0.0 for all, or --interface"
    if error.errno == errno.EACCES:
        return f"port {port} needs rights that this user hasn't. Choose one from 1024 on"
    return error.strerror or str(error)


# ------------------------------------------------------------ waiting


async def readable(sock: socket.socket) -> None:
    """Wait on the running loop until a socket has something to read."""
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    number = sock.fileno()
    loop.add_reader(number, _ready, ready)
    try:
        await ready
    finally:
        loop.remove_reader(number)


async def writable(sock: socket.socket) -> None:
    """Wait on the running loop until a socket takes bytes."""
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    number = sock.fileno()
    loop.add_writer(number, _ready, ready)
    try:
        await ready
    finally:
        loop.remove_writer(number)


def _ready(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


async def receive_some(sock: socket.socket, most: int) -> bytes:
    """Wait on the running loop for bytes of a non-blocking socket, plain or TLS; none at its end. Raises OSError."""
    while True:
        try:
            return sock.recv(most)
        except (BlockingIOError, ssl.SSLWantReadError):
            await readable(sock)
        except ssl.SSLWantWriteError:
            await writable(sock)


async def send_all(sock: socket.socket, data: bytes) -> None:
    """Send bytes through a non-blocking socket, plain or TLS, waiting on the running loop. Raises OSError."""
    while data:
        try:
            data = data[sock.send(data) :]
        except (BlockingIOError, ssl.SSLWantWriteError):
            await writable(sock)
        except ssl.SSLWantReadError:
            await readable(sock)


async def farewell(sock: socket.socket, last: bytes = b"") -> None:
    """Send last words and wait a moment until the other side has read them: closing at once might take them back.

    A side that closes with bytes unread resets the connection (RFC 2525, section 2.17), and the reset overtakes.
    """
    try:
        async with asyncio.timeout(LINGER_S):
            await send_all(sock, last)
            socket.socket.shutdown(sock, socket.SHUT_WR)
            taken = 0
            while taken < LINGER_BYTES:
                data = await receive_some(sock, 4096)
                if not data:
                    return
                taken += len(data)
    except (OSError, TimeoutError):
        pass  # the other side is gone or stubborn, and was about to be left anyway

"""The backends ``tcp://`` and ``tls://``: one attempt to connect, and listeners.

Place in the flow: `endpoints` picks one by the address's scheme. Both do the same: a socket, TLS around it if the scheme says
so, the handshake, and then a `StreamComm` or, in the role "data", a `StreamBulk` of it.

Invariants: nothing that a peer sends is looked at but by the handshake until that has succeeded; peers that don't finish it in
time, or aren't ones, are closed and logged, once a host and kind of error; at most `MAX_STRANGERS` connections are between
their acceptance and the end of their handshake. Sockets are closed in case of any error, cancellation included.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import secrets
import socket
import ssl
import time
import warnings
from typing import Any

from minidask_distributed.comm import pairs
from minidask_distributed.comm.address import (
    host_of,
    parse_address,
    parse_host_port,
    unparse_address,
    unparse_host_port,
)
from minidask_distributed.comm.backends import Backend
from minidask_distributed.comm.base import Bulk, Comm, Listener, OnBulk, OnComm
from minidask_distributed.comm.bulk import StreamBulk
from minidask_distributed.comm.errors import EncryptionRequiredError, HandshakeError, UnencryptedListenerWarning
from minidask_distributed.comm.greeting import greet, greet_blocking
from minidask_distributed.comm.handlers import Handlers
from minidask_distributed.comm.handshake import NONCE_BYTES, Handshake
from minidask_distributed.comm.interfaces import interface_ip, is_loopback, is_wildcard, outward_ip
from minidask_distributed.comm.options import Terms
from minidask_distributed.comm.peer import Peer
from minidask_distributed.comm.sockets import Target, bind, dial, dial_blocking, resolve, resolve_blocking, tune
from minidask_distributed.comm.stream import StreamComm
from minidask_distributed.comm.tls import wrap, wrap_blocking
from minidask_distributed.comm.tls_stream import EncryptedComm
from minidask_distributed.protocol.compression import Codec, negotiate

logger = logging.getLogger(__name__)

MAX_STRANGERS = 512
ACCEPTS = 64  # connections accepted before others get their turn
FULL_WAIT_S = 0.5  # where accepting fails, it is tried again after that
MAX_REMEMBERED = 1000  # strangers whose errors were logged


class SocketBackend(Backend):
    """Connections by TCP, plain or with TLS.

    Parameters
    ----------
    scheme
        "tcp" or "tls".
    """

    def __init__(self, scheme: str) -> None:
        self.scheme = scheme
        self.encrypted = scheme == "tls"

    # ------------------------------------------------------- connecting

    def check(self, location: str, terms: Terms) -> None:
        _, _, address = self._target(location, terms)
        self._context(terms, listens=False)
        _handshake(False, terms, self.encrypted, address)

    async def connect(self, location: str, terms: Terms, deadline: float) -> Comm:
        host, port, address = self._target(location, terms)
        return await self._introduce(
            await self._dial(await resolve(host, port), terms, deadline), address, terms, deadline
        )

    async def connect_over(self, sock: socket.socket, location: str, terms: Terms, deadline: float) -> Comm:
        try:
            _, _, address = self._target(location, terms)
            sock.setblocking(False)
        except BaseException:
            sock.close()
            raise
        return await self._introduce(sock, address, terms, deadline)

    async def _introduce(self, sock: socket.socket, address: str, terms: Terms, deadline: float) -> Comm:
        """Make a comm of a connected socket, or close it."""
        try:
            context = self._context(terms, listens=False)
            handshake = _handshake(False, terms, self.encrypted, address)
            async with asyncio.timeout(deadline - asyncio.get_running_loop().time()):
                if context is not None:
                    sock = await wrap(sock, context, listens=False, peer_name=address)
                await greet(sock, handshake, address)
            peer, codec, near, same = _met(handshake, sock, address, terms)
            return _stream(sock, peer, near, address, same, codec, terms)
        except TimeoutError:
            sock.close()
            raise HandshakeError(_silence(address)) from None
        except BaseException:
            sock.close()
            raise

    async def _dial(self, targets: list[Target], terms: Terms, deadline: float) -> socket.socket:
        loop = asyncio.get_running_loop()
        errors: list[OSError] = []
        for count, target in enumerate(targets):
            # An address that swallows everything must leave time for the next one.
            share_s = (deadline - loop.time()) / (len(targets) - count)
            try:
                async with asyncio.timeout(share_s):
                    return await dial(target, terms.options.silence_timeout_s)
            except TimeoutError:
                errors.append(TimeoutError(errno.ETIMEDOUT, "no answer"))
            except OSError as error:
                errors.append(error)
        raise errors[0]

    def connect_bulk(self, location: str, terms: Terms, deadline: float) -> Bulk:
        host, port, address = self._target(location, terms)
        context = self._context(terms, listens=False)
        handshake = _handshake(False, terms, self.encrypted, address)
        sock = self._dial_blocking(resolve_blocking(host, port), terms, deadline)
        try:
            sock.settimeout(max(0.001, deadline - time.monotonic()))
            if context is not None:
                sock = wrap_blocking(sock, context, peer_name=address)
            greet_blocking(sock, handshake, address, deadline)
            peer, codec, near, same = _met(handshake, sock, address, terms)
            return _bulk(sock, peer, near, address, same, codec, terms)
        except TimeoutError:
            sock.close()
            raise HandshakeError(_silence(address)) from None
        except BaseException:
            sock.close()
            raise

    def _dial_blocking(self, targets: list[Target], terms: Terms, deadline: float) -> socket.socket:
        errors: list[OSError] = []
        for count, target in enumerate(targets):
            now = time.monotonic()
            share_s = (deadline - now) / (len(targets) - count)
            try:
                return dial_blocking(target, terms.options.silence_timeout_s, now + share_s)
            except TimeoutError:
                errors.append(TimeoutError(errno.ETIMEDOUT, "no answer"))
            except OSError as error:
                errors.append(error)
        raise errors[0]

    def _target(self, location: str, terms: Terms) -> tuple[str, int, str]:
        host, port = parse_host_port(location)
        address = unparse_address(self.scheme, location)
        if not host or not port:
            raise ValueError(f"{address!r} can't be connected to: a host and a port are needed, as in tcp://node7:8786")
        if not self.encrypted and terms.security.require_encryption and not is_loopback(host):
            raise EncryptionRequiredError(
                f"{address} is without encryption, which distributed.comm.require-encryption asks for: use a tls:// address"
            )
        return host, port, address

    def _context(self, terms: Terms, *, listens: bool) -> ssl.SSLContext | None:
        return terms.security.ssl_context(terms.identity.role, listens=listens) if self.encrypted else None

    # -------------------------------------------------------- listening

    async def listen(
        self,
        location: str,
        terms: Terms,
        on_comm: OnComm,
        on_bulk: OnBulk | None,
        interface: str | None,
        contact_address: str | None,
    ) -> Listener:
        host, port = parse_host_port(location)
        if interface is not None:
            if host and host != interface_ip(interface):
                raise ValueError(f"give the host {host!r} or the interface {interface!r} to listen on, not both")
            host = interface_ip(interface)
        host = host or "127.0.0.1"
        context = self._context(terms, listens=True)
        if not self.encrypted:
            terms.security.token_for(False)  # a missing token is found out now, not by the first peer
            _check_exposure(unparse_address(self.scheme, unparse_host_port(host, port)), host, terms)
        sock = bind(host, port or 0, terms.options.backlog)
        try:
            return SocketListener(self.scheme, sock, context, terms, on_comm, on_bulk, contact_address)
        except BaseException:
            sock.close()
            raise


class SocketListener(Listener):
    """A listener on a TCP port. Made on its loop's thread.

    Parameters
    ----------
    scheme
        "tcp" or "tls".
    sock
        The socket, which listens; the listener closes it.
    context
        For TLS.
    terms
        Who listens, and how connections shall behave.
    on_comm, on_bulk
        What gets the connections.
    contact_address
        What others are told; its port is filled in. None: found out.
    """

    def __init__(
        self,
        scheme: str,
        sock: socket.socket,
        context: ssl.SSLContext | None,
        terms: Terms,
        on_comm: OnComm,
        on_bulk: OnBulk | None,
        contact_address: str | None,
    ) -> None:
        host, port = sock.getsockname()[:2]
        self.port: int = port
        self.listen_address = unparse_address(scheme, unparse_host_port(host, port))
        self.contact_address = _contact(scheme, sock.family, host, port, contact_address)
        self._scheme = scheme
        self._sock = sock
        self._context = context
        self._terms = terms
        self._handlers = Handlers(on_comm, on_bulk, f"{terms.identity.role}-{port}")
        self._loop = asyncio.get_running_loop()
        self._closed = False
        self._strangers = 0
        self._arrived: set[socket.socket] = set()  # accepted, and not looked at yet
        self._accepting = False
        self._logged: set[tuple[str, str]] = set()
        self._retry: asyncio.TimerHandle | None = None
        self._accept(True)
        if context is None and is_loopback(host):
            pairs.offer(self.contact_address, self.adopt)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.listen_address}, {'closed' if self._closed else 'open'}>"

    def _accept(self, wanted: bool) -> None:
        if wanted and not self._accepting and not self._closed:
            self._loop.add_reader(self._sock, self._on_connection)
        elif not wanted and self._accepting:
            self._loop.remove_reader(self._sock)
        self._accepting = wanted and not self._closed

    def _on_connection(self) -> None:
        for _ in range(ACCEPTS):
            if self._strangers >= MAX_STRANGERS:
                self._accept(False)
                return
            try:
                sock, address = self._sock.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as error:  # no free descriptors, most often
                logger.error("%s can't take connections: %s", self.listen_address, error.strerror)
                self._accept(False)
                self._retry = self._loop.call_later(FULL_WAIT_S, self._accept, True)
                return
            self._strangers += 1
            self._arrived.add(sock)
            self._handlers.track(self._welcome(sock, address))

    def adopt(self, sock: socket.socket) -> None:
        """Take a connected socket as if it had been accepted; any thread. A closed listener closes it."""
        try:
            self._loop.call_soon_threadsafe(self._adopt, sock)
        except RuntimeError:
            sock.close()
            if not self._loop.is_closed():
                raise

    def _adopt(self, sock: socket.socket) -> None:
        if self._closed:
            sock.close()
            return
        self._strangers += 1
        self._arrived.add(sock)
        self._handlers.track(self._welcome(sock, (host_of(self.contact_address), 0)))

    async def _welcome(self, sock: socket.socket, address: tuple[Any, ...]) -> None:
        self._arrived.discard(sock)
        name = unparse_address(self._scheme, unparse_host_port(*address[:2]))
        options = self._terms.options
        try:
            sock.setblocking(False)
            if not pairs.is_pair(sock):
                tune(sock, options.silence_timeout_s)
            handshake = _handshake(True, self._terms, self._context is not None, name)
            async with asyncio.timeout(options.handshake_timeout_s):
                if self._context is not None:
                    sock = await wrap(sock, self._context, listens=True, peer_name=name)
                await greet(sock, handshake, name)
            peer, codec, near, same = _met(handshake, sock, self.contact_address, self._terms)
        except TimeoutError:
            self._log(
                address[0], HandshakeError(f"{name} didn't introduce itself within {options.handshake_timeout_s:g} s")
            )
            sock.close()
            return
        except OSError as error:
            self._log(address[0], error)
            sock.close()
            return
        except BaseException:
            sock.close()
            raise
        finally:
            self._strangers -= 1
            self._accept(True)
        if peer.role == "data":
            self._handlers.hand_over_bulk(_bulk(sock, peer, near, name, same, codec, self._terms))
        else:
            self._handlers.hand_over(_stream(sock, peer, near, name, same, codec, self._terms))

    def _log(self, host: str, error: OSError) -> None:
        known = (host, type(error).__name__)
        first = known not in self._logged
        if first:
            if len(self._logged) >= MAX_REMEMBERED:
                self._logged.clear()
            self._logged.add(known)
        logger.log(
            logging.WARNING if first else logging.DEBUG,
            "%s closed a connection: %s%s",
            self.listen_address,
            error,
            " (said once for this host)" if first else "",
        )

    async def close(self) -> None:
        if self._closed:
            return
        self._accept(False)
        self._closed = True
        pairs.withdraw(self.contact_address, self.adopt)
        if self._retry is not None:
            self._retry.cancel()
        self._sock.close()
        await self._handlers.close()
        # A task that is cancelled before it begins can't tidy up.
        for sock in self._arrived:
            sock.close()


# ------------------------------------------------------------ shared


def _handshake(listens: bool, terms: Terms, encrypted: bool, peer_name: str) -> Handshake:
    return Handshake(
        listens,
        terms.identity,
        terms.security.token_for(encrypted),
        secrets.token_bytes(NONCE_BYTES),
        token_origin=terms.security.token_origin,
        peer_name=peer_name,
    )


def _met(
    handshake: Handshake, sock: socket.socket, listener: str, terms: Terms
) -> tuple[Peer, Codec | None, str, bool]:
    """Return what the handshake found out: peer, codec for it, this side's address, and whether it's the same host."""
    peer = handshake.peer
    assert peer is not None
    scheme, location = parse_address(listener)
    if pairs.is_pair(sock):
        own, other = ((parse_host_port(location)[0], 0),) * 2
    else:
        own, other = sock.getsockname()[:2], sock.getpeername()[:2]
    same_host = _same_host(own[0], other[0])
    if peer.version_notes and terms.identity.role != "data" and peer.role != "data":
        _log_versions(f"{peer.role} {peer.name}".rstrip() + f" on {peer.host}", tuple(peer.version_notes))
    codec = None if same_host else negotiate(terms.options.compression, peer.codecs)
    return peer, codec, unparse_address(scheme, unparse_host_port(*own)), same_host


def _same_host(own: str, other: str) -> bool:
    return own == other or is_loopback(other)


_told_versions: set[tuple[str, ...]] = set()


def _log_versions(name: str, notes: tuple[str, ...]) -> None:
    if notes not in _told_versions and len(_told_versions) < MAX_REMEMBERED:
        _told_versions.add(notes)
        logger.warning("versions of %s differ from this process's (said once): %s", name, "; ".join(notes))


def _bulk(
    sock: socket.socket, peer: Peer, near: str, far: str, same_host: bool, codec: Codec | None, terms: Terms
) -> Bulk:
    options = terms.options
    in_place = same_host and options.same_host_memory
    return StreamBulk(sock, peer, near, far, codec=codec, max_frame_bytes=options.max_frame_bytes, in_place=in_place)


def _stream(
    sock: socket.socket, peer: Peer, near: str, far: str, same_host: bool, codec: Codec | None, terms: Terms
) -> Comm:
    kind = EncryptedComm if isinstance(sock, ssl.SSLSocket) else StreamComm
    bound = terms.options.max_frame_bytes
    return kind(sock, peer, near, far, same_host=same_host, codec=codec, max_frame_bytes=bound)


def _silence(address: str) -> str:
    return f"{address} took the connection and then said nothing: is a part of a minidask cluster listening there?"


def _check_exposure(address: str, host: str, terms: Terms) -> None:
    if is_loopback(host) or terms.security.require_encryption is False:
        return
    if terms.security.require_encryption:
        raise EncryptionRequiredError(
            f"listening on {address} is without encryption, which distributed.comm.require-encryption asks for: "
            "use tls:// and certificates (Security, --tls-cert), or a loopback address"
        )
    warnings.warn(
        f"{address} is open to other hosts without encryption: peers must prove that they have the token, but whoever "
        "controls the network between could read along and take over connections. Use tls:// with certificates (Security, "
        "--tls-cert), or set distributed.comm.require-encryption to False if the network is trusted",
        UnencryptedListenerWarning,
        stacklevel=2,
    )


def _contact(scheme: str, family: int, host: str, port: int, wanted: str | None) -> str:
    if wanted is None:
        if is_wildcard(host):
            host = outward_ip(socket.AddressFamily(family))
        return unparse_address(scheme, unparse_host_port(host, port))
    other_scheme, location = parse_address(wanted, default_scheme=scheme)
    if other_scheme != scheme:
        raise ValueError(f"the contact address {wanted!r} must begin with {scheme}://, as the listener does")
    host, own = parse_host_port(location)
    if not host:
        raise ValueError(f"the contact address {wanted!r} names no host")
    return unparse_address(scheme, unparse_host_port(host, own or port))

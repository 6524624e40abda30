"""`connect`, `listen` and `connect_bulk`: the three ways to get a connection, whatever the scheme.

Place in the flow: what servers and clients call. An address's scheme picks the backend; this module checks arguments, tries
again with growing pauses until the time is up, and words the final error.

Invariants: an attempt is never begun after the deadline; errors that another attempt can't mend (credentials, versions,
demands for encryption, impossible addresses) are raised at once.
"""

from __future__ import annotations

import asyncio
import random
import socket
import time
from collections.abc import Mapping
from typing import Any

from minidask_distributed.comm.address import parse_address
from minidask_distributed.comm.backends import Backend, backend_for, register_backend
from minidask_distributed.comm.base import Bulk, Comm, Listener, OnBulk, OnComm
from minidask_distributed.comm.errors import (
    AuthenticationError,
    CommError,
    ConnectTimeoutError,
    EncryptionRequiredError,
    VersionMismatchError,
    cause_of,
)
from minidask_distributed.comm.inproc import InprocBackend
from minidask_distributed.comm.near import NearBackend
from minidask_distributed.comm.options import Options, Terms
from minidask_distributed.comm.peer import Identity
from minidask_distributed.comm.tcp import SocketBackend
from minidask_distributed.protocol.compression import available
from minidask_distributed.security import Security

FIRST_PAUSE_S = 0.01
LONGEST_PAUSE_S = 1.0
GROWTH = 1.5

_FINAL = (AuthenticationError, VersionMismatchError, EncryptionRequiredError)

register_backend("tcp", SocketBackend("tcp"))
register_backend("tls", SocketBackend("tls"))
register_backend("inproc", InprocBackend())
register_backend("near", NearBackend())


async def connect(
    address: str,
    *,
    role: str,
    name: str = "",
    info: Mapping[str, Any] | None = None,
    security: Security | None = None,
    timeout_s: float = 30.0,
    options: Options | None = None,
    over: socket.socket | None = None,
) -> Comm:
    """Connect to a listener, trying again until somebody answers or the time is up.

    Parameters
    ----------
    address
        ``scheme://location``; without a scheme, ``tcp://``.
    role
        What this side is: "client", "worker", "scheduler", "nanny", "rpc". ("data" is `connect_bulk`'s.)
    name, info
        What else the listener shall know: plain values, at most 64 KiB.
    security
        The credentials; by default what the settings and the user's token file give.
    timeout_s
        Seconds for all attempts together, handshakes included.
    options
        Times, sizes, compression; by default what the settings say.
    over
        A connected socket that leads there (`pairs`): for the first attempt, which closes it if it fails.

    Raises
    ------
    ConnectTimeoutError
        If it didn't succeed in time (a TimeoutError and OSError); the message says what the last attempt met.
    AuthenticationError
        If the tokens or certificates of the two sides don't agree.
    VersionMismatchError
        If the two sides can't work together.
    EncryptionRequiredError
        If the security asks for TLS and the address is one without.
    OSError
        If the token or a certificate can't be read.
    TypeError, ValueError
        For an impossible address, role, info or timeout.
    """
    try:
        if role == "data":
            raise ValueError("connections in the role 'data' are made with connect_bulk")
        backend, scheme, location = _backend(address)
        terms = _terms(role, name, info, security, options)
        backend.check(location, terms)
        attempts = _Attempts(f"{scheme}://{location}", timeout_s, asyncio.get_running_loop().time)
    except BaseException:
        if over is not None:
            over.close()
        raise
    while True:
        try:
            if over is not None:
                sock, over = over, None
                return await backend.connect_over(sock, location, terms, attempts.deadline)
            return await backend.connect(location, terms, attempts.deadline)
        except _FINAL:
            raise
        except OSError as error:
            await asyncio.sleep(attempts.failed(error))


def connect_bulk(
    address: str,
    *,
    security: Security | None = None,
    timeout_s: float = 30.0,
    name: str = "",
    info: Mapping[str, Any] | None = None,
    options: Options | None = None,
    patient: bool = True,
) -> Bulk:
    """Connect to a listener for large values; blocks, so for threads that may wait.

    Parameters
    ----------
    address, security, timeout_s, name, info, options
        As for `connect`. With TLS, the certificate is the worker's, or another role's if there is none.
    patient
        Whether to try again where nothing listens. False for one that has listened: it is gone.

    Raises
    ------
    ConnectTimeoutError, AuthenticationError, VersionMismatchError, EncryptionRequiredError, TypeError, ValueError
        As `connect`.
    CommError
        If nothing listens there, and ``patient`` is False.
    """
    backend, scheme, location = _backend(address)
    terms = _terms("data", name, info, security, options)
    backend.check(location, terms)
    attempts = _Attempts(f"{scheme}://{location}", timeout_s, time.monotonic)
    while True:
        try:
            return backend.connect_bulk(location, terms, attempts.deadline)
        except _FINAL:
            raise
        except OSError as error:
            if not patient and isinstance(error, ConnectionRefusedError):
                why, advice = _meaning(error)
                raise CommError(f"no connection to {address}: {why}{advice}").because(why) from error
            time.sleep(attempts.failed(error))


async def listen(
    address: str,
    on_comm: OnComm,
    *,
    role: str,
    security: Security | None = None,
    name: str = "",
    info: Mapping[str, Any] | None = None,
    interface: str | None = None,
    contact_address: str | None = None,
    on_bulk: OnBulk | None = None,
    options: Options | None = None,
) -> Listener:
    """Listen for connections until the listener is closed.

    Parameters
    ----------
    address
        ``tcp://host:port``. Without a host, the loopback interface; ``0.0.0.0`` or ``[::]`` for all; without a port, or
        with 0, a free one. ``inproc://`` for this process.
    on_comm
        Gets each connection that has proved itself, on the loop's thread, and starts it. May return an awaitable.
    role
        What this side is.
    security, name, info, options
        As for `connect`.
    interface
        The network interface to listen on, instead of a host.
    contact_address
        What to tell others, where that isn't the address that is listened on; its port may be left out.
    on_bulk
        Gets each bulk connection, on a thread of its own that ends with it. Without it there are none.

    Raises
    ------
    OSError
        If the address can't be listened on; for a port in use its ``errno`` is ``EADDRINUSE``.
    EncryptionRequiredError
        If the security asks for TLS and the address is open to other hosts without it.
    TypeError, ValueError
        For an impossible address, interface or role.

    Warns
    -----
    UnencryptedListenerWarning
        If the address is open to other hosts without TLS.
    """
    backend, _, location = _backend(address)
    terms = _terms(role, name, info, security, options)
    return await backend.listen(location, terms, on_comm, on_bulk, interface, contact_address)


def _backend(address: str) -> tuple[Backend, str, str]:
    scheme, location = parse_address(address)
    return backend_for(scheme), scheme, location


def _terms(
    role: str, name: str, info: Mapping[str, Any] | None, security: Security | None, options: Options | None
) -> Terms:
    if not isinstance(role, str) or not role.isidentifier():
        raise ValueError(f"role must be a word like 'client' or 'worker', got {role!r}")
    if security is not None and not isinstance(security, Security):
        raise TypeError(f"security must be a Security, got {type(security).__name__}")
    return Terms(
        Identity(role, str(name), dict(info or {}), tuple(available())),
        Security() if security is None else security,
        Options.from_settings() if options is None else options,
    )


class _Attempts:
    """The time that is left, the pauses, and the last words when there is none."""

    def __init__(self, address: str, timeout_s: float, clock: Any) -> None:
        if not timeout_s > 0:
            raise ValueError(f"timeout_s must be more than 0 seconds, got {timeout_s!r}")
        self.address = address
        self.timeout_s = timeout_s
        self.clock = clock
        self.deadline = clock() + timeout_s
        self.count = 0
        self.pause_s = FIRST_PAUSE_S
        self.last: OSError | None = None

    def failed(self, error: OSError) -> float:
        """Return the seconds to pause; raise ConnectTimeoutError when there is no time for another attempt."""
        self.count += 1
        # Not all at once: a thousand workers may be waiting for the same scheduler.
        pause_s = self.pause_s * random.uniform(0.5, 1.0)
        self.pause_s = min(LONGEST_PAUSE_S, self.pause_s * GROWTH)
        left_s = self.deadline - self.clock()
        # An attempt that the deadline cut short says less than the one before.
        if left_s > 0 or self.last is None:
            self.last = error
        if left_s <= 0:
            tries = "1 attempt" if self.count == 1 else f"{self.count} attempts"
            why, advice = _meaning(self.last)
            raise ConnectTimeoutError(
                f"no connection to {self.address} within {self.timeout_s:g} s ({tries}): {why}{advice}"
            ).because(why) from self.last
        return min(pause_s, left_s)


def _meaning(error: OSError) -> tuple[str, str]:
    """What went wrong, and what to look at."""
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there", ". Is it running, and are host and port right?"
    if isinstance(error, socket.gaierror):
        return f"the name of the host is unknown ({error.strerror})", ""
    if isinstance(error, TimeoutError):
        return "nothing answers there", ". Are host and port right, and does a firewall let them through?"
    return cause_of(error), ""

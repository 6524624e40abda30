"""TLS around a connected socket, on a loop or on a thread, and what its errors mean for people.

Place in the flow: `tcp` wraps sockets here before the handshake of `handshake` begins.

Invariants: both sides show certificates; the returned `ssl.SSLSocket` has finished its handshake. Errors are those of
`errors`: authentication where certificates are at fault.

Not for: making contexts (`security.Security`).
"""

from __future__ import annotations

import socket
import ssl

from minidask_distributed.comm.errors import AuthenticationError, HandshakeError
from minidask_distributed.comm.sockets import farewell, readable, writable

# OpenSSL's names of what says: a peer dislikes a certificate, or showed none.
_CERTIFICATE_REASONS = ("CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED", "DECRYPT_ERROR")
_NOT_TLS_REASONS = (
    "WRONG_VERSION_NUMBER",
    "HTTP_REQUEST",
    "HTTPS_PROXY_REQUEST",
    "RECORD_LAYER_FAILURE",
    "UNEXPECTED_EOF",
)


async def wrap(sock: socket.socket, context: ssl.SSLContext, *, listens: bool, peer_name: str) -> ssl.SSLSocket:
    """Encrypt a connected, non-blocking socket; the socket itself is used up, or closed in case of an error.

    Raises
    ------
    AuthenticationError
        If one side doesn't trust the other's certificate.
    HandshakeError
        If the peer doesn't speak TLS, or went away.
    """
    wrapped = _wrapped(sock, context, listens, peer_name)
    try:
        while True:
            try:
                wrapped.do_handshake()
                return wrapped
            except ssl.SSLWantReadError:
                await readable(wrapped)
            except ssl.SSLWantWriteError:
                await writable(wrapped)
    except OSError as error:
        if listens:
            # The alert that says why would be overtaken by a reset: the caller has sent more than was read.
            with socket.socket(fileno=wrapped.detach()) as plain:
                await farewell(plain)
        wrapped.close()
        raise explained(error, peer_name) from error
    except BaseException:
        wrapped.close()
        raise


def wrap_blocking(sock: socket.socket, context: ssl.SSLContext, *, peer_name: str) -> ssl.SSLSocket:
    """Do as `wrap` on a thread, for the connecting side, within the socket's timeout.

    Raises
    ------
    AuthenticationError, HandshakeError
        As `wrap`.
    TimeoutError
        If the peer didn't answer in time.
    """
    wrapped = _wrapped(sock, context, False, peer_name)
    try:
        wrapped.do_handshake()
    except TimeoutError:
        wrapped.close()
        raise
    except OSError as error:
        wrapped.close()
        raise explained(error, peer_name) from error
    except BaseException:
        wrapped.close()
        raise
    return wrapped


def _wrapped(sock: socket.socket, context: ssl.SSLContext, listens: bool, peer_name: str) -> ssl.SSLSocket:
    try:
        return context.wrap_socket(sock, server_side=listens, do_handshake_on_connect=False)
    except OSError as error:
        sock.close()
        raise explained(error, peer_name) from error


def explained(error: OSError, peer_name: str) -> HandshakeError:
    """Return what an error of TLS or of the network during the handshakes means.

    Examples
    --------
    >>> explained(ConnectionResetError(104, "Connection reset by peer"), "tcp://node7:8786")
    HandshakeError('tcp://node7:8786 closed the connection during the handshake (Connection reset by peer)')
    """
    reason = getattr(error, "reason", None) or ""
    if isinstance(error, ssl.SSLCertVerificationError):
        return AuthenticationError(
            f"the TLS certificate of {peer_name} isn't trusted: {error.verify_message}. Both sides need certificates "
            "that are signed by an authority in the other's tls_ca_file (--tls-ca-file)"
        )
    if any(part in reason for part in _CERTIFICATE_REASONS):
        return AuthenticationError(
            f"{peer_name} and this side don't agree on TLS certificates ({_words(reason)}). Both sides need certificates "
            "that are signed by an authority in the other's tls_ca_file (--tls-ca-file)"
        )
    if any(part in reason for part in _NOT_TLS_REASONS):
        return HandshakeError(f"{peer_name} doesn't speak TLS as tls:// addresses do (tcp:// against tls://?)")
    if isinstance(error, ssl.SSLError):
        return HandshakeError(f"TLS with {peer_name} failed: {_words(reason) or error}")
    return HandshakeError(
        f"{peer_name} closed the connection during the handshake ({error.strerror or type(error).__name__})"
    )


def _words(reason: str) -> str:
    return reason.replace("_", " ").lower()

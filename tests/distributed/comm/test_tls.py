"""TLS around sockets, and what its errors mean."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading

import pytest

from minidask_distributed.comm.errors import AuthenticationError, HandshakeError
from minidask_distributed.comm.tls import explained, wrap, wrap_blocking

pytestmark = pytest.mark.network


def sockets():
    with socket.create_server(("127.0.0.1", 0)) as server:
        near = socket.create_connection(server.getsockname())
        far, _ = server.accept()
    for sock in (near, far):
        sock.setblocking(False)
    return near, far


def test_both_sides_are_wrapped(certificates):
    async def main():
        near, far = sockets()
        one, other = await asyncio.gather(
            wrap(near, certificates.ssl_context("client", listens=False), listens=False, peer_name="far"),
            wrap(far, certificates.ssl_context("scheduler", listens=True), listens=True, peer_name="near"),
        )
        with one, other:
            assert one.cipher() == other.cipher()
            assert one.getpeercert(True)
            assert other.getpeercert(True)

    asyncio.run(main())


def test_the_blocking_side(certificates):
    async def main():
        near, far = sockets()
        near.settimeout(5)
        results = []
        context = certificates.ssl_context("client", listens=False)
        thread = threading.Thread(target=lambda: results.append(wrap_blocking(near, context, peer_name="far")))
        thread.start()
        with await wrap(far, certificates.ssl_context("worker", listens=True), listens=True, peer_name="near"):
            await asyncio.to_thread(thread.join)
            results[0].close()

    asyncio.run(main())


def test_a_silent_peer_and_one_that_leaves(certificates):
    context = certificates.ssl_context("client", listens=False)

    async def main():
        near, far = sockets()
        with far:
            near.settimeout(0.05)
            with pytest.raises(TimeoutError):
                await asyncio.to_thread(lambda: wrap_blocking(near, context, peer_name="far"))
        near, far = sockets()
        far.close()
        with pytest.raises(HandshakeError, match="far"):
            await wrap(near, context, listens=False, peer_name="far")
        near, far = sockets()
        far.close()
        near.settimeout(5)
        with pytest.raises(HandshakeError, match="far"):
            await asyncio.to_thread(lambda: wrap_blocking(near, context, peer_name="far"))
        near, far = sockets()
        with far:
            waiting = asyncio.ensure_future(wrap(near, context, listens=False, peer_name="far"))
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting

    asyncio.run(main())


def test_a_socket_that_is_not_connected(certificates):
    with pytest.raises(HandshakeError):
        wrap_blocking(socket.socket(), certificates.ssl_context("client", listens=False), peer_name="nobody")


def ssl_error(reason, kind=ssl.SSLError):
    error = kind(1, f"[SSL: {reason}] text")
    error.reason = reason
    if kind is ssl.SSLCertVerificationError:
        error.verify_message = "self-signed certificate"
    return error


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (
            ssl_error("CERTIFICATE_VERIFY_FAILED", ssl.SSLCertVerificationError),
            AuthenticationError,
            "isn't trusted: self-s",
        ),
        (ssl_error("TLSV1_ALERT_UNKNOWN_CA"), AuthenticationError, "tls_ca_file"),
        (ssl_error("PEER_DID_NOT_RETURN_A_CERTIFICATE"), AuthenticationError, "peer did not return a certificate"),
        (ssl_error("WRONG_VERSION_NUMBER"), HandshakeError, "doesn't speak TLS"),
        (ssl_error("HTTP_REQUEST"), HandshakeError, "doesn't speak TLS"),
        (ssl_error("NO_SHARED_CIPHER"), HandshakeError, "no shared cipher"),
        (ConnectionResetError(104, "Connection reset by peer"), HandshakeError, "Connection reset by peer"),
        (OSError(), HandshakeError, "OSError"),
    ],
)
def test_errors_in_words(error, kind, text):
    found = explained(error, "tls://there")
    assert type(found) is kind
    assert text in str(found)
    assert "tls://there" in str(found)

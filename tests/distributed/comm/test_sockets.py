"""Sockets: options, binding, looking up, waiting, parting."""

from __future__ import annotations

import asyncio
import errno
import socket
import time

import pytest

from minidask_distributed.comm import sockets

pytestmark = pytest.mark.network


def test_connections_are_tuned():
    with socket.socket() as sock:
        sockets.tune(sock, 30)
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        idle, interval, count, timeout = (
            sock.getsockopt(socket.IPPROTO_TCP, getattr(socket, name))
            for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT", "TCP_USER_TIMEOUT")
        )
        assert idle + interval * count == 30
        assert timeout == 30_000
        sockets.tune(sock, 2)  # the least


def test_a_port_in_use_is_an_error_with_its_number():
    with sockets.bind("127.0.0.1", 0, 5) as sock:
        assert not sock.getblocking()
        assert not sock.get_inheritable()
        port = sock.getsockname()[1]
        with pytest.raises(OSError, match=f"can't listen on 127.0.0.1:{port}: port {port} is in use") as caught:
            sockets.bind("127.0.0.1", port, 5)
        assert caught.value.errno == errno.EADDRINUSE


@pytest.mark.parametrize(
    ("host", "text"),
    [("198.51.100.9", "is no address of this host"), ("no-such-host.invalid", "'no-such-host.invalid' is unknown")],
)
def test_hosts_that_are_not_this_one(host, text):
    with pytest.raises(OSError, match=text) as caught:
        sockets.bind(host, 0, 5)
    assert caught.value.errno == errno.EADDRNOTAVAIL


def test_other_errors_keep_their_number():
    assert "needs rights" in sockets._remedy(PermissionError(errno.EACCES, "x"), "127.0.0.1", 80)
    assert sockets._remedy(OSError(errno.EINVAL, "Invalid"), "127.0.0.1", 80) == "Invalid"


def test_all_interfaces_by_ipv6_take_ipv4_too():
    with sockets.bind("::", 0, 5) as sock:
        port = sock.getsockname()[1]
        for host in ("127.0.0.1", "::1"):
            socket.create_connection((host, port), timeout=5).close()


def test_looking_up():
    async def main():
        assert await sockets.resolve("127.0.0.1", 5) == [(socket.AF_INET, ("127.0.0.1", 5))]
        assert await sockets.resolve("::1", 5) == [(socket.AF_INET6, ("::1", 5, 0, 0))]
        assert ("127.0.0.1", 5) in [address for _, address in await sockets.resolve("localhost", 5)]
        with pytest.raises(socket.gaierror):
            await sockets.resolve("no-such-host.invalid", 5)
        await asyncio.get_running_loop().shutdown_default_executor()

    asyncio.run(main())
    assert (socket.AF_INET, ("127.0.0.1", 5)) in sockets.resolve_blocking("localhost", 5)


def test_dialling():
    with socket.create_server(("127.0.0.1", 0)) as server:
        target = (socket.AF_INET, server.getsockname())

        async def main():
            with await sockets.dial(target, 30) as sock:
                assert not sock.getblocking()
                assert sock.getpeername() == target[1]

        asyncio.run(main())
        with sockets.dial_blocking(target, 30, time.monotonic() + 5) as sock:
            assert 0 < sock.gettimeout() <= 5
    with pytest.raises(ConnectionRefusedError):
        asyncio.run(sockets.dial(target, 30))
    with pytest.raises(ConnectionRefusedError):
        sockets.dial_blocking(target, 30, time.monotonic() + 5)


def test_a_socket_that_meets_itself_is_refused():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.connect(sock.getsockname())  # TCP allows it
        with pytest.raises(ConnectionRefusedError):
            sockets._refuse_itself(sock)


def test_sending_and_receiving_wait():
    async def main():
        near, far = socket.socketpair()
        with near, far:
            near.setblocking(False)
            far.setblocking(False)
            data = bytes(range(256)) * 10_000

            async def collect():
                got = b""
                while part := await sockets.receive_some(far, 1 << 16):
                    got += part
                return got

            collecting = asyncio.ensure_future(collect())
            await sockets.send_all(near, data)
            near.shutdown(socket.SHUT_WR)
            assert await collecting == data

    asyncio.run(main())


def test_last_words_arrive_over_unread_bytes():
    async def main():
        with socket.create_server(("127.0.0.1", 0)) as server:
            far = socket.create_connection(server.getsockname())
            near, _ = server.accept()
        with near, far:
            near.setblocking(False)
            far.sendall(b"x" * 10_000)  # nobody reads this

            def listen():
                far.settimeout(5)
                got = b""
                while part := far.recv(100):
                    got += part
                far.close()
                return got

            reading = asyncio.ensure_future(asyncio.to_thread(listen))
            await sockets.farewell(near, b"no")
            near.close()
            assert await reading == b"no"

    asyncio.run(main())


@pytest.mark.slow
def test_parting_from_a_stubborn_peer_has_an_end(monkeypatch):
    monkeypatch.setattr(sockets, "LINGER_S", 0.05)

    async def main():
        near, far = socket.socketpair()
        with near, far:
            near.setblocking(False)
            begun = time.monotonic()
            await sockets.farewell(near, bytes(10_000_000))
            assert time.monotonic() - begun < 2

    asyncio.run(main())

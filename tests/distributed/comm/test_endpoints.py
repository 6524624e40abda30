"""Connecting and listening by address: trying again, giving up with the reason, and arguments that can't be."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time

import pytest

from minidask_distributed.comm import (
    AuthenticationError,
    Backend,
    CommError,
    ConnectTimeoutError,
    Options,
    connect,
    connect_bulk,
    listen,
    register_backend,
)
from minidask_distributed.messages import Call, Free
from minidask_distributed.protocol.compression import available
from minidask_distributed.protocol.payload import Payload
from minidask_distributed.security import Security

pytestmark = pytest.mark.network

TOKEN = "0" * 64


@pytest.fixture
def security():
    return Security(token=TOKEN)


@pytest.fixture
def unused_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]  # bound, not listened on: nobody else gets it


@pytest.mark.slow
@pytest.mark.parametrize("bulk", [False, True], ids=["control", "bulk"])
def test_connecting_to_nothing_tells_what_it_met(bulk, security, unused_port):
    address = f"tcp://127.0.0.1:{unused_port}"

    async def main():
        begun = time.monotonic()
        with pytest.raises(ConnectTimeoutError) as caught:
            if bulk:
                await asyncio.to_thread(lambda: connect_bulk(address, security=security, timeout_s=0.3))
            else:
                await connect(address, role="client", security=security, timeout_s=0.3)
        assert 0.3 <= time.monotonic() - begun < 2
        text = str(caught.value)
        assert text.startswith(f"no connection to {address} within 0.3 s (")
        assert "nothing listens there" in text
        attempts = int(text.partition("(")[2].split()[0])
        assert 3 <= attempts <= 40  # the pauses grow
        assert isinstance(caught.value, TimeoutError)
        assert isinstance(caught.value, OSError)
        assert isinstance(caught.value.__cause__, ConnectionRefusedError)

    asyncio.run(main())


def test_what_has_listened_and_is_gone_is_not_waited_for(security, unused_port):
    begun = time.monotonic()
    with pytest.raises(
        CommError, match=f"no connection to tcp://127.0.0.1:{unused_port}: nothing listens there"
    ) as caught:
        connect_bulk(f"tcp://127.0.0.1:{unused_port}", security=security, timeout_s=20, patient=False)
    assert time.monotonic() - begun < 2
    assert isinstance(caught.value.__cause__, ConnectionRefusedError)


@pytest.mark.parametrize("bulk", [False, True], ids=["control", "bulk"])
def test_a_listener_that_comes_later_is_found(bulk, security, monkeypatch):
    # The port is free until the first attempt has failed.
    failed = []

    async def main():
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            address = f"tcp://127.0.0.1:{sock.getsockname()[1]}"
        loop, first = asyncio.get_running_loop(), asyncio.Event()
        from minidask_distributed.comm.endpoints import _Attempts

        original = _Attempts.failed

        def note(self, error):
            failed.append(error)
            loop.call_soon_threadsafe(first.set)
            return original(self, error)

        monkeypatch.setattr(_Attempts, "failed", note)

        def use():
            with connect_bulk(address, security=security, timeout_s=10) as comm:
                comm.send(Free([1]))

        if bulk:
            connecting = asyncio.ensure_future(asyncio.to_thread(use))
        else:
            connecting = asyncio.ensure_future(connect(address, role="client", security=security, timeout_s=10))
        await asyncio.wait_for(first.wait(), 5)
        comms = asyncio.Queue()
        listener = await listen(
            address, comms.put_nowait, role="scheduler", security=security, on_bulk=lambda bulk: bulk.recv()
        )
        comm = await asyncio.wait_for(connecting, 10)
        if comm is not None:
            await asyncio.gather(comm.close(), (await comms.get()).close())
        await listener.close()

    asyncio.run(main())
    assert failed


@pytest.mark.slow
@pytest.mark.parametrize("bulk", [False, True], ids=["control", "bulk"])
def test_a_listener_that_says_nothing_is_named(bulk, security):
    async def main():
        with socket.create_server(("127.0.0.1", 0)) as silent:
            address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
            with pytest.raises(ConnectTimeoutError, match="took the connection and then said nothing"):
                if bulk:
                    await asyncio.to_thread(lambda: connect_bulk(address, security=security, timeout_s=0.2))
                else:
                    await connect(address, role="client", security=security, timeout_s=0.2)

    asyncio.run(main())


@pytest.mark.slow
def test_another_program_there_is_named(security):
    async def main():
        handlers = []

        async def other(reader, writer):
            handlers.append(asyncio.current_task())
            with contextlib.suppress(ConnectionError):  # we leave in the middle
                writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                await writer.drain()
                await reader.read()
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

        server = await asyncio.start_server(other, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ConnectTimeoutError, match="is no part of a minidask cluster: it speaks HTTP"):
            await connect(f"127.0.0.1:{port}", role="client", security=security, timeout_s=0.2)
        await asyncio.gather(*handlers)
        server.close()
        await server.wait_closed()

    asyncio.run(main())


def test_an_unknown_host_is_named(security):
    async def main():
        with pytest.raises(ConnectTimeoutError, match="the name of the host is unknown"):
            await connect("tcp://no-such-host.invalid:1", role="client", security=security, timeout_s=0.05)
        await asyncio.get_running_loop().shutdown_default_executor()

    asyncio.run(main())


def test_cancelling_leaves_nothing(security):
    async def main():
        with socket.create_server(("127.0.0.1", 0)) as silent:
            address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
            connecting = asyncio.ensure_future(connect(address, role="client", security=security, timeout_s=60))
            peer, _ = await asyncio.to_thread(silent.accept)
            connecting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await connecting
            with peer:
                peer.settimeout(5)
                while await asyncio.to_thread(peer.recv, 100):
                    pass

    asyncio.run(main())


@pytest.mark.parametrize(
    ("address", "kwargs", "error", "text"),
    [
        (
            "tpc://127.0.0.1:1",
            {},
            ValueError,
            r"unknown scheme tpc://; did you mean tcp://\? Known: inproc://, tcp://, tls://",
        ),
        ("tcp://127.0.0.1", {}, ValueError, "a host and a port are needed"),
        ("tcp://:1", {}, ValueError, "a host and a port are needed"),
        ("tcp://127.0.0.1:0", {}, ValueError, "a host and a port are needed"),
        ("", {}, ValueError, "the address is empty"),
        (None, {}, TypeError, "must be a text"),
        ("tcp://a:1", {"timeout_s": 0}, ValueError, "timeout_s must be more than 0"),
        ("tcp://a:1", {"timeout_s": float("nan")}, ValueError, "timeout_s must be more than 0"),
        ("tcp://a:1", {"role": "two words"}, ValueError, "role must be a word"),
        ("tcp://a:1", {"role": "data"}, ValueError, "are made with connect_bulk"),
        ("tcp://a:1", {"security": "secret"}, TypeError, "security must be a Security, got str"),
        ("tls://a:1", {}, ValueError, "tls:// needs certificates: give Security"),
        ("tcp://127.0.0.1:1", {"info": {"a": object()}}, ValueError, "must be plain values"),
    ],
)
def test_what_cannot_be_is_refused_at_once(address, kwargs, error, text, security):
    async def main():
        with pytest.raises(error, match=text):
            await connect(address, **{"role": "client", "security": security, **kwargs})
        if address != "tcp://127.0.0.1:1" and "role" not in kwargs:
            with pytest.raises(error, match=text):
                connect_bulk(address, **{"security": security, **kwargs})

    asyncio.run(main())


def test_defaults_come_from_the_settings_and_the_users_file(tmp_path):
    async def main():
        comms = asyncio.Queue()
        listener = await listen("tcp://", comms.put_nowait, role="scheduler")
        assert (tmp_path / "home" / ".config" / "minidask" / "token").stat().st_mode & 0o777 == 0o600
        comm = await connect(listener.contact_address, role="client")
        await asyncio.gather(comm.close(), (await comms.get()).close())
        with pytest.raises(AuthenticationError):
            await connect(listener.contact_address, role="client", security=Security(token=TOKEN))
        await listener.close()

    asyncio.run(main())


def test_a_token_that_cannot_be_had_is_found_out_by_the_listener(tmp_path, monkeypatch):
    monkeypatch.setenv("MINIDASK_TOKEN_FILE", str(tmp_path / "nowhere"))

    async def main():
        with pytest.raises(FileNotFoundError, match="there is no token file"):
            await listen("tcp://", lambda comm: None, role="scheduler")
        with pytest.raises(FileNotFoundError, match="there is no token file"):
            await asyncio.wait_for(connect("tcp://127.0.0.1:1", role="client", timeout_s=30), 5)

    asyncio.run(main())


def test_compression_is_negotiated_for_other_hosts(monkeypatch, security, connected):
    async def main():
        async with connected(options=Options(compression="auto"), listen_options=Options()) as (near, far):
            assert near.comm._codec is None  # one host
        # One host plays two.
        monkeypatch.setattr("minidask_distributed.comm.tcp._same_host", lambda own, other: False)
        async with connected(options=Options(compression="auto"), listen_options=Options()) as (near, far):
            assert not near.comm.same_host
            assert near.comm._codec is not None or not available()
            assert far.comm._codec is None  # each side decides for what it sends
            near.comm.send([Call(1, "name", {"value": Payload("bytes", b"", [bytes(1_000_000)])})])
            (call,) = await far.received(1)
            assert call.arguments["value"].nbytes == 1_000_000

    asyncio.run(main())


def test_another_backend_can_be_registered(security):
    from minidask_distributed.comm.backends import _BACKENDS
    from minidask_distributed.comm.inproc import InprocBackend

    class Counting(InprocBackend):
        attempts = 0

        async def connect(self, location, terms, deadline):
            self.attempts += 1
            if self.attempts < 3:
                raise ConnectionRefusedError("not yet")
            return await super().connect(location, terms, deadline)

    async def main():
        backend = Counting()
        register_backend("counting", backend)
        try:
            comms = asyncio.Queue()
            listener = await listen("counting://here", comms.put_nowait, role="scheduler", security=security)
            comm = await connect("counting://here", role="client", security=security, timeout_s=5)
            assert backend.attempts == 3
            await asyncio.gather(comm.close(), (await comms.get()).close())
            await listener.close()
        finally:
            del _BACKENDS["counting"]

    asyncio.run(main())
    with pytest.raises(TypeError, match=r"must be an instance of comm\.backends\.Backend"):
        register_backend("x", object())
    assert issubclass(Counting, Backend)

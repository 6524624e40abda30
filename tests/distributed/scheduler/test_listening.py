"""Tests of `minidask_distributed.scheduler.listening`."""

from __future__ import annotations

import asyncio
import errno
import socket

import pytest

from minidask_distributed.comm import ConnectTimeoutError, connect
from minidask_distributed.scheduler import listening
from minidask_distributed.scheduler.listening import close_listeners, listen_addresses, open_listeners
from minidask_distributed.security import Security
from tests.distributed.scheduler.scripted import TOKEN

SECURITY = Security(token=TOKEN)


def opened(*alternatives, **options):
    return open_listeners(alternatives, lambda comm: comm.abort(), security=SECURITY, info={}, **options)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("tcp", None, 0), ["tcp://127.0.0.1:0"]),
        (("tcp", "0.0.0.0", 1234), ["tcp://0.0.0.0:1234"]),
        (("tcp", "::1", 1234), ["tcp://[::1]:1234"]),
        (("tcp", "[::1]", 1234), ["tcp://[::1]:1234"]),
        (("tls", None, 5, "eth0"), ["tls://:5"]),
        (("inproc", None, None), ["inproc://"]),
    ],
)
def test_addresses(arguments, expected):
    assert listen_addresses(*arguments) == expected


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        (("tcp", "localhost", 0, "eth0"), ValueError, "a host or an interface to listen on, not both"),
        (("tcp", None, -1), ValueError, "from 0 to 65535, got -1"),
        (("tcp", None, True), TypeError, "must be a whole number, got True"),
    ],
)
def test_addresses_that_are_none(arguments, error, text):
    with pytest.raises(error, match=text):
        listen_addresses(*arguments)


@pytest.mark.network
def test_the_default_port_gives_way(caplog):
    async def main(taken):
        (listener,) = await opened([f"tcp://127.0.0.1:{taken}", "tcp://127.0.0.1:0"])
        assert listener.port not in (taken, None)
        await close_listeners([listener])

    with socket.create_server(("127.0.0.1", 0)) as server:
        asyncio.run(main(server.getsockname()[1]))
    assert "is in use; listening on another port" in caplog.text


@pytest.mark.network
def test_either_all_are_open_or_none_is():
    async def main(taken):
        made = []

        async def listen(*args, **kwargs):
            made.append(await original(*args, **kwargs))
            return made[-1]

        original, listening.listen = listening.listen, listen
        try:
            with pytest.raises(OSError) as caught:
                await opened(["tcp://127.0.0.1:0"], [f"tcp://127.0.0.1:{taken}"])
        finally:
            listening.listen = original
        assert caught.value.errno == errno.EADDRINUSE
        with pytest.raises(ConnectTimeoutError):
            await connect(made[0].contact_address, role="client", security=SECURITY, timeout_s=0.05)

    with socket.create_server(("127.0.0.1", 0)) as server:
        asyncio.run(main(server.getsockname()[1]))


@pytest.mark.network
def test_the_contact_address_is_the_first_ones():
    async def main():
        listeners = await opened(["tcp://127.0.0.1:0"], ["tcp://127.0.0.1:0"], contact_address="tcp://node7:9")
        assert listeners[0].contact_address == "tcp://node7:9"
        assert listeners[1].contact_address.startswith("tcp://127.0.0.1:")
        await close_listeners(listeners)

    asyncio.run(main())


def test_a_listener_that_does_not_close_keeps_none_of_the_others_open(caplog):
    class Listener:
        listen_address = "tcp://x:1"
        closed = False

        async def close(self):
            self.closed = True
            raise OSError("stuck")

    listeners = [Listener(), Listener()]
    asyncio.run(close_listeners(listeners))
    assert all(listener.closed for listener in listeners)
    assert caplog.text.count("closing the listener on tcp://x:1 failed") == 2

"""Credentials of their own for these tests, and pairs of connected comms that record what they get."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from minidask_distributed.comm import Comm, Listener, Options, connect, listen
from minidask_distributed.security import Security

TOKEN = "0123456789abcdef" * 4


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    """No test finds, or makes, a token file of whoever runs it."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MINIDASK_TOKEN", raising=False)
    monkeypatch.delenv("MINIDASK_TOKEN_FILE", raising=False)


@pytest.fixture(autouse=True)
def nothing_left():
    """Every thread that a test starts is gone after it; unclosed sockets warn when they are collected."""
    before = set(threading.enumerate())
    yield
    gc.collect()
    left = [thread for thread in threading.enumerate() if thread not in before and thread.is_alive()]
    assert not left, f"threads are left: {left}"


@pytest.fixture(scope="session")
def certificates() -> Security:
    return Security.temporary()


@pytest.fixture
def security_for(certificates) -> Callable[[str], Security]:
    return lambda scheme: certificates if scheme == "tls" else Security(token=TOKEN)


class End:
    """One end of a connection, started, that records messages and the end."""

    def __init__(self, comm: Comm, start: bool = True) -> None:
        self.comm = comm
        self.messages: list[Any] = []
        self.batches: list[list[Any]] = []
        self.closed: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()
        self.changed = asyncio.Event()
        self.closings = 0
        if start:
            self.start()

    def start(self) -> None:
        self.comm.start(self.on_messages, self.on_close)

    def on_messages(self, messages: list[Any]) -> None:
        assert not self.closed.done(), "messages after the end"
        self.messages += messages
        self.batches.append(messages)
        self.changed.set()

    def on_close(self, error: BaseException | None) -> None:
        self.closings += 1
        assert self.closings == 1, "on_close was called twice"
        self.closed.set_result(error)

    async def received(self, count: int) -> list[Any]:
        async with asyncio.timeout(20):
            while len(self.messages) < count:
                self.changed.clear()
                await self.changed.wait()
        return self.messages

    async def end(self) -> BaseException | None:
        async with asyncio.timeout(20):
            return await asyncio.shield(self.closed)


class Pair:
    """The connecting end, the listening end, and the listener."""

    def __init__(self, near: End, far: End, listener: Listener) -> None:
        self.near, self.far, self.listener = near, far, listener

    def __iter__(self):
        return iter((self.near, self.far))


@pytest.fixture
def connected(security_for) -> Callable[..., Any]:
    """A function that gives an asynchronous context manager: a pair of connected ends, closed afterwards."""

    @contextlib.asynccontextmanager
    async def make(
        scheme: str = "tcp",
        *,
        start: bool = True,
        options: Options | None = None,
        listen_options: Options | None = None,
        address: str | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[Pair]:
        arrived: asyncio.Queue[Comm] = asyncio.Queue()
        security = security_for(scheme)
        listener = await listen(
            address or f"{scheme}://",
            arrived.put_nowait,
            role="scheduler",
            security=security,
            options=listen_options or options,
        )
        comms: list[Comm] = []
        try:
            kwargs = {"role": "client", "security": security, "timeout_s": 10, **kwargs}
            comms.append(await connect(listener.contact_address, options=options, **kwargs))
            comms.append(await arrived.get())
            yield Pair(End(comms[0], start), End(comms[1], start), listener)
        finally:
            await asyncio.gather(*(comm.close() for comm in comms))
            await listener.close()

    return make

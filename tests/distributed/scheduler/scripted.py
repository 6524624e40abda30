"""Scripted peers for tests of the scheduler's shell: real comms whose other end says what the test says.

`cluster` starts a scheduler and connects peers to it; everything is closed again at its end, also when a test fails.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from minidask_distributed.comm import Comm, connect
from minidask_distributed.messages import (
    Answer,
    Call,
    Compute,
    Finished,
    Message,
    OpenSession,
    RegisterNanny,
    RegisterWorker,
    SessionOpened,
    Upload,
    WorkerRegistered,
)
from minidask_distributed.protocol.keys import encode_keys
from minidask_distributed.scheduler.server import Scheduler
from minidask_distributed.security import Security

TOKEN = "0123456789abcdef" * 4
WAIT_S = 10.0  # a test that waits longer has failed


class Peer:
    """One end of a comm to the scheduler."""

    def __init__(self, comm: Comm) -> None:
        self.comm = comm
        self.got: list[Message] = []
        self.error: BaseException | None = None
        self.closed = asyncio.Event()
        self._news = asyncio.Event()
        self._requests = 0
        comm.start(self._receive, self._close)

    def _receive(self, messages: list[Message]) -> None:
        self.got += messages
        self._news.set()

    def _close(self, error: BaseException | None) -> None:
        self.error = error
        self.closed.set()
        self._news.set()

    def send(self, *messages: Message) -> None:
        self.comm.send(list(messages))

    async def next(self, kind: type[Any]) -> Any:
        """Take the next message of a kind out of what came."""
        async with asyncio.timeout(WAIT_S):
            while True:
                for message in self.got:
                    if type(message) is kind:
                        self.got.remove(message)
                        return message
                assert not self.closed.is_set(), (
                    f"closed ({self.error!r}) while waiting for {kind.__name__}: {self.got}"
                )
                self._news.clear()
                await self._news.wait()

    def ask_later(self, name: str, /, **arguments: Any) -> int:
        self._requests += 1
        self.send(Call(self._requests, name, arguments))
        return self._requests

    async def ask(self, name: str, /, **arguments: Any) -> Any:
        """Call and return the value; raise AssertionError with type and text of a failure."""
        request = self.ask_later(name, **arguments)
        answer = await self.next(Answer)
        assert answer.request == request
        if answer.failure is not None:
            raise Refused(answer.failure)
        return answer.value

    async def settle(self) -> None:
        """Wait until the scheduler has handled all that was sent."""
        await self.ask("nthreads", workers=None)

    async def gone(self) -> None:
        async with asyncio.timeout(WAIT_S):
            await self.closed.wait()

    async def close(self) -> None:
        await self.comm.close()


class Refused(Exception):
    """A call was answered with a failure."""

    def __init__(self, fields: dict[str, Any]) -> None:
        super().__init__(f"{fields['type']}: {fields['text']}")
        self.fields = fields


class Cluster:
    """A scheduler, and peers that are closed with it."""

    def __init__(self, scheduler: Scheduler, security: Security) -> None:
        self.scheduler = scheduler
        self.security = security
        self.peers: list[Peer] = []

    async def peer(self, role: str, address: str | None = None) -> Peer:
        comm = await connect(
            address or self.scheduler.address, role=role, name=role, security=self.security, timeout_s=WAIT_S
        )
        self.peers.append(Peer(comm))
        return self.peers[-1]

    async def client(self, name: str = "me") -> Peer:
        peer = await self.peer("client")
        peer.send(OpenSession(name, {}))
        await peer.next(SessionOpened)
        return peer

    async def worker(self, name: str = "alice", nthreads: int = 1, nanny: str = "", **fields: Any) -> Peer:
        peer = await self.peer("worker")
        peer.send(register(name, nthreads, nanny, **fields))
        peer.registered = await peer.next(WorkerRegistered)  # type: ignore[attr-defined]
        return peer

    async def nanny(self, name: str = "nanny-1") -> Peer:
        peer = await self.peer("nanny")
        peer.send(RegisterNanny(name, name, {}))
        # Nothing answers that message; a call behind it is answered after it was taken in.
        await peer.ask("versions")
        return peer


def register(name: str = "alice", nthreads: int = 1, nanny: str = "", **fields: Any) -> RegisterWorker:
    values: dict[str, Any] = {
        "address": f"tcp://127.0.0.1:{1000 + sum(name.encode())}",
        "name": name,
        "nthreads": nthreads,
        "memory_limit": 1 << 30,
        "resources": {},
        "nanny": nanny,
        "info": {"pid": 7, "host": "here", "local_directory": "/nowhere"},
        "held": encode_keys([]),
        "held_nbytes": [],
    }
    return RegisterWorker(**{**values, **fields})


@asynccontextmanager
async def cluster(**options: Any) -> AsyncIterator[Cluster]:
    security = Security(token=TOKEN)
    if "addresses" not in options:
        options = {"port": 0, **options}
    scheduler = Scheduler(security=security, **options)
    await scheduler.start()
    made = Cluster(scheduler, security)
    try:
        yield made
    finally:
        await scheduler.close()
        for peer in made.peers:
            await peer.close()


def upload(*keys: Any, first: int = 0, submission: int = 0, **fields: Any) -> Upload:
    """Tasks without dependencies, all wanted."""
    n = len(keys)
    values: dict[str, Any] = {
        "submission": submission,
        "first": first,
        "announced": n,
        "roots": n,
        "last": True,
        "keys": encode_keys(list(keys)),
        "recipes": [[submission, b"digest-%d" % submission, b"a recipe"]],
        "recipe": [submission] * n,
        "literals": [None] * n,
        "deps": [],
        "n_deps": [0] * n,
        "dependents": [0] * n,
        "wanted": None,
        "named": [],
        "options": [],
        "option": None,
    }
    return Upload(**{**values, **fields})


def finish(compute: Compute, since: int = 1_000_000, values: list[Any] | None = None) -> Finished:
    """Say that all tasks of a message are done."""
    n = len(compute.tasks)
    return Finished(compute.tasks, compute.attempts, [28] * n, [10] * n, list(range(n)), [0] * n, since, values)

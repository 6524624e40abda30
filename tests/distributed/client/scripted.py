"""A scheduler for tests of clients: takes real connections, runs tasks itself, one after another, and keeps a record.

It also is the one worker: results that don't come along are fetched from it over bulk connections. What it does is
scripted by its attributes: ``auto`` (run tasks as they come), ``small`` (bytes of results that come along), ``credit``.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from minidask.sizeof import sizeof
from minidask_distributed import loops
from minidask_distributed.client.client import Client
from minidask_distributed.comm import Bulk, Comm, listen
from minidask_distributed.comm.errors import CommClosedError
from minidask_distributed.messages import (
    Answer,
    Bye,
    Call,
    Cancel,
    Cancelled,
    Data,
    Destinations,
    Done,
    Failed,
    GetData,
    Message,
    OpenSession,
    PutData,
    Release,
    Retry,
    Scatter,
    SessionOpened,
    Stored,
    Undone,
    Upload,
    UploadTaken,
    Want,
)
from minidask_distributed.protocol.calls import load_recipe
from minidask_distributed.protocol.failures import pack_failure
from minidask_distributed.protocol.keys import decode_keys
from minidask_distributed.protocol.payload import ByReference, pack, unpack
from minidask_distributed.protocol.small import dumps_small
from minidask_distributed.security import Security

TOKEN = "a5" * 32
IDS = 1 << 20  # task ids are local ids and that


class Row:
    """One task of one session."""

    def __init__(self, key: Any, recipe: Any, literals: Any, deps: list[int], options: dict[str, Any] | None) -> None:
        self.key, self.recipe, self.literals, self.deps, self.options = key, recipe, literals, deps, options
        self.wanted = False
        self.done = False
        self.failure: dict[str, Any] | None = None
        self.value: Any = None


class Session:
    def __init__(self, comm: Comm) -> None:
        self.comm = comm
        self.name = ""
        self.received: list[Message] = []
        self.rows: dict[int, Row] = {}
        self.recipes: dict[int, Any] = {}

    def of(self, kind: type[Message]) -> list[Any]:
        """The received messages of a kind."""
        return [message for message in self.received if type(message) is kind]


class Scripted:
    """The scheduler; everything runs on the loop of `start`."""

    def __init__(
        self, address: str = "tcp://127.0.0.1:0", *, auto: bool = True, small: int = 4096, credit: int = 4
    ) -> None:
        self.listen_address = address
        self.security = Security(token=TOKEN)
        self.auto = auto
        self.small = small
        self.credit = credit
        self.open_sessions = True
        self.serialize = not address.startswith("inproc")
        self.sessions: list[Session] = []
        self.handlers: dict[str, Callable[..., Any]] = {
            "locate": self.locate,
            "relay": self.relay,
            "identity": lambda session: {"address": self.scheduler_address, "workers": {}},
        }
        self.stored: dict[int, Any] = {}
        self.gone = threading.Event()  # set when a client's connection ends
        self.fetches = 0
        self.refuse_data = 0  # so many questions for data are answered by closing the connection
        self.workers = True

    async def start(self) -> None:
        role = "scheduler"
        self.listener = await listen(
            self.listen_address, self.take_comm, role=role, security=self.security, on_bulk=self.serve
        )
        self.scheduler_address = self.listener.contact_address

    async def close(self) -> None:
        for session in self.sessions:
            await session.comm.close()
        await self.listener.close()

    # -- sessions ----------------------------------------------------------------------------------------------------

    def take_comm(self, comm: Comm) -> None:
        session = Session(comm)
        self.sessions.append(session)
        comm.start(lambda messages: self.receive(session, messages), lambda error: self.gone.set())

    def receive(self, session: Session, messages: list[Message]) -> None:
        for message in messages:
            session.received.append(message)
            self.handle(session, message)
        if self.auto:
            self.run(session)

    def handle(self, session: Session, message: Message) -> None:
        out: list[Message] = []
        match message:
            case OpenSession():
                session.name = message.name
                if self.open_sessions:
                    out.append(SessionOpened(len(self.sessions), 1, self.credit, self.serialize))
            case Upload():
                self.upload(session, message)
                out.append(UploadTaken(1))
            case Call():
                try:
                    out.append(Answer(message.request, self.handlers[message.name](session, **message.arguments), None))
                except Exception as error:
                    out.append(Answer(message.request, None, pack_failure(error)))
            case Cancel():
                for local in message.tasks:
                    session.rows.pop(local, None)
                out.append(Cancelled(message.tasks, message.reason))
            case Retry():
                for local in message.tasks:
                    row = session.rows[local]
                    row.done, row.failure = False, None
                out.append(Undone(message.tasks))
            case Want():
                out += self.want(session, message)
            case Scatter():
                out += self.scatter(session, message)
            case Release():
                pass
            case Bye():
                pass
            case _:
                pass
        if out:
            session.comm.send(out)

    def upload(self, session: Session, message: Upload) -> None:
        for number, _digest, blob in message.recipes:
            session.recipes[number] = load_recipe(blob)
        at = 0
        for row, key in enumerate(decode_keys(message.keys)):
            count = message.n_deps[row]
            deps = message.deps[at : at + count]
            at += count
            assert all(dep in session.rows for dep in deps)
            chosen = message.option[row] if message.option is not None else -1
            options = message.options[chosen] if chosen >= 0 else None
            made = Row(key, session.recipes[message.recipe[row]], message.literals[row], deps, options)
            made.wanted = message.wanted is None or row in message.wanted
            session.rows[message.first + row] = made

    def want(self, session: Session, message: Want) -> list[Message]:
        out: list[Message] = []
        for local, key in enumerate(decode_keys(message.keys), message.first):
            found = [row for one in self.sessions for row in one.rows.values() if row.key == key and row.done]
            if not found:
                out.append(Cancelled([local], "nobody knows it"))
                continue
            session.rows[local] = found[0]
            out.append(self.done([local], [found[0].value]))
        return out

    def scatter(self, session: Session, message: Scatter) -> list[Message]:
        keys = decode_keys(message.keys)
        tasks = list(range(message.first, message.first + len(keys)))
        if not self.workers:
            fields = {"type": "TimeoutError", "text": "no workers", "traceback": "", "notes": [], "payload": None}
            return [
                Failed(tasks, [0] * len(tasks), [{**fields, "key": keys[0], "worker": "", "name": "", "kind": "lost"}])
            ]
        for local, key in zip(tasks, keys, strict=True):
            session.rows[local] = Row(key, None, None, [], None)
        if any(payload is None for payload in message.payloads):
            addresses = [[self.scheduler_address]] * len(tasks)
            return [Destinations(message.first, [local + IDS for local in tasks], addresses)]
        for local, payload in zip(tasks, message.payloads, strict=True):
            session.rows[local].done, session.rows[local].value = True, unpack(payload)
        return [Done(tasks, None, message.nbytes)]

    # -- tasks -------------------------------------------------------------------------------------------------------

    def run(self, session: Session, most: int = 1 << 30) -> None:
        """Run tasks that can run, at most so many, and report them."""
        done: list[int] = []
        for local, row in session.rows.items():
            if row.done or row.recipe is None or len(done) >= most:
                continue
            deps = [session.rows[dep] for dep in row.deps]
            if not all(dep.done for dep in deps):
                continue
            self.execute(row, deps)
            done.append(local)
        good = [local for local in done if session.rows[local].wanted and session.rows[local].failure is None]
        bad = [local for local in done if session.rows[local].wanted and session.rows[local].failure is not None]
        out: list[Message] = []
        if good:
            out.append(self.done(good, [session.rows[local].value for local in good]))
        if bad:
            failures = [session.rows[local].failure for local in bad]
            out.append(Failed(bad, list(range(len(bad))), failures))  # type: ignore[arg-type]
        if out:
            session.comm.send(out)

    def execute(self, row: Row, deps: list[Row]) -> None:
        row.done = True
        failed = [dep.failure for dep in deps if dep.failure is not None]
        if failed:
            row.failure = failed[0]
            return
        try:
            args, kwargs = row.recipe.bind(row.literals, [dep.value for dep in deps])
            row.value = row.recipe.func(*args, **kwargs)
        except Exception as error:
            fields = pack_failure(error)
            row.failure = {**fields, "key": row.key, "worker": "tcp://w:1", "name": row.recipe.name, "kind": "raised"}

    def done(self, tasks: list[int], values: list[Any]) -> Done:
        if self.serialize:
            small = [dumps_small(value) if self.small else None for value in values]
        else:
            small = [ByReference(value) if self.small else None for value in values]  # type: ignore[misc]
        return Done(tasks, small, [sizeof(value) for value in values])

    def relay(self, session: Session, tasks: list[int]) -> dict[str, Any]:
        """Reach nobody, as the client does."""
        return {"tasks": [], "payloads": []}

    def locate(self, session: Session, tasks: list[int]) -> dict[str, Any]:
        found = [local for local in tasks if local in session.rows and session.rows[local].done]
        return {
            "tasks": [local + IDS for local in found],
            "addresses": [[self.scheduler_address]] * len(found),
            "missing": [local for local in tasks if local not in found],
        }

    # -- data --------------------------------------------------------------------------------------------------------

    def serve(self, bulk: Bulk) -> None:
        with bulk:
            while True:
                try:
                    message = bulk.recv()
                except CommClosedError:
                    return
                self.fetches += 1
                if self.refuse_data:
                    self.refuse_data -= 1
                    return
                if isinstance(message, GetData):
                    rows = [self.sessions[0].rows[task - IDS] for task in message.tasks]
                    bulk.send(
                        Data(
                            message.tasks,
                            [self.payload(row) if bulk.serialized else ByReference(row.value) for row in rows],
                            [],
                        )
                    )
                elif isinstance(message, PutData):
                    self.put(message)
                    bulk.send(Stored([1] * len(message.tasks)))

    def payload(self, row: Row) -> Any:
        try:
            return pack(row.value)
        except TypeError as error:
            return pack_failure(error)

    def put(self, message: PutData) -> None:
        session = self.sessions[0]
        for task, payload in zip(message.tasks, message.payloads, strict=True):
            row = session.rows[task - IDS]
            row.value, row.done = unpack(payload), True
        session.comm.send([Done([task - IDS for task in message.tasks], None, [1] * len(message.tasks))])

    # -- from tests, on any thread -----------------------------------------------------------------------------------

    def say(self, *messages: Message, to: int = 0) -> None:
        """Send messages to a client."""
        self.sessions[to].comm.send(list(messages))


@contextmanager
def scheduler(address: str = "tcp://127.0.0.1:0", **options: Any) -> Iterator[Scripted]:
    """A scripted scheduler on the process's loop thread."""
    thread = loops.acquire()
    made = Scripted(address, **options)
    try:
        thread.run(made.start())
        try:
            yield made
        finally:
            thread.run(made.close())
    finally:
        loops.release(thread)


@contextmanager
def connected(address: str = "tcp://127.0.0.1:0", **options: Any) -> Iterator[tuple[Scripted, Client]]:
    """A scripted scheduler and a synchronous client of it."""
    with scheduler(address, **options) as made, Client(made, timeout=10) as client:
        yield made, client


def on_loop(function: Callable[..., Any], *args: Any) -> Any:
    """Call a function on the process's loop thread, and return its result."""

    async def call() -> Any:
        return function(*args)

    thread = loops.acquire()
    try:
        return thread.run(call())
    finally:
        loops.release(thread)


def in_loop(work: Callable[[Scripted, Client], Any], **options: Any) -> Any:
    """Run a coroutine function with a scripted scheduler and an asynchronous client, all in one loop."""

    async def main() -> Any:
        made = Scripted(**options)
        await made.start()
        try:
            async with Client(made, asynchronous=True, timeout=10) as client:
                return await work(made, client)
        finally:
            await made.close()

    return asyncio.run(main())

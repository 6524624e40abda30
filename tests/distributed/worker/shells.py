"""A worker's parts without its connections, and a scheduler that says what the test says, for the tests of this folder."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import contextmanager
from time import monotonic
from typing import Any

from minidask_distributed.comm import listen
from minidask_distributed.loops import LoopThread
from minidask_distributed.messages import (
    Answer,
    Call,
    Compute,
    Erred,
    Finished,
    Message,
    RegisterWorker,
    WorkerBeat,
    WorkerRegistered,
)
from minidask_distributed.protocol.calls import CallEncoder, reduce_reference
from minidask_distributed.protocol.keys import encode_keys
from minidask_distributed.security import Security
from minidask_distributed.spill import SpillBuffer
from minidask_distributed.worker.calls import Caller, Running
from minidask_distributed.worker.engine import Engine
from minidask_distributed.worker.execute import Numbers, Pool
from minidask_distributed.worker.machine import WorkerMachine

EPOCH = 7 << 48
SECURITY = Security(token="t" * 64)
PATIENCE_S = 20.0


class Tasks:
    """Make `Compute` messages of calls."""

    def __init__(self, serialize: bool = True) -> None:
        self.encoder = CallEncoder(serialize=serialize)
        self.known: set[int] = set()
        self.next = EPOCH + 1

    def compute(self, *calls: Any, **fields: Any) -> Compute:
        """Return a message of calls: ``(function, *args)``; an arg that is a `Dep` is a dependency."""
        ids, recipes, recipe, literals, deps, n_deps, keys = [], [], [], [], [], [], []
        options = fields.pop("options", None)
        first = fields.pop("first", self.next)
        names = fields.pop("keys", None)
        self.encoder.new_submission()
        for at, (func, *args) in enumerate(calls):
            ref, packed, some = self.encoder.encode(func, args, {}, lambda dep: dep.task)
            if ref.number not in self.known:
                self.known.add(ref.number)
                recipes.append([ref.number, ref.blob])
            ids.append(first + at)
            recipe.append(ref.number)
            literals.append(packed)
            deps += some
            n_deps.append(len(some))
            keys.append(f"{getattr(func, '__name__', 'task')}-{first + at - EPOCH}")
        self.next = max(self.next, first + len(calls))
        message = Compute(
            tasks=ids,
            attempts=fields.pop("attempts", None),
            keys=encode_keys(names or keys),
            recipes=recipes,
            recipe=recipe,
            literals=literals,
            deps=deps,
            n_deps=n_deps,
            options=options or [],
            option=list(range(len(calls))) if options else None,
            expected=fields.pop("expected", {}),
            inlined=fields.pop("inlined", {}),
            holders=fields.pop("holders", {}),
            sizes=fields.pop("sizes", {}),
            peers=fields.pop("peers", {}),
        )
        assert not fields, fields
        return message


class Dep:
    """A dependency, as an argument."""

    __minidask_future__ = True

    def __init__(self, task: int) -> None:
        self.task = task

    def __reduce__(self) -> Any:
        return reduce_reference(self)


class Log:
    """Messages as they come, to be waited for."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.batches = 0
        self.changed = threading.Condition()

    def add(self, messages: list[Message]) -> None:
        """Take messages in."""
        with self.changed:
            self.messages += messages
            self.batches += 1
            self.changed.notify_all()

    def wait(self, condition: Callable[[], Any]) -> Any:
        """Wait until something is true of the messages; return it."""
        with self.changed:
            found = self.changed.wait_for(condition, PATIENCE_S)
        assert found, f"it never came; there is {self.messages!r:.2000}"
        return found

    def of(self, kind: type[Message]) -> list[Any]:
        """Return the messages of a kind."""
        return [message for message in self.messages if type(message) is kind]

    def first(self, kind: type[Message]) -> Any:
        """Wait for a message of a kind."""
        return self.wait(lambda: self.of(kind))[0]

    @property
    def finished(self) -> list[int]:
        """Ids of finished tasks."""
        return [task for message in self.of(Finished) for task in message.tasks]

    @property
    def failures(self) -> dict[int, dict[str, Any]]:
        """{task id: failure}."""
        return {task: fields for m in self.of(Erred) for task, fields in zip(m.tasks, m.failures)}

    @property
    def values(self) -> dict[int, Any]:
        """{task id: small result}."""
        return {task: v for m in self.of(Finished) for task, v in zip(m.tasks, m.values or [None] * len(m.tasks))}

    def until_finished(self, *tasks: int) -> None:
        """Wait until tasks are finished."""
        self.wait(lambda: set(tasks) <= set(self.finished))

    def until_failed(self, task: int) -> dict[str, Any]:
        """Wait until a task failed; return its failure."""
        return self.wait(lambda: self.failures.get(task))


class RecordingComm(Log):
    """What a comm's users need of it."""

    def __init__(self, serialized: bool = True) -> None:
        super().__init__()
        self.serialized = serialized

    def send(self, messages: list[Message]) -> None:
        """Record messages."""
        self.add(messages)


class Shell(Tasks):
    """Engine and pools with a comm that records; what tasks see as their worker."""

    address = "tcp://here:1"

    def __init__(self, tmp_path: Any, nthreads: int = 1, serialize: bool = True, executors: Any = (), **settings: Any):
        super().__init__(serialize)
        self.loop_thread = LoopThread("shell")
        self.loop_thread.start()
        self.data = SpillBuffer(tmp_path / "spill", on_lost=lambda task: self.engine.lost(task))
        machine = WorkerMachine(validate=True, log_length=1000, executors=dict(executors), **settings)
        self.engine = Engine(machine, self.data, self.loop_thread.loop)
        self.errors: list[BaseException] = []
        self.numbers = Numbers()
        caller = Caller(self.engine, self, self.address)
        for name, executor in {"default": nthreads, **dict(executors)}.items():
            threads = executor if isinstance(executor, int) else executor._max_workers
            given = None if isinstance(executor, int) else executor
            self.engine.pools[name] = Pool(self.engine, name, threads, caller, self.numbers, given, self.errors.append)
            self.engine.pools[name].start()
        self.pool = self.engine.pools["default"]
        self.comm = RecordingComm(serialize)
        self.engine.connected(self.comm)  # type: ignore[arg-type]

    def secede(self, running: Running) -> None:
        """As a worker does."""
        self.pool.secede(running.slot, running.state)

    def rejoin(self, running: Running) -> None:
        """As a worker does."""
        self.pool.rejoin(running.slot, running.state)

    def notify(self, topic: str, content: Any) -> None:
        """As a worker does."""
        self.engine.notify(topic, content)

    def handle(self, *messages: Message) -> None:
        """Let messages come."""
        self.engine.receive(list(messages))

    def submit(self, *calls: Any, **fields: Any) -> list[int]:
        """Assign tasks; return their ids."""
        message = self.compute(*calls, **fields)
        self.handle(message)
        return message.tasks

    def result(self, *call: Any, **fields: Any) -> Any:
        """Run a task and return its value."""
        (task,) = self.submit(call, **fields)
        self.comm.wait(lambda: task in self.comm.finished or task in self.comm.failures)
        assert task not in self.comm.failures, self.comm.failures
        return self.data[task]

    def close(self) -> None:
        """End all threads."""
        left = [pool.close(5.0) for pool in self.engine.pools.values()]
        self.engine.close()
        self.loop_thread.stop()
        self.data.close()
        assert left == [0] * len(left)
        assert self.errors == []


@contextmanager
def shell(tmp_path: Any, *args: Any, **kwargs: Any):
    """Make a shell and close it."""
    made = Shell(tmp_path, *args, **kwargs)
    try:
        yield made
    finally:
        made.close()


class ScriptedScheduler(Tasks):
    """Listens as a scheduler does, takes every worker, and says what the test says; on the test's own loop."""

    def __init__(self, address: str = "tcp://127.0.0.1:0") -> None:
        super().__init__(serialize=not address.startswith("inproc"))
        self.listen_address = address
        self.listener: Any = None
        self.comms: list[Any] = []
        self.messages: list[Message] = []
        self.changed = asyncio.Event()
        self.numbers = 0
        self.requests = 0
        self.refusal: list[Message] = []
        self.behind: list[Message] = []  # sent together with the answer to a registration
        self.ids: Callable[[RegisterWorker], list[int]] = lambda message: [0] * len(message.held_nbytes)
        self.ends = 0

    async def start(self) -> ScriptedScheduler:
        """Listen."""
        self.listener = await listen(self.listen_address, self._accept, role="scheduler", security=SECURITY)
        self.address = self.listener.contact_address
        return self

    def _accept(self, comm: Any) -> None:
        self.comms.append(comm)
        comm.start(lambda messages: self._receive(comm, messages), self._closed)

    def _closed(self, error: BaseException | None) -> None:
        self.ends += 1
        self.changed.set()

    def _receive(self, comm: Any, messages: list[Message]) -> None:
        for message in messages:
            if isinstance(message, RegisterWorker) and self.refusal:
                comm.send(self.refusal)
            elif isinstance(message, RegisterWorker):
                self.numbers += 1
                comm.send([WorkerRegistered(self.numbers, 7, self.ids(message)), *self.behind])
        self.messages += messages
        self.changed.set()

    def send(self, *messages: Message) -> None:
        """Tell the worker that came last."""
        self.comms[-1].send(list(messages))

    async def until(self, condition: Callable[[], Any]) -> Any:
        """Wait until something is true."""
        end = monotonic() + PATIENCE_S
        while not (found := condition()):
            self.changed.clear()
            async with asyncio.timeout(max(0.01, end - monotonic())):
                await self.changed.wait()
        return found

    async def first(self, kind: type[Message], where: Callable[[Any], bool] = lambda message: True) -> Any:
        """Wait for a message of a kind."""
        return (await self.until(lambda: [m for m in self.messages if type(m) is kind and where(m)]))[0]

    async def call(self, what: str, /, **arguments: Any) -> Answer:
        """Ask the worker."""
        self.requests += 1
        request = self.requests
        self.send(Call(request, what, arguments))
        return await self.first(Answer, lambda answer: answer.request == request)

    async def submit(self, *calls: Any, **fields: Any) -> list[int]:
        """Assign tasks; return their ids."""
        message = self.compute(*calls, **fields)
        self.send(message)
        return message.tasks

    async def finished(self, *tasks: int) -> dict[int, Any]:
        """Wait until tasks are finished; return the small results of all that are."""
        log = Log()

        def done() -> bool:
            log.messages = self.messages
            return set(tasks) <= set(log.finished)

        await self.until(done)
        return log.values

    async def close(self) -> None:
        """End all."""
        for comm in self.comms:
            await comm.close()
        if self.listener is not None:
            await self.listener.close()
        self.messages = [m for m in self.messages if type(m) is not WorkerBeat]

    async def __aenter__(self) -> ScriptedScheduler:
        return await self.start()

    async def __aexit__(self, *exception: object) -> None:
        await self.close()

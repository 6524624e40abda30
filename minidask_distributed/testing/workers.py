"""A simulated worker: the real machine of a worker with a shell that lives in virtual time.

Place in the flow: made by `cluster`; its machine gets messages from a `network` link, its fetches are the network's requests,
and its tasks "run" for as long as the dice say, then give the value that `workload` knows.

Invariants, asserted after each event: the machine's own `sanity_check`; the values here are those that the machine says are
held; each value is right; no slot runs two tasks. Not for: decisions; those are the machine's.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any

from minidask_distributed.messages import Bye, Leave, Message, RegisterWorker, WorkerBeat, WorkerRegistered
from minidask_distributed.protocol.keys import decode_keys, encode_keys
from minidask_distributed.protocol.payload import unpack
from minidask_distributed.protocol.small import dumps_small
from minidask_distributed.testing.network import End, Process
from minidask_distributed.testing.runs import Loaded, Run, Slots, failure_of
from minidask_distributed.testing.workload import PACES, Doomed, combine, nbytes_of
from minidask_distributed.worker.machine import Abandon, Fetch, Interrupt, Keep, Task, WorkerMachine
from minidask_distributed.worker.machine.check import sanity_check
from minidask_distributed.worker.machine.states import MEMORY

if TYPE_CHECKING:
    from minidask_distributed.testing.cluster import SimulatedCluster

INLINE_BYTES = 1000  # results up to this ride in the report, as in a real worker
BEAT_S = 0.5


class SimulatedWorker(Process):
    """One worker process.

    Parameters
    ----------
    cluster : SimulatedCluster
    name, address : str
    nthreads : int
    resources : dict of str to float
    nanny : str
        The id of its nanny, "" without.
    memory_limit : int
        Bytes, 0: none; the scheduler runs roots in plain order when much of all limits is taken.
    """

    def __init__(
        self,
        cluster: SimulatedCluster,
        name: str,
        address: str,
        nthreads: int = 1,
        resources: dict[str, float] | None = None,
        nanny: str = "",
        memory_limit: int = 0,
    ) -> None:
        super().__init__(cluster.network, name)
        dice = cluster.dice
        self.cluster = cluster
        self.address = address
        self.nthreads = nthreads
        self.resources = resources or {}
        self.nanny = nanny
        self.memory_limit = memory_limit
        self.machine = WorkerMachine(
            resources=self.resources,
            executors=("side",),
            fetch_count=dice.choice((1, 2, 50)),
            fetch_bytes=dice.choice((3_000_000, 200_000_000)),
            recipe_bytes=dice.choice((30, 10_000)),
            validate=True,
        )
        self.data: dict[int, int] = {}  # {task id: value}
        self.slots = Slots(nthreads)
        self.runs: list[Run] = []
        self.end: End | None = None  # of the link to the scheduler
        self.peer = 0  # the scheduler's number of that link
        self.joined = False  # whether the scheduler has answered on it
        self.version = 0  # counts changes of its state
        self.checked: object = None  # what its link was when it was held against the scheduler
        self._offered: list[Task] = []
        self._flushing = False
        cluster.network.listeners[address] = self

    # ------------------------------------------------------------ the scheduler

    def join(self) -> None:
        """Connect to the scheduler and offer what is held."""
        self.joined = False
        self.end, self.peer = self.cluster.connect(self)
        self.end.on_messages, self.end.on_close = self._received, self._lost
        self._offered = self.machine.held()
        keys = encode_keys([task.key for task in self._offered])  # type: ignore[misc]
        sizes = [task.nbytes for task in self._offered]
        info = {"host": "here"}
        self.end.send(
            [
                RegisterWorker(
                    self.address,
                    self.name,
                    self.nthreads,
                    self.memory_limit,
                    self.resources,
                    self.nanny,
                    info,
                    keys,
                    sizes,
                )
            ]
        )
        self.after(BEAT_S, self._beat, background=True)

    def _beat(self) -> None:
        if self.end is not None and self.joined:
            self.end.send([WorkerBeat({}, 0)])
            self.after(BEAT_S, self._beat, background=True)

    def _received(self, messages: list[Message]) -> None:
        for message in messages:
            if isinstance(message, WorkerRegistered):
                self._registered(message)
            elif isinstance(message, Leave):
                assert self.end is not None
                self.end.close()
                self.die()
                return
            elif not isinstance(message, Bye):
                self.machine.handle(message, self.network.clock.now)
                self.check()
        self.settle()

    def _registered(self, message: WorkerRegistered) -> None:
        self.joined = True
        renamed = self.machine.registered(self._offered, message.held)
        moved = [(new, self.data.pop(old)) for old, new in renamed.items()]
        self.data.update(moved)
        self._offered = []

    def _lost(self) -> None:
        self.end = None
        self.joined = False
        self.machine.disconnected()
        self.settle()
        # As a real one: it comes back as long as nobody ends it; a refusal (the old link still stands there) passes.
        self.after(0.1 + self.cluster.dice.random(), self.join)

    # ------------------------------------------------------------ after every event

    def settle(self) -> None:
        """Do what the machine asks for, start runs, and send reports now or a little later."""
        machine = self.machine
        for task in machine.drops:
            self.data.pop(task, None)
        machine.drops.clear()
        instructions, machine.instructions = machine.instructions, []
        for instruction in instructions:
            if isinstance(instruction, Fetch):
                self._fetch(instruction)
            elif isinstance(instruction, Interrupt):
                self._interrupt(instruction.task)
            elif isinstance(instruction, Keep):
                self.after(self.network.delay(), lambda keep=instruction: self._keep(keep))  # type: ignore[misc]
            else:
                assert isinstance(instruction, Abandon)
        for executor in self.slots.free:
            self._start(executor)
        if self.cluster.dice.random() < 0.7:
            self.flush()
        elif not self._flushing:
            self._flushing = True
            self.after(0.001, self.flush)
        self.check()

    def flush(self) -> None:
        """Send all reports."""
        self._flushing = False
        if self.end is not None and self.joined:
            self.version += 1
            self.end.send(self.machine.flush())

    def check(self) -> None:
        """Assert what must hold between any two events."""
        self.version += 1
        sanity_check(self.machine)
        if not self.machine.drops:
            held = {id for id, task in self.machine.tasks.items() if task.state == MEMORY}
            assert self.data.keys() == held, f"{self} has {sorted(self.data)}, and says that it holds {sorted(held)}"

    # ------------------------------------------------------------ tasks

    def _start(self, executor: str) -> None:
        machine, free = self.machine, self.slots.free[executor]
        while free and (task := machine.take(executor)) is not None:
            inlined = task.inlined or {}
            gone = [dep for dep in task.deps if dep not in self.data and dep not in inlined]
            if gone:
                machine.lacking(task, gone)
                continue
            inputs = [self.data[dep] if dep in self.data else unpack(inlined[dep]) for dep in task.deps]
            run = Run(task, self.slots.take(executor), inputs, self.network.clock.now)
            self.runs.append(run)
            self.cluster.ran(self, task)
            recipe = task.recipe
            assert recipe is not None
            kind, pace = recipe.source.decode().split("/")
            recipe.loaded = Loaded(kind)
            lasts = PACES[pace] * (0.5 + self.cluster.dice.random())
            if kind == "secede":
                self.after(lasts / 2, lambda run=run: self._secede(run))  # type: ignore[misc]
            self.after(lasts, lambda run=run, kind=kind: self._end(run, kind))  # type: ignore[misc]

    def _secede(self, run: Run) -> None:
        if run.slot is not None:
            self.machine.seceded(run.task, int((self.network.clock.now - run.started_s) * 1e6))
            self.slots.give_back(run)
            self.settle()

    def _interrupt(self, task: Task) -> None:
        for run in self.runs:
            if run.task is task:
                self.slots.give_back(run)

    def _end(self, run: Run, kind: str) -> None:
        dice, machine, task = self.cluster.dice, self.machine, run.task
        self.runs.remove(run)
        now = self.network.clock.now
        thread = run.slot[1] if run.slot is not None else 9
        self.slots.give_back(run)
        if kind == "crash" and dice.random() < 0.8:
            self.runs.append(run)
            self.cluster.crash(self, "signal 11 (SIGSEGV)")
            return
        if kind == "boom" or (kind == "flaky" and dice.random() < 0.4):
            machine.failed(task, failure_of(f"{kind} in {task.key}"), run.started_s, now)
        elif kind == "again" and dice.random() < 0.5:
            machine.rescheduled(task)
        else:
            assert task.recipe is not None or task.state not in ("executing", "long-running", "resumed")
            literal = int(task.literals) if task.literals is not None else 0
            value, nbytes = combine(literal, run.inputs), nbytes_of(str(task.key))
            small = dumps_small(value) if nbytes <= INLINE_BYTES else None
            if machine.finished(task, nbytes, small, run.started_s, now, thread):
                self.store(task.id, value)
        self.settle()

    def running(self) -> list[int]:
        """Return the ids on its threads, as its nanny reads them."""
        return [run.task.id for run in self.runs]

    # ------------------------------------------------------------ data

    def store(self, task: int, value: int) -> None:
        """Keep a value, which must be the right one."""
        key = self.cluster.key_of(task)
        if key:
            try:
                expected = self.cluster.catalogue.value(key)
            except Doomed:
                raise AssertionError(f"{key} has a value, though something that it is made of always raises") from None
            assert value == expected, f"{self} keeps {value} for {key}, which is {expected}"
        self.data[task] = value

    def _fetch(self, fetch: Fetch) -> None:
        def question(peer: SimulatedWorker) -> dict[int, int]:
            return {task: peer.data[task] for task in fetch.tasks if task in peer.data}

        def answered(values: dict[int, int]) -> None:
            read = dict(values)
            for task in list(read):
                if self.network.rough and not self.cluster.dice.randrange(200):
                    del read[task]
                    self.machine.unreadable(task, failure_of(f"unreadable: {self.cluster.key_of(task)}"))
            sizes = {task: nbytes_of(self.cluster.key_of(task)) for task in read}
            missing = [task for task in fetch.tasks if task not in values]
            for task in self.machine.arrived(fetch.serial, sizes, missing):
                self.store(task, read[task])
            self.settle()

        def failed() -> None:
            self.machine.fetch_failed(fetch.serial)
            self.settle()

        self.network.ask(self, fetch.address, question, answered, failed)

    def _keep(self, keep: Keep) -> None:
        values = {task: unpack(payload) for task, payload in zip(keep.tasks, keep.payloads, strict=True)}
        sizes = {task: nbytes_of(self.cluster.key_of(task)) for task in values}
        for task in self.machine.stored(sizes):
            self.store(task, values[task])
        self.settle()

    def put(self, tasks: list[int], keys: list[Any], values: list[int]) -> None:
        """Hold data that a client put here."""
        names: list[Hashable] = [*decode_keys(keys)]
        kept = self.machine.put(tasks, names, [nbytes_of(str(key)) for key in names])
        for task, value in zip(tasks, values, strict=True):
            if task in kept:
                self.store(task, value)
        self.settle()

    def lose(self, choose: Callable[[list[int]], int]) -> None:
        """Find one of its results damaged on disk."""
        if self.data:
            task = choose(list(self.data))
            del self.data[task]
            self.machine.lost(task)
            self.settle()

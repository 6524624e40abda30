"""A whole cluster in one thread: the scheduler's real machine, real machines of workers, and scripted clients and nannies.

Place in the flow: `lives` makes one of a seed and lets things happen to it; tests may build their own. The scheduler's shell
here does what `scheduler.server` does: hand in what came in one reading, then flush.

Invariants: the same seed gives the same life, whatever the process hashes texts to. After each event of the clock the
invariants of `invariants.check_now` hold; the machines' own checks run wherever something was handed in.
"""

from __future__ import annotations

from hashlib import blake2b
from random import Random
from typing import Any

from minidask_distributed.messages import (
    Acquire,
    Answer,
    Call,
    Compute,
    Message,
    Store,
    WorkerBeat,
)
from minidask_distributed.protocol.keys import decode_keys
from minidask_distributed.scheduler.machine import Limits, SchedulerMachine, sanity_check
from minidask_distributed.scheduler.machine.records import Client
from minidask_distributed.scheduler.machine.states import MEMORY
from minidask_distributed.testing.clients import SimulatedClient
from minidask_distributed.testing.clock import VirtualClock
from minidask_distributed.testing.nannies import SimulatedNanny
from minidask_distributed.testing.network import End, Network, Process
from minidask_distributed.testing.workers import SimulatedWorker
from minidask_distributed.testing.workload import Catalogue
from minidask_distributed.worker.machine import Task

TICK_S = 0.2

LIMITS = Limits(
    worker_ttl_s=6.0, depth_count=6, spread_from=3, value_bytes=120, credit=2, nanny_report_s=2.0, log=200, drops=9
)
"""Small bounds, so that short lives meet all of them."""


class SimulatedCluster:
    """The cluster, its clock and its network.

    Parameters
    ----------
    dice : random.Random
        Where all chance comes from.
    limits : Limits
        Of the scheduler.

    Examples
    --------
    >>> cluster = SimulatedCluster(Random(1))
    >>> worker, client = cluster.add_worker(), cluster.add_client()
    >>> key = cluster.catalogue.add("sum/even", 7, ())
    >>> client.submit([(key, [])], [0], [])
    >>> cluster.run(1.0)
    >>> client.words, cluster.catalogue.value(key)
    ({0: 'Done'}, 7)
    """

    def __init__(self, dice: Random, limits: Limits = LIMITS) -> None:
        self.dice = dice
        self.clock = VirtualClock()
        self.network = Network(self.clock, dice)
        self.catalogue = Catalogue()
        self.machine = SchedulerMachine(1, limits)
        self.process = Process(self.network, "scheduler")
        self.ends: dict[int, End] = {}  # {peer: the scheduler's end of its link}
        self.workers: list[SimulatedWorker] = []
        self.clients: list[SimulatedClient] = []
        self.nannies: dict[str, SimulatedNanny] = {}
        self.keys: dict[int, str] = {}  # {task id: key} of all that any worker was told of
        self.cancels: list[tuple[SimulatedClient, str, bool]] = []  # who cancelled which key, and whether for all
        self.crashes: dict[str, int] = {}  # {key: processes that ended while they ran it}
        self.n_deaths = 0  # workers that ended or were taken for dead
        self.n_events = 0
        self.n_messages = 0
        self.version = 0  # counts changes of the scheduler's state
        self._mark: tuple[int, ...] = ()
        self._clearing = False
        self._flushing_later = False
        self.kinds: dict[str, int] = {}  # messages by name, both ways
        self._peers = 0
        self._names = 0
        self._digest = blake2b(digest_size=8)
        self.clock.call_later(TICK_S, self._tick, background=True)

    # ------------------------------------------------------------ who is there

    def connect(self, process: Process) -> tuple[End, int]:
        """Link a process to the scheduler; return its end and the scheduler's number of it."""
        self._peers += 1
        peer = self._peers
        near, far = self.network.link(self.process, process)
        near.on_messages = lambda messages: self._received(peer, messages)
        near.on_close = lambda: self._gone(peer)
        self.ends[peer] = near
        return far, peer

    def add_worker(
        self,
        name: str = "",
        nthreads: int = 1,
        resources: dict[str, float] | None = None,
        nanny: bool = False,
        memory_limit: int = 0,
    ) -> SimulatedWorker:
        """Start a worker, with a nanny of its own or without."""
        self._names += 1
        name = name or f"w{self._names}"
        watcher = None
        if nanny:
            watcher = self.nannies[f"nanny-{self._names}"] = SimulatedNanny(self, f"nanny-{self._names}")
            watcher.join()
        worker = self.start_worker(name, nthreads, resources or {}, watcher, memory_limit)
        if watcher is not None:
            watcher.worker = worker
        return worker

    def start_worker(
        self,
        name: str,
        nthreads: int,
        resources: dict[str, float],
        nanny: SimulatedNanny | None,
        memory_limit: int = 0,
    ) -> SimulatedWorker:
        """Start a worker process, at an address that nobody had before."""
        self._names += 1
        nanny_id = nanny.name if nanny is not None else ""
        worker = SimulatedWorker(self, name, f"tcp://{name}:{self._names}", nthreads, resources, nanny_id, memory_limit)
        self.workers.append(worker)
        worker.join()
        return worker

    def add_client(self) -> SimulatedClient:
        """Let a client join."""
        self._names += 1
        client = SimulatedClient(self, f"client-{self._names}")
        self.clients.append(client)
        client.join()
        return client

    def crash(self, worker: SimulatedWorker, reason: str, with_nanny: bool = False) -> None:
        """End a worker's process at once; its nanny, unless it ends as well, will say so."""
        running = worker.running()
        for task in running:
            key = self.key_of(task)
            self.crashes[key] = self.crashes.get(key, 0) + 1
        worker.die()
        nanny = self.nannies.get(worker.nanny)
        if nanny is None:
            return
        if with_nanny:
            nanny.die()
        elif nanny.worker is worker:
            nanny.died(worker, running, reason)

    def key_of(self, task: int) -> str:
        """Return the key of a task id, "" if nobody knows it (any more)."""
        key = self.keys.get(task)
        if key is None:
            known = self.machine.state.find(task)
            if known is None:
                return ""
            key = self.keys[task] = str(known.key)
        return key

    def cancelled(self, client: SimulatedClient, keys: list[str], force: bool) -> None:
        """Take note that a client cancels."""
        self.cancels += [(client, key, force) for key in keys]

    def ran(self, worker: SimulatedWorker, task: Task) -> None:
        """Take note that a task begins to run."""
        self.n_events += 1
        self._trace(f"{worker.name} runs {task.key} {task.attempt}")

    # ------------------------------------------------------------ the scheduler's shell

    def _received(self, peer: int, messages: list[Message]) -> None:
        now = self.clock.now
        for message in messages:
            self._count(peer, message)
            if not isinstance(message, WorkerBeat):
                self.version += 1
            if isinstance(message, Call):
                self.ends[peer].send([Answer(message.request, self._locate(peer, message.arguments["tasks"]), None)])
            else:
                self.machine.handle(peer, message, now)
        self.flush()

    def _gone(self, peer: int) -> None:
        del self.ends[peer]
        self.version += 1
        self.machine.gone(peer, self.clock.now, "the link broke")
        self.flush()

    def _tick(self) -> None:
        self.machine.tick(self.clock.now)
        self.flush()
        self.clock.call_later(TICK_S, self._tick, background=True)

    def retire(self, worker: SimulatedWorker) -> None:
        """Let a worker leave in order."""
        record = self.machine.state.worker_peers.get(worker.peer)
        if record is not None:
            self.version += 1
            self.machine.retire([record.number], self.clock.now)
            self.flush()

    def restart(self) -> None:
        """Restart the cluster, as its shell does: all tasks are given up, workers end and are started anew, or leave."""
        machine, now = self.machine, self.clock.now
        for client in self.clients:
            # Also what is on its way yet: it may be made of what is given up now.
            self.cancelled(client, list(dict.fromkeys(client.keys)), False)
        self.version += 1
        before = {one: list(one.tasks.numbers()) for one in machine.clients.values()}
        machine.restart(now)
        self.flush()
        self._go_on_restarting(before)

    def _go_on_restarting(self, before: dict[Client, list[int]]) -> None:
        """End the workers once all that clients wanted before is given up; others act meanwhile."""
        machine, now = self.machine, self.clock.now
        if machine.gives_up:
            self.clock.call_later(0.0, lambda: self._go_on_restarting(before))
            return
        for one, locals_ in before.items():
            left = [task for local in locals_ if (task := one.tasks.get(local)) is not None]
            assert not left, f"the cluster is restarted, and {one} still wants {left}"
        self.version += 1
        numbers = [record.number for record in machine.state.workers.values() if record.status != "gone"]
        machine.retire([one for one in numbers if not machine.kill(one, now, True, "restart")], now, "restart")
        self.flush()

    def slow(self, client: SimulatedClient, is_slow: bool) -> None:
        """Say that a client takes its messages slowly, or no longer."""
        self.machine.slow(client.peer, is_slow)

    def flush(self) -> None:
        """Send what the machine has to say, and close whom it gave up; then it must be sane, if anything changed."""
        state = self.machine.state
        while True:
            out = self.machine.flush(self.clock.now)
            for peer, messages in out.items():
                for message in messages:
                    self._count(-peer, message)
                    if isinstance(message, Compute | Store | Acquire):
                        self.keys.update(zip(message.tasks, map(str, decode_keys(message.keys)), strict=True))
                if peer in self.ends:
                    self.ends[peer].send(messages)
            mark = (self.version, state.log.dropped + len(state.log), len(state.workers), len(state.running))
            if out or mark != self._mark:
                self.version += 1
                self._mark = (self.version, *mark[1:])
                sanity_check(state)
            for topic, _ in self.machine.take_notices():
                self.n_deaths += topic == "worker-removed"
            if self.machine.unfinished and not self._clearing:
                self._clearing = True
                self.clock.call_later(0.0, self._go_on_clearing)
            if (pause_s := self.machine.flush_after_s) is not None and not self._flushing_later:
                self._flushing_later = True
                self.clock.call_later(pause_s, self._flush_later)
            closings = self.machine.take_closings()
            if not closings:
                return
            for peer, reason in closings:
                end = self.ends.pop(peer, None)
                if end is not None:
                    end.close()
                    self.machine.gone(peer, self.clock.now, reason)

    def _go_on_clearing(self) -> None:
        self._clearing = False
        self.flush()

    def _flush_later(self) -> None:
        self._flushing_later = False
        self.flush()

    def _locate(self, peer: int, locals_: list[int]) -> dict[str, Any]:
        client = self.machine.clients[peer]
        answer: dict[str, Any] = {"tasks": [], "addresses": [], "missing": []}
        for local in locals_:
            task = client.tasks.get(local)
            if task is None or task.state != MEMORY:
                answer["missing"].append(local)
                continue
            self.keys[task.id] = str(task.key)
            answer["tasks"].append(task.id)
            answer["addresses"].append([holder.address for holder in task.holders()])
        return answer

    # ------------------------------------------------------------ time

    def run(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.run_until(self.clock.now + seconds)

    def _count(self, peer: int, message: Message) -> None:
        self.n_messages += 1
        name = type(message).__name__
        self.kinds[name] = self.kinds.get(name, 0) + 1
        self._trace(f"{peer} {name} {getattr(message, 'tasks', '')}")

    def _trace(self, line: str) -> None:
        self._digest.update(f"{self.clock.now:.6f} {line}\n".encode())

    @property
    def digest(self) -> str:
        """What happened so far, as 16 hexadecimal digits: equal lives have equal ones."""
        return self._digest.hexdigest()

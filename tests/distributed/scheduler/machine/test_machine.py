"""Random lives of the scheduler's machine, with invariants checked after every event."""

from __future__ import annotations

import random
from collections import deque
from itertools import pairwise

import pytest

from minidask_distributed.messages import (
    Answer,
    Cancel,
    Cancelled,
    Compute,
    Done,
    Erred,
    Failed,
    Finished,
    Free,
    Held,
    KeepUntilDone,
    Leave,
    LongRunning,
    Missing,
    OpenSession,
    Recall,
    Recalled,
    RegisterNanny,
    RegisterWorker,
    Release,
    Retry,
    Store,
    Undone,
    Upload,
    WorkerDied,
    WorkerStatus,
)
from minidask_distributed.protocol.keys import encode_keys
from minidask_distributed.scheduler.machine import Limits, SchedulerMachine, sanity_check
from minidask_distributed.scheduler.machine.states import NO_WORKER, PROCESSING, QUEUED, WAITING


class ScriptedWorker:
    """Does what it is told, in an order that the dice choose; keeps what the protocol lets it keep."""

    def __init__(self, peer, name, nanny=""):
        self.peer, self.name, self.nanny = peer, name, nanny
        self.inbox, self.tasks, self.data, self.number = deque(), {}, {}, 0

    def registration(self):
        return RegisterWorker(
            f"tcp://{self.name}:1", self.name, 2, 0, {"GPU": 1.0}, self.nanny, {}, encode_keys([]), []
        )

    def receive(self):
        """Take in the oldest message; return what is answered at once."""
        message = self.inbox.popleft()
        answers = []
        match message:
            case Compute():
                at = 0
                for row, task in enumerate(message.tasks):
                    deps = message.deps[at : at + message.n_deps[row]]
                    at += message.n_deps[row]
                    attempt = message.attempts[row] if message.attempts else 1
                    if task in self.data:
                        # It had fetched a copy when the scheduler took the last one for lost.
                        answers.append(Finished([task], [attempt], [10], [0], [0], [0], 0, None))
                        continue
                    for dep in deps:
                        assert dep in self.data or dep in message.inlined or dep in message.holders
                    fetch = {
                        dep: message.holders[dep] for dep in deps if dep in message.holders and dep not in self.data
                    }
                    self.tasks[task] = (attempt, fetch)
            case Free():
                for task in message.tasks:
                    self.tasks.pop(task, None)
                    self.data.pop(task, None)
            case Recall():
                given = [task for task in message.tasks if task in self.tasks]
                kept = [task for task in message.tasks if task not in self.tasks]
                for task in given:
                    del self.tasks[task]
                return [Recalled(given, kept)]
            case Store():
                self.data.update(dict.fromkeys(message.tasks, 10))
            case _ if type(message).__name__ == "Acquire":
                self.data.update(dict.fromkeys(message.tasks, 10))
                return [Held(message.tasks, [10] * len(message.tasks))]
        return answers


class Life:
    """One cluster, all of it scripted by a seed."""

    def __init__(self, seed):
        self.dice = random.Random(seed)
        self.now = 0.0
        self.machine = SchedulerMachine(
            1, Limits(worker_ttl_s=0, depth_count=6, spread_from=3, value_bytes=300, credit=4)
        )
        self.workers, self.clients, self.nannies = {}, {}, {}
        self.next_peer = 1
        self.moody = 0.05  # chance that an idle worker pauses or goes on

    def peer(self):
        self.next_peer += 1
        return self.next_peer

    def settle(self):
        for peer, messages in self.machine.flush(self.now).items():
            assert messages
            if peer in self.workers:
                self.workers[peer].inbox.extend(messages)
                if any(type(message) is Leave for message in messages):
                    del self.workers[peer]
                    self.machine.gone(peer, self.now)
            elif peer in self.clients:
                self.clients[peer].receive(messages)
        self.machine.take_notices()
        for peer, _ in self.machine.take_closings():
            self.machine.gone(peer, self.now)
            self.workers.pop(peer, None)
        sanity_check(self.machine.state)

    def send(self, peer, message):
        self.now += self.dice.random() * 0.01
        self.machine.handle(peer, message, self.now)
        sanity_check(self.machine.state)

    def step(self):
        dice = self.dice
        move = dice.random()
        if move < 0.05 and len(self.workers) < 6:
            self.add_worker(dice.random() < 0.5)
        elif move < 0.065 and self.workers:
            self.kill(dice.choice(list(self.workers)))
        elif move < 0.08 and self.workers:
            self.machine.retire([dice.choice(list(self.machine.workers))] if self.machine.workers else [], self.now)
        elif move < 0.10 and len(self.clients) < 3:
            peer = self.peer()
            self.clients[peer] = ScriptedClient(peer, dice)
            self.send(peer, OpenSession(f"client-{peer}", {}))
        elif move < 0.105 and self.clients:
            peer = dice.choice(list(self.clients))
            del self.clients[peer]
            self.machine.gone(peer, self.now)
        elif move < 0.35 and self.clients:
            peer = dice.choice(list(self.clients))
            message = self.clients[peer].act()
            if message is not None:
                self.send(peer, message)
        elif move < 0.37:
            self.now += 3 * dice.random()
            self.machine.tick(self.now)
        elif self.workers:
            self.work(self.workers[dice.choice(list(self.workers))])
        if dice.random() < 0.7:
            self.settle()

    def add_worker(self, with_nanny):
        peer = self.peer()
        nanny = f"nanny-{peer}" if with_nanny else ""
        if with_nanny:
            own = self.nannies[nanny] = self.peer()
            self.send(own, RegisterNanny(nanny, nanny, {}))
        self.workers[peer] = worker = ScriptedWorker(peer, f"w{peer}", nanny)
        self.send(peer, worker.registration())

    def kill(self, peer):
        worker = self.workers.pop(peer)
        running = list(worker.tasks)[:1]
        self.machine.gone(peer, self.now, "killed")
        sanity_check(self.machine.state)
        if worker.nanny and self.dice.random() < 0.7:
            self.send(self.nannies[worker.nanny], WorkerDied(worker.nanny, "", running, "signal 9", True))

    def work(self, worker):
        dice = self.dice
        if worker.inbox and dice.random() < 0.5:
            for answer in worker.receive():
                self.send(worker.peer, answer)
        elif worker.tasks:
            task = dice.choice(list(worker.tasks))
            attempt, fetch = worker.tasks[task]
            if fetch:
                dep, holders = fetch.popitem()
                sources = [one for one in self.workers.values() if dep in one.data]
                if sources and dice.random() < 0.9:
                    worker.data[dep] = 10
                    self.send(worker.peer, Held([dep], [10]))
                else:
                    self.send(worker.peer, Missing([dep], [holders]))
                    # Whether it comes later or the task is freed is the scheduler's word.
                    fetch[dep] = holders
                return
            outcome = dice.random()
            attempts = None if attempt == 1 else [attempt]
            if outcome < 0.08:
                del worker.tasks[task]
                fields = {
                    "type": "ValueError",
                    "text": "no",
                    "traceback": "",
                    "notes": [],
                    "payload": None,
                    "name": "f",
                }
                self.send(worker.peer, Erred([task], attempts, [5], [fields]))
            elif outcome < 0.11:
                self.send(worker.peer, LongRunning([task], [700]))
            else:
                del worker.tasks[task]
                worker.data[task] = 10
                value = b"v" * 20 if dice.random() < 0.5 else None
                duration = dice.choice([1, 50, 3000, 100_000])
                self.send(
                    worker.peer,
                    Finished([task], attempts, [10], [duration], [0], [0], 0, None if value is None else [value]),
                )
        elif dice.random() < self.moody:
            self.send(worker.peer, WorkerStatus(dice.choice(["paused", "running"])))


class ScriptedClient:
    """Submits random graphs in chunks, lets go, cancels, retries; checks that what it is told makes sense."""

    def __init__(self, peer, dice):
        self.peer, self.dice = peer, dice
        self.next_local, self.submission = 0, 0
        self.status = {}  # {local: last word}
        self.held = []
        self.chunks = deque()
        self.recipes = 0

    def receive(self, messages):
        for message in messages:
            match message:
                case Done() | Failed() | Undone() | Cancelled():
                    for task in message.tasks:
                        self.status[task] = type(message).__name__
                case Answer():
                    raise AssertionError

    def act(self):
        dice = self.dice
        if self.chunks:
            return self.chunks.popleft()
        choice = dice.random()
        if choice < 0.45:
            self.plan()
            return self.chunks.popleft()
        if not self.held:
            return None
        some = dice.sample(self.held, min(len(self.held), dice.randint(1, 8)))
        if choice < 0.8:
            self.held = [local for local in self.held if local not in some]
            return Release(some)
        if choice < 0.87:
            self.held = [local for local in self.held if local not in some]
            return Cancel(some, dice.random() < 0.3, "enough")
        if choice < 0.92:
            return KeepUntilDone(some)
        return Retry(some)

    def plan(self):
        """Make a submission of random rows; keys are shared with other clients often."""
        dice = self.dice
        count = dice.choice([1, 1, 2, 5, 12, 30])
        first, self.next_local = self.next_local, self.next_local + count
        rows = []
        width = dice.choice([40, 10_000_000])
        for row in range(count):
            pool = list(range(row)) if dice.random() < 0.7 else []
            outside = [local for local in self.held if local < first]
            deps = dice.sample(pool, min(len(pool), dice.choice([0, 1, 2, 4])))
            # Where keys are shared, their recipes must be, too.
            deps = [first + dep for dep in deps] + (dice.sample(outside, 1) if outside and dice.random() < 0.1 else [])
            rows.append((f"k-{dice.randrange(width)}" if not deps else f"d-{dice.randrange(10_000_000)}", deps))
        n_deps = [0] * count
        for _, deps in rows:
            for dep in deps:
                if dep >= first:
                    n_deps[dep - first] += 1
        wanted = [row for row in range(count) if not n_deps[row] or dice.random() < 0.2]
        self.submission += 1
        options = dice.choice(
            [[], [], [], [{"retries": 1}], [{"resources": {"GPU": 1}}], [{"workers": ["w3"]}], [{"priority": 3}]]
        )
        cuts = sorted({0, count, *[dice.randrange(count + 1) for _ in range(2)]})
        for start, stop in pairwise(cuts):
            part = rows[start:stop]
            self.recipes += 1
            option = [dice.choice([-1, 0]) for _ in part] if options else None
            self.chunks.append(
                Upload(
                    self.submission, first + start, count, sum(not deps for _, deps in rows), stop == count,
                    encode_keys([key for key, _ in part]), [[self.recipes, b"digest", b"blob"]], [self.recipes] * len(part),
                    [None] * len(part), [dep for _, deps in part for dep in deps], [len(deps) for _, deps in part],
                    n_deps[start:stop], [row - start for row in wanted if start <= row < stop], [], options, option,
                )
            )  # fmt: skip
        # Held until the whole is sent: a client never lets go of what it is still to name.
        self.pending = [first + row for row in wanted]
        self.held += self.pending


@pytest.mark.parametrize("seed", range(60))
def test_random_life(seed):
    life = Life(seed)
    for _ in range(400):
        life.step()
    # When all is calm and workers are there, everything that is wanted comes to an end.
    for client in life.clients.values():
        while client.chunks:
            life.send(client.peer, client.chunks.popleft())
    while len(life.workers) < 4:
        life.add_worker(False)
    life.moody = 0
    for peer in life.workers:
        life.send(peer, WorkerStatus("running"))
    life.settle()
    for _ in range(3000):
        busy = [one for one in life.workers.values() if one.inbox or one.tasks]
        if not busy:
            life.now += 3
            life.machine.tick(life.now)
            life.settle()
            if not any(one.inbox or one.tasks for one in life.workers.values()):
                break
            continue
        life.work(life.dice.choice(busy))
        life.settle()
    blocked = [task for task in life.machine.tasks_by_key.values() if task.state == NO_WORKER]
    for task in blocked:
        blocked += [one for one in task.all_dependents() if one not in blocked]
    active = [task for task in life.machine.tasks_by_key.values() if task.state in (WAITING, QUEUED, PROCESSING)]
    assert not set(active) - set(blocked)
    for client in life.clients.values():
        for local in client.held:
            task = life.machine.clients[client.peer].tasks.get(local)
            if task is None or task in blocked:
                continue
            assert client.status.get(local) in ("Done", "Failed", "Cancelled"), (local, task)
    for peer in list(life.clients):
        del life.clients[peer]
        life.machine.gone(peer, life.now)
    life.settle()
    # What was fired and forgotten may still wait for a worker; nothing else is left.
    keeper = life.machine.state.keeper
    needed = [task for task in life.machine.tasks_by_key.values() if any(one is keeper for one, _ in task.wants())]
    if not needed:
        assert not life.machine.tasks_by_key
        assert not life.machine.state.managed_bytes
        assert not life.machine.state.value_bytes
        assert not life.machine.state.recipes
        assert not life.machine.state.options

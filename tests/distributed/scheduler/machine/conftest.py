"""A scheduler machine with recorded outboxes: what each peer was sent, and nothing else."""

from __future__ import annotations

from collections import defaultdict

import pytest

from minidask_distributed.messages import (
    Compute,
    Done,
    Erred,
    Failed,
    Finished,
    OpenSession,
    RegisterNanny,
    RegisterWorker,
    Upload,
)
from minidask_distributed.protocol.keys import decode_keys, encode_keys
from minidask_distributed.scheduler.machine import Limits, SchedulerMachine, sanity_check
from minidask_distributed.scheduler.machine.states import name_of


class Table:
    """The machine, its peers by name, and the messages that nobody has looked at yet."""

    def __init__(self, **limits):
        self.machine = SchedulerMachine(1, Limits(**limits))
        self.state = self.machine.state
        self.peers = {}
        self.locals = defaultdict(dict)  # {client: {key: local id}}
        self.recipes = defaultdict(dict)  # {client: {digest: number}}
        self.submissions = 0
        self.inbox = defaultdict(list)
        self.now = 0.0

    # ------------------------------------------------------------ peers

    def join(self, name, message):
        self.peers[name] = len(self.peers) + 1
        self.say(name, message)

    def client(self, name="client"):
        self.join(name, OpenSession(name, {}))
        self.read(name)
        return name

    def worker(self, name, nthreads=1, nanny="", memory_limit=0, resources=None, held=(), status=True, scheme="tcp"):
        keys = encode_keys(list(held))
        message = RegisterWorker(
            f"{scheme}://{name}",
            name,
            nthreads,
            memory_limit,
            resources or {},
            nanny,
            {"host": "here"},
            keys,
            [8] * len(held),
        )
        self.join(name, message)
        if status:
            self.read(name)
        return name

    def nanny(self, name):
        self.join(name, RegisterNanny(name, name, {}))
        return name

    def record(self, worker):
        return self.state.worker_peers[self.peers[worker]]

    # ------------------------------------------------------------ events

    def say(self, name, *messages):
        for message in messages:
            self.machine.handle(self.peers[name], message, self.now)
            sanity_check(self.state)
        self.settle()

    def leave(self, name, reason=""):
        self.machine.gone(self.peers[name], self.now, reason)
        sanity_check(self.state)
        self.settle()

    def wait(self, seconds, deaf_s=0.0):
        self.now += seconds
        self.machine.tick(self.now, deaf_s)
        sanity_check(self.state)
        self.settle()

    def settle(self):
        names = {peer: name for name, peer in self.peers.items()}
        for peer, messages in self.machine.flush(self.now).items():
            self.inbox[names[peer]] += messages
        sanity_check(self.state)

    def read(self, name, kind=None):
        """Return and forget what a peer was sent; with ``kind`` only such messages, the others stay."""
        messages = self.inbox.pop(name, [])
        if kind is None:
            return messages
        self.inbox[name] = [message for message in messages if type(message) is not kind]
        return [message for message in messages if type(message) is kind]

    # ------------------------------------------------------------ clients' words

    def upload(
        self, client, rows, wanted=None, first=None, announced=None, last=True, dependents=None, recipe="f", **more
    ):
        """Upload ``{key: dependencies}``; keys are the client's own names for local ids."""
        known = self.locals[client]
        start = len(known) if first is None else first
        for at, key in enumerate(rows):
            known[key] = start + at
        if last is True and first is None:
            self.submissions += 1
        keys = list(rows)
        counts = dependents or [sum(key in deps for deps in rows.values()) for key in keys]
        named = [keys.index(key) for key in more.pop("named", ())]
        digest = recipe.encode()
        recipes = self.recipes[client]
        new = [] if digest in recipes else [[len(recipes), digest, b"blob"]]
        number = recipes.setdefault(digest, len(recipes))
        message = Upload(
            self.submissions, start, announced or len(rows), sum(not deps for deps in rows.values()), last,
            encode_keys(keys), new, [number] * len(rows),
            more.pop("literals", [None] * len(rows)), [known[dep] for deps in rows.values() for dep in deps],
            [len(deps) for deps in rows.values()], counts,
            None if wanted is None else [keys.index(key) for key in wanted], named,
            more.pop("options", []), more.pop("option", None),
        )  # fmt: skip
        self.say(client, message)

    def ids(self, client, *keys):
        return [self.locals[client][key] for key in keys]

    def heard(self, client):
        """Return ``{key: word}`` of what a client was told last about each key, values in place of "Done" where they came."""
        names = {local: key for key, local in self.locals[client].items()}
        words = {}
        for message in self.read(client):
            if type(message) is Done:
                values = message.values or [None] * len(message.tasks)
                words |= {
                    names[task]: "done" if value is None else value
                    for task, value in zip(message.tasks, values, strict=True)
                }
            elif type(message) is Failed:
                words |= {
                    names[task]: message.failures[at]["text"]
                    for task, at in zip(message.tasks, message.culprit, strict=True)
                }
            elif hasattr(message, "tasks"):
                words |= {names[task]: type(message).__name__.lower() for task in message.tasks}
        return words

    # ------------------------------------------------------------ workers' words

    def given(self, worker):
        """Return the keys that a worker was sent to compute since the last look, in order."""
        return [key for message in self.read(worker, Compute) for key in decode_keys(message.keys)]

    def finish(self, worker, *keys, nbytes=8, us=100, values=None):
        tasks = [self.task(key) for key in keys]
        attempts = [task.attempt for task in tasks]
        count = len(tasks)
        self.say(
            worker,
            Finished(
                [task.id for task in tasks],
                attempts,
                [nbytes] * count,
                [us] * count,
                [0] * count,
                [0] * count,
                0,
                values,
            ),
        )

    def fail(self, worker, key, text="no", **more):
        task = self.task(key)
        fields = {
            "type": "ValueError",
            "text": text,
            "traceback": "",
            "notes": [],
            "payload": None,
            "name": "f",
            **more,
        }
        self.say(worker, Erred([task.id], [task.attempt], [5], [fields]))

    def task(self, key):
        return self.machine.tasks_by_key[key]

    def where(self, *keys):
        """Return the states of tasks by name; "gone" for those that aren't known."""
        known = self.machine.tasks_by_key
        return [name_of(known[key].state) if key in known else "gone" for key in keys]


@pytest.fixture
def table():
    return Table()


@pytest.fixture
def make_table():
    return Table

"""A stage: a real scheduler without sockets, whose peers say what the test wants; feeds read it as they would any other."""

from __future__ import annotations

import pytest

from minidask_distributed.dashboard.feeds import ALL
from minidask_distributed.dashboard.feeds.base import MAX_ROWS, StreamFeed, check_columns
from minidask_distributed.messages import Erred, Finished, OpenSession, RegisterWorker, Upload, WorkerBeat
from minidask_distributed.protocol.keys import encode_keys
from minidask_distributed.scheduler.server import Scheduler
from minidask_distributed.security import Security, new_token
from minidask_distributed.worker.activities import ActivityLog

STREAMED = 3_300  # rectangles of an update, and a tenth of them for other activities


class Stage:
    """The scheduler and its peers by name."""

    def __init__(self):
        self.scheduler = Scheduler(addresses=["inproc://"], security=Security(token=new_token()))
        self.machine = self.scheduler.machine
        self.state = self.machine.state
        self.peers = {}
        self.start = self.now = 1_700_000_000.0
        self.submissions = 0
        self.rows = 0
        self.recipes = {}
        self.say("client", OpenSession("client", {}))
        self.scheduler.recorder.attach()

    def say(self, name, *messages):
        peer = self.peers.setdefault(name, len(self.peers) + 1)
        address = f"tcp://{name}:1"
        sent = {}
        for message in messages:
            if type(message) is Finished:
                self.scheduler.task_stream.observe(address, message)
            self.scheduler.recorder.see(address, message, self.moment, self.now)
            self.machine.handle(peer, message, self.moment)
            for to, said in self.machine.flush(self.moment).items():
                sent.setdefault(to, []).extend(said)
        self.scheduler.recorder.see_notices(self.machine.take_notices(), self.now)
        self.scheduler.recorder.collect()
        return sent

    @property
    def moment(self):
        """The time on the machine's clock."""
        return self.now - self.start

    def tick(self, seconds=0.5):
        self.now += seconds
        self.machine.tick(self.moment)
        self.scheduler.recorder.tick(self.moment, self.now, 0.001)

    def worker(self, name, nthreads=1, memory_limit=1000, **metrics):
        message = RegisterWorker(
            f"tcp://{name}:1", name, nthreads, memory_limit, {}, "", {"host": "here"}, encode_keys([]), []
        )
        self.say(name, message)
        if metrics:
            self.beat(name, **metrics)

    def beat(self, name, activities=(), **metrics):
        told = dict(metrics)
        if activities:
            log = ActivityLog()
            for one in activities:
                log.add(*one)
            told |= log.take(0.0)
        self.say(name, WorkerBeat(told, 0))

    def record(self, name):
        return self.state.worker_names[name]

    def submit(self, rows, recipe="f", wanted=None, last=True):
        """Submit ``{key: dependencies}``; these must be among the rows."""
        keys = list(rows)
        places = {key: at for at, key in enumerate(keys)}
        known = recipe in self.recipes
        number = self.recipes.setdefault(recipe, len(self.recipes))
        counts = [0] * len(keys)
        for deps in rows.values():
            for dep in deps:
                counts[places[dep]] += 1
        first, self.rows = self.rows, self.rows + len(keys)
        self.submissions += 1
        self.say(
            "client",
            Upload(
                self.submissions, first, len(rows), sum(not deps for deps in rows.values()), last, encode_keys(keys),
                [] if known else [[number, recipe.encode(), b"blob"]], [number] * len(rows), [None] * len(rows),
                [first + places[dep] for deps in rows.values() for dep in deps], [len(deps) for deps in rows.values()],
                counts, None if wanted is None else [places[key] for key in wanted], [], [], None,
            ),
        )  # fmt: skip

    def finish(self, name, tasks, us=1000, since=None, threads=None):
        """Let a worker report tasks that it was sent, one after the other on its threads."""
        count = len(tasks)
        since = int(self.now * 1e6) if since is None else since
        self.say(
            name,
            Finished(
                [task.id for task in tasks], [task.attempt for task in tasks], [8] * count, [us] * count,
                [us * at for at in range(count)], threads or [0] * count, since, None,
            ),
        )  # fmt: skip

    def run(self, us=1000):
        """Let all workers finish all that they have, until nothing is left."""
        for _ in range(10_000):
            busy = [worker for worker in self.state.workers.values() if worker.processing]
            if not busy:
                return
            for worker in busy:
                self.finish(worker.name, list(worker.processing), us)
        raise AssertionError("the tasks don't end")

    def fail(self, task, text="no", us=5, **more):
        fields = {
            "type": "ValueError",
            "text": text,
            "traceback": "Traceback\n  …",
            "notes": [],
            "payload": None,
            "name": "f",
            **more,
        }
        self.say(task.worker.name, Erred([task.id], [task.attempt], [us], [fields]))

    def read(self, name):
        """Read a feed, and check what it says of itself."""
        feed = ALL[name]
        columns = feed.read(self.scheduler, self.now)
        check_columns(feed, columns)
        most = STREAMED if isinstance(feed, StreamFeed) else 3 * MAX_ROWS
        assert all(len(column) <= most for column in columns.values())
        return columns

    def close(self):
        self.scheduler.recorder.detach()


@pytest.fixture
def stage():
    made = Stage()
    yield made
    made.close()

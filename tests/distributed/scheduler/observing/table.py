"""A scheduler's machine with a recorder beside it, shown what a server shows it."""

from __future__ import annotations

from minidask_distributed.messages import (
    Erred,
    Finished,
    OpenSession,
    Recalled,
    RegisterWorker,
    Release,
    Upload,
    WorkerBeat,
    WorkerDied,
)
from minidask_distributed.protocol.keys import encode_keys
from minidask_distributed.scheduler.machine import Limits, SchedulerMachine
from minidask_distributed.scheduler.observing.history import ProcessReading
from minidask_distributed.scheduler.observing.recorder import Recorder

SEEN = (Erred, Recalled, WorkerBeat, WorkerDied)


class Table:
    """A machine with one client, a recorder, and what a server does around them; peers are numbers."""

    def __init__(self, **limits):
        self.machine = SchedulerMachine(1, Limits(**limits))
        self.state = self.machine.state
        self.reading = ProcessReading(12.5, 50_000_000, 20)
        self.n_finished = 0
        self.recorder = Recorder(
            self.state, lambda: self.reading, lambda: self.n_finished, records_length=100, history_length=100
        )
        self.names = {}
        self.sent = []  # (peer, message)
        self.n_rows = self.n_submissions = 0
        self.say(1, OpenSession("me", {}))

    @property
    def stamp(self):
        """Seconds since the epoch, in this world."""
        return 1_000_000.0 + self.state.now

    def say(self, peer, *messages):
        for message in messages:
            if isinstance(message, SEEN):
                self.recorder.see(self.names.get(peer, ""), message, self.state.now, self.stamp)
            self.machine.handle(peer, message, self.state.now)
        self.flush()

    def gone(self, peer, reason="its link broke", on_purpose=False):
        self.machine.gone(peer, self.state.now, reason, on_purpose)
        self.flush()

    def wait(self, seconds, delay=0.0):
        self.machine.tick(self.state.now + seconds)
        self.flush()
        self.recorder.tick(self.state.now, self.stamp, delay)

    def flush(self):
        out = self.machine.flush(self.state.now)
        self.sent += [(peer, message) for peer, messages in out.items() for message in messages]
        if self.recorder.is_attached:
            self.recorder.collect()
        self.recorder.see_notices(self.machine.take_notices(), self.stamp)

    def record(self, peer):
        return self.state.worker_peers[peer]

    def worker(self, peer=2, nthreads=1, memory_limit=0, nanny=""):
        self.names[peer] = f"tcp://w{peer}"
        info = {"pid": 100 + peer, "host": "here"}
        self.say(
            peer,
            RegisterWorker(
                self.names[peer], f"name-{peer}", nthreads, memory_limit, {}, nanny, info, encode_keys([]), []
            ),
        )

    def beat(self, peer=2, **metrics):
        self.say(peer, WorkerBeat(metrics, 0))

    def upload(self, keys, deps=None, announced=None, options=()):
        """Upload rows in one chunk; `deps` has earlier rows of this upload for each."""
        deps = deps or [()] * len(keys)
        first = self.n_rows
        self.n_rows += len(keys)
        self.n_submissions += 1
        dependents = [0] * len(keys)
        for found in deps:
            for dep in found:
                dependents[dep] += 1
        self.say(
            1,
            Upload(
                submission=self.n_submissions,
                first=first,
                announced=announced or len(keys),
                roots=sum(not found for found in deps),
                last=True,
                keys=encode_keys(keys),
                recipes=[] if first else [[0, b"f".ljust(16), b"f"]],
                recipe=[0] * len(keys),
                literals=[b""] * len(keys),
                deps=[first + dep for found in deps for dep in found],
                n_deps=[len(found) for found in deps],
                dependents=dependents,
                wanted=None,
                named=[],
                options=list(options),
                option=[0] * len(keys) if options else None,
            ),
        )
        return list(range(first, first + len(keys)))

    def processing(self, peer=2):
        return [task.id for task in self.record(peer).processing]

    def finish(self, tasks, peer=2):
        n = len(tasks)
        attempts = [self.state.find(task).attempt for task in tasks]
        self.n_finished += n
        self.say(peer, Finished(tasks, attempts, [8] * n, [1] * n, [0] * n, [0] * n, 0, None))

    def finish_all(self):
        while tasks := self.processing():
            self.finish(tasks)

    def release(self, rows):
        self.say(1, Release(rows))

    def fail(self, tasks, peer=2, **fields):
        failure = {"type": "ValueError", "text": "no", "traceback": "at line 1", "notes": [], "payload": b"p" * 100}
        failure |= {"kind": "raised", "name": "f", **fields}
        attempts = [self.state.find(task).attempt for task in tasks]
        self.say(peer, Erred(tasks, attempts, [1] * len(tasks), [failure] * len(tasks)))

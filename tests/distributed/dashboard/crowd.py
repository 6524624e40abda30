"""Many workers that only say that they work: a real scheduler with a dashboard, whose workers are comms of this process.

They answer tasks with how long these would have taken, tell how they are with each beat, and hold no data. What depends on the
number of workers and tasks alone can be looked at with this: what pages show of 200 workers, and while a million tasks run.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Any

from minidask_distributed.comm import connect
from minidask_distributed.dashboard.service import Dashboard
from minidask_distributed.messages import (
    Answer,
    Call,
    Compute,
    Erred,
    Finished,
    Recall,
    Recalled,
    RegisterWorker,
    WorkerBeat,
)
from minidask_distributed.protocol.keys import decode_keys, encode_keys
from minidask_distributed.scheduler.server import Scheduler
from minidask_distributed.security import Security
from minidask_distributed.worker.activities import ActivityLog

GIB = 1 << 30
TAKES_S = {"load": 0.4, "clean": 0.15, "merge": 0.7, "total": 0.05, "quick": 0.0005}
"""{first word of a key: how long such a task takes}; others take a tenth of a second, and those called "bad" fail."""


class Worker:
    """One that only says that it works."""

    def __init__(self, number: int, nthreads: int, others: list[str], dice: random.Random) -> None:
        self.number, self.nthreads, self.others, self.dice = number, nthreads, others, dice
        self.address = f"tcp://10.0.{number // 200}.{number % 200 + 1}:4000"
        self.name = f"node-{number:03d}"
        self.log = ActivityLog()
        self.busy_until = [0.0] * nthreads
        self.held = 0
        self.comm: Any = None
        self.closed = False

    def start(self, comm: Any) -> None:
        self.comm = comm
        comm.start(self.receive, self.ended)
        info = {"pid": self.number, "host": f"host-{self.number // 8}", "local_directory": "/nowhere"}
        comm.send([RegisterWorker(self.address, self.name, self.nthreads, 4 * GIB, {}, "", info, encode_keys([]), [])])

    def ended(self, error: BaseException | None) -> None:
        self.closed = True

    def receive(self, messages: list[Any]) -> None:
        for message in messages:
            if type(message) is Compute:
                self.compute(message)
            elif type(message) is Recall:
                self.comm.send([Recalled([], message.tasks)])
            elif type(message) is Call:
                self.comm.send([Answer(message.request, None, None)])

    def compute(self, message: Compute) -> None:
        now = time.time()
        rows, failed = [], []
        attempts = message.attempts or [1] * len(message.tasks)
        for task, attempt, key in zip(message.tasks, attempts, decode_keys(message.keys), strict=True):
            kind = str(key).partition("-")[0]
            takes = TAKES_S.get(kind, 0.1) * self.dice.lognormvariate(0, 0.25)
            thread = min(range(self.nthreads), key=self.busy_until.__getitem__)
            start = max(now, self.busy_until[thread])
            self.busy_until[thread] = start + takes
            if kind == "bad":
                failed.append((task, attempt, takes, thread))
            else:
                rows.append(
                    (
                        task,
                        attempt,
                        self.dice.randrange(10**5, 10**7),
                        int(takes * 1e6),
                        int((start - now) * 1e6),
                        thread,
                    )
                )
        end = max(self.busy_until) - now
        asyncio.get_running_loop().call_later(end, self.finish, rows, failed, int(now * 1e6))

    def finish(self, rows: list[tuple[int, ...]], failed: list[Any], since: int) -> None:
        if self.closed:
            return
        if rows:
            tasks, attempts, nbytes, durations, starts, threads = map(list, zip(*rows, strict=True))
            self.held += sum(nbytes)
            self.comm.send([Finished(tasks, attempts, nbytes, durations, starts, threads, since, None)])
        for task, attempt, takes, thread in failed:
            fields = {
                "type": "ValueError",
                "text": "no <b>luck</b>",
                "traceback": "Traceback:\n  at line 1",
                "notes": [],
            }
            fields |= {"payload": None, "name": "f", "kind": "raised", "thread": thread}
            self.comm.send([Erred([task], [attempt], [int(takes * 1e6)], [fields])])

    def beat(self) -> None:
        dice, now = self.dice, time.time()
        for _ in range(dice.randrange(3)):
            self.log.add(
                "transfer-in",
                now - dice.random(),
                0.1,
                dice.randrange(10**6, 10**8),
                dice.choice(self.others),
                "ndarray",
            )
        if self.number % 17 == 0:
            self.log.add("disk-write", now - 0.5, 0.3, 10**8)
        managed = min(self.held, (1 + self.number % 3) * GIB)
        process = managed + GIB // 2 + dice.randrange(GIB // 8)
        numbers = {"cpu": dice.uniform(50, 100) * self.nthreads, "memory": process, "managed": managed}
        numbers |= {
            "unmanaged": process - managed,
            "unmanaged_recent": GIB // 16,
            "spilled": GIB if self.number % 17 == 0 else 0,
        }
        numbers |= {
            "executing": self.nthreads,
            "loop_delay": dice.random() / 50,
            "num_fds": 40,
            "ready": 3,
            "waiting": 1,
        }
        numbers["shuffles"] = [["shuffle-0a1b", 10**9, dice.randrange(10**9), 0]]
        self.comm.send([WorkerBeat({**numbers, **self.log.take(0.0)}, 0)])


class Crowd:
    """The cluster."""

    def __init__(self, n_workers: int, nthreads: int) -> None:
        self.security = Security(token="0123456789abcdef" * 4)
        self.dashboard = Dashboard("127.0.0.1:0", security=self.security)
        self.scheduler: Any = None
        self.address = ""
        dice = random.Random(5)
        addresses = [f"tcp://10.0.{at // 200}.{at % 200 + 1}:4000" for at in range(n_workers)]
        self.workers = [Worker(at, nthreads, addresses, dice) for at in range(n_workers)]
        self._ready, self._ended = threading.Event(), asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._error: BaseException | None = None

    @property
    def link(self) -> str:
        return f"{self.dashboard.address}status?token={self.dashboard.view_token()}"

    def run(self) -> None:
        try:
            self._loop.run_until_complete(self._main())
        except BaseException as error:
            self._error = error
        finally:
            self._ready.set()
            self._loop.close()

    async def _main(self) -> None:
        async with AsyncExitStack() as stack:
            scheduler = Scheduler(
                addresses=["inproc://", "tcp://127.0.0.1:0"], security=self.security, services=[self.dashboard]
            )
            await stack.enter_async_context(scheduler)
            self.scheduler = scheduler
            inproc, self.address = scheduler.addresses
            for worker in self.workers:
                comm = await connect(inproc, role="worker", name=worker.name, security=self.security, timeout_s=10)
                stack.push_async_callback(comm.close)
                worker.start(comm)
            self._ready.set()
            while not self._ended.is_set():
                for worker in self.workers:
                    worker.beat()
                try:
                    async with asyncio.timeout(1):
                        await self._ended.wait()
                except TimeoutError:
                    continue

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)


@contextmanager
def crowd(n_workers: int = 200, nthreads: int = 2) -> Iterator[Crowd]:
    """Give a cluster of many workers."""
    made = Crowd(n_workers, nthreads)
    thread = threading.Thread(target=made.run, name="crowd")
    thread.start()
    try:
        assert made._ready.wait(60)
        if made._error is not None:
            raise made._error
        yield made
    finally:
        if thread.is_alive():
            made.stop()
        thread.join(60)

"""What a worker says of single tasks: in which state, where, and what they wait for."""

from __future__ import annotations

import asyncio
import threading

import pytest

from minidask_distributed.worker.server import Worker
from tests.distributed.worker.shells import SECURITY, Dep, ScriptedScheduler

pytestmark = pytest.mark.network

begun, over = threading.Event(), threading.Event()


def stay():
    begun.set()
    return over.wait(30)


def with_worker(test, **options):
    async def main():
        async with ScriptedScheduler("tcp://127.0.0.1:0") as scheduler:
            async with Worker(scheduler.address, security=SECURITY, nthreads=1, validate=True, **options) as worker:
                try:
                    await test(scheduler, worker)
                finally:
                    over.set()

    begun.clear(), over.clear()
    asyncio.run(main())


async def report(scheduler, *tasks):
    return (await scheduler.call("task_report", tasks=list(tasks))).value


def test_running_ready_held_and_unknown():
    async def test(scheduler, worker):
        tasks = await scheduler.submit((stay,), (len, "ab"), (len, "abc"))
        assert await asyncio.to_thread(begun.wait, 10)
        running, second, third, unknown = await report(scheduler, *tasks, 77)
        assert running["state"] == "running"
        assert 0 <= running["for_s"] < 30
        assert running["at"].startswith("Condition.wait (")
        assert "threading.py:" in running["at"]
        assert second == {"state": "ready", "ahead": 0, "resources": []}
        assert third == {"state": "ready", "ahead": 1, "resources": []}
        assert unknown == {}
        over.set()
        await scheduler.finished(*tasks)
        assert await report(scheduler, tasks[1]) == [{"state": "memory", "spilled": False}]

    with_worker(test)


def test_waiting_for_data():
    async def test(scheduler, worker):
        dep = Dep(scheduler.next + 1000)
        # A holder that nobody can connect to.
        where = {"holders": {dep.task: [9]}, "sizes": {dep.task: 100}, "peers": {9: "tcp://127.0.0.1:1"}}
        tasks = await scheduler.submit((len, dep), **where)
        [found] = await report(scheduler, *tasks)
        assert found["state"] == "waiting"
        [[task, _, _, flying]] = found["wanted"]
        assert task == dep.task
        assert isinstance(flying, bool)

    with_worker(test)


def test_waiting_for_resources():
    async def test(scheduler, worker):
        gpu = {"resources": {"GPU": 1}}
        tasks = await scheduler.submit((stay,), (len, "a"), options=[gpu, gpu])
        assert await asyncio.to_thread(begun.wait, 10)
        _, second = await report(scheduler, *tasks)
        assert second == {"state": "ready", "ahead": 0, "resources": ["GPU=1"]}

    with_worker(test, resources={"GPU": 1})

"""The profile of a worker: which of its threads are looked at, and what is counted."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import minidask.config as config
from minidask_distributed.messages import Finished
from minidask_distributed.profile_tree import from_columns
from minidask_distributed.sampling import _loops, sampler
from minidask_distributed.worker.server import Worker
from tests.distributed.worker.shells import SECURITY, ScriptedScheduler

pytestmark = pytest.mark.network

over = threading.Event()


def stay():
    return inner()


def inner():
    return over.wait(30)


async def coroutine():
    await asyncio.to_thread(inner)


def with_worker(test, **options):
    async def main():
        async with ScriptedScheduler("tcp://127.0.0.1:0") as scheduler:
            async with Worker(scheduler.address, security=SECURITY, nthreads=1, validate=True, **options) as worker:
                try:
                    await test(scheduler, worker)
                finally:
                    over.set()
        return worker

    over.clear()
    return asyncio.run(main())


async def until(condition):
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.001)


def names(tree):
    found, todo = set(), [tree]
    while todo:
        node = todo.pop()
        found.update(call[1].rpartition(".")[2] for call in node.children)
        todo += node.children.values()
    return found


def test_running_tasks_are_sampled_by_prefix():
    async def test(scheduler, worker):
        await scheduler.submit((stay,))
        await until(lambda: worker.profile.tasks.tree().count >= 3)
        assert set(worker.profile.tasks.names()) == {"stay"}
        tree = worker.profile.tasks.tree("stay")
        # Beginning with the task's own function, without what called it.
        assert {call[1] for call in tree.children} == {"stay"}
        assert {"inner", "wait"} <= names(tree)
        answer = await scheduler.call("profile", key="stay")
        assert from_columns(answer.value).count >= 3
        assert from_columns((await scheduler.call("profile", key="go")).value).count == 0
        timeline = (await scheduler.call("profile_timeline")).value
        assert sum(counts["stay"] for _, counts in timeline) >= 3
        loop = await scheduler.call("profile", server=True)
        assert "stay" not in names(from_columns(loop.value))
        over.set()
        await until(lambda: worker.profile._source.idents() == [])
        # Nothing runs: nothing is counted.
        before = worker.profile.tasks.tree().count
        sampler.look(time.time())
        assert worker.profile.tasks.tree().count == before

    worker = with_worker(test)
    assert worker.profile._source not in sampler._sources
    assert not _loops
    worker.profile.close()


def test_what_runs_elsewhere_is_not_sampled():
    async def test(scheduler, worker):
        await scheduler.submit((coroutine,))
        await scheduler.submit((stay,), options=[{"annotations": {"executor": "other"}}])
        await until(lambda: all(slot.future for pool in worker.engine.pools.values() for slot in pool.slots))
        assert worker.profile._source.idents() == []
        # While the calls were handed over they may have been seen.
        before = worker.profile.tasks.tree().count
        sampler.look(time.time())
        assert worker.profile.tasks.tree().count == before

    with ThreadPoolExecutor(1) as executor:
        with_worker(test, executor={"other": executor})


def test_it_can_be_switched_off():
    async def test(scheduler, worker):
        await scheduler.submit((stay,))
        await until(lambda: worker.profile._source.idents())
        assert worker.profile._source not in sampler._sources
        over.set()
        assert await scheduler.first(Finished)
        assert from_columns((await scheduler.call("profile")).value).count == 0

    with config.set({"distributed.worker.profile.enabled": False}):
        with_worker(test)

"""The scheduler's own profile, and the workers' ones merged."""

from __future__ import annotations

import asyncio

import pytest

from minidask_distributed.messages import Answer, Call
from minidask_distributed.profile_tree import Node, to_columns
from minidask_distributed.sampling import _loops
from minidask_distributed.scheduler.profiling import profile_of_workers, timeline_of_workers
from tests.distributed.scheduler.scripted import cluster

pytestmark = pytest.mark.network


def run(test, **options):
    async def main():
        async with cluster(**options) as made:
            await test(made)

    asyncio.run(main())


def columns(name, count):
    tree = Node()
    for _ in range(count):
        tree.add([("x.py", name, 1)], lambda at: 1)
    return to_columns(tree)


async def answer(worker, name, value):
    call = await worker.next(Call)
    assert call.name == name
    worker.send(Answer(call.request, value, None))
    return call.arguments


def test_workers_are_merged():
    async def test(made):
        alice, bob = await made.worker("alice"), await made.worker("bob")
        asking = asyncio.create_task(profile_of_workers(made.scheduler, "inc", 1.0, 2.0))
        arguments = await answer(alice, "profile", columns("f", 2))
        assert arguments == {"key": "inc", "start": 1.0, "stop": 2.0, "server": False}
        await answer(bob, "profile", columns("f", 3))
        assert (await asking).children[("x.py", "f", 1)].count == 5

        asking = asyncio.create_task(profile_of_workers(made.scheduler, workers=["bob"], server=True))
        await answer(bob, "profile", columns("loop", 1))
        assert (await asking).count == 1
        with pytest.raises(ValueError, match="no worker is called 'carol'"):
            await profile_of_workers(made.scheduler, workers=["carol"])

    run(test)


def test_workers_that_do_not_answer_are_left_out():
    async def test(made):
        alice, bob = await made.worker("alice"), await made.worker("bob")
        asking = asyncio.create_task(profile_of_workers(made.scheduler, timeout_s=0.3))
        await answer(alice, "profile", columns("f", 2))
        assert (await asking).count == 2
        assert await bob.next(Call)
        assert (await profile_of_workers(made.scheduler, timeout_s=0.01)).count == 0

    run(test)


def test_of_many_workers_some_are_asked():
    async def test(made):
        workers = [await made.worker(f"w{chr(97 + n)}") for n in range(6)]
        asking = asyncio.create_task(profile_of_workers(made.scheduler, most=2))
        for worker in (workers[0], workers[3]):
            await answer(worker, "profile", columns("f", 1))
        assert (await asking).count == 2
        assert [call for worker in workers for call in worker.got if type(call) is Call] == []

    run(test)


def test_timelines():
    async def test(made):
        alice, bob = await made.worker("alice"), await made.worker("bob")
        asking = asyncio.create_task(timeline_of_workers(made.scheduler, start=5.0))
        assert await answer(alice, "profile_timeline", [[7.9, {"inc": 2}], [6.1, {"inc": 1}]]) == {"start": 5.0}
        await answer(bob, "profile_timeline", [[6.5, {"inc": 1, "dec": 4}]])
        assert await asking == [(6.0, {"inc": 2, "dec": 4}), (7.0, {"inc": 2})]

    run(test)


def test_nothing_is_left():
    async def test(made):
        assert made.scheduler.profile.loop is not None
        assert _loops

    run(test)
    assert not _loops

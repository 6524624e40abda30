"""Tests of `minidask_distributed.scheduler.handlers.queries`."""

from __future__ import annotations

import asyncio

import pytest

from minidask_distributed.comm.versions import versions
from minidask_distributed.messages import Compute, Done, Erred, Failed, Release
from minidask_distributed.protocol.failures import pack_failure
from minidask_distributed.protocol.keys import decode_keys, encode_keys
from tests.distributed.scheduler.scripted import Refused, cluster, finish, upload

pytestmark = pytest.mark.network


def run(test, **options):
    async def main():
        async with cluster(**options) as made:
            await test(made)

    asyncio.run(main())


def chain(*keys):
    """Each task needs the one before it; the last one is wanted."""
    n = len(keys)
    return upload(
        *keys,
        roots=1,
        deps=list(range(n - 1)),
        n_deps=[0, *[1] * (n - 1)],
        dependents=[*[1] * (n - 1), 0],
        wanted=[n - 1],
    )


async def results(made, *keys):
    """A worker that holds results of these keys, and the client that wants them."""
    worker, client = await made.worker("alice", nthreads=2), await made.client()
    client.send(upload(*keys))
    left = len(keys)
    while left:
        compute = await worker.next(Compute)
        left -= len(compute.tasks)
        worker.send(finish(compute))
    told = 0
    while told < len(keys):
        told += len((await client.next(Done)).tasks)
    return worker, client


def test_about_workers():
    async def test(made):
        _, client = await results(made, "x-1", ("x", 2), "y-1")
        await made.worker("bob", nthreads=5)
        alice, bob = made.scheduler.workers
        assert await client.ask("nthreads") == {alice: 2, bob: 5}
        assert await client.ask("nthreads", workers=["bob", "carol"]) == {bob: 5}
        told = await client.ask("has_what")
        assert {address: decode_keys(column) for address, column in told.items()} == {
            alice: ["x-1", ("x", 2), "y-1"],
            bob: [],
        }
        assert (await client.ask("identity"))["workers"][alice]["n_held"] == 3
        assert await client.ask("versions") == versions()

    run(test)


def test_who_has_what_and_how_large_it_is():
    async def test(made):
        _, client = await results(made, "x-1", ("x", 2), "y-1")
        (alice,) = made.scheduler.workers
        told = await client.ask("who_has")
        assert dict(zip(decode_keys(told["keys"]), told["workers"])) == {
            "x-1": [alice],
            ("x", 2): [alice],
            "y-1": [alice],
        }
        told = await client.ask("who_has", keys=encode_keys(["y-1", "unknown"]))
        assert (decode_keys(told["keys"]), told["workers"]) == (["y-1", "unknown"], [[alice], []])
        assert await client.ask("nbytes") == {"x": 56, "y": 28}
        told = await client.ask("nbytes", keys=encode_keys([("x", 2), "unknown"]), summary=False)
        assert (decode_keys(told["keys"]), told["nbytes"]) == ([("x", 2)], [28])

    run(test)


def test_what_is_processed():
    async def test(made):
        worker, client = await made.worker(), await made.client()
        client.send(upload("a"))
        await worker.next(Compute)
        (address,) = made.scheduler.workers
        told = await client.ask("processing")
        assert {where: decode_keys(column) for where, column in told.items()} == {address: ["a"]}

    run(test)


def test_where_results_of_a_session_are():
    async def test(made):
        _, client = await results(made, "a", "b")
        (address,) = made.scheduler.workers
        client.send(Release([1]))
        ids = [made.scheduler.tasks["a"].id]
        assert await client.ask("locate", tasks=[0, 1, 77]) == {
            "tasks": ids,
            "addresses": [[address]],
            "missing": [1, 77],
        }
        other = await made.client("other")
        assert (await other.ask("locate", tasks=[0]))["missing"] == [0]
        asker = await made.peer("rpc")
        with pytest.raises(Refused, match="only a client with a session can ask this, not a rpc"):
            await asker.ask("locate", tasks=[0])

    run(test)


def test_the_story_of_a_task():
    async def test(made):
        _, client = await results(made, "a")
        told = await client.ask("story", keys=encode_keys(["a", "unknown"]))
        assert [move[:4] for move in told] == [
            ["a", "released", "queued", "Upload"],
            ["a", "queued", "processing", "Upload"],
            ["a", "processing", "memory", "Finished"],
        ]

    run(test)


def test_progress_counts_what_is_needed():
    async def test(made):
        worker, client = await made.worker(), await made.client()
        client.send(chain("load-1", "clean-1", "clean-2", "sum-1"), upload("other-1", first=4, submission=1))
        await client.settle()
        assert await client.ask("progress", tasks=[3, 99]) == {
            "load": {"processing": 1},
            "clean": {"waiting": 2},
            "sum": {"waiting": 1},
        }
        worker.send(finish(await worker.next(Compute)))
        await worker.next(Compute)
        assert (await client.ask("progress", tasks=[3]))["clean"]["waiting"] == 1

    run(test)


def test_how_a_task_is_computed():
    async def test(made):
        worker, client = await made.worker(), await made.client()
        message = chain("load-1", "sum-1")
        message.literals = [b"arguments", None]
        client.send(message)
        compute = await worker.next(Compute)
        with pytest.raises(Refused, match="ValueError: this session has no task 5"):
            await client.ask("recipe", task=5)
        told = await client.ask("recipe", task=1)
        assert (told["key"], told["recipe"], told["literals"]) == ("sum-1", b"a recipe", None)
        assert told["deps"] == [["load-1", "processing"]]
        worker.send(Erred(compute.tasks, None, [1], [pack_failure(ValueError("no"))]))
        await client.next(Failed)
        # The culprit is another task than the one that was asked for.
        assert (await client.ask("recipe", task=1))["literals"] == b"arguments"
        assert (await client.ask("recipe", task=1, culprit=False))["key"] == "sum-1"

    run(test)

"""Tests of `minidask_distributed.scheduler.handlers.explaining`."""

from __future__ import annotations

import asyncio

import pytest

from minidask_distributed.explanation import Explanation, WorkerExplanation, from_plain
from minidask_distributed.messages import Compute
from minidask_distributed.protocol.keys import encode_keys
from tests.distributed.scheduler.scripted import Refused, cluster, upload

pytestmark = pytest.mark.network


def run(test, **options):
    async def main():
        async with cluster(**options) as made:
            await test(made)

    asyncio.run(main())


def test_tasks_and_workers():
    async def test(made):
        me, worker = await made.client(), await made.worker()
        me.send(upload("alice", ("x", 1)))
        await worker.next(Compute)

        async def why(key):
            return from_plain(await me.ask("explain", keys=encode_keys([key]), timeout=0.01))

        # A task goes before a worker of the same name.
        task, other, address = await why("alice"), await why(("x", 1)), await why("tcp://127.0.0.1:1510")
        assert isinstance(task, Explanation)
        assert task.state == "processing"
        assert isinstance(other, Explanation)
        assert other.key == ("x", 1)
        assert isinstance(address, WorkerExplanation)
        assert address.name == "alice"
        unknown = await why("nobody")
        assert isinstance(unknown, Explanation)
        assert unknown.state == "unknown"

    run(test)


@pytest.mark.parametrize("keys", [[], ["x", "y"]])
def test_one_at_a_time(keys):
    async def test(made):
        me = await made.client()
        with pytest.raises(Refused, match="ValueError: one key is explained at a time"):
            await me.ask("explain", keys=encode_keys(keys))

    run(test)

"""Tests of `minidask_distributed.scheduler.announcing`."""

from __future__ import annotations

import asyncio
import logging

import pytest

from minidask_distributed.messages import Bye, Compute, Erred, Event, Failed, Notice
from minidask_distributed.protocol.failures import pack_failure
from tests.distributed.scheduler.scripted import cluster, upload

pytestmark = pytest.mark.network


def run(test, **options):
    async def main():
        async with cluster(**options) as made:
            await test(made)

    asyncio.run(main())


def test_prints_of_tasks_reach_every_client():
    async def test(made):
        worker, one, two = await made.worker(), await made.client("one"), await made.client("two")
        worker.send(Notice("print", 1.5, ["hello"]), Notice("private", 2.5, "hush"))
        for client in (one, two):
            assert await client.next(Event) == Event("print", 1.5, ["hello"])
        assert made.scheduler.events.of("private") == [(2.5, "hush")]
        assert one.got == two.got == []

    run(test)


def test_who_leaves_is_logged_with_the_reason(caplog):
    caplog.set_level(logging.INFO, "minidask_distributed.scheduler.announcing")

    async def test(made):
        worker = await made.worker()
        worker.send(Bye("its time was up"))
        await worker.close()
        await made.scheduler.until(lambda: not made.scheduler.workers, 5)

    run(test)
    assert "worker alice joined" in caplog.text
    assert "worker alice left: its time was up" in caplog.text


def test_failures_of_tasks_are_events():
    async def test(made):
        worker, client = await made.worker(), await made.client()
        client.send(upload("bad"))
        compute = await worker.next(Compute)
        worker.send(Erred(compute.tasks, None, [5], [pack_failure(ValueError("no"))]))
        assert (await client.next(Failed)).tasks == [0]
        actions = [content["action"] for _, content in made.scheduler.events.of("all")]
        assert actions == ["add-worker", "add-client", "task-erred"]

    run(test)

"""Tests of `minidask_distributed.scheduler.handlers.observing`."""

from __future__ import annotations

import asyncio
import logging

import pytest

from minidask_distributed.messages import Compute, Done, Event, Release
from minidask_distributed.protocol.keys import decode_keys
from minidask_distributed.protocol.payload import pack, unpack
from tests.distributed.scheduler.scripted import Refused, cluster, finish, upload

pytestmark = pytest.mark.network


def run(test, **options):
    async def main():
        async with cluster(**options) as made:
            await test(made)

    asyncio.run(main())


def test_events_are_logged_and_heard():
    async def test(made):
        one, two = await made.client("one"), await made.client("two")
        await one.ask("subscribe", topic="news")
        await two.ask("log_event", topic=["news", "old"], msg={"cat": 1})
        event = await one.next(Event)
        assert (event.topic, event.content) == ("news", {"cat": 1})
        assert [content for _, content in await two.ask("events", topic="old")] == [{"cat": 1}]
        assert {"news", "old", "all", "one"} <= set(await two.ask("events"))
        await one.ask("unsubscribe", topic="news")
        await one.ask("log_event", topic="news", msg="unheard")
        assert one.got == []
        with pytest.raises(Refused, match="ValueError: not subscribed to the topic 'news'"):
            await one.ask("unsubscribe", topic="news")

    run(test)


def test_what_users_log_stays_closed():
    async def test(made):
        client = await made.client()
        await client.ask("log_event", topic="data", msg=pack({1, 2}))
        ((_, content),) = await client.ask("events", topic="data")
        assert unpack(content) == {1, 2}

    run(test)


@pytest.mark.parametrize("topic", [5, None, ["a", 5], {}])
def test_topics_that_are_none(topic):
    async def test(made):
        client = await made.client()
        with pytest.raises(Refused, match="TypeError: a topic must be a text"):
            await client.ask("log_event", topic=topic, msg=1)
        if not isinstance(topic, str):
            with pytest.raises(Refused, match="TypeError: a topic must be a text"):
                await client.ask("subscribe", topic=topic)

    run(test)


def test_subscriptions_end_with_the_client():
    async def test(made):
        client = await made.client()
        await client.ask("subscribe", topic="news")
        await client.close()
        await made.scheduler.until(lambda: not made.scheduler.clients, 5)
        assert made.scheduler.events.log("news", 1, 0.0)[1] == []

    run(test)


def test_the_task_stream_in_columns():
    async def test(made):
        worker, client = await made.worker("alice"), await made.client()

        async def compute(key, submission):
            client.send(upload(key, first=submission, submission=submission))
            worker.send(finish(await worker.next(Compute), since=2_000_000 + submission, values=[b"1"]))
            await client.next(Done)
            client.send(Release([submission]))

        await compute("unseen", 0)
        told = await client.ask("task_stream", count=0)
        assert (told["start"], decode_keys(told["keys"])) == ([], [])
        await compute("seen", 1)
        told = await client.ask("task_stream")
        assert told["start"] == [2_000_000, 2_000_001]
        assert (told["duration"], told["nbytes"], told["thread"]) == ([10, 10], [28, 28], [0, 0])
        assert told["addresses"] == list(made.scheduler.workers)
        assert told["worker"] == [0, 0]
        # One was forgotten before anybody had read: it has no key any more.
        assert (decode_keys(told["keys"]), told["keyed"]) == (["seen"], [1])
        told = await client.ask("task_stream", start=2.000011)
        assert (decode_keys(told["keys"]), told["start"]) == ([], [])
        told = await client.ask("task_stream", start=2.0000105, stop=3)
        assert (decode_keys(told["keys"]), told["keyed"]) == (["seen"], None)

    run(test)


def test_log_lines():
    async def test(made):
        client = await made.client()
        logging.getLogger("minidask_distributed.scheduler.test").warning("look at %s", "this")
        ((level, line),) = await client.ask("scheduler_logs", n=1)
        assert level == "WARNING"
        assert line.endswith("WARNING - look at this")
        assert len(await client.ask("scheduler_logs")) >= 1

    run(test)

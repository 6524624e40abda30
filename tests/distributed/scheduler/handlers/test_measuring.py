"""Tests of `minidask_distributed.scheduler.handlers.measuring`."""

from __future__ import annotations

import asyncio
import time

import pytest

from minidask_distributed.messages import Answer, WorkerBeat
from minidask_distributed.profile_tree import from_columns
from minidask_distributed.scheduler.handlers import measuring
from tests.distributed.scheduler.scripted import Refused, cluster

pytestmark = pytest.mark.network


def run(test, **options):
    async def main():
        async with cluster(**options) as made:
            await test(made)

    asyncio.run(main())


def test_the_profile_of_the_loop():
    async def test(made):
        me = await made.client()
        made.scheduler.profile.loop.add("event loop", [("x.py", "spin", 1)], lambda at: 2, 1000.0)
        assert ("x.py", "spin", 1) in from_columns(await me.ask("profile", stop=1001.0)).children
        assert from_columns(await me.ask("profile", start=2e9)).count == 0

    run(test)


def test_memory_over_time():
    async def test(made):
        me, worker = await made.client(), await made.worker()
        request = me.ask_later("memory_sample", name="x", measure="process", interval=0.01)
        assert await me.ask("memory_sample_running", name="x") is True
        assert await me.ask("memory_sample_running", name="y") is False
        worker.send(WorkerBeat({"memory": 5 << 20, "managed": 0, "spilled": 0}, 0))
        await worker.settle()
        # It has been there for at least one sample's time.
        [(_, event)] = made.scheduler.memory_samples.items()
        async with asyncio.timeout(10):
            while not any(made.scheduler.recorder.memory().values()):
                await asyncio.sleep(0)
        await asyncio.sleep(0.05)
        me.ask_later("memory_sample_end", name="x")
        answers = [await me.next(Answer), await me.next(Answer)]
        [found] = [answer.value for answer in answers if answer.request == request]
        assert event.is_set()
        assert made.scheduler.memory_samples == {}
        assert len(found["time"]) == len(found["bytes"]) >= 2
        assert found["bytes"][-1] == 5 << 20
        assert abs(found["time"][-1] - time.time()) < 10

    run(test)


def test_a_client_that_goes_ends_its_sampling():
    async def test(made):
        me, other = await made.client("me"), await made.client("other")
        me.ask_later("memory_sample", name="x")
        assert await me.ask("memory_sample_running", name="x")
        await me.close()
        async with asyncio.timeout(10):
            while made.scheduler.memory_samples:
                await other.settle()

    run(test)


def test_long_samplings_are_thinned_out(monkeypatch):
    monkeypatch.setattr(measuring, "MOST_SAMPLES", 4)

    async def test(made):
        me = await made.client()
        request = me.ask_later("memory_sample", name="x", interval=0.01)
        await asyncio.sleep(0.2)
        me.ask_later("memory_sample_end", name="x")
        answers = [await me.next(Answer), await me.next(Answer)]
        [found] = [answer.value for answer in answers if answer.request == request]
        assert 1 < len(found["time"]) <= 4
        assert found["time"] == sorted(found["time"])

    run(test)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"measure": "beauty"}, "ValueError: measure must be one of 'process', 'managed'.*got 'beauty'"),
        ({"interval": 0.0}, "ValueError: interval must be at least 0.01 s"),
        ({"interval": float("nan")}, "ValueError: interval must be at least 0.01 s"),
    ],
)
def test_bad_samplings(arguments, message):
    async def test(made):
        me = await made.client()
        with pytest.raises(Refused, match=message):
            await me.ask("memory_sample", name="x", **arguments)
        with pytest.raises(Refused, match="ValueError: nothing of the name 'x' is being sampled"):
            await me.ask("memory_sample_end", name="x")

    run(test)


def test_a_name_is_used_once():
    async def test(made):
        me, other = await made.client("me"), await made.client("other")
        me.ask_later("memory_sample", name="x")
        other.ask_later("memory_sample", name="x")
        assert await me.ask("memory_sample_running", name="x")
        assert await other.ask("memory_sample_running", name="x")
        with pytest.raises(Refused, match="ValueError: 'x' is being sampled already"):
            await me.ask("memory_sample", name="x")

    run(test)


def test_a_record_has_what_was_meanwhile():
    async def test(made):
        me = await made.client()
        recorder = made.scheduler.recorder
        row = {"incoming": [["tcp://127.0.0.1:1", 1000, 10, 1]], "received": [["numpy.ndarray", 1000, 10, 1]]}
        recorder.traffic.add("tcp://127.0.0.1:2", row, 1.0)
        request = me.ask_later("record", name="x")
        assert await me.ask("memory_sample_running", name="x") is True
        assert recorder.is_attached
        recorder.traffic.add("tcp://127.0.0.1:2", row, 2.0)
        with pytest.raises(Refused, match="ValueError: 'x' is being sampled already"):
            await me.ask("record", name="x")
        me.ask_later("memory_sample_end", name="x")
        answers = [await me.next(Answer), await me.next(Answer)]
        [found] = [answer.value for answer in answers if answer.request == request]
        assert (found["pairs"]["nbytes"], found["pairs"]["count"]) == ([1000], [1])
        assert found["types"]["type"] == ["numpy.ndarray"]
        assert found["start"] <= found["stop"]
        assert not recorder.is_attached
        assert made.scheduler.memory_samples == {}

    run(test)


def test_a_client_that_goes_ends_its_record():
    async def test(made):
        me, other = await made.client("me"), await made.client("other")
        me.ask_later("record", name="x")
        assert await me.ask("memory_sample_running", name="x")
        await me.close()
        async with asyncio.timeout(10):
            while made.scheduler.recorder.is_attached:
                await other.settle()

    run(test)


def test_sums_that_were_forgotten_meanwhile_begin_anew():
    before = {"type": ["a"], "nbytes": [500], "count": [9]}
    after = {"type": ["a"], "nbytes": [20], "count": [2]}
    assert measuring.added(before, after, ("type",)) == after
    assert measuring.added(after, after, ("type",)) == {"type": [], "nbytes": [], "count": []}

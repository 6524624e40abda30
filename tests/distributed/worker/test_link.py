"""A worker and its scheduler: registration, plugins before tasks, reconnection."""

from __future__ import annotations

import asyncio
import logging

import pytest

from minidask_distributed.comm.errors import ConnectTimeoutError
from minidask_distributed.messages import Bye, Call, Leave, RegisterNanny, RegisterWorker, WorkerBeat
from minidask_distributed.plugins import WorkerPlugin
from minidask_distributed.protocol.keys import decode_keys
from minidask_distributed.protocol.payload import pack, unpack
from minidask_distributed.security import Security
from minidask_distributed.worker import link
from minidask_distributed.worker.link import WorkerRefused
from minidask_distributed.worker.server import Worker
from tests.distributed.worker.shells import SECURITY, ScriptedScheduler

pytestmark = pytest.mark.network


def make(scheduler, **options):
    options.setdefault("nthreads", 1)
    return Worker(scheduler.address, security=SECURITY, validate=True, **options)


def with_scheduler(test, address="tcp://127.0.0.1:0"):
    async def main():
        async with ScriptedScheduler(address) as scheduler:
            await test(scheduler)

    asyncio.run(main())


def test_registration():
    async def test(scheduler):
        async with make(scheduler, name="alice", resources={"GPU": 2}, nanny="n", memory_limit="1 GB") as worker:
            (message,) = [m for m in scheduler.messages if type(m) is RegisterWorker]
            assert (message.address, message.name, message.nthreads) == (worker.address, "alice", 1)
            assert (message.resources, message.nanny, message.memory_limit) == ({"GPU": 2.0}, "n", 10**9)
            assert message.info["local_directory"] == worker.local_directory
            assert (message.held, message.held_nbytes) == (scheduler.compute().keys, [])

    with_scheduler(test)


def test_refused():
    async def test(scheduler):
        scheduler.refusal = [Bye("the name is taken")]
        worker = make(scheduler)
        with pytest.raises(WorkerRefused, match=r"the scheduler tcp://.* said: the name is taken"):
            await worker.start()
        assert (worker.status, worker.failed) == ("closed", True)

    with_scheduler(test)


def test_a_scheduler_that_hangs_up():
    async def test(scheduler):
        scheduler._receive = lambda comm, messages: comm.abort()
        with pytest.raises(OSError, match=r"the connection to the scheduler|the scheduler closed"):
            await make(scheduler).start()

    with_scheduler(test)


def test_a_scheduler_that_says_nothing():
    async def test(scheduler):
        scheduler._receive = lambda comm, messages: None
        worker = make(scheduler)
        worker._link._connect_s = 0.05
        with pytest.raises(TimeoutError, match="didn't take this worker in time"):
            await worker.start()
        assert worker.status == "closed"

    with_scheduler(test)


def test_nobody_there():
    async def main():
        worker = Worker("tcp://127.0.0.1:9", security=SECURITY, death_timeout="50 ms", nthreads=1)
        with pytest.raises(ConnectTimeoutError, match=r"no connection to tcp://127\.0\.0\.1:9 within 0\.05 s"):
            await worker.start()
        assert worker.status == "closed"
        assert (await worker.finished()).startswith("it couldn't start")

    asyncio.run(main())


def test_a_wrong_token():
    async def test(scheduler):
        worker = Worker(scheduler.address, security=Security(token="x" * 64), nthreads=1)
        with pytest.raises(PermissionError):
            await worker.start()

    with_scheduler(test)


def test_beats(monkeypatch):
    monkeypatch.setattr(link, "BEAT_S", 0.01)

    async def test(scheduler):
        async with make(scheduler):
            beat = await scheduler.first(WorkerBeat)
            assert beat.bandwidth == 0
            assert beat.metrics["memory"] > 0

    with_scheduler(test)


class Slow(WorkerPlugin):
    async def setup(self, worker):
        await asyncio.sleep(0.02)
        worker.was_set_up = True


def test_tasks_wait_for_plugins_that_came_before_them():
    async def test(scheduler):
        first = scheduler.compute((lambda: _was_set_up(),))
        scheduler.behind = [
            Call(100, "plugin_add", {"name": "a", "plugin": pack(Slow())}),
            Call(101, "plugin_add", {"name": "b", "plugin": pack(Slow())}),
            first,
        ]
        async with make(scheduler):
            (task,) = await scheduler.submit((lambda: _was_set_up(),))
            values = await scheduler.finished(*first.tasks, task)
            assert [unpack(value) for value in values.values()] == [True, True]

    with_scheduler(test)


def _was_set_up():
    from minidask_distributed.worker.context import get_worker

    return getattr(get_worker(), "was_set_up", False)


def test_an_answer_that_cannot_be_sent():
    async def test(scheduler):
        async with make(scheduler) as worker:
            worker.metrics = lambda: object()
            answer = await scheduler.call("metrics")
            assert answer.failure["type"] == "TypeError"

    with_scheduler(test)


def test_leave():
    async def test(scheduler):
        worker = await make(scheduler)
        scheduler.send(Leave("you retire"))
        assert await worker.finished() == "you retire"
        assert (worker.status, worker.failed) == ("closed", False)
        assert (await scheduler.first(Bye)).reason == "you retire"

    with_scheduler(test)


class TestReconnect:
    def test_it_comes_back_with_what_it_holds(self, monkeypatch):
        monkeypatch.setattr(link, "RETRY_S", 0.01)

        async def test(scheduler):
            async with make(scheduler) as worker:
                one, two = await scheduler.submit((int, "1"), (int, "2"), keys=["one", ("two", 0)])
                await scheduler.finished(one, two)
                scheduler.ids = lambda message: [555, 0]
                scheduler.comms[0].abort()
                await scheduler.until(lambda: scheduler.numbers == 2)
                again = [m for m in scheduler.messages if type(m) is RegisterWorker][1]
                assert decode_keys(again.held) == ["one", ("two", 0)]
                scheduler.known.clear()
                scheduler.encoder.forget()
                (task,) = await scheduler.submit((int, "3"))
                assert unpack((await scheduler.finished(task))[task]) == 3
                assert {555: worker.data[555]} == {555: 1}
                assert two not in worker.data

        with_scheduler(test)

    def test_the_scheduler_comes_later(self, monkeypatch):
        monkeypatch.setattr(link, "RETRY_S", 0.01)

        async def main():
            scheduler = await ScriptedScheduler().start()
            async with make(scheduler):
                await scheduler.close()
                async with ScriptedScheduler(scheduler.address) as second:
                    await second.first(RegisterWorker)

        asyncio.run(main())

    def test_not_if_it_is_not_to(self):
        async def test(scheduler):
            worker = await make(scheduler, reconnect=False)
            scheduler.comms[0].abort()
            assert "the connection to the scheduler" in await worker.finished() or "closed" in worker.reason
            assert worker.failed

        with_scheduler(test)

    def test_not_if_it_is_refused(self, caplog):
        async def test(scheduler):
            worker = await make(scheduler)
            scheduler.refusal = [Bye("not you again")]
            scheduler.comms[0].abort()
            assert "said: not you again" in await worker.finished()
            assert worker.failed

        with_scheduler(test)

    def test_not_for_ever(self, monkeypatch):
        monkeypatch.setattr(link, "RETRY_S", 0.01)

        async def main():
            scheduler = await ScriptedScheduler().start()
            worker = await make(scheduler, death_timeout=0.2)
            await scheduler.close()
            assert "couldn't be reached for 0.2 s" in await worker.finished()
            assert worker.failed

        asyncio.run(main())

    def test_not_while_it_closes(self):
        async def test(scheduler):
            worker = await make(scheduler)
            await worker.close("enough")
            assert await worker.finished() == "enough"
            assert scheduler.numbers == 1

        with_scheduler(test)

    def test_a_message_that_is_not_for_workers_ends_the_connection(self, caplog):
        async def test(scheduler):
            worker = await make(scheduler, reconnect=False)
            with caplog.at_level(logging.CRITICAL, "minidask_distributed.comm"):
                scheduler.send(RegisterNanny("", "", {}))
                assert "RegisterNanny is no message for a worker's tasks" in await worker.finished()

        with_scheduler(test)

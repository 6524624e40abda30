"""Tests of `minidask_distributed.scheduler.ticking`."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest

from minidask_distributed.messages import Bye
from minidask_distributed.scheduler import ticking
from tests.distributed.scheduler.scripted import cluster, upload

pytestmark = pytest.mark.network


def run(test, **options):
    async def main():
        async with cluster(**options) as made:
            await test(made)

    asyncio.run(main())


def test_an_idle_scheduler_ends(monkeypatch):
    monkeypatch.setattr(ticking, "TICK_S", 0.01)

    async def test(made):
        client = await made.client()
        async with asyncio.timeout(10):
            await made.scheduler.finished()
        assert "there was nothing to do for 0.05 s" in (await client.next(Bye)).reason

    run(test, idle_timeout="50 ms")


def test_a_scheduler_with_work_is_not_idle(monkeypatch):
    monkeypatch.setattr(ticking, "TICK_S", 0.01)

    async def test(made):
        client = await made.client()
        client.send(upload("a"))
        await client.settle()
        state = made.scheduler.machine.state
        before = state.now
        async with asyncio.timeout(10):
            while state.now < before + 0.2:
                await asyncio.sleep(0.01)
        assert made.scheduler.status == "running"

    run(test, idle_timeout=0.05)


def test_a_blocked_loop_is_warned_of(monkeypatch, caplog):
    monkeypatch.setattr(ticking, "TICK_S", 0.01)

    async def test(made):
        made.scheduler._ticking.blocked_s = 0.05
        deadline = time.monotonic() + 0.1
        while time.monotonic() < deadline:
            pass
        async with asyncio.timeout(10):
            while "was blocked for" not in caplog.text:
                await asyncio.sleep(0.01)

    run(test)


@pytest.mark.parametrize(("late_s", "silent"), [(1000.0, False), (0.9, True)])
def test_what_a_stopped_process_did_not_hear_is_not_silence(monkeypatch, late_s, silent):
    """As after Ctrl-Z and ``fg``: all but the clock stood still."""

    async def test(made):
        worker = await made.worker()
        ticks = made.scheduler._ticking
        ticks.stop()
        (record,) = made.scheduler.machine.workers.values()
        record.last_seen -= late_s
        ticks._idle_since -= late_s
        ticks._due -= late_s
        made.scheduler.machine.state.limits = replace(made.scheduler.machine.state.limits, worker_ttl_s=0.5)
        ticks._tick()
        assert made.scheduler.status == "running"
        if silent:
            assert "nothing was heard of it" in (await worker.next(Bye)).reason
        else:
            assert record.status == "running"

    run(test, idle_timeout="100 s")


def test_an_error_of_the_machine_stops_no_ticks(monkeypatch, caplog):
    monkeypatch.setattr(ticking, "TICK_S", 0.001)

    async def test(made):
        ticks = []
        enough = asyncio.Event()

        def broken(now, deaf_s):
            ticks.append(now)
            if len(ticks) == 3:
                enough.set()
            raise ZeroDivisionError("a defect")

        monkeypatch.setattr(made.scheduler.machine, "tick", broken)
        async with asyncio.timeout(10):
            await enough.wait()
        assert ticks == sorted(ticks)

    run(test)
    assert "the scheduler's machine failed at a tick" in caplog.text

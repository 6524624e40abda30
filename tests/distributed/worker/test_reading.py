"""Who receives from the scheduler: idle threads for lone short tasks, the loop for all else, and nothing is lost between them."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from pickle import loads

import pytest

from minidask import config
from minidask_distributed import get_worker, secede
from minidask_distributed.comm import lent
from minidask_distributed.messages import Erred, Finished, Free, Leave, RegisterWorker, Stop
from minidask_distributed.protocol.calls import CallEncoder
from minidask_distributed.worker import reading
from minidask_distributed.worker.server import Worker
from tests.distributed.worker.shells import PATIENCE_S, SECURITY, ScriptedScheduler

pytestmark = [
    pytest.mark.network,
    pytest.mark.skipif(not lent.is_possible, reason="this system has no eventfd: the loop receives everything"),
]

GATES: dict[str, threading.Event] = {}
BEGAN: dict[str, threading.Event] = {}


def gated(name):
    """Return at once, or wait for the gate of that name; say who receives meanwhile."""
    BEGAN[name].set() if name in BEGAN else None
    if name in GATES:
        assert GATES[name].wait(PATIENCE_S)
    return get_worker().engine.reading.slot is not None


def other(name):
    """Another function, of which nobody knows how long it takes."""
    return gated(name)


def meet(name, parties):
    """Wait until so many tasks are here at a time."""
    if name in BARRIERS:
        BARRIERS[name].wait(PATIENCE_S)
    return name


BARRIERS: dict[str, threading.Barrier] = {}


def leave_and_wait(name):
    secede()
    return gated(name)


@pytest.fixture(autouse=True)
def own_gates():
    yield
    for gate in GATES.values():
        gate.set()
    for each in (GATES, BEGAN, BARRIERS):
        each.clear()


@pytest.fixture
def patient(monkeypatch):
    """Nobody takes the receiving back since nothing comes for a while."""
    monkeypatch.setattr(reading, "CHECK_S", 1000.0)


def with_worker(test, address="tcp://127.0.0.1:0", **options):
    async def main():
        async with ScriptedScheduler(address) as scheduler:
            async with Worker(
                scheduler.address, security=SECURITY, validate=True, **{"nthreads": 1, **options}
            ) as worker:
                await test(scheduler, worker)

    asyncio.run(main())


async def run(scheduler, *call, **fields):
    """Have a task run; return the small result that is reported."""
    (task,) = await scheduler.submit(call, **fields)
    return (await scheduler.finished(task))[task]


async def borrow(scheduler, worker, func=gated, *args):
    """Send lone short tasks until a thread has the receiving."""
    args = args or ("",)
    for _ in range(1000):
        await run(scheduler, func, *args)
        # Its report may come before it is idle.
        await asyncio.sleep(0)
        slot = worker.engine.reading.slot
        if slot is not None and slot in worker.engine.pools["default"].idle:
            return
    raise AssertionError("the receiving was never lent")


def number_of(scheduler, func):
    """Return the number that the worker knows a function of one argument by."""
    return scheduler.encoder.encode(func, ("",), {}, None)[0].number


def test_lone_short_tasks_are_received_by_the_thread_that_runs_them(patient):
    async def test(scheduler, worker):
        await borrow(scheduler, worker)
        comm = worker._link.comm
        # Nothing reaches the loop's side of the comm any more.
        comm._on_messages = None
        for _ in range(20):
            assert loads(await run(scheduler, gated, "")) is True

    with_worker(test)


def test_how_long_it_looks_is_a_setting(patient, monkeypatch):
    times = set()
    wait = lent.LentReceiving.wait
    monkeypatch.setattr(lent.LentReceiving, "wait", lambda self, look_s: (times.add(look_s), wait(self, look_s))[1])
    with config.set({"distributed.worker.look-time": "20 us"}):
        with_worker(borrow)
    assert times == {2e-5}


@pytest.mark.parametrize("address", ["where nothing is lent", "inproc://"])
def test_elsewhere_the_loop_receives(address, monkeypatch):
    if address == "where nothing is lent":
        monkeypatch.setattr("minidask_distributed.comm.stream.StreamComm._can_be_lent", False)
        address = "tcp://127.0.0.1:0"

    async def test(scheduler, worker):
        direct, asked = worker.engine.reading, []
        begin = direct._begin
        direct._begin = lambda: (asked.append(None), begin())
        for _ in range(4 * reading.LEND_AFTER):
            await run(scheduler, gated, "")
        assert direct.slot is None
        assert len(asked) <= 1, "whether it can be had isn't asked every time"

    with_worker(test, address)


def test_what_is_the_loops_business_goes_to_the_loop(patient):
    async def test(scheduler, worker):
        await borrow(scheduler, worker)
        message = scheduler.compute((gated, ""))
        # Of one reading, all in order.
        scheduler.requests += 1
        answer = asyncio.create_task(scheduler.call("no such thing"))
        await asyncio.sleep(0)
        scheduler.send(message)
        assert (await answer).failure is not None
        await scheduler.finished(*message.tasks)
        await borrow(scheduler, worker)

    with_worker(test)


@pytest.mark.parametrize("what", ["never measured", "longer before"])
def test_the_loop_receives_while_a_long_task_runs(patient, what):
    async def test(scheduler, worker):
        await borrow(scheduler, worker)
        fields = {}
        if what == "longer before":
            fields["expected"] = {number_of(scheduler, gated): reading.SHORT_US + 1}
        func = other if what == "never measured" else gated
        assert loads(await run(scheduler, func, "", **fields)) is False

    with_worker(test)


def test_a_task_that_takes_longer_than_before_can_be_cancelled():
    async def test(scheduler, worker):
        GATES["slow"] = threading.Event()
        BEGAN["slow"] = threading.Event()
        await borrow(scheduler, worker)
        (task,) = await scheduler.submit((gated, "slow"))
        assert await asyncio.to_thread(BEGAN["slow"].wait, PATIENCE_S)
        # The loop's timer gives the receiving back, so that these arrive while the task waits for ever.
        assert (await scheduler.call("no such thing")).failure is not None
        scheduler.send(Stop([task], "not wanted any more"))
        other_task = await scheduler.submit((gated, ""))
        await scheduler.finished(*other_task)
        assert task not in {one for m in scheduler.messages if type(m) in (Finished, Erred) for one in m.tasks}
        GATES["slow"].set()

    with_worker(test)


def test_several_tasks_at_once_run_at_once(patient):
    async def test(scheduler, worker):
        for at in range(5):
            await borrow(scheduler, worker, meet, "nobody", 1)
            BARRIERS[f"{at}"] = threading.Barrier(3)
            tasks = await scheduler.submit(*[(meet, f"{at}", 3)] * 3)
            await scheduler.finished(*tasks)

    with_worker(test, nthreads=3)


def test_a_task_that_secedes_leaves_the_receiving(patient):
    async def test(scheduler, worker):
        GATES["left"] = threading.Event()
        assert loads(await run(scheduler, leave_and_wait, "")) is False
        await borrow(scheduler, worker)
        (task,) = await scheduler.submit((leave_and_wait, "left"), expected={number_of(scheduler, leave_and_wait): 10})
        others = await scheduler.submit((gated, ""), (gated, ""))
        await scheduler.finished(*others)
        GATES["left"].set()
        await scheduler.finished(task)

    with_worker(test)


def test_nobody_waits_for_ever_for_what_does_not_come(monkeypatch):
    monkeypatch.setattr(reading, "CHECK_S", 0.001)

    async def test(scheduler, worker):
        for _ in range(3):
            while worker.engine.reading.slot is None:
                await run(scheduler, gated, "")
            async with asyncio.timeout(PATIENCE_S):
                while worker.engine.reading.slot is not None or not worker._link.comm._reading:
                    await asyncio.sleep(0.0001)

    with_worker(test)


def test_one_timer_looks_after_it_however_often_it_is_lent(monkeypatch):
    monkeypatch.setattr(reading, "CHECK_S", 0.05)
    looks = []
    check_later = reading.DirectReading._check_later
    monkeypatch.setattr(reading.DirectReading, "_check_later", lambda self: (looks.append(None), check_later(self)))

    async def test(scheduler, worker):
        for _ in range(20):
            await borrow(scheduler, worker)
            # Several at once: the loop receives again.
            await scheduler.finished(*await scheduler.submit((gated, ""), (gated, "")))
        assert len(looks) <= 1 + (asyncio.get_running_loop().time() - began) / reading.CHECK_S

    began = time.monotonic()
    with_worker(test)


@pytest.mark.parametrize("running", [False, True], ids=["idle", "in a task"])
def test_a_connection_that_breaks_is_made_again(patient, running):
    async def test(scheduler, worker):
        await borrow(scheduler, worker)
        if running:
            GATES["slow"], BEGAN["slow"] = threading.Event(), threading.Event()
            await scheduler.submit((gated, "slow"))
            assert await asyncio.to_thread(BEGAN["slow"].wait, PATIENCE_S)
            # Nobody receives: the worker finds out when it sends, or is done.
            GATES["slow"].set()
        scheduler.comms[-1].abort()
        await scheduler.until(lambda: len([m for m in scheduler.messages if type(m) is RegisterWorker]) == 2)
        # Who comes back knows no functions.
        scheduler.known.clear()
        scheduler.encoder = CallEncoder()
        await borrow(scheduler, worker)

    with_worker(test)


def test_what_makes_no_sense_ends_the_connection(patient, caplog):
    async def test(scheduler, worker):
        await borrow(scheduler, worker)
        scheduler.send(Free(None))
        await scheduler.until(lambda: len([m for m in scheduler.messages if type(m) is RegisterWorker]) == 2)

    with_worker(test)
    assert "its messages raised an error" in caplog.text
    assert "ended by an error of its own" not in caplog.text


@pytest.mark.parametrize("way", ["told to leave", "closed", "closed while it runs"])
def test_closing(patient, way):
    async def test(scheduler, worker):
        await borrow(scheduler, worker)
        threads = [slot.thread for slot in worker.engine.pools["default"].slots]
        if way == "told to leave":
            scheduler.send(Leave("enough"))
            assert await asyncio.wait_for(worker.finished(), PATIENCE_S) == "enough"
        else:
            if way == "closed while it runs":
                GATES["slow"], BEGAN["slow"] = threading.Event(), threading.Event()
                await scheduler.submit((gated, "slow"))
                assert await asyncio.to_thread(BEGAN["slow"].wait, PATIENCE_S)
                asyncio.get_running_loop().call_later(0.05, GATES["slow"].set)
            await worker.close()
        for thread in threads:
            await asyncio.to_thread(thread.join, PATIENCE_S)
            assert not thread.is_alive()
        assert worker.engine.reading.slot is None
        await scheduler.until(lambda: scheduler.ends)

    with_worker(test)


def test_plugins_are_set_up_before_tasks_whoever_receives(patient):
    async def test(scheduler, worker):
        await borrow(scheduler, worker)
        link = worker._link
        link._setting_up += 1
        worker.engine.reading.slot.lent.recall()
        while worker.engine.reading.slot is not None:
            await asyncio.sleep(0)
        assert link._lend(link.comm) is None
        link._setting_up -= 1

    with_worker(test)


@pytest.mark.slow
@pytest.mark.parametrize("nthreads", [1, 3])
@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_lost_on_the_way_from_one_to_the_other(monkeypatch, nthreads, seed):
    monkeypatch.setattr(reading, "LEND_AFTER", 1)
    monkeypatch.setattr(reading, "CHECK_S", 0.0005)
    rng = random.Random(seed)

    async def test(scheduler, worker):
        lent_times = 0
        sent, free = [], 0
        for _ in range(400):
            chance = rng.random()
            if chance < 0.7:
                sent += await scheduler.submit((gated, ""))
            elif chance < 0.8:
                sent += await scheduler.submit(*[(gated, "")] * rng.randrange(1, 6))
            elif chance < 0.85:
                assert (await scheduler.call("no such thing")).failure is not None
            elif chance < 0.9:
                # Of those that are done: one that isn't would be given up.
                await scheduler.finished(*sent)
                scheduler.send(Free(sent[free:]))
                free = len(sent)
            else:
                await asyncio.sleep(rng.random() * 0.002)
            if rng.random() < 0.7:
                await scheduler.finished(*sent)
            lent_times += worker.engine.reading.slot is not None
        await scheduler.finished(*sent)
        assert lent_times

    with_worker(test, nthreads=nthreads)

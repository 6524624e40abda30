"""Loop threads: run from elsewhere, stopped with all that runs on them, shared while somebody needs one."""

from __future__ import annotations

import asyncio
import threading

import pytest

from minidask_distributed import loops
from minidask_distributed.loops import LoopThread


@pytest.fixture
def thread():
    made = LoopThread("test loop")
    made.start()
    yield made
    made.stop()


def test_results_and_errors_come_back(thread):
    async def work(fails):
        assert threading.current_thread().name == "test loop"
        if fails:
            raise ValueError("no")
        return 5

    assert thread.run(work(False)) == 5
    with pytest.raises(ValueError, match="no"):
        thread.run(work(True))


def test_what_takes_too_long_is_cancelled(thread):
    ended = threading.Event()

    async def wait():
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    with pytest.raises(TimeoutError, match=r"not done after 0\.01 s"):
        thread.run(wait(), timeout_s=0.01)
    assert ended.wait(10)


def test_an_own_timeout_error_stays(thread):
    async def late():
        raise TimeoutError("mine")

    with pytest.raises(TimeoutError, match="mine"):
        thread.run(late(), timeout_s=10)


def test_waiting_on_its_own_thread_is_an_error(thread):
    async def inner():
        thread.run(asyncio.sleep(0))

    with pytest.raises(RuntimeError, match="asynchronous form"):
        thread.run(inner())


def test_stopping_cancels_what_is_left():
    thread = LoopThread("short")
    thread.start()
    begun, ended = threading.Event(), threading.Event()

    async def wait():
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    thread.call_soon(lambda: setattr(thread, "kept", thread.loop.create_task(wait())))
    assert begun.wait(10)
    thread.stop()
    assert ended.is_set()
    assert thread.loop.is_closed()
    thread.stop()
    thread.call_soon(print)  # nothing happens
    with pytest.raises(RuntimeError, match="the event loop is closed"):
        thread.run(asyncio.sleep(0))


def test_a_thread_that_never_started_closes_its_loop():
    thread = LoopThread("never")
    thread.stop()
    assert thread.loop.is_closed()


def test_the_shared_one_lives_while_it_is_used():
    first = loops.acquire()
    second = loops.acquire()
    assert first is second
    loops.release(first)
    assert second.run(asyncio.sleep(0, 1)) == 1
    loops.release(second)
    if loops._shared.thread is None:
        assert first.loop.is_closed()
    third = loops.acquire()
    assert third is not first
    loops.release(first)  # an old one: nothing happens
    assert third.run(asyncio.sleep(0, 2)) == 2
    loops.release(third)


@pytest.mark.parametrize("timeout_s", [None, 1000.0])
def test_who_waits_looks_up_now_and_then(timeout_s):
    # A signal that came just before a wait is noticed between two of them.
    waited = []

    def wait(seconds):
        waited.append(seconds)
        return len(waited) == 5

    assert loops.wait_by(wait, timeout_s)
    assert waited == [loops.LOOK_UP_S] * 5


def test_waiting_ends_in_time():
    waited = []
    assert not loops.wait_by(lambda seconds: waited.append(seconds), 0.0)
    assert waited == [0]

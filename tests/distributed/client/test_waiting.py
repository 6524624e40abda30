"""Waiting for many futures, finding them, and letting them go on alone."""

import asyncio
import threading
from concurrent.futures import CancelledError

import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask import delayed
from minidask.graph.layered import LayeredGraph
from minidask_distributed.client.waiting import fire_and_forget, futures_of, wait
from minidask_distributed.messages import KeepUntilDone, Undone
from tests.distributed.client.scripted import connected, in_loop, on_loop

pytestmark = pytest.mark.network


def double(x):
    return 2 * x


def divide(x):
    return 12 // x


def in_thread(function, *args, **kwargs):
    """Call a function on another thread; return the thread and the list that its result, or error, comes into."""
    found: list = []

    def call():
        try:
            found.append(function(*args, **kwargs))
        except BaseException as error:
            found.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    return thread, found


def run_until_over(scheduler, thread, most=1):
    """Have the scheduler run tasks one after another until a thread has what it waits for."""
    ran = 0
    while thread.is_alive() and ran < most:
        ran += on_loop(run_one, scheduler)
        thread.join(0.005)
    thread.join(10)
    assert not thread.is_alive()


def run_one(scheduler):
    session = scheduler.sessions[0]
    before = sum(row.done for row in session.rows.values())
    scheduler.run(session, 1)
    return sum(row.done for row in session.rows.values()) - before


def test_waiting_for_all():
    with connected() as (_, client):
        futures = client.map(double, range(100))
        done, not_done = wait(futures)
        assert done == set(futures)
        assert not_done == set()
        assert wait(futures[0]).done == {futures[0]}


def test_waiting_for_the_last_of_them():
    with connected(auto=False) as (scheduler, client):
        futures = client.map(double, range(3))
        thread, found = in_thread(wait, futures)
        run_until_over(scheduler, thread, 3)
        assert found == [(set(futures), set())]


def test_waiting_for_the_first():
    with connected(auto=False) as (scheduler, client):
        futures = client.map(double, range(3))
        thread, found = in_thread(wait, futures, return_when="FIRST_COMPLETED")
        run_until_over(scheduler, thread)
        assert found == [({futures[0]}, set(futures[1:]))]
        # Nothing hangs on those that are left.
        assert not any(client._session.waiters.values())


def test_waiting_for_the_first_that_fails():
    with connected(auto=False) as (scheduler, client):
        futures = client.map(divide, [1, 0, 2])
        thread, found = in_thread(wait, futures, return_when="FIRST_EXCEPTION")
        run_until_over(scheduler, thread, 2)
        assert found == [(set(futures[:2]), {futures[2]})]
        assert not client._session.failure_hooks


def test_nothing_fails():
    with connected() as (_, client):
        futures = client.map(double, range(3))
        assert wait(futures, return_when="FIRST_EXCEPTION").not_done == set()


@pytest.mark.parametrize("return_when", ["ALL_COMPLETED", "FIRST_COMPLETED", "FIRST_EXCEPTION"])
def test_too_late(return_when):
    with connected(auto=False) as (_, client):
        futures = client.map(double, range(3))
        with pytest.raises(TimeoutError, match=r"3 of 3 futures are not done after 0\.02 s"):
            wait(futures, timeout="20ms", return_when=return_when)
        assert not any(client._session.waiters.values())


def test_what_was_lost_again_is_waited_for():
    with connected(auto=False, small=0) as (scheduler, client):
        futures = client.map(double, range(2))
        thread, found = in_thread(wait, futures)
        session = scheduler.sessions[0]
        while not on_loop(run_one, scheduler):
            thread.join(0.005)
        scheduler.say(Undone([futures[0]._state.id]))
        session.rows[futures[0]._state.id].done = False
        run_until_over(scheduler, thread, 2)
        assert found == [(set(futures), set())]


def test_an_error_is_no_reason_to_raise():
    with connected() as (_, client):
        futures = client.map(divide, [0, 1])
        assert wait(futures).done == set(futures)


@pytest.mark.parametrize("return_when", ["ALL_COMPLETED", "FIRST_COMPLETED"])
def test_what_was_cancelled_raises(return_when):
    with connected(auto=False) as (_, client):
        future = client.submit(double, 1, key="mine")
        future.cancel()
        with pytest.raises(CancelledError, match="1 of these futures were cancelled: 'mine'"):
            wait([future], return_when=return_when)


def test_a_lost_connection_ends_the_wait():
    with connected(auto=False) as (scheduler, client):
        future = client.submit(double, 1)
        thread, found = in_thread(wait, [future])
        on_loop(scheduler.sessions[0].comm.abort)
        thread.join(10)
        assert found == [({future}, set())]
        assert future.status == "lost"


def test_futures_of_two_clients():
    with connected() as (_, one), connected() as (_, other):
        futures = [one.submit(double, 1), other.submit(double, 1)]
        assert wait(futures).done == set(futures)
        assert wait(futures, return_when="FIRST_EXCEPTION").done == set(futures)


def test_another_condition():
    with pytest.raises(ValueError, match="return_when must be one of ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION"):
        wait([], return_when="SOON")


@pytest.mark.parametrize("return_when", ["ALL_COMPLETED", "FIRST_COMPLETED", "FIRST_EXCEPTION"])
def test_in_a_coroutine(return_when):
    async def work(scheduler, client):
        futures = client.map(double, range(3))
        waiting = asyncio.ensure_future(wait(futures, return_when=return_when, timeout=10))
        await asyncio.sleep(0)
        while not waiting.done():
            scheduler.run(scheduler.sessions[0])
            await asyncio.sleep(0)
        done, not_done = await waiting
        return len(done), len(not_done)

    assert in_loop(work, auto=False) == (3, 0)


def test_too_late_in_a_coroutine():
    async def work(scheduler, client):
        with pytest.raises(TimeoutError, match="1 of 1 futures are not done"):
            await wait([client.submit(double, 1)], timeout=0.02)

    in_loop(work, auto=False)


def test_an_event_loop_is_not_blocked_by_its_own_thread():
    with connected(auto=False) as (_, client):
        future = client.submit(double, 1)
        thread = client._loop_thread

        async def block():
            with pytest.raises(RuntimeError, match="await it instead"):
                wait([future])

        thread.run(block())


def test_futures_in_containers():
    with connected() as (_, client):
        a, b, c, d = client.map(double, range(4))
        assert futures_of([a, {"x": (b, [c])}, 5, "text", a]) == [a, b, c]
        assert set(futures_of({a, b})) == {a, b}
        assert futures_of(d) == [d]
        assert futures_of([1, "x", None, {}]) == []


def test_futures_in_collections():
    with connected() as (_, client):
        held = client.persist(delayed(double)(3))
        [future] = futures_of(held)
        assert future.key == held.key
        assert futures_of([held, {"again": held}]) == [future]
        assert futures_of(delayed(double)(held)) == [future]
        assert futures_of(delayed(double)(1)) == []
        assert isinstance(held.__dask_graph__(), LayeredGraph)
        parts = client.persist([delayed(double)(at) for at in range(5)])
        assert [future.key for future in futures_of(parts)] == [part.key for part in parts]
        df = client.persist(dd.from_pandas(pd.DataFrame({"x": range(8)}), npartitions=4))
        assert [future.key for future in futures_of(df)] == df.__dask_keys__(), "in the collection's order"


def test_cancelled_futures_are_told_apart_if_asked():
    with connected(auto=False) as (_, client):
        future = client.submit(double, 1, key="mine")
        future.cancel()
        assert futures_of([future]) == [future]
        with pytest.raises(CancelledError, match="these futures were cancelled: 'mine'"):
            futures_of([future], client=client)


def test_what_is_fired_is_kept_by_the_scheduler():
    with connected(auto=False) as (scheduler, client):
        futures = client.map(double, range(3))
        ids = [future._state.id for future in futures]
        fire_and_forget(futures)
        client.sync(client.call, "locate", tasks=[])  # whatever was sent before has arrived
        [message] = scheduler.sessions[0].of(KeepUntilDone)
        assert message.tasks == ids


def test_nothing_to_fire():
    with pytest.raises(TypeError, match="fire_and_forget takes futures or persisted collections, got int without any"):
        fire_and_forget(5)

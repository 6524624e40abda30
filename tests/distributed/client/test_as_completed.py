"""Futures in the order in which they are done, in threads and in coroutines."""

import asyncio
import threading
from concurrent.futures import CancelledError

import pytest

from minidask_distributed.client.as_completed import as_completed
from tests.distributed.client.scripted import connected, in_loop, on_loop

pytestmark = pytest.mark.network


def double(x):
    return 2 * x


def divide(x):
    return 12 // x


def finish(scheduler, most=1):
    """Let the scheduler run so many of the tasks that it has, oldest first."""
    on_loop(scheduler.run, scheduler.sessions[0], most)


def test_nothing_comes_of_nothing():
    nothing = as_completed([])
    assert nothing.is_empty()
    assert not nothing.has_ready()
    assert nothing.count() == 0
    assert list(nothing) == []
    with pytest.raises(StopIteration):
        nothing.next_batch()
    assert nothing.next_batch(block=False) == []
    assert list(as_completed().batches()) == []


def test_futures_come_as_they_are_done():
    with connected(auto=False) as (scheduler, client):
        futures = client.map(double, range(3))
        coming = as_completed(futures)
        assert repr(coming) == "<as_completed: waiting=3 done=0>"
        asked = threading.Thread(target=lambda: found.append(next(coming)))
        found: list = []
        asked.start()
        while asked.is_alive():  # until the upload has arrived, there is nothing to run
            finish(scheduler)
            asked.join(0.01)
        assert found == [futures[0]]
        finish(scheduler, 2)
        assert list(coming) == futures[1:]
        assert coming.is_empty()


def test_what_is_done_already_comes_at_once():
    with connected() as (_, client):
        futures = client.map(double, range(5))
        client.gather(futures)
        coming = as_completed(futures)
        assert coming.has_ready()
        assert coming.count() == 5
        assert coming.next_batch(block=False) == futures
        assert coming.is_empty()


def test_futures_may_be_added_on_the_way():
    with connected() as (_, client):
        coming = as_completed([client.submit(double, 1)])
        seen = []
        for future in coming:
            seen.append(future.result())
            if len(seen) < 4:
                coming.add(client.submit(double, seen[-1]))
        assert seen == [2, 4, 8, 16]
        coming.update(client.map(double, [5, 6]))
        assert {future.result() for future in coming} == {10, 12}


def test_a_future_comes_as_often_as_it_was_added():
    with connected() as (_, client):
        future = client.submit(double, 1)
        assert list(as_completed([future, future])) == [future, future]


def test_who_drops_it_drops_its_futures():
    with connected(auto=False) as (_, client):
        coming = as_completed(client.map(double, range(3)))
        assert len(client._session.states) == 3
        assert coming.count() == 3
        del coming
        # Nothing that is released may depend on the garbage collector's next turn.
        on_loop(client._flush)
        assert client._session.states == {}


def test_results_come_along():
    with connected() as (_, client):
        futures = client.map(double, range(10))
        pairs = list(as_completed(futures, with_results=True))
        assert dict(pairs) == {future: 2 * x for x, future in enumerate(futures)}


def test_results_that_are_fetched_from_workers():
    with connected(small=0) as (_, client):
        futures = client.map(double, range(10))
        pairs = [pair for batch in as_completed(futures, with_results=True).batches() for pair in batch]
        assert dict(pairs) == {future: 2 * x for x, future in enumerate(futures)}


def test_batches_hold_all_that_is_ready():
    with connected() as (_, client):
        futures = client.map(double, range(10))
        client.gather(futures)
        assert list(as_completed(futures).batches()) == [futures]


def test_an_error_is_raised_in_its_turn_and_the_loop_may_go_on():
    with connected() as (_, client):
        futures = client.map(divide, [3, 0, 4])
        client.gather(futures, errors="skip")
        coming = as_completed(futures, with_results=True)
        found, failed = [], 0
        while not coming.is_empty():
            try:
                found.append(next(coming)[1])
            except ZeroDivisionError:
                failed += 1
        assert (sorted(found), failed) == ([3, 4], 1)


def test_an_error_ends_a_batch_and_begins_the_next_one():
    with connected() as (_, client):
        futures = client.map(divide, [3, 0, 4])
        client.gather(futures, errors="skip")
        coming = as_completed(with_results=True)
        for future in futures:
            coming.add(future)
        assert coming.next_batch() == [(futures[0], 4)]
        with pytest.raises(ZeroDivisionError):
            coming.next_batch()
        assert coming.next_batch() == [(futures[2], 3)]


def test_an_error_in_the_place_of_a_result():
    with connected() as (_, client):
        future = client.submit(divide, 0)
        [(same, (kind, error, traceback))] = as_completed([future], with_results=True, raise_errors=False)
        assert same is future
        assert kind is ZeroDivisionError
        assert isinstance(error, kind)
        assert traceback is error.__traceback__


def test_without_results_errors_are_futures_like_others():
    with connected() as (_, client):
        [future] = as_completed([client.submit(divide, 0)])
        assert future.status == "error"


@pytest.mark.parametrize("raise_errors", [True, False])
def test_what_was_cancelled_comes_with_its_error(raise_errors):
    with connected(auto=False) as (_, client):
        future = client.submit(double, 1)
        coming = as_completed([future], with_results=True, raise_errors=raise_errors)
        future.cancel()
        [(same, error)] = coming
        assert same is future
        assert isinstance(error, CancelledError)


def test_what_is_lost_is_done():
    with connected(auto=False) as (scheduler, client):
        coming = as_completed([client.submit(double, 1)])
        on_loop(scheduler.sessions[0].comm.abort)
        [future] = coming
        assert future.status == "lost"


def test_time_is_counted_from_the_beginning():
    with connected(auto=False) as (_, client):
        coming = as_completed(client.map(double, [1, 2]), timeout="20ms")
        with pytest.raises(TimeoutError, match=r"2 futures are not done 0.02 s after as_completed was called"):
            next(coming)
        with pytest.raises(TimeoutError):
            coming.next_batch()
        assert coming.count() == 2


def test_what_is_cleared_never_comes():
    with connected(auto=False) as (scheduler, client):
        first = client.submit(double, 1)
        coming = as_completed([first])
        coming.clear()
        assert coming.is_empty()
        assert list(coming) == []
        second = client.submit(double, 2)
        coming.add(second)
        while coming.count() and not coming.has_ready():
            finish(scheduler, 2)
        assert list(coming) == [second]
        assert first.result() == 2


def test_clearing_ends_a_wait():
    with connected(auto=False) as (_, client):
        coming = as_completed([client.submit(double, 1)])
        found: list = []
        waiting = threading.Thread(target=lambda: found.extend(coming))
        waiting.start()
        coming.clear()
        waiting.join(10)
        assert not waiting.is_alive()
        assert found == []


def test_several_threads_share_one():
    with connected() as (_, client):
        futures = client.map(double, range(200))
        coming = as_completed(futures, with_results=True)
        found: list = []
        threads = [threading.Thread(target=lambda: found.extend(coming)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert sorted(result for _, result in found) == [2 * x for x in range(200)]


@pytest.mark.parametrize("wrong", [1, "key", None])
def test_only_futures_are_taken(wrong):
    with pytest.raises(TypeError, match=f"as_completed takes futures, got a {type(wrong).__name__}"):
        as_completed([wrong])
    with connected(auto=False) as (_, client):
        future = client.submit(double, 1)
        coming = as_completed()
        with pytest.raises(TypeError, match="as_completed takes futures"):
            coming.update([future, wrong])
        assert coming.is_empty()
        with pytest.raises(TypeError, match=r"use add\(\) for one"):
            coming.update(future)


def test_in_a_coroutine():
    async def work(scheduler, client):
        futures = client.map(double, range(5))
        seen = [await future async for future in as_completed(futures)]
        pairs = [pair async for pair in as_completed(futures, with_results=True)]
        batches = [batch async for batch in as_completed(futures).batches()]
        with_results = [batch async for batch in as_completed(futures, with_results=True).batches()]
        return sorted(seen), sorted(result for _, result in pairs), batches == [futures], len(with_results[0])

    assert in_loop(work) == ([0, 2, 4, 6, 8], [0, 2, 4, 6, 8], True, 5)


def test_a_coroutine_waits_and_gets_errors():
    async def work(scheduler, client):
        coming = as_completed([client.submit(divide, 0), client.submit(divide, 6)], with_results=True)
        asked = asyncio.ensure_future(coming.__anext__())
        await asyncio.sleep(0)
        scheduler.auto = True
        while not asked.done():
            scheduler.run(scheduler.sessions[0])
            await asyncio.sleep(0)
        # What the scheduler reported first: what has a result.
        assert (await asked)[1] == 2
        with pytest.raises(ZeroDivisionError):
            await coming.__anext__()
        return [pair async for pair in coming]

    assert in_loop(work, auto=False) == []


def test_a_coroutine_runs_out_of_time():
    async def work(scheduler, client):
        coming = as_completed([client.submit(double, 1)], timeout=0.02)
        with pytest.raises(TimeoutError, match="1 futures are not done"):
            await coming.__anext__()
        # Who gave up is forgotten.
        return coming._sleepers

    assert in_loop(work, auto=False) == []


def test_an_event_loop_is_not_blocked_by_its_own_thread():
    async def work(scheduler, client):
        coming = as_completed([client.submit(double, 1)])
        with pytest.raises(RuntimeError, match="use `async for`"):
            next(coming)
        return [await future async for future in coming]

    assert in_loop(work) == [2]


def test_a_coroutine_may_use_a_client_of_another_loop():
    async def work(futures):
        return [pair async for pair in as_completed(futures, with_results=True)]

    with connected(small=0) as (_, client):
        futures = client.map(double, range(3))
        assert dict(asyncio.run(work(futures))) == {future: 2 * x for x, future in enumerate(futures)}

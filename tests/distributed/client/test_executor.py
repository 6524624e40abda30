"""The cluster as an executor: what the standard library says of executors holds."""

import concurrent.futures
import threading
from concurrent.futures import CancelledError, as_completed, wait

import pytest

from minidask_distributed.client.client import Client
from minidask_distributed.client.executor import ClientExecutor
from minidask_distributed.deploy.local import LocalCluster
from minidask_distributed.messages import Cancel
from minidask_distributed.protocol.keys import encode_keys
from tests.distributed.client.scripted import connected, in_loop, on_loop

pytestmark = pytest.mark.network


def divide(x, y=1):
    return x // y


def show(*args, **kwargs):
    return args, kwargs


def arrived(client):
    """Return once everything that was sent has arrived."""
    client.sync(client.call, "locate", tasks=[])


def nothing_runs(scheduler):
    """Answer that no worker runs anything."""
    scheduler.handlers["broadcast"] = lambda session, **_: {}


def test_it_is_an_executor():
    with connected() as (_, client), client.get_executor() as executor:
        assert isinstance(executor, concurrent.futures.Executor)
        assert isinstance(executor.submit(abs, -1), concurrent.futures.Future)
        assert repr(executor).startswith("<ClientExecutor of <Client: 'tcp://")


def test_results_and_errors():
    with connected() as (_, client), ClientExecutor(client) as executor:
        good, bad = executor.submit(divide, 7, 2), executor.submit(divide, 1, 0)
        assert good.result(timeout=10) == 3
        assert good.exception() is None
        assert good.done()
        assert not good.running()
        assert not good.cancelled()
        assert isinstance(bad.exception(timeout=10), ZeroDivisionError)
        with pytest.raises(ZeroDivisionError):
            bad.result()


def test_keywords_are_the_functions():
    with connected() as (_, client), ClientExecutor(client) as executor:
        called = executor.submit(show, 1, key=2, workers=3, pure=4, fn=5, self=6)
        assert called.result(10) == ((1,), {"key": 2, "workers": 3, "pure": 4, "fn": 5, "self": 6})


def test_equal_calls_all_run():
    with connected() as (scheduler, client), ClientExecutor(client) as executor:
        wait([executor.submit(divide, 1) for _ in range(5)])
        assert len(scheduler.sessions[0].rows) == 5


def test_options_go_with_every_call():
    with connected() as (scheduler, client), ClientExecutor(client, retries=3, priority=1) as executor:
        executor.submit(divide, 1).result(10)
        assert list(executor.map(divide, [2])) == [2]
        options = [row.options for row in scheduler.sessions[0].rows.values()]
        assert all(one["retries"] == 3 and one["priority"] == 1 for one in options)


def test_unknown_options():
    with connected() as (_, client):
        with pytest.raises(TypeError, match="an executor has no option 'colour', 'key'; there are allow_other_workers"):
            client.get_executor(key="x", colour="red")


def test_callbacks():
    with connected() as (_, client), ClientExecutor(client) as executor:
        called = threading.Event()
        future = executor.submit(divide, 1)
        future.add_done_callback(lambda one: one is future and called.set())
        assert called.wait(10)


def test_the_standard_waits():
    with connected() as (_, client), ClientExecutor(client) as executor:
        futures = [executor.submit(divide, n) for n in range(20)]
        assert {future.result() for future in as_completed(futures, timeout=10)} == set(range(20))
        assert wait(futures).not_done == set()


def test_results_that_are_fetched():
    with connected(small=0) as (_, client), ClientExecutor(client) as executor:
        assert list(executor.map(divide, range(10), timeout=10)) == list(range(10))


def test_too_late():
    with connected(auto=False) as (scheduler, client):
        executor = ClientExecutor(client)
        future = executor.submit(divide, 1)
        with pytest.raises(TimeoutError):
            future.result(timeout=0.01)
        with pytest.raises(TimeoutError, match=r"the result isn't there 0\.01 s after map was called"):
            list(executor.map(divide, [1, 2], timeout=0.01))
        nothing_runs(scheduler)
        executor.shutdown(cancel_futures=True)


def test_map_keeps_the_order_and_stops_with_the_shortest():
    with connected() as (_, client), ClientExecutor(client) as executor:
        assert list(executor.map(divide, [9, 8, 7, 6], [3, 2, 7])) == [3, 4, 1]
        assert list(executor.map(divide, [])) == []
        assert list(executor.map(divide, iter(range(3)))) == [0, 1, 2]


@pytest.mark.parametrize("chunksize", [2, 3, 100])
def test_map_in_chunks(chunksize):
    with connected() as (scheduler, client), ClientExecutor(client) as executor:
        assert list(executor.map(divide, range(10), [2] * 10, chunksize=chunksize)) == [n // 2 for n in range(10)]
        assert len(scheduler.sessions[0].rows) == -(-10 // chunksize)


@pytest.mark.parametrize("chunksize", [0, -1])
def test_a_chunk_has_calls(chunksize):
    with connected() as (_, client), ClientExecutor(client) as executor:
        with pytest.raises(
            ValueError, match=f"chunksize is the number of calls in a task, at least 1, got {chunksize}"
        ):
            executor.map(divide, [1], chunksize=chunksize)


def test_map_raises_in_its_turn_and_gives_up_the_rest():
    with connected(auto=False) as (scheduler, client):
        executor = ClientExecutor(client)
        results = executor.map(divide, [4, 1, 9, 9], [2, 0, 3, 3])
        arrived(client)
        on_loop(scheduler.run, scheduler.sessions[0], 2)
        assert next(results) == 2
        with pytest.raises(ZeroDivisionError):
            next(results)
        assert list(results) == []
        arrived(client)
        assert sum(len(message.tasks) for message in scheduler.sessions[0].of(Cancel)) == 2
        executor.shutdown()


def test_what_is_submitted_runs_without_anyone_asking_for_results():
    with connected() as (scheduler, client):
        executor = ClientExecutor(client)
        executor.map(divide, range(3))
        executor.shutdown()
        assert all(row.done for row in scheduler.sessions[0].rows.values())


def test_cancelling():
    with connected(auto=False) as (scheduler, client), ClientExecutor(client) as executor:
        future = executor.submit(divide, 1)
        heard = threading.Event()
        future.add_done_callback(lambda _: heard.set())
        assert future.cancel()
        assert future.cancelled()
        assert future.cancel()
        assert heard.is_set()
        assert future.task.status == "cancelled"
        with pytest.raises(CancelledError):
            future.result()
        assert wait([future]).done == {future}  # whoever waits is told
        arrived(client)
        assert len(scheduler.sessions[0].of(Cancel)) == 1


def test_too_late_to_cancel():
    with connected() as (_, client), ClientExecutor(client) as executor:
        future = executor.submit(divide, 1)
        assert future.result(10) == 1
        assert not future.cancel()
        assert not future.cancelled()


def test_what_the_cluster_cancels_is_cancelled():
    with connected(auto=False) as (_, client), ClientExecutor(client) as executor:
        future = executor.submit(divide, 1)
        future.task.cancel()
        with pytest.raises(CancelledError):
            future.result(10)
        assert future.cancelled()


def test_what_is_lost_raises():
    with connected(auto=False) as (scheduler, client), ClientExecutor(client) as executor:
        future = executor.submit(divide, 1)
        on_loop(scheduler.sessions[0].comm.abort)
        with pytest.raises(OSError, match="the connection to the scheduler"):
            future.result(10)


def test_nothing_after_a_shutdown():
    with connected() as (_, client):
        executor = ClientExecutor(client)
        future = executor.submit(divide, 1)
        executor.shutdown()
        assert future.done()
        executor.shutdown()
        with pytest.raises(RuntimeError, match="cannot schedule new futures after shutdown"):
            executor.submit(divide, 1)
        with pytest.raises(RuntimeError, match="cannot schedule new futures after shutdown"):
            executor.map(divide, [1])
        assert client.submit(divide, 5).result() == 5


def test_a_shutdown_waits_only_if_asked():
    with connected(auto=False) as (scheduler, client):
        executor = ClientExecutor(client)
        future = executor.submit(divide, 1)
        executor.shutdown(wait=False)
        assert not future.done()
        arrived(client)
        on_loop(scheduler.run, scheduler.sessions[0])
        assert future.result(10) == 1


def test_a_shutdown_may_cancel_what_has_not_begun():
    with connected(auto=False) as (scheduler, client):
        executor = ClientExecutor(client)
        futures = [executor.submit(divide, n) for n in range(3)]
        running = {"keys": encode_keys([futures[0].task.key]), "stacks": [["..."]]}
        scheduler.handlers["broadcast"] = lambda session, **_: {"tcp://w:1": {"value": running}}
        executor.shutdown(wait=False, cancel_futures=True)
        assert [future.cancelled() for future in futures] == [False, True, True]
        arrived(client)
        on_loop(scheduler.run, scheduler.sessions[0])
        assert futures[0].result(10) == 0


def test_what_cannot_be_sent():
    with connected() as (_, client), ClientExecutor(client) as executor:
        with pytest.raises(TypeError, match="lock"):
            executor.submit(show, threading.Lock())
        assert executor.submit(show).result(10) == ((), {})


def test_many_threads_settle_one_future():
    with connected() as (_, client), ClientExecutor(client) as executor:
        for _ in range(30):
            future = executor.submit(divide, 1)
            threads = [threading.Thread(target=future.cancel) for _ in range(3)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert wait([future], timeout=10).done == {future}


def test_an_asynchronous_client_serves_threads():
    async def work(scheduler, client):
        import asyncio

        executor = ClientExecutor(client)
        return await asyncio.wrap_future(executor.submit(divide, 9, 3))

    assert in_loop(work) == 3


def test_on_a_real_cluster_what_runs_is_not_cancelled_by_a_shutdown():
    begun, over = threading.Semaphore(0), threading.Event()

    def stay():
        begun.release()
        return over.wait(30)

    with LocalCluster(n_workers=1, threads_per_worker=3, processes=False) as cluster, Client(cluster) as client:
        executor = client.get_executor()
        futures = [executor.submit(stay) for _ in range(50)]
        for _ in range(3):
            assert begun.acquire(timeout=10)
        executor.shutdown(wait=False, cancel_futures=True)
        left = [future for future in futures if not future.cancelled()]
        assert len(left) == 3
        over.set()
        assert [future.result(10) for future in left] == [True] * 3
        executor.shutdown()

"""Everything in one event loop: `async with Client(asynchronous=True)`."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError
from operator import add
from typing import Any

import pandas as pd
import pytest

import minidask
import minidask.dataframe as dd
from minidask import delayed
from minidask_distributed.client.as_completed import as_completed
from minidask_distributed.client.client import Client
from minidask_distributed.client.waiting import futures_of, wait
from minidask_distributed.deploy.local import LocalCluster
from minidask_distributed.worker.context import get_worker
from minidask_distributed.worker_client import get_client

pytestmark = pytest.mark.network


def inc(x: int) -> int:
    return x + 1


def in_loop(work: Callable[[Client], Awaitable[Any]]) -> Any:
    """Run a coroutine function with an asynchronous client; cluster, workers and client share its event loop."""

    async def main() -> Any:
        async with (
            LocalCluster(
                n_workers=2, threads_per_worker=1, processes=False, asynchronous=True, dashboard_address=None
            ) as cluster,
            Client(cluster, asynchronous=True) as client,
        ):
            return await asyncio.wait_for(work(client), 60)

    return asyncio.run(main())


def test_futures() -> None:
    async def work(client: Client) -> None:
        future = client.submit(inc, 1)
        assert await future == 2
        assert await future.result() == 2
        assert await client.submit(add, future, 1) == 3
        futures = client.map(inc, range(10))
        assert await client.gather(futures) == list(range(1, 11))
        done, not_done = await wait(futures)
        assert (len(done), len(not_done)) == (10, 0)
        bad = client.submit(int, "x")
        assert isinstance(await bad.exception(), ValueError)
        with pytest.raises(ValueError, match="invalid literal"):
            await bad
        assert await client.gather([bad, *futures[:2]], errors="skip") == [1, 2]
        data = await client.scatter({"k": [1, 2]})
        assert await client.submit(sum, data["k"]) == 3
        assert await asyncio.gather(*futures) == list(range(1, 11))

    in_loop(work)


def test_as_they_come() -> None:
    async def work(client: Client) -> None:
        seen = []
        futures = as_completed(client.map(inc, range(5)))
        async for future in futures:
            result = await future
            seen.append(result)
            if result == 5:
                futures.add(client.submit(inc, 99))
        assert sorted(seen) == [1, 2, 3, 4, 5, 100]
        pairs = [pair async for pair in as_completed(client.map(inc, range(3)), with_results=True)]
        assert sorted(result for _, result in pairs) == [1, 2, 3]
        batches = [batch async for batch in as_completed(client.map(inc, range(4))).batches()]
        assert sum(map(len, batches)) == 4

    in_loop(work)


def test_collections() -> None:
    async def work(client: Client) -> None:
        x = delayed(sum)([delayed(inc)(i) for i in range(4)])
        assert await client.compute(x) == 10
        a, b = client.compute([x, delayed(inc)(5)])
        assert await client.gather([a, b]) == [10, 6]
        assert await client.compute(x, sync=True) == 10
        assert await client.get({"x": 1, "y": (inc, "x")}, "y") == 2
        df = dd.from_pandas(pd.DataFrame({"x": range(100)}), npartitions=4)
        assert await client.compute(df.x.sum()) == 4950
        held = client.persist(df)
        assert await held is held
        assert {future.status for future in futures_of(held)} == {"finished"}
        assert await client.compute(held.x.max()) == 99
        assert await x.persist() is not x
        assert x.compute(scheduler="sync") == 10
        assert await asyncio.to_thread(x.compute, scheduler="threads") == 10

    in_loop(work)


def test_blocking_forms_say_what_to_do() -> None:
    async def work(client: Client) -> None:
        with pytest.raises(RuntimeError, match=r"await client\.compute"):
            delayed(inc)(1).compute()
        with pytest.raises(RuntimeError, match=r"await client\.compute"):
            minidask.compute(delayed(inc)(1))
        with pytest.raises(RuntimeError, match="async for"):
            next(as_completed([client.submit(threading.Event().wait, 0.2, pure=False)]))
        with pytest.raises(TypeError, match="async with"):
            with client:
                pass
        # On another thread the same client blocks, as ever.
        assert await asyncio.to_thread(delayed(inc)(1).compute) == 2
        assert await asyncio.to_thread(lambda: client.submit(inc, 5).result()) == 6

    in_loop(work)


def test_many_coroutines() -> None:
    async def work(client: Client) -> None:
        async def one(n: int) -> int:
            futures = client.map(inc, range(n, n + 5))
            total = client.submit(sum, futures)
            return int(await total) + int(await client.compute(delayed(inc)(n)))

        found = await asyncio.gather(*map(one, range(30)))
        assert found == [sum(range(n + 1, n + 6)) + n + 1 for n in range(30)]

    in_loop(work)


def test_cancelling_and_timeouts() -> None:
    async def work(client: Client) -> None:
        gate = threading.Event()
        future = client.submit(gate.wait, 30, pure=False)
        with pytest.raises(TimeoutError):
            await future.result(timeout=0.05)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(future, 0.05)
        waiting = asyncio.ensure_future(client.gather([future]))
        await asyncio.sleep(0)
        await future.cancel()
        with pytest.raises(CancelledError):
            await waiting
        gate.set()
        assert future.cancelled()
        assert await client.submit(inc, 1) == 2

    in_loop(work)


def test_questions_and_orders() -> None:
    async def work(client: Client) -> None:
        kept = client.submit(inc, 1, key="kept")
        await wait(kept)
        assert len((await client.who_has())["kept"]) == 1
        assert sum((await client.nthreads()).values()) == 2
        assert set((await client.run(inc, 1)).values()) == {2}
        assert await client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.workers)) == 2
        await client.wait_for_workers(2, timeout=10)
        assert (await client.scheduler_info())["address"] == client.address

    in_loop(work)


def test_coroutine_functions_as_tasks() -> None:
    async def work(client: Client) -> None:
        async def slow(x: int) -> tuple[int, str]:
            await asyncio.sleep(0.001)
            return x, str(get_worker().address)

        found = await client.gather(client.map(slow, range(20)))
        assert [x for x, _ in found] == list(range(20))

        def nested() -> int:
            return int(get_client().submit(inc, 1).result()) + int(delayed(inc)(1).compute())

        assert await client.submit(nested, pure=False) == 4

    in_loop(work)


def test_two_clients_in_one_loop() -> None:
    async def work(client: Client) -> None:
        async with Client(client.cluster, asynchronous=True) as other:
            a, b = client.submit(inc, 1, key="one"), other.submit(inc, 1, key="one")
            assert await asyncio.gather(a, b) == [2, 2]
            await client.close()
            assert await other.submit(inc, b) == 3

    in_loop(work)


@pytest.mark.slow
def test_worker_processes() -> None:
    async def main() -> None:
        async with (
            LocalCluster(n_workers=1, threads_per_worker=1, asynchronous=True, dashboard_address=None) as cluster,
            Client(cluster, asynchronous=True) as client,
        ):
            large = client.submit(bytes, 1_000_000)
            assert len(await large) == 1_000_000
            data = await client.scatter(bytes(2_000_000))
            assert await client.submit(len, data) == 2_000_000
            assert await client.compute(delayed(len)(data)) == 2_000_000

    asyncio.run(main())

"""Running a task of the cluster in this process."""

import asyncio
import os

import pytest

from minidask import delayed
from minidask_distributed.client.client import Client
from minidask_distributed.deploy.local import LocalCluster

pytestmark = pytest.mark.network


@pytest.fixture(scope="module")
def client():
    with LocalCluster(n_workers=1, threads_per_worker=1, processes=False) as cluster, Client(cluster) as made:
        yield made


calls: list = []


def divide(x, y, *, by=1):
    calls.append((x, y, by))
    return x // y // by


def double(x):
    return 2 * x


def total(numbers):
    return sum(numbers)


async def wrong(x):
    await asyncio.sleep(0)
    raise LookupError(x)


def test_an_error_is_raised_here(client):
    future = client.submit(divide, client.submit(double, 3), 0, by=2)
    future.exception()
    calls.clear()
    with pytest.raises(ZeroDivisionError) as caught:
        client.recreate_error_locally(future)
    assert calls == [(6, 0, 2)]
    assert caught.traceback[-1].name == "divide"


def test_the_task_that_failed_is_found(client):
    bad = client.submit(divide, 1, 0)
    later = client.submit(double, client.submit(total, [bad, 1]))
    calls.clear()
    with pytest.raises(ZeroDivisionError):
        client.recreate_error_locally(later)  # waits, too
    assert calls[-1] == (1, 0, 1)


def test_collections(client):
    held = client.persist(delayed(divide)(delayed(double)(4), 0))
    with pytest.raises(ZeroDivisionError):
        client.recreate_error_locally(held)
    assert calls[-1] == (8, 0, 1)


def test_a_coroutine_function(client):
    future = client.submit(wrong, "here")
    with pytest.raises(LookupError, match="here"):
        client.recreate_error_locally(future)


def test_nothing_has_failed(client):
    with pytest.raises(ValueError, match="nothing has failed here: finished"):
        client.recreate_error_locally(client.submit(double, 1))
    with pytest.raises(ValueError, match="nothing has failed here: no futures"):
        client.recreate_error_locally([])


def test_any_task(client):
    inputs = client.map(double, range(3))
    future = client.submit(total, inputs)
    del inputs
    assert client.recreate_task_locally(future) == 6
    future.result()
    assert client.recreate_task_locally(future) == 6
    with pytest.raises(ValueError, match="one future is needed, got 0"):
        client.recreate_task_locally([])


def test_tuple_keys(client):
    before = client.submit(double, 2, key=("part", 0, 1))
    future = client.submit(divide, before, 0, key=("whole", 0))
    with pytest.raises(ZeroDivisionError):
        client.recreate_error_locally(future)
    assert calls[-1] == (4, 0, 1)


def test_data_are_no_task(client):
    [future] = client.scatter([5])
    with pytest.raises(ValueError, match="is scattered data"):
        client.recreate_task_locally(future)


def test_in_a_coroutine():
    async def main():
        async with LocalCluster(n_workers=1, processes=False, asynchronous=True) as cluster:
            async with Client(cluster, asynchronous=True) as client:
                with pytest.raises(ZeroDivisionError):
                    await client.recreate_error_locally(client.submit(divide, 1, 0))
                with pytest.raises(LookupError):
                    await client.recreate_error_locally(client.submit(wrong, "there"))
                return await client.recreate_task_locally(client.submit(double, 4))

    assert asyncio.run(main()) == 8


@pytest.mark.slow
def test_a_task_of_another_process():
    with LocalCluster(n_workers=1, threads_per_worker=1, processes=True) as cluster, Client(cluster) as client:
        assert client.submit(os.getpid).result() != os.getpid()
        assert client.recreate_task_locally(client.submit(os.getpid)) == os.getpid()
        with pytest.raises(ZeroDivisionError):
            client.recreate_error_locally(client.submit(lambda x: x / 0, client.submit(double, 1)))

"""What became of the tasks that ended during a block."""

from __future__ import annotations

import asyncio

import pytest

from minidask_distributed import Client, LocalCluster, wait
from minidask_distributed.client.task_metadata import get_task_metadata

pytestmark = pytest.mark.network


@pytest.fixture(scope="module")
def client():
    with (
        LocalCluster(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        yield client


def double(number):
    return 2 * number


def refuse(number):
    raise ValueError(f"not {number}")


def test_results_and_failures(client):
    client.submit(double, 0, key="before").result()
    with get_task_metadata() as tasks:
        good = [client.submit(double, 1, key="good"), client.submit(double, 2, key=("good", 2))]
        bad = [client.submit(refuse, 1, key="bad"), client.submit(refuse, 2, key=("bad", 2), retries=1)]
        wait([*good, *bad])
    after = client.submit(double, 3, key="after")
    wait(after)
    assert tasks.state == {"good": "memory", ("good", 2): "memory", "bad": "erred", ("bad", 2): "erred"}
    assert tasks.metadata.keys() == tasks.state.keys()
    [address] = client.scheduler_info()["workers"]
    for key, about in tasks.metadata.items():
        assert about["worker"] == address
        assert about["thread"] in (0, 1)
        [span] = about["startstops"]
        assert span["start"] <= span["stop"]
        assert ("nbytes" in about, "exception" in about) == (tasks.state[key] == "memory", tasks.state[key] == "erred")
    assert tasks.metadata["bad"]["exception"] == "ValueError: not 1"


def test_what_failed_and_was_tried_again_has_a_result(client):
    attempts = []

    def second_time():
        attempts.append(1)
        if len(attempts) < 2:
            raise RuntimeError("not yet")

    with get_task_metadata(client) as tasks:
        wait(client.submit(second_time, key="second-time", retries=1))
    assert tasks.state == {"second-time": "memory"}


def test_nothing_ran(client):
    with get_task_metadata() as tasks:
        pass
    assert (tasks.metadata, tasks.state) == ({}, {})


def test_an_asynchronous_client():
    async def main():
        async with (
            LocalCluster(
                n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None, asynchronous=True
            ) as cluster,
            Client(cluster, asynchronous=True) as client,
        ):
            with pytest.raises(TypeError, match=r"asynchronous: use `async with get_task_metadata"):
                get_task_metadata(client).__enter__()
            async with get_task_metadata(client) as tasks:
                await client.submit(double, 1, key="one")
            assert tasks.state == {"one": "memory"}

    asyncio.run(main())

"""Asking a real cluster why."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading

import pytest

from minidask_distributed.client.client import Client
from minidask_distributed.client.waiting import wait
from minidask_distributed.deploy.local import LocalCluster
from minidask_distributed.explanation import Explanation, WorkerExplanation

pytestmark = [pytest.mark.network, pytest.mark.slow]


@pytest.fixture(scope="module")
def client():
    """A client of a cluster of two workers with a thread each, in this process."""
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=False) as cluster, Client(cluster) as made:
        made.wait_for_workers(2, timeout=10)
        yield made


@pytest.fixture
def busy(client):
    """Futures of tasks that take both workers until the test is over."""
    begun, over = threading.Semaphore(0), threading.Event()

    def stay(n):
        begun.release()
        over.wait(30)
        return n

    futures = client.map(stay, range(2), pure=False)
    for _ in futures:
        assert begun.acquire(timeout=10)
    yield futures
    over.set()
    wait(futures)


def double(x):
    return 2 * x


def fail(x):
    raise ValueError(f"no {x}")


def test_running(client, busy):
    found = client.explain(busy[0])
    assert isinstance(found, Explanation)
    assert (found.key, found.state, found.kind) == (busy[0].key, "processing", "running")
    assert found.reason.startswith("it runs on ")
    assert found.worker in found.reason
    assert "wait (" in found.details[0]
    assert "threading.py" in found.details[0]
    assert client.explain(busy[0].key).kind == "running"


def test_waiting_and_queued(client, busy):
    last = client.submit(double, busy[1], key="explained-last")
    found = client.explain(last)
    assert (found.state, found.kind, found.blocked_by) == ("waiting", "dependencies", (busy[1].key,))
    assert "runs on" in found.details[0]
    others = client.map(double, range(50, 60), pure=False)
    there = {client.explain(other).kind for other in others}
    assert there <= {"behind", "busy"}
    assert "behind" in there


def test_resources(client):
    future = client.submit(double, 1, key="explained-gpu", resources={"GPU": 1})
    found = client.explain(future)
    assert (found.state, found.kind) == ("no-worker", "resources")
    assert "GPU=1" in found.reason
    assert len(found.details) == 2


def test_failed_by_a_dependency(client):
    first = client.submit(fail, 3, key="explained-first")
    last = client.submit(double, client.submit(double, first, key="explained-mid"), key="explained-err")
    wait(last)
    found = client.explain(last)
    assert found.kind == "dependency-failed"
    assert "'explained-first', by way of 'explained-mid'" in found.reason
    assert "ValueError: no 3" in found.reason
    assert "raise ValueError" in found.failure["traceback"]
    assert found.failure["key"] == "explained-first"


def test_in_memory_and_forgotten(client):
    future = client.submit(double, 21, key=("explained", 1))
    assert future.result() == 42
    found = client.explain(future)
    assert (found.state, found.kind, found.key) == ("memory", "stored", ("explained", 1))
    assert found.wanted_by == (client.name,)
    assert found.workers[0] in client.scheduler_info()["workers"]
    assert client.explain(("explained", 2)).nearest == (("explained", 1),)
    future.cancel()
    found = client.explain(future)
    assert (found.state, found.reason) == ("unknown", "it was cancelled, and so forgotten")


def test_workers(client):
    [address, _] = client.scheduler_info()["workers"]
    found = client.explain(address)
    assert isinstance(found, WorkerExplanation)
    assert (found.address, found.state) == (address, "running")
    assert client.explain(found.name).address == address


def test_bad_arguments(client):
    with pytest.raises(ValueError, match="one task is explained at a time, got 2"):
        client.explain(["x", "y"])
    with pytest.raises(ValueError, match="got 0"):
        client.explain([])
    with pytest.raises(TypeError, match="futures or keys were expected"):
        client.explain(object())
    with pytest.raises(ValueError, match="timeout is the time"):
        client.explain("x", timeout=-1)


def test_an_asynchronous_client():
    async def main():
        options = {"n_workers": 1, "threads_per_worker": 1, "processes": False, "asynchronous": True}
        async with LocalCluster(**options) as cluster, Client(cluster, asynchronous=True) as client:
            future = client.submit(double, 4, key="x")
            assert await future == 8
            assert (await client.explain(future)).state == "memory"

    asyncio.run(main())


def kill_once(path):
    """Kill the process that runs this, the first time."""
    if not os.path.exists(path):
        open(path, "w").close()
        sys.stderr.write("about to <die>\n")
        sys.stderr.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()


def test_a_worker_that_was_killed(tmp_path):
    with LocalCluster(n_workers=1, threads_per_worker=1) as cluster, Client(cluster) as client:
        [before] = client.scheduler_info()["workers"]
        future = client.submit(kill_once, str(tmp_path / "mark"), key="killer")
        assert future.result(timeout=30)
        task = client.explain(future)
        assert task.crashes == 1
        assert [one.signal for one in task.departures] == ["SIGKILL"]
        assert "was killed by SIGKILL" in repr(task)
        worker = client.explain(before)
        assert (worker.state, worker.signal) == ("gone", "SIGKILL")
        assert "about to <die>" in worker.log
        assert worker.memory_limit > 0
        assert "&lt;die&gt;" in worker._repr_html_()

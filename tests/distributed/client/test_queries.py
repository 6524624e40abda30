"""What a client may ask of its cluster, and in which form it gets the answers."""

import asyncio
import itertools
import sys
import threading
import time

import pytest

from minidask_distributed.client.client import Client
from minidask_distributed.client.pictures import register_pictures
from minidask_distributed.client.queries import as_key, get_task_stream, keys_of, payload_value, workers_list
from minidask_distributed.client.waiting import wait
from minidask_distributed.deploy.local import LocalCluster

pytestmark = pytest.mark.network


@pytest.fixture(scope="module")
def client():
    """A client of a cluster of two workers with a thread each, in this process."""
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=False) as cluster, Client(cluster) as made:
        made.wait_for_workers(2, timeout=10)
        yield made


numbers = itertools.count()


def double(x):
    return 2 * x


@pytest.fixture
def held(client):
    """A result that one worker holds."""
    future = client.submit(double, 3, key=("held", next(numbers)))
    wait(future)
    return future


@pytest.fixture
def busy(client):
    """A task that runs until the test is over."""
    begun, over = threading.Event(), threading.Event()

    def stay():
        begun.set()
        over.wait(30)

    future = client.submit(stay, pure=False)
    assert begun.wait(10)
    yield future
    over.set()
    wait(future)


def addresses(client):
    return list(client.scheduler_info()["workers"])


def test_who_has_it(client, held):
    everything = client.who_has()
    assert everything[held.key] == client.who_has(held)[held.key]
    [address] = everything[held.key]
    assert address in addresses(client)
    assert client.who_has([held, "nobody"]) == {held.key: [address], "nobody": []}
    assert client.who_has("nobody") == {"nobody": []}


def test_what_it_has(client, held):
    [address] = client.who_has(held)[held.key]
    assert held.key in client.has_what()[address]
    assert list(client.has_what(address)) == [address]
    assert list(client.has_what([address])) == [address]
    assert client.has_what("nobody") == {}


def test_threads(client):
    assert client.nthreads() == client.ncores() == dict.fromkeys(addresses(client), 1)
    assert client.nthreads(addresses(client)[:1]) == {addresses(client)[0]: 1}


def test_processing(client, busy):
    assert [busy.key] in client.processing().values()
    assert set(client.processing()) == set(addresses(client))


def test_bytes(client, held):
    assert client.nbytes(held, summary=False) == {held.key: sys.getsizeof(6)}
    assert client.nbytes([held]) == {"held": sys.getsizeof(6)}
    assert client.nbytes()["held"] >= sys.getsizeof(6)
    assert client.nbytes("nobody", summary=False) == {}


def test_the_scheduler(client):
    info = client.scheduler_info()
    assert info["type"] == "Scheduler"
    assert info["address"] == client.address
    assert len(info["workers"]) == info["n_workers"] == 2
    assert all(worker["nthreads"] == 1 for worker in info["workers"].values())
    assert len(client.scheduler_info(n_workers=1)["workers"]) == 1
    assert client.scheduler_info(n_workers=0)["workers"] == {}


def test_versions(client):
    found = client.get_versions(check=True, packages=["pytest"])
    assert set(found) == {"scheduler", "workers", "client"}
    assert found["workers"] == dict.fromkeys(addresses(client), found["client"])
    assert found["scheduler"] == found["client"]
    assert found["client"]["packages"]["pytest"]


def test_versions_of_a_scheduler_that_runs_nobodys_functions():
    settings = {"distributed.scheduler.blocked-handlers": ["run_on_scheduler"]}
    from minidask import config

    with config.set(settings), LocalCluster(n_workers=0, processes=False) as cluster, Client(cluster) as client:
        found = client.get_versions()
        assert found["scheduler"] == {"host": {}, "packages": dict(found["client"]["packages"])}


def test_versions_that_differ(client, monkeypatch):
    real = client._broadcast

    async def differ(*args, **kwargs):
        answers = await real(*args, **kwargs)
        return {
            address: {"host": {}, "packages": {**payload_value(told)["packages"], "numpy": "0.1"}}
            for address, told in answers.items()
        }

    monkeypatch.setattr(client, "_broadcast", differ)
    with pytest.raises(
        ValueError, match=r"install the same versions everywhere; these differ:\nworker inproc.*numpy is"
    ):
        client.get_versions(check=True)


def test_the_task_stream(client):
    begin = time.time()
    with get_task_stream(client) as stream:
        futures = client.map(double, range(5), key="streamed")
        wait(futures)
    assert {row["key"] for row in stream.data} == {future.key for future in futures}
    for row in stream.data:
        assert row["worker"] in addresses(client)
        assert row["status"] == "OK"
        [moment] = row["startstops"]
        assert begin - 1 <= moment["start"] <= moment["stop"] <= time.time() + 1
        assert moment["action"] == "compute"
    assert len(client.get_task_stream(count=2)) == 2
    assert client.get_task_stream(start=time.time() + 100) == []
    assert len(client.get_task_stream(start="1 hour")) >= 5
    assert client.get_task_stream(stop="1 hour") == []


def test_the_task_stream_of_the_current_client(client):
    with get_task_stream() as stream:
        client.submit(double, 1, pure=False).result()
    assert len(stream.data) == 1


def test_pictures_of_the_task_stream(client, held):
    drawn = []

    def draw(records, filename, resources=None):
        drawn.append((len(records), filename, resources))
        return "figure"

    before = register_pictures(lambda kind: {"task_stream": draw}[kind])
    try:
        records, figure = client.get_task_stream(count=1, plot=True, bokeh_resources="cdn")
        client.get_task_stream(count=1, plot="save", filename="x.html")
        with get_task_stream(client, plot="save") as stream:
            client.submit(double, 1, pure=False).result()
    finally:
        register_pictures(before)
    assert (len(records), figure, stream.figure) == (1, "figure", "figure")
    assert drawn == [(1, None, "cdn"), (1, "x.html", None), (1, "task-stream.html", None)]
    for take in (client.get_task_stream, get_task_stream):
        with pytest.raises(ValueError, match="plot must be True, False or 'save', got 'print'"):
            take(plot="print")


def test_logs(client):
    lines = client.get_scheduler_logs(3)
    assert len(lines) <= 3
    assert all(len(line) == 2 for line in lines)
    assert set(client.get_worker_logs(n=5)) == set(addresses(client))
    assert list(client.get_worker_logs(workers=addresses(client)[0])) == addresses(client)[:1]
    assert client.get_worker_logs(nanny=True) == {}  # these workers have none


def test_events(client):
    client.log_event("story", {"cat": "black"})
    client.log_event(["story", "other"], ("a", 1))
    (first, second) = client.get_events("story")
    assert abs(first[0] - time.time()) < 60
    assert (first[1], second[1]) == ({"cat": "black"}, ("a", 1))
    assert client.get_events()["other"][0][1] == ("a", 1)
    assert client.get_events("nothing") == ()


def test_stories(client, held):
    moves = client.story(held)
    assert all(move[0] == held.key for move in moves)
    assert moves[-1][2] == "memory"
    assert client.story("nobody") == []


def test_call_stacks(client, busy):
    [(address, stacks)] = client.call_stack(busy).items()
    assert address in addresses(client)
    assert "over.wait(30)" in "".join(stacks[busy.key])
    assert client.call_stack() == client.call_stack(keys=[busy.key])
    assert client.call_stack(keys="nobody") == {}
    assert client._executing([busy]) == {busy}


def test_in_a_coroutine():
    async def main():
        async with LocalCluster(n_workers=1, threads_per_worker=1, processes=False, asynchronous=True) as cluster:
            async with Client(cluster, asynchronous=True) as client:
                async with get_task_stream(client) as stream:
                    await client.submit(double, 1)
                with pytest.raises(TypeError, match="use `async with"):
                    with get_task_stream(client):
                        pass
                return len(stream.data), len((await client.scheduler_info())["workers"]), await client.who_has()

    assert asyncio.run(main()) == (1, 1, {})


def test_what_is_neither_future_nor_key(client):
    with pytest.raises(TypeError, match="futures or keys were expected, got object"):
        client.who_has(object())
    with pytest.raises(TypeError, match="futures or keys were expected, got NoneType"):
        client.story(None)
    with pytest.raises(TypeError, match=r"workers must be addresses or names, got 1\.5"):
        client.nthreads(1.5)


def test_keys():
    assert keys_of(None) is None
    assert keys_of([]) == []
    assert keys_of({"x"}) == ["x"]
    assert keys_of(("x", 1)) == [("x", 1)]
    assert keys_of([("x", 1), "y", "y", 3]) == [("x", 1), "y", 3]
    assert as_key(["x", 1, ["y"]]) == ("x", 1, ("y",))


def test_workers():
    assert workers_list(None) is None
    assert workers_list("a") == ["a"]
    assert workers_list(0) == ["0"]
    assert workers_list({"a"}) == ["a"]
    with pytest.raises(TypeError, match="workers must be addresses or names"):
        workers_list([None])

"""Clients: how they are made, found and closed."""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
import threading
from operator import add
from pathlib import Path
from typing import Any

import pytest

from minidask.delayed import delayed
from minidask.schedulers.registry import current_runner
from minidask_distributed import loops
from minidask_distributed.client.client import Client, register_default_cluster
from minidask_distributed.client.current import default_client
from minidask_distributed.comm.errors import AuthenticationError, CommClosedError
from minidask_distributed.messages import Cancel
from minidask_distributed.security import Security, write_scheduler_file
from tests.distributed.client.scripted import TOKEN, Scripted, connected, in_loop, scheduler

pytestmark = pytest.mark.network


class Cluster(Scripted):
    """A scripted scheduler that is its own cluster, made by a client."""

    def __init__(self, *, asynchronous: bool, **options: Any) -> None:
        super().__init__(**options)
        self.asynchronous = asynchronous
        self.closed = 0
        if not asynchronous:
            self.thread = loops.acquire()
            self.thread.run(super().start())

    def __await__(self) -> Any:
        async def begin() -> Cluster:
            await super(Cluster, self).start()
            return self

        return begin().__await__()

    def close(self) -> Any:
        self.closed += 1
        if self.asynchronous:
            return super().close()
        self.thread.run(super().close())
        loops.release(self.thread)
        return None


def test_by_address() -> None:
    with scheduler() as made:
        address = made.scheduler_address
        with Client(address, security=Security(token=TOKEN)) as client:
            assert client.submit(add, 1, 2).result() == 3
            assert repr(client) == f"<Client: {address!r}, running>"
            assert client.address == address
        with pytest.raises(AuthenticationError):
            Client(address, security=Security(token="b6" * 32), timeout=5)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:0", "inproc://"])
def test_by_cluster(address: str) -> None:
    with scheduler(address) as made, Client(made) as client:
        assert client.cluster is made
        assert client.security is made.security
        assert client.submit(add, 1, 2).result() == 3
        assert client.gather(client.map(lambda x: x * 2, [1, 2])) == [2, 4]


def test_by_scheduler_file(tmp_path: Path) -> None:
    path = tmp_path / "scheduler.json"
    with scheduler() as made:
        write_scheduler_file(path, {"address": made.scheduler_address, "token": TOKEN})
        with Client(scheduler_file=path) as client:
            assert client.submit(add, 1, 2).result() == 3
            assert client.scheduler_file == str(path)
        with pytest.raises(ValueError, match="either an address or a scheduler_file"):
            Client(made.scheduler_address, scheduler_file=path)
    with pytest.raises(FileNotFoundError, match="there is no scheduler file"):
        Client(scheduler_file=tmp_path / "other.json", timeout=0.05)
    path.write_text(json.dumps({}))
    with pytest.raises(ValueError, match="has no address"):
        Client(scheduler_file=path)
    assert loops._shared.thread is None


def test_waits_for_the_scheduler_file(tmp_path: Path) -> None:
    path = tmp_path / "scheduler.json"
    with scheduler() as made:
        info = {"address": made.scheduler_address, "token": TOKEN}
        writing = threading.Timer(0.1, write_scheduler_file, (path, info))
        writing.start()
        with Client(scheduler_file=path, timeout=30) as client:
            assert client.submit(add, 1, 2).result() == 3
        writing.join()
        path.unlink()

        async def main() -> None:
            waiting = asyncio.ensure_future(Client(scheduler_file=path, asynchronous=True, timeout=30)._opened_async())
            await asyncio.sleep(0)
            write_scheduler_file(path, info)
            async with await waiting as client:
                assert await client.submit(add, 1, 2) == 3
            with pytest.raises(FileNotFoundError, match="there is no scheduler file"):
                await Client(scheduler_file=tmp_path / "other.json", asynchronous=True, timeout=0.05)

        asyncio.run(main())


def test_a_cluster_of_its_own() -> None:
    made: list[Cluster] = []

    def factory(**options: Any) -> Cluster:
        made.append(Cluster(**options))
        return made[-1]

    before = register_default_cluster(factory)
    try:
        with Client(small=0) as client:
            assert client.cluster is made[0]
            assert made[0].small == 0
            assert client.submit(add, 1, 2).result() == 3
        assert made[0].closed == 1

        async def work() -> None:
            async with Client(asynchronous=True) as client:
                assert await client.submit(add, 1, 2) == 3
            assert made[1].closed == 1

        asyncio.run(work())

        def broken(**options: Any) -> Cluster:
            cluster = factory(**options)
            cluster.security = Security(token="b6" * 32)
            return cluster

        register_default_cluster(broken)
        with pytest.raises(AuthenticationError):
            Client(timeout=5)
        assert made[2].closed == 1
        register_default_cluster(None)
        with pytest.raises(RuntimeError, match="nothing is imported that does: give an address"):
            Client()
        with pytest.raises(TypeError, match="a factory of clusters must be callable"):
            register_default_cluster(5)  # type: ignore[arg-type]
    finally:
        register_default_cluster(before)


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ({"address": 5}, TypeError, "address must be a text or a cluster, got int"),
        ({"address": "tcp://x:1", "n_workers": 2}, TypeError, "Client has no parameter 'n_workers'"),
        ({"address": "tcp://x:1", "security": "secret"}, TypeError, "security must be a Security, got str"),
        ({"address": "tcp://x:1", "timeout": "soon"}, ValueError, "soon"),
        ({"address": "carrier-pigeon://x:1"}, ValueError, "carrier-pigeon"),
    ],
)
def test_bad_arguments(given: dict[str, Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        Client(**given)
    assert loops._shared.thread is None


def test_the_default_client() -> None:
    with scheduler() as made:
        with Client(made) as first:
            assert default_client() is first
            with Client(made) as second:
                assert default_client() is second
                assert current_runner() == second.get
                with first.as_current():
                    assert Client.current() is first
                with Client(made, set_as_default=False):
                    assert default_client() is second
            assert default_client() is first
            assert current_runner() == first.get
        with pytest.raises(ValueError, match="there is no client"):
            default_client()
        assert current_runner() is None


def test_closing_leaves_nothing() -> None:
    before = set(threading.enumerate())
    with scheduler() as made:
        client = Client(made)
        future = client.submit(bytes, 100_000)
        done = threading.Event()
        future.add_done_callback(lambda given: done.set())
        assert len(future.result()) == 100_000
        assert done.wait(5)
        client.close()
        client.close()
        assert client.status == "closed"
        assert future.status == "lost"
        with pytest.raises(CommClosedError):
            client.gather([future])
    for thread in set(threading.enumerate()) - before:
        thread.join(5)
        assert not thread.is_alive()
    del future
    gc.collect()


def test_closing_from_a_callback() -> None:
    with scheduler() as made:
        client = Client(made)
        closed = threading.Event()

        def close(future: Any) -> None:
            client.close()
            closed.set()

        client.submit(add, 1, 2).add_done_callback(close)
        assert closed.wait(5)
        assert client.status == "closed"


def test_cancel_and_retry() -> None:
    with connected(auto=False) as (made, client):
        futures = client.map(abs, range(3))
        x = client.persist(delayed(add)(1, 2))
        client.cancel([futures[0], {"a": futures[1]}, x], force=True, reason="enough")
        assert [future.status for future in futures] == ["cancelled", "cancelled", "pending"]
        client.sync(client.call, "locate", tasks=[])
        (message,) = made.sessions[0].of(Cancel)
        assert (len(message.tasks), message.force, message.reason) == (3, True, "enough")
        client.retry(futures)
        assert futures[2].status == "pending"
        with Client(made, set_as_default=False) as other, pytest.raises(ValueError, match="belongs to another client"):
            other.cancel(futures[2])


def test_futures_in_collections() -> None:
    with connected() as (_, client):
        x = client.persist(delayed(add)(1, 2))
        (future,) = client.futures_of(x)
        assert future.result() == 3


def test_asynchronous() -> None:
    async def work(made: Any, client: Any) -> None:
        assert client.asynchronous
        assert await client.submit(add, 1, 2) == 3
        await client.cancel([client.submit(add, 5, 5)])
        await client.retry([client.submit(add, 6, 6)])
        again = await client
        assert again is client
        async with Client(made, asynchronous=True) as other:
            assert default_client() is other
            assert await other.submit(add, 1, 2) == 3
        with pytest.raises(CommClosedError):
            other.submit(add, 1, 2)
        with pytest.raises(RuntimeError, match="the client is closed: make another one"):
            await other
        await other.close()

    in_loop(work)


def test_asynchronous_before_and_wrongly() -> None:
    async def work() -> None:
        client = Client("tcp://127.0.0.1:1", asynchronous=True, timeout=0.1)
        assert client.status == "newly-created"
        with pytest.raises(RuntimeError, match="the client isn't connected yet"):
            client.submit(add, 1, 2)
        with pytest.raises(TypeError, match="async with"), client:
            pass
        with pytest.raises(TimeoutError):
            await client
        with pytest.raises(TimeoutError):
            await client
        assert client.status == "closed"
        await client.close()
        unused = Client("tcp://127.0.0.1:1", asynchronous=True)
        await unused.close()
        assert unused.status == "closed"

    asyncio.run(work())
    with connected() as (_, client):

        async def wait() -> None:
            await client

        with pytest.raises(TypeError, match=r"only a Client\(asynchronous=True\) is awaited"):
            asyncio.run(wait())


@pytest.mark.slow
def test_the_end_of_the_interpreter() -> None:
    code = """
import sys
from tests.distributed.client.scripted import *
thread = loops.acquire()
made = Scripted()
thread.run(made.start())
client = Client(made)
futures = client.map(abs, range(10))
print(client.gather(futures)[-1])
"""
    root = str(Path(__file__).parents[3])
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, cwd=root, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "9\n", "")


def test_within_its_block_it_comes_before_those_made_later() -> None:
    with scheduler() as made:
        first, second = Client(made), Client(made)
        assert default_client() is second
        with first:
            assert default_client() is first
            assert current_runner() == first.get
        assert default_client() is second
        with Client(made, set_as_default=False):
            assert default_client() is second
        second.close()


def test_starting_it_by_hand() -> None:
    async def main(address: str) -> str:
        client = Client(address, asynchronous=True, security=Security(token=TOKEN))
        await client.start()
        status = client.status
        await client.start()
        await client.close()
        return status

    with connected() as (made, client):
        assert client.start() is None
        assert asyncio.run(main(made.scheduler_address)) == "running"


@pytest.mark.parametrize("option", ["serializers", "deserializers", "extensions"])
def test_options_that_are_not_built(option: str) -> None:
    with pytest.raises(NotImplementedError, match=option.removeprefix("de")):
        Client("tcp://127.0.0.1:1", **{option: ["pickle"]})

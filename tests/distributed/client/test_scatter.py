"""Data from the client to workers."""

from __future__ import annotations

import threading
from operator import add
from queue import Queue
from typing import Any

import numpy as np
import pytest

from minidask import config
from minidask.tokenize import TokenizationError
from minidask_distributed.client import scatter
from minidask_distributed.messages import PutData, Scatter
from minidask_distributed.protocol.content import content_token
from minidask_distributed.protocol.payload import Payload, pack
from tests.distributed.client.scripted import connected, in_loop

pytestmark = pytest.mark.network


def sent(made: Any) -> list[Scatter]:
    return made.sessions[0].of(Scatter)


def test_shapes() -> None:
    with connected() as (_, client):
        assert [future.result() for future in client.scatter([1, "a"])] == [1, "a"]
        found = client.scatter((1, 2))
        assert type(found) is tuple
        assert client.gather(found) == (1, 2)
        assert client.gather(client.scatter({1, 2})) == {1, 2}
        named = client.scatter({"x": 5, ("y", 1): 6})
        assert {key: future.key for key, future in named.items()} == {"x": "x", ("y", 1): ("y", 1)}
        assert client.gather(named) == {"x": 5, ("y", 1): 6}
        one = client.scatter(np.arange(3))
        assert one.status == "finished"
        assert str(one.key).startswith("ndarray-")
        assert one.result().tolist() == [0, 1, 2]
        assert client.scatter([]) == []


def test_as_arguments() -> None:
    with connected() as (_, client):
        x, y = client.scatter([10, 20])
        assert client.submit(add, x, y).result() == 30


def test_large_data_go_to_the_workers_directly() -> None:
    with connected() as (made, client):
        data = np.arange(100_000)
        future = client.scatter(data)
        assert sent(made)[0].payloads == [None]
        assert made.fetches == 1
        assert np.array_equal(future.result(), data)
        assert client.scatter([1], direct=True)[0].result() == 1
        assert sent(made)[1].payloads == [None]
        assert client.scatter([b"x" * 50_000], direct=False)[0].result() == b"x" * 50_000
        assert sent(made)[2].payloads != [None]


def test_large_data_are_packed_once_and_named_by_what_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    packed: list[Any] = []

    def counting(value: Any) -> Payload:
        packed.append(pack(value))
        return packed[-1]

    monkeypatch.setattr(scatter, "pack", counting)
    with connected() as (made, client):
        data = np.arange(1_000_000)
        first = client.scatter(data)
        assert len(packed) == 1
        assert first.key == f"ndarray-{content_token(packed[0])}"
        # The memory that was packed is the array's own.
        assert np.shares_memory(np.frombuffer(packed[0].buffers[0], data.dtype), data)
        assert client.scatter(data.copy()).key == first.key
        assert len(sent(made)) == 1
        data[500_000] = -1
        assert client.scatter([data])[0].key != first.key
        assert len({client.scatter(data, hash=False).key, client.scatter(data, hash=False).key}) == 2


def test_large_data_that_no_wire_form_names() -> None:
    parts = [object() for _ in range(80_000)]
    lock = threading.Lock()
    with connected("inproc://") as (_, client):
        data = np.arange(1_000_000)
        future = client.scatter(data)
        assert future.key == f"ndarray-{content_token(pack(data))}"
        assert future.result() is data
        assert client.scatter([[lock, parts]])[0].result()[0] is lock
    with (
        connected() as (_, client),
        pytest.raises(TypeError, match=r"a list among the data can't be scattered: .*lock"),
    ):
        client.scatter([[lock, parts]])
    with connected() as (_, client), pytest.raises(TypeError, match=r"the data 'x' can't be scattered: .*lock"):
        client.scatter({"x": [lock, parts]})


def test_settings_of_a_block_count() -> None:
    with connected() as (_, client), config.set({"tokenize.ensure-deterministic": True}):
        assert client.scatter([(1, "a")])[0].result() == (1, "a")
        with pytest.raises(TokenizationError, match="cannot be tokenized"):
            client.scatter([object()])


def test_equal_data_have_one_name() -> None:
    with connected() as (made, client):
        first = client.scatter([1, 2, 1])
        again = client.scatter([2, 3])
        assert first[0].key == first[2].key
        assert again[0].key == first[1].key
        assert sum(len(message.payloads) for message in sent(made)) == 3
        other = client.scatter([1, 1], hash=False)
        assert len({future.key for future in [*other, first[0]]}) == 3


def test_where() -> None:
    with connected() as (made, client):
        client.scatter([1], workers="alice")
        client.scatter([2], broadcast=True)
        assert [(message.workers, message.copies) for message in sent(made)] == [(["alice"], 1), (None, 0)]


def test_in_process_data_are_the_objects_themselves() -> None:
    with connected("inproc://") as (_, client):
        lock = threading.Lock()
        assert client.scatter([lock], hash=False)[0].result() is lock


def test_waits_for_a_worker() -> None:
    with connected() as (made, client):
        made.workers = False

        def wait_for_workers(session: Any, n: int, timeout: float | None) -> None:
            made.workers = True

        made.handlers["wait_for_workers"] = wait_for_workers
        assert client.scatter([5])[0].result() == 5


@pytest.mark.parametrize("workers", [None, "alice"])
def test_no_worker(workers: str | None) -> None:
    with connected() as (made, client):
        made.workers = False
        made.handlers["wait_for_workers"] = lambda session, n, timeout: None
        with pytest.raises(TimeoutError, match="no workers"):
            client.scatter([5], timeout=0.05, workers=workers)
        with pytest.raises(TimeoutError, match="no workers"):
            client.scatter(np.arange(100_000), timeout=0.05, workers=workers)


def test_bad_data() -> None:
    with connected() as (_, client):
        with pytest.raises(TypeError, match="not a list_iterator, which may never end"):
            client.scatter(iter([1]))
        with pytest.raises(TypeError, match="not a Queue"):
            client.scatter(Queue())
        with pytest.raises(TypeError, match=r"can't be scattered: .*lock"):
            client.scatter([threading.Lock()], hash=False)
        with pytest.raises(TypeError, match="a key must be"):
            client.scatter({None: 1})
        with pytest.raises(TypeError, match="workers must be"):
            client.scatter([1], workers=1.5)


def test_a_worker_that_can_not_be_reached() -> None:
    with connected() as (made, client):
        made.refuse_data = 5
        with pytest.raises(OSError, match="closed"):
            client.scatter(np.arange(100_000), direct=True)
        # If it isn't said how, the scheduler gives them to the worker.
        future = client.scatter(np.arange(100_000))
        assert future.status == "finished"
        assert any(payload is not None for message in made.sessions[0].of(Scatter) for payload in message.payloads)


def test_a_worker_that_can_not_read_them() -> None:
    with connected() as (made, client):

        def put(message: PutData) -> None:
            raise AssertionError("not reached")

        made.put = put  # type: ignore[method-assign]
        made.refuse_data = 5
        with pytest.raises(OSError, match="closed"):
            client.scatter([1], direct=True)


def test_asynchronous() -> None:
    async def work(made: Any, client: Any) -> None:
        x, y = await client.scatter([1, 2])
        assert await client.submit(add, x, y) == 3
        data = await client.scatter(np.arange(100_000))
        assert (await data).sum() == 4999950000

    in_loop(work)

"""One function over many arguments."""

from __future__ import annotations

import threading
from operator import add
from queue import Queue
from typing import Any

import pytest

from minidask_distributed.client.rows import CHUNK_ROWS, FIRST_ROWS
from minidask_distributed.messages import Release, Upload
from tests.distributed.client.scripted import connected

pytestmark = pytest.mark.network


def scaled(x: Any, factor: Any = 1) -> Any:
    return x * factor


def sent(made: Any) -> list[Upload]:
    return made.sessions[0].of(Upload)


def test_in_order() -> None:
    with connected() as (_, client):
        assert client.gather(client.map(abs, range(-5, 5))) == [5, 4, 3, 2, 1, 0, 1, 2, 3, 4]
        assert client.gather(client.map(add, [1, 2, 3], (10, 20))) == [11, 22]
        assert client.map(abs, []) == []
        assert client.gather(client.map(lambda x: x + 1, {"a": 1}.values())) == [2]


def test_chunks() -> None:
    count = FIRST_ROWS + 2 * CHUNK_ROWS + 5
    with connected(credit=1) as (made, client):
        futures = client.map(abs, range(count))
        assert client.gather(futures) == list(range(count))
        uploads = sent(made)
        assert [len(upload.recipe) for upload in uploads] == [FIRST_ROWS, CHUNK_ROWS, CHUNK_ROWS, 5]
        assert {upload.submission for upload in uploads} == {1}
        assert [upload.last for upload in uploads] == [False, False, False, True]
        assert {(upload.announced, upload.roots) for upload in uploads} == {(count, count)}
        assert [upload.first for upload in uploads] == [1, *range(1 + FIRST_ROWS, count, CHUNK_ROWS)]
        assert sum(len(upload.recipes) for upload in uploads) == 1


def test_batch_size() -> None:
    with connected() as (made, client):
        assert client.gather(client.map(abs, range(7), batch_size=3)) == list(range(7))
        assert [len(upload.recipe) for upload in sent(made)] == [3, 3, 1]


def test_equal_calls_are_one_task() -> None:
    with connected() as (made, client):
        first = client.submit(abs, -1)
        futures = client.map(abs, [-1, -2, -2, -1])
        assert futures[0].key == first.key
        assert futures[1].key == futures[2].key
        assert client.gather(futures) == [1, 2, 2, 1]
        assert sum(len(upload.recipe) for upload in sent(made)) == 2
        again = client.map(abs, [-2, -1])
        assert [future.done() for future in again] == [True, True]
        impure = client.map(abs, [-1, -1], pure=False)
        assert len({future.key for future in [*impure, first]}) == 3
        assert client.gather(impure) == [1, 1]


def test_known_calls_in_several_chunks() -> None:
    with connected() as (made, client):
        some = client.map(abs, range(3, 6))
        client.gather(some)
        futures = client.map(abs, range(9), batch_size=3)
        assert client.gather(futures) == list(range(9))
        assert [len(upload.recipe) for upload in sent(made)] == [3, 3, 3]
        # The last chunk holds nothing new: the submission is closed all the same.
        futures = client.map(abs, [20, 21, 0, 1], batch_size=2)
        assert client.gather(futures) == [20, 21, 0, 1]
        client.sync(client.call, "locate", tasks=[])
        assert [(len(upload.recipe), upload.last) for upload in sent(made)[-2:]] == [(2, False), (0, True)]


def test_futures_among_the_items() -> None:
    with connected() as (made, client):
        base = client.map(abs, [1, 2])
        assert client.gather(client.map(add, base, [10, base[0]])) == [11, 3]
        assert sent(made)[-1].roots == 0


def test_keyword_arguments_travel_once() -> None:
    with connected() as (made, client):
        factor = list(range(1000))
        assert client.gather(client.map(scaled, [0, 1, 2], factor=factor)) == [[], factor, factor * 2]
        assert all(literals is None or len(literals) < 100 for literals in sent(made)[-1].literals)
        future = client.submit(abs, -3)
        assert client.gather(client.map(scaled, [1, 2], factor=future)) == [3, 6]
        assert client.gather(client.map(scaled, [1, 2], factor=[future])) == [[3], [3, 3]]


def test_names() -> None:
    with connected() as (made, client):
        futures = client.map(abs, [1, 2], key=["one", ("two", 2)])
        assert [future.key for future in futures] == ["one", ("two", 2)]
        assert sent(made) == [] or sent(made)[0].named == [0, 1]
        assert client.gather(futures) == [1, 2]
        assert sent(made)[0].named == [0, 1]
        named = client.map(abs, [1, 2], key="mine")
        assert all(str(future.key).startswith("mine-") for future in named)
        with pytest.raises(ValueError, match="key= has 1 names for 2 calls"):
            client.map(abs, [1, 2], key=["one"])
        with pytest.raises(TypeError, match="key must be a text, or a list of keys, got int"):
            client.map(abs, [1, 2], key=5)


def test_options() -> None:
    with connected() as (made, client):
        client.gather(client.map(abs, [1, 2], priority=2, workers=["a"]))
        assert [row.options for row in made.sessions[0].rows.values()] == [{"workers": ["a"], "priority": 2}] * 2


def test_bad_calls() -> None:
    with connected() as (_, client):
        with pytest.raises(TypeError, match="the first argument of map must be callable, got list"):
            client.map([1], [2])  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="at least one iterable"):
            client.map(abs)
        with pytest.raises(TypeError, match="not a range_iterator, which can be read only once"):
            client.map(abs, iter(range(3)))
        with pytest.raises(TypeError, match="not a Queue"):
            client.map(abs, Queue())
        with pytest.raises(ValueError, match="batch_size must be a whole number of at least 1, got 0"):
            client.map(abs, [1], batch_size=0)
        with pytest.raises(NotImplementedError, match="actors"):
            client.map(abs, [1], actor=True)
        with pytest.raises(TypeError, match="lock"):
            client.map(scaled, [1], factor=threading.Lock())


def test_what_was_sent_before_an_error_is_given_back() -> None:
    with connected() as (made, client):
        with pytest.raises(TypeError, match="lock"):
            client.map(scaled, [1, 2, threading.Lock()], batch_size=2, pure=False)
        assert client.submit(abs, -1).result() == 1
        uploads = sent(made)
        assert [(len(upload.recipe), upload.last) for upload in uploads[:2]] == [(2, False), (0, True)]
        client.sync(_released, made, 2)


async def _released(made: Any, count: int) -> None:
    import asyncio

    async with asyncio.timeout(5):
        while sum(len(message.tasks) for message in made.sessions[0].of(Release)) < count:
            await asyncio.sleep(0.001)

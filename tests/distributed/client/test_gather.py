"""Results to where the client is."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
from operator import add
from queue import Queue
from typing import Any

import pytest

from minidask_distributed.client.client import Client
from minidask_distributed.client.errors import FutureCancelledError
from minidask_distributed.messages import Done, Undone
from tests.distributed.client.scripted import connected, in_loop, on_loop

pytestmark = pytest.mark.network


def divided(x: int) -> float:
    return 1 / x


class Picky:
    """Can be pickled, and read again only where ``allowed``."""

    allowed = True

    def __reduce__(self) -> Any:
        return _picky, ()


def _picky() -> Picky:
    if not Picky.allowed:
        raise OSError("not here")
    return Picky()


@pytest.mark.parametrize("small", [4096, 0])
def test_nested_containers(small: int) -> None:
    with connected(small=small) as (_, client):
        x, y = client.map(abs, [-1, -2])
        assert client.gather(x) == 1
        assert client.gather([x, y]) == [1, 2]
        assert client.gather((x, y)) == (1, 2)
        assert client.gather({x, y}) == {1, 2}
        assert client.gather({"a": x, "b": [y, (x, 5)], "c": 7}) == {"a": 1, "b": [2, (1, 5)], "c": 7}
        assert client.gather([]) == []
        assert client.gather(iter([x, y])) == [1, 2]
        assert client.gather([x, x, 3]) == [1, 1, 3]


@pytest.mark.parametrize("small", [4096, 0])
def test_errors_are_raised_or_skipped(small: int) -> None:
    with connected(small=small) as (_, client):
        futures = client.map(divided, [1, 0, 2])
        with pytest.raises(ZeroDivisionError):
            client.gather(futures)
        assert client.gather(futures, errors="skip") == [1.0, 0.5]
        assert client.gather(tuple(futures), errors="skip") == (1.0, 0.5)
        nested = {
            "a": futures[0],
            "b": futures[1],
            "c": [futures[1], (futures[2], futures[1])],
            "d": slice(futures[1], 3),
        }
        assert client.gather(nested, errors="skip") == {"a": 1.0, "c": [(0.5,)], "d": slice(None, 3)}
        assert client.gather(futures[1], errors="skip") is None
        futures[0].cancel()
        assert client.gather(futures, errors="skip") == [0.5]
        with pytest.raises(FutureCancelledError):
            client.gather(futures)


@pytest.mark.parametrize("ask", [lambda future: future.result(), lambda future: future.client.gather([future])])
def test_an_error_that_is_forgotten_holds_no_future(ask: Any) -> None:
    with connected() as (_, client):
        gc.disable()
        try:
            with contextlib.suppress(ZeroDivisionError):
                ask(client.submit(divided, 0))
            # Its key can be tried again at once, not when the garbage collector has found the circle.
            on_loop(client._flush)
            assert not client._session.states
        finally:
            gc.enable()


def test_an_error_is_raised_before_the_rest_is_done() -> None:
    with connected(auto=False) as (made, client):
        futures = client.map(abs, [1, 2, 3])
        bad = client.submit(divided, 0)
        raised = threading.Event()

        def wait() -> None:
            with pytest.raises(ZeroDivisionError):
                client.gather([*futures, bad])
            raised.set()

        thread = threading.Thread(target=wait)
        thread.start()
        client.sync(_run_last, made)
        assert raised.wait(5)
        thread.join()
        assert [future.done() for future in futures] == [False] * 3


async def _run_last(made: Any) -> None:
    session = made.sessions[0]
    async with asyncio.timeout(5):
        while len(session.rows) < 4:
            await asyncio.sleep(0.001)
    rows, session.rows = session.rows, dict([list(session.rows.items())[-1]])
    made.run(session)
    session.rows = rows


def test_bad_arguments() -> None:
    with connected() as (made, client), Client(made, set_as_default=False) as other:
        with pytest.raises(ValueError, match="errors must be 'raise' or 'skip', got 'ignore'"):
            client.gather([], errors="ignore")
        with pytest.raises(TypeError, match="take the futures out of the queue first"):
            client.gather(Queue())
        with pytest.raises(ValueError, match="belongs to another client"):
            client.gather([other.submit(abs, 1)])
        released = client.submit(abs, 1)
        released.release()
        with pytest.raises(ValueError, match="was released"):
            client.gather(released)


def test_many_small_ones_take_no_fetching() -> None:
    with connected() as (made, client):
        assert client.gather(client.map(abs, range(5000))) == list(range(5000))
        assert made.fetches == 0


def test_large_ones_are_fetched_together() -> None:
    with connected() as (made, client):
        futures = client.map(bytes, range(100_000, 100_010))
        assert [len(value) for value in client.gather(futures)] == list(range(100_000, 100_010))
        assert made.fetches == 1
        assert len(futures[0].result()) == 100_000


def test_a_connection_that_breaks_is_tried_again() -> None:
    with connected(small=0) as (made, client):
        future = client.submit(abs, -1)
        assert future.result() == 1
        made.refuse_data = 1  # the idle connection was closed meanwhile
        assert future.result() == 1
        made.refuse_data = 3
        assert future.result() == 1


def test_a_result_that_is_lost_is_waited_for_again() -> None:
    with connected(small=0) as (made, client):
        future = client.submit(abs, -1)
        client._wait([future._state])
        local = future._state.id
        row = made.sessions[0].rows[local]

        def locate(session: Any, tasks: list[int]) -> Any:
            made.handlers["locate"] = made.locate
            made.say(Undone([local]), Done([local], None, [28]))
            return {"tasks": [], "addresses": [], "missing": tasks}

        made.handlers["locate"] = locate
        assert future.result() == 1
        assert row.done


@pytest.mark.slow
def test_nobody_that_holds_it_can_be_reached() -> None:
    with connected(small=0) as (made, client):
        future = client.submit(abs, -1)
        made.handlers["locate"] = lambda session, tasks: {"tasks": [], "addresses": [], "missing": tasks}
        with pytest.raises(OSError, match="can't be fetched: no worker that holds it can be reached"):
            future.result()


def test_results_that_can_not_be_read_or_sent() -> None:
    with connected() as (made, client):
        future = client.submit(Picky)
        assert isinstance(future.result(), Picky)
        Picky.allowed = False
        try:
            with pytest.raises(TypeError, match="can't be read here: OSError: not here"):
                future.result()
            with pytest.raises(TypeError, match="can't be read here: OSError: not here"):
                client.gather([future])
            made.small = 0
            other = client.submit(Picky, pure=False)
            with pytest.raises(TypeError, match="can't be read here: OSError: not here"):
                other.result()
        finally:
            Picky.allowed = True
        lock = client.submit(threading.Lock)
        with pytest.raises(TypeError, match="can't be read here: TypeError"):
            lock.result()


def test_in_process_results_are_the_objects_themselves() -> None:
    with connected("inproc://") as (_, client):
        data = object()
        assert client.gather([client.submit(lambda x: x, data, pure=False)]) == [data]
        lock = client.submit(threading.Lock)
        assert lock.result() is lock.result()


def test_asynchronous() -> None:
    async def work(made: Any, client: Any) -> None:
        futures = client.map(add, [1, 2], [3, 4])
        assert await client.gather(futures) == [4, 6]
        made.small = 0
        assert await client.gather({"a": client.submit(abs, -7)}) == {"a": 7}
        bad = client.submit(divided, 0)
        with pytest.raises(ZeroDivisionError):
            await client.gather([*futures, bad])
        assert await client.gather([*futures, bad], errors="skip") == [4, 6]

    in_loop(work)


def test_not_on_the_loops_own_thread() -> None:
    with connected(auto=False) as (_, client):
        future = client.submit(abs, -1)
        with pytest.raises(RuntimeError, match="on the event loop's own thread"):
            on_loop(client.gather, [future])

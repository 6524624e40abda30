"""Futures."""

from __future__ import annotations

import asyncio
import concurrent.futures
import gc
import pickle
import threading
from operator import add
from typing import Any

import pytest

from minidask.tokenize import tokenize
from minidask_distributed.client.client import Client
from minidask_distributed.client.errors import FutureCancelledError
from minidask_distributed.client.future import Future
from minidask_distributed.messages import Cancel, Release, Retry
from tests.distributed.client.scripted import connected, in_loop, on_loop

pytestmark = pytest.mark.network


def divided(x: float) -> float:
    return 1 / x


def wait_until(made: Any, client: Any, kind: type, count: int) -> None:
    """Wait until the scheduler has received so many tasks in messages of a kind."""

    async def look() -> None:
        async with asyncio.timeout(5):
            while sum(len(message.tasks) for message in made.sessions[0].of(kind)) < count:
                await asyncio.sleep(0.001)

    client.sync(look)


def test_of_a_finished_task() -> None:
    with connected() as (_, client):
        future = client.submit(add, 1, 2)
        assert future.result(timeout="5 s") == 3
        assert (future.status, future.done(), future.cancelled()) == ("finished", True, False)
        assert future.exception() is None
        assert future.traceback() is None
        assert future.client is client
        assert future.executor is client
        assert repr(future) == f"<Future: finished, key: {future.key}>"
        assert f"<td>{future.key}</td>" in future._repr_html_()
        named = client.submit(add, 1, 2, key="<script>")
        assert "<td>&lt;script&gt;</td>" in named._repr_html_()


def test_of_a_failed_task() -> None:
    with connected() as (_, client):
        future = client.submit(divided, 0)
        with pytest.raises(ZeroDivisionError) as caught:
            future.result()
        assert "in divided" in str(caught.value.__cause__)
        assert f"Raised by the task {future.key!r} (divided)" in caught.value.__notes__[0]
        assert isinstance(future.exception(), ZeroDivisionError)
        assert "in divided" in future.traceback()
        assert (future.status, future.done(), future.cancelled()) == ("error", True, False)
        dependent = client.submit(add, future, 1)
        with pytest.raises(ZeroDivisionError):
            dependent.result()


def test_of_a_pending_task() -> None:
    with connected(auto=False) as (made, client):
        future = client.submit(add, 1, 2)
        assert (future.status, future.done()) == ("pending", False)
        for wait in (future.result, future.exception, future.traceback):
            with pytest.raises(TimeoutError, match=f"the task {future.key!r} isn't done after 0.001 s"):
                wait(timeout=0.001)
        assert not any(client._session.waiters.values())
        with pytest.raises(ValueError, match="soon"):
            future.result(timeout="soon")
        with pytest.raises(RuntimeError, match="on the event loop's own thread"):
            on_loop(future.result)
        made.run(made.sessions[0])
        assert future.result() == 3


def test_cancelling() -> None:
    with connected(auto=False) as (made, client):
        future = client.submit(add, 1, 2)
        same = client.submit(add, 1, 2)
        waiting = threading.Event()
        raised = threading.Event()

        def wait() -> None:
            waiting.set()
            with pytest.raises(concurrent.futures.CancelledError, match="no longer: not needed"):
                future.result()
            raised.set()

        thread = threading.Thread(target=wait)
        thread.start()
        assert waiting.wait(5)
        assert future.cancel(reason="no longer", msg="not needed") is None
        assert raised.wait(5)
        thread.join()
        assert (future.status, future.cancelled(), future.done(), same.cancelled()) == ("cancelled", True, True, True)
        for ask in (future.result, future.exception, future.traceback):
            with pytest.raises(FutureCancelledError):
                ask()
        wait_until(made, client, Cancel, 1)
        made.auto = True
        again = client.submit(add, 1, 2)
        assert again.result() == 3


def test_retrying() -> None:
    with connected() as (made, client):
        future = client.submit(divided, 0)
        assert future.exception() is not None
        made.auto = False
        future.retry()
        assert future.status == "pending"
        wait_until(made, client, Retry, 1)
        row = made.sessions[0].rows[future._state.id]
        row.recipe.func = float
        row.literals = pickle.dumps((5,))
        made.run(made.sessions[0])
        assert future.result() == 5.0


def test_releasing() -> None:
    with connected() as (made, client):
        future = client.submit(add, 1, 2)
        assert future.result() == 3
        local = future._state.id
        future.release()
        future.release()
        with pytest.raises(RuntimeError, match="was released"):
            future.result()
        wait_until(made, client, Release, 1)
        assert made.sessions[0].of(Release) == [Release([local])]
        assert not client._session.states


def test_collected_futures_are_released_together() -> None:
    with connected() as (made, client):
        futures = client.map(abs, range(2000))
        client.gather(futures)
        shared = futures[5]
        del futures
        gc.collect()
        wait_until(made, client, Release, 1999)
        assert len(made.sessions[0].of(Release)) < 50
        assert list(client._session.states) == [shared._state.id]


def test_equal_futures_release_once() -> None:
    with connected() as (made, client):
        one, two = client.submit(add, 1, 2), client.submit(add, 1, 2)
        one.result()
        del one
        assert two.result() == 3
        del two
        wait_until(made, client, Release, 1)


def test_collecting_takes_no_lock() -> None:
    with connected() as (made, client):
        future = client.submit(add, 1, 2)
        future.result()
        with client._lock, client._encoding, client._sending:
            del future
            gc.collect()
        wait_until(made, client, Release, 1)


def test_a_future_that_was_not_made_can_be_collected() -> None:
    with pytest.raises(ValueError, match="there is no client"):
        Future("x")
    gc.collect()


def test_callbacks() -> None:
    with connected(auto=False) as (made, client):
        future = client.submit(add, 1, 2)
        called: list[tuple[Any, bool]] = []
        done = threading.Event()

        def note(given: Future) -> None:
            called.append((given.result(), threading.current_thread() is threading.main_thread()))
            done.set()

        future.add_done_callback(note)
        client._flush()
        assert not called
        made.auto = True
        client.submit(add, 5, 5).result()
        assert done.wait(5)
        done.clear()
        future.add_done_callback(note)
        assert done.wait(5)
        assert called == [(3, False), (3, False)]
        with pytest.raises(TypeError, match="a callback must be callable, got int"):
            future.add_done_callback(5)  # type: ignore[arg-type]


def test_a_callback_that_fails_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with connected() as (_, client):
        done = threading.Event()
        future = client.submit(add, 1, 2)
        future.add_done_callback(lambda given: 1 / 0)
        future.add_done_callback(lambda given: done.set())
        assert done.wait(5)
    assert "a callback of the future" in caplog.text


def test_results_of_others_by_key() -> None:
    with connected() as (made, client):
        mine = client.submit(add, 1, 2, key="three")
        assert mine.result() == 3
        with Client(made, set_as_default=False) as other:
            assert Future("three", other).result() == 3
            with pytest.raises(FutureCancelledError, match="nobody knows it"):
                Future("four", other).result()
            copied = pickle.loads(pickle.dumps(mine))
            assert copied.client is client
            assert copied._state is mine._state
            with other.as_current():
                elsewhere = pickle.loads(pickle.dumps(mine))
            assert elsewhere.client is other
            assert elsewhere.result() == 3


def test_tokens() -> None:
    with connected() as (_, client):
        x, same, y = client.submit(add, 1, 2), client.submit(add, 1, 2), client.submit(add, 1, 3)
        assert tokenize(x) == tokenize(same) != tokenize(y)
        assert client.submit(abs, x).key == client.submit(abs, same).key != client.submit(abs, y).key
        assert client.submit(abs, x).key != client.submit(abs, x.key).key
        assert client.submit(sum, [x]).key == client.submit(sum, [same]).key


def test_asynchronous() -> None:
    async def work(made: Any, client: Any) -> None:
        future = client.submit(add, 1, 2)
        assert await future == 3
        assert await future.result() == 3
        assert await future.exception() is None
        assert await future.traceback() is None
        bad = client.submit(divided, 0)
        with pytest.raises(ZeroDivisionError):
            await bad
        assert isinstance(await bad.exception(), ZeroDivisionError)
        assert "in divided" in await bad.traceback()
        made.auto = False
        slow = client.submit(add, 5, 5)
        with pytest.raises(TimeoutError):
            await slow.result(timeout=0.01)
        await slow.cancel()
        with pytest.raises(concurrent.futures.CancelledError):
            await slow
        slow.retry()  # nothing to be awaited where nobody wants to
        assert slow.cancelled()

    in_loop(work)


def test_awaited_in_another_loop() -> None:
    with connected() as (made, client):

        async def work() -> int:
            return await client.submit(add, 1, 2) + await client.submit(add, 5, 5)

        assert asyncio.run(work()) == 13
        made.small = 0
        assert asyncio.run(work()) == 13


def test_the_type_of_a_result() -> None:
    with connected() as (made, client):
        future = client.submit(add, 1, 2)
        assert future.result() == 3
        assert future.type is int
        made.small = 0
        large = client.submit(bytes, 10)
        assert len(large.result()) == 10
        assert large.type is None, "it isn't here"
        assert client.submit(int, "x").type is None
    with connected("inproc://") as (_, client):
        future = client.submit(list, "ab")
        assert future.result() == ["a", "b"]
        assert future.type is list


def test_waiting_for_it_whatever_comes() -> None:
    async def work(made: Any, client: Client) -> None:
        await client.submit(add, 1, 2).until_done()
        bad = client.submit(int, "x")
        await bad.until_done()
        assert bad.status == "error"

    in_loop(work)

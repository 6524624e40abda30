"""Single calls."""

from __future__ import annotations

import dataclasses
import threading
from operator import add
from typing import Any

import pytest

import minidask
from minidask_distributed.client.client import Client
from minidask_distributed.client.errors import FutureCancelledError
from minidask_distributed.comm.errors import CommClosedError
from minidask_distributed.messages import ForgetRecipes, Release, Upload
from minidask_distributed.protocol import calls
from tests.distributed.client.scripted import connected, scheduler

pytestmark = pytest.mark.network


def keyed(**kwargs: Any) -> dict[str, Any]:
    return kwargs


def test_a_call() -> None:
    with connected() as (_, client):
        future = client.submit(add, 1, 2)
        assert future.result() == 3
        assert str(future.key).startswith("add-")
        assert client.submit(keyed, a=1, b=[2]).result() == {"a": 1, "b": [2]}


def test_equal_pure_calls_are_one_task() -> None:
    with connected() as (made, client):
        one = client.submit(add, 1, 2)
        two = client.submit(add, 1, 2)
        assert one is not two
        assert one.key == two.key
        assert one._state is two._state
        assert client.gather([one, two]) == [3, 3]
        assert sum(len(upload.recipe) for upload in made.sessions[0].of(Upload)) == 1
        other = client.submit(add, 1, 2, pure=False)
        assert other.key != one.key
        assert other.result() == 3


def test_futures_as_arguments() -> None:
    @dataclasses.dataclass
    class Pair:
        left: Any
        right: Any

    def both(pair: Pair) -> Any:
        return pair.left + pair.right

    with connected() as (_, client):
        x = client.submit(add, 1, 2)
        assert client.submit(add, x, x).result() == 6
        assert client.submit(sum, [x, x, 1]).result() == 7
        assert client.submit(keyed, a={"deep": (x, [x])}).result() == {"a": {"deep": (3, [3])}}
        assert client.submit(both, Pair(x, 10)).result() == 13


def test_a_future_is_kept_until_what_needs_it_was_sent() -> None:
    with connected(auto=False) as (made, client):
        total = client.submit(sum, [client.submit(add, 1, 1), client.submit(add, 2, 2)])
        client.sync(_nothing)
        made.auto = True
        made.run(made.sessions[0])
        assert total.result() == 6


async def _nothing() -> None:
    return None


def test_keys_that_a_user_chose() -> None:
    with connected() as (made, client):
        future = client.submit(add, 1, 2, key="three")
        assert future.key == "three"
        again = client.submit(add, 2, 2, key=("three", 1))
        assert (future.result(), again.result()) == (3, 4)
        # The same key is sent again: the scheduler says what is to become of it.
        client.submit(add, 1, 2, key="three").result()
        uploads = made.sessions[0].of(Upload)
        assert sum(len(upload.named) for upload in uploads) == 3
        with pytest.raises(TypeError, match="a key must be a str, int, float"):
            client.submit(add, 1, 2, key=[1])  # type: ignore[arg-type]


def test_what_was_given_up_is_released_before_what_follows() -> None:
    """So its key may mean something else at once."""
    with connected() as (made, client):
        future = client.submit(add, 1, 2, key="x")
        assert future.result() == 3
        del future
        assert client.submit(add, 2, 2, key="x").result() == 4
        kinds = [type(message) for message in made.sessions[0].received if type(message) in (Upload, Release)]
        assert kinds[:3] == [Upload, Release, Upload]


def test_globals_that_change_between_two_calls() -> None:
    space: dict[str, Any] = {"factor": 1, "__name__": "__main__"}
    exec("def scaled(x): return x * factor", space)
    with connected() as (_, client):
        assert client.submit(space["scaled"], 10).result() == 10
        space["factor"] = 2
        assert client.submit(space["scaled"], 10).result() == 20


def test_options_and_annotations() -> None:
    with connected() as (made, client):
        with minidask.annotate(priority=3, note="slow"):
            client.submit(add, 1, 2, workers="alice", retries=2, resources={"GPU": 1}).result()
        client.submit(add, 1, 3).result()
        rows = list(made.sessions[0].rows.values())
        assert rows[0].options == {
            "workers": ["alice"],
            "resources": {"GPU": 1},
            "retries": 2,
            "priority": 3,
            "annotations": {"note": "slow"},
        }
        assert rows[1].options is None


def test_bad_calls() -> None:
    with connected() as (_, client):
        with pytest.raises(TypeError, match="the first argument of submit must be callable, got int"):
            client.submit(1, 2)  # type: ignore[arg-type]
        with pytest.raises(NotImplementedError, match="actors aren't built yet"):
            client.submit(add, 1, 2, actor=True)
        with pytest.raises(TypeError, match="lock"):
            client.submit(add, threading.Lock(), 1)
        with pytest.raises(ValueError, match="retries must be at least 0"):
            client.submit(add, 1, 2, retries=-1)
        # What went wrong before doesn't get in the way.
        assert client.submit(add, 1, 2).result() == 3


def test_futures_that_can_not_be_arguments() -> None:
    with connected() as (made, client), Client(made, set_as_default=False) as other:
        theirs = other.submit(add, 1, 1)
        with pytest.raises(ValueError, match="belongs to another client"):
            client.submit(add, theirs, 1)
        cancelled = client.submit(add, 5, 5)
        cancelled.cancel()
        with pytest.raises(FutureCancelledError, match="has no result: it was cancelled"):
            client.submit(add, cancelled, 1)
        released = client.submit(add, 6, 6)
        released.release()
        with pytest.raises(ValueError, match="was released"):
            client.submit(add, released, 1)


def test_large_arguments_are_warned_of() -> None:
    with minidask.config.set({"distributed.admin.large-graph-warning-threshold": 10_000}), connected() as (_, client):
        with pytest.warns(UserWarning, match=r"the arguments of len take 19.5\d kiB") as caught:
            client.submit(len, b"x" * 20_000)
        assert caught[0].filename == __file__
        data = b"y" * 20_000
        with pytest.warns(UserWarning, match="the function lambda|the function <lambda>"):
            client.submit(lambda: len(data))


def test_after_the_end() -> None:
    with scheduler() as made:
        client = Client(made)
        client.close()
        with pytest.raises(CommClosedError, match="the client can't be used any more: the client was closed"):
            client.submit(add, 1, 2)


def test_many_threads() -> None:
    with connected() as (_, client):
        results: list[list[int]] = []

        def work(base: int) -> None:
            futures = [client.submit(add, base, at) for at in range(50)]
            results.append([future.result() - base for future in futures])

        threads = [threading.Thread(target=work, args=(1000 * at,)) for at in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert results == [list(range(50))] * 4


def test_definitions_that_were_replaced_are_forgotten_by_the_scheduler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "MOST_UNNAMED", 10)
    with connected() as (made, client):
        for number in range(40):
            assert client.submit(lambda x, number=number: x + number, 1).result() == 1 + number
        session = made.sessions[0]
        sent = {number for upload in session.of(Upload) for number, _, _ in upload.recipes}
        forgotten = [number for message in session.of(ForgetRecipes) for number in message.recipes]
        assert len(forgotten) == len(set(forgotten)) >= 25
        assert set(forgotten) < sent

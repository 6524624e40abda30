"""One client in many threads, several clients, and futures that travel between them and into tasks."""

from __future__ import annotations

import pickle
import threading
from concurrent.futures import CancelledError, ThreadPoolExecutor
from operator import add
from typing import Any

import pytest

import minidask
from minidask import delayed
from minidask_distributed.client.as_completed import as_completed
from minidask_distributed.client.client import Client
from minidask_distributed.client.future import Future
from minidask_distributed.client.waiting import wait
from minidask_distributed.deploy.local import LocalCluster
from minidask_distributed.worker_client import get_client

pytestmark = pytest.mark.network


def inc(x: int) -> int:
    return x + 1


def test_threads_share_a_client(client: Client) -> None:
    def work(n: int) -> list[Any]:
        futures = client.map(inc, range(n, n + 20))
        total = client.submit(sum, futures)
        lazy = delayed(sum)([delayed(inc)(n), delayed(inc)(n + 1)])
        persisted = lazy.persist()
        done = [future.result() for future in as_completed(futures)]
        return [total.result(), sorted(done), lazy.compute(), persisted.compute(), client.gather(futures)]

    with ThreadPoolExecutor(8) as pool:
        for n, found in zip(range(24), pool.map(work, range(24)), strict=True):
            numbers = list(range(n + 1, n + 21))
            assert found == [sum(numbers), numbers, 2 * n + 3, 2 * n + 3, numbers]


def test_cancelling_from_other_threads(client: Client) -> None:
    gate = threading.Event()
    started = threading.Event()

    def wait_there() -> bool:
        started.set()
        return gate.wait(30)

    running = client.submit(wait_there, pure=False)
    waiting = client.map(lambda x, _: x, range(50), [running] * 50)
    assert started.wait(20)
    outcome: list[Any] = []

    def waits() -> None:
        try:
            outcome.append(client.gather(waiting))
        except CancelledError as error:
            outcome.append(error)

    others = [threading.Thread(target=waits) for _ in range(3)]
    for thread in others:
        thread.start()
    canceller = threading.Thread(target=client.cancel, args=(waiting,))
    canceller.start()
    for thread in [canceller, *others]:
        thread.join(20)
    assert [type(one).__mro__[1] for one in outcome] == [CancelledError] * 3
    assert {future.status for future in waiting} == {"cancelled"}
    assert running.status == "pending"
    gate.set()
    assert running.result() is True


def test_cancelling_a_computation_that_another_thread_waits_for(client: Client) -> None:
    gate = threading.Event()
    started = threading.Event()

    def slow() -> bool:
        started.set()
        return gate.wait(30)

    lazy = delayed(slow, pure=False)(dask_key_name="slow")
    with ThreadPoolExecutor(1) as pool:
        result = pool.submit(lazy.compute)
        assert started.wait(20)
        client.cancel(Future("slow", client))
        with pytest.raises(CancelledError):
            result.result(20)
    gate.set()
    assert client.submit(inc, 1).result() == 2


def test_equal_keys_are_one_task_for_all_clients(cluster: LocalCluster) -> None:
    ran: list[int] = []

    def count(x: int) -> int:
        ran.append(x)
        return x

    with Client(cluster) as one, Client(cluster) as two:
        first, second = one.submit(count, 1, key="shared"), two.submit(count, 1, key="shared")
        assert first.result() == second.result() == 1
        assert ran == [1]
        first.release()
        assert two.submit(inc, second).result() == 2
        lazy = delayed(count)(5, dask_key_name="lazy")
        held = one.persist(lazy)
        assert held.compute(scheduler=one) == 5
        assert two.compute(lazy).result() == 5
        assert ran == [1, 5]
        one.cancel(one.compute(lazy))
        assert two.compute(delayed(inc)(1)).result() == 2
    assert ran == [1, 5]


def test_a_client_that_goes_leaves_what_others_want(cluster: LocalCluster) -> None:
    with Client(cluster) as two:
        with Client(cluster) as one:
            mine = one.submit(inc, 41, key="answer")
            theirs = Future("answer", two)
            wait([mine, theirs], timeout=20)
        assert theirs.result() == 42
        assert mine.status in ("finished", "lost")


def test_different_tasks_of_one_name_are_an_error(cluster: LocalCluster) -> None:
    with Client(cluster) as one, Client(cluster) as two:
        first = one.submit(inc, 1, key="x")
        assert first.result() == 2
        with pytest.raises(ValueError, match="in use for a different task"):
            two.submit(add, 1, 5, key="x").result()
        del first
        one.submit(inc, 1).result()
        assert two.submit(add, 1, 6, key="y").result() == 7


def test_fused_tasks_go_with_what_they_stand_for(client: Client) -> None:
    a = delayed(inc)(1, dask_key_name="a")
    b = delayed(inc)(a, dask_key_name="b")
    with minidask.config.set({"optimization.fuse.active": True}):
        held = client.compute(b)
        assert held.result() == 3
    plain = client.compute(b)
    assert plain.result() == 3
    with minidask.config.set({"optimization.fuse.active": True}):
        assert delayed(inc)(b, dask_key_name="c").compute() == 4


def test_what_needs_another_task_of_a_held_name_is_an_error(client: Client) -> None:
    held = client.compute(delayed(inc)(delayed(inc)(1, dask_key_name="a"), dask_key_name="b"))
    assert held.result() == 3
    other = client.compute(delayed(add)(delayed(inc)(5, dask_key_name="a"), 1))
    with pytest.raises(ValueError, match="the key 'a' is in use for a different task"):
        other.result()


def test_a_name_is_free_again_when_its_futures_are_gone(client: Client) -> None:
    graph = {"x": (inc, 1), "y": (sum, ["x", (inc, "x")])}
    for _ in range(20):
        assert client.get(graph, "y") == 5
        assert client.get({**graph, "x": (inc, 2)}, "y") == 7
        assert client.submit(add, 1, 1, key="x").result() == 2
        assert client.map(inc, [1], key=["x"])[0].result() == 2


def test_futures_into_tasks(client: Client) -> None:
    future = client.submit(inc, 1)
    assert client.submit(inc, future).result() == 3
    assert client.submit(lambda d: d["a"][0] + d["b"], {"a": [future], "b": 1}).result() == 3

    class Holder:
        def __init__(self, held: Any) -> None:
            self.held = held

    by_closure = client.submit(lambda: future, pure=False).result()
    assert isinstance(by_closure, Future)
    assert by_closure.result() == 2
    assert client.gather(client.map(add, [future, future], [1, 2])) == [3, 4]


@pytest.mark.slow
def test_futures_travel(remote: Client, processes: LocalCluster) -> None:
    """By pickle: into tasks by any way, out of them as results, and between clients."""
    future = remote.submit(inc, 1)
    packed = pickle.dumps([future])
    assert pickle.loads(packed)[0].result() == 2

    def unpack() -> tuple[str, int, bool]:
        (mine,) = pickle.loads(packed)
        return mine.key, mine.result(), mine.client is get_client()

    assert remote.submit(unpack, pure=False).result() == (future.key, 2, True)

    def make() -> Any:
        return [get_client().submit(inc, 10), "extra"]

    made, extra = remote.submit(make, pure=False).result()
    assert (made.result(), extra) == (11, "extra")
    with Client(processes, set_as_default=False) as other:
        with other.as_current():
            (theirs,) = pickle.loads(packed)
        assert theirs.client is other
        assert theirs.result() == 2
        with pytest.raises(ValueError, match="another client"):
            other.submit(inc, future)
        assert other.submit(inc, theirs).result() == 3


def test_what_was_persisted_by_another_client(cluster: LocalCluster) -> None:
    with Client(cluster) as one:
        held = delayed(inc)(1).persist()
        with Client(cluster) as two:
            assert one.compute(held + 1).result() == 3
            assert (held + 1).compute(scheduler=one) == 3
            with pytest.raises(ValueError, match="another client"):
                two.compute(held + 1)
            with one.as_current():
                assert minidask.compute(held, held + 2) == (2, 4)

"""`minidask.compute`, `client.compute`, `persist` and `get`: forms of results, options, and which runner is meant."""

from __future__ import annotations

import os
import threading
from concurrent.futures import CancelledError
from operator import add
from typing import Any

import pytest

import minidask
import minidask.dataframe as dd
from minidask import delayed
from minidask_distributed.client.client import Client
from minidask_distributed.client.future import Future
from minidask_distributed.client.waiting import futures_of, wait
from minidask_distributed.deploy.local import LocalCluster

pytestmark = pytest.mark.network


def inc(x: int) -> int:
    return x + 1


def test_several_at_once(client: Client) -> None:
    import pandas as pd

    x = delayed(inc)(1)
    df = dd.from_pandas(pd.DataFrame({"a": range(10)}), npartitions=3)
    held = delayed(inc)(10).persist()
    total, value, nested, plain = minidask.compute(df.a.sum(), x, {"k": [held, (x,)]}, "plain")
    assert (total, value, nested, plain) == (45, 2, {"k": [11, (2,)]}, "plain")


def test_futures_of_compute(client: Client) -> None:
    x, y = delayed(inc)(1), delayed(inc)(2)
    both = client.compute([x, y, 3])
    assert [type(one) for one in both] == [Future, Future, int]
    assert client.gather(both[:2]) == [2, 3]
    assert client.compute(x, sync=True) == 2
    assert client.compute((x, [y, {"z": x}]), sync=True) == [2, [3, {"z": 2}]]
    assert client.compute({"a": x}, sync=True) == {"a": 2}


def test_persist_returns_at_once_and_holds(client: Client) -> None:
    gate = threading.Event()
    held = delayed(gate.wait)(30).persist()
    (future,) = futures_of(held)
    assert future.status == "pending"
    gate.set()
    assert held.compute() is True
    a, b = client.persist([delayed(inc)(1), delayed(inc)(2)])
    assert minidask.compute(a, b) == (2, 3)
    assert minidask.persist(delayed(inc)(1), 5, {"k": delayed(inc)(3)})[2]["k"].compute() == 4


def test_without_optimizing(client: Client) -> None:
    x = delayed(sum)([delayed(inc)(i) for i in range(3)])
    assert x.compute(optimize_graph=False) == 6
    assert client.compute(x, optimize_graph=False).result() == 6
    assert client.persist(x, optimize_graph=False).compute() == 6
    assert minidask.compute(x, optimize_graph=False) == (6,)


def test_other_schedulers_stay_at_hand(client: Client) -> None:
    """In this process tasks of the cluster run in threads of their own, named after their worker."""
    where = delayed(lambda: threading.current_thread().name, pure=False)
    here = threading.current_thread().name
    assert where().compute(scheduler="sync") == here
    assert where().compute(scheduler="threads") not in (here, where().compute())
    assert where().compute(scheduler="distributed") == where().compute(scheduler=client)[: len(where().compute())]
    with minidask.config.set(scheduler="sync"):
        assert where().compute() == here
        assert where().compute(scheduler="distributed") != here
    assert where().compute() != here


@pytest.mark.slow
def test_processes_run_elsewhere(remote: Client) -> None:
    pid = delayed(os.getpid, pure=False)
    assert pid().compute() in remote.run(os.getpid).values()
    assert pid().compute(scheduler="threads") == os.getpid()
    assert pid().compute(scheduler="sync") == os.getpid()


def test_client_get(client: Client) -> None:
    graph = {"x": 1, "y": (inc, "x"), ("z", 0): (add, "y", "x")}
    assert client.get(graph, "y") == 2
    assert client.get(graph, ["y", ["x", ("z", 0)]]) == [2, [1, 3]]
    (future,) = client.get(graph, ["y"], sync=False)
    assert future.result() == 2
    assert minidask.threaded.get(graph, "y") == 2


def test_what_fails_fails_where_it_is_asked_for(client: Client) -> None:
    bad = delayed(lambda: 1 / 0)()
    good = delayed(inc)(1)
    held = client.persist([bad, good])
    assert held[1].compute() == 2
    with pytest.raises(ZeroDivisionError):
        held[0].compute()
    with pytest.raises(ZeroDivisionError):
        minidask.compute(good, bad)
    first, second = client.compute([bad, good])
    wait([first, second])
    assert (first.status, second.status) == ("error", "finished")
    assert client.gather([first, second], errors="skip") == [2]


def test_what_is_held_is_fetched_where_it_is_needed(cluster: LocalCluster) -> None:
    """Another scheduler gets results, not futures; after the client's end it is told what is missing."""
    gate = threading.Event()
    client = Client(cluster)
    number, waiting = client.persist([delayed(inc)(1), delayed(gate.wait, pure=False)(30)])
    assert (number + 1).compute(scheduler="threads") == 3
    assert (number + 1).compute(scheduler="sync") == 3
    assert number.compute() == 2
    client.close()
    with pytest.raises(CancelledError, match="the client was closed"):
        waiting.compute()
    assert number.compute() == 2, "small results came along"
    gate.set()


def test_a_future_of_a_closed_client_is_of_no_use_to_others(cluster: Any) -> None:
    with Client(cluster) as client:
        future = client.submit(inc, 1)
    with Client(cluster) as client, pytest.raises(ValueError, match="another client"):
        client.submit(inc, future)

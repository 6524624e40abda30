"""Computations inside of tasks: on the same cluster, with one thread, and without waiting for each other for ever."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

import minidask
import minidask.dataframe as dd
from minidask import delayed
from minidask_distributed.client.client import Client
from minidask_distributed.client.queries import get_task_stream
from minidask_distributed.client.waiting import futures_of
from minidask_distributed.deploy.local import LocalCluster
from minidask_distributed.worker.context import get_worker
from minidask_distributed.worker_client import get_client, worker_client

pytestmark = [pytest.mark.network, pytest.mark.slow]


@pytest.fixture(params=[False, True], ids=["threads", "processes"], scope="module")
def single(request: pytest.FixtureRequest) -> Iterator[Client]:
    """A client of one worker with one thread."""
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, processes=request.param, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        yield client


def inc(x: int) -> int:
    return x + 1


def computing(depth: int) -> int:
    if depth == 0:
        return 1
    return int(delayed(sum)([delayed(computing, pure=False)(depth - 1), delayed(inc)(depth)]).compute())


def test_compute_in_compute_in_compute(single: Client) -> None:
    assert single.submit(computing, 3, pure=False).result(timeout=30) == 1 + 2 + 3 + 4
    assert delayed(computing, pure=False)(2).compute() == 1 + 2 + 3
    assert single.gather(single.map(computing, [1, 2, 1], pure=False)) == [3, 6, 3]


def test_it_runs_on_the_cluster(single: Client) -> None:
    def nested() -> tuple[str, str]:
        here = str(get_worker().address)
        return here, delayed(lambda: str(get_worker().address), pure=False)().compute()

    with get_task_stream(single) as ran:
        one, other = single.submit(nested, pure=False).result(timeout=30)
    assert one == other
    assert len(ran.data) == 2


def test_persist_in_a_task_stays_on_the_cluster(single: Client) -> None:
    def nested() -> tuple[int, Any]:
        held = delayed(inc)(41).persist()
        return len(futures_of(held)), held.compute()

    assert single.submit(nested, pure=False).result(timeout=30) == (1, 42)


def test_dataframes_in_tasks(single: Client) -> None:
    def nested(n: int) -> tuple[int, int]:
        df = dd.from_pandas(pd.DataFrame({"x": range(n)}), npartitions=4)
        return int(df.x.sum().compute()), len(df)

    assert single.gather(single.map(nested, [10, 20], pure=False)) == [(45, 10), (190, 20)]


def test_other_schedulers_in_tasks(single: Client) -> None:
    def nested() -> tuple[int, int, int]:
        lazy = delayed(os.getpid, pure=False)
        with minidask.config.set(scheduler="sync"):
            by_setting = lazy().compute()
        return os.getpid(), lazy().compute(scheduler="threads"), by_setting

    with get_task_stream(single) as ran:
        pid, on_threads, by_setting = single.submit(nested, pure=False).result(timeout=30)
    assert pid == on_threads == by_setting
    assert len(ran.data) == 1


def test_clients_in_tasks(single: Client) -> None:
    def by_compute() -> int:
        with worker_client() as client:
            return int(client.compute(delayed(inc)(1), sync=True))

    def by_get() -> int:
        return int(get_client().get({"x": 1, "y": (inc, "x")}, "y"))

    assert single.submit(by_compute, pure=False).result(timeout=30) == 2
    assert single.submit(by_get, pure=False).result(timeout=30) == 2


def test_errors_of_nested_tasks_come_through(single: Client) -> None:
    def nested() -> Any:
        return delayed(int)("seven").compute()

    with pytest.raises(ValueError, match="invalid literal"):
        single.submit(nested, pure=False).result(timeout=30)


def test_two_clusters_in_one_process(single: Client) -> None:
    """A task computes on its own cluster, whichever client was made last."""

    def nested() -> tuple[str, str]:
        mine = str(get_worker().scheduler_address)
        return mine, delayed(lambda: str(get_worker().scheduler_address), pure=False)().compute()

    with LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None) as other:
        with Client(other) as second:
            mine, nested_on = single.submit(nested, pure=False).result(timeout=30)
            assert mine == nested_on == single.address
            mine, nested_on = second.submit(nested, pure=False).result(timeout=30)
            assert mine == nested_on == second.address

"""Giving very much up keeps nobody else waiting: the scheduler does a part of it, and answers, and goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from minidask_distributed.client.client import Client
from minidask_distributed.client.waiting import fire_and_forget
from minidask_distributed.deploy.local import LocalCluster
from minidask_distributed.scheduler.machine import Limits

pytestmark = [pytest.mark.network, pytest.mark.slow]

WIDTH = 3000


@pytest.fixture
def cluster() -> Iterator[LocalCluster]:
    """Two workers; their scheduler lets a hundred tasks go in a turn."""
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=False) as made:
        made.scheduler.machine.state.limits = Limits(drops=100)
        yield made


@pytest.fixture
def client(cluster: LocalCluster) -> Iterator[Client]:
    with Client(cluster) as made:
        yield made


def add(first: int, second: int) -> int:
    return first + second


def counts_while(cluster: LocalCluster, act: Callable[[], object]) -> list[int]:
    """Return how many tasks the scheduler had at each turn of its loop that others could have used, until there were none."""
    loop, tasks, counts, done = cluster.loop, cluster.scheduler.tasks, [], threading.Event()
    assert loop is not None

    def look() -> None:
        counts.append(len(tasks))
        if counts[-1]:
            loop.call_soon(look)
        else:
            done.set()

    loop.call_soon_threadsafe(look)
    act()
    assert done.wait(60)
    return counts


@pytest.mark.parametrize("how", ["cancel", "restart"])
def test_others_are_answered_in_between(cluster: LocalCluster, client: Client, how: str):
    gate = threading.Event()
    with Client(cluster, set_as_default=False) as other:
        try:
            root = client.submit(gate.wait, 60, key="root")
            parts = client.map(add, [root] * WIDTH, range(WIDTH))
            while other.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)) <= WIDTH:
                pass
            counts = counts_while(cluster, root.cancel if how == "cancel" else client.restart)
        finally:
            gate.set()
        between = set(counts) - {0, WIDTH + 1}
        assert len(between) > 3, counts
        while not all(part.cancelled() for part in parts):
            other.nthreads()
        if how == "restart":
            cluster.scale(1)
            other.wait_for_workers(1, timeout=30)
        assert client.submit(add, 1, 2).result(timeout=30) == 3


def test_the_same_again_right_behind_the_cancellation(client: Client):
    gate, opened = threading.Event(), threading.Event()
    opened.set()
    try:
        root = client.submit(gate.wait, 60, key="root")
        parts = client.map(add, [root] * WIDTH, range(WIDTH), key="part")
        client.cancel(root)
        del root, parts
        again = client.submit(opened.wait, 60, key="root")
        more = client.map(add, [again] * WIDTH, range(WIDTH), key="part")
        assert client.who_has([again]).keys() == {"root"}
        assert sum(client.gather(more)) == sum(range(WIDTH)) + WIDTH
    finally:
        gate.set()


def test_what_a_client_says_before_it_leaves_counts(cluster: LocalCluster, client: Client):
    gate, done = threading.Event(), threading.Event()
    try:
        with Client(cluster, set_as_default=False) as other:
            root = other.submit(gate.wait, 60, key="root")
            parts = other.map(add, [root] * WIDTH, range(WIDTH))
            other.cancel(root)
            fire_and_forget(other.submit(done.set))
            del root, parts
        assert done.wait(60)
    finally:
        gate.set()
    while client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)):
        pass

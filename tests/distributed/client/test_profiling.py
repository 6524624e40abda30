"""Profiles of real clusters, in the form that the field documents."""

from __future__ import annotations

import asyncio
import time

import pytest

from minidask_distributed.client.client import Client
from minidask_distributed.client.pictures import register_pictures
from minidask_distributed.deploy.local import LocalCluster
from minidask_distributed.profile_tree import Node

pytestmark = [pytest.mark.network, pytest.mark.slow]


@pytest.fixture(scope="module")
def client():
    """A client whose workers, two in this process, have spent some time in two kinds of tasks."""
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=False) as cluster, Client(cluster) as made:
        made.wait_for_workers(2, timeout=10)
        # By samples, not by the clock: on a busy machine they come late.
        for _ in range(50):
            made.gather([*made.map(spin, range(2), pure=False), *made.map(loop, range(2), pure=False)])
            trees = made.profile(merge_workers=False).values()
            if (
                made.profile("spin")["count"] > 4
                and made.profile("loop")["count"] > 4
                and all(t["count"] for t in trees)
            ):
                break
        yield made


def spin(x):
    until = time.monotonic() + 0.05
    while time.monotonic() < until:
        inner()
    return x


def inner():
    return sum(range(200))


def loop(x):
    until = time.monotonic() + 0.05
    while time.monotonic() < until:
        sum(range(200))
    return x


def names(node):
    found = {child["description"]["name"] for child in node["children"].values()}
    return found.union(*(names(child) for child in node["children"].values()))


def test_what_tasks_do(client):
    found = client.profile()
    assert found["identifier"] == "root"
    assert {"spin", "loop", "inner"} <= names(found)
    # What is around tasks isn't shown: the first level is what users wrote.
    assert {"spin", "loop"} <= {child["description"]["name"] for child in found["children"].values()}
    assert not {"_main", "call", "_bootstrap"} & names(found)
    assert found["count"] == sum(child["count"] for child in found["children"].values())
    [mine] = [child for child in found["children"].values() if child["description"]["name"] == "spin"]
    assert mine["description"]["filename"] == __file__
    assert mine["description"]["line"]


def test_by_prefix(client):
    assert "loop" not in names(client.profile("spin"))
    assert client.profile("spin")["count"] + client.profile("loop")["count"] == client.profile()["count"]
    assert client.profile("nothing") == {
        "identifier": "root",
        "description": {"filename": "", "name": "", "line_number": 0, "line": ""},
        "count": 0,
        "children": {},
    }


def test_by_time(client):
    assert client.profile(start=time.time() + 60)["count"] == 0
    assert client.profile(stop=time.time() - 3600)["count"] == 0
    assert client.profile(start="1 h")["count"] == client.profile()["count"]


def test_by_worker(client):
    by_worker = client.profile(merge_workers=False)
    assert list(by_worker) == list(client.scheduler_info()["workers"])
    assert sum(tree["count"] for tree in by_worker.values()) == client.profile()["count"]
    [first, _] = by_worker
    assert (
        client.profile(workers=first)["count"] == client.profile(workers=[first])["count"] == by_worker[first]["count"]
    )
    with pytest.raises(ValueError, match="no worker is called 'bob'"):
        client.profile(workers=["bob"])


def test_the_event_loops(client):
    for options in ({"scheduler": True}, {"server": True}):
        found = client.profile(**options)
        assert found["identifier"] == "root"
        assert "spin" not in names(found)


def test_bad_arguments(client):
    with pytest.raises(TypeError, match="key is the prefix of keys, a text, got Future"):
        client.profile(client.submit(loop, 1))
    with pytest.raises(ValueError, match="plot must be True, False or 'save', got 'print'"):
        client.profile(plot="print")
    with pytest.raises(ValueError, match="a plot shows one tree"):
        client.profile(plot=True, merge_workers=False)


def test_pictures(client):
    drawn = []

    def load(kind):
        return lambda data, filename: drawn.append((kind, type(data), filename)) or "figure"

    before = register_pictures(load)
    try:
        state, figure = client.profile("spin", plot=True)
        assert figure == "figure"
        assert state["count"] > 0
        client.profile(filename="profile.html")
        client.profile(plot=True, filename="unwanted.html")
    finally:
        register_pictures(before)
    assert drawn == [("profile", Node, None), ("profile", Node, "profile.html"), ("profile", Node, None)]


def test_an_asynchronous_client():
    async def main():
        options = {"n_workers": 1, "threads_per_worker": 1, "processes": False, "asynchronous": True}
        async with LocalCluster(**options) as cluster, Client(cluster, asynchronous=True) as client:
            assert (await client.profile())["count"] == 0
            assert (await client.profile(scheduler=True))["identifier"] == "root"

    asyncio.run(main())

"""Memory of real clusters over time."""

from __future__ import annotations

import asyncio
import sys
import time

import pytest

from minidask_distributed import diagnostics
from minidask_distributed.client.client import Client
from minidask_distributed.client.memory_sampler import MemorySampler
from minidask_distributed.deploy.local import LocalCluster

pytestmark = [pytest.mark.network, pytest.mark.slow]


@pytest.fixture(scope="module")
def client():
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=False) as cluster, Client(cluster) as made:
        made.wait_for_workers(2, timeout=10)
        deadline = time.monotonic() + 20
        while not all(one["metrics"].get("memory") for one in made.scheduler_info()["workers"].values()):
            assert time.monotonic() < deadline
            made.submit(time.sleep, 0.05, pure=False).result()
        yield made


def test_sampling(client):
    sampler = MemorySampler()
    with sampler.sample("one", interval=0.02):
        client.submit(time.sleep, 0.2, pure=False).result()
    with sampler.sample("two", client=client, measure="managed", interval="20 ms"):
        pass
    with sampler.sample():
        pass
    assert list(sampler.samples)[:2] == ["one", "two"]
    assert len(sampler.samples) == 3
    times, values = zip(*sampler.samples["one"], strict=True)
    assert len(times) >= 3
    assert list(times) == sorted(times)
    assert abs(times[-1] - time.time()) < 30
    assert all(value > 1 << 20 for value in values)
    assert all(value >= 0 for _, value in sampler.samples["two"])


def test_the_place_of_the_field():
    assert diagnostics.MemorySampler is MemorySampler
    assert diagnostics.__all__ == ["MemorySampler"]


def test_to_pandas():
    pandas = pytest.importorskip("pandas")
    sampler = MemorySampler()
    sampler.samples = {"a": [(100.0, 1), (101.0, 3)], "b": [(200.0, 5), (201.0, 6), (202.0, 7)], "c": []}
    frame = sampler.to_pandas()
    assert list(frame.columns) == ["a", "b", "c"]
    assert isinstance(frame.index, pandas.DatetimeIndex)
    assert len(frame) == 5
    aligned = sampler.to_pandas(align=True)
    assert isinstance(aligned.index, pandas.TimedeltaIndex)
    assert list(aligned["a"].dropna()) == [1, 3]
    assert list(aligned["b"]) == [5, 6, 7]
    assert len(MemorySampler().to_pandas()) == 0


def test_plotting_without_what_it_needs(monkeypatch):
    sampler = MemorySampler()
    sampler.samples = {"a": [(100.0, 1 << 30), (101.0, 2 << 30)]}
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="to_pandas needs pandas: pip install pandas"):
        sampler.plot()


def test_plotting(monkeypatch):
    pandas = pytest.importorskip("pandas")
    sampler = MemorySampler()
    sampler.samples = {"a": [(100.0, 1 << 30), (101.0, 2 << 30)]}
    asked = {}

    def plot(frame, **kwargs):
        asked.update(kwargs, frame=frame)
        return "axes"

    # The plotting library is large and optional; what it is given is ours.
    monkeypatch.setattr(pandas.DataFrame, "plot", plot)
    assert sampler.plot(align=True, grid=True) == "axes"
    assert (asked["grid"], asked["xlabel"], asked["ylabel"]) == (True, "seconds", "Cluster memory (GiB)")
    assert list(asked["frame"]["a"]) == [1.0, 2.0]
    assert list(asked["frame"].index) == [0.0, 1.0]


def test_bad_arguments(client):
    sampler = MemorySampler()
    with pytest.raises(ValueError, match="interval is the time between samples"):
        sampler.sample("x", interval=0)
    with pytest.raises(ValueError, match="measure must be one of 'process'"):
        with sampler.sample("x", measure="beauty"):
            raise AssertionError("the block isn't entered")
    assert sampler.samples == {}


def test_an_asynchronous_client():
    async def main():
        options = {"n_workers": 1, "threads_per_worker": 1, "processes": False, "asynchronous": True}
        async with LocalCluster(**options) as cluster, Client(cluster, asynchronous=True) as client:
            sampler = MemorySampler()
            block = sampler.sample("x", client=client, interval=0.02)
            with pytest.raises(TypeError, match="async with"), block:
                raise AssertionError
            async with block:
                await client.submit(time.sleep, 0.1)
            assert len(sampler.samples["x"]) > 1

    asyncio.run(main())


def test_a_client_that_is_closed_meanwhile():
    with LocalCluster(n_workers=1, threads_per_worker=1, processes=False) as cluster:
        client = Client(cluster)
        with pytest.raises((OSError, RuntimeError)), MemorySampler().sample("x", client=client):
            client.close()

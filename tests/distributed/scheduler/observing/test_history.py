"""Samples of the cluster over time."""

from __future__ import annotations

import pytest

from minidask_distributed.scheduler.observing.history import COLUMNS, MEMORY, ProcessReading
from tests.distributed.scheduler.observing.table import Table


@pytest.fixture
def table():
    made = Table()
    made.worker(2, nthreads=2, memory_limit=1000)
    made.worker(3, memory_limit=2000)
    made.recorder.attach()
    return made


def test_a_sample_in_all_columns(table):
    table.beat(2, memory=500, managed=100, unmanaged=400, unmanaged_recent=150, spilled=7, cpu=50.0, bandwidth_in=1)
    table.beat(3, memory=300, managed=200, unmanaged=100, unmanaged_recent=0, spilled=0, cpu=25.0, bandwidth_out=2)
    table.upload(["x-1", "x-2"])
    table.wait(0.5, delay=0.125)
    history = table.recorder.history
    columns = history.columns()
    assert tuple(columns) == COLUMNS
    sample = history.latest()
    occupancy = sum(table.record(peer).busy_us for peer in (2, 3)) / 1e6
    assert sample == {
        "time": 1_000_000.5,
        "process": 800,
        "managed": 307,
        "managed_in_memory": 300,
        "spilled": 7,
        "unmanaged": 500,
        "unmanaged_old": 350,
        "unmanaged_recent": 150,
        "optimistic": 650,
        "memory_limit": 3000,
        "cpu": 75.0,
        "bandwidth_in": 1,
        "bandwidth_out": 2,
        "workers": 2,
        "threads": 3,
        "occupancy": occupancy,
        "released": 0,
        "waiting": 0,
        "queued": 0,
        "no-worker": 0,
        "processing": 2,
        "memory": 0,
        "erred": 0,
        "finished": 0.0,
        "scheduler_cpu": 12.5,
        "scheduler_memory": 50_000_000,
        "scheduler_fds": 20,
        "scheduler_delay": 0.125,
    }
    assert table.recorder.memory() == {name: sample[name] for name in MEMORY}


def test_one_sample_an_interval_whatever_the_ticks(table):
    for _ in range(50):
        table.wait(0.2)
    times = table.recorder.history.columns()["time"]
    assert 19 <= len(times) <= 21
    # Ticks that were long in coming aren't made up for.
    table.wait(10.0)
    table.wait(0.2)
    assert len(table.recorder.history) <= 23


def test_rates_and_the_longest_delay(table):
    table.wait(0.5)
    table.upload([f"x-{number}" for number in range(100)])
    for peer in (2, 3):
        while tasks := table.processing(peer):
            table.finish(tasks, peer)
    table.wait(0.25, delay=0.5)
    table.wait(0.25, delay=0.1)
    table.wait(0.5)
    history = table.recorder.history.columns()
    assert history["finished"] == [0.0, 200.0, 0.0]
    assert history["scheduler_delay"] == [0.0, 0.5, 0.0]


def test_a_worker_that_is_gone_counts_no_more(table):
    table.beat(2, memory=500, managed=100, unmanaged=400)
    table.gone(2)
    table.wait(0.5)
    assert table.recorder.history.latest()["process"] == 0
    assert table.recorder.history.latest()["workers"] == 1


def test_memory_from_a_moment_on(table):
    for memory in (100, 200, 300):
        table.beat(2, memory=memory)
        table.wait(0.5)
    recorder = table.recorder
    assert recorder.memory_history()["process"] == [100, 200, 300]
    assert recorder.memory_history(1_000_001.0)["process"] == [200, 300]
    assert recorder.memory_history(2_000_000.0)["process"] == []
    assert set(recorder.memory_history()) == {"time", *MEMORY}


def test_nothing_is_sampled_when_nobody_reads_and_the_past_stays(table):
    table.wait(0.5)
    table.recorder.detach()
    readings = [0]

    def measure():
        readings[0] += 1
        return ProcessReading(0.0, 0, 0)

    table.recorder.history._measure = measure
    for _ in range(10):
        table.wait(0.5)
    assert readings == [0]
    assert len(table.recorder.history) == 1
    table.recorder.attach()
    table.wait(0.5)
    assert len(table.recorder.history) == 2


def test_it_is_bounded(table):
    for _ in range(150):
        table.wait(0.5)
    assert len(table.recorder.history) == 100
    assert table.recorder.history.total == 150

"""What a worker tells of itself."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask_distributed.spill import SpillBuffer
from minidask_distributed.worker.activities import ActivityLog
from minidask_distributed.worker.engine import Engine
from minidask_distributed.worker.machine import WorkerMachine
from minidask_distributed.worker.memory import Reading
from minidask_distributed.worker.metrics import Meter, RecentMinimum


@given(st.lists(st.tuples(st.integers(0, 100), st.floats(0, 20)), min_size=1, max_size=50))
def test_the_least_of_the_last_seconds(steps):
    least = RecentMinimum(30.0)
    now, seen = 0.0, []
    for value, pause in steps:
        now += pause
        seen.append((now, value))
        assert least.add(value, now) == min(value for when, value in seen if when >= now - 30.0)
    assert len(least._values) <= len(seen)


@pytest.fixture
def made():
    loop = asyncio.new_event_loop()
    reading = [Reading(process=1000, managed=300, spilled=50)]
    activities = ActivityLog()
    meter = Meter(Engine(WorkerMachine(), SpillBuffer(None), loop), lambda: reading[0], activities)
    yield meter, reading, activities
    loop.close()


def test_all_numbers(made):
    meter, _, _ = made
    metrics = meter.read()
    expected = {"memory": 1000, "managed": 300, "unmanaged": 700, "unmanaged_old": 700, "unmanaged_recent": 0}
    expected |= {"spilled": 50, "spill_count": 0, "disk_bytes": 0, "loop_delay": 0.0, "executing": 0, "ready": 0}
    expected |= {"bandwidth_in": 0, "bandwidth_out": 0, "bytes_in": 0, "bytes_out": 0, "finished": 0, "in_flight": 0}
    assert {name: metrics[name] for name in expected} == expected
    assert metrics["num_fds"] > 2
    assert metrics["cpu"] >= 0.0
    assert metrics["time"] > 1e9


def test_what_plugins_tell_goes_along_with_beats(made):
    meter, _, _ = made
    meter.sources["shuffles"] = lambda: [["s", 1, 2, 3]]
    assert meter.beat()["shuffles"] == [["s", 1, 2, 3]]
    assert "shuffles" not in meter.read()


def test_memory_that_appeared_lately(made):
    meter, reading, _ = made
    meter.read()
    reading[0] = Reading(process=1500, managed=300, spilled=0)
    metrics = meter.read()
    assert (metrics["unmanaged_old"], metrics["unmanaged_recent"]) == (700, 500)
    reading[0] = Reading(process=800, managed=300, spilled=0)
    metrics = meter.read()
    assert (metrics["unmanaged_old"], metrics["unmanaged_recent"]) == (500, 0)


def test_a_beat_takes_the_activities_along_and_other_readings_dont(made):
    meter, _, activities = made
    activities.add("transfer-in", 0.0, 0.5, 10**6, "tcp://p")
    assert "activities" not in meter.read()
    beat = meter.beat()
    assert beat["activities"]["peers"] == ["", "tcp://p"]
    assert beat["bandwidth_in"] > 0
    # The rates of the last beat hold until the next one.
    assert meter.read()["bandwidth_in"] == beat["bandwidth_in"]
    assert "activities" not in meter.beat()
    assert meter.read()["bandwidth_in"] == 0


def test_the_longest_delay_of_the_last_beat(made):
    meter, _, _ = made
    for seconds in (0.1, 0.7, 0.2):
        meter.late(seconds)
    assert meter.read()["loop_delay"] == 0.7
    assert meter.beat()["loop_delay"] == 0.7
    meter.late(0.3)
    assert meter.read()["loop_delay"] == 0.7
    assert meter.beat()["loop_delay"] == 0.3
    assert meter.beat()["loop_delay"] == 0.0

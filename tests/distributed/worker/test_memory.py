from __future__ import annotations

import gc
import os

import numpy as np
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask_distributed.spill import SpillBuffer
from minidask_distributed.worker.memory import Decision, MemoryMonitor, MemoryPolicy, Reading, trim_allocator

NOTHING = Decision(paused=False, spill_bytes=0, collect=False, warning="")


def reading(process: int, managed: int = 500) -> Reading:
    return Reading(process=process, managed=managed, spilled=0)


def test_unmanaged_memory_is_the_rest_and_never_negative():
    assert Reading(900, 500, 70).unmanaged == 400
    assert Reading(400, 500, 70).unmanaged == 0


def test_nothing_is_done_below_all_thresholds_or_without_a_limit():
    assert MemoryPolicy(1000).decide(reading(599), 0.0) == NOTHING
    policy = MemoryPolicy(0)
    assert policy.target_bytes is None
    assert policy.decide(reading(10**15), 0.0) == NOTHING


def test_thresholds_one_after_another():
    policy = MemoryPolicy(1000, target=0.6, spill=0.7, pause=0.8)
    assert policy.target_bytes == 600
    assert policy.decide(reading(699), 0.0) == NOTHING._replace(collect=True)
    assert policy.decide(reading(700), 1.0) == NOTHING._replace(spill_bytes=100)
    assert policy.decide(reading(800), 2.0) == NOTHING._replace(spill_bytes=200, paused=True)
    assert policy.decide(reading(799), 3.0) == NOTHING._replace(spill_bytes=199)
    assert policy.decide(reading(500), 4.0) == NOTHING


def test_no_more_is_spilled_than_there_is():
    assert MemoryPolicy(1000).decide(reading(900, managed=40), 0.0).spill_bytes == 40


def test_every_threshold_can_be_switched_off():
    policy = MemoryPolicy(1000, target=False, spill=False, pause=False)
    assert policy.target_bytes is None
    assert policy.decide(reading(5000), 0.0) == NOTHING
    only_spill = MemoryPolicy(1000, target=False, spill=0.7, pause=False)
    assert only_spill.decide(reading(900), 0.0).spill_bytes == 200
    assert MemoryPolicy(1000, target=False, spill=False).decide(reading(900), 0.0).paused


def test_free_memory_is_given_back_once_a_second_above_any_threshold():
    policy = MemoryPolicy(1000)
    assert not policy.trims(reading(599), 0.0)
    assert policy.trims(reading(600), 1.0)
    assert not policy.trims(reading(900), 1.9)
    assert policy.trims(reading(900), 2.0)
    assert not MemoryPolicy(1000, target=False, spill=False, pause=False).trims(reading(5000), 0.0)
    assert not MemoryPolicy(0).trims(reading(5000), 0.0)


def test_what_is_only_free_is_given_back_before_anything_is_spilled():
    held = [900]

    def trim():
        held[0] = 500

    monitor = MemoryMonitor(MemoryPolicy(1000), SpillBuffer(None), lambda: held[0], trim)
    assert monitor.tick(0.0) == NOTHING
    assert monitor.reading.process == 500


@pytest.mark.skipif(not trim_allocator(), reason="this C library keeps what was freed as it likes")
def test_the_allocator_gives_memory_back():
    process = psutil.Process()
    kept = [bytes(10_000) for _ in range(20_000)]
    last = bytes(10_000)  # keeps the heap's end in use
    before = process.memory_info().rss
    del kept
    trim_allocator()
    assert before - process.memory_info().rss > 100_000_000
    assert last


def test_garbage_is_collected_now_and_then():
    policy = MemoryPolicy(1000)
    assert policy.decide(reading(650), 0.0).collect
    assert not policy.decide(reading(650), 9.0).collect
    assert policy.decide(reading(650), 10.0).collect
    # A collection that took 2 s: the next one after 40 s.
    policy.collected(2.0, 12.0)
    assert not policy.decide(reading(650), 51.0).collect
    assert policy.decide(reading(650), 52.0).collect


def test_a_pause_that_spilling_cannot_end_is_explained_now_and_then():
    policy = MemoryPolicy(1000)
    assert policy.decide(reading(900, managed=700), 0.0).warning == ""
    warning = policy.decide(reading(900, managed=100), 1.0).warning
    assert "900 of 1000 bytes" in warning
    assert "memory_limit" in warning
    assert policy.decide(reading(900, managed=100), 60.0).warning == ""
    assert policy.decide(reading(900, managed=100), 61.0).warning != ""


def test_a_pause_because_of_a_full_disk_says_so_now_and_then():
    policy = MemoryPolicy(1000)
    full = reading(900, managed=700)._replace(disk_error="No space left on device")
    assert policy.decide(full._replace(process=750), 0.0).warning == ""  # it isn't paused
    warning = policy.decide(full, 0.0).warning
    assert "900 of 1000 bytes" in warning
    assert r"(No space left on device): make room" in warning
    assert policy.decide(full, 59.0).warning == ""
    assert policy.decide(full, 61.0).warning == warning


@given(st.integers(0, 2000), st.integers(0, 2000), st.floats(0.01, 1), st.floats(0.01, 1), st.floats(0.01, 1))
def test_what_is_decided_depends_on_the_reading_alone(process, managed, target, spill, pause):
    policy = MemoryPolicy(1000, target=target, spill=spill, pause=pause)
    first = policy.decide(reading(process, managed), 0.0)
    policy.decide(reading(1999, 0), 1.0)
    again = policy.decide(reading(process, managed), 2.0)
    assert (first.paused, first.spill_bytes) == (again.paused, again.spill_bytes)
    assert 0 <= first.spill_bytes <= managed


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"target": 1.5}, ValueError, r"target must be above 0 and at most 1, or False for never, got 1\.5"),
        ({"spill": 0}, ValueError, "spill must be above 0"),
        ({"pause": True}, TypeError, "pause must be a fraction of the memory limit or False, got True"),
        ({"pause": "80%"}, TypeError, "pause must be a fraction"),
    ],
)
def test_bad_fractions(options, error, message):
    with pytest.raises(error, match=message):
        MemoryPolicy(1000, **options)


def test_bad_limit():
    with pytest.raises(ValueError, match="at least 0"):
        MemoryPolicy(-1)


def test_the_monitor_reads_this_process():
    monitor = MemoryMonitor(MemoryPolicy(0), SpillBuffer(None))
    assert monitor.reading.process == pytest.approx(psutil.Process(os.getpid()).memory_info().rss, rel=0.2)
    assert monitor.tick() == NOTHING


def test_the_monitor_has_the_buffer_spill_and_stops_when_there_is_room(tmp_path):
    process = 950_000
    with_data = SpillBuffer(tmp_path / "spill")
    try:
        for task in range(10):
            with_data[task] = np.full(12_500, float(task))
        monitor = MemoryMonitor(MemoryPolicy(1_000_000), with_data, measure=lambda: process)
        assert monitor.reading.managed == with_data.fast_bytes
        assert monitor.tick(0.0).paused
        assert with_data.settle()
        assert with_data.spilled() == [0, 1, 2, 3]
        process = 590_000
        assert not monitor.tick(1.0).paused
        assert with_data.settle()
        assert len(with_data.spilled()) == 4
        assert monitor.reading.spilled == with_data.slow_bytes
    finally:
        with_data.close()


def test_the_monitor_collects_garbage_and_logs(caplog):
    class Node:
        pass

    node = Node()
    node.itself = node
    gone = []
    Node.__del__ = lambda self: gone.append(True)
    del node
    monitor = MemoryMonitor(MemoryPolicy(1000), SpillBuffer(None), measure=lambda: 900)
    was_on = gc.isenabled()
    gc.disable()
    try:
        assert monitor.tick(0.0).collect
    finally:
        if was_on:
            gc.enable()
    assert gone == [True]
    assert "no task begins while this process uses 900 of 1000 bytes" in caplog.text

"""Profiler: what it records of tasks."""

import threading
from operator import add

import pytest

from minidask.diagnostics import Profiler
from minidask.schedulers import sync, threads

GETS = pytest.mark.parametrize("get", [sync.get, threads.get])
GRAPH = {"y": (add, 1, 10), "z": (add, "y", 2)}


@GETS
def test_records(get):
    with Profiler() as prof:
        assert get(GRAPH, "z") == 13
    assert [record.key for record in prof.results] == ["y", "z"]
    assert prof.results[0]._fields == ("key", "task", "start_time", "end_time", "worker_id")
    for record in prof.results:
        assert record.start_time <= record.end_time
        assert record.task.func is add
        assert record.worker_id is not None
    assert prof.results[0].end_time <= prof.results[1].start_time


def test_a_block_begins_anew():
    prof = Profiler()
    for _ in range(2):
        with prof:
            sync.get(GRAPH, "z")
        assert len(prof.results) == 2


def test_registered_results_pile_up_until_clear():
    prof = Profiler()
    prof.register()
    try:
        sync.get(GRAPH, "z")
        sync.get(GRAPH, "z")
    finally:
        prof.unregister()
    assert len(prof.results) == 4
    prof.clear()
    assert prof.results == []


@GETS
def test_tasks_that_raise_leave_no_record(get):
    with Profiler() as prof, pytest.raises(ZeroDivisionError):
        get({"a": (add, 1, 1), "b": (divmod, "a", 0), "c": (add, "b", 1)}, "c")
    assert [record.key for record in prof.results] == ["a"]
    assert prof._started == {}


def test_nested_computations_with_the_same_keys():
    with Profiler() as prof:
        assert sync.get({"x": (lambda: sync.get({"x": (add, 1, 2)}, "x"),)}, "x") == 3
    inner, outer = prof.results
    assert inner.key == outer.key == "x"
    assert outer.start_time <= inner.start_time <= inner.end_time <= outer.end_time


def test_workers_are_told_apart():
    barrier = threading.Barrier(2)
    with Profiler() as prof:
        threads.get({"a": (barrier.wait, 30), "b": (barrier.wait, 30)}, ["a", "b"], num_workers=2)
    assert len({record.worker_id for record in prof.results}) == 2

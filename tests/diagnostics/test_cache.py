"""CacheProfiler: when results are made and released."""

from operator import add

import pytest

from minidask.diagnostics import CacheProfiler
from minidask.schedulers import sync, threads

GETS = pytest.mark.parametrize("get", [sync.get, threads.get])
CHAIN = {"a": (add, 1, 1), "b": (add, "a", 1), "c": (add, "b", 1)}


@GETS
def test_records(get):
    with CacheProfiler() as prof:
        assert get(CHAIN, "c") == 4
    assert [(record.key, record.metric) for record in prof.results] == [("a", 1), ("b", 1), ("c", 1)]
    assert prof.results[0]._fields == ("key", "task", "metric", "cache_time", "free_time")
    a, b, c = prof.results
    assert a.cache_time <= b.cache_time <= c.cache_time
    # Each is released when the one that needs it is done, the output at the end.
    assert a.free_time == b.cache_time
    assert b.free_time == c.cache_time
    assert c.free_time >= c.cache_time
    assert a.task.func is add


def test_a_scheduler_that_releases_after_its_callbacks():
    prof = CacheProfiler()
    graph = dict.fromkeys("abc")
    state = {"cache": {}, "dependencies": {"a": (), "b": ("a",), "c": ("b",)}}
    prof._start_state(graph, state)
    for key, released in (("a", None), ("b", "a"), ("c", "b")):
        state["cache"][key] = 1
        prof._posttask(key, 1, graph, state, 0)
        if released:
            del state["cache"][released]
    prof._finish(graph, state, False)
    a, b, c = prof.results
    assert a.key == "a"
    assert a.free_time == c.cache_time
    assert b.free_time == c.free_time


@GETS
def test_results_with_several_users_are_held_until_the_last(get):
    graph = {"a": (add, 1, 1), "b": (add, "a", 1), "c": (add, "b", "a"), "d": (add, "c", 1)}
    with CacheProfiler() as prof:
        get(graph, "d")
    record = {record.key: record for record in prof.results}
    assert record["a"].free_time == record["b"].free_time == record["c"].cache_time


def test_metric():
    def tenfold(value):
        return 10 * value

    with CacheProfiler(metric=tenfold) as prof:
        sync.get(CHAIN, "c")
    assert [record.metric for record in prof.results] == [20, 30, 40]
    assert prof.metric_name == "tenfold"
    assert CacheProfiler(metric=tenfold, metric_name="ten").metric_name == "ten"
    assert CacheProfiler().metric_name == "count"


@GETS
def test_error(get):
    with CacheProfiler() as prof, pytest.raises(ZeroDivisionError):
        get({"a": (add, 1, 1), "b": (divmod, "a", 0)}, "b")
    assert [record.key for record in prof.results] == ["a"]
    assert prof._runs == {}


def test_error_of_the_metric_propagates():
    with CacheProfiler(metric=len), pytest.raises(TypeError, match="has no len"):
        sync.get(CHAIN, "c")


def test_register_and_clear():
    prof = CacheProfiler()
    prof.register()
    try:
        sync.get(CHAIN, "c")
        sync.get(CHAIN, "c")
    finally:
        prof.unregister()
    assert len(prof.results) == 6
    prof.clear()
    assert prof.results == []


def test_bad_metric():
    with pytest.raises(TypeError, match="metric must be a function of a result, not str: 'nbytes'"):
        CacheProfiler(metric="nbytes")

"""The frame around every runner: reading graphs, keys and outputs, callbacks at every way out, results nested like the keys."""

from operator import add, neg

import pytest

from minidask.graph import convert
from minidask.graph.layered import LayeredGraph
from minidask.graph.traverse import CycleError
from minidask.schedulers import sync
from minidask.schedulers.callbacks import Callback
from minidask.schedulers.run import nest, read_graph, run

GRAPH = {"x": 1, "y": (add, "x", 10), ("z", 0): (neg, "y")}


@pytest.mark.parametrize(
    ("keys", "result"),
    [
        ("y", 11),
        (("z", 0), -11),
        (["x"], (1,)),
        ([], ()),
        ([[], ["x", [("z", 0)]], "x"], ((), (1, (-11,)), 1)),
        (["y", "y"], (11, 11)),
    ],
)
def test_results_are_nested_like_the_keys(keys, result):
    assert sync.get(GRAPH, keys) == result


def test_keys_may_be_nested_at_any_depth():
    keys = "x"
    for _ in range(50_000):
        keys = [keys]
    result = nest(keys, {"x": 1})
    depth = 0
    while isinstance(result, tuple):
        (result,) = result
        depth += 1
    assert (result, depth) == (1, 50_000)


@pytest.mark.parametrize(
    ("graph", "keys", "error", "message"),
    [
        (GRAPH, "xx", KeyError, "'xx' is not in the graph; did you mean 'x'"),
        (GRAPH, ["x", b"y"], TypeError, "a key must be a str, int, float, or a tuple of these, got bytes: b'y'"),
        (GRAPH, [{"x"}], TypeError, "a key must be a str, int, float, or a tuple of these, got set"),
        (GRAPH, float("nan"), ValueError, "NaN can't be a key"),
        ({"x": (neg, "y"), "y": (neg, "x")}, "x", CycleError, "the graph has a cycle"),
        ([("x", 1)], "x", TypeError, "a graph must be a mapping"),
        ({b"x": 1}, "x", TypeError, "a key must be"),
        ({}, "x", KeyError, "'x' is not in the graph"),
        ({"x": (neg, (i for i in "ab"))}, "x", TypeError, "the task 'x' has a generator"),
    ],
)
def test_what_cannot_be_run_is_an_error(graph, keys, error, message):
    with pytest.raises(error) as caught:
        sync.get(graph, keys)
    assert message in str(caught.value)


def test_an_empty_graph_has_no_results():
    assert sync.get({}, []) == ()


def test_a_layered_graph_is_lowered_for_just_the_keys():
    layered = LayeredGraph.merge({"x": 1, "y": (neg, "x")}, {"other": 3})
    assert set(read_graph(layered, ["y"])) == {"x", "y"}
    assert sync.get(layered, ["y", "other"]) == (-1, 3)


def test_tasks_pass_as_they_are():
    tasks = convert(GRAPH)
    assert read_graph(tasks, ["y"])["y"] is tasks["y"]


def test_callbacks_see_the_end_of_a_graph_that_cannot_be_read():
    seen = []
    with Callback(start=seen.append, finish=lambda dsk, state, errored: seen.append((dsk, state, errored))):
        with pytest.raises(KeyError):
            sync.get(GRAPH, "nothing")
        with pytest.raises(TypeError):
            sync.get(3, "x")
    assert [type(entry) for entry in seen] == [dict, tuple, tuple]
    assert seen[1][1:] == (None, True)
    assert seen[2] == (3, None, True)


def test_an_error_of_the_runner_reaches_finish():
    seen = []

    def drive(state, watch):
        assert watch is not None
        raise OSError("no more")

    with Callback(finish=lambda dsk, state, errored: seen.append(errored)), pytest.raises(OSError, match=r"no more"):
        run(GRAPH, "x", drive)
    assert seen == [True]

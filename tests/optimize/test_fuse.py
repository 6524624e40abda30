from __future__ import annotations

import gc
import pickle
import time
from operator import add, neg

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask.graph import CycleError, Program, Task, TaskRef, convert
from minidask.optimize import FuseLimits, cull, fuse
from tests.graph.samples import record, run, task_graphs

LIMITS = st.builds(
    FuseLimits,
    ave_width=st.sampled_from([1, 1.3, 1.5, 2, 5, float("inf")]),
    max_width=st.sampled_from([1, 2, 3, float("inf")]),
    max_height=st.sampled_from([1, 2, 4, float("inf")]),
)


@pytest.mark.slow
@given(task_graphs(20), LIMITS, st.data())
def test_values_and_outputs_stay(graph, limits, data):
    keys = data.draw(st.lists(st.sampled_from(list(graph)), min_size=1, max_size=4))
    graph = cull(graph, keys)
    fused = fuse(graph, keys, limits)
    assert run(fused, keys) == run(graph, keys)
    assert set(keys) <= set(fused) <= set(graph)
    for key, task in fused.items():
        assert task.annotations == graph[key].annotations
    # What was fused is said by the labels: of equal hints, no output, and nobody else needs it.
    for members in groups_of(fused, graph):
        assert len({str(graph[member].annotations) for member in members}) == 1
        assert not set(members[:-1]) & set(keys)


def groups_of(fused, graph):
    for key, task in fused.items():
        if type(task.func) is Program and task.func.labels:
            yield [*[label for label in task.func.labels if label is not None and label != key], key]


def needs(**graph):
    return {key: Task(record, tuple(map(TaskRef, needed))) for key, needed in graph.items()}


def test_chains_are_fused_and_branches_left():
    graph = needs(a="", b="a", c="b", d="c", e="c", f="de")
    assert sorted(fuse(graph, ["f"])) == ["c", "d", "e", "f"]
    assert sorted(fuse(graph, ["f", "b"])) == ["b", "c", "d", "e", "f"]


DIAMOND = {"s": "", "a": "s", "b": "s", "t": "ab"}
PAIR = {"a": "", "b": "", "t": "ab"}


@pytest.mark.parametrize(
    ("shape", "limits", "left"),
    [
        (DIAMOND, {"ave_width": 4 / 3}, "t"),
        (DIAMOND, {"ave_width": 1.3}, "abst"),
        (DIAMOND, {"ave_width": 2, "max_width": 2}, "t"),
        (DIAMOND, {"ave_width": 2, "max_width": 1}, "abst"),
        (DIAMOND, {"ave_width": 2, "max_height": 3}, "t"),
        (DIAMOND, {"ave_width": 2, "max_height": 2}, "abst"),
        (PAIR, {"ave_width": 1.5}, "t"),
        (PAIR, {"ave_width": 1.4}, "abt"),
        # A diamond with a chain in one branch and another chain behind it.
        ({"s": "", "a": "s", "b": "s", "c": "b", "t": "ac", "u": "t"}, {"ave_width": 1.25}, "u"),
        # The source is needed by the exit, too, and by members deep inside.
        ({"s": "", "a": "s", "b": "a", "c": "s", "t": "sbc"}, {"ave_width": 5 / 4}, "t"),
        # Diamonds on diamonds.
        ({"s": "", "a": "s", "b": "s", "t": "ab", "c": "t", "d": "t", "u": "cd"}, {"ave_width": 7 / 5}, "u"),
        # Somebody outside needs the source.
        ({"s": "", "a": "s", "b": "s", "t": "ab", "o": "s"}, {"ave_width": 9}, "ost"),
        # Nested: two sources, each for both branches.
        ({"s": "", "r": "", "a": "sr", "b": "sr", "t": "ab"}, {"ave_width": 5 / 3}, "t"),
        ({"s": "", "r": "s", "a": "sr", "b": "sr", "t": "ab"}, {"ave_width": 5 / 4}, "t"),
        # What could not be taken in whole is left as it is.
        ({"a": "", "b": "", "c": "", "d": "", "p": "ab", "q": "cd", "t": "pq"}, {"ave_width": 1.5}, "pqt"),
        ({"a": "", "b": "", "c": "", "d": "", "p": "ab", "q": "cd", "t": "pq"}, {"ave_width": 7 / 3}, "t"),
    ],
)
def test_wider_groups_within_limits(shape, limits, left):
    graph = needs(**shape)
    outputs = [key for key in "otu" if key in shape and not any(key in needed for needed in shape.values())]
    fused = fuse(graph, outputs, FuseLimits(**limits))
    assert sorted(fused) == sorted(left)
    assert run(fused, outputs) == run(graph, outputs)


def test_tasks_of_different_annotations_are_never_fused():
    graph = convert({"x": 1, "y": (neg, "x"), "z": (neg, "y"), "w": (neg, "z")})
    graph["z"] = Task(neg, (TaskRef("y"),), None, {"priority": 1})
    assert list(fuse(graph, ["w"])) == ["y", "z", "w"]
    diamond = needs(**DIAMOND)
    diamond["a"] = Task(record, (TaskRef("s"),), None, {"retries": 1})
    assert sorted(fuse(diamond, ["t"], FuseLimits(ave_width=9))) == ["a", "s", "t"]
    same = {key: Task(task.func, task.args, None, {"retries": 1}) for key, task in graph.items()}
    fused = fuse(same, ["w"])
    assert list(fused) == ["w"]
    assert fused["w"].annotations == {"retries": 1}


def test_literals_and_aliases_cost_no_step():
    fused = fuse(convert({"x": 3, "y": "x", "z": (neg, "y")}), ["z"])
    assert len(fused["z"].func.steps) == 1
    assert fused["z"]({}) == -3
    only = fuse(convert({"x": [1], "y": "x", "z": "y"}), ["z"])
    assert only["z"]({}) == [1]


def test_errors_name_the_task_inside():
    def fail(x):
        raise ZeroDivisionError("here")

    graph = convert({"x": 1, "y": (fail, "x"), "z": (neg, "y")})
    with pytest.raises(ZeroDivisionError, match="here") as caught:
        fuse(graph, ["z"])["z"]({})
    assert caught.value.__notes__ == ["In step 1 of 2: fail of task 'y'."]


def test_keywords_and_nested_work_are_kept():
    graph = convert({"x": 1, "y": (sum, ["x", (neg, 5)])})
    graph["z"] = Task(record, (TaskRef("y"),), {"k": TaskRef("y"), "l": 3})
    fused = fuse(graph, ["z"])
    assert fused["z"]({}) == ("record", (-4,), (("k", -4), ("l", 3)))
    assert pickle.loads(pickle.dumps(fused["z"]))({}) == fused["z"]({})


@pytest.mark.parametrize("limits", [{"ave_width": 0.5}, {"max_width": 0}, {"max_height": float("nan")}])
def test_limits_below_one(limits):
    with pytest.raises(ValueError, match="must be at least 1, got"):
        FuseLimits(**limits)


def test_graphs_that_can_not_be_run():
    with pytest.raises(CycleError):
        fuse(needs(a="b", b="a"), ["a"])
    with pytest.raises(KeyError, match="'q' is not in the graph, but the task 'a' needs it"):
        fuse(needs(a="q"), ["a"])
    assert fuse({}, []) == {}


def binary_tree(size):
    graph = {("t", at): Task(add, (TaskRef(("t", 2 * at)), TaskRef(("t", 2 * at + 1)))) for at in range(1, size)}
    return graph | {("t", at): Task(neg, (at,)) for at in range(size, 2 * size)}, [("t", 1)]


def caterpillar(size):
    graph = {("l", at): Task(neg, (at,)) for at in range(1, size)} | {("b", 0): Task(neg, (0,))}
    return graph | {("b", at): Task(add, (TaskRef(("b", at - 1)), TaskRef(("l", at)))) for at in range(1, size)}, [
        ("b", size - 1)
    ]


def diamonds(size):
    graph = {("d", 0): Task(neg, (1,))}
    for at in range(1, size):
        graph["l", at] = graph["r", at] = Task(neg, (TaskRef(("d", at - 1)),))
        graph["d", at] = Task(max, (TaskRef(("l", at)), TaskRef(("r", at))))
    return graph, [("d", size - 1)]


def shared_leaves(size):
    """A long chain, each link of which needs one of a few results that all share."""
    graph = {("s", at): Task(neg, (at,)) for at in range(50)} | {("c", 0): Task(neg, (0,))}
    for at in range(1, size):
        graph["c", at] = Task(add, (TaskRef(("c", at - 1)), TaskRef(("s", at % 50))))
    return graph, [("c", size - 1)]


def own_leaves_used_twice(size):
    """A chain whose links need results that a second chain needs, too: needs pile up and can't be taken in."""
    graph = {("s", at): Task(neg, (at,)) for at in range(size)}
    for name in "cd":
        graph[name, 0] = Task(neg, (0,))
        for at in range(1, size):
            graph[name, at] = Task(add, (TaskRef((name, at - 1)), TaskRef(("s", at))))
    return graph, [("c", size - 1), ("d", size - 1)]


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize("shape", [binary_tree, caterpillar, diamonds, shared_leaves, own_leaves_used_twice])
@pytest.mark.parametrize("width", [1, 1.5, 1e9])
def test_cost_grows_with_the_number_of_tasks_only(shape, width):
    def seconds(size):
        graph, keys = shape(size)
        best = float("inf")
        for _ in range(3):
            start = time.process_time()
            fuse(graph, keys, FuseLimits(ave_width=width))
            best = min(best, time.process_time() - start)
        return best / len(graph)

    # The collector's work grows with all that other tests keep.
    gc.disable()
    try:
        small, large = seconds(2_000), seconds(16_000)
    finally:
        gc.enable()
    # Quadratic work would cost 8 times as much a task.
    assert large < 4 * small + 5e-6


@pytest.mark.slow
@pytest.mark.parametrize("shape", [binary_tree, caterpillar, diamonds])
def test_unlimited_width_makes_one_task(shape):
    graph, keys = shape(300)
    fused = fuse(graph, keys, FuseLimits(ave_width=float("inf")))
    assert list(fused) == keys
    assert run(fused, keys) == run(graph, keys)


@pytest.mark.slow
def test_a_chain_of_any_length():
    graph = {("x", at): Task(neg, (TaskRef(("x", at - 1)),)) if at else Task(neg, (3,)) for at in range(100_000)}
    fused = fuse(graph, [("x", 99_999)])
    assert len(fused) == 1
    assert fused["x", 99_999]({}) == 3

from __future__ import annotations

from operator import add, mul, neg

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask.graph import CycleError, Program, Task, TaskRef, convert
from minidask.optimize import cull, inline, inline_functions
from tests.graph.samples import record, run, task_graphs


@pytest.mark.slow
@given(task_graphs(), st.data(), st.booleans())
def test_values_stay(graph, data, constants):
    chosen = data.draw(st.lists(st.sampled_from(list(graph)), max_size=6))
    inlined = inline(graph, chosen, constants)
    keys = list(graph)
    assert list(inlined) == keys
    assert run(inlined, keys) == run(graph, keys)
    hints = [task.annotations for task in graph.values()]
    assert [task.annotations for task in inlined.values()] == hints
    for key, task in inlined.items():
        for need in task.dependencies:
            if need in chosen and key not in chosen:
                assert inlined[need].annotations != task.annotations
    outputs = data.draw(st.lists(st.sampled_from(keys), min_size=1, max_size=3))
    assert run(cull(inlined, outputs), outputs) == run(graph, outputs)


@pytest.mark.slow
@given(task_graphs(), st.data(), st.booleans())
def test_fast_functions(graph, data, constants):
    outputs = data.draw(st.lists(st.sampled_from(list(graph)), min_size=1, max_size=3))
    fast = data.draw(st.lists(st.sampled_from([neg, add, mul]), max_size=2))
    small = inline_functions(graph, outputs, fast, constants)
    assert run(small, outputs) == run(graph, outputs)
    assert set(small) <= set(graph)


def test_constants_and_aliases_are_put_in_place():
    graph = convert({"x": 1, "a": "x", "b": "a", "y": (add, "b", 10), "z": (record, "y", "b")})
    inlined = inline(graph)
    assert inlined["y"] == Task(add, (1, 10))
    assert inlined["z"] == Task(record, (TaskRef("y"), 1))
    keyword = inline({**convert({"x": 1}), "k": Task(record, (), {"a": TaskRef("x")})})["k"]
    assert keyword.kwargs == {"a": 1}
    assert inline(graph, inline_constants=False) == graph


def test_chosen_tasks_run_inside_their_users():
    graph = convert({"x": 1, "y": (neg, "x"), "z": (add, "x", "y")})
    inlined = inline(graph, ["y"], inline_constants=False)
    assert inlined["z"].dependencies == ("x",)
    assert inlined["y"] is graph["y"]
    assert inline(graph, ["y"])["z"].dependencies == ()
    assert inline(graph, ["y"])["z"]({}) == 0


def test_what_is_reached_on_two_ways_runs_once():
    calls = []

    def note(x):
        calls.append(x)
        return x

    graph = convert({"x": 1, "a": (note, "x"), "b": (neg, "a"), "c": (add, "a", "b"), "d": (add, "b", "c")})
    inlined = inline(graph, ["a", "b", "c"])
    assert inlined["d"]({}) == -1
    assert calls == [1]


def test_only_into_tasks_of_equal_annotations():
    graph = convert({"x": 1, "y": (neg, "x"), "z": (neg, "y")})
    graph["z"] = Task(neg, (TaskRef("y"),), None, {"priority": 1})
    assert inline(graph, ["y"])["z"] is graph["z"]
    small = inline_functions(graph, ["z"], [neg])
    assert list(small) == ["x", "y", "z"]
    assert run(small, ["z"]) == [1]


def test_fast_functions_are_left_out_once_nobody_needs_them():
    graph = convert({"x": (neg, 1), "y": (neg, (neg, "x")), "z": (add, "y", "x"), "w": (neg, "z"), "lone": (neg, 5)})
    small = inline_functions(graph, ["z"], [neg])
    assert sorted(small) == ["lone", "w", "z"]
    assert type(small["z"].func) is Program
    assert run(small, ["z", "w"]) == [-2, 2]
    assert list(inline_functions(graph, ["z", "x"], [neg])) == ["x", "z", "w", "lone"]
    # A nested task is fast only if all of it is.
    mixed = convert({"x": (neg, (abs, -1)), "y": (add, "x", 1)})
    assert list(inline_functions(mixed, ["y"], [neg])) == ["x", "y"]
    assert list(inline_functions(mixed, ["y"], [neg, abs])) == ["y"]


def test_errors_name_the_task_inside():
    graph = convert({"x": "a", "y": (neg, "x"), "z": (record, "y", 1)})
    with pytest.raises(TypeError, match="bad operand") as caught:
        inline(graph, ["y"])["z"]({})
    assert caught.value.__notes__ == ["In step 1 of 2: neg of task 'y'."]


def test_graphs_that_can_not_be_rewritten():
    with pytest.raises(KeyError, match="the key 'valeu' is not in the graph; did you mean 'value'"):
        inline(convert({"value": 1}), ["valeu"])
    with pytest.raises(CycleError):
        inline(convert({"a": (neg, "b"), "b": (neg, "a")}), ["a"])
    assert inline({}) == {}
    assert inline_functions({}, []) == {}


@pytest.mark.slow
def test_a_long_chain_of_fast_tasks_is_written_out_once():
    graph = convert(
        {("x", at): (neg, ("x", at - 1)) if at else 3 for at in range(30_000)} | {"end": (abs, ("x", 29_999))}
    )
    small = inline_functions(graph, ["end"], [neg], inline_constants=True)
    assert run(small, ["end"]) == [3]
    assert "end" in small
    assert len(small) <= 2

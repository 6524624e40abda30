from __future__ import annotations

import pickle

import pytest
from hypothesis import given

from minidask.graph import CycleError, convert, dependencies, find_cycle, reverse_dependencies, toposort
from minidask.graph.traverse import missing_key
from tests.graph.samples import task_graphs


@given(task_graphs())
def test_walks_agree_with_one_another(graph):
    needs = dependencies(graph)
    users = reverse_dependencies(graph)
    assert {(a, b) for a in needs for b in needs[a]} == {(a, b) for b in users for a in users[b]}
    assert list(users) == list(needs) == list(graph)
    done = set()
    for key in toposort(graph):
        assert done.issuperset(needs[key])
        done.add(key)
    assert done == set(graph)
    assert toposort(graph, users) == toposort(graph)
    assert find_cycle(graph) is None


@pytest.mark.parametrize(
    ("graph", "cycle"),
    [
        ({"a": (abs, "b"), "b": (abs, "a")}, ["a", "b", "a"]),
        ({"x": 1, "y": (max, "x", "z"), "z": (abs, "w"), "w": (abs, "y")}, ["y", "z", "w", "y"]),
        ({"y": [(abs, "y")]}, ["y", "y"]),
        ({"start": (abs, "a"), "a": (abs, "b"), "b": (max, 0, "a")}, ["a", "b", "a"]),
    ],
)
def test_cycles_are_printed(graph, cycle):
    tasks = convert(graph)
    assert find_cycle(tasks) == cycle
    with pytest.raises(CycleError, match=" -> ".join(map(repr, cycle))) as caught:
        toposort(tasks)
    assert isinstance(caught.value, RuntimeError)
    copy = pickle.loads(pickle.dumps(caught.value))
    assert copy.cycle == cycle
    assert str(copy) == str(caught.value)


@pytest.mark.slow
def test_a_long_cycle_is_found_without_recursion_and_shortened():
    size = 50_000
    graph = convert({("k", at): (abs, ("k", (at + 1) % size)) for at in range(size)})
    with pytest.raises(CycleError, match=r"\('k', 5\) -> \.\.\. 49990 more \.\.\. -> \('k', 49996\)") as caught:
        toposort(graph)
    assert len(caught.value.cycle) == size + 1
    assert len(str(caught.value)) < 400


def test_missing_keys_name_their_user():
    with pytest.raises(
        KeyError, match=r"\('x', 1\) is not in the graph, but the task 'y' needs it; did you mean \('x', 0\)"
    ):
        toposort(convert({("x", 0): 1, "y": (abs, ("x", 1))}, known=[("x", 1)]))


def test_near_matches():
    known = ["values", ("value", 0), 3]
    assert "the key 'valuse' is not in the graph; did you mean 'values' or (" in str(missing_key("valuse", known))
    assert "did you mean" not in str(missing_key("q", known))
    assert "did you mean" not in str(missing_key("q", []))
    assert "('value', 0)" in str(missing_key(("value", 1), known))


@pytest.mark.slow
def test_near_matches_in_a_huge_graph_are_not_sought_for_ever():
    import time

    start = time.process_time()
    missing_key(("x", -1), (("x", at) for at in range(10**6)))
    assert time.process_time() - start < 2


def test_empty_graphs():
    assert toposort({}) == []
    assert find_cycle({}) is None
    assert reverse_dependencies({}) == {}

"""How long results are held in a given order."""

from operator import add

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask.diagnostics.lifetimes import lifetimes
from minidask.graph.task import Task, TaskRef, literal


def call(*keys):
    return Task(add, tuple(map(TaskRef, keys)))


def test_a_chain_holds_one():
    graph = {"a": literal(1), "b": call("a"), "c": call("b")}
    lives = lifetimes(graph, {"a": 0, "b": 1, "c": 2})
    assert lives["b"] == (1, 1, 1, 1, 0)
    assert lives["c"] == (2, 0, 1, 1, 0)


def test_breadth_first_holds_more_than_depth_first():
    graph = {"a": literal(1), "b": literal(1), "A": call("a"), "B": call("b"), "end": call("A", "B")}
    depth = lifetimes(graph, {"a": 0, "A": 1, "b": 2, "B": 3, "end": 4})
    breadth = lifetimes(graph, {"a": 0, "b": 1, "A": 2, "B": 3, "end": 4})
    assert sum(life.age for life in depth.values()) < sum(life.age for life in breadth.values())
    assert depth["end"].freed == 2


def test_dependencies_outside_the_graph_do_not_count():
    assert lifetimes({"b": call("a")}, {"b": 0}) == {"b": (0, 0, 0, 0, 0)}


@given(st.lists(st.lists(st.integers(0, 30), max_size=3), max_size=30))
def test_everything_is_released(picks):
    graph = {place: call(*{pick % place for pick in some}) if place else literal(0) for place, some in enumerate(picks)}
    lives = lifetimes(graph, {key: key for key in graph})
    assert list(lives) == list(graph)
    assert all(life.age >= 0 and life.held_when_run >= 0 and life.held_when_released >= 0 for life in lives.values())
    used = {dependency for task in graph.values() for dependency in task.dependencies}
    assert sum(life.freed for life in lives.values()) == len(used)


def test_a_key_without_a_place():
    with pytest.raises(KeyError, match="the order has no place for 'a'"):
        lifetimes({"a": literal(1)}, {})

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask.graph import convert
from minidask.optimize import cull
from tests.graph.samples import run, task_graphs


@given(task_graphs(), st.data())
def test_what_is_needed_stays_in_order(graph, data):
    keys = data.draw(st.lists(st.sampled_from(list(graph)), max_size=3))
    small = cull(graph, keys)
    assert run(small, keys) == run(graph, keys)
    assert list(small) == [key for key in graph if key in small]
    assert all(small[key] is graph[key] for key in small)
    needed = {need for task in small.values() for need in task.dependencies}
    assert set(small) == needed | set(keys)


def test_missing_keys():
    with pytest.raises(KeyError, match="the key 'z' is not in the graph"):
        cull(convert({"x": 1}), ["z"])
    with pytest.raises(KeyError, match="the key 'q' is not in the graph, but the task 'y' needs it"):
        cull(convert({"y": (abs, "q")}, known=["q"]), ["y"])
    assert cull({}, []) == {}


def test_cycles_end():
    graph = convert({"a": (abs, "b"), "b": (abs, "a"), "c": 1})
    assert list(cull(graph, ["a"])) == ["a", "b"]


@pytest.mark.slow
def test_a_chain_of_any_length():
    graph = convert({("x", at): (abs, ("x", at - 1)) if at else -1.5 for at in range(100_000)})
    assert len(cull(graph, [("x", 50_000)])) == 50_001

from __future__ import annotations

from operator import add, neg

import pytest

from minidask import config
from minidask.graph import LayeredGraph, blockwise, source
from minidask.optimize import FuseLimits, cull, fuse, fuse_blockwise, run_pipeline
from minidask.optimize.pipeline import OWN, configured_limits, finish
from tests.graph.samples import run


def first(graph, keys):
    return {**graph, "passes": [*graph.get("passes", ()), ("first", keys)]}


def second(graph, keys):
    return {**graph, "passes": [*graph.get("passes", ()), ("second", keys)]}


def test_passes_run_in_order_with_a_list_of_keys():
    out = run_pipeline({"x": 1}, iter(["x"]), [first, second])
    assert out["passes"] == [("first", ["x"]), ("second", ["x"])]
    assert run_pipeline({"x": 1}, ["x"], []) == {"x": 1}


@pytest.mark.parametrize(
    ("replaced", "names"),
    [
        (OWN, ["first"]),
        (second, ["second"]),
        ([second, second], ["second", "second"]),
        (None, []),
        (False, []),
        ([], []),
    ],
)
def test_users_replace_the_passes(replaced, names):
    out = run_pipeline({}, ["x"], [first], replaced)
    assert [name for name, _ in out.get("passes", [])] == names


def test_passes_that_are_none():
    with pytest.raises(TypeError, match=r"an optimization pass must be callable as \(graph, keys\), got int"):
        run_pipeline({}, [], [3])
    with pytest.raises(TypeError, match="must be callable"):
        run_pipeline({}, [], [first], replaced=["cull"])
    with pytest.raises(TypeError, match=r"the optimization pass .*first.* returned NoneType, not a graph"):
        run_pipeline({}, [], [named_first])


def named_first(graph, keys):
    return None


def test_finish_lowers_culls_and_fuses():
    x = source(neg, [1, 2], name="x")
    y = blockwise(add, "i", (x, "i"), (1, None), name="y")
    graph = LayeredGraph([y])
    assert set(finish(graph, [("y", 1)])) == {("x", 1), ("y", 1)}
    assert set(finish(graph, [("y", 1)], FuseLimits())) == {("y", 1)}
    assert set(finish({"x": 1, "y": (neg, "x"), "z": 3}, ["y"])) == {"x", "y"}
    for limits in (None, FuseLimits()):
        assert run(finish(graph, [("y", 1)], limits), [("y", 1)]) == [-1]


def test_the_rewrites_of_the_package_are_passes():
    x = source(neg, [1, 2], name="x")
    y = blockwise(add, "i", (x, "i"), (1, None), name="y")
    graph = run_pipeline(LayeredGraph([y]), [("y", 0)], [fuse_blockwise, LayeredGraph.lower, cull, fuse])
    assert list(graph) == [("y", 0)]
    assert run(graph, [("y", 0)]) == [0]


def test_settings_say_how_far_tasks_are_fused():
    assert configured_limits(True) == FuseLimits()
    assert configured_limits(False) is None
    with config.set({"optimization.fuse.active": False}):
        assert configured_limits(True) is None
    changed = {"active": True, "ave-width": 2, "max-width": 3, "max-height": 4}
    with config.set({f"optimization.fuse.{name}": value for name, value in changed.items()}):
        assert configured_limits(False) == FuseLimits(2, 3, 4)

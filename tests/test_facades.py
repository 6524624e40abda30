"""The facades: documented names are where users of the field look for them, and are the real things."""

from __future__ import annotations

import pytest

import minidask
from minidask import base, collection, core, graph, highlevelgraph, local, multiprocessing, threaded, tokenize
from minidask.schedulers import processes, sync, threads


@pytest.mark.parametrize("module", [base, core, highlevelgraph, local, multiprocessing, threaded])
def test_all_names_that_are_listed_are_there(module):
    assert sorted(module.__all__) == sorted(set(module.__all__))
    for name in module.__all__:
        assert callable(getattr(module, name))


def test_base_has_what_works_on_any_collection():
    for name in ("compute", "persist", "optimize", "visualize", "is_dask_collection", "annotate"):
        assert getattr(base, name) is getattr(minidask, name)
    assert base.DaskMethodsMixin is collection.DaskMethodsMixin
    assert base.unpack_collections is collection.unpack_collections
    assert base.tokenize is tokenize.tokenize
    assert base.normalize_token is tokenize.normalize_token
    assert base.get_scheduler(scheduler="sync") is sync.get


def test_schedulers_are_found_under_their_names():
    assert minidask.get is sync.get
    assert local.get_sync is sync.get
    assert minidask.threaded.get is threads.get
    assert minidask.multiprocessing.get is processes.get
    assert threaded.get({"x": 1, "y": (abs, "x")}, ["y"]) == (1,)


def test_core_speaks_about_plain_graphs():
    assert list(core.flatten([["x", ("y", 0)], "z"])) == ["x", ("y", 0), "z"]
    assert core.get({"x": core.literal("y"), "y": 2, "z": (list, core.quote(["y"]))}, ["x", "z"]) == ("y", ["y"])
    assert core.toposort(graph.convert({"b": (abs, "a"), "a": 1})) == ["a", "b"]


def test_high_level_graphs_are_made_of_layers():
    lower = minidask.delayed(1, name="x")
    made = highlevelgraph.HighLevelGraph.from_collections("y", {"y": (abs, "x")}, dependencies=[lower])
    assert isinstance(made.layers["y"], highlevelgraph.MaterializedLayer)
    assert made.dependencies == {"x": set(), "y": {"x"}}
    assert isinstance(made.layers["x"], highlevelgraph.Layer)
    assert minidask.get(made, "y") == 1

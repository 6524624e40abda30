from __future__ import annotations

import gc
import pickle
import time
from operator import add, neg

import pytest

from minidask.graph import (
    LayeredGraph,
    MaterializedLayer,
    SingleLayer,
    Task,
    TaskRef,
    blockwise,
    convert,
    literal,
    source,
    tree_reduction,
)
from minidask.graph.layered import as_layer, graph_of
from minidask.optimize import fuse_blockwise
from tests.graph.samples import run


class Collection:
    def __init__(self, layer):
        self.dask = layer if isinstance(layer, dict) else LayeredGraph([layer])

    def __dask_graph__(self):
        return self.dask


def chain(depth):
    layer = source(neg, range(3), name="x")
    for at in range(depth):
        layer = blockwise(add, "i", (layer, "i"), (1, None), name=f"y{at}")
    return layer


def test_a_graph_contains_the_graphs_that_it_was_made_from():
    x = source(neg, [1, 2], name="x")
    y = blockwise(add, "i", (x, "i"), (1, None), name="y")
    small, large = LayeredGraph([x]), LayeredGraph([y])
    assert set(large) >= set(small)
    assert set(large) == {("x", 0), ("x", 1), ("y", 0), ("y", 1)}
    assert large.layers["x"] is x
    assert large.dependencies == {"x": set(), "y": {"x"}}
    assert large.dependents == {"x": {"y"}, "y": set()}
    assert len(large) == 4
    assert large.to_dict() == dict(large)
    assert run(large.to_dict(), [("y", 1)]) == [-1]


def test_it_is_a_mapping():
    x = source(neg, range(40), name="x")
    total = tree_reduction(x, sum, sum, keepdims=False, name="t")
    m = MaterializedLayer("m", {"a": (neg, ("t",)), ("b", 0): "a"}, (total,))
    graph = LayeredGraph([m])
    for key in graph:
        assert key in graph
        assert graph[key] == graph.to_dict()[key]
    assert len(list(graph)) == len(graph) == 40 + 4 + 2
    assert ("t", "level", 1, 2) in graph
    for key in ["x", ("x", 40), ("x",), "zz", (), None, [], ("t", "level", 9, 9), (["x"], 0)]:
        assert key not in graph
        if key is not None and key != [] and key != (["x"], 0):
            assert graph.get(key) is None
    assert bool(graph)
    assert not LayeredGraph()
    assert not LayeredGraph([source(neg, [], name="x")])
    assert graph.layer_of(("b", 0)) is m
    assert graph.layer_of(("x", 3)) is x
    assert graph.layer_of("no") is None


def test_a_key_that_two_layers_share_counts_once():
    graph = LayeredGraph.merge({"x": 1, "y": (neg, "x")}, {"x": 1, "z": (neg, "x")})
    assert sorted(graph) == ["x", "y", "z"]
    assert len(graph) == 3
    assert run(graph.lower(["y", "z"]), ["y", "z"]) == [-1, -1]


@pytest.mark.slow
def test_asking_for_a_key_that_is_not_there_is_cheap():
    graph = LayeredGraph([source(neg, range(100_000), name="x")])
    start = time.process_time()
    assert not any(("y", at) in graph for at in range(1000))
    assert ("x", 100_000) not in graph
    assert time.process_time() - start < 1


def test_missing_keys_name_near_ones_and_who_needs_them():
    x = source(neg, [1, 2], name="values")
    graph = LayeredGraph([MaterializedLayer("m", {"y": Task(neg, (TaskRef(("value", 0)),))}, (x,))])
    with pytest.raises(KeyError, match=r"the key \('value', 1\) is not in the graph; did you mean \('values', 1\)"):
        graph["value", 1]
    with pytest.raises(KeyError, match=r"the key 'z' is not in the graph"):
        graph.lower(["z"])
    with pytest.raises(KeyError, match=r"\('value', 0\) is not in the graph, but the task 'y' needs it; did you mean"):
        graph.lower(["y"])
    beyond = LayeredGraph([MaterializedLayer("m", {"y": Task(neg, (TaskRef(("values", 7)),))}, (x,))])
    with pytest.raises(KeyError, match=r"\('values', 7\) is not in the graph, but the task 'y' needs it"):
        beyond.lower(["y"])


def test_lowering_makes_only_what_is_needed(monkeypatch):
    made = []

    def counting(cls):
        original = cls.lower

        def lower(self, wanted=None):
            tasks = original(self, wanted)
            made.extend(tasks)
            return tasks

        monkeypatch.setattr(cls, "lower", lower)

    x = source(neg, range(1000), name="x")
    y = blockwise(add, "i", (x, "i"), (1, None), name="y")
    z = blockwise(add, "i", (y, "i"), (x, "i"), name="z")
    other = blockwise(add, "i", (x, "i"), (2, None), name="other")
    graph = LayeredGraph([z, other])
    counting(type(x))
    tasks = graph.lower([("z", 7), ("z", 900), ("z", 7)])
    assert set(tasks) == {(name, at) for name in "xyz" for at in (7, 900)}
    assert sorted(made) == sorted(tasks)
    assert run(tasks, [("z", 7)]) == [-13]
    # Inputs come before what uses them.
    places = {key: at for at, key in enumerate(tasks)}
    assert all(places[need] < places[key] for key, task in tasks.items() for need in task.dependencies)
    assert graph.lower([]) == {}
    assert graph.cull([("x", 1)]) == graph.lower([("x", 1)])


def test_lowering_through_users_dicts():
    x = source(neg, range(10), name="x")
    m = MaterializedLayer("m", {"a": (neg, ("x", 3)), "b": (neg, ("x", 4)), "c": (neg, "a"), ("x", "own"): 5}, (x,))
    s = SingleLayer("s", Task(add, (TaskRef("c"), TaskRef(("x", "own")))), (m,))
    tasks = LayeredGraph([s]).lower(["s"])
    assert set(tasks) == {"s", "c", "a", ("x", 3), ("x", "own")}
    assert run(tasks, ["s"]) == [-3 + 5]


@pytest.mark.parametrize("reverse", [False, True])
def test_dicts_that_refer_to_one_another_in_whatever_order(reverse):
    dicts = [{"x": literal(1)}, {"y": Task(neg, (TaskRef("x"),))}, {"z": Task(neg, (TaskRef("y"),))}]
    graph = LayeredGraph.merge(*(dicts[::-1] if reverse else dicts))
    assert run(graph.lower(["z"]), ["z"]) == [1]


def test_merging_shares_layers():
    x = source(neg, [1, 2], name="x")
    y = blockwise(add, "i", (x, "i"), (1, None), name="y")
    z = blockwise(add, "i", (x, "i"), (2, None), name="z")
    left, right = LayeredGraph([y]), LayeredGraph([z])
    merged = LayeredGraph.merge(left, right, {"d": 1}, {})
    assert merged.roots[:2] == (y, z)
    assert merged.layers["x"] is x
    assert len(merged) == 7
    assert graph_of([Collection(y), Collection(z)]).roots == (y, z)
    assert LayeredGraph.merge(left, left).roots == (y,)
    assert len(LayeredGraph.merge()) == 0


def test_two_tasks_under_one_key_are_an_error():
    with pytest.raises(ValueError, match=r"two different tasks have the key 'x': .*; rename one of them"):
        LayeredGraph.merge({"x": 1}, {"x": True})
    # Also beneath the roots, where one of them would be lost.
    one = blockwise(add, "", (MaterializedLayer("m1", {("k",): 1}), ""), name="one")
    two = blockwise(add, "", (MaterializedLayer("m2", {("k",): 2}), ""), name="two")
    with pytest.raises(ValueError, match=r"two different tasks have the key \('k',\)"):
        LayeredGraph.merge(LayeredGraph([one]), LayeredGraph([two]))
    LayeredGraph.merge({"x": [float("nan")]}, {"x": [float("nan")]})


def test_from_collections():
    x, y = Collection(source(neg, [1], name="x")), Collection({"y": 2})
    graph = LayeredGraph.from_collections("z", {"z": (add, ("x", 0), "y")}, [x, y, x])
    assert run(graph.lower(["z"]), ["z"]) == [1]
    assert list(graph.layers)[-1] == "z"
    assert graph.layers["x"] is x.dask.roots[0]
    layer = source(neg, [1], name="w")
    assert LayeredGraph.from_collections("w", layer).roots == (layer,)
    with pytest.raises(TypeError, match=r"dependencies must be collections .*, got int"):
        LayeredGraph.from_collections("z", {"z": 1}, [3])


def test_wrapping_dicts():
    first, second = as_layer({"x": 1}), as_layer({"x": 1})
    assert first.name != second.name
    with pytest.raises(TypeError, match=r"a graph must be a mapping \{key: task\}, got list"):
        as_layer([1])


def test_pickle_keeps_roots_and_sharing():
    x = source(neg, [1, 2], name="x")
    y = blockwise(add, "i", (x, "i"), (1, None), name="y")
    m = MaterializedLayer("m", {"a": (neg, ("y", 0))}, (y,))
    graph = pickle.loads(pickle.dumps(LayeredGraph([y, m])))
    assert [root.name for root in graph.roots] == ["y", "m"]
    assert graph.layers["m"].inputs[0] is graph.roots[0]
    assert graph.to_dict() == LayeredGraph([y, m]).to_dict()


def test_pictures_in_text():
    graph = LayeredGraph([chain(30)])
    lines = repr(graph).split("\n")
    assert lines[0] == "LayeredGraph of 31 layers"
    assert len(lines) == 22
    assert lines[11] == "  ..."
    assert "<td>y29</td>" in graph._repr_html_()
    assert "&lt;" in LayeredGraph([source(neg, [1], name="<x>")])._repr_html_()
    assert "11 layers above" in LayeredGraph([chain(60)])._repr_html_()


@pytest.mark.slow
def test_fifty_thousand_layers():
    depth = 50_000
    start = time.process_time()
    top = chain(depth)
    graph = LayeredGraph([top])
    assert len(graph.layers) == depth + 1
    assert len(graph) == 3 * (depth + 1)
    assert sum(1 for _ in graph) == len(graph)
    assert "..." in repr(graph)
    tasks = graph.lower([top.key_at((2,))])
    assert len(tasks) == depth + 1
    fused = fuse_blockwise(graph)
    assert list(fused.layers) == [top.name]
    assert run(fused.lower([top.key_at((2,))]), [top.key_at((2,))]) == [depth - 2]
    copy = pickle.loads(pickle.dumps(graph))
    assert list(copy.layers) == list(graph.layers)
    assert pickle.loads(pickle.dumps(top)).name == top.name
    merged = LayeredGraph.merge(graph, LayeredGraph([chain(depth // 2)]))
    assert len(merged.layers) == depth + 1
    del top, graph, tasks, fused, copy, merged
    gc.collect()
    assert time.process_time() - start < 60


@pytest.mark.slow
def test_fifty_thousand_single_layers_and_a_user_dict_as_deep():
    depth = 50_000
    layer = SingleLayer("x0", literal(0))
    for at in range(1, depth):
        layer = SingleLayer(f"x{at}", Task(add, (TaskRef(f"x{at - 1}"), 1)), (layer,))
    graph = LayeredGraph([layer])
    assert run(graph.lower([layer.name]), [layer.name]) == [depth - 1]
    assert len(pickle.loads(pickle.dumps(graph))) == depth
    deep = convert({at: (add, at - 1, 0.5) if at else 0.25 for at in range(depth)})
    assert run(deep, [depth - 1]) == [0.25 + (depth - 1) / 2]


def test_making_one_more_layer_costs_nothing_but_that_layer():
    x = chain(10)
    y = blockwise(neg, "i", (x, "i"), name="z")
    assert y.inputs[0] is x
    graph = LayeredGraph([y])
    assert graph._layers is None
    assert graph.layers[x.name] is x


def test_layers_and_dependencies_as_custom_collections_of_the_field_give_them():
    layers = {"z": {"z": (sum, ["x", ("y", 0)])}, "x": {"x": 1}, "y": {("y", 0): (abs, "x")}}
    graph = LayeredGraph(layers, {"z": {"x", "y"}, "y": {"x"}, "x": set()})
    assert [root.name for root in graph.roots] == ["z"]
    assert graph.dependencies == {"x": set(), "y": {"x"}, "z": {"x", "y"}}
    assert set(graph) == {"x", ("y", 0), "z"}
    assert graph["z"]({"x": 1, ("y", 0): 2}) == 3
    assert [root.name for root in LayeredGraph({"x": {"x": 1}, "y": {"y": 2}}).roots] == ["x", "y"]
    with pytest.raises(KeyError, match="'y' depends on 'q', which is not among the layers"):
        LayeredGraph({"y": {"y": 1}}, {"y": {"q"}})
    with pytest.raises(ValueError, match="in a circle: 'x', 'y'"):
        LayeredGraph({"x": {"x": 1}, "y": {"y": 1}}, {"y": {"x"}, "x": {"y"}})


def test_single_tasks_are_lowered_as_all_others_are():
    a = SingleLayer("a", literal(1))
    b = SingleLayer("b", Task(neg, (TaskRef("a"),)), (a,), {"priority": 3})
    grid = source(neg, range(3), name="x")
    user = MaterializedLayer("user", {"u": (add, "b", 1), "v": 7}, (b,))
    unused = SingleLayer("unused", literal(0))
    args = (TaskRef("u"), TaskRef(("x", 1)), TaskRef("b"), TaskRef(("x", 2)))
    top = SingleLayer("top", Task(max, args), (user, grid, b, unused))
    graph = LayeredGraph([top])
    tasks = graph.lower(["top", "b"])
    assert set(tasks) == {"top", "u", "b", "a", ("x", 1), ("x", 2)}
    assert list(tasks)[-1] == "top"
    assert tasks["b"].annotations == {"priority": 3}
    assert tasks["a"] is a.task
    assert run(tasks, ["top"]) == [0]
    assert list(graph.lower(["a"])) == ["a"]


def test_a_single_task_that_misses_its_input_is_named():
    top = SingleLayer("top", Task(neg, (TaskRef("gone"),)))
    with pytest.raises(KeyError, match=r"gone.*top"):
        LayeredGraph([top]).lower(["top"])


@pytest.mark.parametrize("reverse", [False, True])
def test_a_dict_and_single_tasks_in_whatever_order(reverse):
    single = SingleLayer("s", Task(neg, (TaskRef("p"),)))
    layers = [MaterializedLayer("d", {"p": 2, "q": (add, TaskRef("r"), 1)}), single, SingleLayer("r", literal(5))]
    graph = LayeredGraph([*(reversed(layers) if reverse else layers)])
    tasks = graph.lower(["s", "q"])
    assert set(tasks) == {"s", "p", "q", "r"}
    assert run(tasks, ["s", "q"]) == [-2, 6]

"""What a picture shows of tasks and of layers."""

from functools import partial
from operator import add

import pytest

from minidask.diagnostics.drawing import draw_graph, draw_layers, key_label, shorten
from minidask.graph.convert import convert
from minidask.graph.layer import MaterializedLayer

TOKEN = "0123456789abcdef" * 2


def labels(drawing):
    return [(node.shape, node.label) for node in drawing.nodes]


def named_edges(drawing):
    return {(drawing.nodes[source].label, drawing.nodes[target].label) for source, target in drawing.edges}


def test_literals_calls_and_aliases():
    drawing = draw_graph(convert({"x": 1, "y": (add, "x", 10), "z": "y"}))
    assert labels(drawing) == [("box", "x"), ("ellipse", "add"), ("box", "y"), ("box", "z")]
    assert named_edges(drawing) == {("x", "add"), ("add", "y"), ("y", "z")}


def test_a_key_used_twice_is_one_arrow():
    assert len(draw_graph(convert({"x": 1, "y": (add, "x", "x")})).edges) == 2


def test_nested_calls_are_one_ellipse():
    drawing = draw_graph(convert({"x": 1, "y": (add, (abs, "x"), (sum, ["x", "x"]))}))
    assert [shape for shape, _ in labels(drawing)].count("ellipse") == 1


def test_names_of_functions():
    def f(*args):
        return args

    drawing = draw_graph(convert({"a": (partial(partial(f, 1), 2), 3), "b": (lambda: 1,)}))
    assert [label for shape, label in labels(drawing) if shape == "ellipse"] == ["f", "<lambda>"]


def test_outputs_are_emphasised():
    drawing = draw_graph(convert({"x": 1, "y": (add, "x", 1)}), ["y"])
    assert [node.bold for node in drawing.nodes] == [False, False, True]
    assert drawing.nodes[0].fill != drawing.nodes[2].fill


def test_collapsed_outputs():
    graph = convert({"x": 1, "y": (add, "x", 1), "z": (add, "y", 1)})
    drawing = draw_graph(graph, ["z"], collapse_outputs=True)
    assert labels(drawing) == [("box", "x"), ("ellipse", "add"), ("box", "y"), ("ellipse", "add")]
    assert drawing.nodes[-1].bold


def test_dependencies_outside_the_graph_have_boxes():
    graph = {"y": convert({"x": 1, "y": (add, "x", 1)})["y"]}
    assert ("x", "add") in named_edges(draw_graph(graph))


def test_keys_that_look_alike_are_different_nodes():
    graph = convert({"1": (add, 1.5, 1), ("1",): (add, 1.5, 2), "('1',)": (add, 1.5, 3)})
    assert len(draw_graph(graph).nodes) == 6


def test_attributes_of_single_nodes():
    graph = convert({"x": (add, 1.5, 2)})
    drawing = draw_graph(graph, data_attributes={"x": {"color": "red"}}, function_attributes={"x": {"color": "blue"}})
    assert [node.attrs for node in drawing.nodes] == [{"color": "blue"}, {"color": "red"}]


@pytest.mark.parametrize(
    ("key", "label"),
    [
        ("x", "x"),
        (3, "3"),
        (("x", 0), "0"),
        ((f"add-{TOKEN}", 1, 2), "1, 2"),
        (f"add-{TOKEN}", "add-0123"),
        ((f"add-{TOKEN}",), "('add-0123',)"),
        ("y" * 50, "y" * 23 + "…"),
    ],
)
def test_labels_of_keys(key, label):
    assert key_label(key) == label
    assert key_label(key, verbose=True) == (key if isinstance(key, str) else repr(key))


def test_tooltips_hold_the_whole_key():
    drawing = draw_graph(convert({f"add-{TOKEN}": (add, 1.5, 2)}))
    assert all(TOKEN in node.tooltip for node in drawing.nodes)


def test_shorten_keeps_what_fits():
    assert shorten("abcd", 4) == "abcd"


def test_layers():
    layers = {f"load-{TOKEN}": MaterializedLayer("load", convert({"x": 1})), "sum": {}}
    drawing = draw_layers(layers, {"sum": {f"load-{TOKEN}"}, f"load-{TOKEN}": set()})
    assert labels(drawing) == [("box", "load-0123\nMaterializedLayer"), ("box", "sum\ndict")]
    assert drawing.edges == [(0, 1)]
    assert [node.bold for node in drawing.nodes] == [False, True]


def test_layers_that_are_missing():
    with pytest.raises(KeyError, match="layer 'a' depends on 'b', but only one of them"):
        draw_layers({"a": {}}, {"a": {"b"}})

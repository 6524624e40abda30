"""The entry for graph pictures: formats, engines, files, colours, and bad input."""

import random
import xml.etree.ElementTree as ElementTree
from operator import add
from pathlib import Path

import pytest

from minidask.diagnostics import visualize_graph, visualize_layers
from minidask.diagnostics.graphviz import has_graphviz
from minidask.graph.convert import convert
from minidask.graph.task import Task, TaskRef, literal
from minidask.graph.traverse import CycleError

GRAPH = convert({"x": 1, "y": (add, "x", 10), "<script>": (add, "y", "x")})
SVG = "{http://www.w3.org/2000/svg}"

needs_dot = pytest.mark.skipif(not has_graphviz(), reason="needs the program dot of Graphviz")


@pytest.fixture
def no_dot(monkeypatch):
    monkeypatch.setenv("PATH", "")


def test_svg_without_any_program(tmp_path, no_dot):
    picture = visualize_graph(GRAPH, tmp_path / "graph", keys=["<script>"])
    assert picture.format == "svg"
    assert picture.filename == str(tmp_path / "graph.svg")
    assert Path(picture.filename).read_text(encoding="utf-8") == picture.data
    root = ElementTree.fromstring(picture.data)
    assert {element.text for element in root.iter(SVG + "text")} == {"x", "add", "y", "<script>"}
    assert picture._repr_svg_() == picture.data
    assert picture._repr_html_() is picture._repr_png_() is picture._repr_pdf_() is picture._repr_jpeg_() is None


def test_html_without_any_program(tmp_path, no_dot):
    picture = visualize_graph(GRAPH, tmp_path / "graph.html")
    page = Path(picture.filename).read_text(encoding="utf-8")
    assert page == picture.data
    assert page.startswith("<!DOCTYPE html>")
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert picture._repr_html_().startswith("<div")
    assert picture._repr_svg_() is None


def test_dot_text_without_any_program(tmp_path, no_dot):
    for engine in (None, "svg", "graphviz"):
        picture = visualize_graph(GRAPH, tmp_path / "graph.dot", engine=engine)
        assert Path(picture.filename).read_text(encoding="utf-8").startswith("digraph {")


def test_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    picture = visualize_graph(GRAPH, None, format="svg")
    assert picture.filename is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("filename", "arguments", "name"),
    [
        ("a.svg", {}, "a.svg"),
        ("a.SVG", {}, "a.SVG"),
        ("a", {"format": "svg"}, "a.svg"),
        ("a", {"format": ".SVG"}, "a.svg"),
        ("a.svg", {"format": "svg"}, "a.svg"),
        ("a.svg", {"format": "html"}, "a.svg.html"),
        ("run.v2", {"engine": "svg"}, "run.v2.svg"),
        ("a", {"engine": "svg"}, "a.svg"),
    ],
)
def test_names_of_files(filename, arguments, name, tmp_path):
    assert visualize_graph(GRAPH, str(tmp_path / filename), **arguments).filename == str(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@needs_dot
@pytest.mark.slow
@pytest.mark.parametrize(
    ("format", "magic"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("jpg", b"\xff\xd8"), ("jpeg", b"\xff\xd8")]
)
def test_formats_of_graphviz(format, magic, tmp_path):
    picture = visualize_graph(GRAPH, tmp_path / "graph", format=format)
    assert picture.data.startswith(magic)
    assert Path(picture.filename).read_bytes() == picture.data
    shown = picture._repr_png_() or picture._repr_pdf_() or picture._repr_jpeg_()
    assert shown == picture.data


@needs_dot
@pytest.mark.slow
def test_svg_and_html_of_graphviz():
    svg = visualize_graph(GRAPH, None, format="svg", engine="graphviz").data
    assert svg.startswith("<svg")
    ElementTree.fromstring(svg)
    page = visualize_graph(GRAPH, None, format="html", engine="graphviz").data
    assert "<svg" in page
    assert "DTD" not in page
    assert "<script" not in page


@needs_dot
@pytest.mark.slow
def test_png_is_the_default_where_graphviz_is(tmp_path):
    assert visualize_graph(GRAPH, tmp_path / "graph").filename == str(tmp_path / "graph.png")


@pytest.mark.parametrize("color", ["order", "ages", "freed", "memoryincreases", "memorydecreases", "memorypressure"])
def test_colours(color):
    picture = visualize_graph(GRAPH, None, format="svg", color=color)
    fills = {element.get("fill") for element in ElementTree.fromstring(picture.data).iter(SVG + "ellipse")}
    assert all(fill.startswith("#") for fill in fills)
    assert picture.data != visualize_graph(GRAPH, None, format="svg").data


def test_order_that_the_caller_gives():
    order = {"x": 0, "y": 70, "<script>": 90}
    root = ElementTree.fromstring(visualize_graph(GRAPH, None, format="svg", color="order", order=order).data)
    texts = [element.text for element in root.iter(SVG + "text")]
    assert texts.count("add") == 2
    assert texts[-2:] == ["Order: 0", "2"]
    # Ranks, as the numbers themselves may come from a larger graph.
    assert {"1", "2"} <= set(texts)


def test_maxval_and_colour_map():
    one = visualize_graph(GRAPH, None, format="svg", color="order", cmap="autumn").data
    two = visualize_graph(GRAPH, None, format="svg", color="order", cmap="autumn", maxval=100).data
    assert "#ffff00" in one
    assert ">100</text>" in two


def test_empty_graph():
    for color in (None, "order"):
        ElementTree.fromstring(visualize_graph({}, None, format="svg", color=color).data)
    ElementTree.fromstring(visualize_layers({}, {}, None, format="svg").data)


@pytest.mark.parametrize("keys", ["y", ["y"], [["x"], [["y"]]], (), [], {"x"}])
def test_keys_in_any_nesting(keys):
    visualize_graph(GRAPH, None, format="svg", keys=keys)


def test_a_tuple_is_one_key():
    graph = convert({("x", 0): (add, 1.5, 2)})
    picture = visualize_graph(graph, None, format="svg", keys=("x", 0))
    assert 'stroke-width="2.5"' in picture.data


def test_equal_graphs_give_equal_pictures():
    graphs = [dict(GRAPH), dict(GRAPH)]
    one, two = (visualize_graph(graph, None, format="svg").data for graph in graphs)
    assert one == two


@pytest.mark.parametrize("rankdir", ["TB", "BT", "LR", "RL"])
def test_directions(rankdir):
    root = ElementTree.fromstring(visualize_graph(GRAPH, None, format="svg", rankdir=rankdir).data)
    width, height = float(root.get("width")), float(root.get("height"))
    assert (width > height) == (rankdir in ("LR", "RL"))


@pytest.mark.slow
def test_thousands_of_tasks():
    rng = random.Random(7)
    graph = {0: literal(0)}
    for key in range(1, 2500):
        picks = {rng.randrange(max(0, key - 60), key) for _ in range(rng.randint(1, 3))}
        graph[key] = Task(max, tuple(map(TaskRef, sorted(picks))))
    picture = visualize_graph(graph, None, format="svg", color="memorypressure")
    assert len(list(ElementTree.fromstring(picture.data).iter(SVG + "ellipse"))) == 2499


def test_layers(tmp_path):
    picture = visualize_layers({"a": {}, "b": {}}, {"b": {"a"}}, tmp_path / "layers.svg")
    root = ElementTree.fromstring(Path(picture.filename).read_text(encoding="utf-8"))
    assert [element.text for element in root.iter(SVG + "text")] == ["a", "dict", "b", "dict"]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"engine": "ipycytoscape"}, ValueError, "unknown engine 'ipycytoscape' .*there are 'graphviz' and 'svg'"),
        ({"engine": "cytoscape"}, ValueError, "unknown engine 'cytoscape'"),
        ({"format": "gif"}, ValueError, "unknown format 'gif'; there are png, svg, pdf, jpg, jpeg, html, dot"),
        ({"filename": "graph.gif", "format": None}, ValueError, "unknown format 'gif'; there are png, svg"),
        ({"filename": 3}, TypeError, "filename must be a text, a path or None, not int"),
        ({"engine": "svg", "format": "png"}, ValueError, "'svg' can't write 'png', only svg, html, dot"),
        ({"color": "rainbow"}, ValueError, "unknown colouring 'rainbow'; there are order, ages"),
        ({"cmap": "jet", "color": "order"}, ValueError, "unknown colour map 'jet'"),
        ({"rankdir": "UP"}, ValueError, "unknown rankdir 'UP'; there are TB, BT, LR, RL"),
        ({"keys": ["nope"]}, KeyError, "the output 'nope' is not in the graph"),
        ({"color": "order", "order": {"x": 0}}, KeyError, "the order has no place for 'y'"),
        ({"graph": [1]}, TypeError, "graph must be a mapping from keys to tasks, not list"),
        ({"node_attr": {"peripheries": 2}}, ValueError, "the engine 'svg' does not know 'peripheries'"),
        ({"graph": convert({"a": (abs, "b"), "b": (abs, "a")})}, CycleError, "'a' -> 'b' -> 'a'"),
    ],
)
def test_bad_input(arguments, error, message):
    with pytest.raises(error, match=message):
        visualize_graph(**{"graph": GRAPH, "filename": None, "format": "svg", **arguments})


@pytest.mark.parametrize("format", ["png", "pdf"])
def test_graphviz_is_missing(format, no_dot, tmp_path):
    with pytest.raises(RuntimeError, match=f"'{format}' needs the program 'dot' .*apt-get install graphviz"):
        visualize_graph(GRAPH, tmp_path / f"graph.{format}")
    assert list(tmp_path.iterdir()) == []


def test_graphviz_is_asked_for_and_missing(no_dot):
    with pytest.raises(RuntimeError, match="needs the program 'dot'"):
        visualize_graph(GRAPH, None, format="svg", engine="graphviz")


@pytest.mark.parametrize(
    ("layers", "dependencies", "error", "message"),
    [
        ([], {}, TypeError, "layers must be a mapping from names, not list"),
        ({}, [], TypeError, "dependencies must be a mapping from names, not list"),
        ({"a": {}}, {"a": ["b"]}, KeyError, "layer 'a' depends on 'b'"),
        ({"a": {}, "b": {}}, {"a": ["b"], "b": ["a"]}, ValueError, "cycle"),
    ],
)
def test_layers_bad_input(layers, dependencies, error, message):
    with pytest.raises(error, match=message):
        visualize_layers(layers, dependencies, None, format="svg")

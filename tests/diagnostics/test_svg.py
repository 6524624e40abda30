"""SVG and HTML: well-formed, escaped, with nothing from outside."""

import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask.diagnostics.drawing import Drawing, Legend, Node
from minidask.diagnostics.svg import html_page, svg_text

SVG = "{http://www.w3.org/2000/svg}"


def node(label="x", shape="box", **attrs):
    return Node(label, f"the key {label}", shape, attrs=attrs)


def texts(root):
    return [element.text for element in root.iter(SVG + "text")]


def test_shapes_labels_and_tooltips():
    root = ElementTree.fromstring(svg_text(Drawing([node("x"), node("add", "ellipse")], [(0, 1)])))
    assert texts(root) == ["x", "add"]
    assert [element.text for element in root.iter(SVG + "title")] == ["the key x", "the key add"]
    assert len(list(root.iter(SVG + "ellipse"))) == 1
    assert len(list(root.iter(SVG + "rect"))) == 2
    lines, heads = root.iter(SVG + "path")
    assert lines.get("d").startswith("M")
    assert heads.get("d").endswith("z")


@given(st.text(max_size=20), st.text(max_size=20))
def test_any_text_makes_well_formed_files(label, color):
    drawing = Drawing([Node(label, label, "box", attrs={"color": color})], legend=Legend(label, 0, 1, ("#000000",)))
    ElementTree.fromstring(svg_text(drawing).encode())


@pytest.mark.parametrize("label", ["<script>alert(1)</script>", 'a"b', "a&b", "a'b", "é漢字😀", "]]>", "--><x"])
def test_text_stays_text(label):
    root = ElementTree.fromstring(svg_text(Drawing([node(label)])).encode())
    assert texts(root) == [label]
    assert {element.tag.removeprefix(SVG) for element in root.iter()} == {"svg", "rect", "g", "title", "text"}


def test_characters_that_xml_forbids():
    text = svg_text(Drawing([node("a\0b\x1b\ud800c")]))
    assert texts(ElementTree.fromstring(text.encode())) == ["a\ufffdb\ufffd\ufffdc"]


def test_nothing_is_loaded_from_outside():
    page = html_page(svg_text(Drawing([node()])), "t").replace('xmlns="http://www.w3.org/2000/svg"', "")
    for forbidden in ("http:", "https:", "//", "<script", "@import", "url(", "href", "src="):
        assert forbidden not in page


def test_page():
    page = html_page("<svg></svg>", "</title><script>")
    assert "<script>" not in page
    assert "&lt;/title&gt;&lt;script&gt;" in page
    assert "<svg></svg>" in page


def test_wide_labels_have_wide_nodes():
    def width(label):
        root = ElementTree.fromstring(svg_text(Drawing([node(label)])).encode())
        return float(list(root.iter(SVG + "rect"))[1].get("width"))

    assert width("x" * 40) > width("x" * 20) > width("x")
    assert width("漢" * 20) > width("x" * 20)


def test_attributes():
    drawing = Drawing(
        [node(fillcolor="#000000", penwidth=3, shape="circle", label="A\nB", fontsize=20), node("y")],
        [(0, 1)],
        graph_attr={"bgcolor": "#eeeeee", "rankdir": "LR"},
        node_attr={"color": "red"},
        edge_attr={"color": "blue", "penwidth": 2},
    )
    root = ElementTree.fromstring(svg_text(drawing))
    ellipse = next(root.iter(SVG + "ellipse"))
    assert (ellipse.get("fill"), ellipse.get("stroke"), ellipse.get("stroke-width")) == ("#000000", "red", "3")
    first, second, third = root.iter(SVG + "text")
    assert [first.text, second.text, third.text] == ["A", "B", "y"]
    assert (first.get("fill"), first.get("font-size")) == ("#ffffff", "20")
    assert next(root.iter(SVG + "path")).get("stroke") == "blue"
    assert next(root.iter(SVG + "rect")).get("fill") == "#eeeeee"
    assert float(third.get("x")) > float(first.get("x"))


def test_legend():
    legend = Legend("Order", 0, 12, ("#000000", "#777777", "#ffffff"))
    root = ElementTree.fromstring(svg_text(Drawing([node()], legend=legend)))
    assert texts(root)[-2:] == ["Order: 0", "12"]
    assert [rect.get("fill") for rect in root.iter(SVG + "rect")][-3:] == list(legend.colors)


@pytest.mark.parametrize(
    ("drawing", "message"),
    [
        (Drawing(node_attr={"peripheries": 2}), "node_attr: the engine 'svg' does not know 'peripheries', only color"),
        (Drawing(edge_attr={"arrowhead": "vee"}), "edge_attr: the engine 'svg' does not know 'arrowhead'"),
        (Drawing(graph_attr={"splines": "ortho"}), "graph_attr: the engine 'svg' does not know 'splines'"),
        (Drawing([node(style="dotted")]), "attributes of a node: the engine 'svg' does not know 'style'"),
        (Drawing([node(shape="star")]), "unknown shape 'star'; the engine 'svg' has box"),
        (Drawing([node(), node()], [(0, 1), (1, 0)]), "the graph has a cycle"),
    ],
)
def test_bad_input(drawing, message):
    with pytest.raises(ValueError, match=message):
        svg_text(drawing)

"""DOT text, and the program that reads it."""

import json

import pytest

from minidask.diagnostics import graphviz
from minidask.diagnostics.drawing import Drawing, Legend, Node
from minidask.diagnostics.graphviz import dot_text, has_graphviz, run_dot

needs_dot = pytest.mark.skipif(not has_graphviz(), reason="needs the program dot of Graphviz")

NASTY = ["<b>x</b>", 'say "x"', "back\\slash \\N \\G", "&lt;&amp;", "two\nlines", "é漢😀", "a{b|c}", "-> n1; n2", ""]


def drawing():
    return Drawing([Node(text, text, "box") for text in NASTY], [(0, 1)])


def test_text():
    text = dot_text(
        Drawing(
            [Node("x", "x", "box", "#440154", True, {"color": "red"}), Node("f", "f", "ellipse")],
            [(0, 1)],
            "LR",
            Legend("Order", 0, 3, ("#000000", "#ffffff")),
            {"splines": "ortho"},
            {"fontname": "Courier"},
            {"color": "blue"},
        )
    )
    assert 'rankdir="LR"' in text
    assert 'splines="ortho"' in text
    assert 'label="Order: 0 (#000000) to 3 (#ffffff)"' in text
    assert 'fontname="Courier"' in text
    assert 'edge [color="blue"' in text
    assert 'fontcolor="#ffffff", penwidth="2.5", color="red"' in text
    assert text.count("n0 -> n1") == 1


@needs_dot
@pytest.mark.slow
def test_texts_arrive_as_they_are():
    drawn = json.loads(run_dot(dot_text(drawing()), "json"))
    shown = []
    for item in drawn["objects"]:
        lines = [operation["text"] for operation in item.get("_ldraw_", []) if operation["op"] == "T"]
        shown.append("\n".join(lines))
    assert shown == NASTY
    assert len(drawn["edges"]) == 1


@needs_dot
@pytest.mark.slow
@pytest.mark.parametrize(
    ("format", "magic"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml"), ("jpg", b"\xff\xd8")]
)
def test_formats(format, magic):
    assert run_dot(dot_text(drawing()), format).startswith(magic)


@needs_dot
def test_failure_says_what_dot_says():
    with pytest.raises(RuntimeError, match=r"the program 'dot' failed with status 1: .*syntax error"):
        run_dot("digraph {", "svg")


def test_missing_program(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert not graphviz.has_graphviz()
    with pytest.raises(RuntimeError, match=r"was not found: install Graphviz .*format='svg' or 'html'"):
        run_dot("digraph {}", "png")


def test_characters_that_cannot_be_encoded():
    assert "n0 [" in dot_text(Drawing([Node("a\0b\ud800", "k", "box")])).encode().decode()

"""visualize finds graphs among its arguments and has them drawn."""

from __future__ import annotations

from operator import add

import pytest

from minidask import config, delayed, visualize
from tests.collection.samples import Grid, Tuple, numbers


def draw(*args, **kwargs):
    return visualize(*args, filename=None, **{"format": "svg", "engine": "svg", **kwargs}).data


def test_all_collections_are_drawn_into_one_picture():
    picture = draw(delayed(abs)(-1), {"a": [numbers(name="mine")]})
    assert "abs" in picture
    assert "mine" in picture


def test_plain_graphs_are_drawn():
    assert "add" in draw({"x": 1, "y": (add, "x", 1)})


def test_a_file_is_written(tmp_path):
    visualize(delayed(abs)(-1), filename=str(tmp_path / "picture.svg"), engine="svg")
    assert "<svg" in (tmp_path / "picture.svg").read_text()


def test_optimised_graphs_lack_what_is_not_needed():
    x = Tuple({"needed": (abs, 1), "superfluous": (add, 1, 2)}, ["needed"])
    assert "add" in draw(x)
    assert "add" not in draw(x, optimize_graph=True)


def test_color_order_and_layers():
    x = delayed(abs)(-1) + 1
    assert "<svg" in draw(x, color="order")
    assert "<svg" in draw(Grid.of([[1, 2]]) + 1, layers=True)


def test_nothing_to_draw_is_an_error():
    with pytest.raises(TypeError, match="visualize needs a collection, or a graph as a dict"):
        visualize(1, [2], filename=None)
    with pytest.raises(TypeError, match="visualize needs a collection"):
        visualize(filename=None)


def test_an_unknown_engine_is_an_error():
    with pytest.raises(ValueError, match="pencil"):
        visualize(delayed(1), filename=None, engine="pencil")


def test_the_engine_is_a_setting():
    with config.set({"visualization.engine": "pencil"}), pytest.raises(ValueError, match="pencil"):
        visualize(delayed(1), filename=None)

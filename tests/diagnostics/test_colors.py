"""Colour maps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask.diagnostics.colors import COLORMAPS, colorize, readable_on


@pytest.mark.parametrize("name", COLORMAPS)
def test_ends_of_the_map(name):
    colors = colorize({"low": -3, "high": 7}, name)
    assert (colors["low"], colors["high"]) == (COLORMAPS[name][0], COLORMAPS[name][-1])


def test_maxval_cuts():
    colors = colorize({"a": 0, "b": 10, "c": 20}, "autumn", maxval=10)
    assert colors["b"] == colors["c"] == "#ffff00"


def test_equal_numbers_and_none():
    assert colorize({"a": 3, "b": 3}) == {"a": "#440154", "b": "#440154"}
    assert colorize({}) == {}


@given(st.dictionaries(st.integers(), st.floats(-1e9, 1e9), min_size=1))
def test_always_a_colour(numbers):
    for color in colorize(numbers).values():
        assert len(color) == 7
        assert 0 <= int(color[1:], 16) <= 0xFFFFFF


def test_readable():
    assert readable_on("#000000") == "#ffffff"
    assert readable_on("#ffffff") == "#000000"
    assert readable_on("none") == "#000000"


def test_unknown_map():
    with pytest.raises(ValueError, match="unknown colour map 'jet'; there are viridis, plasma, RdBu"):
        colorize({}, "jet")

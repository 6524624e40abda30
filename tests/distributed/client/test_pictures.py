"""The seam to what draws."""

from __future__ import annotations

import pytest

from minidask_distributed.client.pictures import draw, register_pictures, wants_picture


@pytest.fixture(autouse=True)
def none_registered():
    before = register_pictures(None)
    yield
    register_pictures(before)


def test_drawing():
    def load(kind):
        return lambda data, filename, **options: (kind, data, filename, options)

    assert register_pictures(load) is None
    assert draw("profile", [1], "x.html", wide=True) == ("profile", [1], "x.html", {"wide": True})
    assert register_pictures(None) is load


def test_nothing_draws():
    with pytest.raises(RuntimeError, match=r"from minidask\.distributed import Client"):
        draw("profile", [])
    with pytest.raises(TypeError, match="must be callable, got int"):
        register_pictures(3)


@pytest.mark.parametrize("plot", ["print", 3, "true"])
def test_other_wishes(plot):
    with pytest.raises(ValueError, match="plot must be True, False or 'save'"):
        wants_picture(plot, "x.html")


def test_saving_needs_a_file():
    with pytest.raises(ValueError, match="needs a filename"):
        wants_picture("save", None)

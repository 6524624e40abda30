import numpy as np
import pytest

from minidask_distributed.dashboard.plots.palette import (
    ACTIVITY_COLORS,
    MANY,
    PREFIX_COLORS,
    STATE_COLORS,
    Palette,
    color_of,
    text_on,
)
from minidask_distributed.scheduler.machine.states import NAMES

# How people with protanopia and deuteranopia see linear RGB: G. M. Machado et al., 2009, severity 1.
SIGHTS = {
    "all": np.eye(3),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]
    ),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
}


def linear(color):
    channels = np.array([int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def oklab(rgb):
    lms = (
        np.array(
            [
                [0.4122214708, 0.5363325363, 0.0514459929],
                [0.2119034982, 0.6806995451, 0.1073969566],
                [0.0883024619, 0.2817188376, 0.6299787005],
            ]
        )
        @ rgb
    )
    lab = np.array(
        [
            [0.2104542553, 0.793617785, -0.0040720468],
            [1.9779984951, -2.428592205, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.808675766],
        ]
    )
    return lab @ np.cbrt(lms)


def distance(one, other, sight):
    seen = [oklab(np.clip(SIGHTS[sight] @ linear(color), 0, 1)) for color in (one, other)]
    return float(np.linalg.norm(seen[0] - seen[1]))


@pytest.mark.parametrize("sight", SIGHTS)
def test_the_colours_of_prefixes_are_told_apart(sight):
    pairs = [(a, b) for at, a in enumerate(PREFIX_COLORS) for b in PREFIX_COLORS[at + 1 :]]
    assert min(distance(a, b, sight) for a, b in pairs) > 0.08


@pytest.mark.parametrize("sight", SIGHTS)
def test_no_prefix_looks_like_a_transfer_a_disk_or_an_error(sight):
    for kind in ("transfer", "disk", "serialize", "error"):
        assert min(distance(ACTIVITY_COLORS[kind], color, sight) for color in PREFIX_COLORS) > 0.08


def test_a_prefix_has_the_same_colour_always():
    one, other = Palette(), Palette()
    assert one.color_of("inc") == other.color_of("inc") == one.color_of("inc")
    assert color_of("some-prefix") == color_of("some-prefix")


def test_prefixes_share_a_colour_only_when_there_are_more_of_them():
    palette = Palette()
    colors = [palette.color_of(f"prefix-{at}") for at in range(len(PREFIX_COLORS))]
    assert len(set(colors)) == len(PREFIX_COLORS)
    assert palette.color_of("one-more") in PREFIX_COLORS
    assert [palette.color_of(f"prefix-{at}") for at in range(len(PREFIX_COLORS))] == colors


def test_what_is_remembered_is_bounded():
    palette = Palette()
    for at in range(MANY + 100):
        palette.color_of(str(at))
    assert len(palette._chosen) == MANY
    assert palette.color_of(str(MANY + 50)) == palette.color_of(str(MANY + 50))


def test_any_text_has_a_colour():
    assert color_of("") in PREFIX_COLORS
    assert color_of("\ud800") in PREFIX_COLORS


def test_every_state_has_a_colour():
    assert tuple(STATE_COLORS) == NAMES
    assert STATE_COLORS["erred"] == ACTIVITY_COLORS["error"] == "#000000"


def test_text_is_black_on_light_colours():
    assert (text_on("#ffffff"), text_on("#000000")) == ("#000000", "#ffffff")

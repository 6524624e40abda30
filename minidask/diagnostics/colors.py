"""Colours for numbers: the colour maps of graph pictures.

Place in the flow: `pictures` colours nodes by a number each (their order, their memory …); who draws text on a colour
asks `readable_on`. Colours are ``#rrggbb`` strings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["COLORMAPS", "colorize", "readable_on"]

# Anchors at equal distances, sampled from matplotlib's maps of these names (public domain, CC0).
COLORMAPS: dict[str, tuple[str, ...]] = {
    "viridis": ("#440154", "#3b528b", "#21918c", "#5ec962", "#fde725"),
    "plasma": ("#0d0887", "#7e03a8", "#cc4778", "#f89540", "#f0f921"),
    "RdBu": ("#67001f", "#d6604d", "#f7f7f7", "#4393c3", "#053061"),
    "autumn": ("#ff0000", "#ff8000", "#ffff00"),
    "Blues": ("#f7fbff", "#6baed6", "#08306b"),
    "Reds": ("#fff5f0", "#fb6a4a", "#67000d"),
}


def colorize(numbers: Mapping[Any, float], colormap: str = "viridis", maxval: float | None = None) -> dict[Any, str]:
    """Give every number a colour, the smallest the first of the map and the largest the last.

    Parameters
    ----------
    numbers : mapping of anything to float
    colormap : str
        A name in `COLORMAPS`.
    maxval : float, optional
        The number that gets the last colour; larger ones get it too. By default the largest.

    Returns
    -------
    dict
        ``#rrggbb`` for each.

    Raises
    ------
    ValueError
        If the map is unknown.

    Examples
    --------
    >>> colorize({"a": 0, "b": 5, "c": 10}, "autumn")
    {'a': '#ff0000', 'b': '#ff8000', 'c': '#ffff00'}
    """
    anchors = COLORMAPS.get(colormap)
    if anchors is None:
        raise ValueError(f"unknown colour map {colormap!r}; there are {', '.join(COLORMAPS)}")
    low = min(numbers.values(), default=0)
    high = max(numbers.values(), default=0) if maxval is None else maxval
    span = high - low
    return {
        name: _interpolate(anchors, min(1.0, max(0.0, (number - low) / span)) if span > 0 else 0.0)
        for name, number in numbers.items()
    }


def readable_on(fill: str) -> str:
    """Return black or white, whichever is easier to read on the colour `fill` (``#rrggbb``; else black).

    The threshold is on the relative luminance of WCAG 2.

    Examples
    --------
    >>> readable_on("#440154"), readable_on("#fde725"), readable_on("lightblue")
    ('#ffffff', '#000000', '#000000')
    """
    if len(fill) != 7 or not fill.startswith("#"):
        return "#000000"
    linear = [((c / 255 + 0.055) / 1.055) ** 2.4 if c > 10 else c / 255 / 12.92 for c in _channels(fill)]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#000000" if luminance > 0.179 else "#ffffff"


def _channels(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _interpolate(anchors: tuple[str, ...], fraction: float) -> str:
    place = fraction * (len(anchors) - 1)
    left = min(int(place), len(anchors) - 2)
    weight = place - left
    pairs = zip(_channels(anchors[left]), _channels(anchors[left + 1]), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * weight):02x}" for a, b in pairs)

"""The colours of tasks: one for every prefix of keys, the same on every page and in reports; and those of what isn't a task.

Place in the flow: feeds colour their rows by `color_of`, plots name states and kinds of activities by the tables here.

The colours of prefixes are told apart by people who don't see red or green well, and from the four that have a meaning (red,
orange, grey, black). They were found by a search in the OKLab colour space (B. Ottosson, 2020) over the colours as people with
protanopia and deuteranopia see them (G. Machado et al., 2009); the module's test measures their distances again.

Invariants: a prefix keeps its colour as long as the process lives. The first wish of a prefix is a hash of its text, so that it
has the same colour tomorrow; a wish that another prefix of this process has had before gives way to the next free colour. Only
when there are more prefixes than colours do two share one. No bokeh here.
"""

from __future__ import annotations

from zlib import crc32

PREFIX_COLORS = (
    "#8fa8ff",
    "#6c385d",
    "#d2cc62",
    "#5a6ac5",
    "#557d6c",
    "#75dfac",
    "#33449c",
    "#71bfc0",
    "#8d82d3",
    "#116b8d",
    "#57bc77",
    "#9dcdf8",
)

ACTIVITY_COLORS = {
    "transfer": "#d62839",  # red
    "disk": "#f08c00",  # orange
    "serialize": "#8b929c",  # grey
    "error": "#000000",  # black
}
"""{kind of a rectangle of the task stream that isn't a prefix's: colour}."""

STATE_COLORS = {
    "released": "#7d8794",
    "waiting": "#c3cad4",
    "queued": "#e2bd3f",
    "no-worker": "#c2619c",
    "processing": "#3f87e0",
    "memory": "#1c9a74",
    "erred": "#000000",
    "forgotten": "#a3acb8",
}
"""{state of a task: colour}, in the order of `scheduler.machine.states.NAMES`."""

MEMORY_COLORS = {"ok": "#3f78c4", "near": "#f08c00", "paused": "#d62839"}
"""{how a worker stands with its memory: colour}."""

SPILLED_COLOR = "#98a1ad"

MANY = 10_000
"""Prefixes whose colours are remembered; those that come after have their first wish."""


class Palette:
    """Colours by prefix.

    Parameters
    ----------
    colors
        To choose from.

    Examples
    --------
    >>> palette = Palette(["red", "blue"])
    >>> first = palette.color_of("inc")
    >>> palette.color_of("inc") == first, palette.color_of("add") != first
    (True, True)
    """

    def __init__(self, colors: tuple[str, ...] | list[str] = PREFIX_COLORS) -> None:
        self.colors = tuple(colors)
        self._chosen: dict[str, str] = {}
        self._taken: set[int] = set()

    def color_of(self, prefix: str) -> str:
        """Return the colour of a prefix, as ``"#rrggbb"``."""
        color = self._chosen.get(prefix)
        return self._choose(prefix) if color is None else color

    def _choose(self, prefix: str) -> str:
        n = len(self.colors)
        at = wish = crc32(prefix.encode("utf-8", "surrogatepass")) % n
        if len(self._taken) < n:
            while at in self._taken:
                at = (at + 1) % n
            self._taken.add(at)
        if len(self._chosen) >= MANY:
            return self.colors[wish]
        color = self._chosen[prefix] = self.colors[at]
        return color


_palette = Palette()
color_of = _palette.color_of
"""The colour of a prefix in this process."""


def text_on(color: str) -> str:
    """Return black or white, whichever is easier to read on a colour (relative luminance of WCAG 2).

    Examples
    --------
    >>> text_on("#d2cc62"), text_on("#33449c")
    ('#000000', '#ffffff')
    """
    channels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels]
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "#000000" if luminance > 0.179 else "#ffffff"

"""What a page consists of: plots and tables in rows; plain descriptions, which need no library of plots.

Place in the flow: `pages` has the pages of the scheduler's dashboard made of these, `page_shell` writes them as HTML, `figures`
makes a plot's figure when it is first asked for.

Invariants: names are unique and fit into a URL; nothing here is rendered.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Plot:
    """A figure.

    Parameters
    ----------
    name
        Unique, as ``"task-stream"``: its JSON is at ``figures/task-stream.json``.
    title
        For people, as ``"Task stream"``.
    make
        Where its function is: a module of `dashboard.plots` and a name in it, ``"task_stream:task_stream"``. It is called with
        the theme, ``"light"`` or ``"dark"``, and returns a Bokeh ``LayoutDOM``.
    feeds
        The feeds of its sources (what their tags name).
    hint
        A line beside the title: what the marks mean, and in which unit.
    empty
        A sentence to be shown while there are no rows: what will appear.
    key
        (text, colour) of what the figure's colours mean, where nothing else says it; ``"#rrggbbaa"`` for translucent ones.
    height
        Of its place on the page, in pixels.
    """

    name: str
    title: str
    make: str
    feeds: tuple[str, ...] = ()
    hint: str = ""
    empty: str = ""
    key: tuple[tuple[str, str], ...] = ()
    height: int = 300


@dataclass(frozen=True, slots=True)
class Table:
    """A table of text that the page's script fills from a feed.

    Parameters
    ----------
    name
        Unique.
    title
        For people.
    feed
        The feed's name.
    columns
        (column of the feed, heading, kind): kinds are the script's, as ``"text"``, ``"bytes"``, ``"seconds"``, ``"link:column"``.
    hint, empty
        As for `Plot`.
    sortable
        Whether a click on a heading sorts.
    titles
        (column, what its heading means): the box on hover, where the heading is an abbreviation.
    narrow
        Columns that are left out of windows up to 1500, up to 1240, and up to 900 pixels wide.
    """

    name: str
    title: str
    feed: str
    columns: tuple[tuple[str, str, str], ...]
    hint: str = ""
    empty: str = ""
    sortable: bool = True
    titles: tuple[tuple[str, str], ...] = ()
    narrow: tuple[tuple[str, ...], ...] = ()

    @property
    def feeds(self) -> tuple[str, ...]:
        """The feed, as plots have theirs."""
        return (self.feed,)


Part: TypeAlias = "Plot | Table"


@dataclass(frozen=True, slots=True)
class Tabs:
    """Parts that take turns at one place."""

    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A page.

    Parameters
    ----------
    route
        Its path, as ``"status"``.
    title
        Its name in the navigation.
    lead
        One line that says what to read from it.
    rows
        Parts, side by side in each row.
    in_navigation
        Whether the navigation has it.
    more_feeds
        Feeds beside those of its parts; with "summary" it gets the strip of the cluster's numbers.
    """

    route: str
    title: str
    lead: str
    rows: tuple[tuple[Part | Tabs, ...], ...] = field(default=())
    in_navigation: bool = True
    more_feeds: tuple[str, ...] = ()

    def feeds(self) -> tuple[str, ...]:
        """Return the names of all feeds that the page shows, each once."""
        return tuple(dict.fromkeys((*self.more_feeds, *(feed for part in self.parts() for feed in part.feeds))))

    def parts(self) -> Iterable[Part]:
        """Return all plots and tables, those of tabs too."""
        for row in self.rows:
            for part in row:
                yield from part.parts if isinstance(part, Tabs) else (part,)

"""What a feed is: a named table that pages show, read off a scheduler or worker once a tick, for all readers together.

Place in the flow: one module a family of feeds beside this one; `desk.FeedDesk` reads those that somebody wants, encodes what
they return, and hands it to websockets and polling. Figures and tables name their feed: ``tags=["feed:workers-memory"]``.

Invariants: `Feed.read` runs on the server's event loop, so it takes a few milliseconds at most and returns at most `MAX_ROWS`
rows, whatever the cluster's size; what it returns is plain values (numbers, texts, None, or NumPy arrays of these).

Not for: what to show (`plots`), or how it gets there (`desk`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypeAlias

MAX_ROWS = 2000
"""More rows than that nobody tells apart on a screen; a table of 20 columns is then about 300 kB of JSON."""

Columns: TypeAlias = "Mapping[str, Sequence[Any]]"


class Feed:
    """A table that is sent wholly whenever it has changed. Derive from it; one object serves every server of a process.

    Examples
    --------
    >>> class Names(Feed):
    ...     name = "names"
    ...     columns = ("address", "nthreads")
    ...
    ...     def read(self, server, now):
    ...         workers = server.workers
    ...         return {"address": [*workers], "nthreads": [worker.nthreads for worker in workers.values()]}
    >>> check_columns(Names(), {"address": ["tcp://a:1"], "nthreads": [2]})
    """

    name: ClassVar[str]  # unique; also the tag of the sources: "feed:" + name
    period_s: ClassVar[float] = 0.2  # read no more often than that
    columns: ClassVar[tuple[str, ...]]

    def read(self, server: Any, now: float) -> Columns:
        """Return the whole table, {column: values}.

        Parameters
        ----------
        server
            The `Scheduler` (or `Worker`, for the feeds of a worker's own pages).
        now
            Seconds since the epoch.
        """
        raise NotImplementedError(f"{type(self).__name__} must read its table")


class StreamFeed(Feed):
    """A table to which rows are appended; of each reader's rows the last `rollover` are kept.

    A cursor says up to where rows were read; it is any value that isn't changed in place, such as a count of rows.
    """

    rollover: ClassVar[int] = 5000  # rows that a page keeps

    def begin(self, server: Any) -> Any:
        """Return the cursor before the oldest row that is remembered: a page that opens shows the past, too."""
        raise NotImplementedError(f"{type(self).__name__} must say where its rows begin")

    def read_since(self, server: Any, cursor: Any, now: float) -> tuple[Columns, Any]:
        """Return the rows after a cursor, and the cursor after them.

        Parameters
        ----------
        server, now
            As for `read`.
        cursor
            From `begin` or an earlier call, possibly a long time ago: rows that are gone since are left out.
        """
        raise NotImplementedError(f"{type(self).__name__} must read its rows")

    def read(self, server: Any, now: float) -> Columns:
        """Return the last `rollover` rows."""
        return self.snapshot(server, now)[0]

    def snapshot(self, server: Any, now: float) -> tuple[Columns, Any]:
        """Return the last `rollover` rows, and the cursor after them."""
        columns, cursor = self.read_since(server, self.begin(server), now)
        return {name: column[-self.rollover :] for name, column in columns.items()}, cursor


def check_columns(feed: Feed, columns: Columns) -> None:
    """Check what a feed returned.

    Raises
    ------
    ValueError
        If it has other columns than the feed says, or they differ in length.
    """
    if tuple(columns) != feed.columns and set(columns) != set(feed.columns):
        raise ValueError(f"the feed {feed.name} returned the columns {sorted(columns)}, not {sorted(feed.columns)}")
    if len({len(column) for column in columns.values()}) > 1:
        lengths = {name: len(column) for name, column in columns.items()}
        raise ValueError(f"the columns of the feed {feed.name} differ in length: {lengths}")


def registry(*feeds: Feed) -> dict[str, Feed]:
    """Return {name: feed}.

    Raises
    ------
    ValueError
        If two feeds have one name.
    """
    named = {feed.name: feed for feed in feeds}
    if len(named) < len(feeds):
        names = [feed.name for feed in feeds]
        raise ValueError(f"feeds of one name: {sorted({name for name in names if names.count(name) > 1})}")
    return named

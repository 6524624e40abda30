"""What the pages showed, written to a file, and played from it into the same pages.

Place in the flow: `Recording` is a service of a scheduler, beside its dashboard or without one: a reader of the feeds that writes
frames down, as `feeds.desk` makes them for browsers. `Playback` stands where a scheduler would: a `service.Dashboard` that is
started with it serves the pages whose feeds were recorded, at the pace at which they came.

The file has a line of JSON for what was recorded, ``{"minidask-recording": 1, "feeds": {name: columns}}``, and one a frame; a
name that ends with ``.gz`` is compressed.

Invariants: while nothing is read frames cost what a browser costs; the file is bounded; whatever it holds, a playback only shows
it. Not for: pages that ask the cluster itself (profiles, single tasks and workers); `report` has profiles.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import time
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

from minidask_distributed.dashboard.feeds import ALL
from minidask_distributed.dashboard.feeds.base import Columns, Feed, StreamFeed
from minidask_distributed.dashboard.feeds.desk import FeedDesk, Reader
from minidask_distributed.dashboard.pages import INDIVIDUAL_PLOTS, PAGES
from minidask_distributed.security import Security

logger = logging.getLogger(__name__)

VERSION = 1
MARK = "minidask-recording"
MOST_BYTES = 1 << 30
"""Of a file, before it is compressed: some hours of a busy cluster."""


class Recording:
    """Write down what the pages of a scheduler show, from its start to its end.

    Parameters
    ----------
    path
        Of the file, which is replaced if it is there.
    feeds
        Names of feeds; default: all.
    most_bytes
        When so much has been written no more is.

    Raises
    ------
    KeyError
        For a feed that there isn't.

    Examples
    --------
    >>> Recording("cluster.jsonl.gz", ["summary"]).describe()
    {'scheme': 'file', 'host': '', 'port': 0, 'prefix': 'cluster.jsonl.gz'}
    """

    name = "recording"
    port = 0

    def __init__(self, path: str | Path, feeds: Iterable[str] = tuple(ALL), most_bytes: int = MOST_BYTES) -> None:
        self.path = Path(path)
        self.feeds = {name: ALL[name] for name in feeds}
        self._left = most_bytes
        self._file: IO[str] | None = None
        self._desk: FeedDesk | None = None
        self._reader: Reader | None = None

    def describe(self) -> dict[str, Any]:
        """Return where it is; see `services.Service`."""
        return {"scheme": "file", "host": "", "port": 0, "prefix": str(self.path)}

    async def start(self, server: Any) -> None:
        """Begin. Raises OSError if the file can't be written."""
        self._file = await asyncio.to_thread(_open, self.path, "wt")
        head = {MARK: VERSION, "feeds": {name: list(feed.columns) for name, feed in self.feeds.items()}}
        await asyncio.to_thread(self._write, json.dumps(head))
        recorder = server.recorder
        self._desk = FeedDesk(server, self.feeds, on_first=recorder.attach, on_last=recorder.detach)
        self._reader = Reader(self.feeds, self._take)
        self._desk.add(self._reader)

    async def _take(self, frame: str) -> None:
        try:
            await asyncio.to_thread(self._write, frame)
        except OSError as error:
            self._stop(f"it can't be written: {error}")
            return
        if self._left <= 0:
            self._stop("the file has become as long as it may")

    def _write(self, line: str) -> None:
        assert self._file is not None
        self._file.write(line + "\n")
        self._left -= len(line)

    def _stop(self, why: str) -> None:
        logger.warning("the recording %s ends: %s", self.path, why)
        if self._desk is not None and self._reader is not None:
            self._desk.remove(self._reader)

    async def close(self) -> None:
        """End, and close the file."""
        desk, self._desk = self._desk, None
        if desk is not None and self._reader is not None:
            # What is being written is written wholly.
            while self._reader.is_busy:
                await self._reader.settle()
            desk.close()
        file, self._file = self._file, None
        if file is not None:
            await asyncio.to_thread(file.close)


class Playback:
    """A recording in a scheduler's place: ``await Dashboard(":0").start(Playback(path))``.

    Parameters
    ----------
    path
        Of the file.
    speed
        How many seconds of the recording pass in one.
    security
        Whose view token the pages ask for. Default: the user's.

    Raises
    ------
    OSError
        If the file can't be read.
    ValueError
        If it is no recording, or for a speed that isn't positive.
    """

    def __init__(self, path: str | Path, speed: float = 1.0, security: Security | None = None) -> None:
        if not speed > 0:
            raise ValueError(f"speed must be positive, got {speed!r}")
        with _open(Path(path), "rt") as file:
            lines = [_parsed(line, path) for line in file]
        if not lines or lines[0].get(MARK) != VERSION or not isinstance(lines[0].get("feeds"), dict):
            raise ValueError(f"{path} is no recording of a dashboard")
        self.name = Path(path).name
        self.security = security
        self.frames = [frame for frame in lines[1:] if "feeds" in frame]
        self.tables: dict[str, dict[str, list[Any]]] = {}  # {feed: columns, of a stream all rows so far}
        self._at = 0  # frames that were taken in
        self._speed, self._began = speed, time.monotonic()
        feeds = {name: _played(name, tuple(columns)) for name, columns in lines[0]["feeds"].items() if name in ALL}
        pages = [page for page in PAGES if set(page.feeds()) <= feeds.keys() and any(one.feeds for one in page.parts())]
        plots = [plot for plot in INDIVIDUAL_PLOTS if plot.feeds and set(plot.feeds) <= feeds.keys()]
        self.dashboard_parts = SimpleNamespace(
            PAGES=tuple(pages), INDIVIDUAL_PLOTS=tuple(plots), FEEDS=feeds, ROUTES=[], with_data=False
        )

    def frame_clock(self) -> float:
        """Return the time of the recording, in seconds since the epoch; at its end it stands still."""
        if not self.frames:
            return 0.0
        now = self.frames[0]["time"] + (time.monotonic() - self._began) * self._speed
        return float(min(now, self.frames[-1]["time"]))

    def columns(self, name: str, now: float) -> dict[str, list[Any]]:
        """Return a feed's rows at a time of the recording."""
        while self._at < len(self.frames) and self.frames[self._at]["time"] <= now:
            for feed, part in self.frames[self._at]["feeds"].items():
                self._take(feed, part)
            self._at += 1
        return self.tables.get(name) or {column: [] for column in self.dashboard_parts.FEEDS[name].columns}

    def _take(self, name: str, part: dict[str, Any]) -> None:
        known = self.tables.get(name)
        rows = part.get("append") or part.get("set")
        if rows is None:
            return
        if "append" not in part and (known is None or not isinstance(ALL.get(name), StreamFeed)):
            self.tables[name] = rows
            return
        known = self.tables.setdefault(name, {column: [] for column in rows})
        # After a pause of the disk all rows came again: those that are new follow on the last one that is known.
        start = 0 if "append" in part else _behind(known, rows)
        for column, values in rows.items():
            known[column].extend(values[start:])


def _behind(known: dict[str, list[Any]], rows: dict[str, list[Any]]) -> int:
    last = [column[-1:] for column in known.values()]
    n_rows = max(map(len, rows.values()), default=0)
    places = (at for at in range(n_rows, 0, -1) if [rows[name][at - 1 : at] for name in known] == last)
    return next(places, 0)


class _Table(Feed):
    def read(self, server: Any, now: float) -> Columns:
        rows: Columns = server.columns(self.name, now)
        return rows


class _Stream(StreamFeed):
    def begin(self, server: Any) -> int:
        return 0

    def read_since(self, server: Any, cursor: int, now: float) -> tuple[Columns, int]:
        columns = server.columns(self.name, now)
        return {name: column[cursor:] for name, column in columns.items()}, max(map(len, columns.values()), default=0)


def _played(name: str, columns: tuple[str, ...]) -> Feed:
    """Return the feed that plays another one."""
    feed = ALL[name]
    members: dict[str, Any] = {"name": name, "columns": columns, "period_s": feed.period_s}
    if isinstance(feed, StreamFeed):
        return type("Played", (_Stream,), {**members, "rollover": feed.rollover})()
    return type("Played", (_Table,), members)()


def _open(path: Path, mode: str) -> IO[Any]:
    opener: Any = gzip.open if path.suffix == ".gz" else open
    file: IO[Any] = opener(path, mode, encoding="utf-8")
    return file


def _parsed(line: str, path: str | Path) -> dict[str, Any]:
    try:
        made = json.loads(line)
    except ValueError:
        # The last line of a process that was killed.
        return {}
    if not isinstance(made, dict):
        raise ValueError(f"{path} is no recording of a dashboard")
    return made

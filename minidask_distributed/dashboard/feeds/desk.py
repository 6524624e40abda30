"""The desk where readers get their feeds: read once a tick, encoded once, whoever many look.

Place in the flow: a websocket makes a `Reader` here, a polling page asks `poll`; `application` has one desk a server. The desk
ticks only while there are readers: then, too, the server's recorder is attached. Ticks come by a timer; a busy loop would come
late to it, so the scheduler's flushes ask, too, whether one is due (`catch_up`).

A frame is ``{"seq": 12, "time": 1795000000.25, "feeds": {name: part}}``; a part is ``{"set": columns}``, for streams
``{"append": columns, "rollover": 5000}``, or ``{"error": text}``. A feed whose table hasn't changed is left out. A reader that
is new or was too slow gets whole tables (for streams ``"set"`` with ``"rollover"``), others what is new since the last tick.

Invariants: at most one frame is on its way to a reader: who doesn't take it in time misses the next ones and is told all at once
later, so nothing piles up; a feed that raises is told to its readers and logged once, and no other feed suffers.

Not for: sockets; `Reader.send` does that.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from minidask_distributed.dashboard.feeds.base import Columns, Feed, StreamFeed, check_columns

logger = logging.getLogger(__name__)

TICK_S = 0.2
"""From the begin of one tick to that of the next, so that updates come within a quarter of a second (``bench_dashboard``)."""

MOST_AHEAD_S = TICK_S / 2
"""A busy loop comes late to everything: ticks are due earlier by as much as it came late to them lately, but by no more."""

SOON_S = 0.02  # that a new reader waits at most, so that 50 that come together cost one tick

LEASE_S = 6.0
"""Who polls counts as a reader for so long after each time: a page in the background polls every few seconds."""

KEPT_TICKS = 120
"""Ticks with rows of a stream that are kept for those who poll: half a minute."""


class Reader:
    """Somebody who gets frames.

    Parameters
    ----------
    names
        Of feeds.
    send
        Called with each frame, a text of JSON; what it returns is awaited before the next frame is sent.
    """

    def __init__(self, names: Iterable[str], send: Callable[[str], Awaitable[None]]) -> None:
        self.names = tuple(dict.fromkeys(names))
        self.is_fresh = True  # whether it has to get whole tables
        self.skipped = 0  # frames that it was too slow for
        self._send = send
        self._sending: asyncio.Future[None] | None = None

    @property
    def is_busy(self) -> bool:
        """Whether a frame is still on its way."""
        return self._sending is not None and not self._sending.done()

    def give(self, frame: str) -> None:
        """Send a frame."""
        self._sending = asyncio.ensure_future(self._send(frame))
        self._sending.add_done_callback(_forget_error)

    async def settle(self) -> None:
        """Wait until nothing is on its way."""
        if self._sending is not None:
            await asyncio.wait([self._sending])

    def close(self) -> None:
        """Give up what is on its way."""
        if self._sending is not None:
            self._sending.cancel()


class FeedDesk:
    """The feeds of one server.

    Parameters
    ----------
    server
        What feeds read.
    feeds
        {name: feed}.
    on_first, on_last
        Called when the first reader comes, and when the last one has gone.
    clock
        Seconds since the epoch, for frames.
    """

    def __init__(
        self,
        server: Any,
        feeds: Mapping[str, Feed],
        *,
        on_first: Callable[[], object] = lambda: None,
        on_last: Callable[[], object] = lambda: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.feeds = dict(feeds)
        self.readers: set[Reader] = set()
        self.ticks = 0  # ever made, for tests and metrics
        self._server, self._clock = server, clock
        self._on_first, self._on_last = on_first, on_last
        # Numbers of another life of this server must not be taken for ours.
        self._seq = self._first_seq = int(clock() * 1000)
        self._leases: dict[str, float] = {}  # {feed: until when somebody who polls reads it}
        self._states: dict[str, _State] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0  # of the timer, in the loop's time
        self._last_tick = -math.inf
        self._ahead_s = 0.0  # by how much the loop came late lately
        self._attached = False
        self._closed = False
        self._failed: set[str] = set()  # feeds whose failure was logged

    def check(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return names of feeds without repetitions.

        Raises
        ------
        KeyError
            If there is no such feed, or none is named.
        """
        chosen = tuple(dict.fromkeys(name for name in names if name))
        unknown = [name for name in chosen if name not in self.feeds]
        if unknown or not chosen:
            what = f"there is no feed {unknown[0]!r:.80}" if unknown else "name at least one feed: ?feeds=name,name"
            raise KeyError(f"{what}; there are: {', '.join(sorted(self.feeds))}")
        return chosen

    # ------------------------------------------------------------ readers

    def add(self, reader: Reader) -> None:
        """Send frames to a reader from now on, the first within moments.

        Raises
        ------
        KeyError
            For a feed that isn't there.
        RuntimeError
            If the desk is closed.
        """
        self.check(reader.names)
        if self._closed:
            raise RuntimeError("the server closes")
        self.readers.add(reader)
        self._attach()
        self._schedule(max(0.0, self._last_tick + SOON_S - self._now()))

    def remove(self, reader: Reader) -> None:
        """Send a reader nothing more."""
        reader.close()
        self.readers.discard(reader)
        self._drop_unread()

    def poll(self, names: Iterable[str], since: int | None = None) -> str:
        """Return a frame for somebody who asks now and then.

        Parameters
        ----------
        names
            Of feeds.
        since
            ``seq`` of the last frame that was got; None for the first.

        Raises
        ------
        KeyError
            For a feed that isn't there.
        RuntimeError
            If the desk is closed.
        """
        chosen = self.check(names)
        if self._closed:
            raise RuntimeError("the server closes")
        now = self._now()
        self._drop_unread()
        for name in chosen:
            self._leases[name] = now + LEASE_S
        self._attach()
        if since is not None and not self._first_seq <= since <= self._seq:
            since = None  # of another life of this server
        unread = {name for name in chosen if name not in self._states or not self._states[name].can_tell_since(since)}
        if unread or now - self._last_tick >= TICK_S:
            self._tick(unread)
        parts = {name: text for name in chosen if (text := self._states[name].since(since)) is not None}
        return self._frame(parts)

    # ------------------------------------------------------------ ticking

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def catch_up(self) -> None:
        """Tick if one is due, or do nothing: for a loop that comes to its timers only when all who wrote have been heard."""
        if self._timer is not None and self._now() >= self._due:
            self._tick()

    def _schedule(self, delay_s: float) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + delay_s
        if self._timer is not None:
            if self._due <= due:
                return
            self._timer.cancel()
        self._due = due
        self._timer = loop.call_later(delay_s, self._tick)

    def _tick(self, forced: Iterable[str] = ()) -> None:
        started = self._now()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._ahead_s = min(max(started - self._due, 0.8 * self._ahead_s), MOST_AHEAD_S)
        self._drop_unread()
        if not self._attached:
            return
        self._last_tick = started
        self.ticks += 1
        self._seq += 1
        now = self._clock()
        for name in {*self._leases}.union(*(reader.names for reader in self.readers)):
            if name not in self._states:
                self._states[name] = _State(self.feeds[name])
        whole = set(forced).union(*(reader.names for reader in self.readers if reader.is_fresh and not reader.is_busy))
        for name, state in self._states.items():
            try:
                state.read(self._server, now, started, self._seq, name in whole)
            except Exception as error:
                state.fail(error, self._seq)
                if name not in self._failed:
                    self._failed.add(name)
                    logger.exception("the feed %s of the dashboard failed", name)
        self._give()
        # A tick that takes long leaves the loop to others for at least as long.
        took = self._now() - started
        self._schedule(max(TICK_S - self._ahead_s - took, 2 * took))

    def _give(self) -> None:
        frames: dict[tuple[tuple[str, ...], bool], str] = {}
        for reader in list(self.readers):
            if reader.is_busy:
                reader.is_fresh = True
                reader.skipped += 1
                continue
            case = reader.names, reader.is_fresh
            if case not in frames:
                states = ((name, self._states[name]) for name in reader.names)
                texts = {name: state.whole if reader.is_fresh else state.news for name, state in states}
                frames[case] = self._frame({name: text for name, text in texts.items() if text is not None})
            reader.is_fresh = False
            reader.give(frames[case])

    def _frame(self, parts: Mapping[str, str]) -> str:
        feeds = ",".join(f"{json.dumps(name)}:{text}" for name, text in parts.items())
        return f'{{"seq":{self._seq},"time":{self._clock():.3f},"feeds":{{{feeds}}}}}'

    # ------------------------------------------------------------ coming and going

    def _attach(self) -> None:
        if not self._attached:
            self._on_first()
            self._attached = True

    def _drop_unread(self) -> None:
        """Forget feeds that nobody reads any more, and stop when there is nobody."""
        if not self._attached:
            return
        now = self._now()
        for name in [name for name, until in self._leases.items() if until <= now]:
            del self._leases[name]
        wanted = set(self._leases).union(*(reader.names for reader in self.readers))
        for name in [name for name in self._states if name not in wanted]:
            del self._states[name]
        if not wanted:
            self._attached = False
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            self._last_tick = -math.inf
            self._on_last()

    def close(self) -> None:
        """Stop for good; readers get nothing more."""
        self._closed = True
        for reader in self.readers:
            reader.close()
        self.readers.clear()
        self._leases.clear()
        if self._attached:
            self._drop_unread()


class _State:
    """A feed while it is read: what was read last, encoded."""

    def __init__(self, feed: Feed) -> None:
        self.news: str | None = None  # the part for those who know all up to the last tick
        self.whole: str | None = (
            None  # the part for those who know nothing; None: of a stream, not encoded since its last row
        )
        self._feed = feed
        self._read_at = -math.inf
        self._changed = 0  # the tick of the last change
        self._cursor: Any = None
        self._floor = 0  # the earliest tick since which `_recent` is complete
        self._recent: deque[tuple[int, Columns]] = deque()  # (tick, rows of a stream that came at it)
        self._recent_rows = 0
        self._answers: dict[int, str | None] = {}  # of this tick, to those who poll

    def read(self, server: Any, now: float, at: float, seq: int, is_forced: bool) -> None:
        """Read what is new at this tick, if it is time; with ``is_forced`` in any case, and whole."""
        self.news = None
        self._answers.clear()
        # What is due at each tick is read at each, though ticks may come a little early.
        if not is_forced and self._feed.period_s > TICK_S and at - self._read_at < self._feed.period_s * 0.9:
            return
        self._read_at = at
        if isinstance(self._feed, StreamFeed):
            self._read_stream(self._feed, server, now, seq)
            if is_forced and self.whole is None:
                # Nothing can have come since the rows were read: both happen in one turn of the event loop.
                self.whole = _part(self._feed, "set", self._feed.snapshot(server, now)[0])
        else:
            text = _part(self._feed, "set", self._feed.read(server, now))
            if text != self.whole:
                self.whole = self.news = text
                self._changed = seq

    def _read_stream(self, feed: StreamFeed, server: Any, now: float, seq: int) -> None:
        if self._cursor is None:
            columns, self._cursor = feed.snapshot(server, now)
            self.whole = self.news = _part(feed, "set", columns)
            self._changed = self._floor = seq
            self._recent.clear()
            self._recent_rows = 0
            return
        columns, self._cursor = feed.read_since(server, self._cursor, now)
        n_rows = max(map(len, columns.values()), default=0)
        if not n_rows:
            return
        self.news = _part(feed, "append", columns)
        self.whole = None
        self._changed = seq
        self._recent.append((seq, columns))
        self._recent_rows += n_rows
        while self._recent and (self._recent_rows > feed.rollover or len(self._recent) > KEPT_TICKS):
            self._floor, gone = self._recent.popleft()
            self._recent_rows -= max(map(len, gone.values()))

    def fail(self, error: Exception, seq: int) -> None:
        """Tell of a failure instead; once it is over everybody gets the whole table."""
        self.whole = self.news = f'{{"error":{json.dumps(f"{type(error).__name__}: {error}"[:500])}}}'
        self._changed = seq
        self._cursor = None

    def can_tell_since(self, seq: int | None) -> bool:
        """Whether `since` has an answer without reading again."""
        return self.whole is not None or (seq is not None and self._floor <= seq)

    def since(self, seq: int | None) -> str | None:
        """The part for somebody who knows all up to a tick (None: nothing); None if nothing has changed."""
        if seq is None or seq < self._floor or not isinstance(self._feed, StreamFeed) or self._cursor is None:
            return self.whole if seq is None or seq < self._changed else None
        if seq >= self._changed:
            return None
        if seq not in self._answers:
            self._answers[seq] = self._appended(self._feed, seq)
        return self._answers[seq]

    def _appended(self, feed: StreamFeed, seq: int) -> str:
        merged: dict[str, list[Any]] = {name: [] for name in feed.columns}
        for tick, columns in self._recent:
            if tick > seq:
                for name, column in columns.items():
                    merged[name] += column.tolist() if hasattr(column, "tolist") else column
        return _part(feed, "append", merged)


def _part(feed: Feed, verb: str, columns: Columns) -> str:
    check_columns(feed, columns)
    rollover = f',"rollover":{feed.rollover}' if isinstance(feed, StreamFeed) else ""
    return f'{{"{verb}":{encode(columns)}{rollover}}}'


def encode(columns: Columns) -> str:
    """Return columns as JSON; numbers that JSON hasn't (infinite, not a number) become null.

    Examples
    --------
    >>> encode({"x": [1, 0.5, float("nan")], "name": ["<a>", None, "é"]})
    '{"x":[1,0.5,null],"name":["<a>",null,"\\\\u00e9"]}'
    """
    plain = {name: column.tolist() if hasattr(column, "tolist") else column for name, column in columns.items()}
    try:
        return _dumps(plain)
    except ValueError:
        return _dumps({name: [_finite(value) for value in column] for name, column in plain.items()})


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return [_finite(one) for one in value] if isinstance(value, list | tuple) else value


_dumps = json.JSONEncoder(allow_nan=False, separators=(",", ":"), default=lambda value: value.tolist()).encode


def _forget_error(sending: asyncio.Future[None]) -> None:
    # A reader that vanished is noticed by its socket.
    if not sending.cancelled():
        sending.exception()

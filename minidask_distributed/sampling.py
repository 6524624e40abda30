"""Statistical profiling of threads: a daemon thread looks, a hundred times a second, where some other threads are.

Place in the flow: workers have threads that run tasks sampled (`worker.profiling`), workers and schedulers their event loops
(`watch_loop`); what is seen is counted in a `Profile`, by kind of task and by spans of time, for ``Client.profile`` and pages.

The process has one `Sampler`, however many workers live in it; its thread runs while anything is to be sampled. Threads that do
nothing cost little: after `IDLE_TICKS` looks at which there was nothing to be seen it looks more and more rarely, down to every
`SLOWEST_S`.

Invariants: no frame, and so no value of a user's, is kept longer than one look; a profile has at most about `MOST_NODES` nodes:
older spans are merged with their neighbours, so that it reaches far back with less and less detail. Nothing here is done for each
task. Not for: exact times (samples are counts), or native frames.
"""

from __future__ import annotations

import selectors
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any, Final, NamedTuple, Protocol

from minidask_distributed import settings
from minidask_distributed.profile_tree import Call, Node, merge

__all__ = ["Profile", "Profiling", "Sampler", "Span", "sampler", "stack_of", "unwatch_loop", "watch_loop"]

MOST_NODES: Final = 30_000
"""Nodes of one profile: about 12 MB."""

MOST_NODES_A_SPAN: Final = 3_000
MOST_SPANS: Final = 3_600
MOST_NAMES: Final = 200

DEEPEST: Final = 500
"""Calls of a stack that are looked at, from the innermost: with recursion there may be any number."""

RARER: Final = 5
"""Event loops are looked at so many times more rarely than tasks: a hundred looks a second take 8 % of a busy scheduler, which
has to hand over the interpreter for each."""

IDLE_TICKS: Final = 10
SLOWEST_S: Final = 0.08

OTHER: Final = "(other)"
"""The name for samples of further kinds, in a span that has too many."""

_WAITING: Final = frozenset(
    getattr(selectors, name).select.__code__
    for name in ("EpollSelector", "PollSelector", "KqueueSelector", "SelectSelector", "DevpollSelector")
    if hasattr(selectors, name)
)
"""Where an event loop is that has nothing to do."""


class Profiling(NamedTuple):
    """How to sample; the settings ``distributed.worker.profile``."""

    enabled: bool = True
    interval_s: float = 0.01
    cycle_s: float = 1.0

    @classmethod
    def from_settings(cls) -> Profiling:
        """Read the settings ``distributed.worker.profile``."""
        # It has one value yet: reading it is what makes any other an error.
        settings.get("worker.profile.low-level")
        return cls(
            settings.get("worker.profile.enabled"),
            settings.seconds("worker.profile.interval"),
            settings.seconds("worker.profile.cycle"),
        )


class Span:
    """The samples of a span of time."""

    __slots__ = ("n_nodes", "start", "stop", "trees")

    def __init__(self, start: float, stop: float, trees: dict[str, Node], n_nodes: int) -> None:
        self.start = start  # seconds since the epoch
        self.stop = stop
        self.trees = trees  # {name: tree}
        self.n_nodes = n_nodes


class Profile:
    """Samples, by name and by spans of time. Any thread may ask.

    Parameters
    ----------
    cycle_s
        Length of a span.
    most_nodes
        Nodes that are kept, about.

    Examples
    --------
    >>> profile = Profile(cycle_s=1.0)
    >>> for when in (10.0, 10.5, 11.5):
    ...     profile.add("inc", [("job.py", "inc", 1)], [2].__getitem__, when)
    >>> profile.tree().count, profile.tree(start=11.2).count, profile.tree(name="dec").count, profile.names()
    (3, 1, 0, {'inc': 3})
    >>> profile.timeline()
    [(10.0, {'inc': 2}), (11.5, {'inc': 1})]
    """

    def __init__(self, cycle_s: float = 1.0, most_nodes: int = MOST_NODES) -> None:
        self.cycle_s = cycle_s
        self._most_nodes = most_nodes
        self._spans: deque[Span] = deque()
        self._open: Span | None = None
        self._n_nodes = 0  # of the closed spans
        self._lock = threading.Lock()

    def add(self, name: str, calls: list[Call], line_number: Callable[[int], int], now: float) -> None:
        """Count one sample.

        Parameters
        ----------
        name
            What it is of: the prefix of a task's key.
        calls, line_number
            See `profile_tree.Node.add`.
        now
            Seconds since the epoch.
        """
        with self._lock:
            span = self._open
            if span is None or not span.start <= now < span.start + self.cycle_s:
                self._close()
                span = self._open = Span(now, now, {}, 0)
            span.stop = now
            tree = span.trees.get(name)
            if tree is None:
                if len(span.trees) >= MOST_NAMES:
                    name = OTHER
                tree = span.trees.setdefault(name, Node())
                span.n_nodes += 1
            span.n_nodes += tree.add(calls, line_number, max(MOST_NODES_A_SPAN - span.n_nodes, 0))

    def _close(self) -> None:
        span, self._open = self._open, None
        if span is None:
            return
        self._spans.append(span)
        self._n_nodes += span.n_nodes
        if self._n_nodes > self._most_nodes or len(self._spans) > MOST_SPANS:
            self._condense()

    def _condense(self) -> None:
        """Merge the older spans two and two; forget the oldest ones, if that isn't enough."""
        spans = list(self._spans)
        older = len(spans) // 4 * 2
        pairs = zip(spans[0:older:2], spans[1:older:2], strict=True)
        self._spans = deque([*(_merged(one, other) for one, other in pairs), *spans[older:]])
        self._n_nodes = sum(span.n_nodes for span in self._spans)
        while self._n_nodes > 0.9 * self._most_nodes and len(self._spans) > 1:
            self._n_nodes -= self._spans.popleft().n_nodes

    def tree(self, name: str | None = None, start: float | None = None, stop: float | None = None) -> Node:
        """Return the merged samples.

        Parameters
        ----------
        name
            Only of this name.
        start, stop
            Seconds since the epoch: only spans that have something of that time.
        """
        with self._lock:
            return merge(
                tree
                for span in self._within(start, stop)
                for each, tree in span.trees.items()
                if name is None or each == name
            )

    def names(self, start: float | None = None, stop: float | None = None) -> dict[str, int]:
        """Return {name: samples}."""
        counts: dict[str, int] = {}
        for _, by_name in self.timeline(start, stop):
            for name, count in by_name.items():
                counts[name] = counts.get(name, 0) + count
        return counts

    def timeline(self, start: float | None = None, stop: float | None = None) -> list[tuple[float, dict[str, int]]]:
        """Return (start of the span, {name: samples}) of the spans, oldest first; older ones may be longer."""
        with self._lock:
            return [
                (span.start, {name: tree.count for name, tree in span.trees.items()})
                for span in self._within(start, stop)
            ]

    def _within(self, start: float | None, stop: float | None) -> list[Span]:
        spans = [*self._spans, self._open] if self._open is not None else list(self._spans)
        return [
            span for span in spans if (start is None or span.stop >= start) and (stop is None or span.start <= stop)
        ]

    def __len__(self) -> int:
        """The number of nodes that are kept."""
        with self._lock:
            return self._n_nodes + (0 if self._open is None else self._open.n_nodes)


def _merged(one: Span, other: Span) -> Span:
    trees = {
        name: merge(span.trees[name] for span in (one, other) if name in span.trees)
        for name in dict.fromkeys([*one.trees, *other.trees])
    }
    return Span(one.start, other.stop, trees, sum(len(tree) for tree in trees.values()))


# ---------------------------------------------------------------- sampling


class Source(Protocol):
    """Threads that are to be sampled."""

    def idents(self) -> list[tuple[int, Any]]:
        """Return (ident of a thread, what it does) of those that are to be looked at now; cheap."""

    def see(self, frame: FrameType, what: Any, now: float) -> bool:
        """Take a look at a thread; return whether there was anything to be seen. The frame mustn't be kept."""


class Sampler:
    """The thread that looks.

    Attributes
    ----------
    busy_s : float
        Processor time that looking has cost so far.
    looks : int
        How often it has looked.
    """

    def __init__(self) -> None:
        self.busy_s = 0.0
        self.looks = 0
        self._lock = threading.Lock()
        self._sources: dict[Source, float] = {}  # {source: interval in seconds}
        self._thread: threading.Thread | None = None
        self._stop = (
            threading.Lock()
        )  # held while the thread is to go on: a timed wait for it costs less than for an Event

    def add(self, source: Source, interval_s: float) -> None:
        """Sample a source from now on; the shortest interval of all is that of all."""
        with self._lock:
            self._sources[source] = interval_s
            if self._thread is None:
                self._stop = threading.Lock()
                self._stop.acquire()
                self._thread = threading.Thread(
                    target=self._main, args=(self._stop,), name="minidask profiler", daemon=True
                )
                self._thread.start()

    def remove(self, source: Source) -> None:
        """Sample a source no more; the thread ends with the last one. One that isn't sampled: nothing."""
        with self._lock:
            self._sources.pop(source, None)
            if self._sources or self._thread is None:
                return
            thread, self._thread = self._thread, None
            self._stop.release()
        if thread is not threading.current_thread():
            thread.join()

    def _main(self, stop: threading.Lock) -> None:
        idle, pause = 0, 0.001
        while not stop.acquire(timeout=pause):
            idle = 0 if self.look(time.time()) else idle + 1
            self.busy_s = time.thread_time()
            interval = min(tuple(self._sources.values()), default=SLOWEST_S)
            pause = interval * 2 ** min(max(idle - IDLE_TICKS, 0), 8)
            pause = min(pause, max(interval, SLOWEST_S))

    def look(self, now: float) -> bool:
        """Sample once; return whether there was anything to be seen."""
        self.looks += 1
        wanted = [(source, source.idents()) for source in tuple(self._sources)]
        if not any(idents for _, idents in wanted):
            return False
        frames = sys._current_frames()
        seen = False
        for source, idents in wanted:
            for ident, what in idents:
                frame = frames.get(ident)
                if frame is not None:
                    seen |= source.see(frame, what, now)
        # No local variable of a thread may live on because of us.
        frames.clear()
        frame = None
        return seen


sampler: Final = Sampler()
"""The one of this process."""


def stack_of(frame: FrameType, outermost: CodeType | None = None) -> tuple[list[Call], list[FrameType]] | None:
    """Return the calls of a stack, the outermost first, with their frames.

    Parameters
    ----------
    frame
        The innermost one.
    outermost
        Only what is called by this code; None is returned if it isn't on the stack.
    """
    frames: list[FrameType] = []
    current: FrameType | None = frame
    while current is not None and len(frames) < DEEPEST:
        if outermost is not None and current.f_code is outermost:
            break
        frames.append(current)
        current = current.f_back
    if outermost is not None and (current is None or not frames):
        return None
    frames.reverse()
    calls = [(code.co_filename, code.co_qualname, code.co_firstlineno) for code in [one.f_code for one in frames]]
    return calls, frames


class LoopSource:
    """The thread of an event loop."""

    def __init__(self, ident: int, cycle_s: float) -> None:
        self.profile = Profile(cycle_s)
        self.n_users = 0
        self._idents = [(ident, None)]

    def idents(self) -> list[tuple[int, Any]]:
        """See `Source`."""
        return self._idents

    def see(self, frame: FrameType, what: Any, now: float) -> bool:
        """See `Source`; a loop that waits isn't counted."""
        if frame.f_code in _WAITING:
            return False
        stack = stack_of(frame)
        if stack is not None:
            calls, frames = stack
            self.profile.add("event loop", calls, lambda at: frames[at].f_lineno or 0, now)
        return True


_loops: dict[int, LoopSource] = {}
_loops_lock = threading.Lock()


def watch_loop(ident: int, profiling: Profiling) -> Profile:
    """Have the thread of an event loop sampled, together with all others who want that; `unwatch_loop` must follow.

    Parameters
    ----------
    ident
        Of the thread.
    profiling
        If it isn't enabled, the profile stays empty.
    """
    with _loops_lock:
        source = _loops.get(ident)
        if source is None:
            source = _loops[ident] = LoopSource(ident, profiling.cycle_s)
        source.n_users += 1
        if profiling.enabled:
            sampler.add(source, RARER * profiling.interval_s)
        return source.profile


def unwatch_loop(ident: int) -> None:
    """Undo one `watch_loop`."""
    with _loops_lock:
        source = _loops[ident]
        source.n_users -= 1
        if source.n_users:
            return
        del _loops[ident]
    sampler.remove(source)

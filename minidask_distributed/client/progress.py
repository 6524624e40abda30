"""`progress`: how far the tasks are that futures wait for, as a bar in a terminal or several in a notebook.

Place in the flow: asks the scheduler a few times a second for numbers of tasks by kind and state, so that it costs
nothing per task. The terminal's bar is the local schedulers' own, `minidask.diagnostics.ProgressBar`.

Invariants: drawing takes at most about a tenth of the time: where an answer takes long, questions are rarer. The last thing
drawn is the final state. Futures are kept until then.

Not for: waiting (`waiting`); an error of a task is shown, not raised.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import html
import time
from collections.abc import Iterable
from concurrent.futures import ALL_COMPLETED, CancelledError
from typing import TYPE_CHECKING, Any, TextIO

from minidask.diagnostics.notebook import HtmlDisplay, in_notebook
from minidask.diagnostics.progress import ProgressBar
from minidask.units import format_time, parse_timedelta
from minidask_distributed.client.errors import error_of_state
from minidask_distributed.client.future import Future
from minidask_distributed.client.waiting import Watch, futures_of, wait

if TYPE_CHECKING:
    from minidask_distributed.client.client import Client

__all__ = ["NotebookProgress", "progress"]

# States of tasks in the scheduler that need no work any more, and the one of those that failed.
_DONE = frozenset({"memory", "released", "erred", "forgotten"})
_FAILED = "erred"

# A question that takes t seconds is followed by a pause of at least so many t.
_REST = 10


def progress(
    *futures: Any,
    notebook: bool | None = None,
    multi: bool = True,
    complete: bool = True,
    group_by: str = "prefix",
    interval: float | str = "100ms",
    width: int = 40,
    out: TextIO | None = None,
) -> Any:
    """Show how far the computation of futures is.

    In a terminal this blocks until they are done. In a notebook it returns at once; what it returns draws itself, as the
    last expression of a cell, and goes on while other cells run.

    Parameters
    ----------
    *futures : futures, collections or containers of them
    notebook : bool, optional
        Default: whether this runs in a notebook.
    multi : bool
        In a notebook: a bar for each kind of task, rather than one.
    complete : bool
        Count all tasks that the futures need. If False, only those that weren't done at the beginning.
    group_by : str
        What a kind of task is: only ``"prefix"``, the beginning of its key.
    interval : float or str
        Seconds between updates.
    width : int
        Characters of the bar.
    out : text file, optional
        Where a terminal's bar is written. Default: standard output.

    Returns
    -------
    None
        With an asynchronous client something to be awaited; in a notebook a `NotebookProgress`.

    Raises
    ------
    ValueError
        If there are no futures in the arguments, or for another ``group_by``.

    Examples
    --------
    >>> x = client.persist(x)  # doctest: +SKIP
    >>> progress(x)  # doctest: +SKIP
    [########################################] | 100% Completed | 1.70 s
    """
    if group_by != "prefix":
        raise ValueError(f"group_by can only be 'prefix', got {group_by!r}")
    found = futures_of(futures)
    if not found:
        raise ValueError("progress needs futures, or collections that were persisted: there are none in its arguments")
    interval_s = parse_timedelta(interval)
    if interval_s is None or not interval_s > 0:
        raise ValueError(f"interval is the time between updates and must be positive, got {interval!r}")
    tracker = Tracker(found, complete)
    if in_notebook() if notebook is None else notebook:
        return NotebookProgress(tracker, interval_s, width, multi)
    bar = ProgressBar(width=width, dt=interval_s, out=out)
    if any(future.client.asynchronous for future in found):
        return _draw_async(tracker, bar, interval_s)
    return _draw(tracker, bar, interval_s)


class Tracker:
    """Numbers of tasks that futures need.

    Parameters
    ----------
    futures : list of Future
    complete : bool
        Whether tasks count that were done before the first `update`.

    Attributes
    ----------
    counts : dict
        ``{prefix: {state: number}}``.
    state : dict
        The same in the form of a local scheduler's state: sized collections.
    """

    def __init__(self, futures: Iterable[Future], complete: bool) -> None:
        self.futures = list(futures)
        self.clients: list[Client] = list(dict.fromkeys(future.client for future in self.futures))
        self.complete = complete
        self.counts: dict[str, dict[str, int]] = {}
        self.state: dict[str, Any] = {"waiting": range(0), "ready": (), "running": range(0), "finished": range(0)}
        self.pause_s = 0.0
        self._before: dict[str, int] | None = None
        self._total = 0

    async def update(self) -> None:
        """Ask how far they are; on any loop."""
        begin = time.perf_counter()
        counts: dict[str, dict[str, int]] = {}
        for client in self.clients:
            ids = [future._state.id for future in self.futures if future.client is client]
            for prefix, by_state in (await _on_loop_of(client, ids)).items():
                mine = counts.setdefault(prefix, {})
                for state, number in by_state.items():
                    mine[state] = mine.get(state, 0) + number
        self.counts = counts
        self.pause_s = _REST * (time.perf_counter() - begin)
        if self._before is None:
            self._before = {} if self.complete else {prefix: _done(by_state) for prefix, by_state in counts.items()}
        self._set_state(sum(total - done for _, done, _, total in self.rows()))

    def rows(self) -> list[tuple[str, int, int, int]]:
        """Return (prefix, done, failed, total) of each kind of task."""
        before = self._before or {}
        rows = []
        for prefix, by_state in self.counts.items():
            uncounted = before.get(prefix, 0)
            total = sum(by_state.values()) - uncounted
            if total > 0:
                rows.append((prefix, max(_done(by_state) - uncounted, 0), by_state.get(_FAILED, 0), total))
        return rows

    def finish(self) -> None:
        """Note that all futures are done."""
        self._set_state(sum(future.status == "pending" for future in self.futures))

    def _set_state(self, pending: int) -> None:
        self._total = max(self._total, pending + sum(done for _, done, _, _ in self.rows()))
        self.state["waiting"] = range(pending)
        self.state["finished"] = range(self._total - pending)

    def are_done(self) -> bool:
        """Return whether no future is pending."""
        return all(future.status != "pending" for future in self.futures)

    def are_fine(self) -> bool:
        """Return whether all futures have results."""
        return all(future.status == "finished" for future in self.futures)

    def error(self) -> BaseException | None:
        """Return the error of the first future that has no result, None if there is none."""
        errors = (error_of_state(future._state) for future in self.futures)
        return next((error for error in errors if error is not None), None)


async def _on_loop_of(client: Client, ids: list[int]) -> dict[str, dict[str, int]]:
    if client.loop is asyncio.get_running_loop():
        return await client.call("progress", tasks=ids)
    question = asyncio.run_coroutine_threadsafe(client.call("progress", tasks=ids), client.loop)
    return await asyncio.wrap_future(question)


def _done(by_state: dict[str, int]) -> int:
    return sum(number for state, number in by_state.items() if state in _DONE)


def _draw(tracker: Tracker, bar: ProgressBar, interval_s: float) -> None:
    sync = tracker.clients[0].sync
    sync(tracker.update)
    bar._start_state({}, tracker.state)
    try:
        while not tracker.are_done():
            try:
                wait(tracker.futures, max(interval_s, tracker.pause_s))
            except TimeoutError:
                sync(tracker.update)
            except CancelledError:
                break
        tracker.finish()
    finally:
        bar._finish({}, tracker.state, not tracker.are_fine())


async def _draw_async(tracker: Tracker, bar: ProgressBar, interval_s: float) -> None:
    await tracker.update()
    bar._start_state({}, tracker.state)
    try:
        while not tracker.are_done():
            try:
                await wait(tracker.futures, max(interval_s, tracker.pause_s))
            except TimeoutError:
                await tracker.update()
            except CancelledError:
                break
        tracker.finish()
    finally:
        bar._finish({}, tracker.state, not tracker.are_fine())


class NotebookProgress:
    """Bars in a notebook's output that go on by themselves; made by `progress`, drawn when a cell shows it.

    Parameters
    ----------
    tracker : Tracker
    interval_s : float
        Seconds between updates.
    width : int
        Characters of a bar.
    multi : bool
        A bar for each kind of task.
    """

    def __init__(self, tracker: Tracker, interval_s: float, width: int, multi: bool) -> None:
        self._tracker = tracker
        self._interval_s = interval_s
        self._width = width
        self._multi = multi
        self._begin = time.perf_counter()
        self._display = HtmlDisplay()
        self._following: concurrent.futures.Future[None] | None = None

    def __repr__(self) -> str:
        done, _, total = self._sums()
        return f"<progress: {done} of {total} tasks>"

    def _repr_html_(self) -> str:
        """Return the bars as they are now."""
        rows = self._tracker.rows()
        if not self._multi:
            rows = [("all tasks", *self._sums())] if rows else []
        bars = "".join(self._row(*row) for row in sorted(rows, key=lambda row: row[0]))
        return f"<div><table>{bars}</table><div><code>{html.escape(self._footer())}</code></div></div>"

    def _row(self, prefix: str, done: int, failed: int, total: int) -> str:
        bar = f'<progress value="{done}" max="{total}" style="width: {self._width * 0.6:.0f}em"></progress>'
        note = f' <span style="color: #b00020">{failed} failed</span>' if failed else ""
        return f"<tr><td>{html.escape(prefix)}</td><td>{bar}</td><td>{done} / {total}{note}</td></tr>"

    def _footer(self) -> str:
        elapsed = format_time(time.perf_counter() - self._begin)
        error = self._tracker.error()
        if error is not None:
            return f"Failed after {elapsed}: {type(error).__name__}: {str(error)[:200]}"
        return f"Completed in {elapsed}" if self._tracker.are_done() else f"Running for {elapsed}"

    def _sums(self) -> tuple[int, int, int]:
        columns = list(zip(*[row[1:] for row in self._tracker.rows()])) or [(), (), ()]
        return sum(columns[0]), sum(columns[1]), sum(columns[2])

    def _ipython_display_(self) -> None:
        """Draw, and go on drawing on the client's loop until the futures are done."""
        self._draw()
        if self._following is None:
            self._following = asyncio.run_coroutine_threadsafe(self._follow(), self._tracker.clients[0].loop)

    async def _follow(self) -> None:
        tracker = self._tracker
        try:
            while True:
                await tracker.update()
                over = tracker.are_done()
                self._draw()
                if over:
                    return
                with contextlib.suppress(TimeoutError, CancelledError):
                    await Watch(tracker.futures, ALL_COMPLETED).wait_async(max(self._interval_s, tracker.pause_s))
        except OSError:
            # The client or its scheduler has gone: the bars stay as they were, and say so.
            self._draw()

    def _draw(self) -> None:
        self._display.write(self._repr_html_(), repr(self))

"""What ran when on which thread, as rectangles; and what workers did besides. The heart of the dashboard.

Place in the flow: the plots ``task-stream``. Rows of finished tasks come from `scheduler.task_stream`, transfers, disk and
serialisation from the recorder's ``activities``, errors from its ``failures``.

How much is drawn: a few hundred tasks a second are drawn one by one. When more come at once, those shorter than a *bin* of time
are put together: all that began in the same bin on the same thread become one rectangle from the first start to the last end,
with their number and the time that they took. Bins are `BIN_S`, and wider with more than 20 rows, so that an update has no
more than `MOST` rectangles at any rate and size. Long tasks always stand for themselves, unless there are too many of them.

Invariants: a constant number of NumPy passes over the new tasks, and Python's work a rectangle, never a task; keys are looked
at for drawn rectangles alone: at three tasks of those that were put together, which name their prefix.
"""

from __future__ import annotations

from itertools import chain
from typing import Any

from minidask_distributed.dashboard.feeds.base import Columns, StreamFeed
from minidask_distributed.dashboard.feeds.lanes import Lanes, lanes_of
from minidask_distributed.dashboard.feeds.naming import key_text
from minidask_distributed.dashboard.plots.palette import ACTIVITY_COLORS, color_of
from minidask_distributed.prefixes import prefix_of
from minidask_distributed.scheduler.task_stream import Batch

MOST = 3_000
"""Rectangles of an update."""

FREELY = 100
"""So many new tasks are drawn one by one; as many as there are rows are, too."""

BIN_S = 0.005
"""Less than a pixel at half a minute on the widest screens."""

LEAST_ERROR_S = 0.005
"""An error is drawn as long as its run took, but never so short that nobody sees it."""

KINDS = {
    "transfer-in": ("transfer", "transfer in"),
    "transfer-out": ("transfer", "transfer out"),
    "disk-write": ("disk", "spill to disk"),
    "disk-read": ("disk", "read from disk"),
    "serialize": ("serialize", "serialise"),
    "deserialize": ("serialize", "deserialise"),
}
"""{kind of an activity: (kind of the rectangle, what the box says)}."""

COLUMNS = ("y", "start", "stop", "name", "prefix", "kind", "color", "worker", "thread", "duration", "count", "nbytes")
# start, stop: seconds since the epoch; duration: seconds, of all tasks together if there are several

Rows = list[tuple[Any, ...]]

FORGOTTEN = "(known before this page was opened, and forgotten since)"
UNKNOWN_COLOR = "#b0b8c4"
"""Of tasks whose key nobody has kept."""


class TaskStream(StreamFeed):
    """Rectangles of the task stream."""

    name = "task-stream"
    rollover = 20_000
    columns = COLUMNS

    def begin(self, server: Any) -> tuple[int, int, int]:
        """Return the cursor before all that is remembered."""
        return (0, 0, 0)

    def read_since(self, server: Any, cursor: tuple[int, int, int], now: float) -> tuple[Columns, tuple[int, int, int]]:
        """Return the new rectangles; see `StreamFeed.read_since`."""
        lanes, recorder = lanes_of(server, now), server.recorder
        batches, tasks = server.task_stream.batches_since(cursor[0])
        rows = rectangles(batches, lanes)
        left = max(MOST - len(rows), MOST // 10)
        activities, activity = recorder.activities.since(cursor[1])
        rows += _activities(activities, lanes, left)
        failures, failure = recorder.failures.since(cursor[2])
        rows += _failures(failures, lanes)
        columns = zip(*rows, strict=True) if rows else [[] for _ in COLUMNS]
        return {name: list(column) for name, column in zip(COLUMNS, columns, strict=True)}, (tasks, activity, failure)


def rectangles(batches: list[Batch], lanes: Lanes) -> Rows:
    """Return finished tasks as rows of `COLUMNS`, short ones of busy times put together.

    Parameters
    ----------
    batches
        Of `scheduler.task_stream`.
    lanes
        Where workers have their rows; tasks of workers that aren't known any more are left out.
    """
    batches = [batch for batch in batches if batch.tasks and lanes.first(batch.worker) is not None]
    n_tasks = sum(len(batch.tasks) for batch in batches)
    if n_tasks <= max(FREELY, lanes.count):
        return [_single(batch, at, lanes) for batch in batches for at in range(len(batch.tasks))]
    return _together(batches, n_tasks, lanes)


def _single(batch: Batch, at: int, lanes: Lanes) -> tuple[Any, ...]:
    key = batch.key_of(at)
    prefix = "" if key is None else prefix_of(key)
    start, duration = (batch.since_us + batch.starts[at]) / 1e6, batch.durations[at] / 1e6
    return (
        lanes.lane(batch.worker, batch.threads[at]),
        start,
        start + duration,
        FORGOTTEN if key is None else key_text(key),
        prefix,
        "task",
        color_of(prefix) if prefix else UNKNOWN_COLOR,
        lanes.names[batch.worker],
        batch.threads[at],
        duration,
        1,
        batch.nbytes[at],
    )


def _together(batches: list[Batch], n_tasks: int, lanes: Lanes) -> Rows:
    import numpy as np

    sizes = [len(batch.tasks) for batch in batches]
    starts = _joined([batch.starts for batch in batches])
    durations = _joined([batch.durations for batch in batches])
    threads = _joined([batch.threads for batch in batches])
    begins = np.cumsum([0, *sizes[:-1]])
    starts = starts + np.repeat([batch.since_us for batch in batches], sizes)
    firsts = np.repeat([lanes.first(batch.worker) for batch in batches], sizes)
    most = np.repeat([lanes.threads(batch.worker) - 1 for batch in batches], sizes)
    at_lane = firsts + np.minimum(threads, most)
    zero = int(starts.min())
    bin_us = max(BIN_S, 0.25 * lanes.count / (MOST // 3)) * 1e6
    while True:
        bins = ((starts - zero) // bin_us).astype(np.int64)
        is_long = durations >= bin_us
        n_bins = int(bins.max()) + 1
        # Each long task has a group of its own, behind those of the bins.
        codes = at_lane * n_bins + bins
        n_codes = (int(at_lane.max()) + 1) * n_bins
        codes[is_long] = n_codes + np.arange(int(is_long.sum()))
        if n_codes + int(is_long.sum()) < 1 << 16:
            codes = codes.astype(np.uint16)  # sorted by radix, in a fraction of the time
        order = np.argsort(codes, kind="stable")
        ordered = codes[order]
        heads = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
        if len(heads) <= MOST or bin_us > 1e9:
            break
        bin_us *= 4
    left = np.minimum.reduceat(starts[order], heads)
    right = np.maximum.reduceat((starts + durations)[order], heads)
    busy = np.add.reduceat(durations[order], heads)
    counts = np.diff(np.append(heads, n_tasks))
    # Of each group: the first, the middle and the last task stand for all.
    witnesses = [order[heads], order[heads + counts // 2], order[heads + counts - 1]]
    places = [(np.searchsorted(begins, one, side="right") - 1).tolist() for one in witnesses]
    within = [(one - begins[place]).tolist() for one, place in zip(witnesses, places, strict=True)]
    columns = zip(
        (left / 1e6).tolist(),
        (right / 1e6).tolist(),
        (busy / 1e6).tolist(),
        counts.tolist(),
        *places,
        *within,
        strict=True,
    )
    return [_group(batches, lanes, *row) for row in columns]


def _group(
    batches: list[Batch],
    lanes: Lanes,
    start: float,
    stop: float,
    busy: float,
    count: int,
    *witnesses: int,
) -> tuple[Any, ...]:
    first, middle, last, at_first, at_middle, at_last = witnesses
    batch = batches[middle]
    if count == 1 and (batch.keys is not None or batch.key_of(at_middle) is not None):
        return _single(batch, at_middle, lanes)
    keys = [batches[place].key_near(at) for place, at in ((middle, at_middle), (first, at_first), (last, at_last))]
    prefixes = list(dict.fromkeys(prefix_of(key) for key in keys if key is not None))
    named = ", ".join(prefixes) or FORGOTTEN
    prefix = prefixes[0] if prefixes else ""
    thread = batch.threads[at_middle]
    return (
        lanes.lane(batch.worker, thread),
        start,
        stop,
        f"{count} task{'s' if count > 1 else ''}: {named}" + (" …" if len(prefixes) > 1 else ""),
        prefix,
        "tasks",
        color_of(prefix) if prefix else UNKNOWN_COLOR,
        lanes.names[batch.worker],
        thread,
        busy,
        count,
        0,
    )


def _joined(columns: list[list[int]]) -> Any:
    import numpy as np

    return np.fromiter(chain.from_iterable(columns), np.int64, sum(map(len, columns)))


def _activities(columns: Columns, lanes: Lanes, most: int) -> Rows:
    """The longest of what workers did besides, in their order."""
    rows: Rows = []
    durations = columns["duration"]
    chosen: Any = range(len(durations))
    if len(durations) > most:
        chosen = sorted(sorted(chosen, key=durations.__getitem__, reverse=True)[:most])
    for at in chosen:
        worker, kind = columns["worker"][at], columns["kind"][at]
        lane = lanes.lane(worker, None)
        if lane is None:
            continue
        what, text = KINDS[kind]
        peer, of = columns["peer"][at], columns["type"][at]
        if peer:
            text += f"{' from' if kind == 'transfer-in' else ' to'} {lanes.names.get(peer, peer)}"
        if of:
            text += f" ({of})"
        start, duration = columns["start"][at] / 1e6, durations[at] / 1e6
        color = ACTIVITY_COLORS[what]
        rows.append(
            (
                lane,
                start,
                start + duration,
                text,
                "",
                what,
                color,
                lanes.names[worker],
                "–",
                duration,
                1,
                columns["nbytes"][at],
            )
        )
    return rows


def _failures(columns: Columns, lanes: Lanes) -> Rows:
    """Errors: black, with what was raised."""
    rows: Rows = []
    for at, stop in enumerate(columns["time"]):
        # Of a worker that died nobody knows which of its threads it was.
        thread = columns["thread"][at]
        lane = lanes.lane(columns["worker"][at], thread)
        if lane is None:
            continue
        key, duration = columns["key"][at], columns["duration"][at]
        text = f"{key_text(key)}: {columns['type'][at]}: {columns['text'][at]:.120}"
        color, name = ACTIVITY_COLORS["error"], lanes.names[columns["worker"][at]]
        start = stop - max(duration, LEAST_ERROR_S)
        number = "–" if thread is None else thread
        rows.append((lane, start, stop, text, prefix_of(key), "error", color, name, number, duration, 1, 0))
    return rows


FEEDS = (TaskStream(),)

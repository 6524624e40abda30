"""The cluster over time: memory, load, bandwidth, and the scheduler's own process; and now, in one row.

Place in the flow: the pages *status*, *system* and *bandwidth*; the strip of numbers on every page. The recorder samples twice a
second while somebody looks, and keeps an hour.

Invariants: a stream sends each sample once; a page that opens gets at most `rollover` of those that are there. Where nobody
looked there are no samples: rows without values stand there, and nothing is drawn across.
"""

from __future__ import annotations

from itertools import islice
from typing import Any

from minidask_distributed.dashboard.feeds.base import Columns, Feed, StreamFeed
from minidask_distributed.scheduler.machine.states import ERRED, MEMORY, NO_WORKER, PROCESSING, QUEUED, WAITING

GAP_PERIODS = 6
"""So many samples in a row are missing only where nobody looked, or the scheduler was stuck: nothing is known of that time."""


EDGE_S = 0.001
"""From a sample to the empty row beside it: areas fall to nothing there, and aren't drawn across."""


class _Samples(StreamFeed):
    """Columns of the recorder's history."""

    rollover = 1_800  # a quarter of an hour

    def begin(self, server: Any) -> int:
        """Return the cursor before the oldest sample."""
        return 0

    def read_since(self, server: Any, cursor: int, now: float) -> tuple[Columns, int]:
        """Return the samples after a cursor; see `StreamFeed.read_since`."""
        history = server.recorder.history
        # One sample more, for the time from it to the first one.
        first = max(cursor, history.total - self.rollover)
        samples, cursor = history.since(max(first - 1, 0))
        chosen = {name: samples[name] for name in self.columns}
        is_former = first > history.total - len(history)
        return broken(chosen, GAP_PERIODS * history.interval_s, is_former), cursor


def broken(samples: Columns, gap_s: float, with_former: bool) -> dict[str, list[Any]]:
    """Return samples over time with two empty rows wherever there were none for a while, so that lines and areas end there.

    Parameters
    ----------
    samples
        Columns, ``time`` among them.
    gap_s
        From how many seconds on.
    with_former
        Whether the first row was sent before, and stands there only for its time.

    Examples
    --------
    >>> broken({"time": [1.0, 2.0, 60.0], "cpu": [5, 6, 7]}, 10.0, False)
    {'time': [1.0, 2.0, 2.001, 59.999, 60.0], 'cpu': [5, 6, None, None, 7]}
    >>> broken({"time": [2.0, 60.0], "cpu": [6, 7]}, 10.0, True)
    {'time': [2.001, 59.999, 60.0], 'cpu': [None, None, 7]}
    """
    times = samples["time"]
    gaps = [at for at in range(1, len(times)) if times[at] - times[at - 1] > gap_s]
    columns = {name: list(column) for name, column in samples.items()}
    for at in reversed(gaps):
        for name, column in columns.items():
            column[at:at] = [times[at - 1] + EDGE_S, times[at] - EDGE_S] if name == "time" else [None, None]
    start = int(with_former and bool(times))
    return {name: column[start:] for name, column in columns.items()}


class ClusterMemory(_Samples):
    """Bytes of all workers together."""

    name = "cluster-memory"
    columns = (
        "time", "managed_in_memory", "unmanaged_old", "unmanaged_recent", "spilled", "process", "memory_limit",
    )  # fmt: skip


class System(_Samples):
    """The scheduler's process, and the cluster's load."""

    name = "system"
    columns = (
        "time", "scheduler_cpu", "scheduler_memory", "scheduler_fds", "scheduler_delay", "cpu", "threads", "bandwidth_in",
        "bandwidth_out", "occupancy", "finished", "processing", "queued", "waiting",
    )  # fmt: skip


class Summary(Feed):
    """The cluster now: one row."""

    name = "summary"
    period_s = 0.5
    columns = (
        "workers", "threads", "cpu", "memory", "limit", "spilled", "processing", "waiting", "in_memory", "tasks_per_s", "erred",
    )  # fmt: skip

    def read(self, server: Any, now: float) -> Columns:
        """Return the numbers of the strip; cpu in percent of all threads."""
        recorder, counts = server.recorder, server.machine.state.counts
        recent = list(islice(reversed(recorder.history.rows), 4))
        workers = [worker for worker in server.machine.state.workers.values() if worker.status != "gone"]
        threads = sum(worker.nthreads for worker in workers)
        memory = recorder.memory()
        rate = recorder.history.names.index("finished")
        row = {
            "workers": len(workers),
            "threads": threads,
            "cpu": round(sum(worker.metrics.get("cpu", 0.0) for worker in workers) / max(threads, 1), 1),
            "memory": memory["process"],
            "limit": sum(worker.memory_limit for worker in workers) or None,
            "spilled": memory["spilled"],
            "processing": counts[PROCESSING],
            "waiting": counts[WAITING] + counts[QUEUED] + counts[NO_WORKER],
            "in_memory": counts[MEMORY],
            "tasks_per_s": round(sum(one[rate] for one in recent) / max(len(recent), 1)),
            "erred": counts[ERRED],
        }
        return {name: [value] for name, value in row.items()}


FEEDS = (ClusterMemory(), System(), Summary())

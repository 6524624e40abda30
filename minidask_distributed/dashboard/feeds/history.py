"""The cluster over time: memory, load, bandwidth, and the scheduler's own process; and now, in one row.

Place in the flow: the pages *status*, *system* and *bandwidth*; the strip of numbers on every page. The recorder samples twice a
second while somebody looks, and keeps an hour.

Invariants: a stream sends each sample once; a page that opens gets at most `rollover` of those that are there.
"""

from __future__ import annotations

from itertools import islice
from typing import Any

from minidask_distributed.dashboard.feeds.base import Columns, Feed, StreamFeed
from minidask_distributed.scheduler.machine.states import ERRED, MEMORY, NO_WORKER, PROCESSING, QUEUED, WAITING


class _Samples(StreamFeed):
    """Columns of the recorder's history."""

    rollover = 1_800  # a quarter of an hour

    def begin(self, server: Any) -> int:
        """Return the cursor before the oldest sample."""
        return 0

    def read_since(self, server: Any, cursor: int, now: float) -> tuple[Columns, int]:
        """Return the samples after a cursor; see `StreamFeed.read_since`."""
        history = server.recorder.history
        samples, cursor = history.since(max(cursor, history.total - self.rollover))
        return {name: samples[name] for name in self.columns}, cursor


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
            "limit": sum(worker.memory_limit for worker in workers),
            "spilled": memory["spilled"],
            "processing": counts[PROCESSING],
            "waiting": counts[WAITING] + counts[QUEUED] + counts[NO_WORKER],
            "in_memory": counts[MEMORY],
            "tasks_per_s": round(sum(one[rate] for one in recent) / max(len(recent), 1)),
            "erred": counts[ERRED],
        }
        return {name: [value] for name, value in row.items()}


FEEDS = (ClusterMemory(), System(), Summary())

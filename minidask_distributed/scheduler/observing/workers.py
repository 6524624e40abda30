"""The workers as a table, as they are now: what the page of workers shows, and memory as people understand it.

Place in the flow: `Recorder.worker_columns` and `history` read the machine's records here; numbers of the processes are those
of the workers' last beats.

Invariants: a constant time for each worker, however many tasks it has; workers that haven't sent a beat yet have zeros.

Not for: deciding; the machine has its own sums.
"""

from __future__ import annotations

from itertools import islice
from typing import Any, NamedTuple

from minidask_distributed.scheduler.machine.records import Worker
from minidask_distributed.scheduler.machine.state import ClusterState

COLUMNS = (
    "address",
    "name",
    "number",
    "host",
    "pid",
    "nanny",  # its id, "" without
    "status",  # "running", "paused", "closing", "gone" (its nanny's word is awaited)
    "nthreads",
    "cpu",  # percent of one processor
    "memory",  # bytes of the process
    "memory_limit",  # 0: none
    "memory_fraction",  # memory / memory_limit, 0 without a limit
    "managed",  # bytes of results in memory
    "unmanaged",
    "unmanaged_old",
    "unmanaged_recent",
    "spilled",  # bytes that results on disk would take in memory
    "nbytes",  # of all results, as the scheduler counts them
    "bandwidth_in",  # bytes a second, over the last beat
    "bandwidth_out",
    "fds",  # file descriptors
    "delay",  # seconds by which its event loop was late, the longest of the last beat
    "processing",  # tasks that were sent there and haven't ended
    "executing",  # of these, on threads
    "ready",  # of these, waiting for a thread
    "waiting",  # of these, waiting for data, or reported since the beat
    "long_running",  # of these, seceded
    "queued",  # tasks that wait here for a place there
    "held",  # results
    "in_flight",  # results on their way there
    "finished",  # tasks, since it joined
    "occupancy",  # seconds of work, sent or queued, by the measured durations
    "last_seen",  # seconds ago
)


class Memory(NamedTuple):
    """A worker's memory, in bytes."""

    process: int
    managed: int  # results in memory
    unmanaged_old: int
    unmanaged_recent: int  # appeared within the last 30 s
    spilled: int

    @property
    def unmanaged(self) -> int:
        """What isn't results."""
        return self.unmanaged_old + self.unmanaged_recent


def memory_of(worker: Worker) -> Memory:
    """Return a worker's memory at its last beat.

    Examples
    --------
    >>> worker = Worker(1, 7, "tcp://127.0.0.1:4000", "alice", 2, 0)
    >>> worker.metrics = {"memory": 100, "managed": 30, "unmanaged": 70, "unmanaged_recent": 20, "spilled": 5}
    >>> memory_of(worker)
    Memory(process=100, managed=30, unmanaged_old=50, unmanaged_recent=20, spilled=5)
    """
    metrics = worker.metrics
    unmanaged, recent = metrics.get("unmanaged", 0), metrics.get("unmanaged_recent", 0)
    return Memory(
        metrics.get("memory", 0), metrics.get("managed", 0), unmanaged - recent, recent, metrics.get("spilled", 0)
    )


def worker_columns(state: ClusterState, most: int | None = None) -> dict[str, list[Any]]:
    """Return the workers as columns, by joining, see `COLUMNS`.

    Parameters
    ----------
    state
        The machine's.
    most
        At most so many workers.
    """
    rows = [_row(worker, state.now) for worker in islice(state.workers.values(), most)]
    columns = zip(*rows, strict=True) if rows else [[] for _ in COLUMNS]
    return {name: list(column) for name, column in zip(COLUMNS, columns, strict=True)}


def _row(worker: Worker, now: float) -> tuple[Any, ...]:
    measured, told = worker.metrics.get, worker.info.get
    process, managed, old, recent, spilled = memory_of(worker)
    processing, executing, ready = len(worker.processing), measured("executing", 0), measured("ready", 0)
    return (
        worker.address,
        worker.name,
        worker.number,
        told("host", ""),
        told("pid", 0),
        worker.nanny,
        worker.status,
        worker.nthreads,
        measured("cpu", 0.0),
        process,
        worker.memory_limit,
        process / worker.memory_limit if worker.memory_limit else 0.0,
        managed,
        old + recent,
        old,
        recent,
        spilled,
        worker.nbytes,
        measured("bandwidth_in", 0),
        measured("bandwidth_out", 0),
        measured("num_fds", 0),
        measured("loop_delay", 0.0),
        processing,
        executing,
        ready,
        max(processing - executing - ready - len(worker.long_running), 0),
        len(worker.long_running),
        worker.backlog,
        len(worker.held),
        measured("in_flight", 0),
        measured("finished", 0),
        occupancy_s(worker),
        max(now - worker.last_seen, 0.0),
    )


def occupancy_s(worker: Worker) -> float:
    """Return the seconds of work that a worker was sent or that wait for it.

    Shares of submissions count by their first task: their tasks are like each other.

    Examples
    --------
    >>> worker = Worker(1, 7, "tcp://127.0.0.1:4000", "alice", 2, 0)
    >>> worker.busy_us, worker.queued_us = 1_500_000, 500_000
    >>> occupancy_s(worker)
    2.0
    """
    work_us = worker.busy_us + worker.queued_us
    for part in worker.slices:
        recipe = part.tasks[0].recipe if part.tasks else None
        if recipe is not None:
            work_us += len(part.tasks) * recipe.cost_us
    return work_us / 1e6

"""A cluster in a dozen numbers, read off what the scheduler or worker counts anyway.

Place in the flow: ``json/counts.json`` and `metrics`.

Invariants: no task is looked at: the cost grows with the number of workers alone. Names of the scheduler's counts are the
field's.
"""

from __future__ import annotations

from typing import Any

from minidask_distributed.scheduler.machine import states
from minidask_distributed.scheduler.machine.records import Worker

WORKER_STATES = ("idle", "partially_saturated", "saturated", "paused_or_retiring")


def counts(server: Any, role: str) -> dict[str, int | float]:
    """Return {name: number} of a scheduler or worker.

    Parameters
    ----------
    server
        The `Scheduler` or `Worker`.
    role
        "scheduler" or "worker".
    """
    return scheduler_counts(server) if role == "scheduler" else worker_counts(server)


def scheduler_counts(scheduler: Any) -> dict[str, int | float]:
    """Return the cluster's numbers: bytes of results, clients, cores (threads), hosts, workers and tasks by state."""
    state = scheduler.machine.state
    workers = list(scheduler.workers.values())
    by_load = worker_states(workers)
    by_state = state.counts
    return {
        "bytes": state.managed_bytes,
        "clients": len(state.clients),
        "cores": sum(worker.nthreads for worker in workers),
        "erred": by_state[states.ERRED],
        "hosts": len({host_of(worker) for worker in workers}),
        "idle": by_load["idle"],
        "memory": by_state[states.MEMORY],
        "memory_limit": sum(worker.memory_limit for worker in workers),
        "no-worker": by_state[states.NO_WORKER],
        "processing": by_state[states.PROCESSING],
        "queued": by_state[states.QUEUED],
        "released": by_state[states.RELEASED],
        "saturated": by_load["saturated"],
        "tasks": len(state.keys),
        "unrunnable": by_state[states.NO_WORKER],
        "waiting": by_state[states.WAITING],
        "workers": len(workers),
    }


def worker_counts(worker: Any) -> dict[str, int | float]:
    """Return a worker's numbers: those of its heartbeats that are numbers, its threads and its limit."""
    measured = {name: value for name, value in worker.metrics().items() if isinstance(value, int | float)}
    return {**measured, "threads": worker.nthreads, "memory_limit": worker.memory_limit}


def worker_states(workers: list[Worker]) -> dict[str, int]:
    """Return how many workers are idle, busy with fewer tasks than threads, busy with all threads, and taking none.

    Examples
    --------
    >>> worker_states([Worker(1, 7, "tcp://127.0.0.1:4000", "alice", 2, 0)])
    {'idle': 1, 'partially_saturated': 0, 'saturated': 0, 'paused_or_retiring': 0}
    """
    found = dict.fromkeys(WORKER_STATES, 0)
    for worker in workers:
        if worker.status != "running":
            found["paused_or_retiring"] += 1
        elif not worker.processing:
            found["idle"] += 1
        else:
            found["saturated" if len(worker.processing) >= worker.nthreads else "partially_saturated"] += 1
    return found


def host_of(worker: Worker) -> str:
    """Return the host of a worker's address; "" for one in the scheduler's process.

    Examples
    --------
    >>> host_of(Worker(1, 7, "tcp://[::1]:4000", "alice", 2, 0))
    '::1'
    """
    scheme, _, location = worker.address.partition("://")
    return "" if scheme == "inproc" else location.rpartition(":")[0].strip("[]")

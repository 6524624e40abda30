"""What a scheduler says of itself and its workers: the answer to ``Client.scheduler_info``, and the scheduler file.

Place in the flow: the handler `identity` and `server` (for the scheduler file) make it of the machine's records.

Invariants: plain values alone, that JSON and messages can hold; no secrets.
"""

from __future__ import annotations

import contextlib
import os
from typing import Any

from minidask_distributed.scheduler.machine.records import Worker


def identity(scheduler: Any) -> dict[str, Any]:
    """Return the scheduler and its workers as nested plain values.

    Parameters
    ----------
    scheduler
        A `Scheduler` that listens.
    """
    workers = scheduler.workers
    return {
        "type": "Scheduler",
        "id": scheduler.id,
        "name": scheduler.name,
        "address": scheduler.address,
        "addresses": scheduler.addresses,
        "services": scheduler.services.ports(),
        "started": scheduler.started_at,
        "n_workers": len(workers),
        "total_threads": sum(worker.nthreads for worker in workers.values()),
        "total_memory": sum(worker.memory_limit for worker in workers.values()),
        "workers": {address: describe_worker(worker) for address, worker in workers.items()},
    }


def describe_worker(worker: Worker) -> dict[str, Any]:
    """Return a worker as plain values.

    Examples
    --------
    >>> described = describe_worker(Worker(1, 7, "tcp://127.0.0.1:4000", "alice", 2, 0))
    >>> described["name"], described["nthreads"], described["status"]
    ('alice', 2, 'running')
    """
    told = worker.info
    return {
        "type": "Worker",
        "id": told.get("id", worker.name),
        "number": worker.number,
        "name": worker.name,
        "host": told.get("host", ""),
        "pid": told.get("pid", 0),
        "local_directory": told.get("local_directory", ""),
        "nanny": worker.nanny or None,
        "nthreads": worker.nthreads,
        "memory_limit": worker.memory_limit,
        "resources": dict(worker.resources),
        "status": worker.status,
        "services": {name: place.get("port", 0) for name, place in told.get("places", {}).items()},
        "metrics": dict(worker.metrics),
        "nbytes": worker.nbytes,
        "n_processing": len(worker.processing),
        "n_held": len(worker.held),
        "occupancy": (worker.busy_us + worker.queued_us) / 1e6,
    }


def remove_own_file(path: str, own_id: str) -> None:
    """Remove a scheduler file, unless it is gone or another scheduler has written its own."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        with open(path, encoding="utf-8") as file:
            is_own = own_id in file.read()
        if is_own:
            os.remove(path)

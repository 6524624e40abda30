"""The workers: memory and load of each, as bars and as a table.

Place in the flow: the pages *status* and *workers*.

How many: bars are one row a worker, in the order of joining, for up to `SHOWN` workers. Of more, those that need to be looked
at are shown one by one (for memory those nearest to their limits, for load those with most work), and the others as one last
row, their average. The table has up to `MAX_ROWS`.

Invariants: a constant time for each worker; numbers of processes are those of the last beats.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from minidask.units import format_bytes
from minidask_distributed.dashboard.feeds.base import MAX_ROWS, Columns, Feed
from minidask_distributed.dashboard.feeds.naming import worker_label
from minidask_distributed.dashboard.paths import call_stacks_page, logs_page, worker_page
from minidask_distributed.dashboard.plots.palette import MEMORY_COLORS
from minidask_distributed.scheduler.machine.records import Worker
from minidask_distributed.scheduler.observing.workers import memory_of, occupancy_s

SHOWN = 100
LABELLED = 16
"""With more rows their labels would overlap: a plot has some 200 pixels for them."""

NEAR = 0.7
PAUSED = 0.8
"""Fractions of the limit from which memory is coloured: where workers spill, and pause, unless the settings differ."""


def there(server: Any) -> list[Worker]:
    """Return the workers of a scheduler that are there, by joining."""
    return [worker for worker in server.machine.state.workers.values() if worker.status != "gone"]


def chosen(
    workers: list[Worker], weight: Callable[[Worker], float], most: int = SHOWN
) -> tuple[list[Worker], list[Worker]]:
    """Return the workers to be shown one by one, those of greatest weight, by joining; and the others.

    Examples
    --------
    >>> workers = [Worker(n, n, f"tcp://w:{n}", f"w{n}", 1, 0) for n in range(4)]
    >>> shown, others = chosen(workers, lambda worker: -worker.number, most=3)
    >>> [worker.name for worker in shown], [worker.name for worker in others]
    (['w0', 'w1', 'w2'], ['w3'])
    """
    if len(workers) <= most:
        return workers, []
    ranked = sorted(range(len(workers)), key=lambda at: -weight(workers[at]))
    picked = set(ranked[:most])
    return [workers[at] for at in sorted(picked)], [worker for at, worker in enumerate(workers) if at not in picked]


def memory_fraction(worker: Worker) -> float:
    """Return how full a worker's memory is; by size, below all with a limit, where there is none."""
    process = memory_of(worker).process
    return process / worker.memory_limit if worker.memory_limit else process / (1 << 60)


def labels(names: Sequence[str]) -> list[str]:
    """Return what stands at the rows: names, if they are few enough to be read; the last one of more, a summary."""
    if len(names) <= LABELLED:
        return [worker_label(name, 22) for name in names]
    return [name if name.startswith("mean of ") else "" for name in names]


class WorkersMemory(Feed):
    """Bytes of each worker."""

    name = "workers-memory"
    columns = (
        "y", "label", "worker", "address", "managed", "unmanaged", "unmanaged_recent", "spilled", "process", "limit",
        "percent", "color", "text", "end",
    )  # fmt: skip

    def read(self, server: Any, now: float) -> Columns:
        """Return one row a worker, see the module; bytes."""
        shown, others = chosen(there(server), memory_fraction)
        rows = [self._row(worker) for worker in shown]
        if others:
            parts = [self._row(worker) for worker in others]
            means = [sum(column) / len(parts) for column in list(zip(*parts, strict=True))[2:8]]
            color = MEMORY_COLORS["ok"]
            rows.append((f"mean of {len(others)} others", "", *means, color))
        names = [row[0] for row in rows]
        columns = [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(9)]
        _, addresses, managed, unmanaged, recent, spilled, process, limits, colors = columns
        with_text = len(rows) <= LABELLED
        return {
            "y": list(range(len(rows))),
            "label": labels(names),
            "worker": names,
            "address": addresses,
            "managed": managed,
            "unmanaged": unmanaged,
            "unmanaged_recent": recent,
            "spilled": spilled,
            "process": process,
            "limit": limits,
            "percent": [100 * one / limit if limit else None for one, limit in zip(process, limits, strict=True)],
            "color": colors,
            "text": [format_bytes(one) if with_text else "" for one in process],
            "end": [sum(parts) for parts in zip(managed, unmanaged, recent, spilled, strict=True)],
        }

    def _row(self, worker: Worker) -> tuple[Any, ...]:
        memory, limit = memory_of(worker), worker.memory_limit
        fraction = memory.process / limit if limit else 0.0
        how = "paused" if worker.status == "paused" or fraction >= PAUSED else "near" if fraction >= NEAR else "ok"
        return (
            worker.name,
            worker.address,
            memory.managed,
            memory.unmanaged_old,
            memory.unmanaged_recent,
            memory.spilled,
            memory.process,
            limit,
            MEMORY_COLORS[how],
        )


def work_of(worker: Worker) -> float:
    """Return how much a worker has to do: what orders the bars of load."""
    return len(worker.processing) + worker.backlog


class WorkersLoad(Feed):
    """What each worker has to do, and how busy it is."""

    name = "workers-load"
    columns = (
        "y", "label", "worker", "nthreads", "executing", "processing", "queued", "occupancy", "cpu", "cpu_limit",
        "bandwidth_in", "bandwidth_out", "status",
    )  # fmt: skip
    # executing, processing (the rest of it), queued: tasks; occupancy: seconds a thread; cpu: percent of one processor

    def read(self, server: Any, now: float) -> Columns:
        """Return one row a worker, see the module."""
        shown, others = chosen(there(server), work_of)
        rows = [self._row(worker) for worker in shown]
        if others:
            parts = [self._row(worker) for worker in others]
            means = [sum(column) / len(parts) for column in list(zip(*parts, strict=True))[1:-1]]
            rows.append((f"mean of {len(others)} others", *means, ""))
        names = [row[0] for row in rows]
        columns = [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in self.columns[2:]]
        return {
            "y": list(range(len(rows))),
            "label": labels(names),
            **dict(zip(self.columns[2:], columns, strict=True)),
        }

    def _row(self, worker: Worker) -> tuple[Any, ...]:
        metrics = worker.metrics.get
        processing = len(worker.processing)
        executing = min(metrics("executing", 0), processing)
        return (
            worker.name,
            worker.nthreads,
            executing,
            processing - executing,
            worker.backlog,
            occupancy_s(worker) / max(worker.nthreads, 1),
            metrics("cpu", 0.0),
            100 * worker.nthreads,
            metrics("bandwidth_in", 0),
            metrics("bandwidth_out", 0),
            worker.status,
        )


class WorkersTable(Feed):
    """All about each worker."""

    name = "workers"
    period_s = 1.0
    columns = (
        "name", "address", "page", "logs", "logs_page", "stacks", "stacks_page", "status", "host", "nthreads", "cpu", "memory",
        "memory_limit", "memory_percent", "managed", "unmanaged", "spilled", "bandwidth_in", "bandwidth_out", "executing",
        "ready", "waiting", "processing", "queued", "held", "finished", "occupancy", "delay", "fds", "last_seen",
    )  # fmt: skip

    def read(self, server: Any, now: float) -> Columns:
        """Return one row a worker."""
        columns = server.recorder.worker_columns(MAX_ROWS)
        addresses = columns["address"]
        made: dict[str, list[Any]] = {
            "page": [worker_page(address) for address in addresses],
            "logs": ["log"] * len(addresses),
            "logs_page": [logs_page(address) for address in addresses],
            "stacks": ["stacks"] * len(addresses),
            "stacks_page": [call_stacks_page(address) for address in addresses],
            "memory_percent": [
                100 * one if limit else None
                for one, limit in zip(columns["memory_fraction"], columns["memory_limit"], strict=True)
            ],
        }
        # What changes at every look is rounded, or the table would be sent anew for nothing.
        made["last_seen"] = [round(one) for one in columns["last_seen"]]
        made["occupancy"] = [round(one, 2) for one in columns["occupancy"]]
        return {name: made[name] if name in made else columns[name] for name in self.columns}


class Departures(Feed):
    """Workers that are gone, and why."""

    name = "departures"
    period_s = 1.0
    columns = (
        "time",
        "name",
        "address",
        "page",
        "kind",
        "reason",
        "signal",
        "memory",
        "memory_limit",
        "running",
        "lines",
    )

    def read(self, server: Any, now: float) -> Columns:
        """Return one row an end, the latest first."""
        columns = server.recorder.departures.columns(MAX_ROWS // 4)
        made: dict[str, list[Any]] = {
            "page": [worker_page(address) for address in columns["address"]],
            "running": [", ".join(map(str, keys)) for keys in columns["running"]],
            "lines": [
                "\n".join(lines) if isinstance(lines, list | tuple) else str(lines) for lines in columns["lines"]
            ],
        }
        return {name: (made[name] if name in made else columns[name])[::-1] for name in self.columns}


FEEDS = (WorkersMemory(), WorkersLoad(), WorkersTable(), Departures())

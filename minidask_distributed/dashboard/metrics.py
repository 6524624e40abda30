"""Prometheus' metrics of a scheduler or worker.

Place in the flow: the route ``metrics``; Prometheus reads it every few seconds, with the token as bearer.

Names are the field's with this project's prefix. Labels are bounded: states of tasks and workers, kinds of memory; never keys,
addresses or names. Numbers are read when they are asked for, from counters that exist anyway.

Not for: history, which is Prometheus' own affair.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from weakref import ref

from minidask_distributed.dashboard.counting import scheduler_counts, worker_states
from minidask_distributed.scheduler.machine import states

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.core import Metric

REMEDY = 'metrics need prometheus_client: pip install "minidask[diagnostics]"'


def load() -> None:
    """Import what `exposition` needs, which takes a tenth of a second: on a thread.

    Raises
    ------
    ImportError
        Without the package ``prometheus_client``; the message says the remedy.
    """
    try:
        importlib.import_module("prometheus_client")
    except ImportError:
        raise ImportError(REMEDY) from None


def exposition(server: Any, role: str) -> tuple[bytes, str]:
    """Return the metrics as text, and its content type.

    Raises
    ------
    ImportError
        Without the package ``prometheus_client``; the message says the remedy.
    """
    load()
    from prometheus_client import exposition as prometheus

    return prometheus.generate_latest(_registry(ref(server), role)), prometheus.CONTENT_TYPE_PLAIN_0_0_4


@lru_cache(maxsize=8)
def _registry(server: ref[Any], role: str) -> CollectorRegistry:
    from prometheus_client import CollectorRegistry, ProcessCollector
    from prometheus_client.registry import Collector

    class ServerCollector(Collector):
        """Reads one server."""

        def describe(self) -> list[Metric]:
            return []  # said now, it would be read at registration

        def collect(self) -> Iterator[Metric]:
            found = server()
            if found is not None:
                yield from _scheduler_metrics(found) if role == "scheduler" else _worker_metrics(found)

    registry = CollectorRegistry(auto_describe=False)
    registry.register(ServerCollector())
    ProcessCollector(registry=registry)
    return registry


def _scheduler_metrics(scheduler: Any) -> Iterator[Metric]:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    def gauge(name: str, text: str, value: float) -> Metric:
        return GaugeMetricFamily(f"minidask_scheduler_{name}", text, value=value)

    state = scheduler.machine.state
    counted = scheduler_counts(scheduler)
    tasks = GaugeMetricFamily("minidask_scheduler_tasks", "Tasks that the scheduler knows, by state.", labels=["state"])
    for number, name in enumerate(states.NAMES):
        if number != states.FORGOTTEN:
            tasks.add_metric([name], state.counts[number])
    yield tasks
    workers = GaugeMetricFamily(
        "minidask_scheduler_workers",
        "Workers by what they do: nothing, something, all they can, or take none.",
        labels=["state"],
    )
    for load, number in worker_states(list(scheduler.workers.values())).items():
        workers.add_metric([load], number)
    yield workers
    yield gauge("clients", "Clients that are connected.", counted["clients"])
    yield gauge("threads", "Threads of all workers.", counted["cores"])
    yield gauge(
        "memory_limit_bytes",
        "Memory limits of all workers together; those without one count as 0.",
        counted["memory_limit"],
    )
    yield gauge(
        "managed_bytes", "Results that workers hold, in memory or on disk, each copy counted.", state.managed_bytes
    )
    yield gauge("values_bytes", "Small results that the scheduler keeps itself.", state.value_bytes)
    yield gauge("connections", "Open connections of clients, workers and nannies.", len(scheduler.connections))
    yield CounterMetricFamily(
        "minidask_scheduler_transitions_total",
        "Moves of tasks between states since the scheduler's start.",
        value=state.log.dropped + len(state.log.tasks),
    )


_TASK_STATES = ("executing", "ready", "in_flight", "in_memory")


def _worker_metrics(worker: Any) -> Iterator[Metric]:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    measured = worker.metrics()
    counted = worker.engine.counts()
    tasks = GaugeMetricFamily("minidask_worker_tasks", "Tasks at this worker, by state.", labels=["state"])
    for name in _TASK_STATES:
        tasks.add_metric([name], counted[name])
    yield tasks
    yield CounterMetricFamily(
        "minidask_worker_tasks_finished_total", "Tasks that it has run.", value=counted["finished"]
    )
    memory = GaugeMetricFamily(
        "minidask_worker_memory_bytes",
        "Memory of the worker's process, and results on disk (spilled).",
        labels=["type"],
    )
    for kind in ("managed", "unmanaged", "spilled"):
        memory.add_metric([kind], measured[kind])
    yield memory
    yield GaugeMetricFamily("minidask_worker_process_memory_bytes", "Memory of the process.", value=measured["memory"])
    yield GaugeMetricFamily(
        "minidask_worker_memory_limit_bytes", "Its limit; 0 for none.", value=worker.memory_limit or 0
    )
    yield GaugeMetricFamily("minidask_worker_threads", "Threads for tasks.", value=worker.nthreads)
    yield GaugeMetricFamily(
        "minidask_worker_cpu_percent", "CPU since the last reading, in percent of one.", value=measured["cpu"]
    )
    yield CounterMetricFamily(
        "minidask_worker_spilled_results_total", "Results written to disk.", value=measured["spill_count"]
    )

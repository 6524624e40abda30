"""Profiler: when each task ran, and where.

Place in the flow: a `Callback` that a scheduler calls before and after every task; `plots` draws what it recorded.
A record is made once the task has run: a task that raised, or was running when the computation ended, leaves none.
Records hold the tasks, and so the data inside them, until `clear`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from minidask.diagnostics import plots
from minidask.diagnostics.clock import clock
from minidask.schedulers.callbacks import Callback

__all__ = ["Profiler", "TaskData"]


class TaskData(NamedTuple):
    """One task that has run; times are in seconds since the epoch."""

    key: Any
    task: Any
    start_time: float
    end_time: float
    worker_id: Any


class Profiler(Callback):
    """Record start, end and worker of every task.

    Use it around computations, or `register` it for all of them; then old results pile up until `clear`.

    Attributes
    ----------
    results : list of TaskData
        ``(key, task, start_time, end_time, worker_id)``, in the order in which the tasks ended.

    Examples
    --------
    >>> from operator import add, mul
    >>> from minidask.schedulers.threads import get
    >>> with Profiler() as prof:
    ...     get({"x": 1, "y": (add, "x", 10), "z": (mul, "y", 2)}, "z")
    22
    >>> [record.key for record in prof.results if record.key != "x"]
    ['y', 'z']
    """

    def __init__(self) -> None:
        super().__init__()
        self.results: list[TaskData] = []
        # Start of each running task, in seconds: {id of the computation's state: {key: start}}.
        self._started: dict[int, dict[Any, float]] = {}

    def __enter__(self) -> Any:
        self.clear()
        return super().__enter__()

    def _start_state(self, dsk: Any, state: Any) -> None:
        self._started[id(state)] = {}

    def _pretask(self, key: Any, dsk: Any, state: Any) -> None:
        self._started[id(state)][key] = clock()

    def _posttask(self, key: Any, result: Any, dsk: Any, state: Any, worker_id: Any) -> None:
        end = clock()
        start = self._started[id(state)].pop(key)
        self.results.append(TaskData(key, dsk[key], start, end, worker_id))

    def _finish(self, dsk: Any, state: Any, errored: bool) -> None:
        self._started.pop(id(state), None)

    def clear(self) -> None:
        """Forget all results."""
        self.results = []

    def visualize(self, **kwargs: Any) -> Any:
        """Plot the tasks with Bokeh, a row for each worker; arguments are those of `minidask.diagnostics.visualize`."""
        return plots.visualize(self, **kwargs)

    def _plot(self, origin: float, **kwargs: Any) -> Any:
        """Return the Bokeh figure, with times in seconds since `origin`."""
        return plots.plot_tasks(self.results, origin, **kwargs)

    def _first_time(self) -> float | None:
        return min((record.start_time for record in self.results), default=None)

"""CacheProfiler: how long each result was held, and how much that was.

Place in the flow: a `Callback` that looks at ``state["cache"]`` after every task. A result can only be released when a
task that needed it has run, so looking at the dependencies of the last two finished tasks finds every release: the
cost is O(edges), and it does not matter whether a scheduler releases just before or just after its callbacks.
Results still held at the end (the outputs) count as freed there. Not for memory of the process: see `ResourceProfiler`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from minidask.diagnostics import plots
from minidask.diagnostics.clock import clock
from minidask.graph.task import func_name
from minidask.schedulers.callbacks import Callback

__all__ = ["CacheData", "CacheProfiler"]


class CacheData(NamedTuple):
    """One result and the time for which it was held; times are in seconds since the epoch."""

    key: Any
    task: Any
    metric: Any
    cache_time: float
    free_time: float


class _Run:
    """Notes about one computation."""

    __slots__ = ("held", "suspects")

    def __init__(self) -> None:
        # held: {key: (metric, time)} of recorded results that are not released.
        self.held: dict[Any, tuple[Any, float]] = {}
        # suspects: dependencies of the last task, held when it was reported.
        self.suspects: list[Any] = []


class CacheProfiler(Callback):
    """Record when each result was made and released, with a measure of it.

    Parameters
    ----------
    metric : callable, optional
        Function of a result that returns a number. By default every result counts 1.
        ``minidask.sizeof.sizeof`` gives bytes.
    metric_name : str, optional
        Name for the plot's axis. By default "count", or the name of `metric`.

    Attributes
    ----------
    results : list of CacheData
        ``(key, task, metric, cache_time, free_time)``, in the order of release.

    Raises
    ------
    TypeError
        If `metric` is not callable.

    Examples
    --------
    >>> from operator import add, mul
    >>> from minidask.schedulers.threads import get
    >>> with CacheProfiler(metric=abs, metric_name="absolute value") as prof:
    ...     get({"x": 1, "y": (add, "x", 10), "z": (mul, "y", 2)}, "z")
    22
    >>> [(record.key, record.metric) for record in prof.results if record.key != "x"]
    [('y', 11), ('z', 22)]
    """

    def __init__(self, metric: Callable[[Any], Any] | None = None, metric_name: str | None = None) -> None:
        if metric is not None and not callable(metric):
            raise TypeError(f"metric must be a function of a result, not {type(metric).__name__}: {metric!r}")
        super().__init__()
        self.results: list[CacheData] = []
        self.metric = metric
        self.metric_name = metric_name or ("count" if metric is None else func_name(metric))
        self._runs: dict[int, _Run] = {}

    def __enter__(self) -> Any:
        self.clear()
        return super().__enter__()

    def _start_state(self, dsk: Any, state: Any) -> None:
        self._runs[id(state)] = _Run()

    def _posttask(self, key: Any, result: Any, dsk: Any, state: Any, worker_id: Any) -> None:
        now = clock()
        run = self._runs[id(state)]
        cache = state["cache"]
        dependencies = state["dependencies"][key]
        for suspect in (*run.suspects, *dependencies):
            if suspect in run.held and suspect not in cache:
                self._release(run, suspect, dsk, now)
        run.suspects = [dependency for dependency in dependencies if dependency in run.held]
        run.held[key] = (1 if self.metric is None else self.metric(result), now)

    def _finish(self, dsk: Any, state: Any, errored: bool) -> None:
        run = self._runs.pop(id(state), None)
        if run is not None:
            now = clock()
            for key in list(run.held):
                self._release(run, key, dsk, now)

    def _release(self, run: _Run, key: Any, dsk: Any, now: float) -> None:
        metric, since = run.held.pop(key)
        self.results.append(CacheData(key, dsk[key], metric, since, now))

    def clear(self) -> None:
        """Forget all results."""
        self.results = []

    def visualize(self, **kwargs: Any) -> Any:
        """Plot what was held over time with Bokeh; arguments are those of `minidask.diagnostics.visualize`."""
        return plots.visualize(self, **kwargs)

    def _plot(self, origin: float, **kwargs: Any) -> Any:
        """Return the Bokeh figure, with times in seconds since `origin`."""
        return plots.plot_cache(self.results, origin, self.metric_name, **kwargs)

    def _first_time(self) -> float | None:
        return min((record.cache_time for record in self.results), default=None)

"""Diagnostics: progress bar, profilers and their plots, pictures of graphs.

Place in the flow: `ProgressBar` and the profilers are callbacks (`minidask.schedulers.callbacks`) around any local
computation; `visualize` plots profilers, `visualize_graph` and `visualize_layers` draw graphs for
``collection.visualize()``. This file only names what is public, and imports it when it is asked for: who draws a graph
needs no profilers.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minidask.diagnostics.cache import CacheProfiler
    from minidask.diagnostics.pictures import visualize_graph, visualize_layers
    from minidask.diagnostics.plots import visualize
    from minidask.diagnostics.profile import Profiler
    from minidask.diagnostics.progress import ProgressBar
    from minidask.diagnostics.resources import ResourceProfiler

__all__ = [
    "CacheProfiler",
    "Profiler",
    "ProgressBar",
    "ResourceProfiler",
    "visualize",
    "visualize_graph",
    "visualize_layers",
]

# Public names: {name: module that defines it}.
_HOME = {
    "CacheProfiler": "cache",
    "Profiler": "profile",
    "ProgressBar": "progress",
    "ResourceProfiler": "resources",
    "visualize": "plots",
    "visualize_graph": "pictures",
    "visualize_layers": "pictures",
}


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

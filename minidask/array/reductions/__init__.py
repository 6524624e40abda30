"""Many elements to few, by trees: ``tree`` (how), ``folds`` (sum, min, any, ...), ``moments`` (mean, var, std), ``places``
(argmin, argmax), ``cumulative`` (cumsum, cumprod), ``custom`` (of one's own). Names are in ``minidask.array``; those of
functions that are documented under ``reductions`` are found here too, when they are asked for.
"""

from importlib import import_module
from typing import Any

_NAMES = {
    "cumreduction": "custom", "reduction": "custom",
    "cumprod": "cumulative", "cumsum": "cumulative", "nancumprod": "cumulative", "nancumsum": "cumulative",
    "max": "folds", "min": "folds", "nanmax": "folds", "nanmin": "folds", "nanprod": "folds", "nansum": "folds",
    "prod": "folds", "sum": "folds",
    "mean": "moments", "nanmean": "moments", "nanstd": "moments", "nanvar": "moments", "std": "moments", "var": "moments",
    "argmax": "places", "argmin": "places", "nanargmax": "places", "nanargmin": "places",
}  # fmt: skip

# Those of other modules of arrays.
_ELSEWHERE = {
    "moment": "statistics.central", "topk": "statistics.extremes", "argtopk": "statistics.extremes",
    "median": "statistics.quantiles", "nanmedian": "statistics.quantiles", "quantile": "statistics.quantiles",
    "nanquantile": "statistics.quantiles", "trace": "differences",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    """Return a function of a module below; raise AttributeError for what isn't there."""
    if name in _NAMES:
        return getattr(import_module(f"minidask.array.reductions.{_NAMES[name]}"), name)
    if name in _ELSEWHERE:
        return getattr(import_module(f"minidask.array.{_ELSEWHERE[name]}"), name)
    if name in ("all", "any"):
        return getattr(import_module("minidask.array.reductions.folds"), f"{name}_")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""minidask: parallel computing on task graphs, with lazy collections, local schedulers and a cluster.

Place in the flow: the front door. It holds the version and a table of the public names, and loads each on first use, so
that `import minidask` costs a few milliseconds and imports neither NumPy nor pandas. Everything is documented where it
is defined; the packages and their order are toured in the README and checked by the import contracts.

Invariant: `minidask.delayed` and `minidask.optimize` are functions, whether or not the modules of the same names have
been imported; the modules' contents are reached by `from minidask.delayed import Delayed` and the like.

Not for: code. A name that is added to the table below must be public and documented.

    >>> import minidask
    >>> total = minidask.delayed(sum)([1, 2, 3])
    >>> minidask.compute(total)
    (6,)
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minidask import base, callbacks, config, local, multiprocessing, sizeof, threaded, tokenize
    from minidask.collection import is_dask_collection, visualize
    from minidask.collection.compute import compute, optimize, persist
    from minidask.delayed import delayed
    from minidask.graph.annotations import annotate, get_annotations
    from minidask.schedulers.sync import get

__version__ = "0.1.0"

# name: the module that defines it
_FUNCTIONS = {
    "annotate": "minidask.graph.annotations",
    "compute": "minidask.collection",
    "delayed": "minidask.delayed",
    "get": "minidask.schedulers.sync",
    "get_annotations": "minidask.graph.annotations",
    "is_dask_collection": "minidask.collection",
    "optimize": "minidask.collection",
    "persist": "minidask.collection",
    "visualize": "minidask.collection",
}

# Modules that users reach as attributes without importing them by name.
_MODULES = frozenset({"base", "callbacks", "config", "local", "multiprocessing", "sizeof", "threaded", "tokenize"})

__all__ = [
    "__version__",
    "annotate",
    "base",
    "callbacks",
    "compute",
    "config",
    "delayed",
    "get",
    "get_annotations",
    "is_dask_collection",
    "local",
    "multiprocessing",
    "optimize",
    "persist",
    "sizeof",
    "threaded",
    "tokenize",
    "visualize",
]


class _Package(ModuleType):
    """The package's own type: it keeps a public function in its place when the submodule of that name is loaded."""

    def __setattr__(self, name: str, value: object) -> None:
        # The import system binds each loaded submodule to its parent; `delayed` and `optimize` stay functions.
        if not (name in _FUNCTIONS and isinstance(value, ModuleType)):
            super().__setattr__(name, value)

    def __reduce__(self) -> tuple[Any, ...]:
        # Functions that are pickled by value take the modules that they name along, by name.
        return import_module, (self.__name__,)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    """Load a public name on first use (PEP 562); raise AttributeError for any other."""
    if name in _FUNCTIONS:
        value = getattr(import_module(_FUNCTIONS[name]), name)
        globals()[name] = value
        return value
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names, loaded or not, besides what is there already."""
    return sorted({*globals(), *__all__})

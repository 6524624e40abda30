"""The cluster under the name by which users know it: ``from minidask.distributed import Client, LocalCluster``.

Place in the flow: the one door from this package to `minidask_distributed`, opened on first use of a name. Importing it
costs nothing, and nothing else in `minidask` comes here.

Not for: code, or modules of the package above (``minidask_distributed.worker``), which are imported by their own names.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minidask_distributed import *  # noqa: F403


def __getattr__(name: str) -> Any:
    """Return a public name of `minidask_distributed` (PEP 562); raise AttributeError for any other."""
    # Special names are asked for by the import system, pickle and doctest, which mean this module itself.
    if name.startswith("__") and name not in ("__all__", "__version__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    package = import_module("minidask_distributed")
    if name not in package.__all__ and name != "__all__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(package, name)


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(import_module("minidask_distributed").__all__)

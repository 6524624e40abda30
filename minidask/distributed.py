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
    """Return a public name of `minidask_distributed` (PEP 562).

    Raises AttributeError for any other, and NotImplementedError for one of the field's that isn't built.
    """
    # Special names are asked for by the import system, pickle and doctest, which mean this module itself.
    if name.startswith("__") and name not in ("__all__", "__version__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    package = import_module("minidask_distributed")
    if name in package.__all__ or name == "__all__":
        return getattr(package, name)
    try:
        # It knows what isn't built; of its modules it knows none.
        return package.__getattr__(name)
    except AttributeError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(import_module("minidask_distributed").__all__)

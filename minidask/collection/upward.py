"""Names of higher packages that conversions need (an array becomes a frame, a delayed value a bag).

Imports run downwards only; these few conversions run upwards. They go through one table, by name, when they are called.
Packages above this one that extend a topic (a cluster's way to shuffle dataframes) are announced and imported in the same way.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

# {name of a conversion: (module, attribute)}
UPWARD: dict[str, tuple[str, str]] = {
    "dataframe.from_delayed": ("minidask.dataframe", "from_delayed"),
    "dataframe.from_array": ("minidask.dataframe", "from_dask_array"),
    "bag.from_delayed": ("minidask.bag", "from_delayed"),
    "array.from_delayed": ("minidask.array", "from_delayed"),
    "array.concatenate": ("minidask.array", "concatenate"),
}


_extensions: dict[str, list[str]] = {}


def extend(topic: str, module: str) -> None:
    """Have a module imported before code of a topic decides anything: what a package above registers there.

    Examples
    --------
    >>> extend("an example", "minidask.graph")
    >>> load_extensions("an example")
    """
    modules = _extensions.setdefault(topic, [])
    if module not in modules:
        modules.append(module)


def load_extensions(topic: str) -> None:
    """Import the modules that extend a topic."""
    for module in _extensions.get(topic, ()):
        import_module(module)


def upward(name: str) -> Any:
    """Return the function behind a conversion.

    Raises
    ------
    KeyError
        If there is no conversion of that name.
    NotImplementedError
        If what it needs is not built yet.

    Examples
    --------
    >>> upward("no.such")
    Traceback (most recent call last):
    ...
    KeyError: "there is no conversion 'no.such'"
    """
    if name not in UPWARD:
        raise KeyError(f"there is no conversion {name!r}")
    module, attribute = UPWARD[name]
    try:
        package = import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise NotImplementedError(f"this conversion needs {module}, which is not part of minidask yet") from None
    if not hasattr(package, attribute):
        raise NotImplementedError(f"this conversion needs {module}.{attribute}, which is not part of minidask yet")
    return getattr(package, attribute)

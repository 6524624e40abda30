"""Accessors of one's own: a class under a name on every DataFrame, Series or Index, as pandas has them.

Place in the flow: public (``minidask.dataframe.extensions``). An accessor is made when its name is first used on a collection,
with this as its argument; raise AttributeError in ``__init__`` if the collection isn't of the right kind.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, TypeVar

from minidask.dataframe.frame import DataFrame
from minidask.dataframe.index import Index
from minidask.dataframe.series import Series

Accessor = TypeVar("Accessor", bound=type)


class _OnAccess:
    """Make the accessor for each collection that asks; the class itself where the class asks."""

    def __init__(self, accessor: type) -> None:
        self.accessor = accessor

    def __get__(self, collection: Any, owner: type) -> Any:
        return self.accessor if collection is None else self.accessor(collection)


def register_dataframe_accessor(name: str) -> Callable[[Accessor], Accessor]:
    """Register a class as accessor of DataFrames: ``df.<name>`` is then an instance made with ``df``.

    A name that is there already is replaced, with a warning.

    Raises
    ------
    ValueError
        If ``name`` isn't an identifier.

    Examples
    --------
    >>> import pandas as pd, minidask.dataframe as dd
    >>> @register_dataframe_accessor("wide")
    ... class Wide:
    ...     def __init__(self, df):
    ...         self.df = df
    ...
    ...     def area(self):
    ...         return self.df["x"] * self.df["y"]
    >>> dd.from_pandas(pd.DataFrame({"x": [2], "y": [3]}), npartitions=1).wide.area().compute().tolist()
    [6]
    >>> del dd.DataFrame.wide
    """
    return _register(name, DataFrame)


def register_series_accessor(name: str) -> Callable[[Accessor], Accessor]:
    """Register a class as accessor of Series; see ``register_dataframe_accessor``."""
    return _register(name, Series)


def register_index_accessor(name: str) -> Callable[[Accessor], Accessor]:
    """Register a class as accessor of Indexes; see ``register_dataframe_accessor``."""
    return _register(name, Index)


def _register(name: str, owner: type) -> Callable[[Accessor], Accessor]:
    if not isinstance(name, str) or not name.isidentifier():
        raise ValueError(f"an accessor's name must be an identifier, got {name!r:.80}")

    def decorate(accessor: Accessor) -> Accessor:
        if hasattr(owner, name):
            warnings.warn(
                f"{owner.__name__}.{name} is there already; the accessor {accessor.__name__!r} replaces it",
                UserWarning,
                stacklevel=2,
            )
        setattr(owner, name, _OnAccess(accessor))
        return accessor

    return decorate

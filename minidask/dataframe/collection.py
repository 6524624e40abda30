"""What all dataframe collections share: a layer, a meta, divisions, and the collection protocol.

Place in the flow: the base of ``DataFrame``, ``Series``, ``Index`` and ``Scalar`` (each in its own module, which
registers its class here), and ``new_collection``, which picks the class by the meta.

State: ``_layer`` the layer whose blocks are the partitions; ``_meta`` an empty pandas object, or a scalar sample;
``_divisions`` the partitions' index bounds; ``_rows`` the *lineage of rows*: collections of one lineage have
partitions that correspond, so that they may be combined partition by partition (pandas aligns inside each) whether or
not divisions are known.

Not for: operations on data.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, Self

import pandas as pd

from minidask import config
from minidask.collection import DaskMethodsMixin, rebuilt_layer
from minidask.collection import optimize as optimize_collections
from minidask.dataframe.checked import own_copy
from minidask.dataframe.divisions import Divisions, known, unknown
from minidask.dataframe.explain import plan_text
from minidask.dataframe.join_parts import join_parts
from minidask.dataframe.meta import sample
from minidask.dataframe.optimize import PASSES, PASSES_WITHOUT_FUSION
from minidask.graph import Key, Layer, LayeredGraph
from minidask.graph.convert import nested_keys
from minidask.optimize.pipeline import OWN, finish, run_pipeline
from minidask.schedulers import threads


class ByColumns(NamedTuple):
    """Lineage of what a reduction over the rows of a frame gives: the index values are the frame's columns."""

    labels: tuple[Hashable, ...]


# {type of meta: class of collection}; filled by the modules that define the classes.
CLASSES: dict[type, type[FrameCollection]] = {}


class FrameCollection(DaskMethodsMixin):
    """A pandas object in partitions; see ``DataFrame``, ``Series``, ``Index`` and ``Scalar``."""

    _kind: ClassVar[str] = "collection"
    _layer: Layer
    _meta: Any
    _divisions: Divisions
    _rows: str | ByColumns

    def __init__(self, layer: Layer, meta: Any, divisions: Divisions, rows: str | ByColumns | None = None) -> None:
        fields = self.__dict__
        fields["_layer"] = layer
        fields["_meta"] = meta
        fields["_divisions"] = divisions
        fields["_rows"] = layer.name if rows is None else rows
        fields["_graph"] = None

    # -- the protocol -----------------------------------------------------------------------------------------------

    def __dask_graph__(self) -> LayeredGraph:
        if self.__dict__["_graph"] is None:
            self.__dict__["_graph"] = LayeredGraph([self._layer])
        graph: LayeredGraph = self.__dict__["_graph"]
        return graph

    def __dask_keys__(self) -> list[Key]:
        name = self._layer.name
        return [(name, at) for at in range(self.npartitions)]

    def __dask_layers__(self) -> tuple[str]:
        return (self._layer.name,)

    def __dask_tokenize__(self) -> str:
        return self._layer.name

    def __dask_postcompute__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return handed_out, ()

    def __dask_postpersist__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return rebuild, (self._layer.name, self._meta, self._divisions, self._rows)

    @staticmethod
    def __dask_optimize__(graph: Mapping[Key, Any], keys: Iterable[Key], **kwargs: Any) -> Mapping[Key, Any]:
        passes = PASSES if config.get("optimization.blockwise.active", True) else PASSES_WITHOUT_FUSION
        return run_pipeline(graph, keys, passes, config.get("dataframe_optimize", OWN))

    __dask_scheduler__ = staticmethod(threads.get)

    # -- structure --------------------------------------------------------------------------------------------------

    @property
    def dask(self) -> LayeredGraph:
        """The task graph: a mapping of keys to tasks."""
        return self.__dask_graph__()

    @property
    def _name(self) -> str:
        return self._layer.name

    @property
    def key(self) -> Key:
        """The key of the only partition; for a ``Scalar``."""
        return (self._layer.name, 0)

    @property
    def npartitions(self) -> int:
        """Number of partitions."""
        return len(self._divisions) - 1

    @property
    def divisions(self) -> Divisions:
        """Bounds of the partitions' indexes, ``npartitions + 1`` of them; None where they aren't known."""
        return self._divisions

    @property
    def known_divisions(self) -> bool:
        """Whether the bounds of the partitions' indexes are known."""
        return known(self._divisions)

    @property
    def _meta_nonempty(self) -> Any:
        known = self.__dict__.get("_sample")
        if known is None or known[0] is not self._meta:
            known = self.__dict__["_sample"] = (self._meta, sample(self._meta))
        return known[1]

    def clear_divisions(self) -> Self:
        """Return the same collection with unknown divisions."""
        return type(self)(self._layer, self._meta, unknown(self.npartitions), self._rows)

    def copy(self, deep: bool = False) -> Self:
        """Return a collection that assignments to this one don't change.

        Raises
        ------
        ValueError
            If ``deep``: partitions are never changed in place, so that there is nothing to copy.
        """
        if deep:
            raise ValueError("deep=True copies nothing: partitions are never changed in place; leave it out")
        return type(self)(self._layer, self._meta, self._divisions, self._rows)

    def optimize(self, **kwargs: Any) -> Self:
        """Return an equal collection whose graph has been optimised already."""
        result: Self = optimize_collections(self, traverse=False, **kwargs)[0]
        return result

    def pprint(self) -> None:
        """Print the plan in words, as it was written."""
        sys.stdout.write(f"{plan_text(self.__dask_graph__())}\n")

    def explain(self) -> None:
        """Print the plan in words, as it was written and as it will run: what is read and carried, and in how many tasks."""
        graph, keys = self.__dask_graph__(), list(nested_keys(self.__dask_keys__()))
        plan = run_pipeline(graph, keys, PASSES_WITHOUT_FUSION, config.get("dataframe_optimize", OWN))
        counts = [len(finish(each, keys)) for each in (graph, self.__dask_optimize__(graph, keys))]
        # A user's own rewrite may have written the tasks out.
        after = plan_text(plan) if isinstance(plan, LayeredGraph) else "tasks that a rewrite of your own has made"
        sys.stdout.write(
            f"As written, {counts[0]} tasks:\n{plan_text(graph)}\n\nAs it will run, {counts[1]} tasks:\n{after}\n"
        )

    def pipe(self, func: Callable[..., Any] | tuple[Callable[..., Any], str], *args: Any, **kwargs: Any) -> Any:
        """Return ``func(self, *args, **kwargs)``; with a pair ``(func, name)`` self is passed as that keyword argument."""
        if isinstance(func, tuple):
            func, name = func
            if name in kwargs:
                raise ValueError(f"{name!r} is both the keyword for the collection and among the keyword arguments")
            return func(*args, **{name: self, **kwargs})
        return func(self, *args, **kwargs)

    # -- what a lazy object can't do ----------------------------------------------------------------------------------

    def __bool__(self) -> bool:
        raise TypeError(
            f"the truth value of a lazy {type(self).__name__} isn't known before it is computed: call .compute() first, "
            "or use len(...), .any() or .all() and compute that; combine conditions with &, | and ~ instead of and, or, "
            "not"
        )

    def __getstate__(self) -> dict[str, Any]:
        return {name: self.__dict__[name] for name in ("_layer", "_meta", "_divisions", "_rows")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.__dict__["_graph"] = None


def new_collection(
    layer: Layer, meta: Any, divisions: Divisions | None = None, rows: str | ByColumns | None = None
) -> Any:
    """Make the collection that fits a meta.

    Parameters
    ----------
    layer : Layer
        With a one-dimensional grid of partitions.
    meta : pandas object or scalar
        An empty DataFrame, Series or Index makes a collection of that name; anything else a ``Scalar``.
    divisions : tuple, optional
        Default: unknown.
    rows : str, optional
        Lineage of rows; default: a new one.
    """
    divisions = unknown(layer.numblocks[0]) if divisions is None else divisions
    for kind in type(meta).__mro__:
        if kind in CLASSES:
            return CLASSES[kind](layer, meta, divisions, rows)
    return CLASSES[object](layer, meta, divisions, rows)


def rebuild(
    graph: Mapping[Key, Any],
    name: str,
    meta: Any,
    divisions: Divisions,
    rows: str | ByColumns,
    rename: Mapping[str, str] | None = None,
) -> Any:
    """Return the collection on another graph (see ``__dask_postpersist__``), its keys renamed by ``rename``."""
    name = (rename or {}).get(name, name)
    keys = [(name, at) for at in range(len(divisions) - 1)]
    return new_collection(rebuilt_layer(graph, name, keys), meta, divisions, rows)


def handed_out(parts: Sequence[Any]) -> Any:
    """Return partitions put together, as an object of the caller's own: writing into it changes no persisted partition."""
    return own_copy(join_parts(parts))


def first(parts: Sequence[Any]) -> Any:
    """Return the only partition's value."""
    return parts[0]


def is_pandas(obj: Any) -> bool:
    """Whether an object is a pandas DataFrame, Series or Index."""
    return isinstance(obj, pd.DataFrame | pd.Series | pd.Index)

"""What a groupby-aggregate computes: outputs, and the primitives that partitions give for them.

Place in the flow: ``grouped`` makes a ``Plan`` of what the user asked for; ``partials`` carries it out. Pure.
"""

from __future__ import annotations

import builtins
from collections.abc import Hashable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from minidask.dataframe.groupby.aggregation import Aggregation

# {aggregation: primitives that it needs of each partition}
NEEDS: dict[str, tuple[str, ...]] = {
    "sum": ("sum",),
    "prod": ("prod",),
    "min": ("min",),
    "max": ("max",),
    "first": ("first",),
    "last": ("last",),
    "any": ("any",),
    "all": ("all",),
    "count": ("count",),
    "size": (),
    "mean": ("mean_sum", "count"),
    "var": ("moments",),
    "std": ("moments",),
    "sem": ("moments",),
    "nunique": ("distinct",),
    "list": ("values",),
}

# {primitive: how partial results are aggregated again}
AGAIN = {
    "sum": "sum",
    "prod": "prod",
    "min": "min",
    "max": "max",
    "first": "first",
    "last": "last",
    "any": "any",
    "all": "all",
    "count": "sum",
    "size": "sum",
    "mean_sum": "sum",
}

# Primitives that are tables of their own, having several values a group.
TABLES = ("distinct", "values")

_FUNCTIONS: dict[Any, str] = {
    builtins.sum: "sum",
    builtins.min: "min",
    builtins.max: "max",
    builtins.any: "any",
    builtins.all: "all",
    builtins.list: "list",
    np.sum: "sum",
    np.prod: "prod",
    np.min: "min",
    np.max: "max",
    np.mean: "mean",
    np.std: "std",
    np.var: "var",
}


class Output(NamedTuple):
    """One column of the result: ``how`` is a name among ``NEEDS``, or an ``Aggregation``."""

    column: Any
    how: Any
    ddof: int = 1
    min_count: int = -1


class Primitive(NamedTuple):
    """What partitions give for a column: a column of the table of partial results, or a table of values by itself."""

    column: Any
    how: Any


class Plan(NamedTuple):
    """A whole groupby-aggregate.

    ``keys`` has a column label for each key, or None for a key that is a Series of its own; ``names`` their names in the result.
    ``columns`` are the labels of the result's columns; None makes a Series called ``name``.
    """

    keys: tuple[Any, ...]
    names: tuple[Hashable, ...]
    outputs: tuple[Output, ...]
    sort: bool
    dropna: bool
    observed: bool
    as_index: bool
    columns: Any
    name: Any

    @property
    def primitives(self) -> tuple[Primitive, ...]:
        """The primitives of all outputs, each once."""
        found: dict[Primitive, None] = {}
        for output in self.outputs:
            for how in (output.how,) if isinstance(output.how, Aggregation) else NEEDS[output.how]:
                found[Primitive(output.column, how)] = None
            if output.min_count > 0:
                found[Primitive(output.column, "count")] = None
        return tuple(found)

    @property
    def has_size(self) -> bool:
        """Whether tables of partial results have the groups' sizes: where asked for, or where they'd have no column else."""
        return any(output.how == "size" for output in self.outputs) or not self.in_tables

    @property
    def in_tables(self) -> bool:
        """Whether all that partitions give is one value a group, in the table of partial results."""
        return all(isinstance(each.how, str) and each.how not in TABLES for each in self.primitives)

    def describe(self) -> tuple[Any, ...]:
        """Return what identifies the plan, for names."""
        columns = None if self.columns is None else tuple(self.columns)
        return (*self[:7], columns, self.columns is None, self.name)

    def __hash__(self) -> int:
        return hash((self.keys, self.names, self.outputs))

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other


def tree_aggregation(func: Any) -> Any:
    """Return the name of an aggregation that trees can do, given by name or as one of the functions that stand for one; an
    ``Aggregation`` as it is; None for all others.

    Examples
    --------
    >>> tree_aggregation(max), tree_aggregation("mean"), tree_aggregation("median")
    ('max', 'mean', None)
    """
    if isinstance(func, Aggregation):
        return func
    name = func if isinstance(func, str) else _FUNCTIONS.get(func) if isinstance(func, Hashable) else None
    return name if name in NEEDS else None


def outputs_of(spec: Any, columns: list[Hashable], named: Mapping[str, Any], is_series: bool) -> list[Output]:
    """Return the outputs that ``agg(spec, **named)`` asks for, in pandas's order; ``how`` is None where trees can't do it.

    Parameters
    ----------
    spec : str, function, list of these, dict of column to these, or None
    columns : list of labels
        The columns that are aggregated.
    named : mapping
        ``{output: (column, aggregation)}``, for a Series ``{output: aggregation}``.
    is_series : bool

    Raises
    ------
    TypeError
        If nothing, or something else, is asked for.

    Examples
    --------
    >>> [output[:2] for output in outputs_of({"x": ["min", "max"], "y": "sum"}, ["x", "y"], {}, False)]
    [('x', 'min'), ('x', 'max'), ('y', 'sum')]
    """
    if spec is None:
        if not named:
            raise TypeError(
                "agg needs an aggregation: a name, a list, a dict {column: name}, or new_name=(column, name)"
            )
        if is_series:
            return [Output(columns[0], tree_aggregation(how)) for how in named.values()]
        for name, pair in named.items():
            if not isinstance(pair, tuple) or len(pair) != 2:
                raise TypeError(f"a named aggregation is name=(column, aggregation), got {name}={pair!r:.80}")
        return [Output(column, tree_aggregation(how)) for column, how in named.values()]
    if named:
        raise TypeError(f"agg got {next(iter(named))!r} besides an aggregation: keyword arguments are names of results")
    if isinstance(spec, Mapping):
        if is_series:
            raise TypeError("a Series is aggregated by a name or a list of names, not by a dict")
        return [Output(c, tree_aggregation(how)) for c, hows in spec.items() for how in _listed(hows)]
    return [Output(c, tree_aggregation(how)) for c in columns for how in _listed(spec)]


def plain_pair(how: Any) -> Any:
    """Return a ``pandas.NamedAgg`` as a pair of column and aggregation, anything else as it is.

    >>> plain_pair(pd.NamedAgg("x", "sum"))
    ('x', 'sum')
    """
    if not isinstance(how, pd.NamedAgg) or isinstance(how, tuple):
        return how
    given, options = tuple(getattr(how, "args", ())), dict(getattr(how, "kwargs", {}))
    if given or options:
        raise NotImplementedError(
            "NamedAgg with arguments isn't built: give a function that calls the aggregation with them"
        )
    return how.column, how.aggfunc


def placeholder(spec: Any) -> Any:
    """Return a specification for pandas that has a function of the same name in place of each ``Aggregation``."""
    if isinstance(spec, Aggregation):
        return _first_value(spec.name)
    if isinstance(spec, Mapping):
        return {name: placeholder(how) for name, how in spec.items()}
    if isinstance(spec, list | tuple):
        found = [placeholder(how) for how in spec]
        return found if isinstance(spec, list) else tuple(found)
    return spec


def _first_value(name: str) -> Any:
    def first_value(values: Any) -> Any:
        return values.iloc[0] if len(values) else None

    first_value.__name__ = name
    return first_value


def _listed(spec: Any) -> list[Any]:
    return list(spec) if isinstance(spec, list | tuple) else [spec]

"""What a groupby-aggregate computes: outputs, and the primitives that partitions give for them.

Place in the flow: ``grouped`` makes a ``Plan`` of what the user asked for; ``partials`` carries it out. Pure.
"""

from __future__ import annotations

import builtins
from collections.abc import Hashable, Mapping
from typing import Any, NamedTuple

import numpy as np

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
    """One column of the result."""

    column: Any
    how: str
    ddof: int = 1
    min_count: int = -1


class Primitive(NamedTuple):
    """What partitions give for a column: a column of the table of partial results, or a table of values by itself."""

    column: Any
    how: str


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
            for how in NEEDS[output.how]:
                found[Primitive(output.column, how)] = None
            if output.min_count > 0:
                found[Primitive(output.column, "count")] = None
        return tuple(found)

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


def aggregation_name(func: Any) -> str:
    """Return the name of an aggregation given by name or as one of the functions that stand for one.

    Raises
    ------
    NotImplementedError
        If partitions can't be aggregated so.

    Examples
    --------
    >>> aggregation_name(max), aggregation_name("mean")
    ('max', 'mean')
    """
    name = func if isinstance(func, str) else _FUNCTIONS.get(func) if isinstance(func, Hashable) else None
    if name in NEEDS:
        return name
    shown = repr(func) if isinstance(func, str) else getattr(func, "__name__", repr(func))
    raise NotImplementedError(
        f"groupby can't aggregate by {shown}; it can by {', '.join(NEEDS)}. For others compute() the columns that are needed and "
        "group in pandas"
    )


def outputs_of(spec: Any, columns: list[Hashable], named: Mapping[str, Any], is_series: bool) -> list[Output]:
    """Return the outputs that ``agg(spec, **named)`` asks for, in pandas's order.

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
            return [Output(columns[0], aggregation_name(how)) for how in named.values()]
        for name, pair in named.items():
            if not isinstance(pair, tuple) or len(pair) != 2:
                raise TypeError(f"a named aggregation is name=(column, aggregation), got {name}={pair!r:.80}")
        return [Output(column, aggregation_name(how)) for column, how in named.values()]
    if named:
        raise TypeError(f"agg got {next(iter(named))!r} besides an aggregation: keyword arguments are names of results")
    if isinstance(spec, Mapping):
        if is_series:
            raise TypeError("a Series is aggregated by a name or a list of names, not by a dict")
        return [Output(c, aggregation_name(how)) for c, hows in spec.items() for how in _listed(hows)]
    return [Output(c, aggregation_name(how)) for c in columns for how in _listed(spec)]


def _listed(spec: Any) -> list[Any]:
    return list(spec) if isinstance(spec, list | tuple) else [spec]

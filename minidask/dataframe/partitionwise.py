"""Make collections by partition-wise work: the operands are aligned, the meta is found, one layer is added.

Place in the flow: between the collections' methods and ``layers``. ``Method``, ``Attribute`` and ``Accessor`` are the
functions that layers call: they stand for a named method of pandas, compare by value, and pickle small.

Invariant: collections are combined partition by partition only where these are known to correspond.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from minidask.dataframe.collection import ByColumns, FrameCollection, new_collection
from minidask.dataframe.divisions import Divisions
from minidask.dataframe.layers import Columnwise, FrameLayer, frame_layer
from minidask.dataframe.meta import empty, no_default
from minidask.graph import Layer


class Method(NamedTuple):
    """Call a method: ``Method("abs")(frame)`` is ``frame.abs()``."""

    name: str

    @property
    def short_name(self) -> str:
        """The method's name, for people."""
        return self.name

    def __call__(self, obj: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(obj, self.name)(*args, **kwargs)


class Attribute(NamedTuple):
    """Get an attribute: ``Attribute("index")(frame)`` is ``frame.index``."""

    attribute: str

    @property
    def short_name(self) -> str:
        """The attribute's name, for people."""
        return self.attribute

    def __call__(self, obj: Any) -> Any:
        return getattr(obj, self.attribute)


def divisions_and_rows(operation: str, operands: Sequence[Any]) -> tuple[Divisions, str | ByColumns]:
    """Return divisions and lineage of rows of what is made from operands partition by partition.

    Scalars and literals fit everything.

    Raises
    ------
    ValueError
        If it isn't known that the partitions correspond.
    """
    frames = [o for o in operands if isinstance(o, FrameCollection) and o._kind != "Scalar"]
    if not frames:
        return (None, None), operation
    top = frames[0]
    for other in frames[1:]:
        if other._rows == top._rows and other.npartitions == top.npartitions:
            continue
        if other.npartitions == top.npartitions == 1:
            continue
        if top.known_divisions and other.divisions == top.divisions:
            continue
        raise _not_aligned(operation, top, other)
    return top._divisions, top._rows


def _not_aligned(operation: str, top: FrameCollection, other: FrameCollection) -> ValueError:
    if top.known_divisions and other.known_divisions:
        why = f"their divisions differ ({_short(top.divisions)} and {_short(other.divisions)})"
    elif top.npartitions != other.npartitions:
        why = f"they have {top.npartitions} and {other.npartitions} partitions of unknown divisions"
    else:
        why = "they come from different data and their divisions aren't known, so that rows may not correspond"
    return ValueError(
        f"{operation} needs collections whose partitions correspond, but {why}. Make both from one dataframe, give both the same "
        "divisions (from_pandas, from_map(divisions=...)), compute() the smaller one, or pair partitions by position "
        "with "
        "map_partitions(func, a, b, align_dataframes=False)"
    )


def _short(divisions: Divisions) -> str:
    return (
        repr(divisions) if len(divisions) <= 6 else f"({', '.join(map(repr, divisions[:4]))}, ..., {divisions[-1]!r})"
    )


def refuse_pandas(operation: str, value: Any) -> None:
    """Raise TypeError for rows in memory as operand: they belong to no partition."""
    if isinstance(value, pd.DataFrame | pd.Series | pd.Index) or (isinstance(value, np.ndarray) and value.ndim > 0):
        raise TypeError(
            f"{operation} can't combine partitions with a {type(value).__name__} in memory, whose rows belong to no partition: "
            "turn it into a collection first with from_pandas, with the same divisions"
        )
    if isinstance(value, list):
        raise TypeError(
            f"{operation} can't combine partitions with a list of values, one a row; make it a Series of a collection"
        )


def partitionwise(
    prefix: str,
    func: Any,
    *operands: Any,
    cls: type[FrameLayer] = FrameLayer,
    kwargs: Mapping[str, Any] | None = None,
    meta: Any = no_default,
    divisions: Divisions | None = None,
    rows: str | ByColumns | None = None,
    align: bool = True,
    token: Any = None,
    **fields: Any,
) -> Any:
    """Return the collection whose partitions are ``func(*operands' partitions, **kwargs)``.

    Parameters
    ----------
    prefix : str
        The operation's name; ``func`` is not tokenized, so that prefix (or ``token``) and literals must say all.
    func : callable
    *operands
        Collections and literals.
    cls, **fields
        The layer's class and its further slots.
    meta : optional
        Default: ``func`` on the operands' metas.
    divisions, rows : optional
        Default: those of the operands.
    align : bool
        Whether to check that the operands' partitions correspond.
    """
    if meta is no_default:
        with np.errstate(all="ignore"):
            meta = empty(func(*[o._meta if isinstance(o, FrameCollection) else o for o in operands], **(kwargs or {})))
    if align:
        found, lineage = divisions_and_rows(prefix, operands)
        divisions = found if divisions is None else divisions
        rows = lineage if rows is None else rows
    layers = [o._layer if isinstance(o, FrameCollection) else o for o in operands]
    layer = frame_layer(cls, prefix, func, layers, kwargs, meta, token, **fields)
    return new_collection(layer, meta, divisions, rows)


def columnwise(prefix: str, func: Any, frame: FrameCollection, *operands: Any, **options: Any) -> Any:
    """Like ``partitionwise`` where each column of the result needs the same column of ``frame`` only.

    ``options`` are those of ``partitionwise``, and ``extra``: columns that ``func`` needs in any case.
    """
    if frame._kind != "DataFrame" or any(isinstance(o, FrameCollection) and o._kind == "DataFrame" for o in operands):
        options.pop("extra", None)
        return partitionwise(prefix, func, frame, *operands, **options)
    inputs: list[Layer] = [o._layer for o in (frame, *operands) if isinstance(o, FrameCollection)]
    names = list(dict.fromkeys([layer.name for layer in inputs]))
    through = tuple([name == frame._layer.name for name in names])
    options.setdefault("cls", Columnwise)
    options.setdefault("extra", frozenset())
    return partitionwise(prefix, func, frame, *operands, through=through, **options)


def method(
    name: str, frame: FrameCollection, *args: Any, kwargs: Mapping[str, Any] | None = None, **options: Any
) -> Any:
    """Return the collection of ``partition.name(*args, **kwargs)``, each column by itself."""
    return columnwise(name, Method(name), frame, *args, kwargs=kwargs, **options)

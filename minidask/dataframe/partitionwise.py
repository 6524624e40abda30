"""Make collections by partition-wise work: the operands are aligned, the meta is found, one layer is added.

Place in the flow: between the collections' methods and ``layers``. What layers call are importable functions, or stand for
methods by name (``calls``).

Invariant: collections are combined partition by partition only where these are known to correspond: by origin, by equal
divisions, or after both were cut at each other's divisions (``align_partitions``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from minidask.dataframe.calls import Method
from minidask.dataframe.collection import ByColumns, FrameCollection, new_collection
from minidask.dataframe.construct import from_pandas
from minidask.dataframe.divisions import Divisions, unite, unknown
from minidask.dataframe.layers import Columnwise, FrameLayer, frame_layer
from minidask.dataframe.meta import empty, no_default
from minidask.dataframe.order.ranges import repartition_divisions, short
from minidask.graph import Layer


def divisions_and_rows(operation: str, operands: Sequence[Any]) -> tuple[Divisions, str | ByColumns]:
    """Return divisions and lineage of rows of what is made from operands partition by partition.

    Scalars and literals fit everything. Nothing is moved: ``align_partitions`` comes before where that may be.

    Raises
    ------
    ValueError
        If it isn't known that the partitions correspond.
    """
    frames = _with_rows(operands)
    if not frames:
        return (None, None), operation
    top = frames[0]
    for other in frames[1:]:
        if not _correspond(top, other):
            raise _not_aligned(operation, top, other)
    # One partition of known divisions and another of unknown ones: rows of both may be in the result.
    same = all(other._rows == top._rows or other.divisions == top.divisions for other in frames)
    return top._divisions if same else unknown(top.npartitions), top._rows


def align_partitions(operation: str, operands: Sequence[Any]) -> Sequence[Any]:
    """Return the operands such that the partitions of their collections correspond.

    Collections of known divisions that differ are cut at all of them, which reads no data; others stay as they are. The rows of
    one index value meet in one partition, so that pandas aligns there as it would align the whole.

    Raises
    ------
    ValueError
        If partitions don't correspond and divisions aren't known, or can't be compared.

    Examples
    --------
    >>> numbers = pd.Series(range(6))
    >>> align_partitions("add", [from_pandas(numbers, 2), from_pandas(numbers, 3)])[0].divisions
    (0, 2, 3, 4, 5)
    """
    frames = _with_rows(operands)
    other = next((frame for frame in frames[1:] if not _correspond(frames[0], frame)), None)
    if other is None:
        return operands
    if not all(frame.known_divisions for frame in frames):
        raise _not_aligned(operation, frames[0], other)
    try:
        united = unite([frame.divisions for frame in frames])
        return [
            repartition_divisions(operand, united, force=True) if _has_rows(operand) else operand
            for operand in operands
        ]
    except TypeError as error:
        raise _not_aligned(operation, frames[0], other) from error


def _has_rows(operand: Any) -> bool:
    return isinstance(operand, FrameCollection) and operand._kind != "Scalar"


def _with_rows(operands: Sequence[Any]) -> list[FrameCollection]:
    return [operand for operand in operands if _has_rows(operand)]


def _correspond(top: FrameCollection, other: FrameCollection) -> bool:
    if other is top or (other._rows == top._rows and other.npartitions == top.npartitions):
        return True
    if other.npartitions == top.npartitions == 1 and not (top.known_divisions and other.known_divisions):
        return True
    return top.known_divisions and other.divisions == top.divisions


def _not_aligned(operation: str, top: FrameCollection, other: FrameCollection) -> ValueError:
    if top.known_divisions and other.known_divisions:
        why = f"their divisions differ and can't be united ({short(top.divisions)} and {short(other.divisions)})"
    elif top.npartitions != other.npartitions:
        why = f"they have {top.npartitions} and {other.npartitions} partitions of unknown divisions"
    else:
        why = "they come from different data and their divisions aren't known, so that rows may not correspond"
    return ValueError(
        f"{operation} needs collections whose partitions correspond, but {why}. Make both from one dataframe, make the divisions "
        "of both known (set_index, sort_index, from_pandas), compute() the smaller one, or pair partitions by position "
        "with map_partitions(func, a, b, align_dataframes=False)"
    )


def with_divisions(operation: str, value: Any, frame: FrameCollection) -> Any:
    """Return an operand as a collection if it is rows in memory that can be aligned with ``frame``, others as they are.

    A pandas Series or DataFrame can, by its index, if the divisions of ``frame`` are known or it is one partition.

    Raises
    ------
    TypeError
        For other rows in memory: they belong to no partition.
    """
    if isinstance(value, pd.DataFrame | pd.Series) and (frame.known_divisions or frame.npartitions == 1):
        lifted: FrameCollection = from_pandas(value, npartitions=1)
        if len(value) == 0 and frame.known_divisions:
            # No rows: any bounds are true.
            lifted = type(lifted)(lifted._layer, lifted._meta, (frame.divisions[0], frame.divisions[-1]), lifted._rows)
        if lifted.known_divisions or frame.npartitions == 1:
            return lifted
    refuse_pandas(operation, value)
    return value


def refuse_pandas(operation: str, value: Any) -> None:
    """Raise TypeError for rows in memory as operand: they belong to no partition."""
    if isinstance(value, pd.DataFrame | pd.Series | pd.Index) or (isinstance(value, np.ndarray) and value.ndim > 0):
        raise TypeError(
            f"{operation} can't combine partitions with a {type(value).__name__} in memory, whose rows belong to no partition: "
            "turn it into a collection first with from_pandas, with the same divisions (a Series or DataFrame is aligned by "
            "itself where divisions are known)"
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
        Whether the operands' partitions are made to correspond; otherwise they are paired by position.
    """
    if align:
        operands = tuple(align_partitions(prefix, operands))
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
    if options.get("align", True):
        frame, *operands = align_partitions(prefix, [frame, *operands])  # type: ignore[assignment]
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

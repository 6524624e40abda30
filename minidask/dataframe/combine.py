"""``concat``: the partitions of several collections, one after the other.

Place in the flow: a public function. Each collection's partitions are first given the result's columns and dtypes, as
pandas gives them to the whole.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence, Set
from typing import Any, NamedTuple

import pandas as pd

from minidask.dataframe.collection import FrameCollection, new_collection
from minidask.dataframe.construct import from_pandas
from minidask.dataframe.divisions import unknown
from minidask.dataframe.join_parts import join_parts
from minidask.dataframe.layers import Columns, FrameLayer, Stack
from minidask.dataframe.meta import sample
from minidask.dataframe.partitionwise import partitionwise
from minidask.graph import Layer
from minidask.graph.blockwise import Constant
from minidask.tokenize import quick_token


class Conform(FrameLayer):
    """Give a frame the columns of a meta, missing ones filled with missing values, and its dtypes."""

    __slots__ = ("have",)
    have: frozenset[Hashable]

    def required(self, columns: Columns) -> tuple[Columns, ...]:
        return (None if columns is None else self.have & columns,)

    def narrow(self, columns: Set[Hashable], inputs: tuple[Layer, ...]) -> Layer:
        target = self.meta[[label for label in self.meta.columns if label in columns]]
        layer = self._renamed(inputs, tuple(target.columns))
        assert isinstance(layer, Conform)
        layer.operands = (layer.operands[0], (Constant(Target(target)), ()))
        return layer


class Target(NamedTuple):
    """The meta to conform to, as a literal with a short name."""

    meta: Any

    def __dask_tokenize__(self) -> Any:
        return ("Target", self.meta)


def conform(part: Any, target: Target) -> Any:
    """Return a partition with the columns and dtypes of the target.

    Examples
    --------
    >>> conform(pd.DataFrame({"x": [1]}), Target(pd.DataFrame({"x": [0.5], "y": ["a"]}).iloc[:0])).dtypes.astype(
    ...     str
    ... ).tolist()
    ['float64', 'str']
    """
    meta = target.meta
    if isinstance(part, pd.Series):
        return _cast(part, meta.dtype).rename(meta.name)
    if not part.columns.equals(meta.columns):
        part = part.reindex(columns=meta.columns)
    wrong = (
        {label: dtype for label, dtype in meta.dtypes.items() if part[label].dtype != dtype}
        if meta.columns.is_unique
        else {}
    )
    return _cast_columns(part, wrong) if wrong else part


def _cast_columns(frame: pd.DataFrame, dtypes: dict[Any, Any]) -> pd.DataFrame:
    frame = frame.copy(deep=False)
    for label, dtype in dtypes.items():
        frame[label] = _cast(frame[label], dtype)
    return frame


def _cast(series: pd.Series, dtype: Any) -> pd.Series:
    """Cast where no value is lost; otherwise leave it to the concatenation of the parts, as pandas would."""
    if series.dtype == dtype or (
        isinstance(series.dtype, pd.CategoricalDtype) and isinstance(dtype, pd.CategoricalDtype)
    ):
        return series
    if getattr(dtype, "kind", "O") in "iub" and (series.hasnans or series.dtype.kind == "f"):
        return series
    return series.astype(dtype)


def concat(
    dfs: Iterable[Any],
    axis: Any = 0,
    join: str = "outer",
    interleave_partitions: bool = False,
    ignore_unknown_divisions: bool = False,
    ignore_order: bool = False,
) -> Any:
    """Put collections below each other.

    Parameters
    ----------
    dfs : iterable of collections and pandas objects
        At least one is a collection.
    axis : 0
    join : {"outer", "inner"}
        Which columns the result has: all, or those that all have.
    interleave_partitions, ignore_unknown_divisions, ignore_order
        Taken for compatibility; rows keep the order in which collections are given, and divisions are known if they
        ascend.

    Raises
    ------
    NotImplementedError
        For ``axis=1``, or ``interleave_partitions=True``.
    TypeError
        If one is neither, or kinds are mixed.
    ValueError
        If there are none.

    Examples
    --------
    >>> import minidask.dataframe as dd
    >>> s = dd.from_pandas(pd.Series([1, 2]), npartitions=2)
    >>> concat([s, s]).compute().tolist()
    [1, 2, 1, 2]
    """
    if axis not in (0, "index"):
        raise NotImplementedError(
            "concat(axis=1) isn't built: assign columns of dataframes of the same rows, or merge by the index"
        )
    if interleave_partitions:
        raise NotImplementedError(
            "interleave_partitions=True would sort rows of several collections together, which isn't built yet"
        )
    if join not in ("outer", "inner"):
        raise ValueError(f"join must be 'outer' or 'inner', got {join!r}")
    if isinstance(dfs, FrameCollection | pd.DataFrame | pd.Series):
        raise TypeError("concat takes a list of collections, got one collection")
    frames = [_collection(obj) for obj in dfs]
    if not frames:
        raise ValueError("there is nothing to concatenate: the list is empty")
    if len({frame._kind for frame in frames}) > 1:
        raise TypeError("concat takes collections of one kind: turn Series into DataFrames with to_frame()")
    if len(frames) == 1:
        return frames[0]
    meta = _common_meta(frames, join)
    same = [_conformed(frame, meta) for frame in frames]
    layers = [frame._layer for frame in same]
    name = f"concat-{quick_token('concat', *[layer.name for layer in layers])}"
    return new_collection(Stack(name, layers), meta, _joined_divisions(frames))


def _collection(obj: Any) -> Any:
    if isinstance(obj, pd.DataFrame | pd.Series):
        return from_pandas(obj, npartitions=1, sort=False)
    if not isinstance(obj, FrameCollection) or obj._kind not in ("DataFrame", "Series"):
        raise TypeError(f"concat takes DataFrames or Series, got {type(obj).__name__}")
    return obj


def _common_meta(frames: Sequence[Any], join: str) -> Any:
    samples = [sample(frame._meta) for frame in frames]
    if isinstance(samples[0], pd.Series):
        names = {frame._meta.name for frame in frames}
        joined = join_parts(samples)
        return joined.iloc[:0].rename(names.pop() if len(names) == 1 else None)
    if join == "inner":
        shared = [label for label in samples[0].columns if all(label in each.columns for each in samples)]
        samples = [each[shared] for each in samples]
    return join_parts(samples).iloc[:0]


def _conformed(frame: Any, meta: Any) -> Any:
    mine = frame._meta
    if isinstance(meta, pd.Series):
        if mine.dtype == meta.dtype and mine.name == meta.name:
            return frame
        return partitionwise("conform", conform, frame, Target(meta), meta=meta)
    if mine.columns.equals(meta.columns) and list(mine.dtypes) == list(meta.dtypes):
        return frame
    if not (mine.columns.is_unique and meta.columns.is_unique):
        return partitionwise("conform", conform, frame, Target(meta), meta=meta)
    have = frozenset(mine.columns) & frozenset(meta.columns)
    return partitionwise("conform", conform, frame, Target(meta), meta=meta, cls=Conform, have=have)


def _joined_divisions(frames: Sequence[Any]) -> tuple[Any, ...]:
    count = sum(frame.npartitions for frame in frames)
    if not all(frame.known_divisions for frame in frames):
        return unknown(count)
    divisions = list(frames[0].divisions)
    for frame in frames[1:]:
        try:
            if not divisions[-1] < frame.divisions[0]:
                return unknown(count)
        except TypeError:
            return unknown(count)
        divisions = [*divisions[:-1], *frame.divisions]
    return tuple(divisions)

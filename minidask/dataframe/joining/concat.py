"""``concat``: collections below each other, or side by side.

Place in the flow: a public function. Below each other: each collection's partitions are first given the result's columns and
dtypes, as pandas gives them to the whole; then they follow one another, or, where they are to be interleaved, ranges of the
index do. Side by side is in ``beside``.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence, Set
from typing import Any, NamedTuple

import pandas as pd

from minidask.dataframe.collection import FrameCollection, new_collection
from minidask.dataframe.construct import from_pandas
from minidask.dataframe.divisions import unknown
from minidask.dataframe.join_parts import join_parts
from minidask.dataframe.joining.aligned import cut_alike
from minidask.dataframe.joining.beside import concat_beside
from minidask.dataframe.joining.keyed import keyed
from minidask.dataframe.keywords import takes_keywords_of
from minidask.dataframe.layers import Columns, Columnwise, FrameLayer, Stack
from minidask.dataframe.meta import sample
from minidask.dataframe.order.numbering import numbered
from minidask.dataframe.partitionwise import partitionwise
from minidask.graph import Layer
from minidask.graph.blockwise import Constant
from minidask.tokenize import quick_token


class Conform(FrameLayer):
    """Give a frame the columns of a meta, missing ones filled with missing values, and its dtypes."""

    __slots__ = ("have",)
    have: frozenset[Hashable]

    def required(self, columns: Columns) -> tuple[Columns, ...]:
        """Return the wanted columns that the input has."""
        return (None if columns is None else self.have & columns,)

    def narrow(self, columns: Set[Hashable], inputs: tuple[Layer, ...]) -> Layer:
        """Return the layer that makes only the wanted columns."""
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


class StackParts(NamedTuple):
    """Put partitions of one range of the index below each other."""

    def __call__(self, *parts: Any) -> Any:
        """Return the rows of all parts."""
        return join_parts(list(parts))


@takes_keywords_of(pd.concat)
def concat(
    dfs: Iterable[Any],
    axis: Any = 0,
    join: str = "outer",
    ignore_unknown_divisions: bool = False,
    ignore_order: bool = False,
    interleave_partitions: bool = False,
    *,
    ignore_index: bool = False,
    keys: Sequence[Any] | None = None,
    names: Any = None,
    sort: bool = False,
) -> Any:
    """Put collections below each other (``axis=0``) or side by side (``axis=1``).

    Parameters
    ----------
    dfs : iterable of collections and pandas objects, or a mapping of keys to them
        DataFrames and Series; among DataFrames, a Series below each other counts as a column of its name.
    axis : 0 or 1
    join : {"outer", "inner"}
        Which columns (``axis=1``: rows) the result has: all, or those that all have.
    ignore_unknown_divisions : bool
        With ``axis=1``: pair partitions by position without a warning where divisions aren't known.
    ignore_order : bool
        Taken for compatibility: rows keep the order in which collections are given.
    interleave_partitions : bool
        With ``axis=0`` and known divisions: put rows of the same range of the index in one partition, so that the result's
        divisions are known although ranges overlap.
    ignore_index : bool
        Number the rows (with ``axis=1``: columns) from 0, through all partitions.
    keys : sequence of labels, optional
        One a collection, for a level in front of the index (with ``axis=1``: of the column labels). Default: those of a mapping.
    names : list of labels, optional
        Names of the keys' levels, or of all.
    sort : bool
        With ``axis=0``: put columns in order if the collections have different ones; with ``axis=1``: the rows, by the index.

    Returns
    -------
    DataFrame or Series
        ``axis=0``: divisions are known if those of all are and ascend, or if interleaved. Categories are united. ``axis=1``:
        rows are aligned by the index: by divisions where all are known; partition by partition where all come from one
        dataframe or are one partition; by position, with a warning, where there are as many.

    Raises
    ------
    TypeError
        If one is neither DataFrame nor Series.
    ValueError
        If there are none, an option is wrong, or rows can't be aligned.

    Examples
    --------
    >>> import minidask.dataframe as dd
    >>> s = dd.from_pandas(pd.Series([1, 2]), npartitions=2)
    >>> concat([s, s]).compute().tolist()
    [1, 2, 1, 2]
    >>> concat([s, s]).known_divisions, concat([s, s], interleave_partitions=True).known_divisions
    (False, True)
    >>> concat([s.rename("a"), s.rename("b")], axis=1).compute().values.tolist()
    [[1, 1], [2, 2]]
    """
    if axis not in (0, 1, "index", "columns", "rows"):
        raise ValueError(f"axis must be 0 or 1, got {axis!r}")
    if join not in ("outer", "inner"):
        raise ValueError(f"join must be 'outer' or 'inner', got {join!r}")
    if isinstance(dfs, FrameCollection | pd.DataFrame | pd.Series):
        raise TypeError("concat takes a list of collections, got one collection")
    beside = axis in (1, "columns")
    if isinstance(dfs, Mapping):
        named = list(dfs) if keys is None else list(keys)
        keys = None if ignore_index and keys is None else named
        dfs = [dfs[key] for key in named]
    frames = [_collection(obj, sort=beside or interleave_partitions) for obj in dfs]
    if not frames:
        raise ValueError("there is nothing to concatenate: the list is empty")
    if keys is not None:
        if ignore_index:
            raise ValueError("ignore_index=True leaves no place for keys: give one of them")
        frames = keyed(frames, keys, names, beside)
    if beside:
        result = concat_beside(frames, join, ignore_unknown_divisions, bool(sort))
        return result.set_axis(range(result._meta.shape[1]), axis=1) if ignore_index else result
    if len({frame._kind for frame in frames}) > 1:
        frames = [_as_frame(frame) for frame in frames]
    result = frames[0] if len(frames) == 1 else _below(frames, join, interleave_partitions)
    if (
        sort
        and result._kind == "DataFrame"
        and any(not f._meta.columns.equals(frames[0]._meta.columns) for f in frames)
    ):
        result = result.sort_index(axis=1)
    return numbered(result) if ignore_index else result


def _below(frames: Sequence[Any], join: str, interleave_partitions: bool) -> Any:
    """Return collections below each other."""
    meta = _common_meta(frames, join)
    same = [_conformed(frame, meta) for frame in frames]
    divisions = _joined_divisions(frames)
    if interleave_partitions and divisions[0] is None:
        return _interleaved(same, meta)
    layers = [frame._layer for frame in same]
    name = f"concat-{quick_token('concat', *[layer.name for layer in layers])}"
    return new_collection(Stack(name, layers), meta, divisions)


def _collection(obj: Any, sort: bool) -> Any:
    if isinstance(obj, pd.DataFrame | pd.Series):
        return from_pandas(obj, npartitions=1, sort=sort)
    if not isinstance(obj, FrameCollection) or obj._kind not in ("DataFrame", "Series"):
        raise TypeError(f"concat takes DataFrames or Series, got {type(obj).__name__}")
    return obj


def _as_frame(frame: Any) -> Any:
    if frame._kind == "DataFrame":
        return frame
    # pandas calls the column of a nameless Series 0.
    return frame.to_frame(0 if frame._meta.name is None else frame._meta.name)


def _interleaved(frames: Sequence[Any], meta: Any) -> Any:
    if not all(frame.known_divisions for frame in frames):
        raise ValueError(
            "interleave_partitions=True needs known divisions of all: make them with set_index or sort_index, or leave it out"
        )
    cut = cut_alike(frames)
    if cut is None:
        raise ValueError("interleave_partitions=True needs divisions that can be compared with each other")
    names = dict.fromkeys([frame._layer.name for frame in cut])
    options: dict[str, Any] = {}
    if isinstance(meta, pd.DataFrame):
        options = {"cls": Columnwise, "through": (True,) * len(names), "extra": frozenset()}
    return partitionwise("concat", StackParts(), *cut, meta=meta, divisions=cut[0].divisions, **options)


def _common_meta(frames: Sequence[Any], join: str) -> Any:
    samples = [sample(frame._meta) for frame in frames]
    if isinstance(samples[0], pd.Series):
        names = {frame._meta.name for frame in frames}
        joined = join_parts(samples)
        return joined.iloc[:0].rename(names.pop() if len(names) == 1 else None)
    if join == "inner":
        shared = [label for label in samples[0].columns if all(label in each.columns for each in samples)]
        samples = [each[shared] for each in samples]
    return _united(samples, join_parts(samples).iloc[:0])


def _united(samples: Sequence[pd.DataFrame], meta: pd.DataFrame) -> pd.DataFrame:
    """Make columns categorical that are so wherever they are; pandas unites categories only of frames with the same columns."""
    if not meta.columns.is_unique:
        return meta
    meta = meta.copy(deep=False)
    for label in meta.columns:
        columns = [each[label] for each in samples if label in each.columns]
        if all(isinstance(column.dtype, pd.CategoricalDtype) for column in columns):
            meta[label] = join_parts(columns).iloc[:0].set_axis(meta.index)
    return meta


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

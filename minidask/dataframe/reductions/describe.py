"""``describe``: the usual figures of each column, laid out as pandas does.

Place in the flow: a mixin. One tree gives counts, means, deviations and extremes of all columns of numbers and dates together,
one their quantiles (``quantiles``), one the most frequent of other values; the last layer puts the table together.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from minidask.dataframe.meta import no_default
from minidask.dataframe.partitionwise import partitionwise
from minidask.dataframe.reductions.asked import Quantiles, check_q
from minidask.dataframe.reductions.base import Reducing, take_places
from minidask.dataframe.reductions.distinct import CombineColumns, CountColumns
from minidask.dataframe.reductions.moments import (
    MeanAggregate,
    MeanChunk,
    MomentsAggregate,
    MomentsChunk,
    combine_moments,
)
from minidask.dataframe.reductions.quantiles import by_rank, check_method
from minidask.dataframe.reductions.rows import RowAggregate, RowChunk, RowCombine
from minidask.dataframe.reductions.tree import reduce_partitions

NUMBER, TIME, OTHER = "number", "time", "other"


class Described(NamedTuple):
    """A column of the table: its place in the frame, and which figures it has."""

    kind: str
    dtype: Any


def kind_of(dtype: Any) -> str:
    """Return which figures pandas gives of a dtype."""
    if pd.api.types.is_bool_dtype(dtype):
        return OTHER
    if pd.api.types.is_numeric_dtype(dtype) or getattr(dtype, "kind", "O") == "m":
        return NUMBER
    return TIME if getattr(dtype, "kind", "O") == "M" else OTHER


class Figures(NamedTuple):
    """Partial results for each column by itself, so that dtypes don't mix: a list of (count, mean, moments, min, max)."""

    kinds: tuple[str, ...]

    def __call__(self, obj: pd.DataFrame) -> list[Any]:
        return [self._of(obj.iloc[:, at], kind) for at, kind in enumerate(self.kinds)]

    def _of(self, column: pd.Series, kind: str) -> Any:
        spread = MomentsChunk(True)(column) if kind == NUMBER else None
        ends = [RowChunk(how, True)(column) for how in ("count", "min", "max")]
        return [MeanChunk(True)(column), spread, *ends]


class FiguresCombine(NamedTuple):
    """Combine partial results of each column."""

    columns: tuple[Described, ...]

    def __call__(self, parts: list[list[Any]]) -> list[Any]:
        return [
            self._of(column, list(each)) for column, each in zip(self.columns, zip(*parts, strict=True), strict=True)
        ]

    def _of(self, column: Described, parts: list[Any]) -> Any:
        means, spreads, *ends = [list(each) for each in zip(*parts, strict=True)]
        mean = MeanAggregate((column.dtype,), None, combine=True)(means)
        spread = combine_moments(spreads) if column.kind == NUMBER else None
        return [
            mean,
            spread,
            *[RowCombine(how, True)(each) for how, each in zip(("count", "min", "max"), ends, strict=True)],
        ]


class FiguresAggregate(NamedTuple):
    """Give a dict of figures for each column."""

    columns: tuple[Described, ...]

    def __call__(self, parts: list[list[Any]]) -> list[dict[str, Any]]:
        whole = FiguresCombine(self.columns)(parts)
        return [self._of(column, each) for column, each in zip(self.columns, whole, strict=True)]

    def _of(self, column: Described, figures: list[Any]) -> dict[str, Any]:
        mean, spread, *ends = figures
        found = {how: RowAggregate(how, True)([each]) for how, each in zip(("count", "min", "max"), ends, strict=True)}
        found["mean"] = MeanAggregate((column.dtype,), None)([mean])
        if column.kind == NUMBER:
            found["std"] = MomentsAggregate("std", 1, None, (column.dtype,))([spread])
            numbers = getattr(column.dtype, "numpy_dtype", column.dtype)
            if numbers.kind == "f" and numbers.itemsize < 8 and not pd.isna(found["std"]):
                # As coarse as the column is.
                found["std"] = float(numbers.type(found["std"]))
        return found


class Tops(NamedTuple):
    """Give (count, unique, top, freq) of each column, of its counted values."""

    chunk: CountColumns

    def __call__(self, parts: list[list[pd.DataFrame]]) -> list[tuple[Any, ...]]:
        return [self._of(counts) for counts in CombineColumns(self.chunk)(parts)]

    def _of(self, counts: pd.DataFrame) -> tuple[Any, ...]:
        series = self.chunk.how._replace(sort=True).finish(counts)
        number = int((series != 0).sum())
        top = (series.index[0], series.iloc[0]) if number else (np.nan, np.nan)
        return int(counts["count"].sum()), number, *top


class Table(NamedTuple):
    """Put the table together: ``names`` of the columns (None for a Series), ``labels`` of the percentiles."""

    columns: tuple[Described, ...]
    names: Any
    name: Any
    labels: tuple[str, ...]

    def __call__(self, figures: Any, quantiles: Any, tops: Any) -> Any:
        numbers, others = iter(figures or ()), iter(tops or ())
        place = 0
        done = []
        for column in self.columns:
            if column.kind == OTHER:
                done.append(self._other(next(others)))
                continue
            values = [] if quantiles is None else quantiles.iloc[:, place].tolist()
            done.append(self._number(column, next(numbers), values))
            place += 1
        if self.names is None:
            return done[0].rename(self.name)
        order = dict.fromkeys(label for each in sorted([one.index for one in done], key=len) for label in each)
        return pd.concat(done, axis=1, ignore_index=True, sort=False).reindex(list(order)).set_axis(self.names, axis=1)

    def _number(self, column: Described, found: dict[str, Any], quantiles: list[Any]) -> pd.Series:
        shown = ["count", "mean", *(["std"] if column.kind == NUMBER else []), "min"]
        values = [*[found[figure] for figure in shown], *quantiles, found["max"]]
        dtype: Any = None
        if isinstance(column.dtype, pd.ArrowDtype):
            dtype = None if column.kind == TIME or column.dtype.kind == "m" else "double[pyarrow]"
        elif isinstance(column.dtype, pd.api.extensions.ExtensionDtype) and column.kind == NUMBER:
            dtype = pd.Float64Dtype()
            values = [pd.NA if value is not pd.NA and value != value else value for value in values]
        elif column.dtype.kind in "iuf":
            dtype = np.dtype("float64")
        return pd.Series(values, index=[*shown, *self.labels, "max"], dtype=dtype)

    def _other(self, found: tuple[Any, ...]) -> pd.Series:
        return pd.Series(list(found), index=["count", "unique", "top", "freq"], dtype=None if found[1] else object)


class DescribeReductions(Reducing):
    """``describe`` of ``DataFrame`` and ``Series``."""

    def describe(
        self,
        split_every: Any = None,
        percentiles: Any = None,
        percentiles_method: str = "default",
        include: Any = None,
        exclude: Any = None,
    ) -> Any:
        """Return count, mean, deviation, extremes and quantiles of numbers and dates; number and frequency of other values.

        Parameters
        ----------
        split_every : int or False, optional
        percentiles : list of float, optional
            In 0..1; default: 0.25, 0.5, 0.75.
        percentiles_method : {"default", "exact", "dask", "tdigest"}
            As in ``quantile``; "default" is "exact".
        include, exclude : "all", or list of dtypes, optional
            Which columns of a DataFrame take part (see ``select_dtypes``). Default: those of numbers and dates, or all if there
            are none.

        Raises
        ------
        ValueError
            If percentiles aren't in 0..1 or repeat, or no column takes part.

        Examples
        --------
        >>> import minidask.dataframe as dd
        >>> df = dd.from_pandas(pd.DataFrame({"x": [1, 2, 4], "s": ["a", "b", "a"]}), npartitions=2)
        >>> df.describe(percentiles=[0.5]).compute()
                      x
        count  3.000000
        mean   2.333333
        std    1.527525
        min    1.000000
        50%    2.000000
        max    4.000000
        >>> df["s"].describe().compute()
        count     3
        unique    2
        top       a
        freq      2
        Name: s, dtype: object
        """
        q = percentiles_of(percentiles)
        check_method(percentiles_method)
        frame = self._described(include, exclude)
        dtypes = list(frame._meta.dtypes)
        columns = tuple([Described(kind_of(dtype), dtype) for dtype in dtypes])
        counted = [at for at, column in enumerate(columns) if column.kind == OTHER]
        ranked = [at for at, column in enumerate(columns) if column.kind != OTHER]
        figures = quantiles = tops = None
        if ranked:
            numbers = take_places(frame, ranked)
            some = tuple([columns[at] for at in ranked])
            quantiles = _percentiles(numbers, q, percentiles_method, split_every) if q else None
            figures = reduce_partitions(
                "figures",
                [numbers],
                Figures(tuple([column.kind for column in some])),
                FiguresCombine(some),
                FiguresAggregate(some),
                0,
                some,
                split_every=split_every,
            )
        if counted:
            count = CountColumns(True)
            tops = reduce_partitions(
                "tops",
                [take_places(frame, counted)],
                count,
                CombineColumns(count),
                Tops(count),
                0,
                None,
                split_every=split_every,
            )
        one = self._kind != "DataFrame"
        label = self._meta.name if one else None
        table = Table(columns, None if one else frame._meta.columns, label, percent_labels(q))
        sample = self._meta_nonempty if one else frame._meta_nonempty
        meta = (sample.describe(list(q)) if one else sample.describe(list(q), include="all")).iloc[:0]
        token = (columns, q, label)
        return partitionwise("describe", table, figures, quantiles, tops, meta=meta, align=False, token=token)

    def _described(self, include: Any, exclude: Any) -> Any:
        """Return a frame of the columns that take part, as pandas chooses them."""
        if self._kind != "DataFrame":
            return self.to_frame(name=0)  # type: ignore[attr-defined]
        frame: Any = self
        if not frame._meta.shape[1]:
            raise ValueError("cannot describe a DataFrame without columns")
        if isinstance(include, str) and include == "all":
            if exclude is not None:
                raise ValueError("exclude must be None when include is 'all'")
            return frame
        standard = include is None and exclude is None
        if standard:
            include = [np.number, "datetime"]
        chosen = _selected(frame._meta, include, exclude)
        if not chosen:
            if standard:
                return frame
            raise ValueError("no columns match the dtypes to be included and excluded")
        return take_places(frame, chosen)


def _selected(meta: pd.DataFrame, include: Any, exclude: Any) -> list[int]:
    by_place = meta.set_axis(range(meta.shape[1]), axis=1)
    return list(by_place.select_dtypes(include=include, exclude=exclude).columns)


def _percentiles(frame: Any, q: tuple[float, ...], method: str, split_every: Any) -> Any:
    meta = pd.DataFrame(columns=frame._meta.columns, index=pd.Index([], dtype="float64"))
    return by_rank("quantile", frame, Quantiles(q, "linear"), method, meta, "frame", split_every)


def percentiles_of(percentiles: Any) -> tuple[float, ...]:
    """Return percentiles in ascending order.

    Raises
    ------
    TypeError, ValueError
        If they aren't in 0..1 or repeat.

    >>> percentiles_of(None), percentiles_of([0.9, 0.1])
    ((0.25, 0.5, 0.75), (0.1, 0.9))
    """
    if percentiles is None or percentiles is no_default:
        return (0.25, 0.5, 0.75)
    values = check_q(percentiles)
    if len(set(values)) < len(values):
        raise ValueError(f"percentiles cannot contain duplicates, got {percentiles!r:.80}")
    return tuple(sorted(values))


def percent_labels(q: tuple[float, ...]) -> tuple[str, ...]:
    """Return the labels that pandas gives percentiles.

    >>> percent_labels((0.25, 0.995))
    ('25%', '99.5%')
    """
    shown = pd.Series([0.0, 1.0]).describe(percentiles=list(q)).index
    return tuple([label for label in shown if label.endswith("%")])

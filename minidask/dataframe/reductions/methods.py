"""The reductions as methods of ``DataFrame``, ``Series`` and ``Index``.

Place in the flow: mixins. The meta of each result is what pandas gives for a sample, so that reductions that pandas
refuses (the mean of strings) are refused where they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import numpy as np
import pandas as pd

from minidask.dataframe.collection import ByColumns, FrameCollection
from minidask.dataframe.columns import as_labels, check_columns
from minidask.dataframe.meta import empty
from minidask.dataframe.partitionwise import Method, partitionwise
from minidask.dataframe.reductions.distinct import (
    CountUnique,
    DropDuplicates,
    DropDuplicatesChunk,
    ValueCounts,
    ValueCountsChunk,
    ValueCountsCombine,
    join_unique,
    join_unique_columns,
    unique_columns,
    unique_values,
)
from minidask.dataframe.reductions.extremes import (
    ExtremeAggregate,
    ExtremeChunk,
    ExtremeCombine,
    Pick,
    PickAggregate,
    PickChunk,
    PickCombine,
)
from minidask.dataframe.reductions.moments import (
    MeanAggregate,
    MeanChunk,
    MomentsAggregate,
    MomentsChunk,
    combine_moments,
)
from minidask.dataframe.reductions.pairs import PairAggregate, combine_pairs, pair_moments
from minidask.dataframe.reductions.rows import RowAggregate, RowChunk, RowCombine
from minidask.dataframe.reductions.tree import reduce_partitions


def sum_list(parts: list[Any]) -> Any:
    """Return the sum of lengths."""
    return sum(parts)


class _Reductions(FrameCollection):
    """What all three have."""

    def _length(self) -> Any:
        return reduce_partitions("len", [self], len, sum_list, sum_list, 1, "len", uses=frozenset())

    def _reduce_rows(self, how: str, skipna: bool = True, min_count: int = 0, numeric_only: bool = False) -> Any:
        frame = self._numeric() if numeric_only else self
        kwargs: dict[str, Any] = {} if how == "count" else {"skipna": skipna}
        with np.errstate(all="ignore"):
            meta = getattr(_as_series(frame._meta_nonempty), how)(**kwargs)
        meta, columns = _described(frame, meta)
        return reduce_partitions(
            how,
            [frame],
            RowChunk(how, skipna, min_count),
            RowCombine(how, skipna),
            RowAggregate(how, skipna, min_count),
            meta,
            (how, skipna, min_count),
            rows=columns,
        )

    def _numeric(self) -> Any:
        if self._kind == "DataFrame":
            return self[list(numeric_columns(self._meta))]  # type: ignore[index]
        if self._meta.dtype.kind not in "biufc":
            raise TypeError(f"numeric_only=True, but the {self._kind} is of dtype {self._meta.dtype}")
        return self

    def _moments(self, how: str, skipna: bool, ddof: int, numeric_only: bool) -> Any:
        frame = self._numeric() if numeric_only else self
        for dtype in frame._meta.dtypes if frame._kind == "DataFrame" else [frame._meta.dtype]:
            if dtype.kind in "mMc":
                raise NotImplementedError(
                    f"{how} of {dtype} isn't built: convert to numbers first, such as (x - x.min()).dt.total_seconds()"
                )
        if not isinstance(ddof, int):
            raise TypeError(f"ddof must be an integer, got {type(ddof).__name__}: {ddof!r}")
        meta = getattr(frame._meta_nonempty, how)(skipna=skipna)
        meta, columns = _described(frame, meta, keep=True)
        shown, _ = _described(frame, meta)
        final = MomentsAggregate(how, ddof, meta)
        token = (how, skipna, ddof)
        return reduce_partitions(how, [frame], MomentsChunk(skipna), combine_moments, final, shown, token, rows=columns)

    def _mean(self, skipna: bool, numeric_only: bool) -> Any:
        frame = self._numeric() if numeric_only else self
        meta = _as_series(frame._meta_nonempty).mean(skipna=skipna)
        meta, columns = _described(frame, meta, keep=True)
        shown, _ = _described(frame, meta)
        dtypes = tuple(frame._meta.dtypes) if frame._kind == "DataFrame" else (frame._meta.dtype,)
        combine, final = MeanAggregate(dtypes, meta, combine=True), MeanAggregate(dtypes, meta)
        return reduce_partitions("mean", [frame], MeanChunk(skipna), combine, final, shown, skipna, rows=columns)


def _as_series(obj: Any) -> Any:
    return obj.to_series() if isinstance(obj, pd.Index) else obj


def _described(frame: FrameCollection, meta: Any, keep: bool = False) -> tuple[Any, ByColumns | None]:
    """Return the meta of a reduction and its lineage of rows: labelled by columns for a frame, a scalar otherwise."""
    if isinstance(meta, pd.Series):
        return (meta if keep else meta.iloc[:0]), by_columns(frame)
    return meta, None


def by_columns(frame: FrameCollection) -> ByColumns:
    """Return the lineage of a Series labelled by a frame's columns."""
    return ByColumns(tuple(frame._meta.columns))


def numeric_columns(meta: pd.DataFrame) -> pd.Index:
    """Return the labels of the columns of numbers and booleans, as ``numeric_only=True`` means them."""
    return meta.columns[
        [getattr(dtype, "kind", "O") in "biufc" and not isinstance(dtype, pd.CategoricalDtype) for dtype in meta.dtypes]
    ]


def _make(how: str, what: str) -> Callable[..., Any]:
    has_count = how in ("sum", "prod")

    def method(
        self: Any,
        axis: Any = 0,
        skipna: bool = True,
        numeric_only: bool = False,
        min_count: int = 0,
        split_every: Any = None,
    ) -> Any:
        if axis in (1, "columns") and self._kind == "DataFrame":
            kwargs: dict[str, Any] = {"axis": 1, "skipna": skipna}
            kwargs |= {"min_count": min_count} if has_count else {}
            frame = self._numeric() if numeric_only else self
            return partitionwise(how, Method(how), frame, kwargs=kwargs)
        check_axis(how, axis)
        if min_count and not has_count:
            raise TypeError(f"{how} has no min_count")
        return self._reduce_rows(how, skipna, min_count, numeric_only)

    method.__name__ = how
    method.__doc__ = (
        f"Return {what}, as in pandas.\n\n``axis`` is 0 (over rows) or 1 (over columns, one result a row); ``skipna``, "
        f"``numeric_only``{' and ``min_count``' if has_count else ''} as in pandas.\n\nRaises TypeError where pandas does, "
        "for dtypes that can't be reduced so."
    )
    return method


def check_axis(how: str, axis: Any) -> None:
    """Raise NotImplementedError for ``axis=None``, ValueError for anything but the rows' axis."""
    if axis is None:
        raise NotImplementedError(f"{how} over both axes isn't built: use .{how}().{how}()")
    if axis not in (0, "index", "rows"):
        raise ValueError(f"axis must be 0 or 1 for a DataFrame and 0 for a Series, got {axis!r}")


class _CommonReductions(_Reductions):
    """Of ``DataFrame`` and ``Series``."""

    def count(self, axis: Any = 0, numeric_only: bool = False) -> Any:
        """Count the values that are there."""
        if axis in (1, "columns") and self._kind == "DataFrame":
            frame = self._numeric() if numeric_only else self
            return partitionwise("count", Method("count"), frame, kwargs={"axis": 1})
        check_axis("count", axis)
        return self._reduce_rows("count", numeric_only=numeric_only)

    def mean(self, axis: Any = 0, skipna: bool = True, numeric_only: bool = False) -> Any:
        """Return means, as in pandas; raises TypeError for what has none."""
        if axis in (1, "columns") and self._kind == "DataFrame":
            frame = self._numeric() if numeric_only else self
            return partitionwise("mean", Method("mean"), frame, kwargs={"axis": 1, "skipna": skipna})
        check_axis("mean", axis)
        return self._mean(skipna, numeric_only)

    def var(self, axis: Any = 0, skipna: bool = True, ddof: int = 1, numeric_only: bool = False) -> Any:
        """Return variances, numerically stable; raises TypeError for what has none."""
        return self._spread("var", axis, skipna, ddof, numeric_only)

    def std(self, axis: Any = 0, skipna: bool = True, ddof: int = 1, numeric_only: bool = False) -> Any:
        """Return standard deviations, numerically stable; raises TypeError for what has none."""
        return self._spread("std", axis, skipna, ddof, numeric_only)

    def sem(self, axis: Any = 0, skipna: bool = True, ddof: int = 1, numeric_only: bool = False) -> Any:
        """Return standard errors of the mean; raises TypeError for what has none."""
        return self._spread("sem", axis, skipna, ddof, numeric_only)

    def _spread(self, how: str, axis: Any, skipna: bool, ddof: int, numeric_only: bool) -> Any:
        if axis in (1, "columns") and self._kind == "DataFrame":
            frame = self._numeric() if numeric_only else self
            return partitionwise(how, Method(how), frame, kwargs={"axis": 1, "skipna": skipna, "ddof": ddof})
        check_axis(how, axis)
        return self._moments(how, skipna, ddof, numeric_only)

    def _pick(self, how: str, n: int, columns: Any, keep: str) -> Any:
        if self._kind == "DataFrame":
            if columns is None:
                raise TypeError(f"{how} of a DataFrame needs columns, those whose values are compared")
            columns = as_labels(columns)
            check_columns(columns, self._meta.columns)
        pick = Pick(how, n, columns, keep)
        meta = empty(pick(self._meta_nonempty))
        return reduce_partitions(
            how, [self], PickChunk(pick), PickCombine(pick), PickAggregate(pick), meta, tuple(pick)
        )

    def idxmin(self, axis: Any = 0, skipna: bool = True, numeric_only: bool = False) -> Any:
        """Return the index label of the smallest value; computing raises ValueError where there is none."""
        return self._extreme("idxmin", axis, skipna, numeric_only)

    def idxmax(self, axis: Any = 0, skipna: bool = True, numeric_only: bool = False) -> Any:
        """Return the index label of the largest value; computing raises ValueError where there is none."""
        return self._extreme("idxmax", axis, skipna, numeric_only)

    def _extreme(self, how: str, axis: Any, skipna: bool, numeric_only: bool) -> Any:
        frame = self._numeric() if numeric_only else self
        if axis in (1, "columns") and self._kind == "DataFrame":
            return partitionwise(
                how,
                Method(how),
                frame,
                kwargs={"axis": 1, "skipna": skipna},
                meta=getattr(frame._meta_nonempty, how)(axis=1).iloc[:0],
            )
        check_axis(how, axis)
        meta, rows = _described(frame, getattr(frame._meta_nonempty, how)(skipna=skipna))
        chunk = ExtremeChunk(how, skipna)
        final = ExtremeAggregate(chunk, frame._meta.columns if frame._kind == "DataFrame" else None)
        return reduce_partitions(how, [frame], chunk, ExtremeCombine(chunk), final, meta, (how, skipna), rows=rows)

    def _distinct(self, subset: tuple[Hashable, ...] | None, keep: Any) -> Any:
        if keep not in ("first", "last"):
            raise NotImplementedError(
                "drop_duplicates keeps the first or the last of equal rows; for keep=False count them with "
                "groupby(...).size()"
            )
        how = DropDuplicates(subset, keep)
        chunk = DropDuplicatesChunk(how)
        return reduce_partitions("drop_duplicates", [self], chunk, how, how, self._meta, (subset, keep))


class FrameReductions(_CommonReductions):
    """Reductions of a ``DataFrame``: a Series labelled by columns, or a frame of fewer rows."""

    def nlargest(self, n: int = 5, columns: Any = None, keep: str = "first") -> Any:
        """Return the rows with the ``n`` largest values of ``columns``."""
        return self._pick("nlargest", n, columns, keep)

    def nsmallest(self, n: int = 5, columns: Any = None, keep: str = "first") -> Any:
        """Return the rows with the ``n`` smallest values of ``columns``."""
        return self._pick("nsmallest", n, columns, keep)

    def nunique(self, axis: Any = 0, dropna: bool = True) -> Any:
        """Count distinct values a column."""
        check_axis("nunique", axis)
        final = CountUnique(self._meta.columns, dropna)
        meta = pd.Series([], dtype="int64", index=self._meta.columns[:0])
        return reduce_partitions(
            "nunique", [self], unique_columns, join_unique_columns, final, meta, dropna, rows=by_columns(self)
        )

    def drop_duplicates(self, subset: Any = None, keep: Any = "first", ignore_index: bool = False) -> Any:
        """Leave out rows that are there already (as far as the columns ``subset`` go); one partition results."""
        labels = None
        if subset is not None:
            labels = tuple(as_labels(subset))
            check_columns(labels, self._meta.columns)
        result = self._distinct(labels, keep)
        return result.reset_index(drop=True) if ignore_index else result

    def cov(self, min_periods: int | None = None, ddof: int = 1, numeric_only: bool = False) -> Any:
        """Return the covariances of all pairs of columns."""
        return self._pairs("cov", min_periods or 1, ddof, numeric_only)

    def corr(self, method: str = "pearson", min_periods: int = 1, numeric_only: bool = False) -> Any:
        """Return the correlations (Pearson) of all pairs of columns; raises NotImplementedError for other methods."""
        check_pearson(method)
        return self._pairs("corr", min_periods, 1, numeric_only)

    def _pairs(self, how: str, min_periods: int, ddof: int, numeric_only: bool) -> Any:
        frame = self._numeric() if numeric_only else self
        meta = getattr(frame._meta_nonempty, how)().iloc[:0]
        final = PairAggregate(how, min_periods, ddof, frame._meta.columns)
        token = (how, min_periods, ddof)
        return reduce_partitions(how, [frame], pair_moments, combine_pairs, final, meta, token, rows=by_columns(frame))


class SeriesReductions(_CommonReductions):
    """Reductions of a ``Series``: a ``Scalar``, or a Series of fewer values."""

    def nlargest(self, n: int = 5, keep: str = "first") -> Any:
        """Return the ``n`` largest values."""
        return self._pick("nlargest", n, None, keep)

    def nsmallest(self, n: int = 5, keep: str = "first") -> Any:
        """Return the ``n`` smallest values."""
        return self._pick("nsmallest", n, None, keep)

    def unique(self) -> Any:
        """Return the distinct values in order of appearance, as a Series numbered from 0."""
        meta = self._meta.reset_index(drop=True)
        return reduce_partitions("unique", [self], unique_values, join_unique, join_unique, meta, None)

    def nunique(self, dropna: bool = True) -> Any:
        """Count distinct values."""
        final = CountUnique(None, dropna)
        return reduce_partitions("nunique", [self], unique_columns, join_unique_columns, final, 1, dropna)

    def drop_duplicates(self, keep: Any = "first", ignore_index: bool = False) -> Any:
        """Leave out values that are there already; one partition results."""
        result = self._distinct(None, keep)
        return result.reset_index(drop=True) if ignore_index else result

    def value_counts(
        self, normalize: bool = False, sort: bool = True, ascending: bool = False, dropna: bool = True
    ) -> Any:
        """Count each value; sorted by counts, equal ones in order of appearance."""
        how = ValueCounts(sort, ascending, dropna, normalize, self._meta.name)
        meta = self._meta_nonempty.value_counts(normalize=normalize, dropna=dropna).iloc[:0]
        return reduce_partitions(
            "value_counts", [self], ValueCountsChunk(how), ValueCountsCombine(how), how, meta, tuple(how)
        )

    def cov(self, other: Any, min_periods: int | None = None, ddof: int = 1) -> Any:
        """Return the covariance with another Series of the same rows."""
        return self._pair("cov", other, min_periods or 1, ddof)

    def corr(self, other: Any, method: str = "pearson", min_periods: int | None = None) -> Any:
        """Return the correlation (Pearson) with another Series of the same rows."""
        check_pearson(method)
        return self._pair("corr", other, min_periods or 1, 1)

    def _pair(self, how: str, other: Any, min_periods: int, ddof: int) -> Any:
        if not isinstance(other, FrameCollection) or other._kind != "Series":
            raise TypeError(f"{how} needs another Series of the same rows, got {type(other).__name__}")
        final = PairAggregate(how, min_periods, ddof, None, scalar=True)
        for series in (self, other):
            if series._meta.dtype.kind not in "biuf":
                raise TypeError(f"{how} needs numbers, got a Series of {series._meta.dtype}")
        token = (how, min_periods, ddof)
        return reduce_partitions(how, [self, other], pair_moments, combine_pairs, final, np.float64(1), token)


class IndexReductions(_Reductions):
    """Reductions of an ``Index``."""

    def min(self) -> Any:
        """Return the smallest value."""
        return self._reduce_rows("min")

    def max(self) -> Any:
        """Return the largest value."""
        return self._reduce_rows("max")

    def count(self) -> Any:
        """Count the values that are there."""
        return self._reduce_rows("count")

    def nunique(self, dropna: bool = True) -> Any:
        """Count distinct values."""
        final = CountUnique(None, dropna)
        return reduce_partitions("nunique", [self], unique_columns, join_unique_columns, final, 1, dropna)


def check_pearson(method: Any) -> None:
    """Raise NotImplementedError for correlations other than Pearson's."""
    if method != "pearson":
        raise NotImplementedError(f"corr has method 'pearson'; {method!r} needs ranks over all rows: compute() first")


for _how, _what in {
    "sum": "sums",
    "prod": "products",
    "min": "the smallest values",
    "max": "the largest values",
    "any": "whether any value is true",
    "all": "whether all values are true",
}.items():
    setattr(_CommonReductions, _how, _make(_how, _what))
_CommonReductions.product = _CommonReductions.prod  # type: ignore[attr-defined]

__all__ = ["FrameReductions", "IndexReductions", "SeriesReductions", "numeric_columns"]

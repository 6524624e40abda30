"""The reductions as methods of ``DataFrame``, ``Series`` and ``Index``.

Place in the flow: the mixins that the classes inherit; sums, means, deviations, extremes and pairs are here, the rest in their
own mixins. The meta of each result is what pandas gives for a sample: reductions that pandas refuses (the mean of strings) are
refused where they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minidask.dataframe.calls import Call
from minidask.dataframe.collection import FrameCollection
from minidask.dataframe.columns import as_labels, check_columns
from minidask.dataframe.meta import empty, tried
from minidask.dataframe.reductions.base import Reducing, as_series, by_columns, check_flag, described, numeric_columns
from minidask.dataframe.reductions.custom import CustomReductions
from minidask.dataframe.reductions.describe import DescribeReductions
from minidask.dataframe.reductions.distinct_methods import FrameDistinct, IndexDistinct, SeriesDistinct
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
from minidask.dataframe.reductions.monotonic import MonotonicReductions
from minidask.dataframe.reductions.pairs import PairAggregate, combine_pairs, pair_moments
from minidask.dataframe.reductions.quantiles import FrameQuantiles, SeriesQuantiles
from minidask.dataframe.reductions.rows import RowAggregate, RowChunk, RowCombine
from minidask.dataframe.reductions.shape import ShapeReductions
from minidask.dataframe.reductions.tree import reduce_partitions, reduce_rows
from minidask.dataframe.reductions.usage import RowUsage, UsageReductions


class _Reductions(Reducing):
    """What all three have."""

    def _reduce_rows(
        self,
        how: str,
        skipna: bool = True,
        min_count: int = 0,
        numeric_only: bool = False,
        split_every: Any = None,
    ) -> Any:
        check_flag("skipna", skipna)
        frame = self._numeric(numeric_only)
        kwargs: dict[str, Any] = {} if how == "count" else {"skipna": skipna}
        with np.errstate(all="ignore"):
            meta = tried(Call(how, kwargs), as_series(frame._meta_nonempty))
        meta, columns = described(frame, meta)
        return reduce_partitions(
            how,
            [frame],
            RowChunk(how, skipna, min_count),
            RowCombine(how, skipna),
            RowAggregate(how, skipna, min_count),
            meta,
            (how, skipna, min_count),
            rows=columns,
            split_every=split_every,
        )


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
        if min_count and not has_count:
            raise TypeError(f"{how} has no min_count")
        if not isinstance(min_count, int | np.integer):
            raise TypeError(f"min_count must be an integer, got {type(min_count).__name__}: {min_count!r:.80}")
        if axis is None and self._kind == "DataFrame" and not min_count:
            by_column = self._reduce_rows(how, skipna, 0, numeric_only, split_every)
            return getattr(by_column, how)(skipna=skipna)
        if axis is not None and self._is_by_rows(how, axis):
            kwargs: dict[str, Any] = {"min_count": min_count} if has_count else {}
            return self._each_row(how, numeric_only, skipna=skipna, **kwargs)
        self._is_by_rows(how, 0 if axis is None and self._kind != "DataFrame" else axis)
        return self._reduce_rows(how, skipna, min_count, numeric_only, split_every)

    method.__name__ = how
    method.__doc__ = (
        f"Return {what}, as in pandas.\n\n``axis`` is 0 (over rows), 1 (over columns, one result a row) or None (over all); "
        f"``skipna``, ``numeric_only``{' and ``min_count``' if has_count else ''} as in pandas; ``split_every``: how many "
        "partial results one task takes (False: all).\n\nRaises TypeError where pandas does, for dtypes that can't be reduced so."
    )
    return method


class _CommonReductions(_Reductions, ShapeReductions, DescribeReductions, RowUsage, CustomReductions):
    """Of ``DataFrame`` and ``Series``."""

    def count(self, axis: Any = 0, numeric_only: bool = False, split_every: Any = None) -> Any:
        """Count the values that are there."""
        if self._is_by_rows("count", axis):
            return self._each_row("count", numeric_only)
        return self._reduce_rows("count", numeric_only=numeric_only, split_every=split_every)

    def mean(self, axis: Any = 0, skipna: bool = True, numeric_only: bool = False, split_every: Any = None) -> Any:
        """Return means, as in pandas; raises TypeError for what has none."""
        check_flag("skipna", skipna)
        if self._is_by_rows("mean", axis):
            return self._each_row("mean", numeric_only, skipna=skipna)
        frame = self._numeric(numeric_only)
        meta = tried(Call("mean", {"skipna": skipna}), as_series(frame._meta_nonempty))
        shown, columns = described(frame, meta)
        dtypes = _dtypes(frame)
        combine, final = MeanAggregate(dtypes, meta, combine=True), MeanAggregate(dtypes, meta)
        return reduce_partitions(
            "mean", [frame], MeanChunk(skipna), combine, final, shown, skipna, rows=columns, split_every=split_every
        )

    def var(
        self, axis: Any = 0, skipna: bool = True, ddof: int = 1, numeric_only: bool = False, split_every: Any = None
    ) -> Any:
        """Return variances, numerically stable; raises TypeError for what has none."""
        return self._moments("var", axis, skipna, ddof, numeric_only, split_every)

    def std(
        self, axis: Any = 0, skipna: bool = True, ddof: int = 1, numeric_only: bool = False, split_every: Any = None
    ) -> Any:
        """Return standard deviations, numerically stable (durations for dates); raises TypeError for what has none."""
        return self._moments("std", axis, skipna, ddof, numeric_only, split_every)

    def sem(
        self, axis: Any = 0, skipna: bool = True, ddof: int = 1, numeric_only: bool = False, split_every: Any = None
    ) -> Any:
        """Return standard errors of the mean; raises TypeError for what has none."""
        return self._moments("sem", axis, skipna, ddof, numeric_only, split_every)

    def _moments(self, how: str, axis: Any, skipna: bool, ddof: int, numeric_only: bool, split_every: Any) -> Any:
        check_flag("skipna", skipna)
        if not isinstance(ddof, int | np.integer):
            raise TypeError(f"ddof must be an integer, got {type(ddof).__name__}: {ddof!r}")
        if self._is_by_rows(how, axis):
            return self._each_row(how, numeric_only, skipna=skipna, ddof=ddof)
        frame = self._numeric(numeric_only)
        dtypes = _dtypes(frame)
        for dtype in dtypes:
            if getattr(dtype, "kind", "O") == "c":
                raise NotImplementedError(f"{how} of {dtype} isn't built: take it of the real and the imaginary part")
        meta = tried(Call(how, {"skipna": skipna}), frame._meta_nonempty)
        shown, columns = described(frame, meta)
        return reduce_partitions(
            how,
            [frame],
            MomentsChunk(skipna),
            combine_moments,
            MomentsAggregate(how, ddof, meta, dtypes),
            shown,
            (how, skipna, ddof),
            rows=columns,
            split_every=split_every,
        )

    def _pick(self, how: str, n: int, columns: Any, keep: str, split_every: Any) -> Any:
        if not isinstance(n, int | np.integer) or isinstance(n, bool):
            raise TypeError(f"{how} takes a number of rows, got {type(n).__name__}: {n!r:.80}")
        looks_at = None
        if self._kind == "DataFrame":
            if columns is None:
                raise TypeError(f"{how} of a DataFrame needs columns, those whose values are compared")
            columns = as_labels(columns)
            check_columns(columns, self._meta.columns)
            looks_at = frozenset(columns)
        pick = Pick(how, int(n), columns, keep)
        meta = empty(pick(self._meta_nonempty))
        chunk, combine, final = PickChunk(pick), PickCombine(pick), PickAggregate(pick)
        return reduce_rows(how, self, chunk, combine, final, meta, tuple(pick), looks_at, split_every)

    def idxmin(self, axis: Any = 0, skipna: bool = True, numeric_only: bool = False, split_every: Any = None) -> Any:
        """Return the index label of the smallest value; computing raises ValueError where there is none."""
        return self._extreme("idxmin", axis, skipna, numeric_only, split_every)

    def idxmax(self, axis: Any = 0, skipna: bool = True, numeric_only: bool = False, split_every: Any = None) -> Any:
        """Return the index label of the largest value; computing raises ValueError where there is none."""
        return self._extreme("idxmax", axis, skipna, numeric_only, split_every)

    def _extreme(self, how: str, axis: Any, skipna: bool, numeric_only: bool, split_every: Any) -> Any:
        check_flag("skipna", skipna)
        if self._is_by_rows(how, axis):
            meta = getattr(self._numeric(numeric_only)._meta_nonempty, how)(axis=1).iloc[:0]
            return self._each_row(how, numeric_only, meta, skipna=skipna)
        frame = self._numeric(numeric_only)
        meta, rows = described(frame, tried(Call(how, {"skipna": skipna}), frame._meta_nonempty))
        chunk = ExtremeChunk(how, skipna)
        final = ExtremeAggregate(chunk, frame._meta.columns if frame._kind == "DataFrame" else None)
        return reduce_partitions(
            how, [frame], chunk, ExtremeCombine(chunk), final, meta, (how, skipna), rows=rows, split_every=split_every
        )


def _dtypes(frame: FrameCollection) -> tuple[Any, ...]:
    return tuple(frame._meta.dtypes) if frame._kind == "DataFrame" else (frame._meta.dtype,)


class FrameReductions(FrameDistinct, FrameQuantiles, _CommonReductions):
    """Reductions of a ``DataFrame``: a Series labelled by columns, or a frame of fewer rows."""

    def nlargest(self, n: int = 5, columns: Any = None, keep: str = "first", split_every: Any = None) -> Any:
        """Return the rows with the ``n`` largest values of ``columns``; ``keep`` ("first", "last", "all") as in pandas."""
        return self._pick("nlargest", n, columns, keep, split_every)

    def nsmallest(self, n: int = 5, columns: Any = None, keep: str = "first", split_every: Any = None) -> Any:
        """Return the rows with the ``n`` smallest values of ``columns``; ``keep`` ("first", "last", "all") as in pandas."""
        return self._pick("nsmallest", n, columns, keep, split_every)

    def cov(
        self, min_periods: int | None = None, ddof: int = 1, numeric_only: bool = False, split_every: Any = None
    ) -> Any:
        """Return the covariances of all pairs of columns."""
        return self._pairs("cov", min_periods, ddof, numeric_only, split_every)

    def corr(
        self,
        method: str = "pearson",
        min_periods: int | None = None,
        numeric_only: bool = False,
        split_every: Any = None,
    ) -> Any:
        """Return the correlations (Pearson) of all pairs of columns; raises NotImplementedError for other methods."""
        check_pearson(method)
        return self._pairs("corr", min_periods, 1, numeric_only, split_every)

    def _pairs(self, how: str, min_periods: Any, ddof: int, numeric_only: bool, split_every: Any) -> Any:
        least = check_periods(min_periods)
        frame = self._numeric(numeric_only)
        meta = tried(Call(how, {}), frame._meta_nonempty).iloc[:0]
        final = PairAggregate(how, least, ddof, frame._meta.columns)
        rows = by_columns(frame)
        token = (how, least, ddof)
        return reduce_partitions(
            how, [frame], pair_moments, combine_pairs, final, meta, token, rows=rows, split_every=split_every
        )


class SeriesReductions(SeriesDistinct, SeriesQuantiles, MonotonicReductions, _CommonReductions):
    """Reductions of a ``Series``: a ``Scalar``, or a Series of fewer values."""

    def nlargest(self, n: int = 5, keep: str = "first", split_every: Any = None) -> Any:
        """Return the ``n`` largest values; ``keep`` ("first", "last", "all") as in pandas."""
        return self._pick("nlargest", n, None, keep, split_every)

    def nsmallest(self, n: int = 5, keep: str = "first", split_every: Any = None) -> Any:
        """Return the ``n`` smallest values; ``keep`` ("first", "last", "all") as in pandas."""
        return self._pick("nsmallest", n, None, keep, split_every)

    def cov(self, other: Any, min_periods: int | None = None, ddof: int = 1, split_every: Any = None) -> Any:
        """Return the covariance with another Series, over the rows of equal index values."""
        return self._pair("cov", other, min_periods, ddof, split_every)

    def corr(self, other: Any, method: str = "pearson", min_periods: int | None = None, split_every: Any = None) -> Any:
        """Return the correlation (Pearson) with another Series, over the rows of equal index values."""
        check_pearson(method)
        return self._pair("corr", other, min_periods, 1, split_every)

    def _pair(self, how: str, other: Any, min_periods: Any, ddof: int, split_every: Any) -> Any:
        if not isinstance(other, FrameCollection) or other._kind != "Series":
            raise TypeError(f"{how} needs another lazy Series, got {type(other).__name__}")
        least = check_periods(min_periods)
        final = PairAggregate(how, least, ddof, None, scalar=True)
        for series in (self, other):
            if series._meta.dtype.kind not in "biuf":
                raise TypeError(f"{how} needs numbers, got a Series of {series._meta.dtype}")
        token = (how, least, ddof)
        return reduce_partitions(
            how,
            [self, other],
            pair_moments,
            combine_pairs,
            final,
            np.float64(1),
            token,
            split_every=split_every,
        )


class IndexReductions(IndexDistinct, MonotonicReductions, UsageReductions, CustomReductions, _Reductions):
    """Reductions of an ``Index``."""

    def min(self, split_every: Any = None, *, skipna: bool = True) -> Any:
        """Return the smallest value."""
        return self._reduce_rows("min", skipna, split_every=split_every)

    def max(self, split_every: Any = None, *, skipna: bool = True) -> Any:
        """Return the largest value."""
        return self._reduce_rows("max", skipna, split_every=split_every)

    def count(self, split_every: Any = None) -> Any:
        """Count the values that are there."""
        return self._reduce_rows("count", split_every=split_every)

    def any(self, split_every: Any = None) -> Any:
        """Return whether any value is true."""
        return self._reduce_rows("any", split_every=split_every)

    def all(self, split_every: Any = None) -> Any:
        """Return whether all values are true."""
        return self._reduce_rows("all", split_every=split_every)

    def memory_usage(self, deep: bool = False) -> Any:
        """Return bytes; ``deep`` looks into objects."""
        return self._usage(True, deep)


def check_pearson(method: Any) -> None:
    """Raise NotImplementedError for correlations other than Pearson's."""
    if method in ("kendall", "spearman") or callable(method):
        raise NotImplementedError(f"corr has method 'pearson'; {method!r} needs ranks over all rows: compute() first")
    if method != "pearson":
        raise ValueError(f"corr has method 'pearson', got {method!r:.80}")


def check_periods(min_periods: Any) -> int:
    """Return how many rows a pair needs; raises TypeError for no integer."""
    if min_periods is None:
        return 1
    if not isinstance(min_periods, int | np.integer) or isinstance(min_periods, bool):
        raise TypeError(f"min_periods must be an integer, got {type(min_periods).__name__}: {min_periods!r:.80}")
    return max(int(min_periods), 1)


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

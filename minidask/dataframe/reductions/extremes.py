"""Reductions that pick rows: nlargest, nsmallest, idxmin, idxmax.

Partial results are rows of the partition, so that what pandas decides by order (which of equal values comes first)
stays decided by it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd

from minidask.dataframe.join_parts import join_parts
from minidask.dataframe.reductions.moments import columns_of
from minidask.dataframe.reductions.rows import is_masked


class Pick(NamedTuple):
    """Take the ``n`` largest or smallest rows, in the order of their values."""

    how: str
    n: int
    columns: Any
    keep: str

    def __call__(self, obj: Any) -> Any:
        kwargs = {"keep": self.keep} if self.columns is None else {"keep": self.keep, "columns": self.columns}
        return getattr(obj, self.how)(self.n, **kwargs)

    def in_place(self, obj: Any) -> Any:
        """Take these rows and one more, in the order in which they stand: pandas resolves ties by it, again and again.

        One more because pandas sorts, with other rules for ties, where no more rows than wanted are there.
        """
        wanted = max(self.n, 0) + 1
        rows = obj.reset_index(drop=True)
        if self.columns is not None and any(_has_masked_nulls(rows[label]) for label in self.columns):
            # pandas picks wrong rows by several columns where the last one picked is a masked null: take all that may count.
            first = rows[self.columns[0]]
            return (
                obj if first.count() < wanted else obj.iloc[sorted(getattr(first, self.how)(wanted, keep="all").index)]
            )
        positions = self._replace(n=wanted)(rows).index
        return obj.iloc[sorted(positions)]


def _has_masked_nulls(column: Any) -> bool:
    return isinstance(column, pd.Series) and is_masked(column.dtype) and bool(column.isna().any())


class PickChunk(NamedTuple):
    """Take rows of one partition, in their order."""

    pick: Pick

    def __call__(self, obj: Any) -> Any:
        return self.pick.in_place(obj)


class PickCombine(NamedTuple):
    """Take rows of those that were picked, in their order."""

    pick: Pick

    def __call__(self, parts: list[Any]) -> Any:
        return self.pick.in_place(join_parts(parts))


class PickAggregate(NamedTuple):
    """Take the rows of the result."""

    pick: Pick

    def __call__(self, parts: list[Any]) -> Any:
        return self.pick(join_parts(parts))


class ExtremeChunk(NamedTuple):
    """Give, for each column, a Series of one row: the extreme value under its index label; none of an empty partition."""

    how: str
    skipna: bool

    def __call__(self, obj: Any) -> list[pd.Series]:
        return [self.pick(column) for column in columns_of(obj)]

    def pick(self, series: pd.Series) -> pd.Series:
        """Return the row of the extreme, or of a missing value where that decides."""
        if not len(series):
            return series
        missing = series.isna().to_numpy()
        if missing.all() or (missing.any() and not self.skipna):
            return series.iloc[[int(missing.argmax())]]
        return series.iloc[[int(series.argmax() if self.how == "idxmax" else series.argmin())]]


class ExtremeCombine(NamedTuple):
    """Reduce the rows of several ``ExtremeChunk``s to one a column."""

    chunk: ExtremeChunk

    def __call__(self, parts: list[list[pd.Series]]) -> list[pd.Series]:
        return [self.chunk.pick(join_parts(list(column))) for column in zip(*parts, strict=True)]


class ExtremeAggregate(NamedTuple):
    """Give the index label of each column's extreme; ``columns`` is None for a Series. Raises ValueError as pandas does."""

    chunk: ExtremeChunk
    columns: Any

    def __call__(self, parts: list[list[pd.Series]]) -> Any:
        rows = [join_parts(list(column)) for column in zip(*parts, strict=True)]
        labels = [getattr(series, self.chunk.how)(skipna=self.chunk.skipna) for series in rows]
        if self.columns is None:
            return labels[0]
        dtype = rows[0].index.dtype if rows else None
        return pd.Series(labels, index=self.columns, dtype=dtype)

"""Reductions about distinct values: unique, nunique, value_counts, drop_duplicates.

Partial results are themselves distinct values, in order of appearance, so that they are no longer than they have to be.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from minidask.dataframe.join_parts import join_parts
from minidask.dataframe.reductions.moments import columns_of
from minidask.dataframe.reductions.rows import is_masked


class DropDuplicates(NamedTuple):
    """Leave out rows that are there already; ``keep`` is "first" or "last"."""

    subset: tuple[Hashable, ...] | None
    keep: Any

    def chunk(self, obj: Any) -> Any:
        """Of one partition, or one result."""
        if isinstance(obj, pd.DataFrame):
            return obj.drop_duplicates(subset=None if self.subset is None else list(self.subset), keep=self.keep)
        return obj.drop_duplicates(keep=self.keep)

    def __call__(self, parts: Any) -> Any:
        return self.chunk(join_parts(parts))


class DropDuplicatesChunk(NamedTuple):
    """The chunk of ``DropDuplicates``."""

    how: DropDuplicates

    def __call__(self, obj: Any) -> Any:
        return self.how.chunk(obj)


def unique_values(obj: Any) -> pd.Series:
    """Return distinct values in order of appearance, missing ones once, numbered from 0."""
    series = obj.to_series() if isinstance(obj, pd.Index) else obj
    return series.drop_duplicates().reset_index(drop=True)


def join_unique(parts: list[pd.Series]) -> pd.Series:
    """Return the distinct values of several ``unique_values``."""
    return unique_values(join_parts(parts))


def unique_columns(obj: Any) -> list[pd.Series]:
    """Return the distinct values of each column, by themselves."""
    return [unique_values(column) for column in columns_of(obj)]


def join_unique_columns(parts: list[list[pd.Series]]) -> list[pd.Series]:
    """Return the distinct values of each column of several ``unique_columns``."""
    return [join_unique(list(column)) for column in zip(*parts, strict=True)]


class CountUnique(NamedTuple):
    """Count distinct values a column; ``columns`` is None for a Series."""

    columns: Any
    dropna: bool

    def __call__(self, parts: list[list[pd.Series]]) -> Any:
        counts = [column.nunique(dropna=self.dropna) for column in join_unique_columns(parts)]
        return counts[0] if self.columns is None else pd.Series(counts, index=self.columns, dtype="int64")


class ValueCounts(NamedTuple):
    """Count values; partial results are counts in order of appearance."""

    sort: bool
    ascending: bool
    dropna: bool
    normalize: bool
    name: Hashable

    def chunk(self, series: pd.Series) -> pd.DataFrame:
        """Count the values of one partition."""
        frame = pd.DataFrame({"value": series.reset_index(drop=True), "count": 1})
        return self._sum(frame)

    def _sum(self, frame: pd.DataFrame) -> pd.DataFrame:
        groups = frame.groupby("value", sort=False, observed=True, dropna=self.dropna)["count"]
        return groups.sum().astype("int64").reset_index()

    def combine(self, parts: list[pd.DataFrame]) -> pd.DataFrame:
        """Add up counts."""
        return self._sum(join_parts(parts))

    def __call__(self, parts: list[pd.DataFrame]) -> pd.Series:
        frame = self.combine(parts)
        dtype = frame["value"].dtype
        counts = frame["count"].to_numpy()
        index = pd.Index(frame["value"], name=self.name)
        result = pd.Series(counts, index=index, name="count")
        if isinstance(dtype, pd.CategoricalDtype):
            # Categories that never occur are counted too, behind the others, as pandas does.
            result = _all_categories(result, dtype)
        if is_masked(dtype):
            # pandas has masked nulls behind all others before it sorts.
            result = result.iloc[np.argsort(np.asarray(result.index.isna()), kind="stable")]
        if self.sort:
            result = result.sort_values(ascending=self.ascending, kind="stable")
        if is_masked(dtype):
            result = result.astype("Int64")
        if self.normalize:
            result = (result / result.sum()).rename("proportion")
        return result


def _all_categories(counts: pd.Series, dtype: pd.CategoricalDtype) -> pd.Series:
    index = pd.CategoricalIndex(dtype.categories, dtype=dtype, name=counts.index.name)
    missing = np.asarray(counts.index.isna())
    nulls = counts[missing]
    full = counts[~missing].reindex(index, fill_value=0)
    return full if nulls.empty else pd.concat([full, nulls])


class ValueCountsChunk(NamedTuple):
    """The chunk of ``ValueCounts``."""

    how: ValueCounts

    def __call__(self, series: pd.Series) -> pd.DataFrame:
        return self.how.chunk(series)


class ValueCountsCombine(NamedTuple):
    """The combining step of ``ValueCounts``."""

    how: ValueCounts

    def __call__(self, parts: list[pd.DataFrame]) -> pd.DataFrame:
        return self.how.combine(parts)

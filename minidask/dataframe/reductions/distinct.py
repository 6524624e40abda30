"""Distinct values: the functions behind unique, nunique, value_counts, mode and drop_duplicates.

Place in the flow: ``distinct_methods`` makes trees and shuffles of them. Partial results are themselves distinct values, in order
of appearance, so that they are no longer than they have to be. Pure.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from minidask.dataframe.join_parts import join_parts
from minidask.dataframe.reductions import hyperloglog
from minidask.dataframe.reductions.moments import columns_of
from minidask.dataframe.reductions.rows import is_masked
from minidask.dataframe.shuffle.hashing import hash_rows


class DropDuplicates(NamedTuple):
    """Leave out rows that are there already; ``keep`` is "first", "last", or False for none of equal rows."""

    subset: tuple[Hashable, ...] | None
    keep: Any

    def of_one(self, obj: Any) -> Any:
        """Of one partition."""
        return obj[~duplicated(obj, self.subset, self.keep)]

    def __call__(self, parts: list[Any]) -> Any:
        return self.of_one(join_parts(parts))


class DropDuplicatesChunk(NamedTuple):
    """The chunk of ``DropDuplicates``, and what makes whole partitions distinct where equal rows have met."""

    how: DropDuplicates

    def __call__(self, obj: Any) -> Any:
        return self.how.of_one(obj)


def duplicated(obj: Any, subset: tuple[Hashable, ...] | None, keep: Any) -> np.ndarray:
    """Return which rows are there already."""
    options = {"subset": list(subset)} if subset is not None and isinstance(obj, pd.DataFrame) else {}
    return np.asarray(obj.duplicated(keep=keep, **options))


class Once(NamedTuple):
    """The first of each set of equal rows, and whether there were more than one."""

    rows: Any
    repeated: np.ndarray


class OnceChunk(NamedTuple):
    """Give the ``Once`` of a partition."""

    subset: tuple[Hashable, ...] | None

    def __call__(self, obj: Any) -> Once:
        return self.of(obj, np.zeros(len(obj), dtype=bool))

    def of(self, obj: Any, repeated: np.ndarray) -> Once:
        """Return the first of equal rows, of which some are known to be repeated."""
        first = ~duplicated(obj, self.subset, "first")
        repeated = repeated | duplicated(obj, self.subset, False)
        return Once(obj[first], repeated[first])


class OnceCombine(NamedTuple):
    """Join several ``Once``."""

    chunk: OnceChunk

    def __call__(self, parts: list[Once]) -> Once:
        return self.chunk.of(
            join_parts([part.rows for part in parts]), np.concatenate([part.repeated for part in parts])
        )


class OnceAggregate(NamedTuple):
    """Give the rows that no other one is equal to."""

    chunk: OnceChunk

    def __call__(self, parts: list[Once]) -> Any:
        whole = OnceCombine(self.chunk)(parts)
        return whole.rows[~whole.repeated]


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


def sketch(obj: Any) -> np.ndarray:
    """Return the HyperLogLog registers of a partition's rows, missing values being values."""
    return hyperloglog.registers(hash_rows(columns_of(obj), len(obj)))


def count_sketched(parts: list[np.ndarray]) -> float:
    """Return about how many distinct rows there are."""
    return hyperloglog.estimate(hyperloglog.join_registers(parts))


class ValueCounts(NamedTuple):
    """Count values; partial results are counts in order of appearance, frames of the columns "value" and "count"."""

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
        if frame["value"].dtype == object and not self.dropna:
            return _sum_objects(frame)
        dtype = frame["value"].dtype
        if dtype == np.float16:
            # pandas groups by no halves; wider ones are equal where these are.
            frame = frame.astype({"value": "float32"})
        groups = frame.groupby("value", sort=False, observed=True, dropna=self.dropna)["count"]
        counts = groups.sum().astype("int64").reset_index()
        # Of objects that happen to be texts pandas makes texts.
        return counts.astype({"value": dtype}) if dtype in (object, np.float16) else counts

    def combine(self, parts: list[pd.DataFrame]) -> pd.DataFrame:
        """Add up counts."""
        return self._sum(join_parts(parts))

    def __call__(self, parts: list[pd.DataFrame]) -> pd.Series:
        return self.finish(self.combine(parts))

    def finish(self, frame: pd.DataFrame, total: Any = None, all_categories: bool = True) -> pd.Series:
        """Return the counts as pandas shows them, or shares of ``total`` (default: their sum)."""
        dtype = frame["value"].dtype
        counts = frame["count"].to_numpy()
        # An index has no halves.
        as_dtypes: dict[Any, Any] = {np.dtype(object): object, np.dtype("float16"): "float32"}
        index = pd.Index(frame["value"], dtype=as_dtypes.get(dtype)).rename(self.name)
        result = pd.Series(counts, index=index, name="count")
        if isinstance(dtype, pd.CategoricalDtype) and all_categories:
            # Categories that never occur are counted too, behind the others, as pandas does.
            result = _all_categories(result, dtype)
        if is_masked(dtype) and not isinstance(dtype, pd.ArrowDtype):
            # pandas has masked nulls behind all others before it sorts.
            result = result.iloc[np.argsort(np.asarray(result.index.isna()), kind="stable")]
        if self.sort:
            result = result.sort_values(ascending=self.ascending, kind="stable")
        if is_masked(dtype):
            result = result.astype("Int64" if not isinstance(dtype, pd.ArrowDtype) else "int64[pyarrow]")
        elif isinstance(dtype, pd.StringDtype) and dtype.na_value is pd.NA:
            result = result.astype("Int64" if dtype.storage == "python" else "int64[pyarrow]")
        if self.normalize:
            result = (result / (result.sum() if total is None else total)).rename("proportion")
        return result


def _sum_objects(frame: pd.DataFrame) -> pd.DataFrame:
    """Add up counts of objects, of which None, NaN and NA are different values."""
    values = frame["value"]
    kinds = [type(value).__name__ if null else "" for value, null in zip(values, values.isna(), strict=True)]
    groups = frame.groupby([values, np.array(kinds, dtype=object)], sort=False, dropna=False)
    # In the order of appearance, which null keys don't have in pandas.
    numbers = pd.factorize(groups.ngroup())[0]
    counts = np.zeros(numbers.max(initial=-1) + 1, dtype="int64")
    np.add.at(counts, numbers, frame["count"].to_numpy())
    distinct = values[~pd.Series(numbers, values.index).duplicated()].reset_index(drop=True)
    return pd.DataFrame({"value": distinct, "count": counts})


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


class ValueCountsPart(NamedTuple):
    """Finish a partition in which the counts of equal values have met; ``total`` is that of all partitions."""

    how: ValueCounts

    def __call__(self, frame: pd.DataFrame, total: Any) -> pd.Series:
        return self.how.finish(self.how.combine([frame]), total, all_categories=False)


def sum_counts(parts: list[pd.DataFrame]) -> int:
    """Return the sum of all counts."""
    return sum(int(part["count"].sum()) for part in parts)


class CountColumns(NamedTuple):
    """Count the values of each column, by itself."""

    dropna: bool

    def __call__(self, obj: Any) -> list[pd.DataFrame]:
        return [self.how.chunk(column) for column in columns_of(obj)]

    @property
    def how(self) -> ValueCounts:
        """How a column's values are counted."""
        return ValueCounts(False, False, self.dropna, False, None)


class CombineColumns(NamedTuple):
    """Add up the counts of each column."""

    chunk: CountColumns

    def __call__(self, parts: list[list[pd.DataFrame]]) -> list[pd.DataFrame]:
        return [self.chunk.how.combine(list(column)) for column in zip(*parts, strict=True)]


class Modes(NamedTuple):
    """Give the most frequent values of each column; ``columns`` is None for a Series named ``name``."""

    chunk: CountColumns
    columns: Any
    name: Hashable = None

    def __call__(self, parts: list[list[pd.DataFrame]]) -> Any:
        modes = []
        for counts in CombineColumns(self.chunk)(parts):
            most = counts["value"][counts["count"] == counts["count"].max()]
            # Each of them once: pandas's mode of these is all, in its order.
            modes.append(most.reset_index(drop=True).mode(dropna=self.chunk.dropna))
        if self.columns is None:
            return modes[0].rename(self.name)
        if not modes:
            return pd.DataFrame(columns=self.columns)
        return pd.concat(modes, axis=1).set_axis(self.columns, axis=1)

"""Reductions whose partial results are reduced by the same operation: sum, prod, min, max, any, all; and count.

Each partition gives one row of results, each column in a dtype that loses nothing; the rows put together are a small
frame, and pandas's own reduction of it is the result. So dtypes of mixed columns come out as pandas makes them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from minidask.dataframe.join_parts import join_parts

# {operation on values: operation on partial results}
AGAIN = {"sum": "sum", "prod": "prod", "min": "min", "max": "max", "any": "any", "all": "all", "count": "sum"}


class RowChunk(NamedTuple):
    """Give one row of partial results, and with ``min_count`` one of counts; an empty partition gives none."""

    how: str
    skipna: bool
    min_count: int = 0

    def __call__(self, obj: Any) -> tuple[Any, Any]:
        counts = _one_row(obj, "count", {}) if self.min_count > 0 else None
        if not len(obj) and self.how != "count":
            return obj, counts
        return _one_row(obj, self.how, {} if self.how == "count" else {"skipna": self.skipna}), counts


class RowCombine(NamedTuple):
    """Reduce rows of partial results to one."""

    how: str
    skipna: bool

    def __call__(self, parts: list[tuple[Any, Any]]) -> tuple[Any, Any]:
        rows = join_parts([part for part, _ in parts])
        counts = None if parts[0][1] is None else _one_row(join_parts([count for _, count in parts]), "sum", {})
        if not len(rows):
            return rows, counts
        return _one_row(rows, AGAIN[self.how], again_options(self.how, self.skipna)), counts


class RowAggregate(NamedTuple):
    """Reduce rows of partial results to the result."""

    how: str
    skipna: bool
    min_count: int = 0

    def __call__(self, parts: list[tuple[Any, Any]]) -> Any:
        rows = join_parts([part for part, _ in parts])
        with np.errstate(invalid="ignore", over="ignore"):
            result = getattr(rows, AGAIN[self.how])(**again_options(self.how, self.skipna))
        if self.how == "count" and isinstance(rows, pd.DataFrame) and not rows.shape[1]:
            # The sums of no columns are floats.
            return result.astype("int64")
        if self.min_count <= 0:
            return result
        enough = join_parts([count for _, count in parts]).sum() >= self.min_count
        if isinstance(rows, pd.DataFrame):
            return result.where(enough)
        return result if enough else rows.iloc[:0].sum(min_count=1)


def again_options(how: str, skipna: bool) -> dict[str, bool]:
    """Return the options for reducing partial results.

    Sums and products of what is there are NaN for infinities only, which isn't a missing value: it stays.

    >>> again_options("sum", True), again_options("max", True)
    ({'skipna': False}, {'skipna': True})
    """
    return {} if how == "count" else {"skipna": skipna and how not in ("sum", "prod")}


def _one_row(obj: Any, how: str, kwargs: dict[str, Any]) -> Any:
    """Reduce each column to a value, in a frame (or Series) of one row."""
    if isinstance(obj, pd.Index):
        obj = obj.to_series()
    if isinstance(obj, pd.Series):
        return _one_value(obj, how, kwargs)
    columns = {at: _one_value(obj.iloc[:, at], how, kwargs) for at in range(obj.shape[1])}
    return pd.DataFrame(columns, index=pd.RangeIndex(1)).set_axis(obj.columns, axis=1)


def _one_value(series: pd.Series, how: str, kwargs: dict[str, Any]) -> pd.Series:
    # Infinities of both signs give NaN; whether NumPy warns would depend on where partitions are cut.
    with np.errstate(invalid="ignore", over="ignore"):
        value = getattr(series, how)(**kwargs)
    if isinstance(series.dtype, pd.ArrowDtype) and how in ("sum", "prod"):
        # Of which dtype the sum of Arrow's values is, Arrow says.
        return getattr(series.to_frame(), how)(**kwargs).reset_index(drop=True).rename(series.name)
    if how in ("any", "all") and not is_masked(series.dtype):
        value = bool(value)
    return pd.Series([value], dtype=_partial_dtype(series, how, value), name=series.name)


def _partial_dtype(series: pd.Series, how: str, value: Any) -> Any:
    dtype = series.dtype
    if how == "count":
        return np.dtype("int64")
    if how in ("any", "all"):
        if isinstance(dtype, pd.ArrowDtype):
            return "bool[pyarrow]"
        return pd.BooleanDtype() if is_masked(dtype) else np.dtype(bool)
    if how in ("min", "max") or str(dtype) == "object":
        return dtype
    if isinstance(dtype, pd.api.extensions.ExtensionDtype):
        kind = dtype.kind if is_masked(dtype) else ""
        if kind in ("i", "b"):
            return pd.Int64Dtype()
        return pd.UInt64Dtype() if kind == "u" else dtype
    return getattr(value, "dtype", dtype)


def is_masked(dtype: Any) -> bool:
    """Whether a dtype has its missing values in a mask (Int64, Float64, boolean)."""
    return isinstance(dtype, pd.api.extensions.ExtensionDtype) and hasattr(dtype, "numpy_dtype")

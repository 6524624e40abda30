"""Mean, variance, standard deviation and standard error.

Variance: each partition gives (count, mean, sum of squared deviations) a column, and these are combined pairwise,
which is stable however large the mean is (Chan, Golub, LeVeque, "Updating formulae and a pairwise algorithm for
computing sample variances", 1979). Means of dates are summed as exact integers.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from minidask.dataframe.arrow_types import as_times, of_integers, time_unit


class MeanChunk(NamedTuple):
    """Give a list of (sum, count), one a column; the sum of dates is an integer, None where a missing value spoils it."""

    skipna: bool

    def __call__(self, obj: Any) -> list[tuple[Any, int]]:
        return [_sum_and_count(column, self.skipna) for column in columns_of(obj)]


class MeanAggregate(NamedTuple):
    """Divide sums by counts, or (``combine``) leave them as they are."""

    dtypes: tuple[Any, ...]
    meta: Any
    combine: bool = False

    def __call__(self, parts: list[list[tuple[Any, int]]]) -> Any:
        totals = []
        for column in zip(*parts, strict=True):
            sums = [total for total, count in column if count or total is None]
            whole: Any = None if any(total is None for total in sums) else sum(sums[1:], sums[0]) if sums else 0.0
            totals.append((whole, sum(count for _, count in column)))
        if self.combine:
            return totals
        values = [_mean(total, count, dtype) for (total, count), dtype in zip(totals, self.dtypes, strict=True)]
        return as_result(values, self.meta)


def _sum_and_count(series: pd.Series, skipna: bool) -> tuple[Any, int]:
    count = int(series.count())
    if not skipna and count < len(series):
        return None, len(series)
    kind = getattr(series.dtype, "kind", "O")
    if kind in "mM":
        values = as_times(series.dropna()).astype("int64")
        if not len(values):
            return 0, 0
        # Differences from the first value can't overflow where plain sums of nanoseconds would.
        base = int(values.iloc[0])
        return sum(map(int, [(values - base).sum()])) + base * len(values), count
    if kind in "biuf":
        with np.errstate(invalid="ignore", over="ignore"):
            return float(np.sum(series.dropna().to_numpy(dtype="float64"))), count
    if not count:
        return 0, 0
    return _numeric_sum(series.dropna()), count


def _numeric_sum(values: pd.Series) -> Any:
    """Return the sum of objects; TypeError for texts, whose sum is another text."""
    total = values.sum()
    if isinstance(total, str | bytes):
        raise TypeError(f"Could not convert {total!r:.80} to numeric")
    return total


def _mean(total: Any, count: int, dtype: Any) -> Any:
    kind = getattr(dtype, "kind", "O")
    if kind in "mM":
        if total is None or not count:
            return pd.NA if isinstance(dtype, pd.ArrowDtype) else pd.NaT
        return of_integers(pd.Series([total // count]), dtype).iloc[0]
    if total is None or not count:
        return null_of(dtype)
    scale = getattr(getattr(dtype, "pyarrow_dtype", None), "scale", None)
    # Arrow's decimals have as many places as their type says.
    return total / count if scale is None else (total / count).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)


class MomentsChunk(NamedTuple):
    """Give an array of three rows, one column a column: count, mean, sum of squared deviations from it."""

    skipna: bool

    def __call__(self, obj: Any) -> np.ndarray:
        columns = [moments(column, self.skipna) for column in columns_of(obj)]
        return np.array(columns, dtype="float64").reshape(len(columns), 3).T


def as_floats(series: pd.Series) -> np.ndarray:
    """Return values as floats, missing ones as NaN; raises TypeError for objects that are no numbers, as pandas does."""
    try:
        return series.to_numpy(dtype="float64", na_value=np.nan)
    except ValueError as error:
        raise TypeError(f"Could not convert values of {series.dtype} to numeric: {error}") from error


def moments(series: pd.Series, skipna: bool = True) -> tuple[float, float, float]:
    """Return count, mean and sum of squared deviations.

    Examples
    --------
    >>> moments(pd.Series([1.0, 2.0, 3.0, None]))
    (3.0, 2.0, 2.0)
    """
    if getattr(series.dtype, "kind", "O") in "mM":
        there = series.dropna()
        if not skipna and len(there) < len(series):
            return float(len(series)), np.nan, np.nan
        values = as_times(there).astype("int64").to_numpy(dtype="float64")
    else:
        values = as_floats(series)
        if skipna:
            values = values[~np.isnan(values)]
    if not len(values):
        return 0.0, 0.0, 0.0
    with np.errstate(invalid="ignore", over="ignore"):
        mean = float(values.mean())
        return float(len(values)), mean, float(np.square(values - mean).sum())


def combine_moments(parts: list[np.ndarray]) -> np.ndarray:
    """Combine arrays of (count, mean, squared deviations) pairwise.

    Examples
    --------
    >>> combine_moments([np.array([[2.0], [1.5], [0.5]]), np.array([[1.0], [3.0], [0.0]])]).ravel().tolist()
    [3.0, 2.0, 2.0]
    """
    return combine_pairwise(parts, _combine_two)


def combine_pairwise(parts: list[np.ndarray], combine: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> np.ndarray:
    """Combine neighbours, then what that gave, and so on: rounding errors grow with the logarithm of the number of parts."""
    level = list(parts)
    while len(level) > 1:
        pairs = [combine(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
        level = pairs + level[len(pairs) * 2 :]
    return level[0]


def _combine_two(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    n = a[0] + b[0]
    safe = np.where(n > 0, n, 1)
    with np.errstate(invalid="ignore", over="ignore"):
        delta = b[1] - a[1]
        return np.array([n, a[1] + delta * (b[0] / safe), a[2] + b[2] + delta * delta * a[0] * b[0] / safe])


class MomentsAggregate(NamedTuple):
    """Make variances, standard deviations or standard errors of combined moments; of dates and durations (std), durations."""

    how: str
    ddof: int
    meta: Any
    dtypes: tuple[Any, ...]

    def __call__(self, parts: list[np.ndarray]) -> Any:
        n, _, squares = combine_moments(parts)
        free = n - self.ddof
        with np.errstate(all="ignore"):
            values = np.where(free > 0, squares / np.where(free > 0, free, 1), np.nan)
            if self.how == "std":
                values = np.sqrt(values)
            elif self.how == "sem":
                values = np.sqrt(values / n)
        pairs = zip(values.tolist(), self.dtypes, strict=True)
        return as_result([_in_unit(value, dtype) for value, dtype in pairs], self.meta)


def _in_unit(value: float, dtype: Any) -> Any:
    """Return a deviation of dates or durations as a duration, anything else as it is."""
    if getattr(dtype, "kind", "O") not in "mM":
        return null_of(dtype) if value != value else value
    if value != value:
        return pd.NA if isinstance(dtype, pd.ArrowDtype) else pd.NaT
    unit: Any = time_unit(dtype)
    return pd.Timedelta(np.timedelta64(int(value), unit))


def null_of(dtype: Any) -> Any:
    """Return the missing value that a number made of values of a dtype has.

    >>> null_of(pd.Int64Dtype()), null_of(np.dtype("int64"))
    (<NA>, nan)
    """
    return pd.NA if getattr(dtype, "na_value", None) is pd.NA else np.nan


def columns_of(obj: Any) -> list[pd.Series]:
    """Return the columns of a frame, or the one of a Series or Index, as Series."""
    if isinstance(obj, pd.DataFrame):
        return [obj.iloc[:, at] for at in range(obj.shape[1])]
    return [obj.to_series() if isinstance(obj, pd.Index) else obj]


def as_result(values: list[Any], meta: Any) -> Any:
    """Return one value a column as what the meta says: a Series labelled by columns, or a scalar of the meta's type."""
    if isinstance(meta, pd.Series):
        dtype = meta.dtype
        if isinstance(dtype, pd.api.extensions.ExtensionDtype):
            values = [pd.NA if value is pd.NA or value != value else value for value in values]
        else:
            # Columns of several kinds have their figures in one dtype.
            values = [np.nan if value is pd.NA and dtype.kind != "O" else value for value in values]
        return pd.Series(values, index=meta.index, dtype=dtype, name=meta.name)
    (value,) = values
    if isinstance(meta, np.generic) and value is not pd.NaT and value is not pd.NA:
        return meta.dtype.type(value)
    return value

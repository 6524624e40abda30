"""Skewness and kurtosis, of central moments that partitions give and a tree combines.

Each partition gives count, mean, the sums of the second, third and fourth powers of deviations from it, minimum and maximum, one
column a column; these are combined pairwise (Pébay, "Formulas for robust, one-pass parallel computation of covariances and
arbitrary-order statistical moments", 2008). A column of one value only has no skewness, as in pandas.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from minidask.dataframe.calls import Call
from minidask.dataframe.meta import tried
from minidask.dataframe.reductions.base import Reducing, by_columns, check_flag
from minidask.dataframe.reductions.moments import as_floats, as_result, columns_of
from minidask.dataframe.reductions.tree import reduce_partitions

COUNT, MEAN, SECOND, THIRD, FOURTH, LOW, HIGH = range(7)


class ShapeChunk(NamedTuple):
    """Give an array of seven rows, one column a column; see the module's head."""

    skipna: bool

    def __call__(self, obj: Any) -> NDArray[np.float64]:
        columns = [central_moments(column, self.skipna) for column in columns_of(obj)]
        return np.array(columns, dtype="float64").reshape(len(columns), 7).T


def central_moments(series: pd.Series, skipna: bool = True) -> list[float]:
    """Return count, mean, sums of powers 2 to 4 of deviations, minimum and maximum.

    >>> central_moments(pd.Series([1.0, 3.0, None]))
    [2.0, 2.0, 2.0, 0.0, 2.0, 1.0, 3.0]
    """
    values = as_floats(series)
    if skipna:
        values = values[~np.isnan(values)]
    if not len(values):
        return [0.0, 0.0, 0.0, 0.0, 0.0, np.inf, -np.inf]
    with np.errstate(invalid="ignore", over="ignore"):
        low, high = float(values.min()), float(values.max())
        mean = low if low == high else float(values.mean())
        away = values - mean
        square = away * away
        sums = [float(part.sum()) for part in (square, square * away, square * square)]
    return [float(len(values)), mean, *sums, low, high]


def combine_shapes(parts: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Combine arrays of moments pairwise."""
    level = list(parts)
    while len(level) > 1:
        pairs = [_combine_two(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
        level = pairs + level[len(pairs) * 2 :]
    return level[0]


def _combine_two(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    n = a[COUNT] + b[COUNT]
    safe = np.where(n > 0, n, 1)
    with np.errstate(invalid="ignore", over="ignore"):
        delta = np.where((a[COUNT] > 0) & (b[COUNT] > 0), b[MEAN] - a[MEAN], 0.0)
        left, right = a[COUNT] / safe, b[COUNT] / safe
        weight = a[COUNT] * right
        second = a[SECOND] + b[SECOND] + delta**2 * weight
        third = a[THIRD] + b[THIRD] + delta**3 * weight * (left - right)
        third += 3 * delta * (left * b[SECOND] - right * a[SECOND])
        fourth = a[FOURTH] + b[FOURTH] + delta**4 * weight * (left * left - left * right + right * right)
        fourth += 6 * delta**2 * (left * left * b[SECOND] + right * right * a[SECOND])
        fourth += 4 * delta * (left * b[THIRD] - right * a[THIRD])
    mean = np.where(a[COUNT] > 0, a[MEAN] + delta * right, b[MEAN])
    # fmin and fmax would hide NaN, which has to spoil the result where missing values count.
    return np.array([n, mean, second, third, fourth, np.minimum(a[LOW], b[LOW]), np.maximum(a[HIGH], b[HIGH])])


class ShapeAggregate(NamedTuple):
    """Make skewness or kurtosis of combined moments; ``bias`` as in SciPy, ``fisher`` says whether the normal's is 0."""

    how: str
    bias: bool
    fisher: bool
    meta: Any

    def __call__(self, parts: list[NDArray[np.float64]]) -> Any:
        total = combine_shapes(parts)
        n, second = total[COUNT], total[SECOND]
        with np.errstate(all="ignore"):
            if self.how == "skew":
                values = np.sqrt(n) * total[THIRD] / second**1.5
                if not self.bias:
                    values = np.where(n > 2, values * np.sqrt(n * (n - 1)) / (n - 2), np.nan)
            else:
                values = n * total[FOURTH] / second**2 - 3
                if not self.bias:
                    values = ((n + 1) * values + 6) * (n - 1) / ((n - 2) * (n - 3))
                    values = np.where(n > 3, values, np.nan)
                if not self.fisher:
                    values = values + 3
        values = np.where(np.isfinite(values) & (total[LOW] < total[HIGH]), values, np.nan)
        # Of the two rows that the meta was made of there is none; nullable dtypes say so.
        null = pd.NA if self.meta is pd.NA else np.nan
        return as_result([null if np.isnan(value) else value for value in values.tolist()], self.meta)


class ShapeReductions(Reducing):
    """Skewness and kurtosis of ``DataFrame`` and ``Series``."""

    def skew(
        self,
        axis: Any = 0,
        skipna: bool = True,
        numeric_only: bool = False,
        bias: bool = False,
        split_every: Any = None,
    ) -> Any:
        """Return skewness, corrected for bias as in pandas unless ``bias``.

        Raises TypeError for what has none: text, dates, categories.
        """
        return self._shape("skew", axis, skipna, numeric_only, bias, True, split_every)

    def kurt(
        self,
        axis: Any = 0,
        skipna: bool = True,
        numeric_only: bool = False,
        fisher: bool = True,
        bias: bool = False,
        split_every: Any = None,
    ) -> Any:
        """Return kurtosis, corrected for bias as in pandas unless ``bias``; 0 for the normal distribution, 3 without ``fisher``.

        Raises TypeError for what has none: text, dates, categories.
        """
        return self._shape("kurt", axis, skipna, numeric_only, bias, fisher, split_every)

    kurtosis = kurt

    def _shape(
        self, how: str, axis: Any, skipna: bool, numeric_only: bool, bias: bool, fisher: bool, split_every: Any
    ) -> Any:
        check_flag("skipna", skipna)
        if self._is_by_rows(how, axis):
            if bias or not fisher:
                raise NotImplementedError(f"{how}(axis=1) is pandas's: without bias=True and fisher=False")
            return self._each_row(how, numeric_only, skipna=skipna)
        frame = self._numeric(numeric_only)
        for dtype in frame._meta.dtypes if frame._kind == "DataFrame" else [frame._meta.dtype]:
            if getattr(dtype, "kind", "O") == "c":
                raise TypeError(f"{how} of complex numbers has no meaning")
        meta = tried(Call(how, {"skipna": skipna}), frame._meta_nonempty)
        by_column = isinstance(meta, pd.Series)
        rows = by_columns(frame) if by_column else None
        final = ShapeAggregate(how, bool(bias), bool(fisher), meta)
        return reduce_partitions(
            how,
            [frame],
            ShapeChunk(bool(skipna)),
            combine_shapes,
            final,
            meta.iloc[:0] if by_column else meta,
            (how, bool(skipna), bool(bias), bool(fisher)),
            rows=rows,
            split_every=split_every,
        )

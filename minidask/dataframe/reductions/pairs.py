"""Covariance and correlation of every pair of columns, over the rows where both have values.

Each partition gives matrices of counts, means, squared deviations and products of deviations; these are combined by the pairwise
formulae of Chan, Golub and LeVeque (1979), extended to products (Pébay, "Formulas for robust, one-pass parallel computation of
covariances", 2008). Within a partition values are shifted by their column's mean first, so that nothing cancels.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from minidask.dataframe.reductions.moments import combine_pairwise

# Rows of the stack of k x k matrices; [i, j] is about column i over the rows where columns i and j have values.
# Infinite values are left out of all but PRESENT, which counts the rows where both are not missing.
COUNT, MEAN, SQUARES, PRODUCTS, PRESENT, ROWS = range(6)


def pair_moments(*columns: Any) -> np.ndarray:
    """Return the stack of matrices for a frame, or for two Series of the same rows."""
    frame = columns[0] if len(columns) == 1 else pd.DataFrame(dict(enumerate(columns)))
    k = frame.shape[1]
    values = frame.to_numpy(dtype="float64", na_value=np.nan).reshape(len(frame), k)
    known = (~np.isnan(values)).astype("float64")
    there = np.isfinite(values)
    present = there.astype("float64")
    counts = there.sum(axis=0)
    filled = np.where(there, values, 0.0)
    shift = filled.sum(axis=0) / np.where(counts > 0, counts, 1)
    moved = np.where(there, values - shift, 0.0)
    n = present.T @ present
    safe = np.where(n > 0, n, 1)
    sums = moved.T @ present
    with np.errstate(invalid="ignore"):
        squares = np.square(moved).T @ present - sums * sums / safe
        products = moved.T @ moved - sums * sums.T / safe
    means = np.where(n > 0, shift[:, None] + sums / safe, 0.0)
    _keep_constants(values, there, n, means, squares, np.square(filled).T @ present)
    return np.array([n, means, np.maximum(squares, 0), products, known.T @ known, np.full((k, k), float(len(frame)))])


def _keep_constants(
    values: np.ndarray, there: np.ndarray, n: np.ndarray, means: np.ndarray, squares: np.ndarray, sizes: np.ndarray
) -> None:
    """Give a column that is constant over a pair's rows its exact mean and no deviation: its correlation is NaN, not noise."""
    for i, j in np.argwhere((n > 0) & (squares <= 1e-12 * sizes)):
        column = values[there[:, i] & there[:, j], i]
        if column.min() == column.max():
            means[i, j] = column[0]
            squares[i, j] = 0.0


def combine_pairs(parts: list[np.ndarray]) -> np.ndarray:
    """Combine stacks of matrices pairwise."""
    return combine_pairwise(parts, _combine_two)


def _combine_two(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    n = a[COUNT] + b[COUNT]
    safe = np.where(n > 0, n, 1)
    delta = b[MEAN] - a[MEAN]
    weight = a[COUNT] * b[COUNT] / safe
    return np.array(
        [
            n,
            a[MEAN] + delta * (b[COUNT] / safe),
            a[SQUARES] + b[SQUARES] + delta * delta * weight,
            a[PRODUCTS] + b[PRODUCTS] + delta * delta.T * weight,
            a[PRESENT] + b[PRESENT],
            a[ROWS] + b[ROWS],
        ]
    )


class PairAggregate(NamedTuple):
    """Make a matrix of covariances or correlations, or (``scalar``) the value for two Series."""

    how: str
    min_periods: int
    ddof: int
    columns: Any
    scalar: bool = False

    def __call__(self, parts: list[np.ndarray]) -> Any:
        total = combine_pairs(parts)
        n, products = total[COUNT], total[PRODUCTS]
        with np.errstate(all="ignore"):
            if self.how == "corr":
                spread = np.sqrt(total[SQUARES] * total[SQUARES].T)
                values = np.where(spread > 0, np.clip(products / spread, -1, 1), np.nan)
            else:
                # As in pandas, ddof only counts where no value is missing.
                complete = bool((total[PRESENT] == total[ROWS]).all())
                ddof = self.ddof if self.scalar or complete else 1
                values = np.where(n - ddof > 0, products / (n - ddof), np.nan)
                if complete:
                    values = np.where(n < total[PRESENT], np.nan, values)
            if self.scalar:
                # As in pandas, infinite values spoil the result for two Series, and are left out of correlations of columns.
                values = np.where(n < total[PRESENT], np.nan, values)
        values = np.where(n >= max(self.min_periods, 1), values, np.nan)
        if self.scalar:
            return np.float64(values[0, 1])
        return pd.DataFrame(values, index=self.columns, columns=self.columns)

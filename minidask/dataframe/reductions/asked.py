"""What is asked of the values of a column: quantiles or the median, and how they follow from values of some ranks. Pure.

Place in the flow: ``quantiles`` asks which ranks are needed of how many values (``ranks``), finds these values, and has
pandas itself make the result of the few that count (``finish``): so it is pandas's to the last bit, dtype included.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from minidask.dataframe.arrow_types import of_integers
from minidask.dataframe.reductions.rows import is_masked

INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


class Column(NamedTuple):
    """A column's name and declared dtype."""

    name: Hashable
    dtype: Any

    def series(self, values: list[Any]) -> pd.Series:
        """Return values as a Series of the column's dtype; numbers that were promoted stay so."""
        if isinstance(self.dtype, np.dtype) and self.dtype.kind not in "mM":
            array = np.array(values) if values else np.zeros(0, self.dtype)
            narrow = array.astype(self.dtype)
            # As Python's floats they have lost how wide they were.
            return pd.Series(narrow if self.dtype.kind == "f" and (narrow == array).all() else array, name=self.name)
        if getattr(self.dtype, "kind", "O") in "mM":
            return of_integers(pd.Series(np.array(values, dtype="int64"), name=self.name), self.dtype)
        return pd.Series(values, dtype=self.dtype, name=self.name)


class Quantiles(NamedTuple):
    """Quantiles ``q``, between values by ``interpolation`` as in pandas."""

    q: tuple[float, ...]
    interpolation: Any

    def ranks(self, n: int, missing: int) -> list[int]:
        """Return the ranks that are needed of ``n`` values."""
        return sorted({rank for place in self._places(n) for rank in place[:2]}) if n else []

    def _places(self, n: int) -> list[tuple[int, int, float]]:
        """Return for each quantile two ranks and how far between them it lies, as NumPy has it."""
        found = []
        for q in self.q:
            # pandas gives NumPy percentages, which divides them again.
            place = (n - 1) * (q * 100 / 100)
            low = min(int(np.floor(place)), n - 1)
            high = min(low + 1, n - 1)
            share = place - low if high > low else 0.0
            if self.interpolation in ("lower", "higher", "nearest"):
                ways: dict[str, Any] = {"lower": np.floor, "higher": np.ceil, "nearest": np.around}
                chosen = ways[self.interpolation](place)
                low = high = min(int(chosen), n - 1)
                share = 0.0
            elif self.interpolation == "midpoint":
                share = 0.5 if share else 0.0
            found.append((low, high, share))
        return found

    def finish(self, column: Column, n: int, missing: int, values: Mapping[int, Any]) -> pd.Series:
        """Return the quantiles, labelled by ``q``."""
        if not n or not self.q:
            few = column.series([pd.NA] if missing and not n and is_masked(column.dtype) else [])
            return few.quantile(np.array(self.q), interpolation=self.interpolation)
        results = []
        for low, high, share in self._places(n):
            few = column.series([values[low]] if low == high else [values[low], values[high]])
            results.append(few.quantile(np.array([share]), interpolation=self.interpolation))
        whole = pd.concat(results)
        if missing and is_masked(column.dtype) and column.dtype.kind in "iu" and (whole == whole.round()).all():
            # Of nullable integers with nulls pandas gives integers wherever that loses nothing.
            whole = whole.astype(column.dtype)
        if (
            isinstance(column.dtype, pd.ArrowDtype)
            and self.interpolation in ("linear", "midpoint")
            and column.dtype.kind in "iu"
        ):
            # pandas interpolates Arrow's integers as floats.
            whole = whole.astype("double[pyarrow]")
        return whole.set_axis(pd.Index(self.q, dtype="float64"))


class Median(NamedTuple):
    """The value in the middle, or the mean of the two there."""

    skipna: bool

    def ranks(self, n: int, missing: int) -> list[int]:
        """Return the ranks that are needed of ``n`` values."""
        return sorted({(n - 1) // 2, n // 2}) if n else []

    def finish(self, column: Column, n: int, missing: int, values: Mapping[int, Any]) -> pd.Series:
        """Return the median in a Series of one value."""
        spoiled = missing and not self.skipna
        few = column.series([] if spoiled else [values[rank] for rank in self.ranks(n, missing)])
        # As a frame of one column: the median of a Series is a number that doesn't say its dtype.
        value: Any = few.to_frame("value").median().reset_index(drop=True)
        return pd.Series(value.array, name=column.name)


def check_q(q: Any) -> tuple[float, ...]:
    """Return one quantile or several as floats.

    Raises
    ------
    TypeError, ValueError
        If they aren't numbers in 0..1.

    >>> check_q(0.5), check_q([0, 1])
    ((0.5,), (0.0, 1.0))
    """
    try:
        values = np.asarray(q, dtype="float64")
    except (TypeError, ValueError):
        raise TypeError(f"q must be a number in 0..1 or a list of them, got {type(q).__name__}: {q!r:.80}") from None
    if values.ndim > 1:
        raise ValueError(f"q must be a number or a flat list, got {values.ndim} dimensions")
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError(f"percentiles should all be in the interval [0, 1], got {q!r:.80}")
    return tuple(values.ravel().tolist())


def check_interpolation(interpolation: Any) -> None:
    """Raise ValueError for an unknown way between values."""
    if interpolation not in INTERPOLATIONS:
        raise ValueError(f"interpolation must be one of {', '.join(INTERPOLATIONS)}, got {interpolation!r:.80}")

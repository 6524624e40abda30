"""Whether values ascend or descend throughout.

A partition says whether it does so by itself, and gives its first and last value; those in a row have to, too. Missing values
spoil it, as in pandas.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from minidask.dataframe.join_parts import join_parts
from minidask.dataframe.reductions.base import Reducing, as_series
from minidask.dataframe.reductions.tree import reduce_partitions


class InOrder(NamedTuple):
    """Check a partition, or the ends of several: gives (whether it is in order, its first and last value)."""

    name: str

    def __call__(self, obj: Any) -> tuple[bool, Any]:
        series = as_series(obj)
        ends = series if len(series) < 2 else series.iloc[[0, -1]]
        return bool(getattr(series, self.name)), ends


class InOrderCombine(NamedTuple):
    """Combine what partitions gave."""

    check: InOrder

    def __call__(self, parts: list[tuple[bool, Any]]) -> tuple[bool, Any]:
        right, ends = self.check(join_parts([ends for _, ends in parts]))
        return right and all(each for each, _ in parts), ends


class InOrderAggregate(NamedTuple):
    """Give the answer."""

    check: InOrder

    def __call__(self, parts: list[tuple[bool, Any]]) -> bool:
        return InOrderCombine(self.check)(parts)[0]


class MonotonicReductions(Reducing):
    """Of ``Series`` and ``Index``."""

    @property
    def is_monotonic_increasing(self) -> Any:
        """Whether no value is smaller than the one before it, lazily."""
        return self._in_order("is_monotonic_increasing")

    @property
    def is_monotonic_decreasing(self) -> Any:
        """Whether no value is larger than the one before it, lazily."""
        return self._in_order("is_monotonic_decreasing")

    def _in_order(self, name: str) -> Any:
        check = InOrder(name)
        return reduce_partitions(name, [self], check, InOrderCombine(check), InOrderAggregate(check), True, None)

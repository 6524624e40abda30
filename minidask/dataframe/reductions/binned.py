"""``value_counts(bins=...)``: how many values are in each of some intervals.

Bins of a number depend on the smallest and largest value, which are found first, by a small reduction. Each partition then counts
its values by ``pandas.cut``, and counts are added up.

Place in the flow: behind ``Series.value_counts``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from minidask.dataframe.partitionwise import partitionwise
from minidask.dataframe.reductions.tree import reduce_partitions


class BinCounts(NamedTuple):
    """How to count; see ``Series.value_counts``. ``bins``: a number of them, edges, or an IntervalIndex."""

    bins: Any
    normalize: bool
    sort: bool
    ascending: bool
    dropna: bool

    def edges(self, ends: pd.Series | None) -> Any:
        """Return the edges, or intervals, that ``pandas.cut`` takes for all values, between ``ends``."""
        return self.bins if ends is None else pd.cut(ends, self.bins, include_lowest=True, retbins=True)[1]

    def __hash__(self) -> int:
        return hash((BinCounts, self.normalize))

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other


class CountBins(NamedTuple):
    """Count a partition's values in each bin, and all of them."""

    how: BinCounts

    def __call__(self, values: pd.Series, bounds: pd.Series | None = None) -> pd.DataFrame:
        """Return a frame of one row: the bins, the counts, and the number of values."""
        cut = pd.cut(values, self.how.edges(bounds), include_lowest=True)
        counts = cut.value_counts(sort=False)
        return one_row([pd.CategoricalIndex(counts.index).categories, counts.to_numpy(), len(values)])


class Finish(NamedTuple):
    """Add counts up and show them as pandas does."""

    how: BinCounts

    def __call__(self, parts: list[pd.DataFrame]) -> pd.Series:
        """Return the counts, or shares, of the bins."""
        how = self.how
        found = [row for part in parts for row in part["counts"]]
        counts = pd.Series(sum(row[1] for row in found), index=pd.IntervalIndex(found[0][0]), name="count")
        counts = counts.sort_index()
        if how.dropna and not counts.to_numpy().any():
            counts = counts.iloc[:0]
        if how.sort:
            counts = counts.sort_values(ascending=how.ascending)
        if how.normalize:
            counts = (counts / sum(row[2] for row in found)).rename("proportion")
        return counts


def collect(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Add up the counts of several partitions."""
    found = [row for part in parts for row in part["counts"]]
    return one_row([found[0][0], sum(each[1] for each in found), sum(each[2] for each in found)])


def one_row(counted: list[Any]) -> pd.DataFrame:
    """Return a frame that holds the bins, their counts, and the number of values."""
    row: Any = pd.Series([None], dtype=object)
    row.iat[0] = counted
    return row.to_frame("counts")


class Ends(NamedTuple):
    """Find the smallest and largest of values, or of a list of such pairs; none of no values."""

    again: bool

    def __call__(self, values: Any) -> pd.Series:
        """Return a Series of two values, or none."""
        whole = pd.concat(values) if self.again else values
        if not len(whole):
            return whole.iloc[:0]
        return pd.Series([whole.min(), whole.max()], dtype=whole.dtype)


def count_in_bins(series: Any, how: BinCounts, token: Any, split_every: Any) -> Any:
    """Return ``series.value_counts(bins=...)``.

    Raises
    ------
    TypeError
        For values that bins can't be made of.
    """
    try:
        meta = series._meta_nonempty.value_counts(
            normalize=how.normalize, sort=how.sort, ascending=how.ascending, bins=how.bins, dropna=how.dropna
        ).iloc[:0]
    except TypeError as error:
        raise TypeError(f"bins argument only works with numeric data, got {series._meta.dtype}") from error
    counted = CountBins(how)
    shape = pd.DataFrame({"counts": pd.Series([], dtype=object)})
    unknown = (None,) * (series.npartitions + 1)
    bounds = []
    if np.ndim(how.bins) == 0:
        bounds = [reduce_partitions("bin-ends", [series], Ends(False), Ends(True), Ends(True), series._meta, "ends")]
    counts = partitionwise(
        "bin-counts", counted, series, *bounds, meta=shape, align=False, divisions=unknown, token=token
    )
    return reduce_partitions(
        "value_counts", [counts], collect_one, collect, Finish(how), meta, ("bins", token), split_every=split_every
    )


def collect_one(part: pd.DataFrame) -> pd.DataFrame:
    """Return a partition's counts as they are."""
    return part

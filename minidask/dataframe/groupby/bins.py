"""Bins of time: a ``pandas.Grouper`` with ``freq`` as a key.

Bins depend on the first and last time of all rows, which are found first, by a small reduction. Each partition then says for its
rows which bin they are in, as a categorical of all bins: so that bins without rows are there, as in pandas, and equal everywhere.

Place in the flow: ``keys`` makes such keys; ``partials`` turns them into times again (``unbinned``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd

from minidask.dataframe.partitionwise import partitionwise
from minidask.dataframe.reductions.tree import reduce_partitions


class Bounds(NamedTuple):
    """Find the first and last time of a Series, or of a list of such pairs."""

    again: bool

    def __call__(self, values: Any) -> pd.Series:
        whole = pd.concat(values) if self.again else values
        return pd.Series([whole.min(), whole.max()], dtype=whole.dtype)


class InBins(NamedTuple):
    """Say for each time of a Series which bin it is in."""

    grouper: Any

    def __call__(self, values: pd.Series, bounds: pd.Series) -> pd.Series:
        times = pd.concat([values, bounds], ignore_index=True)
        frame = pd.DataFrame({"time": times, "x": 0})
        groups = frame.groupby(pd.Grouper(key="time", **self.grouper_options()))
        bins = groups.size().index
        # pandas sorts by time to make bins; the numbers are labelled by row.
        numbers = groups.ngroup().reindex(range(len(values)))
        codes = numbers.fillna(-1).to_numpy(dtype="int64")
        return pd.Series(pd.Categorical.from_codes(codes, bins, ordered=True), index=values.index, name=values.name)

    def grouper_options(self) -> dict[str, Any]:
        """Return the options that say where bins begin and end."""
        grouper = self.grouper
        names = ("freq", "closed", "label", "origin", "offset", "convention")
        return {name: getattr(grouper, name) for name in names if getattr(grouper, name, None) is not None}

    def __hash__(self) -> int:
        return hash(InBins)

    def __eq__(self, other: object) -> bool:
        return type(other) is InBins and other.grouper_options() == self.grouper_options()

    def __ne__(self, other: object) -> bool:
        return not self == other


def binned(series: Any, grouper: Any) -> Any:
    """Return the lazy Series that says for each row which bin its time is in.

    Raises
    ------
    TypeError
        If the values are no times.
    """
    if getattr(series._meta.dtype, "kind", "O") not in "mM":
        raise TypeError(f"a Grouper with freq groups times, got {series._meta.dtype}; convert with to_datetime first")
    call = InBins(grouper)
    bounds = reduce_partitions(
        "group-bounds", [series], Bounds(False), Bounds(True), Bounds(True), series._meta, ("bounds",)
    )
    sample = series._meta_nonempty
    meta = call(sample, pd.Series([sample.min(), sample.max()])).iloc[:0]
    said = tuple(sorted((name, str(value)) for name, value in call.grouper_options().items()))
    return partitionwise(
        "group-bins",
        call,
        series,
        bounds,
        meta=meta,
        align=False,
        rows=series._rows,
        divisions=series._divisions,
        token=said,
    )


def is_binned(key: Any) -> bool:
    """Whether a key says which bins of time rows are in."""
    return isinstance(getattr(getattr(key, "_layer", None), "func", None), InBins)


def unbinned(index: pd.Index, binned_levels: Any) -> pd.Index:
    """Return an index of groups with times in place of categoricals of bins, at the levels (by position) that are binned."""
    if not isinstance(index, pd.MultiIndex):
        if not isinstance(index, pd.CategoricalIndex):
            return index
        whole = len(index) == len(index.categories) and bool((index.codes == range(len(index))).all())
        times = index.categories if whole else index.categories.take(index.codes)
        return times.rename(index.name)
    levels = [index.get_level_values(at) for at in range(index.nlevels)]
    levels = [unbinned(level, ()) if at in binned_levels else level for at, level in enumerate(levels)]
    return pd.MultiIndex.from_arrays(levels, names=index.names)


def unbin_result(result: Any, positions: Sequence[int], as_index: bool) -> Any:
    """Return a result by group with times in place of bins in its index, or (without ``as_index``) in its first columns."""
    if as_index:
        return result.set_axis(unbinned(result.index, positions), axis=0)
    result = result.copy(deep=False)
    for at in positions:
        bins = pd.CategoricalIndex(result.iloc[:, at])
        result.isetitem(at, bins.categories.take(bins.codes).array)
    return result

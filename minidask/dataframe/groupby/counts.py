"""``value_counts`` by group: the different rows of each partition are counted, and a tree adds the counts.

The last step asks pandas for the order of the different rows, which it has in the order in which they first came, as the whole
has them: so that ties are where pandas has them, whatever the partitions. Then rows are sorted by their counts.

Place in the flow: behind ``value_counts`` of the grouped objects, where the result is one partition. Pure, but for
``counted_values``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from minidask.dataframe.groupby.layout import Layout
from minidask.dataframe.groupby.pieces import plain_levels
from minidask.dataframe.groupby.whole import Gathered, members_of
from minidask.dataframe.join_parts import join_parts
from minidask.dataframe.reductions.tree import reduce_partitions

COUNT = "tag"
"""The packed column that has the counts."""


class CountRows(NamedTuple):
    """Pack a partition, and leave each different row once, in the order in which they come, with its count."""

    layout: Layout

    def __call__(self, obj: Any, *series: Any) -> pd.DataFrame:
        packed = self.layout.pack((0,), obj, *series)
        packed[COUNT] = np.ones(len(packed), dtype=np.int64)
        return added_up(packed)


class AddCounts(NamedTuple):
    """Add up the counts of several partitions."""

    def __call__(self, parts: list[pd.DataFrame]) -> pd.DataFrame:
        return added_up(join_parts(parts))


def added_up(rows: pd.DataFrame) -> pd.DataFrame:
    """Return each different row once, where it is first, with the sum of its counts.

    Examples
    --------
    >>> added_up(pd.DataFrame({"v0": ["b", None, "b"], "tag": [1, 2, 3]}))["tag"].tolist()
    [4, 2]
    """
    if not len(rows):
        return rows
    columns = [column for column in rows.columns if column != COUNT]
    numbers = rows.groupby(columns, sort=False, dropna=False, observed=True).ngroup()
    codes, _ = pd.factorize(numbers.to_numpy())
    sums = np.zeros(int(codes.max()) + 1, dtype=np.int64)
    np.add.at(sums, codes, rows[COUNT].to_numpy())
    distinct = rows.loc[~numbers.duplicated().to_numpy()].copy(deep=False)
    distinct[COUNT] = sums
    return distinct


class OrderCounts(NamedTuple):
    """Make what pandas's ``value_counts`` gives of the different rows and their counts."""

    layout: Layout
    normalize: bool
    sort: bool
    ascending: bool
    dropna: bool
    meta: Any

    def __call__(self, parts: list[pd.DataFrame]) -> Any:
        rows = AddCounts()(parts)
        # Each row once: pandas says in which order they are, and which ones belong to no group.
        once = self.layout.group(rows, as_index=True).value_counts(sort=False, dropna=self.dropna)
        counts = pd.Series(self._counts(rows, once.index), index=once.index).astype(once.dtype)
        groups = self._groups(once.index)
        if self.sort:
            ranked = counts.to_numpy(dtype=np.int64)
            by_count = np.argsort(ranked if self.ascending else -ranked, kind="stable")
            options = dict(self.layout.options)
            order = by_count[np.argsort(groups[by_count], kind="stable")] if options["sort"] else by_count
            counts, groups = counts.take(order), groups[order]
        if self.normalize:
            sums = np.zeros(len(counts), dtype=np.int64)
            np.add.at(sums, groups, counts.to_numpy(dtype=np.int64))
            counts = (counts / pd.Series(sums[groups], index=counts.index).astype(counts.dtype)).fillna(0.0)
        if isinstance(self.meta, pd.Series):
            name: Any = self.meta.name
            return counts.rename(name)
        levels = counts.set_axis(counts.index.set_names(range(counts.index.nlevels)), axis=0)
        return levels.rename("counts").reset_index().set_axis(self.meta.columns, axis=1)

    def _counts(self, rows: pd.DataFrame, index: pd.Index) -> NDArray[np.int64]:
        """Return the count of each label of the result; none of a category that isn't there."""
        labels = self.layout.labels
        columns = list(self.layout.key_columns)
        if len(columns) < index.nlevels:
            selection = self.layout.selection
            keys = {name for name, place in zip(self.layout.names, self.layout.keys, strict=True) if place is not None}
            chosen = labels if selection is None else selection if isinstance(selection, list) else [selection]
            if labels is None:
                columns.append("v0")
            else:
                columns += [f"v{labels.index(label)}" for label in chosen or () if label not in keys]
        known = pd.DataFrame({f"k{at}": rows[column].array for at, column in enumerate(columns)})
        members = members_of(index, known)
        counts = np.append(rows[COUNT].to_numpy(dtype=np.int64), 0)
        return counts[np.minimum(members, len(rows))]

    def _groups(self, index: pd.Index) -> NDArray[np.int64]:
        """Return the number of the group of each label, in the order of their appearance."""
        keys = plain_levels(index).iloc[:, : len(self.layout.keys)]
        numbers = keys.groupby(list(keys.columns), sort=False, dropna=False, observed=True).ngroup()
        return pd.factorize(numbers.to_numpy())[0].astype(np.int64)

    def __hash__(self) -> int:
        return hash((self.layout, *self[1:5]))

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return not self == other


def counted_values(gathered: Gathered, options: dict[str, bool], meta: Any, split_every: Any) -> Any:
    """Return the collection of one partition that has what ``value_counts(**options)`` gives."""
    layout = gathered.layout
    return reduce_partitions(
        "group-value-counts",
        [gathered.frame, *gathered.series],
        CountRows(layout),
        AddCounts(),
        OrderCounts(layout, **options, meta=meta),
        meta,
        (layout.describe(), tuple(options.items())),
        uses=None if layout.labels is None else frozenset(layout.labels),
        split_every=split_every,
    )

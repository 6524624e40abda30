"""``set_index``, and ``sort_index`` in ascending order: rows in the order of an index, with known divisions.

Place in the flow: behind the methods in ``methods``. The index is set partition by partition; one pass over the key alone says
whether the partitions follow each other already, and where to cut. If they do, they are sorted by themselves and only the
rows at borders move; otherwise all rows are rearranged (``minidask.dataframe.shuffle``), and each new partition is sorted.

Invariants: rows of one key are in one partition and keep their order; missing keys come last. Divisions say nothing of missing
keys, which lie in the last partition.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from minidask.dataframe.collection import FrameCollection
from minidask.dataframe.columns import check_column
from minidask.dataframe.divisions import Divisions, check_divisions, known, scalars, unknown
from minidask.dataframe.join_parts import join_parts, unite_categories
from minidask.dataframe.order.ranges import Range, by_value, take_ranges
from minidask.dataframe.order.sampling import Summary, in_order, splitters, summaries
from minidask.dataframe.order.targets import KeyTargets
from minidask.dataframe.partitionwise import columnwise, refuse_pandas
from minidask.dataframe.radix import index_order
from minidask.dataframe.shuffle import RangeTargets, rearrange
from minidask.graph import Parts
from minidask.units import parse_bytes


class Wanted(NamedTuple):
    """How many partitions are wanted, and how they are made; see ``DataFrame.set_index`` for each."""

    npartitions: Any = None
    partition_size: Any = 128e6
    upsample: float = 1.0
    method: str | None = None

    def check(self) -> None:
        """Raise TypeError or ValueError for a number of partitions that is none."""
        count = self.npartitions
        if count is None or count == "auto":
            return
        if not hasattr(type(count), "__index__") or isinstance(count, bool):
            raise TypeError(f"npartitions must be an integer or 'auto', got {type(count).__name__}: {count!r:.80}")
        if count < 1:
            raise ValueError(f"npartitions must be at least 1, got {count}")

    def count(self, frame: FrameCollection) -> int:
        """Return how many partitions are asked for at most, before sizes are known."""
        return int(self.npartitions) if self.npartitions not in (None, "auto") else frame.npartitions

    def summaries(self, frame: FrameCollection, keys: FrameCollection) -> tuple[list[Summary], int]:
        """Compute summaries of the keys; return them and the number of partitions to make."""
        sized = self.npartitions == "auto"
        found = summaries(keys, self.count(frame), self.upsample, frame if sized else None)
        if not sized:
            return found, self.count(frame)
        total = sum(each.nbytes for each in found)
        return found, min(max(-(-total // parse_bytes(self.partition_size)), 1), frame.npartitions)


def set_index(
    frame: Any, other: Any, drop: bool, is_sorted: bool, divisions: Any, sort: bool, append: bool, wanted: Wanted
) -> Any:
    """Return ``frame`` indexed by a column or Series; see ``DataFrame.set_index``."""
    if append:
        raise NotImplementedError(
            "set_index(append=True) would make an index of several levels, which has no divisions; make one column of both"
        )
    wanted.check()
    if isinstance(other, list) and len(other) == 1:
        other = other[0]
    key = _key(frame, other)
    extra = frozenset() if isinstance(other, FrameCollection) else frozenset((other,))
    indexed = columnwise("set_index", with_index, frame, other, kwargs={"drop": drop}, extra=extra)
    count = indexed.npartitions
    indexed = _settled(indexed, unknown(count))
    if not sort:
        return indexed
    if is_sorted:
        return _trusted(indexed, key, None if divisions is None else check_divisions(divisions, count), wanted)
    if divisions is not None:
        return _into(indexed, _user_divisions(divisions), wanted)
    return order_by_index(indexed, key, wanted)


def with_index(part: Any, other: Any, drop: bool) -> Any:
    """Return a partition indexed by a column or a Series, and of its dtype, for which pandas takes int64 now and then.

    >>> with_index(pd.DataFrame({"x": pd.Series([], dtype="int8")}), "x", True).index.dtype
    dtype('int8')
    """
    made = part.set_index(other, drop=drop)
    key = other if isinstance(other, pd.Series | pd.Index) else part[other]
    return made if made.index.dtype == key.dtype else made.set_axis(made.index.astype(key.dtype))


def _key(frame: Any, other: Any) -> Any:
    if isinstance(other, FrameCollection):
        if other._kind not in ("Series", "Index"):
            raise TypeError(f"set_index takes a column's label or a Series, got a {other._kind}")
        return other
    if isinstance(other, list) or (isinstance(other, tuple) and other not in frame._meta.columns):
        raise NotImplementedError(
            f"set_index takes one column, got {list(other)!r:.80}: an index of several levels has no divisions. Use the "
            "column that sorts best, or make one column of both"
        )
    refuse_pandas("set_index", other)
    check_column(other, frame._meta.columns)
    if not isinstance(frame._meta[other], pd.Series):
        raise ValueError(f"there are several columns {other!r}: rename them before one becomes the index")
    return frame[other]


def order_by_index(indexed: Any, key: Any, wanted: Wanted) -> Any:
    """Return the rows in ascending order of the index, divisions known; ``key`` has the values of the index.

    Raises
    ------
    TypeError
        If values can't be compared.
    """
    # Sizes need all columns in any case; the index then comes from the same rows.
    found, count = wanted.summaries(indexed, indexed.index if wanted.npartitions == "auto" else key)
    if isinstance(key._meta.dtype, pd.CategoricalDtype):
        return _by_categories(indexed, found, count, wanted)
    if not any(each.rows > each.missing for each in found):
        # Nothing to order by; what there is stays where it is.
        return indexed
    cuts = None
    if wanted.npartitions is not None or not in_order(found):
        points = splitters(found, count, [True])[0].dropna()
        low, high = ends(found)
        cuts = (low, *[value for value in scalars(points) if low < value], high)
    if in_order(found):
        local = indexed if all(each.ascends for each in found) else _sorted_partitions(indexed)
        return _cut_in_order(local, found, cuts)
    assert cuts is not None
    return _into(indexed, cuts, wanted, check=False)


def ends(found: Sequence[Summary]) -> tuple[Any, Any]:
    """Return the lowest and the highest key of all partitions."""
    return min(each.low for each in found if each.low is not None), max(
        each.high for each in found if each.low is not None
    )


def _settled(frame: Any, divisions: Divisions) -> Any:
    """Return the same layer as a collection of other rows: labels have changed, or their order."""
    return type(frame)(frame._layer, frame._meta, divisions, f"ordered-{frame._layer.name}")


def _sorted_partitions(frame: Any, prefix: str = "sort_index") -> Any:
    ordered = columnwise(prefix, sort_part, frame)
    return _settled(ordered, frame._divisions)


def sort_part(part: Any) -> Any:
    """Return a partition in the order of its index, missing values last; stable."""
    if not part.index.is_monotonic_increasing:
        order = index_order(part.index)
        return part.sort_index(kind="stable") if order is None else part.take(order)
    if not part.index.hasnans:
        return part
    # For pandas a missing category in front ascends, even where it sorts.
    return part.take(np.argsort(part.index.isna(), kind="stable"))


def _into(indexed: Any, divisions: Divisions, wanted: Wanted, check: bool = True) -> Any:
    """Move rows to where divisions say, and sort them there."""
    count = len(divisions) - 1
    moved = rearrange(
        indexed, RangeTargets(None, divisions), count, method=wanted.method, divisions=divisions, prefix="set-index"
    )
    if check:
        # Values beyond the ends would go to the partitions there, which would make the divisions untrue.
        outer = Bounds(divisions[0], divisions[-1], True)
        moved = columnwise("within", check_bounds, moved, outer)
    return _sorted_partitions(moved)


class Bounds(NamedTuple):
    """Bounds that index values have to lie between; ``closed``: the upper one is among them."""

    low: Any
    high: Any
    closed: bool


def check_bounds(part: Any, bounds: Bounds) -> Any:
    """Return a partition as it is; raises ValueError if index values lie beyond the bounds."""
    index = by_value(part.index).dropna()
    if len(index):
        low, high = scalars([index.min(), index.max()])
        if low < bounds.low or high > bounds.high or (high == bounds.high and not bounds.closed):
            raise ValueError(
                f"the divisions that were given aren't true: index values {low!r}..{high!r} lie beyond {bounds.low!r}.."
                f"{bounds.high!r}; begin and end with the lowest and highest value, or leave divisions out"
            )
    return part


def check_sorted(part: Any, bounds: Bounds) -> Any:
    """Return a partition as it is; raises ValueError if its index doesn't ascend between the bounds."""
    if not part.index.is_monotonic_increasing:
        raise ValueError("set_index(sorted=True): the values don't ascend; leave sorted=True out")
    return check_bounds(part, bounds)


def _user_divisions(divisions: Any) -> Divisions:
    if isinstance(divisions, str) or not hasattr(divisions, "__iter__"):
        raise TypeError(f"divisions must be a list or tuple of index values, got {type(divisions).__name__}")
    divisions = tuple(divisions)
    if len(divisions) < 2:
        raise ValueError(f"divisions are the bounds of partitions, at least two, got {divisions!r}")
    checked = check_divisions(divisions, len(divisions) - 1)
    if not known(checked):
        raise ValueError("divisions must be values of the index, got only None; leave divisions out")
    repeated = next((left for left, right in list(pairwise(checked))[:-1] if left == right), None)
    if repeated is not None:
        raise ValueError(f"divisions must differ, the last two apart, got {repeated!r} twice")
    return checked


def _trusted(indexed: Any, key: Any, declared: Divisions | None, wanted: Wanted) -> Any:
    """Return the collection whose index is said to ascend, with divisions found at once, or declared and checked later."""
    if declared is not None and known(declared):
        last = len(declared) - 2
        bounds = [Bounds(low, high, at == last or low == high) for at, (low, high) in enumerate(pairwise(declared))]
        return _settled(columnwise("check-sorted", check_sorted, indexed, Parts(bounds), meta=indexed._meta), declared)
    found, count = wanted.summaries(indexed, indexed.index if wanted.npartitions == "auto" else key)
    if not all(each.ascends and not each.missing for each in found if each.rows) or not in_order(found):
        raise ValueError(
            "set_index(sorted=True): the values don't ascend, or some are missing; leave sorted=True out to have them sorted"
        )
    if not any(each.rows for each in found):
        return indexed
    cuts = None
    if wanted.npartitions is not None:
        low, high = ends(found)
        cuts = (low, *[value for value in scalars(splitters(found, count, [True])[0]) if low < value], high)
    return _cut_in_order(indexed, found, cuts)


def _cut_in_order(frame: Any, found: Sequence[Summary], cuts: Divisions | None) -> Any:
    """Return partitions of divisions ``cuts`` (None: as near to the present ones as can be) of rows that are in order.

    ``found`` are the summaries of the partitions, whose ranges follow each other.
    """
    filled = [at for at, each in enumerate(found) if each.low is not None]
    lows, highs = [found[at].low for at in filled], [found[at].high for at in filled]
    rows = [at for at, each in enumerate(found) if each.rows]
    if cuts is None:
        cuts = (*dict.fromkeys(lows), highs[-1])
        if len(cuts) - 1 == len(found) and all(left < right for left, right in zip(highs[:-1], lows[1:], strict=True)):
            return _settled(frame, cuts)
    last = len(cuts) - 2
    ranges = []
    for at, (low, high) in enumerate(pairwise(cuts)):
        first = min(bisect_left(highs, low), len(filled) - 1)
        stop = len(filled) if at == last else max(bisect_left(lows, high), first + 1)
        lower = low if lows[first] < low else None
        upper = high if at < last and highs[stop - 1] >= high else None
        # Partitions of nothing but missing values are behind the last one that has others.
        end = rows[-1] + 1 if at == last else filled[stop - 1] + 1
        ranges.append(Range(filled[first], end, lower, upper))
    return _settled(take_ranges(frame, ranges, cuts, "set-index"), cuts)


def with_categories(part: Any, dtype: Any) -> Any:
    """Return a partition whose index has the categories of ``dtype``."""
    return part.set_axis(part.index.astype(dtype), axis=0)


def _by_categories(indexed: Any, found: Sequence[Summary], count: int, wanted: Wanted) -> Any:
    """Order by the place of categories; divisions are known if the categories ascend, and reach from the first to the last."""
    dtype = common_categories([each.sample[0] for each in found])
    if any(each.sample[0].dtype != dtype for each in found) or indexed._meta.index.dtype != dtype:
        changed = columnwise("categories", with_categories, indexed, dtype)
        indexed = _settled(changed, unknown(indexed.npartitions))
    sampled = [each._replace(sample=each.sample.astype(dtype)) for each in found]
    points = splitters(sampled, count, [True])[0].dropna()
    codes = join_parts([each.sample[0] for each in sampled]).cat.codes
    inner = scalars(points[points.cat.codes > codes[codes >= 0].min()])
    targets = KeyTargets(None, (tuple(inner),), (True,), False)
    moved = rearrange(indexed, targets, len(inner) + 1, method=wanted.method, prefix="set-index")
    categories = dtype.categories
    divisions = unknown(len(inner) + 1)
    if len(categories) and categories.is_monotonic_increasing:
        divisions = (categories[0], *inner, categories[-1])
    return _settled(_sorted_partitions(moved), divisions)


def common_categories(parts: Sequence[pd.Series]) -> Any:
    """Return the dtype of the categories of all parts together.

    >>> parts = [pd.Series(["b"], dtype="category"), pd.Series(["a"], dtype="category")]
    >>> common_categories(parts).categories.tolist()
    ['a', 'b']
    """
    dtypes: list[Any] = [part.dtype for part in parts]
    if all(dtype == dtypes[0] for dtype in dtypes):
        return dtypes[0]
    # In the order that they have when partitions are put together.
    return pd.CategoricalDtype(unite_categories([dtype.categories for dtype in dtypes]))

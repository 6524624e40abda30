"""``sort_values`` and ``sort_index``: rows in the order of some keys.

Place in the flow: behind the methods in ``methods``. One partition is sorted as it is. Otherwise one pass over the keys alone
(``sampling``) says where to cut the order into parts of about equal numbers of rows; rows are rearranged and each part is sorted.
Where the partitions follow each other already nothing is moved.

Invariants: what is said of ``kind="stable"`` in pandas: rows of equal keys keep their order, whatever the directions; rows of
equal keys are in one partition. Divisions are unknown, since the index is in no order; but ``sort_index`` makes them known.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from minidask.dataframe.collection import new_collection
from minidask.dataframe.columns import as_labels, check_columns
from minidask.dataframe.divisions import scalars, unknown
from minidask.dataframe.layers import SelectPartitions
from minidask.dataframe.order.numbering import numbered
from minidask.dataframe.order.repartition import by_number
from minidask.dataframe.order.sampling import Summary, in_order, splitters
from minidask.dataframe.order.set_index import Wanted, common_categories, ends, order_by_index, sort_part
from minidask.dataframe.order.targets import KeyTargets
from minidask.dataframe.partitionwise import columnwise
from minidask.dataframe.shuffle import RangeTargets, rearrange
from minidask.graph import func_name
from minidask.tokenize import quick_token, tokenize


class Order(NamedTuple):
    """The order that is asked for: columns (None: the Series itself), their directions, where missing values go."""

    labels: tuple[Hashable, ...] | None
    ascending: tuple[bool, ...]
    na_position: str

    @property
    def na_first(self) -> bool:
        """Whether missing values come first."""
        return self.na_position == "first"

    def keywords(self) -> dict[str, Any]:
        """Return the keyword arguments of pandas's ``sort_values``."""
        ascending = list(self.ascending) if len(self.ascending) > 1 else self.ascending[0]
        by = {} if self.labels is None else {"by": list(self.labels)}
        return {**by, "ascending": ascending, "na_position": self.na_position}


class SortRows(NamedTuple):
    """Sort a partition, by pandas's stable way or by a user's function, which gets the same keyword arguments."""

    order: Order
    func: Callable[..., Any] | None = None
    kwargs: Mapping[str, Any] | None = None

    @property
    def short_name(self) -> str:
        """The function's name, for people."""
        return "sort_values" if self.func is None else func_name(self.func)

    def __call__(self, part: Any) -> Any:
        """Return the rows in order."""
        keywords = {**self.order.keywords(), **(self.kwargs or {})}
        if self.func is not None:
            return self.func(part, **keywords)
        return part.sort_values(**{"kind": "stable", **keywords})

    def __hash__(self) -> int:
        return hash((SortRows, self.order))


def sort_values(
    frame: Any,
    by: Any,
    ascending: Any,
    na_position: str,
    ignore_index: Any,
    sort_function: Callable[..., Any] | None,
    sort_function_kwargs: Mapping[str, Any] | None,
    wanted: Wanted,
) -> Any:
    """Return the rows in the order of columns, or of the Series's values; see ``DataFrame.sort_values``."""
    wanted.check()
    order = check_order(frame, by, ascending, na_position)
    if sort_function is not None and not callable(sort_function):
        raise TypeError(f"sort_function must be a function, got {type(sort_function).__name__}")
    within = SortRows(order, sort_function, dict(sort_function_kwargs) if sort_function_kwargs else None)
    moved, count = frame, frame.npartitions
    if frame.npartitions > 1 or wanted.count(frame) > 1:
        moved, count = _rearranged(frame, order, wanted)
    token = (tuple(order), None if within.func is None else tokenize(within.func), tokenize(within.kwargs))
    extra = frozenset(order.labels or ())
    done = columnwise("sort_values", within, moved, meta=moved._meta, extra=extra, token=token)
    done = by_number(_other_rows(done, unknown(done.npartitions)), count)
    return numbered(done) if ignore_index else done


def check_order(frame: Any, by: Any, ascending: Any, na_position: str) -> Order:
    """Return the order that arguments of ``sort_values`` mean.

    Raises
    ------
    KeyError
        If a column is unknown.
    TypeError, ValueError
        If directions are no booleans or not as many as columns, a column stands for several, or ``na_position`` is wrong.
    """
    labels = None
    if frame._kind == "DataFrame":
        labels = tuple(as_labels(by))
        if not labels:
            raise ValueError("sort_values needs at least one column to sort by")
        check_columns(labels, frame._meta.columns)
        several = next((label for label in labels if not isinstance(frame._meta[label], pd.Series)), None)
        if several is not None:
            raise ValueError(f"there are several columns {several!r}: rename them before rows are sorted by one")
    directions = list(ascending) if isinstance(ascending, list | tuple) else [ascending] * len(labels or (None,))
    if len(directions) != len(labels or (None,)):
        raise ValueError(
            f"there are {len(labels or (None,))} columns to sort by, but ascending has {len(directions)} values"
        )
    if not all(isinstance(each, bool | int) and each in (0, 1) for each in map(_plain, directions)):
        raise ValueError(f"ascending must be True or False, or a list of these, got {ascending!r:.80}")
    if na_position not in ("first", "last"):
        raise ValueError(f"na_position must be 'first' or 'last', got {na_position!r}")
    return Order(labels, tuple(map(bool, directions)), na_position)


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def _rearranged(frame: Any, order: Order, wanted: Wanted) -> tuple[Any, int]:
    """Return the rows in partitions that follow each other in the order that is asked for, unsorted inside.

    Also return in how many partitions they are to be when they are sorted.
    """
    labels = order.labels
    if labels is None:
        keys = frame
    else:
        keys = frame[labels[0]] if len(labels) == 1 else frame[list(labels)]
    found, count = wanted.summaries(frame, keys)
    if len(order.ascending) == 1 and in_order(found, order.ascending[0], order.na_first):
        return frame, count
    dtypes = {
        at: common_categories([each.sample[at] for each in found])
        for at, dtype in enumerate(found[0].sample.dtypes)
        if isinstance(dtype, pd.CategoricalDtype)
    }
    if dtypes:
        found = [each._replace(sample=each.sample.astype(dtypes)) for each in found]
        frame = _with_categories(frame, labels, dtypes)
    points = splitters(found, count, order.ascending, order.na_position)
    moved = spread(frame, found, points, order, wanted, labels if labels is not None else ())
    return moved, moved.npartitions


def _with_categories(frame: Any, labels: Sequence[Hashable] | None, dtypes: Mapping[int, Any]) -> Any:
    """Return the collection whose categories of the keys are the same in all partitions, so that their order is."""
    if labels is None:
        return frame if frame._meta.dtype == dtypes[0] else frame.astype(dtypes[0])
    wanted = {labels[at]: dtype for at, dtype in dtypes.items() if frame._meta[labels[at]].dtype != dtype}
    return frame.astype(wanted) if wanted else frame


def spread(
    frame: Any,
    found: Sequence[Summary],
    points: pd.DataFrame,
    order: Order,
    wanted: Wanted,
    labels: tuple[Hashable, ...] | None,
) -> Any:
    """Rearrange rows into the parts that ``points`` begin; ``labels`` None: by the index."""
    single = points.shape[1] == 1 and not isinstance(points.dtypes.iloc[0], pd.CategoricalDtype)
    targets: Any
    if single and any(each.low is not None for each in found):
        low, high = ends(found)
        inner = [value for value in scalars(points[0].dropna()) if low < value]
        divisions = (low, *(inner if order.ascending[0] else inner[::-1]), high)
        label = labels[0] if labels else (None if labels is None else "values")
        targets = RangeTargets(label, divisions, order.ascending[0], order.na_first)
        count = len(divisions) - 1
    else:
        listed = tuple([tuple([None if pd.isna(value) else value for value in scalars(points[at])]) for at in points])
        targets = KeyTargets(labels, listed, order.ascending, order.na_first)
        count = len(points) + 1
    return rearrange(frame, targets, count, method=wanted.method, prefix="sort")


def _other_rows(frame: Any, divisions: Any) -> Any:
    return type(frame)(frame._layer, frame._meta, divisions, f"ordered-{frame._layer.name}")


class SortIndex(NamedTuple):
    """Sort a partition by its index."""

    ascending: Any
    na_position: str
    kwargs: Mapping[str, Any] | None = None

    def __call__(self, part: Any) -> Any:
        """Return the rows in order."""
        ascending = list(self.ascending) if isinstance(self.ascending, tuple) else self.ascending
        keywords = {"kind": "stable", **(self.kwargs or {})}
        return part.sort_index(ascending=ascending, na_position=self.na_position, **keywords)

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "sort_index"

    def __hash__(self) -> int:
        return hash((SortIndex, self.ascending))


def sort_index(
    frame: Any,
    axis: Any,
    ascending: Any,
    na_position: str,
    ignore_index: bool,
    wanted: Wanted,
    kwargs: Mapping[str, Any],
) -> Any:
    """Return the rows in the order of the index; see ``DataFrame.sort_index``."""
    wanted.check()
    if axis in (1, "columns"):
        if frame._kind != "DataFrame":
            raise ValueError("No axis named 1 for object type Series")
        return frame[
            list(frame._meta.sort_index(axis=1, ascending=ascending, na_position=na_position, **kwargs).columns)
        ]
    if na_position not in ("first", "last"):
        raise ValueError(f"na_position must be 'first' or 'last', got {na_position!r}")
    index = frame._meta.index
    directions = (
        tuple(map(bool, ascending)) if isinstance(ascending, list | tuple) else (bool(ascending),) * index.nlevels
    )
    if len(directions) != index.nlevels:
        raise ValueError(f"the index has {index.nlevels} levels, but ascending has {len(directions)} values")
    within = SortIndex(directions if index.nlevels > 1 else directions[0], na_position, dict(kwargs) or None)
    forward = index.nlevels == 1 and directions[0] and na_position == "last" and not kwargs
    several = frame.npartitions > 1 or wanted.count(frame) > 1
    if several and kwargs:
        raise NotImplementedError(
            f"sort_index({next(iter(kwargs))}=...) works on one partition: make what to sort by a column, and use sort_values"
        )
    if not several:
        done = _sorted_by_index(frame, within, tokenize(kwargs))
    elif forward and frame.known_divisions and wanted.npartitions is None:
        done = _other_rows(columnwise("sort_index", sort_part, frame), frame.divisions)
    elif forward:
        done = order_by_index(_other_rows(frame, unknown(frame.npartitions)), frame.index, wanted)
    else:
        order = Order(None, directions, na_position)
        found, count = wanted.summaries(frame, frame.index)
        if isinstance(index, pd.CategoricalIndex):
            raise NotImplementedError(
                "sort_index of several partitions by categories is built for ascending=True: reset_index() and sort_values"
            )
        whole = all(each.missing == 0 for each in found)
        if index.nlevels == 1 and whole and in_order(found) and wanted.npartitions is None:
            moved = _backwards(frame)
        else:
            moved = spread(frame, found, splitters(found, count, directions, na_position), order, wanted, None)
        done = _sorted_by_index(moved, within, "moved")
    return numbered(done) if ignore_index else done


def _sorted_by_index(frame: Any, within: SortIndex, token: Any) -> Any:
    done = columnwise(
        "sort_index", within, frame, meta=frame._meta, token=(within.ascending, within.na_position, token)
    )
    return _other_rows(done, unknown(done.npartitions))


def _backwards(frame: Any) -> Any:
    """Return the partitions in the reverse order."""
    places = range(frame.npartitions)[::-1]
    name = f"partitions-{quick_token('partitions', frame._layer.name, tuple(places))}"
    return new_collection(SelectPartitions(name, frame._layer, places), frame._meta)

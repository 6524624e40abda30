"""Categories that are known beforehand: found in all partitions, then set in each.

Categories of a column may be unknown until partitions are computed (those of files, and of ``astype("category")``): each
partition has found its own. Functions here look at all partitions, at once, and give every partition the same dtype.

Place in the flow: behind ``DataFrame.categorize`` and the accessor ``Series.cat``.

Invariant: if all partitions have the same categories, these stay, in their order; otherwise they are united and, where values can
be ordered, sorted, as pandas would find them in the whole.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

import pandas as pd

from minidask.collection import compute
from minidask.dataframe.collection import FrameCollection, new_collection
from minidask.dataframe.columns import as_labels, check_columns
from minidask.dataframe.meta import UNKNOWN_CATEGORIES, has_unknown_categories
from minidask.dataframe.partitionwise import method, partitionwise
from minidask.dataframe.reductions.tree import reduce_partitions


class Found(NamedTuple):
    """Return the categories of each column of a partition, those of the index last; ``used``: only those that occur."""

    labels: tuple[Hashable, ...]
    with_index: bool
    used: bool

    def __call__(self, part: Any) -> list[tuple[pd.Index, bool]]:
        columns = [part] if part.ndim == 1 else [part[label] for label in self.labels]
        if self.with_index:
            columns.append(part.index)
        return [self._of(column) for column in columns]

    def _of(self, column: Any) -> tuple[pd.Index, bool]:
        if not isinstance(column.dtype, pd.CategoricalDtype):
            return pd.Index(column.dropna().unique()).rename(None), False
        if self.used:
            values = column.array.remove_unused_categories() if hasattr(column, "array") else column
            return values.categories, bool(column.dtype.ordered)
        return column.dtype.categories, bool(column.dtype.ordered)


def unite_categories(parts: Sequence[list[tuple[pd.Index, bool]]]) -> list[tuple[pd.Index, bool]]:
    """Return the categories of all: the same as each part's if they agree, otherwise united and sorted.

    Examples
    --------
    >>> one, other = [(pd.Index(["b", "a"]), False)], [(pd.Index(["c", "a"]), False)]
    >>> unite_categories([one, one])[0][0].tolist(), unite_categories([one, other])[0][0].tolist()
    (['b', 'a'], ['a', 'b', 'c'])
    """
    return [_unite([part[at] for part in parts]) for at in range(len(parts[0]))]


def _unite(each: Sequence[tuple[pd.Index, bool]]) -> tuple[pd.Index, bool]:
    filled = [one for one in each if len(one[0])] or [each[0]]
    categories, ordered = filled[0]
    if all(other.equals(categories) and said == ordered for other, said in filled[1:]):
        return categories, ordered
    for other, _ in filled[1:]:
        categories = categories.append(other[~other.isin(categories)])
    return _sorted(categories), False


def _sorted(categories: pd.Index) -> pd.Index:
    try:
        return categories.sort_values()
    except TypeError:
        # Values of several kinds have no order; they stay as they were found.
        return categories


def find_dtypes(
    frame: Any,
    labels: Sequence[Hashable],
    index: bool = False,
    used: bool = False,
    split_every: Any = None,
    **kwargs: Any,
) -> list[pd.CategoricalDtype]:
    """Compute the dtypes of columns (and the index, last) with the categories of all partitions."""
    source = frame[list(labels)] if frame._kind == "DataFrame" else frame
    call = Found(tuple(labels), index, used)
    asked = (call.labels, index, used)
    found = reduce_partitions(
        "categories", [source], call, unite_categories, unite_categories, None, asked, split_every=split_every
    )
    kinds = [frame._meta[label].dtype for label in labels] if frame._kind == "DataFrame" else [frame._meta.dtype]
    kinds += [frame._meta.index.dtype] if index else []
    dtypes = []
    for (categories, ordered), kind in zip(compute(found, **kwargs)[0], kinds, strict=True):
        # Values found in columns that aren't categorical have no order yet.
        is_category = isinstance(kind, pd.CategoricalDtype)
        dtypes.append(pd.CategoricalDtype(categories if is_category else _sorted(categories), ordered=ordered))
    return dtypes


def categorize(frame: Any, columns: Any, index: bool | None, split_every: Any) -> Any:
    """Return a dataframe whose columns are categorical with known categories; see ``DataFrame.categorize``."""
    meta = frame._meta
    if columns is None:
        labels = [
            label
            for at, label in enumerate(meta.columns)
            if has_unknown_categories(meta.iloc[:, at]) or _is_text(meta.dtypes.iloc[at])
        ]
    else:
        labels = as_labels(columns)
        check_columns(labels, meta.columns)
        labels = [label for label in labels if _needs(meta[label])]
    level = meta.index
    if index is None:
        index = has_unknown_categories(level)
    index = bool(index) and _needs(level)
    if index and isinstance(level, pd.MultiIndex):
        raise NotImplementedError("categorize takes an index of one level: make its levels columns with reset_index()")
    if not labels and not index:
        return frame
    dtypes = find_dtypes(frame, labels, index, split_every=split_every)
    result = frame.astype(dict(zip(labels, dtypes, strict=False))) if labels else frame
    if index:
        result = partitionwise("categorize_index", categorize_index, result, dtypes[-1])
    return result


def _is_text(dtype: Any) -> bool:
    return isinstance(dtype, pd.StringDtype) or str(dtype) == "object"


def _needs(meta: Any) -> bool:
    return not isinstance(meta.dtype, pd.CategoricalDtype) or has_unknown_categories(meta)


def categorize_index(frame: Any, dtype: pd.CategoricalDtype) -> Any:
    """Return the frame with a categorical index.

    >>> categorize_index(pd.DataFrame(index=["b"]), pd.CategoricalDtype(["a", "b"])).index.codes.tolist()
    [1]
    """
    return frame.set_axis(frame.index.astype(dtype), axis=0)


def as_known(series: Any, **kwargs: Any) -> Any:
    """Return a Series whose categories are known: the same one, or with those of all partitions, which are computed.

    ``kwargs`` are those of ``compute``.
    """
    if not has_unknown_categories(series._meta):
        return series
    return method("astype", series, find_dtypes(series, [series._meta.name], **kwargs)[0])


def as_unknown(series: FrameCollection) -> Any:
    """Return a Series that doesn't say which categories it has; no work."""
    if has_unknown_categories(series._meta):
        return series
    return new_collection(series._layer, forget(series._meta), series._divisions, series._rows)


def forget(meta: Any) -> Any:
    """Return the meta of a categorical Series or Index without its categories."""
    dtype = pd.CategoricalDtype([UNKNOWN_CATEGORIES], ordered=meta.dtype.ordered)
    if isinstance(meta, pd.Index):
        return pd.CategoricalIndex([], dtype=dtype, name=meta.name)
    return pd.Series([], dtype=dtype, index=meta.index, name=meta.name)


def remove_unused(series: Any) -> Any:
    """Return a Series whose categories are those that occur in some partition, which are computed, in their order."""
    used = find_dtypes(series, [series._meta.name], used=True)[0]
    known = series._meta.dtype
    if not has_unknown_categories(series._meta):
        kept = known.categories[known.categories.isin(used.categories)]
        used = pd.CategoricalDtype(kept, ordered=known.ordered)
    return method("astype", series, used)


def unknown_where_found(meta: Any, before: Any) -> Any:
    """Return the meta of a conversion in which categories that partitions will find are unknown.

    ``astype("category")`` finds them in the values: on an empty meta it finds none.
    """
    if isinstance(meta, pd.DataFrame):
        found = [at for at in range(meta.shape[1]) if _finds(meta.iloc[:, at], before.iloc[:, at])]
        if found:
            meta = meta.copy(deep=False)
            for at in found:
                meta.isetitem(at, forget(meta.iloc[:, at]))
        return meta
    return forget(meta) if _finds(meta, before) else meta


def _finds(meta: Any, before: Any) -> bool:
    is_category = isinstance(meta.dtype, pd.CategoricalDtype) and not isinstance(before.dtype, pd.CategoricalDtype)
    return is_category and not len(meta.dtype.categories)

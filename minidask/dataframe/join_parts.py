"""Put partitions together: the concatenation that results, repartitioning and reductions use.

It does what pandas would have shown for the whole: empty partitions don't influence dtypes, categoricals of different categories
are united, integer partitions beside float ones are promoted.

Place in the flow: runs inside tasks and at the end of ``compute``. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals

OBJECT = np.dtype(object)


def join_parts(parts: Sequence[Any]) -> Any:
    """Return the rows of all parts, in their order, as one pandas object.

    Parameters
    ----------
    parts : sequence of DataFrame, Series or Index
        At least one, all of one kind.

    Raises
    ------
    ValueError
        If there are no parts.

    Examples
    --------
    >>> join_parts([pd.Series([], dtype="float64"), pd.Series([1]), pd.Series([2], index=[1])])
    0    1
    1    2
    dtype: int64
    """
    if not parts:
        raise ValueError("there are no partitions to put together")
    filled = [part for part in parts if len(part)]
    if not filled:
        return parts[0]
    if len(filled) == 1:
        return filled[0]
    first = filled[0]
    if isinstance(first, pd.Index):
        if isinstance(first, pd.CategoricalIndex):
            return pd.CategoricalIndex(_union([part.array for part in filled]), name=first.name)
        return _still_objects(first.append(filled[1:]), filled)
    filled = _same_categories(filled)
    whole = pd.concat(filled)
    if any(dtype == OBJECT for dtype in ([whole.dtype] if isinstance(whole, pd.Series) else whole.dtypes)):
        same = _same_kinds(filled)
        whole = whole if same is filled else pd.concat(same)
    index = _still_objects(whole.index, [part.index for part in filled])
    return whole if index is whole.index else whole.set_axis(index)


def _still_objects(whole: pd.Index, parts: Sequence[pd.Index]) -> pd.Index:
    """Undo that pandas takes objects which happen to be texts for ``str`` when it puts indexes together."""
    if whole.dtype == object or parts[0].dtype != object or any(part.dtype != object for part in parts):
        return whole
    return whole.astype(object)


def _union(arrays: list[Any]) -> pd.Categorical:
    if all(array.dtype == arrays[0].dtype for array in arrays):
        return union_categoricals(arrays)
    ordered = all(array.ordered for array in arrays)
    ascend = not any(array.ordered for array in arrays) and _ascend([array.categories for array in arrays])
    return union_categoricals(arrays, sort_categories=ascend, ignore_order=not ordered)


def _ascend(each: Sequence[pd.Index]) -> bool:
    """Whether the categories of all parts are sorted, as they are where they were found in values: so is their union then."""
    return all(len(categories) == 0 or categories.is_monotonic_increasing for categories in each)


def _same_categories(parts: list[Any]) -> list[Any]:
    """Give categorical columns and indexes the union of their categories; without it they would become objects."""
    parts = [*parts]
    if isinstance(parts[0], pd.Series):
        if all(isinstance(part.dtype, pd.CategoricalDtype) for part in parts):
            dtype = _common([part.dtype for part in parts])
            if dtype is not None:
                parts = [part.astype(dtype) for part in parts]
    else:
        for at, dtype in enumerate(parts[0].dtypes):
            if not isinstance(dtype, pd.CategoricalDtype):
                continue
            dtypes = [part.dtypes.iloc[at] for part in parts if part.shape[1] > at]
            if len(dtypes) == len(parts) and all(isinstance(each, pd.CategoricalDtype) for each in dtypes):
                common = _common(dtypes)
                if common is not None:
                    parts = [_with_dtype(part, at, common) for part in parts]
    if isinstance(parts[0].index, pd.CategoricalIndex):
        common = _common([part.index.dtype for part in parts])
        if common is not None:
            parts = [part.set_axis(part.index.astype(common)) for part in parts]
    return parts


def _same_kinds(parts: list[Any]) -> list[Any]:
    """Give columns whose dtypes depend on the partition's values the one that the values of all have.

    Where all values of a part are missing, its dtype says nothing (floats beside texts); where a function of categories met
    missing values, categories became values.
    """
    one = isinstance(parts[0], pd.Series)
    dtypes = [[part.dtype] if one else [*part.dtypes] for part in parts]
    if any(each != dtypes[0] for each in dtypes[1:]) and len({len(each) for each in dtypes}) == 1:
        parts = [*parts]
        for at, kinds in enumerate(zip(*dtypes, strict=True)):
            if len({str(kind) for kind in kinds}) > 1:
                columns: list[Any] = _as_values([part if one else part.iloc[:, at] for part in parts])
                parts = columns if one else [_with_array(*each, at) for each in zip(parts, columns, strict=True)]
    return parts


def _as_values(columns: list[pd.Series]) -> list[pd.Series]:
    categorical = [isinstance(column.dtype, pd.CategoricalDtype) for column in columns]
    if any(categorical) and not all(categorical):
        return [
            column.astype(column.cat.categories.dtype) if is_category else column
            for column, is_category in zip(columns, categorical, strict=True)
        ]
    kinds = {column.dtype for column in columns if not _says_nothing(column)}
    if len(kinds) != 1:
        return columns
    (kind,) = kinds
    if not isinstance(kind, pd.StringDtype):
        # Of numbers and dates pandas says itself what they become beside missing values.
        return columns
    return [column.astype(kind) if _says_nothing(column) else column for column in columns]


def _says_nothing(column: pd.Series) -> bool:
    plain = column.dtype == object or (isinstance(column.dtype, np.dtype) and column.dtype.kind == "f")
    return plain and bool(column.isna().all())


def _common(dtypes: Sequence[Any]) -> pd.CategoricalDtype | None:
    """Return the dtype that all are to be converted to, None if they are equal already or can't be united."""
    first = dtypes[0]
    if all(isinstance(dtype, pd.CategoricalDtype) and dtype == first for dtype in dtypes):
        return None
    if not all(isinstance(dtype, pd.CategoricalDtype) for dtype in dtypes):
        return None
    if any(dtype.ordered for dtype in dtypes):
        return None
    return pd.CategoricalDtype(unite_categories([dtype.categories for dtype in dtypes]))


def unite_categories(each: Sequence[pd.Index]) -> pd.Index:
    """Return the categories of all parts: sorted if those of every part are, otherwise as they appear.

    Examples
    --------
    >>> unite_categories([pd.Index(["b", "c"]), pd.Index(["a"])]).tolist()
    ['a', 'b', 'c']
    >>> unite_categories([pd.Index(["c", "b"]), pd.Index(["a"])]).tolist()
    ['c', 'b', 'a']
    """
    categories = each[0]
    for other in each[1:]:
        if not other.equals(categories):
            categories = categories.append(other[~other.isin(categories)])
    return _sorted(categories) if _ascend(each) else categories


def _sorted(categories: pd.Index) -> pd.Index:
    try:
        return categories.sort_values()
    except TypeError:
        # Values of several kinds have no order.
        return categories


def _with_dtype(frame: pd.DataFrame, at: int, dtype: Any) -> pd.DataFrame:
    return _with_array(frame, frame.iloc[:, at].astype(dtype), at)


def _with_array(frame: pd.DataFrame, column: Any, at: int) -> pd.DataFrame:
    frame = frame.copy(deep=False)
    # As a column of the same rows: of an array of objects pandas infers the dtype anew.
    frame.isetitem(at, column)
    return frame

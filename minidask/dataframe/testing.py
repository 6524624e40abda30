"""``assert_eq``: whether a collection computes to what pandas says, and tells the truth about itself.

Place in the flow: used by tests, of minidask and of users' own code. Besides values it checks dtypes, index, names,
the declared meta against every partition, and the divisions against the partitions' real contents.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from minidask.collection import compute, is_dask_collection
from minidask.dataframe.collection import FrameCollection
from minidask.dataframe.meta import describe_difference


def assert_eq(
    actual: Any,
    expected: Any,
    check_index: bool = True,
    check_dtype: bool = True,
    check_names: bool = True,
    check_order: bool = True,
    check_divisions: bool = True,
    check_meta: bool = True,
    scheduler: Any = "sync",
    rtol: float = 1e-9,
    atol: float = 1e-12,
    **kwargs: Any,
) -> None:
    """Raise AssertionError unless two objects, lazy or not, have equal values, and lazy ones fit their meta and
    divisions.

    Parameters
    ----------
    actual, expected
        Collections, pandas objects or scalars.
    check_index, check_dtype, check_names
        Whether these have to be equal too.
    check_order : bool
        Whether rows have to be in the same order; otherwise both are sorted first.
    check_divisions, check_meta : bool
        Whether collections are checked against what they say about themselves.
    scheduler
        Who computes.
    rtol, atol : float
        Tolerance for floating-point numbers.

    Examples
    --------
    >>> import minidask.dataframe as dd
    >>> df = pd.DataFrame({"x": [1, 2, 3]})
    >>> assert_eq(dd.from_pandas(df, npartitions=2) + 1, df + 1)
    """
    for side in (actual, expected):
        if isinstance(side, FrameCollection):
            check_honest(side, check_divisions, check_meta, scheduler)
    left, right = [
        compute(side, scheduler=scheduler)[0] if is_dask_collection(side) else side for side in (actual, expected)
    ]
    if not isinstance(right, pd.DataFrame | pd.Series | pd.Index):
        _assert_scalars(left, right, rtol, atol)
        return
    if not check_index and not isinstance(right, pd.Index):
        left, right = left.reset_index(drop=True), right.reset_index(drop=True)
    if not check_order:
        left, right = _in_order(left, check_index), _in_order(right, check_index)
    options = {"rtol": rtol, "atol": atol, "check_names": check_names, **kwargs}
    if isinstance(right, pd.DataFrame):
        pd.testing.assert_frame_equal(
            left, right, check_dtype=check_dtype, check_index_type="equiv" if check_dtype else False, **options
        )
    elif isinstance(right, pd.Series):
        pd.testing.assert_series_equal(
            left, right, check_dtype=check_dtype, check_index_type="equiv" if check_dtype else False, **options
        )
    else:
        pd.testing.assert_index_equal(left, right, exact="equiv" if check_dtype else False, check_names=check_names)


def _assert_scalars(left: Any, right: Any, rtol: float, atol: float) -> None:
    if pd.api.types.is_scalar(right) and pd.isna(right):
        assert pd.api.types.is_scalar(left), f"{left!r} is no scalar, expected {right!r}"
        assert pd.isna(left), f"{left!r} is not missing, expected {right!r}"
    elif isinstance(right, float | np.floating | complex):
        assert np.isclose(left, right, rtol=rtol, atol=atol), f"{left!r} != {right!r}"
    else:
        assert left == right, f"{left!r} != {right!r}"


def _in_order(obj: Any, by_index: bool) -> Any:
    if isinstance(obj, pd.Index):
        return obj.sort_values()
    if isinstance(obj, pd.DataFrame):
        # By their places: columns may be called alike.
        places = obj.set_axis(range(obj.shape[1]), axis=1)
        obj = obj.iloc[places.reset_index(drop=True).sort_values(by=[*places.columns], kind="stable").index]
    else:
        obj = obj.sort_values(kind="stable")
    return obj.sort_index(kind="stable") if by_index else obj.reset_index(drop=True)


def check_honest(
    frame: FrameCollection, check_divisions: bool = True, check_meta: bool = True, scheduler: Any = "sync"
) -> None:
    """Raise AssertionError unless every partition of a collection fits its meta and divisions."""
    assert frame._layer.numblocks == (frame.npartitions,), f"{frame._layer!r} has not {frame.npartitions} partitions"
    if frame._kind == "Scalar":
        assert not isinstance(frame._meta, pd.DataFrame | pd.Series | pd.Index)
        return
    whole: Any = frame
    # Together, so that what they share is computed once, but for the last: one partition has to come without the others too.
    *others, last = [whole.get_partition(at) for at in range(frame.npartitions)]
    parts = [*compute(*others, scheduler=scheduler), *compute(last, scheduler=scheduler)]
    assert len(frame._meta) == 0, f"the meta has {len(frame._meta)} rows"
    for number, part in enumerate(parts):
        where = f"partition {number}"
        if check_meta:
            difference = describe_difference(frame._meta, part)
            assert difference is None, f"{where}: {difference}"
            if len(part):
                _check_dtypes(frame._meta, part, where)
        if check_divisions and frame.known_divisions and len(part):
            _check_bounds(frame, part, number)
    if not check_divisions:
        return
    assert len(frame.divisions) == len(parts) + 1


def _check_dtypes(meta: Any, part: Any, where: str) -> None:
    declared = meta.dtypes.tolist() if isinstance(meta, pd.DataFrame) else [meta.dtype]
    actual = part.dtypes.tolist() if isinstance(part, pd.DataFrame) else [part.dtype]
    columns = [part.iloc[:, at] for at in range(part.shape[1])] if isinstance(part, pd.DataFrame) else [part]
    for one, other, column in zip(declared, actual, columns, strict=True):
        if _kind(one) == _kind(other):
            continue
        # Missing values turn integers into floats, booleans into objects; where all are missing the dtype says nothing.
        missing = column.isna()
        promoted = missing.any() and (one.kind, other.kind) in {("i", "f"), ("u", "f"), ("b", "O")}
        # Where the whole may have missing values, a part may have none; putting parts together promotes it.
        promoted |= (one.kind, other.kind) in {("f", "i"), ("f", "u"), ("O", "b")}
        # pandas gives sums of small integers by group a wider dtype where they don't fit.
        promoted |= one.kind == other.kind and one.kind in "iu" and other.itemsize > one.itemsize
        assert promoted or missing.all(), f"{where}: declared dtypes {declared}, actual {actual}"
    if not isinstance(meta, pd.Index):
        one, other = meta.index, part.index
        assert list(one.names) == list(other.names), (
            f"{where}: declared index names {list(one.names)}, actual {list(other.names)}"
        )
        assert one.nlevels == other.nlevels, f"{where}: declared {one.nlevels} index levels, actual {other.nlevels}"
        if one.nlevels == 1:
            # Joins of an index with a column leave missing values in the index where there is no partner.
            promoted = one.dtype.kind in "iu" and other.hasnans and other.dtype.kind == "f"
            promoted |= one.dtype.kind == "f" and other.dtype.kind in "iu"
            assert promoted or _kind(one.dtype) == _kind(other.dtype), (
                f"{where}: declared index of {one.dtype}, actual {other.dtype}"
            )


def _kind(dtype: Any) -> Any:
    # Categories differ from partition to partition where they aren't known beforehand.
    return "category" if isinstance(dtype, pd.CategoricalDtype) else dtype


def _check_bounds(frame: FrameCollection, part: Any, number: int) -> None:
    index = part if isinstance(part, pd.Index) else part.index
    if isinstance(index, pd.CategoricalIndex):
        # Divisions are values; categories may stand in any order.
        index = index.astype(index.categories.dtype)
    low, high = frame.divisions[number], frame.divisions[number + 1]
    assert index.min() >= low, f"partition {number} begins at {index.min()!r}, before its division {low!r}"
    if number == frame.npartitions - 1 or low == high:
        assert index.max() <= high, f"partition {number} ends at {index.max()!r}, behind the last division {high!r}"
    else:
        assert index.max() < high, f"partition {number} ends at {index.max()!r}, not before its division {high!r}"

"""Where values lie among bounds, exactly, for every dtype that has an order.

Place in the flow: ``RangeTargets``. Bounds are brought to the values' own representation, rounded up, so that
``bound <= value`` stays what it was; then one binary search over whole arrays. Integers are never turned to floats, nor
times of one unit to another of which there are too few. Pure.
"""

from __future__ import annotations

import bisect
import math
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from minidask.dataframe.shuffle.hashing import _PER_SECOND, is_masked, plain, string_buffers, ticks_of, words_at


def count_bounds(values: Any, bounds: Sequence[Any]) -> NDArray[np.intp]:
    """Return for each value how many of some bounds are at most as large.

    Parameters
    ----------
    values : Series or Index
        Without missing values.
    bounds : sequence
        In ascending order; of categories: in the categories' order.

    Raises
    ------
    TypeError
        If values and bounds have no common order.
    ValueError
        If a bound of categorical values is none of their categories.

    Examples
    --------
    >>> count_bounds(pd.Series([1, 2, 3]), [1.5, 3.0]).tolist()
    [0, 1, 2]
    """
    values = plain(values)
    dtype = values.dtype
    if not len(values) or not len(bounds):
        return np.zeros(len(values), dtype=np.intp)
    try:
        return _count(values, dtype, bounds)
    except TypeError as error:
        raise TypeError(
            f"values of {dtype} can't be ordered among bounds such as {bounds[0]!r:.80}: {error}"
        ) from error


def _count(values: Any, dtype: Any, bounds: Sequence[Any]) -> NDArray[np.intp]:
    if isinstance(dtype, pd.CategoricalDtype):
        found = dtype.categories.get_indexer(pd.Index(list(bounds)))
        if (found < 0).any():
            lost = bounds[int(np.argmin(found))]
            raise ValueError(
                f"{lost!r} is no category of a partition, so that its rows have no place among the bounds: give all "
                "partitions the same categories, with astype or cat.set_categories"
            )
        return np.searchsorted(found, values.array.codes, side="right")
    if isinstance(dtype, np.dtype) and dtype.kind in "biuf":
        return _search(values.to_numpy(), [_as_number(bound, dtype) for bound in bounds])
    if is_masked(dtype):
        return _search(
            values.to_numpy(dtype=dtype.numpy_dtype), [_as_number(bound, dtype.numpy_dtype) for bound in bounds]
        )
    if isinstance(dtype, pd.DatetimeTZDtype):
        return _search(values.array.asi8, [_as_ticks(bound, dtype.unit, True) for bound in bounds])
    if isinstance(dtype, np.dtype) and dtype.kind in "mM":
        array = values.to_numpy()
        unit = np.datetime_data(array.dtype)[0]
        return _search(array.view(np.int64), [_as_ticks(bound, unit, False, dtype.kind) for bound in bounds])
    if isinstance(dtype, pd.StringDtype):
        return _count_strings(values, bounds)
    if isinstance(dtype, pd.PeriodDtype):
        return _search(values.array.asi8, [_as_period(bound, dtype.freq) for bound in bounds])
    array = np.asarray(values, dtype=object)
    if pd.api.types.infer_dtype(array) == "string" and not any(_is_surrogate(value) for value in array):
        return _count_strings(array, bounds)
    ordered = np.empty(len(bounds), dtype=object)
    ordered[:] = list(bounds)
    return np.searchsorted(ordered, array, side="right")


def _search(values: NDArray[Any], bounds: list[Any]) -> NDArray[np.intp]:
    """Count Python numbers that are at most as large as values; integers may lie beyond what the dtype holds."""
    if values.dtype.kind == "f":
        return np.searchsorted(np.array(bounds, dtype=np.float64), values, side="right")
    if values.dtype.kind == "b":
        values = values.view(np.uint8)
    limits = np.iinfo(values.dtype)
    within = [max(bound, int(limits.min)) for bound in bounds if bound <= limits.max]
    return np.searchsorted(np.array(within, dtype=values.dtype), values, side="right")


def _as_number(bound: Any, dtype: np.dtype[Any]) -> Any:
    """Return the least number of a kind that is at least the bound."""
    if isinstance(bound, str | bytes):
        raise TypeError("numbers and strings have no common order")
    if dtype.kind == "f":
        try:
            close = float(bound)
        except OverflowError:
            return math.inf if bound > 0 else -sys.float_info.max
        return close if close >= bound else math.nextafter(close, math.inf)
    if bound in (math.inf, -math.inf):
        return bound
    return math.ceil(bound)


def _as_ticks(bound: Any, unit: str, zoned: bool, kind: str = "M") -> int:
    if kind == "m":
        bound = pd.Timedelta(bound)
    else:
        bound = pd.Timestamp(bound)
        if (bound.tz is not None) != zoned:
            raise TypeError("times with and without a time zone have no common order")
    ticks, own = ticks_of(bound)
    return -(-ticks * _PER_SECOND[unit] // _PER_SECOND[own])


def _as_period(bound: Any, freq: Any) -> int:
    ordinal: int = pd.Period(bound, freq).ordinal
    return ordinal


def _is_surrogate(value: Any) -> bool:
    return isinstance(value, str) and not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value)


def _count_strings(values: Any, bounds: Sequence[Any]) -> NDArray[np.intp]:
    """Compare the first 8 bytes as numbers, and all of them only where these are a bound's; UTF-8 is ordered as strings are."""
    for bound in bounds:
        if not isinstance(bound, str):
            raise TypeError("strings and others have no common order")
    array = pa.array(values if isinstance(values, np.ndarray) else values.array, type=pa.large_string())
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    starts, lengths, data = string_buffers(array)
    encoded = [bound.encode("utf-8", "surrogatepass") for bound in bounds]
    heads = np.array([int.from_bytes(bound[:8].ljust(8, b"\0"), "big") for bound in encoded], dtype=np.uint64)
    firsts = words_at(data, starts, lengths).byteswap()
    count = np.searchsorted(heads, firsts, side="left")
    unsure = np.flatnonzero(np.searchsorted(heads, firsts, side="right") != count)
    text = data.tobytes() if len(unsure) else b""
    for row in unsure:
        start = starts[row]
        count[row] = bisect.bisect_right(encoded, text[start : start + lengths[row]])
    return count

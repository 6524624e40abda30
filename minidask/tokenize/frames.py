"""Normalizers for pandas: frames, series, indexes, extension arrays, dtypes and scalars.

Place in the flow: registers with `registry.normalize_token` when the first pandas object is tokenized; imports no
pandas before.

Frames are hashed column by column, so the layout of their blocks makes no difference; ``attrs`` and ``flags`` count,
as they travel with results. Values beneath a mask don't. A MultiIndex is its levels and codes: two that are equal but
divided into levels differently have different tokens. Categories count in their order.

Not for: extension arrays of other packages, which pickle takes apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minidask.tokenize.arrow import column_form
from minidask.tokenize.registry import normalize_token

if TYPE_CHECKING:
    import pandas as pd

__all__: list[str] = []


@normalize_token.register_lazy("pandas")
def _register_pandas() -> None:
    import pandas as pd

    arrays = pd.arrays
    register = normalize_token.register
    register(pd.DataFrame, _frame)
    register(pd.Series, _series)
    register(pd.Index, _index)
    register(pd.RangeIndex, _range_index)
    register(pd.MultiIndex, _multi_index)
    register(pd.api.extensions.ExtensionDtype, _dtype)
    register(arrays.NumpyExtensionArray, _numpy_array, subclasses=False)
    register((arrays.DatetimeArray, arrays.TimedeltaArray, arrays.PeriodArray), _time_array)
    register((arrays.IntegerArray, arrays.FloatingArray, arrays.BooleanArray), _masked_array)
    register(arrays.StringArray, _object_array)
    register((arrays.ArrowExtensionArray, arrays.ArrowStringArray), _arrow_array)
    register(pd.Categorical, _categorical)
    register(arrays.IntervalArray, _interval_array)
    register(arrays.SparseArray, _sparse_array)
    register(pd.Timestamp, _timestamp)
    register(pd.Timedelta, _timedelta)
    register((type(pd.NaT), type(pd.NA)), _singleton)


def _frame(frame: pd.DataFrame) -> tuple[Any, ...]:
    columns = [series.array for _, series in frame.items()]
    return frame.columns, frame.index, columns, *_travelling(frame)


def _series(series: pd.Series) -> tuple[Any, ...]:
    return series.name, series.index, series.array, *_travelling(series)


def _travelling(obj: Any) -> tuple[Any, ...]:
    """What a frame or series hands on to its results; ``_metadata`` is the documented way for subclasses."""
    own = {name: getattr(obj, name, None) for name in obj._metadata if name != "name" and name != "_name"}
    return obj.attrs, obj.flags.allows_duplicate_labels, own


def _index(index: pd.Index) -> tuple[Any, ...]:
    freq = getattr(index, "freq", None)
    return index.name, index.array, freq if freq is None else freq.freqstr


def _range_index(index: pd.RangeIndex) -> tuple[Any, ...]:
    return index.name, index.start, index.stop, index.step


def _multi_index(index: pd.MultiIndex) -> tuple[Any, ...]:
    return list(index.names), list(index.levels), list(index.codes)


def _dtype(dtype: Any) -> tuple[Any, ...]:
    # _metadata is what pandas compares and hashes extension dtypes by.
    return dtype.name, {name: getattr(dtype, name) for name in dtype._metadata}


def _numpy_array(array: Any) -> Any:
    return array.to_numpy(copy=False)


def _time_array(array: Any) -> tuple[Any, ...]:
    freq = getattr(array, "freq", None)
    return array.dtype, array.asi8, freq if freq is None else freq.freqstr


def _masked_array(array: Any) -> tuple[Any, ...]:
    mask = array.isna()
    numpy_dtype = array.dtype.numpy_dtype
    if not mask.any():
        return array.dtype, array.to_numpy(dtype=numpy_dtype, copy=False), None
    return array.dtype, array.to_numpy(dtype=numpy_dtype, na_value=numpy_dtype.type(0)), mask


def _object_array(array: Any) -> tuple[Any, ...]:
    return array.dtype, array.to_numpy(dtype=object, copy=False)


def _arrow_array(array: Any) -> tuple[Any, ...]:
    return array.dtype, column_form(array.__arrow_array__())


def _categorical(array: Any) -> tuple[Any, ...]:
    return array.dtype, array.codes


def _interval_array(array: Any) -> tuple[Any, ...]:
    return array.dtype, array.left, array.right


def _sparse_array(array: Any) -> tuple[Any, ...]:
    return array.dtype, len(array), array.sp_values, array.sp_index.indices, array.kind


def _timestamp(stamp: pd.Timestamp) -> tuple[Any, ...]:
    # ``value`` counts nanoseconds, which reach from 1677 to 2262 alone.
    return int(stamp.asm8.view("i8")), stamp.unit, stamp.tzinfo, stamp.fold


def _timedelta(delta: pd.Timedelta) -> tuple[Any, ...]:
    return int(delta.asm8.view("i8")), delta.unit


def _singleton(_: object) -> None:
    """NaT and NA are told apart by their types."""

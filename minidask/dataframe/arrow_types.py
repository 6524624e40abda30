"""Arrow's own dtypes (``pandas.ArrowDtype``): values to make samples of, and units of time.

pandas gives decimals, lists, structs and times of day the kind of objects, so that these have to be told by Arrow's type.

Place in the flow: below ``meta`` and the reductions. Pure.
"""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd


def sample_value(kind: Any) -> Any:
    """Return a value that fits an Arrow type, None for a type that has none but nulls or that isn't known.

    Examples
    --------
    >>> import pyarrow as pa
    >>> sample_value(pa.list_(pa.int64())), sample_value(pa.struct([("x", pa.decimal128(5, 2))]))
    ([1], {'x': Decimal('1')})
    """
    import pyarrow.types as types

    if types.is_decimal(kind):
        return Decimal(1 if kind.precision > kind.scale else 0)
    if types.is_list(kind) or types.is_large_list(kind) or types.is_list_view(kind) or types.is_large_list_view(kind):
        return [sample_value(kind.value_type)]
    if types.is_fixed_size_list(kind):
        return [sample_value(kind.value_type)] * kind.list_size
    if types.is_struct(kind):
        return {field.name: sample_value(field.type) for field in kind}
    if types.is_map(kind):
        return [(sample_value(kind.key_type), sample_value(kind.item_type))]
    if types.is_dictionary(kind):
        return sample_value(kind.value_type)
    if types.is_fixed_size_binary(kind):
        return b"a" * kind.byte_width
    if types.is_binary(kind) or types.is_large_binary(kind) or types.is_binary_view(kind):
        return b"a"
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return "a"
    if types.is_boolean(kind):
        return True
    if types.is_integer(kind) or types.is_floating(kind):
        return 1
    return _sample_time(types, kind)


def _sample_time(types: Any, kind: Any) -> Any:
    if types.is_date(kind):
        return datetime.date(2000, 1, 3)
    if types.is_timestamp(kind):
        return datetime.datetime(2000, 1, 3)
    if types.is_duration(kind):
        return datetime.timedelta(1)
    return datetime.time(1) if types.is_time(kind) else None


def sample_arrow_array(dtype: pd.ArrowDtype) -> Any:
    """Return an array of two values of an Arrow dtype."""
    import pyarrow as pa

    kind = dtype.pyarrow_dtype
    values = [sample_value(kind)] * 2
    try:
        return pd.array(pa.array(values, type=kind), dtype=dtype)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError):
        # A type, perhaps of an extension, that takes no such value: nulls fit all of them.
        return pd.array(pa.nulls(2, kind), dtype=dtype)


def is_arrow_date(dtype: Any) -> bool:
    """Whether a dtype is one of Arrow's dates, which have no time of day.

    >>> is_arrow_date(pd.ArrowDtype(__import__("pyarrow").date32())), is_arrow_date(np.dtype("M8[s]"))
    (True, False)
    """
    if not isinstance(dtype, pd.ArrowDtype):
        return False
    import pyarrow.types as types

    return bool(types.is_date(dtype.pyarrow_dtype))


def as_times(obj: Any) -> Any:
    """Return Arrow's dates as its timestamps, which can be taken for numbers; any other Series as it is."""
    return obj.astype("timestamp[s][pyarrow]") if is_arrow_date(obj.dtype) else obj


def time_unit(dtype: Any) -> str:
    """Return the unit in which values of a dtype of dates, times or durations count: "s", "ms", "us" or "ns".

    Examples
    --------
    >>> time_unit(np.dtype("M8[ms]")), time_unit(pd.DatetimeTZDtype("us", "UTC"))
    ('ms', 'us')
    >>> time_unit(pd.ArrowDtype(__import__("pyarrow").duration("s")))
    's'
    """
    if isinstance(dtype, np.dtype):
        return str(np.datetime_data(dtype)[0])
    if isinstance(dtype, pd.ArrowDtype):
        return "s" if is_arrow_date(dtype) else str(dtype.pyarrow_dtype.unit)
    return str(dtype.unit)


def of_integers(values: pd.Series, dtype: Any) -> pd.Series:
    """Return dates, times or durations of their integers, counted in ``time_unit(dtype)``.

    Examples
    --------
    >>> of_integers(pd.Series([1]), pd.ArrowDtype(__import__("pyarrow").date32())).tolist()
    [datetime.date(1970, 1, 1)]
    """
    if not isinstance(dtype, pd.ArrowDtype):
        return values.astype(dtype)
    # Arrow makes dates of times, but not of numbers.
    times = np.dtype(f"{dtype.kind}8[{time_unit(dtype)}]")
    return values.astype(times).astype(dtype)

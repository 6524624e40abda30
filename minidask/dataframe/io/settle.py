"""A column as the promised dtype, if nothing is lost.

Place in the flow: readers of CSV, JSON and SQL promise dtypes that they found in a sample, and compare what a part turns
out to be with the promise.

Invariant: a value that comes back differs from what was found in its type alone. What pandas would have promoted over the
whole is told by None; the reader raises an error then.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_float_dtype, is_integer_dtype

# Whole numbers up to here are floats without loss: 2**53 of IEEE 754's double.
_EXACT = 2**53


def settle(found: pd.Series, promised: Any) -> pd.Series | None:
    """Return a column as the promised dtype if nothing is lost; None otherwise.

    Examples
    --------
    >>> settle(pd.Series([1, 2]), np.dtype("float64")).dtype
    dtype('float64')
    >>> settle(pd.Series([1.5, None]), np.dtype("int64")) is None
    True
    """
    if len(found) == 0:
        return found.astype(promised)
    kind = getattr(promised, "kind", "O")
    if found.isna().all() and (kind in "fMO" or isinstance(promised, pd.api.extensions.ExtensionDtype)):
        return pd.Series(np.full(len(found), np.nan, object), index=found.index, name=found.name).astype(promised)
    if is_integer_dtype(found.dtype):
        if is_float_dtype(promised):
            return found.astype(promised) if found.min() >= -_EXACT and found.max() <= _EXACT else None
        if is_integer_dtype(promised):
            bounds = np.iinfo(getattr(promised, "numpy_dtype", promised))
            return found.astype(promised) if bounds.min <= found.min() and found.max() <= bounds.max else None
        return None
    if is_float_dtype(found.dtype) and is_float_dtype(promised):
        cast = found.astype(promised)
        return cast if cast.astype(found.dtype).equals(found) else None
    if kind == "M" and getattr(found.dtype, "kind", "O") == "M":
        if getattr(found.dtype, "tz", None) != getattr(promised, "tz", None):
            return None
        cast = found.astype(promised)
        return cast if cast.astype(found.dtype).equals(found) else None
    if is_bool_dtype(found.dtype):
        return found.astype(promised) if pd.api.types.is_object_dtype(promised) or is_bool_dtype(promised) else None
    if is_text(promised) and found.dtype == object and pd.api.types.infer_dtype(found, skipna=True) == "string":
        return found.astype(promised)
    if isinstance(promised, pd.StringDtype) and isinstance(found.dtype, pd.StringDtype):
        return found.astype(promised)
    return None


def is_text(dtype: Any) -> bool:
    """Return whether a dtype holds texts and nothing else."""
    return isinstance(dtype, pd.StringDtype) or str(dtype) == "string[pyarrow]"

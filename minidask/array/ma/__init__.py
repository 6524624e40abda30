"""Masked arrays: the functions of ``numpy.ma`` whose blocks are masked arrays. ``from minidask.array import ma``.

``masking`` makes, fills and compares masked arrays, ``weighing`` counts and averages what is not masked. Operators, ufuncs and
the usual reductions take masked arrays as they are.
"""

from typing import Any

import numpy as np

from minidask.array.creation.wrapping import asanyarray
from minidask.array.ma.masking import (
    empty_like,
    filled,
    fix_invalid,
    getdata,
    getmaskarray,
    masked_array,
    masked_equal,
    masked_greater,
    masked_greater_equal,
    masked_inside,
    masked_invalid,
    masked_less,
    masked_less_equal,
    masked_not_equal,
    masked_outside,
    masked_values,
    masked_where,
    nonzero,
    ones_like,
    set_fill_value,
    where,
    zeros_like,
)
from minidask.array.ma.weighing import average, count
from minidask.array.remedies import remedy

__all__ = [
    "asanyarray",
    "average",
    "count",
    "empty_like",
    "filled",
    "fix_invalid",
    "getdata",
    "getmaskarray",
    "masked_array",
    "masked_equal",
    "masked_greater",
    "masked_greater_equal",
    "masked_inside",
    "masked_invalid",
    "masked_less",
    "masked_less_equal",
    "masked_not_equal",
    "masked_outside",
    "masked_values",
    "masked_where",
    "nonzero",
    "ones_like",
    "set_fill_value",
    "where",
    "zeros_like",
]


def __getattr__(name: str) -> Any:
    """Raise AttributeError; for what NumPy has it says what to do."""
    instead = remedy("ma", name) if hasattr(np.ma, name) else None
    if instead is not None:
        raise AttributeError(f"minidask.array.ma.{name} isn't built: {instead}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""Masked arrays: the functions of ``numpy.ma`` whose blocks are masked arrays. ``from minidask.array import ma``.

``masking`` makes, fills and compares masked arrays, ``weighing`` counts and averages what is not masked. Operators, ufuncs and
the usual reductions take masked arrays as they are.
"""

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

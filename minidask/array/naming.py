"""What stands for functions, small arrays and single elements in names, so that names are made of plain text and numbers.

These are hashed in a microsecond, where anything else takes ten times as long.

Place in the flow: whatever names an operation asks here for the parts that are neither names of arrays nor literals of Python.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minidask.tokenize import tokenize
from minidask.tokenize.objects import importable_name

_PLAIN = "biufcmM"
# Larger arrays are hashed where they are instead of being copied to bytes.
_SMALL = 4096


def func_part(func: Callable[..., Any]) -> Any:
    """Return what stands for a function: where it can be imported from, or its token.

    Examples
    --------
    >>> func_part(np.linspace), len(func_part(lambda: 1))
    (('numpy', 'linspace'), 32)
    """
    return importable_name(func) or tokenize(func)


def array_parts(array: Any) -> tuple[Any, ...]:
    """Return what stands for an array in memory among the parts of a name.

    Examples
    --------
    >>> array_parts(np.arange(2, dtype="u1"))
    ('|u1', (2,), b'\\x00\\x01')
    """
    if type(array) is np.ndarray and array.nbytes <= _SMALL and array.dtype.kind in _PLAIN:
        return array.dtype.str, array.shape, array.tobytes()
    return (array,)


def literal_parts(value: Any) -> tuple[Any, ...]:
    """Return what stands for a literal: for one of NumPy's numbers its dtype and value.

    Examples
    --------
    >>> literal_parts(np.float64(1)), literal_parts(1.0)
    (('<f8', 1.0), (1.0,))
    """
    if isinstance(value, np.generic) and value.dtype.kind in "biufc":
        return value.dtype.str, value.item()
    return (value,)

"""What stands for functions, small arrays and single elements in names, so that names are made of plain text and numbers.

These are hashed in a microsecond, where anything else takes ten times as long.

Place in the flow: whatever names an operation asks here for the parts that are neither names of arrays nor literals of Python.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from minidask.tokenize import tokenize
from minidask.tokenize.callables import global_names
from minidask.tokenize.objects import importable_name

_PLAIN = "biufcmM"
# Larger arrays are hashed where they are instead of being copied to bytes.
_SMALL = 4096
# {(code, qualified name, modules that it uses): token} of functions that can't be imported by a name.
_tokens: dict[Any, str] = {}
_MOST = 1024


def func_part(func: Callable[..., Any]) -> Any:
    """Return what stands for a function: where it can be imported from, or its token.

    Examples
    --------
    >>> func_part(np.linspace), len(func_part(lambda: 1))
    (('numpy', 'linspace'), 32)
    """
    found = importable_name(func)
    if found is not None:
        return found
    if type(func) is not FunctionType or func.__closure__ or func.__defaults__ or func.__kwdefaults__ or func.__dict__:
        return tokenize(func)
    names = global_names(func.__code__)
    used = {name: func.__globals__[name] for name in names if name in func.__globals__}
    if any(type(value) is not ModuleType for value in used.values()):
        return tokenize(func)
    # Such a function is its code alone: nothing that may change meanwhile.
    modules = tuple(sorted([(name, value.__name__) for name, value in used.items()]))
    key = func.__code__, func.__qualname__, modules
    token = _tokens.get(key)
    if token is None:
        if len(_tokens) >= _MOST:
            _tokens.clear()
        token = _tokens[key] = tokenize(func)
    return token


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

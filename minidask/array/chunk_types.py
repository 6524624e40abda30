"""Which types blocks may have, and which types contain arrays and are asked before them.

NumPy's arrays, masked ones, and those of libraries that are known by name are blocks. A type with ``__array_ufunc__`` of its
own that isn't among them (a dataframe, a labelled array, a quantity) wraps arrays: operations with it are left to it.

Place in the flow: asked by operators and by the protocols of ``Array``.
"""

from __future__ import annotations

from functools import lru_cache
from inspect import isclass
from typing import Any

import numpy as np

from minidask.array.collection import ArrayBase

_CHUNK_TYPES: list[type] = [np.ndarray, np.generic]
_LIBRARIES = frozenset({"sparse", "cupy", "cupyx", "scipy"})


def register_chunk_type(type: type) -> None:
    """Let blocks be of a type: operations with its objects are taken on.

    Raises
    ------
    TypeError
        If it is no type.

    Examples
    --------
    >>> class Marked(np.ndarray): ...
    >>> register_chunk_type(Marked)
    """
    if not isclass(type):
        raise TypeError(f"register_chunk_type takes a type, got {type!r:.60}")
    _CHUNK_TYPES.append(type)
    is_wrapper.cache_clear()


@lru_cache(256)
def is_wrapper(cls: Any) -> bool:
    """Whether objects of a type contain arrays, so that operations with them are theirs.

    Examples
    --------
    >>> import pandas as pd
    >>> is_wrapper(pd.Series), is_wrapper(np.ndarray), is_wrapper(int)
    (True, False, False)
    """
    if not hasattr(cls, "__array_ufunc__") or issubclass(cls, (ArrayBase, *_CHUNK_TYPES)):
        return False
    return cls.__module__.partition(".")[0] not in _LIBRARIES


def defers_to(other: Any) -> bool:
    """Whether an operation with ``other`` is left to it."""
    kind: Any = type(other)
    return is_wrapper(kind)

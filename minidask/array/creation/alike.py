"""NumPy's functions that make arrays, called with ``like=`` a chunked array: ours, with NumPy's arguments, in automatic chunks.

Place in the flow: above the other modules of ``creation``; only NumPy calls these.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minidask.array.creation.diagonals import tri
from minidask.array.creation.filled import empty, full, ones, zeros
from minidask.array.creation.grids import fromfunction
from minidask.array.creation.ranges import arange, eye, identity
from minidask.array.creation.wrapping import array
from minidask.array.dispatch import implements


@implements(np.zeros)
def zeros_alike(shape: Any, dtype: Any = float, order: str = "C", *, device: Any = None) -> Any:
    """Return ``zeros``.

    Examples
    --------
    >>> import minidask.array as da
    >>> np.zeros(3, int, like=da.ones(2)).compute()
    array([0, 0, 0])
    """
    return zeros(shape, dtype)


@implements(np.ones)
def ones_alike(shape: Any, dtype: Any = None, order: str = "C", *, device: Any = None) -> Any:
    """Return ``ones``."""
    return ones(shape, dtype)


@implements(np.empty)
def empty_alike(shape: Any, dtype: Any = float, order: str = "C", *, device: Any = None) -> Any:
    """Return ``empty``."""
    return empty(shape, dtype)


@implements(np.full)
def full_alike(shape: Any, fill_value: Any, dtype: Any = None, order: str = "C", *, device: Any = None) -> Any:
    """Return ``full``."""
    return full(shape, fill_value, dtype)


@implements(np.arange)
def arange_alike(*bounds: Any, dtype: Any = None, device: Any = None, **named: Any) -> Any:
    """Return ``arange`` of stop, of start and stop, or of start, stop, step and perhaps the dtype."""
    return arange(*bounds[:3], **named, dtype=bounds[3] if len(bounds) == 4 else dtype)


@implements(np.array)
def array_alike(
    object: Any, dtype: Any = None, *, copy: Any = True, order: str = "K", subok: bool = False, ndmin: int = 0
) -> Any:
    """Return ``array``."""
    return array(object, dtype, ndmin)


@implements(np.eye)
def eye_alike(
    N: int, M: int | None = None, k: int = 0, dtype: Any = float, order: str = "C", *, device: Any = None
) -> Any:
    """Return ``eye``."""
    return eye(N, M=M, k=k, dtype=dtype)


@implements(np.identity)
def identity_alike(n: int, dtype: Any = None) -> Any:
    """Return ``identity``."""
    return identity(n, dtype=dtype)


@implements(np.tri)
def tri_alike(N: int, M: int | None = None, k: int = 0, dtype: Any = float) -> Any:
    """Return ``tri``."""
    return tri(N, M, k, dtype)


@implements(np.fromfunction)
def fromfunction_alike(function: Callable[..., Any], shape: Any, *, dtype: Any = float, **kwargs: Any) -> Any:
    """Return ``fromfunction``."""
    return fromfunction(function, shape=shape, dtype=dtype, **kwargs)

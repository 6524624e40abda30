"""Meta: the empty array that says of which type and dtype each block is.

A meta has no elements, except that a 0-dimensional one has the single element that it must have. Its values mean nothing.

Place in the flow: collections carry one; operations make theirs by the table of ``dtypes`` or by running on metas.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np


@lru_cache(1024)
def numpy_meta(dtype: np.dtype[Any], ndim: int) -> np.ndarray[Any, Any]:
    """Return the empty NumPy array of a dtype and number of dimensions; the same one each time.

    Examples
    --------
    >>> numpy_meta(np.dtype("f4"), 2).shape
    (0, 0)
    """
    made = np.zeros((0,) * ndim, dtype)
    made.flags.writeable = False
    return made


def is_numpy(meta: Any) -> bool:
    """Whether blocks are plain NumPy arrays."""
    return type(meta) is np.ndarray


def as_block(value: Any) -> Any:
    """Return what a function made as an array: NumPy gives scalars, or the objects themselves, for arrays without axes.

    Examples
    --------
    >>> as_block(np.float32(1)), as_block((1, 2)).dtype
    (array(1., dtype=float32), dtype('O'))
    """
    if isinstance(value, np.ndarray) or (hasattr(value, "shape") and not isinstance(value, np.generic)):
        return value
    if isinstance(value, np.generic):
        return np.asarray(value)
    made = np.empty((), object)
    made[()] = value
    return made


def meta_of(x: Any, ndim: int | None = None, dtype: Any = None) -> Any:
    """Return the meta of an array-like: its type where that can be made empty, otherwise NumPy's.

    Parameters
    ----------
    x : array-like, type, or None
        A meta or a real array, or the type ``numpy.ndarray``; None stands for it.
    ndim : int, optional
        Default: that of ``x``.
    dtype : dtype, optional
        Default: that of ``x``.

    Raises
    ------
    ValueError
        If ``x`` has no dtype and none is given.

    Examples
    --------
    >>> meta_of(np.ones((3, 4)), ndim=1)
    array([], dtype=float64)
    """
    if x is None or isinstance(x, type):
        if dtype is None:
            raise ValueError("a meta needs a dtype: pass dtype=, or meta= an empty array")
        return numpy_meta(np.dtype(dtype), ndim or 0)
    given = getattr(x, "dtype", None)
    if dtype is None:
        dtype = np.asarray(x).dtype if given is None else given
    ndim = np.ndim(x) if ndim is None else ndim
    if type(x) is np.ndarray or isinstance(x, np.generic) or not hasattr(x, "__array_function__"):
        return numpy_meta(np.dtype(dtype), ndim)
    made = x[(slice(0, 0),) * x.ndim]
    if made.ndim != ndim:
        # A 0-dimensional array of another type has an element that can't be made of nothing: NumPy's has to do.
        made = made.reshape((0,) * ndim) if ndim and made.ndim else numpy_meta(np.dtype(dtype), ndim)
    if made.dtype == dtype:
        return made
    if isinstance(made, np.ma.MaskedArray):
        # Casting one casts its fill value too, which may not fit.
        return np.ma.masked_array(np.zeros(made.shape, dtype))
    return made.astype(dtype)


def with_ndim(meta: Any, ndim: int) -> Any:
    """Return a meta of the same type and dtype with another number of dimensions."""
    return meta if meta.ndim == ndim else meta_of(meta, ndim)


def with_dtype(meta: Any, dtype: Any) -> Any:
    """Return a meta of the same type and number of dimensions with another dtype."""
    return meta if meta.dtype == dtype else meta_of(meta, None, np.dtype(dtype))

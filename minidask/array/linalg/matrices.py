"""What functions of matrices ask of their arguments: two dimensions, squares, dtypes that LAPACK has, SciPy.

Place in the flow: the lowest module of linear algebra. Everything here raises when building.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from typing import Any

import numpy as np

from minidask.array.chunks import has_unknown
from minidask.array.collection import check_known_shape
from minidask.array.elementwise import as_array
from minidask.array.rechunk import rechunk_to


def matrix(what: str, a: Any) -> Any:
    """Return a matrix as an array of two dimensions of a dtype that LAPACK calculates in.

    Raises
    ------
    ValueError
        If it has another number of dimensions.
    TypeError
        If NumPy's linear algebra doesn't know the dtype.

    Examples
    --------
    >>> matrix("qr", np.eye(2, dtype=int)).dtype
    dtype('float64')
    """
    x = as_array(a)
    if x.ndim != 2:
        raise ValueError(f"{what} needs a matrix, of two dimensions, got {x.ndim} dimensions")
    return calculable(x)


def calculable(x: Any) -> Any:
    """Return an array in the dtype that LAPACK calculates in for it: integers as floating-point numbers."""
    dtype = lapack_dtype(x.dtype)
    return x if x.dtype == dtype else x.astype(dtype)


@lru_cache(256)
def lapack_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype that NumPy's linear algebra gives for one; raises TypeError for those that it doesn't know.

    Examples
    --------
    >>> lapack_dtype(np.dtype("i4")), lapack_dtype(np.dtype("c8"))
    (dtype('float64'), dtype('complex64'))
    """
    return np.dtype(np.linalg.inv(np.ones((1, 1), dtype)).dtype)


def square(what: str, a: Any) -> Any:
    """Return a square matrix with the same chunks along both axes, those of the columns.

    Raises
    ------
    ValueError, TypeError
        As ``matrix`` does, and if it isn't square.
    UnknownChunkSizes
        If chunk sizes aren't known.

    Examples
    --------
    >>> import minidask.array as da
    >>> square("lu", da.eye(4, chunks=2).rechunk({0: 3})).chunks
    ((2, 2), (2, 2))
    """
    x = matrix(what, a)
    check_square(what, x)
    sizes = tuple([n for n in x._chunks[1] if n]) or (0,)
    return rechunk_to(x, (sizes, sizes))


def check_square(what: str, x: Any) -> None:
    """Raise LinAlgError unless the last two axes have one length; UnknownChunkSizes unless all lengths are known."""
    check_known_shape(what, x)
    if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
        raise np.linalg.LinAlgError(f"{what} needs a square matrix, got shape {x.shape}")


def one_block(what: str, x: Any, axis: int) -> Any:
    """Return an array with one block along an axis; one whose sizes aren't known there can't be rechunked, which raises."""
    axis %= x.ndim
    if len(x._chunks[axis]) == 1:
        return x
    if has_unknown(x._chunks[axis]):
        check_known_shape(what, x)
    return x.rechunk({axis: -1})


def scipy_linalg(what: str) -> Any:
    """Return the module ``scipy.linalg``.

    Raises
    ------
    ImportError
        If SciPy isn't there; the message says what to do.
    """
    try:
        return import_module("scipy.linalg")
    except ImportError as error:
        raise ImportError(f"{what} needs SciPy, which isn't installed: pip install scipy") from error

"""How rows vary together: ``cov``, ``corrcoef``. Deviations from the means are multiplied, so that large means cost no digits.

Place in the flow: means and a matrix product of arrays; nothing here makes layers by itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minidask.array.collection import ArrayBase, check_known_shape
from minidask.array.dispatch import implements
from minidask.array.elementwise import as_array, elementwise
from minidask.array.joining import concatenate
from minidask.array.performance import warn
from minidask.array.planned import planned


def _rows(m: Any, y: Any, rowvar: Any, dtype: Any) -> Any:
    """Return variables as rows."""
    x = as_array(m)
    if x.ndim > 2:
        raise ValueError("m has more than 2 dimensions")
    parts = [x]
    if y is not None:
        parts.append(as_array(y))
        if parts[1].ndim > 2:
            raise ValueError("y has more than 2 dimensions")
    if dtype is None:
        dtype = np.result_type(*[part.dtype for part in parts], np.float64)
    if any(isinstance(part._meta, np.ma.MaskedArray) for part in parts):
        raise NotImplementedError(
            "covariances of masked arrays aren't built: leave out observations with masked elements first, or give these "
            "a value with da.ma.filled; or call numpy.ma.cov(x.compute())"
        )
    rows = []
    for part in parts:
        row = part.astype(dtype)
        if row.ndim == 2:
            rows.append(row if rowvar else row.T)
        else:
            rows.append(row.reshape(1, -1) if row.ndim == 0 else row[None, :])
    return rows[0] if len(rows) == 1 else concatenate(rows, axis=0)


def _weights(values: Any, what: str, length: int, integral: bool) -> Any:
    """Return weights of observations; raises as NumPy does."""
    if isinstance(values, ArrayBase):
        raise TypeError(f"{what} must be in memory: compute them first")
    given = np.asarray(values, dtype=float)
    if integral and not np.all(given == np.around(given)):
        raise TypeError(f"{what} must be integer")
    if given.ndim > 1:
        raise RuntimeError(f"cannot handle multidimensional {what}")
    if given.shape != (length,):
        raise RuntimeError(f"incompatible numbers of samples and {what}")
    if (given < 0).any():
        raise ValueError(f"{what} cannot be negative")
    return given


@implements(np.cov)
@planned
def cov(
    m: Any,
    y: Any = None,
    rowvar: Any = True,
    bias: Any = False,
    ddof: Any = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: Any = None,
) -> Any:
    """Return the covariances of variables.

    Parameters
    ----------
    m : Array
        One variable, or several as rows.
    y : Array, optional
        Further variables.
    rowvar : bool
        False: variables are columns.
    bias : bool
        Whether to divide by the number of observations rather than by one less; ``ddof`` overrides it.
    ddof : int, optional
    fweights, aweights : array-like in memory, optional
        How often each observation counts; how much.
    dtype : dtype, optional

    Raises
    ------
    RuntimeError, TypeError, ValueError
        As NumPy does: more than two dimensions, weights that don't fit, a ``ddof`` that is no integer.
    UnknownChunkSizes
        If the number of observations isn't known.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.cov(da.from_array([[0, 1, 2], [2, 1, 0]], chunks=2)).compute()
    array([[ 1., -1.],
           [-1.,  1.]])
    """
    if ddof is not None and ddof != int(ddof):
        raise ValueError("ddof must be integer")
    x = _rows(m, y, rowvar, dtype)
    check_known_shape("cov", x)
    apart, weighted, degrees = _deviations(x, bias, ddof, fweights, aweights)
    product = np.dot(apart, np.conjugate(weighted).T)
    return np.squeeze(product * np.true_divide(1, degrees, dtype=np.finfo(x.dtype).dtype))


def _deviations(x: Any, bias: Any, ddof: Any, fweights: Any, aweights: Any) -> tuple[Any, Any, Any]:
    """Return deviations from the means, these times their weights, and the degrees of freedom."""
    length = int(x.shape[1])
    if ddof is None:
        ddof = 0 if bias else 1
    weights = None
    if fweights is not None:
        weights = _weights(fweights, "fweights", length, True)
    if aweights is not None:
        aweights = _weights(aweights, "aweights", length, False)
        weights = aweights if weights is None else weights * aweights
    if weights is None:
        mean = x.mean(axis=1, keepdims=True)
        degrees = length - ddof
    else:
        total = weights.sum()
        mean = (x * weights).sum(axis=1, keepdims=True) / total
        if ddof == 0:
            degrees = total
        elif aweights is None:
            degrees = total - ddof
        else:
            degrees = total - ddof * (weights * aweights).sum() / total
    if degrees <= 0:
        warn("Degrees of freedom <= 0 for slice", RuntimeWarning)
        degrees = 0.0
    apart = x - mean
    return apart, apart if weights is None else apart * weights, degrees


def _limited(c: Any) -> Any:
    """Return correlations between -1 and 1, each part of complex ones by itself."""
    if np.iscomplexobj(c):
        return np.clip(c.real, -1, 1) + 1j * np.clip(c.imag, -1, 1)
    return np.clip(c, -1, 1)


@implements(np.corrcoef)
@planned
def corrcoef(x: Any, y: Any = None, rowvar: Any = True, *, dtype: Any = None) -> Any:
    """Return the correlations (Pearson) of variables; arguments and errors as for ``cov``.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.corrcoef(da.from_array([[0, 1, 2], [2, 1, 0]], chunks=2)).compute()
    array([[ 1., -1.],
           [-1.,  1.]])
    """
    rows = _rows(x, y, rowvar, dtype)
    check_known_shape("corrcoef", rows)
    apart, _, degrees = _deviations(rows, False, None, None, None)
    together = np.dot(apart, np.conjugate(apart).T) / degrees
    spread = np.sqrt(
        (np.real(apart) ** 2 + np.imag(apart) ** 2 if apart.dtype.kind == "c" else apart**2).sum(axis=1) / degrees
    )
    if rows.shape[0] == 1:
        together = np.squeeze(together)
        return together / together
    return elementwise(_limited, together / spread[:, None] / spread[None, :], dtype=rows.dtype)

"""Count and average what is not masked: ``count``, ``average``.

Place in the flow: sums of arrays; the reductions that NumPy's arrays have too are in ``reductions.masked``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minidask.array.chunks import normalize_axes, normalize_axis
from minidask.array.elementwise import as_array
from minidask.array.ma.masking import call_masked, getmaskarray, masked_array
from minidask.array.planned import planned
from minidask.array.reductions.folds import sum as total
from minidask.array.reductions.moments import mean
from minidask.array.shaping import broadcast_to


@planned
def count(a: Any, axis: Any = None, keepdims: bool = False, split_every: Any = None) -> Any:
    """Return how many elements aren't masked, along axes.

    Parameters
    ----------
    a : Array
    axis : int or tuple of int, optional
        Default: all.
    keepdims : bool
    split_every : int or {axis: int}, optional

    Raises
    ------
    numpy.exceptions.AxisError
        If an axis is out of range.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.ma.count(da.ma.masked_equal(da.arange(3, chunks=2), 1)).compute()
    np.int64(2)
    """
    return total(~getmaskarray(a), axis=axis, dtype=np.intp, keepdims=keepdims, split_every=split_every)


@planned
def average(a: Any, axis: Any = None, weights: Any = None, returned: bool = False, keepdims: bool = False) -> Any:
    """Return the average of what is not masked, along axes.

    Parameters
    ----------
    a : Array
    axis : int or tuple of int, optional
        Default: all.
    weights : array-like, optional
        Of the array's shape, or along one axis of that one's length.
    returned : bool
        Whether to return the sum of the weights (the count without weights), too.
    keepdims : bool

    Raises
    ------
    numpy.exceptions.AxisError
        If an axis is out of range.
    TypeError
        If weights have another shape, and no axis is given.
    ValueError
        If weights don't have the length of the axis.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.ma.average(da.ma.masked_equal(da.arange(3, chunks=2), 1), weights=[1, 1, 3]).compute()
    np.float64(1.5)
    """
    x = as_array(a)
    normalize_axes(axis, x.ndim)
    if weights is None:
        found = mean(x, axis=axis, keepdims=keepdims)
        return (found, count(x, axis, keepdims).astype(found.dtype)) if returned else found
    weight = as_array(weights)
    if weight.shape != x.shape:
        if axis is None:
            raise TypeError("Axis must be specified when shapes of a and weights differ.")
        if isinstance(axis, tuple | list) or weight.ndim != 1:
            raise TypeError("1D weights expected when shapes of a and weights differ.")
        at = normalize_axis(axis, x.ndim)
        if weight.shape[0] != x.shape[at]:
            raise ValueError("Length of weights not compatible with specified axis.")
        weight = broadcast_to(weight.reshape([-1 if i == at else 1 for i in range(x.ndim)]), x.shape)
    kind = np.result_type(x.dtype, weight.dtype, *(["f8"] if x.dtype.kind in "iub" else []))
    weight = masked_array(weight, mask=getmaskarray(x))
    scale = total(weight, axis=axis, dtype=kind, keepdims=keepdims)
    summed = total(x * weight, axis=axis, dtype=kind, keepdims=keepdims)
    # NumPy's ufunc would warn of what is masked.
    found = call_masked("true_divide", summed, scale)
    return (found, scale) if returned else found

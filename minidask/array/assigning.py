"""NumPy's functions that change an array: ``copyto``, ``putmask``, ``fill_diagonal``; and ``copy``, after which nothing does.

An array is changed as by ``x[...] = value``: it gets another layer, and arrays made from it before keep the old one.

Place in the flow: above ``rebinding``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minidask.array.collection import ArrayBase, new_array
from minidask.array.creation.ranges import eye
from minidask.array.dispatch import implements
from minidask.array.elementwise import as_array, elementwise
from minidask.array.rebinding import rebind
from minidask.array.shaping import broadcast_to


def _changed(what: str, x: Any) -> None:
    if not isinstance(x, ArrayBase):
        raise TypeError(
            f"{what} of lazy values changes a chunked array, got {type(x).__name__}: compute the values first"
        )


@implements(np.copyto)
def copyto(dst: Any, src: Any, casting: Any = "same_kind", where: Any = True) -> None:
    """Assign values to an array, which are broadcast, where ``where`` is true.

    Raises
    ------
    TypeError
        If ``dst`` isn't chunked, or the cast isn't allowed.
    ValueError
        If shapes don't broadcast to that of ``dst``.

    Examples
    --------
    >>> import minidask.array as da
    >>> x = da.zeros(3, chunks=2)
    >>> da.copyto(x, 5, where=[True, False, True])
    >>> x.compute()
    array([5., 0., 5.])
    """
    _changed("copyto", dst)
    # A Python number fits where its value does.
    given = src.dtype if isinstance(src, ArrayBase) else np.asarray(src).dtype
    fits = np.can_cast(given, dst.dtype, casting) or (
        type(src) in (int, float, complex, bool) and np.result_type(dst.dtype, src) == dst.dtype
    )
    if not fits:
        raise TypeError(f"Cannot cast array data from {given!r} to {dst.dtype!r} according to the rule {casting!r}")
    values = broadcast_to(as_array(src).astype(dst.dtype), dst.shape)
    if where is not True:
        values = elementwise(np.where, broadcast_to(as_array(where).astype(bool), dst.shape), values, dst)
    rebind("copyto", dst, values)


@implements(np.putmask)
def putmask(a: Any, mask: Any, values: Any) -> None:
    """Assign values where a mask is true: a scalar, or of the array's shape.

    Raises
    ------
    TypeError
        If ``a`` isn't chunked.
    ValueError
        If the mask hasn't the array's shape.
    NotImplementedError
        If the values have another shape: NumPy repeats them.

    Examples
    --------
    >>> import minidask.array as da
    >>> x = da.arange(4, chunks=2)
    >>> da.putmask(x, x > 2, 0)
    >>> x.compute()
    array([0, 1, 2, 0])
    """
    _changed("putmask", a)
    if np.shape(mask) != a.shape:
        raise ValueError("putmask: mask and data must be the same size")
    if np.ndim(values) and np.shape(values) != a.shape:
        raise NotImplementedError(
            f"putmask repeats values of shape {np.shape(values)}, which isn't built: make them of shape {a.shape}"
        )
    copyto(a, values, "unsafe", mask)


@implements(np.fill_diagonal)
def fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    """Assign a scalar to the main diagonal of a matrix.

    Raises
    ------
    TypeError
        If ``a`` isn't chunked.
    ValueError
        If it isn't a matrix.
    NotImplementedError
        With ``wrap``, or several values.

    Examples
    --------
    >>> import minidask.array as da
    >>> x = da.zeros((2, 2), chunks=1)
    >>> da.fill_diagonal(x, 3)
    >>> x.compute().tolist()
    [[3.0, 0.0], [0.0, 3.0]]
    """
    _changed("fill_diagonal", a)
    if a.ndim != 2:
        raise ValueError(f"fill_diagonal needs a matrix here, of two dimensions, got {a.ndim}")
    if wrap or np.ndim(val):
        raise NotImplementedError("fill_diagonal with wrap=True or several values isn't built: use where and eye")
    copyto(a, val, "unsafe", eye(a.shape[0], a.chunks, a.shape[1], dtype=bool))


@implements(np.copy)
def copy(a: Any, order: Any = "K", subok: bool = False) -> Any:
    """Return an array that assignments to ``a`` don't change; nothing is copied.

    Examples
    --------
    >>> import minidask.array as da
    >>> x = da.zeros(2)
    >>> y = da.copy(x)
    >>> x[0] = 1
    >>> y.compute()
    array([0., 0.])
    """
    x = as_array(a)
    return new_array(x._layer, x._chunks, x._meta, x._shape)

"""NumPy's functions that change an array whole: ``copyto``; and ``copy``, after which nothing does.

An array is changed as by ``x[...] = value``: it gets another layer, and arrays made from it before keep the old one.

Place in the flow: above ``rebinding``; ``placing`` puts values at positions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minidask.array.collection import ArrayBase, another
from minidask.array.dispatch import implements
from minidask.array.elementwise import as_array, elementwise
from minidask.array.rebinding import rebind
from minidask.array.shaping import broadcast_to


def changed(what: str, x: Any) -> None:
    """Raise TypeError unless what is to be changed is chunked."""
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
    changed("copyto", dst)
    # A Python number fits where its value does.
    given = src.dtype if isinstance(src, ArrayBase) else np.asarray(src).dtype
    fits = np.can_cast(given, dst.dtype, casting) or (
        type(src) in (int, float, complex, bool) and np.result_type(dst.dtype, src) == dst.dtype
    )
    if not fits:
        raise TypeError(f"Cannot cast array data from {given!r} to {dst.dtype!r} according to the rule {casting!r}")
    values = as_array(src).astype(dst.dtype)
    if where is True or values.ndim:
        values = broadcast_to(values, dst.shape)
    if where is not True:
        values = elementwise(np.where, broadcast_to(as_array(where).astype(bool), dst.shape), values, dst)
    rebind("copyto", dst, values)


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
    return another(as_array(a))

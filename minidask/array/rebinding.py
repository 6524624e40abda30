"""``out=``: a chunked array that is given takes the result, as by assignment.

Blocks are never written to: the array gets the result's layer, and arrays made from it before keep the old one. An array in
memory can't take what isn't computed yet.

Place in the flow: below ufuncs and reductions, which end here where ``out=`` is given.
"""

from __future__ import annotations

from typing import Any

from numpy import can_cast

from minidask.array.chunks import is_unknown
from minidask.array.collection import ArrayBase


def rebind(what: str, out: Any, value: Any) -> Any:
    """Have ``out`` stand for a value, and return it; the value itself if ``out`` is None.

    Parameters
    ----------
    what : str
        The operation, for messages.
    out : Array, tuple of one Array, or None
    value : Array

    Raises
    ------
    TypeError
        If ``out`` is no chunked array, or the value's dtype can't be cast to its dtype.
    ValueError
        If shapes differ.

    Examples
    --------
    >>> import minidask.array as da
    >>> total = da.zeros(())
    >>> da.arange(4, chunks=2).sum(out=total) is total, total.compute()
    (True, np.float64(6.0))
    """
    if isinstance(out, tuple) and len(out) == 1:
        (out,) = out
    if out is None:
        return value
    if not isinstance(out, ArrayBase):
        raise TypeError(f"out= must be a chunked array, got {type(out).__name__}: a lazy result can't be put into it")
    if out.ndim != value.ndim or any(
        n != m and not is_unknown(n) and not is_unknown(m) for n, m in zip(out.shape, value.shape, strict=True)
    ):
        raise ValueError(f"out= has shape {out.shape}, but the result of {what} has {value.shape}")
    if not can_cast(value.dtype, out.dtype, "same_kind"):
        raise TypeError(f"the result of {what} is {value.dtype}, which can't be cast to out='s {out.dtype}")
    value = value if value.dtype == out.dtype else value.astype(out.dtype)
    out._layer, out._chunks, out._meta = value._layer, value._chunks, value._meta
    out._shape, out._graph = value._shape, None
    return out

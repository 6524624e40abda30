"""What NumPy's functions say of an array without looking at its elements: ``shape``, ``ndim``, ``size``, ``result_type``, ...

Place in the flow: beside ``dispatch``; code that is written for NumPy's arrays asks these of any array. Nothing here is lazy:
the answers are known.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minidask.array.collection import ArrayBase
from minidask.array.dispatch import implements
from minidask.array.elementwise import as_array, holds_arrays
from minidask.array.spelling import also_named


def stacked(x: Any) -> Any:
    """Return lists of chunked arrays as one, anything else as it is.

    Examples
    --------
    >>> import minidask.array as da
    >>> stacked([da.ones(3), da.ones(3)]).shape, stacked([1, 2])
    ((2, 3), [1, 2])
    """
    return as_array(x) if holds_arrays(x) else x


@implements(np.shape)
@also_named(array="a")
def shape(a: Any) -> tuple[Any, ...]:
    """Return an array's shape; NaN for lengths that aren't known.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.shape(da.ones((2, 3)))
    (2, 3)
    """
    a = stacked(a)
    return a.shape if isinstance(a, ArrayBase) else np.shape(a)


@implements(np.ndim)
def ndim(a: Any) -> int:
    """Return an array's number of dimensions.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.ndim(da.ones((2, 3)))
    2
    """
    a = stacked(a)
    return a.ndim if isinstance(a, ArrayBase) else np.ndim(a)


@implements(np.size)
def size(a: Any, axis: Any = None) -> Any:
    """Return the number of elements, all or along an axis.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.size(da.ones((2, 3)), 1)
    3
    """
    a = stacked(a)
    if not isinstance(a, ArrayBase):
        return np.size(a, axis)
    return a.size if axis is None else a.shape[axis]


@implements(np.result_type)
def result_type(*arrays_and_dtypes: Any) -> np.dtype[Any]:
    """Return the dtype that NumPy would promote arrays, dtypes and numbers to; raises TypeError if there is none.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.result_type(da.ones(3, dtype="f4"), 1.5, "i1")
    dtype('float32')
    """
    return np.result_type(*[x.dtype if isinstance(x, ArrayBase) else x for x in arrays_and_dtypes])


@implements(np.can_cast)
def can_cast(from_: Any, to: Any, casting: Any = "safe") -> bool:
    """Return whether a cast is allowed.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.can_cast(da.ones(3), "f4")
    False
    """
    return np.can_cast(from_.dtype if isinstance(from_, ArrayBase) else from_, to, casting)


@implements(np.iscomplexobj)
def iscomplexobj(x: Any) -> bool:
    """Return whether elements are complex numbers, whatever their values.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.iscomplexobj(da.ones(3, dtype="c8"))
    True
    """
    x = stacked(x)
    return bool(x.dtype.kind == "c") if isinstance(x, ArrayBase) else np.iscomplexobj(x)


@implements(np.isrealobj)
def isrealobj(x: Any) -> bool:
    """Return whether elements are no complex numbers.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.isrealobj(da.ones(3))
    True
    """
    return not iscomplexobj(x)


@implements(np.shares_memory, np.may_share_memory)
def shares_memory(a: Any, b: Any, max_work: Any = None) -> bool:
    """Return False: what isn't computed has no memory to share."""
    return False


@implements(np.isscalar)
def isscalar(element: Any) -> bool:
    """Return whether something is a scalar; a chunked array never is.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.isscalar(da.ones(())), da.isscalar(3)
    (False, True)
    """
    return not isinstance(element, ArrayBase) and np.isscalar(element)


@implements(np.common_type)
def common_type(*arrays: Any) -> type:
    """Return the inexact type that arrays have in common; raises TypeError for others than numbers.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.common_type(da.ones(3, dtype="f4"), da.ones(3, dtype=int))
    <class 'numpy.float64'>
    """
    return np.common_type(*[np.empty(0, x.dtype) if isinstance(x, ArrayBase) else x for x in arrays])


@implements(np.min_scalar_type)
def min_scalar_type(a: Any) -> np.dtype[Any]:
    """Return the smallest dtype that holds a scalar; an array's own, also of one without axes, whose value isn't known.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.min_scalar_type(da.ones(3))
    dtype('float64')
    """
    a = stacked(a)
    return a.dtype if isinstance(a, ArrayBase) else np.min_scalar_type(a)


@implements(np.array_repr, np.array_str, np.array2string)
@also_named(a="arr")
def array_repr(arr: Any, *args: Any, **kwargs: Any) -> str:
    """Return what ``repr`` shows of an array, which computes nothing.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.array_repr(da.ones(3))[:15]
    'minidask.array<'
    """
    return repr(arr) if isinstance(arr, ArrayBase) else np.array_repr(arr, *args, **kwargs)


@implements(np.einsum_path)
def einsum_path(*operands: Any, optimize: Any = "greedy", einsum_call: bool = False) -> Any:
    """Return in which order NumPy would multiply the operands of ``einsum``; their shapes decide.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.einsum_path("ij,jk->ik", da.ones((2, 3)), da.ones((3, 4)))[0]
    ['einsum_path', (0, 1)]
    """
    stand_ins = [np.broadcast_to(np.zeros((), x.dtype), x.shape) if isinstance(x, ArrayBase) else x for x in operands]
    return np.einsum_path(*stand_ins, optimize=optimize)

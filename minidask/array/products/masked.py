"""Products of masked arrays: what is masked counts as 0, and a sum of nothing else is masked, as in ``numpy.ma.dot``.

NumPy's other products multiply what lies under the masks, or fail. Here two products are made: of the values, and of what is
there, which says where a sum has nothing.

Place in the flow: ``contraction`` comes here for masked operands.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minidask.array.elementwise import elementwise


class Values:
    """Return a block with 0 under its mask."""

    __slots__ = ()
    any_cut = True

    def __call__(self, block: Any) -> Any:
        data = np.array(np.ma.getdata(block))
        data[np.ma.getmaskarray(block)] = 0
        return data

    def __reduce__(self) -> tuple[Any, ...]:
        return Values, ()


class There:
    """Return which elements of a block aren't masked."""

    __slots__ = ()
    any_cut = True

    def __call__(self, block: Any) -> Any:
        return ~np.ma.getmaskarray(block)

    def __reduce__(self) -> tuple[Any, ...]:
        return There, ()


class Masked:
    """Mask a block where nothing is there."""

    __slots__ = ()
    any_cut = True

    def __call__(self, block: Any, there: Any) -> Any:
        return np.ma.masked_array(block, ~np.asarray(there))

    def __reduce__(self) -> tuple[Any, ...]:
        return Masked, ()


def is_masked(x: Any) -> bool:
    """Whether an array's blocks are masked arrays."""
    return isinstance(x._meta, np.ma.MaskedArray)


def masked_product(multiply: Callable[..., Any], dtype: Any, *arrays: Any) -> Any:
    """Return what ``multiply(dtype, *arrays)`` makes of arrays, some of which are masked; of bools it is asked for no dtype.

    Examples
    --------
    >>> import minidask.array as da
    >>> x = da.from_array(np.ma.array([1, 2, 3], mask=[True, False, False]), chunks=2)
    >>> int(da.dot(x, x).compute())
    13
    """
    values = [
        elementwise(Values(), x, name="values-under-mask", meta=np.empty((0,) * x.ndim, x.dtype)) if is_masked(x) else x
        for x in arrays
    ]
    there = [elementwise(There(), x, name="not-masked", meta=np.empty((0,) * x.ndim, bool)) for x in arrays]
    made, known = multiply(dtype, *values), multiply(None, *there)
    meta = np.ma.masked_array(np.zeros((0,) * made.ndim, made.dtype))
    return elementwise(Masked(), made, known if known.dtype == bool else known != 0, name="masked-product", meta=meta)

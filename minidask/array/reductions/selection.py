"""``where=`` and ``initial=`` of reductions: which elements take part, and what a reduction begins with.

Where a function has a value that changes nothing (0 of a sum) elements that take no part are replaced by it. Means and variances
count what takes part: blocks are masked on the way, and what comes out is plain again.

Place in the flow: ``folds`` and ``moments`` ask here. Not for: masked arrays of users (``masked``).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from minidask.array.collection import ArrayBase
from minidask.array.dtypes import as_element
from minidask.array.elementwise import as_array, elementwise
from minidask.array.reductions.masked import masked_fold
from minidask.array.unify import broadcast_shape

_NO_VALUE = getattr(np, "_NoValue", None)


def given(value: Any) -> bool:
    """Whether an argument was given: NumPy's own functions pass a marker where it wasn't.

    Examples
    --------
    >>> given(None), given(np._NoValue), given(0)
    (False, False, True)
    """
    return value is not None and value is not _NO_VALUE


def limits(where: Any) -> bool:
    """Whether ``where`` leaves anything out."""
    return where is not True and where is not None and where is not _NO_VALUE


def mask_for(x: ArrayBase, where: Any) -> Any:
    """Return ``where`` as an array of bools.

    Raises
    ------
    ValueError
        If it doesn't broadcast to the array's shape.
    """
    wanted = as_array(where)
    if broadcast_shape([wanted.shape, x.shape]) != x.shape and not any(n != n for n in (*x.shape, *wanted.shape)):
        raise ValueError(f"where= of shape {wanted.shape} has to broadcast to the shape of the array, {x.shape}")
    return wanted if wanted.dtype == bool else wanted.astype(bool)


def filled_where(x: ArrayBase, where: Any, value: Any) -> Any:
    """Return the array with a value of its dtype where ``where`` is false; a masked array with these elements masked.

    Examples
    --------
    >>> import minidask.array as da
    >>> filled_where(da.ones(3, chunks=2), [True, False, True], 0).compute()
    array([1., 0., 1.])
    """
    wanted = mask_for(x, where)
    if isinstance(x._meta, np.ma.MaskedArray):
        return masked_where(x, wanted)
    return elementwise(np.where, wanted, x, value if x.dtype == object else np.asarray(value).astype(x.dtype)[()])


class MaskUnless:
    """Mask what of a block takes no part."""

    __slots__ = ()
    any_cut = True

    def __call__(self, block: Any, wanted: Any) -> Any:
        mask = np.broadcast_to(~np.asarray(wanted), np.shape(block)) | np.ma.getmaskarray(block)
        return np.ma.masked_array(np.ma.getdata(block), mask)

    def __reduce__(self) -> tuple[Any, ...]:
        return MaskUnless, ()


def masked_where(x: ArrayBase, wanted: Any) -> Any:
    """Return an array of masked blocks, in which what takes no part is masked."""
    meta = np.ma.masked_array(np.zeros((0,) * x.ndim, x.dtype))
    return elementwise(MaskUnless(), x, wanted, name="mask-unless", meta=meta)


class Selected(NamedTuple):
    """A fold of ``moments``, for masked blocks, whose value isn't masked: where nothing takes part it is NaN, as in NumPy."""

    fold: Any

    @property
    def name(self) -> str:
        """The operation's name."""
        return f"{self.fold.name}-where"

    def chunk(self, block: Any, axes: tuple[int, ...], bounds: Any) -> Any:
        return masked_fold(self.fold, axes).chunk(block, axes, bounds)

    def combine(self, partials: list[Any]) -> Any:
        return self.fold.combine(partials)

    def finish(self, partial: Any, axes: tuple[int, ...]) -> Any:
        return self.fold.finish(partial, axes)


def initial_of(initial: Any, dtype: Any) -> Any:
    """Return what a reduction begins with, in the dtype of its result; None for nothing.

    Raises
    ------
    ValueError
        If it is no scalar.
    OverflowError
        If the dtype has no such number.

    Examples
    --------
    >>> initial_of(2.5, np.dtype("i8"))
    np.int64(2)
    """
    if not given(initial):
        return None
    if isinstance(initial, ArrayBase) or np.ndim(initial):
        raise ValueError(f"initial must be a scalar in memory, got {initial!r:.60}")
    return initial if np.dtype(dtype).kind == "O" else as_element(initial, dtype)

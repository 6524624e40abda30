"""Whether a block that somebody's function made is what was declared for it.

Place in the flow: called in tasks, by all that takes a function of blocks. A look at shape and dtype takes about a microsecond.

Invariant: a block either is what was declared, or is made so without losing a kind, a character or a digit of an integer, or
raises; what has no shape or dtype (lists, dicts) is not looked at.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def check_shape(block: Any, declared: tuple[Any, ...], who: str, remedy: str) -> None:
    """Raise ValueError, naming both, unless a block has the declared shape, in which NaN stands for any length.

    Examples
    --------
    >>> check_shape(np.ones(3), (2,), "f", "chunks=")
    Traceback (most recent call last):
    ...
    ValueError: f returned a block of shape (3,) where (2,) was declared: correct chunks=
    """
    shape = getattr(block, "shape", None)
    if shape == declared:
        return
    if not isinstance(shape, tuple):
        if not isinstance(block, int | float | complex):
            return
        shape = ()
    if len(shape) != len(declared) or any(n == n and n != m for n, m in zip(declared, shape, strict=True)):
        raise ValueError(f"{who} returned a block of shape {shape} where {declared} was declared: correct {remedy}")


def as_declared(block: Any, dtype: Any, who: str, remedy: str) -> Any:
    """Return a block of NumPy's in the declared dtype.

    Raises
    ------
    TypeError
        If it is of another kind, such as floats where ints were declared, or of longer texts.
    OverflowError
        If an integer doesn't fit the dtype.

    Examples
    --------
    >>> as_declared(np.array([1, 2]), np.dtype("f8"), "f", "dtype=")
    array([1., 2.])
    >>> as_declared(np.array([1.5]), np.dtype("i8"), "f", "dtype=")
    Traceback (most recent call last):
    ...
    TypeError: f returned a block of dtype float64 where int64 was declared: correct dtype=
    """
    actual = getattr(block, "dtype", dtype)
    if actual == dtype or not isinstance(block, np.ndarray | np.generic):
        return block
    text = dtype.kind in "SU"
    if text and not dtype.itemsize and actual.kind == dtype.kind:
        # Declared without a width, which stands for any.
        return block
    if not np.can_cast(actual, dtype, "safe" if text else "same_kind"):
        raise TypeError(f"{who} returned a block of dtype {actual} where {dtype} was declared: correct {remedy}")
    made = block.astype(dtype)
    if dtype.kind in "iu" and not np.can_cast(actual, dtype) and not (made == block).all():
        raise OverflowError(
            f"{who} returned a block of dtype {actual} with integers that {dtype}, which was declared, doesn't hold: correct "
            f"{remedy}"
        )
    return made

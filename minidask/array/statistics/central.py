"""Central moments of any order in one pass: ``moment``.

A partial result is the count, the mean, and the sums of the powers 2 to ``order`` of the deviations from it. Two are combined
by the formulas of Pébay ("Formulas for robust, one-pass parallel computation of covariances and arbitrary-order statistical
moments", Sandia report SAND2008-6212, 2008), so that large means cost no digits.

Place in the flow: a fold for ``reductions.tree``; ``stats`` builds on it.
"""

from __future__ import annotations

from functools import reduce as fold_left
from math import comb, prod
from typing import Any, NamedTuple

import numpy as np

from minidask.array.chunks import normalize_axes
from minidask.array.dtypes import reduced_dtype
from minidask.array.elementwise import as_array
from minidask.array.planned import planned
from minidask.array.rebinding import rebind
from minidask.array.reductions.tree import reduce_tree


class MomentFold(NamedTuple):
    """Carry ``(count, mean, sums of powers)``."""

    order: int
    ddof: float
    dtype: Any
    name: str = "moment"
    in_slabs: bool = True

    def chunk(self, block: Any, axes: tuple[int, ...], bounds: Any) -> Any:
        kind = np.dtype("f4") if self.dtype == np.float16 else self.dtype
        if block.dtype.kind == "c":
            kind = block.dtype
        n = prod([block.shape[axis] for axis in axes])
        total = np.sum(block, axis=axes, keepdims=True, dtype=kind)
        mean = total / max(n, 1)
        apart = block - mean
        sums, power = [], apart
        for _ in range(2, self.order + 1):
            power = power * apart
            sums.append(np.sum(power, axis=axes, keepdims=True))
        return n, mean, tuple(sums)

    def combine(self, partials: list[Any]) -> Any:
        return fold_left(self._join, partials)

    def _join(self, one: Any, other: Any) -> Any:
        (n, mean, sums), (m, mean2, sums2) = one, other
        both = n + m
        if not both:
            return one
        apart = mean2 - mean
        # back, on: from each mean to that of both.
        back, on = -m / both * apart, n / both * apart
        out = []
        for order in range(2, self.order + 1):
            found = sums[order - 2] + sums2[order - 2] + n * back**order + m * on**order
            for k in range(1, order - 1):
                lower = order - k - 2
                found = found + comb(order, k) * (sums[lower] * back**k + sums2[lower] * on**k)
            out.append(found)
        return both, mean + m / both * apart, tuple(out)

    def finish(self, partial: Any, axes: tuple[int, ...]) -> Any:
        n, _, sums = partial
        return np.true_divide(sums[self.order - 2], n - self.ddof)


@planned
def moment(
    a: Any,
    order: int,
    axis: Any = None,
    dtype: Any = None,
    keepdims: bool = False,
    ddof: float = 0,
    split_every: Any = None,
    out: Any = None,
) -> Any:
    """Return the central moment of an order along axes: the mean of a power of the deviations from the mean.

    Parameters
    ----------
    a : Array
        Of numbers.
    order : int
        At least 0; the moment of order 0 is 1, that of order 1 is 0.
    axis : int or tuple of int, optional
        Default: over all elements.
    dtype : dtype, optional
        Of the result; default: that of the mean.
    keepdims : bool
    ddof : float
        Taken from the count that the sum is divided by.
    split_every : int or {axis: int}, optional

    Raises
    ------
    numpy.exceptions.AxisError
        If an axis is out of range.
    TypeError
        If the elements are no numbers.
    ValueError
        If ``order`` is no integer, or negative.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.moment(da.from_array([1, 2, 6], chunks=2), 3).compute()
    np.float64(6.0)
    """
    if isinstance(order, bool) or not hasattr(order, "__index__") or order < 0:
        raise ValueError(f"Order must be an integer >= 0, got {order!r}")
    x = as_array(a)
    if x.dtype.kind not in "biufc":
        raise TypeError(f"moments of {x.dtype} aren't defined: convert to numbers first")
    axes = normalize_axes(axis, x.ndim)
    result = np.dtype(dtype) if dtype is not None else reduced_dtype("mean", x.dtype)
    if order < 2:
        counted = x.astype(bool).any(axis=axes, keepdims=keepdims)
        return rebind("moment", out, np.full_like(counted, 1 - order, dtype=result))
    fold = MomentFold(int(order), ddof, result)
    made = reduce_tree("moment", x, fold, axes, result, keepdims, split_every, token=(int(order), ddof))
    return rebind("moment", out, made)

"""NumPy's methods of arrays, each one line: the function of the same name does the work.

Place in the flow: a mixin of ``Array``. What has no module below this one is looked up in the table of ``dispatch`` when it is
called, under NumPy's function, so that its message for what isn't built is the same as that of the function.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minidask.array import pointwise, reshaping, shaping
from minidask.array.chunks import normalize_axis
from minidask.array.collection import ArrayBase, another
from minidask.array.dispatch import call_registered
from minidask.array.elementwise import elementwise
from minidask.array.rebinding import rebind
from minidask.array.reductions import cumulative, folds, moments, places


class NumpyMethods(ArrayBase):
    """The methods that NumPy's arrays have."""

    __slots__ = ()

    # -- reductions -------------------------------------------------------------------------------------------------

    def sum(
        self,
        axis: Any = None,
        dtype: Any = None,
        keepdims: bool = False,
        split_every: Any = None,
        out: Any = None,
        *,
        initial: Any = None,
        where: Any = True,
    ) -> Any:
        """Return the sum along axes; see ``minidask.array.sum``."""
        return folds.sum(self, axis, dtype, keepdims, split_every, out, initial=initial, where=where)

    def prod(
        self,
        axis: Any = None,
        dtype: Any = None,
        keepdims: bool = False,
        split_every: Any = None,
        out: Any = None,
        *,
        initial: Any = None,
        where: Any = True,
    ) -> Any:
        """Return the product along axes; see ``minidask.array.prod``."""
        return folds.prod(self, axis, dtype, keepdims, split_every, out, initial=initial, where=where)

    def min(
        self,
        axis: Any = None,
        keepdims: bool = False,
        split_every: Any = None,
        out: Any = None,
        *,
        initial: Any = None,
        where: Any = True,
    ) -> Any:
        """Return the smallest element along axes; see ``minidask.array.min``."""
        return folds.min(self, axis, keepdims, split_every, out, initial=initial, where=where)

    def max(
        self,
        axis: Any = None,
        keepdims: bool = False,
        split_every: Any = None,
        out: Any = None,
        *,
        initial: Any = None,
        where: Any = True,
    ) -> Any:
        """Return the largest element along axes; see ``minidask.array.max``."""
        return folds.max(self, axis, keepdims, split_every, out, initial=initial, where=where)

    def any(
        self,
        axis: Any = None,
        keepdims: bool = False,
        split_every: Any = None,
        out: Any = None,
        *,
        where: Any = True,
    ) -> Any:
        """Return whether any element along axes is true."""
        return folds.any_(self, axis, keepdims, split_every, out, where=where)

    def all(
        self,
        axis: Any = None,
        keepdims: bool = False,
        split_every: Any = None,
        out: Any = None,
        *,
        where: Any = True,
    ) -> Any:
        """Return whether all elements along axes are true."""
        return folds.all_(self, axis, keepdims, split_every, out, where=where)

    def mean(
        self,
        axis: Any = None,
        dtype: Any = None,
        keepdims: bool = False,
        split_every: Any = None,
        out: Any = None,
        *,
        where: Any = True,
    ) -> Any:
        """Return the mean along axes; see ``minidask.array.mean``."""
        return moments.mean(self, axis, dtype, keepdims, split_every, out, where=where)

    def var(
        self,
        axis: Any = None,
        dtype: Any = None,
        keepdims: bool = False,
        ddof: float = 0,
        split_every: Any = None,
        out: Any = None,
        *,
        where: Any = True,
        mean: Any = None,
        correction: Any = None,
    ) -> Any:
        """Return the variance along axes; see ``minidask.array.var``."""
        limits = {"where": where, "mean": mean, "correction": correction}
        return moments.var(self, axis, dtype, keepdims, ddof, split_every, out, **limits)

    def std(
        self,
        axis: Any = None,
        dtype: Any = None,
        keepdims: bool = False,
        ddof: float = 0,
        split_every: Any = None,
        out: Any = None,
        *,
        where: Any = True,
        mean: Any = None,
        correction: Any = None,
    ) -> Any:
        """Return the standard deviation along axes; see ``minidask.array.std``."""
        limits = {"where": where, "mean": mean, "correction": correction}
        return moments.std(self, axis, dtype, keepdims, ddof, split_every, out, **limits)

    def argmin(self, axis: Any = None, keepdims: bool = False, split_every: Any = None, out: Any = None) -> Any:
        """Return where the smallest element is; see ``minidask.array.argmin``."""
        return places.argmin(self, axis, keepdims, split_every, out)

    def argmax(self, axis: Any = None, keepdims: bool = False, split_every: Any = None, out: Any = None) -> Any:
        """Return where the largest element is; see ``minidask.array.argmax``."""
        return places.argmax(self, axis, keepdims, split_every, out)

    def cumsum(self, axis: Any = None, dtype: Any = None, out: Any = None, *, method: str = "sequential") -> Any:
        """Return the running sum; see ``minidask.array.cumsum``."""
        return cumulative.cumsum(self, axis, dtype, out, method=method)

    def cumprod(self, axis: Any = None, dtype: Any = None, out: Any = None, *, method: str = "sequential") -> Any:
        """Return the running product; see ``minidask.array.cumprod``."""
        return cumulative.cumprod(self, axis, dtype, out, method=method)

    # -- shape ------------------------------------------------------------------------------------------------------

    @property
    def T(self) -> Any:
        """The array with its axes reversed."""
        return shaping.transpose(self)

    @property
    def mT(self) -> Any:
        """The array with its last two axes exchanged; raises ValueError if it has fewer."""
        if self.ndim < 2:
            raise ValueError("matrix transpose with ndim < 2 is undefined")
        return shaping.swapaxes(self, -1, -2)

    def transpose(self, *axes: Any) -> Any:
        """Return the array with its axes in another order, by default reversed."""
        order = axes[0] if len(axes) == 1 and (axes[0] is None or isinstance(axes[0], tuple | list)) else axes
        return shaping.transpose(self, order or None)

    def swapaxes(self, axis1: int, axis2: int) -> Any:
        """Return the array with two axes exchanged."""
        return shaping.swapaxes(self, axis1, axis2)

    def squeeze(self, axis: Any = None) -> Any:
        """Return the array without axes of length 1."""
        return shaping.squeeze(self, axis)

    def reshape(
        self, *shape: Any, merge_chunks: bool = True, limit: Any = None, order: str = "C", copy: bool | None = None
    ) -> Any:
        """Return the elements in another shape; see ``minidask.array.reshape``."""
        if len(shape) == 1 and not hasattr(shape[0], "__index__"):
            shape = tuple(shape[0])
        return reshaping.reshape(self, shape, merge_chunks, limit, order, copy=copy)

    def ravel(self, order: str = "C") -> Any:
        """Return all elements along one axis."""
        return reshaping.ravel(self, order)

    def flatten(self, order: str = "C") -> Any:
        """Return all elements along one axis, as an array of its own."""
        made = reshaping.ravel(self, order)
        return another(made) if made is self else made

    # -- element by element -----------------------------------------------------------------------------------------

    @property
    def real(self) -> Any:
        """The real parts."""
        return pointwise.real(self)

    @property
    def imag(self) -> Any:
        """The imaginary parts."""
        return pointwise.imag(self)

    def conj(self) -> Any:
        """Return the complex conjugates."""
        return elementwise(np.conjugate, self)

    conjugate = conj

    def astype(self, dtype: Any, casting: str = "unsafe", copy: bool = True, order: Any = None, **kwargs: Any) -> Any:
        """Return the array cast to a dtype; see ``minidask.array.astype``."""
        extra = set(kwargs) - {"subok"}
        if extra:
            raise TypeError(f"astype does not take the following keyword arguments: {sorted(extra)}")
        return pointwise.astype(self, dtype, casting, copy, order)

    def clip(self, min: Any = None, max: Any = None, out: Any = None) -> Any:
        """Return the array with values below ``min`` and above ``max`` replaced by these."""
        return pointwise.clip(self, min, max, out)

    def round(self, decimals: int = 0, out: Any = None) -> Any:
        """Return the array rounded to so many decimals."""
        return pointwise.round(self, decimals, out)

    def byteswap(self, inplace: bool = False) -> Any:
        """Return the array with the bytes of its elements in the other order; ``inplace`` changes this one."""
        made = elementwise(ByteSwap(), self, name="byteswap", meta=self._meta)
        return rebind("byteswap", self if inplace else None, made)

    def fill(self, value: Any) -> None:
        """Assign a scalar to all elements; arrays made from this one before keep theirs."""
        if np.ndim(value):
            raise ValueError(f"fill needs a scalar, got {np.ndim(value)} dimensions: use x[...] = values")
        call_registered(np.copyto, (self, value, "unsafe"), {})

    def view(self, dtype: Any = None, order: str = "C") -> Any:
        """Return the same bytes as another dtype; raises ValueError if the last axis's blocks don't hold whole elements."""
        return pointwise.view(self, dtype, order)

    def copy(self, order: str = "C") -> Any:
        """Return an array that assignments to this one don't change; nothing is copied."""
        return another(self)

    # -- what is looked up ------------------------------------------------------------------------------------------

    def dot(self, other: Any, out: Any = None) -> Any:
        """Return the dot product; see ``minidask.array.dot``."""
        return rebind("dot", out, call_registered(np.dot, (self, other), {}))

    def repeat(self, repeats: Any, axis: Any = None) -> Any:
        """Return the array with its elements repeated; see ``minidask.array.repeat``."""
        return call_registered(np.repeat, (self, repeats), {"axis": axis})

    def choose(self, choices: Any, out: Any = None, mode: str = "raise") -> Any:
        """Return elements of ``choices``, of which this array says which; see ``minidask.array.choose``."""
        return call_registered(np.choose, (self, choices, out, mode), {})

    def nonzero(self) -> Any:
        """Return the positions of the elements that aren't zero, an array an axis; see ``minidask.array.nonzero``."""
        return call_registered(np.nonzero, (self,), {})

    def trace(self, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None) -> Any:
        """Return the sum along a diagonal; see ``minidask.array.trace``."""
        return call_registered(np.trace, (self, offset, axis1, axis2, dtype, out), {})

    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
        """Return a diagonal; see ``minidask.array.diagonal``."""
        return call_registered(np.diagonal, (self, offset, axis1, axis2), {})

    def take(self, indices: Any, axis: Any = None, out: Any = None, mode: str = "raise") -> Any:
        """Return elements at positions along an axis; see ``minidask.array.take``."""
        return call_registered(np.take, (self, indices, axis, out, mode), {})

    def put(self, indices: Any, values: Any, mode: str = "raise") -> None:
        """Put values at positions, as if this array had one axis; see ``minidask.array.put``."""
        call_registered(np.put, (self, indices, values, mode), {})

    def compress(self, condition: Any, axis: Any = None, out: Any = None) -> Any:
        """Return what is where a condition is true along an axis; see ``minidask.array.compress``."""
        return rebind("compress", out, call_registered(np.compress, (condition, self), {"axis": axis}))

    def searchsorted(self, v: Any, side: str = "left", sorter: Any = None) -> Any:
        """Return where values belong in this sorted array; see ``minidask.array.searchsorted``."""
        return call_registered(np.searchsorted, (self, v), {"side": side, "sorter": sorter})

    def ptp(self, axis: Any = None, keepdims: bool = False, out: Any = None) -> Any:
        """Return the span from the smallest to the largest element; see ``minidask.array.ptp``."""
        return call_registered(np.ptp, (self, axis), {"keepdims": keepdims, "out": out})

    def argsort(self, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
        """Return the positions that put elements in order along an axis; see ``minidask.array.argsort``."""
        return call_registered(np.argsort, (self, axis, kind, order), {"stable": stable})

    def sort(self, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> None:
        """Put this array's elements in order along an axis; see ``minidask.array.sort``, which makes a new one."""
        normalize_axis(axis, self.ndim)
        rebind("sort", self, call_registered(np.sort, (self, axis, kind, order), {"stable": stable}))

    def argpartition(self, kth: Any, axis: Any = -1, kind: str = "introselect", order: Any = None) -> Any:
        """Return the positions that partition elements along an axis; see ``minidask.array.argpartition``."""
        return call_registered(np.argpartition, (self, kth, axis, kind, order), {})

    def partition(self, kth: Any, axis: Any = -1, kind: str = "introselect", order: Any = None) -> None:
        """Partition this array's elements along an axis; see ``minidask.array.partition``, which makes a new one."""
        normalize_axis(axis, self.ndim)
        rebind("partition", self, call_registered(np.partition, (self, kth, axis, kind, order), {}))


class ByteSwap:
    """Exchange the order of the bytes of a block's elements."""

    __slots__ = ()
    any_cut = True

    def __call__(self, block: Any) -> Any:
        return np.asarray(block).byteswap()

    def __reduce__(self) -> tuple[Any, ...]:
        return ByteSwap, ()

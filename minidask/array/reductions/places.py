"""Where the smallest and largest elements are: ``argmin``, ``argmax`` and what ignores NaN.

A partial result is ``(values, positions in the whole array)``. Of equal values the first position wins, and NaN wins over all,
as in NumPy, whatever the shape of the blocks.
"""

from __future__ import annotations

from functools import reduce as fold_left
from typing import Any, NamedTuple

import numpy as np

from minidask.array.chunks import check_known, normalize_axis
from minidask.array.dispatch import implements
from minidask.array.dtypes import reduced_dtype
from minidask.array.elementwise import as_array
from minidask.array.rebinding import rebind
from minidask.array.reductions.folds import longest
from minidask.array.reductions.tree import reduce_tree


class PlaceFold(NamedTuple):
    """Carry ``(values, positions)``; positions along one axis, or along several in C order of the whole ``shape``."""

    name: str
    shape: tuple[int, ...]
    least: bool
    ignore_nan: bool

    @property
    def in_slabs(self) -> bool:
        """Whether a copy without NaN is searched."""
        return self.ignore_nan

    def chunk(self, block: Any, axes: tuple[int, ...], bounds: Any) -> Any:
        shape = np.shape(block)
        if any(shape[axis] == 0 for axis in axes):
            empty = tuple([0 if at in axes else n for at, n in enumerate(shape)])
            return np.empty(empty, block.dtype), np.empty(empty, np.intp)
        find = np.argmin if self.least else np.argmax
        filled = block
        if self.ignore_nan:
            filled = np.where(np.isnan(block), np.inf if self.least else -np.inf, block)
        if len(axes) == 1:
            axis = axes[0]
            local = find(filled, axis=axis, keepdims=True)
            if self.ignore_nan:
                local = _first_real(block, local, axis)
            return np.take_along_axis(block, local, axis), local + bounds[axis][0]
        flat, plain = np.ravel(filled), np.ravel(block)
        at = int(find(flat))
        if self.ignore_nan and np.isnan(plain[at]):
            real = np.flatnonzero(~np.isnan(plain))
            at = int(real[0]) if len(real) else at
        index = np.unravel_index(at, shape)
        whole = [int(i) + low for i, (low, _) in zip(index, bounds, strict=True)]
        ones = (1,) * len(shape)
        place = np.ravel_multi_index(whole, self.shape) if whole else 0
        return np.full(ones, plain[at]), np.full(ones, place, np.intp)

    def combine(self, partials: list[Any]) -> Any:
        real = longest([values for values, _ in partials])
        return fold_left(self._better, [p for p in partials if p[0].shape == real[0].shape])

    def _better(self, one: Any, other: Any) -> Any:
        (a, i), (b, j) = one, other
        with np.errstate(invalid="ignore"):
            wins = b < a if self.least else b > a
        wins = wins | ((a == b) & (j < i))
        if a.dtype.kind in "fcmM":
            missing_a, missing_b = (np.isnat, np.isnat) if a.dtype.kind in "mM" else (np.isnan, np.isnan)
            nan_a, nan_b = missing_a(a), missing_b(b)
            if self.ignore_nan:
                wins = (wins & ~nan_a & ~nan_b) | (nan_a & ~nan_b)
            else:
                wins = (wins & ~nan_a & ~nan_b) | (nan_b & (~nan_a | (j < i)))
        return np.where(wins, b, a), np.where(wins, j, i)

    def finish(self, partial: Any, axes: tuple[int, ...]) -> Any:
        values, positions = partial
        if any(np.shape(values)[axis] == 0 for axis in axes):
            raise ValueError(f"attempt to get {self.name} of an empty sequence")
        if self.ignore_nan and np.isnan(values).any():
            raise ValueError("All-NaN slice encountered")
        return positions


def _first_real(block: Any, local: Any, axis: int) -> Any:
    """Return positions that don't point at a NaN where another element is as extreme as what stands for it."""
    found = np.take_along_axis(block, local, axis)
    wrong = np.isnan(found)
    if not wrong.any():
        return local
    first = np.argmax(~np.isnan(block), axis=axis, keepdims=True)
    return np.where(wrong, first, local)


def _place(name: str, a: Any, axis: Any, keepdims: bool, split_every: Any, out: Any) -> Any:
    x = as_array(a)
    # As NumPy: what has no axis may be searched along the first and the last.
    whole = axis is None or (not x.ndim and axis in (0, -1))
    axes = tuple(range(x.ndim)) if whole else (normalize_axis(axis, x.ndim),)
    for at in axes:
        # Positions in a single block begin at 0, whatever its size.
        if len(axes) > 1 or x.numblocks[at] > 1:
            check_known(name, x.chunks[at])
    if any(x.shape[at] == 0 for at in axes):
        raise ValueError(f"attempt to get {name} of an empty sequence")
    if x.dtype.kind == "V":
        reduced_dtype(name, x.dtype)
    ignore = name.startswith("nan") and x.dtype.kind in "fc"
    shape = tuple(map(int, x.shape)) if len(axes) > 1 else ()
    fold = PlaceFold(name, shape, name.endswith("min"), ignore)
    return rebind(name, out, reduce_tree(name, x, fold, axes, np.intp, keepdims, split_every, token=shape, places=True))


@implements(np.argmin)
def argmin(a: Any, axis: int | None = None, keepdims: bool = False, split_every: Any = None, out: Any = None) -> Any:
    """Return where the smallest element is: the first of equal ones, a NaN before all.

    Parameters
    ----------
    a : Array
    axis : int, optional
        Default: positions in C order of the whole array.
    keepdims : bool
    split_every : int, optional

    Raises
    ------
    ValueError
        If there are no elements.
    UnknownChunkSizes
        If lengths aren't known, along the axis.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.argmin(da.from_array(np.array([3, 1, 1]), chunks=2)).compute()
    np.int64(1)
    """
    return _place("argmin", a, axis, keepdims, split_every, out)


@implements(np.argmax)
def argmax(a: Any, axis: int | None = None, keepdims: bool = False, split_every: Any = None, out: Any = None) -> Any:
    """Return where the largest element is; see ``argmin``.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.argmax(da.from_array(np.array([3, 1, 3]), chunks=2)).compute()
    np.int64(0)
    """
    return _place("argmax", a, axis, keepdims, split_every, out)


@implements(np.nanargmin)
def nanargmin(a: Any, axis: int | None = None, keepdims: bool = False, split_every: Any = None, out: Any = None) -> Any:
    """Return where the smallest element that isn't NaN is; raises ValueError on computing where all are.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.nanargmin(da.from_array(np.array([np.nan, 1, 3]), chunks=2)).compute()
    np.int64(1)
    """
    return _place("nanargmin", a, axis, keepdims, split_every, out)


@implements(np.nanargmax)
def nanargmax(a: Any, axis: int | None = None, keepdims: bool = False, split_every: Any = None, out: Any = None) -> Any:
    """Return where the largest element that isn't NaN is; raises ValueError on computing where all are.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.nanargmax(da.from_array(np.array([np.nan, 1, 3]), chunks=2)).compute()
    np.int64(2)
    """
    return _place("nanargmax", a, axis, keepdims, split_every, out)

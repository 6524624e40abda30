"""Mean, variance and standard deviation, numerically stable, with and without NaN.

A partial result is ``(count, mean, squared deviations from it)``; two are combined by the pairwise formula of Chan, Golub and
LeVeque ("Updating formulae and a pairwise algorithm for computing sample variances", 1979), so that large means cost no digits.
The mean alone is carried as ``(count, sum)``.
"""

from __future__ import annotations

from functools import reduce as fold_left
from math import prod
from typing import Any, NamedTuple

import numpy as np

from minidask.array.chunks import normalize_axes
from minidask.array.collection import ArrayBase, new_array
from minidask.array.dispatch import implements
from minidask.array.dtypes import accumulated_dtype, reduced_dtype
from minidask.array.elementwise import as_array, elementwise
from minidask.array.meta import as_block, numpy_meta
from minidask.array.rebinding import rebind
from minidask.array.reductions import folds
from minidask.array.reductions.selection import Selected, given, limits, mask_for, masked_where
from minidask.array.reductions.tree import SLAB, reduce_tree, slab_by_slab


def _count(block: Any, axes: tuple[int, ...], ignore_nan: bool) -> Any:
    if ignore_nan:
        return np.sum(~np.isnan(block), axis=axes, keepdims=True)
    return prod([np.shape(block)[axis] for axis in axes])


class MeanFold(NamedTuple):
    """Carry ``(count, sum)``."""

    name: str
    dtype: Any
    ignore_nan: bool = False

    @property
    def in_slabs(self) -> bool:
        """Whether NumPy's function copies what it is given."""
        return self.ignore_nan

    def chunk(self, block: Any, axes: tuple[int, ...], bounds: Any) -> Any:
        add = np.nansum if self.ignore_nan else np.sum
        wide = np.dtype("f4") if self.dtype == np.float16 else self.dtype
        total = add(
            block, axis=axes, keepdims=True, dtype=None if self.dtype == object or self.dtype.kind == "m" else wide
        )
        return _count(block, axes, self.ignore_nan), total

    def combine(self, partials: list[Any]) -> Any:
        counts, totals = zip(*partials, strict=True)
        return fold_left(np.add, counts), fold_left(np.add, totals)

    def finish(self, partial: Any, axes: tuple[int, ...]) -> Any:
        count, total = partial
        if self.dtype == object and not np.all(count):
            # Python's numbers refuse what NumPy's answer with NaN.
            return np.full(np.shape(total), np.nan, object)
        return np.true_divide(total, count) if self.dtype.kind != "m" else total // count


class SpreadFold(NamedTuple):
    """Carry ``(count, mean, squared deviations)`` for the variance, or its root."""

    name: str
    dtype: Any
    ddof: float
    root: bool
    ignore_nan: bool = False

    def chunk(self, block: Any, axes: tuple[int, ...], bounds: Any) -> Any:
        add = np.nansum if self.ignore_nan else np.sum
        block = as_block(block)
        kind = block.dtype
        wide = kind if kind.kind == "O" else np.result_type(kind, np.float32 if kind == np.float16 else self.dtype)
        in_slabs = type(block) is np.ndarray and block.ndim and block.size > SLAB
        if in_slabs and self.ignore_nan:
            count, total = slab_by_slab(MeanFold(self.name, np.dtype(wide), True), block, axes, bounds)
        else:
            count = _count(block, axes, self.ignore_nan)
            total = add(block, axis=axes, keepdims=True, dtype=wide)
        mean = total / np.maximum(count, 1)
        if not in_slabs:
            return count, mean, _squares(block, mean, axes, add)
        # In slabs, so that no temporary is as large as the block.
        rows = max(SLAB * block.shape[0] // block.size, 1)
        parts = [
            _squares(block[low : low + rows], mean[low : low + rows] if len(mean) > 1 else mean, axes, add)
            for low in range(0, block.shape[0], rows)
        ]
        return count, mean, fold_left(np.add, parts) if 0 in axes else np.concatenate(parts)

    def combine(self, partials: list[Any]) -> Any:
        return fold_left(_join, partials)

    def finish(self, partial: Any, axes: tuple[int, ...]) -> Any:
        count, _, squares = partial
        left = count - self.ddof
        # As NumPy: no degrees of freedom are 0, and the quotient says the rest.
        out = np.true_divide(squares, np.maximum(left, 0))
        if self.ignore_nan:
            out = np.where(np.asarray(left) <= 0, np.nan, out)
        if self.root and self.dtype == object:
            # Python's numbers have no method for it.
            return np.sqrt(np.asarray(out, float))
        return np.sqrt(out) if self.root else out


def _squares(block: Any, mean: Any, axes: tuple[int, ...], add: Any) -> Any:
    """Return the sums of squared deviations from a mean along axes, which stay with length 1."""
    apart = as_block(block - mean)
    if apart.dtype.kind == "c":
        squares = apart.real**2 + apart.imag**2
    else:
        squares = np.multiply(apart, apart, out=apart if type(apart) is np.ndarray else None)
    if add is np.nansum:
        # What is missing is left out; a NaN that infinities make of each other isn't.
        if type(squares) is np.ndarray:
            np.copyto(squares, 0, where=np.isnan(block))
        else:
            squares = np.where(np.isnan(block), 0, squares)
    return np.sum(squares, axis=axes, keepdims=True)


def _join(one: Any, other: Any) -> Any:
    n, mean, squares = one
    m, mean2, squares2 = other
    both = n + m
    apart = mean2 - mean
    share = m / np.maximum(both, 1)
    far = (apart * np.conjugate(apart)).real if apart.dtype.kind == "c" else apart * apart
    return both, mean + apart * share, squares + squares2 + far * (n * share)


def _mean(
    name: str,
    a: Any,
    axis: Any,
    dtype: Any,
    keepdims: bool,
    split_every: Any,
    ignore_nan: bool,
    out: Any = None,
    where: Any = True,
) -> Any:
    x = as_array(a)
    axes = normalize_axes(axis if x.ndim or not ignore_nan or axis not in (0, -1) else None, x.ndim)
    if dtype is None:
        result = reduced_dtype("mean", x.dtype)
    else:
        result = accumulated_dtype(name, x.dtype, np.dtype(dtype), len(axes) == x.ndim and not keepdims)
    fold = MeanFold(name, result, ignore_nan and x.dtype.kind in "fc")
    return rebind(name, out, _reduce(name, x, fold, axes, result, keepdims, split_every, where, None))


def _reduce(
    name: str,
    x: ArrayBase,
    fold: Any,
    axes: tuple[int, ...],
    dtype: Any,
    keepdims: bool,
    split_every: Any,
    where: Any,
    token: Any,
) -> Any:
    if not limits(where):
        return reduce_tree(name, x, fold, axes, dtype, keepdims, split_every, token=token)
    masked = masked_where(x, mask_for(x, where))
    if isinstance(x._meta, np.ma.MaskedArray):
        return reduce_tree(name, masked, fold, axes, dtype, keepdims, split_every, token=token)
    made = reduce_tree(name, masked, Selected(fold), axes, dtype, keepdims, split_every, token=("where", token))
    return new_array(made._layer, made._chunks, numpy_meta(np.dtype(dtype), made.ndim))


def _spread(
    name: str,
    a: Any,
    axis: Any,
    dtype: Any,
    keepdims: bool,
    ddof: float,
    split_every: Any,
    ignore_nan: bool,
    out: Any = None,
    where: Any = True,
    mean: Any = None,
    correction: Any = None,
) -> Any:
    x = as_array(a)
    axes = normalize_axes(axis if x.ndim or not ignore_nan or axis not in (0, -1) else None, x.ndim)
    if x.dtype.kind in "mMSU":
        raise TypeError(f"{name} of {x.dtype} isn't defined: convert to numbers first, x.astype('i8')")
    if not isinstance(ddof, int | float | np.number):
        raise TypeError(f"ddof must be a number, got {type(ddof).__name__}")
    if given(correction):
        if ddof != 0:
            raise ValueError("ddof and correction can't be provided simultaneously.")
        ddof = correction
    if dtype is None:
        result = reduced_dtype("var", x.dtype)
    else:
        if x.dtype.kind == "c" and np.dtype(dtype).kind != "c":
            raise TypeError(
                f"{name} of complex numbers with dtype={dtype!r} would lose the imaginary part of the mean: give a complex "
                "dtype, of which the result is real, or cast the result"
            )
        result = accumulated_dtype(name, x.dtype, np.dtype(dtype), len(axes) == x.ndim and not keepdims)
    ignores = ignore_nan and x.dtype.kind in "fc"
    if given(mean):
        return rebind(name, out, _around(name, x, mean, axes, result, keepdims, ddof, split_every, ignores, where))
    fold = SpreadFold(name, result, ddof, name.endswith("std"), ignores)
    return rebind(name, out, _reduce(name, x, fold, axes, result, keepdims, split_every, where, ddof))


def _around(
    name: str,
    x: ArrayBase,
    mean: Any,
    axes: tuple[int, ...],
    dtype: Any,
    keepdims: bool,
    ddof: float,
    split_every: Any,
    ignores: bool,
    where: Any,
) -> Any:
    """Return the variance, or its root, about a mean that is known already."""
    apart: Any = elementwise(np.subtract, x, mean)
    squares = apart.real**2 + apart.imag**2 if apart.dtype.kind == "c" else apart * apart
    add = folds.nansum if ignores else folds.sum
    total = add(squares, axes, dtype, keepdims, split_every, where=where)
    counted = (
        elementwise(np.equal, squares, squares)
        if ignores
        else elementwise(np.ones_like, squares, kwargs={"dtype": bool})
    )
    count = folds.sum(counted, axes, None, keepdims, split_every, where=where)
    made = total / elementwise(np.maximum, count - ddof, 0)
    made = elementwise(np.sqrt, made) if name.endswith("std") else made
    return made if made.dtype == dtype else made.astype(dtype)


@implements(np.mean)
def mean(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    keepdims: bool = False,
    split_every: Any = None,
    out: Any = None,
    *,
    where: Any = True,
) -> Any:
    """Return the mean of elements along axes; arguments and errors as for ``sum``.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.arange(10, chunks=3).mean().compute()
    np.float64(4.5)
    """
    return _mean("mean", a, axis, dtype, keepdims, split_every, False, out, where)


@implements(np.nanmean)
def nanmean(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    keepdims: bool = False,
    split_every: Any = None,
    out: Any = None,
    *,
    where: Any = True,
) -> Any:
    """Return the mean of the elements that aren't NaN.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.nanmean(da.from_array(np.array([1, np.nan, 2]), chunks=2)).compute()
    np.float64(1.5)
    """
    return _mean("nanmean", a, axis, dtype, keepdims, split_every, True, out, where)


@implements(np.var)
def var(
    a: Any,
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
    """Return the variance of elements along axes, numerically stable.

    Parameters
    ----------
    ddof : float
        Taken from the count that the squared deviations are divided by; ``correction`` is the same under another name.
    where : Array or array-like of bool
        Which elements take part.
    mean : Array or array-like, optional
        The mean, with the reduced axes kept, where it is known already.

    Raises
    ------
    numpy.exceptions.AxisError
        If an axis is out of range.
    TypeError
        If the elements are no numbers.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.arange(10, chunks=3).var(ddof=1).compute()
    np.float64(9.166666666666666)
    """
    return _spread("var", a, axis, dtype, keepdims, ddof, split_every, False, out, where, mean, correction)


@implements(np.std)
def std(
    a: Any,
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
    """Return the standard deviation; see ``var``.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.arange(5, chunks=3).std().compute()
    np.float64(1.4142135623730951)
    """
    return _spread("std", a, axis, dtype, keepdims, ddof, split_every, False, out, where, mean, correction)


@implements(np.nanvar)
def nanvar(
    a: Any,
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
    """Return the variance of the elements that aren't NaN; see ``var``.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.nanvar(da.from_array(np.array([1, np.nan, 3]), chunks=2)).compute()
    np.float64(1.0)
    """
    return _spread("nanvar", a, axis, dtype, keepdims, ddof, split_every, True, out, where, mean, correction)


@implements(np.nanstd)
def nanstd(
    a: Any,
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
    """Return the standard deviation of the elements that aren't NaN; see ``var``.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.nanstd(da.from_array(np.array([1, np.nan, 3]), chunks=2)).compute()
    np.float64(1.0)
    """
    return _spread("nanstd", a, axis, dtype, keepdims, ddof, split_every, True, out, where, mean, correction)

"""Reductions by one associative function: ``sum prod min max any all`` and what ignores NaN.

A block that is empty along a reduced axis has no minimum: it takes no part, and only if none does is it an error, as in NumPy.
"""

from __future__ import annotations

import builtins
import warnings
from functools import reduce as fold_left
from typing import Any, NamedTuple

import numpy as np

from minidask.array.chunks import normalize_axes
from minidask.array.dispatch import implements
from minidask.array.dtypes import accumulated_dtype, native, reduced_dtype
from minidask.array.elementwise import as_array
from minidask.array.rebinding import rebind
from minidask.array.reductions.selection import filled_where, given, initial_of, limits
from minidask.array.reductions.tree import reduce_tree


class UfuncFold(NamedTuple):
    """Fold with a ufunc: NumPy's function ``chunk_name`` for a block, the ufunc between partial results."""

    name: str
    ufunc: Any
    chunk_name: str
    dtype: Any = None
    has_identity: bool = True
    warns: bool = False
    # In the result's dtype; None for none.
    initial: Any = None

    @property
    def in_slabs(self) -> bool:
        """Whether NumPy's function copies what it is given."""
        return self.chunk_name.startswith("nan")

    def chunk(self, block: Any, axes: tuple[int, ...], bounds: Any) -> Any:
        if not self.has_identity and any(np.shape(block)[axis] == 0 for axis in axes):
            return block[tuple([slice(0, 1) if at in axes else slice(None) for at in range(np.ndim(block))])]
        if self.chunk_name == "":
            return self.ufunc.reduce(block, axis=axes, keepdims=True)
        kwargs = {} if self.dtype is None or self.dtype.kind in "mM" else {"dtype": self.dtype}
        return getattr(np, self.chunk_name)(block, axis=axes, keepdims=True, **kwargs)

    def combine(self, partials: list[Any]) -> Any:
        if not self.has_identity:
            partials = longest(partials)
        return fold_left(self.ufunc, partials)

    def finish(self, partial: Any, axes: tuple[int, ...]) -> Any:
        empty = not self.has_identity and any(np.shape(partial)[axis] == 0 for axis in axes)
        if self.initial is not None:
            if empty:
                shape = tuple([1 if at in axes else n for at, n in enumerate(np.shape(partial))])
                return np.full(shape, self.initial, partial.dtype)
            return self.ufunc(partial, self.initial)
        if empty:
            raise ValueError(f"zero-size array to reduction operation {self.ufunc.__name__} which has no identity")
        if self.warns and (np.isnat if partial.dtype.kind in "mM" else np.isnan)(partial).any():
            warnings.warn("All-NaN slice encountered", RuntimeWarning, stacklevel=2)
        return partial


def longest(partials: list[Any]) -> list[Any]:
    """Return the partial results that aren't empty along a reduced axis, if there are some.

    Those have 0 there where the others have 1; neighbours differ in nothing else.

    Examples
    --------
    >>> [part.shape for part in longest([np.ones((0, 2)), np.ones((1, 2))])]
    [(1, 2)]
    """
    shapes = [np.shape(part) for part in partials]
    best = tuple(map(builtins.max, zip(*shapes, strict=True)))
    return [part for part, shape in zip(partials, shapes, strict=True) if shape == best] or partials[:1]


_UFUNCS = {
    "sum": np.add, "prod": np.multiply, "min": np.minimum, "max": np.maximum, "any": np.logical_or, "all": np.logical_and,
    "nansum": np.add, "nanprod": np.multiply, "nanmin": np.fmin, "nanmax": np.fmax,
}  # fmt: skip


def _fold(
    name: str,
    a: Any,
    axis: Any,
    keepdims: bool,
    split_every: Any,
    dtype: Any = None,
    out: Any = None,
    initial: Any = None,
    where: Any = True,
) -> Any:
    x = as_array(a)
    # As NumPy: what has no axis may be reduced along the first and the last.
    axes = normalize_axes(axis if x.ndim or axis not in (0, -1) else None, x.ndim)
    extreme = name in ("min", "max", "nanmin", "nanmax")
    ignores = name in ("nanmin", "nanmax") and x.dtype.kind in "fcmM" and not given(initial)
    if extreme:
        if x.dtype.kind in "USV":
            raise TypeError(f"{name} of {x.dtype} isn't defined by NumPy's ufuncs: convert to object or numbers first")
        if not given(initial) and any(x.shape[at] == 0 for at in axes):
            raise ValueError(f"zero-size array to reduction operation {_UFUNCS[name].__name__} which has no identity")
        result = native(x.dtype)
    elif name in ("any", "all"):
        result = np.dtype(bool)
        if x.dtype.kind == "V":
            reduced_dtype(name, x.dtype)
    elif dtype is None:
        result = reduced_dtype(name, x.dtype)
    else:
        result = np.dtype(dtype)
        if result.kind in "mMSUV" or x.dtype.kind in "mMSUV":
            result = accumulated_dtype(name, x.dtype, result, len(axes) == x.ndim)
    start = initial_of(initial, result)
    if limits(where):
        if name in ("any", "all"):
            # What stands for elements that are left out has no text.
            x = as_array(x).astype(bool)
        if extreme and start is None:
            raise ValueError(
                f"reduction operation '{_UFUNCS[name].__name__}' does not have an identity, so to use a where mask one has to "
                "specify 'initial'"
            )
        x = filled_where(x, where, start if extreme else 1 if _UFUNCS[name] in _ONES else 0)
    if start is not None and isinstance(x._meta, np.ma.MaskedArray):
        raise NotImplementedError(f"initial= of {name} isn't built for masked arrays: bring it in afterwards")
    if name in ("nansum", "nanprod", "nanmin", "nanmax") and x.dtype.kind not in ("fcOmM" if extreme else "fcO"):
        name = name[3:]
    made = UfuncFold(
        name,
        np.minimum if name == "min" else _UFUNCS[name],
        "" if extreme else name,
        result if name in ("sum", "prod", "nansum", "nanprod") and result.kind != "O" else None,
        not extreme,
        ignores,
        start,
    )
    token = None if start is None else (str(type(start)), start)
    return rebind(name, out, reduce_tree(name, x, made, axes, result, keepdims, split_every, token=token))


_ONES = (np.multiply, np.logical_and)


@implements(np.sum)
def sum(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    keepdims: bool = False,
    split_every: Any = None,
    out: Any = None,
    *,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """Return the sum of an array's elements along axes.

    Parameters
    ----------
    a : Array
    axis : int or tuple of int, optional
        Default: all.
    dtype : dtype, optional
        Of the result, in which is added; default: NumPy's choice.
    keepdims : bool
        Whether reduced axes stay, with length 1.
    split_every : int or {axis: int}, optional
        How many blocks' results one task combines along each axis; default 16 in all.
    out : Array, optional
        Takes the result, as by assignment, and is returned.
    initial : scalar, optional
        What the sum begins with.
    where : Array or array-like of bool
        Which elements take part; broadcast to the array's shape.

    Raises
    ------
    numpy.exceptions.AxisError
        If an axis is out of range.
    TypeError
        If NumPy has no sum of the dtype, or ``out`` is no chunked array that it can be cast to.
    ValueError
        If ``where`` doesn't broadcast, ``initial`` is no scalar, or ``out`` has another shape.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.arange(10, chunks=3).sum().compute()
    np.int64(45)
    """
    return _fold("sum", a, axis, keepdims, split_every, dtype, out, initial, where)


@implements(np.prod)
def prod(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    keepdims: bool = False,
    split_every: Any = None,
    out: Any = None,
    *,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """Return the product of elements; arguments and errors as for ``sum``.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.arange(1, 5, chunks=3).prod().compute()
    np.int64(24)
    """
    return _fold("prod", a, axis, keepdims, split_every, dtype, out, initial, where)


@implements(np.min, np.amin)
def min(
    a: Any,
    axis: Any = None,
    keepdims: bool = False,
    split_every: Any = None,
    out: Any = None,
    *,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """Return the smallest element (NaN if there is one); raises ValueError for an axis without elements.

    ``where`` needs ``initial``, which stands for what is left out; other arguments as for ``sum``.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.arange(10, chunks=3).min().compute()
    np.int64(0)
    """
    return _fold("min", a, axis, keepdims, split_every, None, out, initial, where)


@implements(np.max, np.amax)
def max(
    a: Any,
    axis: Any = None,
    keepdims: bool = False,
    split_every: Any = None,
    out: Any = None,
    *,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """Return the largest element (NaN if there is one); raises ValueError for an axis without elements.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.arange(10, chunks=3).max().compute()
    np.int64(9)
    """
    return _fold("max", a, axis, keepdims, split_every, None, out, initial, where)


@implements(np.any)
def any_(
    a: Any,
    axis: Any = None,
    keepdims: bool = False,
    split_every: Any = None,
    out: Any = None,
    *,
    where: Any = True,
) -> Any:
    """Return whether any element is true (``minidask.array.any``).

    Examples
    --------
    >>> import minidask.array as da
    >>> (da.arange(10, chunks=3) > 8).any().compute()
    np.True_
    """
    return _fold("any", a, axis, keepdims, split_every, None, out, None, where)


@implements(np.all)
def all_(
    a: Any,
    axis: Any = None,
    keepdims: bool = False,
    split_every: Any = None,
    out: Any = None,
    *,
    where: Any = True,
) -> Any:
    """Return whether all elements are true (``minidask.array.all``).

    Examples
    --------
    >>> import minidask.array as da
    >>> (da.arange(10, chunks=3) > 8).all().compute()
    np.False_
    """
    return _fold("all", a, axis, keepdims, split_every, None, out, None, where)


@implements(np.nansum)
def nansum(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    keepdims: bool = False,
    split_every: Any = None,
    out: Any = None,
    *,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """Return the sum of the elements that aren't NaN.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.nansum(da.from_array(np.array([1, np.nan, 2]), chunks=2)).compute()
    np.float64(3.0)
    """
    return _fold("nansum", a, axis, keepdims, split_every, dtype, out, initial, where)


@implements(np.nanprod)
def nanprod(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    keepdims: bool = False,
    split_every: Any = None,
    out: Any = None,
    *,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """Return the product of the elements that aren't NaN.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.nanprod(da.from_array(np.array([3, np.nan, 2]), chunks=2)).compute()
    np.float64(6.0)
    """
    return _fold("nanprod", a, axis, keepdims, split_every, dtype, out, initial, where)


@implements(np.nanmin)
def nanmin(
    a: Any,
    axis: Any = None,
    keepdims: bool = False,
    split_every: Any = None,
    out: Any = None,
    *,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """Return the smallest element that isn't NaN; warns on computing where there is none.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.nanmin(da.from_array(np.array([3, np.nan, 2]), chunks=2)).compute()
    np.float64(2.0)
    """
    return _fold("nanmin", a, axis, keepdims, split_every, None, out, initial, where)


@implements(np.nanmax)
def nanmax(
    a: Any,
    axis: Any = None,
    keepdims: bool = False,
    split_every: Any = None,
    out: Any = None,
    *,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """Return the largest element that isn't NaN; warns on computing where there is none.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.nanmax(da.from_array(np.array([3, np.nan, 2]), chunks=2)).compute()
    np.float64(3.0)
    """
    return _fold("nanmax", a, axis, keepdims, split_every, None, out, initial, where)

"""Running totals: ``cumsum``, ``cumprod`` and what takes NaN for nothing.

Each block runs by itself; the totals of the blocks before it come in behind. The totals go from block to block, one short task
each, so that blocks stay parallel.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

import numpy as np

from minidask.array.chunks import has_unknown, normalize_axis
from minidask.array.collection import new_array
from minidask.array.creation.filled import full, full_like
from minidask.array.dispatch import implements
from minidask.array.dtypes import accumulated_dtype, reduced_dtype
from minidask.array.elementwise import as_array, elementwise
from minidask.array.joining import concatenate
from minidask.array.meta import with_dtype
from minidask.array.rebinding import rebind
from minidask.array.reductions.folds import any_
from minidask.array.reshaping import flattened
from minidask.array.slicing.layers import wanted_indices
from minidask.array.spelling import also_named
from minidask.graph import Key, Layer, Task, TaskRef, alias
from minidask.tokenize import quick_token

_UFUNCS = {"cumsum": np.add, "cumprod": np.multiply, "nancumsum": np.add, "nancumprod": np.multiply}


class Run(NamedTuple):
    """Run along an axis inside a block."""

    name: str
    axis: int
    dtype: Any

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return self.name

    def __call__(self, block: Any) -> Any:
        return getattr(np, self.name)(block, axis=self.axis, dtype=self.dtype)


class Carried(Layer):
    """Add to each block of ``inputs[0]``, which runs along ``axis`` by itself, the totals of those before it.

    ``ufunc(before, block)`` adds; its ``identity`` stands for nothing.
    """

    __slots__ = ("axis", "ufunc")
    axis: int
    ufunc: Any

    def __init__(self, name: str, source: Layer, axis: int, ufunc: Any) -> None:
        super().__init__(name, (source,), source.numblocks)
        self.axis = axis
        self.ufunc = ufunc

    def lower(self, wanted: Collection[Key] | None = None) -> dict[Key, Task]:
        source, axis = self.inputs[0].name, self.axis
        tasks: dict[Key, Task] = {}
        for index in wanted_indices(self, wanted):
            key: Key = (self.name, *index)
            at = index[axis]
            block = TaskRef((source, *index))
            if at == 0:
                tasks[key] = alias(block.key)
                continue
            before = self._total(index, at - 1, tasks)
            # The total comes first: texts among objects are added in order.
            tasks[key] = Task(self.ufunc, (TaskRef(before), block), None, self.annotations or None)
        return tasks

    def _total(self, index: tuple[int, ...], last: int, tasks: dict[Key, Task]) -> Key:
        """Return the key of the total up to a block, with its tasks, as far as they aren't there, from the first block on."""
        axis, source = self.axis, self.inputs[0].name

        def key_of(at: int) -> Key:
            return (self.name, "total", *index[:axis], at, *index[axis + 1 :])

        at = last
        while at > 0 and key_of(at) not in tasks:
            at -= 1
        for number in range(at, last + 1):
            key = key_of(number)
            if key in tasks:
                continue
            block = TaskRef((source, *index[:axis], number, *index[axis + 1 :]))
            args = (self.ufunc, axis, block) if number == 0 else (self.ufunc, axis, block, TaskRef(key_of(number - 1)))
            tasks[key] = Task(add_last, args, None, self.annotations or None)
        return key_of(last)


def add_last(ufunc: Any, axis: int, block: Any, before: Any = None) -> Any:
    """Return the last values of a block along an axis, with the total before them.

    Examples
    --------
    >>> add_last(np.add, 0, np.array([1, 3]), np.array([10]))
    array([13])
    """
    front = (slice(None),) * axis
    if block.shape[axis] == 0:
        # Nothing is added by a block of no length.
        shape = (*block.shape[:axis], 1, *block.shape[axis + 1 :])
        return np.full(shape, ufunc.identity, block.dtype) if before is None else before
    last = block[(*front, slice(-1, None))].copy()
    if isinstance(last, np.ma.MaskedArray):
        # The total runs on under the mask.
        last = last.data
    return last if before is None else ufunc(before, last)


def _cumulative(name: str, a: Any, axis: int | None, dtype: Any, out: Any, method: str) -> Any:
    if method not in ("sequential", "blelloch"):
        raise ValueError(f"method must be 'sequential' or 'blelloch', got {method!r}")
    x = as_array(a)
    if axis is None or (not x.ndim and axis in (0, -1)):
        x, axis = (flattened(name, x) if x.ndim != 1 else x), 0
    axis = normalize_axis(axis, x.ndim)
    total = "sum" if "sum" in name else "prod"
    kind = reduced_dtype(total, x.dtype) if dtype is None else np.dtype(dtype)
    if dtype is not None and x.dtype.kind in "mMSUV":
        # Unlike a sum, a running one takes any unit of time, and ignores it.
        kind = accumulated_dtype(name, x.dtype, kind, False)
    run: Any = Run(name, axis, kind)
    own = elementwise(run, x, name=f"{name} {axis}", meta=with_dtype(x._meta, kind))
    layer = Carried(f"{name}-{quick_token('carried', own.name)}", own._layer, axis, _UFUNCS[name])
    return rebind(name, out, new_array(layer, own._chunks, own._meta, own._shape))


@implements(np.cumsum)
@also_named(x="a")
def cumsum(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None, *, method: str = "sequential") -> Any:
    """Return the running sum along an axis.

    Parameters
    ----------
    a : Array
    axis : int, optional
        Default: through all elements in C order.
    dtype : dtype, optional
    method : str
        ``"sequential"`` or ``"blelloch"``, accepted for compatibility: blocks run side by side, and short tasks carry the totals.

    Raises
    ------
    numpy.exceptions.AxisError
        If the axis is out of range.
    ValueError
        For another method.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.ones(5, chunks=2).cumsum(axis=0).compute()
    array([1., 2., 3., 4., 5.])
    """
    return _cumulative("cumsum", a, axis, dtype, out, method)


@implements(np.cumprod)
@also_named(x="a")
def cumprod(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None, *, method: str = "sequential") -> Any:
    """Return the running product along an axis; see ``cumsum``.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.arange(1, 6, chunks=2).cumprod(axis=0).compute()
    array([  1,   2,   6,  24, 120])
    """
    return _cumulative("cumprod", a, axis, dtype, out, method)


@implements(np.nancumsum)
@also_named(x="a")
def nancumsum(
    a: Any, axis: int | None = None, dtype: Any = None, out: Any = None, *, method: str = "sequential"
) -> Any:
    """Return the running sum with NaN as 0; see ``cumsum``.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.nancumsum(da.from_array(np.array([1, np.nan, 2]), chunks=1)).compute()
    array([1., 1., 3.])
    """
    return _cumulative("nancumsum", a, axis, dtype, out, method)


@implements(np.nancumprod)
@also_named(x="a")
def nancumprod(
    a: Any, axis: int | None = None, dtype: Any = None, out: Any = None, *, method: str = "sequential"
) -> Any:
    """Return the running product with NaN as 1; see ``cumsum``.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.nancumprod(da.from_array(np.array([2, np.nan, 2]), chunks=1)).compute()
    array([2., 2., 4.])
    """
    return _cumulative("nancumprod", a, axis, dtype, out, method)


def _array_api(name: str, x: Any, axis: Any, dtype: Any, out: Any, include_initial: bool) -> Any:
    array = as_array(x)
    if array.ndim == 0:
        array = array[None]
    if isinstance(axis, tuple) and len(axis) == 1:
        (axis,) = axis
    if axis is None:
        if array.ndim != 1:
            raise ValueError("For arrays which have more than one dimension ``axis`` argument is required.")
        axis = 0
    axis = normalize_axis(axis, array.ndim)
    made = _cumulative(name, array, axis, dtype, None, "sequential")
    if include_initial:
        shape = tuple([1 if at == axis else n for at, n in enumerate(array.shape)])
        chunks = tuple([(1,) if at == axis else sizes for at, sizes in enumerate(made.chunks)])
        value = int(name == "cumprod")
        if has_unknown(shape):
            # In the shape of a block's total, which nothing else knows.
            initial = full_like(any_(array, axis, keepdims=True), value, dtype=made.dtype)
        else:
            initial = full(shape, value, made.dtype, chunks)
        made = concatenate([initial, made], axis)
    return rebind(name, out, made)


@implements(np.cumulative_sum)
def cumulative_sum(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, out: Any = None, include_initial: bool = False
) -> Any:
    """Return the running sum along an axis; with ``include_initial`` a zero comes first.

    Raises
    ------
    ValueError
        If there are several axes and none is named.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.cumulative_sum(da.ones(3, chunks=2), include_initial=True).compute()
    array([0., 1., 2., 3.])
    """
    return _array_api("cumsum", x, axis, dtype, out, include_initial)


@implements(np.cumulative_prod)
def cumulative_prod(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, out: Any = None, include_initial: bool = False
) -> Any:
    """Return the running product along an axis; with ``include_initial`` a one comes first; see ``cumulative_sum``.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.cumulative_prod(da.arange(1, 5, chunks=2)).compute()
    array([ 1,  2,  6, 24])
    """
    return _array_api("cumprod", x, axis, dtype, out, include_initial)

"""The k largest or smallest elements along an axis, and where they are: ``topk``, ``argtopk``.

A partial result has at most k elements along the axis, with ``argtopk`` their positions in the whole array besides; a tree
keeps the k best of several. NaN counts as larger than every number, as in sorting.

Place in the flow: folds for ``reductions.tree``, except that the axis stays, with the length k.
"""

from __future__ import annotations

import operator
from typing import Any, NamedTuple

import numpy as np

from minidask.array.chunks import check_known, normalize_axis
from minidask.array.collection import new_array
from minidask.array.elementwise import as_array
from minidask.array.meta import with_dtype
from minidask.array.reductions.tree import reduce_tree


class TopFold(NamedTuple):
    """Keep the ``k`` largest elements along an axis; for negative k the smallest."""

    k: int
    axis: int
    name: str = "topk"

    def chunk(self, block: Any, axes: tuple[int, ...], bounds: Any) -> Any:
        if block.shape[self.axis] <= abs(self.k):
            return block
        if not self.k:
            return _cut(block, slice(0, 0), self.axis)
        return _cut(np.partition(block, _pivot(self.k), self.axis), _best(self.k), self.axis)

    def combine(self, partials: list[Any]) -> Any:
        return self.chunk(np.concatenate(partials, self.axis), (self.axis,), None)

    def finish(self, partial: Any, axes: tuple[int, ...]) -> Any:
        ordered = np.sort(partial, axis=self.axis)
        return np.flip(ordered, self.axis) if self.k > 0 else ordered


class ArgTopFold(NamedTuple):
    """Keep the ``k`` largest elements along an axis with their positions; for negative k the smallest."""

    k: int
    axis: int
    name: str = "argtopk"

    def chunk(self, block: Any, axes: tuple[int, ...], bounds: Any) -> Any:
        low, high = bounds[self.axis]
        shape = [-1 if at == self.axis else 1 for at in range(block.ndim)]
        positions = np.broadcast_to(np.arange(low, high, dtype=np.intp).reshape(shape), block.shape)
        return self._kept(block, positions)

    def combine(self, partials: list[Any]) -> Any:
        values, positions = zip(*partials, strict=True)
        return self._kept(np.concatenate(values, self.axis), np.concatenate(positions, self.axis))

    def _kept(self, values: Any, positions: Any) -> Any:
        if values.shape[self.axis] <= abs(self.k):
            return values, positions
        if not self.k:
            return _cut(values, slice(0, 0), self.axis), _cut(positions, slice(0, 0), self.axis)
        chosen = _cut(np.argpartition(values, _pivot(self.k), self.axis), _best(self.k), self.axis)
        return np.take_along_axis(values, chosen, self.axis), np.take_along_axis(positions, chosen, self.axis)

    def finish(self, partial: Any, axes: tuple[int, ...]) -> Any:
        values, positions = partial
        order = np.argsort(values, axis=self.axis)
        return np.take_along_axis(positions, np.flip(order, self.axis) if self.k > 0 else order, self.axis)


def _pivot(k: int) -> int:
    return -k if k > 0 else -k - 1


def _best(k: int) -> slice:
    return slice(-k, None) if k > 0 else slice(0, -k)


def _cut(block: Any, part: slice, axis: int) -> Any:
    return block[(slice(None),) * axis + (part,)]


def _top(name: str, a: Any, k: Any, axis: Any, split_every: Any) -> Any:
    x = as_array(a)
    number, at = operator.index(k), normalize_axis(axis, x.ndim)
    if x.dtype.kind == "V":
        raise TypeError(f"{name} of {x.dtype} isn't defined: take a field first, x['name']")
    arg = name == "argtopk"
    if arg:
        check_known(name, x.chunks[at])
    fold: Any = ArgTopFold(number, at) if arg else TopFold(number, at)
    dtype = np.dtype(np.intp) if arg else x.dtype
    out = reduce_tree(name, x, fold, (at,), dtype, True, split_every, token=number, places=arg)
    length = x.shape[at]
    size = min(abs(number), length) if length == length else (length if number else 0)
    chunks = tuple([(size,) if axis == at else sizes for axis, sizes in enumerate(x.chunks)])
    return new_array(out._layer, chunks, with_dtype(x._meta, dtype))


def topk(a: Any, k: int, axis: int = -1, split_every: int | None = None) -> Any:
    """Return the ``k`` largest elements along an axis, the largest first; for negative k the smallest, the smallest first.

    Parameters
    ----------
    a : Array
    k : int
        Of fewer elements all are returned.
    axis : int
    split_every : int, optional
        How many blocks' results one task combines.

    Raises
    ------
    numpy.exceptions.AxisError
        If the axis is out of range.
    TypeError
        If ``k`` is no integer, or the elements are records.

    Examples
    --------
    >>> import minidask.array as da
    >>> x = da.from_array([5, 1, 3, 6], chunks=2)
    >>> x.topk(2).compute(), x.topk(-2).compute()
    (array([6, 5]), array([1, 3]))
    """
    return _top("topk", a, k, axis, split_every)


def argtopk(a: Any, k: int, axis: int = -1, split_every: int | None = None) -> Any:
    """Return where the elements are that ``topk`` returns; of equal ones any may be chosen.

    Raises
    ------
    numpy.exceptions.AxisError, TypeError
        As ``topk`` does.
    UnknownChunkSizes
        If sizes along the axis aren't known.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.from_array([5, 1, 3, 6], chunks=2).argtopk(2).compute()
    array([3, 0])
    """
    return _top("argtopk", a, k, axis, split_every)

"""Reshape, ravel: other axes over the same elements, block by block.

The axes fall into groups whose lengths multiply to the same on both sides. Within a group the axes are merged to one, or one is
split to several, or both, one after the other. A block of merged axes is a run of elements in C order if the axes before some
axis ``k`` have blocks of 1 and those behind it have a single block: ``_lined_up`` rechunks a group's axes in this way, with
blocks of about the size that they had. Then block number ``n`` of the result is block number ``n`` of the input, reshaped.

Place in the flow: above ``rechunk``. Axes of length 1 come and go for nothing.
"""

from __future__ import annotations

import operator
from collections.abc import Collection
from itertools import product
from math import prod
from typing import Any

import numpy as np

from minidask.array.chunks import REMEDY, Chunks, Sizes, UnknownChunkSizes, chunks_token, has_unknown, numblocks_of
from minidask.array.collection import new_array
from minidask.array.dispatch import implements
from minidask.array.elementwise import as_array
from minidask.array.meta import as_block, with_ndim
from minidask.array.rechunk import one_block_each, rechunk_to
from minidask.graph import Key, Layer, Task, TaskRef
from minidask.tokenize import quick_token


class Reshaped(Layer):
    """Block ``n`` in C order is block ``n`` of ``inputs[0]`` in the shape that ``chunks`` say."""

    __slots__ = ("chunks",)
    chunks: Chunks

    def __init__(self, name: str, source: Layer, chunks: Chunks) -> None:
        super().__init__(name, (source,), numblocks_of(chunks))
        self.chunks = chunks

    def lower(self, wanted: Collection[Key] | None = None) -> dict[Key, Task]:
        source = self.inputs[0]
        tasks: dict[Key, Task] = {}
        pairs = zip(product(*map(range, self.numblocks)), product(*map(range, source.numblocks)), strict=True)
        for index, above in pairs:
            key: Key = (self.name, *index)
            if wanted is not None and key not in wanted:
                continue
            shape = tuple([sizes[at] for sizes, at in zip(self.chunks, index, strict=True)])
            shape = tuple([-1 if length != length else length for length in shape])
            tasks[key] = Task(reshape_block, (TaskRef((source.name, *above)), shape), None, self.annotations or None)
        return tasks


def reshape_block(block: Any, shape: tuple[int, ...]) -> Any:
    """Return a block in another shape, in C order.

    Examples
    --------
    >>> reshape_block(np.arange(4), (2, 2)).tolist()
    [[0, 1], [2, 3]]
    """
    return as_block(block).reshape(shape)


@implements(np.reshape)
def reshape(x: Any, shape: Any, merge_chunks: bool = True, limit: Any = None, order: str = "C") -> Any:
    """Return the elements of an array, in C order, in another shape.

    Parameters
    ----------
    x : Array
    shape : int or tuple of int
        One length may be -1: what is left.
    merge_chunks, limit
        Accepted for compatibility: blocks keep about the size that they have.
    order : str
        Only ``"C"``.

    Raises
    ------
    ValueError
        If the number of elements changes, or more than one length is -1.
    NotImplementedError
        For another order.
    UnknownChunkSizes
        If lengths aren't known, unless a one-dimensional result of one-dimensional input is asked for.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.arange(6, chunks=3).reshape(2, 3).compute().tolist()
    [[0, 1, 2], [3, 4, 5]]
    """
    x = as_array(x)
    if order != "C":
        raise NotImplementedError(f"reshape with order={order!r} isn't built; for 'F' use x.T.reshape(shape[::-1]).T")
    lengths = [operator.index(n) for n in (shape if isinstance(shape, tuple | list) else (shape,))]
    if has_unknown(x.shape):
        if lengths == [-1] and x.ndim == 1:
            return x
        if lengths == [-1] and all(len(sizes) == 1 for sizes in x._chunks[1:]):
            chunks: Chunks = ((float("nan"),) * x.numblocks[0],)
            return _reshaped(x, chunks)
        raise UnknownChunkSizes(f"reshape needs chunk sizes that aren't known before computing: {REMEDY}")
    new = _complete(lengths, x.size, x.shape)
    if new == x.shape:
        return x
    if x.size == 0:
        empty = rechunk_to(x, tuple([(n,) for n in x.shape]))
        return _reshaped(empty, tuple([(n,) for n in new]))
    x = one_block_each(x)
    old = [n for n in x.shape if n != 1]
    chunks = tuple([sizes for sizes, n in zip(x._chunks, x.shape, strict=True) if n != 1])
    x = _reshaped(x, chunks)
    groups = group_axes(tuple(old), tuple([n for n in new if n != 1]))
    # Merge each group's axes to one.
    merging: list[Sizes] = []
    target: list[Sizes] = []
    for before, after in groups:
        own = chunks[before[0] : before[-1] + 1]
        if len(before) == 1 or len(after) == len(before) == 1:
            merging += own
            target += own
            continue
        lined = lined_up(own, tuple([old[at] for at in before]))
        merging += lined
        target.append(runs(lined))
    x = _reshaped(rechunk_to(x, tuple(merging)), tuple(target))
    # Split each into its new axes.
    kept = [n for n in new if n != 1]
    cutting: list[Sizes] = []
    final: list[Sizes] = []
    for at, (_, after) in enumerate(groups):
        own_sizes = target[at]
        lengths = [kept[axis] for axis in after]
        if len(lengths) == 1:
            cutting.append(own_sizes)
            final.append(own_sizes)
            continue
        split = split_up(own_sizes, tuple(lengths))
        cutting.append(runs(split))
        final += split
    x = rechunk_to(x, tuple(cutting))
    rest = iter(final)
    return _reshaped(x, tuple([(1,) if n == 1 else next(rest) for n in new]))


def _reshaped(x: Any, chunks: Chunks) -> Any:
    if chunks == x._chunks:
        return x
    layer = Reshaped(f"reshape-{quick_token('reshape', x.name, chunks_token(chunks))}", x._layer, chunks)
    return new_array(layer, chunks, with_ndim(x._meta, len(chunks)))


def _complete(lengths: list[int], size: int, old: tuple[int, ...]) -> tuple[int, ...]:
    if any(n < -1 for n in lengths) or lengths.count(-1) > 1:
        raise ValueError(f"can only specify one unknown dimension, and no other negative length, got {tuple(lengths)}")
    if -1 in lengths:
        rest = prod(n for n in lengths if n != -1)
        if rest == 0 or size % rest:
            raise ValueError(f"cannot reshape array of size {size} into shape {tuple(lengths)}")
        lengths = [size // rest if n == -1 else n for n in lengths]
    if prod(lengths) != size:
        raise ValueError(f"cannot reshape array of size {size} into shape {tuple(lengths)} (from {old})")
    return tuple(lengths)


def group_axes(old: tuple[int, ...], new: tuple[int, ...]) -> list[tuple[list[int], list[int]]]:
    """Return the smallest groups of neighbouring axes with as many elements on both sides (no length may be 1 or 0).

    Examples
    --------
    >>> group_axes((2, 3, 4, 30), (6, 2, 2, 30))
    [([0, 1], [0]), ([2], [1, 2]), ([3], [3])]
    """
    groups: list[tuple[list[int], list[int]]] = []
    i = j = 0
    while i < len(old):
        before, after = [i], [j]
        left, right = old[i], new[j]
        while left != right:
            if left < right:
                i += 1
                before.append(i)
                left *= old[i]
            else:
                j += 1
                after.append(j)
                right *= new[j]
        groups.append((before, after))
        i += 1
        j += 1
    return groups


def lined_up(chunks: Chunks, shape: tuple[int, ...]) -> tuple[Sizes, ...]:
    """Return chunks for axes that are to be merged: blocks of 1 before some axis, one block behind it; theirs if they are so.

    Examples
    --------
    >>> lined_up(((2, 2), (3, 3)), (4, 6))
    ((1, 1, 1, 1), (6,))
    """
    for k in range(len(chunks)):
        if all(max(sizes) == 1 for sizes in chunks[:k]) and all(len(sizes) == 1 for sizes in chunks[k + 1 :]):
            return chunks
    wanted = max(int(prod(max(sizes) for sizes in chunks)), 1)
    return _runs_of(shape, wanted)


def _runs_of(shape: tuple[int, ...], wanted: int) -> tuple[Sizes, ...]:
    """Return chunks of runs of about ``wanted`` elements."""
    k = 0
    while k < len(shape) - 1 and prod(shape[k + 1 :]) > wanted:
        k += 1
    inner = prod(shape[k + 1 :])
    size = min(max(wanted // inner, 1), shape[k])
    whole, rest = divmod(shape[k], size)
    cut = (size,) * whole + ((rest,) if rest else ())
    return (*[(1,) * n for n in shape[:k]], cut, *[(n,) for n in shape[k + 1 :]])


def runs(chunks: tuple[Sizes, ...]) -> Sizes:
    """Return the sizes of the blocks of lined-up axes, once these are one axis.

    Examples
    --------
    >>> runs(((1, 1), (3, 2)))
    (3, 2, 3, 2)
    """
    return tuple([prod(sizes) for sizes in product(*chunks)])


def split_up(sizes: Sizes, shape: tuple[int, ...]) -> tuple[Sizes, ...]:
    """Return chunks for the axes that one axis of these sizes is split into.

    The sizes themselves where rows of the first new axis end at their boundaries, otherwise runs of about their size.

    Examples
    --------
    >>> split_up((6, 3), (3, 3)), split_up((4, 4), (2, 4))
    (((2, 1), (3,)), ((1, 1), (4,)))
    """
    inner = prod(shape[1:])
    if all(size % inner == 0 for size in sizes) and all(sizes):
        return (tuple([size // inner for size in sizes]), *[(n,) for n in shape[1:]])
    return _runs_of(shape, max(int(max(sizes)), 1))


@implements(np.ravel)
def ravel(x: Any, order: str = "C") -> Any:
    """Return all elements in one axis, in C order.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.ones((2, 3), chunks=2).ravel().shape
    (6,)
    """
    if order != "C":
        raise NotImplementedError(f"ravel with order={order!r} isn't built; for 'F' use x.T.ravel()")
    return reshape(x, -1)

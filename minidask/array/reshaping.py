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

from minidask.array.chunks import (
    REMEDY,
    Chunks,
    Sizes,
    UnknownChunkSizes,
    chunks_token,
    has_unknown,
    numblocks_of,
    shape_of,
)
from minidask.array.collection import another, new_array
from minidask.array.dispatch import implements
from minidask.array.elementwise import as_array
from minidask.array.meta import as_block, with_ndim
from minidask.array.planned import planned
from minidask.array.rechunk import one_block_each, rechunk_to
from minidask.array.remembered import remembered
from minidask.array.spelling import also_named
from minidask.graph import Key, Layer, Task, TaskRef
from minidask.tokenize import quick_token
from minidask.units import parse_bytes


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
@also_named(x="a")
@planned
def reshape(
    a: Any, shape: Any, merge_chunks: bool = True, limit: Any = None, order: str = "C", *, copy: bool | None = None
) -> Any:
    """Return the elements of an array in another shape.

    Parameters
    ----------
    a : Array
    shape : int or tuple of int
        One length may be -1: what is left.
    merge_chunks, limit
        Accepted for compatibility: blocks keep about the size that they have.
    order : str
        ``"C"``, or ``"F"``: the first axis changes fastest. ``"A"`` is ``"C"``, as blocks promise no order in memory.
    copy
        Accepted for compatibility: nothing is copied before it is computed, except that False isn't possible.

    Raises
    ------
    ValueError
        If the number of elements changes, more than one length is -1, the order is none of these, or ``limit`` no bytes.
    UnknownChunkSizes
        If lengths aren't known, unless a one-dimensional result of one-dimensional input is asked for.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.arange(6, chunks=3).reshape(2, 3).compute().tolist()
    [[0, 1, 2], [3, 4, 5]]
    """
    x = as_array(a)
    wanted_shape = shape if isinstance(shape, tuple | list) else (shape,)
    if any(isinstance(n, float) and n != n for n in wanted_shape):
        raise UnknownChunkSizes(f"reshape to {tuple(wanted_shape)} needs lengths that aren't known: {REMEDY}")
    lengths = [operator.index(n) for n in wanted_shape]
    if order not in ("C", "F", "A"):
        raise ValueError(f"order must be one of 'C', 'F' or 'A' (got {order!r})")
    if limit is not None:
        parse_bytes(limit)
    if copy is False:
        raise ValueError("a chunked array can't promise to reshape without a copy: leave copy= out")
    if order == "F" and (x.ndim > 1 or len(lengths) > 1):
        return reshape(x.T, tuple(lengths[::-1])).T
    if has_unknown(x.shape):
        if lengths == [-1] and x.ndim == 1:
            return x
        if lengths == [-1] and all(len(sizes) == 1 for sizes in x._chunks[1:]):
            chunks: Chunks = ((float("nan"),) * x.numblocks[0],)
            return _reshaped(x, chunks)
        raise UnknownChunkSizes(f"reshape needs chunk sizes that aren't known before computing: {REMEDY}")
    new = _complete(lengths, x.size, x.shape)
    if new == x.shape:
        return another(x) if copy else x
    if x.size == 0:
        empty = rechunk_to(x, tuple([(n,) for n in x.shape]))
        return _reshaped(empty, tuple([(n,) for n in new]))
    x = one_block_each(x)
    for wanted, made in plan(x._chunks, x.shape, new):
        x = _reshaped(rechunk_to(x, wanted), made)
    return x


@remembered
def plan(chunks: Chunks, shape: tuple[int, ...], new: tuple[int, ...]) -> tuple[tuple[Chunks, Chunks], ...]:
    """Return the steps of a reshape: chunks to rechunk to, and chunks that the same blocks have behind it.

    Axes of length 1 go first and come last; in between each group's axes are merged to one, which is then split.

    Examples
    --------
    >>> for step in plan(((2, 2), (3,)), (4, 3), (12,)):
    ...     print(step)
    (((2, 2), (3,)), ((6, 6),))
    """
    old = tuple([n for n in shape if n != 1])
    kept = [n for n in new if n != 1]
    plain = tuple([sizes for sizes, n in zip(chunks, shape, strict=True) if n != 1])
    steps: list[tuple[Chunks, Chunks]] = [(chunks, plain)]
    groups = group_axes(old, tuple(kept))
    merging: list[Sizes] = []
    target: list[Sizes] = []
    for before, after in groups:
        own = plain[before[0] : before[-1] + 1]
        if len(before) == 1 or len(after) == len(before) == 1:
            merging += own
            target += own
            continue
        lined = lined_up(own, tuple([old[at] for at in before]))
        merging += lined
        target.append(runs(lined))
    steps.append((tuple(merging), tuple(target)))
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
    rest = iter(final)
    steps.append((tuple(cutting), tuple([(1,) if n == 1 else next(rest) for n in new])))
    # A step that changes nothing is left out, but for the last where axes are named in other chunks only.
    return tuple([step for step in steps if step[0] != step[1]] or steps[-1:])


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
    last = max([at for at, sizes in enumerate(chunks) if len(sizes) > 1], default=0)
    inner = prod([sizes[0] for sizes in chunks[last + 1 :]])
    before = prod([len(sizes) for sizes in chunks[:last]])
    if all(set(sizes) == {1} for sizes in chunks[:last]):
        own = chunks[last]
        # Mostly all sizes are one, which is known in a tenth of the time.
        even = own.count(own[0]) == len(own)
        return ((own[0] * inner,) * len(own) if even else tuple([size * inner for size in own])) * before
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
@also_named(array_like="a")
def ravel(a: Any, order: str = "C") -> Any:
    """Return all elements in one axis, in C order.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.ones((2, 3), chunks=2).ravel().shape
    (6,)
    """
    if order in ("A", "K"):
        # Blocks promise no order in memory, so that what is asked for is C.
        order = "C"
    return flattened("ravel", a, order)


def flattened(what: str, a: Any, order: str = "C") -> Any:
    """Return all elements in one axis; ``what`` is named where sizes would have to be known.

    Examples
    --------
    >>> import minidask.array as da
    >>> flattened("cumsum", da.ones((2, 3), chunks=2)).shape
    (6,)
    """
    x = as_array(a)
    try:
        return reshape(x, -1, order=order)
    except UnknownChunkSizes:
        raise UnknownChunkSizes(f"{what} needs chunk sizes that aren't known before computing: {REMEDY}") from None


@planned
def reshape_blockwise(x: Any, shape: Any, chunks: Any = None) -> Any:
    """Return an array of each block reshaped by itself: nothing is moved, but elements come in another order than NumPy's.

    Parameters
    ----------
    x : Array
    shape : int or tuple of int
        With fewer axes, neighbouring ones are merged; one length may be -1.
    chunks : tuple of tuples, optional
        Of the result; needed where it has more axes than the array, refused where it has fewer.

    Raises
    ------
    ValueError
        If the number of elements changes, blocks don't fit the chunks, or these are given for fewer axes.
    TypeError
        If there are more axes and no chunks.
    NotImplementedError
        If axes are neither merged nor split alone: give the chunks.
    UnknownChunkSizes
        If lengths aren't known.

    Examples
    --------
    >>> import minidask.array as da
    >>> x = da.arange(16, chunks=16).reshape(4, 4).rechunk(2)
    >>> reshape_blockwise(x, (16,)).compute()
    array([ 0,  1,  4,  5,  2,  3,  6,  7,  8,  9, 12, 13, 10, 11, 14, 15])
    """
    x = as_array(x)
    if has_unknown(x.shape):
        raise UnknownChunkSizes(f"reshape_blockwise needs chunk sizes that aren't known before computing: {REMEDY}")
    lengths = [operator.index(n) for n in (shape if isinstance(shape, tuple | list) else (shape,))]
    new = _complete(lengths, x.size, x.shape)
    if new == x.shape:
        return x
    if len(new) > x.ndim and chunks is None:
        raise TypeError("Need to specify chunks if expanding dimensions.")
    if len(new) < x.ndim and chunks is not None:
        raise ValueError("Setting chunks is not allowed when reducing the number of dimensions.")
    if chunks is None:
        final = _merged(one_block_each(x), new)
    else:
        final = tuple([tuple(sizes) for sizes in chunks])
        if shape_of(final) != new:
            raise ValueError(f"chunks are of shape {shape_of(final)}, but {new} is asked for")
    before, after = ([prod(sizes) for sizes in product(*each)] for each in (x._chunks, final))
    if before != after:
        raise ValueError(f"blocks have {str(before)[:60]} elements, but the chunks are for {str(after)[:60]}")
    return _reshaped(x, final)


def _merged(x: Any, new: tuple[int, ...]) -> Chunks:
    """Return the chunks that blocks have once neighbouring axes are merged."""
    old = tuple([n for n in x.shape if n != 1])
    plain = [sizes for sizes, n in zip(x._chunks, x.shape, strict=True) if n != 1]
    merged = []
    for before, after in group_axes(old, tuple([n for n in new if n != 1])):
        if len(after) > 1:
            raise NotImplementedError(
                f"reshape_blockwise from {x.shape} to {new} splits axes: use reshape, or give chunks"
            )
        merged.append(tuple([prod(sizes) for sizes in product(*[plain[at] for at in before])]))
    rest = iter(merged)
    return tuple([(1,) if n == 1 else next(rest) for n in new])

"""Choose elements, and put them into another order: ``choice``, ``permutation``, ``permuted``.

With replacement each block chooses by itself. Without it one task draws all positions, eight bytes each, and blocks take their
parts. What is chosen from is seen whole along its axis by each task. A permutation of an array is drawn
when its tasks are made, since it says which blocks each block needs.

Place in the flow: above ``streams``, below the generators.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from minidask.array.chunks import Sizes, check_known, chunks_token, edges_of, normalize_axis, numblocks_of
from minidask.array.collection import ArrayBase, as_numpy, new_array
from minidask.array.creation.filled import shape_tuple
from minidask.array.elementwise import READ_AS_IS, as_array
from minidask.array.meta import meta_of, numpy_meta, with_ndim
from minidask.array.normalize import normalize_chunks
from minidask.array.random.streams import Stream
from minidask.array.rechunk import rechunk_to
from minidask.array.reshaping import reshape
from minidask.array.slicing.layers import TakePositions
from minidask.array.sources import Bounds, array_source, symbols
from minidask.graph import BlockId, Blockwise, Parts, blockwise
from minidask.graph.blockwise import InputOf
from minidask.tokenize import quick_token

_INDEX = np.dtype(np.int64)


class Choose(NamedTuple):
    """Choose positions with replacement, for one block."""

    stream: Stream
    population: int

    def __call__(self, block_id: tuple[int, ...], bounds: Any, p: Any = None) -> Any:
        size = tuple([high - low for low, high in bounds])
        chosen = self.stream.at(block_id).choice(self.population, size=size, replace=True, p=p)
        return np.asarray(chosen, _INDEX)


class ChooseOnce(NamedTuple):
    """Choose all positions, each at most once."""

    stream: Stream
    population: int
    taken: int
    options: tuple[tuple[str, Any], ...]

    def __call__(self, p: Any = None) -> Any:
        chosen = self.stream.at(()).choice(self.population, self.taken, replace=False, p=p, **dict(self.options))
        return np.asarray(chosen, _INDEX)


class Permute(NamedTuple):
    """Put the first so many integers into another order."""

    stream: Stream
    length: int

    def __call__(self) -> Any:
        return np.asarray(self.stream.at(()).permutation(self.length), _INDEX)


class PermuteEach(NamedTuple):
    """Put the elements of each lane of a block along an axis into another order, each lane by itself."""

    stream: Stream
    axis: int

    def __call__(self, block_id: tuple[int, ...], block: Any) -> Any:
        return self.stream.at(block_id).permuted(block, axis=self.axis)


class TakeChosen(NamedTuple):
    """Take positions along an axis of a block that has all of it; the axes of the positions take its place."""

    axis: int

    def __call__(self, positions: Any, block: Any) -> Any:
        return block[(*[slice(None)] * self.axis, positions)]


def only(blocks: Any) -> Any:
    """Return the only block of nested lists.

    Examples
    --------
    >>> only([[5]])
    5
    """
    while isinstance(blocks, list):
        blocks = blocks[0]
    return blocks


def choice(
    stream: Stream, a: Any, size: Any, replace: bool, p: Any, axis: int, chunks: Any, options: dict[str, Any]
) -> Any:
    """Return elements chosen from an array, or from ``arange(a)``.

    Parameters
    ----------
    stream : Stream
    a : int or array-like
    size : int, tuple of int or None
    replace : bool
    p : array-like of float, optional
        Probabilities, one for each element.
    axis : int
        Along which is chosen.
    chunks
        Of the axes of ``size``.
    options : dict
        ``shuffle``, where NumPy's method has it.

    Raises
    ------
    ValueError
        If ``a`` is empty or no population, a sample without replacement is larger than the population, or ``p`` is no
        distribution over it.
    numpy.exceptions.AxisError
        If the axis is out of range.

    Examples
    --------
    >>> from minidask.array.random.streams import OfGenerator
    >>> stream = Stream(OfGenerator(np.random.PCG64), 5, (), 4)
    >>> sorted(choice(stream, 3, 3, False, None, 0, 2, {}).compute().tolist())
    [0, 1, 2]
    """
    whole = _population(a)
    if isinstance(whole, int):
        count = whole
    else:
        axis = normalize_axis(axis, whole.ndim)
        check_known("choice", (whole.shape[axis],))
        count = int(whole.shape[axis])
    shape = shape_tuple(() if size is None else size)
    total = prod(shape)
    weights = _weights(p, count, total, replace)
    if total and not count:
        kind = "must be a positive integer" if isinstance(whole, int) else "cannot be empty"
        raise ValueError(f"a {kind} unless no samples are taken")
    if not replace and total > count:
        raise ValueError(
            f"Cannot take a larger sample than population when replace is False: {total} of {count} elements"
        )
    own = normalize_chunks(chunks, shape, None, _INDEX if isinstance(whole, int) else whole.dtype)
    inputs = () if weights is None else (weights._layer,)
    operands: list[Any] = [] if weights is None else [(InputOf(0), ("p",))]
    name = quick_token(
        "choice",
        stream.parts,
        count,
        chunks_token(own),
        replace,
        None if weights is None else weights.name,
        tuple(options.items()),
    )
    func: Any
    if replace:
        index = symbols(len(own))
        func = Choose(stream, count)
        operands = [(BlockId(), index), (Parts(Bounds(own)), index), *operands]  # type: ignore[arg-type]
        sizes: dict[Any, int] = {"p": 1, **dict(enumerate(numblocks_of(own)))}
        layer = Blockwise(f"choice-{name}", inputs, func, index, tuple(operands), sizes, None, only)
        positions = new_array(layer, own, numpy_meta(_INDEX, len(own)))
    else:
        func = ChooseOnce(stream, count, total, tuple(options.items()))
        layer = Blockwise(f"choice-{name}", inputs, func, ("k",), tuple(operands), {"k": 1, "p": 1}, None, only)
        positions = rechunk_to(reshape(new_array(layer, ((total,),), numpy_meta(_INDEX, 1)), shape), own)
    return positions if isinstance(whole, int) else _take(whole, positions, axis)


def _population(a: Any) -> Any:
    """Return an int, or an array; one in memory is held by a task of its own."""
    if hasattr(a, "__index__") and not isinstance(a, ArrayBase) and not np.ndim(a):
        number: int = a.__index__()
        if number < 0:
            raise ValueError(f"a must be a positive integer unless no samples are taken, got {number}")
        return number
    if isinstance(a, ArrayBase):
        array: Any = a
    elif hasattr(a, "__dask_graph__"):
        array = as_array(a)
    else:
        values = as_numpy(a)
        if not values.ndim:
            raise ValueError(f"a must be a sequence or an integer, not {type(a)}")
        array = _held(values)
    if not array.ndim:
        raise ValueError("a must be a sequence or an integer, not an array without axes")
    return array


def _held(values: Any) -> Any:
    chunks = tuple([(length,) for length in values.shape])
    name = f"population-{quick_token('held', values)}"
    return new_array(array_source(name, values, chunks, READ_AS_IS), chunks, meta_of(values), values.shape)


def _weights(p: Any, count: int, total: int, replace: bool) -> Any:
    """Return probabilities as an array of one block, checked if they are known."""
    if p is None:
        return None
    if isinstance(p, ArrayBase):
        check_known("choice with p=", p.shape)
    else:
        p = np.asarray(p, float)
    if p.ndim != 1:
        raise ValueError(f"'p' must be 1-dimensional, got {p.ndim} dimensions")
    if len(p) != count:
        raise ValueError(f"'a' and 'p' must have same size, got {count} and {len(p)}")
    if isinstance(p, ArrayBase):
        return rechunk_to(p, ((count,),))
    if count:
        # NumPy's own test of what is a distribution.
        np.random.default_rng(0).choice(count, size=1, p=p)
    if not replace and int(np.count_nonzero(p)) < total:
        raise ValueError(f"Fewer non-zero entries in p than size: {np.count_nonzero(p)} for {total} elements")
    return _held(p)


def _take(whole: Any, positions: Any, axis: int) -> Any:
    whole = rechunk_to(whole, (*whole._chunks[:axis], (whole.shape[axis],), *whole._chunks[axis + 1 :]))
    before, after = whole._chunks[:axis], whole._chunks[axis + 1 :]
    chosen = tuple([("chosen", at) for at in range(positions.ndim)])
    axes = symbols(whole.ndim)
    func: Any = TakeChosen(axis)
    layer = blockwise(
        func,
        (*axes[:axis], *chosen, *axes[axis + 1 :]),
        (positions._layer, chosen),
        (whole._layer, axes),
        name=f"chosen-{quick_token('chosen', whole.name, positions.name, axis)}",
        contract=only,
    )
    chunks = (*before, *positions._chunks, *after)
    return new_array(layer, chunks, with_ndim(whole._meta, len(chunks)))


class Shuffled(Sequence[Any]):
    """The positions of an axis in another order, in pieces of the blocks' sizes; drawn when the first of them is asked for."""

    __slots__ = ("_pieces", "sizes", "stream")

    def __init__(self, stream: Stream, sizes: Sizes) -> None:
        self.stream = stream
        self.sizes = sizes
        self._pieces: list[Any] | None = None

    def __len__(self) -> int:
        return len(self.sizes)

    def __getitem__(self, number: Any) -> Any:
        if self._pieces is None:
            edges = edges_of(self.sizes)
            positions = np.asarray(self.stream.at(()).permutation(int(edges[-1])), _INDEX)
            self._pieces = np.split(positions, edges[1:-1])
        return self._pieces[number]

    def __reduce__(self) -> tuple[Any, ...]:
        return Shuffled, (self.stream, self.sizes)


def permutation(stream: Stream, x: Any, axis: int = 0) -> Any:
    """Return an array's slices along an axis in another order, or the integers below ``x``; chunks stay.

    Raises
    ------
    numpy.exceptions.AxisError
        If the axis is out of range.
    ValueError
        If the length isn't known, or an int is negative.

    Examples
    --------
    >>> from minidask.array.random.streams import OfGenerator
    >>> stream = Stream(OfGenerator(np.random.PCG64), 5, (), 4)
    >>> sorted(permutation(stream, 4).compute().tolist())
    [0, 1, 2, 3]
    """
    if hasattr(x, "__index__") and not isinstance(x, ArrayBase) and not np.ndim(x):
        length = x.__index__()
        func: Any = Permute(stream, length)
        if length < 0:
            raise ValueError(f"a permutation needs a length that isn't negative, got {length}")
        layer = blockwise(
            func, "k", name=f"permutation-{quick_token('integers', stream.parts, length)}", new_axes={"k": 1}
        )
        order = new_array(layer, ((length,),), numpy_meta(_INDEX, 1))
        return rechunk_to(order, normalize_chunks("auto", (length,), None, _INDEX))
    array = as_array(x)
    axis = normalize_axis(axis, array.ndim)
    sizes = array._chunks[axis]
    check_known("permutation", sizes)
    name = f"permutation-{quick_token('permutation', stream.parts, array.name, axis)}"
    taken = TakePositions(name, array._layer, axis, Shuffled(stream, sizes), sizes)
    return new_array(taken, array._chunks, array._meta, array._shape)


def permuted(stream: Stream, x: Any, axis: int | None = None) -> Any:
    """Return an array with the elements of each lane along an axis in an order of its own; of all elements if it is None.

    Raises
    ------
    numpy.exceptions.AxisError
        If the axis is out of range.

    Examples
    --------
    >>> from minidask.array.random.streams import OfGenerator
    >>> stream = Stream(OfGenerator(np.random.PCG64), 5, (), 4)
    >>> np.sort(permuted(stream, np.array([[1, 2], [3, 4]]), 1).compute(), axis=1).tolist()
    [[1, 2], [3, 4]]
    """
    array = as_array(x)
    if axis is None:
        return reshape(permutation(stream, reshape(array, (-1,))), array.shape)
    axis = normalize_axis(axis, array.ndim)
    array = rechunk_to(array, (*array._chunks[:axis], (sum(array._chunks[axis]),), *array._chunks[axis + 1 :]))
    index = symbols(array.ndim)
    func: Any = PermuteEach(stream, axis)
    layer = blockwise(
        func,
        index,
        (BlockId(), index),
        (array._layer, index),
        name=f"permuted-{quick_token('permuted', stream.parts, array.name, axis)}",
    )
    return new_array(layer, array._chunks, array._meta, array._shape)

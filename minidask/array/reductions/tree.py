"""How arrays are reduced: a partial result a block, in a blockwise layer that fuses with what is above, then a tree.

``reduce_tree`` takes three functions of a *fold*: ``chunk(block, axes)`` makes a partial result, with reduced axes of length 1
kept; ``combine(partials)`` makes one of a list; ``finish(partial)`` makes the value. Partial results are arrays, or tuples of
arrays.

Place in the flow: every reduction builds these two layers. Not for: which functions there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, Protocol

import numpy as np

from minidask.array.assemble import flatten
from minidask.array.chunks import Chunks
from minidask.array.collection import ArrayBase, new_array
from minidask.array.meta import meta_of
from minidask.array.reductions.masked import masked_fold
from minidask.array.sources import Bounds, grid_sizes, symbols
from minidask.graph import Blockwise, Parts, tree_reduction
from minidask.graph.blockwise import InputOf, Operand
from minidask.tokenize import quick_token

# Elements that are looked at at a time: 256 KB of float64, which a core's cache holds.
SLAB = 32_768
# Where a block's partial result isn't smaller by this factor, a task combines so many of them only.
_HARDLY = 4


class Fold(Protocol):
    """What ``reduce_tree`` takes; compares by value, so that names can say it.

    The optimiser may cut the array into larger blocks, unless the fold has ``any_cut = False``: for functions of a user's own.
    One whose ``chunk`` makes temporaries of the block's size says ``in_slabs``; its partial results are arrays and numbers.
    """

    def chunk(self, block: Any, axes: tuple[int, ...], bounds: Any) -> Any: ...

    def combine(self, partials: list[Any]) -> Any: ...

    def finish(self, partial: Any, axes: tuple[int, ...]) -> Any: ...


def slab_by_slab(fold: Fold, block: Any, axes: tuple[int, ...], bounds: Any) -> Any:
    """Return the partial result of a block, made of those of slabs along its first axis: no temporary is as large as the block.

    Examples
    --------
    >>> from minidask.array.reductions.folds import UfuncFold
    >>> slab_by_slab(UfuncFold("nansum", np.add, "nansum"), np.ones((3, 40_000)), (0, 1), None)
    array([[120000.]])
    """
    rows = max(SLAB * block.shape[0] // block.size, 1)
    parts = []
    for low in range(0, block.shape[0], rows):
        slab = block[low : low + rows]
        if bounds is not None:
            start = bounds[0][0] + low
            parts.append(fold.chunk(slab, axes, ((start, start + len(slab)), *bounds[1:])))
        else:
            parts.append(fold.chunk(slab, axes, None))
    if len(parts) == 1:
        return parts[0]
    return fold.combine(parts) if 0 in axes else _joined(parts)


def _joined(parts: Sequence[Any]) -> Any:
    """Return partial results one behind the other along the first axis; numbers in them are the same in all."""
    if isinstance(parts[0], tuple):
        return tuple([_joined(each) for each in zip(*parts, strict=True)])
    return np.concatenate(parts) if np.ndim(parts[0]) else parts[0]


class Chunk:
    """Make the partial result of a block; ``small`` says that it is much smaller than the block."""

    __slots__ = ("axes", "fold", "small")

    def __init__(self, fold: Fold, axes: tuple[int, ...], small: bool = False) -> None:
        self.fold = fold
        self.axes = axes
        self.small = small

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return f"{getattr(self.fold, 'name', 'reduce')}-chunk"

    @property
    def any_cut(self) -> bool:
        """Whether any cut of the array gives the same value, but for rounding, so that blocks may be merged."""
        return bool(getattr(self.fold, "any_cut", True))

    def __call__(self, block: Any, bounds: Any = None) -> Any:
        if getattr(self.fold, "in_slabs", False) and type(block) is np.ndarray and block.ndim and block.size > SLAB:
            return slab_by_slab(self.fold, block, self.axes, bounds)
        return self.fold.chunk(block, self.axes, bounds)

    def __reduce__(self) -> tuple[Any, ...]:
        return Chunk, (self.fold, self.axes, self.small)


class Combine:
    """Make one partial result of nested lists of them."""

    __slots__ = ("depth", "fold")

    def __init__(self, fold: Fold, depth: int) -> None:
        self.fold = fold
        self.depth = depth

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return f"{getattr(self.fold, 'name', 'reduce')}-combine"

    def __call__(self, nested: Any) -> Any:
        partials = list(flatten(nested, self.depth))
        return partials[0] if len(partials) == 1 else self.fold.combine(partials)

    def __reduce__(self) -> tuple[Any, ...]:
        return Combine, (self.fold, self.depth)


class Finish(Combine):
    """Make the value of nested lists of partial results."""

    __slots__ = ("axes", "dtype", "keepdims")

    def __init__(self, fold: Fold, axes: tuple[int, ...], keepdims: bool, dtype: Any) -> None:
        super().__init__(fold, len(axes))
        self.axes = axes
        self.keepdims = keepdims
        self.dtype = dtype

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return str(getattr(self.fold, "name", "reduce"))

    def __call__(self, nested: Any) -> Any:
        value = self.fold.finish(super().__call__(nested), self.axes)
        if not self.keepdims:
            value = np.squeeze(value, axis=self.axes)
        if getattr(value, "dtype", self.dtype) != self.dtype:
            value = value.astype(self.dtype)
        # NumPy's reductions to a single element give a scalar.
        return value[()] if isinstance(value, np.ndarray) and value.ndim == 0 and self.dtype != object else value

    def __reduce__(self) -> tuple[Any, ...]:
        return Finish, (self.fold, self.axes, self.keepdims, self.dtype)


def reduce_tree(
    name: str,
    x: ArrayBase,
    fold: Fold,
    axes: tuple[int, ...],
    dtype: Any,
    keepdims: bool = False,
    split_every: int | Mapping[int, int] | None = None,
    token: Any = None,
    places: bool = False,
) -> Any:
    """Return the reduction of an array along axes.

    Parameters
    ----------
    name : str
        The operation; with ``token`` it says what the fold does.
    x : Array
    fold : Fold
    axes : tuple of int
        Ascending; empty for none, which is a reduction of each element by itself.
    dtype : dtype
        Of the result.
    split_every : int or dict, optional
        How many partial results one task combines along each axis.
    places : bool
        Whether the fold needs to know where in the array a block lies.

    Raises
    ------
    ValueError
        If ``split_every`` is below 2.
    """
    ndim = x.ndim
    index = symbols(ndim)
    if isinstance(x._meta, np.ma.MaskedArray):
        fold = masked_fold(fold, axes)
    operands: list[tuple[Operand, Any]] = [(InputOf(0), index)]
    if places:
        operands.append((Parts(Bounds(x._chunks)), index))  # type: ignore[arg-type]
    token = quick_token(name, x.name, axes, str(dtype), token)
    small = bool(axes) and prod([x._chunks[axis][0] for axis in axes]) >= _HARDLY
    chunk = Chunk(fold, axes, small)
    partials = Blockwise(
        f"{name}-chunk-{token}", (x._layer,), chunk, index, tuple(operands), grid_sizes(x._layer.numblocks)
    )
    if split_every is None and axes and not small:
        # Partial results are about as large as blocks: fewer of them at a time.
        split_every = _HARDLY
    if isinstance(split_every, Mapping):
        split_every = {axis % ndim: every for axis, every in split_every.items()}
    layer = tree_reduction(
        partials,
        Combine(fold, len(axes)),
        Finish(fold, axes, keepdims, np.dtype(dtype)),
        axes=axes,
        split_every=split_every,
        keepdims=keepdims,
        prefix=name,
        token=token,
    )
    chunks: Chunks = tuple([(1,) if at in axes else s for at, s in enumerate(x._chunks) if keepdims or at not in axes])
    # Places are NumPy's whatever the blocks are.
    return new_array(layer, chunks, meta_of(np.empty(0) if places else x._meta, len(chunks), dtype))

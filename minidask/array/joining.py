"""Several arrays become one: ``concatenate``, ``stack``, ``block``. No block is cut: each is a block of the result.

Place in the flow: above ``unify``, which makes the other axes agree.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from minidask.array.chunks import REMEDY, has_unknown, joined_sizes, normalize_axis
from minidask.array.collection import another, new_array
from minidask.array.dispatch import implements
from minidask.array.elementwise import as_array
from minidask.array.meta import meta_of
from minidask.array.planned import planned
from minidask.array.rebinding import rebind
from minidask.array.shaping import atleast, expand_dims
from minidask.array.slicing.layers import wanted_indices
from minidask.array.spelling import also_named
from minidask.array.unify import common_sizes, unify_chunks
from minidask.graph import Key, Layer, Task, alias
from minidask.tokenize import quick_token


class Joined(Layer):
    """The blocks of several layers, one layer after the other along an axis; a layer may occur more than once."""

    __slots__ = ("axis", "order")
    axis: int
    order: tuple[int, ...]

    def __init__(self, name: str, inputs: tuple[Layer, ...], order: tuple[int, ...], axis: int) -> None:
        grid = list(inputs[0].numblocks)
        grid[axis] = sum(inputs[at].numblocks[axis] for at in order)
        super().__init__(name, inputs, tuple(grid))
        self.axis = axis
        self.order = order

    def lower(self, wanted: Collection[Key] | None = None) -> dict[Key, Task]:
        starts = list(accumulate([self.inputs[at].numblocks[self.axis] for at in self.order], initial=0))
        tasks: dict[Key, Task] = {}
        for index in wanted_indices(self, wanted):
            number = bisect_right(starts, index[self.axis]) - 1
            source = self.inputs[self.order[number]].name
            at = index[self.axis] - starts[number]
            tasks[(self.name, *index)] = alias((source, *index[: self.axis], at, *index[self.axis + 1 :]))
        return tasks


@implements(np.concatenate)
@also_named(seq="arrays")
@planned
def concatenate(
    arrays: Sequence[Any],
    axis: int | None = 0,
    allow_unknown_chunksizes: bool = False,
    *,
    out: Any = None,
    dtype: Any = None,
    casting: Any = "same_kind",
) -> Any:
    """Join arrays along an axis that they have.

    Parameters
    ----------
    arrays : sequence of arrays
        Of equal lengths along all other axes; dtypes are promoted.
    axis : int or None
        None: arrays are raveled first.
    allow_unknown_chunksizes : bool
        Accepted for compatibility: unknown sizes are joined wherever numbers of blocks agree.
    out : Array, optional
        Takes the result, as by assignment, and is returned.
    dtype : dtype, optional
        Of the result; default: what the arrays are promoted to.
    casting : str
        What is allowed for ``dtype``.

    Raises
    ------
    ValueError
        If there are no arrays, or their shapes don't fit, or unknown sizes meet another number of blocks.
    TypeError
        If the cast isn't allowed.

    Examples
    --------
    >>> import minidask.array as da
    >>> concatenate([da.zeros(3, chunks=2), da.ones(2, chunks=2)]).chunks
    ((2, 1, 2),)
    """
    arrays = [as_array(x) for x in arrays]
    if not arrays:
        raise ValueError("need at least one array to concatenate")
    if axis is None:
        arrays = [x.ravel() for x in arrays]
        axis = 0
    ndim = arrays[0].ndim
    if ndim == 0:
        raise ValueError("zero-dimensional arrays cannot be concatenated: use stack")
    if any(x.ndim != ndim for x in arrays):
        raise ValueError(
            f"all the input array dimensions must match exactly: arrays have {[x.ndim for x in arrays]} dimensions"
        )
    axis = normalize_axis(axis, ndim)
    for at in range(ndim):
        lengths = [x.shape[at] for x in arrays]
        if at != axis and len({n for n in lengths if n == n}) > 1:
            raise ValueError(
                "all the input array dimensions except for the concatenation axis must match exactly, but along dimension "
                f"{at} the arrays have lengths {lengths}"
            )
        if at != axis and any(n != n for n in lengths):
            # A block of length 1 isn't stretched here.
            common_sizes([x._chunks[at] for x in arrays])
    if dtype is None:
        dtype = arrays[0].dtype if len(arrays) == 1 else np.result_type(*[x.dtype for x in arrays])
        casting = "unsafe"
    arrays = [x if x.dtype == dtype else x.astype(dtype, casting=casting) for x in arrays]
    if len(arrays) == 1:
        return rebind("concatenate", out, another(arrays[0]))
    # Blocks of no length would only cost tasks, and their dtype has been counted.
    longer = [x for x in arrays if x.shape[axis] != 0] or arrays[:1]
    if len(longer) > 1:
        pairs = [
            part for n, x in enumerate(longer) for part in (x, [(-1, n) if at == axis else at for at in range(ndim)])
        ]
        longer = unify_chunks(*pairs)[1]
    layers = {x.name: x._layer for x in longer}
    places = {name: at for at, name in enumerate(layers)}
    order = tuple([places[x.name] for x in longer])
    name = f"concatenate-{quick_token('concatenate', axis, *[x.name for x in longer])}"
    layer = Joined(name, tuple(layers.values()), order, axis)
    sizes = joined_sizes(*[x._chunks[axis] for x in longer])
    chunks = (*longer[0]._chunks[:axis], sizes, *longer[0]._chunks[axis + 1 :])
    return rebind("concatenate", out, new_array(layer, chunks, meta_of(longer[0]._meta, ndim, dtype)))


@implements(np.stack)
@also_named(seq="arrays")
@planned
def stack(
    arrays: Sequence[Any],
    axis: int = 0,
    allow_unknown_chunksizes: bool = False,
    *,
    out: Any = None,
    dtype: Any = None,
    casting: Any = "same_kind",
) -> Any:
    """Join arrays of one shape along a new axis.

    Raises
    ------
    ValueError
        If there are no arrays, or their shapes differ.

    Examples
    --------
    >>> import minidask.array as da
    >>> stack([da.zeros(3), da.ones(3)], axis=-1).shape
    (3, 2)
    """
    arrays = [as_array(x) for x in arrays]
    if not arrays:
        raise ValueError("need at least one array to stack")
    if len({str(x.shape) for x in arrays}) > 1 and not allow_unknown_chunksizes:
        remedy = (
            f"; {REMEDY}, or pass allow_unknown_chunksizes=True" if any(has_unknown(x.shape) for x in arrays) else ""
        )
        raise ValueError(f"all input arrays must have the same shape, got {[x.shape for x in arrays]}{remedy}")
    axis = normalize_axis(axis, arrays[0].ndim + 1)
    return concatenate([expand_dims(x, axis) for x in arrays], axis, out=out, dtype=dtype, casting=casting)


@implements(np.block)
@planned
def block(arrays: Any, allow_unknown_chunksizes: bool = False) -> Any:
    """Put arrays together from nested lists, the innermost lists along the last axis.

    ``allow_unknown_chunksizes`` is accepted for compatibility: see ``concatenate``.

    Raises
    ------
    ValueError
        If lists are empty or nested to different depths, or shapes don't fit.

    Examples
    --------
    >>> import minidask.array as da
    >>> block([[da.ones((2, 2)), da.zeros((2, 1))]]).shape
    (2, 3)
    """
    depth = _depth(arrays)
    leaves = list(_leaves(arrays))
    ndim = max([depth, *[x.ndim for x in leaves]])
    made = _block(arrays, depth, ndim)
    return another(made) if any(made is leaf for leaf in leaves) else made


def _depth(nested: Any) -> int:
    if not isinstance(nested, list):
        return 0
    if not nested:
        raise ValueError("List at arrays is empty: each list of block() needs an array")
    depths = {_depth(item) for item in nested}
    if len(depths) > 1:
        raise ValueError("List depths are mismatched: lists of block() must be nested to the same depth everywhere")
    return depths.pop() + 1


def _leaves(nested: Any) -> Any:
    if isinstance(nested, list):
        for item in nested:
            yield from _leaves(item)
    else:
        yield as_array(nested)


def _block(nested: Any, depth: int, ndim: int) -> Any:
    if depth == 0:
        return atleast(as_array(nested), ndim)
    return concatenate([_block(item, depth - 1, ndim) for item in nested], axis=-depth)

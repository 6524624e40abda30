"""``x[mask] = f(x[mask])``: what elementwise work makes of a selection, put back to where the same mask selects.

The values' number depends on data, but block by block they belong to the blocks that they come from: the selection is made in
each block by itself, the work is done on what the block has, and that is put back into it. So the result has the blocks of ``x``,
nothing is gathered, and the order of the elements plays no part.

Place in the flow: ``getting`` notes on its ``Compressed`` layers what they select from; ``setting`` asks here before it gathers.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from minidask.array.chunks import Chunks, has_unknown
from minidask.array.collection import ArrayBase, new_array
from minidask.array.matching import Matching
from minidask.array.meta import as_block
from minidask.array.rechunk import rechunk_to
from minidask.array.slicing.layers import Compressed
from minidask.array.sources import grid_sizes, symbols
from minidask.array.unify import common_sizes
from minidask.graph import Blockwise, Layer
from minidask.graph.blockwise import Constant, InputOf, Operand
from minidask.tokenize import quick_token


class TrueOf(NamedTuple):
    """Return the elements of a block where a mask, which covers axes from ``axis`` on, is true."""

    axis: int

    def __call__(self, block: Any, mask: Any) -> Any:
        return as_block(block)[(*[slice(None)] * self.axis, np.asarray(mask))]


class PutTrue(NamedTuple):
    """Return a block with values where a mask, which covers axes from ``axis`` on, is true."""

    axis: int

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "setitem"

    def __call__(self, block: Any, mask: Any, values: Any) -> Any:
        out = as_block(block).copy()
        out[(*[slice(None)] * self.axis, np.asarray(mask))] = values
        return out


def put_back(x: ArrayBase, mask: ArrayBase, axis: int, value: Any) -> Any:
    """Return an array with values where a mask is true, block by block; None if they aren't what the same mask selects.

    Parameters
    ----------
    x : Array
    mask : Array of bool
        Covers axes of ``x`` from ``axis`` on.
    axis : int
    value
        Of an Array: what ufuncs (and functions that may get blocks of any cut) make of selections by the mask, of literals and
        of arrays without axes.

    Examples
    --------
    >>> import minidask.array as da
    >>> x = da.arange(4, chunks=2)
    >>> mask = x > 1
    >>> put_back(x, mask, 0, x[mask] * 2).compute(), put_back(x, mask, 0, x[x > 2])
    (array([0, 1, 4, 6]), None)
    """
    if not isinstance(value, ArrayBase) or value.ndim != x.ndim - mask.ndim + 1:
        return None
    order = _elementwise_layers(value._layer, mask, axis, x.shape)
    if order is None:
        return None
    covered = range(axis, axis + mask.ndim)
    chunks: Chunks = tuple(
        [
            common_sizes([sizes, mask._chunks[at - axis]]) if at in covered else sizes
            for at, sizes in enumerate(x._chunks)
        ]
    )
    index = symbols(x.ndim)
    try:
        where: Any = rechunk_to(mask, chunks[axis : axis + mask.ndim])
        target = rechunk_to(x, chunks)
        made: dict[str, Layer] = {}
        for layer in order:
            if isinstance(layer, Compressed):
                source = rechunk_to(layer.origin[0], chunks)  # type: ignore[index]
                made[layer.name] = _aligned("selected", TrueOf(axis), (source._layer, where._layer), index, covered)
            else:
                made[layer.name] = _on_grid(layer, made, target)
    except ValueError:
        # Sizes that aren't known are cut in another way: what gathers says what to do.
        return None
    layer = _aligned("setitem", PutTrue(axis), (target._layer, where._layer, made[value._layer.name]), index, covered)
    return rechunk_to(new_array(layer, chunks, x._meta), chunks if has_unknown(x.shape) else x._chunks)


def _elementwise_layers(last: Layer, mask: ArrayBase, axis: int, shape: tuple[Any, ...]) -> list[Any] | None:
    """Return the layers between selections by a mask and the last one, inputs first; None if there are others among them."""
    order: list[Any] = []
    seen: set[str] = set()
    pending: list[tuple[Any, bool]] = [(last, False)]
    while pending:
        layer, done = pending.pop()
        if done:
            order.append(layer)
            continue
        if layer.name in seen:
            continue
        seen.add(layer.name)
        if isinstance(layer, Compressed):
            origin = layer.origin
            same = origin is not None and origin[1].name == mask.name and origin[2] == axis
            if not same or not _same_shape(origin[0].shape, shape):  # type: ignore[index]
                return None
            order.append(layer)
        elif isinstance(layer, Blockwise) and _is_elementwise(layer):
            pending.append((layer, True))
            # What has no axes is the same for all blocks.
            pending += [(layer.inputs[operand.at], False) for operand, index in layer.operands if index]  # type: ignore[union-attr]
        else:
            return None
    return order


def _same_shape(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    return len(one) == len(other) and all(n == m or n != n or m != m for n, m in zip(one, other, strict=True))


def _is_elementwise(layer: Blockwise) -> bool:
    func: Any = layer.func
    if isinstance(func, Matching):
        # What the same mask selects matches.
        return True
    if not getattr(func, "any_cut", False) and not (
        isinstance(func, np.ufunc) and func.signature is None and func.nout == 1
    ):
        return False
    return all(
        isinstance(operand, Constant) or (isinstance(operand, InputOf) and index in (layer.out_ind, ()))
        for operand, index in layer.operands
    )


def _on_grid(layer: Blockwise, made: dict[str, Layer], target: Any) -> Layer:
    """Return elementwise work as it is, on what is selected in each block of the target."""
    index = symbols(target.ndim)
    operands: list[tuple[Operand, Any]] = [(operand, index if own else ()) for operand, own in layer.operands]
    inputs = tuple([made.get(above.name, above) for above in layer.inputs])
    name = f"{layer.name}-{quick_token('on-grid', *[above.name for above in inputs])}"
    sizes = grid_sizes(target._layer.numblocks)
    return Blockwise(name, inputs, layer.func, index, tuple(operands), sizes, layer.kwargs, None, layer.annotations)


def _aligned(what: str, func: Any, layers: tuple[Layer, ...], index: tuple[int, ...], covered: range) -> Layer:
    """Return a function of blocks, the mask's being the second."""
    inputs = tuple({layer.name: layer for layer in layers}.values())
    names = [layer.name for layer in inputs]
    operands = tuple(
        [
            (InputOf(names.index(layer.name)), tuple(covered) if number == 1 else index)
            for number, layer in enumerate(layers)
        ]
    )
    name = f"{what}-{quick_token(what, *func, *[layer.name for layer in layers])}"
    return Blockwise(name, inputs, func, index, operands, grid_sizes(layers[0].numblocks))

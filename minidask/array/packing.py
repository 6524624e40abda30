"""``compute`` of an array of unknown length, such as ``x[x > 0]``: blocks are written one behind the other as they come.

Memory for as many elements as there can be is reserved once. Pages of it that nothing is written to cost nothing, and what is
left at the end is given back: so the result is written once, where it stays, instead of being kept in blocks and copied together.

Place in the flow: beside ``computing``, which asks here for arrays whose length isn't known; ``Compressed`` layers say how long
they can be.

Invariants: blocks are in their order, whatever the order that they came in; only blocks whose turn hasn't come are held. A
block that is not what was declared (another dtype, shape or type), and all behind it, are joined as ever.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import count
from math import prod
from typing import Any

import numpy as np

from minidask.array.assemble import join
from minidask.array.chunks import has_unknown, is_unknown
from minidask.array.collection import ArrayBase
from minidask.array.deliver import AllDelivered
from minidask.array.meta import as_block
from minidask.array.slicing.layers import Compressed
from minidask.array.sources import grid_sizes, symbols
from minidask.graph import BlockId, Blockwise, Layer
from minidask.graph.blockwise import InputOf
from minidask.io.memory import available

_numbers = count()
# Less is reserved without asking how much memory there is.
_LARGE = 1 << 28


class Pack:
    """Write block number ``block_id[0]`` behind those before it, as soon as these are there.

    ``filled``: elements along the first axis that have their place. ``waiting``: blocks whose turn hasn't come, by number.
    ``others``: blocks that don't fit, and all behind them.

    Examples
    --------
    >>> pack = Pack(np.empty(5, int))
    >>> pack((1,), np.array([3, 4])), pack((0,), np.array([1, 2]))
    (None, None)
    >>> pack.finish()
    array([1, 2, 3, 4])
    """

    __slots__ = ("filled", "lock", "number", "others", "out", "waiting")

    def __init__(self, out: Any) -> None:
        self.out = out
        self.lock = threading.Lock()
        self.number = 0
        self.filled = 0
        self.waiting: dict[int, Any] = {}
        self.others: list[Any] = []

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "pack"

    def __call__(self, block_id: tuple[int, ...], block: Any) -> None:
        turn: list[tuple[int, Any]] = []
        with self.lock:
            self.waiting[block_id[0]] = block
            while self.number in self.waiting:
                found = self.waiting.pop(self.number)
                self.number += 1
                if not self.others and self._fits(found):
                    turn.append((self.filled, found))
                    self.filled += len(found)
                else:
                    self.others.append(as_block(found))
        for start, found in turn:
            self.out[start : start + len(found)] = found

    def _fits(self, block: Any) -> bool:
        out = self.out
        return (
            type(block) is np.ndarray
            and block.dtype == out.dtype
            and block.ndim == out.ndim
            and block.shape[1:] == out.shape[1:]
            and self.filled + len(block) <= len(out)
        )

    def finish(self) -> Any:
        """Return the result; to be called once, when all blocks are there."""
        # No views of it are left: tasks have ended.
        self.out.resize((self.filled, *self.out.shape[1:]), refcheck=False)
        if not self.others:
            return self.out
        return join([*([self.out] if self.filled else []), *self.others])


class Packed(ArrayBase):
    """An array whose blocks are packed; its only key is that of the task that waits for all."""

    __slots__ = ("pack",)
    pack: Pack

    def __dask_keys__(self) -> list[Any]:
        return [(self._layer.name,)]

    def __dask_postcompute__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return _finish, (self.pack,)


def _finish(results: Any, pack: Pack) -> Any:
    return pack.finish()


def packed(x: ArrayBase) -> ArrayBase:
    """Return the collection that computes an array of unknown length in one piece; the array itself where that isn't possible.

    Possible it is along the first axis, of blocks that have all of the other axes, if something says how long they can be.
    """
    if not is_unknown(x.shape[0]) or has_unknown(x.shape[1:]) or any(n != 1 for n in x._layer.numblocks[1:]):
        return x
    most = longest(x._layer)
    if most is None or not _has_room(most * prod(x.shape[1:]) * x.dtype.itemsize):
        return x
    try:
        out = np.empty((most, *x.shape[1:]), x.dtype)
    except MemoryError:
        # Where memory can't be reserved before it is used.
        return x
    index = symbols(x.ndim)
    pack = Pack(out)
    name = f"pack-{next(_numbers)}-{x.name}"
    operands = ((BlockId(), index), (InputOf(0), index))
    layer = Blockwise(f"{name}-blocks", (x._layer,), pack, index, operands, grid_sizes(x._layer.numblocks))
    made = Packed.__new__(Packed)
    made._layer, made._chunks, made._meta, made._shape, made._graph = (
        AllDelivered(name, layer),
        x._chunks,
        x._meta,
        x._shape,
        None,
    )
    made.pack = pack
    return made


def _has_room(nbytes: int) -> bool:
    """Whether so many bytes may be reserved: of addresses, too, a process may have a limit."""
    if nbytes < _LARGE:
        return True
    limit = available()
    return limit is None or nbytes <= limit // 2


def longest(layer: Layer) -> int | None:
    """Return how long the first axis of a layer's array can be, by the selection that it is made from; None if nothing says so.

    A guess will do: blocks that have no room are joined as ever.
    """
    while not isinstance(layer, Compressed):
        if not isinstance(layer, Blockwise):
            return None
        above = [
            layer.inputs[operand.at]
            for operand, index in layer.operands
            if isinstance(operand, InputOf) and index == layer.out_ind
        ]
        if not above:
            return None
        layer = above[0]
    if layer.axis or has_unknown(layer.before):
        return None
    return int(sum(layer.before))

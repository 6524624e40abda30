"""``compute`` of arrays: each result is allocated once, and each task writes its block into its place.

Place in the flow: ``minidask.compute`` asks every array (``__minidask_placed__``) for what is computed in its place where tasks
run in this process: a ``Delivered`` collection. The layer that delivers is blockwise, so that it fuses with what makes the
blocks; what several results share is computed once. Elsewhere blocks come back and are joined.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from math import prod
from typing import Any

import numpy as np

from minidask.array.allocation import keep_freed_memory
from minidask.array.assemble import assemble
from minidask.array.chunks import has_unknown
from minidask.array.collection import ArrayBase
from minidask.array.deliver import AllDelivered, Deliver, DeliverLayer, Handed
from minidask.array.packing import packed
from minidask.array.performance import check_memory
from minidask.array.sources import Bounds, grid_sizes, symbols
from minidask.graph import Parts
from minidask.graph.blockwise import InputOf
from minidask.schedulers import sync, threads

# Each computation delivers to memory of its own: no two of these layers are equal.
_numbers = count()


class Delivered(ArrayBase):
    """An array whose blocks are put into ``out``; its only key is that of the task that waits for all."""

    __slots__ = ("out",)
    out: Any

    def __dask_keys__(self) -> list[Any]:
        return [(self._layer.name,)]

    def __dask_postcompute__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return collect, (self.out,)


def delivered(x: ArrayBase) -> Delivered:
    """Return the collection that computes an array into one piece of memory."""
    index = symbols(x.ndim)
    out = np.empty(x.shape, x.dtype)
    name = f"deliver-{next(_numbers)}-{x.name}"
    layer = DeliverLayer(
        f"{name}-blocks",
        (x._layer,),
        Deliver(out),
        index,
        ((InputOf(0), index), (Parts(Bounds(x._chunks)), index)),  # type: ignore[arg-type]
        grid_sizes(x._layer.numblocks),
    )
    made = Delivered.__new__(Delivered)
    made._layer, made._chunks, made._meta, made._shape, made._graph = (
        AllDelivered(name, layer),
        x._chunks,
        x._meta,
        x._shape,
        None,
    )
    made.out = out
    return made


def collect(results: Any, out: Any) -> Any:
    """Return the result; with the blocks that could not be put in place, joined with the others."""
    if results[0] is None:
        return out
    numblocks, blocks = results[0]
    whole: list[Any] = []
    for block in blocks:
        if type(block) is Handed:
            whole.append(block.block)
        else:
            whole.append(out[tuple([slice(low, high) for low, high in block])])
    for size in numblocks[:0:-1]:
        whole = [whole[at : at + size] for at in range(0, len(whole), size)]
    return assemble(whole, numblocks)


def check_fits(arrays: Sequence[ArrayBase], run: Callable[..., Any]) -> None:
    """Warn where tasks run in this process, whose memory can't hold what they and the results take."""
    if run is threads.get or run is sync.get:
        check_memory(arrays)


def placed(x: ArrayBase, run: Callable[..., Any]) -> ArrayBase:
    """Return the collection that computes an array straight into its place; the array itself where that isn't possible.

    Parameters
    ----------
    x : Array
    run : callable
        The ``get`` function of who runs the tasks: elsewhere than here they have no part of this process's memory.
    """
    if run is not threads.get and run is not sync.get:
        return x
    keep_freed_memory()
    if not x.ndim or type(x._meta) is not np.ndarray or x.dtype.kind == "O" or not prod(x.shape):
        return x
    return packed(x) if has_unknown(x.shape) else delivered(x)

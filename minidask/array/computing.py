"""``compute`` of one array: the result is allocated once, and each task writes its block into its place.

Place in the flow: ``Array.compute`` puts a ``Delivered`` collection in the array's place where tasks run in this process. The
layer that delivers is blockwise, so that it fuses with what makes the blocks. Elsewhere blocks come back and are joined.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from math import prod
from typing import Any

import numpy as np

from minidask.array.assemble import assemble
from minidask.array.chunks import has_unknown
from minidask.array.collection import ArrayBase
from minidask.array.deliver import AllDelivered, Deliver, DeliverLayer, Handed
from minidask.array.sources import Bounds, grid_sizes, symbols
from minidask.collection import compute
from minidask.graph import Parts
from minidask.graph.blockwise import InputOf
from minidask.schedulers import sync, threads
from minidask.schedulers.registry import get_scheduler

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


def compute_array(x: ArrayBase, kwargs: dict[str, Any]) -> Any:
    """Compute an array, straight into its place where that is possible."""
    kind = x.dtype.kind
    if not x.ndim or type(x._meta) is not np.ndarray or kind == "O" or has_unknown(x.shape) or not prod(x.shape):
        return compute(x, traverse=False, **kwargs)[0]
    run = get_scheduler(get=kwargs.get("get"), scheduler=kwargs.get("scheduler"), collections=[x])
    if run is not threads.get and run is not sync.get:
        # Elsewhere tasks have no part of this process's memory.
        return compute(x, traverse=False, **kwargs)[0]
    return compute(delivered(x), traverse=False, **kwargs)[0]

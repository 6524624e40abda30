"""Deliver blocks: a task writes its block into its place in one array that was allocated before.

Place in the flow: low, so that ``flat`` and the optimiser know it; ``computing`` builds these layers.

Invariant: a block that is not what was declared (another dtype, shape or type) is not put in place but handed over.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from minidask.array.meta import as_block
from minidask.graph import Blockwise, Key, Layer, Task, TaskRef


class Handed(NamedTuple):
    """A block that has no place, and its bounds."""

    block: Any
    bounds: Any


class Deliver:
    """Write a block into its place; return its bounds, or ``Handed`` if it doesn't fit."""

    __slots__ = ("out",)
    small = True

    def __init__(self, out: Any) -> None:
        self.out = out

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "deliver"

    def place(self, bounds: Any) -> Any:
        """Return the part of the result that bounds mean."""
        return self.out[tuple([slice(low, high) for low, high in bounds])]

    def __call__(self, block: Any, bounds: Any) -> Any:
        place = self.place(bounds)
        if type(block) is not np.ndarray or block.dtype != place.dtype or block.shape != place.shape:
            return Handed(as_block(block), bounds)
        if block.__array_interface__["data"] != place.__array_interface__["data"]:
            place[...] = block
        return bounds


class FromPlace:
    """Return a block as it stands in its place, given what ``Deliver`` returned."""

    __slots__ = ("out",)
    any_cut = True

    def __init__(self, out: Any) -> None:
        self.out = out

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "from-place"

    def __call__(self, delivered: Any) -> Any:
        if type(delivered) is Handed:
            return delivered.block
        return self.out[tuple([slice(low, high) for low, high in delivered])]


class DeliverLayer(Blockwise):
    """The layer that delivers: nothing depends on how its blocks are cut."""

    __slots__ = ()


class AllDelivered(Layer):
    """One task that needs all blocks of ``inputs[0]``: ``(grid, what each block returned)``, the last axis fastest."""

    __slots__ = ()

    def __init__(self, name: str, delivering: Layer) -> None:
        super().__init__(name, (delivering,), ())

    def lower(self, wanted: Collection[Key] | None = None) -> dict[Key, Task]:
        above = self.inputs[0]
        refs = [TaskRef((above.name, *index)) for index in product(*map(range, above.numblocks))]
        return {(self.name,): Task(together, (above.numblocks, *refs), None, self.annotations or None)}


def together(numblocks: tuple[int, ...], *results: Any) -> Any:
    """Return what the blocks of a grid returned; None if all are in their place.

    Examples
    --------
    >>> together((2,), ((0, 1),), ((1, 2),)) is None
    True
    """
    return (numblocks, results) if any(type(result) is Handed for result in results) else None

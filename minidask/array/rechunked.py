"""The layer of a rechunk: one task a block of the result, which cuts the blocks that it overlaps and joins the pieces.

Where blocks are only split a task is a slice; where a block stays it is passed on. Blocks in files (``rechunk_files``) are read
piece by piece.

Place in the flow: below ``rechunk``, which builds it, and the optimiser, which may leave it out.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import pairwise, product
from typing import Any

from minidask.array.assemble import assemble
from minidask.array.chunks import Chunks, Sizes, has_unknown, numblocks_of, starts_of
from minidask.array.rechunk_files import OnDisk
from minidask.array.slicing.layers import take_slice, wanted_indices
from minidask.graph import Key, Layer, Task, TaskRef, alias


class Rechunked(Layer):
    """``inputs[0]``, whose chunks are ``old`` and elements ``itemsize`` bytes, in the chunks ``new``."""

    __slots__ = ("itemsize", "new", "old")

    def __init__(self, name: str, source: Layer, old: Chunks, new: Chunks, itemsize: int = 8) -> None:
        super().__init__(name, (source,), numblocks_of(new))
        self.old = old
        self.new = new
        self.itemsize = itemsize

    @property
    def on_disk(self) -> bool:
        """Whether the blocks that are cut lie in files."""
        return isinstance(self.inputs[0], OnDisk)

    @property
    def source(self) -> Layer:
        """The layer whose blocks are cut, wherever they lie meanwhile."""
        return self.inputs[0].inputs[0] if self.on_disk else self.inputs[0]

    def lower(self, wanted: Collection[Key] | None = None) -> dict[Key, Task]:
        source = self.inputs[0].name
        plans = [overlaps(old, new) for old, new in zip(self.old, self.new, strict=True)]
        tasks: dict[Key, Task] = {}
        notes = self.annotations or None
        for index in wanted_indices(self, wanted):
            key: Key = (self.name, *index)
            axes = [plan[at] for plan, at in zip(plans, index, strict=True)]
            pieces = list(product(*axes))
            refs = [TaskRef((source, *[block for block, _ in piece])) for piece in pieces]
            if len(pieces) == 1 and not self.on_disk:
                part = tuple([where for _, where in pieces[0]])
                if all(where == slice(None) for where in part):
                    tasks[key] = alias(refs[0].key)
                else:
                    tasks[key] = Task(take_slice, (refs[0], part), None, notes)
                continue
            parts = tuple([tuple([where for _, where in piece]) for piece in pieces])
            tasks[key] = Task(join_pieces, (tuple(map(len, axes)), parts, *refs), None, notes)
        return tasks


def overlaps(old: Sizes, new: Sizes) -> list[list[tuple[int, slice]]]:
    """Return for each new block of an axis which old blocks it takes, and which part of each.

    Examples
    --------
    >>> overlaps((2, 2), (3, 1))
    [[(0, slice(None, None, None)), (1, slice(0, 1, None))], [(1, slice(1, 2, None))]]
    """
    if old is new or (len(old) == len(new) and (has_unknown(old) or has_unknown(new))):
        return [[(at, slice(None))] for at in range(len(new))]
    before, after = starts_of(old), starts_of(new)
    out: list[list[tuple[int, slice]]] = []
    block = 0
    for low, high in pairwise(after):
        while block < len(old) - 1 and before[block + 1] <= low:
            block += 1
        pieces: list[tuple[int, slice]] = []
        at = block
        while at < len(old) and (before[at] < high or not pieces):
            start, stop = max(low, before[at]) - before[at], min(high, before[at + 1]) - before[at]
            whole = start == 0 and stop == old[at]
            if stop > start or (low == high and not pieces):
                pieces.append((at, slice(None) if whole else slice(start, stop)))
            at += 1
        out.append(pieces)
    return out


def join_pieces(extents: tuple[int, ...], parts: tuple[Any, ...], *blocks: Any) -> Any:
    """Cut blocks and join the pieces, which stand in a grid of ``extents``, into one new block.

    Examples
    --------
    >>> import numpy as np
    >>> join_pieces((2,), ((slice(1, None),), (slice(None),)), np.arange(3), np.arange(3, 5))
    array([1, 2, 3, 4])
    """
    flat = [block[part] for block, part in zip(blocks, parts, strict=True)]
    for extent in reversed(extents[1:]):
        flat = [flat[at : at + extent] for at in range(0, len(flat), extent)]
    return assemble(flat, extents)

"""Warnings of what will take long or not fit, each with the line that helps: ``PerformanceWarning``.

- too many chunks: an array is made in more blocks than there should be tasks;
- chunk explosion: an operation (slicing, reshaping, a product, a rechunk) makes many times as many blocks as it is given;
- huge chunk: a rechunk, or an operation that stretches arrays, makes blocks that are many times larger, and large beside
  memory;
- projected memory: what a computation has to hold at once is more than there is, known before it runs.

Place in the flow: low; ``collection.new_array`` asks about numbers of blocks, ``rechunk`` and ``elementwise`` about their sizes,
``computing`` about memory. A warning points at the user's line. ``warnings.simplefilter("ignore", da.PerformanceWarning)``
silences all.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from math import prod
from typing import Any

from minidask import config
from minidask.array.chunks import Chunks, largest_block
from minidask.array.rechunked import Rechunked
from minidask.array.sources import ArraySource
from minidask.graph import Layer
from minidask.io.memory import available
from minidask.schedulers.failure import user_stacklevel
from minidask.units import format_bytes, parse_bytes

# Tasks cost about 20 microseconds and a kilobyte each: so many take seconds before there is any result.
TOO_MANY = 200_000
# Fewer blocks than these are no explosion, however few there were.
FEW = 10_000
# So many times as many, or as large, are worth a word.
GROWTH = 10
# A block below this many bytes is never huge; blocks of one task on each of a few threads are held at a time.
LARGE = 1 << 30
# Less is never projected: asking the system for its memory takes as long as a small computation.
_WORTH_ASKING = 1 << 28


class PerformanceWarning(Warning):
    """Something will take longer or more memory than it has to; the message says what to do."""


# How often there was a warning: whoever remembers what was built looks whether it came without one.
_counts = [0]


def count() -> int:
    """Return how many warnings there were in this process."""
    return _counts[0]


def warn(message: str, category: type[Warning] = PerformanceWarning) -> None:
    """Warn at the user's line: the one way to warn when building, which is told whoever remembers what was built."""
    _counts[0] += 1
    warnings.warn(message, category, stacklevel=user_stacklevel())


def check_number(layer: Layer) -> None:
    """Warn of a layer that makes many blocks of few, or very many of nothing; to be asked where there are ``FEW`` at least."""
    count = prod(layer.numblocks)
    given = max([prod(above.numblocks) for above in layer.inputs], default=0)
    what = layer.name.partition("-")[0]
    if given and count >= GROWTH * given:
        warn(
            f"chunk explosion: {what} makes {count:,} blocks of {given:,}, each of which is a task: give it larger blocks, "
            f"x.rechunk('auto'), or fewer along the axes that are combined, x.rechunk({{axis: -1}})"
        )
    elif count >= TOO_MANY > given:
        warn(
            f"too many chunks: {what} makes {count:,} blocks, each of which is a task: choose larger ones, chunks='auto', or "
            "x.rechunk('auto')"
        )


def check_sizes(what: str, before: Chunks, after: Chunks, itemsize: int) -> None:
    """Warn of blocks that are large, and much larger than before."""
    size = largest_block(after) * itemsize
    if size < LARGE:
        return
    old = largest_block(before) * itemsize
    if size >= GROWTH * old:
        warn(
            f"huge chunk: {what} makes blocks of {format_bytes(size)} of blocks of {format_bytes(old)}, and each thread holds "
            "some: leave other axes in smaller blocks, x.rechunk({axis: -1, other: 'auto'})"
        )


def memory_limit() -> int | None:
    """Return how many bytes a computation may hold: the setting ``array.memory-limit``, else what is free; None: unknown."""
    setting = config.get("array.memory-limit", None)
    return available() if setting is None else parse_bytes(setting)


def check_growth(what: str, before: Sequence[Chunks], after: Chunks, itemsize: int) -> None:
    """Warn of an operation of several arrays whose blocks are large, and much larger than any of theirs."""
    size = largest_block(after) * itemsize
    if size < LARGE:
        return
    old = max(map(largest_block, before)) * itemsize
    if size >= GROWTH * old:
        warn(
            f"huge chunk: {what} makes blocks of {format_bytes(size)} of blocks of {format_bytes(old)}, and each thread holds "
            "some: give it smaller blocks, x.rechunk({axis: 'auto'}), along the axes that are combined"
        )


def check_memory(arrays: Sequence[Any]) -> None:
    """Warn if what the computation of arrays has to hold at once is more than the memory limit.

    Held are all results, and what a rechunk cuts pieces from, since every block of its result may need some of every one.
    """
    results = {x.name: int(x.nbytes) for x in arrays if x.nbytes == x.nbytes}
    result = sum(results.values())
    held = [
        prod([int(sum(sizes)) for sizes in layer.old]) * layer.itemsize
        for x in arrays
        for layer in x.dask.layers.values()
        if isinstance(layer, Rechunked) and layer is not x._layer and holds_all(layer)
    ]
    largest = max(held, default=0)
    if result + largest < _WORTH_ASKING:
        return
    limit = memory_limit()
    if limit is None or result + largest <= limit:
        return
    remedies = []
    if largest:
        remedies.append("rechunk by way of the disk, x.rechunk(..., method='disk')")
    if result:
        remedies.append(
            "write the result block by block, da.to_zarr(x, url) or da.to_npy_stack(folder, x), or compute a part of it"
        )
    name = "a result" if len(results) == 1 else f"{len(results)} results"
    parts = f"{name} of {format_bytes(result)}" + (f", and {format_bytes(largest)} for a rechunk" if largest else "")
    warn(
        f"projected memory: this computation holds {parts}, but {format_bytes(limit)} of memory are left for it: "
        f"{'; or '.join(remedies)} (the setting array.memory-limit says how much there is)"
    )


def holds_all(layer: Rechunked) -> bool:
    """Whether a rechunk may hold all that it is given at once: it both joins and cuts blocks, which aren't in memory anyway."""
    source = layer.inputs[0]
    if layer.on_disk or (isinstance(source, ArraySource) and source.is_numpy):
        return False
    counts = [(len(old), len(new)) for old, new in zip(layer.old, layer.new, strict=True)]
    known = all(size == size for sizes in layer.old for size in sizes)
    return known and any(old > new for old, new in counts) and any(new > old for old, new in counts)

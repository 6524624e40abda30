"""By which chunks a rechunk goes: straight, or by way of others, so that blocks are cut into fewer pieces.

Straight, every new block takes a piece of each old block that it overlaps: of ``n`` blocks of rows and ``n`` of columns ``n²``
pieces, each of which costs about a microsecond and a gap in memory. By way of blocks that are half rows, half columns it is
``2 n sqrt(n)`` pieces, for one more copy of everything.

The way is found axis by axis: halfway there are about ``sqrt(old * new)`` blocks along each, so that such a block has the
geometric mean of both sizes, and is no larger than the larger of the two. Its boundaries are some of the old ones where blocks
are joined, and some of the new ones where they are cut, so that one of the two steps doesn't cut them.

Place in the flow: pure; ``rechunk`` asks. Not for: deciding on the new chunks.
"""

from __future__ import annotations

from itertools import pairwise
from math import ceil, prod, sqrt

from minidask.array.chunks import Chunks, Sizes, has_unknown, largest_block, numblocks_of, starts_of
from minidask.array.rechunked import overlaps

# Steps between: each halves the exponent of the number of pieces; more than seven blocks wait in no way that is worth its copies.
_MOST_STEPS = 3


def plan_rechunk(old: Chunks, new: Chunks, threshold: int, limit: int | None = None) -> list[Chunks]:
    """Return the chunks to go by, one after the other; the last ones are ``new``.

    Parameters
    ----------
    old, new : chunks
    threshold : int
        Most pieces a block, on average, that are taken straight.
    limit : int, optional
        Most elements of a block between. Default: as many as the largest block of either side has.

    Examples
    --------
    >>> rows, columns = ((10,) * 64, (640,)), ((640,), (10,) * 64)
    >>> plan_rechunk(rows, columns, 100) == [columns]
    True
    >>> [tuple(map(len, chunks)) for chunks in plan_rechunk(rows, columns, 10)]
    [(8, 8), (1, 64)]
    """
    most = max(threshold, 2)
    # Two axes have no more boundaries together than one after the other: mostly that says that few pieces are cut.
    few = prod([len(before) + len(after) - 1 for before, after in zip(old, new, strict=True)])
    if 2 * few <= most * (prod(numblocks_of(old)) + prod(numblocks_of(new))):
        return [new]
    limit = max(largest_block(old), largest_block(new)) if limit is None else limit
    steps = [old, new]
    for _ in range(_MOST_STEPS):
        crowded = [at for at in range(len(steps) - 1) if pieces_per_block(steps[at], steps[at + 1]) > most]
        made = [(at, halfway(steps[at], steps[at + 1], limit)) for at in crowded]
        better = [(at, chunks) for at, chunks in made if _helps(steps[at], chunks, steps[at + 1])]
        if not better:
            break
        for at, chunks in reversed(better):
            steps.insert(at + 1, chunks)
    return steps[1:]


def count_pieces(old: Chunks, new: Chunks) -> int:
    """Return into how many pieces blocks are cut.

    Examples
    --------
    >>> count_pieces(((2, 2), (4,)), ((4,), (1, 1, 2)))
    6
    """
    return prod([sum(map(len, overlaps(before, after))) for before, after in zip(old, new, strict=True)])


def pieces_per_block(old: Chunks, new: Chunks) -> float:
    """Return how many pieces there are for each block, old ones and new ones counted."""
    return 2 * count_pieces(old, new) / (prod(numblocks_of(old)) + prod(numblocks_of(new)))


def _helps(old: Chunks, between: Chunks, new: Chunks) -> bool:
    if between in (old, new):
        return False
    return 2 * (count_pieces(old, between) + count_pieces(between, new)) <= count_pieces(old, new)


def halfway(old: Chunks, new: Chunks, limit: int) -> Chunks:
    """Return chunks between: along each axis as many blocks as the geometric mean of both numbers, more if they were too large.

    Examples
    --------
    >>> halfway(((1, 1, 1, 1), (4,)), ((4,), (1, 1, 1, 1)), 4)
    ((2, 2), (2, 2))
    """
    counts = [
        len(before) if has_unknown(before) else max(round(sqrt(len(before) * len(after))), 1)
        for before, after in zip(old, new, strict=True)
    ]
    while True:
        chunks = tuple(
            [
                before if has_unknown(before) else _some(before if len(before) > len(after) else after, count)
                for before, after, count in zip(old, new, counts, strict=True)
            ]
        )
        finest = [max(len(before), len(after)) for before, after in zip(old, new, strict=True)]
        if largest_block(chunks) <= limit or all(n >= most for n, most in zip(counts, finest, strict=True)):
            return chunks
        counts = [min(ceil(n * 1.5), most) for n, most in zip(counts, finest, strict=True)]


def _some(sizes: Sizes, count: int) -> Sizes:
    """Return about ``count`` blocks of about equal sizes, each of some neighbours of ``sizes``."""
    edges: list[int] = starts_of(sizes)  # type: ignore[assignment]
    if count >= len(sizes):
        return sizes
    chosen = [0]
    step = edges[-1] / count
    for edge in edges[1:-1]:
        if edge >= step * len(chosen) and edge > chosen[-1]:
            chosen.append(edge)
    chosen.append(edges[-1])
    return tuple([high - low for low, high in pairwise(chosen)])

"""One axis under a basic index: which blocks it touches, and which part of each.

A *cut* is one of four: the whole axis, one position (the axis is dropped), a span of neighbouring positions, or steps. A span
knows its first and last block only, so that it costs the same whatever the number of blocks.

Place in the flow: below the layers of slicing; pure arithmetic on chunk sizes.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import compress
from operator import sub
from typing import NamedTuple, TypeAlias

from minidask.array.chunks import Sizes, block_at, starts_of
from minidask.array.remembered import remembered

_ALL = slice(None)


class Whole(NamedTuple):
    """The axis as it is."""

    sizes: Sizes

    def locate(self, block: int) -> tuple[int, slice]:
        """Return the input's block that a block of the result comes from, and its part."""
        return block, _ALL


class At(NamedTuple):
    """One position; the result lacks the axis."""

    block: int
    offset: int


class Span(NamedTuple):
    """Neighbouring positions, from ``start`` inside block ``first`` to ``stop`` inside block ``last``."""

    sizes: Sizes
    first: int
    last: int
    start: int
    stop: int

    def locate(self, block: int) -> tuple[int, slice]:
        """Return the input's block that a block of the result comes from, and its part."""
        number = self.first + block
        low = self.start if number == self.first else None
        high = self.stop if number == self.last else None
        return number, _ALL if low is high is None else slice(low, high)


class Steps(NamedTuple):
    """Positions some steps apart: a part of each of the blocks ``numbers``, in the order of the positions."""

    sizes: Sizes
    numbers: Sequence[int]
    before: Sizes
    positions: range

    def locate(self, block: int) -> tuple[int, slice]:
        """Return the input's block that a block of the result comes from, and its part."""
        number, count = self.numbers[block], int(self.sizes[block])
        if not count:
            return number, slice(0, 0)
        low, high = starts_of(self.before)[number : number + 2]
        start, step = self.positions.start, self.positions.step
        passed = -(-(low - start) // step) if step > 0 else -((start - high + 1) // step)
        first = start + max(passed, 0) * step - low
        last = first + (count - 1) * step
        stop: int | None = last + 1 if step > 0 else (last - 1 if last > 0 else None)
        return number, slice(first, stop, step)


Cut: TypeAlias = "Whole | At | Span | Steps"


def cut_at(sizes: Sizes, position: int) -> At:
    """Return the cut of one position, counted from the front.

    Examples
    --------
    >>> cut_at((3, 3), 4)
    At(block=1, offset=1)
    """
    return At(*block_at(sizes, position))


@remembered
def cut_slice(sizes: Sizes, start: int, stop: int, step: int) -> Cut:
    """Return the cut of a slice whose three numbers are those of ``slice.indices``.

    Examples
    --------
    >>> cut_slice((3, 3, 4), 2, 7, 1)
    Span(sizes=(1, 3, 1), first=0, last=2, start=2, stop=1)
    >>> cut_slice((3, 3), 4, -1, -3)
    Steps(sizes=(1, 1), numbers=range(1, -1, -1), before=(3, 3), positions=range(4, -1, -3))
    """
    edges = starts_of(sizes)
    count = len(range(start, stop, step))
    if count == 0:
        return Steps((0,), (0,), sizes, range(0))
    if step == 1:
        if start == 0 and stop == edges[-1]:
            return Whole(sizes)
        first = bisect_right(edges, start) - 1
        last = bisect_left(edges, stop) - 1
        low, high = start - edges[first], stop - edges[last]
        if first == last:
            return Span((stop - start,), first, last, low, high)
        return Span((sizes[first] - low, *sizes[first + 1 : last], high), first, last, low, high)
    return _stepped(sizes, range(start, stop, step))


def _stepped(sizes: Sizes, positions: range) -> Steps:
    edges = starts_of(sizes)
    start, step, end = positions.start, positions.step, positions[-1]
    first, last = bisect_right(edges, start) - 1, bisect_right(edges, end) - 1
    if step == -1:
        numbers: Sequence[int] = range(first, last - 1, -1)
        if first == last:
            return Steps((len(positions),), numbers, sizes, positions)
        between = sizes[first - 1 : last : -1]
        return Steps((start - edges[first] + 1, *between, edges[last + 1] - end), numbers, sizes, positions)
    # How many positions lie before each of the boundaries between.
    if step > 0:
        numbers = range(first, last + 1)
        passed = [-((start - edge) // step) for edge in edges[first + 1 : last + 1]]
    else:
        numbers = range(first, last - 1, -1)
        passed = [(edge - start) // step + 1 for edge in reversed(edges[last + 1 : first + 1])]
    counts = tuple(map(sub, [*passed, len(positions)], [0, *passed]))
    if 0 in counts:
        numbers = tuple(compress(numbers, counts))
        counts = tuple(filter(None, counts))
    return Steps(counts, numbers, sizes, positions)


def span_of(cut: Whole | Span | Steps, pieces: tuple[slice, ...], sizes: Sizes) -> tuple[slice, ...] | None:
    """Return the slices of an array that a cut of its regions reads; None if one can't be written as a slice.

    Parameters
    ----------
    cut
    pieces : tuple of slice
        One for each of the input's blocks: start, stop and step in the array.
    sizes : tuple of int
        Of the input's blocks.

    Examples
    --------
    >>> span_of(cut_slice((3, 3), 1, 6, 2), (slice(10, 13), slice(13, 16)), (3, 3))
    (slice(11, 12, 2), slice(13, 16, 2))
    """
    out: list[slice] = []
    for number in range(len(cut.sizes)):
        block, part = cut.locate(number)
        low, high, step = part.indices(int(sizes[block]))
        if step < 0:
            return None
        piece = pieces[block]
        start, by = piece.start or 0, piece.step or 1
        count = len(range(low, high, step))
        first = start + low * by
        stop = first + (count - 1) * step * by + 1 if count else first
        if step * by == 1:
            out.append(slice(first, stop))
        else:
            # As a user would write it: up to the end of the piece where that reads the same elements.
            whole_end = piece.stop if high == sizes[block] else start + (high - 1) * by + 1
            out.append(slice(first, max(whole_end, stop), step * by))
    return tuple(out)

"""Whether a string of a date found anything: what ``loc`` raises where divisions aren't known.

pandas raises KeyError for a string as fine as the index that isn't there, and for a coarser one beyond both ends of an index in
order; otherwise no rows are an answer. All of that depends on the whole index: each partition tells a few facts about its own, a
tree puts them together, and the last partition of the rows waits for the verdict (see ``verdicts``). Where nothing was found the
others are empty.

Place in the flow: behind ``order.labels``.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import pandas as pd

from minidask.dataframe.collection import FrameCollection
from minidask.dataframe.order.dates import RESOLUTIONS, Span, own_resolution
from minidask.dataframe.order.ranges import rows_between
from minidask.dataframe.reductions.tree import reduce_partitions
from minidask.dataframe.verdicts import judged


class Facts(NamedTuple):
    """What is known of the labels of some partitions that follow each other.

    ``length`` of them are there, ``matches`` in the span; ``fineness`` is the place of their resolution among ``RESOLUTIONS``;
    ``first`` and ``last`` are labels, None if there are none.
    """

    length: int
    matches: int
    fineness: int
    rising: bool
    falling: bool
    first: Any
    last: Any


class FactsOf(NamedTuple):
    """Find the facts about a partition's index."""

    span: Span

    def __call__(self, index: pd.Index) -> Facts:
        matches = len(rows_between(index, self.span.low, self.span.high, self.span.closed))
        rising, falling = index.is_monotonic_increasing, index.is_monotonic_decreasing
        first, last = (index[0], index[-1]) if len(index) else (None, None)
        fineness = RESOLUTIONS.index(own_resolution(index)) if len(index) else 0
        return Facts(len(index), matches, fineness, rising, falling, first, last)


def together(parts: list[Facts]) -> Facts:
    """Put facts together.

    >>> together([Facts(2, 0, 3, True, False, 1, 2), Facts(1, 1, 4, True, True, 5, 5)])
    Facts(length=3, matches=1, fineness=4, rising=True, falling=False, first=1, last=5)
    """
    filled = [part for part in parts if part.length]
    if not filled:
        return parts[0]
    joints = [(one.last, other.first) for one, other in pairwise(filled)]
    return Facts(
        sum(part.length for part in filled),
        sum(part.matches for part in filled),
        max(part.fineness for part in filled),
        all(part.rising for part in filled) and all(one <= other for one, other in joints),
        all(part.falling for part in filled) and all(one >= other for one, other in joints),
        filled[0].first,
        filled[-1].last,
    )


class Verdict(NamedTuple):
    """Say whether a label is missing, of facts about the whole index: give a KeyError, or None."""

    label: Any
    span: Span

    def __call__(self, parts: list[Facts]) -> KeyError | None:
        return KeyError(self.label) if self._is_missing(together(parts)) else None

    def _is_missing(self, facts: Facts) -> bool:
        span = self.span
        if facts.matches:
            return False
        # An index without rows counts as one of days.
        fineness = facts.fineness if facts.length else RESOLUTIONS.index("day")
        if span.resolution not in RESOLUTIONS or RESOLUTIONS.index(span.resolution) >= fineness:
            return True
        if not facts.length or not (facts.rising or facts.falling):
            return False
        least, most = sorted([facts.first, facts.last])
        return bool(span.low > most or (span.high < least if span.closed else span.high <= least))


def checked(rows: Any, index: FrameCollection, label: Any, span: Span) -> Any:
    """Return the rows of a string in a collection whose index is ``index``; computing raises KeyError where pandas does."""
    final = Verdict(label, span)
    verdict = reduce_partitions("loc-facts", [index], FactsOf(span), together, final, True, (label, *span))
    return judged(rows, verdict)

"""A table from ascending ints to objects: lists of a thousand, found by number, dropped when they are empty.

Place in the flow: the scheduler's task ids and each client's local ids are such ints, and there are millions of them; a
dict costs 50 to 100 bytes an entry, this 8 to 16 (`benchmarks/bench_cluster.py` counts the bytes of a task).

Invariants: a page exists exactly while one of its entries does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")

SHIFT = 10
SIZE = 1 << SHIFT
MASK = SIZE - 1


class Pages(Generic[T]):
    """Map non-negative ints to objects that aren't None.

    Examples
    --------
    >>> table = Pages()
    >>> table.set(5000, "x")
    >>> table.get(5000), table.get(5001), len(table)
    ('x', None, 1)
    >>> table.pop(5000), len(table.pages)
    ('x', 0)
    """

    __slots__ = ("counts", "pages")

    def __init__(self) -> None:
        self.pages: dict[int, list[T | None]] = {}
        self.counts: dict[int, int] = {}

    def get(self, number: int) -> T | None:
        """Return what stands under a number, None if nothing does."""
        page = self.pages.get(number >> SHIFT)
        return None if page is None else page[number & MASK]

    def set(self, number: int, item: T) -> None:
        """Enter an object."""
        at = number >> SHIFT
        page = self.pages.get(at)
        if page is None:
            page = self.pages[at] = [None] * SIZE
            self.counts[at] = 0
        if page[number & MASK] is None:
            self.counts[at] += 1
        page[number & MASK] = item

    def pop(self, number: int) -> T | None:
        """Remove what stands under a number and return it, None if nothing does."""
        at = number >> SHIFT
        page = self.pages.get(at)
        if page is None:
            return None
        item = page[number & MASK]
        if item is not None:
            page[number & MASK] = None
            self.counts[at] -= 1
            if not self.counts[at]:
                del self.pages[at], self.counts[at]
        return item

    def __len__(self) -> int:
        return sum(self.counts.values())

    def __iter__(self) -> Iterator[T]:
        for page in list(self.pages.values()):
            for item in page:
                if item is not None:
                    yield item

    def numbers(self) -> Iterator[int]:
        """The numbers that have an entry, ascending within each page."""
        for at, page in list(self.pages.items()):
            left = self.counts.get(at, 0)
            for offset, item in enumerate(page):
                if item is not None:
                    yield at << SHIFT | offset
                    left -= 1
                    if not left:
                        break

"""The last so many rows of a table that grows, with a place for each reader that follows it.

Place in the flow: `failures`, `departures`, `moves` and `history` keep their rows in one of these.

Invariants: at most ``length`` rows; ``total`` counts all rows that ever were, so a reader's cursor (the total up to which it
has read) stays right when rows at the front are forgotten.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Any


class Recent:
    """Rows of values under names.

    Parameters
    ----------
    names
        Of the columns.
    length
        Rows that are kept.

    Examples
    --------
    >>> recent = Recent(("time", "what"), length=2)
    >>> for row in [(1.0, "a"), (2.0, "b"), (3.0, "c")]:
    ...     recent.add(row)
    >>> recent.columns(), recent.columns(count=1)
    ({'time': [2.0, 3.0], 'what': ['b', 'c']}, {'time': [3.0], 'what': ['c']})
    >>> recent.since(2)
    ({'time': [3.0], 'what': ['c']}, 3)
    """

    def __init__(self, names: Sequence[str], length: int) -> None:
        self.names = tuple(names)
        self.rows: deque[Any] = deque(maxlen=length)  # tuples or lists
        self.total = 0

    def __len__(self) -> int:
        return len(self.rows)

    def add(self, row: Sequence[Any]) -> None:
        """Append a row; the oldest one goes if there are too many.

        Raises
        ------
        ValueError
            If it has too few or too many values.
        """
        if len(row) != len(self.names):
            raise ValueError(f"a row has the values {', '.join(self.names)}, got {len(row)}")
        self.rows.append(row)
        self.total += 1

    def columns(self, count: int | None = None) -> dict[str, list[Any]]:
        """Return the rows as columns, oldest first; with ``count`` at most so many, the latest."""
        return self._columns(len(self.rows) if count is None else max(count, 0))

    def since(self, cursor: int) -> tuple[dict[str, list[Any]], int]:
        """Return the rows that came after a cursor as columns, as far as they are kept, and the next cursor; begin with 0."""
        return self._columns(max(self.total - cursor, 0)), self.total

    def latest(self) -> dict[str, Any]:
        """Return the newest row by names; empty if there is none."""
        return dict(zip(self.names, self.rows[-1], strict=True)) if self.rows else {}

    def _columns(self, count: int) -> dict[str, list[Any]]:
        rows = list(islice(self.rows, max(len(self.rows) - count, 0), None))
        if not rows:
            return {name: [] for name in self.names}
        return {name: list(column) for name, column in zip(self.names, zip(*rows, strict=True), strict=True)}

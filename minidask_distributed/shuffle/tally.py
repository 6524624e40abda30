"""How many bytes one worker split, fetched and wrote for each shuffle: for people.

Place in the flow: `store.Store` counts; the worker's meter takes `told` along with each beat, and the dashboard's page *shuffle*
adds up what the workers of a cluster say.

Invariants: the last `MOST` shuffles are known; any thread may count. Not for: decisions about memory (`shelf`).
"""

from __future__ import annotations

import threading

MOST = 50
"""Shuffles that are known; of each a beat has some forty bytes."""

COLUMNS = ("split", "fetched", "spilled")
"""Bytes of pieces that transfers left here, that outputs here got from other workers, and that were written to disk here."""


class Tally:
    """Bytes by shuffle.

    Examples
    --------
    >>> tally = Tally()
    >>> tally.add("shuffle-1", split=100)
    >>> tally.add("shuffle-1", fetched=40, split=10)
    >>> tally.told()
    [['shuffle-1', 110, 40, 0]]
    """

    def __init__(self) -> None:
        self._sums: dict[str, list[int]] = {}  # {name: as `COLUMNS`}, the last used last
        self._lock = threading.Lock()

    def add(self, shuffle: str, split: int = 0, fetched: int = 0, spilled: int = 0) -> None:
        """Count bytes of a shuffle."""
        with self._lock:
            sums = self._sums.pop(shuffle, None) or [0, 0, 0]
            self._sums[shuffle] = [sums[0] + split, sums[1] + fetched, sums[2] + spilled]
            if len(self._sums) > MOST:
                del self._sums[next(iter(self._sums))]

    def told(self) -> list[list[str | int]]:
        """Return [name, *bytes as `COLUMNS`] of each shuffle."""
        with self._lock:
            return [[name, *sums] for name, sums in self._sums.items()]

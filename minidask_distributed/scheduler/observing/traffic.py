"""How much went from which worker to which, and how fast; and by type of data.

Place in the flow: workers' beats bring exact sums of what each received since the last one; the pages of bandwidth read.

Invariants: bounded: of more pairs (types) than ``length``, those that moved something longest ago are forgotten. Each transfer
counts once, at the receiver. No clock.
"""

from __future__ import annotations

from typing import Any

WEIGHT = 0.5
"""How much the newest beat counts in a bandwidth."""


class Traffic:
    """Sums by pair of workers, and by type.

    Parameters
    ----------
    length
        Pairs, and likewise types, that are kept.

    Examples
    --------
    >>> traffic = Traffic(100)
    >>> traffic.add("tcp://w:1", {"incoming": [["tcp://w:2", 3_000_000, 1_000_000, 4]], "received": []}, now=5.0)
    >>> traffic.pairs()["source"], traffic.pairs()["target"], traffic.pairs()["bandwidth"], traffic.pairs()["count"]
    (['tcp://w:2'], ['tcp://w:1'], [3000000.0], [4])
    """

    def __init__(self, length: int) -> None:
        self.length = length
        # {(source, target): [bytes, transfers, bytes a second lately, when]}, the latest ones last
        self._pairs: dict[tuple[str, str], list[Any]] = {}
        self._types: dict[str, list[Any]] = {}  # likewise

    def add(self, worker: str, told: dict[str, Any], now: float) -> None:
        """Take in what a worker received.

        Parameters
        ----------
        worker
            Its address.
        told
            With ``incoming`` and ``received``: [peer or type, bytes, microseconds, transfers].

        Raises
        ------
        ValueError
            If these aren't such lists.
        """
        for name, table in (("incoming", self._pairs), ("received", self._types)):
            rows = told.get(name, [])
            if not isinstance(rows, list):
                raise ValueError(f"the sums {name!r} of a worker must be a list, got {rows!r:.80}")
            for row in rows:
                _check(row)
                key = (row[0], worker) if table is self._pairs else row[0]
                _enter(table, key, row, now, self.length)

    def pairs(self) -> dict[str, list[Any]]:
        """Return ``source``, ``target`` (addresses), ``nbytes``, ``count``, ``bandwidth`` (bytes/s), ``time`` of the last."""
        rows = [(*pair, *sums) for pair, sums in self._pairs.items()]
        return _columns(("source", "target", "nbytes", "count", "bandwidth", "time"), rows)

    def types(self) -> dict[str, list[Any]]:
        """Return columns: ``type``, ``nbytes``, ``count``, ``bandwidth`` (bytes/s), ``time`` (monotonic); of large transfers."""
        rows = [(name, *sums) for name, sums in self._types.items()]
        return _columns(("type", "nbytes", "count", "bandwidth", "time"), rows)


def _check(row: Any) -> None:
    fits = isinstance(row, list) and len(row) == 4 and isinstance(row[0], str)
    if not fits or not all(type(number) is int and number >= 0 for number in row[1:]):
        raise ValueError(f"a sum of a worker's traffic is [name, bytes, microseconds, transfers], got {row!r:.80}")


def _enter(table: dict[Any, list[Any]], key: Any, row: list[Any], now: float, length: int) -> None:
    _, nbytes, duration_us, count = row
    sums = table.pop(key, None)
    rate = nbytes * 1e6 / max(duration_us, 1)
    if sums is None:
        if len(table) >= length:
            del table[next(iter(table))]
        sums = [0, 0, rate, now]
    table[key] = [sums[0] + nbytes, sums[1] + count, sums[2] * (1 - WEIGHT) + rate * WEIGHT, now]


def _columns(names: tuple[str, ...], rows: list[Any]) -> dict[str, list[Any]]:
    columns = zip(*rows, strict=True) if rows else [[] for _ in names]
    return {name: list(column) for name, column in zip(names, columns, strict=True)}

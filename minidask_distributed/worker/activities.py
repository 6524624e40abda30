"""What a worker does besides running tasks: transfers, spilling, serialisation; samples and sums for people.

Place in the flow: the threads of `transfer` and of the spill buffer `add` what took them long, or moved much; each beat takes
it along (`take`): totals of bytes for the bandwidth, sums by peer and by type, and up to `MOST` activities as columns of bytes,
which the scheduler keeps unread until somebody looks.

Invariants: bounded, whether a beat is sent or not: beyond `MOST` every other activity is left out, then three of four, and
so on, but for the sums, which are exact; what is short and small isn't sampled at all. Any thread may add; no clock.

Not for: what tasks do (their reports say that).
"""

from __future__ import annotations

import sys
import threading
from array import array
from typing import Any

KINDS = ("transfer-in", "transfer-out", "disk-write", "disk-read", "serialize", "deserialize")
NUMBERS = {kind: number for number, kind in enumerate(KINDS)}

MOST = 500
"""Activities in a beat."""

MOST_NAMES = 1_000
"""Peers, and likewise types, of which there are sums in a beat."""

WORTH_S = 0.001
WORTH_BYTES = 100_000
"""Activities that are shorter and smaller than this are only summed: on a picture of seconds nobody sees them."""


class ActivityLog:
    """The activities of one worker since its last beat.

    Parameters
    ----------
    most
        How many are sampled.

    Examples
    --------
    >>> log = ActivityLog()
    >>> log.add("transfer-in", begin_s=5.0, seconds=0.25, nbytes=1_000_000, peer="tcp://w:2", type_name="ndarray")
    >>> told = log.take(offset_s=100.0, elapsed_s=2.0)
    >>> told["bandwidth_in"], told["bandwidth_out"], told["activities"]["peers"], told["activities"]["incoming"]
    (500000, 0, ['', 'tcp://w:2'], [['tcp://w:2', 1000000, 250000, 1]])
    >>> array("Q", told["activities"]["start"]).tolist(), array("I", told["activities"]["duration"]).tolist()
    ([105000000], [250000])
    """

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self.bytes_in = 0  # since the worker began
        self.bytes_out = 0
        self._lock = threading.Lock()
        self._clear()

    def _clear(self) -> None:
        self._rows: list[tuple[int, float, float, int, str, str]] = []
        self._every = 1  # one of so many is sampled
        self._n_worth = 0
        self._incoming: dict[str, list[int]] = {}  # {peer: [bytes, microseconds, transfers]}
        self._types: dict[str, list[int]] = {}
        self._moved = [0, 0]  # bytes in, out

    def add(self, kind: str, begin_s: float, seconds: float, nbytes: int, peer: str = "", type_name: str = "") -> None:
        """Take note of an activity.

        Parameters
        ----------
        kind
            One of `KINDS`.
        begin_s, seconds
            When it began, on any clock (see `take`), and how long it took.
        nbytes
            That were moved.
        peer
            The other worker's address, for transfers.
        type_name
            Of the largest value, if that is known.

        Raises
        ------
        KeyError
            For another kind.
        """
        number = NUMBERS[kind]
        with self._lock:
            if number < 2:
                self._moved[number] += nbytes
                if number == 0:
                    duration_us = int(seconds * 1e6)
                    _sum(self._incoming, peer, nbytes, duration_us)
                    if type_name:
                        _sum(self._types, type_name, nbytes, duration_us)
            if seconds < WORTH_S and nbytes < WORTH_BYTES:
                return
            self._n_worth += 1
            if self._n_worth % self._every:
                return
            self._rows.append((number, begin_s, seconds, nbytes, peer, type_name))
            if len(self._rows) > self.most:
                self._rows = self._rows[1::2]
                self._every *= 2

    def take(self, offset_s: float, elapsed_s: float = 1.0) -> dict[str, Any]:
        """Return what happened since the last call, as metrics of a beat, and forget it.

        Parameters
        ----------
        offset_s
            From the clock of `add` to seconds since the epoch.
        elapsed_s
            Since the last call.

        Returns
        -------
        dict
            ``bandwidth_in``, ``bandwidth_out`` (bytes a second), ``bytes_in``, ``bytes_out`` (since the worker began), and,
            unless nothing happened, ``activities``: columns as little-endian bytes, ``peers`` and ``types`` that they refer
            to, and ``incoming`` and ``received``: [peer or type, bytes, microseconds, transfers].
        """
        with self._lock:
            rows, moved, incoming, types = self._rows, self._moved, self._incoming, self._types
            self._clear()
            self.bytes_in += moved[0]
            self.bytes_out += moved[1]
        told: dict[str, Any] = {
            "bandwidth_in": int(moved[0] / max(elapsed_s, 1e-3)),
            "bandwidth_out": int(moved[1] / max(elapsed_s, 1e-3)),
            "bytes_in": self.bytes_in,
            "bytes_out": self.bytes_out,
        }
        if rows or incoming:
            told["activities"] = _packed(rows, offset_s)
            told["activities"]["incoming"] = [[peer, *sums] for peer, sums in incoming.items()]
            told["activities"]["received"] = [[name, *sums] for name, sums in types.items()]
        return told


def _sum(sums: dict[str, list[int]], name: str, nbytes: int, duration_us: int) -> None:
    sum_ = sums.get(name)
    if sum_ is None:
        if len(sums) >= MOST_NAMES:
            return
        sum_ = sums[name] = [0, 0, 0]
    sum_[0] += nbytes
    sum_[1] += duration_us
    sum_[2] += 1


def _packed(rows: list[tuple[int, float, float, int, str, str]], offset_s: float) -> dict[str, Any]:
    peers: dict[str, int] = {"": 0}
    types: dict[str, int] = {"": 0}
    columns = {
        "kind": array("B", [row[0] for row in rows]),
        "start": array("Q", [max(int((row[1] + offset_s) * 1e6), 0) for row in rows]),
        "duration": array("I", [min(max(int(row[2] * 1e6), 0), (1 << 32) - 1) for row in rows]),
        "nbytes": array("Q", [row[3] for row in rows]),
        "peer": array("H", [peers.setdefault(row[4], len(peers)) for row in rows]),
        "type": array("H", [types.setdefault(row[5], len(types)) for row in rows]),
    }
    if sys.byteorder == "big":
        for column in columns.values():
            column.byteswap()
    told: dict[str, Any] = {name: column.tobytes() for name, column in columns.items()}
    told["peers"], told["types"] = list(peers), list(types)
    return told

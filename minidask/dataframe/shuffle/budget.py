"""How many bytes of pieces the shuffles of this process hold in memory, and how many they may.

Place in the flow: ``store`` asks for room for each partition that was split; what gets none goes to disk. One count for all
shuffles of a process, since several run at a time (the two sides of a merge).

Invariants: bytes that were granted come back when the ``Grant`` dies; ``used`` is never negative.
"""

from __future__ import annotations

import threading
from collections import deque

from minidask import config
from minidask.io.memory import control_group as _control_group
from minidask.io.memory import free as _free
from minidask.io.memory import physical as _physical
from minidask.io.memory import process as _process
from minidask.units import parse_bytes

# The part of the memory that pieces may take: partitions being read, split and joined, and results, need the rest.
SHARE_OF_ALL = 4
SHARE_OF_FREE = 2


class Grant:
    """Room for some bytes, for as long as it lives."""

    __slots__ = ("_back", "nbytes")

    def __init__(self, back: deque[int], nbytes: int) -> None:
        self._back = back
        self.nbytes = nbytes

    def __del__(self) -> None:
        # No lock: this may run in the middle of anything.
        self._back.append(self.nbytes)


class Budget:
    """Count bytes that are held.

    Examples
    --------
    >>> budget = Budget()
    >>> grant = budget.ask(80, limit_bytes=100)
    >>> budget.ask(30, limit_bytes=100) is None
    True
    >>> del grant
    >>> budget.used
    0
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._used = 0
        self._back: deque[int] = deque()

    def ask(self, nbytes: int, limit_bytes: int) -> Grant | None:
        """Return a grant if there is room for so many bytes within the limit."""
        with self._lock:
            self._settle()
            if self._used + nbytes > limit_bytes:
                return None
            self._used += nbytes
        return Grant(self._back, nbytes)

    @property
    def used(self) -> int:
        """Bytes that are held now."""
        with self._lock:
            self._settle()
            return self._used

    def _settle(self) -> None:
        while self._back:
            self._used -= self._back.popleft()


BUDGET = Budget()


def memory_limit() -> int:
    """Return how many bytes pieces may take: the setting ``dataframe.shuffle.memory-limit``, else a quarter of the memory.

    Memory is the machine's, or what a control group or the process's own limits leave of it; half of what is free at most.
    """
    setting = config.get("dataframe.shuffle.memory-limit", None)
    if setting is not None:
        return parse_bytes(setting)
    whole = [_physical(), *_control_group(), *_process()]
    limits = [bytes_ // SHARE_OF_ALL for bytes_ in whole if bytes_]
    free = _free()
    if free is not None:
        limits.append(free // SHARE_OF_FREE)
    # Where nothing can be found out, a size that any machine has.
    return min(limits, default=1 << 30)

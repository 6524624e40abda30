"""What a spill buffer knows of each value, and how many bytes of memory its values take together.

Place in the flow: `buffer` makes an `Entry` a value and changes it, and the one `Memory`, under its lock; nothing here locks.

Invariants: an entry is counted in the memory exactly while its value is there; the total is never negative.

Not for: estimating the bytes of a value (``minidask.sizeof``).
"""

from __future__ import annotations

import sys
import threading
from typing import Any

from minidask_distributed.spill.files import StoredFile

__all__ = ["MIN_SPILL_BYTES", "MISSING", "Entry", "Memory"]

MIN_SPILL_BYTES = 1024
"""Smaller values aren't worth a file."""

MISSING: Any = object()


class Entry:
    """One value. ``value`` is `MISSING` when only the file has it; ``fixed`` means that it can't be spilled."""

    __slots__ = ("file", "fixed", "nbytes", "owner", "reading", "task", "value")

    def __init__(self, task: int, value: Any, nbytes: int) -> None:
        self.task = task
        self.value = value
        self.nbytes = nbytes
        self.owner = 0
        self.file: StoredFile | None = None
        self.fixed = nbytes < MIN_SPILL_BYTES
        # Held while the value is read from its file, so that many readers read it once.
        self.reading: threading.Lock | None = None


class Memory:
    """Bytes in memory, where views of one array count no more than that array, and one object counts once."""

    __slots__ = ("_groups", "total")

    def __init__(self) -> None:
        self.total = 0
        # {id of the object that owns the memory: [entries, their bytes, the owner's own bytes]}
        self._groups: dict[int, list[int]] = {}

    def add(self, entry: Entry) -> None:
        """Count an entry of at least `MIN_SPILL_BYTES`; of smaller ones `total` is simply raised."""
        owner, most = _owner(entry.value, entry.nbytes)
        entry.owner = id(owner)
        group = self._groups.setdefault(entry.owner, [0, 0, most])
        before = min(group[1], group[2])
        group[0] += 1
        group[1] += entry.nbytes
        self.total += min(group[1], group[2]) - before

    def take(self, entry: Entry) -> int:
        """Count an entry no more; return how many bytes became free."""
        if not entry.owner:
            self.total -= entry.nbytes
            return entry.nbytes
        group = self._groups[entry.owner]
        before = min(group[1], group[2])
        group[0] -= 1
        group[1] -= entry.nbytes
        if not group[0]:
            del self._groups[entry.owner]
        freed = before - min(group[1], group[2])
        self.total -= freed
        entry.owner = 0
        return freed


def _owner(value: Any, nbytes: int) -> tuple[Any, int]:
    """The object that owns a value's memory, and how many bytes all views of it take at most."""
    # None, too, while another thread is still loading it: then there are no arrays yet.
    array = getattr(sys.modules.get("numpy"), "ndarray", None)
    if array is None or not isinstance(value, array) or not isinstance(value.base, array):
        return value, nbytes
    owner: Any = value.base
    while isinstance(owner.base, array):
        owner = owner.base
    # Objects that the array refers to aren't in its own bytes.
    return (owner, nbytes if owner.dtype.hasobject else int(owner.nbytes) + sys.getsizeof(value))

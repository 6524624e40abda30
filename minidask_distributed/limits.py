"""How much of a machine a worker gets: processors and memory that this process may use, shared among workers.

Place in the flow: `Nanny`, `LocalCluster` and the command lines turn ``"auto"``, fractions and texts into numbers here,
once; workers get bytes and threads as ints. Containers count: a control group's limit on memory or processor time is
a machine's limit for those within.

Invariants: every answer is at least 1 (0 bytes mean "no limit" and come from the user alone).
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import psutil

from minidask.schedulers.workers import cpu_count as allowed_processors
from minidask.units import parse_bytes

_CGROUP = Path("/sys/fs/cgroup")


def cpu_count(root: Path = _CGROUP) -> int:
    """Return how many processors this process may use: by its affinity, and by its control group's quota.

    Examples
    --------
    >>> 1 <= cpu_count() <= allowed_processors()
    True
    """
    count = allowed_processors()
    quota = _cpu_quota(root)
    return count if quota is None else max(1, min(count, math.ceil(quota)))


def _cpu_quota(root: Path) -> float | None:
    """Processors that the control group grants; None for all (files of version 2, then 1, of the kernel's cgroups)."""
    if (words := _words(root / "cpu.max")) is not None and len(words) == 2:
        quota, period = words
    else:
        first, second = _words(root / "cpu" / "cpu.cfs_quota_us"), _words(root / "cpu" / "cpu.cfs_period_us")
        if not first or not second:
            return None
        quota, period = first[0], second[0]
    if quota in ("max", "-1") or int(period) <= 0:
        return None
    return int(quota) / int(period)


def system_memory(root: Path = _CGROUP) -> int:
    """Return the bytes of memory that this process may use: the machine's, or its control group's limit.

    Examples
    --------
    >>> 0 < system_memory() <= psutil.virtual_memory().total
    True
    """
    limits = [int(psutil.virtual_memory().total)]
    for path in (root / "memory.max", root / "memory" / "memory.limit_in_bytes"):
        words = _words(path)
        if words and words[0].isdigit() and int(words[0]) > 0:
            limits.append(int(words[0]))
    return min(limits)


def _words(path: Path) -> list[str] | None:
    try:
        return path.read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError):
        # Not this version of control groups, or none.
        return None


def parse_memory_limit(limit: Any, share: float = 1.0) -> int:
    """Return a worker's memory limit in bytes, 0 for none.

    Parameters
    ----------
    limit
        ``"auto"``: the worker's share of the machine's memory. A float up to 1: that part of the machine's memory. A
        number of bytes, or a text like ``"4 GiB"``. None or 0: no limit. Never more than the machine has.
    share
        The part of the machine that the worker gets, for ``"auto"``.

    Raises
    ------
    TypeError, ValueError
        If it is no amount of memory.

    Examples
    --------
    >>> parse_memory_limit("1 MiB"), parse_memory_limit(0), parse_memory_limit(None)
    (1048576, 0, 0)
    >>> parse_memory_limit(0.5) == system_memory() // 2 == parse_memory_limit("auto", 0.5)
    True
    >>> parse_memory_limit("lots")
    Traceback (most recent call last):
    ...
    ValueError: memory_limit: can't read 'lots' as a number of bytes: unknown unit 'lots'; write for example '128 MiB' or '64 MB'
    """
    if limit is None or (limit == 0 and not isinstance(limit, bool)):
        return 0
    if limit == "auto":
        return max(1, int(system_memory() * min(1.0, share)))
    if isinstance(limit, str):
        number = _number(limit)
        limit = number if number is not None else limit
    if isinstance(limit, float) and 0 < limit <= 1:
        return max(1, int(system_memory() * limit))
    try:
        nbytes = parse_bytes(limit)
    except (TypeError, ValueError) as error:
        raise type(error)(f"memory_limit: {error}") from None
    if nbytes < 0:
        raise ValueError(f"memory_limit must be at least 0 (no limit), got {limit!r}")
    return min(nbytes, system_memory())


def _number(text: str) -> int | float | None:
    """Return the number that a text of a command line is, None if there is more to it."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue  # the next kind may fit
    return None


def workers_and_threads(processors: int) -> tuple[int, int]:
    """Share processors among worker processes: about the square root of them each, as the field does.

    Few processes keep data together; many threads contend for the interpreter's lock. Up to 4 processors, each has a
    process of its own.

    Examples
    --------
    >>> [workers_and_threads(count) for count in (1, 2, 4, 8, 12, 64)]
    [(1, 1), (2, 1), (4, 1), (4, 2), (4, 3), (8, 8)]
    """
    if processors <= 4:
        processes = processors
    else:
        root = math.isqrt(processors)
        processes = min(
            count for count in range(root, processors + 1) if count >= math.sqrt(processors) and processors % count == 0
        )
    return processes, max(1, processors // processes)

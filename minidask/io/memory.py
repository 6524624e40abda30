"""How much memory there is, and how much of it is free, as far as the system says.

Place in the flow: asked before much memory is taken, by what can do with less. Not for: a process's own use, which
``minidask.diagnostics`` follows.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

if sys.platform != "win32":
    import resource

_CGROUP = Path("/sys/fs/cgroup")


def physical() -> int | None:
    """Return the bytes of the machine's memory; None where it doesn't say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        # Not a system that says so.
        return None


def control_group(root: Path = _CGROUP) -> list[int]:
    """Return the limits of the process's control group, in bytes."""
    found = []
    for path in (root / "memory.max", root / "memory" / "memory.limit_in_bytes"):
        try:
            text = path.read_text(encoding="ascii").strip()
        except OSError:
            # Not this version of control groups, or none.
            continue
        if text.isdigit():
            found.append(int(text))
    return found


def process() -> list[int]:
    """Return the process's own limits, in bytes."""
    if sys.platform == "win32":
        return []
    soft = [resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA)]
    return [limit for limit in soft if limit not in (resource.RLIM_INFINITY, -1)]


def free(path: Path = Path("/proc/meminfo")) -> int | None:
    """Return the bytes that are free or can be freed at once; None where the system doesn't say."""
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def available() -> int | None:
    """Return how many bytes may be taken now, the least of what all limits say; None where nothing says so.

    Examples
    --------
    >>> found = available()
    >>> found is None or found > 0
    True
    """
    return min([limit for limit in (physical(), *control_group(), *process(), free()) if limit], default=None)

"""Have freed memory stay with the process, so that the next temporaries of blocks are made in it.

glibc asks the system for the memory of each large array anew and gives it back at once: every page of it is found and cleared
again (up to 3 microseconds for 4 kB), which takes longer than most calculations with it. How large "large" is it learns from what
is freed: an array of up to 32 MiB that was freed raises the limit to its size, and the free memory that is kept to twice that
(mallopt(3), M_MMAP_THRESHOLD). So one array as large, whose memory is never touched, teaches it before the first computation.

Measured on two cores (``benchmarks/bench_array*.py``), processor time: a 3x3 stencil over 64 blocks of 8 MB 1.10 -> 0.60 s, the
elements of 1e8 above a half 0.27 -> 0.21 s. Elsewhere than under glibc it does nothing.

Place in the flow: ``computing``, once a process, when an array is computed on threads of it; never on import. The price is up to
64 MiB of free memory a thread that stays with the process; the setting ``array.keep-freed-memory`` turns it off, and with one of
glibc's own settings (MALLOC_MMAP_THRESHOLD_, MALLOC_TRIM_THRESHOLD_ ...) it has no effect.
"""

from __future__ import annotations

import numpy as np

from minidask import config

# The largest that glibc learns from, less what it needs itself.
_LARGEST = (32 << 20) - 65_536

# Whether this process was taught: one is enough, since limits only grow.
_taught: list[bool] = []


def keep_freed_memory() -> None:
    """Have freed memory stay with the process from now on, unless the setting ``array.keep-freed-memory`` is off.

    Examples
    --------
    >>> keep_freed_memory()
    """
    if not _taught and config.get("array.keep-freed-memory", True):
        _taught.append(True)
        np.empty(_LARGEST, np.uint8)

"""The clock of all profilers: seconds since the epoch that never run backwards.

Place in the flow: the profilers stamp what they record with `clock()`, so that their plots share one time axis. The
invariant is that differences are those of `time.perf_counter`. Not for dates that must follow the wall clock for days.
"""

from __future__ import annotations

import time

__all__ = ["clock"]

_EPOCH_OFFSET_S = time.time() - time.perf_counter()


def clock() -> float:
    """Return the seconds since the epoch, monotonic, with the resolution of `time.perf_counter`.

    Examples
    --------
    >>> before = clock()
    >>> clock() >= before
    True
    """
    return time.perf_counter() + _EPOCH_OFFSET_S

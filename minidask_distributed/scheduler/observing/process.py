"""What this process uses: processor, memory, file descriptors.

Place in the flow: `history` asks twice a second while somebody reads. Not for: other processes, whose workers tell by beats.
"""

from __future__ import annotations

from collections.abc import Callable

import psutil

from minidask_distributed.scheduler.observing.history import ProcessReading


def process_meter() -> Callable[[], ProcessReading]:
    """Return a function that reads this process; a reading's processor time counts from the one before.

    Examples
    --------
    >>> meter = process_meter()
    >>> meter().memory > 1_000_000
    True
    """
    process = psutil.Process()

    def read() -> ProcessReading:
        with process.oneshot():
            return ProcessReading(process.cpu_percent(), process.memory_info().rss, open_files(process))

    return read


def open_files(process: psutil.Process) -> int:
    """Return how many file descriptors a process has open, 0 where the system doesn't say."""
    return int(process.num_fds()) if hasattr(process, "num_fds") else 0

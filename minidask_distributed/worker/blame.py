"""Which task is on which thread, written where it outlives the process: so a crash is blamed on what ran, not on what waited.

Place in the flow: each executor thread writes the id of its task into its cell of a small mapped file below the worker's
directory; the nanny reads the file after the process has died. The system keeps what was written, however that happened.

Invariants: one writer a cell; 0 means nothing. Threads beyond the number of cells (seceded tasks beyond hundreds) aren't
recorded. Costs about 50 ns a task: one store of eight bytes.
"""

from __future__ import annotations

import mmap
import os
import struct
from pathlib import Path

FILE_NAME = "running"

CELLS = 512
"""One page: far more threads than a worker has, the rest is for seceded tasks."""


class RunningFile:
    """The cells of this process's threads.

    Parameters
    ----------
    path : path
        The file; made, or emptied.

    Raises
    ------
    OSError
        If it can't be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = RunningFile(Path(folder) / "running")
    ...     file.cells[3] = 77
    ...     running = read_running(Path(folder) / "running")
    ...     file.close()
    >>> running
    [77]
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        try:
            with open(path, "w+b") as file:
                # Written, not cut to size: room that the disk doesn't have would end the process at the first write to memory.
                file.write(bytes(CELLS * 8))
                file.flush()
                self._map = mmap.mmap(file.fileno(), CELLS * 8)
        except OSError as error:
            why = (
                f"{error.strerror or error}; a worker needs a little room for its files: choose another local_directory"
            )
            raise OSError(error.errno, why, os.fspath(path)) from error
        self.cells: memoryview = memoryview(self._map).cast("Q")

    def close(self) -> None:
        """Unmap the file; the cells can't be written any more (ValueError). May be called twice."""
        self.cells.release()
        self._map.close()


def read_running(path: str | os.PathLike[str]) -> list[int]:
    """Return the ids of the tasks that were on threads, by cell.

    Raises
    ------
    OSError
        If the file can't be read; FileNotFoundError if the worker closed in good order.
    """
    data = Path(path).read_bytes()
    count = len(data) // 8
    return [task for task in struct.unpack(f"={count}Q", data[: count * 8]) if task]

"""Where one shuffle keeps the partitions that it has split: in memory while there is room, then in files.

Place in the flow: an argument of the tasks that split (``methods``). Which way a partition goes is known only when it is there:
the first ones stay in memory, what the limit has no room for is written, so that a small shuffle never sees the disk.

In child processes everything is written, since what stays in memory would be pickled to every task that joins pieces. In a
process that isn't a child of the one that planned (a cluster's worker) nothing is.
"""

from __future__ import annotations

import errno
import os
import socket
from typing import Any

from minidask.dataframe.shuffle.budget import BUDGET
from minidask.dataframe.shuffle.pieces import Split, merge_splits, split_rows
from minidask.dataframe.shuffle.spill import SpilledSplit, write_split
from minidask.io.folder import Folder, FolderCopy

SMALL_ROWS = 256
"""Pieces of fewer rows are put together before they are joined; an estimate of where that begins to be cheaper."""

GATHERED = 32
"""Neighbouring sources whose small pieces are put together: enough that what a piece costs hardly counts."""

MERGED_BYTES = 64 << 20
"""Most that is put together at a time."""

_FULL = (errno.ENOSPC, errno.EDQUOT)


class Store:
    """Keep splits within ``limit_bytes`` of memory, and others below a folder.

    Parameters
    ----------
    folder : Folder or FolderCopy
    limit_bytes : int
        Of all shuffles of the process together.
    """

    def __init__(self, folder: Folder | FolderCopy, limit_bytes: int) -> None:
        self.folder = folder
        self.limit_bytes = limit_bytes

    def keep(self, split: Split, whole: bool = False) -> Split | SpilledSplit:
        """Return the split, or what stands for it in a file; ``whole``: in one piece, to be read once (see ``gather``).

        Raises
        ------
        OSError
            If it can't be written; the folder is removed, since nobody can use what is there.
        """
        folder = self.folder
        if not len(split) or (isinstance(folder, FolderCopy) and not folder.reachable):
            return split
        if isinstance(folder, Folder):
            split.grant = BUDGET.ask(split.nbytes, self.limit_bytes)
            if split.grant is not None:
                return split
        path = folder.new_path()
        try:
            write_split(split, path, whole)
        except OSError as error:
            why = "the disk is full" if error.errno in _FULL else error.strerror
            raise folder.fail(
                error.errno,
                f"a shuffle could not write its temporary files: {why}. It needs about as much room as its data take in "
                "memory: set temporary-directory to a folder with more room, or dataframe.shuffle.memory-limit to more "
                "memory",
                str(path),
            ) from error
        except Exception:
            # Values that can't be pickled can't be written: they stay, whatever the limit says.
            return split
        owner = os.getpid() if isinstance(folder, Folder) else folder.owner
        return SpilledSplit(path, split.layout, owner, socket.gethostname(), whole)

    def __dask_tokenize__(self) -> tuple[str, int]:
        return "Store", self.limit_bytes


def split_into(frame: Any, targets: Any, npartitions: int, store: Store) -> Split | SpilledSplit:
    """Sort a partition's rows by where they go, and put them where there is room; see ``split_rows``."""
    split = split_rows(frame, targets, npartitions)
    return store.keep(split, _has_small_pieces(split) and split.nbytes <= MERGED_BYTES // GATHERED)


def gather(store: Store | None, *splits: Split | SpilledSplit) -> tuple[Split | SpilledSplit, ...]:
    """Return splits of neighbouring sources as one value, those with small pieces put together.

    A piece costs tens of microseconds to join, and more to write and read; sorting rows once more costs less than that. Without
    a store everything stays in memory.
    """
    gathered: list[Split | SpilledSplit] = []
    run: list[Split] = []
    taken = 0

    def finish() -> None:
        if len(run) > 1 or (run and store is not None and run[0].grant is None):
            merged = merge_splits(run) if len(run) > 1 else run[0]
            grants = [split.grant for split in run if len(split)]
            if store is None or all(grants):
                # As many bytes as before.
                merged.grant = grants
                gathered.append(merged)
            else:
                gathered.append(store.keep(merged))
        else:
            gathered.extend(run)
        run.clear()

    for split in splits:
        loaded = split.load() if isinstance(split, SpilledSplit) and split.whole else split
        if isinstance(loaded, SpilledSplit) or loaded.layout is None or not _has_small_pieces(loaded):
            finish()
            gathered.append(loaded)
            continue
        nbytes = loaded.nbytes
        if run and (run[0].layout != loaded.layout or taken + nbytes > MERGED_BYTES):
            finish()
        taken = taken + nbytes if run else nbytes
        run.append(loaded)
    finish()
    return tuple(gathered)


def _has_small_pieces(split: Split) -> bool:
    return len(split) < SMALL_ROWS * (len(split.offsets) - 1)

"""Blocks in files, for rechunks of more than memory holds: each block is written once, new blocks are cut from the files.

A block of NumPy's is an ``.npy`` file, of which only the pieces that are asked for are read; blocks of other types, and of
objects, are pickled and read whole. The folder lies in ``temporary-directory``.

Place in the flow: ``OnDisk`` stands between a source and the ``Rechunked`` layer that cuts it; ``rechunk(method="disk")`` builds
both.

Invariants: what comes back has the same values, dtype and type. A file goes with the last object that can read it, where it was
written by the process that planned the rechunk; all go with the layer, at the latest at the interpreter's end. Files are read by
processes of one machine alone: elsewhere reading says so.
"""

from __future__ import annotations

import errno
import os
import pickle
import weakref
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

from minidask.array.slicing.layers import wanted_indices
from minidask.graph import Key, Layer, Task, TaskRef
from minidask.io.folder import Folder, FolderCopy

_FULL = (errno.ENOSPC, errno.EDQUOT)


def _unlink(path: Path, owner: int) -> None:
    if os.getpid() == owner:
        path.unlink(missing_ok=True)


class FileBlock:
    """A block in a file: ``block[part]`` reads that part of it."""

    __slots__ = ("__weakref__", "folder", "path", "plain")

    def __init__(self, path: Path, folder: Folder | FolderCopy, plain: bool) -> None:
        self.path = path
        # Held, so that the folder stays for as long as anything can be read from it.
        self.folder = folder
        self.plain = plain

    def __getitem__(self, part: Any) -> Any:
        try:
            if self.plain:
                return np.array(np.load(self.path, mmap_mode="r")[part])
            return pickle.loads(self.path.read_bytes())[part]
        except FileNotFoundError as error:
            raise FileNotFoundError(
                error.errno,
                "a temporary file of a rechunk isn't there: with method='disk' all tasks have to run on one machine, from which "
                "the array that was rechunked isn't deleted meanwhile; leave method out",
                str(self.path),
            ) from error

    def __reduce__(self) -> tuple[Any, ...]:
        return FileBlock, (self.path, self.folder, self.plain)


def write_block(folder: Folder | FolderCopy, block: Any) -> Any:
    """Write a block to a file and return what stands for it; a block without elements stays.

    Raises
    ------
    OSError
        If it can't be written; no part of it stays.

    Examples
    --------
    >>> block = write_block(Folder(None, "rechunk"), np.arange(5))
    >>> block[1:3]
    array([1, 2])
    """
    if not getattr(block, "size", 1):
        return block
    plain = type(block) is np.ndarray and block.ndim > 0 and not block.dtype.hasobject
    path: Path | None = None
    try:
        path = folder.new_path()
        with path.open("xb") as file:
            if plain:
                np.save(file, block, allow_pickle=False)
            else:
                pickle.dump(block, file, protocol=5)
    except OSError as error:
        if path is not None:
            path.unlink(missing_ok=True)
        why = "the disk is full" if error.errno in _FULL else error.strerror
        raise OSError(
            error.errno,
            f"a rechunk could not write its temporary files: {why}. It needs as much room as the array takes: set "
            "temporary-directory to a folder that has it",
            None if path is None else str(path),
        ) from error
    made = FileBlock(path, folder, plain)
    if isinstance(folder, Folder):
        weakref.finalize(made, _unlink, path, os.getpid())
    return made


class OnDisk(Layer):
    """The blocks of ``inputs[0]``, each in a file."""

    __slots__ = ("parent",)

    def __init__(self, name: str, source: Layer, parent: str | os.PathLike[str] | None) -> None:
        super().__init__(name, (source,), source.numblocks)
        self.parent = parent

    def lower(self, wanted: Collection[Key] | None = None) -> dict[Key, Task]:
        source, notes = self.inputs[0].name, self.annotations or None
        # One a computation: it goes with the last of its tasks and blocks.
        folder = Folder(self.parent, "rechunk")
        return {
            (self.name, *index): Task(write_block, (folder, TaskRef((source, *index))), None, notes)
            for index in wanted_indices(self, wanted)
        }

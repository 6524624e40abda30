"""Writing that is whole or not there: single files, and directories of files.

Place in the flow: tasks that write partitions call ``write_file`` or write into a ``Staging``; the last task commits.

How a directory is written. All files go to a hidden directory first (``Staging.directory``). When every one of them
is there, they are put in place:
- on a local disk, when nothing of the old directory stays, by renaming directories: readers see the old data set or the new one;
- otherwise (an object store, or files are added to a directory) one by one, under a marker file: ``unfinished`` finds a marker
  that a stopped commit left behind, and readers refuse the directory then.
A write that stops before its commit leaves only the hidden directory, which no reader looks at. Since old files are touched only
after all new ones are written, a data set may be overwritten by what is computed from itself.

Invariant: names that begin with ``.`` or ``_`` are no data.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import IO, Any

from fsspec import AbstractFileSystem

from minidask.io.compression import open_compressed
from minidask.io.paths import is_local, shown

_MARKER = "_unfinished-"


def write_file(
    fs: AbstractFileSystem,
    path: str,
    write: Callable[[IO[bytes]], Any],
    *,
    compression: str | None = None,
    exclusive: bool = False,
) -> None:
    """Write a file under a temporary name and rename it when it is whole.

    Parameters
    ----------
    fs : AbstractFileSystem
    path : str
        Its directory is made if it isn't there.
    write : callable
        Called with the open file.
    compression : str, optional
        A name that ``infer_compression`` gave.
    exclusive : bool
        Raise if the file is there already.

    Raises
    ------
    FileExistsError
        If it is there and ``exclusive``.
    OSError
        If it can't be written; nothing is left behind then.
    """
    if exclusive and fs.exists(path):
        raise FileExistsError(f"{shown(fs, path)!r} is there already")
    parent = fs._parent(path)
    fs.makedirs(parent, exist_ok=True)
    # Object stores show a file only when it is whole: no need to copy it afterwards.
    temporary = f"{parent}/.{path.rsplit('/', 1)[-1]}.{uuid.uuid4().hex}" if is_local(fs) else path
    try:
        with fs.open(temporary, "wb") as raw:
            if compression is None:
                write(raw)
            else:
                with open_compressed(raw, compression, "wb") as contents:
                    write(contents)
        if temporary != path:
            os.replace(temporary, path)
    except BaseException:
        if temporary != path and fs.exists(temporary):
            fs.rm_file(temporary)
        raise


@dataclass(frozen=True, slots=True)
class Staging:
    """Where the files of a directory stand until they are all written.

    Parameters
    ----------
    fs : AbstractFileSystem
    target : str
        The directory to write.
    token : str
        Of this write alone, in the hidden names.
    replace : bool
        Everything that is in the target goes; otherwise only files of the same names are replaced.
    """

    fs: AbstractFileSystem
    target: str
    token: str
    replace: bool = False

    @classmethod
    def of(cls, fs: AbstractFileSystem, target: str, replace: bool = False) -> Staging:
        """Make one with a token of its own."""
        return cls(fs, target.rstrip("/") or "/", uuid.uuid4().hex[:16], replace)

    @property
    def directory(self) -> str:
        """The hidden directory, on the same device as the target."""
        parent, _, name = self.target.rpartition("/")
        return f"{parent}/.{name}.{self.token}"

    def path(self, name: str) -> str:
        """Return where to write the file that will have this name."""
        return f"{self.directory}/{name}"

    def prepare(self) -> None:
        """Make the hidden directory."""
        self.fs.makedirs(self.directory, exist_ok=True)

    def discard(self) -> None:
        """Remove what was written, if the commit has not happened."""
        directory = self.directory
        if is_local(self.fs) and os.path.isdir(directory):
            # Under another name first: a task that still runs can put no more files into it while it is emptied.
            os.rename(directory, f"{directory}.gone")
            directory = f"{directory}.gone"
        if self.fs.exists(directory):
            self.fs.rm(directory, recursive=True)

    def commit(self, names: Iterable[str]) -> None:
        """Put the files in place.

        Raises
        ------
        FileNotFoundError
            If one of the files was not written; nothing is changed then.
        """
        names = list(names)
        missing = [name for name in names if not self.fs.exists(self.path(name))]
        if missing:
            raise FileNotFoundError(
                f"{len(missing)} of {len(names)} files for {shown(self.fs, self.target)!r} were not written, "
                f"the first is {missing[0]!r}: another write may have removed them"
            )
        # A link stays a link: what it leads to may be on another device.
        if is_local(self.fs) and not os.path.islink(self.target) and (self.replace or not self._stays(names)):
            self._swap()
        else:
            self._move(names)

    def _stays(self, names: list[str]) -> bool:
        """Return whether anything in the target has none of these names."""
        if not os.path.isdir(self.target):
            return False
        return bool({os.path.basename(entry) for entry in os.listdir(self.target)} - set(names))

    def _swap(self) -> None:
        old = f"{self.directory}.old"
        present = os.path.lexists(self.target)
        if present:
            os.rename(self.target, old)
        try:
            os.rename(self.directory, self.target)
        except BaseException:
            if present:
                os.rename(old, self.target)
            raise
        if present:
            self.fs.rm(old, recursive=True)

    def _move(self, names: list[str]) -> None:
        marker = f"{self.target}/{_MARKER}{self.token}"
        self.fs.makedirs(self.target, exist_ok=True)
        self.fs.pipe_file(marker, "\n".join(names).encode())
        if self.replace:
            for entry in self.fs.ls(self.target, detail=False):
                if not entry.endswith(marker.rsplit("/", 1)[-1]):
                    self.fs.rm(entry, recursive=True)
        for name in names:
            self.fs.makedirs(self.fs._parent(f"{self.target}/{name}"), exist_ok=True)
            if is_local(self.fs):
                os.replace(self.path(name), f"{self.target}/{name}")
            else:
                self.fs.mv(self.path(name), f"{self.target}/{name}")
        self.discard()
        self.fs.rm_file(marker)
        self.fs.invalidate_cache()


def unfinished(names: Iterable[str]) -> str | None:
    """Return the name among a directory's that says that a commit stopped half way; None if there is none.

    Examples
    --------
    >>> unfinished(["part.0.parquet"]) is None
    True
    """
    return next((name for name in names if name.rsplit("/", 1)[-1].startswith(_MARKER)), None)


def is_data(name: str) -> bool:
    """Return whether a file's name is that of data: neither hidden nor a note of a writer.

    Examples
    --------
    >>> is_data("part.0.parquet"), is_data("_metadata"), is_data(".crc")
    (True, False, False)
    """
    return not name.rsplit("/", 1)[-1].startswith((".", "_"))

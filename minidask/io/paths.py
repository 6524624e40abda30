"""From what a user writes (a path, a url, a glob, a list of these) to files with their size and version.

Place in the flow: the first step of every reader, when the collection is made, so that a missing file is an error at once.

Invariants
- Files of a glob come in natural order (``part.2`` before ``part.10``), those of a list in the list's order.
- ``StoredFile`` says which version of the file is meant (``stamp``: ETag or time of change): tokens include it, and readers
  compare it with what they find.

Not for: opening files (``minidask.io.bytes``).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from glob import has_magic
from typing import Any

from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs

# What file systems call the version of a file, the surest first.
_STAMPS = ("ETag", "etag", "mtime", "LastModified", "last_modified", "updated", "modified", "created")


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One version of a file on a file system.

    Parameters
    ----------
    fs : AbstractFileSystem
    path : str
        As the file system calls it.
    url : str
        As messages and path columns show it: the path on a local disk, with its protocol elsewhere.
    size : int or None
        In bytes; None where the file system doesn't say.
    stamp : object
        ETag or time of change; None where the file system has neither.
    """

    fs: AbstractFileSystem
    path: str
    url: str
    size: int | None
    stamp: Any

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        return "StoredFile", self.fs.to_json(), self.path, self.size, str(self.stamp)

    def __str__(self) -> str:
        return self.url


def find_files(
    urlpath: Any,
    storage_options: Mapping[str, Any] | None = None,
    *,
    what: str = "file",
    fs: AbstractFileSystem | None = None,
) -> list[StoredFile]:
    """Find the files that a path, a url, a glob, or a list of these stands for.

    Parameters
    ----------
    urlpath : str, os.PathLike, or iterable of these
        Anything that fsspec understands: ``"data/*.csv"``, ``"s3://bucket/key"``, ``"simplecache::https://..."``.
    storage_options : mapping, optional
        Given to the file system: credentials, endpoint and the like.
    what : str
        What is looked for, for messages.
    fs : AbstractFileSystem, optional
        Where the paths are; default: what they say.

    Raises
    ------
    FileNotFoundError
        If a path does not exist or a glob matches nothing.
    IsADirectoryError
        If a path is a directory.
    TypeError
        If a path is no path.
    ValueError
        If the list is empty, or the protocol is unknown.

    Examples
    --------
    >>> import minidask.io
    >>> [found] = find_files(minidask.io.__file__)
    >>> found.path.endswith("__init__.py"), found.size > 0
    (True, True)
    """
    if isinstance(urlpath, str | os.PathLike):
        return _find(_text(urlpath), storage_options, what, fs)
    if hasattr(urlpath, "read"):
        raise TypeError(
            f"a path is needed, which every task opens for itself, got an open file: {urlpath!r:.80}. "
            "Give its path, or read it with pandas and use from_pandas"
        )
    if isinstance(urlpath, bytes) or not isinstance(urlpath, Iterable):
        raise TypeError(f"a path, a glob, or a list of them is needed, got {type(urlpath).__name__}: {urlpath!r:.80}")
    paths = [_text(path) for path in urlpath]
    if not paths:
        raise ValueError(f"the list of paths is empty: give at least one {what}")
    return [found for path in paths for found in _find(path, storage_options, what, fs)]


def resolve_target(
    url: Any, storage_options: Mapping[str, Any] | None = None, fs: AbstractFileSystem | None = None
) -> tuple[AbstractFileSystem, str]:
    """Return the file system and the path on it that a url to write to stands for; ``fs`` is used if it is given.

    Raises
    ------
    TypeError
        If it is no path.
    ValueError
        If the protocol is unknown.
    """
    return _resolve(_text(url), storage_options, fs)


def stored_file(fs: AbstractFileSystem, info: Mapping[str, Any]) -> StoredFile:
    """Make a ``StoredFile`` of what ``fs.info`` says."""
    path = info["name"]
    stamp = next((info[name] for name in _STAMPS if info.get(name) is not None), None)
    # Listings and single answers of one file system may give a time in two forms.
    stamp = stamp.timestamp() if isinstance(stamp, datetime) else stamp
    return StoredFile(fs, path, shown(fs, path), info.get("size"), stamp)


def shown(fs: AbstractFileSystem, path: str) -> str:
    """Return a path as users know it: plain on the local disk, with its protocol elsewhere."""
    if is_local(fs):
        return path
    return str(fs.unstrip_protocol(path))


def is_local(fs: AbstractFileSystem) -> bool:
    """Return whether it is this machine's disk, where renaming is atomic."""
    protocols = (fs.protocol,) if isinstance(fs.protocol, str) else tuple(fs.protocol)
    return "file" in protocols


def natural_key(text: str) -> list[tuple[bool, int, str]]:
    """Return a sort key by which numbers inside names count as numbers.

    Examples
    --------
    >>> sorted(["part.10", "part.9"], key=natural_key)
    ['part.9', 'part.10']
    """
    return [(piece.isdecimal(), int(piece) if piece.isdecimal() else 0, piece) for piece in re.split(r"([0-9]+)", text)]


def _text(path: Any) -> str:
    path = os.fspath(path) if isinstance(path, os.PathLike) else path
    if not isinstance(path, str):
        raise TypeError(f"a path must be a str or os.PathLike, got {type(path).__name__}: {path!r:.80}")
    return path


def _resolve(
    path: str, storage_options: Mapping[str, Any] | None, fs: AbstractFileSystem | None = None
) -> tuple[AbstractFileSystem, str]:
    if fs is not None:
        return fs, str(fs._strip_protocol(path))
    if not isinstance(storage_options, Mapping | None):
        raise TypeError(
            f"storage_options must be a mapping for the file system, got {type(storage_options).__name__}: "
            f"{storage_options!r:.80}"
        )
    found, stripped = url_to_fs(path, **(storage_options or {}))
    return found, stripped


def _find(
    path: str, storage_options: Mapping[str, Any] | None, what: str, fs: AbstractFileSystem | None
) -> list[StoredFile]:
    fs, stripped = _resolve(path, storage_options, fs)
    fs.invalidate_cache()
    # A name with brackets may be a file's own.
    if has_magic(stripped) and not fs.exists(stripped):
        found = fs.glob(stripped, detail=True)
        files = [info for info in found.values() if info["type"] != "directory"]
        if found and not files:
            raise IsADirectoryError(
                f"{path!r} matches directories alone: name their files, such as {path.rstrip('/') + '/*'!r}"
            )
        if not files:
            raise FileNotFoundError(f"no {what} matches {path!r} (looked for {shown(fs, stripped)!r})")
        files.sort(key=lambda info: natural_key(info["name"]))
        # Versions are looked at again when the files are read, not in what was listed now.
        fs.invalidate_cache()
        return [stored_file(fs, info) for info in files]
    try:
        info = fs.info(stripped)
    except FileNotFoundError:
        raise FileNotFoundError(f"there is no {what} {path!r} (looked for {shown(fs, stripped)!r})") from None
    if info["type"] == "directory":
        raise IsADirectoryError(f"{path!r} is a directory: name its files, such as {path.rstrip('/') + '/*'!r}")
    return [stored_file(fs, info)]

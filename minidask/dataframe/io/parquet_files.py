"""The files of a parquet data set, and their footers.

Place in the flow: ``parquet`` calls this when a collection is made. Footers say which columns there are, how many
rows and bytes each row group has, and whether a column has nulls; no data are read.

Invariants
- All files have the columns of the first, in types that pandas reads alike; otherwise it is an error at once.
- Files whose names begin with ``.`` or ``_`` are no data; a directory that a commit left half way is refused.
- A ``_metadata`` file spares reading the footers only if it knows exactly the files that are there and none is newer.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from glob import has_magic
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from minidask.dataframe.io.parquet_hive import Keys, check_keys, path_keys
from minidask.dataframe.io.parquet_schema import check_schema
from minidask.io.paths import StoredFile, find_files, is_local, natural_key, resolve_target, shown, stored_file
from minidask.io.writing import is_data, unfinished

EXTENSIONS = (".parquet", ".parq", ".pq")
METADATA = "_metadata"
# Footers of remote files are fetched side by side.
_FETCHERS = 16


@dataclass(frozen=True, slots=True)
class ParquetFile:
    """A file and what its footer says.

    Parameters
    ----------
    file : StoredFile
    footer : pyarrow.parquet.FileMetaData
        Its own, or that of the whole data set.
    places : sequence of int
        Where its row groups stand in the footer.
    schema : pyarrow.Schema
    leaves : mapping
        Where columns of simple types stand in the footer's row groups, by their names.
    keys : tuple
        Names and texts of the directories.
    """

    file: StoredFile
    footer: pq.FileMetaData
    places: Sequence[int]
    schema: pa.Schema
    leaves: Mapping[str, int]
    keys: Keys = ()

    @property
    def num_row_groups(self) -> int:
        """How many row groups the file has."""
        return len(self.places)

    def row_group(self, group: int) -> Any:
        """Return what the footer says of a row group of this file."""
        return self.footer.row_group(self.places[group])


def find_parquet(
    path: Any,
    storage_options: Mapping[str, Any] | None,
    *,
    fs: Any = None,
    extensions: tuple[str, ...] | None = EXTENSIONS,
    ignore_metadata_file: bool = False,
) -> list[ParquetFile]:
    """Find the files of a data set, and read their footers.

    Parameters
    ----------
    path : str, os.PathLike, or list of these
        A directory, a file, a glob, or a list of files.
    storage_options : mapping, optional
    fs : fsspec.AbstractFileSystem, optional
        Where the paths are; default: what they say.
    extensions : tuple of str, optional
        How names of data end in a directory; None: anyhow.
    ignore_metadata_file : bool
        Read all footers, even if ``_metadata`` has them.

    Raises
    ------
    FileNotFoundError
        If there is nothing.
    ValueError
        If a file is no parquet, files differ in their columns or keys, or a write stopped half way.
    """
    files, base, summary = _listed(path, storage_options, fs, extensions)
    keys = [path_keys(_relative(file.path, base)) for file in files]
    check_keys([file.url for file in files], keys)
    found = None if summary is None or ignore_metadata_file else _summarized(summary, base, files, keys)
    if found is not None:
        return found
    if len(files) > 1 and not is_local(files[0].fs):
        with ThreadPoolExecutor(_FETCHERS) as pool:
            footers = list(pool.map(_footer, files))
    else:
        footers = [_footer(file) for file in files]
    found = [_described(*one) for one in zip(files, footers, keys, strict=True)]
    for one in found[1:]:
        check_schema(found[0].file.url, found[0].schema, one.file.url, one.schema)
    stored = next((name for name, _ in keys[0] if name in found[0].schema.names), None)
    if stored is not None:
        raise ValueError(
            f"{files[0].url}: the column {stored!r} is in the file and in the names of its directories: read the files by a list "
            "of one each, or write them without it"
        )
    return found


@contextmanager
def open_parquet(file: StoredFile, **options: Any) -> Iterator[pq.ParquetFile]:
    """Open a file with pyarrow; on the local disk without Python in between.

    Raises
    ------
    ValueError
        If it is no parquet file; the message names it.
    """
    source = file.path if is_local(file.fs) else file.fs.open(file.path, "rb")
    try:
        try:
            opened = pq.ParquetFile(source, pre_buffer=True, **options)
        except (pa.ArrowInvalid, pa.ArrowIOError) as error:
            if isinstance(error, FileNotFoundError):
                raise
            raise ValueError(f"{file.url!r} can't be read as parquet: {error}") from error
        with opened:
            yield opened
    finally:
        if not isinstance(source, str):
            source.close()


def is_data_file(relative: str, extensions: tuple[str, ...] | None = EXTENSIONS) -> bool:
    """Return whether a path below a data set's directory is that of data.

    Examples
    --------
    >>> is_data_file("y=1/part.0.parquet"), is_data_file("_temporary/0.parquet"), is_data_file("part.csv")
    (True, False, False)
    """
    return all(map(is_data, relative.split("/"))) and (extensions is None or relative.endswith(extensions))


def _footer(file: StoredFile) -> pq.FileMetaData:
    with open_parquet(file) as opened:
        return opened.metadata


def _described(file: StoredFile, footer: pq.FileMetaData, keys: Keys) -> ParquetFile:
    return ParquetFile(
        file, footer, range(footer.num_row_groups), footer.schema.to_arrow_schema(), leaves_of(footer.schema), keys
    )


def leaves_of(schema: Any) -> dict[str, int]:
    """Return where the columns of simple types stand in row groups, by their names."""
    # The field b of a column a has the path "a.b", as a column "a.b" has.
    columns = [schema.column(at) for at in range(len(schema))]
    return {leaf.path: at for at, leaf in enumerate(columns) if leaf.path == leaf.name}


def _summarized(
    summary: Mapping[str, Any], base: str | None, files: Sequence[StoredFile], keys: Sequence[Keys]
) -> list[ParquetFile] | None:
    """Return what ``_metadata`` says of the files; None if it doesn't know all of them as they are."""
    # Files may have been added or written anew by somebody who doesn't keep it.
    written, others = _written(summary), [_written(file.fs.info(file.path)) for file in files]
    if written is None or any(other is None or other > written for other in others):
        return None
    footer = _footer(stored_file(files[0].fs, summary))
    places: dict[str, list[int]] = {}
    for at in range(footer.num_row_groups):
        places.setdefault(footer.row_group(at).column(0).file_path, []).append(at)
    names = [_relative(file.path, base) for file in files]
    if places.keys() != set(names):
        return None
    schema, leaves = footer.schema.to_arrow_schema(), leaves_of(footer.schema)
    return [
        ParquetFile(file, footer, places[name], schema, leaves, own)
        for file, name, own in zip(files, names, keys, strict=True)
    ]


def _written(info: Mapping[str, Any]) -> float | None:
    """Return when a file was written, in seconds; None if the file system doesn't say."""
    names = ("mtime", "LastModified", "last_modified", "updated", "modified", "created")
    time = next((info[name] for name in names if info.get(name) is not None), None)
    if isinstance(time, datetime):
        return time.timestamp()
    return float(time) if isinstance(time, int | float) else None


def _relative(path: str, base: str | None) -> str:
    return path.rsplit("/", 1)[-1] if base is None else path[len(base) :].lstrip("/")


def _listed(
    path: Any, storage_options: Mapping[str, Any] | None, fs: Any, extensions: tuple[str, ...] | None
) -> tuple[list[StoredFile], str | None, Mapping[str, Any] | None]:
    """Return the files, the directory below which names of directories are keys, and what there is of ``_metadata``."""
    try:
        listed = find_files(path, storage_options, what="parquet file", fs=fs)
    except IsADirectoryError:
        single = path if isinstance(path, str | os.PathLike) else next(iter(path))
        if not isinstance(path, str | os.PathLike) and len(path) > 1:
            raise
        return _directory(single, storage_options, fs, extensions)
    if isinstance(path, str | os.PathLike):
        text = os.fspath(path)
        if not has_magic(text) or [str(one) for one in listed] == [text]:
            return listed, None, None
        listed, base = _matched_data(text, listed)
        if not listed:
            raise FileNotFoundError(f"no parquet file matches {text!r}: all that it matches is hidden")
        return listed, base, None
    return listed, _common([file.path for file in listed]), None


def _common(paths: Sequence[str]) -> str | None:
    """Return the directory that several files are below; None if there is none, or for a single file."""
    if len(set(paths)) < 2 or len({path.startswith("/") for path in paths}) > 1:
        return None
    return os.path.commonpath(paths)


def _directory(
    path: Any, storage_options: Mapping[str, Any] | None, fs: Any, extensions: tuple[str, ...] | None
) -> tuple[list[StoredFile], str, Mapping[str, Any] | None]:
    fs, directory = resolve_target(path, storage_options, fs)
    found = fs.find(directory, detail=True)
    fs.invalidate_cache()
    base = directory.rstrip("/")
    inside = {name[len(base) + 1 :]: info for name, info in found.items()}
    if stopped := unfinished(inside):
        raise ValueError(
            f"a write into {shown(fs, directory)!r} is going on, or stopped while its files were put in place: some may be "
            "missing. "
            f"Write the data set again with overwrite=True; or, if you know that all is there, remove {stopped!r}"
        )
    data = {name: info for name, info in inside.items() if is_data_file(name, extensions)}
    if not data:
        hint = "" if extensions is None else f" (names must end with {', '.join(extensions)})"
        raise FileNotFoundError(f"there is no parquet file in {shown(fs, directory)!r}{hint}")
    return [stored_file(fs, data[name]) for name in sorted(data, key=natural_key)], base, inside.get(METADATA)


def _matched_data(pattern: str, files: Sequence[StoredFile]) -> tuple[list[StoredFile], str]:
    """Leave out what a glob matched by a name, of a file or a directory, that is hidden; return its fixed part too."""
    pieces = resolve_target(pattern)[1].split("/") if "://" not in pattern else pattern.split("://", 1)[1].split("/")
    fixed = next(at for at, piece in enumerate(pieces) if has_magic(piece)) - (not pieces[0])
    kept = [file for file in files if all(map(is_data, file.path.lstrip("/").split("/")[fixed:]))]
    base = "/".join(files[0].path.lstrip("/").split("/")[:fixed])
    return kept, f"/{base}" if files[0].path.startswith("/") else base

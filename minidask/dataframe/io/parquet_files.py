"""The files of a parquet data set, their footers, and how they are cut into partitions.

Place in the flow: ``parquet`` calls this when a collection is made. Footers say which columns there are, how many
rows and bytes each row group has, and whether a column has nulls; no data are read.

Invariants
- All files have the columns of the first, in types that pandas reads alike; otherwise it is an error at once.
- Files whose names begin with ``.`` or ``_`` are no data; a directory that a commit left half way is refused.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from glob import has_magic
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from minidask.io.paths import StoredFile, find_files, is_local, natural_key, resolve_target, shown, stored_file
from minidask.io.writing import is_data, unfinished

EXTENSIONS = (".parquet", ".parq", ".pq")
# Footers of remote files are fetched side by side.
_FETCHERS = 16


@dataclass(frozen=True, slots=True)
class ParquetFile:
    """A file and its footer."""

    file: StoredFile
    footer: pq.FileMetaData


@dataclass(frozen=True, slots=True)
class ParquetPart:
    """Row groups of one file; ``first_row`` counts from the file's beginning."""

    file: StoredFile
    groups: tuple[int, ...]
    first_row: int
    rows: int

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        return "ParquetPart", self.file, self.groups

    def __str__(self) -> str:
        return f"{self.file.url} (row groups {', '.join(map(str, self.groups))})"


def find_parquet(path: Any, storage_options: Mapping[str, Any] | None) -> list[ParquetFile]:
    """Find the files of a data set, and read their footers.

    Parameters
    ----------
    path : str, os.PathLike, or list of these
        A directory, a file, a glob, or a list of files.

    Raises
    ------
    FileNotFoundError
        If there is nothing.
    ValueError
        If a file is no parquet, files differ in their columns, or a write stopped half way.
    NotImplementedError
        If directories stand for values (``year=2015/``).
    """
    files = _listed(path, storage_options)
    if len(files) > 1 and not is_local(files[0].fs):
        with ThreadPoolExecutor(_FETCHERS) as pool:
            found = list(pool.map(_footer, files))
    else:
        found = [_footer(file) for file in files]
    schemas = [one.footer.schema.to_arrow_schema() for one in found]
    for one, schema in zip(found[1:], schemas[1:]):
        _check_schema(found[0].file.url, schemas[0], one.file.url, schema)
    return found


def open_parquet(file: StoredFile, **options: Any) -> pq.ParquetFile:
    """Open a file with pyarrow; on the local disk without Python in between.

    Raises
    ------
    ValueError
        If it is no parquet file; the message names it.
    """
    try:
        source = file.path if is_local(file.fs) else file.fs.open(file.path, "rb")
        return pq.ParquetFile(source, pre_buffer=True, **options)
    except (pa.ArrowInvalid, pa.ArrowIOError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise ValueError(f"{file.url!r} can't be read as parquet: {error}") from error


def cut(files: Sequence[ParquetFile], split_row_groups: bool | int | str, blocksize: int) -> list[ParquetPart]:
    """Cut files into partitions.

    Parameters
    ----------
    files : sequence
    split_row_groups : bool, int or str
        True: a row group to a partition; a number: so many; False: a file; ``"infer"`` or ``"adaptive"``: as many row groups as
        fit into ``blocksize`` bytes, uncompressed.
    blocksize : int
    """
    parts = []
    for one in files:
        footer = one.footer
        sizes = [
            (footer.row_group(at).num_rows, footer.row_group(at).total_byte_size) for at in range(footer.num_row_groups)
        ]
        group: list[int] = []
        first, rows, nbytes = 0, 0, 0
        for at, (count, size) in enumerate(sizes):
            if group and _full(split_row_groups, len(group), nbytes + size, blocksize):
                parts.append(ParquetPart(one.file, tuple(group), first, rows))
                first, group, rows, nbytes = first + rows, [], 0, 0
            group.append(at)
            rows, nbytes = rows + count, nbytes + size
        parts.append(ParquetPart(one.file, tuple(group), first, rows))
    return parts


def has_nulls(files: Iterable[ParquetFile], column: str) -> bool:
    """Return whether the footers say that a column of simple type has nulls anywhere."""
    for one in files:
        footer = one.footer
        if footer.num_row_groups == 0:
            continue
        for at in range(footer.num_columns):
            if _is_column(footer.schema.column(at), column):
                # What pyarrow writes for its type "null" has no statistics.
                if footer.num_rows and str(footer.schema.column(at).logical_type) == "Null":
                    return True
                for group in range(footer.num_row_groups):
                    statistics = footer.row_group(group).column(at).statistics
                    if statistics is not None and statistics.has_null_count and statistics.null_count:
                        return True
    return False


def group_bounds(footer: pq.FileMetaData, group: int, column: str) -> tuple[Any, Any] | None:
    """Return bounds of a column's values in a row group; None if the footer has none."""
    for at in range(footer.num_columns):
        if _is_column(footer.schema.column(at), column):
            statistics = footer.row_group(group).column(at).statistics
            if statistics is None or not statistics.has_min_max:
                return None
            return statistics.min, statistics.max
    return None


def _is_column(leaf: Any, column: str) -> bool:
    # The field b of a column a has the path "a.b", as a column "a.b" has.
    return bool(leaf.path == column and leaf.name == column)


def _full(split: bool | int | str, groups: int, nbytes: int, blocksize: int) -> bool:
    if split is True:
        return True
    if split is False:
        return False
    return groups >= split if isinstance(split, int) else nbytes > blocksize


def _footer(file: StoredFile) -> ParquetFile:
    with open_parquet(file) as opened:
        return ParquetFile(file, opened.metadata)


def _listed(path: Any, storage_options: Mapping[str, Any] | None) -> list[StoredFile]:
    try:
        listed = find_files(path, storage_options, what="parquet file")
        if (
            isinstance(path, str | os.PathLike)
            and has_magic(os.fspath(path))
            and [str(one) for one in listed] != [os.fspath(path)]
        ):
            listed = _matched_data(os.fspath(path), listed)
        if not listed:
            raise FileNotFoundError(
                f"no parquet file matches {os.fspath(path)!r}: names that begin with '.' or '_' are no data"
            )
        return listed
    except IsADirectoryError:
        fs, directory = resolve_target(path if not isinstance(path, list | tuple) else path[0], storage_options)
        if isinstance(path, list | tuple) and len(path) > 1:
            raise
    found = fs.find(directory, detail=True)
    fs.invalidate_cache()
    inside = {name[len(directory.rstrip("/")) + 1 :]: info for name, info in found.items()}
    if stopped := unfinished(inside):
        raise ValueError(
            f"a write into {shown(fs, directory)!r} is going on, or stopped while its files were put in place: some may be "
            "missing. "
            f"Write the data set again with overwrite=True; or, if you know that all is there, remove {stopped!r}"
        )
    data = {
        name: info for name, info in inside.items() if all(map(is_data, name.split("/"))) and name.endswith(EXTENSIONS)
    }
    hive = next((name for name in data if any("=" in piece for piece in name.split("/")[:-1])), None)
    if hive is not None:
        raise NotImplementedError(
            f"{shown(fs, directory)!r} keeps values in the names of its directories ({hive!r}), which isn't read yet: read the "
            "directories one by one and assign the values"
        )
    if not data:
        raise FileNotFoundError(
            f"there is no parquet file in {shown(fs, directory)!r} (names must end with {', '.join(EXTENSIONS)})"
        )
    return [stored_file(fs, data[name]) for name in sorted(data, key=natural_key)]


def _matched_data(pattern: str, files: Sequence[StoredFile]) -> list[StoredFile]:
    """Leave out what a glob matched by a name, of a file or a directory, that is hidden."""
    pieces = resolve_target(pattern)[1].split("/") if "://" not in pattern else pattern.split("://", 1)[1].split("/")
    fixed = next(at for at, piece in enumerate(pieces) if has_magic(piece))
    return [file for file in files if all(map(is_data, file.path.lstrip("/").split("/")[fixed - (not pieces[0]) :]))]


def typed_elsewhere(files: Sequence[ParquetFile]) -> dict[str, pa.Schema]:
    """Return, for columns without any value in the first file, the schema of a file that says their type."""
    schemas = [one.footer.schema.to_arrow_schema() for one in files]
    found = {}
    for field in schemas[0]:
        if pa.types.is_null(field.type):
            typed = next((schema for schema in schemas if not pa.types.is_null(schema.field(field.name).type)), None)
            if typed is not None:
                found[field.name] = typed
    return found


def _check_schema(first_url: str, first: pa.Schema, url: str, schema: pa.Schema) -> None:
    missing = [name for name in first.names if name not in schema.names]
    extra = [name for name in schema.names if name not in first.names]
    if missing or extra:
        raise ValueError(
            f"{url}: the columns differ from those of {first_url}: "
            + "; ".join([f"missing: {missing}"] * bool(missing) + [f"not in the first: {extra}"] * bool(extra))
            + ". Read such files apart, and put them together with concat"
        )
    for field in first:
        other = schema.field(field.name).type
        if not same_type(field.type, other):
            raise ValueError(
                f"{url}: the column {field.name!r} is {other}, but {field.type} in {first_url}. Read such files apart, "
                "and bring them to one type with astype"
            )


def same_type(one: pa.DataType, other: pa.DataType) -> bool:
    """Return whether pandas reads two Arrow types alike; nulls alone fit any type.

    Examples
    --------
    >>> same_type(pa.string(), pa.large_string()), same_type(pa.int64(), pa.float64())
    (True, False)
    """
    return fused_type(one, other) is not None


def fused_type(one: pa.DataType, other: pa.DataType) -> pa.DataType | None:
    """Return the type of a column that has these types in two files; None if they differ in more than what has no values.

    Examples
    --------
    >>> fused_type(pa.list_(pa.null()), pa.list_(pa.int64()))
    ListType(list<item: int64>)
    """
    if one.equals(other) or pa.types.is_null(other):
        return one
    if pa.types.is_null(one):
        return other
    if pa.types.is_dictionary(one) and pa.types.is_dictionary(other):
        return one if one.ordered == other.ordered and same_type(one.value_type, other.value_type) else None
    if pa.types.is_list(one) and pa.types.is_list(other):
        value = fused_type(one.value_type, other.value_type)
        return None if value is None else pa.list_(one.value_field.with_type(value))
    if pa.types.is_struct(one) and pa.types.is_struct(other) and one.names == other.names:
        values = [fused_type(left.type, right.type) for left, right in zip(one.fields, other.fields)]
        return (
            None if None in values else pa.struct([field.with_type(value) for field, value in zip(one.fields, values)])
        )
    texts = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return one if any(is_text(one) for is_text in texts) and any(is_text(other) for is_text in texts) else None


def holds_null_type(kind: pa.DataType) -> bool:
    """Return whether a type, or one inside it, is that of nulls alone."""
    return pa.types.is_null(kind) or any(holds_null_type(kind.field(at).type) for at in range(kind.num_fields))

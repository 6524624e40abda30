"""``to_parquet``: a partition to a file, and a data set that is there as a whole or not at all.

Place in the flow: a layer writes one file a partition into a hidden directory (``minidask.io.writing``); the last
task compares the files' schemas, gives columns without any value their type, and puts all files in place.

Invariants: all files have one Arrow schema; the index is written as columns, so that files are alike whatever index
their partition had; numbers of partitions' files are their order.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from minidask.dataframe.io.engines import check_engine
from minidask.dataframe.io.finish import finished, run
from minidask.dataframe.io.parquet_files import EXTENSIONS, find_parquet, fused_type, same_type
from minidask.dataframe.layers import FrameLayer, frame_layer
from minidask.graph.blockwise import Parts
from minidask.io.paths import is_local, natural_key, resolve_target, shown
from minidask.io.writing import Staging, is_data

# Those of the parquet format that pyarrow writes.
_COMPRESSIONS = ("snappy", "zstd", "gzip", "lz4", "brotli", "none")


@dataclass(frozen=True)
class Prepare:
    """Make the hidden directory of a write that is computed later, once and before any file.

    A task that outlives a failed write must not make it anew.
    """

    staging: Staging

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "prepare"

    def __call__(self) -> None:
        """Make it."""
        self.staging.prepare()


@dataclass(frozen=True)
class WriteFile:
    """Write one partition: ``WriteFile(...)(frame, name) -> name``."""

    staging: Staging
    write_index: bool
    types: Mapping[str, pa.DataType]
    custom_metadata: Mapping[bytes, bytes]
    options: Mapping[str, Any]
    meta: pd.DataFrame

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "to_parquet"

    def __call__(self, frame: pd.DataFrame, name: str, prepared: None = None) -> str:
        """Write into the directory that ``Prepare`` made; return the file's name.

        Raises
        ------
        ValueError
            If the partition isn't as its meta says, or values don't fit the schema.
        """
        if list(frame.columns) != list(self.meta.columns):
            raise ValueError(
                f"the partition for {name!r} has the columns {list(frame.columns)}, but its meta has {list(self.meta.columns)}: "
                "correct the meta of the function that made it"
            )
        table = self._table(frame, name)
        with self.staging.fs.open(self.staging.path(name), "wb") as file:
            pq.write_table(table, file, **self.options)
        return name

    def _table(self, frame: pd.DataFrame, name: str) -> pa.Table:
        index = bool(self.write_index)
        try:
            if self.types:
                schema = pa.Schema.from_pandas(frame, preserve_index=index)
                fields = [field.with_type(self.types.get(field.name, field.type)) for field in schema]
                table = pa.Table.from_pandas(frame, pa.schema(fields, schema.metadata), preserve_index=index)
            else:
                table = pa.Table.from_pandas(frame, preserve_index=index, nthreads=1)
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
            raise ValueError(
                f"the partition for {name!r} can't be written as parquet: {error}. Convert the column first, or give "
                "its type with "
                "schema={column: pyarrow type}"
            ) from error
        fields = [field.with_type(_plain(field.type)) for field in table.schema]
        metadata = {**(table.schema.metadata or {}), **self.custom_metadata}
        return table.cast(pa.schema(fields, metadata))


@dataclass(frozen=True)
class Finish:
    """Compare the files' schemas and put the files in place."""

    staging: Staging
    existing: pa.Schema | None
    earlier: Sequence[str]
    options: Mapping[str, Any]
    write_metadata_file: bool

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "finish_parquet"

    def __call__(self, names: Sequence[str]) -> None:
        """Do it.

        Raises
        ------
        ValueError
            If a column has different types in different files.
        """
        staged = {name: pq.read_schema(self._open(name)) for name in names}
        schema = unified(staged, self.existing)
        for name, own in staged.items():
            if any(
                pa.types.is_null(field.type) and not pa.types.is_null(schema.field(field.name).type) for field in own
            ):
                table = pq.read_table(self._open(name), partitioning=None)
                with self.staging.fs.open(self.staging.path(name), "wb") as file:
                    fields = [field.with_type(schema.field(field.name).type) for field in own]
                    pq.write_table(table.cast(pa.schema(fields, own.metadata)), file, **self.options)
        all_names = list(names)
        if self.write_metadata_file:
            self._write_metadata(names)
            all_names.append("_metadata")
        self.staging.commit(all_names)

    def _write_metadata(self, names: Sequence[str]) -> None:
        paths = [(name, f"{self.staging.target}/{name}") for name in self.earlier]
        paths += [(name, self.staging.path(name)) for name in names]
        merged: Any = None
        for name, path in paths:
            footer = pq.read_metadata(self._source(path))
            footer.set_file_path(name)
            if merged is None:
                merged = footer
            else:
                merged.append_row_groups(footer)
        with self.staging.fs.open(self.staging.path("_metadata"), "wb") as file:
            merged.write_metadata_file(file)

    def _open(self, name: str) -> Any:
        return self._source(self.staging.path(name))

    def _source(self, path: str) -> Any:
        return path if is_local(self.staging.fs) else self.staging.fs.open(path, "rb")


def to_parquet(
    df: Any,
    path: Any,
    compression: str | Mapping[str, str] | None = "snappy",
    write_index: bool = True,
    append: bool = False,
    overwrite: bool = False,
    ignore_divisions: bool = False,
    partition_on: str | Sequence[str] | None = None,
    storage_options: Mapping[str, Any] | None = None,
    custom_metadata: Mapping[str | bytes, str | bytes] | None = None,
    write_metadata_file: bool | None = None,
    compute: bool = True,
    compute_kwargs: Mapping[str, Any] | None = None,
    schema: Any = "infer",
    name_function: Callable[[int], str] | None = None,
    engine: str = "auto",
    scheduler: Any = None,
    **kwargs: Any,
) -> Any:
    """Write a DataFrame as a directory of parquet files, one a partition.

    Parameters
    ----------
    df : DataFrame
    path : str or os.PathLike
        The directory. If it holds a data set already, say what to do with it: ``append`` or ``overwrite``; files of
        the same names are replaced, and others are an error, because the directory would be a mixture.
    compression : str, mapping or None
        ``"snappy"``, ``"zstd"``, ``"gzip"``, ``"lz4"``, ``"brotli"``, None; or a mapping of columns to these.
    write_index : bool
    append : bool
        Add files to the data set; its columns must be the same.
    overwrite : bool
        Remove everything in the directory, once all new files are written: the data set may be read from the same path.
    ignore_divisions : bool
        Accepted for compatibility: appended partitions may overlap those that are there.
    partition_on : list, optional
        Not built.
    storage_options : mapping, optional
        For the file system.
    custom_metadata : mapping, optional
        Written into every file's footer.
    write_metadata_file : bool, optional
        Write ``_metadata`` with all footers.
    compute : bool
        False: return a lazy value that writes when it is computed, once.
    compute_kwargs : mapping, optional
    schema : "infer", pyarrow.Schema or mapping
        Types of columns, or of some of them. Inferred: by dtype, and for object columns by the values in all partitions.
    name_function : callable, optional
        From a partition's number to its file's name; default ``part.0.parquet``. Names must keep the partitions' order.
    engine : str
        ``"auto"`` or ``"pyarrow"``.
    scheduler : optional
        As for ``compute``.
    **kwargs
        For ``pyarrow.parquet.write_table``.

    Returns
    -------
    None, or a lazy value if ``compute`` is False

    Raises
    ------
    TypeError
        If ``df`` is no DataFrame of minidask.
    ValueError
        If columns aren't texts or are equal, names collide, the directory holds other data, or columns differ when appending; on
        computing, if a column has different types in different partitions.
    FileExistsError
        If the path is a file.
    NotImplementedError
        For ``partition_on`` and ``engine="fastparquet"``.

    Examples
    --------
    >>> import tempfile
    >>> import minidask.dataframe as dd
    >>> folder = tempfile.TemporaryDirectory()
    >>> df = dd.from_pandas(pd.DataFrame({"x": [1, 2, 3]}), npartitions=2)
    >>> to_parquet(df, folder.name + "/x")
    >>> pd.read_parquet(folder.name + "/x")["x"].tolist()
    [1, 2, 3]
    >>> folder.cleanup()
    """
    check_engine(engine)
    if not isinstance(getattr(df, "_meta", None), pd.DataFrame):
        raise TypeError(
            f"to_parquet needs a minidask DataFrame, got {type(df).__name__}; turn a Series into one with .to_frame()"
        )
    if partition_on:
        raise NotImplementedError("partition_on isn't built: write each value's rows to a directory of its own")
    if append and overwrite:
        raise ValueError("append=True and overwrite=True exclude each other")
    _check_columns(df._meta.columns)
    if write_index:
        _check_index(df._meta)
    _check_compression(compression)
    if name_function is not None and not callable(name_function):
        raise TypeError(f"name_function must be callable, got {type(name_function).__name__}: {name_function!r:.80}")
    fs, directory = resolve_target(path, storage_options)
    if fs.isfile(directory):
        raise FileExistsError(f"{shown(fs, directory)!r} is a file: to_parquet writes a directory")
    if overwrite:
        _check_removable(fs, directory)
    existing, first = _existing(fs, directory, path, storage_options) if append else (None, 0)
    if existing is not None:
        _check_appendable(existing, df._meta, write_index, shown(fs, directory))
    names = _names(name_function, first, df.npartitions)
    if not overwrite:
        _check_mixture(fs, directory, names, append)
        if not append and not write_metadata_file and fs.exists(f"{directory}/_metadata"):
            raise ValueError(
                f"{shown(fs, directory)!r} has a '_metadata' of another data set, which would stay: "
                "say overwrite=True to remove it"
            )
    options = {"compression": compression or "none", **kwargs}
    staging = Staging.of(fs, directory, replace=overwrite)
    write = WriteFile(staging, write_index, _types(schema, df._meta), _metadata(custom_metadata), options, df._meta)
    operands = [df._layer, Parts(names)]
    if not compute:
        operands.append(frame_layer(FrameLayer, "prepare", Prepare(staging), [], None, None, token=staging.token))
    layer = frame_layer(FrameLayer, "to-parquet", write, operands, None, None, token=staging.token)
    # What says less than all of a data set misleads other readers, so that it grows with it.
    has_metadata = append and fs.exists(f"{directory}/_metadata")
    earlier = sorted(_data_files(fs, directory), key=natural_key) if append else []
    finish = Finish(staging, existing, earlier, options, bool(write_metadata_file) or has_metadata)
    written = finished(layer, finish, f"finish-parquet-{staging.token}")
    if compute:
        staging.prepare()
    return run(written, compute, scheduler, compute_kwargs, staging.discard)


def unified(schemas: Mapping[str, pa.Schema], existing: pa.Schema | None = None) -> pa.Schema:
    """Return one schema for files that differ at most in columns without values.

    Raises
    ------
    ValueError
        If a column has two types.
    """
    names = list(schemas)
    found: dict[str, tuple[pa.Field, str]] = {}
    sources = ([("the data set that is there", existing)] if existing is not None else []) + [
        (name, schemas[name]) for name in names
    ]
    for where, schema in sources:
        for field in schema:
            known = found.get(field.name)
            fused = field.type if known is None else fused_type(known[0].type, field.type)
            if known is None or (fused is not None and not fused.equals(known[0].type)):
                found[field.name] = field.with_type(fused), where
            elif fused is None:
                raise ValueError(
                    f"the column {field.name!r} is {known[0].type} in {known[1]} and {field.type} in {where}: convert it "
                    "with astype, "
                    f"or give its type with schema={{{field.name!r}: ...}}"
                )
    return pa.schema([found[name][0] for name in schemas[names[0]].names])


def _plain(kind: pa.DataType) -> pa.DataType:
    """Give all categoricals one width of codes, whatever the number of categories in the partition."""
    return pa.dictionary(pa.int32(), kind.value_type, kind.ordered) if pa.types.is_dictionary(kind) else kind


def _check_columns(columns: pd.Index) -> None:
    wrong = [label for label in columns if not isinstance(label, str)]
    if wrong:
        raise ValueError(f"parquet needs texts for column names, got {wrong[0]!r}: rename the columns first")
    if not columns.is_unique:
        raise ValueError(
            f"parquet needs columns of different names; these come twice: {list(columns[columns.duplicated()])}"
        )


def _check_index(meta: pd.DataFrame) -> None:
    for name in meta.index.names:
        if name is not None and not isinstance(name, str):
            raise ValueError(
                f"parquet needs texts for the index's names, got {name!r}: rename it first, or say write_index=False"
            )
        if name in meta.columns:
            raise ValueError(f"the index and a column are both named {name!r}: rename one, or say write_index=False")


def _check_compression(compression: Any) -> None:
    for name in compression.values() if isinstance(compression, Mapping) else [compression]:
        if name is not None and (not isinstance(name, str) or name.lower() not in _COMPRESSIONS):
            raise ValueError(f"unknown compression {name!r}: use one of {', '.join(map(repr, _COMPRESSIONS))}, or None")


def _check_removable(fs: Any, directory: str) -> None:
    if is_local(fs) and _holds_working_directory(directory):
        raise ValueError(
            f"overwrite=True would remove {directory!r}, which holds the working directory: write to a directory of its own"
        )


def _holds_working_directory(directory: str) -> bool:
    here, there = os.path.realpath("."), os.path.realpath(directory)
    return os.path.commonpath([here, there]) == there


def _names(name_function: Callable[[int], str] | None, first: int, count: int) -> list[str]:
    if name_function is None:
        return [f"part.{first + at}.parquet" for at in range(count)]
    names = [name_function(first + at) for at in range(count)]
    wrong = next((name for name in names if not isinstance(name, str) or not is_data(name) or "/" in name), None)
    if wrong is not None:
        raise ValueError(f"name_function must give names of files that begin with neither '.' nor '_', got {wrong!r}")
    names = [name if name.endswith(EXTENSIONS) else f"{name}.parquet" for name in names]
    if len(set(names)) < len(names):
        raise ValueError("name_function must give a different name for each partition")
    if names != sorted(names, key=natural_key):
        raise ValueError(
            f"name_function must give names in the partitions' order, got {names[:3]}...: they are read in that order"
        )
    return names


def _data_files(fs: Any, directory: str) -> list[str]:
    if not fs.isdir(directory):
        return []
    found = [name.rstrip("/").rsplit("/", 1)[-1] for name in fs.ls(directory, detail=False)]
    return [name for name in found if is_data(name) and name.endswith(EXTENSIONS)]


def _check_mixture(fs: Any, directory: str, names: Sequence[str], append: bool) -> None:
    there = set(_data_files(fs, directory))
    if append and there & set(names):
        raise ValueError(
            f"{shown(fs, directory)!r} has {sorted(there & set(names))[0]!r} already: give other names with name_function"
        )
    if not append and there - set(names):
        stale = sorted(there - set(names), key=natural_key)
        raise ValueError(
            f"{shown(fs, directory)!r} holds files of another data set that would stay beside the new ones ({stale[0]!r} and "
            f"{len(stale) - 1} more): say overwrite=True to remove them, or append=True to add to them"
        )


def _existing(fs: Any, directory: str, path: Any, storage_options: Any) -> tuple[pa.Schema | None, int]:
    """Return the schema of the data set to append to, and the first free number."""
    names = _data_files(fs, directory)
    if not names:
        return None, 0
    schema = find_parquet(path, storage_options)[0].footer.schema.to_arrow_schema()
    numbers = [int(match.group(1)) for name in names if (match := re.search(r"(\d+)\D*$", name.rsplit(".", 1)[0]))]
    return schema, max([*numbers, len(names) - 1]) + 1


def _check_appendable(existing: pa.Schema, meta: pd.DataFrame, write_index: bool, where: str) -> None:
    new = pa.Schema.from_pandas(meta, preserve_index=write_index)
    if existing.names != new.names:
        raise ValueError(
            f"can't append to {where!r}: it has the columns {existing.names}, the new partitions have {new.names}"
        )
    for field in new:
        kind = existing.field(field.name).type
        if (
            not pa.types.is_null(field.type)
            and not pa.types.is_dictionary(field.type)
            and not same_type(kind, field.type)
        ):
            raise ValueError(
                f"can't append to {where!r}: its column {field.name!r} is {kind}, the new one is {field.type}: use astype"
            )


def _types(schema: Any, meta: pd.DataFrame) -> dict[str, pa.DataType]:
    if schema is None or (isinstance(schema, str) and schema == "infer"):
        return {}
    if isinstance(schema, pa.Schema):
        schema = {field.name: field.type for field in schema}
    if not isinstance(schema, Mapping):
        raise TypeError(
            f"schema must be 'infer', a pyarrow.Schema, or a mapping of columns to pyarrow types, got {type(schema).__name__}"
        )
    known = [*meta.columns, *meta.index.names, "__index_level_0__"]
    unknown: list[Hashable] = [name for name in schema if name not in known]
    if unknown:
        raise ValueError(f"schema names columns that are not there: {unknown}; there are {list(meta.columns)}")
    return dict(schema)


def _metadata(given: Mapping[str | bytes, str | bytes] | None) -> dict[bytes, bytes]:
    encoded = {_bytes(key): _bytes(value) for key, value in (given or {}).items()}
    if taken := encoded.keys() & {b"pandas", b"ARROW:schema"}:
        raise ValueError(
            f"custom_metadata can't use the key {sorted(taken)[0].decode()!r}: index and types are kept under it"
        )
    return encoded


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()

"""``to_parquet``: a partition to a file, and a data set that is there as a whole or not at all.

Place in the flow: arguments and the directory are checked when this is called; the tasks are those of ``parquet_writing``.

Invariants: numbers of partitions' files are their order; what is in the directory is never mixed with other data by mistake.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from minidask.dataframe.columns import check_columns, unknown_column
from minidask.dataframe.io.engines import check_engine
from minidask.dataframe.io.finish import finished, run
from minidask.dataframe.io.parquet_fast import check_types
from minidask.dataframe.io.parquet_files import EXTENSIONS, METADATA, ParquetFile, find_parquet, is_data_file
from minidask.dataframe.io.parquet_labels import StoredNames, stored_names
from minidask.dataframe.io.parquet_parts import cut
from minidask.dataframe.io.parquet_promise import index_columns
from minidask.dataframe.io.parquet_schema import same_type
from minidask.dataframe.io.parquet_statistics import divisions
from minidask.dataframe.io.parquet_systems import file_system
from minidask.dataframe.io.parquet_writing import Finish, Prepare, WriteFile, check_options
from minidask.dataframe.layers import FrameLayer, frame_layer
from minidask.graph.blockwise import Parts
from minidask.io.paths import is_local, natural_key, resolve_target, shown
from minidask.io.writing import Staging, is_data

# Those of the parquet format that pyarrow writes.
_COMPRESSIONS = ("snappy", "zstd", "gzip", "lz4", "brotli", "none")


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
    filesystem: Any = None,
    engine: str | None = None,
    scheduler: Any = None,
    **kwargs: Any,
) -> Any:
    """Write a DataFrame as a directory of parquet files, one a partition.

    Parameters
    ----------
    df : DataFrame
        Labels of columns that aren't texts come back when the files are read if all are numbers, all are times, or are in
        levels of such; others become texts, with a warning, as in pandas.
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
        Append although divisions overlap those that are there, as far as the footers tell.
    partition_on : str or list, optional
        Write rows below directories ``column=value``, without these columns; missing values have a directory too. Reading gives
        categorical columns, of whole numbers or texts.
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
    filesystem : str or fsspec.AbstractFileSystem, optional
        As for ``read_parquet``.
    engine : str, optional
        ``"pyarrow"`` (the default, also ``"auto"``) or ``"fastparquet"``.
    scheduler : optional
        As for ``compute``.
    **kwargs
        For ``pyarrow.parquet.write_table``, or ``fastparquet.write``.

    Returns
    -------
    None, or a lazy value if ``compute`` is False

    Raises
    ------
    TypeError
        If ``df`` is no DataFrame of minidask.
    ValueError
        If columns are equal or have the same text, names of files collide, the directory holds other data, or columns, keys or
        divisions don't fit when appending; on computing, if a column has different types in different partitions.
    KeyError
        If a column of ``partition_on`` isn't there.
    FileExistsError
        If the path is a file.
    NotImplementedError
        If fastparquet can't write a column exactly.
    ImportError
        If the engine isn't installed.

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
    engine = check_engine(engine)
    if not isinstance(getattr(df, "_meta", None), pd.DataFrame):
        raise TypeError(
            f"to_parquet needs a minidask DataFrame, got {type(df).__name__}; turn a Series into one with .to_frame()"
        )
    if append and overwrite:
        raise ValueError("append=True and overwrite=True exclude each other")
    keys = _keys(partition_on, df._meta.columns)
    named = stored_names(df._meta if write_index else df._meta.reset_index(drop=True))
    meta = df._meta if named is None else named.apply(df._meta)
    stored = meta.drop(columns=list(keys))
    _check_compression(compression)
    if isinstance(compression, Mapping):
        check_columns([name for name in compression if name != "_default"], df._meta.columns)
        compression = _by_name(compression, named)
    if name_function is not None and not callable(name_function):
        raise TypeError(f"name_function must be callable, got {type(name_function).__name__}: {name_function!r:.80}")
    types = _types(schema if named is None else _by_name(schema, named), meta)
    if engine == "fastparquet":
        _check_fast(stored, types, write_index)
    fs, directory = resolve_target(path, storage_options, file_system(filesystem, path, storage_options))
    if fs.isfile(directory):
        raise FileExistsError(f"{shown(fs, directory)!r} is a file: to_parquet writes a directory")
    if overwrite:
        _check_removable(fs, directory)
    there = sorted(_data_files(fs, directory), key=natural_key)
    existing = find_parquet(directory, None, fs=fs) if append and there else []
    if existing:
        _check_appendable(existing[0], stored, keys, write_index, shown(fs, directory))
        if not ignore_divisions and write_index:
            _check_overlap(existing, df, shown(fs, directory))
    names = _names(name_function, _first_free(there) if append else 0, df.npartitions)
    if not overwrite:
        _check_mixture(there, shown(fs, directory), names, append, bool(keys))
        if not append and not write_metadata_file and fs.exists(f"{directory}/{METADATA}"):
            raise ValueError(
                f"{shown(fs, directory)!r} has a '_metadata' of another data set, which would stay: "
                "say overwrite=True to remove it"
            )
    options = {"compression": compression or "none", **kwargs}
    if kwargs:
        check_options(engine, kwargs)
    staging = Staging.of(fs, directory, replace=overwrite)
    custom = _metadata(custom_metadata)
    write = WriteFile(staging, write_index, types, custom, options, meta, keys, engine, named)
    operands = [df._layer, Parts(names)]
    if not compute:
        operands.append(frame_layer(FrameLayer, "prepare", Prepare(staging), [], None, None, token=staging.token))
    layer = frame_layer(FrameLayer, "to-parquet", write, operands, None, None, token=staging.token)
    # What says less than all of a data set misleads other readers, so that it grows with it.
    has_metadata = append and fs.exists(f"{directory}/{METADATA}")
    finish = Finish(
        write,
        existing[0].schema if existing else None,
        there if append else [],
        bool(write_metadata_file) or has_metadata,
    )
    written = finished(layer, finish, f"finish-parquet-{staging.token}")
    if compute:
        staging.prepare()
    return run(written, compute, scheduler, compute_kwargs, staging.discard)


def _keys(partition_on: Any, columns: pd.Index) -> tuple[str, ...]:
    if partition_on is None:
        return ()
    keys = (partition_on,) if isinstance(partition_on, str) else tuple(partition_on)
    for key in keys:
        if key not in columns:
            raise unknown_column(key, columns)
        if not isinstance(key, str) or not is_data(key):
            raise ValueError(
                f"partition_on needs columns whose names are texts that begin with neither '.' nor '_', got {key!r}"
            )
    if len(set(keys)) < len(keys):
        raise ValueError(f"partition_on names a column twice: {list(keys)}")
    if len(keys) == len(columns):
        raise ValueError("partition_on names all columns: one has to remain for the files")
    return keys


def _check_fast(meta: pd.DataFrame, types: Mapping[str, pa.DataType], write_index: bool) -> None:
    schema = pa.Schema.from_pandas(meta, preserve_index=bool(write_index))
    # What an object column holds is known when its values are there.
    known = [field.with_type(types.get(field.name, field.type)) for field in schema]
    known = [field for field in known if not pa.types.is_null(field.type)]
    check_types(pa.schema(known), [field.name for field in known], "write")


def _by_name(given: Any, named: StoredNames | None) -> Any:
    """Return what is given by labels of columns by their names in the files."""
    if named is None or not isinstance(given, Mapping):
        return given
    names = dict(zip(named.labels, named.names, strict=True))
    return {names.get(label, label): one for label, one in given.items()}


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
    """Return the paths of what is read as data, below the directory."""
    if not fs.isdir(directory):
        return []
    base = directory.rstrip("/")
    found = [name[len(base) + 1 :] for name in fs.find(directory)]
    return [name for name in found if is_data_file(name)]


def _check_mixture(there: Sequence[str], where: str, names: Sequence[str], append: bool, below: bool) -> None:
    taken = {name.rsplit("/", 1)[-1] for name in there}
    if append and taken & set(names):
        raise ValueError(
            f"{where!r} has {sorted(taken & set(names))[0]!r} already: give other names with name_function"
        )
    # Which directories a new data set has isn't known beforehand.
    stale = [name for name in there if below or name not in names]
    if not append and stale:
        raise ValueError(
            f"{where!r} holds files of another data set that would stay beside the new ones ({stale[0]!r} and "
            f"{len(stale) - 1} more): say overwrite=True to remove them, or append=True to add to them"
        )


def _first_free(there: Sequence[str]) -> int:
    """Return the first number that no file's name has."""
    names = [name.rsplit("/", 1)[-1].rsplit(".", 1)[0] for name in there]
    numbers = [int(match.group(1)) for name in names if (match := re.search(r"(\d+)\D*$", name))]
    return max([*numbers, len(set(names)) - 1], default=-1) + 1


def _check_appendable(
    existing: ParquetFile, meta: pd.DataFrame, keys: Sequence[str], write_index: bool, where: str
) -> None:
    if [name for name, _ in existing.keys] != list(keys):
        raise ValueError(
            f"can't append to {where!r}: its directories have the keys {[name for name, _ in existing.keys]}, but "
            f"partition_on is {list(keys)}"
        )
    new = pa.Schema.from_pandas(meta, preserve_index=write_index)
    if existing.schema.names != new.names:
        raise ValueError(
            f"can't append to {where!r}: it has the columns {existing.schema.names}, the new partitions have {new.names}"
        )
    for field in new:
        kind = existing.schema.field(field.name).type
        if (
            not pa.types.is_null(field.type)
            and not pa.types.is_dictionary(field.type)
            and not same_type(kind, field.type)
        ):
            raise ValueError(
                f"can't append to {where!r}: its column {field.name!r} is {kind}, the new one is {field.type}: use astype"
            )


def _check_overlap(existing: Sequence[ParquetFile], df: Any, where: str) -> None:
    """Raise ValueError if the new divisions begin before those end that the footers prove."""
    if not df.known_divisions or df._meta.index.nlevels > 1:
        return
    column = next(iter(index_columns(existing[0].schema)), None)
    parts = [part for part in cut(existing, False, 1) if part.rows]
    if not parts:
        return
    there = divisions(parts, {one.file.path: one for one in existing}, df._meta.index, column)
    if there is not None and df.divisions[0] <= there[-1]:
        raise ValueError(
            f"can't append to {where!r}: its index ends with {there[-1]!r}, the new one begins with {df.divisions[0]!r}, so that "
            "divisions would overlap: say ignore_divisions=True if that is meant"
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
    if not isinstance(given, Mapping | None) or not all(
        isinstance(one, str | bytes) for pair in (given or {}).items() for one in pair
    ):
        raise TypeError(f"custom_metadata must be a mapping of texts to texts, got {given!r:.80}")
    encoded = {_bytes(key): _bytes(value) for key, value in (given or {}).items()}
    if taken := encoded.keys() & {b"pandas", b"ARROW:schema"}:
        raise ValueError(
            f"custom_metadata can't use the key {sorted(taken)[0].decode()!r}: index and types are kept under it"
        )
    return encoded


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()

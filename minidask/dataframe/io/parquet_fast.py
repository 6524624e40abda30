"""The engine fastparquet: row groups to Arrow tables and back.

Place in the flow: ``ParquetReader`` and ``WriteFile`` come here if ``engine="fastparquet"``; what is before and after is the same
for both engines, so that they give the same answers and files.

Invariants: only types that fastparquet keeps exactly are let through (``check_types``); others are an error that names column,
type and remedy. A file that is written has Arrow's schema and pandas's notes in its footer, as pyarrow writes them.

Not for: footers and statistics, which pyarrow reads.
"""

from __future__ import annotations

import base64
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from minidask.dataframe.io.parquet_promise import nullable_dtype
from minidask.io.paths import StoredFile, is_local

_EXACT = (
    pa.types.is_integer,
    pa.types.is_float32,
    pa.types.is_float64,
    pa.types.is_boolean,
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_binary,
    pa.types.is_large_binary,
    pa.types.is_timestamp,
    pa.types.is_duration,
)


def check_types(schema: pa.Schema, columns: Sequence[str], doing: str) -> None:
    """Raise unless fastparquet keeps the types of these columns exactly.

    Raises
    ------
    NotImplementedError
        For decimals, dates, times, lists, structures and the like.

    Examples
    --------
    >>> check_types(pa.schema([("x", pa.list_(pa.int8()))]), ["x"], "read")
    Traceback (most recent call last):
    ...
    NotImplementedError: fastparquet can't read the column 'x' of type list<item: int8> exactly: use engine='pyarrow', ...
    """
    for field in schema:
        if field.name not in columns:
            continue
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if "." in field.name:
            raise NotImplementedError(
                f"fastparquet can't {doing} the column {field.name!r}, whose name has a dot: use engine='pyarrow', rename the "
                "column, or leave it out"
            )
        if not any(exact(kind) for exact in _EXACT):
            raise NotImplementedError(
                f"fastparquet can't {doing} the column {field.name!r} of type {field.type} exactly: use engine='pyarrow', "
                "or leave the column out"
            )


def read_groups(file: StoredFile, groups: Sequence[int], columns: Sequence[str], schema: pa.Schema) -> pa.Table:
    """Read row groups of a file.

    Parameters
    ----------
    file : StoredFile
    groups : sequence of int
    columns : sequence of str
    schema : pyarrow.Schema
        The file's, as pyarrow reads it.

    Raises
    ------
    ValueError
        If fastparquet fails; the message names the file.
    """
    # An optional dependency, which check_engine has found.
    import fastparquet

    class ByField(fastparquet.ParquetFile):
        @property
        def pandas_metadata(self) -> dict[str, Any]:
            """What pandas wrote, by the names in the file: an index of dates without a name isn't found otherwise."""
            found: dict[str, Any] = super().pandas_metadata
            for column in found.get("columns", ()):
                column["name"] = column.get("field_name") or column["name"]
            return found

    # Columns come back in the order of the file, whatever was asked for.
    wanted = pa.schema([field for field in schema if field.name in columns], schema.metadata)
    tables = [wanted.empty_table()]
    with file.fs.open(file.path, "rb") as opened:
        try:
            whole = ByField(opened)
            _forget_labels(whole)
            for group in groups:
                frame = whole[group].to_pandas(columns=list(wanted.names), index=False)
                tables.append(pa.table([_column(frame[field.name], field.type) for field in wanted], schema=wanted))
        except (TypeError, KeyError, IndexError, RuntimeError, OverflowError, pa.ArrowException) as error:
            raise ValueError(
                f"{file.url!r} can't be read by fastparquet ({type(error).__name__}: {error}): use engine='pyarrow'"
            ) from error
    return pa.concat_tables(tables)


def write_table(
    table: pa.Table, fs: Any, path: str, compression: str | Mapping[str, str] | None, options: Mapping[str, Any]
) -> None:
    """Write a table as one file.

    Parameters
    ----------
    table : pyarrow.Table
    fs : fsspec.AbstractFileSystem
    path : str
        On the file system.
    compression : str, mapping or None
    options : mapping
        For ``fastparquet.write``.

    Raises
    ------
    NotImplementedError
        If a column has a type that fastparquet doesn't keep.
    """
    import fastparquet

    check_types(table.schema, table.schema.names, "write")
    frame = pd.DataFrame({field.name: _values(table[field.name]) for field in table.schema})
    # Said for each column: it would take a column of missing values alone for bytes.
    texts = {
        name: "bytes" if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) else "utf8"
        for name, kind in zip(table.schema.names, table.schema.types, strict=True)
        if frame[name].dtype == object
    }
    codec = _codec(compression)
    empty = [name for name in table.schema.names if _without_codes(table[name])]
    if empty:
        # It can't read its own uncompressed pages of codes where there are none.
        given = codec if isinstance(codec, dict) else {"_default": codec}
        default = given.get("_default")
        codec = {**given, **{name: "SNAPPY" for name in empty if given.get(name, default) == "UNCOMPRESSED"}}
    options = {"object_encoding": texts, "compression": codec, **options}
    if is_local(fs):
        fastparquet.write(path, frame, write_index=False, **options)
        fastparquet.update_file_custom_metadata(path, _notes(table.schema))
        return
    # It rewrites the footer in place, which only a local file allows.
    with tempfile.TemporaryDirectory() as folder:
        local = os.path.join(folder, "x.parquet")
        fastparquet.write(local, frame, write_index=False, **options)
        fastparquet.update_file_custom_metadata(local, _notes(table.schema))
        fs.put_file(local, path)


def _column(values: pd.Series, kind: pa.DataType) -> pa.Array:
    if pa.types.is_duration(kind):
        return pa.array(values.astype("Int64")).cast(kind)
    if pa.types.is_dictionary(kind):
        found = pa.array(values)
        if not pa.types.is_dictionary(found.type):
            found = found.cast(kind.value_type).dictionary_encode()
        return found.cast(pa.dictionary(kind.index_type, kind.value_type, kind.ordered))
    return pa.array(values, type=kind, from_pandas=True)


def _values(column: pa.ChunkedArray) -> pd.Series:
    """Return values as fastparquet keeps them: whole numbers and booleans with a mask, durations as whole numbers."""
    if pa.types.is_duration(column.type):
        column = column.cast(pa.int64())
    masked = nullable_dtype if column.null_count and not pa.types.is_floating(column.type) else None
    values: pd.Series = column.to_pandas(types_mapper=masked)
    return values.astype(object) if isinstance(values.dtype, pd.StringDtype) else values


def _forget_labels(whole: Any) -> None:
    """Have row groups read with columns called as in the file, whatever labels pandas noted for them."""
    for entry in whole.fmd.key_value_metadata or ():
        if entry.key in ("pandas", b"pandas"):
            entry.value = json.dumps({**json.loads(entry.value), "column_indexes": []})


def _without_codes(column: pa.ChunkedArray) -> bool:
    return bool(pa.types.is_dictionary(column.type) and column.null_count == len(column))


def _notes(schema: pa.Schema) -> dict[str, bytes | None]:
    encoded = base64.b64encode(schema.serialize().to_pybytes())
    given = {key.decode(): value for key, value in (schema.metadata or {}).items()}
    # Without pandas's notes, fastparquet's own are removed.
    return {"pandas": None, **given, "ARROW:schema": encoded}


def _codec(compression: str | Mapping[str, str] | None) -> Any:
    if isinstance(compression, Mapping):
        return {name: _codec(one) for name, one in compression.items()}
    name = (compression or "none").upper()
    return {"NONE": "UNCOMPRESSED", "LZ4": "LZ4_RAW"}.get(name, name)

"""The tasks that write a parquet data set: a file a partition, then all of them put in place.

Place in the flow: ``to_parquet`` makes a layer of ``WriteFile`` and one task of ``Finish`` behind it. Files stand in a hidden
directory until then (``minidask.io.writing``).

Invariants: all files have one Arrow schema; the index is written as columns, so that files are alike whatever index
their partition had.
"""

from __future__ import annotations

import inspect
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from minidask.dataframe.io import parquet_fast
from minidask.dataframe.io.parquet_files import METADATA
from minidask.dataframe.io.parquet_hive import missing_directory, split_rows
from minidask.dataframe.io.parquet_labels import StoredNames
from minidask.dataframe.io.parquet_schema import fused_type, holds_decimal, holds_null_type
from minidask.io.paths import is_local
from minidask.io.writing import Staging

# Rows that are looked at, and the part of them that must differ for a column to have no dictionary.
_SAMPLED_ROWS, _DIFFERENT = 8192, 0.99
# Keywords of fastparquet.write that are said otherwise here.
_OWN = frozenset({"filename", "data", "write_index", "open_with", "mkdirs", "append", "partition_on", "file_scheme"})


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
    """Write one partition: ``WriteFile(...)(frame, name) -> [name]``.

    With ``partition_on`` it writes a file of that name into a directory for each combination of values there.
    """

    staging: Staging
    write_index: bool
    types: Mapping[str, pa.DataType]
    custom_metadata: Mapping[bytes, bytes]
    options: Mapping[str, Any]
    meta: pd.DataFrame
    partition_on: tuple[str, ...] = ()
    engine: str = "pyarrow"
    named: StoredNames | None = None

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "to_parquet"

    def __call__(self, frame: pd.DataFrame, name: str, prepared: None = None) -> list[str]:
        """Write into the directory that ``Prepare`` made; return the files' names.

        Raises
        ------
        ValueError
            If the partition isn't as its meta says, or values don't fit the schema.
        """
        labels = self.meta.columns if self.named is None else self.named.labels
        if list(frame.columns) != list(labels):
            raise ValueError(
                f"the partition for {name!r} has the columns {list(frame.columns)}, but its meta has {list(labels)}: "
                "correct the meta of the function that made it"
            )
        if self.named is not None:
            frame = self.named.apply(frame)
        if not self.partition_on:
            self._write(frame, name)
            return [name]
        names = []
        for directory, rows in split_rows(frame, self.partition_on):
            names.append(self._write_below(rows, directory, name))
        return names

    def write_empty(self, name: str) -> str:
        """Write a file without rows, so that a data set of directories has one at least."""
        rows = self.meta.drop(columns=list(self.partition_on))
        return self._write_below(rows, missing_directory(self.partition_on), name)

    def _write_below(self, rows: pd.DataFrame, directory: str, name: str) -> str:
        fs, path = self.staging.fs, self.staging.directory
        for piece in directory.split("/"):
            path = f"{path}/{piece}"
            try:
                # Not its parents: a task that outlives a failed write must not make them anew.
                fs.mkdir(path, create_parents=False)
            except FileExistsError:
                # Another partition, or an earlier value, has made it.
                continue
        self._write(rows, f"{directory}/{name}")
        return f"{directory}/{name}"

    def _write(self, frame: pd.DataFrame, name: str) -> None:
        table = self._table(frame, name)
        path = self.staging.path(name)
        # It has no type for nulls alone: whether other files tell another is seen in the end.
        if self.engine == "fastparquet" and not any(map(holds_null_type, table.schema.types)):
            options = {**self.options}
            parquet_fast.write_table(table, self.staging.fs, path, options.pop("compression"), options)
            return
        options = {"use_dictionary": with_dictionaries(table), **self.for_arrow()}
        # A file of Arrow's own saves a call from there to here for every page.
        with pa.OSFile(path, "wb") if is_local(self.staging.fs) else self.staging.fs.open(path, "wb") as file:
            pq.write_table(table, file, **options)

    def for_arrow(self) -> dict[str, Any]:
        """Return the options for pyarrow's writer, whatever the engine; fastparquet's own mean nothing to it."""
        if self.engine != "fastparquet":
            return dict(self.options)
        compression = self.options["compression"]
        if isinstance(compression, Mapping):
            compression = {name: one or "none" for name, one in compression.items() if name != "_default"}
        return {"compression": compression}

    def _table(self, frame: pd.DataFrame, name: str) -> pa.Table:
        declared = self._declared(frame)
        try:
            if declared:
                try:
                    table = self._typed(frame, {**declared, **self.types})
                except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
                    # Not as declared, then: whether that fits the others' files is seen in the end.
                    table = self._typed(frame, self.types)
            else:
                table = self._typed(frame, self.types)
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
            raise ValueError(
                f"the partition for {name!r} can't be written as parquet: {error}. Convert the column first, or give "
                "its type with "
                "schema={column: pyarrow type}"
            ) from error
        fields = [field.with_type(_plain(field.type)) for field in table.schema]
        notes = table.schema.metadata or {}
        metadata = {**(notes if self.named is None else self.named.noted(notes)), **self.custom_metadata}
        return table.cast(pa.schema(fields, metadata))

    def _declared(self, frame: pd.DataFrame) -> dict[str, pa.DataType]:
        """Return the types of columns that are of another dtype here than declared.

        Whole numbers are floats in pandas where one is missing; files have whole numbers with one missing.
        """
        declared = self.meta.dtypes.to_dict()
        return {
            name: pa.from_numpy_dtype(declared[name])
            for name, dtype in zip(frame.columns.tolist(), frame.dtypes, strict=True)
            if dtype != declared[name]
            and isinstance(declared[name], np.dtype)
            and declared[name].kind in "iufb"
            and name not in self.types
        }

    def _typed(self, frame: pd.DataFrame, given: Mapping[str, pa.DataType]) -> pa.Table:
        index = bool(self.write_index)
        if not given:
            return pa.Table.from_pandas(frame, preserve_index=index, nthreads=1)
        # Values of a type that is given may be such that none can be inferred.
        inferred = pa.Schema.from_pandas(
            frame.drop(columns=[name for name in frame.columns if name in given]), preserve_index=index
        )
        names = [*frame.columns, *[name for name in inferred.names if name not in frame.columns]]
        types = {**dict(zip(inferred.names, inferred.types, strict=True)), **given}
        schema = pa.schema([(name, types[name]) for name in names])
        return pa.Table.from_pandas(frame, schema, preserve_index=index)


def check_options(engine: str, options: Mapping[str, Any]) -> None:
    """Raise TypeError or ValueError for options that an engine's writer doesn't take.

    Examples
    --------
    >>> check_options("pyarrow", {"rows": 3})
    Traceback (most recent call last):
    ...
    TypeError: to_parquet() got an unexpected keyword argument 'rows': it takes its own and those of pyarrow.parquet.write_table
    """
    writer = "pyarrow.parquet.write_table"
    if engine == "fastparquet":
        # An optional dependency, which check_engine has found.
        import fastparquet

        writer, known = "fastparquet.write", inspect.signature(fastparquet.write).parameters
        unknown = next((name for name in options if name not in known or name in _OWN), None)
    else:
        unknown = next((name for name in options if name in ("table", "where", "filesystem")), None)
    try:
        if unknown is None and engine == "pyarrow":
            # It checks values, too.
            pq.write_table(pa.table({}), io.BytesIO(), **options)
    except TypeError as error:
        found = re.search(r"unexpected keyword argument '(\w+)'", str(error))
        if found is None:
            raise
        unknown = found.group(1)
    if unknown is not None:
        raise TypeError(
            f"to_parquet() got an unexpected keyword argument {unknown!r}: it takes its own and those of {writer}"
        )


def with_dictionaries(table: pa.Table) -> list[str] | bool:
    """Return which columns are worth a dictionary: all but those whose values are nearly all different.

    One would be begun for these too, and given up when it is too large: for times of day to the second that costs an eighth of
    writing a file.

    Examples
    --------
    >>> with_dictionaries(pa.table({"id": range(10_000), "kind": [at % 7 for at in range(10_000)]}))
    ['kind']
    """
    types = [field.type for field in table.schema]
    if len(table) < _SAMPLED_ROWS or len(set(table.column_names)) < len(types) or any(map(pa.types.is_nested, types)):
        return True
    kept = [name for name, type in zip(table.column_names, types, strict=True) if _repeats(table[name], type)]
    return kept if len(kept) < len(types) else True


def _repeats(column: pa.ChunkedArray, type: pa.DataType) -> bool:
    if not (pa.types.is_primitive(type) or pa.types.is_string(type) or pa.types.is_large_string(type)):
        return True
    sample = column.slice(0, _SAMPLED_ROWS)
    return int(pc.count_distinct(sample, mode="all").as_py()) <= _DIFFERENT * _SAMPLED_ROWS


@dataclass(frozen=True)
class Finish:
    """Compare the files' schemas and put the files in place."""

    write: WriteFile
    existing: pa.Schema | None
    earlier: Sequence[str]
    write_metadata_file: bool

    @property
    def staging(self) -> Staging:
        """Where the files stand."""
        return self.write.staging

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "finish_parquet"

    def __call__(self, written: Sequence[Sequence[str]]) -> None:
        """Do it, given the names of each partition's files.

        Raises
        ------
        ValueError
            If a column has different types in different files.
        """
        names = [name for part in written for name in part] or [self.write.write_empty("part.0.parquet")]
        staged = {name: pq.read_schema(self._open(name)) for name in names}
        schema = unified(staged, self.existing)
        if self.write.engine == "fastparquet":
            parquet_fast.check_types(schema, schema.names, "write")
        for name, own in staged.items():
            if any(_other_type(field.type, schema.field(field.name).type) for field in own):
                table = pq.read_table(self._open(name), partitioning=None)
                with self.staging.fs.open(self.staging.path(name), "wb") as file:
                    fields = [field.with_type(schema.field(field.name).type) for field in own]
                    pq.write_table(table.cast(pa.schema(fields, own.metadata)), file, **self.write.for_arrow())
        all_names = [*names]
        if self.write_metadata_file:
            self._write_metadata(names)
            all_names.append(METADATA)
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
                try:
                    merged.append_row_groups(footer)
                except RuntimeError as error:
                    raise ValueError(
                        f"{METADATA!r} can't have the footers of files whose columns differ in type, as {name!r} does: give the "
                        "types of those that are there with schema=, or remove it"
                    ) from error
        with self.staging.fs.open(self.staging.path(METADATA), "wb") as file:
            merged.write_metadata_file(file)

    def _open(self, name: str) -> Any:
        return self._source(self.staging.path(name))

    def _source(self, path: str) -> Any:
        return path if is_local(self.staging.fs) else self.staging.fs.open(path, "rb")


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


def _other_type(own: pa.DataType, final: pa.DataType) -> bool:
    """Return whether a file has to be written again: for what values of other files told, texts of two widths aside."""
    return not own.equals(final) and not pa.types.is_dictionary(own) and (holds_null_type(own) or holds_decimal(own))


def _plain(kind: pa.DataType) -> pa.DataType:
    """Give all categoricals one width of codes, whatever the number of categories in the partition."""
    return pa.dictionary(pa.int32(), kind.value_type, kind.ordered) if pa.types.is_dictionary(kind) else kind

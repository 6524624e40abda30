"""The meta of a parquet data set: what all partitions are promised to be, from schemas and footers.

Place in the flow: ``parquet`` calls ``promise`` when a collection is made; ``ParquetReader`` keeps the promise. No data are
read.

Invariants: index, categories and dtypes are those that pandas wrote, else those that pandas gives Arrow's types. A column of
whole numbers or booleans that has nulls in any row group is promised as what pandas makes of the whole (floats, objects).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from minidask.dataframe.columns import unknown_column
from minidask.dataframe.io.parquet_files import ParquetFile
from minidask.dataframe.io.parquet_labels import names_of
from minidask.dataframe.io.parquet_schema import typed_elsewhere, widened
from minidask.dataframe.io.parquet_statistics import has_nulls
from minidask.dataframe.meta import UNKNOWN_CATEGORIES

_NULLABLE: dict[Any, Any] = {
    pa.int8(): pd.Int8Dtype(),
    pa.int16(): pd.Int16Dtype(),
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
    pa.uint8(): pd.UInt8Dtype(),
    pa.uint16(): pd.UInt16Dtype(),
    pa.uint32(): pd.UInt32Dtype(),
    pa.uint64(): pd.UInt64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
    pa.float32(): pd.Float32Dtype(),
    pa.float64(): pd.Float64Dtype(),
    pa.string(): pd.StringDtype(),
    pa.large_string(): pd.StringDtype(),
}


def conversion(dtype_backend: str | None, arrow_to_pandas: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the options for ``pyarrow.Table.to_pandas``.

    Raises
    ------
    TypeError, ValueError
        If an argument has the wrong form, or both name the types.
    """
    if arrow_to_pandas is not None and not isinstance(arrow_to_pandas, Mapping):
        raise TypeError(
            f"arrow_to_pandas must be a mapping of options of pyarrow.Table.to_pandas, got {type(arrow_to_pandas).__name__}"
        )
    # Tasks run side by side already; blocks of one column aren't copied.
    options: dict[str, Any] = {"use_threads": False, "split_blocks": True, **(arrow_to_pandas or {})}
    if dtype_backend is None:
        return options
    mappers = {"numpy_nullable": nullable_dtype, "pyarrow": pd.ArrowDtype}
    if dtype_backend not in mappers:
        raise ValueError(f"dtype_backend must be 'numpy_nullable' or 'pyarrow', got {dtype_backend!r}")
    if "types_mapper" in options:
        raise ValueError("dtype_backend and arrow_to_pandas={'types_mapper': ...} exclude each other")
    return {**options, "types_mapper": mappers[dtype_backend]}


def nullable_dtype(kind: pa.DataType) -> Any:
    """Return the nullable dtype of pandas for an Arrow type, None where there is none.

    Examples
    --------
    >>> nullable_dtype(pa.int64())
    Int64Dtype()
    """
    return _NULLABLE.get(kind)


def index_columns(schema: pa.Schema) -> list[str]:
    """Return the columns that hold the index that pandas wrote."""
    return [entry for entry in (schema.pandas_metadata or {}).get("index_columns", []) if isinstance(entry, str)]


def written_range(schema: pa.Schema) -> Mapping[str, Any] | None:
    """Return the range that pandas wrote instead of an index's values."""
    entries = (schema.pandas_metadata or {}).get("index_columns", [])
    return next((entry for entry in entries if isinstance(entry, dict) and entry.get("kind") == "range"), None)


def check_index(files: Sequence[ParquetFile]) -> None:
    """Raise ValueError unless all files have the same columns as index."""
    first, *others = [(one.file.url, index_columns(one.schema)) for one in files]
    for url, columns in others:
        if columns != first[1]:
            raise ValueError(
                f"{url}: the index is made of the columns {columns}, but of {first[1]} in {first[0]}: say which column is the "
                "index with index=..., or index=False for none"
            )


def with_index(frame: pd.DataFrame, index: Any) -> pd.DataFrame:
    """Return a frame with the index that the user asked for: None as it is, False none, else columns."""
    if index is None:
        return frame
    # As in Dask, an index without a name makes no column.
    frame = frame.reset_index(drop=frame.index.nlevels == 1 and frame.index.name is None)
    return frame if index is False else frame.set_index(index)


def unnamed_range(index: pd.Index) -> bool:
    """Return whether an index only counts rows."""
    return isinstance(index, pd.RangeIndex) and index.name is None


def promise(
    files: Sequence[ParquetFile], index: Any, options: Mapping[str, Any], keys: Mapping[str, pd.CategoricalDtype]
) -> tuple[pd.DataFrame, dict[Hashable, str], dict[str, pa.DataType]]:
    """Return the empty frame of all columns, and what it takes to read the files like that.

    That is the names of those columns whose labels aren't their names, and the types to which those columns are brought that have
    several.

    Parameters
    ----------
    files : sequence of ParquetFile
    index : None, False, str or list of str
    options : mapping
        For ``pyarrow.Table.to_pandas``.
    keys : mapping
        The dtypes of what the directories say; these columns come last.

    Raises
    ------
    KeyError
        If a column for the index isn't there.
    ValueError
        If columns of a file have equal names.
    NotImplementedError
        If directories are keys beside columns in levels, or pandas's notes don't fit the columns.
    """
    schema = files[0].schema
    twice = next((name for name in schema.names if schema.names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(
            f"{files[0].file.url}: several columns are named {twice!r}: write the file with different names"
        )
    given = [] if index is None or index is False else [index] if isinstance(index, str) else index
    for name in given:
        if name not in schema.names:
            raise unknown_column(name, schema.names, "column for the index")
    types = widened([one.schema for one in files]) if "types_mapper" in options else {}
    typed = pa.schema([field.with_type(types.get(field.name, field.type)) for field in schema], schema.metadata)
    meta = typed.empty_table().to_pandas(**options)
    names = names_of(meta.columns, schema, [] if options.get("ignore_metadata") else index_columns(schema))
    labels = {name: label for label, name in names.items()}
    ranged = written_range(schema)
    if ranged is not None:
        meta.index.name = ranged["name"]
    if wrong := [name for name in given if name in labels]:
        raise NotImplementedError(
            f"the column {labels[wrong[0]]!r}, whose label is no text, can't be the index: read it, then set_index"
        )
    meta = with_index(meta, index).iloc[:0]
    if meta.columns.nlevels > 1 and keys:
        raise NotImplementedError(
            f"columns in levels and directories that are keys ({list(keys)}) aren't read together: read the files by a list of "
            "one each"
        )
    for name, other in typed_elsewhere([one.schema for one in files]).items():
        label = labels.get(name, name)
        if label in meta.columns:
            meta[label] = other.empty_table().to_pandas(**options)[label].array
    for label, dtype in meta.dtypes.items():
        if isinstance(dtype, pd.CategoricalDtype):
            meta[label] = pd.Categorical([], categories=[UNKNOWN_CATEGORIES], ordered=dtype.ordered)
        elif isinstance(dtype, np.dtype) and dtype.kind in "iub" and has_nulls(files, names.get(label, str(label))):
            nulls = pa.table({"x": pa.nulls(1, pa.bool_() if dtype.kind == "b" else pa.int64())})
            meta[label] = meta[label].astype(nulls.to_pandas(**options)["x"].dtype)
    for name, dtype in keys.items():
        meta[name] = pd.Categorical([], dtype=dtype)
    return meta, names, types

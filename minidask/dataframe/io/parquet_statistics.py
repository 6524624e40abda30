"""What the footers of parquet files prove: nulls in a column, bounds of its values, divisions of an index.

Place in the flow: ``parquet`` asks when a collection is made, ``ParquetReader`` before it reads a row group. Footers may say
nothing; then nothing is concluded. Pure: footers are read already.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from minidask.dataframe.io.parquet_files import ParquetFile
from minidask.dataframe.io.parquet_parts import ParquetPart


def has_nulls(files: Iterable[ParquetFile], column: str) -> bool:
    """Return whether the footers say that a column of simple type has nulls anywhere."""
    for one in files:
        at = one.leaves.get(column)
        if at is None or one.num_row_groups == 0:
            continue
        # What pyarrow writes for its type "null" has no statistics.
        if str(one.footer.schema.column(at).logical_type) == "Null":
            return True
        for group in range(one.num_row_groups):
            statistics = one.row_group(group).column(at).statistics
            if statistics is not None and statistics.has_null_count and statistics.null_count:
                return True
    return False


def group_bounds(footer: pq.FileMetaData, group: int, leaf: int | None) -> tuple[Any, Any] | None:
    """Return bounds of a column's values in a row group; None if the footer has none.

    Parameters
    ----------
    footer : pyarrow.parquet.FileMetaData
    group : int
        Its place in the footer.
    leaf : int or None
        The column's place in the row group; None if it isn't a simple one.
    """
    if leaf is None:
        return None
    statistics = footer.row_group(group).column(leaf).statistics
    if statistics is None or not statistics.has_min_max:
        return None
    return statistics.min, statistics.max


def few_valued(one: ParquetFile) -> tuple[str, ...]:
    """Return the columns of texts that a file keeps as short codes into a dictionary, as its sizes tell.

    Decoding codes takes two thirds of the time of reading such texts one by one (2e6 rows of 30 texts, pyarrow 26).
    """
    found = []
    for schema_field in one.schema:
        at = one.leaves.get(schema_field.name)
        if at is None or not (pa.types.is_string(schema_field.type) or pa.types.is_large_string(schema_field.type)):
            continue
        chunks = [one.row_group(group).column(at) for group in range(one.num_row_groups)]
        # Two bytes a value are codes of at most 16 bits, and no text.
        if chunks and all(chunk.total_uncompressed_size <= 2 * chunk.num_values for chunk in chunks):
            found.append(schema_field.name)
    return tuple(found)


def divisions(
    parts: Sequence[ParquetPart], files: Mapping[str, ParquetFile], index: Any, column: str | None
) -> list[Any] | None:
    """Return the divisions that the footers prove; None if they prove none.

    Parameters
    ----------
    parts : sequence of ParquetPart
        Each with rows.
    files : mapping
        By their paths.
    index : pandas.Index
        As meta has it.
    column : str or None
        Where it is stored.
    """
    dtype = getattr(index, "dtype", None)
    if isinstance(index, pd.MultiIndex) or not (
        isinstance(dtype, pd.StringDtype) or getattr(dtype, "kind", "O") in "iufM"
    ):
        return None
    # Rows without a value lie within no bounds.
    if column is None or has_nulls(files.values(), column):
        return None
    lows, highs = [], []
    for part in parts:
        found = [
            group_bounds(one.footer, one.places[group], one.leaves.get(column))
            for piece in part.pieces
            for one in [files[piece.file.path]]
            for group in piece.groups
            if one.row_group(group).num_rows
        ]
        bounds = [bound for bound in found if bound is not None]
        if not bounds or len(bounds) < len(found):
            return None
        lows.append(min(low for low, _ in bounds))
        highs.append(max(high for _, high in bounds))
    if any(low <= high for low, high in zip(lows[1:], highs)):
        return None
    edges = [*lows, highs[-1]]
    if any(edge != edge for edge in edges) or not isinstance(edges[0], _kinds(dtype)):
        return None
    if getattr(dtype, "kind", "") != "M":
        return edges
    zone = getattr(dtype, "tz", None)
    times = [pd.Timestamp(edge) for edge in edges]
    if zone is None:
        return times
    return [(time.tz_localize("UTC") if time.tz is None else time).tz_convert(zone) for time in times]


def _kinds(dtype: Any) -> tuple[type, ...]:
    """Return the types that a footer's bounds have for a dtype; others would be another meaning of the bytes."""
    if isinstance(dtype, pd.StringDtype):
        return (str,)
    return (datetime,) if dtype.kind == "M" else (int, float)

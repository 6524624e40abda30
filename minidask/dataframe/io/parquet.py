"""``read_parquet``: parquet files, a file or some of its row groups to a partition.

Place in the flow: ``parquet_files`` finds the files and reads their footers when the collection is made;
``ParquetReader`` is the reader
of ``minidask.dataframe.source`` and runs in tasks. Only the columns that are needed are fetched.

Invariants: index, categories and dtypes come back as pandas wrote them; a column of whole numbers that has nulls in any row group
is promised as floats in all partitions, as pandas reads the whole.

Not for: writing (``minidask.dataframe.io.to_parquet``).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pandas.api.types import is_bool_dtype, is_float_dtype, is_integer_dtype

from minidask.dataframe.columns import unknown_column
from minidask.dataframe.io.engines import check_engine
from minidask.dataframe.io.parquet_files import (
    ParquetFile,
    ParquetPart,
    cut,
    find_parquet,
    group_bounds,
    has_nulls,
    open_parquet,
    typed_elsewhere,
)
from minidask.dataframe.io.parquet_filters import Filters, filter_columns, keep, may_hold, parse_filters
from minidask.dataframe.meta import UNKNOWN_CATEGORIES
from minidask.dataframe.source import from_reader
from minidask.io.blocks import parse_blocksize
from minidask.io.bytes import check_unchanged

# Uncompressed bytes of the row groups that one partition gets: about twice as much as a block of text takes.
_BLOCKSIZE = "128 MiB"


@dataclass(frozen=True)
class ParquetReader:
    """Read row groups.

    Parameters
    ----------
    meta : pandas.DataFrame
        The promise; its columns are those to read.
    index : tuple of str
        The columns that make the index, read besides.
    make_index : None, False or str
        As the user gave it.
    filters : Filters
    """

    meta: pd.DataFrame
    index: tuple[str, ...]
    make_index: Any
    filters: Filters

    @property
    def columns(self) -> tuple[Hashable, ...]:
        """The labels of what is read, in order."""
        return tuple(self.meta.columns)

    def project(self, columns: tuple[Hashable, ...]) -> ParquetReader:
        """Return a reader of fewer columns."""
        return replace(self, meta=self.meta[list(columns)])

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        return "ParquetReader", self.meta, self.index, self.make_index, self.filters

    def __call__(self, part: ParquetPart) -> pd.DataFrame:
        """Read a part.

        Raises
        ------
        FileNotFoundError, FileChangedError
            If the file is gone or another.
        ValueError
            If it can't be read, or a column isn't as the footers said.
        """
        check_unchanged(part.file)
        wanted = list(self.meta.columns)
        needed = list(dict.fromkeys([*wanted, *filter_columns(self.filters), *self.index]))
        with open_parquet(part.file) as opened:
            names = opened.schema_arrow.names
            columns = [name for name in map(str, needed) if name in names]
            # Tasks run side by side already.
            table = opened.read_row_groups(list(part.groups), columns=columns, use_threads=False)
        frame = _to_pandas(table, part, self.make_index)
        if self.filters:
            frame = keep(frame, self.filters)
        if list(frame.columns) != wanted:
            frame = frame[wanted]
        return self._settled(frame, part)

    def _settled(self, frame: pd.DataFrame, part: ParquetPart) -> pd.DataFrame:
        for label, promised in self.meta.dtypes.items():
            found = frame[label].dtype
            if found == promised or isinstance(promised, pd.CategoricalDtype):
                continue
            lossless = (
                len(frame) == 0 or (is_integer_dtype(found) and is_float_dtype(promised)) or frame[label].isna().all()
            )
            if lossless or promised == np.dtype(object) or (is_bool_dtype(found) and is_bool_dtype(promised)):
                frame[label] = frame[label].astype(promised)
            else:
                raise ValueError(
                    f"{part}: the column {label!r} is {found} where the footers promised {promised}. The file's statistics "
                    "say nothing of missing values; write it again with pandas, pyarrow or minidask"
                )
        return frame


def read_parquet(
    path: Any,
    columns: Any = None,
    filters: Any = None,
    categories: Any = None,
    index: Any = None,
    storage_options: Mapping[str, Any] | None = None,
    engine: str = "auto",
    calculate_divisions: bool = False,
    split_row_groups: bool | int | str = "infer",
    blocksize: int | str | None = "default",
    aggregate_files: bool | None = None,
) -> Any:
    """Read a parquet data set into a DataFrame.

    Parameters
    ----------
    path : str, os.PathLike, or list of these
        A directory, a file, a glob, or a list of files.
    columns : list or str, optional
        Read only these; one name gives a Series.
    filters : list, optional
        Keep only rows that pass: tuples ``(column, operator, value)``, all of which must hold, or lists of these, any
        of which must. Missing values pass as in pandas; row groups that can't have a row that passes aren't read.
    categories : list, optional
        Read these columns as categoricals.
    index : str or False, optional
        The column that becomes the index; False: none. Default: what was the index when pandas wrote the file.
    storage_options : mapping, optional
        For the file system.
    engine : str
        ``"auto"`` or ``"pyarrow"``.
    calculate_divisions : bool
        Take the divisions from the footers; they stay unknown where these don't prove that the index is sorted.
    split_row_groups : bool, int or str
        True: a row group to a partition; a number: so many; False: a file; ``"infer"``: as many as fit into ``blocksize``.
    blocksize : int, str or None
        Uncompressed bytes; default 128 MiB.
    aggregate_files : bool, optional
        Only None and False so far.

    Raises
    ------
    FileNotFoundError
        If there is no file.
    ValueError
        If files differ in their columns or aren't parquet, or a write stopped half way.
    KeyError
        If a column isn't there.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = pathlib.Path(folder.name, "x.parquet")
    >>> pd.DataFrame({"x": [1, 2], "y": ["a", "b"]}).to_parquet(path)
    >>> read_parquet(path, columns="x").compute().tolist()
    [1, 2]
    >>> folder.cleanup()
    """
    check_engine(engine)
    if aggregate_files:
        raise NotImplementedError(
            "aggregate_files isn't built: put small partitions together with .repartition(npartitions=...)"
        )
    by_count = isinstance(split_row_groups, int) and (split_row_groups is False or split_row_groups > 0)
    if not by_count and split_row_groups not in ("infer", "adaptive"):
        raise ValueError(
            f"split_row_groups must be True, False, 'infer', 'adaptive' or a positive number, got {split_row_groups!r}"
        )
    size = parse_blocksize("default" if blocksize is None else blocksize, _BLOCKSIZE)
    assert size is not None
    if not (columns is None or isinstance(columns, str | list | tuple | pd.Index)):
        raise TypeError(f"columns must be a name or a list of names, got {type(columns).__name__}: {columns!r:.80}")
    files = find_parquet(path, storage_options)
    schema = files[0].footer.schema.to_arrow_schema()
    if index is None:
        _check_index(files)
    whole = _meta(schema, files, index)
    series = isinstance(columns, str)
    wanted: list[Any] | None = [columns] if isinstance(columns, str) else None if columns is None else list(columns)
    for label in wanted or []:
        if label not in whole.columns:
            raise unknown_column(label, whole.columns)
        if (wanted or []).count(label) > 1:
            raise ValueError(f"columns= names {label!r} twice")
    meta = whole if wanted is None else whole[wanted]
    for label in categories or []:
        if label not in meta.columns:
            raise unknown_column(label, meta.columns)
    if categories:
        raise NotImplementedError("categories= isn't built: read the columns and call .astype('category')")
    parsed = parse_filters(filters, [*whole.columns, *filter(None, whole.index.names)]) if filters else ()
    indexes = tuple(_index_columns(schema)) if index is None or index is False else (index, *_index_columns(schema))
    reader = ParquetReader(meta, indexes, index, parsed)
    parts = cut(files, split_row_groups, size)
    if parsed:
        footers = {one.file.path: one.footer for one in files}
        kept = [part for part in parts if _may_pass(part, footers[part.file.path], parsed)]
        parts = kept or parts[:1]
    divisions = _divisions(parts, {one.file.path: one for one in files}, whole.index) if calculate_divisions else None
    frame = from_reader(reader, parts, meta, divisions, prefix="read-parquet")
    return frame[columns] if series else frame


def _to_pandas(table: pa.Table, part: ParquetPart, index: Any) -> pd.DataFrame:
    frame = table.to_pandas(use_threads=False, split_blocks=True)
    ranged = _ranged(table.schema)
    if ranged is not None and isinstance(frame.index, pd.RangeIndex):
        start = ranged["start"] + ranged["step"] * part.first_row
        frame.index = pd.RangeIndex(start, start + ranged["step"] * len(frame), ranged["step"], name=ranged["name"])
    frame = _with_index(frame, index)
    if index is False or (ranged is None and _unnamed_range(frame.index)):
        # Numbers of rows within the file, however it is cut.
        frame.index = pd.RangeIndex(part.first_row, part.first_row + len(frame))
    return frame


def _with_index(frame: pd.DataFrame, index: Any) -> pd.DataFrame:
    if index is None:
        return frame
    frame = frame.reset_index(drop=_unnamed_range(frame.index))
    return frame if index is False else frame.set_index(index)


def _unnamed_range(index: pd.Index) -> bool:
    return isinstance(index, pd.RangeIndex) and index.name is None


def _ranged(schema: pa.Schema) -> Mapping[str, Any] | None:
    """Return the range that pandas wrote instead of an index's values."""
    entries = (schema.pandas_metadata or {}).get("index_columns", [])
    return next((entry for entry in entries if isinstance(entry, dict) and entry.get("kind") == "range"), None)


def _index_columns(schema: pa.Schema) -> list[str]:
    return [entry for entry in (schema.pandas_metadata or {}).get("index_columns", []) if isinstance(entry, str)]


def _check_index(files: Sequence[ParquetFile]) -> None:
    first, *others = [(one.file.url, _index_columns(one.footer.schema.to_arrow_schema())) for one in files]
    for url, columns in others:
        if columns != first[1]:
            raise ValueError(
                f"{url}: the index is made of the columns {columns}, but of {first[1]} in {first[0]}: say which column is the "
                "index with index=..., or index=False for none"
            )


def _meta(schema: pa.Schema, files: Sequence[ParquetFile], index: Any) -> pd.DataFrame:
    if index is not None and index is not False and index not in schema.names:
        raise unknown_column(index, schema.names, "column for the index")
    meta = schema.empty_table().to_pandas()
    ranged = _ranged(schema)
    if ranged is not None:
        meta.index.name = ranged["name"]
    meta = _with_index(meta, index).iloc[:0]
    if meta.columns.nlevels > 1:
        raise NotImplementedError("columns in levels aren't read: write the file with plain column names")
    renamed = next(
        (label for label in meta.columns if str(label) not in schema.names and label not in ("index", None)), None
    )
    if renamed is not None:
        raise NotImplementedError(
            f"the column {renamed!r} isn't stored under that name: write the file with texts for column names"
        )
    for name, typed in typed_elsewhere(files).items():
        if name in meta.columns:
            meta[name] = typed.empty_table().to_pandas()[name].array
    for label, dtype in meta.dtypes.items():
        if isinstance(dtype, pd.CategoricalDtype):
            meta[label] = pd.Categorical([], categories=[UNKNOWN_CATEGORIES], ordered=dtype.ordered)
        elif isinstance(dtype, np.dtype) and dtype.kind in "iub" and has_nulls(files, str(label)):
            meta[label] = meta[label].astype("object" if dtype.kind == "b" else "float64")
    return meta


def _may_pass(part: ParquetPart, footer: Any, filters: Filters) -> bool:
    columns = filter_columns(filters)
    return any(
        may_hold(filters, {column: group_bounds(footer, group, column) for column in columns}) for group in part.groups
    )


def _divisions(parts: Sequence[ParquetPart], files: Mapping[str, ParquetFile], index: Any) -> list[Any] | None:
    """Return the divisions that the footers prove; None if they prove none."""
    if isinstance(index, pd.MultiIndex) or getattr(index.dtype, "kind", "O") not in "iufM":
        return None
    schema = files[parts[0].file.path].footer.schema.to_arrow_schema()
    column = index.name if index.name in schema.names else next(iter(_index_columns(schema)), None)
    # Rows without a value lie within no bounds.
    if (
        column is None
        or (isinstance(index, pd.RangeIndex) and index.name != column)
        or has_nulls(files.values(), column)
    ):
        return None
    lows, highs = [], []
    for part in parts:
        bounds = [group_bounds(files[part.file.path].footer, group, column) for group in part.groups]
        if not bounds or any(bound is None for bound in bounds):
            return None
        lows.append(min(bound[0] for bound in bounds if bound))
        highs.append(max(bound[1] for bound in bounds if bound))
    if any(low <= high for low, high in zip(lows[1:], highs)):
        return None
    edges = [*lows, highs[-1]]
    if index.dtype.kind != "M":
        return edges
    zone = getattr(index.dtype, "tz", None)
    times = [pd.Timestamp(edge) for edge in edges]
    return (
        times
        if zone is None
        else [(time.tz_localize("UTC") if time.tz is None else time).tz_convert(zone) for time in times]
    )

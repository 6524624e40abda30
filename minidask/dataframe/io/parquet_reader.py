"""The reader of parquet data sets: one part to one pandas frame, in a task.

Place in the flow: the reader of a ``FrameSource`` that ``read_parquet`` makes. The optimiser asks it for less:

- ``reader.project(columns)``: only these columns are fetched;
- ``reader.filtered(filters)``: only rows that pass are given. ``filters`` are those of ``read_parquet``, lists of
  ``(column, operator, value)`` in disjunctive form; columns may be any of ``reader.filterable``, also ones that aren't given.
  Exactly those rows remain for which pandas's mask on the promised dtypes is true, in their order and with their index, so that
  the mask need not be applied again; ``~(x > 3)`` is ``[[("x", "<=", 3)], [("x", "is", None)]]``. Calls add up;
- ``part.rows`` and ``part.nbytes`` are known beforehand (before filters, and of all columns).

Invariants
- Footers only skip row groups; which rows pass is decided in pandas on the values. Columns that only filter come first, and
  the others aren't fetched where no row passes.
- A frame has the dtypes of ``meta``; where the data say otherwise it is an error that names the file and the column.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pandas.api.types import is_bool_dtype, is_float_dtype, is_integer_dtype

from minidask.dataframe.io.parquet_fast import read_groups
from minidask.dataframe.io.parquet_files import leaves_of, open_parquet
from minidask.dataframe.io.parquet_filters import Filters, filter_columns, may_hold, parse_filters, row_mask
from minidask.dataframe.io.parquet_hive import key_value
from minidask.dataframe.io.parquet_parts import ParquetPart, ParquetPiece
from minidask.dataframe.io.parquet_promise import unnamed_range, with_index, written_range
from minidask.dataframe.io.parquet_statistics import group_bounds
from minidask.dataframe.join_parts import join_parts
from minidask.io.bytes import FileChangedError, check_unchanged


@dataclass(frozen=True)
class ParquetReader:
    """Read row groups.

    Parameters
    ----------
    meta : pandas.DataFrame
        The promise; its columns are those to give. Those that are categorical in ``meta`` alone are made so.
    whole : pandas.DataFrame
        The promise for all columns.
    index : tuple of str
        The columns that make the index, read besides.
    make_index : None, False, str or list of str
        As the user gave it.
    filters : tuple of Filters
        All of which must hold.
    engine : str
        ``"pyarrow"`` or ``"fastparquet"``.
    options : mapping
        For ``pyarrow.Table.to_pandas``.
    by_codes : tuple of str
        Columns of texts that are faster read as codes and decoded at once: those of few values.
    in_codes : tuple of str
        Those of them that stay in codes, see ``minidask.dataframe.optimize.code_keys``.
    names : mapping
        What labels are called in the files that aren't called so.
    types : mapping
        To which types the columns of these names are brought: files have others.
    """

    meta: pd.DataFrame
    whole: pd.DataFrame
    index: tuple[str, ...]
    make_index: Any
    filters: tuple[Filters, ...] = ()
    engine: str = "pyarrow"
    options: Mapping[str, Any] = field(default_factory=dict)
    by_codes: tuple[str, ...] = ()
    in_codes: tuple[str, ...] = ()
    names: Mapping[Hashable, str] = field(default_factory=dict)
    types: Mapping[str, pa.DataType] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[Hashable, ...]:
        """The labels of what is read, in order."""
        return tuple(self.meta.columns)

    @property
    def filterable(self) -> frozenset[Hashable]:
        """The labels that ``filtered`` takes: all columns of the data set, and named levels of the index."""
        return frozenset([*self.whole.columns, *[name for name in self.whole.index.names if name is not None]])

    def project(self, columns: tuple[Hashable, ...]) -> ParquetReader:
        """Return a reader of fewer columns."""
        return replace(self, meta=self.meta[list(columns)])

    def filtered(self, filters: Any) -> ParquetReader:
        """Return a reader of only those rows that pass these filters too; see the module's head.

        Raises
        ------
        TypeError, ValueError
            If the form, an operator or a column is unknown.
        """
        return replace(self, filters=(*self.filters, parse_filters(filters, self.filterable)))

    @property
    def codable(self) -> frozenset[Hashable]:
        """The labels that ``coded`` takes."""
        if self.engine != "pyarrow":
            return frozenset()
        return frozenset([label for label in self.by_codes if isinstance(self.meta.dtypes.get(label), pd.StringDtype)])

    def coded(self, labels: frozenset[Hashable]) -> ParquetReader:
        """Return a reader that gives these columns as categoricals, of whatever categories a part has."""
        return replace(self, in_codes=tuple([label for label in self.by_codes if label in labels]))

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        return (
            "ParquetReader",
            self.meta,
            self.whole,
            self.index,
            self.make_index,
            self.filters,
            self.engine,
            self.options,
            self.in_codes,
            dict(self.names),
            {name: str(kind) for name, kind in self.types.items()},
        )

    def stored(self, labels: Iterable[Hashable]) -> list[str]:
        """Return what columns are called in the files."""
        return [self.names.get(label, str(label)) for label in labels]

    def __call__(self, part: ParquetPart) -> pd.DataFrame:
        """Read a part.

        Raises
        ------
        FileNotFoundError, FileChangedError
            If the file is gone or another.
        ValueError
            If it can't be read, or a column isn't as the footers said.
        """
        return join_parts([self._read(piece) for piece in part.pieces])

    def _read(self, piece: ParquetPiece) -> pd.DataFrame:
        check_unchanged(piece.file)
        coded = self.stored([label for label in self.meta.columns if self._is_coded(label)])
        with open_parquet(piece.file, read_dictionary=[*coded, *self.by_codes]) as opened:
            footer = opened.metadata
            groups = self._groups(footer, piece)
            rows = _row_numbers(footer, groups)
            needed = self.stored([*self.meta.columns, *self.index])
            # Categories are those of the file, also where no row passes.
            spared = (
                piece.groups[:1] if _holds_dictionary(opened.schema_arrow, set(needed) - set(self.by_codes)) else ()
            )
            first = self.stored([*filter_columns(self.filters), *self.index]) if self.filters and len(rows) else []
            found = self._table(opened, piece, groups, first)
            mask = self._mask(found, rows, piece) if first else np.ones(len(rows), dtype=bool)
            if not mask.any():
                groups, found = spared, self._table(opened, piece, spared, first)
                rows = _row_numbers(footer, groups)
                mask = np.zeros(len(rows), dtype=bool)
            rest = self._table(opened, piece, groups, [name for name in needed if name not in found.schema.names])
        table = _beside(found, rest)
        table = table.select([name for name in table.schema.names if name in needed])
        if not mask.any():
            # Unlike a filter, a slice keeps the categories.
            table = table.slice(0, 0)
        elif table.num_columns and not mask.all():
            table = table.filter(pa.array(mask))
        # A range stays one.
        rows = rows if mask.all() else rows[mask]
        frame = self._with_keys(self._frame(table, rows), piece, self.meta.columns)
        if list(frame.columns) != list(self.meta.columns):
            frame = frame[list(self.meta.columns)]
        if self.names:
            # Of fewer columns pandas would make labels of another kind.
            frame.columns = self.meta.columns
        return self._settled(frame, self.meta, piece)

    def _is_coded(self, label: Any) -> bool:
        promised, stored = self.meta.dtypes[label], self.whole.dtypes[label]
        return isinstance(promised, pd.CategoricalDtype) and not isinstance(stored, pd.CategoricalDtype)

    def _groups(self, footer: pq.FileMetaData, piece: ParquetPiece) -> tuple[int, ...]:
        """Return the row groups that may have rows that pass."""
        rows = sum(footer.row_group(group).num_rows for group in piece.groups if group < footer.num_row_groups)
        if rows != piece.rows:
            raise FileChangedError(
                f"{piece}: there are {rows} rows where {piece.rows} were when the collection was made, or '_metadata' says so: "
                "read the files again with ignore_metadata_file=True"
            )
        if not self.filters:
            return piece.groups
        return tuple(self.possible(piece, footer, leaves_of(footer.schema), piece.groups))

    def possible(
        self, piece: ParquetPiece, footer: pq.FileMetaData, leaves: Mapping[str, int], groups: Sequence[int]
    ) -> list[int]:
        """Return which of some row groups (their places in a footer) may have rows that pass."""
        known = {name: self._key(name, text, pd.RangeIndex(1)) for name, text in piece.keys}
        # Categories have an order of their own.
        categorical = [label for label, dtype in self.whole.dtypes.items() if isinstance(dtype, pd.CategoricalDtype)]
        columns = [column for column in filter_columns(self.filters) if column not in categorical]

        def may_pass(group: int) -> bool:
            bounds = {
                column: group_bounds(footer, group, leaves.get(self.names.get(column, column))) for column in columns
            }
            return all(may_hold(one, bounds, known) for one in self.filters)

        return [group for group in groups if may_pass(group)]

    def _key(self, name: str, text: str | None, index: pd.Index) -> pd.Series:
        """Return a directory's value for each row, as a plain value, so that it can be compared."""
        dtype = self.whole.dtypes[name]
        categories = dtype.categories.dtype
        missing = "float64" if categories.kind in "iu" else categories
        return pd.Series(key_value(text, dtype), index=index, dtype=missing if text is None else categories)

    def _with_keys(self, frame: pd.DataFrame, piece: ParquetPiece, wanted: pd.Index) -> pd.DataFrame:
        for name, text in piece.keys:
            if name in wanted:
                dtype = self.whole.dtypes[name]
                code = -1 if text is None else dtype.categories.get_loc(key_value(text, dtype))
                codes = np.full(len(frame), code, dtype="int32")
                frame[name] = pd.Categorical.from_codes(codes, dtype=dtype)
        return frame

    def _table(
        self, opened: pq.ParquetFile, piece: ParquetPiece, groups: Sequence[int], columns: Sequence[str]
    ) -> pa.Table:
        schema = opened.schema_arrow
        names = [name for name in dict.fromkeys(columns) if name in schema.names]
        if self.engine == "fastparquet":
            return read_groups(piece.file, groups, names, schema)
        # Tasks run side by side already.
        table = opened.read_row_groups(list(groups), columns=names, use_threads=False)
        texts = [name for name in self.by_codes if name in names and name not in self.in_codes]
        decoded = [name for name in texts if not (name in self.meta and self._is_coded(name))]
        for name in decoded:
            at = table.schema.get_field_index(name)
            column = table[name].cast(table.schema.types[at].value_type)
            table = table.set_column(at, table.schema.field(at).with_type(column.type), column)
        if self.types:
            kinds = [one.with_type(self.types.get(one.name, one.type)) for one in table.schema]
            table = table.cast(pa.schema(kinds, table.schema.metadata))
        return table

    def _mask(self, table: pa.Table, rows: pd.Index, piece: ParquetPiece) -> np.ndarray[Any, Any]:
        frame = self._frame(table, rows)
        plain = self._settled(frame, self.whole, piece)
        keys = dict(piece.keys)

        def values(column: str) -> pd.Series:
            if column in keys:
                return self._key(column, keys[column], plain.index)
            if column in plain.columns:
                return plain[column]
            return plain.index.get_level_values(column).to_series(index=plain.index)

        mask = np.ones(len(frame), dtype=bool)
        for one in self.filters:
            mask &= row_mask(one, values, len(frame))
        return mask

    def _frame(self, table: pa.Table, rows: pd.Index) -> pd.DataFrame:
        frame = table.to_pandas(**self.options)
        ranged = written_range(table.schema)
        if ranged is not None and isinstance(frame.index, pd.RangeIndex):
            frame.index = (rows * ranged["step"] + ranged["start"]).rename(ranged["name"])
        frame = with_index(frame, self.make_index)
        if self.make_index is False or (ranged is None and unnamed_range(frame.index)):
            # Numbers of rows within the file, however it is cut.
            frame.index = rows
        return frame

    def _settled(self, frame: pd.DataFrame, meta: pd.DataFrame, piece: ParquetPiece) -> pd.DataFrame:
        label: Any
        for label, found in frame.dtypes.items():
            promised = meta.dtypes[label]
            if meta is self.meta and label in self.in_codes:
                continue
            if isinstance(promised, pd.CategoricalDtype):
                if meta is self.meta and self._is_coded(label):
                    frame[label] = _sorted_categories(frame[label])
                continue
            if found == promised:
                continue
            lossless = (
                len(frame) == 0
                or (is_integer_dtype(found) and is_float_dtype(promised))
                or isinstance(found, pd.CategoricalDtype)
                or frame[label].isna().all()
                or _differ_in_mask(frame[label], promised)
            )
            if lossless or promised == np.dtype(object) or (is_bool_dtype(found) and is_bool_dtype(promised)):
                frame[label] = frame[label].astype(promised)
            else:
                raise ValueError(
                    f"{piece}: the column {label!r} is {found} where the footers promised {promised}. The file's statistics "
                    "say nothing of missing values; write it again with pandas, pyarrow or minidask"
                )
        return frame


def _differ_in_mask(values: pd.Series, promised: Any) -> bool:
    """Return whether a dtype differs from the promised one in having a mask alone, and holds every value."""
    found = values.dtype
    same = getattr(found, "numpy_dtype", found) == getattr(promised, "numpy_dtype", promised)
    return same and (isinstance(promised, pd.api.extensions.ExtensionDtype) or not values.isna().any())


def _sorted_categories(values: pd.Series) -> pd.Series:
    """Return a categorical whose categories don't depend on the order of rows or on the engine."""
    coded = values.astype("category")
    try:
        return coded.cat.reorder_categories(coded.cat.categories.sort_values())
    except TypeError:
        # What has no order stays as it came.
        return coded


def _holds_dictionary(schema: pa.Schema, names: Collection[str]) -> bool:
    return any(name in names and pa.types.is_dictionary(kind) for name, kind in zip(schema.names, schema.types))


def _beside(one: pa.Table, other: pa.Table) -> pa.Table:
    """Return a table with the columns of both; one without columns has no say."""
    if not one.num_columns:
        return other
    for field_ in other.schema:
        one = one.append_column(field_, other[field_.name])
    return one


def _row_numbers(footer: pq.FileMetaData, groups: Sequence[int]) -> pd.Index:
    """Return where the rows of these row groups stand in the file."""
    ends = np.cumsum([0, *[footer.row_group(at).num_rows for at in range(footer.num_row_groups)]])
    if not groups:
        return pd.RangeIndex(0)
    if groups[-1] - groups[0] == len(groups) - 1:
        return pd.RangeIndex(int(ends[groups[0]]), int(ends[groups[-1] + 1]))
    return pd.Index(np.concatenate([np.arange(ends[group], ends[group + 1]) for group in groups]))

"""Labels of columns, and the names that stand for them in parquet files.

Place in the flow: ``to_parquet`` asks for the names when it is called and its tasks write them; ``parquet_promise`` finds the
labels of names when a collection is made.

A file has texts for names. pandas notes in the footer what kind of labels they stand for (numbers, times, several levels), and
makes them anew when it reads. Labels that would not come back are stored as the texts that they are, with a warning, as in
pandas.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa


@dataclass(frozen=True)
class StoredNames:
    """Texts for the labels of a frame.

    Parameters
    ----------
    labels : pandas.Index
    names : pandas.Index
        Their texts, in order.
    levels : list
        Names of the index's levels: texts, or None.
    note : list, optional
        What pandas notes of the labels; None if they are stored as texts.
    """

    labels: pd.Index
    names: pd.Index
    levels: list[str | None]
    note: Any = None

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        return "StoredNames", self.labels, self.names, self.levels, self.note

    def apply(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return a frame with texts for labels."""
        named = frame.set_axis(self.names, axis=1)
        named.index = named.index.set_names(self.levels)
        return named

    def noted(self, metadata: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
        """Return a footer's metadata that say what the texts stand for."""
        if self.note is None or b"pandas" not in metadata:
            return dict(metadata)
        notes = {**json.loads(metadata[b"pandas"]), "column_indexes": self.note}
        return {**metadata, b"pandas": json.dumps(notes).encode()}


def stored_names(meta: pd.DataFrame) -> StoredNames | None:
    """Return the names for a frame's labels in a file; None if these are texts, which stand for themselves.

    Raises
    ------
    ValueError
        If two labels are equal, or have the same text.

    Warns
    -----
    UserWarning
        If labels, or names of the index, will be texts when the file is read.

    Examples
    --------
    >>> list(stored_names(pd.DataFrame([[3, 4]], columns=[1, 2])).names)
    ['1', '2']
    """
    columns, levels = meta.columns, list(meta.index.names)
    if not columns.is_unique:
        raise ValueError(
            f"parquet needs columns of different names; these come twice: {list(columns[columns.duplicated()])}"
        )
    texts = [None if name is None else str(name) for name in levels]
    plain = columns.nlevels == 1 and not isinstance(columns, pd.CategoricalIndex)
    if plain and all(isinstance(label, str) for label in columns) and texts == levels:
        return None
    with warnings.catch_warnings():
        # That of mixed types is given once, below.
        warnings.simplefilter("ignore")
        schema = pa.Schema.from_pandas(pd.DataFrame(columns=columns, index=pd.RangeIndex(0)))
        returning = _comes_back(columns, schema)
    names = pd.Index(schema.names, name=columns.name if columns.nlevels == 1 else None, dtype="str")
    if not names.is_unique:
        raise ValueError(
            f"parquet has texts for column names, and several columns have {names[names.duplicated()][0]!r}: rename them"
        )
    if not returning:
        warnings.warn(
            f"the labels of the columns, {list(columns)!s:.60}, will be texts when the files are read: parquet keeps labels "
            "that are texts, numbers or times, all of one kind",
            stacklevel=3,
        )
    if texts != levels:
        warnings.warn(f"names of the index, {levels}, will be texts when the files are read", stacklevel=3)
    note = json.loads(schema.metadata[b"pandas"])["column_indexes"] if returning else None
    return StoredNames(columns, names, texts, note)


def names_of(labels: pd.Index, schema: pa.Schema, index: list[str]) -> dict[Hashable, str]:
    """Return the names of those labels that have another in the files.

    Parameters
    ----------
    labels : pandas.Index
        What pandas makes of the file's columns without its index, in their order.
    schema : pyarrow.Schema
    index : list of str
        Names of the columns that hold the index.

    Raises
    ------
    NotImplementedError
        If they don't correspond.

    Examples
    --------
    >>> names_of(pd.Index([0]), pa.schema([("0", pa.int8())]), [])
    {0: '0'}
    """
    names = [name for name in schema.names if name not in index]
    if len(names) != len(labels):
        raise NotImplementedError(
            f"the columns {names} can't be told from the index in what pandas noted of them: say index=False"
        )
    return {label: name for label, name in zip(labels, names, strict=True) if label != name}


def _comes_back(columns: pd.Index, schema: pa.Schema) -> bool:
    if columns.dtype == bool or any(pd.isna(label) is True for label in columns):
        # A list of truth values picks rows, and pandas reads no missing label as it was.
        return False
    try:
        found = schema.empty_table().to_pandas().columns
    except (TypeError, ValueError, pa.ArrowException):
        # Dates and categories have notes that nobody reads.
        return False
    return bool(found.nlevels == columns.nlevels and found.equals(columns))

"""One part of a JSON file to one pandas DataFrame, with the dtypes that the collection promised.

Place in the flow: the tasks of ``read_json``. ``JsonReader`` is made by ``minidask.dataframe.io.json``, narrowed by the
optimiser, and called with a ``JsonPart``.

A part is parsed as pandas parses it. Columns that turn out otherwise than promised are looked at value by value (of lines),
because pandas has turned texts of digits into numbers by then; what pandas would have promoted over the whole file
is an error that names file, line, column, value and remedy.

Invariant: a line is a record, since JSON has no line breaks inside values. Columns that a part lacks are missing values;
columns that the promise lacks are an error.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from io import BytesIO, StringIO
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_object_dtype

from minidask.dataframe.io.json_conflicts import broken_line, conflict_error, place
from minidask.dataframe.io.path_column import path_values
from minidask.dataframe.io.settle import is_text, settle
from minidask.dataframe.meta import UNKNOWN_CATEGORIES
from minidask.io.blocks import Block, read_block
from minidask.io.bytes import read_all


@dataclass(frozen=True, slots=True)
class JsonPart:
    """A block, and the category of its file in the column of paths."""

    block: Block
    path_code: int
    compression: str | None

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        return "JsonPart", self.block, self.path_code, self.compression

    def __str__(self) -> str:
        return str(self.block)


@dataclass(frozen=True)
class JsonFormat:
    """How files are written, and who parses them.

    Parameters
    ----------
    lines : bool
        A record a line.
    encoding, errors : str
    engine : callable
        ``pandas.read_json`` or another function of a text file and the same keywords.
    keywords : mapping
        For it; ``orient`` and ``lines`` too.
    """

    lines: bool
    encoding: str
    errors: str
    engine: Callable[..., Any]
    keywords: Mapping[str, Any]

    def decode(self, data: bytes) -> str:
        """Return the text, without a byte order mark."""
        return data.decode(self.encoding, self.errors).removeprefix("\ufeff")

    def parse(self, text: str, **changes: Any) -> pd.DataFrame:
        """Return what the engine makes of a text.

        Raises
        ------
        TypeError
            If that is no DataFrame.
        """
        keywords = {**self.keywords, **changes}
        # Arrow's parser takes bytes alone, and no empty ones.
        arrow = keywords.get("engine") == "pyarrow"
        if arrow and not text.strip():
            return pd.DataFrame()
        frame = self.engine(BytesIO(text.encode()) if arrow else StringIO(text), **keywords)
        if not isinstance(frame, pd.DataFrame):
            raise TypeError(f"the engine must return a pandas DataFrame, got {type(frame).__name__}")
        return frame


@dataclass(frozen=True)
class JsonReader:
    """Read parts of JSON files that are alike.

    Parameters
    ----------
    form : JsonFormat
    meta : pandas.DataFrame
        The promise; its columns are those to read.
    labels : tuple
        The columns of the files, before any are left out.
    declared : bool
        Whether the user gave the dtypes.
    sampled : str
        What they were inferred from, for messages.
    path_column : str or None
        The column that gets the file's name.
    """

    form: JsonFormat
    meta: pd.DataFrame
    labels: tuple[Hashable, ...]
    declared: bool
    sampled: str
    path_column: str | None

    @property
    def columns(self) -> tuple[Hashable, ...]:
        """The labels of what is read, in order."""
        return tuple(self.meta.columns)

    def project(self, columns: tuple[Hashable, ...]) -> JsonReader:
        """Return a reader that converts and keeps fewer columns."""
        return replace(self, meta=self.meta[list(columns)])

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        return "JsonReader", self.form, self.meta, self.labels, self.declared, self.path_column

    def __call__(self, part: JsonPart) -> pd.DataFrame:
        """Read a part.

        Raises
        ------
        FileNotFoundError, FileChangedError
            If the file is gone or another.
        ValueError
            If the text is no JSON, or columns or values aren't as promised.
        """
        if part.block.whole:
            data = read_all(part.block.file, part.compression)
        else:
            data = read_block(part.block, b"\n")
        wanted = [label for label in self.columns if label != self.path_column]
        try:
            text = self.form.decode(data)
        except UnicodeDecodeError as error:
            error.add_note(f"in {part}: say how it is written with encoding=, or what to do about it with errors=")
            raise
        if not text.strip():
            frame = self.meta[wanted].copy()
        else:
            frame = self._settled(part, text, self._parsed(part, text), wanted)
        if self.path_column is not None and self.path_column in self.meta.columns:
            frame[self.path_column] = path_values(self.meta[self.path_column].dtype, part.path_code, len(frame))
            frame = frame[list(self.columns)]
        return frame

    def _parsed(self, part: JsonPart, text: str) -> pd.DataFrame:
        try:
            frame = self.form.parse(text)
        except (ValueError, OverflowError) as error:
            at = broken_line(self.form, text)
            where = f"{part}" if at is None else f"{part}, {place(part, at)}: {text.split(chr(10))[at].strip()[:80]!r}"
            raise ValueError(f"{where}: {error}") from error
        extra = [label for label in frame.columns if label not in self.labels]
        if extra:
            raise ValueError(
                f"{part}: there are columns that "
                + ("meta does not have" if self.declared else f"{self.sampled} did not have")
                + f": {extra}. Name all columns and their dtypes with meta="
                + ("" if self.declared else ", or look further with sample=")
            )
        return frame

    def _settled(self, part: JsonPart, text: str, frame: pd.DataFrame, wanted: list[Hashable]) -> pd.DataFrame:
        """Give every column the promised dtype, or raise."""
        columns: dict[Hashable, pd.Series] = {}
        broken: dict[Hashable, Any] = {}
        for label in wanted:
            promised = self.meta[label].dtype
            if label in frame.columns:
                found = frame[label]
            else:
                found = pd.Series(np.nan, index=frame.index, dtype="float64", name=label)
            values: pd.Series | None = found
            if found.dtype != promised:
                # Among objects, what is missing is None or NaN, as it was written.
                values = None if is_object_dtype(promised) else settle(found, promised)
                if values is None and self.declared:
                    values = _cast(found, promised)
                if values is None:
                    values = self._exact(text, label, found, promised)
            if values is None:
                broken[label] = found.dtype
            else:
                columns[label] = values
        if broken:
            raise conflict_error(self, part, text, broken)
        index = frame.index
        if type(index) is not type(self.meta.index) or index.dtype != self.meta.index.dtype:
            index = self._index(part, index)
        # Labels may be equal to one another in no JSON object, so that a dict holds all of them.
        made = pd.DataFrame(columns, index=frame.index, columns=self.meta[wanted].columns)
        made.index = index
        return made

    def _index(self, part: JsonPart, index: pd.Index) -> pd.Index:
        promised = self.meta.index
        if isinstance(promised, pd.RangeIndex) and isinstance(index, pd.RangeIndex):
            return index
        try:
            cast = index.astype(promised.dtype)
        except (ValueError, TypeError):
            cast = None
        if cast is None or not (index.astype(object) == cast.astype(object)).all():
            raise ValueError(
                f"{part}: the index is of dtype {index.dtype}, that of {self.sampled} of {promised.dtype}: "
                "read with convert_axes=False, or read the files apart"
            )
        return cast

    def _exact(self, text: str, label: Hashable, found: pd.Series, promised: Any) -> pd.Series | None:
        """Return a column as promised from the values as they were written; None if they don't fit."""
        kind = getattr(promised, "kind", "O")
        if is_text(promised) or is_object_dtype(promised):
            values = self._written(text, label)
            if values is None or len(values) != len(found):
                return None
            if is_text(promised) and not all(isinstance(value, str) or _missing(value) for value in values):
                return None
            return pd.Series(values, index=found.index, name=label, dtype=object).astype(promised)
        # Numbers and truth values mixed are numbers to pandas, and beyond 2**53 it rounds.
        if kind == "f" and getattr(found.dtype, "kind", "O") in "iub":
            return found.astype(promised)
        if kind in "iu" and getattr(found.dtype, "kind", "O") == "b":
            return found.astype(promised)
        return None

    def _written(self, text: str, label: Hashable) -> list[Any] | None:
        """Return a column's values as the standard library reads them: nothing is taken for a number that is a text."""
        if self.form.keywords["orient"] == "records":
            records = (
                [json.loads(line) for line in text.split("\n") if line.strip()] if self.form.lines else json.loads(text)
            )
            return [record.get(str(label), np.nan) for record in records if isinstance(record, dict)]
        if self.form.keywords["orient"] == "table":
            return None
        raw = self.form.parse(text, dtype=False)
        return list(raw[label]) if label in raw.columns else None


def _cast(found: pd.Series, promised: Any) -> pd.Series | None:
    """Return a column as the dtype that the user gave, if pandas can do it and the same comes back."""
    if is_text(promised) and not isinstance(found.dtype, pd.StringDtype):
        return None
    if isinstance(promised, pd.CategoricalDtype):
        if UNKNOWN_CATEGORIES in promised.categories:
            return found.astype("category")
        return found.astype(promised) if found.dropna().isin(promised.categories).all() else None
    try:
        cast = pd.to_datetime(found) if getattr(promised, "kind", "O") == "M" else found
        cast = cast.astype(promised)
    except (ValueError, TypeError, OverflowError):
        # No such values in that dtype: the caller says so, with the first of them.
        return None
    if getattr(promised, "kind", "O") in "iufb" and getattr(found.dtype, "kind", "O") in "iufb":
        return (
            cast if np.array_equal(cast.to_numpy("float64", na_value=np.nan), found.to_numpy("float64"), True) else None
        )
    return cast


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and value != value)

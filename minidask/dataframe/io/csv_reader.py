"""One block of a CSV file to one pandas DataFrame, with the dtypes that the collection promised.

Place in the flow: the tasks of ``read_csv``. ``CsvReader`` is the reader of a ``FrameSource``: it is made by
``csv``, narrowed by the optimiser (``project``), and called in tasks with a ``CsvPart``.

What is promised. Columns whose dtype the user gave are parsed with it. The others were inferred from the sample; each
block infers them
again, which is three times as fast in pandas as parsing text with a declared dtype, and what it found is compared
with the promise
(``settle``): a block of digits in a text column is parsed again as text; whole numbers in a float column become floats;
anything that pandas would have promoted over the whole file is an error that names file, column, value and remedy. Nothing is
coerced silently.

Invariant: the columns of every file are those of the first, in its order; each block looks at its own file's header.
"""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import Any

import pandas as pd
from pandas.api.types import is_float_dtype, is_integer_dtype
from pandas.errors import DtypeWarning, EmptyDataError, ParserError, ParserWarning

from minidask.dataframe.io.blocks import read_header, read_records
from minidask.dataframe.io.conflicts import conflict_error
from minidask.dataframe.io.csv_options import CsvOptions
from minidask.dataframe.io.path_column import path_values
from minidask.dataframe.io.records import first_row, header_end
from minidask.dataframe.io.settle import is_text, settle
from minidask.io.blocks import Block
from minidask.io.bytes import read_all

# pandas infers in pieces and says so when they differ; settle() looks at every column anyhow. Only warnings for our
# calls are meant.
warnings.filterwarnings("ignore", category=DtypeWarning, module=r"minidask\.dataframe\.io\.csv_reader")


@dataclass(frozen=True, slots=True)
class CsvPart:
    """A block, and the category of its file in the column of paths."""

    block: Block
    path_code: int
    compression: str | None

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        return "CsvPart", self.block, self.path_code, self.compression

    def __str__(self) -> str:
        return str(self.block)


@dataclass(frozen=True)
class CsvReader:
    """Read blocks of CSV files that are alike.

    Parameters
    ----------
    options : CsvOptions
    meta : pandas.DataFrame
        The promise; its columns are those to read.
    labels : tuple
        The columns of the files, before any are left out.
    sampled : str
        What the dtypes were inferred from, for messages.
    header : bytes
        The bytes before the first file's first row; files with the same need no closer look.
    path_column : str or None
        The column that gets the file's name.
    date_format : object
        How dates are written, found in the sample.
    check_fields : bool
        Whether a row of too many fields is an error (it would become an index).
    counted : Hashable
        The column that is parsed if none is needed, for the number of rows; None if the user picked no column.
    texts : mapping
        For columns of categories that nobody declared: whether the sample's are texts; left out where it has none.
    """

    options: CsvOptions
    meta: pd.DataFrame
    labels: tuple[Hashable, ...]
    sampled: str
    header: bytes
    path_column: str | None
    date_format: Any
    check_fields: bool
    counted: Hashable
    texts: Mapping[Hashable, bool] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[Hashable, ...]:
        """The labels of what is read, in order."""
        return tuple(self.meta.columns)

    def project(self, columns: tuple[Hashable, ...]) -> CsvReader:
        """Return a reader of fewer columns."""
        return replace(self, meta=self.meta[list(columns)])

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        fields = (self.labels, self.path_column, self.date_format, self.check_fields, dict(self.texts))
        return "CsvReader", self.options, self.meta, *fields

    def __call__(self, part: CsvPart) -> pd.DataFrame:
        """Read a block.

        Raises
        ------
        FileNotFoundError, FileChangedError
            If the file is gone or another.
        ValueError
            If columns or values aren't as promised.
        pandas.errors.ParserError
            If a row has too many fields or a quote is never closed.
        """
        header, data = self._bytes(part)
        wanted = [label for label in self.columns if label != self.path_column]
        frame = self._frame(part, header, data, wanted)
        if self.path_column is not None and self.path_column in self.meta.columns:
            frame[self.path_column] = path_values(self.meta[self.path_column].dtype, part.path_code, len(frame))
        return frame

    # -- bytes ------------------------------------------------------------------------------------------------------

    def _bytes(self, part: CsvPart) -> tuple[bytes, bytes]:
        """Return the header's bytes, none for files that can't be cut; and those of header and rows together."""
        options = self.options
        if part.block.whole:
            data = read_all(part.block.file, part.compression)
            if options.whole:
                return b"", data
            end = header_end(data, options.dialect, options.skip, options.rows, options.skip_blank)
            return data if end < 0 else data[:end], data
        header = read_header(part.block.file, options.dialect, options.skip, options.rows, options.skip_blank)
        return header, read_records(part.block, options.dialect, header)

    def _check_header(self, part: CsvPart, header: bytes) -> None:
        if self.options.rows == 0 or header == self.header or "names" in self.options.keywords:
            return
        found = list(self.parse(header, nrows=0).columns)
        if found != list(self.labels):
            missing = [label for label in self.labels if label not in found]
            extra = [label for label in found if label not in self.labels]
            what = (f"missing: {missing}; " if missing else "") + (f"not in the first: {extra}" if extra else "")
            raise ValueError(
                f"{part.block.file.url}: the columns differ from those of the first file, "
                f"{what.strip('; ') or 'in their order'}.\n  first file: {list(self.labels)}\n  this file:  {found}\n"
                "Read files of different columns apart and put them together with concat."
            )

    def _with_first_row(self, part: CsvPart, data: bytes, at: int) -> bytes:
        """Return the block without the rows at ``at`` that have too many fields: ``on_bad_lines`` says to leave such out.

        pandas would take the first fields of the block's first row for an index; raises ParserError where that isn't said.
        """
        if not self.check_fields:
            return data
        while True:
            row = first_row(data, at, self.options.dialect, self.options.skip_blank)
            fields = self._fields(row)
            if fields <= len(self.labels):
                return data
            bad_lines = self.options.keywords.get("on_bad_lines", "error")
            # Of the file's very first row pandas makes an index, whatever is said of bad lines.
            if bad_lines not in ("skip", "warn") or part.block.start == 0:
                raise ParserError(
                    f"{part}: the first row has {fields} fields for {len(self.labels)} columns: {row[:80]!r}. pandas would take "
                    "the first for an index; name all columns with names= (and header=0), or leave the last out with "
                    "index_col=False"
                )
            if bad_lines == "warn":
                warnings.warn(
                    f"{part}: skipping a row of {fields} fields for {len(self.labels)} columns: {row[:80]!r}",
                    ParserWarning,
                    stacklevel=2,
                )
            place = data.index(row, at)
            data = data[:place] + data[place + len(row) :]

    def _fields(self, row: bytes) -> int:
        dialect = self.options.dialect
        if sum(row.count(bytes([byte])) for byte in dialect.delimiters) < len(self.labels):
            return 0
        keywords = {**self.options.keywords, "header": None, "names": None, "skiprows": None, "parse_dates": None}
        left_out = ("converters", "date_format", "na_values", "on_bad_lines")
        keywords = {k: v for k, v in keywords.items() if k not in left_out and v is not None}
        return int(pd.read_csv(BytesIO(row), nrows=1, **{"header": None, **keywords, "dtype": object}).shape[1])

    # -- frames -----------------------------------------------------------------------------------------------------

    def _frame(self, part: CsvPart, header: bytes, data: bytes, wanted: list[Hashable]) -> pd.DataFrame:
        options = self.options
        if not options.whole:
            if not data or data.isspace():
                return self._no_rows(wanted)
            self._check_header(part, header)
            if len(data) == len(header):
                return self._no_rows(wanted)
            data = self._with_first_row(part, data, len(header))
            if len(data) == len(header):
                return self._no_rows(wanted)
        # At least one column is parsed: it says how many rows there are. pandas counts none where none is picked.
        if self.counted is None:
            return self._no_rows(wanted)
        used = wanted or [self.counted]
        try:
            frame = self.parse(data, used)
        except EmptyDataError:
            return self._no_rows(wanted)
        except DtypeWarning:
            # Warnings are errors, it seems: parse all at once, so that there is nothing to warn of.
            frame = self.parse(data, used, low_memory=False)
        except ParserError as error:
            raise ParserError(f"{part}: {error}{_quote_advice(error, part)}") from error
        except (ValueError, OverflowError, TypeError) as error:
            if isinstance(error, UnicodeDecodeError):
                error.add_note(undecodable(str(part)))
                raise
            if options.whole and "secols" in str(error):
                raise ValueError(f"{part}: the columns differ from those of the first file: {error}") from error
            raise conflict_error(self, part, data, used, error) from error
        if list(frame.columns) != used:
            if set(frame.columns) != set(used):
                raise ValueError(
                    f"{part}: the columns differ from those of the first file.\n"
                    f"  expected: {used}\n  found:    {list(frame.columns)}"
                )
            frame = frame[used]
        if not isinstance(frame.index, pd.RangeIndex):
            raise ParserError(
                f"{part}: rows have more fields than there are columns ({len(self.labels)}), which pandas takes for an index"
            )
        frame = frame if wanted else frame.iloc[:, :0]
        return self._settle(part, data, frame)

    def _no_rows(self, wanted: list[Hashable]) -> pd.DataFrame:
        return self.meta[wanted].copy()

    def parse(self, data: bytes, columns: list[Hashable] | None = None, **changes: Any) -> pd.DataFrame:
        """Parse with pandas: all that the user asked for, ``columns`` alone if they are given."""
        options = self.options
        keywords = {**options.keywords, "dtype": options.dtype, "usecols": options.usecols, **changes}
        if self.date_format is not None:
            keywords.setdefault("date_format", self.date_format)
        if keywords.get("header", "infer") is None and keywords.get("names") is None:
            keywords["names"] = list(self.labels)
        if columns is None:
            if changes.get("nrows") == 0:
                keywords.update(parse_dates=None, dtype=None, usecols=None)
            return self.options.parse(data, keywords)
        self._pick(keywords, columns)
        try:
            return self.options.parse(data, keywords)[columns]
        except ParserError as error:
            # pandas refuses to pick columns where no row of the block has them all; it fills up whole rows.
            if "Too many columns" not in str(error) or len(keywords.get("names") or ()) != len(self.labels):
                raise
            return self.options.parse(data, {**keywords, "usecols": None})[columns]

    def _pick(self, keywords: dict[str, Any], columns: list[Hashable]) -> None:
        """Have pandas parse only some columns, where that is sure to give the same."""
        if isinstance(keywords["dtype"], Mapping) and not hasattr(keywords["dtype"], "default_factory"):
            keywords["dtype"] = {label: dtype for label, dtype in keywords["dtype"].items() if label in columns} or None
        if (
            len(columns) == len(self.labels)
            or self.options.usecols is not None
            or self.options.whole
            or len(set(self.labels)) < len(self.labels)
            # Where columns are picked, pandas doesn't see that a row has too many fields.
            or self.options.keywords.get("on_bad_lines", "error") != "error"
        ):
            return
        keywords["usecols"] = [at for at, label in enumerate(self.labels) if label in set(columns)]
        if keywords.get("converters"):
            # pandas would take the label of a column that isn't picked for the place of one that is.
            keywords["converters"] = {at: one for at, one in keywords["converters"].items() if at in columns} or None
        dates = keywords.get("parse_dates")
        if isinstance(dates, list):
            keywords["parse_dates"] = [label for label in self.options.dates(pd.Index(self.labels)) if label in columns]

    # -- promises ---------------------------------------------------------------------------------------------------

    def _settle(self, part: CsvPart, data: bytes, frame: pd.DataFrame) -> pd.DataFrame:
        """Give every column the promised dtype, or raise."""
        changed: dict[Hashable, Any] = {}
        again: dict[Hashable, Any] = {}
        broken: list[Hashable] = []
        for label, found in frame.items():
            promised = self.meta[label].dtype
            if found.dtype == promised:
                continue
            if _open_categories(promised, found.dtype):
                if self._differ(part, label, found):
                    again[label] = "str"
                continue
            settled = settle(found, promised)
            if settled is not None:
                changed[label] = settled
            elif self._may_parse_as(label, found.dtype, promised):
                again[label] = promised
            else:
                broken.append(label)
        if broken:
            raise conflict_error(self, part, data, broken, None)
        if again:
            text = self.parse(data, list(again), dtype=again, low_memory=False)
            for label in again:
                categorical = isinstance(self.meta[label].dtype, pd.CategoricalDtype)
                changed[label] = text[label].astype("category") if categorical else text[label]
        for label, values in changed.items():
            frame[label] = values
        return frame

    def _differ(self, part: CsvPart, label: Hashable, found: pd.Series) -> bool:
        """Return whether categories are numbers here and texts in the sample; raises ValueError for the opposite."""
        if not len(found.cat.categories) or label not in self.texts:
            return False
        text = has_texts(found)
        if text and not self.texts[label]:
            raise ValueError(
                f"{part}: the categories of the column {label!r} are texts here, but numbers in {self.sampled}. "
                f"Read it with dtype={{{label!r}: 'str'}} and make it a categorical with .astype('category')"
            )
        return self.texts[label] and not text

    def _may_parse_as(self, label: Hashable, found: Any, promised: Any) -> bool:
        """Return whether a column is what pandas would make of the whole if it is parsed with the promised dtype."""
        if self.options.declares(label) or label in (self.options.keywords.get("converters") or ()):
            return False
        # Integers that no double holds are rounded by the parser as they would be among fractions.
        return is_text(promised) or (is_float_dtype(promised) and is_integer_dtype(found))


def has_texts(column: pd.Series) -> bool:
    """Return whether a categorical's categories are texts; pandas makes numbers of them where it can."""
    return is_text(column.cat.categories.dtype) or column.cat.categories.dtype == object


def _open_categories(promised: Any, found: Any) -> bool:
    return isinstance(promised, pd.CategoricalDtype) and isinstance(found, pd.CategoricalDtype)


def undecodable(where: str) -> str:
    """Return what to do about bytes that aren't text."""
    return (
        f"Found in {where}: say how texts are written with encoding=, or what to do with others with encoding_errors="
    )


def _quote_advice(error: ParserError, part: CsvPart) -> str:
    if "EOF inside string" in str(error) and not part.block.whole:
        return (
            "\nA quoted field goes on beyond the block, and its quotes did not tell so: read whole files with blocksize=None, "
            "or say that quotes mean nothing with quoting=csv.QUOTE_NONE"
        )
    return ""

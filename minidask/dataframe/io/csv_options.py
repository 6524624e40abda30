"""The keyword arguments of ``read_csv``, checked and sorted out once, when the collection is made.

Place in the flow: ``csv`` makes ``CsvOptions`` of what the user gave; the reader's tasks use it. It says which
keywords pandas gets, what the bytes mean (``dialect``), and whether files can be cut into blocks at all (``whole``).

Invariant: a keyword that would mean something else for a block than for the whole file is refused, with what to do instead.
"""

from __future__ import annotations

import csv
import inspect
from collections.abc import Callable, Hashable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import lru_cache
from io import BytesIO
from typing import Any

import pandas as pd
from pandas.api.types import is_integer, is_list_like, pandas_dtype

from minidask.dataframe.io.encodings import holds_ascii
from minidask.dataframe.io.records import Dialect

# Keywords of pandas that don't make sense here, and the remedy.
_REFUSED = {
    "nrows": "take rows with .head(n), which reads only the first block",
    "index_col": "read the column and call .set_index(column) (index_col=False is allowed)",
    "iterator": "partitions are the pieces: use .partitions or .map_partitions",
    "chunksize": "give the size of the pieces with blocksize=",
    "memory_map": "leave it out: blocks are read into memory",
    "dialect": "give sep=, quotechar=, quoting=, escapechar= and the like",
}

_TEXTS = (
    "sep",
    "delimiter",
    "quotechar",
    "escapechar",
    "comment",
    "lineterminator",
    "thousands",
    "decimal",
    "encoding",
)


@dataclass(frozen=True)
class CsvOptions:
    """What to parse, and how.

    Parameters
    ----------
    keywords : mapping
        For ``pandas.read_csv``; neither ``dtype`` nor ``usecols``.
    dtype : object
        As the user gave it.
    usecols : object
        As the user gave it.
    dialect : Dialect
    skip, rows : int
        Records before the header, and up to its end.
    skip_blank : bool
    whole : str
        Why files can't be cut into blocks; empty if they can.
    function : callable
        ``pandas.read_csv`` or ``pandas.read_fwf``.
    """

    keywords: Mapping[str, Any]
    dtype: Any
    usecols: Any
    dialect: Dialect
    skip: int
    rows: int
    skip_blank: bool
    whole: str
    function: Callable[..., Any] = pd.read_csv

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        return "CsvOptions", dict(self.keywords), self.dtype, self.usecols, self.whole, self.function

    def parse(self, data: bytes, keywords: Mapping[str, Any]) -> pd.DataFrame:
        """Return what pandas makes of bytes; keywords that its parser in Python doesn't know are left out."""
        if self.function is not pd.read_csv or keywords.get("engine") == "python":
            keywords = {name: value for name, value in keywords.items() if name != "low_memory"}
        frame: pd.DataFrame = self.function(BytesIO(data), **keywords)
        return frame

    def declares(self, column: Hashable) -> bool:
        """Return whether the user gave the column's dtype."""
        if isinstance(self.dtype, Mapping):
            return column in self.dtype or hasattr(self.dtype, "default_factory")
        return self.dtype is not None

    def with_labels(self, labels: Sequence[Hashable]) -> CsvOptions:
        """Return options whose ``dtype`` and ``converters`` name columns by label.

        pandas takes positions, too; those of its parser in Python count only columns that are read.
        """
        if self.usecols is not None and (self.function is not pd.read_csv or self.keywords.get("engine") == "python"):
            return self
        keywords = self.keywords
        if keywords.get("converters"):
            keywords = {**keywords, "converters": _by_label(keywords["converters"], labels)}
        if not isinstance(self.dtype, Mapping) or hasattr(self.dtype, "default_factory"):
            return replace(self, keywords=keywords)
        return replace(self, keywords=keywords, dtype=_by_label(self.dtype, labels))

    def dates(self, columns: pd.Index) -> list[Hashable]:
        """Return the columns that are parsed as dates.

        Raises
        ------
        ValueError
            If one is no column, or the form isn't supported.
        """
        wanted = self.keywords.get("parse_dates")
        if wanted is None or wanted is False or wanted is True:
            return []
        names = [columns[int(item)] if is_integer(item) and item not in columns else item for item in wanted]
        missing = [name for name in names if name not in columns]
        if missing:
            raise ValueError(f"parse_dates names columns that are not there: {missing}; there are {list(columns)}")
        return names


def csv_options(caller: str, keywords: Mapping[str, Any]) -> CsvOptions:
    """Check the keywords for pandas of a call.

    Parameters
    ----------
    caller : str
        The name of the function that was called, for messages.
    keywords : mapping

    Raises
    ------
    TypeError
        If pandas has no such keyword.
    ValueError
        If a keyword or its value doesn't work with blocks.
    """
    given = dict(keywords)
    for name in given:
        if name not in _parameters():
            raise TypeError(f"{caller}() got an unexpected keyword argument {name!r}")
    for name, remedy in _REFUSED.items():
        value = given.get(name)
        if value is not None and value is not False:
            raise ValueError(f"{caller} does not take {name}={value!r}: {remedy}")
        if name != "index_col":
            given.pop(name, None)
    if given.get("index_col", False) is None:
        given.pop("index_col")
    given.pop("low_memory", None)
    if given.get("parse_dates") is True:
        # That means the index, which no file gives here.
        given.pop("parse_dates")
    for name in _TEXTS:
        if not isinstance(given.get(name, ""), str | None):
            raise TypeError(f"{caller} takes a text for {name}, got {type(given[name]).__name__}: {given[name]!r:.80}")
    if given.get("sep") == "" or given.get("delimiter") == "":
        raise ValueError(f"{caller} needs a separator of at least one character; fields at fixed places: read_fwf")
    dtype, usecols = given.pop("dtype", None), given.pop("usecols", None)
    _check_dtypes(dtype)
    if usecols is not None and not callable(usecols):
        if not is_list_like(usecols):
            raise ValueError(
                f"'usecols' must be a list of names, a list of positions, or a callable, got {usecols!r:.80}: "
                f"write usecols=[{usecols!r:.80}]"
            )
        usecols = list(usecols)
    if is_list_like(given.get("names")) and isinstance(given["names"], Set):
        raise ValueError(f"names must be in the columns' order, got a set: {given['names']!r:.80}")
    for name in ("parse_dates", "names"):
        if is_list_like(given.get(name)):
            given[name] = _plain_list(caller, name, given[name])
    skip, rows = _skip(given), _header_rows(caller, given)
    engine = given.get("engine")
    if engine not in (None, "c", "python"):
        raise ValueError(f"{caller} does not take engine={engine!r}: 'c' or 'python' gives pandas's own results")
    whole = _whole(given, skip)
    if not whole or engine == "c":
        given["engine"] = "c"
    elif _needs_python(given):
        given["engine"] = "python"
    return CsvOptions(
        given, dtype, usecols, _dialect(given), skip or 0, rows, bool(given.get("skip_blank_lines", True)), whole
    )


def _by_label(given: Mapping[Any, Any], labels: Sequence[Hashable]) -> dict[Any, Any]:
    known = range(len(labels))
    named = {at if at in labels or at not in known else labels[at]: one for at, one in given.items()}
    # A label wins over the same column's position, as in pandas.
    return {**named, **{label: one for label, one in given.items() if label in labels}}


def _check_dtypes(dtype: Any) -> None:
    """Raise TypeError for what is no dtype, whether there is such a column or not."""
    for one in dtype.values() if isinstance(dtype, Mapping) else [dtype]:
        if one is not None:
            pandas_dtype(one)


@lru_cache(maxsize=1)
def _parameters() -> frozenset[str]:
    handled = {"filepath_or_buffer", "compression", "storage_options"}
    return frozenset(inspect.signature(pd.read_csv).parameters) - handled


def _plain_list(caller: str, name: str, value: Any) -> list[Any]:
    items = list(value)
    if name == "parse_dates" and (isinstance(value, Mapping) or any(is_list_like(item) for item in items)):
        raise ValueError(
            f"{caller} takes a list of columns for parse_dates; put columns together after reading, with to_datetime"
        )
    return items


def _header_rows(caller: str, given: Mapping[str, Any]) -> int:
    header = given.get("header", "infer")
    if isinstance(header, str) and header == "infer":
        return 0 if given.get("names") is not None else 1
    if header is None:
        return 0
    if is_integer(header) and not isinstance(header, bool) and header >= 0:
        return int(header) + 1
    raise ValueError(
        f"{caller} takes the number of one header line or None, not header={header!r}: name columns with names="
    )


def _skip(given: dict[str, Any]) -> int | None:
    """Return how many records are skipped first; None if others are skipped, too."""
    skip = given.get("skiprows")
    if skip is None:
        return 0
    if is_integer(skip):
        # pandas skips nothing then.
        given["skiprows"] = max(int(skip), 0)
        return max(int(skip), 0)
    if is_list_like(skip) and sorted(skip) == list(range(len(list(skip)))):
        return len(list(skip))
    return None


def _needs_python(given: Mapping[str, Any]) -> bool:
    sep = _sep(given)
    return bool(given.get("skipfooter")) or given.get("engine") == "python" or sep is None or not _for_c(sep)


def _sep(given: Mapping[str, Any]) -> Any:
    if "sep" in given and given["sep"] is not None:
        return given["sep"]
    if given.get("delimiter") is not None:
        return given["delimiter"]
    return None if "sep" in given else ","


def _for_c(sep: str) -> bool:
    return sep == r"\s+" or len(sep.encode()) == 1


def _whole(given: Mapping[str, Any], skip: int | None) -> str:
    """Return why files can't be cut into blocks; empty if they can."""
    if given.get("skipfooter"):
        return "skipfooter"
    if given.get("engine") == "python":
        return "engine='python'"
    if _needs_python(given):
        return "a separator of several characters"
    if skip is None:
        return "skiprows that picks single rows"
    if given.get("escapechar") is not None:
        return "escapechar"
    if given.get("doublequote", True) is False:
        return "doublequote=False"
    encoding = given.get("encoding") or "utf-8"
    return "" if holds_ascii(encoding) else f"the encoding {encoding}"


def _dialect(given: Mapping[str, Any]) -> Dialect:
    sep = _sep(given)
    quoting = given.get("quoting", csv.QUOTE_MINIMAL)
    quote = given.get("quotechar", '"')
    newline = given.get("lineterminator")
    comment = given.get("comment")
    return Dialect(
        quote=b"" if quoting == csv.QUOTE_NONE or not quote else quote.encode(),
        delimiters=b" \t" if sep == r"\s+" else b"" if sep is None else sep.encode(),
        newline=b"" if newline in (None, "\n") else newline.encode(),
        comment=b"" if comment is None else comment.encode(),
        spaces=bool(given.get("skipinitialspace", False)),
    )

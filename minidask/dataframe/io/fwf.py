"""``read_fwf``: text files whose fields stand at fixed places of each line, read in blocks.

Place in the flow: finds out where the columns stand, once, from the first lines of the first file that has rows; from there on it
is ``minidask.dataframe.io.csv`` with ``pandas.read_fwf`` in the place of ``pandas.read_csv``.

Invariant: a line is a record. Quotes mean nothing here, so that blocks end at line breaks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import pandas as pd
from pandas.api.types import is_integer, is_list_like
from pandas.errors import EmptyDataError

from minidask.dataframe.io.csv import frame_of_fields, sample_size
from minidask.dataframe.io.csv_options import CsvOptions, csv_options
from minidask.dataframe.io.records import Dialect
from minidask.io.bytes import read_all, read_beginning
from minidask.io.compression import infer_compression
from minidask.io.paths import StoredFile, find_files

Colspecs: TypeAlias = "tuple[tuple[int | None, int | None], ...]"

# Keywords of read_csv that say how fields are parted, which their places do here.
_MEANINGLESS = ("sep", "quoting", "quotechar", "doublequote", "escapechar", "engine", "lineterminator")


def read_fwf(
    urlpath: Any,
    blocksize: int | str | None = "default",
    lineterminator: str | None = None,
    compression: str | None = "infer",
    sample: int | str = 256000,
    sample_rows: int | None = None,
    enforce: bool = False,
    assume_missing: bool = False,
    storage_options: Mapping[str, Any] | None = None,
    include_path_column: bool | str = False,
    colspecs: Any = "infer",
    widths: Sequence[int] | None = None,
    infer_nrows: int = 100,
    **kwargs: Any,
) -> Any:
    """Read files of fields at fixed places of each line into a DataFrame, a block of a file to a partition.

    Parameters
    ----------
    urlpath, blocksize, compression, sample, sample_rows, enforce, assume_missing, storage_options, include_path_column
        As for ``read_csv``.
    lineterminator : str, optional
        Only a line break.
    colspecs : list of pairs, or "infer"
        First place and place after the last of each column; default: columns are what blank places part in the first lines of
        the first file that has rows, for all files and blocks.
    widths : list of int, optional
        Instead of ``colspecs``: the columns' widths, one beside the other.
    infer_nrows : int
        How many lines to find columns from.
    **kwargs
        Of ``pandas.read_fwf``, as for ``read_csv``; ``delimiter`` has the characters that fill fields.

    Raises
    ------
    FileNotFoundError, pandas.errors.EmptyDataError
        As ``read_csv``.
    TypeError, ValueError
        If keywords don't work with fields at fixed places, or with blocks.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = pathlib.Path(folder.name, "fruit.txt")
    >>> _ = path.write_text("name   weight\\nApple       3\\nPear        4\\n")
    >>> read_fwf(path, blocksize=28).weight.sum().compute()
    np.int64(7)
    >>> folder.cleanup()
    """
    if lineterminator not in (None, "\n"):
        raise ValueError(f"read_fwf reads lines: lineterminator must be left out, got {lineterminator!r}")
    kwargs |= {"colspecs": colspecs, "widths": widths, "infer_nrows": infer_nrows}
    return _read(
        urlpath,
        blocksize,
        compression,
        sample,
        sample_rows,
        assume_missing,
        storage_options,
        include_path_column,
        kwargs,
    )


def _read(
    urlpath: Any,
    blocksize: int | str | None,
    compression: str | None,
    sample: int | str,
    sample_rows: int | None,
    assume_missing: bool,
    storage_options: Mapping[str, Any] | None,
    include_path_column: bool | str,
    kwargs: Mapping[str, Any],
) -> Any:
    options = fwf_options(kwargs)
    files = find_files(urlpath, storage_options, what="file")
    formats = [infer_compression(file.path, compression) for file in files]
    if options.keywords["colspecs"] == "infer":
        found = _infer(options, files, formats, sample_size(sample), kwargs["infer_nrows"])
        options = replace(options, keywords={**options.keywords, "colspecs": found})
    return frame_of_fields(
        "read_fwf", options, files, formats, blocksize, sample, sample_rows, assume_missing, include_path_column
    )


def fwf_options(keywords: Mapping[str, Any]) -> CsvOptions:
    """Check the keywords for pandas of a call; ``colspecs`` stays ``"infer"`` if it is.

    Raises
    ------
    TypeError
        If pandas has no such keyword, or places are no integers.
    ValueError
        If a keyword doesn't work with fixed places or with blocks.

    Examples
    --------
    >>> fwf_options({"widths": [5, 3]}).keywords["colspecs"]
    ((0, 5), (5, 8))
    """
    given = dict(keywords)
    for name in _MEANINGLESS:
        if name in given:
            raise ValueError(
                f"read_fwf does not take {name}: fields are found by their places, see colspecs= and widths="
            )
    places = _places(given.pop("colspecs", "infer"), given.pop("widths", None))
    nrows = given.pop("infer_nrows", 100)
    if not is_integer(nrows) or nrows < 1:
        raise ValueError(f"infer_nrows must be a positive number of lines, got {nrows!r}")
    fill = given.pop("delimiter", None)
    options = csv_options("read_fwf", given)
    plain = {name: value for name, value in options.keywords.items() if name != "engine"}
    if fill is not None:
        plain["delimiter"] = fill
    dialect = Dialect(quote=b"", delimiters=b"", comment=options.dialect.comment)
    return replace(options, keywords={**plain, "colspecs": places}, dialect=dialect, function=pd.read_fwf)


def infer_colspecs(lines: Sequence[str], fill: str | None = None, comment: str | None = None) -> Colspecs:
    """Return where columns stand: runs of places that aren't blank in every line, as ``pandas.read_fwf`` documents it.

    Parameters
    ----------
    lines : sequence of str
    fill : str, optional
        The characters that are blank; default: space and tabulator.
    comment : str, optional
        What begins the part of a line that doesn't count.

    Raises
    ------
    EmptyDataError
        If all lines are blank.

    Examples
    --------
    >>> infer_colspecs(["a   bc", "aa   c"])
    ((0, 2), (4, 6))
    """
    text = re.compile(f"[^{re.escape(chr(13) + chr(10) + (fill or chr(9) + ' '))}]+")
    used: set[int] = set()
    for line in lines:
        for run in text.finditer(line.partition(comment)[0] if comment else line):
            used.update(range(*run.span()))
    if not used:
        raise EmptyDataError("no lines to find columns from: give them with colspecs= or widths=")
    begins = sorted(place for place in used if place - 1 not in used)
    ends = sorted(place + 1 for place in used if place + 1 not in used)
    return tuple(zip(begins, ends, strict=True))


def _places(colspecs: Any, widths: Any) -> Any:
    """Return the columns' places, or "infer"."""
    if widths is not None:
        if not (isinstance(colspecs, str) and colspecs == "infer"):
            raise ValueError("give colspecs or widths, not both")
        if not is_list_like(widths) or not all(is_integer(width) and width > 0 for width in widths):
            raise TypeError(f"widths must be a list of positive integers, got {widths!r:.80}")
        ends = [sum(widths[: at + 1]) for at in range(len(widths))]
        return tuple((end - width, end) for width, end in zip(widths, ends, strict=True))
    if isinstance(colspecs, str) and colspecs == "infer":
        return "infer"
    pairs = tuple(colspecs) if is_list_like(colspecs) else ()
    if not pairs or not all(
        is_list_like(pair) and len(pair) == 2 and all(end is None or is_integer(end) for end in pair) for pair in pairs
    ):
        raise TypeError(
            f"colspecs must be 'infer' or a list of pairs (first place, place after the last), got {colspecs!r:.80}"
        )
    return tuple((first, last) for first, last in pairs)


def _infer(
    options: CsvOptions, files: list[StoredFile], formats: list[str | None], nbytes: int, nrows: int
) -> Colspecs:
    skip = options.keywords.get("skiprows")
    if callable(skip):
        raise ValueError("columns can't be found where a function skips lines: give them with colspecs= or widths=")
    skipped = frozenset(range(skip) if is_integer(skip) else skip or ())
    header_only: list[str] = []
    for file, form in zip(files, formats, strict=True):
        lines = _first_lines(options, file, form, nbytes, nrows, skipped)
        filled = [line for line in lines if line.strip()]
        if len(filled) > options.rows:
            return infer_colspecs(lines, options.keywords.get("delimiter"), options.keywords.get("comment"))
        header_only = header_only or filled
    return infer_colspecs(header_only, options.keywords.get("delimiter"), options.keywords.get("comment"))


def _first_lines(
    options: CsvOptions, file: StoredFile, form: str | None, nbytes: int, nrows: int, skipped: frozenset[int]
) -> list[str]:
    """Return the first lines that aren't skipped, ``nrows`` unless the file has fewer."""
    encoding = options.keywords.get("encoding") or "utf-8"
    errors = options.keywords.get("encoding_errors") or "strict"
    while True:
        data = read_all(file, form) if options.whole else read_beginning(file, nbytes, form)
        ended = options.whole or len(data) < nbytes
        whole_lines = data if ended else data[: data.rfind(b"\n") + 1]
        lines = re.split("\r\n|\r|\n", whole_lines.decode(encoding, errors))
        found = [line for at, line in enumerate(lines) if at not in skipped]
        # The split's last piece is no line unless the file ends with it.
        if ended or len(found) > nrows:
            return found[:nrows]
        nbytes *= 4

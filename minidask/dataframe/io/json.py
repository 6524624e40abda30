"""``read_json``: files of JSON, a record a line or a value a file.

Place in the flow: finds the files, looks at the beginning of the first that has rows (the whole of it, if it isn't
lines), and makes a collection of a ``JsonReader`` and the parts.

Not for: writing (``minidask.dataframe.io.to_json``).
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from minidask.dataframe.io.csv import sample_size
from minidask.dataframe.io.encodings import holds_ascii
from minidask.dataframe.io.json_conflicts import broken_line
from minidask.dataframe.io.json_reader import JsonFormat, JsonPart, JsonReader
from minidask.dataframe.io.path_column import path_categories, path_column_name
from minidask.dataframe.meta import UNKNOWN_CATEGORIES, make_meta
from minidask.dataframe.source import from_reader
from minidask.io.blocks import parse_blocksize, split_file
from minidask.io.bytes import read_all, read_beginning
from minidask.io.compression import infer_compression
from minidask.io.paths import StoredFile, find_files
from minidask.units import format_bytes

ORIENTS = ("records", "split", "index", "columns", "values", "table")

# Keywords of pandas that mean something else for a part than for a file, and the remedy.
_REFUSED = {
    "nrows": "take rows with .head(n), which reads only the first part",
    "chunksize": "give the size of the parts with blocksize=",
    "typ": "a DataFrame is read; take a column of it",
    "encoding_errors": "it is called errors here",
}


def read_json(
    url_path: Any,
    orient: str = "records",
    lines: bool | None = None,
    storage_options: Mapping[str, Any] | None = None,
    blocksize: int | str | None = None,
    sample: int | str = 2**20,
    encoding: str = "utf-8",
    errors: str = "strict",
    compression: str | None = "infer",
    meta: Any = None,
    engine: Callable[..., Any] | str = pd.read_json,
    include_path_column: bool | str = False,
    path_converter: Callable[[str], Any] | None = None,
    **kwargs: Any,
) -> Any:
    """Read JSON files into a DataFrame, a file or a block of its lines to a partition.

    Parameters
    ----------
    url_path : str, os.PathLike, or list of these
        Paths, globs or urls, whatever fsspec understands.
    orient : str
        How records stand in the file, as in ``pandas.read_json``.
    lines : bool, optional
        Whether each line is a record; default: with ``orient="records"``.
    storage_options : mapping, optional
        For the file system.
    blocksize : int, str or None
        The most bytes that a block of lines has; None: whole files. Compressed files aren't cut.
    sample : int or str
        Bytes of the first file with rows that columns and dtypes are inferred from, if it has lines; otherwise it is read whole.
    encoding, errors : str
        As in ``bytes.decode``.
    compression : str or None
        ``"infer"`` from the suffix, a name such as ``"gzip"``, or None.
    meta : optional
        Columns and dtypes, as for ``make_meta``; nothing is inferred then, and values are cast where nothing is lost.
    engine : callable or str
        A function like ``pandas.read_json``, which gets a text file; or ``"ujson"`` or ``"pyarrow"`` for pandas's parsers.
    include_path_column : bool or str
        Add a categorical column with the file's path, called "path" or as given.
    path_converter : callable, optional
        What to show of a path.
    **kwargs
        Of ``pandas.read_json``: ``dtype``, ``convert_dates``, ``precise_float`` and so on.

    Returns
    -------
    DataFrame
        Divisions are unknown; each part of lines has an index of its own that counts from 0.

    Raises
    ------
    FileNotFoundError
        If no file is found.
    TypeError
        If an argument is of the wrong type or unknown.
    ValueError
        If arguments exclude each other, a file is no JSON (the message names the line), or all files are empty.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = pathlib.Path(folder.name, "fruit.json")
    >>> _ = path.write_text('{"name": "Apple", "weight": 3}\\n{"name": "Pear", "weight": 4}\\n')
    >>> read_json(path, blocksize=32).weight.sum().compute()
    np.int64(7)
    >>> folder.cleanup()
    """
    if lines is None:
        lines = orient == "records"
    form = _format(orient, lines, encoding, errors, engine, kwargs)
    if blocksize is not None and not lines:
        raise ValueError(
            f"only lines can be cut into blocks: leave blocksize out, or say lines=True (orient={orient!r})"
        )
    size = parse_blocksize(blocksize, None)
    nbytes = sample_size(sample)
    files = find_files(url_path, storage_options, what="JSON file")
    formats = [infer_compression(file.path, compression) for file in files]
    packed = next(filter(None, formats), None)
    reason = f"{packed} files" if packed else "" if holds_ascii(encoding) else f"files with the encoding {encoding}"
    if size is not None and reason:
        warnings.warn(
            f"read_json can't cut {reason} into blocks: each file is one partition and must fit in memory. "
            "Say so with blocksize=None to be rid of this warning",
            stacklevel=2,
        )
    if meta is None:
        found, sampled = _infer(form, files, formats, nbytes)
    else:
        found, sampled = make_meta(meta), "meta"
        if not isinstance(found, pd.DataFrame):
            raise TypeError(f"read_json reads DataFrames: meta must describe one, got a {type(found).__name__}")
        if path_column_name(include_path_column, ()) in found.columns:
            found = found.drop(columns=[path_column_name(include_path_column, ())])
        opened = {
            label: pd.CategoricalDtype([UNKNOWN_CATEGORIES])
            for label, dtype in found.dtypes.items()
            if isinstance(dtype, pd.CategoricalDtype) and not len(dtype.categories)
        }
        found = found.astype(opened)
    if path_converter is not None and not include_path_column:
        raise ValueError("path_converter has no use without include_path_column")
    labels = tuple(found.columns)
    name = path_column_name(include_path_column, labels)
    dtype, codes = path_categories(files, path_converter)
    if name is not None:
        found = found.assign(**{name: pd.Categorical([], dtype=dtype)})
    reader = JsonReader(form, found, labels, meta is not None, sampled, name)
    parts = [
        JsonPart(block, code, packing)
        for code, file, packing in zip(codes, files, formats, strict=True)
        for block in split_file(file, None if packing or not holds_ascii(encoding) else size)
    ]
    return from_reader(reader, parts, found, prefix="read-json")


def _format(
    orient: str, lines: bool, encoding: str, errors: str, engine: Callable[..., Any] | str, kwargs: Mapping[str, Any]
) -> JsonFormat:
    if orient not in ORIENTS:
        raise ValueError(f"orient must be one of {', '.join(map(repr, ORIENTS))}, got {orient!r}")
    if lines and orient != "records":
        raise ValueError(f"lines are records: say orient='records', or lines=False for orient={orient!r}")
    for name, remedy in _REFUSED.items():
        if kwargs.get(name) is not None:
            raise ValueError(f"read_json does not take {name}={kwargs[name]!r}: {remedy}")
    keywords = {**kwargs, "orient": orient, "lines": lines}
    if isinstance(engine, str):
        if engine not in ("ujson", "pyarrow"):
            raise ValueError(f"engine must be 'ujson', 'pyarrow' or a function, got {engine!r}")
        if engine == "pyarrow" and not lines:
            raise ValueError("engine='pyarrow' reads lines only: say lines=True, or leave it out")
        keywords["engine"] = engine
        engine = pd.read_json
    if not callable(engine):
        raise TypeError(f"engine must be a name or a function, got {type(engine).__name__}: {engine!r:.80}")
    if engine is pd.read_json:
        known = inspect.signature(pd.read_json).parameters
        wrong = next((name for name in kwargs if name not in known or name in ("path_or_buf", "compression")), None)
        if wrong is not None:
            raise TypeError(f"read_json() got an unexpected keyword argument {wrong!r}")
    # An unknown encoding is an error now.
    holds_ascii(encoding)
    return JsonFormat(lines, encoding, errors, engine, keywords)


def _infer(
    form: JsonFormat, files: list[StoredFile], formats: list[str | None], nbytes: int
) -> tuple[pd.DataFrame, str]:
    """Return what the first file with rows looks like, and what was read of it, for messages."""
    empty: tuple[pd.DataFrame, str] | None = None
    for file, packing in zip(files, formats, strict=True):
        text, read = _beginning(form, file, packing, nbytes)
        if not text.strip():
            continue
        try:
            frame = form.parse(text)
        except (ValueError, OverflowError) as error:
            at = broken_line(form, text)
            where = file.url if at is None else f"{file.url}, line {at + 1}: {text.split(chr(10))[at].strip()[:80]!r}"
            raise ValueError(f"{where}: {error}") from error
        sampled = f"the first {format_bytes(read)} of {file.url}"
        if len(frame):
            return frame.iloc[:0], sampled
        empty = empty or (frame, sampled)
    if empty is None:
        others = f" and {len(files) - 1} more are" if files[1:] else " is"
        raise ValueError(f"no records to infer columns from: {files[0].url}{others} empty: name the columns with meta=")
    return empty


def _beginning(form: JsonFormat, file: StoredFile, packing: str | None, nbytes: int) -> tuple[str, int]:
    """Return whole lines from a file's beginning, or the whole file."""
    if not form.lines or not holds_ascii(form.encoding):
        data = read_all(file, packing)
        return form.decode(data), len(data)
    data = read_beginning(file, nbytes, packing)
    if len(data) == nbytes and (file.size != nbytes or packing):
        end = data.rfind(b"\n") + 1
        if end == 0:
            raise ValueError(
                f"{file.url}: the sample of {nbytes} bytes does not reach the end of the first line: give more with sample=, "
                "or say lines=False if the file holds one value"
            )
        data = data[:end]
    return form.decode(data), len(data)

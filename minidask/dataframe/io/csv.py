"""``read_csv`` and ``read_table``: text files with fields, read in blocks.

Place in the flow: finds the files, looks at the beginning of the first, and makes a collection of a ``CsvReader`` and the blocks.
No other byte is read before it is computed.

What is promised about a file is inferred from the sample: the first ``sample`` bytes of the first file that has rows. Blocks that
turn out otherwise are promoted where nothing is lost, or raise an error that names file, column, value and remedy
(``minidask.dataframe.io.csv_reader``).

Not for: writing (``minidask.dataframe.io.to_csv``).
"""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd
from pandas.api.types import is_integer_dtype
from pandas.errors import EmptyDataError
from pandas.tseries.api import guess_datetime_format

from minidask import config
from minidask.dataframe.io.csv_options import CsvOptions, csv_options
from minidask.dataframe.io.csv_reader import CsvPart, CsvReader, has_texts, undecodable
from minidask.dataframe.io.path_column import path_categories, path_column_name
from minidask.dataframe.io.records import header_end, next_record
from minidask.dataframe.meta import UNKNOWN_CATEGORIES
from minidask.dataframe.source import from_reader
from minidask.io.blocks import parse_blocksize, split_file
from minidask.io.bytes import read_all, read_beginning
from minidask.io.compression import infer_compression
from minidask.io.paths import StoredFile, find_files
from minidask.units import format_bytes, parse_bytes


def read_csv(
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
    **kwargs: Any,
) -> Any:
    """Read CSV files into a DataFrame, a block of a file to a partition.

    Parameters
    ----------
    urlpath : str, os.PathLike, or list of these
        Paths, globs or urls, whatever fsspec understands.
    blocksize : int, str or None
        The most bytes that a block has; ``"default"``: the setting ``dataframe.blocksize``; None: whole files. Blocks end where
        records do, quoted line breaks included.
    lineterminator : str, optional
        One character that ends records; default: any line break.
    compression : str or None
        ``"infer"`` from the suffix, a name such as ``"gzip"``, or None. Compressed files aren't cut.
    sample : int or str
        Bytes of the first file that dtypes are inferred from.
    sample_rows : int, optional
        Use no more than so many rows of the sample.
    enforce : bool
        Accepted for compatibility: columns and dtypes are always enforced.
    assume_missing : bool
        Read columns that look like whole numbers as floats, unless ``dtype`` has them, so that values may be missing later.
    storage_options : mapping, optional
        For the file system.
    include_path_column : bool or str
        Add a categorical column with the file's path, called "path" or as given; ``converters={"path": function}`` says what
        to show of it.
    **kwargs
        Of ``pandas.read_csv``. ``nrows``, ``index_col``, ``iterator`` and ``chunksize`` are refused, with what to do instead.

    Returns
    -------
    DataFrame
        Each partition has an index of its own that counts from 0; divisions are unknown.

    Raises
    ------
    FileNotFoundError
        If no file is found.
    ValueError
        If keywords don't work with blocks, or columns named in them aren't there.
    pandas.errors.EmptyDataError
        If all files are empty.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = pathlib.Path(folder.name, "fruit.csv")
    >>> _ = path.write_text("name,weight\\nApple,3\\nPear,4\\n")
    >>> read_csv(path, blocksize=24).weight.sum().compute()
    np.int64(7)
    >>> folder.cleanup()
    """
    if lineterminator is not None:
        kwargs["lineterminator"] = lineterminator
    return _read(
        "read_csv",
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


def read_table(
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
    **kwargs: Any,
) -> Any:
    """Read files of fields parted by tabs; everything else is as with ``read_csv``.

    Raises
    ------
    FileNotFoundError, ValueError, pandas.errors.EmptyDataError
        As ``read_csv``.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = pathlib.Path(folder.name, "fruit.tsv")
    >>> _ = path.write_text("name\\tweight\\nApple\\t3\\n")
    >>> list(read_table(path).columns)
    ['name', 'weight']
    >>> folder.cleanup()
    """
    if lineterminator is not None:
        kwargs["lineterminator"] = lineterminator
    if "delimiter" not in kwargs:
        kwargs.setdefault("sep", "\t")
    return _read(
        "read_table",
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
    caller: str,
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
    options = csv_options(caller, kwargs)
    files = find_files(urlpath, storage_options, what="CSV file")
    formats = [infer_compression(file.path, compression) for file in files]
    return frame_of_fields(
        caller, options, files, formats, blocksize, sample, sample_rows, assume_missing, include_path_column
    )


def frame_of_fields(
    caller: str,
    options: CsvOptions,
    files: list[StoredFile],
    formats: list[str | None],
    blocksize: int | str | None,
    sample: int | str,
    sample_rows: int | None,
    assume_missing: bool,
    include_path_column: bool | str,
) -> Any:
    """Make the collection of files that were found, whose compressions are known; arguments are those of ``read_csv``."""
    if sample_rows is not None and (
        not isinstance(sample_rows, int) or isinstance(sample_rows, bool) or sample_rows < 1
    ):
        raise ValueError(f"sample_rows must be a positive number of rows, got {sample_rows!r:.80}")
    size = parse_blocksize(blocksize, config.get("dataframe.blocksize"))
    sample_nbytes = sample_size(sample)
    _warn_whole(caller, files, formats, options, size)
    converters = dict(options.keywords.get("converters") or {})
    convert = converters.pop("path" if include_path_column is True else include_path_column, None)
    if convert is not None and include_path_column:
        options = replace(options, keywords={**options.keywords, "converters": converters or None})
    dtype, codes = path_categories(files, convert if include_path_column else None)
    reader = _reader(options, files, formats, sample_nbytes, sample_rows, assume_missing)
    name = path_column_name(include_path_column, reader.meta.columns)
    if name is not None:
        meta = reader.meta.assign(**{name: pd.Categorical([], dtype=dtype)})
        reader = replace(reader, meta=meta, path_column=name)
    parts = [
        CsvPart(block, code, form)
        for code, file, form in zip(codes, files, formats)
        for block in split_file(file, None if form or options.whole else size)
    ]
    return from_reader(reader, parts, reader.meta, prefix=caller.replace("_", "-"))


def sample_size(sample: int | str) -> int:
    """Return the sample's size in bytes.

    Raises
    ------
    ValueError
        If it is no size, or not positive.
    """
    nbytes = parse_bytes(sample)
    if nbytes < 1:
        raise ValueError(f"sample must be at least 1 byte, got {sample!r}")
    return nbytes


def _warn_whole(
    caller: str, files: list[StoredFile], formats: list[str | None], options: CsvOptions, size: int | None
) -> None:
    """Say that files aren't cut, where that matters and wasn't asked for."""
    if size is None:
        return
    form = next(filter(None, formats), None)
    reason = f"{form} files" if form else f"files with {options.whole}" if options.whole else ""
    if reason and (form or any(file.size is not None and file.size > size for file in files)):
        warnings.warn(
            f"{caller} can't cut {reason} into blocks: each file is one partition and must fit in memory. "
            "Say so with blocksize=None to be rid of this warning",
            stacklevel=5,
        )


def _reader(
    options: CsvOptions,
    files: list[StoredFile],
    formats: list[str | None],
    sample_nbytes: int,
    sample_rows: int | None,
    assume_missing: bool,
) -> CsvReader:
    frame, labels, data, file = _sample(options, files, formats, sample_nbytes, sample_rows)
    if not isinstance(frame.index, pd.RangeIndex) or _has_hidden_index(options, frame, labels):
        raise ValueError(
            f"{file.url}: rows have more fields than there are columns {list(labels)}: pandas would take the first for an index. "
            "Name all columns with names= (and header=0), or leave the last ones out with index_col=False"
        )
    options = options.with_labels(labels)
    end = header_end(data, options.dialect, options.skip, options.rows, options.skip_blank)
    dates = options.dates(pd.Index(labels))
    date_format = _date_format(options, data, frame, labels, [label for label in dates if label in frame.columns])
    meta = _meta(options, frame, assume_missing)
    check_fields = (
        options.function is pd.read_csv
        and options.keywords.get("index_col") is not False
        and not (options.whole or (options.usecols is not None and "names" in options.keywords))
    )
    return CsvReader(
        options,
        meta,
        tuple(labels),
        f"the first {format_bytes(min(len(data), sample_nbytes))} of {file.url}",
        data[: max(end, 0)],
        None,
        date_format,
        check_fields,
        next(iter(meta.columns), None),
        {
            label: has_texts(column)
            for label, column in frame.items()
            if column.dtype != meta[label].dtype
            and isinstance(column.dtype, pd.CategoricalDtype)
            and column.notna().any()
        },
    )


def _sample(
    options: CsvOptions, files: list[StoredFile], formats: list[str | None], nbytes: int, rows: int | None
) -> tuple[pd.DataFrame, list[Hashable], bytes, StoredFile]:
    """Return the first rows of the first file that has any, all its columns' labels, and the bytes they came from."""
    first: tuple[pd.DataFrame, list[Hashable], bytes, StoredFile] | None = None
    for file, form in zip(files, formats):
        data = _beginning(options, file, form, nbytes)
        try:
            frame = _parse(options, data, {"nrows": rows} if rows is not None else {})
            labels: list[Hashable] = list(
                _parse(options, data, {"usecols": None, "parse_dates": None, "dtype": None, "nrows": 1}).columns
            )
        except EmptyDataError:
            # A file without a header adds no rows; if all are so, it is raised below.
            continue
        except UnicodeDecodeError as error:
            error.add_note(undecodable(file.url))
            raise
        except (TypeError, ValueError, OverflowError) as error:
            wrong = _misfit(options, data)
            if wrong is None:
                raise
            raise ValueError(
                f"{file.url}: values of the column {wrong!r} do not fit its dtype (given): {error}. Give another with dtype=, or "
                "say with na_values= which texts stand for missing values"
            ) from error
        if len(frame):
            return frame, labels, data, file
        first = first or (frame, labels, data, file)
    if first is None:
        raise EmptyDataError(
            f"no columns to parse: {files[0].url}"
            + (f" and {len(files) - 1} more are" if files[1:] else " is")
            + " empty"
        )
    return first


def _misfit(options: CsvOptions, data: bytes) -> Hashable | None:
    """Return the first column whose values don't fit the dtype given for it, None if there is none."""
    for label in options.dtype if isinstance(options.dtype, Mapping) else []:
        alone = {"usecols": [label], "parse_dates": None, "converters": None}
        if not _parses(options, data, alone) and _parses(options, data, {**alone, "dtype": "str"}):
            found: Hashable = label
            return found
    return None


def _parses(options: CsvOptions, data: bytes, changes: Mapping[str, Any]) -> bool:
    try:
        _parse(options, data, changes)
    except (TypeError, ValueError, OverflowError):
        # Whether it fails is the question.
        return False
    return True


def _beginning(options: CsvOptions, file: StoredFile, form: str | None, nbytes: int) -> bytes:
    """Return whole records from a file's beginning, all of them if files can't be cut or the file is no longer."""
    if options.whole:
        return read_all(file, form)
    data = read_beginning(file, nbytes, form)
    if len(data) < nbytes:
        return data
    header = header_end(data, options.dialect, options.skip, options.rows, options.skip_blank)
    end = at = header
    while 0 <= at < len(data):
        at = next_record(data, at, False, options.dialect, fresh=True)
        end = max(at, end)
    if end <= max(header, 0):
        raise ValueError(
            f"{file.url}: the sample of {nbytes} bytes does not reach the end of the first row: give more with sample=, "
            "or say what ends rows with lineterminator="
        )
    return data[:end]


def _parse(options: CsvOptions, data: bytes, changes: Mapping[str, Any]) -> pd.DataFrame:
    keywords = {**options.keywords, "dtype": options.dtype, "usecols": options.usecols}
    if options.whole and "nrows" in changes and keywords.get("skipfooter"):
        changes = {name: value for name, value in changes.items() if name != "nrows"}
    return options.parse(data, {"low_memory": False, **keywords, **changes})


def _has_hidden_index(options: CsvOptions, frame: pd.DataFrame, labels: list[Hashable]) -> bool:
    """Return whether pandas took the first field of each row for an index that looks like a default one."""
    index = frame.index
    return isinstance(index, pd.RangeIndex) and len(index) > 0 and (index.start, index.step) != (0, 1)


def _date_format(
    options: CsvOptions, data: bytes, frame: pd.DataFrame, labels: list[Hashable], dates: list[Hashable]
) -> Any:
    """Return how dates are written, guessed from the first of each column as pandas does, so that all blocks read them alike."""
    given = options.keywords.get("date_format")
    # What a converter makes of texts is for pandas to understand.
    converters = options.keywords.get("converters") or {}
    dates = [label for label in dates if label not in converters and labels.index(label) not in converters]
    if not dates or isinstance(given, str):
        return given
    formats = dict(given or {})
    text = _parse(options, data, {"parse_dates": None, "date_format": None, "dtype": "str", "converters": None})
    for label in dates:
        if label in formats:
            continue
        values = text[label].dropna()
        if len(values) == 0:
            continue
        guess = guess_datetime_format(values.iloc[0], dayfirst=bool(options.keywords.get("dayfirst", False)))
        if guess is not None:
            # pandas 3.1 reads dates of this kind five times as fast by the standard's name as by their format.
            formats[label] = "ISO8601" if guess.startswith("%Y-%m-%d") and "%z" not in guess else guess
        if getattr(frame[label].dtype, "kind", "O") != "M":
            fits = pd.to_datetime(values, format=formats.get(label), errors="coerce", utc=True).notna()
            what = f"the first value is {values.iloc[0]!r}"
            if fits.iloc[0] and not fits.all():
                what = f"{values[~fits].iloc[0]!r} is none, or written otherwise than the first, {values.iloc[0]!r}"
            raise ValueError(
                f"the column {label!r} can't be parsed as dates: {what}. Say how dates are "
                "written with date_format=, or leave it out of parse_dates"
            )
    return formats or None


def _meta(options: CsvOptions, frame: pd.DataFrame, assume_missing: bool) -> pd.DataFrame:
    meta = frame.iloc[:0].reset_index(drop=True)
    for label in list(meta.columns):
        dtype = meta[label].dtype
        if assume_missing and is_integer_dtype(dtype) and not options.declares(label):
            meta[label] = meta[label].astype(
                "Float64" if isinstance(dtype, pd.api.extensions.ExtensionDtype) else "float64"
            )
        elif isinstance(dtype, pd.CategoricalDtype) and not _declares_categories(options, label):
            meta[label] = pd.Categorical([], categories=[UNKNOWN_CATEGORIES])
    return meta


def _declares_categories(options: CsvOptions, label: Hashable) -> bool:
    dtype = options.dtype.get(label) if isinstance(options.dtype, Mapping) else options.dtype
    return isinstance(dtype, pd.CategoricalDtype) and dtype.categories is not None

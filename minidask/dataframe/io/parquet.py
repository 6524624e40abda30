"""``read_parquet``: parquet files, a file or some of its row groups to a partition.

Place in the flow: ``parquet_files`` finds the files and reads their footers when the collection is made;
``parquet_promise`` says what the partitions will be, ``parquet_parts`` cuts the files, ``parquet_statistics`` finds divisions;
``parquet_reader`` runs in tasks. Only the columns that are needed are fetched.

Not for: writing (``minidask.dataframe.io.to_parquet``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from minidask.dataframe.columns import unknown_column
from minidask.dataframe.io.engines import check_engine
from minidask.dataframe.io.parquet_fast import check_types
from minidask.dataframe.io.parquet_files import EXTENSIONS, ParquetFile, find_parquet
from minidask.dataframe.io.parquet_filters import filter_columns, parse_filters
from minidask.dataframe.io.parquet_hive import key_dtypes
from minidask.dataframe.io.parquet_parts import ParquetPart, ParquetPiece, cut
from minidask.dataframe.io.parquet_promise import check_index, conversion, index_columns, promise
from minidask.dataframe.io.parquet_reader import ParquetReader
from minidask.dataframe.io.parquet_statistics import divisions, few_valued
from minidask.dataframe.io.parquet_systems import file_system
from minidask.dataframe.meta import UNKNOWN_CATEGORIES
from minidask.dataframe.source import from_reader
from minidask.io.blocks import parse_blocksize

# Uncompressed bytes of the row groups that one partition gets: about twice as much as a block of text takes.
_BLOCKSIZE = "128 MiB"


def read_parquet(
    path: Any,
    columns: Any = None,
    filters: Any = None,
    categories: Any = None,
    index: Any = None,
    storage_options: Mapping[str, Any] | None = None,
    dtype_backend: str | None = None,
    calculate_divisions: bool = False,
    ignore_metadata_file: bool = False,
    metadata_task_size: int | None = None,
    split_row_groups: bool | int | str = "infer",
    blocksize: int | str | None = "default",
    aggregate_files: bool | str | None = None,
    parquet_file_extension: str | Sequence[str] | None = EXTENSIONS,
    filesystem: Any = "fsspec",
    engine: str | None = None,
    arrow_to_pandas: Mapping[str, Any] | None = None,
) -> Any:
    """Read a parquet data set into a DataFrame.

    Directories named ``key=value`` become categorical columns, behind those of the files.

    Parameters
    ----------
    path : str, os.PathLike, or list of these
        A directory, a file, a glob, or a list of files.
    columns : list or str, optional
        Read only these; one name gives a Series.
    filters : list, optional
        Keep only rows that pass: tuples ``(column, operator, value)``, all of which must hold, or lists of these, any
        of which must. Missing values pass as in pandas; files and row groups that can't have a row that passes aren't read.
    categories : list or dict, optional
        Read these columns as categoricals; of a dict, the names are used.
    index : str, list or False, optional
        The column that becomes the index; False: none. Default: what was the index when pandas wrote the file.
    storage_options : mapping, optional
        For the file system.
    dtype_backend : str, optional
        ``"numpy_nullable"`` or ``"pyarrow"``: the kind of dtypes, as in pandas.
    calculate_divisions : bool
        Take the divisions from the footers; they stay unknown where these don't prove that the index is sorted. Files without
        rows are left out then.
    ignore_metadata_file : bool
        Read each file's footer, even if there is a ``_metadata`` file that has them all.
    metadata_task_size : int, optional
        Accepted for compatibility: footers are read when the collection is made, remote ones side by side.
    split_row_groups : bool, int or str
        True: a row group to a partition; a number: so many; False: a file; ``"infer"``, ``"adaptive"``: as many as fit into
        ``blocksize``.
    blocksize : int, str or None
        Uncompressed bytes; default 128 MiB.
    aggregate_files : bool or str, optional
        Whether a partition may have rows of several files, where these are cut by number or bytes; the name of a directory's
        key: of files that are below the same one.
    parquet_file_extension : str, sequence or None
        How names of data end in a directory; None: anyhow.
    filesystem : str or fsspec.AbstractFileSystem
        ``"fsspec"``: what the path says; ``"arrow"``: the local disk; or where the paths are.
    engine : str, optional
        ``"pyarrow"`` (the default, also ``"auto"``) or ``"fastparquet"``.
    arrow_to_pandas : mapping, optional
        Options for ``pyarrow.Table.to_pandas``.

    Raises
    ------
    FileNotFoundError
        If there is no file.
    ValueError
        If files differ in their columns or aren't parquet, or a write stopped half way.
    KeyError
        If a column isn't there.
    NotImplementedError
        If fastparquet can't read a column exactly.
    ImportError
        If the engine isn't installed.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = pathlib.Path(folder.name, "x.parquet")
    >>> pd.DataFrame({"x": [1, 2], "y": ["a", "b"]}).to_parquet(path)
    >>> read_parquet(path, columns="x").compute().tolist()
    [1, 2]
    >>> read_parquet(path, filters=[("y", "!=", "a")]).compute()["x"].tolist()
    [2]
    >>> folder.cleanup()
    """
    engine = check_engine(engine)
    split, size = _check_cutting(split_row_groups, blocksize)
    if not (columns is None or isinstance(columns, str | list | tuple | pd.Index)):
        raise TypeError(f"columns must be a name or a list of names, got {type(columns).__name__}: {columns!r:.80}")
    options = conversion(dtype_backend, arrow_to_pandas)
    index = _index(index)
    files = find_parquet(
        path,
        storage_options,
        fs=file_system(filesystem, path, storage_options),
        extensions=_extensions(parquet_file_extension),
        ignore_metadata_file=ignore_metadata_file,
    )
    schema = files[0].schema
    if index is None:
        check_index(files)
    whole, names, types = promise(files, index, options, key_dtypes([one.keys for one in files]))
    wanted: list[Any] | None = [columns] if isinstance(columns, str) else None if columns is None else list(columns)
    _check_wanted(wanted or [], whole)
    meta = _with_categories(whole if wanted is None else whole[wanted], categories)
    parsed = parse_filters(filters, [*whole.columns, *filter(None, whole.index.names)]) if not _none(filters) else None
    indexes = [] if index is None or index is False else [index] if isinstance(index, str) else index
    reader = ParquetReader(
        meta,
        whole,
        tuple(dict.fromkeys([*indexes, *index_columns(schema)])),
        index,
        () if parsed is None else (parsed,),
        engine,
        options,
        # With Arrow's own dtypes, a decoded text could be of another width than the file's.
        few_valued(files[0]) if engine == "pyarrow" and "types_mapper" not in options and not names else (),
        names=names,
        types=types,
    )
    if engine == "fastparquet":
        check_types(schema, reader.stored([*meta.columns, *reader.index, *filter_columns(reader.filters)]), "read")
    parts = cut(files, split, size, aggregate_files or False)
    found = {one.file.path: one for one in files}
    if parsed is not None:
        parts = _pruned(parts, found, reader)
    bounds = None
    if calculate_divisions:
        parts = [part for part in parts if part.rows] or parts[:1]
        bounds = divisions(parts, found, whole.index, _stored_index(whole.index, schema, index))
    frame = from_reader(reader, parts, meta, bounds, prefix="read-parquet")
    return frame[columns] if isinstance(columns, str) else frame


def _none(filters: Any) -> bool:
    return filters is None or (isinstance(filters, list | tuple) and not filters)


def _check_cutting(split: Any, blocksize: Any) -> tuple[Any, int]:
    by_count = isinstance(split, int) and (split is False or split > 0)
    if not by_count and split not in ("infer", "adaptive"):
        raise ValueError(
            f"split_row_groups must be True, False, 'infer', 'adaptive' or a positive number, got {split!r}"
        )
    size = parse_blocksize("default" if blocksize is None else blocksize, _BLOCKSIZE)
    assert size is not None
    return split, size


def _index(index: Any) -> Any:
    if index is None or index is False or isinstance(index, str):
        return index
    if not isinstance(index, list | tuple) or not index or not all(isinstance(name, str) for name in index):
        raise TypeError(f"index must be a column's name, a list of names, or False, got {index!r:.80}")
    return index[0] if len(index) == 1 else list(index)


def _extensions(given: Any) -> tuple[str, ...] | None:
    if given is None or isinstance(given, str):
        return None if given is None else (given,)
    if not isinstance(given, Iterable) or not all(isinstance(one, str) for one in given):
        raise TypeError(f"parquet_file_extension must be a text, several of them, or None, got {given!r:.80}")
    return tuple(given)


def _check_wanted(wanted: list[Any], whole: pd.DataFrame) -> None:
    for label in wanted:
        if label not in whole.columns:
            raise unknown_column(label, whole.columns)
        if wanted.count(label) > 1:
            raise ValueError(f"columns= names {label!r} twice")


def _with_categories(meta: pd.DataFrame, categories: Any) -> pd.DataFrame:
    if categories is None:
        return meta
    if isinstance(categories, str) or not isinstance(categories, Iterable):
        raise TypeError(
            f"categories must be a list of columns, or a mapping of them to numbers, got {categories!r:.80}"
        )
    for label in categories:
        if label not in meta.columns:
            raise unknown_column(label, meta.columns)
    coded = meta.copy()
    for label in categories:
        if not isinstance(meta.dtypes[label], pd.CategoricalDtype):
            coded[label] = pd.Categorical([], categories=[UNKNOWN_CATEGORIES])
    return coded


def _pruned(parts: Sequence[ParquetPart], files: Mapping[str, ParquetFile], reader: ParquetReader) -> list[ParquetPart]:
    """Leave out files and partitions that can't have a row that passes; one partition stays at least."""

    def possible(piece: ParquetPiece) -> bool:
        one = files[piece.file.path]
        places = [one.places[group] for group in piece.groups]
        return bool(reader.possible(piece, one.footer, one.leaves, places))

    kept = [tuple([piece for piece in part.pieces if possible(piece)]) for part in parts]
    return [ParquetPart(pieces) for pieces in kept if pieces] or [ParquetPart(parts[0].pieces[:1])]


def _stored_index(index: pd.Index, schema: Any, given: Any) -> str | None:
    """Return the column that holds an index of one level; None if it isn't stored as one."""
    if index.nlevels > 1 or given is False:
        return None
    if isinstance(given, str):
        return given
    return next(iter(index_columns(schema)), None)

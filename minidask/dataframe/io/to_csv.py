"""``to_csv``: a partition to a file, or all of them to one.

Place in the flow: partitions become bytes side by side. Each file is written under a temporary name and renamed when
it is whole; a
single file is put together in the partitions' order by a chain of tasks, which hold no more than a few partitions at a time.
"""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pandas as pd

from minidask.dataframe.collection import new_collection
from minidask.dataframe.io.finish import Chain, WriteBytes, check_keywords, finished, later, nothing, run
from minidask.dataframe.io.part_names import part_paths
from minidask.dataframe.layers import FrameLayer, frame_layer
from minidask.graph.blockwise import BlockId, Parts
from minidask.io.compression import CONCATENABLE, infer_compression, open_compressed
from minidask.io.paths import is_local, resolve_target, shown
from minidask.io.writing import Staging, write_file

_MODES = {"w": "w", "wt": "w", "x": "x", "xt": "x", "a": "a", "at": "a"}


@dataclass(frozen=True)
class Text:
    """Turn a partition into the bytes of its file."""

    header: Any
    first_only: bool
    joined: bool
    encoding: str
    compression: str | None
    keywords: Mapping[str, Any]

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "to_csv"

    def __call__(self, frame: Any, block: tuple[int, ...]) -> bytes:
        """Return the bytes."""
        header = False if self.first_only and block[0] else self.header
        text: str = frame.to_csv(header=header, **self.keywords)
        # A byte order mark belongs at the beginning of a file, not of each of its parts.
        encoding = _unmarked(self.encoding) if self.joined and block[0] else self.encoding
        data = text.encode(encoding, self.keywords.get("errors") or "strict")
        if self.compression is None:
            return data
        buffer = BytesIO()
        with open_compressed(_Kept(buffer), self.compression, "wb") as file:
            file.write(data)
        return buffer.getvalue()


class _Kept:
    """A buffer that stays open when what writes to it is closed."""

    def __init__(self, buffer: BytesIO) -> None:
        self._buffer = buffer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._buffer, name)

    def close(self) -> None:
        """Leave it open."""


@dataclass(frozen=True)
class WriteText:
    """Write one partition's file."""

    fs: Any
    text: Text
    mode: str

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "to_csv"

    def __call__(self, frame: Any, path: str, block: tuple[int, ...]) -> str:
        """Write; return the file's path."""
        data = self.text(frame, block)
        if self.mode == "a" and self.fs.exists(path):
            with self.fs.open(path, "ab") as file:
                file.write(data)
        else:
            write_file(self.fs, path, WriteBytes(data), exclusive=self.mode == "x")
        return shown(self.fs, path)


@dataclass(frozen=True)
class Append:
    """Add a partition's bytes to the file that grows under a temporary name; put it in place after the last."""

    staging: Staging
    target: str
    name: str
    mode: str
    count: int

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "append_csv"

    def __call__(self, state: tuple[int, int], data: bytes) -> Any:
        """Return the number of parts that are there, and their bytes."""
        at, nbytes = state
        fs, growing = self.staging.fs, self.staging.path(self.name)
        if at == 0:
            self.staging.prepare()
        elif is_local(fs):
            # A task whose worker was lost may have written some of it before.
            os.truncate(growing, nbytes)
        with fs.open(growing, "wb" if at == 0 else "ab") as file:
            file.write(data)
        if at + 1 < self.count:
            return at + 1, nbytes + len(data)
        if self.mode == "a" and fs.exists(self.target):
            with fs.open(growing, "rb") as new, fs.open(self.target, "ab") as file:
                while piece := new.read(1 << 20):
                    file.write(piece)
        elif self.mode == "x" and fs.exists(self.target):
            raise FileExistsError(f"{shown(fs, self.target)!r} is there already")
        else:
            fs.makedirs(fs._parent(self.target), exist_ok=True)
            fs.mv(growing, self.target)
        self.staging.discard()
        return shown(fs, self.target)


def to_csv(
    df: Any,
    filename: Any,
    single_file: bool = False,
    encoding: str = "utf-8",
    mode: str = "wt",
    name_function: Callable[[int], str] | None = None,
    compression: str | None = None,
    compute: bool = True,
    scheduler: Any = None,
    storage_options: Mapping[str, Any] | None = None,
    header_first_partition_only: bool | None = None,
    compute_kwargs: Mapping[str, Any] | None = None,
    **kwargs: Any,
) -> Any:
    """Write a DataFrame or Series as CSV, one file a partition or one file for all.

    Parameters
    ----------
    df : DataFrame or Series
    filename : str, os.PathLike or list
        A path with ``*``, which becomes the partition's number (or what ``name_function`` gives); a directory, which gets
        ``0.part`` and so on; a list with a path for each partition; or, with ``single_file``, the file.
    single_file : bool
    encoding : str
    mode : str
        ``"wt"``; ``"xt"``: the files must not be there; ``"at"``: add to the files.
    name_function : callable, optional
        From a partition's number to what stands for ``*``; texts must sort as the numbers.
    compression : str, optional
        Such as ``"gzip"``; ``"infer"``: by the suffix.
    compute : bool
        False: return delayed values that write when they are computed, one a file: ``minidask.compute(*values)``.
    scheduler, compute_kwargs : optional
        As for ``compute``.
    storage_options : mapping, optional
        For the file system.
    header_first_partition_only : bool, optional
        Write the header once; default: with ``single_file``, where it must be so.
    **kwargs
        For ``pandas.DataFrame.to_csv``: ``index``, ``header``, ``columns``, ``sep`` and so on.

    Returns
    -------
    list of the files' paths, or of delayed values of them if ``compute`` is False

    Raises
    ------
    TypeError
        If ``df`` is no collection of minidask.
    ValueError
        If names aren't different or not in order, or arguments exclude each other.
    LookupError
        If the encoding is unknown.
    IsADirectoryError
        If the single file's path is a directory.
    FileExistsError
        With ``mode="xt"``, on computing.

    Examples
    --------
    >>> import tempfile
    >>> import minidask.dataframe as dd
    >>> folder = tempfile.TemporaryDirectory()
    >>> df = dd.from_pandas(pd.DataFrame({"x": [1, 2, 3]}), npartitions=2)
    >>> [os.path.basename(path) for path in to_csv(df, folder.name + "/x-*.csv", index=False)]
    ['x-0.csv', 'x-1.csv']
    >>> folder.cleanup()
    """
    if not isinstance(getattr(df, "_meta", None), pd.DataFrame | pd.Series):
        raise TypeError(f"to_csv needs a minidask DataFrame or Series, got {type(df).__name__}")
    if mode not in _MODES:
        raise ValueError(f"mode must be one of {', '.join(map(repr, _MODES))}, got {mode!r}")
    if single_file and name_function is not None:
        raise ValueError("name_function names a file for each partition: it has no use with single_file=True")
    if single_file and header_first_partition_only is False:
        raise ValueError("one file has one header: header_first_partition_only=False has no use with single_file=True")
    codecs.lookup(encoding)
    check_keywords("to_csv", kwargs, pd.DataFrame.to_csv)
    keywords = {"lineterminator": "\n", **{name: value for name, value in kwargs.items() if name != "header"}}
    if keywords["lineterminator"] is None:
        keywords["lineterminator"] = "\n"
    first_only = single_file if header_first_partition_only is None else header_first_partition_only
    # A Series writes its name, as pandas does.
    header = kwargs.get("header", True)
    # Mistakes in pandas's own keywords show on the empty frame.
    df._meta.to_csv(header=header, **keywords)
    count = df.npartitions
    if single_file:
        fs, path = resolve_target(filename, storage_options)
        if fs.isdir(path):
            raise IsADirectoryError(f"{shown(fs, path)!r} is a directory: name the file, or leave single_file=True out")
        form = infer_compression(path, compression)
        if form not in CONCATENABLE:
            raise ValueError(
                f"{form} files can't be put together of parts: use gzip, bz2, xz or zstd, or several files"
            )
        staging = Staging.of(fs, path)
        text = Text(header, first_only, single_file, encoding, form, keywords)
        layer = frame_layer(FrameLayer, "to-csv", text, [df._layer, BlockId()], None, None, token=staging.token)
        append = Append(staging, path, os.path.basename(path), _MODES[mode], count)
        chain = Chain(f"append-csv-{staging.token}", layer, append, (0, 0))
        if not compute:
            return later(chain)
        return [run(new_collection(chain, None), True, scheduler, compute_kwargs, staging.discard)]
    urls = part_paths(filename, name_function, count, compression)
    fs, _ = resolve_target(urls[0], storage_options)
    paths = [resolve_target(url, storage_options)[1] for url in urls]
    text = Text(header, first_only, single_file, encoding, infer_compression(paths[0], compression), keywords)
    write = WriteText(fs, text, _MODES[mode])
    token = Staging.of(fs, paths[0]).token
    layer = frame_layer(FrameLayer, "to-csv", write, [df._layer, Parts(paths), BlockId()], None, None, token=token)
    if not compute:
        return later(layer)
    return run(finished(layer, list, f"finish-csv-{token}"), True, scheduler, compute_kwargs, nothing)


def _unmarked(encoding: str) -> str:
    """Return the encoding that writes the same bytes without a byte order mark before them."""
    name = codecs.lookup(encoding).name
    native = "le" if sys.byteorder == "little" else "be"
    return {"utf-8-sig": "utf-8", "utf-16": f"utf-16-{native}", "utf-32": f"utf-32-{native}"}.get(name, name)

"""``to_json``: a partition to a file of JSON.

Place in the flow: partitions become text side by side. Each file is written under a temporary name and renamed when it is whole.

Not for: one file of several partitions.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from minidask.dataframe.io.finish import WriteBytes, check_keywords, finished, later, nothing, run
from minidask.dataframe.io.part_names import part_paths
from minidask.dataframe.layers import FrameLayer, frame_layer
from minidask.graph.blockwise import Parts
from minidask.io.compression import infer_compression
from minidask.io.paths import resolve_target, shown
from minidask.io.writing import Staging, write_file


@dataclass(frozen=True)
class WriteJson:
    """Write one partition's file."""

    fs: Any
    encoding: str
    errors: str
    compression: str | None
    keywords: Mapping[str, Any]

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "to_json"

    def __call__(self, frame: Any, path: str) -> str:
        """Write; return the file's path."""
        text: str = frame.to_json(**self.keywords)
        # pandas writes no line at all for no rows, but one line break.
        data = b"" if self.keywords["lines"] and not len(frame) else text.encode(self.encoding, self.errors)
        write_file(self.fs, path, WriteBytes(data), compression=self.compression)
        return shown(self.fs, path)


def to_json(
    df: Any,
    url_path: Any,
    orient: str = "records",
    lines: bool | None = None,
    storage_options: Mapping[str, Any] | None = None,
    compute: bool = True,
    encoding: str = "utf-8",
    errors: str = "strict",
    compression: str | None = None,
    compute_kwargs: Mapping[str, Any] | None = None,
    name_function: Callable[[int], str] | None = None,
    **kwargs: Any,
) -> Any:
    """Write a DataFrame or Series as JSON, one file a partition.

    Parameters
    ----------
    df : DataFrame or Series
    url_path : str, os.PathLike or list
        A path with ``*``, which becomes the partition's number (or what ``name_function`` gives); a directory, which gets
        ``0.part`` and so on; or a list with a path for each partition.
    orient : str
        How records are written, as in ``pandas.DataFrame.to_json``. ``"records"`` leaves the index out.
    lines : bool, optional
        Write a record a line; default: with ``orient="records"``.
    storage_options : mapping, optional
        For the file system.
    compute : bool
        False: return delayed values that write when they are computed, one a file: ``minidask.compute(*values)``.
    encoding, errors : str
        As in ``str.encode``.
    compression : str, optional
        Such as ``"gzip"``; ``"infer"``: by the suffix.
    compute_kwargs : mapping, optional
        For ``compute``.
    name_function : callable, optional
        From a partition's number to what stands for ``*``; texts must sort as the numbers.
    **kwargs
        For ``pandas.DataFrame.to_json``: ``date_format``, ``double_precision``, ``indent`` and so on.

    Returns
    -------
    list of the files' paths, or of delayed values of them if ``compute`` is False

    Raises
    ------
    TypeError
        If ``df`` is no collection of minidask, or an argument is unknown.
    ValueError
        If names aren't different or not in order, or arguments exclude each other.
    LookupError
        If the encoding is unknown.

    Examples
    --------
    >>> import os, pathlib, tempfile
    >>> import minidask.dataframe as dd
    >>> folder = tempfile.TemporaryDirectory()
    >>> df = dd.from_pandas(pd.DataFrame({"x": [1, 2, 3]}), npartitions=2)
    >>> [os.path.basename(path) for path in to_json(df, folder.name + "/x-*.json")]
    ['x-0.json', 'x-1.json']
    >>> pathlib.Path(folder.name, "x-0.json").read_text()
    '{"x":1}\\n'
    >>> folder.cleanup()
    """
    if not isinstance(getattr(df, "_meta", None), pd.DataFrame | pd.Series):
        raise TypeError(f"to_json needs a minidask DataFrame or Series, got {type(df).__name__}")
    check_keywords("to_json", kwargs, pd.DataFrame.to_json)
    keywords = {**kwargs, "orient": orient, "lines": orient == "records" if lines is None else lines}
    codecs.lookup(encoding)
    # Mistakes in pandas's own keywords show on the empty frame.
    df._meta.to_json(**keywords)
    urls = part_paths(url_path, name_function, df.npartitions, compression)
    fs, _ = resolve_target(urls[0], storage_options)
    paths = [resolve_target(url, storage_options)[1] for url in urls]
    write = WriteJson(fs, encoding, errors, infer_compression(paths[0], compression), keywords)
    token = Staging.of(fs, paths[0]).token
    layer = frame_layer(FrameLayer, "to-json", write, [df._layer, Parts(paths)], None, None, token=token)
    if not compute:
        return later(layer)
    return run(finished(layer, list, f"finish-json-{token}"), True, None, compute_kwargs, nothing)

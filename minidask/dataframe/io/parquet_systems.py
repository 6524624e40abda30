"""Which file system the ``filesystem=`` of ``read_parquet`` and ``to_parquet`` means.

Place in the flow: both ask here before paths are looked at. On the local disk pyarrow opens files itself, elsewhere fsspec does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from minidask.io.paths import is_local


def file_system(
    filesystem: Any, path: Any, storage_options: Mapping[str, Any] | None = None
) -> AbstractFileSystem | None:
    """Return the file system to use; None for what the path says.

    Parameters
    ----------
    filesystem : str or fsspec.AbstractFileSystem
        ``"fsspec"`` or None: what the path says; ``"arrow"``: the same, if that is the local disk.
    path : path or list of paths

    Raises
    ------
    NotImplementedError
        For ``"arrow"`` elsewhere, and for file systems of pyarrow.
    TypeError, ValueError
        If it is no file system, or options are given besides one.

    Examples
    --------
    >>> file_system("fsspec", "x") is None
    True
    """
    if filesystem is None or (isinstance(filesystem, str) and filesystem == "fsspec"):
        return None
    if isinstance(filesystem, AbstractFileSystem):
        if storage_options:
            raise ValueError(
                "storage_options and a file system exclude each other: give the options to the file system"
            )
        return filesystem
    if isinstance(filesystem, str) and filesystem == "arrow":
        first = path[0] if isinstance(path, list | tuple) and path else path
        if isinstance(first, str) and not is_local(url_to_fs(first, **(storage_options or {}))[0]):
            raise NotImplementedError(
                f"filesystem='arrow' reads the local disk only: use filesystem='fsspec' for {first!r}"
            )
        return LocalFileSystem()
    if type(filesystem).__module__.startswith("pyarrow"):
        raise NotImplementedError(
            f"{type(filesystem).__name__} of pyarrow isn't taken: give the file system of fsspec, or a path with its protocol"
        )
    raise TypeError(f"filesystem must be 'fsspec', 'arrow', or a file system of fsspec, got {filesystem!r:.80}")

"""Compressed files: which compression a name stands for, and opening what it holds.

Place in the flow: readers and writers ask here; the formats themselves are fsspec's.

Not for: compressing what travels between processes.
"""

from __future__ import annotations

from typing import Any

from fsspec.compression import compr
from fsspec.utils import infer_compression as _by_suffix

# Formats whose files may be joined end to end: each part is compressed by itself.
CONCATENABLE = frozenset({None, "gzip", "bz2", "xz", "lzma", "zstd"})

_ALIASES = {"gz": "gzip", "zst": "zstd", "bzip2": "bz2", "zipfile": "zip"}
# Suffixes of the formats that fsspec has only with an optional library.
_OPTIONAL = {".zst": "zstd", ".lz4": "lz4", ".snappy": "snappy"}
_LIBRARIES = {"zstd": "zstandard", "lz4": "lz4", "snappy": "cramjam"}
SUFFIXES = {
    "gzip": ".gz",
    "bz2": ".bz2",
    "xz": ".xz",
    "zip": ".zip",
    "zstd": ".zst",
    "lz4": ".lz4",
    "snappy": ".snappy",
}


def infer_compression(path: str, compression: str | None = "infer") -> str | None:
    """Return the name of a file's compression, None for none.

    Parameters
    ----------
    path : str
        Its suffix decides where ``compression`` is ``"infer"``.
    compression : str or None
        A name such as ``"gzip"``, ``"infer"``, or None.

    Raises
    ------
    ValueError
        If the name is unknown.
    ImportError
        If the format needs a library that isn't installed.

    Examples
    --------
    >>> infer_compression("flights.csv.gz"), infer_compression("flights.csv"), infer_compression("x", "bz2")
    ('gzip', None, 'bz2')
    """
    if compression is None:
        return None
    if not isinstance(compression, str):
        raise TypeError(f"compression must be a name or None, got {type(compression).__name__}: {compression!r:.80}")
    if compression == "infer":
        suffix = path[path.rfind(".") :].lower() if "." in path else ""
        name = _by_suffix(path) or _OPTIONAL.get(suffix)
        if name is None:
            return None
    else:
        name = _ALIASES.get(compression.lower(), compression.lower())
    if name not in compr:
        if name in _LIBRARIES:
            raise ImportError(
                f"{path!r} is compressed with {name}, which needs the package {_LIBRARIES[name]!r}: install it"
            )
        known = ", ".join(repr(known) for known in sorted({*filter(None, compr), *_LIBRARIES}))
        raise ValueError(f"unknown compression {compression!r}: it is 'infer', None, or one of {known}")
    return name


def open_compressed(file: Any, compression: str | None, mode: str = "rb") -> Any:
    """Return a file of what a compressed file holds, or one that compresses what is written to it."""
    if compression is None:
        return file
    return compr[compression](file, mode=mode)

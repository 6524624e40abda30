"""Bytes in files, near and far: finding, splitting, reading and writing them, all through fsspec.

Place in the flow: below every collection that reads or writes files, above nothing but ``config`` and ``units``. It
knows bytes and names; what the bytes mean (CSV, parquet, text) is known by the collections.

Tour: ``paths`` (urls, globs and lists become ``StoredFile`` with size and version), ``compression`` (names, suffixes, opening),
``bytes`` (ranges and whole contents, with errors that name the file), ``blocks`` (a file cut into ranges that end where records
do), ``writing`` (a file or a whole directory appears at once or not at all), ``folder`` (temporary files of one operation),
``memory`` (how much there is).
"""

from minidask.io.blocks import Block, read_block, split_file
from minidask.io.bytes import FileChangedError, read_all, read_range
from minidask.io.compression import infer_compression
from minidask.io.paths import StoredFile, find_files, resolve_target
from minidask.io.writing import Staging, write_file

__all__ = [
    "Block",
    "FileChangedError",
    "Staging",
    "StoredFile",
    "find_files",
    "infer_compression",
    "read_all",
    "read_block",
    "read_range",
    "resolve_target",
    "split_file",
    "write_file",
]

"""A file cut into blocks: ranges of bytes that tasks read side by side, each ending where a record ends.

Place in the flow: ``split_file`` cuts by size alone when the collection is made (no byte is read); the task that reads a block
moves both of its ends to the next beginning of a record. Block ``k`` ends where block ``k + 1`` begins, because both find that
place by the same function of the same bytes: nothing is lost, nothing is read twice.

``read_block`` is for records that end with a delimiter, whatever stands before it (text, JSON lines). CSV with quoted line
breaks needs more: ``minidask.dataframe.io.records``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from minidask.io.bytes import read_range
from minidask.io.paths import StoredFile
from minidask.units import parse_bytes

# How far to look for a delimiter at a time, in bytes.
_LOOK = 1 << 16


@dataclass(frozen=True, slots=True)
class Block:
    """The bytes ``start`` to ``stop`` of a file, before both ends are moved to records; ``stop`` None is the file's end.

    Examples
    --------
    >>> Block(None, 0, None).whole
    True
    """

    file: StoredFile
    start: int
    stop: int | None

    @property
    def whole(self) -> bool:
        """Whether it is the whole file."""
        return self.start == 0 and self.stop is None

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        return "Block", self.file, self.start, self.stop

    def __str__(self) -> str:
        if self.whole:
            return self.file.url
        return f"{self.file.url} (bytes {self.start} to {'the end' if self.stop is None else self.stop})"


def parse_blocksize(blocksize: Any, default: Any) -> int | None:
    """Return a size of blocks in bytes; None for whole files.

    Parameters
    ----------
    blocksize : int, str or None
        Bytes, ``"16 MiB"``, ``"default"``, or None.
    default : int or str
        What ``"default"`` stands for.

    Raises
    ------
    ValueError
        If it is no size, or not positive.

    Examples
    --------
    >>> parse_blocksize("1 kiB", None), parse_blocksize("default", "2 MB"), parse_blocksize(None, 1)
    (1024, 2000000, None)
    """
    if blocksize is None:
        return None
    if isinstance(blocksize, str) and blocksize == "default":
        blocksize = default
    if isinstance(blocksize, bool) or not isinstance(blocksize, int | float | str):
        raise TypeError(
            f"blocksize must be a number of bytes, a text such as '16 MiB', or None, "
            f"got {type(blocksize).__name__}: {blocksize!r}"
        )
    size = parse_bytes(blocksize)
    if size < 1:
        raise ValueError(f"blocksize must be at least 1 byte, got {blocksize!r} (None reads whole files)")
    return size


def split_file(file: StoredFile, blocksize: int | None) -> list[Block]:
    """Cut a file into blocks of about the same size, none above ``blocksize`` bytes; one block for None.

    Examples
    --------
    >>> file = StoredFile(None, "x", "x", 10, None)
    >>> [(block.start, block.stop) for block in split_file(file, 4)]
    [(0, 3), (3, 6), (6, None)]
    """
    if blocksize is None or file.size is None or file.size <= blocksize:
        return [Block(file, 0, None)]
    count = -(-file.size // blocksize)
    edges = [file.size * i // count for i in range(count)]
    return [Block(file, start, stop) for start, stop in zip(edges, [*edges[1:], None])]


def read_block(block: Block, delimiter: bytes) -> bytes:
    """Return a block's records: those that begin inside it.

    Parameters
    ----------
    block : Block
    delimiter : bytes
        What ends a record; the file's last record may lack it. Where it overlaps itself (three line breaks, if it is two), what
        counts depends on where the search begins.

    Raises
    ------
    FileNotFoundError, FileChangedError
        If the file is gone or another.
    """
    start = record_start(block.file, block.start, delimiter)
    stop = block.file.size if block.stop is None else record_start(block.file, block.stop, delimiter)
    if stop is None:
        return bytes(block.file.fs.cat_file(block.file.path))
    return read_range(block.file, start, stop)


def record_start(file: StoredFile, at: int, delimiter: bytes) -> int:
    """Return where the first record begins that begins at ``at`` or later; the file's size if there is none."""
    if at == 0:
        return 0
    size = file.size
    assert size is not None, "only files of known size are split"
    # A delimiter that ends exactly at `at` counts; one that spans two looks is found by the overlap.
    begin = at - len(delimiter)
    data = b""
    position = max(begin, 0)
    while position < size:
        piece = read_range(file, position, position + _LOOK)
        found = (data + piece).find(delimiter)
        if found >= 0:
            return position - len(data) + found + len(delimiter)
        data = piece[len(piece) - len(delimiter) + 1 :] if len(delimiter) > 1 else b""
        position += len(piece)
    return size

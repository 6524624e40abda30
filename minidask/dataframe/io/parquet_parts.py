"""How the row groups of a data set are cut into partitions.

Place in the flow: ``parquet`` calls ``cut`` with the files that were found; the parts are those of
a ``minidask.dataframe.reading.FrameSource``, and ``ParquetReader`` reads one in a task.

Invariants: parts are in the order of files and row groups, and each row group is in one part. A part has row groups of
several files only if that was asked for. A part knows its rows and bytes, for plans that choose by them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from minidask.dataframe.io.parquet_files import ParquetFile
from minidask.io.paths import StoredFile


@dataclass(frozen=True, slots=True)
class ParquetPiece:
    """Row groups of one file.

    Parameters
    ----------
    file : StoredFile
    groups : tuple of int
    first_row : int
        Where the first row stands in the file.
    rows : int
    nbytes : int
        Uncompressed, of all columns, as the footer says.
    keys : tuple
        Names and texts of the directories.
    """

    file: StoredFile
    groups: tuple[int, ...]
    first_row: int
    rows: int
    nbytes: int = 0
    keys: tuple[tuple[str, str | None], ...] = ()

    def __str__(self) -> str:
        return f"{self.file.url} (row groups {', '.join(map(str, self.groups))})"


@dataclass(frozen=True, slots=True)
class ParquetPart:
    """What one partition is read of; usually one piece."""

    pieces: tuple[ParquetPiece, ...]

    @property
    def rows(self) -> int:
        """How many rows there are before any filter."""
        return sum(piece.rows for piece in self.pieces)

    @property
    def nbytes(self) -> int:
        """How many uncompressed bytes all columns have."""
        return sum(piece.nbytes for piece in self.pieces)

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        return "ParquetPart", tuple([(piece.file, piece.groups) for piece in self.pieces])

    def __str__(self) -> str:
        return ", ".join(map(str, self.pieces))


def cut(
    files: Sequence[ParquetFile], split_row_groups: bool | int | str, blocksize: int, aggregate: bool | str = False
) -> list[ParquetPart]:
    """Cut files into partitions.

    Parameters
    ----------
    files : sequence
    split_row_groups : bool, int or str
        True: a row group to a partition; a number: so many; False: a file; ``"infer"`` or ``"adaptive"``: as many row groups as
        fit into ``blocksize`` bytes, uncompressed.
    blocksize : int
    aggregate : bool or str
        Whether a partition may have row groups of several files: True of any, a key's name of those whose directories are
        the same down to it. Without effect where a partition is a row group or a file.

    Raises
    ------
    ValueError
        If ``aggregate`` names no key.
    """
    parts: list[ParquetPart] = []
    pieces: list[ParquetPiece] = []
    within: Any = None
    aggregate = aggregate if isinstance(split_row_groups, str) or split_row_groups > 1 else False
    for number, one in enumerate(files):
        bucket = number if aggregate is False else _bucket(one, aggregate)
        first = 0
        for piece in _groups(one):
            if pieces and (
                bucket != within or (piece.groups and _full(split_row_groups, pieces, piece.nbytes, blocksize))
            ):
                parts.append(ParquetPart(tuple(pieces)))
                pieces = []
            _append(pieces, piece, first)
            first += piece.rows
            within = bucket
    parts.append(ParquetPart(tuple(pieces)))
    return parts


def _groups(one: ParquetFile) -> list[ParquetPiece]:
    """Return a piece for each row group; one without any for a file that has none."""
    found = []
    for at in range(one.num_row_groups):
        group = one.row_group(at)
        found.append(ParquetPiece(one.file, (at,), 0, group.num_rows, group.total_byte_size, one.keys))
    return found or [ParquetPiece(one.file, (), 0, 0, 0, one.keys)]


def _append(pieces: list[ParquetPiece], piece: ParquetPiece, first: int) -> None:
    last = pieces[-1] if pieces else None
    if last is None or last.file.path != piece.file.path or last.first_row + last.rows != first:
        pieces.append(ParquetPiece(piece.file, piece.groups, first, piece.rows, piece.nbytes, piece.keys))
        return
    pieces[-1] = ParquetPiece(
        last.file,
        last.groups + piece.groups,
        last.first_row,
        last.rows + piece.rows,
        last.nbytes + piece.nbytes,
        last.keys,
    )


def _bucket(one: ParquetFile, aggregate: str | bool) -> Any:
    """Return what the files have in common that may share a partition."""
    if aggregate is True:
        return True
    names = [name for name, _ in one.keys]
    if aggregate not in names:
        raise ValueError(
            f"aggregate_files={aggregate!r} must name a directory of the data set; there are "
            f"{names or 'none (aggregate_files=True puts any files together)'}"
        )
    return one.keys[: names.index(aggregate) + 1]


def _full(split: bool | int | str, pieces: Sequence[ParquetPiece], nbytes: int, blocksize: int) -> bool:
    groups = sum(len(piece.groups) for piece in pieces)
    if split is True:
        return groups > 0
    if split is False:
        return False
    if isinstance(split, int):
        return groups >= split
    return groups > 0 and sum(piece.nbytes for piece in pieces) + nbytes > blocksize

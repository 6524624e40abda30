"""A split partition in one file: a piece is an Arrow IPC message in a zstd frame, with its place and its checksum in an index.

The file: the frames, one a piece; then the Arrow schema; then the index (rows of each piece, and where its frame is, how
large it was, CRC-32); at last a fixed end that says where these are. A frame holds the message of a record batch and, behind it,
the pickle of columns that Arrow can't hold faithfully (objects, periods, whole frames with a ``MultiIndex``).

Fixed-size columns are written as unsigned integers of their width, so that what comes back is the same to the bit. One frame a
piece, in place of Arrow's own compression of each buffer, makes small pieces cheaper (of 330 rows: to a third).

Place in the flow: ``store`` writes what has no room in memory; ``pieces.join_all`` reads a ``SpilledSplit`` as it does a
``Split``.

Invariants: no part of a file stays that couldn't be written; a piece that was changed on disk is an error. Not for: data that
outlive the computation.
"""

from __future__ import annotations

import os
import pickle
import socket
import struct
import threading
import weakref
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from minidask.dataframe.shuffle.layout import Arrays, Layout
from minidask.dataframe.shuffle.pieces import Split, concatenate

_MAGIC = b"minidask"
# The end: where schema and index begin, output partitions, pieces, CRC-32 of schema and index, magic.
_END = struct.Struct("<QQQQI8s")
# As Arrow's own: higher levels take longer than a disk does.
_LEVEL = 1


class SpillDamaged(OSError):
    """A file of a shuffle isn't what was written."""


class Index(NamedTuple):
    """What is known of the pieces.

    ``counts[i]`` rows go to output partition ``i``. A frame is from ``places[i]`` to ``places[i + 1]``; unpacked it has
    ``sizes[i]`` bytes, of which the first ``batches[i]`` are Arrow's.
    """

    counts: NDArray[np.int64]
    places: NDArray[np.int64]
    sizes: NDArray[np.int64]
    batches: NDArray[np.int64]
    checksums: NDArray[np.int64]

    def to_bytes(self) -> bytes:
        """Return it for a file."""
        return b"".join([array.astype("<i8").tobytes() for array in self])

    @classmethod
    def from_bytes(cls, data: bytes, npartitions: int, pieces: int) -> Index:
        """Read what ``to_bytes`` made."""
        flat = np.frombuffer(data, dtype="<i8").astype(np.int64)
        return cls(*np.split(flat, np.cumsum([npartitions, pieces + 1, pieces, pieces])))


def write_split(split: Split, path: Path, whole: bool = False) -> None:
    """Write a file; ``whole``: all rows as one piece, for ``SpilledSplit.load`` alone.

    Raises
    ------
    OSError
        If it can't be written; no part of it stays.
    Exception
        What pickling raises where values can't be pickled; no part stays either.
    """
    try:
        with path.open("xb", buffering=0) as file:
            for part in _encode(split, whole):
                left = memoryview(part)
                while left.nbytes:
                    left = left[file.write(left) :]
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _encode(split: Split, whole: bool) -> Iterator[Any]:
    """Yield the parts of a file, one after the other."""
    layout = split.layout
    counts = np.diff(split.offsets).astype(np.int64)
    if whole:
        split = Split(layout, split.data, split.offsets[[0, -1]])
    pieces = len(split.offsets) - 1
    flat = [] if layout is None else [at for at, (dtype, _) in enumerate(layout.groups) if _is_flat(dtype)]
    pickled = layout is None or bool(layout.others) or len(flat) < len(layout.groups)
    schema = _schema(split, flat)
    codec = pa.Codec("zstd", compression_level=_LEVEL)
    lengths, sizes, batches, checksums = np.zeros((4, pieces), dtype=np.int64)
    for at in range(pieces):
        if not split.count(at):
            continue
        cut = split.cut(at)
        message: Any = b"" if layout is None else _batch(cut, flat, schema).serialize()
        batches[at] = len(message)
        if pickled:
            text = pickle.dumps(cut if layout is None else _unflat(cut, flat), protocol=5)
            message = (message if layout is None else message.to_pybytes()) + text
        frame = codec.compress(message, asbytes=True)
        sizes[at], lengths[at], checksums[at] = len(message), len(frame), zlib.crc32(frame)
        yield frame
    places = np.concatenate([[0], np.cumsum(lengths)])
    head = schema.serialize().to_pybytes()
    tail = Index(counts, places, sizes, batches, checksums).to_bytes()
    start = int(places[-1])
    yield head + tail
    yield _END.pack(start, start + len(head), len(counts), pieces, zlib.crc32(head + tail), _MAGIC)


def _is_flat(dtype: np.dtype[Any]) -> bool:
    return dtype.kind != "O" and dtype.itemsize in (1, 2, 4, 8)


def _schema(split: Split, flat: list[int]) -> pa.Schema:
    layout = split.layout
    if layout is None:
        return pa.schema([])
    fields = []
    for at in flat:
        dtype, rows = layout.groups[at]
        kind = pa.from_numpy_dtype(np.dtype(f"u{dtype.itemsize}"))
        fields += [pa.field(f"{dtype}-{row}", kind) for row in range(rows)]
    fields += [pa.field(f"arrow-{at}", array.type) for at, array in enumerate(split.data.arrow)]
    return pa.schema(fields)


def _batch(cut: Arrays, flat: list[int], schema: pa.Schema) -> pa.RecordBatch:
    columns = [pa.array(row.view(f"u{row.dtype.itemsize}")) for at in flat for row in cut.groups[at]]
    return pa.RecordBatch.from_arrays([*columns, *cut.arrow], schema=schema)


def _unflat(cut: Arrays, flat: list[int]) -> tuple[Any, ...]:
    return {at: group for at, group in enumerate(cut.groups) if at not in flat}, cut.others


class SpilledSplit:
    """A ``Split`` in a file; the file goes when the last of these that can read it goes, in the process that owns it."""

    __slots__ = ("__weakref__", "_known", "host", "layout", "owner", "path", "whole")

    def __init__(self, path: Path, layout: Layout | None, owner: int, host: str, whole: bool = False) -> None:
        self.path = path
        self.layout = layout
        self.owner = owner
        self.host = host
        self.whole = whole
        # The index and the schema, once they were read.
        self._known: tuple[Index, pa.Schema] | None = None
        if owner == os.getpid():
            _USERS.add(path)
            weakref.finalize(self, _release, path, owner)

    def count(self, at: int) -> int:
        """Return the number of rows of a piece; reads the index once."""
        return int(self._look()[0].counts[at])

    def cut(self, at: int) -> Any:
        """Read the rows that go to partition ``at``; see ``Split.cut``.

        Raises
        ------
        SpillDamaged
            If the file isn't what was written.
        """
        index, schema = self._look()
        with self._open() as file:
            frame = _read(file, int(index.places[at]), int(index.places[at + 1]))
        if zlib.crc32(frame) != index.checksums[at]:
            raise self._damaged(f"the rows of output partition {at}")
        message = pa.Codec("zstd").decompress(frame, decompressed_size=int(index.sizes[at]))
        batch, text = message.slice(0, int(index.batches[at])), message.slice(int(index.batches[at]))
        if self.layout is None:
            return pickle.loads(text)
        columns = pa.ipc.read_record_batch(batch, schema).columns
        unflat, others = pickle.loads(text) if len(text) else ({}, [])
        groups: list[Any] = []
        taken = 0
        for number, (dtype, rows) in enumerate(self.layout.groups):
            if number in unflat:
                groups.append(unflat[number])
                continue
            groups.append([column.to_numpy().view(dtype) for column in columns[taken : taken + rows]])
            taken += rows
        return Arrays(groups, columns[taken:], others)

    def load(self) -> Split:
        """Read all of a file that was written whole."""
        counts = self._look()[0].counts
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.intp)
        cut = self.cut(0)
        if self.layout is not None:
            cut = concatenate(self.layout, [cut], [int(offsets[-1])])
        return Split(self.layout, cut, offsets)

    def empty(self) -> Any:
        """Return the pandas object without its rows."""
        # A split without any row is never written.
        cut = self.cut(int(np.flatnonzero(self._look()[0].counts)[0]))
        return (cut if self.layout is None else self.layout.pack(cut))[:0]

    def _look(self) -> tuple[Index, pa.Schema]:
        if self._known is None:
            with self._open() as file:
                size = file.seek(0, os.SEEK_END)
                end = _read(file, size - _END.size, size) if size > _END.size else b""
                if end[-8:] != _MAGIC:
                    raise self._damaged("its end")
                start, middle, npartitions, pieces, checksum, _ = _END.unpack(end)
                data = _read(file, start, size - _END.size)
            if zlib.crc32(data) != checksum:
                raise self._damaged("its index")
            schema = pa.ipc.read_schema(pa.py_buffer(data[: middle - start]))
            self._known = Index.from_bytes(data[middle - start :], npartitions, pieces), schema
        return self._known

    def _open(self) -> Any:
        try:
            return self.path.open("rb", buffering=0)
        except FileNotFoundError as error:
            where = "was removed" if self.host == socket.gethostname() else f"is on another machine, {self.host}"
            raise FileNotFoundError(
                error.errno,
                f"a temporary file of a shuffle {where}, its computation has ended or runs elsewhere",
                str(self.path),
            ) from error

    def _damaged(self, what: str) -> SpillDamaged:
        return SpillDamaged(f"a temporary file of a shuffle, {self.path}, was changed on disk: {what} can't be read")

    def __reduce__(self) -> tuple[Any, ...]:
        return SpilledSplit, (self.path, self.layout, self.owner, self.host, self.whole)


def _read(file: Any, start: int, stop: int) -> bytes:
    """Read bytes of a file; fewer than asked for where it ends, which the checksum finds."""
    if start >= stop:
        return b""
    file.seek(start)
    data: bytes = file.read(stop - start)
    while len(data) < stop - start:
        more = file.read(stop - start - len(data))
        if not more:
            break
        data += more
    return data


class _Users:
    """Count in the owner's process who can read a file: copies that came back from children, too."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._counts: dict[Path, int] = {}

    def add(self, path: Path) -> None:
        with self._lock:
            self._counts[path] = self._counts.get(path, 0) + 1

    def remove(self, path: Path) -> None:
        with self._lock:
            left = self._counts.get(path, 0) - 1
            if left > 0:
                self._counts[path] = left
                return
            self._counts.pop(path, None)
        try:
            path.unlink(missing_ok=True)
        except OSError:
            # On systems that don't remove open files it goes with the folder.
            return


_USERS = _Users()


def _release(path: Path, owner: int) -> None:
    if os.getpid() == owner:
        _USERS.remove(path)

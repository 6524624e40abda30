"""Payloads in files, each with a checksum: the disk below a spill buffer.

Place in the flow: `SpillBuffer` writes on its own thread and reads on any; nothing else uses these files.

A file holds, one after another: 8 bytes of magic; the length of the description (u32); the description (msgpack: task id, kind,
length of the header, lengths of the buffers); the header; the buffers; and the CRC-32 (u32) of all that comes before it,
which sees every error of up to 32 bits in a row. Computing it takes a quarter of a nanosecond a byte, less than any disk;
numbers are little-endian.

Invariants: a file is either complete or gone; a name is never used twice; nothing is allocated on the word of a damaged file.

Not for: keeping data beyond the life of the process.
"""

from __future__ import annotations

import errno
import logging
import os
import struct
import threading
import zlib
from collections.abc import Callable
from itertools import count
from pathlib import Path

import msgpack

from minidask_distributed.protocol.buffers import allocate, flat
from minidask_distributed.protocol.payload import Payload

__all__ = ["FileStore", "SpillDamaged", "StoredFile", "WriteAbandoned"]

logger = logging.getLogger(__name__)

_MAGIC = b"minispl1"
_LENGTH = struct.Struct("<I")
# A piece is checked and written without the interpreter's lock; between pieces a thread may have to wait for it.
_PIECE = 1 << 24


class SpillDamaged(KeyError):
    """A spilled value can't be read any more: its file is damaged or gone. The attribute ``task`` is the task id."""

    def __init__(self, task: int, path: Path, reason: str) -> None:
        super().__init__(task, path, reason)
        self.task = task
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f"the spilled result of task {self.task} is lost: {self.reason} ({self.path})"


class WriteAbandoned(Exception):
    """Nobody wants the file any more that was being written."""


class StoredFile:
    """A complete file: whose value it is, its name, and its bytes."""

    __slots__ = ("nbytes", "path", "task")

    def __init__(self, task: int, path: Path, nbytes: int) -> None:
        self.task = task
        self.path = path
        self.nbytes = nbytes


class FileStore:
    """Write payloads to files of one folder, read and remove them.

    Parameters
    ----------
    directory : path
        Made when the first file is written, removed by `close`.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._serial = count()
        self._lock = threading.Lock()
        self._files: set[Path] = set()
        self._made = False
        self.nbytes = 0
        """Bytes of all complete files."""

    def write(self, task: int, payload: Payload, unwanted: Callable[[], bool] = lambda: False) -> StoredFile:
        """Write a payload to a new file; ``unwanted`` is asked now and then whether to give up.

        Raises
        ------
        OSError
            If the file can't be written; nothing is left of it.
        WriteAbandoned
            If it became unwanted; nothing is left of it.
        """
        buffers = [memoryview(flat(buffer)) for buffer in payload.buffers]
        description = msgpack.packb([task, payload.kind, len(payload.header), [buffer.nbytes for buffer in buffers]])
        start = _MAGIC + _LENGTH.pack(len(description)) + description
        path = self.directory / f"{next(self._serial)}.spill"
        if not self._made:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._made = True
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        try:
            try:
                nbytes = _write(descriptor, [memoryview(start), memoryview(payload.header), *buffers], unwanted)
            finally:
                os.close(descriptor)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        with self._lock:
            self._files.add(path)
            self.nbytes += nbytes
        return StoredFile(task, path, nbytes)

    def read(self, file: StoredFile) -> Payload:
        """Return the payload of a file, in memory of its own.

        Raises
        ------
        SpillDamaged
            If the file is gone, can't be read, or isn't what was written.
        OSError
            If reading failed for want of memory, open files or the like.
        """
        try:
            descriptor = os.open(file.path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                return _read(descriptor, file)
            finally:
                os.close(descriptor)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.EIO, errno.ESTALE, errno.ENODEV):
                raise
            raise SpillDamaged(file.task, file.path, f"its file can't be read: {error.strerror}") from error

    def remove(self, file: StoredFile) -> None:
        """Remove a file; one that is gone already is no error."""
        with self._lock:
            if file.path not in self._files:
                return
            self._files.remove(file.path)
            self.nbytes -= file.nbytes
        file.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Remove all files and the folder; what else somebody put there stays."""
        with self._lock:
            files, self._files, self.nbytes = self._files, set(), 0
        for path in files:
            path.unlink(missing_ok=True)
        if not self._made:
            return
        try:
            self.directory.rmdir()
        except OSError as error:
            logger.warning("can't remove the folder of spilled results: %s", error)


def _write(descriptor: int, parts: list[memoryview], unwanted: Callable[[], bool]) -> int:
    checksum = nbytes = 0
    for part in parts:
        for at in range(0, part.nbytes, _PIECE):
            if unwanted():
                raise WriteAbandoned
            piece = part[at : at + _PIECE]
            checksum = zlib.crc32(piece, checksum)
            _write_all(descriptor, piece)
        nbytes += part.nbytes
    _write_all(descriptor, memoryview(_LENGTH.pack(checksum)))
    return nbytes + _LENGTH.size


def _write_all(descriptor: int, piece: memoryview) -> None:
    while piece:
        piece = piece[os.write(descriptor, piece) :]


class _Reader:
    """Read exactly what is asked for, and compute the checksum of it."""

    def __init__(self, descriptor: int, file: StoredFile) -> None:
        self.descriptor = descriptor
        self.file = file
        self.left = os.fstat(descriptor).st_size
        self.checksum = 0
        if self.left != file.nbytes:
            raise self.damaged(f"its file has {self.left} bytes instead of {file.nbytes}")

    def damaged(self, reason: str) -> SpillDamaged:
        return SpillDamaged(self.file.task, self.file.path, reason)

    def take(self, nbytes: int) -> memoryview:
        if nbytes > self.left:
            raise self.damaged("its file is damaged")
        self.left -= nbytes
        buffer = allocate(nbytes)
        at = 0
        while at < nbytes:
            got = os.readv(self.descriptor, [buffer[at : at + _PIECE]])
            if not got:
                raise self.damaged("its file ends early")
            self.checksum = zlib.crc32(buffer[at : at + got], self.checksum)
            at += got
        return buffer


def _read(descriptor: int, file: StoredFile) -> Payload:
    reader = _Reader(descriptor, file)
    start = bytes(reader.take(len(_MAGIC) + _LENGTH.size))
    description = bytes(reader.take(_LENGTH.unpack_from(start, len(_MAGIC))[0]))
    try:
        task, kind, header_bytes, lengths = msgpack.unpackb(description)
        whole = header_bytes + sum(lengths) + _LENGTH.size == reader.left
    except (ValueError, TypeError, msgpack.UnpackException):
        whole = False
    if not whole or not start.startswith(_MAGIC) or task != file.task:
        raise reader.damaged("its file is damaged")
    header = bytes(reader.take(header_bytes))
    buffers = [reader.take(length) for length in lengths]
    expected = reader.checksum
    if _LENGTH.unpack(reader.take(_LENGTH.size))[0] != expected:
        raise reader.damaged("the checksum of its file is wrong")
    return Payload(kind, header, buffers)

"""Files of pieces: appended to by one thread, read by any, removed as a whole.

Place in the flow: below `store`. A file is a sequence of compressed pieces (zstd); where each is, and its CRC-32, stands in
memory alone, since nothing of a shuffle outlives its worker.

Invariants: after an append that failed a file is as it was before; a name is never used twice; what is read is what was
written, or raises `PiecesDamaged`.
"""

from __future__ import annotations

import errno
import os
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from minidask_distributed.shuffle.shelf import Place

CODEC = "zstd"


class PiecesDamaged(OSError):
    """A file of pieces is damaged, or gone."""


class PieceFiles:
    """The files of one worker.

    Parameters
    ----------
    directory : Path
        Made for the first file, removed by `close`.
    most_bytes : int
        Of all files; 0: no bound.
    """

    def __init__(self, directory: Path, most_bytes: int = 0) -> None:
        self.directory = directory
        self.most_bytes = most_bytes
        self.nbytes = 0
        self._sizes: dict[int, int] = {}  # {file: bytes}

    def append(self, file: int, pieces: Sequence[Any]) -> list[Place]:
        """Write pieces behind what a file has.

        Raises
        ------
        OSError
            If that can't be done: the disk, or the bound, is full; the file is as before.
        """
        start = self._sizes.get(file, 0)
        if not start:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path(file)
        descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600)
        places: list[Place] = []
        offset = start
        try:
            for piece in pieces:
                # As bytes: the memoryview of a buffer that was shrunk is longer than it says.
                data = memoryview(pa.compress(piece, codec=CODEC, asbytes=True))
                if self.most_bytes and self.nbytes + offset - start + data.nbytes > self.most_bytes:
                    raise OSError(errno.ENOSPC, f"the limit of {self.most_bytes} bytes on disk is reached")
                places.append(Place(file, offset, data.nbytes, zlib.crc32(data)))
                while data:
                    written = os.write(descriptor, data)
                    offset += written
                    data = data[written:]
        except BaseException:
            os.ftruncate(descriptor, start)
            if not start:
                path.unlink(missing_ok=True)
            raise
        finally:
            os.close(descriptor)
        self._sizes[file] = offset
        self.nbytes += offset - start
        return places

    def read(self, wanted: Sequence[tuple[Place, int]]) -> list[Any]:
        """Return pieces of one file: their places, and their bytes when decompressed.

        Raises
        ------
        PiecesDamaged
            If the file is gone, or isn't what was written.
        """
        file = wanted[0][0].file
        try:
            descriptor = os.open(self._path(file), os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise PiecesDamaged(error.errno, f"a file of a shuffle can't be read: {error.strerror}") from error
        try:
            return [self._piece(descriptor, place, nbytes) for place, nbytes in wanted]
        finally:
            os.close(descriptor)

    def _piece(self, descriptor: int, place: Place, nbytes: int) -> Any:
        data = os.pread(descriptor, place.stored, place.offset)
        if len(data) != place.stored or zlib.crc32(data) != place.checksum:
            raise PiecesDamaged(errno.EIO, f"a file of a shuffle is damaged: {self._path(place.file)}")
        return pa.decompress(data, decompressed_size=nbytes, codec=CODEC)

    def remove(self, file: int) -> None:
        """Remove a file; one that was never written is no error."""
        self.nbytes -= self._sizes.pop(file, 0)
        self._path(file).unlink(missing_ok=True)

    def close(self) -> None:
        """Remove all files, and the directory."""
        for file in list(self._sizes):
            self.remove(file)
        if self.directory.exists():
            self.directory.rmdir()

    def _path(self, file: int) -> Path:
        return self.directory / f"{file}.pieces"

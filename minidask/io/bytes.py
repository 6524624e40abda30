"""Reading bytes of files that were found earlier, with errors that name the file.

Place in the flow: tasks call this; the files come from ``minidask.io.paths``.

Invariant: what is read belongs to the version of the file that the collection was made of; otherwise it is an error.
"""

from __future__ import annotations

from minidask.io.compression import open_compressed
from minidask.io.paths import StoredFile, stored_file

# Decompressed in pieces of this size, in bytes, when only the beginning is wanted.
_PIECE = 1 << 16


class FileChangedError(RuntimeError):
    """A file is not the one that the collection was made of."""


def check_unchanged(file: StoredFile) -> None:
    """Compare a file with what was found when the collection was made.

    Raises
    ------
    FileNotFoundError
        If it is gone.
    FileChangedError
        If its size, ETag or time of change is another.
    """
    try:
        now = stored_file(file.fs, file.fs.info(file.path))
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{file.url!r} was there when the collection was made and is gone now: read the files again to make a new one"
        ) from None
    if (now.size, str(now.stamp)) != (file.size, str(file.stamp)):
        detail = f"{file.size} bytes then, {now.size} now" if now.size != file.size else "the same size, written anew"
        raise FileChangedError(
            f"{file.url!r} has changed since the collection was made ({detail}): read the files again to make a new one"
        )


def read_range(file: StoredFile, start: int, stop: int) -> bytes:
    """Return the bytes ``start`` to ``stop`` of a file, fewer at its end.

    Raises
    ------
    FileNotFoundError, FileChangedError
        See ``check_unchanged``.
    """
    check_unchanged(file)
    return _cat(file, start, stop)


def read_all(file: StoredFile, compression: str | None = None) -> bytes:
    """Return a file's whole contents, decompressed.

    Raises
    ------
    FileNotFoundError, FileChangedError
        See ``check_unchanged``.
    OSError, EOFError, ValueError
        If the compressed data are broken; the message names the file.
    """
    check_unchanged(file)
    if compression is None:
        data: bytes = file.fs.cat_file(file.path)
        return data
    return _decompressed(file, compression, None)


def read_beginning(file: StoredFile, nbytes: int, compression: str | None = None) -> bytes:
    """Return the first bytes of a file's contents, decompressed; all of them if there are fewer than ``nbytes``."""
    check_unchanged(file)
    if compression is None:
        return _cat(file, 0, nbytes)
    return _decompressed(file, compression, nbytes)


def _cat(file: StoredFile, start: int, stop: int) -> bytes:
    if file.size is not None:
        stop = min(stop, file.size)
    if stop <= start:
        return b""
    data: bytes = file.fs.cat_file(file.path, start=start, end=stop)
    return data


def _decompressed(file: StoredFile, compression: str, nbytes: int | None) -> bytes:
    try:
        with file.fs.open(file.path, "rb") as raw, open_compressed(raw, compression) as contents:
            if nbytes is None:
                data: bytes = contents.read()
                return data
            pieces, left = [], nbytes
            while left > 0 and (piece := contents.read(min(left, _PIECE))):
                pieces.append(piece)
                left -= len(piece)
            return b"".join(pieces)
    except FileNotFoundError:
        raise
    except Exception as error:
        # zlib.error, BadZipFile, LZMAError ... have no common base; the message is what users need.
        raise OSError(f"{file.url!r} cannot be decompressed as {compression}: {error}") from error

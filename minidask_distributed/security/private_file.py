"""Files that hold secrets: written whole and readable by their owner alone, refused when others could have read them.

Place in the flow: `token` and `scheduler_file` keep their secrets in such files.

Invariants: no file is ever seen half written, nor readable by anybody else for even a moment; a file is judged by its
open descriptor, so that it can't be exchanged between the check and the reading. Texts are UTF-8.

Not for: what stands in the files.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat

MAX_BYTES = 1 << 20
"""No file of secrets is larger; a larger one is another file by mistake."""


def write_private(path: str, text: str, *, replace: bool) -> bool:
    """Write a file with mode 0600, all of it or nothing.

    Parameters
    ----------
    path
        Where; its folder is made (mode 0700) if it is missing.
    text
        What the file shall hold.
    replace
        Whether to replace a file that is there.

    Returns
    -------
    Whether the file was written: False if there is one and `replace` is false.

    Raises
    ------
    OSError
        If the folder or the file can't be made.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "secret")
    ...     write_private(path, "one", replace=False), write_private(path, "two", replace=False)
    ...     read_private(path, "file")
    (True, False)
    'one'
    """
    folder = os.path.dirname(os.path.abspath(path))
    os.makedirs(folder, mode=0o700, exist_ok=True)
    temporary = os.path.join(folder, f".{os.path.basename(path)}.{secrets.token_hex(6)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            os.replace(temporary, path)
            return True
        try:
            # A link, unlike a rename, fails where another process was first.
            os.link(temporary, path)
        except FileExistsError:
            return False
        return True
    finally:
        with contextlib.suppress(FileNotFoundError):  # it was renamed
            os.unlink(temporary)


def read_private(path: str, what: str) -> str:
    """Read a file that only its owner may read.

    Parameters
    ----------
    path
        The file.
    what
        What it is, for messages: ``"token file"``.

    Raises
    ------
    FileNotFoundError
        If there is none.
    PermissionError
        If it may not be read, or if others than its owner may read or write it; the message says the remedy.
    ValueError
        If it isn't UTF-8 text, or is larger than `MAX_BYTES`.
    OSError
        If it can't be read for another reason (a folder, say).
    """
    with open(path, "rb") as file:
        status = os.fstat(file.fileno())
        if os.name == "posix" and stat.S_IMODE(status.st_mode) & 0o077:
            raise PermissionError(
                f"the {what} {path} can be read or changed by other users (mode {stat.S_IMODE(status.st_mode):04o}); "
                f"if nobody has, keep it and run: chmod 600 {path}. Otherwise delete it and make a new one"
            )
        if os.name == "posix" and status.st_uid not in (os.geteuid(), 0):
            raise PermissionError(
                f"the {what} {path} belongs to another user (uid {status.st_uid}): use one of your own"
            )
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ValueError(f"{path} is no {what}: it has more than {MAX_BYTES} bytes")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no {what}: it isn't text ({error.reason} at byte {error.start})") from None

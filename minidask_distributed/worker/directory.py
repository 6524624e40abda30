"""A worker's own folder for spilled results and uploaded files, and the removal of those whose owner is dead.

Place in the flow: the worker (or the nanny for it) makes a `WorkDirectory` when it starts, calls `purge` on a thread, and
closes it at the end. Below the chosen directory, or the system's one for temporary files, there is::

    minidask-scratch-space[-<user id>]/
        worker-3f9a….lock    locked (flock) by the process that owns the folder, for its life
        worker-3f9a…/        the folder

The system ends a lock with its process, however that dies; so a lock that can be had belongs to nobody.

Invariants: a folder exists only while its lock file does; nobody but the owner and `purge`, with the lock in hand, removes
either; the folders are the user's alone (mode 0700).

Not for: choosing the directory (a setting, read by the worker).
"""

from __future__ import annotations

import fcntl
import logging
import os
import secrets
import shutil
import stat
import tempfile
from pathlib import Path
from types import TracebackType

__all__ = ["SCRATCH", "WorkDirectory"]

logger = logging.getLogger(__name__)

SCRATCH = "minidask-scratch-space"
_TRIES = 100


class WorkDirectory:
    """A folder that nobody else uses; remove it with `close`, or by leaving a ``with`` block.

    Parameters
    ----------
    base : path, optional
        Where; made if it doesn't exist. None: the system's directory for temporary files.
    prefix : str
        Beginning of the folder's name.

    Raises
    ------
    OSError
        If the folder can't be made; the message names it.
    PermissionError
        If another user owns the scratch space.

    Examples
    --------
    >>> with WorkDirectory(prefix="example") as directory:
    ...     directory.path.is_dir(), directory.path.name.startswith("example-")
    (True, True)
    >>> directory.path.exists()
    False
    """

    def __init__(self, base: str | os.PathLike[str] | None = None, prefix: str = "worker") -> None:
        self.space = _scratch_space(base)
        self.path, self._lock_path, self._lock = self._make(prefix)

    def _make(self, prefix: str) -> tuple[Path, Path, int]:
        for _ in range(_TRIES):
            name = f"{prefix}-{secrets.token_hex(5)}"
            lock_path = self.space / f"{name}.lock"
            try:
                lock = os.open(lock_path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
            except FileExistsError:  # the name is taken: try another one
                continue
            try:
                if _lock(lock) and os.fstat(lock).st_nlink:
                    path = self.space / name
                    path.mkdir(mode=0o700)
                    return path, lock_path, lock
            except BaseException:
                lock_path.unlink(missing_ok=True)
                os.close(lock)
                raise
            # Somebody's purge took the lock before we did: its file is gone, or is about to be.
            os.close(lock)
        raise OSError(f"no folder of its own could be made in {self.space} in {_TRIES} tries")

    def purge(self) -> list[Path]:
        """Remove the folders whose owners are dead and return them; what can't be removed is logged and stays."""
        others = [path for path in sorted(self.space.glob("*.lock")) if path != self._lock_path]
        purged = [path.with_suffix("") for path in others if _purge_one(path)]
        if purged:
            logger.info("removed what dead workers left behind: %s", ", ".join(map(str, purged)))
        return purged

    def close(self) -> None:
        """Remove the folder and give up its lock; what can't be removed is logged. May be called twice."""
        if self._lock < 0:
            return
        _remove(self.path, self._lock_path)
        os.close(self._lock)
        self._lock = -1

    def __enter__(self) -> WorkDirectory:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _scratch_space(base: str | os.PathLike[str] | None) -> Path:
    # The directory for temporary files is everybody's: there, each user has a space of their own.
    space = Path(base) / SCRATCH if base is not None else Path(tempfile.gettempdir()) / f"{SCRATCH}-{os.getuid()}"
    try:
        space.parent.mkdir(parents=True, exist_ok=True)
        space.mkdir(mode=0o700, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(
            f"{space} can't hold a worker's files: it, or a part of its path, is no directory"
        ) from None
    except OSError as error:
        reason = f"can't make the directory for a worker's files (choose one with local_directory): {error.strerror}"
        raise type(error)(error.errno, reason, os.fspath(space)) from error
    found = os.lstat(space)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise PermissionError(
            f"{space} belongs to another user or is a link: a worker's files may not go there; choose another local_directory"
        )
    return space


def _lock(descriptor: int) -> bool:
    """Whether the lock could be had."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _purge_one(lock_path: Path) -> bool:
    try:
        lock = os.open(lock_path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:  # its owner, or another purge, was quicker
        return False
    except OSError as error:
        logger.warning("can't look at %s: %s", lock_path, error)
        return False
    try:
        if not _lock(lock) or not os.fstat(lock).st_nlink:
            return False
        return _remove(lock_path.with_suffix(""), lock_path)
    except OSError as error:
        logger.warning("can't lock %s: %s", lock_path, error)
        return False
    finally:
        os.close(lock)


def _remove(path: Path, lock_path: Path) -> bool:
    """Remove a folder, then its lock file; False if something stays."""
    try:
        if path.exists():
            shutil.rmtree(path)
        lock_path.unlink(missing_ok=True)
    except OSError as error:
        logger.warning("can't remove %s: %s", path, error)
        return False
    return True

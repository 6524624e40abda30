"""The folder of one operation's temporary files: made when there is something to write, gone when the operation is.

Place in the flow: shuffles of dataframes and rechunks of arrays ask it for paths. The process that planned the operation owns the
folder; its child processes get copies by pickling, which write there and delete nothing.

How it goes away. A file goes with the last object that can read it, the folder with the ``Folder``, at the latest at the
interpreter's end, which also waits for a thread that is just removing one. A killed process leaves its folder behind, unlocked;
the next one that makes a folder beside it removes it.

Invariants: a folder that was closed is never made again; nothing outside of folders named ``minidask-PURPOSE-...`` is removed.
"""

from __future__ import annotations

import atexit
import contextlib
import multiprocessing
import os
import shutil
import sys
import tempfile
import threading
import weakref
from itertools import count
from pathlib import Path
from typing import Any

if sys.platform != "win32":
    import fcntl

_numbers = count()


class Folder:
    """A folder for temporary files.

    Parameters
    ----------
    parent
        Where it is made; None: where the operating system puts such.
    purpose
        Of the files: "shuffle" or "rechunk"; stands in the folder's name and in messages.

    Examples
    --------
    >>> folder = Folder(None, "shuffle")
    >>> path = folder.new_path()
    >>> _ = path.write_text("rows")
    >>> folder.close()
    >>> path.exists(), path.parent.exists()
    (False, False)
    """

    def __init__(self, parent: str | os.PathLike[str] | None, purpose: str) -> None:
        self.purpose = purpose
        self.parent = Path(tempfile.gettempdir() if parent is None else parent)
        self._lock = threading.Lock()
        self._state = _State()
        self._failure: tuple[Any, ...] = ()
        self._owner = os.getpid()
        self._finalize = weakref.finalize(self, _remove, self._state, self._owner)
        # At the interpreter's end it would not wait for one that another thread has begun; ``_remove_all`` does.
        self._finalize.atexit = False

    @property
    def path(self) -> Path:
        """Where it is; it is made now if need be.

        Raises
        ------
        OSError
            If it can't be made, or was closed for a failure.
        RuntimeError
            If it was closed.
        """
        with self._lock:
            if not self._failure:
                if self._state.closed:
                    raise RuntimeError(f"the {self.purpose} has ended, and its temporary files are gone")
                if self._state.path is None:
                    self._make()
                assert self._state.path is not None
                return self._state.path
        self.close()
        raise OSError(*self._failure)

    def new_path(self) -> Path:
        """Return the path of a file that isn't there yet; raises as ``path`` does."""
        return self.path / f"{os.getpid()}-{next(_numbers)}"

    def close(self) -> None:
        """Remove the folder with all that is in it; it can't be used any more, and is gone, whichever thread closed it first."""
        with self._lock:
            self._state.closed = True
        self._finalize.detach()
        _remove(self._state, self._owner)

    def fail(self, *failure: Any) -> OSError:
        """Close it for a failure, an OSError's arguments; return that of the first one, as others follow from it."""
        with self._lock:
            self._failure = self._failure or failure
        self.close()
        return OSError(*self._failure)

    def _make(self) -> None:
        prefix = f"minidask-{self.purpose}-"
        try:
            self.parent.mkdir(parents=True, exist_ok=True)
            _remove_left(self.parent, prefix)
            # Called so until it is locked, so that nobody takes it for one that was left behind.
            young = Path(tempfile.mkdtemp(prefix=f".{prefix}", dir=self.parent))
        except OSError as error:
            raise type(error)(
                error.errno,
                f"a {self.purpose} needs a folder for temporary files, and {self.parent} is none ({error.strerror}): set "
                "temporary-directory to one with room",
            ) from error
        self._state.lock = _locked(young)
        self._state.path = young.rename(self.parent / young.name.removeprefix("."))
        _there.add(self._state)

    def __reduce__(self) -> tuple[Any, ...]:
        # Made now: a copy would not know whether it was removed already.
        return FolderCopy, (self.path, os.getpid())

    def __dask_tokenize__(self) -> tuple[str, str]:
        return "Folder", str(self.parent)


class FolderCopy:
    """A folder in another process than its owner's."""

    def __init__(self, path: Path, owner: int) -> None:
        self.path = path
        self.owner = owner

    @property
    def reachable(self) -> bool:
        """Whether the owner is this process's parent, so that the folder stays for as long as this process works for it."""
        parent = multiprocessing.parent_process()
        return self.owner in (os.getppid(), os.getpid(), None if parent is None else parent.pid)

    def new_path(self) -> Path:
        """Return the path of a file that isn't there yet."""
        return self.path / f"{os.getpid()}-{next(_numbers)}"

    def close(self) -> None:
        """Leave it to the owner."""

    def fail(self, *failure: Any) -> OSError:
        """Return the failure; what becomes of the folder is the owner's business."""
        return OSError(*failure)

    def __reduce__(self) -> tuple[Any, ...]:
        return FolderCopy, (self.path, self.owner)


class _State:
    """What the finalizer needs, apart from the folder itself."""

    def __init__(self) -> None:
        self.path: Path | None = None
        self.lock: int | None = None
        self.closed = False


def _remove(state: _State, owner: int) -> None:
    if os.getpid() != owner:
        # A forked child's copy.
        return
    state.closed = True
    with _removing:
        _there.discard(state)
        if state.path is not None:
            path, state.path = _out_of_reach(state.path), None
            shutil.rmtree(path, ignore_errors=True)
            if path.exists():
                # Another thread was just opening a file in it.
                shutil.rmtree(path, ignore_errors=True)
        if state.lock is not None:
            os.close(state.lock)
            state.lock = None


def _out_of_reach(path: Path) -> Path:
    """Rename a folder, so that no thread that runs on puts another file into it; return its path."""
    try:
        return path.rename(path.with_name(f"{path.name}-removed"))
    except OSError:
        # A file in it is open, on some systems. What can't be removed now either is removed as left behind later.
        return path


_there: set[_State] = set()
"""Of folders that were made and not removed."""

_removing = threading.RLock()
"""Reentrant: the garbage collector may run a finalizer in the middle of another one."""


def _remove_all() -> None:
    with _removing:
        for state in list(_there):
            _remove(state, os.getpid())


def _forget_all() -> None:
    """Begin anew in a forked child: the folders are the parent's, and nobody here would unlock what its threads locked."""
    global _removing
    _removing = threading.RLock()
    _there.clear()


atexit.register(_remove_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)


def _locked(folder: Path) -> int | None:
    """Lock a folder for as long as this process lives; return what to close to unlock it."""
    if sys.platform == "win32":
        return None
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        # Held by another process, or a file system without locks.
        os.close(handle)
        return None
    return handle


def _remove_left(parent: Path, prefix: str) -> None:
    """Remove folders whose processes are gone."""
    for folder in parent.glob(f"{prefix}*"):
        with contextlib.suppress(OSError):
            handle = _locked(folder)
            if handle is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(handle)

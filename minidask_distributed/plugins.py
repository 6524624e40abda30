"""What users add to schedulers, workers and nannies: the base classes of their plugins, and two that are of general use.

Place in the flow: a client pickles a plugin and registers it; the scheduler runs its own, and hands those of workers
and nannies on to all that there are and to those that join later. Shells call the methods; machines know nothing of
plugins.

Invariants: every method does nothing by default, so a plugin defines only what it wants to hear of. An error in one is
logged and never reaches the scheduler's or the worker's work; only ``start`` and ``setup`` may refuse by raising.

Not for: preloads (`minidask_distributed.preload`), which run before anybody connects.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import sys
import zipfile
from collections.abc import Hashable, Mapping
from typing import Any


class SchedulerPlugin:
    """Hear of what happens in the scheduler, on its event loop: be quick.

    Attributes
    ----------
    name : str
        Plugins of one name replace each other. None: each is its own.
    idempotent : bool
        True: registering the same name again does nothing.

    Examples
    --------
    >>> class Counter(SchedulerPlugin):
    ...     def __init__(self):
    ...         self.finished = 0
    ...
    ...     def transition(self, key, start, finish, *args, stimulus_id, **kwargs):
    ...         self.finished += start == "processing" and finish == "memory"
    >>> counter = Counter()
    >>> counter.transition("x", "processing", "memory", stimulus_id="Finished")
    >>> counter.finished
    1
    """

    name: str | None = None
    idempotent: bool = False

    async def start(self, scheduler: Any) -> None:
        """Run when the plugin is registered; may be a plain method. An error refuses the registration."""

    async def before_close(self) -> None:
        """Run when the scheduler begins to close, while peers are connected."""

    async def close(self) -> None:
        """Run when the scheduler has closed, or the plugin is removed."""

    def update_graph(
        self,
        scheduler: Any,
        *,
        client: str,
        keys: set[Hashable],
        tasks: list[Hashable],
        **kwargs: Any,
    ) -> None:
        """Hear of tasks that a client sent: ``tasks`` all new ones of a message, ``keys`` those that it wants."""

    def restart(self, scheduler: Any) -> None:
        """Hear that the cluster is restarted."""

    def transition(self, key: Hashable, start: str, finish: str, *args: Any, stimulus_id: str, **kwargs: Any) -> None:
        """Hear of one move of a task between states. A plugin that defines this costs time for every task."""

    def transitions(self, moves: list[tuple[int, Hashable, str, str, str]]) -> None:
        """Hear of all moves since the last time: (task id, key, start, finish, stimulus). Cheaper than `transition`."""

    def add_worker(self, scheduler: Any, worker: str) -> Any:
        """Hear that a worker joined; may be a coroutine."""

    def remove_worker(self, scheduler: Any, worker: str, *, stimulus_id: str, **kwargs: Any) -> Any:
        """Hear that a worker left; may be a coroutine."""

    def add_client(self, scheduler: Any, client: str) -> None:
        """Hear that a client connected."""

    def remove_client(self, scheduler: Any, client: str) -> None:
        """Hear that a client left."""

    def log_event(self, topic: str, msg: Any) -> None:
        """Hear of an event."""


class WorkerPlugin:
    """Hear of what happens in each worker.

    Attributes
    ----------
    name : str
        Plugins of one name replace each other. None: a name is made up.
    idempotent : bool
        True: registering the same name again does nothing.
    """

    name: str | None = None
    idempotent: bool = False

    def setup(self, worker: Any) -> Any:
        """Run on each worker when the plugin or the worker comes; may be a coroutine."""

    def teardown(self, worker: Any) -> Any:
        """Run when the worker closes or the plugin is removed; may be a coroutine."""

    def transition(self, key: Hashable, start: str, finish: str, **kwargs: Any) -> None:
        """Hear of one move of a task between the worker's states, on its event loop.

        A plugin that defines this costs time for every task. Of results that come from other workers, whose keys a worker doesn't
        know, nothing is told.
        """


class NannyPlugin:
    """Hear of what happens in each nanny.

    Attributes
    ----------
    name : str
        Plugins of one name replace each other. None: a name is made up.
    restart : bool
        True: the worker process is started anew after ``setup``.
    """

    name: str | None = None
    idempotent: bool = False
    restart: bool = False

    def setup(self, nanny: Any) -> Any:
        """Run on each nanny when the plugin or the nanny comes, before its next worker starts; may be a coroutine."""

    def teardown(self, nanny: Any) -> Any:
        """Run when the nanny closes or the plugin is removed; may be a coroutine."""


class Environ(NannyPlugin):
    """Set variables of the environment of all workers, which are started anew for it.

    Parameters
    ----------
    environ : mapping
        Names and values; None takes a variable away.

    Raises
    ------
    TypeError
        If a name isn't a text, or ``environ`` no mapping.

    Examples
    --------
    >>> Environ({"OMP_NUM_THREADS": 2}).environ
    {'OMP_NUM_THREADS': '2'}
    """

    restart = True

    def __init__(self, environ: Mapping[str, Any] | None = None) -> None:
        if environ is not None and not isinstance(environ, Mapping):
            raise TypeError(
                f"environ must be a mapping of names to values, got {type(environ).__name__}: {environ!r:.80}"
            )
        for name in environ or {}:
            if not isinstance(name, str):
                raise TypeError(f"names of variables must be texts, got {name!r:.80}")
        self.environ = {name: None if value is None else str(value) for name, value in (environ or {}).items()}

    def setup(self, nanny: Any) -> None:
        """Change ``nanny.environ``, the environment of the workers that it starts from now on."""
        for name, value in self.environ.items():
            if value is None:
                nanny.environ.pop(name, None)
            else:
                nanny.environ[name] = value


class UploadFile(WorkerPlugin):
    """Put a file into the local directory of every worker; import what is Python.

    Parameters
    ----------
    filepath
        A file: ``.py``, ``.zip`` and ``.egg`` are importable on the workers, and imported anew, afterwards.
    load
        False: only put the file there.

    Raises
    ------
    OSError
        If the file can't be read.
    """

    def __init__(self, filepath: str | os.PathLike[str], load: bool = True) -> None:
        self.filename = os.path.basename(os.fspath(filepath))
        self.load = load
        self.name = f"upload_file-{self.filename}"
        with open(filepath, "rb") as file:
            self.data = file.read()

    def setup(self, worker: Any) -> list[str]:
        """Write the file into ``worker.local_directory``; return the names of the modules that were imported."""
        path = os.path.join(worker.local_directory, self.filename)
        # Written aside and moved: threads that import it at this moment see the old file or the new one.
        aside = f"{path}.{os.getpid()}.part"
        with open(aside, "wb") as file:
            file.write(self.data)
        os.replace(aside, path)
        return import_file(path) if self.load else []


def import_file(path: str) -> list[str]:
    """Import (again) what a file holds, with its directory, or the archive itself, on the path of modules.

    Parameters
    ----------
    path
        A ``.py`` file, or a ``.zip`` or ``.egg`` archive with modules or packages at its top. Others are left alone.

    Returns
    -------
    list of str
        Names of the modules.

    Raises
    ------
    ImportError and whatever the modules raise
        If a module can't be imported.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "my_example_module.py")
    ...     with open(path, "w") as file:
    ...         size = file.write("answer = 42")
    ...     import_file(path), sys.modules.pop("my_example_module").answer, sys.path.remove(folder)
    (['my_example_module'], 42, None)
    """
    folder, filename = os.path.split(path)
    stem, extension = os.path.splitext(filename)
    if extension == ".py":
        place, names = folder, [stem]
    elif extension in (".zip", ".egg"):
        place = path
        with zipfile.ZipFile(path) as archive:
            tops = [name.split("/") for name in archive.namelist()]
        names = [parts[0].removesuffix(".py") for parts in tops if parts[-1] == "__init__.py" and len(parts) == 2]
        names += [parts[0].removesuffix(".py") for parts in tops if len(parts) == 1 and parts[0].endswith(".py")]
    else:
        return []
    if place not in sys.path:
        sys.path.insert(0, place)
    for name in names:
        for loaded in [module for module in sys.modules if module == name or module.startswith(f"{name}.")]:
            del sys.modules[loaded]
    # Finders keep what they saw of directories and archives; compiled code of the same second and size passes for current.
    importlib.invalidate_caches()
    if extension == ".py":
        with contextlib.suppress(FileNotFoundError, NotImplementedError):
            os.remove(importlib.util.cache_from_source(path))
    for name in names:
        importlib.import_module(name)
    return names

"""Run users' own modules when a scheduler, worker or nanny starts, and again before it ends.

Place in the flow: a server makes `Preloads` from ``--preload`` or the setting, starts them before it listens or
registers, and tears them down when it closes. A preload may define ``dask_setup(server)``, a function, a coroutine
function or a click command that takes ``--preload-argv``, and ``dask_teardown(server)``.

Invariants: preloads start in their order and end in the reverse one; what fails at the start stops the server with an
error that names the preload; what fails at the end is logged.

Not for: plugins, which come over the network (`minidask_distributed.plugins`). Preloads are the administrator's.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import logging
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, count
from types import ModuleType
from typing import Any

logger = logging.getLogger(__name__)


class Preload:
    """One module that is run beside a server.

    Parameters
    ----------
    name
        A module's name, a path that ends in ``.py``, an address (``https://…``, ``s3://…``) of such a file, or lines of
        Python.
    argv
        Arguments for a ``dask_setup`` that is a click command.

    Raises
    ------
    Whatever importing the module raises, with a note that names the preload.

    Examples
    --------
    >>> Preload("started = []\\ndef dask_setup(server): started.append(server)").module.started
    []
    """

    def __init__(self, name: str, argv: Sequence[str] = ()) -> None:
        self.name = name
        self.argv = list(argv)
        try:
            self.module = _load(name)
        except Exception as error:
            error.add_note(f"Raised while loading the preload {_shown(name)}.")
            raise

    async def start(self, server: Any) -> None:
        """Call ``dask_setup``, if there is one.

        Raises
        ------
        click.ClickException, TypeError
            If the arguments don't suit it.
        Whatever it raises, with a note that names the preload.
        """
        # A command can only be one if its module has imported click.
        click = sys.modules.get("click")
        setup = getattr(self.module, "dask_setup", None)
        try:
            if click is not None and isinstance(setup, click.Command):
                context = setup.make_context("dask_setup", list(self.argv), allow_extra_args=False)
                assert setup.callback is not None
                await _run(setup.callback, server, *context.args, **context.params)
            elif setup is not None:
                if self.argv:
                    raise TypeError(f"its dask_setup takes no arguments, being no click command, but got {self.argv}")
                await _run(setup, server)
        except Exception as error:
            error.add_note(f"Raised by dask_setup of the preload {_shown(self.name)}.")
            raise

    async def teardown(self, server: Any) -> None:
        """Call ``dask_teardown``, if there is one; what it raises is logged."""
        teardown = getattr(self.module, "dask_teardown", None)
        if teardown is not None:
            try:
                await _run(teardown, server)
            except Exception:
                logger.exception("dask_teardown of the preload %s failed", _shown(self.name))


class Preloads:
    """The preloads of one server.

    Parameters
    ----------
    names
        See `Preload`.
    argv
        The arguments of all of them.

    Raises
    ------
    Whatever importing one of them raises.
    """

    def __init__(self, names: Iterable[str] = (), argv: Sequence[str] = ()) -> None:
        self.preloads = [Preload(name, argv) for name in names]
        self._started: list[Preload] = []

    async def start(self, server: Any) -> None:
        """Start them in their order. Raises what one of them raises; those before it are to be torn down."""
        for preload in self.preloads:
            logger.info("running preload %s", _shown(preload.name))
            self._started.append(preload)
            await preload.start(server)

    async def teardown(self, server: Any) -> None:
        """End those that were started, the last one first."""
        while self._started:
            await self._started.pop().teardown(server)


async def _run(function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    result = function(*args, **kwargs)
    if inspect.isawaitable(result):
        await result


def _shown(name: str) -> str:
    first, *more = name.strip().splitlines() or [""]
    return repr(f"{first} ..." if more else first)


def _load(name: str) -> ModuleType:
    if "\n" in name or "import " in name:
        return _execute(name, "<preload>", "preload")
    if "://" in name:
        # Costs every worker process a tenth of its start if it stands above.
        import fsspec

        with fsspec.open(name, "rb") as file:
            return _execute(file.read(), name, _stem(name))
    if name.endswith(".py"):
        path = os.path.abspath(os.path.expanduser(name))
        with open(path, "rb") as file:
            source = file.read()
        return _execute(source, path, _stem(path))
    # Beside what is installed, modules of the directory in which the server was started.
    if "" not in sys.path and os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
    return importlib.import_module(name)


def _stem(path: str) -> str:
    return os.path.splitext(os.path.basename(path))[0].replace(".", "_") or "preload"


def _execute(source: str | bytes, origin: str, stem: str) -> ModuleType:
    """Run code as a module that tasks can import by its file's name, too, unless another module has that name."""
    module = ModuleType(_free_name(stem, origin))
    module.__file__ = origin
    # Pickle and dataclasses look modules up by name.
    before = sys.modules.get(module.__name__)
    sys.modules[module.__name__] = module
    try:
        exec(compile(source, origin, "exec"), module.__dict__)
    except BaseException:
        if before is None:
            del sys.modules[module.__name__]
        else:
            sys.modules[module.__name__] = before
        raise
    return module


def _free_name(stem: str, origin: str) -> str:
    for name in chain([stem], (f"{stem}_{number}" for number in count(2))):
        loaded = sys.modules.get(name)
        if loaded is not None:
            if getattr(loaded, "__file__", None) == origin and origin != "<preload>":
                return name
        else:
            spec = importlib.util.find_spec(name)
            if spec is None or spec.origin == origin:
                return name
    raise AssertionError("count() doesn't end")

"""How the command lines run: log, number of the process, signals, exit status.

Place in the flow: `scheduler` and `worker` give a coroutine function that starts, waits and ends in good order.

The first SIGTERM or SIGINT asks for a good end: what it is waits for is the program's affair. The second one ends the
process at once. Exit status: 0 after a good end, also when a signal asked for it; 1 if something failed; 2 for a wrong
command line (click's); 128 + the signal's number after the second signal, as shells have it.

Invariants: errors that people can mend are one line without a traceback; whatever happens, the file with the process's
number goes with the process.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import NoReturn, TypeVar

import click

from minidask_distributed import settings
from minidask_distributed.nanny.server import WorkerStartError

T = TypeVar("T")

logger = logging.getLogger(__name__)

MENDABLE = (OSError, ValueError, TypeError, WorkerStartError)
"""Errors of a start that are about what was asked for, or where; others are defects and keep their traceback."""


_leftovers = contextlib.ExitStack()
"""What goes with the process, also when it ends in haste."""


class Stop:
    """The wish to end, as signals express it.

    Parameters
    ----------
    emergency
        Called at the second signal, before the process ends: kills what must not be left behind.
    """

    def __init__(self, emergency: Callable[[], object]) -> None:
        self.reason = ""
        self._asked = asyncio.Event()
        self._emergency = emergency
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._take, number)

    def _take(self, number: signal.Signals) -> None:
        if self._asked.is_set():
            logger.warning("%s again: ending at once", number.name)
            self._emergency()
            _leftovers.close()
            logging.shutdown()
            os._exit(128 + number)
        self.reason = number.name
        logger.info("%s: ending; once more to end at once", number.name)
        self._asked.set()

    async def wait(self) -> None:
        """Wait for the first signal."""
        await self._asked.wait()

    async def during(self, work: Awaitable[T]) -> T | None:
        """Await something, or give it up at the first signal and return None.

        Raises
        ------
        Whatever ``work`` raises.
        """
        task = asyncio.ensure_future(work)
        asked = asyncio.ensure_future(self.wait())
        try:
            await asyncio.wait([task, asked], return_when=asyncio.FIRST_COMPLETED)
        finally:
            asked.cancel()
            if not task.done():
                task.cancel()
                await asyncio.wait([task])
        if task.cancelled() or (self._asked.is_set() and task.exception() is not None):
            return None
        return task.result()


def run(main: Callable[[], Awaitable[int]], *, log_level: str, pid_file: str | None = None) -> NoReturn:
    """Run a server's coroutine function; exit with the status that it returns.

    Parameters
    ----------
    main
        The server's life.
    log_level
        Least important level that is written.
    pid_file
        Where to write the process's number.

    Raises
    ------
    click.ClickException
        For errors that people can mend.
    SystemExit
        Otherwise.
    """
    logging.basicConfig(format=settings.get("admin.log-format"), level=logging.WARNING, stream=sys.stderr)
    logging.getLogger("minidask_distributed").setLevel(log_level.upper())
    with _leftovers:
        if pid_file is not None:
            _write_pid(pid_file)
        try:
            code = asyncio.run(_as_coroutine(main))
        except MENDABLE as error:
            for note in getattr(error, "__notes__", ()):
                logger.error("%s", note)
            raise click.ClickException(f"{error}") from error
    sys.exit(code)


async def _as_coroutine(main: Callable[[], Awaitable[int]]) -> int:
    return await main()


def _write_pid(path: str) -> None:
    try:
        with open(path, "w", encoding="ascii") as file:
            file.write(f"{os.getpid()}\n")
    except OSError as error:
        raise click.ClickException(f"can't write --pid-file {path}: {error.strerror}") from error
    _leftovers.callback(_remove, path)


def _remove(path: str) -> None:
    # Somebody tidied up already.
    with contextlib.suppress(FileNotFoundError):
        os.remove(path)

"""What runs in a worker process that a nanny started: make the worker, report, and end when told or when the nanny ends.

Place in the flow: `process` starts a fresh interpreter with `main` and speaks with it over the control, see there. The
imports of this module are the time that a worker takes to start: they happen while the specification is on its way.

How the process ends: the control's end (the nanny closed it, or died, however) closes the worker at once; SIGTERM closes
it gracefully, its data handed over first; a second SIGTERM at once. SIGINT is left to the nanny. A worker that can't be
closed, because a task holds the interpreter or the loop, doesn't keep the process alive for longer than `LAST_WORDS_S`.

Invariants: a worker that closes on purpose says so before the process ends; standard output is written line by line.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import importlib
import json
import logging
import os
import pickle
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any, TypedDict

from minidask_distributed.plugins import WorkerPlugin
from minidask_distributed.tuning import tune_process
from minidask_distributed.worker.server import Worker

LAST_WORDS_S = 3.0
"""A worker that was told to close at once is given so long, then its process ends without it."""

STOP_S = 0.3
"""Tasks that were stopped have so long to end: those in Python do within milliseconds, those in compiled code never may."""

_TRACEBACK_CHARACTERS = 20_000
_SIZE_BYTES = 8  # of the specification's size, which comes first


class Specification(TypedDict):
    """What the nanny wants to run. Pickled; holds secrets."""

    scheduler_address: str
    worker_class: type[Worker] | str | None  # None: Worker; a text names one: "package.module.Class"
    options: dict[str, Any]  # of the worker's class
    log_level: int | str
    log_format: str


def main(control_descriptor: int) -> None:
    """Run a worker as the nanny at the other end of the control says; end the process.

    Parameters
    ----------
    control_descriptor
        Of a connected socket that nobody else uses.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Of the thread that crashed alone: it becomes the reason that the nanny gives.
    faulthandler.enable(all_threads=False)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    with socket.socket(fileno=control_descriptor) as control:
        control.set_inheritable(False)
        code = _serve(control)
    _end(code)


def _serve(control: socket.socket) -> int:
    blob, scheduler = _read_specification(control)
    with contextlib.nullcontext() if scheduler is None else scheduler:
        return 0 if blob is None else _work(blob, control, scheduler)


def _work(blob: bytes, control: socket.socket, scheduler: socket.socket | None) -> int:
    reports = _Reports(control)
    try:
        specification: Specification = pickle.loads(blob)
    except Exception as error:
        reports.failed(error)
        return 1
    logging.basicConfig(format=specification["log_format"], level=specification["log_level"])
    tune_process()
    return asyncio.run(_run(specification, control, reports, scheduler))


def _read_specification(control: socket.socket) -> tuple[bytes | None, socket.socket | None]:
    """Return what the nanny sends, None if it hung up instead, and a socket that leads to the scheduler, if one came along."""
    first, descriptors, _, _ = socket.recv_fds(control, _SIZE_BYTES, 1)
    scheduler = socket.socket(fileno=descriptors[0]) if descriptors else None
    if scheduler is not None:
        scheduler.set_inheritable(False)
    with control.makefile("rb") as file:
        first += file.read(_SIZE_BYTES - len(first))
        size = int.from_bytes(first, "big")
        blob = file.read(size)
    return (blob if blob and len(blob) == size else None), scheduler


class _Reports:
    """The way up to the nanny."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._lock = threading.Lock()

    def send(self, event: str, **details: Any) -> None:
        line = json.dumps({"event": event, **details}).encode() + b"\n"
        # Without a nanny there is nobody to tell, and the control's end closes the worker.
        with self._lock, contextlib.suppress(OSError):
            self._control.sendall(line)

    def failed(self, error: BaseException) -> None:
        text = "".join(traceback.format_exception(error))
        self.send(
            "failed",
            type=type(error).__name__,
            text=str(error)[:_TRACEBACK_CHARACTERS],
            traceback=text[-_TRACEBACK_CHARACTERS:],
        )


class _TellNanny(WorkerPlugin):
    """Tells the nanny where the worker is, before its first task: the task may be what ends the process."""

    name = "minidask-nanny"

    def __init__(self, reports: _Reports) -> None:
        self._reports = reports

    def setup(self, worker: Any) -> None:
        self._reports.send("able", address=worker.address, directory=str(worker.local_directory))


async def _run(
    specification: Specification, control: socket.socket, reports: _Reports, scheduler: socket.socket | None
) -> int:
    """Run the worker until it ends; return the exit status."""
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    _watch_control(control, lambda: loop.call_soon_threadsafe(told.set))
    try:
        worker_class = find_class(specification["worker_class"])
        options = specification["options"]
        plugins = [_TellNanny(reports), *options.pop("plugins", ())]
        worker = worker_class(specification["scheduler_address"], plugins=plugins, **options)
        if scheduler is not None:
            worker.connect_over(scheduler)
        starting = asyncio.ensure_future(worker.start())
        hanging_up = asyncio.ensure_future(told.wait())
        await asyncio.wait([starting, hanging_up], return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            starting.cancel()
            await asyncio.wait([starting])
            await _close_at_once(worker)
            return 0
        starting.result()
    except Exception as error:
        reports.failed(error)
        return 1
    _on_sigterm(worker)
    reports.send("running", name=str(worker.name))
    closing = asyncio.ensure_future(worker.finished())
    await asyncio.wait([closing, hanging_up], return_when=asyncio.FIRST_COMPLETED)
    if not closing.done():
        await _close_at_once(worker)
    reason = await closing
    hanging_up.cancel()
    reports.send("left", reason=str(reason or ""), ok=not worker.failed)
    return 0


async def _close_at_once(worker: Worker) -> None:
    # Tasks that don't stop end with the process, which is no news to anybody.
    logging.getLogger("minidask_distributed").setLevel(logging.ERROR)
    await worker.close("its nanny closed it", STOP_S)


def find_class(wanted: type[Worker] | str | None) -> type[Worker]:
    """Return the class of the worker.

    Parameters
    ----------
    wanted
        The class, where to import it from (``"package.module.Class"``), or None for `Worker`.

    Raises
    ------
    ImportError
        If there is no such class.
    """
    if wanted is None:
        return Worker
    if isinstance(wanted, type):
        return wanted
    module, dot, name = wanted.rpartition(".")
    if not dot:
        raise ImportError(f"a worker's class is named with its module, as 'package.module.Class', not {wanted!r}")
    found = getattr(importlib.import_module(module), name, None)
    if not isinstance(found, type):
        raise ImportError(f"{module} has no class {name!r}")
    return found


def _on_sigterm(worker: Worker) -> None:
    """Close the worker gracefully at the first SIGTERM, and without ceremony at the second."""
    loop = asyncio.get_running_loop()
    tasks: list[asyncio.Future[Any]] = []

    def handle() -> None:
        reason = "it was asked to end (SIGTERM)"
        tasks.append(asyncio.ensure_future(worker.close(reason, STOP_S) if tasks else worker.close_gracefully(reason)))

    loop.add_signal_handler(signal.SIGTERM, handle)


def _watch_control(control: socket.socket, on_end: Callable[[], object]) -> None:
    """Wait for the control's end on a thread, so that a blocked loop doesn't outlive the nanny."""

    def watch() -> None:
        # Nothing but the end comes; a reset is an end, too.
        with contextlib.suppress(OSError):
            while control.recv(64):
                pass
        deadline = threading.Timer(LAST_WORDS_S, os._exit, [1])
        deadline.daemon = True
        deadline.start()
        with contextlib.suppress(RuntimeError):
            on_end()

    threading.Thread(target=watch, name="minidask nanny watch", daemon=True).start()


def _end(code: int) -> None:
    """End the process: as Python does, unless threads of tasks would keep it alive."""
    main_thread = threading.main_thread()
    if any(not thread.daemon and thread is not main_thread for thread in threading.enumerate()):
        logging.shutdown()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)
    sys.exit(code)

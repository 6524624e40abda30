"""What a child process of the ``processes`` scheduler does: read a batch, run it, send the answer, until it is told to
stop.

The parent's side is ``children``. Messages: the child says ``ready`` or sends the failure of its start; then it gets for each
batch its number of tasks and the tasks, pickled, and answers with its name and the values, each pickled. What is large follows as
a message of its own, uncopied; what is small travels with the rest, since each message costs a system call and perhaps a switch
of processes. No message means stop.

Invariants: a child ends when its parent does, however that ended; Ctrl-C in a terminal reaches parent and children
alike, and is the parent's to handle: children neither print tracebacks for it nor die of it by themselves. Imports are
kept few: they are what starting a child costs.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from typing import Any

import cloudpickle

from minidask.schedulers.remote import Failure, run_pickled

READY = b"ready"
STOP = b""
# Up to here copying costs less than a message of its own.
SMALL_BYTES = 2**16
# Read by nobody but a BLAS or OpenMP library that is loaded later.
_SINGLE_THREADED = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def serve(connection: Connection, environment: Mapping[str, str], initializer: bytes | None) -> None:
    """Run in a child process.

    Parameters
    ----------
    connection : Connection
        To the parent, both ways.
    environment : mapping
        The environment variables to have, the parent's settings among them.
    initializer : bytes or None
        A function without arguments, cloudpickled, to be called first.
    """
    _leave_interrupts_to_the_parent()
    threading.Thread(target=_end_with_the_parent, name="minidask-parent-watch", daemon=True).start()
    try:
        _settle(environment)
        if initializer is not None:
            cloudpickle.loads(initializer)()
    except BaseException as error:
        connection.send_bytes(pickle.dumps(Failure(error), protocol=5))
        return
    connection.send_bytes(READY)
    while True:
        try:
            message = connection.recv_bytes()
        except (EOFError, OSError):
            return
        if message == STOP:
            return
        count, _, data = message.partition(b" ")
        del message
        answer = run_pickled(data or connection.recv_bytes(), int(count))
        del data
        packed = answer.packed()
        worker = answer.worker
        del answer
        small = [value if len(value) < SMALL_BYTES else None for value in packed]
        connection.send_bytes(pickle.dumps((worker, small), protocol=5))
        for value in packed:
            if len(value) >= SMALL_BYTES:
                connection.send_bytes(value)
        del packed, small


def _leave_interrupts_to_the_parent() -> None:
    # A handler rather than SIG_IGN: programs that a task starts get the default back and die of Ctrl-C as ever.
    signal.signal(signal.SIGINT, _ignore)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _ignore(number: int, frame: Any) -> None:
    """Do nothing."""


def _end_with_the_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _settle(environment: Mapping[str, str]) -> None:
    """Take over the parent's settings, and leave the processors to the other children."""
    for name in os.environ.keys() - environment.keys():
        del os.environ[name]
    os.environ.update(environment)
    for name in _SINGLE_THREADED:
        os.environ.setdefault(name, "1")
    settings = sys.modules.get("minidask.config")
    if settings is not None:
        # It read the environment when it was imported; if nobody has, it will.
        refresh: Callable[[], None] = settings.refresh
        refresh()

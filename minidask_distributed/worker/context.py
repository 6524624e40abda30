"""What a task may ask about where it runs: `get_worker`, `secede`, `rejoin`, `print`, `warn`, its key and annotations.

Place in the flow: `execute` sets `running` before it reads a task's arguments and calls its function; tasks (and what
they call) ask here. The worker itself is reached through the few methods of `Host` alone.

Invariants: a context variable, not a thread's attribute, so that coroutine tasks that share the worker's loop each see
their own, and ``asyncio.to_thread`` hands it on; a thread that a task starts by itself sees none. What isn't called from
a task raises ValueError or, for `print` and `warn`, does what the built-in function does.

Not for: deciding what seceding means (the worker's), or getting clients in tasks (above the worker).
"""

from __future__ import annotations

import builtins
import io
import sys
import warnings
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any, Protocol

import minidask_distributed
from minidask.graph.task import Key
from minidask.schedulers.registry import set_runner_of_tasks
from minidask_distributed.protocol.payload import Payload, pack

__all__ = [
    "Host",
    "Reschedule",
    "ResultsLost",
    "RunningTask",
    "get_current_task_annotations",
    "get_current_task_key",
    "get_worker",
    "print",
    "rejoin",
    "running",
    "running_task",
    "secede",
    "warn",
]


class Reschedule(Exception):
    """Raise this in a task to have the scheduler assign it anew, maybe to another worker; it doesn't count as a failure."""


class ResultsLost(Exception):
    """Raise this in a task that finds that what results of other tasks stand for is gone: they, and then it, are computed again.

    Parameters
    ----------
    keys : list of Key
        Of these results.
    reason : str
        For people, should it happen again and again.
    """

    def __init__(self, keys: list[Key], reason: str) -> None:
        super().__init__(keys, reason)
        self.keys = keys
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class Host(Protocol):
    """What is asked of a worker here; any thread may call."""

    def secede(self, running: RunningTask) -> None:
        """Take a running task out of the executor's slots; again for one that did so already: nothing."""

    def rejoin(self, running: RunningTask) -> None:
        """Block until a seceded task has a slot again; for one that has one: nothing."""

    def notify(self, topic: str, content: Any) -> None:
        """Send a `messages.Notice` with the time of now."""


class RunningTask:
    """One execution of a task.

    Parameters
    ----------
    worker : Host
    task : int
        Task id.
    key : Key
    annotations : mapping
        Empty for most tasks.
    """

    __slots__ = ("annotations", "key", "task", "worker")

    def __init__(self, worker: Host, task: int, key: Key, annotations: Mapping[str, Any]) -> None:
        self.worker = worker
        self.task = task
        self.key = key
        self.annotations = annotations

    @property
    def seceded(self) -> bool:
        """Whether it has left the executor's slots; one that never had a slot hasn't."""
        return False

    def __repr__(self) -> str:
        return f"<RunningTask {self.key!r} ({self.task})>"


running: ContextVar[RunningTask | None] = ContextVar("minidask running task", default=None)
"""The task that runs here; set by whoever runs it, and set to None afterwards on threads that are used again."""


def _runner() -> Any:
    """Return what collections compute on in a task: a client of its cluster; None outside of tasks."""
    return None if running.get() is None else minidask_distributed.get_client().get


# Wherever tasks run, this module is loaded before.
set_runner_of_tasks(_runner)


def running_task(asker: str = "this") -> RunningTask:
    """Return the task that calls.

    Raises
    ------
    ValueError
        Outside of tasks; the message begins with ``asker``.
    """
    task = running.get()
    if task is None:
        raise ValueError(
            f"{asker} is for code that runs in a task on a worker; no task runs here (a thread that a task starts by "
            "itself isn't part of the task: call it in the task and pass the result on)"
        )
    return task


def get_worker() -> Any:
    """Return the worker on which the calling task runs.

    Raises
    ------
    ValueError
        Outside of tasks.

    Examples
    --------
    >>> get_worker()
    Traceback (most recent call last):
    ...
    ValueError: get_worker() is for code that runs in a task on a worker; no task runs here ...
    """
    return running_task("get_worker()").worker


def get_current_task_key() -> Key:
    """Return the key of the calling task.

    Raises
    ------
    ValueError
        Outside of tasks.
    """
    return running_task("get_current_task_key()").key


def get_current_task_annotations() -> dict[str, Any]:
    """Return the annotations of the calling task, as a dict of one's own.

    Raises
    ------
    ValueError
        Outside of tasks.
    """
    return dict(running_task("get_current_task_annotations()").annotations)


def secede() -> None:
    """Leave the executor's slots, so that the worker runs another task meanwhile; for tasks that wait for others.

    Raises
    ------
    ValueError
        Outside of tasks.
    """
    task = running_task("secede()")
    task.worker.secede(task)


def rejoin() -> None:
    """Come back from `secede`: block until there is a slot.

    Raises
    ------
    ValueError
        Outside of tasks.
    """
    task = running_task("rejoin()")
    task.worker.rejoin(task)


def print(
    *args: Any, sep: str | None = " ", end: str | None = "\n", file: io.TextIOBase | Any = None, flush: bool = False
) -> None:
    """Print as the built-in function does, and, in a task, on every connected client, too.

    Clients are sent the topic ``"print"`` with ``{"text": str, "stream": "stdout" | "stderr"}``.

    Parameters
    ----------
    *args, sep, end, flush
        As the built-in function has them.
    file
        None, ``sys.stdout`` or ``sys.stderr``.

    Raises
    ------
    TypeError
        In a task, for another ``file``, which clients wouldn't have; and as the built-in function does.

    Examples
    --------
    >>> print("x =", 1)
    x = 1
    """
    task = running.get()
    if task is not None and not (file is None or file is sys.stdout or file is sys.stderr):
        raise TypeError(
            f"in a task, file= must be None, sys.stdout or sys.stderr, not {file!r}: clients don't have others"
        )
    if task is not None:
        text = io.StringIO()
        builtins.print(*args, sep=sep, end=end, file=text)
        stream = "stderr" if file is not None and file is sys.stderr else "stdout"
        task.worker.notify("print", {"text": text.getvalue(), "stream": stream})
    builtins.print(*args, sep=sep, end=end, file=file, flush=flush)


def warn(
    message: str | Warning, category: type[Warning] | None = UserWarning, stacklevel: int = 1, source: Any = None
) -> None:
    """Warn as ``warnings.warn`` does, and, in a task, on every connected client, too (subject to its own filters).

    Clients are sent the topic ``"warn"`` with ``{"text": str, "category": str, "warning": Payload | None}``: the payload
    packs the pair of message and category, and is None if that can't be pickled.

    Parameters
    ----------
    message, category, stacklevel, source
        As ``warnings.warn`` has them; the last two are for the worker's own warning only.

    Raises
    ------
    TypeError
        As ``warnings.warn`` does; and the warning itself where filters turn it into an error.
    """
    task = running.get()
    if task is not None:
        kind = type(message) if isinstance(message, Warning) else category or UserWarning
        name = getattr(kind, "__name__", "UserWarning")
        task.worker.notify("warn", {"text": str(message), "category": name, "warning": _packed(message, kind)})
    warnings.warn(message, category, stacklevel=stacklevel + 1, source=source)


def _packed(message: str | Warning, category: type[Warning]) -> Payload | None:
    try:
        return pack((message, category))
    except TypeError:
        # The text goes on its own: a warning that can't be pickled must still be seen.
        return None

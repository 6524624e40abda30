"""Errors of tasks, made readable: which task failed, and a traceback without the scheduler's own frames.

The original exception object goes to the user, so that ``except ValueError`` works as in plain code; a note says the
key. Here are also the errors of the schedulers themselves, and the way to the user's line for warnings.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from minidask.graph.task import Key, Task, func_name

_PACKAGE = str(Path(__file__).resolve().parents[1]) + "/"
# Folders whose frames say nothing about the user's own code.
_INTERNAL = tuple(f"{_PACKAGE}{folder}/" for folder in ("schedulers", "graph", "collection"))


class BrokenWorkerError(RuntimeError):
    """A process that ran tasks is gone, or could not start."""


class RemoteError(RuntimeError):
    """An error of a task in another process that can't itself be sent back; its message holds the original's type and text."""


def task_note(key: Key, task: Task) -> str:
    """Return the line that names a failed task.

    Examples
    --------
    >>> task_note("x", Task(len, (3,)))
    "Raised by the task 'x' (len)."
    """
    return f"Raised by the task {key!r} ({func_name(task.func)})."


def task_list(named: Iterable[tuple[Key, Task]]) -> str:
    """Return words for one or more tasks of which it isn't known which one it was.

    Examples
    --------
    >>> task_list([("x", Task(len, (3,)))])
    "the task 'x' (len)"
    >>> task_list([(at, Task(len, (3,))) for at in range(9)])
    'one of the tasks 0 (len), 1 (len), 2 (len), 3 (len), 4 (len), 5 (len), ... 3 more'
    """
    names = [f"{key!r} ({func_name(task.func)})" for key, task in named]
    if len(names) == 1:
        return f"the task {names[0]}"
    rest = f", ... {len(names) - 6} more" if len(names) > 6 else ""
    return f"one of the tasks {', '.join(names[:6])}{rest}"


def add_note(error: BaseException, note: str) -> None:
    """Add a note to an error unless it has it already, or refuses it (exceptions of frozen dataclasses do).

    Examples
    --------
    >>> error = ValueError()
    >>> for _ in range(2):
    ...     add_note(error, "seen")
    >>> error.__notes__
    ['seen']
    """
    try:
        if note not in getattr(error, "__notes__", ()):
            BaseException.add_note(error, note)
    except Exception:
        # The error itself matters more than the name of its task.
        return


def blame(error: BaseException, key: Key, task: Task) -> BaseException:
    """Add the task's name to an error that it raised and drop our frames from the top of its traceback; return it."""
    # The same exception object may come back from a nested computation, or be raised by two tasks.
    add_note(error, task_note(key, task))
    return error.with_traceback(user_frames(error.__traceback__))


def user_frames(traceback: TracebackType | None) -> TracebackType | None:
    """Return the traceback from its first frame outside schedulers, graphs and ``compute``; all of it if there is none."""
    inner = traceback
    while inner is not None and inner.tb_frame.f_code.co_filename.startswith(_INTERNAL):
        inner = inner.tb_next
    return inner or traceback


def user_stacklevel() -> int:
    """Return the ``stacklevel`` with which ``warnings.warn``, called by the caller of this, points at the user's line."""
    frame = sys._getframe(1)
    level = 1
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
        level += 1
    return level

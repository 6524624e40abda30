"""Errors of tasks, made readable: which task failed, and a traceback without the scheduler's own frames.

The original exception object goes to the user, so that ``except ValueError`` works as in plain code; a note says the key.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from minidask.graph.task import Key, Task, func_name

_PACKAGE = str(Path(__file__).resolve().parents[1])
# Folders whose frames say nothing about the user's own code.
_INTERNAL = tuple(f"{_PACKAGE}/{folder}/" for folder in ("schedulers", "graph"))


def task_note(key: Key, task: Task) -> str:
    """Return the line that names a failed task.

    Examples
    --------
    >>> task_note("x", Task(len, (3,)))
    "Raised by the task 'x' (len)."
    """
    return f"Raised by the task {key!r} ({func_name(task.func)})."


def blame(error: BaseException, key: Key, task: Task) -> BaseException:
    """Add the task's name to an error that it raised and drop our frames from the top of its traceback; return it."""
    note = task_note(key, task)
    # The same exception object may come back from a nested computation, or be raised by two tasks.
    if note not in getattr(error, "__notes__", ()):
        error.add_note(note)
    return error.with_traceback(user_frames(error.__traceback__))


def user_frames(traceback: TracebackType | None) -> TracebackType | None:
    """Return the traceback from its first frame outside the schedulers and graphs; all of it if there is none."""
    inner = traceback
    while inner is not None and inner.tb_frame.f_code.co_filename.startswith(_INTERNAL):
        inner = inner.tb_next
    return inner or traceback

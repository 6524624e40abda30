"""What runs at the far end of an executor: a batch of tasks, one after another; errors become values.

Nothing here knows about states or graphs; it is imported in the worker processes and is kept small for that.
"""

from __future__ import annotations

import os
import pickle
import threading
import traceback
from typing import Any

import cloudpickle

from minidask.graph.task import Task
from minidask.schedulers.failure import user_frames


class RemoteError(RuntimeError):
    """An error of a task in another process that can't itself be sent back; its message holds the original's text."""


class Failure:
    """An error on its way back.

    Parameters
    ----------
    error : BaseException
        With its traceback.
    text : bool
        Whether the traceback is to be kept as text, since it can't cross to another process.
    """

    def __init__(self, error: BaseException, text: bool) -> None:
        self._error: BaseException | None = error
        self.pickled: bytes | None = None
        self.summary = "".join(traceback.format_exception_only(error)).strip()
        self.traceback: str | None = None
        if text:
            lines = traceback.format_exception(type(error), error, user_frames(error.__traceback__))
            self.traceback = "".join(lines).rstrip()
            self.pickled = _pickled_error(error)
            self._error = None

    def error(self) -> BaseException:
        """Return the exception, or one that stands for it if it couldn't be pickled."""
        if self._error is not None:
            return self._error
        if self.pickled is not None:
            return cloudpickle.loads(self.pickled)  # type: ignore[no-any-return]
        return RemoteError(self.summary)


def _pickled_error(error: BaseException) -> bytes | None:
    """Return an exception pickled, None unless it can also be read again (many classes' constructors prevent that)."""
    try:
        data = cloudpickle.dumps(error, protocol=5)
        return data if isinstance(pickle.loads(data), BaseException) else None
    except Exception:
        return None


def run_batch(tasks: list[Task], text: bool = False) -> tuple[Any, list[Any]]:
    """Run tasks that need nothing more; return where, and their values up to the first failure."""
    worker = f"{os.getpid()}-{threading.get_ident()}" if text else threading.get_ident()
    values: list[Any] = []
    for task in tasks:
        try:
            values.append(task({}))
        except BaseException as error:
            failure = Failure(error, text)
            values += [failure] * (len(tasks) - len(values))
            break
    return worker, values


def run_pickled(data: bytes, count: int) -> bytes:
    """Run a pickled batch of ``count`` tasks; return its answer pickled. A value that can't be pickled becomes a ``Failure`` that says so."""
    try:
        tasks = cloudpickle.loads(data)
    except BaseException as error:
        error.add_note("A task's function or argument could not be read in the worker process.")
        return cloudpickle.dumps((os.getpid(), [Failure(error, True)] * count), protocol=5)  # type: ignore[no-any-return]
    worker, values = run_batch(tasks, text=True)
    try:
        return cloudpickle.dumps((worker, values), protocol=5)  # type: ignore[no-any-return]
    except Exception:
        return cloudpickle.dumps((worker, [_sendable(value) for value in values]), protocol=5)  # type: ignore[no-any-return]


def _sendable(value: Any) -> Any:
    try:
        cloudpickle.dumps(value, protocol=5)
    except Exception as error:
        return Failure(
            TypeError(
                f"the result, a {type(value).__name__}, can't be sent back from its process, because it can't be "
                f"pickled: {error}. Return plain data, or use scheduler='threads'."
            ),
            True,
        )
    return value


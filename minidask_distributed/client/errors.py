"""What waiting for a result can raise besides the task's own exception, and how failures become exceptions again.

Place in the flow: `future` and `gather` raise what `error_of_state` returns.

Invariants: a cancelled future raises a ``concurrent.futures.CancelledError``, a lost one an ``OSError`` as well; every message
names the key.
"""

from __future__ import annotations

import builtins
from concurrent.futures import CancelledError
from typing import Any

from minidask.schedulers.failure import add_note
from minidask_distributed.client.session import CANCELLED, ERROR, LOST, State
from minidask_distributed.comm.errors import CommClosedError
from minidask_distributed.protocol.failures import unpack_failure


class FutureCancelledError(CancelledError):
    """The task was cancelled, or its future can't have a result for another reason, which the message says.

    Examples
    --------
    >>> str(FutureCancelledError("x", "it was cancelled by the user"))
    "'x' has no result: it was cancelled by the user"
    """

    def __init__(self, key: Any, reason: str) -> None:
        super().__init__(key, reason)
        self.key = key
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.key!r} has no result: {self.reason}"


class FutureLostError(FutureCancelledError, CommClosedError):
    """The connection to the scheduler ended before the result was here."""

    __str__ = FutureCancelledError.__str__


class KilledWorker(RuntimeError):
    """Every worker that ran the task died; the task itself may be what kills them.

    Attributes
    ----------
    task : key or None
        Its name.
    last_worker : str or None
        The address of the worker that died last.
    """

    task: Any = None
    last_worker: str | None = None


class LostDataError(RuntimeError):
    """A result was lost with its worker and can't be made again: it was scattered, and no task makes it."""


_RAISED = "Raised by the task"
_BY_KIND: dict[str, type[Exception]] = {"killed-worker": KilledWorker, "lost": LostDataError}


def error_of_state(state: State) -> BaseException | None:
    """Return the exception that the result of a task raises; None if it is pending or finished."""
    if state.status == ERROR:
        return error_of(state.outcome)
    if state.status == CANCELLED:
        return FutureCancelledError(state.key, state.outcome)
    if state.status == LOST:
        return FutureLostError(state.key, state.outcome)
    return None


def error_of(fields: dict[str, Any]) -> BaseException:
    """Return the exception that a failure's fields stand for: the task's own one, with a note that names the task.

    Failures that the scheduler itself found have no exception that could have travelled: they become one of the classes
    here or, if their type is one of Python's, that.

    Examples
    --------
    >>> error_of({"type": "ValueError", "text": "in use", "payload": None, "key": "x", "kind": "refused"})
    ValueError('in use')
    """
    kind = fields.get("kind", "raised")
    traceback = fields.get("traceback") or ""
    if fields["payload"] is None and kind != "raised":
        made = _BY_KIND.get(kind)
        own = getattr(builtins, fields["type"], None)
        if isinstance(own, type) and issubclass(own, Exception) and own is not RuntimeError:
            made = own
        if made is not None:
            error: BaseException = made(fields["text"])
            if isinstance(error, KilledWorker):
                error.task, error.last_worker = fields.get("key"), fields.get("worker")
            for note in fields.get("notes") or ():
                add_note(error, note)
            return error
    error = unpack_failure({"notes": [], **fields, "traceback": traceback})
    key = fields.get("key")
    # A worker that could has noted it already, with the key as it is rather than as its text.
    if key is not None and not any(note.startswith(_RAISED) for note in getattr(error, "__notes__", ())):
        name = f" ({fields['name']})" if fields.get("name") else ""
        where = f" on the worker {fields['worker']}" if fields.get("worker") else ""
        add_note(error, f"{_RAISED} {key!r}{name}{where}.")
    return error


def remote_traceback(error: BaseException) -> str | None:
    """Return the text of the traceback in the process that raised an error, if it came from another one."""
    text = getattr(error.__cause__, "text", None)
    return text if isinstance(text, str) else None

"""Exceptions on their way to whoever waits for the result: as themselves if they can travel, as text in any case.

Place in the flow: a worker packs what a task raised, the scheduler hands the fields on without reading them, the client raises
what `unpack_failure` returns. What makes an awkward exception travel (constructors that take other arguments, attributes) is
`minidask.schedulers.remote`'s.

Invariants: packing never fails and never takes more than a few hundred kB; an exception that can't be sent or read is stood
for by a `RemoteError` with its type and text; the traceback of the process that raised it always comes along, as the cause.
"""

from __future__ import annotations

import traceback
from typing import Any

from minidask.schedulers.failure import RemoteError, add_note
from minidask.schedulers.remote import Failure
from minidask_distributed.protocol.payload import Payload, unpack

__all__ = ["RemoteTraceback", "pack_failure", "unpack_failure"]

_MOST_PICKLED = 1 << 18
_MOST_TEXT = 20_000
_MOST_NOTES = 20


class RemoteTraceback(Exception):
    """The traceback, as text, of an exception that was raised in another process; it is that exception's cause."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return f"\n{self.text}"


def pack_failure(error: BaseException) -> dict[str, Any]:
    """Return an exception as plain fields: ``type``, ``text``, ``traceback``, ``notes`` and ``payload``.

    ``type`` and ``text`` are the class's qualified name and the message; ``payload`` is the exception itself, None if it
    can't be pickled or is too large. Long texts are cut in the middle.

    Examples
    --------
    >>> fields = pack_failure(ValueError("no good"))
    >>> fields["type"], fields["text"]
    ('ValueError', 'no good')
    >>> unpack_failure(fields)
    ValueError('no good')
    """
    packed: bytes | None = None
    try:
        # Pickling a Failure never fails; this is what it consists of.
        _, (packed, _, shown, _) = Failure(error).__reduce__()
    except Exception:  # an exception whose very attributes raise when they are looked at
        shown = "".join(traceback.format_tb(error.__traceback__)).rstrip()
    if packed is not None and len(packed) > _MOST_PICKLED:
        packed = None
    try:
        text = str(error)
    except Exception as problem:
        text = f"<its message can't be had: {type(problem).__name__}>"
    try:
        notes = [clipped(str(note)) for note in list(getattr(error, "__notes__", None) or ())[:_MOST_NOTES]]
    except Exception:  # notes are a convenience
        notes = []
    return {
        "payload": None if packed is None else Payload("pickle", packed),
        "type": type(error).__qualname__,
        "text": clipped(text),
        "traceback": clipped(shown),
        "notes": notes,
    }


def unpack_failure(fields: dict[str, Any]) -> BaseException:
    """Return the exception of `pack_failure`'s fields, its remote traceback as its ``__cause__``.

    One that can't be read here, or didn't travel, is a `RemoteError` with the type and text of the original. Never raises.

    Examples
    --------
    >>> unpack_failure({"payload": None, "type": "Odd", "text": "no way", "traceback": "", "notes": []})
    RemoteError('Odd: no way')
    """
    error: BaseException | None = None
    problem = ""
    if fields["payload"] is not None:
        try:
            read = unpack(fields["payload"])
            if isinstance(read, BaseException):
                error = read
            else:
                problem = f"it was read as a {type(read).__name__}"
        except Exception as failure:
            problem = f"{type(failure).__name__}: {failure}"
    if error is None:
        text = fields["text"]
        error = RemoteError(f"{fields['type']}: {text}" if text else fields["type"])
        for note in fields["notes"]:
            add_note(error, note)
        if problem:
            add_note(error, f"The original error can't be read here: {problem}.")
    if fields["traceback"]:
        try:
            error.__cause__ = RemoteTraceback(fields["traceback"])
        except Exception:
            # A class that refuses attributes: the error itself matters more.
            return error
    return error


def clipped(text: str, limit: int = _MOST_TEXT) -> str:
    """Return a text that can be encoded, without its middle if it is longer than ``limit`` characters.

    Examples
    --------
    >>> clipped("abcdefghij", 4)
    'ab\\n... 6 characters left out ...\\nij'
    """
    if len(text) > limit:
        half = limit // 2
        text = f"{text[:half]}\n... {len(text) - 2 * half} characters left out ...\n{text[-half:]}"
    # Half a surrogate pair, as file names may hold, has no UTF-8.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")

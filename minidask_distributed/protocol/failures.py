"""Exceptions on their way to whoever waits for the result: as themselves if they can travel, as text in any case.

Place in the flow: a worker packs what a task raised, the scheduler hands the fields on without reading them, the client raises
what `unpack_failure` returns. What makes an awkward exception travel (constructors that take other arguments, attributes) is
`minidask.schedulers.remote`'s.

Invariants: packing never fails and never takes more than `ErrorLimits` says; an exception that can't be sent or read is stood
for by one of Python's with its text, or a `RemoteError` with its type and text; what was cut or left out is said; the
traceback of the process that raised it always comes along, as the cause.
"""

from __future__ import annotations

import builtins
import traceback
from typing import Any, NamedTuple

from minidask.schedulers.failure import RemoteError, add_note
from minidask.schedulers.remote import Failure
from minidask.units import format_bytes
from minidask_distributed.protocol.payload import Payload, unpack

__all__ = ["DEFAULT_LIMITS", "ErrorLimits", "RemoteTraceback", "pack_failure", "unpack_failure"]

_MOST_NOTES = 20


class ErrorLimits(NamedTuple):
    """How much of an exception is sent: its message, its traceback and all its notes may each have so many characters."""

    text_chars: int = 10_000
    pickled_bytes: int = 1 << 18


DEFAULT_LIMITS = ErrorLimits()


class RemoteTraceback(Exception):
    """The traceback, as text, of an exception that was raised in another process; it is that exception's cause."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return f"\n{self.text}"


def pack_failure(error: BaseException, limits: ErrorLimits = DEFAULT_LIMITS) -> dict[str, Any]:
    """Return an exception as plain fields: ``type``, ``text``, ``traceback``, ``notes`` and ``payload``.

    ``type`` and ``text`` are the class's qualified name and the message; ``payload`` is the exception itself, None if it
    can't be pickled or is too large. Long texts are cut in the middle, where it is said how much is missing.

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
    too_large = packed is not None and len(packed) > limits.pickled_bytes
    try:
        text = str(error)
    except Exception as problem:
        text = f"<its message can't be had: {type(problem).__name__}>"
    try:
        notes = _notes(list(getattr(error, "__notes__", None) or ()), limits.text_chars)
    except Exception:  # notes are a convenience
        notes = []
    fields: dict[str, Any] = {
        "payload": None if packed is None or too_large else Payload("pickle", packed),
        "type": type(error).__qualname__,
        "text": clipped(text, limits.text_chars),
        "traceback": clipped(shown, limits.text_chars),
        "notes": notes,
    }
    if fields["payload"] is None and type(error).__module__ == "builtins":
        fields["builtin"] = True
    if packed is not None and too_large:
        fields["notes"].append(
            f"This stands for the original error, of {format_bytes(len(packed))}: no more than "
            f"{format_bytes(limits.pickled_bytes)} are sent (distributed.admin.max-error-bytes)."
        )
    return fields


def _notes(notes: list[Any], most: int) -> list[str]:
    """The first notes, as far as there is room for them."""
    kept: list[str] = []
    for note in notes[:_MOST_NOTES]:
        text = clipped(str(note), max(most, 0))
        most -= len(text)
        kept.append(text)
        if most <= 0:
            break
    if len(kept) < len(notes):
        kept.append(f"({len(notes) - len(kept)} more notes were left out.)")
    return kept


def unpack_failure(fields: dict[str, Any]) -> BaseException:
    """Return the exception of `pack_failure`'s fields, its remote traceback as its ``__cause__``.

    One that can't be read here, or didn't travel, is one of Python's with the text of the original, or a `RemoteError` with
    its type and text. Never raises.

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
        error = _of_python(fields) or RemoteError(f"{fields['type']}: {text}" if text else fields["type"])
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


def _of_python(fields: dict[str, Any]) -> BaseException | None:
    """One of Python's exceptions, if the original was one that a text is enough for: so that ``except`` still finds it."""
    made = getattr(builtins, fields["type"], None) if fields.get("builtin") else None
    if not (isinstance(made, type) and issubclass(made, Exception)):
        return None
    try:
        error = made(fields["text"])
        # A KeyError shows its text in quotes.
        return error if str(error) == fields["text"] or made is KeyError else None
    except Exception:  # it takes more than a text
        return None


def clipped(text: str, limit: int = DEFAULT_LIMITS.text_chars) -> str:
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

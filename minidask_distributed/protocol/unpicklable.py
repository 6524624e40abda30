"""Which part of an object can't be pickled, in words: "the lock at ``[2].model.lock``" says more than "cannot pickle".

Place in the flow: `pickling` and `calls` ask when an object can't be sent, to explain it; this may take as long as pickling
the object a few times.

Invariants: nothing is raised, nothing is changed.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from functools import partial
from itertools import islice
from types import FunctionType, MethodType
from typing import Any

import cloudpickle

__all__ = ["describe_unpicklable"]

_MOST_LEVELS = 30
_MOST_PARTS = 1000


def describe_unpicklable(obj: Any) -> str:
    """Return words for the innermost part of ``obj`` that can't be pickled and the reason; "" if it can be pickled.

    Examples
    --------
    >>> import threading
    >>> describe_unpicklable({"a": [1, threading.Lock()]})
    "the lock at ['a'][1] can't be pickled: cannot pickle '_thread.lock' object"
    >>> describe_unpicklable([1, 2])
    ''
    """
    error = _error_of(obj)
    if error is None:
        return ""
    path = ""
    seen = {id(obj)}
    for _ in range(_MOST_LEVELS):
        for name, part in islice(_parts(obj), _MOST_PARTS):
            if id(part) in seen:
                continue
            seen.add(id(part))
            inner = _error_of(part)
            if inner is not None:
                path, obj, error = path + name, part, inner
                break
        else:
            break
    where = f" at {path.lstrip('.')}" if path else ""
    kind = getattr(obj, "__qualname__", None) if isinstance(obj, FunctionType) else None
    what = f"the function {kind}" if kind else f"the {type(obj).__name__}"
    return f"{what}{where} can't be pickled: {_reason(error)}"


def _reason(error: BaseException) -> str:
    if isinstance(error, RecursionError) or isinstance(error.__cause__, RecursionError):
        return "it is nested too deeply"
    text = str(error).strip() or "no reason given"
    return text if type(error).__name__ in ("TypeError", "PicklingError") else f"{type(error).__name__}: {text}"


def _error_of(obj: Any) -> BaseException | None:
    try:
        # Buffers are left where they are.
        cloudpickle.dumps(obj, protocol=5, buffer_callback=_leave_out)
    except Exception as error:
        return error
    return None


def _leave_out(buffer: Any) -> None:
    return None


def _parts(obj: Any) -> Iterator[tuple[str, Any]]:
    """Parts of an object, each with how to reach it; whatever the object itself raises ends the search here."""
    try:
        if isinstance(obj, dict):
            for key, value in obj.items():
                yield f"[{key!r:.40}]", value
                yield f".key({key!r:.40})", key
        elif isinstance(obj, list | tuple):
            for at, item in enumerate(obj):
                yield f"[{at}]", item
        elif isinstance(obj, set | frozenset):
            for item in obj:
                yield "{...}", item
        elif isinstance(obj, MethodType):
            yield ".__self__", obj.__self__
            yield ".__func__", obj.__func__
        elif isinstance(obj, partial):
            yield ".func", obj.func
            yield ".args", obj.args
            yield ".keywords", obj.keywords
        elif isinstance(obj, FunctionType):
            yield from _function_parts(obj)
        yield from _attributes(obj)
    except Exception:  # properties of a user's class may raise anything; its name is told all the same
        return


def _function_parts(func: FunctionType) -> Iterator[tuple[str, Any]]:
    found = inspect.getclosurevars(func)
    for name, value in found.nonlocals.items():
        yield f".closure variable {name!r}", value
    for name, value in found.globals.items():
        yield f".global {name!r}", value
    for at, value in enumerate(func.__defaults__ or ()):
        yield f".default {at}", value


def _attributes(obj: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(obj, type | FunctionType):
        return
    state = obj.__getstate__()
    for part in state if isinstance(state, tuple) else (state,):
        if isinstance(part, dict):
            for name, value in part.items():
                yield f".{name}", value

"""The types that a setting can have: what a value must be, in words for people and as a check.

Place in the flow: `settings` declares every setting with one of these; `schema` calls the check when a value comes in.

Invariants: a check returns nothing when the value will do, raises `TypeError` for a wrong type and `ValueError` for a
wrong value of the right type; it never converts. Checks import nothing and run no code of the user's.

Not for: the settings' names and defaults (`settings`), or the wording of the error (`schema` adds key and origin).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from minidask.units import parse_bytes, parse_timedelta


class Kind(NamedTuple):
    """A type of setting.

    Examples
    --------
    >>> POSITIVE_INTEGER.description
    'a whole number of at least 1'
    >>> POSITIVE_INTEGER.check(0)
    Traceback (most recent call last):
    ...
    ValueError
    """

    description: str  # completes "must be …"
    check: Callable[[Any], None]


def optional(kind: Kind) -> Kind:
    """Return a kind that takes None too.

    Examples
    --------
    >>> optional(BOOLEAN).check(None)
    """

    def check(value: Any) -> None:
        if value is not None:
            kind.check(value)

    return Kind(f"{kind.description}, or None", check)


def either(*kinds: Kind) -> Kind:
    """Return a kind that takes what any of `kinds` takes.

    The error is a ValueError if the type was right for one of them.

    Examples
    --------
    >>> either(BOOLEAN, choice("auto")).check("auto")
    """

    def check(value: Any) -> None:
        errors = []
        for kind in kinds:
            try:
                return kind.check(value)
            except (TypeError, ValueError) as error:
                errors.append(error)
        raise next((e for e in errors if isinstance(e, ValueError)), errors[0])

    return Kind(" or ".join(kind.description for kind in kinds), check)


def choice(*options: str) -> Kind:
    """Return a kind that takes one of the texts.

    Examples
    --------
    >>> choice("spawn", "fork").description
    "one of 'spawn', 'fork'"
    """

    def check(value: Any) -> None:
        _require(isinstance(value, str))
        if value not in options:
            raise ValueError

    return Kind("one of " + ", ".join(map(repr, options)), check)


def _require(right_type: bool) -> None:
    if not right_type:
        raise TypeError


def _is_integer(value: Any) -> bool:
    # `__index__` takes NumPy's integers in without importing NumPy.
    return not isinstance(value, bool) and hasattr(value, "__index__") and not hasattr(value, "__len__")


def _is_number(value: Any) -> bool:
    return isinstance(value, float) or _is_integer(value)


def _check_boolean(value: Any) -> None:
    _require(isinstance(value, bool))


def _check_text(value: Any) -> None:
    _require(isinstance(value, str))
    if not value:
        raise ValueError("the text is empty")


def _check_positive_integer(value: Any) -> None:
    _require(_is_integer(value))
    if value < 1:
        raise ValueError


def _check_number_from_1(value: Any) -> None:
    _require(_is_number(value))
    if not value >= 1:
        raise ValueError


def _check_bytes(value: Any) -> None:
    _require(isinstance(value, str) or _is_number(value))
    if parse_bytes(value if isinstance(value, str) else float(value)) <= 0:
        raise ValueError("it must be more than nothing")


def _check_seconds(value: Any) -> None:
    _require(isinstance(value, str) or _is_number(value) or hasattr(value, "total_seconds"))
    seconds = parse_timedelta(float(value) if _is_number(value) else value)
    if seconds is None or seconds < 0:
        raise ValueError("it must not be negative")


def _check_callable(value: Any) -> None:
    _require(callable(value))


def _check_false(value: Any) -> None:
    _require(isinstance(value, bool))
    if value:
        raise ValueError


def _check_executor(value: Any) -> None:
    _require(not isinstance(value, type) and callable(getattr(value, "submit", None)))


def _check_pool(value: Any) -> None:
    _require(not isinstance(value, type))
    _require(callable(getattr(value, "submit", None)) or callable(getattr(value, "apply_async", None)))


def _check_path(value: Any) -> None:
    _require(isinstance(value, str) or hasattr(value, "__fspath__"))
    if value == "":
        raise ValueError("the path is empty")


def _check_callables(value: Any) -> None:
    _require(isinstance(value, list | tuple) and all(callable(part) for part in value))


BOOLEAN = Kind("True or False", _check_boolean)
TEXT = Kind("a text", _check_text)
POSITIVE_INTEGER = Kind("a whole number of at least 1", _check_positive_integer)
NUMBER_FROM_1 = Kind("a number of at least 1", _check_number_from_1)
BYTES = Kind("a number of bytes such as '64 MiB' or 67108864", _check_bytes)
SECONDS = Kind("a span of time such as '100 ms' or 0.1 (seconds)", _check_seconds)
CALLABLE = Kind("a function", _check_callable)
FALSE = Kind("False", _check_false)
EXECUTOR = Kind("a concurrent.futures.Executor", _check_executor)
POOL = Kind("a concurrent.futures.Executor or multiprocessing pool", _check_pool)
PATH = Kind("a path", _check_path)
CALLABLES = Kind("a list of functions", _check_callables)

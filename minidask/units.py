"""Convert between numbers and what people write for amounts of memory and of time.

Place in the flow: the lowest layer, beside `minidask.config`; it imports nothing of the package. Settings, arguments
(`chunks="16 MiB"`, `blocksize="64 MB"`, `timeout="5s"`) and reprs pass through these four functions, so that one
spelling means one number everywhere.

Invariants: bytes come back as `int`; time is in seconds; a text that doesn't say an amount raises `ValueError` and
names itself; units don't depend on upper or lower case; ``kB``, ``MB`` … are powers of 1000 and ``kiB``, ``MiB`` … of
1024 (IEC 80000-13).

Not for: array chunk specifications (`"auto"`, tuples), dates, or pandas offsets.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta

__all__ = ["format_bytes", "format_time", "parse_bytes", "parse_timedelta"]

# Text, compiled (and kept by `re`) on first use: compiling would be a tenth of the package's time to import.
_AMOUNT = r"\s*([+-]?(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?)?\s*([^\W\d_]*)\s*"

_BYTE_UNITS = {"": 1, "b": 1, "byte": 1, "bytes": 1}
for _power, _letter in enumerate("kmgtp", start=1):
    _BYTE_UNITS[_letter] = _BYTE_UNITS[_letter + "b"] = 1000**_power
    _BYTE_UNITS[_letter + "i"] = _BYTE_UNITS[_letter + "ib"] = 1024**_power

_TIME_UNITS: dict[str, float] = {}
for _seconds, _names in (
    (1e-9, "ns nanosecond nanoseconds"),
    (1e-6, "us µs μs microsecond microseconds"),
    (1e-3, "ms millisecond milliseconds"),
    (1, "s sec secs second seconds"),
    (60, "m min mins minute minutes"),
    (3600, "h hr hrs hour hours"),
    (86400, "d day days"),
    (604800, "w week weeks"),
):
    _TIME_UNITS.update(dict.fromkeys(_names.split(), _seconds))


def parse_bytes(amount: int | float | str) -> int:
    """Read a number of bytes.

    Parameters
    ----------
    amount
        A number (bytes), or a text with an optional unit. A unit alone means one of it.

    Returns
    -------
    int
        Bytes; fractions of a byte are dropped.

    Raises
    ------
    TypeError
        If `amount` is neither a number nor a text.
    ValueError
        If the text holds no amount, the unit is unknown, or the number isn't finite.

    Examples
    --------
    >>> parse_bytes("128 MiB"), parse_bytes("5kB"), parse_bytes("1e6"), parse_bytes("MB"), parse_bytes(123)
    (134217728, 5000, 1000000, 1000000, 123)
    >>> parse_bytes("5 foos")
    Traceback (most recent call last):
    ...
    ValueError: can't read '5 foos' as a number of bytes: unknown unit 'foos'; write for example '128 MiB' or '64 MB'
    """
    if isinstance(amount, str):
        number, unit = _split(amount, "a number of bytes", "'128 MiB' or '64 MB'")
        try:
            factor = _BYTE_UNITS[unit.lower()]
        except KeyError:
            raise ValueError(
                f"can't read {amount!r} as a number of bytes: unknown unit {unit!r}; "
                "write for example '128 MiB' or '64 MB'"
            ) from None
        return _exact(number, factor, amount, "bytes")
    if isinstance(amount, bool) or not isinstance(amount, int | float):
        raise TypeError(f"a number of bytes is an int, a float or a text like '128 MiB', not {amount!r}")
    if not math.isfinite(amount):
        raise ValueError(f"a number of bytes must be finite, not {amount!r}")
    return int(amount)


def format_bytes(n: float) -> str:
    """Write a number of bytes for people, in powers of 1024.

    Parameters
    ----------
    n
        Bytes.

    Returns
    -------
    str
        At most 10 characters for every `n` from 0 to 999 PiB. A unit is used from nine tenths of it on.

    Raises
    ------
    TypeError
        If `n` is no number.

    Examples
    --------
    >>> [format_bytes(n) for n in (1, 1234, 12345678, 1234567890, 1234567890000)]
    ['1 B', '1.21 kiB', '11.77 MiB', '1.15 GiB', '1.12 TiB']
    """
    for unit, size in (("Pi", 2**50), ("Ti", 2**40), ("Gi", 2**30), ("Mi", 2**20), ("ki", 2**10)):
        if abs(n) >= size * 0.9:
            return f"{n / size:.2f} {unit}B"
    return f"{n} B"


def parse_timedelta(
    amount: int | float | str | timedelta | None, default: str | bool | None = "seconds"
) -> float | int | None:
    """Read a span of time.

    Parameters
    ----------
    amount
        A number (in the unit `default`), a text with a unit, a `datetime.timedelta`, or None.
    default
        The unit of a bare number; False or None makes the unit obligatory.

    Returns
    -------
    float, int or None
        Seconds (an int where they are whole); None for None.

    Raises
    ------
    TypeError
        If `amount` is of another type.
    ValueError
        If the text holds no span, the unit is unknown, or it is missing where it is obligatory.

    Examples
    --------
    >>> parse_timedelta("3s"), parse_timedelta("300 ms"), parse_timedelta("2 hours"), parse_timedelta(2.5)
    (3, 0.3, 7200, 2.5)
    >>> parse_timedelta("300", default="ms")
    0.3
    >>> parse_timedelta("3 foos")
    Traceback (most recent call last):
    ...
    ValueError: can't read '3 foos' as a span of time: unknown unit 'foos'; write for example '100 ms' or '5 minutes'
    """
    if amount is None:
        return None
    if isinstance(amount, str):
        number, unit = _split(amount, "a span of time", "'100 ms' or '5 minutes'")
    elif isinstance(amount, int | float) and not isinstance(amount, bool):
        number, unit = str(amount), ""
    elif hasattr(amount, "total_seconds"):  # pandas' Timedelta, too; and importing datetime takes a millisecond
        return _whole(amount.total_seconds())
    else:
        raise TypeError(f"a span of time is a number, a text like '100 ms' or a timedelta, not {amount!r}")
    if not unit:
        if not default:
            raise ValueError(f"the span of time {amount!r} needs a unit, for example '{amount} s'")
        unit = str(default)
    factor = _TIME_UNITS.get(unit.lower())
    if factor is None:
        raise ValueError(
            f"can't read {amount!r} as a span of time: unknown unit {unit!r}; write for example '100 ms' or '5 minutes'"
        )
    # Division rounds once: '3 ms' * 1e-3 would be right only by luck, 3 / 1000 is 0.003.
    seconds = float(number) * factor if factor >= 1 else float(number) / round(1 / factor)
    return _whole(seconds)


def format_time(seconds: float) -> str:
    """Write a span of time for people.

    Parameters
    ----------
    seconds
        Seconds; a negative span is written with a minus sign.

    Returns
    -------
    str
        Two units from ten minutes on, else one unit with two decimals.

    Raises
    ------
    TypeError
        If `seconds` is no number.

    Examples
    --------
    >>> [format_time(s) for s in (1e-5, 0.123, 59.9, 601, 3 * 3600 + 60, 3 * 86400)]
    ['10.00 us', '123.00 ms', '59.90 s', '10m 1s', '3hr 1m', '3d 0hr']
    """
    if seconds < 0:
        return "-" + format_time(-seconds)
    for large, large_s, small, small_s in (("d", 86400, "hr", 3600), ("hr", 3600, "m", 60), ("m", 60, "s", 1)):
        # Two hours as minutes and two days as hours still read better than one unit and a large rest.
        if seconds > large_s * (10 if large == "m" else 2):
            whole, rest = divmod(int(seconds), large_s)
            return f"{whole}{large} {rest // small_s}{small}"
    if seconds >= 1:
        return f"{seconds:.2f} s"
    if seconds >= 1e-3:
        return f"{seconds * 1e3:.2f} ms"
    return f"{seconds * 1e6:.2f} us"


def _split(text: str, what: str, example: str) -> tuple[str, str]:
    """Return the number (``"1"`` where only a unit is given) and the unit of `text`; ValueError if it has neither."""
    match = re.fullmatch(_AMOUNT, text)
    number, unit = match.groups() if match else (None, "")
    if not number and not unit:
        raise ValueError(f"can't read {text!r} as {what}; write for example {example}")
    return (number or "1").replace("_", ""), unit


def _exact(number: str, factor: int, text: str, what: str) -> int:
    """Multiply; integers stay exact beyond 2**53."""
    try:
        return int(number) * factor
    except ValueError:
        product = float(number) * factor
    if not math.isfinite(product):
        raise ValueError(f"{text!r} is no finite number of {what}")
    return int(product)


def _whole(seconds: float) -> float | int:
    """Return an int where nothing is lost."""
    if not math.isfinite(seconds):
        raise ValueError(f"a span of time must be finite, not {seconds!r} s")
    return int(seconds) if seconds == int(seconds) else seconds

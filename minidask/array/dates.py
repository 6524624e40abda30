"""Dates: ``is_busday``, ``busday_count``, ``busday_offset``, ``datetime_as_string``, element by element.

Place in the flow: one elementwise layer each. Arithmetic and comparisons of dates are ufuncs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minidask.array.collection import ArrayBase
from minidask.array.dispatch import implements
from minidask.array.elementwise import as_array, elementwise
from minidask.array.rebinding import rebind
from minidask.tokenize import tokenize


class OnDates:
    """Call one of NumPy's functions of dates on blocks."""

    __slots__ = ("kwargs", "name")

    def __init__(self, name: str, kwargs: dict[str, Any]) -> None:
        self.name = name
        self.kwargs = kwargs

    def __call__(self, *blocks: Any) -> Any:
        return np.asarray(getattr(np, self.name)(*blocks, **self.kwargs))

    def __reduce__(self) -> tuple[Any, ...]:
        return OnDates, (self.name, self.kwargs)


def _on_dates(name: str, *operands: Any, **kwargs: Any) -> Any:
    given = {key: value for key, value in kwargs.items() if value is not None}
    if not any(isinstance(x, ArrayBase) for x in operands):
        operands = (as_array(operands[0]), *operands[1:])
    # A calendar has no deterministic token of its own: what it is made of has.
    calendar = given.get("busdaycal")
    named = dict(given, busdaycal=None if calendar is None else (calendar.weekmask, calendar.holidays))
    return elementwise(OnDates(name, given), *operands, name=f"{name} {tokenize(name, sorted(named.items(), key=str))}")


@implements(np.is_busday)
def is_busday(dates: Any, weekmask: Any = None, holidays: Any = None, busdaycal: Any = None, out: Any = None) -> Any:
    """Return which dates are days of business; arguments as NumPy's.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.is_busday(da.from_array(np.array(["2024-03-01", "2024-03-02"], "M8[D]"), chunks=1)).compute()
    array([ True, False])
    """
    options = {"weekmask": weekmask, "holidays": holidays, "busdaycal": busdaycal}
    return rebind("is_busday", out, _on_dates("is_busday", dates, **options))


@implements(np.busday_count)
def busday_count(
    begindates: Any,
    enddates: Any,
    weekmask: Any = None,
    holidays: Any = None,
    busdaycal: Any = None,
    out: Any = None,
) -> Any:
    """Return how many days of business lie between dates; arguments as NumPy's.

    Examples
    --------
    >>> import minidask.array as da
    >>> first = da.from_array(np.array(["2024-03-01", "2024-03-02"], "M8[D]"), chunks=1)
    >>> da.busday_count(first, first + 7).compute()
    array([5, 5])
    """
    options = {"weekmask": weekmask, "holidays": holidays, "busdaycal": busdaycal}
    return rebind("busday_count", out, _on_dates("busday_count", begindates, enddates, **options))


@implements(np.busday_offset)
def busday_offset(
    dates: Any,
    offsets: Any,
    roll: str = "raise",
    weekmask: Any = None,
    holidays: Any = None,
    busdaycal: Any = None,
    out: Any = None,
) -> Any:
    """Return dates moved by so many days of business; arguments as NumPy's.

    Raises
    ------
    ValueError
        On computing, if a date is no day of business and ``roll`` is ``"raise"``.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.busday_offset(da.from_array(np.array(["2024-03-01"], "M8[D]")), 1).compute()
    array(['2024-03-04'], dtype='datetime64[D]')
    """
    options = {"weekmask": weekmask, "holidays": holidays, "busdaycal": busdaycal}
    return rebind("busday_offset", out, _on_dates("busday_offset", dates, offsets, roll=roll, **options))


@implements(np.datetime_as_string)
def datetime_as_string(arr: Any, unit: Any = None, timezone: Any = "naive", casting: str = "same_kind") -> Any:
    """Return dates as text; arguments as NumPy's.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.datetime_as_string(da.from_array(np.array(["2024-03-01"], "M8[s]")), "D").compute().tolist()
    ['2024-03-01']
    """
    x = as_array(arr)
    kwargs = {"unit": unit, "timezone": timezone, "casting": casting}
    # The length of the text follows from the unit alone.
    given: Any = kwargs
    sample = np.datetime_as_string(np.zeros(1, x.dtype), **given)
    func = OnDates("datetime_as_string", kwargs)
    return elementwise(func, x, name=f"datetime_as_string {tokenize(sorted(kwargs.items()))}", dtype=sample.dtype)

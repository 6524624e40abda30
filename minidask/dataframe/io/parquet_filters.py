"""Filters of ``read_parquet``: which rows they keep, exactly as pandas would, and which row groups can't hold any.

Place in the flow: ``row_mask`` looks at values that are read already, in pandas, so that nulls mean what they mean in pandas:
``x != 5`` keeps rows without a value. Footers only save reading row groups (``may_hold``), and only for comparisons that no
null passes.

``Filters`` are any of some conjunctions of terms ``(column, operator, value)``; operators are those of comparing, ``in``,
``not in``, and ``is`` and ``is not`` with a missing value.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_MEMBER = ("in", "not in")
_MISSING = ("is", "is not")
Term = tuple[str, str, Any]
Filters = tuple[tuple[Term, ...], ...]


def parse_filters(filters: Any, columns: Collection[Any]) -> Filters:
    """Return filters as any of some conjunctions.

    Parameters
    ----------
    filters : list
        Of tuples ``(column, operator, value)``, all of which must hold; or a list of such lists, any of which must hold.
    columns : collection
        What there is.

    Raises
    ------
    TypeError, ValueError
        If the form, an operator or a column is unknown.

    Examples
    --------
    >>> parse_filters([("x", ">", 1)], ["x"])
    ((('x', '>', 1),),)
    """
    if type(filters).__module__.startswith("pyarrow"):
        raise TypeError(
            f"filters must be a list of tuples (column, operator, value), or of lists of them, not an expression of Arrow, "
            f"got {filters!s:.80}"
        )
    if not isinstance(filters, list | tuple) or not filters:
        raise TypeError(
            f"filters must be a list of tuples (column, operator, value), or of lists of them, got {filters!r:.80}"
        )
    groups = (
        [filters]
        if isinstance(filters[0], tuple) and len(filters[0]) == 3 and isinstance(filters[0][1], str)
        else filters
    )
    parsed = []
    for group in groups:
        if isinstance(group, str) or not isinstance(group, Sequence):
            raise TypeError(f"a filter must be a tuple (column, operator, value), got {group!r:.80}")
        if not group:
            raise TypeError(
                "filters hold an empty list: give at least one tuple (column, operator, value), or no filters at all"
            )
        parsed.append(tuple([_term(term, columns) for term in group]))
    return tuple(parsed)


def _term(term: Any, columns: Collection[Any]) -> Term:
    if not isinstance(term, list | tuple) or len(term) != 3:
        raise TypeError(f"a filter must be a tuple (column, operator, value), got {term!r:.80}")
    column, name, value = term
    if column not in columns:
        raise ValueError(f"filters name a column {column!r} that isn't there; there are {list(columns)}")
    if name not in (*_COMPARE, *_MEMBER, *_MISSING):
        raise ValueError(
            f"filters have an unknown operator {name!r}: use one of {', '.join([*_COMPARE, *_MEMBER, *_MISSING])}"
        )
    if name in _MEMBER:
        if isinstance(value, str) or not isinstance(value, Collection):
            raise TypeError(f"the filter {column!r} {name} needs a list or a set of values, got {value!r:.80}")
        value = list(value)
    if name in _MISSING and not (pd.api.types.is_scalar(value) and pd.isna(value)):
        raise ValueError(
            f"the filter {column!r} {name} needs a missing value such as None, got {value!r:.80}: use == or !="
        )
    return column, name, value


def filter_columns(filters: Sequence[Filters]) -> list[str]:
    """Return the columns that filters look at."""
    return list(dict.fromkeys(column for one in filters for group in one for column, _, _ in group))


def row_mask(filters: Filters, values: Callable[[str], pd.Series], rows: int) -> np.ndarray[Any, Any]:
    """Return which rows pass, as comparing in pandas says.

    Parameters
    ----------
    filters : Filters
    values : callable
        From a column's name to its values.
    rows : int

    Examples
    --------
    >>> frame = pd.DataFrame({"x": [1.0, None, 5.0]})
    >>> row_mask(((("x", "!=", 5),),), frame.__getitem__, 3).tolist()
    [True, True, False]
    """
    either = np.zeros(rows, dtype=bool)
    for group in filters:
        both = np.ones(rows, dtype=bool)
        for column, name, value in group:
            both &= _mask(values(column), name, value)
        either |= both
    return either


def may_hold(
    filters: Filters, bounds: Mapping[str, tuple[Any, Any] | None], known: Mapping[str, pd.Series] | None = None
) -> bool:
    """Return whether rows between these bounds may pass.

    Parameters
    ----------
    filters : Filters
    bounds : mapping
        Least and greatest value of columns, None where they aren't known.
    known : mapping, optional
        The value of columns that have the same in all rows, as a Series of one row.

    Examples
    --------
    >>> may_hold(((("x", ">", 9),),), {"x": (1, 5)}), may_hold(((("x", "!=", 9),),), {"x": (9, 9)})
    (False, True)
    """
    known = known or {}

    def possible(term: Term) -> bool:
        column, name, value = term
        if column in known:
            return bool(_mask(known[column], name, value)[0])
        return _possible(bounds.get(column), name, value)

    return any(all(map(possible, group)) for group in filters)


def _mask(values: pd.Series, name: str, value: Any) -> np.ndarray[Any, Any]:
    if name in _COMPARE:
        mask = _COMPARE[name](values, value)
    elif name in _MEMBER:
        mask = values.isin(value)
        mask = ~mask if name == "not in" else mask
    else:
        mask = values.isna() if name == "is" else values.notna()
    # Null masks of extension dtypes select nothing in pandas.
    return np.asarray(mask.to_numpy(dtype=bool, na_value=False))


def _possible(bounds: tuple[Any, Any] | None, name: str, value: Any) -> bool:
    # A bound that isn't equal to itself is no bound.
    if bounds is None or name in ("!=", "not in", *_MISSING) or bounds[0] != bounds[0] or bounds[1] != bounds[1]:
        return True
    values: Sequence[Any] = value if name == "in" else [value]
    return any(_reaches(bounds, "==" if name == "in" else name, one) for one in values)


def _reaches(bounds: tuple[Any, Any], name: str, value: Any) -> bool:
    low, high = bounds
    # Missing values have no bounds, and `in` finds them.
    if value is None or not pd.api.types.is_scalar(value) or pd.isna(value):
        return True
    if isinstance(value, np.number | np.bool_ | np.str_):
        value = value.item()
    items = (low, high, value)
    if all(isinstance(item, int | float) and not isinstance(item, bool) for item in items):
        return _reaches_number(low, high, name, value)
    if isinstance(low, datetime) and isinstance(high, datetime):
        return _reaches_time(pd.Timestamp(low), pd.Timestamp(high), name, value)
    # Footers order texts by bytes of UTF-8, which is the order of Python's.
    for kind in (str, bool, date, Decimal):
        if all(type(item) is kind for item in items):
            return _between(low, high, name, value)
    return True


def _reaches_number(low: Any, high: Any, name: str, value: Any) -> bool:
    # Comparing may round: float32 columns in single precision, large whole numbers (with nulls, or with floats) in double.
    scale = max(abs(low), abs(high), abs(value))
    if all(isinstance(item, int) for item in (low, high, value)):
        room: float = scale >> 52
    elif scale < 1e300:
        # The relative spacing of IEEE 754 binary32, and about its least positive number.
        room = scale * 2.0**-23 + 1e-44
    else:
        return True
    return _between(low - room, high + room, name, value)


def _reaches_time(low: pd.Timestamp, high: pd.Timestamp, name: str, value: Any) -> bool:
    if not isinstance(value, datetime | np.datetime64 | str) or (isinstance(value, str) and low.tz is not None):
        return True
    try:
        time = pd.Timestamp(value)
    except ValueError:
        return True
    return (time.tz is None) != (low.tz is None) or _between(low, high, name, time)


def _between(low: Any, high: Any, name: str, value: Any) -> bool:
    if name in ("==", "="):
        return bool(low <= value <= high)
    return bool(_COMPARE[name](low if name.startswith("<") else high, value))

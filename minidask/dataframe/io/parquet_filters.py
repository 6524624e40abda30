"""Filters of ``read_parquet``: which rows they keep, exactly as pandas would, and which row groups can't hold any.

Place in the flow: rows are filtered in pandas after they are read (``keep``), so that nulls mean what they mean in
pandas: ``x != 5``
keeps rows without a value. Footers only save reading row groups (``may_hold``), and only for comparisons that no null passes.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Mapping, Sequence
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
        terms = []
        for term in group:
            if not isinstance(term, list | tuple) or len(term) != 3:
                raise TypeError(f"a filter must be a tuple (column, operator, value), got {term!r:.80}")
            column, name, value = term
            if column not in columns:
                raise ValueError(f"filters name a column {column!r} that isn't there; there are {list(columns)}")
            if name not in _COMPARE and name not in ("in", "not in"):
                raise ValueError(
                    f"filters have an unknown operator {name!r}: use one of {', '.join([*_COMPARE, 'in', 'not in'])}"
                )
            if name.endswith("in") and (isinstance(value, str) or not isinstance(value, Collection)):
                raise TypeError(f"the filter {column!r} {name} needs a list or a set of values, got {value!r:.80}")
            terms.append((column, name, list(value) if name.endswith("in") else value))
        parsed.append(tuple(terms))
    return tuple(parsed)


def filter_columns(filters: Filters) -> list[str]:
    """Return the columns that filters look at."""
    return list(dict.fromkeys(column for group in filters for column, _, _ in group))


def keep(frame: pd.DataFrame, filters: Filters) -> pd.DataFrame:
    """Return the rows that pass, as comparing in pandas says; columns may be levels of the index.

    Examples
    --------
    >>> keep(pd.DataFrame({"x": [1.0, None, 5.0]}), ((("x", "!=", 5),),))["x"].tolist()
    [1.0, nan]
    """
    either = np.zeros(len(frame), dtype=bool)
    for group in filters:
        both = np.ones(len(frame), dtype=bool)
        for column, name, value in group:
            both &= _mask(_values(frame, column), name, value)
        either |= both
    return frame if either.all() else frame[either]


def may_hold(filters: Filters, bounds: Mapping[str, tuple[Any, Any] | None]) -> bool:
    """Return whether rows between these bounds may pass.

    Examples
    --------
    >>> may_hold(((("x", ">", 9),),), {"x": (1, 5)}), may_hold(((("x", "!=", 9),),), {"x": (9, 9)})
    (False, True)
    """
    return any(all(_possible(bounds.get(column), name, value) for column, name, value in group) for group in filters)


def _values(frame: pd.DataFrame, column: str) -> pd.Series:
    return (
        frame[column] if column in frame.columns else frame.index.get_level_values(column).to_series(index=frame.index)
    )


def _mask(values: pd.Series, name: str, value: Any) -> np.ndarray[Any, Any]:
    if name in _COMPARE:
        mask = _COMPARE[name](values, value)
    else:
        mask = values.isin(value)
        mask = ~mask if name == "not in" else mask
    # Null masks of extension dtypes select nothing in pandas.
    return mask.to_numpy(dtype=bool, na_value=False)


def _possible(bounds: tuple[Any, Any] | None, name: str, value: Any) -> bool:
    if bounds is None or name in ("!=", "not in"):
        return True
    values: Sequence[Any] = value if name == "in" else [value]
    return any(_reaches(bounds, "==" if name == "in" else name, one) for one in values)


def _reaches(bounds: tuple[Any, Any], name: str, value: Any) -> bool:
    low, high = bounds
    # Only plain numbers: footers keep dates, texts and decimals in forms of their own.
    if any(isinstance(item, bool) or not isinstance(item, int | float) for item in (low, high, value)):
        return True
    # Missing values have no bounds, and `in` finds them.
    if low != low or high != high or value != value:
        return True
    # Comparing may round: float32 columns in single precision, large whole numbers (with nulls, or with floats) in double.
    scale = max(abs(low), abs(high), abs(value))
    if all(isinstance(item, int) for item in (low, high, value)):
        room: float = scale >> 52
    elif scale < 1e300:
        # The relative spacing of IEEE 754 binary32, and about its least positive number.
        room = scale * 2.0**-23 + 1e-44
    else:
        return True
    if name in ("==", "="):
        return bool(low - room <= value <= high + room)
    return bool(_COMPARE[name](low - room if name.startswith("<") else high + room, value))

"""How an index is cut into ranges: divisions from what was given, or from the least and the greatest value.

Place in the flow: ``minidask.dataframe.io.sql`` asks when the collection is made. Pure functions; the database is asked
elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from numbers import Integral, Real
from typing import Any

import pandas as pd


def even_divisions(least: Any, greatest: Any, npartitions: int, index: str) -> tuple[Any, ...]:
    """Return bounds of ranges of about equal width; fewer where there are no more whole numbers.

    Parameters
    ----------
    least, greatest
        Numbers, dates or times.
    npartitions : int
    index : str
        The index's name, for messages.

    Raises
    ------
    TypeError
        If they are neither.

    Examples
    --------
    >>> even_divisions(0, 10, 4, "x"), even_divisions(3, 4, 10, "x")
    ((0, 2, 5, 7, 10), (3, 4))
    """
    if isinstance(least, bool) or not isinstance(least, Integral | Real | Decimal | date | datetime | pd.Timestamp):
        raise TypeError(
            f"the index {index!r} has values of type {type(least).__name__}: only numbers and times can be cut evenly. "
            "Give the bounds of the partitions with divisions="
        )
    if isinstance(least, date) and not isinstance(least, datetime):
        raise TypeError(f"the index {index!r} has dates without times, which pandas keeps as objects: give divisions=")
    if isinstance(least, Integral):
        first, last = int(least), int(greatest)
        bounds: list[Any] = [first + (last - first) * at // npartitions for at in range(npartitions + 1)]
    elif isinstance(least, datetime):
        start, stop = pd.Timestamp(least), pd.Timestamp(greatest)
        # Databases keep no nanoseconds.
        bounds = [(start + (stop - start) * at / npartitions).floor("us") for at in range(npartitions)] + [stop]
    else:
        low, high = float(least), float(greatest)
        bounds = [low + (high - low) * at / npartitions for at in range(npartitions)] + [high]
    unique = list(dict.fromkeys(bounds))
    return tuple(unique) if len(unique) > 1 else (unique[0], unique[0])


def partitions_for(rows: int, row_nbytes: float, chunk_nbytes: int) -> int:
    """Return how many partitions hold no more than ``chunk_nbytes`` each, if rows are spread evenly.

    Examples
    --------
    >>> partitions_for(1000, 100.0, 30_000), partitions_for(0, 100.0, 30_000)
    (4, 1)
    """
    return max(1, -int(-rows * row_nbytes // chunk_nbytes))


def check_given(divisions: Sequence[Any] | None, npartitions: Any, limits: Any) -> None:
    """Check what the user says about ranges.

    Raises
    ------
    TypeError
        If a number or a pair isn't one.
    ValueError
        If bounds don't rise, or arguments exclude each other.
    """
    if npartitions is not None:
        if not isinstance(npartitions, int) or isinstance(npartitions, bool):
            raise TypeError(f"npartitions must be an integer, got {type(npartitions).__name__}: {npartitions!r:.80}")
        if npartitions < 1:
            raise ValueError(f"npartitions must be at least 1, got {npartitions}")
        if divisions is not None:
            raise ValueError("give divisions or npartitions, not both")
    if limits is not None:
        if not isinstance(limits, tuple | list) or len(limits) != 2:
            raise TypeError(f"limits must be a pair (least, greatest), got {limits!r:.80}")
        if not limits[0] <= limits[1]:
            raise ValueError(f"limits must be (least, greatest), got {tuple(limits)!r}")
    if divisions is not None:
        if len(divisions) < 2:
            raise ValueError(f"divisions need at least two bounds, got {list(divisions)!r}")
        if any(not low <= high for low, high in pairwise(divisions)):
            raise ValueError(f"divisions must not fall, got {list(divisions)!r:.200}")

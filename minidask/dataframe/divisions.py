"""Divisions: the bounds of the partitions' indexes.

A tuple of ``npartitions + 1`` values: partition ``i`` holds index values in ``[divisions[i], divisions[i + 1])``, the last
partition its upper bound too. All None where the bounds aren't known. Values may repeat only where they must: a value that fills
more than one partition.

Place in the flow: collections carry divisions; alignment, ``loc`` and ``repartition`` read them. Pure.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import pandas as pd

Divisions = tuple[Any, ...]


def unknown(npartitions: int) -> Divisions:
    """Return the divisions of so many partitions when nothing is known.

    Examples
    --------
    >>> unknown(2)
    (None, None, None)
    """
    return (None,) * (npartitions + 1)


def known(divisions: Divisions) -> bool:
    """Whether the bounds are known."""
    return divisions[0] is not None


def check_divisions(divisions: Sequence[Any] | None, npartitions: int) -> Divisions:
    """Return divisions as a tuple, unknown ones for None.

    Raises
    ------
    ValueError
        If there isn't one more than partitions, some but not all are None, or they aren't in order.

    Examples
    --------
    >>> check_divisions([0, 10, 20], 2)
    (0, 10, 20)
    >>> check_divisions([0, 10], 2)
    Traceback (most recent call last):
    ...
    ValueError: 2 partitions need 3 divisions (the bounds of their indexes), got 2
    """
    if divisions is None:
        return unknown(npartitions)
    divisions = tuple(divisions)
    if len(divisions) != npartitions + 1:
        raise ValueError(
            f"{npartitions} partitions need {npartitions + 1} divisions (the bounds of their indexes), got {len(divisions)}"
        )
    missing = [bool(pd.isna(value)) if not isinstance(value, tuple) else False for value in divisions]
    if all(missing):
        return unknown(npartitions)
    if any(missing):
        raise ValueError(f"divisions must all be known or all be None, got {divisions!r}")
    for left, right in pairwise(divisions):
        if right < left:
            raise ValueError(f"divisions must be in ascending order, got {left!r} before {right!r}")
    return divisions


def bounds_of(index: pd.Index, starts: Sequence[int]) -> Divisions | None:
    """Return the divisions of a sorted index cut at ``starts``; None where a cut would be no bound.

    Parameters
    ----------
    index : pandas.Index
        Sorted ascending, without nulls.
    starts : sequence of int
        The position of each partition's first row.

    Examples
    --------
    >>> bounds_of(pd.Index(list("abcd")), [0, 2])
    ('a', 'c', 'd')
    """
    if not len(index):
        return None
    return (*[index[start] for start in starts], index[-1])


def places_between(divisions: Divisions, low: Any = None, high: Any = None, closed: bool = True) -> range:
    """Return which partitions may have index values from ``low`` up to ``high`` (``closed``: ``high`` too); None: no bound.

    There is always one, so that an empty result has a partition to be cut from.

    Examples
    --------
    >>> places_between((0, 10, 20, 30), 10, 15)
    range(1, 2)
    >>> places_between((0, 10, 20, 30), 5, 20, closed=False)
    range(0, 2)
    >>> places_between((0, 10, 20, 30), 99)
    range(2, 3)
    """
    count = len(divisions) - 1
    first = 0
    if low is not None:
        first = bisect_left(divisions, low)
        # Values of a bound lie behind it, unless they fill the partition before as well.
        first = min(max(first if first <= count and divisions[first] == low else first - 1, 0), count - 1)
    stop = count
    if high is not None:
        stop = min(bisect_right(divisions, high) if closed else bisect_left(divisions, high), count)
    return range(first, max(stop, first + 1))


def unite(many: Iterable[Divisions]) -> Divisions:
    """Return divisions that have a border wherever one of several has.

    Examples
    --------
    >>> unite([(0, 10, 20), (5, 10, 15)])
    (0, 5, 10, 15, 20)

    Raises
    ------
    TypeError
        If values can't be compared.
    """
    values = sorted(value for divisions in many for value in divisions)
    united = [value for at, value in enumerate(values) if at == 0 or value != values[at - 1]]
    # One value is the only one: its partition is bounded by it on both sides.
    return tuple(united) if len(united) > 1 else (united[0], united[0])


def scalars(values: Any) -> list[Any]:
    """Return the values of a pandas array, Index or Series as Python's or pandas's own scalars.

    Examples
    --------
    >>> scalars(pd.Index([1, 2]))
    [1, 2]
    """
    listed: list[Any] = pd.Series(values).tolist()
    return listed

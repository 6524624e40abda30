"""Divisions: the bounds of the partitions' indexes.

A tuple of ``npartitions + 1`` values: partition ``i`` holds index values in ``[divisions[i], divisions[i + 1])``, the last
partition its upper bound too. All None where the bounds aren't known. Values may repeat only where they must: a value that fills
more than one partition.

Place in the flow: collections carry divisions; alignment, ``loc`` and ``repartition`` read them. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
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

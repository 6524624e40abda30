"""Collections cut at the same bounds of their indexes, so that partition ``i`` of each holds the same range.

Place in the flow: joins and concatenations by the index use it where divisions are known.

Invariant: rows of one index value are in one partition, also where divisions repeat a value.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from minidask.dataframe.collection import FrameCollection
from minidask.dataframe.divisions import Divisions, places_between, unite
from minidask.dataframe.order.ranges import repartition_divisions
from minidask.dataframe.partitions import select_partitions


def cut_alike(frames: Sequence[FrameCollection], within: tuple[Any, Any] | None = None) -> list[Any] | None:
    """Return the collections cut at all their divisions; ``within`` leaves out partitions beyond two bounds.

    None where the divisions can't be compared with each other.

    Examples
    --------
    >>> import pandas as pd, minidask.dataframe as dd
    >>> one, other = [dd.from_pandas(pd.Series(range(6)), npartitions=n) for n in (2, 3)]
    >>> [frame.divisions for frame in cut_alike([one, other])]
    [(0, 2, 3, 4, 5), (0, 2, 3, 4, 5)]
    """
    try:
        united = unite([frame.divisions for frame in frames])
        cut = [repartition_divisions(frame, united, force=True) for frame in frames]
    except TypeError:
        return None
    if within is not None:
        places = places_between(united, *within)
        if len(places) < len(united) - 1:
            cut = [select_partitions(frame, places) for frame in cut]
    return cut


def strictly_ascending(divisions: Divisions) -> bool:
    """Whether each value lies in one partition: no bound repeats but the last.

    Examples
    --------
    >>> strictly_ascending((0, 1, 1)), strictly_ascending((0, 1, 1, 2))
    (True, False)
    """
    return all(low < high for low, high in pairwise(divisions[:-1]))

"""``compute_current_divisions``: the bounds that partitions have, found by looking at all of them.

Place in the flow: behind the method of that name. A tree collects one pair of bounds a partition; nothing is moved.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import pandas as pd

from minidask.collection import compute
from minidask.dataframe.checked import label
from minidask.dataframe.collection import FrameCollection
from minidask.dataframe.columns import check_column
from minidask.dataframe.divisions import Divisions
from minidask.dataframe.reductions.tree import reduce_partitions


class Extent(NamedTuple):
    """The smallest and the largest value of a partition; both None where it has none. ``missing``: how many are missing."""

    low: Any
    high: Any
    missing: int


class FindExtent(NamedTuple):
    """Give the extent of a column's values, or (``from_index``) of the index's, in a list of one."""

    label: Any
    from_index: bool

    def __call__(self, part: Any) -> list[Extent]:
        values = part.index if self.from_index else part[self.label]
        if isinstance(values.dtype, pd.CategoricalDtype):
            # Divisions are values; categories may stand in any order.
            values = values.astype(values.dtype.categories.dtype)
        there = values.dropna()
        missing = len(values) - len(there)
        return [Extent(there.min(), there.max(), missing) if len(there) else Extent(None, None, missing)]


def in_order(parts: list[list[Extent]]) -> list[Extent]:
    """Put lists one behind the other.

    >>> in_order([[Extent(0, 1, 0)], [Extent(2, 3, 0)]])
    [Extent(low=0, high=1, missing=0), Extent(low=2, high=3, missing=0)]
    """
    return [extent for part in parts for extent in part]


def divisions_of(extents: list[Extent]) -> Divisions:
    """Return divisions that fit partitions of these extents; an empty partition begins where the next one does.

    Raises
    ------
    ValueError
        If they overlap, no partition has values, or some are missing.

    Examples
    --------
    >>> divisions_of([Extent(0, 4, 0), Extent(5, 9, 0)])
    (0, 5, 9)
    """
    for at, extent in enumerate(extents):
        if extent.missing:
            raise ValueError(
                f"partition {at} has {extent.missing} missing values, which have no place among divisions: leave them out with "
                "dropna"
            )
    if extents[-1].low is None and any(extent.low is not None for extent in extents):
        last = max(at for at, extent in enumerate(extents) if extent.low is not None)
        raise ValueError(
            f"partition {last} is the last one with rows, and no bound lies between it and empty ones: leave these out, "
            f"df.partitions[:{last + 1}]"
        )
    filled = [(at, extent) for at, extent in enumerate(extents) if extent.low is not None]
    if not filled:
        raise ValueError("no partition has a row, so that there are no bounds to be found")
    for (one, left), (other, right) in pairwise(filled):
        if not left.high < right.low:
            raise ValueError(
                f"partitions overlap: partition {one} ends at {label(left.high)}, partition {other} begins at "
                f"{label(right.low)}. Sort the rows first: set_index(...), sort_index() or sort_values(...)"
            )
    bounds: list[Any] = [filled[-1][1].high]
    begin = bounds[0]
    for extent in reversed(extents):
        begin = begin if extent.low is None else extent.low
        bounds.append(begin)
    return tuple(reversed(bounds))


def compute_current_divisions(frame: Any, col: Any, set_divisions: bool) -> Divisions:
    """Compute and return the divisions of a collection; see ``DataFrame.compute_current_divisions``."""
    from_index = col is None
    if from_index and isinstance(frame._meta.index, pd.MultiIndex):
        raise NotImplementedError("indexes of several levels have no divisions: name a column, col=")
    if not from_index:
        if frame._kind != "DataFrame":
            raise TypeError(f"a {frame._kind} has no columns: leave col out, for the divisions of its index")
        check_column(col, frame._meta.columns)
        if set_divisions:
            raise ValueError(
                "divisions are bounds of the index, not of a column: use set_index(col, sorted=True), or leave set_divisions out"
            )
    uses = frozenset() if from_index else frozenset([col])
    call = FindExtent(col, from_index)
    found = reduce_partitions("extents", [frame], call, in_order, in_order, 0, call, uses=uses)
    divisions = divisions_of(compute(found)[0])
    if set_divisions:
        frame.__dict__["_divisions"] = divisions
    return divisions


class CurrentDivisions(FrameCollection):
    """The method, of ``DataFrame`` and ``Series``."""

    def compute_current_divisions(self, col: Any = None, set_divisions: bool = False) -> Divisions:
        """Compute the bounds of the partitions, at once, by looking at all of them.

        Parameters
        ----------
        col : label, optional
            A column of a DataFrame; default: the index.
        set_divisions : bool
            Whether this collection knows the divisions of its index from now on.

        Returns
        -------
        tuple
            ``npartitions + 1`` bounds.

        Raises
        ------
        ValueError
            If partitions overlap, values are missing, or there is no row.
        KeyError
            If the column is unknown.

        Examples
        --------
        >>> import minidask.dataframe as dd
        >>> df = dd.from_pandas(pd.DataFrame({"x": [1, 2, 3]}), npartitions=2).clear_divisions()
        >>> df.compute_current_divisions(set_divisions=True), df.known_divisions
        ((0, 1, 2), True)
        """
        return compute_current_divisions(self, col, set_divisions)

"""``map_overlap``: users' functions on partitions with rows of their neighbours around them.

Place in the flow: a layer makes the extended partitions (``Extended``), ``map_partitions`` calls the function on them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from minidask.dataframe.checked import own_copy
from minidask.dataframe.collection import FrameCollection
from minidask.dataframe.mapping import map_partitions
from minidask.dataframe.meta import no_default
from minidask.dataframe.neighbours.context import Extended, as_window, extend, side_after, side_before, trim
from minidask.dataframe.neighbours.layer import with_neighbours
from minidask.graph import func_name


class ExtendBy(NamedTuple):
    """Put rows of neighbours around a partition; durations, None for row counts, are kept exactly."""

    before: pd.Timedelta | None
    after: pd.Timedelta | None

    def __call__(self, part: Any, before: Any, after: Any) -> Extended:
        if len(part) and self.before is not None and before is not None:
            before = before.take(np.flatnonzero(before.index >= part.index.min() - self.before))
        if len(part) and self.after is not None and after is not None:
            after = after.take(np.flatnonzero(after.index <= part.index.max() + self.after))
        return extend(part, before, after)


class OverlapCall(NamedTuple):
    """Call a function on extended partitions, and leave out what it gives for rows of neighbours."""

    func: Any

    @property
    def short_name(self) -> str:
        """The function's name, for people."""
        return func_name(self.func)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        extended = next((arg for arg in args if isinstance(arg, Extended)), None)
        value = self.func(*[own_copy(arg.rows) if isinstance(arg, Extended) else arg for arg in args], **kwargs)
        if extended is None:
            rows = next(arg for arg in args if isinstance(arg, pd.DataFrame | pd.Series))
            extended = Extended(rows, 0, len(rows))
        return trim(value, extended)


def map_overlap(
    func: Any,
    df: Any,
    before: Any,
    after: Any,
    *args: Any,
    meta: Any = no_default,
    enforce_metadata: bool = True,
    transform_divisions: bool = True,
    clear_divisions: bool = False,
    align_dataframes: bool = True,
    token: Any = None,
    **kwargs: Any,
) -> Any:
    """Call a function on each partition together with rows of its neighbours; what it gives for these is left out.

    Rows are fetched across as many partitions as it takes, so that windows may be longer than partitions and
    partitions may be empty.

    Parameters
    ----------
    func : callable
        Called as ``func(rows, *args, **kwargs)``; must return a row (or the same number of rows) for each row.
    df : DataFrame or Series
    before, after : int, timedelta, or str such as "2h"
        How many rows, or rows of how much time (of an index of times), to add in front and behind.
    *args
        Other collections, whose partitions get rows of their neighbours too; collections of one partition, and
        anything else, are passed to every call as they are.
    meta, enforce_metadata, transform_divisions, clear_divisions, align_dataframes, token
        As for ``map_partitions``.
    **kwargs
        Passed to every call.

    Raises
    ------
    TypeError, ValueError
        If ``before`` or ``after`` is no number of rows and no duration, or a duration where the index has no times;
        and what ``map_partitions`` raises. When it runs: ValueError if ``func`` doesn't return as many rows as it got.

    Examples
    --------
    >>> import minidask.dataframe as dd
    >>> s = dd.from_pandas(pd.Series([1, 2, 4, 8]), npartitions=4)
    >>> dd.map_overlap(pd.Series.diff, s, 1, 0).compute().tolist()
    [nan, 1.0, 2.0, 4.0]
    """
    if not callable(func):
        raise TypeError(f"map_overlap takes a function, got {type(func).__name__}: {func!r:.80}")
    if not isinstance(df, FrameCollection) or df._kind not in ("DataFrame", "Series"):
        raise TypeError(f"map_overlap works on a DataFrame or Series in partitions, got {type(df).__name__}")
    operands: list[Any] = [_extended(df, before, after)]
    for arg in args:
        rows = isinstance(arg, FrameCollection) and arg._kind in ("DataFrame", "Series")
        operands.append(_extended(arg, before, after) if rows and arg.npartitions > 1 else arg)
    return map_partitions(
        OverlapCall(func),
        *operands,
        meta=meta,
        enforce_metadata=enforce_metadata,
        transform_divisions=transform_divisions,
        clear_divisions=clear_divisions,
        align_dataframes=align_dataframes,
        token=token,
        **kwargs,
    )


def _extended(frame: Any, before: Any, after: Any) -> Any:
    earlier = as_window("map_overlap", "before", before, frame)
    later = as_window("map_overlap", "after", after, frame)
    finish = ExtendBy(
        earlier if isinstance(earlier, pd.Timedelta) else None, later if isinstance(later, pd.Timedelta) else None
    )
    sides = side_before(frame, earlier), side_after(frame, later)
    if sides == (None, None):
        return frame
    return with_neighbours("extend", frame, finish, *sides, (earlier, later), frame._meta, through=False)

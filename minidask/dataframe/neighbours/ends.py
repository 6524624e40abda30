"""Bins that count from the last time of the whole: what a partition gets to know of those behind it.

Place in the flow: the side behind of ``resample(origin="end")`` and ``"end_day"``; other bins need the next rows only. Pure.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd

from minidask.dataframe.neighbours.context import FirstSpan, rows_until

FROM_THE_END = ("end", "end_day")


class Behind(NamedTuple):
    """Rows that bins of partitions before may reach over, and the last time, None for none."""

    rows: Any
    last: pd.Timestamp | None


def see_behind(part: Any, until: pd.Timestamp) -> Behind:
    """Summarise a partition for those before it.

    Examples
    --------
    >>> see_behind(
    ...     pd.Series([1, 2], index=pd.to_datetime(["2020-01-01", "2020-01-09"])), pd.Timestamp("2020-01-02")
    ... ).last
    Timestamp('2020-01-09 00:00:00')
    """
    last = part.index.max()
    return Behind(rows_until(part, until), None if pd.isna(last) else last)


class JoinBehind(NamedTuple):
    """Put summaries of partitions in a row together; ``longest`` is how long a bin is."""

    longest: pd.Timedelta

    def __call__(self, *seen: Behind) -> Behind:
        lasts = [each.last for each in seen if each.last is not None]
        return Behind(FirstSpan(self.longest)(*[each.rows for each in seen]), max(lasts, default=None))

"""Choose columns by their labels' text, and rows by their time of day: ``filter``, ``get``, ``at_time``, ``between_time``.

Place in the flow: mixins of ``DataFrame`` and ``Series``. Labels are known beforehand; times of day are looked at row by row, so
that divisions stay.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from minidask.dataframe.calls import Method
from minidask.dataframe.collection import FrameCollection
from minidask.dataframe.partitionwise import columnwise


class TimesOfDay(FrameCollection):
    """Rows of some times of day; of ``DataFrame`` and ``Series``."""

    def at_time(self, time: Any, asof: bool = False, axis: Any = 0) -> Any:
        """Keep the rows whose index is at a time of day (``"9:30"`` or a ``datetime.time``).

        Raises
        ------
        TypeError
            If the index has no dates and times.
        NotImplementedError
            For ``asof=True``, and for times of column labels.
        """
        if asof:
            raise NotImplementedError("'asof' argument is not supported")
        return self._by_time("at_time", axis, {"time": time})

    def between_time(self, start_time: Any, end_time: Any, inclusive: str = "both", axis: Any = 0) -> Any:
        """Keep the rows whose index is between two times of day; over midnight where the end is before the start.

        Raises
        ------
        TypeError
            If the index has no dates and times.
        ValueError
            If times, or ``inclusive``, can't be understood.

        Examples
        --------
        >>> import minidask.dataframe as dd
        >>> hours = pd.Series(range(5), index=pd.date_range("2020-01-01", periods=5, freq="6h"))
        >>> dd.from_pandas(hours, npartitions=2).between_time("6:00", "12:00").compute().tolist()
        [1, 2]
        """
        return self._by_time(
            "between_time", axis, {"start_time": start_time, "end_time": end_time, "inclusive": inclusive}
        )

    def _by_time(self, name: str, axis: Any, kwargs: dict[str, Any]) -> Any:
        if axis not in (None, 0, "index", "rows"):
            raise NotImplementedError(f"{name} chooses rows; choose columns by label: df[[label, ...]]")
        if not isinstance(self._meta.index, pd.DatetimeIndex):
            # pandas says only that the index must be one.
            raise TypeError(
                f"{name} needs an index of dates and times, got one of {self._meta.index.dtype}: use set_index"
            )
        return columnwise(name, Method(name), self, kwargs=kwargs)


class FrameChoosing(TimesOfDay):
    """Choices of a ``DataFrame``."""

    def filter(self, items: Any = None, like: str | None = None, regex: str | None = None, axis: Any = None) -> Any:
        """Keep the columns whose labels are among ``items``, contain ``like``, or match ``regex``; exactly one is given.

        A function of the dataframe as ``items`` gives a condition for its rows.

        Raises
        ------
        TypeError
            If none or several are given.
        NotImplementedError
            For labels of rows, ``axis=0``.

        Examples
        --------
        >>> import minidask.dataframe as dd
        >>> df = dd.from_pandas(pd.DataFrame({"tip_cash": [1], "tip_card": [2], "fare": [3]}), npartitions=1)
        >>> df.filter(like="tip").columns.tolist()
        ['tip_cash', 'tip_card']
        """
        frame: Any = self
        if callable(items) and axis in (None, 0, "index"):
            # A condition, as in pandas.
            return frame[items]
        if axis not in (None, 1, "columns"):
            raise NotImplementedError("filter chooses columns; choose rows by a condition: df[df.index.isin([...])]")
        # pandas chooses, among places: labels may be equal.
        labels = pd.Series(range(self._meta.shape[1]), index=self._meta.columns, dtype="int64")
        places = labels.filter(items=items, like=like, regex=regex).tolist()
        if frame._meta.columns.is_unique:
            return frame[[frame._meta.columns[at] for at in places]]
        return frame.iloc[:, places]

    def get(self, key: Any, default: Any = None) -> Any:
        """Return a column (or columns, for a list), or ``default`` where there is none."""
        frame: Any = self
        try:
            return frame[key]
        except (KeyError, ValueError, IndexError):
            return default


class SeriesChoosing(TimesOfDay):
    """Choices of a ``Series``."""

    @property
    def empty(self) -> bool:
        """Whether there are no values; computes the number of rows."""
        return len(self) == 0  # type: ignore[arg-type]

    @property
    def hasnans(self) -> Any:
        """Whether a value is missing: a lazy ``Scalar``."""
        series: Any = self
        return series.isna().any()

    @property
    def is_unique(self) -> Any:
        """Whether no value occurs twice, missing ones neither: a lazy ``Scalar``."""
        series: Any = self
        return series.nunique(dropna=False) == series.size

"""The methods of ``DataFrame`` and ``Series`` that look at neighbouring partitions, or at what came before.

Place in the flow: mixins; each method checks its arguments and hands over to the module that builds it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from minidask.dataframe.collection import FrameCollection
from minidask.dataframe.columns import check_column
from minidask.dataframe.divisions import Divisions, unknown
from minidask.dataframe.meta import no_default
from minidask.dataframe.neighbours.moves import by_distance, by_row, check_periods, percent_by_freq, shift_index
from minidask.dataframe.neighbours.overlap import map_overlap
from minidask.dataframe.neighbours.resample import Resampler
from minidask.dataframe.neighbours.rolling import Rolling
from minidask.dataframe.neighbours.scans import along_rows, cumulate, fill
from minidask.dataframe.partitionwise import method


class NeighbourMethods(FrameCollection):
    """Methods over the borders of partitions; results don't depend on where these are."""

    def map_overlap(
        self,
        func: Callable[..., Any],
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
        """Call a function on each partition with rows of its neighbours; see ``minidask.dataframe.map_overlap``."""
        return map_overlap(
            func,
            self,
            before,
            after,
            *args,
            meta=meta,
            enforce_metadata=enforce_metadata,
            transform_divisions=transform_divisions,
            clear_divisions=clear_divisions,
            align_dataframes=align_dataframes,
            token=token,
            **kwargs,
        )

    def rolling(
        self,
        window: Any,
        min_periods: int | None = None,
        center: bool = False,
        win_type: str | None = None,
        closed: str | None = None,
        axis: Any = 0,
    ) -> Rolling:
        """Return moving windows of rows, or of a duration (of an index of times).

        Parameters
        ----------
        window : int, str, timedelta or offset
        min_periods : int, optional
            Values that a window must have for a result; default: all of ``window``, or one for durations.
        center : bool
            Whether the row that a window belongs to is in its middle.
        win_type : str, optional
            Weights of the rows (see ``scipy.signal.windows``).
        closed : str, optional
            Which ends of a window are in it: "right", "left", "both" or "neither".
        axis : 0
            The other axis went from pandas, too.

        Raises
        ------
        ValueError
            As pandas, for windows, ``closed`` and the like that aren't valid; for ``axis=1``.

        Examples
        --------
        >>> import minidask.dataframe as dd
        >>> dd.from_pandas(pd.Series([1, 2, 4, 8]), npartitions=4).rolling(3).sum().compute().tolist()
        [nan, nan, 7.0, 14.0]
        """
        if along_rows("rolling", self, axis):
            raise ValueError("rolling moves along the rows; for axis=1 use map_partitions with a transposed partition")
        return Rolling(self, window, min_periods, center, win_type, closed)

    def resample(
        self,
        rule: Any,
        closed: str | None = None,
        label: str | None = None,
        on: Any = None,
        level: Any = None,
        origin: Any = "start_day",
        offset: Any = None,
    ) -> Resampler:
        """Group rows by bins of time; ``.mean()``, ``["x"].agg([...])`` and so on give a row a bin.

        Parameters
        ----------
        rule : str, timedelta or offset
            The bins' length, or the calendar's ("ME": months).
        closed, label : "left" or "right", optional
            Which end is in the bin, and is its label; default: as pandas for the rule.
        on : label, optional
            A column of times instead of the index: as after ``set_index``, which reads the column at once.
        level
            Name or number of the index's only level.
        origin : "start_day", "start", "epoch", or a time
            Where bins of a duration count from.
        offset : str or timedelta, optional
            Added to the origin.

        Raises
        ------
        TypeError
            If the index isn't one of times.
        ValueError
            If divisions aren't known, or an argument isn't valid.

        Examples
        --------
        >>> import minidask.dataframe as dd
        >>> s = pd.Series([1, 2, 4], pd.to_datetime(["2020-01-01 10:00", "2020-01-01 11:00", "2020-01-03 09:00"]))
        >>> dd.from_pandas(s, npartitions=2).resample("D").sum().compute().tolist()
        [3, 0, 4]
        """
        frame: Any = self
        if on is not None:
            if self._kind != "DataFrame" or level is not None:
                raise ValueError("resample takes on= for a column of a DataFrame, and then no level=")
            check_column(on, self._meta.columns)
            # pandas checks that the column has times, before rows are moved.
            self._meta.resample(rule, on=on)
            frame = frame.set_index(on)
        elif level is not None:
            self._meta.resample(rule, level=level)
        return Resampler(frame, rule, closed, label, origin, offset)

    def shift(self, periods: int = 1, freq: Any = None, axis: Any = 0, fill_value: Any = no_default) -> Any:
        """Move values by ``periods`` rows (columns with ``axis=1``), or index values by ``periods`` times ``freq``.

        Parameters
        ----------
        periods : int
            Negative: towards the beginning.
        freq : str or offset, optional
            Index values and divisions move, values stay.
        axis : 0 or 1
        fill_value : scalar, optional
            For rows that nothing moves to; default: missing.

        Raises
        ------
        TypeError, ValueError
            For ``periods`` that is no integer, ``freq`` with an index without times or together with ``fill_value``.

        Examples
        --------
        >>> import minidask.dataframe as dd
        >>> dd.from_pandas(pd.Series([1, 2, 4]), npartitions=3).shift(2, fill_value=0).compute().tolist()
        [0, 0, 1]
        """
        across = along_rows("shift", self, axis)
        filling = {} if fill_value is no_default else {"fill_value": fill_value}
        if freq is not None:
            if filling:
                raise ValueError("Passing a 'freq' together with a 'fill_value' is not allowed.")
            if across:
                raise ValueError(
                    "shift with freq moves index values; with axis=1 it would move column labels: rename them"
                )
            return shift_index(self, periods, freq)
        return by_row("shift", self, periods, filling) if across else by_distance("shift", self, periods, filling)

    def diff(self, periods: int = 1, axis: Any = 0) -> Any:
        """Return the difference to the value ``periods`` rows before (columns with ``axis=1``; negative: behind).

        Raises
        ------
        TypeError
            If ``periods`` is no integer, or pandas knows no difference of a dtype.
        """
        across = along_rows("diff", self, axis)
        return by_row("diff", self, periods, {}) if across else by_distance("diff", self, periods, {})

    def pct_change(self, periods: int = 1, fill_method: None = None, freq: Any = None) -> Any:
        """Return the change against the value ``periods`` rows before, as a fraction of it.

        Parameters
        ----------
        periods : int
        fill_method : None
            As in pandas: fill missing values before, with ``ffill``.
        freq : str or offset, optional
            Compare with the row whose index value is ``periods`` times ``freq`` earlier.

        Raises
        ------
        TypeError, ValueError
            If ``periods`` is no integer, or ``fill_method`` isn't None.
        NotImplementedError
            For a ``freq`` that is no fixed duration.
        """
        if fill_method is not None:
            raise ValueError(f"fill_method must be None; got {fill_method=}.")
        return by_distance("pct_change", self, periods, {}) if freq is None else percent_by_freq(self, periods, freq)

    def ffill(self, axis: Any = 0, limit: int | None = None, limit_area: str | None = None) -> Any:
        """Fill missing values with the last one that isn't, from as many partitions before as that takes.

        Parameters
        ----------
        axis : 0 or 1
        limit : int, optional
            Fill at most so many in a row.
        limit_area : "inside" or "outside", optional
            Fill only between values that aren't missing, or only behind the last one.

        Raises
        ------
        ValueError
            For a limit that is no integer above 0, or another ``limit_area``.
        """
        return fill("ffill", self, axis, limit, limit_area)

    def bfill(self, axis: Any = 0, limit: int | None = None, limit_area: str | None = None) -> Any:
        """Fill missing values with the next one that isn't, from as many partitions behind as that takes; see ``ffill``."""
        return fill("bfill", self, axis, limit, limit_area)

    def interpolate(self, *args: Any, **kwargs: Any) -> Any:
        """Not available: raises NotImplementedError that says what to do instead."""
        raise NotImplementedError(
            "interpolate isn't built: fill with .ffill() or .bfill(); or, where gaps have at most n rows, call pandas's on "
            "partitions with rows of their neighbours: df.map_overlap(lambda rows: rows.interpolate(), n, n)"
        )

    def cumsum(self, axis: Any = 0, skipna: bool = True, numeric_only: bool = False) -> Any:
        """Return cumulative sums over all rows (columns with ``axis=1``); raises TypeError for dtypes without sums."""
        return cumulate("cumsum", self, axis, skipna, numeric_only)

    def cumprod(self, axis: Any = 0, skipna: bool = True, numeric_only: bool = False) -> Any:
        """Return cumulative products over all rows (columns with ``axis=1``); raises TypeError for dtypes without products."""
        return cumulate("cumprod", self, axis, skipna, numeric_only)

    def cummin(self, axis: Any = 0, skipna: bool = True, numeric_only: bool = False) -> Any:
        """Return the smallest values so far, over all rows (columns with ``axis=1``)."""
        return cumulate("cummin", self, axis, skipna, numeric_only)

    def cummax(self, axis: Any = 0, skipna: bool = True, numeric_only: bool = False) -> Any:
        """Return the greatest values so far, over all rows (columns with ``axis=1``)."""
        return cumulate("cummax", self, axis, skipna, numeric_only)

    def to_timestamp(self, freq: Any = None, how: str = "start") -> Any:
        """Turn an index of periods into one of times, the start or end of each; raises TypeError for another index.

        Divisions stay known, unless ``freq`` may bring different periods together.
        """
        kwargs: dict[str, Any] = {"freq": freq, "how": how}
        divisions: Divisions = unknown(self.npartitions)
        # pandas checks freq, how and the index.
        self._meta.to_timestamp(**kwargs)
        if self.known_divisions and freq is None:
            divisions = tuple(pd.PeriodIndex(self.divisions, dtype=self._meta.index.dtype).to_timestamp(**kwargs))
        return method("to_timestamp", self, kwargs=kwargs, divisions=divisions)


class SeriesNeighbours(NeighbourMethods):
    """What ``Series`` has besides."""

    def autocorr(self, lag: int = 1, split_every: Any = False) -> Any:
        """Return the correlation of the values with those ``lag`` rows before, as a ``Scalar``.

        Raises
        ------
        TypeError
            If ``lag`` is no integer.
        """
        lag = check_periods("autocorr", lag)
        series: Any = self
        return series.corr(series if lag == 0 else series.shift(lag))

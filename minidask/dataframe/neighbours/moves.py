"""``shift``, ``diff`` and ``pct_change``: each row with another one, at a distance.

Place in the flow: behind the methods of ``NeighbourMethods``. By default rows of neighbours are put around a partition and
pandas's own method does the rest; ``freq=`` moves index values and divisions instead, and ``axis=1`` stays in a row.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from minidask.dataframe.calls import Method
from minidask.dataframe.collection import FrameCollection
from minidask.dataframe.divisions import Divisions, unknown
from minidask.dataframe.meta import empty
from minidask.dataframe.neighbours.context import Windowed, as_duration, side_after, side_before
from minidask.dataframe.neighbours.layer import with_neighbours
from minidask.dataframe.partitionwise import method, partitionwise


def by_distance(name: str, frame: FrameCollection, periods: Any, kwargs: Mapping[str, Any]) -> Any:
    """Return ``frame.name(periods, **kwargs)`` where each row needs the one ``periods`` rows before it."""
    periods = check_periods(name, periods)
    call = Windowed(Method(name), (periods,), tuple(sorted(kwargs.items())))
    # On the sample, because pandas promotes nothing where there are no rows.
    meta = empty(call(frame._meta_nonempty, None, None))
    if periods == 0 or frame.npartitions == 1:
        return method(name, frame, periods, kwargs=kwargs or None, meta=meta)
    before = side_before(frame, max(periods, 0))
    after = side_after(frame, max(-periods, 0))
    return with_neighbours(name, frame, call, before, after, (periods, kwargs), meta)


def by_row(name: str, frame: FrameCollection, periods: Any, kwargs: Mapping[str, Any]) -> Any:
    """Return ``frame.name(periods, axis=1, **kwargs)``."""
    if frame._kind != "DataFrame":
        raise ValueError(f"No axis named 1 for object type {frame._kind}")
    periods = check_periods(name, periods)
    kwargs = {"axis": 1, **kwargs}
    meta = empty(getattr(frame._meta_nonempty, name)(periods, **kwargs))
    return partitionwise(name, Method(name), frame, periods, kwargs=kwargs, meta=meta)


def shift_index(frame: FrameCollection, periods: Any, freq: Any) -> Any:
    """Return the frame with index values, and divisions, moved by ``periods`` times ``freq``."""
    periods = check_periods("shift", periods)
    if isinstance(freq, str) and freq == "infer":
        raise ValueError("shift: a frequency can't be inferred from partitions; say it, such as freq='D'")
    divisions = _shifted_divisions(frame, periods, freq)
    return method("shift", frame, periods, kwargs={"freq": freq}, divisions=divisions)


def _shifted_divisions(frame: FrameCollection, periods: int, freq: Any) -> Divisions:
    index = frame._meta.index
    if not frame.known_divisions:
        return frame._divisions
    if not isinstance(index, pd.PeriodIndex):
        try:
            as_duration(freq)
        except ValueError:
            # Moves to ends of months and the like bring different values together, across bounds too.
            return unknown(frame.npartitions)
        fixed = pd.tseries.frequencies.to_offset(freq)
        if getattr(index, "tz", None) is not None and isinstance(fixed, pd.offsets.Day):
            # Days of 23 and 25 hours do the same.
            return unknown(frame.npartitions)
    moved = pd.Series(0, index=pd.Index(frame._divisions, dtype=index.dtype)).shift(periods, freq=freq)
    return tuple(moved.index)


def percent_by_freq(frame: FrameCollection, periods: Any, freq: Any) -> Any:
    """Return the change against the row whose index value is ``periods`` times ``freq`` earlier."""
    periods = check_periods("pct_change", periods)
    try:
        distance = as_duration(freq) * periods
    except ValueError:
        raise NotImplementedError(
            f"pct_change with freq={freq!r}, which is no fixed duration, isn't built: give a duration such as '30D', or "
            "compute df / df.shift(freq=...) - 1 on computed data"
        ) from None
    call = Windowed(Method("pct_change"), (periods,), (("freq", freq),))
    meta = empty(call(frame._meta_nonempty, None, None))
    zero = pd.Timedelta(0)
    # Days of 25 hours: a move by calendar days may be an hour longer.
    slack = pd.Timedelta("1h") * abs(periods) if distance else zero
    before = side_before(frame, max(distance, zero) + slack)
    after = side_after(frame, max(-distance, zero) + slack)
    return with_neighbours("pct_change", frame, call, before, after, (periods, freq), meta)


def check_periods(name: str, periods: Any) -> int:
    """Return a number of rows as int; raises TypeError for anything else."""
    if isinstance(periods, bool) or not isinstance(periods, int | np.integer):
        raise TypeError(f"{name}: periods must be an integer, got {type(periods).__name__}: {periods!r:.80}")
    return int(periods)

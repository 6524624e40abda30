"""Which partition each row goes to when rows are ordered by several keys.

Place in the flow: like ``minidask.dataframe.shuffle.targets``, whose ``RangeTargets`` serves a single key; used by ``sort``.
Pure.

How: a key is replaced by small integers that say where its values lie among the splitters' values of that key: ``2 i`` between
two of them, ``2 i + 1`` at one. Codes of two keys are joined into one, and coded again among the splitters' joined codes, so that
they never grow. Rows of equal keys get equal codes, whatever the number of keys.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from minidask.dataframe.order.sampling import as_frame

Codes = NDArray[np.int64]


class KeyTargets(NamedTuple):
    """Rows go behind the last of the ``points`` that they are not before, in the order that is asked for.

    ``labels`` are columns, None for the index. ``points`` has for each key the splitters' values, None where missing.
    """

    labels: tuple[Hashable, ...] | None
    points: tuple[tuple[Any, ...], ...]
    ascending: tuple[bool, ...]
    na_first: bool

    @property
    def columns(self) -> tuple[Hashable, ...]:
        """The columns that are looked at."""
        return self.labels or ()

    def __call__(self, frame: Any) -> NDArray[np.intp]:
        """Return the partition number of each row.

        Examples
        --------
        >>> frame = pd.DataFrame({"x": [1, 2, 2, 3], "y": [9, 1, 5, 0]})
        >>> KeyTargets(("x", "y"), ((2,), (5,)), (True, True), False)(frame).tolist()
        [0, 0, 1, 1]
        """
        if isinstance(frame, pd.DataFrame) and self.labels is not None:
            frame = frame[list(self.labels)]
        elif not isinstance(frame, pd.Index) and self.labels is None:
            frame = frame.index
        keys = as_frame(frame)
        of_rows = np.zeros(len(keys), dtype=np.int64)
        of_points = np.zeros(len(self.points[0]), dtype=np.int64)
        for at, points in enumerate(self.points):
            rows, at_points, span = self._codes(keys[at], points, self.ascending[at])
            of_rows, of_points = of_rows * span + rows, of_points * span + at_points
            distinct = np.unique(of_points)
            of_rows, of_points = among(distinct, of_rows), among(distinct, of_points)
        return np.searchsorted(of_points, of_rows, side="right")

    def _codes(self, values: pd.Series, points: Sequence[Any], ascending: bool) -> tuple[Codes, Codes, int]:
        """Return codes of rows and of points from 0 to below the third value."""
        if isinstance(values.dtype, pd.CategoricalDtype):
            # Categories are in the order in which they stand.
            points = [None if code < 0 else int(code) for code in values.dtype.categories.get_indexer(pd.Index(points))]
            values = values.cat.codes.where(values.notna())
        there = [point for point in points if point is not None]
        distinct = pd.Series(there, dtype=values.dtype if there else None).drop_duplicates().sort_values()
        top = 2 * len(distinct) + 1
        at_points = np.full(len(points), -1, dtype=np.int64)
        at_points[[point is not None for point in points]] = among(
            distinct.array, pd.Series(there, dtype=distinct.dtype).array
        )
        rows = np.full(len(values), -1, dtype=np.int64)
        known = values.notna().to_numpy()
        if len(distinct):
            rows[known] = among(distinct.array, values.array[known])
        else:
            rows[known] = 0
        coded = []
        for codes in (rows, at_points):
            missing = codes < 0
            codes = codes if ascending else top - 1 - codes
            coded.append(np.where(missing, 0 if self.na_first else top + 1, codes + 1))
        return coded[0], coded[1], top + 2


def among(points: Any, values: Any) -> Codes:
    """Return ``2 i`` for a value between ``points[i - 1]`` and ``points[i]``, ``2 i + 1`` for one equal to ``points[i]``.

    >>> among(np.array([10, 20]), np.array([5, 10, 15, 25])).tolist()
    [0, 1, 2, 4]
    """
    if not len(points):
        return np.zeros(len(values), dtype=np.int64)
    left: Codes = points.searchsorted(values, side="left").astype(np.int64)
    right: Codes = points.searchsorted(values, side="right").astype(np.int64)
    return left + right

"""Which partition each row goes to.

A *targets* object is a picklable callable that compares and tokenizes by value: ``targets(frame)`` gives an array of partition
numbers, one a row, each in ``range(npartitions)``. ``columns`` are the labels that it looks at, None for all of the frame.

Invariants: equal keys go to equal partitions whatever their dtypes' widths, whatever the categories' order, and in every process;
missing values of all kinds are equal keys, and so are -0.0 and 0.0. Pure.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, NamedTuple, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from minidask.dataframe.shuffle.hashing import hash_rows
from minidask.dataframe.shuffle.ranges import count_bounds


class Targets(Protocol):
    """What ``rearrange`` takes."""

    @property
    def columns(self) -> tuple[Hashable, ...] | None: ...

    def __call__(self, frame: Any) -> NDArray[np.intp]: ...


class HashTargets(NamedTuple):
    """Rows of equal keys meet: the hash of the keys says where, out of ``npartitions``.

    ``labels`` are columns, in the order in which they are hashed; None stands for the index. Of several columns with one label
    all are hashed. A Series or Index has one column, whatever the label.
    """

    labels: tuple[Hashable, ...] | None
    npartitions: int

    @property
    def columns(self) -> tuple[Hashable, ...] | None:
        """The columns that are looked at."""
        return () if self.labels is None else self.labels

    def __call__(self, frame: Any) -> NDArray[np.intp]:
        """Return the partition number of each row."""
        if self.labels is None:
            index = frame if isinstance(frame, pd.Index) else frame.index
            keys = [index.get_level_values(level) for level in range(index.nlevels)]
        elif isinstance(frame, pd.DataFrame):
            keys = [column for label in self.labels for column in _columns(frame, label)]
        else:
            keys = [frame]
        hashed = hash_rows(keys, len(frame)) >> np.uint64(32)
        # The upper half, scaled instead of divided: as even, at a third of the price.
        return ((hashed * np.uint64(self.npartitions)) >> np.uint64(32)).astype(np.intp)


class RangeTargets(NamedTuple):
    """Rows go where their value lies among ``divisions``: partition ``i`` takes ``[divisions[i], divisions[i + 1])``.

    ``label`` is a column, or None for the index. Values beyond either end go to the partition at that end. Categories are ordered
    as their dtype has them, and divisions must be among them. Missing values go to the last partition, or to the first one if
    ``na_first``. With ``ascending=False`` the numbers are counted from the other end.
    """

    label: Hashable | None
    divisions: tuple[Any, ...]
    ascending: bool = True
    na_first: bool = False

    @property
    def columns(self) -> tuple[Hashable, ...] | None:
        """The columns that are looked at."""
        return () if self.label is None else (self.label,)

    def __call__(self, frame: Any) -> NDArray[np.intp]:
        """Return the partition number of each row.

        Raises
        ------
        TypeError
            If values and divisions have no common order.
        ValueError
            If a division is no category of categorical values, or several columns have the label.
        """
        values = self._values(frame)
        last = len(self.divisions) - 2
        missing = np.asarray(values.isna())
        some = bool(missing.any())
        found = count_bounds(values[~missing] if some else values, self.divisions[1:-1])
        if not self.ascending:
            found = last - found
        if not some:
            return found
        places = np.full(len(values), 0 if self.na_first else last, dtype=np.intp)
        places[~missing] = found
        return places

    def _values(self, frame: Any) -> Any:
        if isinstance(frame, pd.Index):
            return frame if frame.nlevels == 1 else pd.Series(list(frame), dtype=object)
        if self.label is None:
            return self._values(frame.index)
        if not isinstance(frame, pd.DataFrame):
            return frame
        columns = _columns(frame, self.label)
        if len(columns) != 1:
            raise ValueError(f"rows can't be ordered by {self.label!r}: {len(columns)} columns have that label")
        return columns[0]


def _columns(frame: pd.DataFrame, label: Hashable) -> list[pd.Series]:
    """Return the columns that have a label."""
    found = frame[label]
    return [found] if isinstance(found, pd.Series) else [found.iloc[:, at] for at in range(found.shape[1])]

"""Cut a partition by targets, and put pieces together.

Place in the flow: what the tasks of every way to shuffle call. Rows keep their order inside a piece, and pieces are put
together in the order of the partitions that they come from, so that a shuffle is stable. Pure.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from minidask.dataframe.join_parts import join_parts


class Split(NamedTuple):
    """A partition in the order of its rows' targets: piece ``i`` is ``rows[offsets[i]:offsets[i + 1]]``."""

    rows: Any
    offsets: NDArray[np.intp]

    def piece(self, at: int) -> Any:
        """Return the rows that go to partition ``at``."""
        start, stop = self.offsets[at], self.offsets[at + 1]
        return self.rows.iloc[start:stop] if hasattr(self.rows, "iloc") else self.rows[start:stop]


def split_rows(frame: Any, targets: Any, npartitions: int) -> Split:
    """Sort a partition's rows by where they go.

    Examples
    --------
    >>> import pandas as pd
    >>> from minidask.dataframe.shuffle.targets import RangeTargets
    >>> split = split_rows(pd.Series([3, 1, 2], name="x"), RangeTargets("x", (1, 2, 3)), 2)
    >>> split.piece(0).tolist(), split.piece(1).tolist()
    ([1], [3, 2])
    """
    places = targets(frame)
    offsets = np.zeros(npartitions + 1, dtype=np.intp)
    np.cumsum(np.bincount(places, minlength=npartitions), out=offsets[1:])
    # A stable sort of small integers is a radix sort, linear in the rows.
    order = np.argsort(places.astype(np.uint16 if npartitions <= 1 << 16 else np.uint32), kind="stable")
    return Split(frame.take(order), offsets)


def join_pieces(at: int, *splits: Split) -> Any:
    """Return the rows of partition ``at``, from all partitions that were split."""
    return join_parts([split.piece(at) for split in splits])

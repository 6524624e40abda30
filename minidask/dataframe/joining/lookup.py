"""Where keys stand in a table: made once of the table's keys, asked by every partition of the other side.

Keys are whole numbers, dates, durations or booleans without missing values, of the same NumPy dtype on both sides; several
are put together to one number. Where the numbers lie close together a direct table of positions is used (an array index a row:
1 ms a million rows, pandas's hash join 70), else pandas's hash index of the distinct numbers.

Place in the flow: part of the tables of ``shared``. Pure; a lookup never changes after it was made, so that threads may share it.
Not for: keys of other kinds, which pandas joins itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from minidask.dataframe.radix import stable_argsort

# A direct table may have so many places for each key: beyond it is mostly empty, and misses the processor's caches.
SPARSEST = 16
SMALLEST = 1 << 16


class Lookup:
    """Find the rows of a table by key; ``make_lookup`` makes it.

    ``low``, ``extents``: the smallest value of each key and how many values lie between it and the largest; ``places``: for each
    number the group of rows that has it, -1 for none; ``hashed``: instead of it, a hash index of numbers; ``order``: the
    table's rows group by group, ``starts``: where each group begins in it. Both None where every row is a group of its own.
    """

    __slots__ = ("dtypes", "extents", "hashed", "low", "order", "places", "starts")

    def __init__(self, keys: Sequence[NDArray[Any]], low: list[int], extents: list[int]) -> None:
        self.dtypes = [key.dtype for key in keys]
        self.low, self.extents = low, extents
        numbers, _ = self._numbers(keys)
        rows = len(numbers)
        span = prod(extents)
        self.hashed: pd.Index | None = None
        self.places: NDArray[np.int32] = np.empty(0, dtype=np.int32)
        self.order: NDArray[np.intp] | None = None
        self.starts: NDArray[np.intp] | None = None
        if span > max(rows * SPARSEST, SMALLEST):
            groups, distinct = pd.factorize(numbers)
            self.hashed = pd.Index(distinct)
            # The first call builds the hash table; later ones only read it.
            self.hashed.get_indexer(pd.Index(distinct[:1]))
            if len(distinct) < rows:
                self._group(groups, len(distinct))
            return
        self.places = np.full(span, -1, dtype=np.int32)
        self.places[numbers] = np.arange(rows, dtype=np.int32)
        taken = np.flatnonzero(self.places >= 0)
        if len(taken) < rows:
            self.places[taken] = np.arange(len(taken), dtype=np.int32)
            self._group(self.places[numbers], len(taken))

    def _group(self, groups: NDArray[Any], count: int) -> None:
        self.order = stable_argsort(groups)
        self.starts = np.zeros(count + 1, dtype=np.intp)
        np.cumsum(np.bincount(groups, minlength=count), out=self.starts[1:])

    def _numbers(self, keys: Sequence[NDArray[Any]]) -> tuple[NDArray[np.int64], NDArray[np.bool_] | None]:
        """Return one number for each row, and which rows have any (None: all)."""
        numbers: Any = None
        inside: Any = None
        for key, low, extent in zip(keys, self.low, self.extents, strict=True):
            values = key.view(np.int64) if key.dtype.kind in "mM" else key.astype(np.int64, copy=False)
            if len(values) and (int(values.min()) < low or int(values.max()) >= low + extent):
                within = (values >= low) & (values <= low + extent - 1)
                inside = within if inside is None else inside & within
                values = np.where(within, values, low)
            values = values - low if low else values
            numbers = values if numbers is None else numbers * extent + values
        return numbers, inside

    def find(self, keys: Sequence[NDArray[Any]], keep_all: bool) -> tuple[NDArray[np.intp] | None, NDArray[Any]]:
        """Return the pairs of rows with equal keys: positions among ``keys`` (None: each once, in order) and in the table.

        With ``keep_all`` rows without a match are paired with -1.

        Examples
        --------
        >>> lookup = make_lookup([pd.Series([7, 8, 8])])
        >>> lookup.find([np.array([8, 9])], keep_all=True)
        (array([0, 0, 1]), array([ 1,  2, -1]))
        """
        numbers, inside = self._numbers(keys)
        groups: Any = self.places[numbers] if self.hashed is None else self.hashed.get_indexer(pd.Index(numbers))
        if inside is not None:
            groups[~inside] = -1
        if self.starts is None or self.order is None:
            if keep_all:
                return None, groups
            missing = groups < 0
            if not missing.any():
                return None, groups
            rows = np.flatnonzero(~missing)
            return rows, groups[rows]
        counts = (self.starts[1:] - self.starts[:-1])[groups]
        counts[groups < 0] = int(keep_all)
        rows = np.repeat(np.arange(len(groups)), counts)
        of_rows = groups[rows]
        first = np.cumsum(counts) - counts
        within = np.arange(len(rows)) - first[rows]
        found = np.where(of_rows < 0, -1, self.order[np.where(of_rows < 0, 0, self.starts[of_rows] + within)])
        return rows, found


def make_lookup(keys: Sequence[pd.Series]) -> Lookup | None:
    """Return a lookup of a table's key columns, None if they are not of a kind that it can take."""
    if not keys or not len(keys[0]) or len(keys[0]) >= 1 << 31:
        return None
    arrays = [number_array(key) for key in keys]
    low, extents = [], []
    for array in arrays:
        if array is None:
            return None
        values = array.view(np.int64) if array.dtype.kind in "mM" else array
        least, most = int(values.min()), int(values.max())
        low.append(least)
        extents.append(most - least + 1)
    if prod(extents) >= 1 << 62 or any(abs(at) >= 1 << 62 for at in low):
        return None
    return Lookup([array for array in arrays if array is not None], low, extents)


def number_array(key: pd.Series) -> NDArray[Any] | None:
    """Return a key's values if they are whole numbers, booleans, dates or durations of NumPy, none missing; else None."""
    dtype = key.dtype
    if not isinstance(dtype, np.dtype) or dtype.kind not in "iubmM" or dtype == np.uint64:
        return None
    if dtype.kind in "mM" and key.hasnans:
        return None
    return key.to_numpy()

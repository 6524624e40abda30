"""How rows and their keys travel together: packed into one frame with plain column names, and taken out again.

A packed frame has the columns ``v0``, ``v1`` and so on (the frame's own), ``k0`` and so on (keys that are no columns of the
frame), and ``tag``, the row's place in the whole: ``partition << 40 | position``. Its index is the frame's. So labels of all
kinds, several of one name too, pass through a shuffle; and rows can be put back where they came from.

Place in the flow: ``whole`` and ``picks`` pack partitions first. Pure.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from minidask.dataframe.arrays import values_of

# A partition holds fewer than 2**40 rows: at a byte a row that is a terabyte.
ROW_BITS = 40


class Layout(NamedTuple):
    """See the module's head.

    ``labels`` are the frame's columns that are packed (all where labels aren't unique), called ``column_names``; None for a
    Series called ``name``. ``keys`` has for each key its place among ``labels``, or None for a key of its own, called as in
    ``names``. ``options`` are those of ``groupby``; ``selection`` what is taken of the groups.
    """

    labels: tuple[Hashable, ...] | None
    column_names: tuple[Hashable, ...]
    name: Any
    keys: tuple[int | None, ...]
    names: tuple[Any, ...]
    single: bool
    options: tuple[tuple[str, bool], ...]
    selection: Any

    @property
    def key_columns(self) -> tuple[str, ...]:
        """Names of the packed columns that are keys."""
        return tuple([f"k{at}" if place is None else f"v{place}" for at, place in enumerate(self.keys)])

    def pack(self, block: tuple[int, ...], obj: Any, *series: Any) -> pd.DataFrame:
        """Return the packed frame of a partition and the keys that are Series."""
        if self.labels is None:
            packed = obj.to_frame(name="v0")
        else:
            packed = obj[list(self.labels)].set_axis([f"v{at}" for at in range(len(self.labels))], axis=1)
        packed = packed.copy(deep=False)
        given = iter(series)
        for at, place in enumerate(self.keys):
            if place is None:
                key = next(given)
                aligned = key.index is obj.index or key.index.equals(obj.index)
                packed[f"k{at}"] = values_of(key if aligned else key.reindex(obj.index), packed.index)
        packed["tag"] = np.arange(len(packed), dtype=np.int64) + (np.int64(block[0]) << ROW_BITS)
        return packed

    def frame_of(self, packed: pd.DataFrame) -> Any:
        """Return the user's rows, as they were."""
        if self.labels is None:
            return packed["v0"].rename(self.name)
        frame = packed[[f"v{at}" for at in range(len(self.labels))]]
        columns = pd.Index(list(self.labels), tupleize_cols=len(self.column_names) > 1)
        return frame.set_axis(columns.set_names(list(self.column_names)), axis=1)

    def group(self, packed: pd.DataFrame, **changes: bool) -> Any:
        """Return pandas's own groups of the user's rows."""
        frame = self.frame_of(packed)
        keys = [
            packed[f"k{at}"].rename(name) if place is None else self._label(place)
            for at, (place, name) in enumerate(zip(self.keys, self.names, strict=True))
        ]
        grouped = frame.groupby(keys[0] if self.single else keys, **{**dict(self.options), **changes})
        return grouped if self.selection is None else grouped[self.selection]

    def group_tags(self, packed: pd.DataFrame) -> Any:
        """Return the tags in the same groups."""
        keys = [packed[column].rename(name) for column, name in zip(self.key_columns, self.names, strict=True)]
        return packed["tag"].groupby(keys, **{**dict(self.options), "as_index": True, "group_keys": True})

    def _label(self, place: int) -> Hashable:
        assert self.labels is not None
        return self.labels[place]

    def describe(self) -> tuple[Any, ...]:
        """Return what identifies the layout, for names."""
        selection = tuple(self.selection) if isinstance(self.selection, list) else self.selection
        return (*self[:-1], isinstance(self.selection, list), selection)

    def __hash__(self) -> int:
        return hash((self.labels, self.keys))

    def __eq__(self, other: object) -> bool:
        return type(other) is Layout and self.describe() == other.describe()

    def __ne__(self, other: object) -> bool:
        return not self == other


class Pack(NamedTuple):
    """Pack a partition."""

    layout: Layout

    def __call__(self, block: tuple[int, ...], obj: Any, *series: Any) -> pd.DataFrame:
        return self.layout.pack(block, obj, *series)

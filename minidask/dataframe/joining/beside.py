"""``concat(axis=1)``: collections side by side, rows aligned by the index.

Place in the flow: called by ``concat``. pandas aligns inside each partition; here partitions are made to correspond.
"""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

import pandas as pd

from minidask.dataframe.columns import simple_columns
from minidask.dataframe.divisions import Divisions, unknown
from minidask.dataframe.joining.aligned import cut_alike
from minidask.dataframe.layers import Columns, FrameLayer
from minidask.dataframe.partitionwise import partitionwise


class SideBySide(NamedTuple):
    """Concatenate partitions along their columns."""

    join: Any
    sort: bool = False

    def __call__(self, *parts: Any) -> pd.DataFrame:
        """Return the columns of all parts."""
        frame: pd.DataFrame = pd.concat(list(parts), axis=1, join=self.join, sort=self.sort)
        return frame


class Beside(FrameLayer):
    """Columns of several inputs; ``labels`` has those of each, None for a Series."""

    __slots__ = ("labels",)
    labels: tuple[frozenset[Hashable] | None, ...]

    def required(self, columns: Columns) -> tuple[Columns, ...]:
        """Return of each input the wanted columns that it has; every input is needed, since its index is."""
        if columns is None or not simple_columns(self.meta.columns):
            return (None,) * len(self.inputs)
        return tuple([None if labels is None else labels & columns for labels in self.labels])


def concat_beside(frames: Sequence[Any], join: Any, ignore_unknown_divisions: bool, sort: bool) -> Any:
    """Return the collections side by side; see ``concat``.

    Raises
    ------
    NotImplementedError
        If rows are to be sorted and divisions aren't known.
    ValueError
        If rows can't be aligned.
    """
    metas = [frame._meta for frame in frames]
    meta = pd.concat(metas, axis=1, join=join).iloc[:0]
    placed, divisions = _placed(frames, join, ignore_unknown_divisions or sort)
    if sort and divisions[0] is None and len(divisions) > 2:
        raise NotImplementedError(
            "concat(axis=1, sort=True) needs known divisions: call sort_index() on the collections before, or on the result"
        )
    labels: dict[str, frozenset[Hashable] | None] = {}
    for frame in placed:
        labels[frame._layer.name] = frozenset(frame._meta.columns) if frame._kind == "DataFrame" else None
    return partitionwise(
        "concat-columns",
        SideBySide(join, sort),
        *placed,
        cls=Beside,
        meta=meta,
        divisions=divisions,
        rows=placed[0]._rows if not sort and all(frame._rows == placed[0]._rows for frame in placed) else None,
        align=False,
        token=(join, sort),
        labels=tuple(labels.values()),
    )


def _placed(frames: Sequence[Any], join: str, ignore: bool) -> tuple[Sequence[Any], Divisions]:
    top = frames[0]
    same_rows = all(frame._rows == top._rows and frame.npartitions == top.npartitions for frame in frames)
    if same_rows:
        return frames, top.divisions
    if all(frame.known_divisions for frame in frames):
        within = None
        try:
            low, high = max(frame.divisions[0] for frame in frames), min(frame.divisions[-1] for frame in frames)
            within = (low, high) if join == "inner" and low <= high else None
        except TypeError:
            # Bounds that can't be compared: cut_alike finds that, too.
            pass
        cut = cut_alike(frames, within)
        if cut is not None:
            return cut, cut[0].divisions
    counts = [frame.npartitions for frame in frames]
    if set(counts) == {1}:
        return frames, unknown(1)
    if len(set(counts)) > 1:
        raise ValueError(
            f"concat(axis=1) can't align rows: divisions aren't known, and there are {', '.join(map(str, counts))} partitions. "
            "Make divisions known (set_index, sort_index), or merge by columns"
        )
    if not ignore:
        warnings.warn(
            "concat(axis=1) of unknown divisions pairs partitions by position: it is right only if they hold the same index "
            "values; pass ignore_unknown_divisions=True if they do",
            stacklevel=4,
        )
    return frames, unknown(counts[0])

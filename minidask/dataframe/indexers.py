"""``loc``, ``iloc`` and ``set_index``, as far as no rows have to move between partitions.

Place in the flow: behind the properties of ``DataFrame``. Rows by index labels come with divisions-aware selection,
later.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pandas as pd

from minidask.collection import compute
from minidask.dataframe.collection import FrameCollection
from minidask.dataframe.columns import as_labels, check_column
from minidask.dataframe.divisions import check_divisions, unknown
from minidask.dataframe.partitionwise import Method, partitionwise
from minidask.dataframe.reductions.tree import reduce_partitions


class ColumnIndexer:
    """Select columns by label (``loc``) or position (``iloc``), and rows by a lazy condition (``loc``)."""

    __slots__ = ("_frame", "_how")

    def __init__(self, frame: Any, how: str) -> None:
        self._frame = frame
        self._how = how

    def __getitem__(self, key: Any) -> Any:
        rows, columns = key if isinstance(key, tuple) and len(key) == 2 else (key, slice(None))
        frame = self._frame
        if isinstance(rows, FrameCollection) and self._how == "loc":
            frame = frame[rows]
        elif not (isinstance(rows, slice) and rows == slice(None)):
            raise NotImplementedError(
                f"{self._how} selects rows by a lazy condition or takes them all (:); rows by label or position aren't built "
                "yet: use a condition on df.index, partitions[...], head() or tail()"
            )
        if isinstance(columns, slice) and columns == slice(None):
            return frame
        meta = frame._meta
        try:
            picked = getattr(meta, self._how)[:, columns]
        except KeyError:
            for label in as_labels(columns):
                check_column(label, meta.columns)
            raise
        except IndexError as error:
            raise IndexError(f"there are {meta.shape[1]} columns: {error}") from None
        return frame[picked.name] if isinstance(picked, pd.Series) else frame[list(picked.columns)]


def set_sorted_index(frame: Any, other: Any, drop: bool, is_sorted: bool, kwargs: Mapping[str, Any]) -> Any:
    """Return ``frame.set_index(other)``; see ``DataFrame.set_index``.

    With ``sorted=True`` the first and last value of every partition are computed at once, to check the order and to
    know the divisions.
    """
    divisions = kwargs.get("divisions")
    unknown_keywords = set(kwargs) - {"divisions", "append", "npartitions"}
    if unknown_keywords:
        raise TypeError(f"set_index has no keyword {sorted(unknown_keywords)[0]!r}")
    if isinstance(other, FrameCollection):
        key, label = other, None
    else:
        check_column(other, frame._meta.columns)
        key, label = frame[other], other
    if not is_sorted and frame.npartitions > 1:
        raise NotImplementedError(
            "set_index on values in any order moves rows between partitions, which isn't built yet. If the values "
            "ascend "
            "already, pass sorted=True; otherwise reduce to one partition with repartition(npartitions=1), or "
            "sort in pandas"
        )
    if label is None:
        indexed = partitionwise("set_index", Method("set_index"), frame, key, kwargs={"drop": drop})
    else:
        indexed = partitionwise("set_index", Method("set_index"), frame, label, kwargs={"drop": drop})
    known = unknown(frame.npartitions)
    if is_sorted:
        known = _sorted_divisions(key, None if divisions is None else check_divisions(divisions, frame.npartitions))
    return type(frame)(indexed._layer, indexed._meta, known, f"set-index-{indexed._layer.name}")


def _sorted_divisions(key: Any, declared: tuple[Any, ...] | None) -> tuple[Any, ...]:
    ends = compute(reduce_partitions("ends", [key], partition_ends, join_lists, join_lists, None, None))[0]
    filled = [row for row in ends if row is not None]
    borders = list(pairwise(filled))
    if not all(row[2] for row in filled) or any(right[0] < left[1] for left, right in borders):
        raise ValueError(
            "set_index(sorted=True): the values don't ascend, or some are missing; sort them before, for example in "
            "pandas"
        )
    if declared is not None:
        return declared
    if len(filled) < len(ends) or not filled or any(left[1] == right[0] for left, right in borders):
        # Empty partitions, or one value on both sides of a border: the bounds would say too much.
        return unknown(len(ends))
    return (*[row[0] for row in filled], filled[-1][1])


def partition_ends(series: pd.Series) -> list[tuple[Any, Any, bool] | None]:
    """Return the first and last value and whether values ascend without missing ones, in a list; None for an empty partition."""
    if not len(series):
        return [None]
    return [(series.iloc[0], series.iloc[-1], bool(series.is_monotonic_increasing and not series.isna().any()))]


def join_lists(parts: list[list[Any]]) -> list[Any]:
    """Return one list of the items of several."""
    return [item for part in parts for item in part]

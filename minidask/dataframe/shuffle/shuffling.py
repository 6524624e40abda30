"""``DataFrame.shuffle`` and ``Series.shuffle``: rows of equal keys into one partition.

Place in the flow: a mixin of both; labels are checked here, and keys that are collections become columns for as long as
the rows move.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd

from minidask.dataframe.collection import FrameCollection
from minidask.dataframe.columns import as_labels, check_columns
from minidask.dataframe.meta import no_default
from minidask.dataframe.partitionwise import method, partitionwise, refuse_pandas
from minidask.dataframe.shuffle.rearrange import rearrange
from minidask.dataframe.shuffle.targets import HashTargets

_KEY = "__shuffle_key_{}__"


class ShuffleMethods(FrameCollection):
    """Move rows."""

    def shuffle(
        self,
        on: Any = no_default,
        ignore_index: bool = False,
        npartitions: int | None = None,
        shuffle_method: str | None = None,
        on_index: bool = False,
        force: bool = False,
    ) -> Any:
        """Return the same rows, those of equal keys in one partition; within it they keep their order.

        Parameters
        ----------
        on : label, list of labels, Series, Index or DataFrame
            The keys: columns of this dataframe, or collections of as many rows. Values that pandas takes for equal are equal
            keys, whatever their dtypes; missing ones, too.
        ignore_index : bool
            Whether to number rows anew in every partition.
        npartitions : int, optional
            Of the result; default: as many as there are.
        shuffle_method : {"disk", "tasks", "p2p"}, optional
            Default: the setting ``dataframe.shuffle.method``, otherwise what suits the scheduler.
        on_index : bool
            Whether the index has the keys, in place of ``on``.
        force : bool
            Whether to move rows even if they are known to be in place.

        Raises
        ------
        TypeError
            If both or none of ``on`` and ``on_index`` are given, or a key is neither a label nor a collection.
        KeyError
            If a column is unknown.
        ValueError
            If there is no key, ``npartitions`` is below 1, the method is unknown, or keys' partitions don't correspond.

        Examples
        --------
        >>> import minidask.dataframe as dd
        >>> df = dd.from_pandas(pd.DataFrame({"x": [1, 2, 1, 2], "y": range(4)}), npartitions=2)
        >>> moved = df.shuffle("x").compute()
        >>> [part["y"].tolist() for _, part in moved.groupby("x")]
        [[0, 2], [1, 3]]
        """
        count = _check_npartitions(npartitions, self.npartitions)
        if on_index and not _is_missing(on):
            raise TypeError("shuffle takes keys from the index or from on=, not from both: leave one out")
        if not on_index and _is_missing(on):
            raise TypeError("shuffle needs keys: give on=, labels or a Series, or on_index=True")
        options: dict[str, Any] = {"method": shuffle_method, "force": force}
        if on_index:
            moved = rearrange(self, HashTargets(None, count), count, **options)
        elif isinstance(on, FrameCollection):
            moved = _by_collection(self, on, count, options)
        else:
            moved = rearrange(self, HashTargets(_labels(self, on), count), count, **options)
        if not ignore_index:
            return moved
        return method("reset_index", moved, kwargs={"drop": True}, rows=f"{moved._rows}-renumbered")


def _is_missing(on: Any) -> bool:
    return on is no_default or on is None


def _check_npartitions(npartitions: Any, default: int) -> int:
    if npartitions is None:
        return default
    if not isinstance(npartitions, int | np.integer) or isinstance(npartitions, bool):
        raise TypeError(f"npartitions must be an integer, got {type(npartitions).__name__}: {npartitions!r:.80}")
    if npartitions < 1:
        raise ValueError(f"npartitions must be at least 1, got {npartitions}")
    return int(npartitions)


def _labels(frame: Any, on: Any) -> tuple[Hashable, ...]:
    refuse_pandas_keys(on)
    labels = as_labels(on)
    if not labels:
        raise ValueError("shuffle needs at least one column to take keys from, got an empty list")
    if frame._kind == "Series":
        if labels != [frame._meta.name]:
            raise KeyError(f"a Series has one column, {frame._meta.name!r}; got {on!r}")
        return (frame._meta.name,)
    check_columns(labels, frame._meta.columns)
    return tuple(dict.fromkeys(labels))


def refuse_pandas_keys(on: Any) -> None:
    """Raise TypeError for keys in memory, alone or in a list, and for collections in a list."""
    for key in on if isinstance(on, list) else [on]:
        if isinstance(key, FrameCollection):
            raise TypeError(
                "shuffle takes one collection of keys, not a list of them: put them together in a DataFrame"
            )
        refuse_pandas("shuffle(on=...)", None if isinstance(key, pd.Index) else key)


def _by_collection(frame: Any, on: Any, count: int, options: dict[str, Any]) -> Any:
    """Move rows by keys that aren't among the columns: they are added, and taken off again."""
    if on._kind == "Scalar":
        raise TypeError("shuffle takes a collection of keys, one a row, got a Scalar")
    width = on._meta.shape[1] if on._kind == "DataFrame" else 1
    if not width:
        raise ValueError("shuffle needs at least one column to take keys from, got a DataFrame without any")
    levels = frame._meta.columns.nlevels if frame._kind == "DataFrame" else 1
    names = [_KEY.format(at) for at in range(width)]
    labels: list[Hashable] = [(name, *[""] * (levels - 1)) if levels > 1 else name for name in names]
    wide = partitionwise("with_keys", add_keys, frame, on, labels)
    moved = rearrange(wide, HashTargets(tuple(labels), count), count, **options)
    was = pd.Index([frame._meta.name], dtype=object) if frame._kind == "Series" else frame._meta.columns
    options = {"is_series": frame._kind == "Series"}
    return partitionwise("without_keys", drop_keys, moved, was, kwargs=options, meta=frame._meta)


def add_keys(frame: Any, keys: Any, labels: list[Hashable]) -> pd.DataFrame:
    """Return a frame (or a Series as one) with columns of keys at its end, matched by index where it differs.

    Raises
    ------
    ValueError
        If there are not as many keys as rows, or the indexes differ and have duplicates.
    """
    wide = frame.to_frame() if isinstance(frame, pd.Series) else frame.copy(deep=False)
    if not isinstance(keys, pd.Index) and not keys.index.equals(frame.index):
        keys = keys.reindex(frame.index)
    if len(frame) != len(keys):
        raise ValueError(f"shuffle needs a key for each row, and a partition of {len(frame)} rows has {len(keys)} keys")
    columns = [keys.iloc[:, at] for at in range(keys.shape[1])] if isinstance(keys, pd.DataFrame) else [keys]
    for label, column in zip(labels, columns, strict=True):
        wide[label] = column.array
    return wide


def drop_keys(wide: pd.DataFrame, labels: pd.Index, is_series: bool) -> Any:
    """Undo ``add_keys``; ``labels`` are those of before, with their dtype.

    Examples
    --------
    >>> wide = add_keys(pd.Series([1, 2], name="x"), pd.Series([0, 1]), ["key"])
    >>> drop_keys(wide, pd.Index(["x"]), is_series=True).tolist()
    [1, 2]
    """
    if is_series:
        series = wide.iloc[:, 0]
        series.name = labels[0]
        return series
    narrow = wide.iloc[:, : len(labels)]
    narrow.columns = labels
    return narrow

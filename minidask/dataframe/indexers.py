"""``loc`` and ``iloc``: rows and columns by label or position.

Place in the flow: behind the properties of ``DataFrame`` and ``Series``. Here it is decided what a key means; rows by label
are found by ``minidask.dataframe.order.labels``. Columns are taken first, so that no other one is read.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd

from minidask.dataframe.collection import FrameCollection
from minidask.dataframe.columns import as_labels, check_column
from minidask.dataframe.order.labels import rows_by_label
from minidask.dataframe.partitionwise import partitionwise, refuse_pandas, with_divisions

ALL = slice(None)


class LocIndexer:
    """Select rows by label or condition and columns by label: ``df.loc["2015-05", ["x"]]``.

    Rows: a label, a slice of labels (both ends belong to it), a list of labels, a lazy condition or pandas Series of
    booleans, or a function of the collection. A string means a span of time where the index is one of dates.
    """

    __slots__ = ("_frame",)

    def __init__(self, frame: Any) -> None:
        self._frame = frame

    def __getitem__(self, key: Any) -> Any:
        frame = self._frame
        rows, columns = _parts(key, frame)
        if callable(columns) and not isinstance(columns, FrameCollection):
            columns = columns(frame)
        selected = _columns(frame, columns, "loc")
        if callable(rows) and not isinstance(rows, FrameCollection):
            rows = rows(frame)
        if isinstance(rows, slice) and rows == ALL:
            return selected
        if isinstance(rows, pd.Series) and pd.api.types.is_bool_dtype(rows.dtype):
            rows = with_divisions("loc[condition]", rows, frame)
        if isinstance(rows, FrameCollection):
            if rows._kind != "Series" or not is_condition(rows._meta.dtype):
                raise TypeError(
                    f"loc takes a lazy Series of booleans, got a {rows._kind}: compute() labels before they select rows"
                )
            return selected[rows]
        if isinstance(rows, np.ndarray) and rows.dtype == bool:
            refuse_pandas("loc[condition]", rows)
        return rows_by_label(selected, rows)

    def __setitem__(self, key: Any, value: Any) -> None:
        raise TypeError(
            "partitions are never changed in place: use df[column] = df[column].mask(condition, value) instead of "
            "df.loc[condition, column] = value"
        )


class ILocIndexer:
    """Select columns by position: ``df.iloc[:, [0, 2]]``."""

    __slots__ = ("_frame",)

    def __init__(self, frame: Any) -> None:
        self._frame = frame

    def __getitem__(self, key: Any) -> Any:
        if not (isinstance(key, tuple) and len(key) == 2 and isinstance(key[0], slice) and key[0] == ALL):
            if isinstance(key, tuple) and len(key) > 2:
                raise pd.errors.IndexingError("Too many indexers")
            raise NotImplementedError(
                "iloc selects columns by position, iloc[:, columns]: where a row lies isn't known before partitions are counted. "
                "Use head(), tail(), partitions[...] or labels, loc[...]"
            )
        return _columns(self._frame, key[1], "iloc")


def is_condition(dtype: Any) -> bool:
    """Whether a Series of this dtype may select rows: booleans of any kind, or objects that may be booleans and missing values.

    >>> is_condition(pd.BooleanDtype()), is_condition(np.dtype("int64"))
    (True, False)
    """
    return bool(pd.api.types.is_bool_dtype(dtype) or pd.api.types.is_object_dtype(dtype))


def _parts(key: Any, frame: Any) -> tuple[Any, Any]:
    """Return what a key says of rows and of columns."""
    if not isinstance(key, tuple):
        return key, ALL
    most = 2 if frame._kind == "DataFrame" else 1
    if len(key) > most:
        raise pd.errors.IndexingError("Too many indexers")
    return (key[0], key[1]) if len(key) == 2 else (key[0] if key else ALL, ALL)


def _columns(frame: Any, columns: Any, how: str) -> Any:
    """Return the selected columns, all rows; a Series for a single one."""
    if isinstance(columns, slice) and columns == ALL:
        return frame
    labels = frame._meta.columns
    # One row that says which position each column has, so that pandas itself reads the key.
    places = pd.DataFrame([range(len(labels))], columns=labels)
    try:
        picked = getattr(places, how)[:, columns]
    except KeyError:
        if not isinstance(columns, slice):
            for label in as_labels(columns):
                check_column(label, labels)
        raise
    except IndexError as error:
        raise IndexError(f"there are {len(labels)} columns: {error}") from None
    if labels.is_unique:
        if isinstance(picked, pd.Series):
            return frame[picked.name]
        return frame[picked.columns.tolist()] if picked.columns.is_unique else _by_place(frame, picked)
    return _by_place(frame, picked)


def _by_place(frame: Any, picked: Any) -> Any:
    """Return columns of which several have one label."""
    places = int(picked.iloc[0]) if isinstance(picked, pd.Series) else picked.iloc[0].tolist()
    return partitionwise("places", take_places, frame, places)


def take_places(frame: Any, places: int | list[int]) -> Any:
    """Return columns by position, a Series for a single one.

    >>> take_places(pd.DataFrame([[1, 2]], columns=["x", "x"]), 1).tolist()
    [2]
    """
    return frame.iloc[:, places]


def slice_rows(frame: Any, key: slice) -> Any:
    """Return ``frame[key]`` for a slice of labels.

    Raises
    ------
    NotImplementedError
        For positions: integers mean them, whatever the index.
    """
    bounds: list[Hashable] = [bound for bound in (key.start, key.stop, key.step) if bound is not None]
    if any(isinstance(bound, int | np.integer) for bound in bounds):
        raise NotImplementedError(
            f"[{key.start}:{key.stop}] means rows by position, which aren't known before partitions are counted: "
            "use loc[...] for labels, head(), tail() or partitions[...]"
        )
    return LocIndexer(frame)[key]

"""What the mixins of reductions share: which columns take part, and what the meta of a result is.

Place in the flow: base of the mixins in this package; imports ``tree`` only. Not for: operations.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from minidask.dataframe.calls import Call, Method
from minidask.dataframe.collection import ByColumns, FrameCollection
from minidask.dataframe.meta import empty, no_default, tried
from minidask.dataframe.partitionwise import partitionwise
from minidask.dataframe.reductions.tree import reduce_partitions


class Reducing(FrameCollection):
    """A collection that is reduced."""

    def _length(self) -> Any:
        return reduce_partitions("len", [self], len, sum, sum, 1, "len", uses=frozenset())

    def _numeric(self, numeric_only: bool = True) -> Any:
        """Return the columns of numbers and booleans; a Series or Index itself, or TypeError if it has none."""
        if not numeric_only:
            return self
        if self._kind == "DataFrame":
            return take_places(self, numeric_places(self._meta))
        if not pd.api.types.is_numeric_dtype(self._meta.dtype):
            raise TypeError(f"numeric_only=True, but the {self._kind} is of dtype {self._meta.dtype}")
        return self

    def _is_by_rows(self, how: str, axis: Any) -> bool:
        """Whether an axis means one result a row. Raises ValueError or NotImplementedError for axes that mean nothing."""
        if self._kind == "DataFrame" and is_columns(axis):
            return True
        check_axis(how, axis)
        return False

    def _each_row(self, how: str, numeric_only: bool = False, meta: Any = no_default, **kwargs: Any) -> Any:
        """Return ``partition.how(axis=1, **kwargs)``."""
        kwargs = {"axis": 1, **kwargs}
        frame = self._numeric(numeric_only)
        if meta is no_default and frame._meta.shape[1]:
            # Without rows pandas gives other dtypes.
            with np.errstate(all="ignore"):
                meta = empty(tried(Call(how, kwargs), frame._meta_nonempty))
        call: Any = Method(how) if meta is no_default else EachRow(how, meta)
        return partitionwise(how, call, frame, kwargs=kwargs, meta=meta)


class EachRow(NamedTuple):
    """Call a reduction of each row; without rows, of which pandas refuses some dtypes, the declared result comes back."""

    name: str
    none: Any

    @property
    def short_name(self) -> str:
        """The reduction's name, for people."""
        return self.name

    def __call__(self, frame: pd.DataFrame, **kwargs: Any) -> Any:
        return getattr(frame, self.name)(**kwargs) if len(frame) else self.none

    def __hash__(self) -> int:
        return hash((EachRow, self.name))

    def __eq__(self, other: object) -> bool:
        return type(other) is EachRow and other.name == self.name and other.none is self.none

    def __ne__(self, other: object) -> bool:
        return not self == other


def is_columns(axis: Any) -> bool:
    """Whether an axis is that of the columns.

    >>> is_columns(1), is_columns("columns"), is_columns(0), is_columns(True)
    (True, True, False, False)
    """
    return axis == "columns" or (axis == 1 and not isinstance(axis, bool))


def check_axis(how: str, axis: Any) -> None:
    """Raise NotImplementedError for ``axis=None``, ValueError for anything but the rows' axis."""
    if axis is None:
        raise NotImplementedError(f"{how} over both axes isn't built: use .{how}().{how}() or axis=0")
    if isinstance(axis, bool) or axis not in (0, "index", "rows"):
        raise ValueError(f"axis must be 0 or 1 for a DataFrame and 0 for a Series, got {axis!r}")


def check_flag(name: str, value: Any) -> None:
    """Raise ValueError for what is neither True nor False."""
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{name} must be True or False, got {type(value).__name__}: {value!r:.80}")


def as_series(obj: Any) -> Any:
    """Return an Index as Series, anything else as it is."""
    return obj.to_series() if isinstance(obj, pd.Index) else obj


def described(frame: FrameCollection, meta: Any) -> tuple[Any, ByColumns | None]:
    """Return the meta of a reduction and its lineage of rows: labelled by columns for a frame, a scalar otherwise."""
    if isinstance(meta, pd.Series):
        return meta.iloc[:0], by_columns(frame)
    return meta, None


def by_columns(frame: FrameCollection) -> ByColumns:
    """Return the lineage of a Series labelled by a frame's columns."""
    return ByColumns(tuple(frame._meta.columns))


def numeric_places(meta: pd.DataFrame) -> list[int]:
    """Return the places of the columns that ``numeric_columns`` names: labels may be equal."""
    return [at for at, dtype in enumerate(meta.dtypes) if pd.api.types.is_numeric_dtype(dtype)]


def take_places(frame: Any, places: list[int]) -> Any:
    """Return columns by position, of equal labels too."""
    if frame._meta.columns.is_unique:
        return frame[list(frame._meta.columns[places])]
    return partitionwise("take_places", columns_at, frame, places)


def columns_at(frame: pd.DataFrame, places: list[int]) -> pd.DataFrame:
    """Return a partition's columns by position."""
    return frame.iloc[:, places]


def numeric_columns(meta: pd.DataFrame) -> pd.Index:
    """Return the labels of the columns of numbers and booleans, as ``numeric_only=True`` means them.

    >>> numeric_columns(pd.DataFrame({"x": [1], "s": ["a"], "b": [True]})).tolist()
    ['x', 'b']
    """
    return meta.columns[numeric_places(meta)]

"""How a pandas object is laid out in flat arrays, and put together from them again.

Slicing and concatenating pandas objects costs tens of microseconds a piece, and a shuffle has as many pieces as it has source
partitions times output partitions. Here a frame is taken apart once: columns of one NumPy dtype become rows of one array
(``groups``), so that a piece is one slice an array. Categories are their codes, nullable numbers their values and masks, times
with a zone those in UTC, strings Arrow arrays; what else there is stays an extension array (``others``).

Invariants: ``pack`` of what ``unpack`` gave is the same frame, values, dtypes and labels; a ``RangeIndex`` becomes one of
integers. Layouts are interned: equal ones are mostly one object, so that comparing them costs nothing.

Not for: objects that ``Layout.of`` declines (subclasses, a ``MultiIndex`` of rows, attributes); these are sliced as they are.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

_KINDS = (pd.DataFrame, pd.Series)
_FLAT_INDEXES = (
    pd.Index,
    pd.RangeIndex,
    pd.DatetimeIndex,
    pd.TimedeltaIndex,
    pd.CategoricalIndex,
    pd.PeriodIndex,
    pd.IntervalIndex,
)
_MASKED = (pd.arrays.IntegerArray, pd.arrays.FloatingArray, pd.arrays.BooleanArray)


class Arrays(NamedTuple):
    """The parts of some rows: per group its rows, Arrow arrays, extension arrays; in the order of the layout's fields.

    ``groups`` has a two-dimensional array a group, or a list of its rows.
    """

    groups: list[Any]
    arrow: list[Any]
    others: list[Any]


class Field(NamedTuple):
    """A column or the index: how it is kept, and in which group at which row (or at which place of ``arrow``, ``others``)."""

    dtype: Any
    form: str  # "values", "codes", "masked", "zoned", "arrow" or "other"
    places: tuple[tuple[int, int], ...]


class Layout:
    """What the arrays of a frame mean.

    ``kind`` is DataFrame, Series or Index; ``labels`` the columns, or the one name in a list; ``index_name`` the name of
    the index. ``fields`` has the index first. ``groups`` has ``(dtype, rows)`` of each.
    """

    __slots__ = ("__weakref__", "arrow", "fields", "groups", "index_name", "kind", "labels", "others")

    def __init__(self, kind: type, labels: Any, index_name: Hashable, fields: tuple[Field, ...]) -> None:
        self.kind = kind
        self.labels = labels
        self.index_name = index_name
        self.fields = fields
        sizes: dict[int, tuple[np.dtype[Any], int]] = {}
        for field in fields:
            for group, row in field.places:
                if group >= 0:
                    sizes[group] = (_part_dtypes(field)[field.places.index((group, row))], row + 1)
        self.groups = [sizes[group] for group in range(len(sizes))]
        self.arrow = [field.dtype for field in fields if field.form == "arrow"]
        self.others = [field.dtype for field in fields if field.form == "other"]

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Layout):
            return NotImplemented
        return (
            self.kind is other.kind
            and len(self.fields) == len(other.fields)
            and _same_labels(self.labels, other.labels)
            and _same_name(self.index_name, other.index_name)
            and all(map(_same_field, self.fields, other.fields))
        )

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self.kind, self.labels, self.index_name, self.fields)

    @staticmethod
    def of(frame: Any) -> Layout | None:
        """Return the layout of a pandas object; None if it has to be kept as it is."""
        index = frame if isinstance(frame, pd.Index) else frame.index
        if type(index) not in _FLAT_INDEXES:
            return None
        if isinstance(frame, pd.Index):
            return _intern(Layout(pd.Index, pd.Index([]), frame.name, _fields([index.dtype])))
        if type(frame) not in _KINDS or frame.attrs or not frame.flags.allows_duplicate_labels:
            return None
        if isinstance(frame, pd.Series):
            labels: Any = [frame.name]
            dtypes = [frame.dtype]
        else:
            labels, dtypes = frame.columns, list(frame.dtypes)
        return _intern(Layout(type(frame), labels, index.name, _fields([index.dtype, *dtypes])))

    def unpack(self, frame: Any, order: NDArray[np.intp]) -> Arrays:
        """Return the arrays of a frame of this layout, its rows in another order."""
        groups = [np.empty((rows, len(order)), dtype=dtype) for dtype, rows in self.groups]
        arrow: list[Any] = []
        others: list[Any] = []
        for field, column in zip(self.fields, _columns(frame), strict=True):
            if field.form == "arrow":
                chunks = pa.array(column.array)
                whole = chunks.combine_chunks() if isinstance(chunks, pa.ChunkedArray) else chunks
                arrow.append(whole.take(pa.array(order)))
            elif field.form == "other":
                others.append(column.array.take(order))
            else:
                for (group, row), part in zip(field.places, _parts(column, field), strict=True):
                    # Positions are known to be within; without checks "out" needs no second copy.
                    np.take(part, order, out=groups[group][row], mode="clip")
        return Arrays(groups, arrow, others)

    def pack(self, arrays: Arrays) -> Any:
        """Return the pandas object that the arrays stand for; it may share their memory."""
        arrow, others = iter(arrays.arrow), iter(arrays.others)
        columns: list[Any] = []
        for field in self.fields:
            if field.form == "arrow":
                columns.append(field.dtype.__from_arrow__(next(arrow)))
            elif field.form == "other":
                columns.append(next(others))
            else:
                columns.append(_whole([arrays.groups[group][row] for group, row in field.places], field))
        index = pd.Index(columns[0], dtype=self.fields[0].dtype, name=self.index_name, copy=False)
        if self.kind is pd.Index:
            return index
        if self.kind is pd.Series:
            return pd.Series(columns[1], index=index, dtype=self.fields[1].dtype, name=self.labels[0], copy=False)
        # A column of objects has to say so, or strings in it would be taken for a column of strings.
        named = {
            at: pd.Series(column, index=index, dtype=object, copy=False)
            if isinstance(column, np.ndarray) and column.dtype == object
            else column
            for at, column in enumerate(columns[1:])
        }
        frame = pd.DataFrame(named, index=index, copy=False)
        frame.columns = self.labels
        return frame


def _columns(frame: Any) -> list[Any]:
    if isinstance(frame, pd.Index):
        return [frame]
    if isinstance(frame, pd.Series):
        return [frame.index, frame]
    return [frame.index, *[column for _, column in frame.items()]]


def _fields(dtypes: Sequence[Any]) -> tuple[Field, ...]:
    used: dict[Any, list[int]] = {}  # {dtype of a group: [its number, its rows so far]}
    fields = []
    for dtype in dtypes:
        field = Field(dtype, _form(dtype), ())
        places = []
        for part in _part_dtypes(field):
            group = used.setdefault(part, [len(used), 0])
            places.append((group[0], group[1]))
            group[1] += 1
        fields.append(field._replace(places=tuple(places)))
    return tuple(fields)


def _form(dtype: Any) -> str:
    if isinstance(dtype, np.dtype):
        return "values"
    if isinstance(dtype, pd.CategoricalDtype):
        return "codes" if dtype.categories is not None else "other"
    if isinstance(dtype, pd.DatetimeTZDtype):
        return "zoned"
    if isinstance(dtype, pd.StringDtype):
        return "arrow" if dtype.storage == "pyarrow" else "other"
    if isinstance(dtype, pd.ArrowDtype):
        # Arrays with a dictionary each, or without 64-bit offsets, can't always be concatenated.
        kind = dtype.pyarrow_dtype
        return "arrow" if pa.types.is_primitive(kind) or pa.types.is_large_string(kind) else "other"
    try:
        return "masked" if dtype.construct_array_type() in _MASKED else "other"
    except NotImplementedError:
        return "other"


def _part_dtypes(field: Field) -> list[np.dtype[Any]]:
    dtype = field.dtype
    if field.form == "values":
        return [dtype]
    if field.form == "codes":
        return [pd.Categorical([], dtype=dtype).codes.dtype]
    if field.form == "masked":
        return [dtype.numpy_dtype, np.dtype(bool)]
    return [np.dtype(f"M8[{dtype.unit}]")] if field.form == "zoned" else []


def _parts(column: Any, field: Field) -> list[NDArray[Any]]:
    if field.form == "codes":
        return [column.array.codes]
    if field.form == "masked":
        mask = column.isna()
        return [column.array.to_numpy(dtype=field.dtype.numpy_dtype, na_value=0), np.asarray(mask)]
    if field.form == "zoned":
        return [column.array.asi8.view(f"M8[{field.dtype.unit}]")]
    return [column.to_numpy()]


def _whole(parts: list[NDArray[Any]], field: Field) -> Any:
    dtype = field.dtype
    if field.form == "codes":
        return pd.Categorical.from_codes(parts[0], dtype=dtype, validate=False)
    if field.form == "masked":
        return dtype.construct_array_type()(parts[0], parts[1])
    if field.form == "zoned":
        return pd.array(parts[0], dtype=parts[0].dtype, copy=False).tz_localize("UTC").tz_convert(dtype.tz)
    return parts[0]


def _same_field(one: Field, other: Field) -> bool:
    if one.dtype is other.dtype:
        return True
    if one.dtype != other.dtype or one.form != other.form or one.places != other.places:
        return False
    # Categoricals without an order are equal whatever their categories' order; codes aren't.
    return one.form != "codes" or one.dtype.categories.identical(other.dtype.categories)


def _same_labels(one: Any, other: Any) -> bool:
    if isinstance(one, pd.Index) and isinstance(other, pd.Index):
        return one.identical(other)
    return isinstance(one, list) and isinstance(other, list) and _same_name(one[0], other[0])


def _same_name(one: Hashable, other: Hashable) -> bool:
    return one is other or (type(one) is type(other) and bool(one == other))


_lock = threading.Lock()
# The layouts seen last: a shuffle asks for one again and again.
_recent: list[Layout] = []
_MOST_RECENT = 16


def _intern(layout: Layout) -> Layout:
    with _lock:
        known = list(_recent)
    for other in known:
        if other == layout:
            return other
    with _lock:
        _recent.insert(0, layout)
        del _recent[_MOST_RECENT:]
    return layout


def _restore(kind: type, labels: Any, index_name: Hashable, fields: tuple[Field, ...]) -> Layout:
    return _intern(Layout(kind, labels, index_name, fields))

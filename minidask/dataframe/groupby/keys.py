"""What rows are grouped by: every kind of key is turned into a column label or a Series of the same rows.

Place in the flow: first step of ``groupby``. Functions, mappings, index levels and ``pandas.Grouper`` become lazy Series that are
made partition by partition, so that what follows knows two kinds of keys only.

Not for: time bins of a ``Grouper`` with ``freq`` (``bins``).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from minidask.dataframe.collection import FrameCollection
from minidask.dataframe.columns import unknown_column
from minidask.dataframe.groupby.bins import binned
from minidask.dataframe.layers import Uses
from minidask.dataframe.meta import empty, emulate
from minidask.dataframe.partitionwise import partitionwise
from minidask.graph import func_name
from minidask.tokenize import tokenize

# A column label, or a lazy Series of the same rows.
Key = Any


class LevelValues(NamedTuple):
    """Make a Series of the values of an index level, by position, labelled like the rows."""

    level: int

    def __call__(self, obj: Any) -> pd.Series:
        values = obj.index.get_level_values(self.level)
        return pd.Series(values, index=obj.index, name=values.name)


class IndexValues(NamedTuple):
    """Make a Series of an index's values, by position, labelled like the rows of another object."""

    def __call__(self, obj: Any, index: pd.Index) -> pd.Series:
        if len(obj) != len(index):
            raise ValueError(
                f"groupby by an Index needs one of the same rows: {len(obj)} rows, {len(index)} index values"
            )
        return pd.Series(index.array, index=obj.index, name=index.name)


class MappedIndex(NamedTuple):
    """Make a Series of what a function or mapping gives for each index label."""

    arg: Any

    @property
    def short_name(self) -> str:
        """The function's name, for people."""
        return func_name(self.arg) if callable(self.arg) else "map"

    def __call__(self, obj: Any) -> pd.Series:
        return pd.Series(obj.index.map(self.arg), index=obj.index)

    def __hash__(self) -> int:
        return hash(MappedIndex)

    def __eq__(self, other: object) -> bool:
        return type(other) is MappedIndex and other.arg is self.arg

    def __ne__(self, other: object) -> bool:
        return not self == other


def resolve_keys(frame: Any, by: Any, level: Any) -> tuple[list[Key], bool]:
    """Return the keys of ``groupby(by, level=level)``, and whether a single one was given outside of a list.

    Raises
    ------
    KeyError
        If a label is neither a column nor an index level.
    TypeError, ValueError
        If there is no key, or it is of a kind that can't be one.
    """
    if level is not None:
        if by is not None:
            raise TypeError("groupby takes by or level, not both: name levels in by, among columns")
        levels = level if isinstance(level, list | tuple) else [level]
        if not levels:
            raise ValueError("groupby needs at least one level")
        return [level_key(frame, each) for each in levels], not isinstance(level, list | tuple)
    if by is None:
        raise TypeError("groupby needs by: a column label, a Series of the same rows, or a list of these; or level=")
    # A tuple is one label where there is such a column, as pandas has it.
    keys = list(by) if isinstance(by, list) else [by]
    if not keys:
        raise ValueError("groupby needs at least one key")
    return [_key(frame, key) for key in keys], not isinstance(by, list)


def _key(frame: Any, key: Any) -> Key:
    if isinstance(key, FrameCollection):
        if key._kind == "Index":
            return _index_key(frame, key)
        if key._kind != "Series":
            raise TypeError(f"groupby by a {key._kind} isn't possible; give labels of columns or Series")
        name = key._meta.name
        is_column = frame._kind == "DataFrame" and _is_label(name, frame._meta.columns)
        # A column of the frame itself is a key by label, as pandas has it: then it isn't aggregated.
        return name if is_column and frame[name]._layer.name == key._layer.name else key
    if isinstance(key, pd.Series | pd.Index | np.ndarray):
        raise TypeError(
            f"groupby by a {type(key).__name__} in memory isn't possible: make it a column or a Series of the same rows"
        )
    if isinstance(key, pd.Grouper):
        return _grouper_key(frame, key)
    if isinstance(key, Mapping) or callable(key):
        call = MappedIndex(dict(key) if isinstance(key, Mapping) else key)
        if isinstance(key, Mapping):
            labels = frame._meta_nonempty.index
            meta = pd.Series(list(key.values()), index=labels[:1].repeat(len(key)), name=labels.name)
        else:
            meta = emulate(f"groupby({call.short_name})", call, frame._meta)
        return _from_rows(frame, call, empty(meta), (tokenize(key), "map"))
    columns = frame._meta.columns if frame._kind == "DataFrame" else []
    try:
        if key in columns:
            return key
    except TypeError:
        raise TypeError(f"a column label must be hashable, got {type(key).__name__}: {key!r:.80}") from None
    if key is not None and key in frame._meta.index.names:
        return level_key(frame, key)
    if frame._kind != "DataFrame":
        raise TypeError(
            f"a Series is grouped by Series of the same rows, functions of the index, or level=, got {type(key).__name__}: "
            f"{key!r:.80}"
        )
    raise unknown_column(key, columns)


def _index_key(frame: Any, index: Any) -> Any:
    """Return the lazy Series of another index's values, which belong to the rows by position."""
    if index.npartitions != frame.npartitions:
        raise ValueError(
            f"groupby by an Index needs one of the same rows: it has {index.npartitions} partitions, the rows have "
            f"{frame.npartitions}"
        )
    rows = frame[[]] if frame._kind == "DataFrame" else frame
    call = IndexValues()
    series = partitionwise(
        "group-key", call, rows.clear_divisions(), index.clear_divisions(), meta=call(rows._meta, index._meta)
    )
    return type(series)(series._layer, series._meta, frame._divisions, frame._rows)


def level_key(frame: Any, level: Any) -> Any:
    """Return the lazy Series of an index level, by name or number; raises KeyError or IndexError as pandas does."""
    index: Any = frame._meta.index
    number = index._get_level_number(level) if index.nlevels > 1 else _only_level(index, level)
    call = LevelValues(int(number))
    return _from_rows(frame, call, call(frame._meta), ("level", int(number)))


def _only_level(index: pd.Index, level: Any) -> int:
    if level == index.name and level is not None:
        return 0
    if isinstance(level, int | np.integer) and not isinstance(level, bool):
        if level in (0, -1):
            return 0
        raise IndexError(f"the index has one level, there is no level {level}")
    raise KeyError(f"the index has no level {level!r}; its name is {index.name!r}")


def _from_rows(frame: Any, call: Any, meta: Any, token: Any) -> Any:
    if frame._kind == "DataFrame":
        return partitionwise("group-key", call, frame, cls=Uses, uses=(frozenset(),), meta=meta, token=token)
    return partitionwise("group-key", call, frame, meta=meta, token=token)


def _grouper_key(frame: Any, grouper: Any) -> Key:
    if grouper.key is not None:
        key = _key(frame, grouper.key)
    elif grouper.level is not None:
        key = level_key(frame, grouper.level)
    else:
        key = level_key(frame, 0)
    if getattr(grouper, "freq", None) is None:
        return key
    return binned(key if isinstance(key, FrameCollection) else frame[key], grouper)


def _is_label(name: Any, columns: pd.Index) -> bool:
    return isinstance(name, Hashable) and name is not None and name in columns

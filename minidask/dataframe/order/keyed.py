"""``sort_values(key=...)`` and ``sort_index(key=...)``: rows in the order of what a function makes of values.

The function is called with the values of each partition. What it gives becomes columns beside the others, all of them numbered,
by which ``sort_values`` puts rows in order; then these are taken out again. So labels of all kinds pass, equal ones too.

Place in the flow: behind the methods in ``methods``.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

import pandas as pd

from minidask.dataframe.checked import note_rows, own_copy
from minidask.dataframe.collection import new_collection
from minidask.dataframe.meta import emulate
from minidask.dataframe.order.numbering import numbered
from minidask.dataframe.order.set_index import Wanted
from minidask.dataframe.order.sort import check_order, sort_values
from minidask.dataframe.partitionwise import partitionwise
from minidask.graph import func_name
from minidask.tokenize import tokenize


class WithKeys(NamedTuple):
    """Number the columns, and add what a function makes of those at ``places`` (None: of the index)."""

    func: Callable[..., Any]
    places: tuple[int, ...] | None
    meta: Any = None

    @property
    def short_name(self) -> str:
        """The function's name, for people."""
        return f"key-{func_name(self.func)}"

    def __call__(self, part: Any) -> pd.DataFrame:
        """Return the columns 0, 1 ... of the rows, and those of the keys."""
        if self.meta is not None and not len(part):
            return self.meta
        frame = part.to_frame() if isinstance(part, pd.Series) else part
        count = frame.shape[1]
        packed = frame.set_axis(range(count), axis=1).copy(deep=False)
        sources = [part.index] if self.places is None else [frame.iloc[:, place] for place in self.places]
        for at, values in enumerate(sources):
            packed[count + at] = self._keys(values).set_axis(packed.index)
        return packed

    def _keys(self, values: Any) -> pd.Series:
        try:
            keys = self.func(own_copy(values))
        except Exception as error:
            note_rows(error, "sort by key", self.func, [values])
            raise
        if len(keys) != len(values):
            raise ValueError("User-provided `key` function must not change the shape of the array.")
        return pd.Series(keys.array if isinstance(keys, pd.Series | pd.Index) else keys)

    def __hash__(self) -> int:
        return hash((WithKeys, self.places))

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other


class WithoutKeys(NamedTuple):
    """Take the rows out again: a DataFrame with these columns, or (None) a Series called ``name``."""

    columns: Any
    name: Hashable

    def __call__(self, packed: pd.DataFrame) -> Any:
        """Return the rows as they were."""
        if self.columns is None:
            name: Any = self.name
            return packed[0].rename(name)
        return packed[list(range(len(self.columns)))].set_axis(self.columns, axis=1)


def sort_by_key(
    frame: Any, by: Any, key: Any, ascending: Any, na_position: str, ignore_index: Any, index: bool, wanted: Wanted
) -> Any:
    """Return the rows in the order of what ``key`` makes of columns, of a Series's values, or (``index``) of the index.

    Raises
    ------
    TypeError
        If ``key`` isn't callable.
    ValueError
        If it fails on made-up values, or (when computed) gives another number of values.
    """
    if not callable(key):
        raise TypeError(f"key must be a function of values, got {type(key).__name__}: {key!r:.80}")
    meta = frame._meta
    places: tuple[int, ...] | None = None
    if not index:
        order = check_order(frame, by, ascending, na_position)
        places = (0,) if order.labels is None else tuple([meta.columns.get_loc(label) for label in order.labels])
    elif meta.index.nlevels > 1:
        raise NotImplementedError(
            "sort_index(key=...) takes an index of one level: reset_index(), then sort_values(key=...)"
        )
    call = WithKeys(key, places)
    packed_meta = emulate(f"key={func_name(key)}", call, meta)
    said = (tokenize(key), places)
    packed = partitionwise("sort-keys", call._replace(meta=packed_meta), frame, meta=packed_meta, token=said)
    count = packed_meta.shape[1] - (1 if places is None else len(places))
    labels = list(range(count, packed_meta.shape[1]))
    ordered = sort_values(packed, labels, ascending, na_position, False, None, None, wanted)
    columns = meta.columns if isinstance(meta, pd.DataFrame) else None
    last = WithoutKeys(columns, None if columns is not None else meta.name)
    token = (None if columns is None else tokenize(columns), last.name)
    done = partitionwise("sort-rows", last, ordered, meta=meta, token=token)
    done = new_collection(done._layer, meta, done._divisions, f"ordered-{done._layer.name}")
    return numbered(done) if ignore_index else done

"""What the grouped objects know: the frame, its keys and options; and how these become plans and samples.

Place in the flow: base of the mixins of methods (``aggregating``, ``wholes``) and so of ``DataFrameGroupBy`` and
``SeriesGroupBy``.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from minidask.dataframe.collection import FrameCollection
from minidask.dataframe.groupby.bins import is_binned, unbin_result
from minidask.dataframe.groupby.keys import Key, resolve_keys
from minidask.dataframe.groupby.layout import Layout
from minidask.dataframe.groupby.whole import Gathered
from minidask.dataframe.meta import sample_array
from minidask.dataframe.partitionwise import align_partitions, partitionwise, with_divisions
from minidask.dataframe.shuffle.methods import check_method


class Grouping:
    """What both kinds of groups share: state and what is derived of it."""

    def __init__(
        self,
        frame: Any,
        by: Any = None,
        level: Any = None,
        sort: bool | None = None,
        dropna: bool | None = None,
        observed: bool | None = None,
        as_index: bool = True,
        group_keys: bool = True,
        selection: Any = None,
    ) -> None:
        options = {
            "sort": True if sort is None else sort,
            "dropna": True if dropna is None else dropna,
            "observed": True if observed is None else observed,
            "as_index": as_index,
            "group_keys": group_keys,
        }
        for name, value in options.items():
            if not isinstance(value, bool | np.bool_):
                raise TypeError(f"{name} must be True or False, got {type(value).__name__}: {value!r:.80}")
        if isinstance(by, pd.Series) or (isinstance(by, list) and any(isinstance(key, pd.Series) for key in by)):
            lifted = [
                with_divisions("groupby", key, frame) if isinstance(key, pd.Series) else key for key in _listed(by)
            ]
            by = lifted if isinstance(by, list) else lifted[0]
        keys, self._single = resolve_keys(frame, by, level)
        series = [key for key in keys if isinstance(key, FrameCollection)]
        frame, *series = align_partitions("groupby", [frame, *series])
        given = iter(series)
        self._frame = frame
        self._by: list[Key] = [next(given) if isinstance(key, FrameCollection) else key for key in keys]
        self._bins = tuple([at for at, key in enumerate(self._by) if is_binned(key)])
        if self._bins and len(keys) == 1:
            # Bins without rows are among the groups.
            options["observed"] = False
        self._options: dict[str, bool] = {name: bool(value) for name, value in options.items()}
        self._selection = selection

    def _selected(self, kind: Any, selection: Any) -> Any:
        """Return the same groups of other columns."""
        other = kind.__new__(kind)
        other.__dict__.update({**self.__dict__, "_selection": selection})
        return other

    # -- what is aggregated -------------------------------------------------------------------------------------------

    def _values(self) -> list[Hashable]:
        """Return the labels of the columns that are aggregated."""
        raise NotImplementedError

    def _is_series(self) -> bool:
        """Whether a plain aggregation gives a Series."""
        raise NotImplementedError

    def _dtype(self, label: Hashable) -> Any:
        meta = self._frame._meta
        return meta[label].dtype if isinstance(meta, pd.DataFrame) else meta.dtype

    def _series_keys(self) -> list[Any]:
        return [key for key in self._by if isinstance(key, FrameCollection)]

    def _names(self) -> list[Hashable]:
        return [key._meta.name if isinstance(key, FrameCollection) else key for key in self._by]

    # -- samples ------------------------------------------------------------------------------------------------------

    def _sampled(self, **changes: bool) -> Any:
        """Return pandas's own grouping of the sample."""
        frame = self._frame._meta_nonempty
        keys = [
            key._meta_nonempty.set_axis(frame.index) if isinstance(key, FrameCollection) else key for key in self._by
        ]
        grouped = frame.groupby(keys[0] if self._single else keys, **{**self._options, **changes})
        return grouped if self._selection is None else grouped[self._selection]

    def _two_groups(self, selected: bool = True, **changes: bool) -> Any:
        """Return pandas's own grouping of four made-up rows in two groups, indexed by group; not ``selected``: of all columns."""
        frame = _twice(self._frame._meta_nonempty)
        keys: list[Any] = []
        for key in self._by:
            if isinstance(key, FrameCollection):
                values = two_values(key._meta.dtype)
                keys.append(pd.Series(values.take([0, 0, 1, 1]), index=frame.index, name=key._meta.name))
            else:
                frame[key] = two_values(frame[key].dtype).take([0, 0, 1, 1])
                keys.append(key)
        options = {**self._options, "as_index": True, "observed": True, **changes}
        grouped = frame.groupby(keys[0] if self._single else keys, **options)
        return grouped[self._selection] if selected and self._selection is not None else grouped

    # -- whole groups -------------------------------------------------------------------------------------------------

    def _gathered(self, shuffle_method: str | None, used: Iterable[Hashable] | None = None) -> Gathered:
        """Return what is needed to have whole groups; ``used`` are the columns that are looked at, default: those selected, or
        all."""
        check_method(shuffle_method)
        frame = self._frame
        keys = [key for key in self._by if not isinstance(key, FrameCollection)]
        labels: tuple[Hashable, ...] | None = None
        names: tuple[Hashable, ...] = (None,)
        if frame._kind == "DataFrame":
            columns = frame._meta.columns
            names = tuple(columns.names)
            labels = tuple(columns)
            if used is None and self._selection is not None:
                used = self._selection if isinstance(self._selection, list) else [self._selection]
            if used is not None:
                wanted = {*used, *keys}
                labels = tuple([label for label in labels if label in wanted])
        layout = Layout(
            labels,
            names,
            None if labels is not None else frame._meta.name,
            tuple([None if isinstance(k, FrameCollection) else (labels or ()).index(k) for k in self._by]),
            tuple(self._names()),
            self._single,
            tuple(self._options.items()),
            self._selection,
        )
        return Gathered(frame, tuple(self._series_keys()), layout, shuffle_method)

    def _partitions(self, split_out: Any) -> int:
        """Return the number of partitions that ``split_out`` asks for."""
        if split_out is None or split_out is False:
            return 1
        if split_out is True:
            return int(self._frame.npartitions)
        if not isinstance(split_out, int | np.integer):
            raise TypeError(f"split_out must be a number of partitions, True or False, got {type(split_out).__name__}")
        if split_out < 1:
            raise ValueError(f"split_out must be at least 1, got {split_out}")
        return int(split_out)

    def _unbinned(self, result: Any) -> Any:
        """Return a result with times in place of bins."""
        if not self._bins:
            return result
        meta = unbin_result(result._meta, self._bins, self._options["as_index"])
        call = Unbin(self._bins, self._options["as_index"])
        return partitionwise("group-times", call, result, meta=meta, token=tuple(call))


class Unbin(NamedTuple):
    """Put times in place of bins, at the levels (or, without ``as_index``, columns) at these positions."""

    bins: tuple[int, ...]
    as_index: bool

    def __call__(self, result: Any) -> Any:
        return unbin_result(result, self.bins, self.as_index)


def two_values(dtype: Any) -> Any:
    """Return an array of two different values of a dtype where it has so many.

    Examples
    --------
    >>> [int(value) for value in two_values(np.dtype("int64"))]
    [1, 2]
    """
    kind = getattr(dtype, "kind", "O")
    if isinstance(dtype, pd.CategoricalDtype) and len(dtype.categories) > 1:
        return pd.Categorical(dtype.categories[:2].tolist(), dtype=dtype)
    if kind == "b":
        return pd.array([True, False], dtype=dtype)
    if kind in "iufc":
        return pd.array([1, 2], dtype=dtype)
    return sample_array(dtype)


def _twice(sample: Any) -> Any:
    """Return the sample's rows twice, their labels differing where integers allow it."""
    index = sample.index
    whole = pd.concat([sample, sample])
    if index.nlevels == 1 and index.dtype.kind in "iu":
        whole = whole.set_axis(pd.Index([1, 2, 3, 4], dtype=index.dtype, name=index.name), axis=0)
    return whole


def _listed(by: Any) -> list[Any]:
    return by if isinstance(by, list) else [by]

"""The objects that ``groupby`` gives: what is grouped, by what, and the aggregations as methods.

Place in the flow: ``DataFrame.groupby`` and ``Series.groupby`` make these; each aggregation is a reduction over
partitions.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import numpy as np
import pandas as pd

from minidask.dataframe.collection import FrameCollection
from minidask.dataframe.columns import check_column, check_columns
from minidask.dataframe.groupby.partials import GroupAggregate, GroupChunk, GroupCombine
from minidask.dataframe.groupby.plan import NEEDS, Output, Plan, outputs_of
from minidask.dataframe.reductions.tree import reduce_partitions

# Labels of columns, or Series: what rows are grouped by.
Key = Any


class _Grouped:
    """What both kinds share."""

    def __init__(
        self,
        frame: Any,
        by: Any,
        sort: bool = True,
        dropna: bool = True,
        observed: bool = True,
        as_index: bool = True,
        group_keys: bool = True,
        selection: Any = None,
    ) -> None:
        self._frame = frame
        self._by: list[Key] = _keys(frame, by)
        self._single = not isinstance(by, list | tuple)
        self._options: dict[str, bool] = {"sort": sort, "dropna": dropna, "observed": observed, "as_index": as_index}
        for name, value in self._options.items():
            if not isinstance(value, bool | np.bool_):
                raise TypeError(f"{name} must be True or False, got {type(value).__name__}: {value!r:.80}")
        self._selection = selection

    # -- what is aggregated -------------------------------------------------------------------------------------------

    def _values(self) -> list[Hashable]:
        """Return the labels of the columns that are aggregated."""
        raise NotImplementedError

    def _is_series(self) -> bool:
        """Whether a plain aggregation gives a Series."""
        raise NotImplementedError

    def _sampled(self) -> Any:
        """Return pandas's own grouping of the sample."""
        frame = self._frame._meta_nonempty
        keys = [
            key._meta_nonempty.set_axis(frame.index) if isinstance(key, FrameCollection) else key for key in self._by
        ]
        grouped = frame.groupby(keys[0] if self._single else keys, **self._options)
        return grouped if self._selection is None else grouped[self._selection]

    def _aggregated(self, outputs: list[Output], meta: Any, split_every: Any = None) -> Any:
        meta = self._float32_means(outputs, meta.iloc[:0])
        frame = self._frame
        labels = [None if isinstance(key, FrameCollection) else (key,) for key in self._by]
        series = [key for key in self._by if isinstance(key, FrameCollection)]
        names = [key._meta.name if isinstance(key, FrameCollection) else key for key in self._by]
        as_series = isinstance(meta, pd.Series)
        columns = None
        if not as_series:
            columns = meta.columns[meta.shape[1] - len(outputs) :]
        as_index = self._options["as_index"]
        plan = Plan(
            tuple(labels),
            tuple(names),
            tuple(outputs),
            self._options["sort"],
            self._options["dropna"],
            self._options["observed"],
            as_index,
            columns,
            meta.name if as_series else None,
        )
        uses = None
        if frame._kind == "DataFrame":
            for label in {
                *[label[0] for label in labels if label is not None],
                *[o.column for o in outputs if o.how != "size"],
            }:
                if isinstance(frame._meta[label], pd.DataFrame):
                    raise NotImplementedError(
                        f"several columns are called {label!r}: groupby needs one a label; rename them"
                    )
            uses = frozenset(
                [*[label[0] for label in labels if label is not None], *[o.column for o in outputs if o.how != "size"]]
            )
        return reduce_partitions(
            "groupby",
            [frame, *series],
            GroupChunk(plan),
            GroupCombine(plan),
            GroupAggregate(plan, meta),
            meta,
            plan.describe(),
            uses=uses,
            split_every=split_every,
        )

    def _float32_means(self, outputs: list[Output], meta: Any) -> Any:
        """Say float32 for means of float32: what pandas gives but for a few shapes, of which the sample's is one."""
        if isinstance(meta, pd.Series):
            is_float32 = outputs[0].how == "mean" and self._dtype(outputs[0].column) == np.float32
            return meta.astype(np.float32) if is_float32 else meta
        offset = meta.shape[1] - len(outputs)
        for at, output in enumerate(outputs):
            if output.how == "mean" and self._dtype(output.column) == np.float32:
                meta.isetitem(offset + at, meta.iloc[:, offset + at].astype(np.float32))
        return meta

    def _simple(self, how: str, numeric_only: bool = False, ddof: int = 1, min_count: int = -1, **kwargs: Any) -> Any:
        grouped: Any = self
        if numeric_only and not self._is_series():
            numbers = [label for label in self._values() if _is_number(self._frame._meta[label].dtype)]
            grouped = self[numbers]  # type: ignore[index]
        options: dict[str, Any] = {}
        if how in ("var", "std", "sem"):
            options["ddof"] = ddof
        if min_count != -1:
            options["min_count"] = min_count
        values = grouped._values()
        for label in values if how in ("mean", "var", "std", "sem") else []:
            dtype = grouped._dtype(label)
            if getattr(dtype, "kind", "O") in "mM":
                raise NotImplementedError(
                    f"{how} of {dtype} by group isn't built: convert to numbers first, such as seconds"
                )
        with np.errstate(all="ignore"):
            meta = getattr(grouped._sampled(), how)(**options)
        return grouped._aggregated([Output(label, how, ddof, min_count) for label in values], meta, **kwargs)

    def _dtype(self, label: Hashable) -> Any:
        meta = self._frame._meta
        return meta[label].dtype if isinstance(meta, pd.DataFrame) else meta.dtype

    def agg(self, func: Any = None, *, split_every: Any = None, **named: Any) -> Any:
        """Aggregate.

        Parameters
        ----------
        func : str, function, list of these, or dict of column to these
            Names of aggregations: sum, prod, min, max, first, last, any, all, count, size, mean, var, std, sem,
            nunique, list.
        split_every : int, optional
            How many partial results one task takes; False: all.
        **named
            ``name=(column, aggregation)``; for one column ``name=aggregation``.

        Raises
        ------
        KeyError
            If a column is unknown.
        NotImplementedError
            For other functions.
        TypeError
            If nothing is asked for, or pandas can't aggregate the dtype so.
        """
        outputs = outputs_of(func, self._values(), named, self._is_series())
        if self._frame._kind == "DataFrame":
            check_columns([output.column for output in outputs], self._frame._meta.columns)
        for output in outputs:
            if output.how in ("mean", "var", "std", "sem") and getattr(self._dtype(output.column), "kind", "O") in "mM":
                raise NotImplementedError(
                    f"{output.how} of dates or durations by group isn't built: convert to numbers first"
                )
        meta = self._sampled().agg(func, **named) if func is not None else self._sampled().agg(**named)
        return self._aggregated(outputs, meta, split_every)

    aggregate = agg

    def size(self, split_every: Any = None) -> Any:
        """Count the rows of each group."""
        meta = self._sampled().size()
        return self._aggregated([Output(None, "size")], meta, split_every)

    def _missing(self, name: str) -> AttributeError:
        pandas_type = pd.api.typing.SeriesGroupBy if self._is_series() else pd.api.typing.DataFrameGroupBy
        if hasattr(pandas_type, name):
            return AttributeError(
                f"groupby(...).{name} isn't built in minidask: it needs all rows of a group in one place; see the coverage "
                "table in the dataframe guide (docs/dataframe.rst). Aggregations are there: " + ", ".join(NEEDS)
            )
        return AttributeError(f"{type(self).__name__!r} has no attribute {name!r}")

    def __iter__(self) -> Any:
        raise NotImplementedError("iterating over groups isn't built: the rows of one group are in many partitions")


def _is_number(dtype: Any) -> bool:
    return getattr(dtype, "kind", "O") in "biufc" and not isinstance(dtype, pd.CategoricalDtype)


def _keys(frame: Any, by: Any) -> list[Key]:
    if by is None:
        raise TypeError("groupby needs by: a column label, a Series of the same rows, or a list of these")
    keys = list(by) if isinstance(by, list) else [by]
    if not keys:
        raise ValueError("groupby needs at least one key")
    found: list[Key] = []
    for key in keys:
        if isinstance(key, FrameCollection):
            if key._kind != "Series":
                raise TypeError(f"groupby by a {key._kind} isn't possible; give labels of columns or Series")
            name = key._meta.name
            is_column = frame._kind == "DataFrame" and _is_label(name, frame._meta.columns)
            # A column of the frame itself is a key by label, as pandas has it: then it isn't aggregated.
            found.append(name if is_column and frame[name]._layer.name == key._layer.name else key)
        elif isinstance(key, pd.Series | pd.Index | np.ndarray):
            raise TypeError(
                f"groupby by a {type(key).__name__} in memory isn't possible: make it a column or a Series of the same rows"
            )
        elif callable(key):
            raise NotImplementedError(
                "groupby by a function of index labels isn't built: make a column with map_partitions first"
            )
        elif frame._kind != "DataFrame":
            raise TypeError(f"a Series is grouped by Series of the same rows, got {type(key).__name__}: {key!r:.80}")
        else:
            check_column(key, frame._meta.columns)
            found.append(key)
    return found


def _is_label(name: Any, columns: pd.Index) -> bool:
    return isinstance(name, Hashable) and name is not None and name in columns and columns.is_unique


class DataFrameGroupBy(_Grouped):
    """A grouped DataFrame: aggregations, and columns by label or attribute."""

    def _values(self) -> list[Hashable]:
        if self._selection is not None:
            return list(self._selection)
        labels = {key for key in self._by if not isinstance(key, FrameCollection)}
        return [label for label in self._frame._meta.columns if label not in labels]

    def _is_series(self) -> bool:
        return False

    def __getitem__(self, key: Any) -> Any:
        options = {**self._options}
        by = self._by[0] if self._single else self._by
        if isinstance(key, list | tuple | pd.Index) and not (
            isinstance(key, tuple) and key in self._frame._meta.columns
        ):
            labels = list(key)
            check_columns(labels, self._frame._meta.columns)
            return DataFrameGroupBy(self._frame, by, selection=labels, **options)
        check_column(key, self._frame._meta.columns)
        return SeriesGroupBy(self._frame, by, selection=key, **options)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} has no attribute {name!r}")
        if name in self._frame._meta.columns:
            return self[name]
        raise self._missing(name)

    def __repr__(self) -> str:
        return f"<minidask DataFrameGroupBy of {self._frame._layer.name!r} by {len(self._by)} keys>"


class SeriesGroupBy(_Grouped):
    """A grouped Series: aggregations."""

    def _values(self) -> list[Hashable]:
        return [self._selection if self._frame._kind == "DataFrame" else 0]

    def _is_series(self) -> bool:
        return True

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} has no attribute {name!r}")
        raise self._missing(name)

    def __repr__(self) -> str:
        return f"<minidask SeriesGroupBy of {self._frame._layer.name!r} by {len(self._by)} keys>"


def _make(how: str) -> Callable[..., Any]:
    def method(self: Any, numeric_only: bool = False, min_count: int = -1, split_every: Any = None) -> Any:
        if min_count != -1 and how not in ("sum", "prod", "min", "max", "first", "last"):
            raise TypeError(f"{how} has no min_count")
        return self._simple(how, numeric_only, min_count=min_count, split_every=split_every)

    method.__name__ = how
    method.__doc__ = (
        f"Return the {how} of each group, as in pandas; raises TypeError where pandas can't aggregate a column so."
    )
    return method


def _make_spread(how: str) -> Callable[..., Any]:
    def method(self: Any, ddof: int = 1, numeric_only: bool = False, split_every: Any = None) -> Any:
        return self._simple(how, numeric_only, ddof=ddof, split_every=split_every)

    method.__name__ = how
    method.__doc__ = f"Return the {how} of each group, numerically stable; raises TypeError for what has none."
    return method


for _how in ("sum", "prod", "min", "max", "first", "last", "any", "all", "count", "mean", "nunique"):
    setattr(_Grouped, _how, _make(_how))
for _how in ("var", "std", "sem"):
    setattr(_Grouped, _how, _make_spread(_how))

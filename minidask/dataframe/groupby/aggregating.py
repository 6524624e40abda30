"""Aggregations of groups as methods: ``sum``, ``mean`` ... ``agg``, ``size``.

Place in the flow: mixin of the grouped objects. What trees of partial results can do is a ``Plan`` for them (``partials``);
everything else is done by pandas on whole groups (``whole``).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from minidask.dataframe.collection import FrameCollection, new_collection
from minidask.dataframe.columns import check_columns
from minidask.dataframe.groupby.aggregation import Aggregation
from minidask.dataframe.groupby.buckets import BUCKETS, Bucket, Collect, FromBuckets, SplitTable
from minidask.dataframe.groupby.grouping import Grouping
from minidask.dataframe.groupby.partials import (
    GroupAggregate,
    GroupChunk,
    GroupCombine,
    Partial,
    TableChunk,
    TablePiece,
)
from minidask.dataframe.groupby.pieces import in_order
from minidask.dataframe.groupby.plan import Output, Plan, outputs_of, placeholder, plain_pair
from minidask.dataframe.groupby.whole import GroupCall, all_of, finish
from minidask.dataframe.layers import FrameLayer, Stack, Uses, frame_layer
from minidask.dataframe.partitionwise import partitionwise
from minidask.dataframe.reductions.tree import reduce_partitions
from minidask.dataframe.shuffle import HashTargets, rearrange
from minidask.graph import Parts
from minidask.tokenize import quick_token

SPREADS = ("var", "std", "sem")


class Aggregating(Grouping):
    """Aggregations."""

    def _aggregated(
        self,
        outputs: list[Output],
        meta: Any,
        split_every: Any = None,
        split_out: Any = None,
        shuffle_method: Any = None,
    ) -> Any:
        meta = self._float32_means(outputs, meta.iloc[:0])
        labels = [None if isinstance(key, FrameCollection) else (key,) for key in self._by]
        as_series = isinstance(meta, pd.Series)
        columns = None if as_series else meta.columns[meta.shape[1] - len(outputs) :]
        options = self._options
        plan = Plan(
            tuple(labels),
            tuple(self._names()),
            tuple(outputs),
            options["sort"],
            options["dropna"],
            options["observed"],
            options["as_index"],
            columns,
            meta.name if as_series else None,
        )
        used = {label[0] for label in labels if label is not None} | {o.column for o in outputs if o.how != "size"}
        uses = frozenset(used) if self._frame._kind == "DataFrame" else None
        count = self._partitions(split_out)
        if count > 1:
            return self._split(plan, meta, uses, count, shuffle_method)
        partial = self._partial_plan(plan)
        chunk, combine, aggregate = GroupChunk(partial), GroupCombine(partial), GroupAggregate(plan, meta)
        operands = [self._frame, *self._series_keys()]
        shared = {"uses": uses, "split_every": split_every}
        if not self._in_buckets(plan):
            return self._unbinned(
                reduce_partitions("groupby", operands, chunk, combine, aggregate, meta, plan.describe(), **shared)
            )
        keys = tuple([f"k{at}" for at in range(len(plan.keys))])
        split, collect, last = SplitTable(chunk, keys), Collect(combine, keys), Collect(aggregate, keys)
        collected = reduce_partitions(
            "groupby-collect", operands, split, collect, last, meta, plan.describe(), **shared
        )
        bucket = Bucket(aggregate, keys, Partial)
        blocks = Parts(list(range(BUCKETS)))
        buckets = frame_layer(
            FrameLayer, "groupby-bucket", bucket, [blocks, collected._layer], None, None, plan.describe()
        )
        both = Stack(f"groupby-both-{quick_token(buckets.name)}", [collected._layer, buckets])
        layer = all_of(both, FromBuckets(in_order, plan.as_index), "groupby", plan.describe())
        return self._unbinned(new_collection(layer, meta))

    def _in_buckets(self, plan: Plan) -> bool:
        """Whether many groups would be aggregated by several tasks."""
        return plan.in_tables and plan.sort and not self._has_unobserved(plan) and self._frame.npartitions > 1

    def _has_unobserved(self, plan: Plan) -> bool:
        """Whether categories without rows are among the groups."""
        keys = [key._meta.dtype if isinstance(key, FrameCollection) else self._dtype(key) for key in self._by]
        return not plan.observed and any(isinstance(dtype, pd.CategoricalDtype) for dtype in keys)

    def _partial_plan(self, plan: Plan) -> Plan:
        """Return the plan of partial results.

        Where categories without rows are beside other keys, these are those of all rows, as pandas has it, of rows with a missing
        category as well: such rows are left out at last.
        """
        keeps = plan.dropna and len(plan.keys) > 1 and self._has_unobserved(plan)
        return plan._replace(dropna=False) if keeps else plan

    def _split(self, plan: Plan, meta: Any, uses: Any, count: int, shuffle_method: Any) -> Any:
        """Return the result in several partitions: tables of partial results are moved so that groups meet."""
        if not plan.in_tables:
            raise NotImplementedError(
                "results of this aggregation are made in one partition: leave out split_out, then repartition the result"
            )
        frame, series = self._frame, self._series_keys()
        chunk = TableChunk(GroupChunk(self._partial_plan(plan)))
        sample = [key._meta_nonempty.set_axis(frame._meta_nonempty.index) for key in series]
        table_meta = chunk(frame._meta_nonempty, *sample).iloc[:0]
        layers = [frame._layer, *[key._layer for key in series]]
        names = list(dict.fromkeys([layer.name for layer in layers]))
        needs = tuple([uses if name == layers[0].name else None for name in names])
        tables = frame_layer(Uses, "groupby-chunk", chunk, layers, None, table_meta, plan.describe(), uses=needs)
        keys = tuple([f"k{at}" for at in range(len(plan.keys))])
        unobserved = not plan.observed and any(isinstance(table_meta[k].dtype, pd.CategoricalDtype) for k in keys)
        hashed = 1 if unobserved else count
        moved = rearrange(new_collection(tables, table_meta), HashTargets(keys, hashed), hashed, method=shuffle_method)
        indexed = meta if plan.as_index else meta.set_index(list(meta.columns[: len(plan.keys)]))
        if not plan.as_index:
            indexed.index.names = list(plan.names)
        piece = TablePiece(GroupAggregate(plan._replace(as_index=True), indexed))
        pieces = frame_layer(FrameLayer, "groupby-piece", piece, [moved._layer], None, None, plan.describe())
        return self._unbinned(finish(pieces, indexed, plan.sort, count, plan.as_index, shuffle_method))

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

    def _without_clashes(self, how: str, values: list[Hashable], *args: Any, **kwargs: Any) -> Any:
        """Return an aggregation of columns that keys are among, ``as_index=False``: pandas inserts the other keys alone."""
        indexed = self._selected(type(self), self._selection)
        indexed._options = {**self._options, "as_index": True}
        result = indexed._simple(how, *args, **kwargs)
        call = KeysAsColumns(tuple([at for at, name in enumerate(self._names()) if name not in values]))
        return partitionwise("group-keys", call, result, token=tuple(call))

    def _simple(self, how: str, numeric_only: bool = False, ddof: int = 1, min_count: int = -1, **kwargs: Any) -> Any:
        grouped: Any = self
        if numeric_only and not self._is_series():
            numbers = [label for label in self._values() if is_number(self._frame._meta[label].dtype)]
            grouped = self._selected(type(self), numbers)
        options: dict[str, Any] = {}
        if how in SPREADS:
            options["ddof"] = ddof
        if min_count != -1:
            options["min_count"] = min_count
        values = grouped._values()
        if not (self._is_series() or self._options["as_index"]) and any(key in values for key in self._names()):
            return grouped._without_clashes(how, values, False, ddof, min_count, **kwargs)
        if any(_needs_rows(how, grouped._dtype(label)) for label in values):
            kwargs.pop("split_every", None)
            return grouped._by_pandas(GroupCall(how, (), options), values, **kwargs)
        with np.errstate(all="ignore"):
            meta = getattr(grouped._sampled(), how)(**options)
        return grouped._aggregated([Output(label, how, ddof, min_count) for label in values], meta, **kwargs)

    def _by_pandas(
        self, call: GroupCall, used: list[Hashable] | None, split_out: Any = None, shuffle_method: Any = None
    ) -> Any:
        """Return what pandas's own aggregation gives for whole groups."""
        meta = call(self._two_groups(group_keys=True)).iloc[:0]
        gathered = self._gathered(shuffle_method, used)
        as_index = self._options["as_index"]
        return self._unbinned(gathered.by_group(call, "groups", meta, self._partitions(split_out), as_index))

    def _grouped_call(
        self, name: str, options: Mapping[str, Any], split_out: Any, shuffle_method: Any, numeric_only: bool = False
    ) -> Any:
        """Return what a method of pandas gives for whole groups, of the columns of numbers if ``numeric_only``."""
        grouped: Any = self
        if numeric_only and not self._is_series():
            grouped = self._selected(type(self), [c for c in self._values() if is_number(self._dtype(c))])
        return grouped._by_pandas(GroupCall(name, (), options), grouped._values(), split_out, shuffle_method)

    def agg(
        self,
        func: Any = None,
        *,
        split_every: Any = None,
        split_out: Any = None,
        shuffle_method: Any = None,
        **named: Any,
    ) -> Any:
        """Aggregate.

        Parameters
        ----------
        func : str, function, ``Aggregation``, list of these, or dict of column to these
            Those that partial results can do are fast: sum, prod, min, max, first, last, any, all, count, size, mean, var, std,
            sem, nunique, list, and ``Aggregation``. For any other, pandas's or your own function, all rows of a group are
            brought together.
        split_every : int, optional
            How many partial results one task takes; False: all.
        split_out : int or bool, optional
            Partitions of the result, True: as many as there are; default 1.
        shuffle_method : str, optional
            How rows travel, where they do.
        **named
            ``name=(column, aggregation)``; for one column ``name=aggregation``.

        Raises
        ------
        KeyError
            If a column is unknown.
        NotImplementedError
            For an ``Aggregation`` beside others that partial results can't do, or with ``split_out``.
        TypeError
            If nothing is asked for, or pandas can't aggregate the dtype so.
        """
        named = {name: plain_pair(how) for name, how in named.items()}
        outputs = outputs_of(func, self._values(), named, self._is_series())
        if self._frame._kind == "DataFrame":
            check_columns([output.column for output in outputs], self._frame._meta.columns)
        trees = all(o.how is not None and not _needs_rows(o.how, self._dtype(o.column)) for o in outputs)
        own = [output for output in outputs if isinstance(output.how, Aggregation)]
        if not trees or (self._partitions(split_out) > 1 and any(o.how in ("nunique", "list") for o in outputs)):
            if own:
                raise NotImplementedError(
                    f"{own[0].how!r} can't stand beside aggregations that need all rows of a group: call agg twice"
                )
            call = GroupCall("agg", () if func is None else (func,), named)
            return self._by_pandas(call, [output.column for output in outputs], split_out, shuffle_method)
        spec, naming = placeholder(func), {name: placeholder(how) for name, how in named.items()}
        meta = self._sampled().agg(**naming) if func is None else self._sampled().agg(spec)
        if own:
            meta = self._own_dtypes(outputs, meta)
        return self._aggregated(outputs, meta, split_every, split_out, shuffle_method)

    aggregate = agg

    def _own_dtypes(self, outputs: list[Output], meta: Any) -> Any:
        """Return meta with the dtypes that users' own aggregations give for the sample."""
        meta = meta.iloc[:0]
        groups = self._two_groups(self._is_series())
        for at, output in enumerate(outputs):
            if isinstance(output.how, Aggregation):
                column = groups if self._is_series() else groups[output.column]
                dtype = output.how.whole([output.how.partial(column)]).dtype
                if isinstance(meta, pd.Series):
                    return meta.astype(dtype)
                place = meta.shape[1] - len(outputs) + at
                meta.isetitem(place, meta.iloc[:, place].astype(dtype))
        return meta

    def size(self, split_every: Any = None, split_out: Any = None, shuffle_method: Any = None) -> Any:
        """Count the rows of each group."""
        meta = self._sampled().size()
        return self._aggregated([Output(None, "size")], meta, split_every, split_out, shuffle_method)


class KeysAsColumns(NamedTuple):
    """Make columns of some levels of the index, and number the rows."""

    levels: tuple[int, ...]

    def __call__(self, result: Any) -> Any:
        if self.levels:
            result = result.reset_index(level=list(self.levels))
        return result.reset_index(drop=True)


def is_number(dtype: Any) -> bool:
    """Whether a dtype is of numbers or booleans."""
    return getattr(dtype, "kind", "O") in "biufc" and not isinstance(dtype, pd.CategoricalDtype)


def _needs_rows(how: Any, dtype: Any) -> bool:
    """Whether an aggregation of this dtype is left to pandas: means of times are rounded in its own way."""
    return how in ("mean", *SPREADS) and getattr(dtype, "kind", "O") in "mM"


def _make(how: str) -> Callable[..., Any]:
    def method(
        self: Any,
        numeric_only: bool = False,
        min_count: int = -1,
        split_every: Any = None,
        split_out: Any = None,
        shuffle_method: Any = None,
        *,
        skipna: bool = True,
        dropna: bool = True,
    ) -> Any:
        own: dict[str, Any] = {name: False for name, flag in (("skipna", skipna), ("dropna", dropna)) if flag is False}
        if "skipna" in own and how in ("count", "nunique"):
            raise TypeError(f"groupby(...).{how} has no skipna")
        if "dropna" in own and how != "nunique":
            raise TypeError(f"groupby(...).{how} has no dropna")
        if min_count is not None and min_count != -1 and how not in ("sum", "prod", "min", "max", "first", "last"):
            raise TypeError(f"{how} has no min_count")
        if own:
            counted = {} if min_count in (None, -1) else {"min_count": min_count}
            return self._grouped_call(how, own | counted, split_out, shuffle_method, numeric_only)
        options = {"split_every": split_every, "split_out": split_out, "shuffle_method": shuffle_method}
        if how == "nunique" and self._partitions(split_out) > 1:
            return self._by_pandas(GroupCall(how), self._values(), split_out, shuffle_method)
        return self._simple(how, numeric_only, min_count=-1 if min_count is None else min_count, **options)

    method.__name__ = how
    method.__qualname__ = f"groupby.{how}"
    method.__doc__ = (
        f"Return the {how} of each group, as in pandas; raises TypeError where pandas can't aggregate a column so."
    )
    return method


def _make_spread(how: str) -> Callable[..., Any]:
    def method(
        self: Any,
        ddof: int = 1,
        numeric_only: bool = False,
        split_every: Any = None,
        split_out: Any = None,
        shuffle_method: Any = None,
        *,
        skipna: bool = True,
    ) -> Any:
        if skipna is False:
            own = {"ddof": ddof, "skipna": False}
            return self._grouped_call(how, own, split_out, shuffle_method, numeric_only)
        options = {"split_every": split_every, "split_out": split_out, "shuffle_method": shuffle_method}
        return self._simple(how, numeric_only, ddof=ddof, **options)

    method.__name__ = how
    method.__qualname__ = f"groupby.{how}"
    method.__doc__ = f"Return the {how} of each group, numerically stable; raises TypeError for what has none."
    return method


for _how in ("sum", "prod", "min", "max", "first", "last", "any", "all", "count", "mean", "nunique"):
    setattr(Aggregating, _how, _make(_how))
for _how in SPREADS:
    setattr(Aggregating, _how, _make_spread(_how))

"""The functions that groupby-aggregate runs in tasks.

A partial result is a ``Partial``: ``table`` has a row a group, in order of appearance, with key columns ``k0``, ``k1`` and so
on, the group's ``size`` where it is asked for, and columns for the primitives; ``values`` has, for those primitives that can't be
one value a group (``distinct``, ``values``), a table of keys and values each; ``own`` what users' own aggregations give. Keys are
columns rather than an index, so that categories of different partitions can be united.

Variances are combined from counts, means and squared deviations; with k partial results at a time that is the k-way
form of the pairwise formula (Chan, Golub, LeVeque, 1979): ``M2 = sum(M2_i) + sum(n_i * (mean_i - mean) ** 2)``.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from minidask.dataframe.arrays import values_of
from minidask.dataframe.groupby.aggregation import Aggregation
from minidask.dataframe.groupby.buckets import each_a_group, few_alike
from minidask.dataframe.groupby.dense import again_of_few, chunk_of_few
from minidask.dataframe.groupby.pieces import Piece, join_indexed, plain_levels
from minidask.dataframe.groupby.plan import AGAIN, TABLES, Output, Plan, Primitive
from minidask.dataframe.groupby.runs import again_of_runs, chunk_of_runs, distinct_counts, follow
from minidask.dataframe.join_parts import join_parts


class Partial(NamedTuple):
    """See the module's head."""

    table: pd.DataFrame
    values: tuple[pd.DataFrame, ...]
    own: tuple[tuple[pd.Series, ...], ...] = ()


class GroupChunk(NamedTuple):
    """Aggregate one partition; called with it and the key Series that aren't columns of it.

    ``codes`` has, for keys that come as codes, their places and dtypes (``minidask.dataframe.optimize.code_keys``).
    """

    plan: Plan
    codes: tuple[tuple[int, Any], ...] = ()

    @property
    def keys_only(self) -> frozenset[Hashable]:
        """The columns that may come as codes, since only groups are made by them."""
        plan = self.plan
        if not plan.in_tables:
            return frozenset()
        keys = {label[0] for label in plan.keys if label is not None}
        return frozenset(keys - {primitive.column for primitive in plan.primitives})

    def with_codes(self, dtypes: Mapping[Hashable, Any]) -> GroupChunk:
        """Return the chunk for columns that come as codes, and have these dtypes else."""
        places = [(at, label[0]) for at, label in enumerate(self.plan.keys) if label is not None]
        return self._replace(codes=tuple([(at, dtypes[label]) for at, label in places if label in dtypes]))

    def __call__(self, obj: Any, *series: Any) -> Partial:
        # Infinities of both signs give NaN; whether NumPy warns would depend on where partitions are cut.
        with np.errstate(invalid="ignore", over="ignore"):
            return self._partial(obj, series)

    def _partial(self, obj: Any, series: tuple[Any, ...]) -> Partial:
        plan = self.plan
        names = [f"k{at}" for at in range(len(plan.keys))]
        given = iter(series)
        keys = [_aligned(next(given), obj) if label is None else values_of(obj[label[0]]) for label in plan.keys]
        work: dict[str, Any] = dict(zip(names, keys, strict=True))
        batches: dict[str, list[str]] = {}
        for at, primitive in enumerate(plan.primitives):
            column = obj if isinstance(obj, pd.Series) else obj[primitive.column]
            if primitive.how in ("mean_sum", "moments"):
                column = _as_float(column, primitive.how == "moments")
            work[f"v{at}"] = values_of(column)
            batches.setdefault(HOW.get(primitive.how, primitive.how), []).append(f"v{at}")
        rows = pd.DataFrame(work, copy=False)
        runs = chunk_of_runs(rows, plan)
        if runs is not None:
            return Partial(runs[0], tuple(runs[1]))
        few = chunk_of_few(rows, plan)
        if few is not None:
            return Partial(self._decoded(few), ())
        if few_alike(rows, plan):
            return Partial(each_a_group(rows, plan), ())
        groups = rows.groupby(names, sort=False, observed=True, dropna=plan.dropna)
        size = groups.size()
        found: dict[str, Any] = {"size": size.to_numpy()} if plan.has_size else {}
        for how, columns in batches.items():
            if how == "moments":
                for column in columns:
                    found.update(_moments(groups[column], column))
            elif how == "count":
                # Counting where nothing is missing is done already.
                full = [column for column in columns if not _any_missing(work[column])]
                found.update(dict.fromkeys(full, size.to_numpy()))
                found.update({column: groups[column].count().array for column in columns if column not in full})
            elif isinstance(how, str) and how not in TABLES:
                if len(columns) == 1:
                    # One column is quicker as a Series than as a frame.
                    found[columns[0]] = values_of(getattr(groups[columns[0]], how)())
                else:
                    result = getattr(groups[columns], how)()
                    found.update({column: values_of(result[column]) for column in columns})
        index = size.index
        made: dict[str, Any] = {name: values_of(index.get_level_values(at)) for at, name in enumerate(names)}
        made.update({name: found[name] for name in _columns_of(plan) if name in found})
        table = self._decoded(pd.DataFrame(made, copy=False))
        values = [
            _key_values(rows, names, f"v{at}", primitive.how, plan.dropna)
            for at, primitive in enumerate(plan.primitives)
            if primitive.how in TABLES
        ]
        own = [
            primitive.how.partial(groups[f"v{at}"])
            for at, primitive in enumerate(plan.primitives)
            if isinstance(primitive.how, Aggregation)
        ]
        return Partial(table, tuple(values), tuple(own))

    def _decoded(self, table: pd.DataFrame) -> pd.DataFrame:
        """Give keys that came as codes their values again."""
        return (
            table.assign(**{f"k{at}": table[f"k{at}"].astype(dtype) for at, dtype in self.codes})
            if self.codes
            else table
        )


# {primitive: pandas's aggregation}, where they are called differently
HOW = {"mean_sum": "sum"}


def _columns_of(plan: Plan) -> list[str]:
    """Return the names of the columns of a table of partial results that aren't keys."""
    names = ["size"] if plan.has_size else []
    for at, primitive in enumerate(plan.primitives):
        names += [f"v{at}n", f"v{at}m", f"v{at}s"] if primitive.how == "moments" else [f"v{at}"]
    return names


def _any_missing(values: Any) -> bool:
    """Whether values are missing; quick for NumPy's integers and floats."""
    dtype = values.dtype
    if isinstance(dtype, np.dtype) and dtype.kind in "iub":
        return False
    plain = values.to_numpy() if isinstance(dtype, np.dtype) and dtype.kind == "f" else None
    return bool((values.isna() if plain is None else np.isnan(plain)).any())


def _aligned(key: pd.Series, obj: Any) -> Any:
    """Return the values of a key for the rows of a partition."""
    same = key.index is obj.index or key.index.equals(obj.index)
    return values_of(key if same else key.reindex(obj.index))


def _as_float(column: pd.Series, plain: bool) -> pd.Series:
    """Sums for means are made in float64, as pandas does: integers don't overflow, float32 doesn't lose digits."""
    if isinstance(column.dtype, pd.api.extensions.ExtensionDtype) and not plain:
        return column.astype("Float64")
    return column if column.dtype == np.float64 else column.astype("float64")


def _moments(own: Any, name: str) -> dict[str, Any]:
    count = own.count()
    # Where nothing is there both are 0; NaN elsewhere comes from infinities and has to stay.
    mean, squares = own.mean().where(count > 0, 0.0), own.var(ddof=0) * count
    return {
        f"{name}n": count.to_numpy(dtype=np.float64),
        f"{name}m": mean.array,
        f"{name}s": squares.where(count > 0, 0.0).array,
    }


def _key_values(rows: pd.DataFrame, names: list[str], column: str, how: str, dropna: bool) -> pd.DataFrame:
    found = rows[[*names, column]].rename(columns={column: "value"})
    if dropna:
        found = found.dropna(subset=names)
    return found.drop_duplicates() if how == "distinct" else found


class GroupCombine(NamedTuple):
    """Put partial results together and aggregate them again."""

    plan: Plan

    def __call__(self, parts: list[Partial]) -> Partial:
        plan = self.plan
        names = [f"k{at}" for at in range(len(plan.keys))]
        table = join_parts([part.table for part in parts]).reset_index(drop=True)
        with np.errstate(invalid="ignore", over="ignore"):
            index, columns = aggregate_again(table, plan, sort=False, observed=True)
        result = index.to_frame(index=False)
        result.columns = names
        for name, column in columns.items():
            result[name] = values_of(column)
        return Partial(result, joined_values(parts, plan), joined_own(parts))


def joined_values(parts: list[Partial], plan: Plan) -> tuple[pd.DataFrame, ...]:
    """Return the tables of values of several partial results, put together."""
    tables = []
    kinds = [primitive.how for primitive in plan.primitives if primitive.how in TABLES]
    names = [f"k{at}" for at in range(len(plan.keys))]
    for at, how in enumerate(kinds):
        each = [part.values[at] for part in parts]
        rows = join_parts(each).reset_index(drop=True)
        apart = how == "distinct" and follow(each, names, apart=True)
        tables.append(rows.drop_duplicates() if how == "distinct" and not apart else rows)
    return tuple(tables)


def joined_own(parts: list[Partial]) -> tuple[tuple[pd.Series, ...], ...]:
    """Return what users' own aggregations gave, put together: they aggregate it once, at the end."""
    return tuple(
        [
            tuple([join_indexed(list(column)) for column in zip(*partials, strict=True)])
            for partials in zip(*[part.own for part in parts], strict=True)
        ]
    )


def aggregate_again(
    table: pd.DataFrame, plan: Plan, sort: bool, observed: bool
) -> tuple[pd.Index, dict[str, pd.Series]]:
    """Return the groups of a table of partial results, and its columns aggregated by group."""
    found = again_of_runs(table, plan) or again_of_few(table, plan)
    if found is not None:
        return found
    names = [f"k{at}" for at in range(len(plan.keys))]

    def grouped() -> Any:
        return table.groupby(names, sort=sort, observed=observed, dropna=plan.dropna)

    columns: dict[str, pd.Series] = {}
    for at, primitive in enumerate(plan.primitives):
        if primitive.how == "moments":
            n, mean, squares = table[f"v{at}n"], table[f"v{at}m"], table[f"v{at}s"]
            keyed = [table[name] for name in names]
            options = {"sort": False, "observed": True, "dropna": plan.dropna}
            total = n.groupby(keyed, **options).transform("sum")
            center = (n * mean).groupby(keyed, **options).transform("sum", skipna=False) / total.where(total > 0, 1.0)
            table[f"v{at}m"] = n * mean
            table[f"v{at}s"] = squares + n * np.square(mean - center)
    groups = grouped()
    if plan.has_size:
        columns["size"] = groups["size"].sum()
    for at, primitive in enumerate(plan.primitives):
        if primitive.how in TABLES or isinstance(primitive.how, Aggregation):
            continue
        if primitive.how == "moments":
            n = groups[f"v{at}n"].sum()
            columns[f"v{at}n"] = n
            columns[f"v{at}m"] = groups[f"v{at}m"].sum(skipna=False) / n.where(n > 0, 1.0)
            columns[f"v{at}s"] = groups[f"v{at}s"].sum(skipna=False)
        else:
            again = AGAIN[primitive.how]
            # Sums of what is there are NaN for infinities of both signs only: that isn't a missing value.
            whole = again in ("sum", "prod") and table[f"v{at}"].dtype.kind in "fc"
            columns[f"v{at}"] = getattr(groups[f"v{at}"], again)(**({"skipna": False} if whole else {}))
    return next(iter(columns.values())).index, columns


class GroupAggregate(NamedTuple):
    """Make the result of partial results."""

    plan: Plan
    meta: Any

    def __call__(self, parts: list[Partial]) -> Any:
        whole = self.indexed(parts)
        return whole if self.plan.as_index else whole.reset_index()

    def indexed(self, parts: list[Partial]) -> Any:
        """Return the result indexed by group."""
        plan = self.plan
        table = join_parts([part.table for part in parts]).reset_index(drop=True)
        with np.errstate(invalid="ignore", over="ignore"):
            index, columns = aggregate_again(table, plan, plan.sort, plan.observed)
        tables = iter(joined_values(parts, plan))
        place = {primitive: at for at, primitive in enumerate(plan.primitives)}
        spread: dict[Primitive, Any] = {
            primitive: next(tables) for primitive in plan.primitives if primitive.how in TABLES
        }
        own = iter(joined_own(parts))
        spread |= {each: next(own) for each in plan.primitives if isinstance(each.how, Aggregation)}
        results = []
        for at, output in enumerate(plan.outputs):
            result = self._output(output, columns, place, spread, index)
            results.append(self._in_dtype(result, at))
        index = index.set_names(list(plan.names)) if isinstance(index, pd.MultiIndex) else index.rename(plan.names[0])
        if plan.columns is None:
            return results[0].set_axis(index).rename(plan.name)
        whole = pd.DataFrame({at: values_of(result, index) for at, result in enumerate(results)}, index=index)
        return whole.set_axis(plan.columns, axis=1)

    def _output(
        self,
        output: Output,
        columns: dict[str, pd.Series],
        place: dict[Primitive, int],
        spread: dict[Primitive, Any],
        index: pd.Index,
    ) -> pd.Series:
        def primitive(how: str) -> pd.Series:
            return columns[f"v{place[Primitive(output.column, how)]}"]

        how = output.how
        if how == "size":
            return columns["size"]
        if isinstance(how, Aggregation):
            plan = self.plan
            options = {"sort": plan.sort, "observed": plan.observed, "dropna": plan.dropna}
            return how.whole([spread[Primitive(output.column, how)]], **options).reindex(index)
        if how == "mean":
            count = primitive("count")
            return primitive("mean_sum") / count.where(count > 0)
        if how in ("var", "std", "sem"):
            at = place[Primitive(output.column, "moments")]
            free = columns[f"v{at}n"] - output.ddof
            value = columns[f"v{at}s"] / free.where(free > 0)
            if how == "sem":
                value = value / columns[f"v{at}n"]
            return value if how == "var" else value**0.5
        if how in ("nunique", "list"):
            rows = spread[Primitive(output.column, "distinct" if how == "nunique" else "values")]
            return self._of_values(rows, how, index)
        result = primitive(how)
        if output.min_count > 0:
            result = result.where(primitive("count") >= output.min_count)
        return result

    def _of_values(self, rows: pd.DataFrame, how: str, index: pd.Index) -> pd.Series:
        plan = self.plan
        counts = distinct_counts(rows) if how == "nunique" else None
        if counts is not None:
            return counts
        names = [f"k{at}" for at in range(len(plan.keys))]
        groups = rows.groupby(names, sort=plan.sort, observed=plan.observed, dropna=plan.dropna)["value"]
        result: pd.Series = groups.nunique() if how == "nunique" else groups.agg(list)
        return result

    def _in_dtype(self, result: pd.Series, at: int) -> pd.Series:
        """Give a result the dtype that pandas gives it: a mean float32 or Float64, a sum of small integers theirs if it fits."""
        how = self.plan.outputs[at].how
        dtype = self.meta.dtype if isinstance(self.meta, pd.Series) else self.meta.dtypes.iloc[self._offset() + at]
        if result.dtype == dtype:
            return result
        # Counts of no row at all have lost that those of masked columns are masked.
        if how in ("mean", "var", "std", "sem", "size", "count"):
            return result.astype(dtype)
        if how in ("sum", "prod") and dtype.kind in "iu" and result.dtype.kind == dtype.kind:
            small = result.astype(dtype)
            return small if bool((small == result).all()) else result
        return result

    def _offset(self) -> int:
        return 0 if self.plan.as_index else self.meta.shape[1] - len(self.plan.outputs)

    def __hash__(self) -> int:
        return hash(self.plan)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other


class TableChunk(NamedTuple):
    """Aggregate one partition, to a table only."""

    chunk: GroupChunk

    def __call__(self, obj: Any, *series: Any) -> pd.DataFrame:
        return self.chunk(obj, *series).table

    @property
    def keys_only(self) -> frozenset[Hashable]:
        """The columns that may come as codes."""
        return self.chunk.keys_only

    def with_codes(self, dtypes: Mapping[Hashable, Any]) -> TableChunk:
        """Return the chunk for columns that come as codes."""
        return TableChunk(self.chunk.with_codes(dtypes))


class TablePiece(NamedTuple):
    """Make a ``Piece`` of a table that has all partial results of its groups."""

    aggregate: GroupAggregate

    def __call__(self, table: pd.DataFrame) -> Piece:
        result = self.aggregate.indexed([Partial(table, ())])
        groups = plain_levels(result.index).rename(columns="k{}".format)
        numbers = np.arange(len(result), dtype=np.int64)
        # Without sort, groups of many partitions are in no order that would mean anything.
        return Piece(result, groups, numbers, numbers, None)

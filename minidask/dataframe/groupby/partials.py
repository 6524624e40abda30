"""The functions that groupby-aggregate runs in tasks.

A partial result is a ``Partial``: ``table`` has a row a group, in order of appearance, with key columns ``k0``, ``k1`` and so
on, the group's ``size``, and columns for the primitives; ``values`` has, for those primitives that can't be one value a group
(``distinct``, ``values``), a table of keys and values each. Keys are columns rather than an index, so that categories of
different partitions can be united.

Variances are combined from counts, means and squared deviations; with k partial results at a time that is the k-way
form of the pairwise formula (Chan, Golub, LeVeque, 1979): ``M2 = sum(M2_i) + sum(n_i * (mean_i - mean) ** 2)``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from minidask.dataframe.groupby.plan import AGAIN, Output, Plan, Primitive
from minidask.dataframe.join_parts import join_parts

TABLES = ("distinct", "values")


class Partial(NamedTuple):
    """See the module's head."""

    table: pd.DataFrame
    values: tuple[pd.DataFrame, ...]


class GroupChunk(NamedTuple):
    """Aggregate one partition; called with it and the key Series that aren't columns of it."""

    plan: Plan

    def __call__(self, obj: Any, *series: Any) -> Partial:
        # Infinities of both signs give NaN; whether NumPy warns would depend on where partitions are cut.
        with np.errstate(invalid="ignore", over="ignore"):
            return self._partial(obj, series)

    def _partial(self, obj: Any, series: tuple[Any, ...]) -> Partial:
        plan = self.plan
        frame = obj.to_frame(name=0) if isinstance(obj, pd.Series) else obj
        given = iter(series)
        keys = [next(given) if label is None else frame[label[0]] for label in plan.keys]
        names = [f"k{at}" for at in range(len(keys))]
        keys = [key.rename(name) for key, name in zip(keys, names, strict=True)]
        groups = frame.groupby(keys, sort=False, observed=True, dropna=plan.dropna)
        size = groups.size()
        table = size.index.to_frame(index=False)
        table.columns = names
        table["size"] = size.to_numpy()
        values = []
        for at, primitive in enumerate(plan.primitives):
            if primitive.how in TABLES:
                values.append(_key_values(frame, keys, names, primitive, plan.dropna))
            elif primitive.how == "moments":
                for part, column in _moments(groups, frame, keys, primitive, plan.dropna).items():
                    table[f"v{at}{part}"] = column.array
            elif primitive.how == "mean_sum":
                table[f"v{at}"] = (
                    _as_float(frame[primitive.column])
                    .groupby(keys, sort=False, observed=True, dropna=plan.dropna)
                    .sum()
                    .array
                )
            else:
                table[f"v{at}"] = getattr(groups[primitive.column], primitive.how)().array
        return Partial(table, tuple(values))


def _as_float(column: pd.Series) -> pd.Series:
    """Sums for means are made in float64, as pandas does: integers don't overflow, float32 doesn't lose digits."""
    if isinstance(column.dtype, pd.api.extensions.ExtensionDtype):
        return column.astype("Float64")
    return column.astype("float64")


def _moments(
    groups: Any, frame: pd.DataFrame, keys: list[Any], primitive: Primitive, dropna: bool
) -> dict[str, pd.Series]:
    values = frame[primitive.column].astype("float64")
    own = values.groupby(keys, sort=False, observed=True, dropna=dropna)
    count = own.count()
    # Where nothing is there both are 0; NaN elsewhere comes from infinities and has to stay.
    mean, squares = own.mean().where(count > 0, 0.0), own.var(ddof=0) * count
    return {"n": count.astype("float64"), "m": mean, "s": squares.where(count > 0, 0.0)}


def _key_values(
    frame: pd.DataFrame, keys: list[Any], names: list[str], primitive: Primitive, dropna: bool
) -> pd.DataFrame:
    rows = pd.DataFrame(
        {
            name: key.reindex(frame.index)
            if not key.index.is_(frame.index) and not key.index.equals(frame.index)
            else key
            for name, key in zip(names, keys, strict=True)
        },
        index=frame.index,
    )
    rows["value"] = frame[primitive.column]
    rows = rows.reset_index(drop=True)
    if dropna:
        rows = rows.dropna(subset=names)
    return rows.drop_duplicates() if primitive.how == "distinct" else rows


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
            result[name] = column.array
        return Partial(result, joined_values(parts, plan))


def joined_values(parts: list[Partial], plan: Plan) -> tuple[pd.DataFrame, ...]:
    """Return the tables of values of several partial results, put together."""
    tables = []
    kinds = [primitive.how for primitive in plan.primitives if primitive.how in TABLES]
    for at, how in enumerate(kinds):
        rows = join_parts([part.values[at] for part in parts]).reset_index(drop=True)
        tables.append(rows.drop_duplicates() if how == "distinct" else rows)
    return tuple(tables)


def aggregate_again(
    table: pd.DataFrame, plan: Plan, sort: bool, observed: bool
) -> tuple[pd.Index, dict[str, pd.Series]]:
    """Return the groups of a table of partial results, and its columns aggregated by group."""
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
    size = groups["size"].sum()
    columns["size"] = size
    for at, primitive in enumerate(plan.primitives):
        if primitive.how in TABLES:
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
    return size.index, columns


class GroupAggregate(NamedTuple):
    """Make the result of partial results."""

    plan: Plan
    meta: Any

    def __call__(self, parts: list[Partial]) -> Any:
        plan = self.plan
        table = join_parts([part.table for part in parts]).reset_index(drop=True)
        with np.errstate(invalid="ignore", over="ignore"):
            index, columns = aggregate_again(table, plan, plan.sort, plan.observed)
        tables = iter(joined_values(parts, plan))
        place = {primitive: at for at, primitive in enumerate(plan.primitives)}
        spread = {primitive: next(tables) for primitive in plan.primitives if primitive.how in TABLES}
        results = []
        for at, output in enumerate(plan.outputs):
            result = self._output(output, columns, place, spread, index)
            results.append(self._in_dtype(result, at))
        index = index.set_names(list(plan.names)) if isinstance(index, pd.MultiIndex) else index.rename(plan.names[0])
        if plan.columns is None:
            whole: Any = results[0].set_axis(index).rename(plan.name)
        else:
            whole = pd.DataFrame({at: result.array for at, result in enumerate(results)}, index=index)
            whole.columns = plan.columns
        return whole if plan.as_index else whole.reset_index()

    def _output(
        self,
        output: Output,
        columns: dict[str, pd.Series],
        place: dict[Primitive, int],
        spread: dict[Primitive, pd.DataFrame],
        index: pd.Index,
    ) -> pd.Series:
        def primitive(how: str) -> pd.Series:
            return columns[f"v{place[Primitive(output.column, how)]}"]

        how = output.how
        if how == "size":
            return columns["size"]
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
        if how in ("mean", "var", "std", "sem", "size"):
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

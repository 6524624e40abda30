"""Many groups: tables of partial results are split by a hash of the keys, and each bucket is aggregated by a task of its own.

A hash table of a million groups doesn't fit a processor's caches and one task would do all the work; buckets do and share it. And
where few rows of a partition are of one group, aggregating the partition first would be work for nothing: rows go on as they are.

Place in the flow: ``partials`` asks ``few_alike``; ``aggregating`` builds the layers ``SplitTable``, ``Collect``, ``Bucket``,
``FromBuckets``. For few groups ``Collect`` aggregates at once, and the others have nothing to do. Pure.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from minidask.dataframe.groupby.plan import Plan
from minidask.dataframe.groupby.runs import ascending, follow
from minidask.dataframe.join_parts import join_parts
from minidask.dataframe.shuffle.pieces import Split, split_rows
from minidask.dataframe.shuffle.targets import HashTargets

# Best of 4..32 for 3M rows and 1e6 groups on two cores; more cost small results more tasks.
BUCKETS = 8
# Partial results of fewer groups are aggregated in one task, as fast as in several.
MANY_GROUPS = 40_000
# Rows that are looked at, and the part of them that must differ so that aggregating a partition is left out.
PROBED_ROWS, DIFFERENT = 20_000, 0.95

ROW_BY_ROW = ("sum", "mean_sum", "count", "min", "max")


def few_alike(rows: pd.DataFrame, plan: Plan) -> bool:
    """Whether a partition's rows are of nearly as many groups, and can be partial results themselves."""
    if len(rows) < MANY_GROUPS or not plan.sort or any(each.how not in ROW_BY_ROW for each in plan.primitives):
        return False
    dtypes = rows.dtypes.tolist()
    count = len(plan.keys)
    if any(not isinstance(dtype, np.dtype) or dtype.kind not in "iu" for dtype in dtypes[:count]):
        return False
    if any(dtype not in (np.dtype("int64"), np.dtype("float64")) for dtype in dtypes[count:]):
        return False
    probe = rows.iloc[:PROBED_ROWS, :count]
    return int((~probe.duplicated()).sum()) > DIFFERENT * len(probe)


def each_a_group(rows: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """Return a table of partial results that has each row as a group."""
    columns: dict[str, Any] = {f"k{at}": rows[f"k{at}"].array for at in range(len(plan.keys))}
    if plan.has_size:
        columns["size"] = np.ones(len(rows), dtype=np.int64)
    for at, primitive in enumerate(plan.primitives):
        values = rows[f"v{at}"].to_numpy()
        if primitive.how == "count":
            values = (
                (~np.isnan(values)).astype(np.int64) if values.dtype.kind == "f" else np.ones(len(rows), dtype=np.int64)
            )
        elif primitive.how in ("sum", "mean_sum") and values.dtype.kind == "f":
            missing = np.isnan(values)
            values = np.where(missing, 0.0, values) if missing.any() else values
        columns[f"v{at}"] = values
    return pd.DataFrame(columns, copy=False)


class SplitTable(NamedTuple):
    """Split a large table of partial results in buckets; leave a small one as it is, and one whose key ascends."""

    chunk: Any
    keys: tuple[str, ...]

    @property
    def short_name(self) -> str:
        """The name, for people."""
        return "groupby-chunk"

    def __call__(self, *args: Any) -> Any:
        partial = self.chunk(*args)
        if len(partial.table) <= MANY_GROUPS or ascending(partial.table, self.keys):
            return partial
        return split_rows(partial.table, HashTargets(self.keys, BUCKETS), BUCKETS)

    @property
    def keys_only(self) -> frozenset[Hashable]:
        """The columns that may come as codes."""
        keys: frozenset[Hashable] = self.chunk.keys_only
        return keys

    def with_codes(self, dtypes: Mapping[Hashable, Any]) -> SplitTable:
        """Return the step for columns that come as codes."""
        return self._replace(chunk=self.chunk.with_codes(dtypes))


class Collect(NamedTuple):
    """Combine or aggregate small partial results by ``call``, and large ones that go on where the last one ended.

    Other large ones are only listed, with the small ones that stand beside such.
    """

    call: Any
    keys: tuple[str, ...]

    def __call__(self, parts: list[Any]) -> Any:
        flat: list[Any] = []
        for part in parts:
            flat += part if type(part) is list else [part]
        if any(isinstance(part, Split) for part in flat):
            return flat
        large = any(len(part.table) > MANY_GROUPS for part in flat)
        return flat if large and not follow([part.table for part in flat], self.keys) else self.call(flat)


class Bucket(NamedTuple):
    """Aggregate one bucket; None where nothing was split."""

    aggregate: Any
    keys: tuple[str, ...]
    partial: Any

    def __call__(self, bucket: int, collected: Any) -> Any:
        if type(collected) is not list:
            return None
        table = join_parts([self._rows(bucket, part) for part in collected])
        return self.aggregate.indexed([self.partial(table, ())])

    def _rows(self, bucket: int, part: Any) -> pd.DataFrame:
        if isinstance(part, Split):
            rows: pd.DataFrame = part.piece(bucket)
            return rows
        return part.table[HashTargets(self.keys, BUCKETS)(part.table) == bucket]


class FromBuckets(NamedTuple):
    """Put the results of all buckets together in the order of the groups; or return what ``Collect`` had aggregated already."""

    join: Any
    as_index: bool

    def __call__(self, parts: list[Any]) -> Any:
        collected, results = parts[0], parts[1:]
        if type(collected) is not list:
            return collected
        whole = self.join(results)
        return whole if self.as_index else whole.reset_index()

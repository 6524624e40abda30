"""Keys that ascend: equal ones stand side by side, and groups are runs of rows that need no hash table.

Files are often written in the order of a key (orders with their lines, rides by day). Then a group's rows are a slice: NumPy's
``reduceat`` aggregates a million groups in milliseconds, and partial results whose keys go on where the last ones ended are
aggregated already.

Place in the flow: ``partials`` and ``buckets`` ask here first; where the answer is None, they go on with pandas. One key of
integers, and values of int64 and float64: for anything else there is pandas. Sums are pairwise within a group, as NumPy's are.
Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from minidask.dataframe.groupby.plan import AGAIN, Plan

HOWS = ("sum", "mean_sum", "count", "min", "max")
VALUES = (np.dtype("int64"), np.dtype("float64"))
# A look at the first rows says no to most keys in no order.
PROBED_ROWS = 1000
# Numbers that two integers, a run's and a value's, may make together.
MOST_CODES = 2**62


def run_starts(keys: Any) -> NDArray[np.intp] | None:
    """Return where the runs of equal keys start; None unless keys are integers of NumPy that ascend.

    Examples
    --------
    >>> run_starts(np.array([3, 3, 5, 9, 9]))
    array([0, 2, 3])
    >>> run_starts(np.array([3, 5, 3])) is None
    True
    """
    if not isinstance(keys.dtype, np.dtype) or keys.dtype.kind not in "iu":
        return None
    values = np.asarray(keys)
    if not _ascend(values[:PROBED_ROWS]) or not _ascend(values):
        return None
    changes = np.flatnonzero(values[1:] != values[:-1])
    starts = np.empty(len(changes) + min(len(values), 1), dtype=np.intp)
    starts[:1] = 0
    np.add(changes, 1, out=starts[1:])
    return starts


def _ascend(values: NDArray[Any]) -> bool:
    return bool((values[1:] >= values[:-1]).all())


def ascending(table: pd.DataFrame, keys: Sequence[str]) -> bool:
    """Whether a table of partial results has one key, which ascends."""
    return len(keys) == 1 and run_starts(table[keys[0]]) is not None


def follow(tables: Sequence[pd.DataFrame], keys: Sequence[str], apart: bool = False) -> bool:
    """Whether each table's keys ascend and begin where those of the table before ended, or later; ``apart``: later."""
    filled = [table for table in tables if len(table)]
    if not all(ascending(table, keys) for table in filled):
        return False
    column = [table[keys[0]] for table in filled]
    if any(each.dtype != column[0].dtype for each in column):
        return False
    edges: list[tuple[Any, Any]] = [(first.iat[-1], second.iat[0]) for first, second in pairwise(column)]
    return all(last < first or (last == first and not apart) for last, first in edges)


def chunk_of_runs(rows: pd.DataFrame, plan: Plan) -> tuple[pd.DataFrame, list[pd.DataFrame]] | None:
    """Return a partition's table of partial results and its tables of distinct values; None where pandas has to make them.

    ``rows`` has the keys ``k0`` … and the primitives' columns ``v0`` ….
    """
    primitives = plan.primitives
    if len(plan.keys) != 1 or not all(each.how in HOWS or each.how == "distinct" for each in primitives):
        return None
    values = [rows[f"v{at}"].to_numpy() for at in range(len(primitives))] if _plain(rows) else None
    if values is None:
        return None
    starts = run_starts(rows["k0"])
    if starts is None:
        return None
    keys = rows["k0"].to_numpy()
    found: dict[str, Any] = {"k0": keys[starts]}
    if plan.has_size:
        found["size"] = np.diff(starts, append=len(keys))
    tables = []
    for at, (primitive, column) in enumerate(zip(primitives, values, strict=True)):
        if primitive.how == "distinct":
            table = distinct_in_runs(keys, starts, column)
            if table is None:
                return None
            tables.append(table)
        else:
            found[f"v{at}"] = reduce_runs(primitive.how, column, starts)
    return pd.DataFrame(found, copy=False), tables


def _plain(rows: pd.DataFrame) -> bool:
    """Whether all values are of dtypes that are dealt with here."""
    return all(dtype in VALUES for dtype in rows.dtypes.tolist()[1:])


def reduce_runs(how: str, values: NDArray[Any], starts: NDArray[np.intp]) -> NDArray[Any]:
    """Aggregate each run; missing values don't count, as in pandas.

    Examples
    --------
    >>> reduce_runs("sum", np.array([1.0, np.nan, 5.0]), np.array([0, 2]))
    array([1., 5.])
    """
    if not len(starts):
        return np.empty(0, dtype=np.int64 if how == "count" else values.dtype)
    if how == "count":
        if values.dtype.kind != "f":
            return np.diff(starts, append=len(values))
        return np.add.reduceat((~np.isnan(values)).view(np.int8), starts, dtype=np.int64)
    if how in ("min", "max"):
        return (np.fmin if how == "min" else np.fmax).reduceat(values, starts)
    if values.dtype.kind == "f":
        missing = np.isnan(values)
        values = np.where(missing, 0.0, values) if missing.any() else values
    return np.add.reduceat(values, starts)


def distinct_in_runs(keys: NDArray[Any], starts: NDArray[np.intp], values: NDArray[Any]) -> pd.DataFrame | None:
    """Return the distinct pairs of key and value, in order; None unless values are integers that fit in codes with the runs.

    Examples
    --------
    >>> distinct_in_runs(np.array([1, 1, 1, 7]), np.array([0, 3]), np.array([5, 4, 5, 5])).to_numpy().tolist()
    [[1, 4], [1, 5], [7, 5]]
    """
    if values.dtype.kind != "i":
        return None
    if not len(values):
        return pd.DataFrame({"k0": keys, "value": values})
    low = int(values.min())
    span = int(values.max()) - low + 1
    if span * len(starts) > MOST_CODES:
        return None
    numbers = np.repeat(np.arange(len(starts), dtype=np.int64), np.diff(starts, append=len(keys)))
    codes = numbers * span + (values - low)
    codes.sort()
    new = np.empty(len(codes), dtype=bool)
    new[0] = True
    np.not_equal(codes[1:], codes[:-1], out=new[1:])
    run, value = np.divmod(codes[new], span)
    return pd.DataFrame({"k0": keys[starts][run], "value": value + low}, copy=False)


def again_of_runs(table: pd.DataFrame, plan: Plan) -> tuple[pd.Index, dict[str, pd.Series]] | None:
    """Aggregate the partial results of a table whose key ascends, once more; None where pandas has to."""
    primitives = plan.primitives
    if len(plan.keys) != 1 or not all(each.how in HOWS or each.how == "distinct" for each in primitives):
        return None
    if not _plain(table):
        return None
    starts = run_starts(table["k0"])
    if starts is None:
        return None
    keys = table["k0"].to_numpy()
    whole = len(starts) == len(keys)
    index = pd.Index(keys if whole else keys[starts], name="k0")
    again = {f"v{at}": AGAIN[each.how] for at, each in enumerate(primitives) if each.how != "distinct"}
    if plan.has_size:
        again["size"] = "sum"
    columns = {}
    for name, how in again.items():
        values = table[name].to_numpy()
        if not whole and how == "sum":
            # A partial sum that is NaN comes from infinities of both signs, and stays.
            values = np.add.reduceat(values, starts)
        elif not whole:
            values = reduce_runs(how, values, starts)
        columns[name] = pd.Series(values, index=index, name=name, copy=False)
    return index, columns


def distinct_counts(rows: pd.DataFrame) -> pd.Series | None:
    """Return how many values each key has in a table of distinct pairs; None unless keys ascend and all values are integers."""
    if rows.shape[1] != 2 or rows.dtypes.iloc[-1] != np.dtype("int64"):
        return None
    starts = run_starts(rows["k0"])
    if starts is None:
        return None
    keys = rows["k0"].to_numpy()
    index = pd.Index(keys[starts], name="k0")
    return pd.Series(np.diff(starts, append=len(keys)), index=index, name="value", copy=False)

"""Groups by integers close together, booleans or categories: a group's number follows from its keys, without a hash table.

Sums and counts are those of ``numpy.bincount``: one pass over the rows for each column. Sums of integers are made where floats
hold them exactly; sums of floats have the error of adding one after the other.

Place in the flow: ``partials`` asks here after ``runs``; where the answer is None, it goes on with pandas. Pure.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from minidask.dataframe.groupby.plan import Plan

HOWS = ("sum", "mean_sum", "count")
VALUES = (np.dtype("int64"), np.dtype("float64"))
# Groups that there may be: more than this don't fit the fastest cache, and partitions of few rows have fewer.
MOST_GROUPS = 1 << 14
# Numbers that there may be for each row of partial results: beyond it most have no group.
SPARSEST = 4
# Above it, not all whole numbers are floats.
EXACT = 2**53


class Digits(NamedTuple):
    """One key as numbers from 0 to ``span`` - 1, -1 where it is missing; ``first`` is added to get an integer back."""

    codes: NDArray[Any]
    span: int
    first: int
    dtype: Any


def chunk_of_few(rows: pd.DataFrame, plan: Plan) -> pd.DataFrame | None:
    """Return a partition's table of partial results, groups in ascending order; None where pandas has to make it.

    ``rows`` has the keys ``k0`` … and the primitives' columns ``v0`` ….
    """
    if not plan.sort or not all(each.how in HOWS for each in plan.primitives):
        return None
    names = [f"k{at}" for at in range(len(plan.keys))]
    columns = [rows[f"v{at}"] for at in range(len(plan.primitives))]
    if not len(rows) or any(column.dtype not in VALUES for column in columns):
        return None
    digits = []
    groups = 1
    for name in names:
        found = digits_of(rows[name], min(MOST_GROUPS, len(rows)) // groups)
        if found is None:
            return None
        digits.append(found)
        groups *= found.span
    numbers, keyless = _numbered(digits)
    if keyless is not None:
        if not plan.dropna:
            return None
        # One more group, for what isn't wanted.
        numbers[keyless] = groups
    size = np.bincount(numbers, minlength=groups)[:groups]
    there = np.flatnonzero(size)
    made: dict[str, Any] = _keys(names, digits, there)
    if plan.has_size:
        made["size"] = size[there]
    results: dict[int, NDArray[Any]] = {}
    gaps: dict[Any, NDArray[np.bool_] | None] = {}
    # Sums come first: they tell whether anything is missing.
    for at in sorted(range(len(columns)), key=lambda at: plan.primitives[at].how == "count"):
        label, how = plan.primitives[at]
        values = columns[at].to_numpy()
        if how != "count":
            sums = _sums(values, numbers, groups)
            if sums is None:
                return None
            gaps.setdefault(label, _gaps(values) if np.isnan(sums).any() else None)
            missing = gaps[label]
            results[at] = sums if missing is None else _sums(np.where(missing, 0.0, values), numbers, groups)
        else:
            missing = gaps[label] if label in gaps else _gaps(values)
            results[at] = size if missing is None else np.bincount(numbers[~missing], minlength=groups)[:groups]
    for at in range(len(columns)):
        made[f"v{at}"] = results[at][there]
    return pd.DataFrame(made, copy=False)


def again_of_few(table: pd.DataFrame, plan: Plan) -> tuple[pd.Index, dict[str, pd.Series]] | None:
    """Aggregate partial results by one integer once more; None where pandas has to.

    Examples
    --------
    >>> from minidask.dataframe.groupby.plan import Output
    >>> plan = Plan((("k",),), ("k",), (Output("x", "sum"),), True, True, True, True, None, "x")
    >>> again_of_few(pd.DataFrame({"k0": [7, 5, 7], "v0": [1.0, 2.0, 3.0]}), plan)[1]["v0"].to_dict()
    {5: 2.0, 7: 4.0}
    """
    if not plan.sort or len(plan.keys) != 1 or not len(table) or not all(each.how in HOWS for each in plan.primitives):
        return None
    names = [*(["size"] if plan.has_size else []), *[f"v{at}" for at in range(len(plan.primitives))]]
    if any(table[name].dtype not in VALUES for name in names) or getattr(table["k0"].dtype, "kind", "") not in "iu":
        return None
    digits = digits_of(table["k0"], SPARSEST * len(table))
    if digits is None:
        return None
    there = np.flatnonzero(np.bincount(digits.codes, minlength=digits.span))
    index = pd.Index((there + digits.first).astype(digits.dtype), name="k0")
    columns = {}
    for name in names:
        sums = _sums(table[name].to_numpy(), digits.codes, digits.span)
        if sums is None:
            return None
        columns[name] = pd.Series(sums[there], index=index, name=name, copy=False)
    return index, columns


def digits_of(key: pd.Series, most: int) -> Digits | None:
    """Return a key as small numbers; None if it isn't of such a kind, or has more than ``most`` values.

    Examples
    --------
    >>> digits_of(pd.Series([7, 5, 7]), 10).codes.tolist()
    [2, 0, 2]
    >>> digits_of(pd.Series([7, 5000]), 10) is None
    True
    """
    if isinstance(key.dtype, pd.CategoricalDtype):
        count = len(key.dtype.categories)
        return Digits(key.cat.codes.to_numpy(), count, 0, key.dtype) if 0 < count <= most else None
    if not isinstance(key.dtype, np.dtype) or key.dtype.kind not in "iub":
        return None
    values = key.to_numpy()
    if values.dtype.kind == "b":
        return Digits(values.view(np.int8), 2, 0, key.dtype) if most >= 2 else None
    low, high = int(values.min()), int(values.max())
    if high - low >= most:
        return None
    if not -(2**63) <= low <= high < 2**63:
        return None
    return Digits(values.astype(np.intp) - low if low else values, high - low + 1, low, key.dtype)


def _numbered(digits: list[Digits]) -> tuple[NDArray[np.intp], NDArray[np.bool_] | None]:
    """Return the number of each row's group, and which rows miss a key, None if none does."""
    # What is changed below must be no column's own memory.
    alone = len(digits) == 1 and not isinstance(digits[0].dtype, pd.CategoricalDtype)
    numbers = digits[0].codes.astype(np.intp, copy=not alone)
    missing: NDArray[np.bool_] | None = None
    for at, each in enumerate(digits):
        if at:
            numbers *= each.span
            numbers += each.codes
        if isinstance(each.dtype, pd.CategoricalDtype):
            gone = each.codes < 0
            if gone.any():
                missing = gone if missing is None else missing | gone
    return numbers, missing


def _keys(names: list[str], digits: list[Digits], numbers: NDArray[np.intp]) -> dict[str, Any]:
    """Return the keys of groups by their numbers."""
    found: dict[str, Any] = {}
    for name, each in reversed(list(zip(names, digits, strict=True))):
        numbers, codes = np.divmod(numbers, each.span)
        if isinstance(each.dtype, pd.CategoricalDtype):
            found[name] = pd.Categorical.from_codes(codes, dtype=each.dtype)
        else:
            found[name] = (codes + each.first).astype(each.dtype)
    return {name: found[name] for name in names}


def _gaps(values: NDArray[Any]) -> NDArray[np.bool_] | None:
    """Return where values are missing, None for nowhere."""
    if values.dtype.kind != "f":
        return None
    missing: NDArray[np.bool_] = np.isnan(values)
    return missing if missing.any() else None


def _sums(values: NDArray[Any], numbers: NDArray[np.intp], groups: int) -> Any:
    """Return the sum of each group; None where floats don't hold those of integers."""
    if values.dtype.kind == "i" and max(abs(int(values.min())), abs(int(values.max()))) * len(values) >= EXACT:
        return None
    return np.bincount(numbers, values, minlength=groups)[:groups].astype(values.dtype, copy=False)

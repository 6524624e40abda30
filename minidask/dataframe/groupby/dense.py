"""Few groups by small integers, booleans or categories: a group's number follows from its keys, and needs no hash table.

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
    numbers, missing = _numbered(digits)
    if missing is not None:
        if not plan.dropna:
            return None
        # One more group, for what isn't wanted.
        numbers[missing] = groups
    size = np.bincount(numbers, minlength=groups)[:groups]
    there = np.flatnonzero(size)
    made: dict[str, Any] = _keys(names, digits, there)
    if plan.has_size:
        made["size"] = size[there]
    for at, (primitive, column) in enumerate(zip(plan.primitives, columns, strict=True)):
        result = _reduced(primitive.how, column.to_numpy(), numbers, groups, size)
        if result is None:
            return None
        made[f"v{at}"] = result[there]
    return pd.DataFrame(made, copy=False)


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
    numbers = digits[0].codes.astype(np.intp)
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


def _reduced(
    how: str, values: NDArray[Any], numbers: NDArray[np.intp], groups: int, size: NDArray[np.intp]
) -> NDArray[Any] | None:
    """Return a primitive of each group; None where a float isn't exact enough."""
    missing = np.isnan(values) if values.dtype.kind == "f" else None
    some = missing is not None and bool(missing.any())
    if how == "count":
        return np.bincount(numbers[~missing], minlength=groups)[:groups] if some else size  # type: ignore[operator]
    if values.dtype.kind == "i" and max(abs(int(values.min())), abs(int(values.max()))) * len(values) >= EXACT:
        return None
    weights = np.where(missing, 0.0, values) if some else values  # type: ignore[arg-type]
    sums = np.bincount(numbers, weights, minlength=groups)[:groups]
    return sums.astype(values.dtype)

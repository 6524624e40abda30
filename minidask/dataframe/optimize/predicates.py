"""What a mask says about the columns of its frame, in the form that readers filter by.

Place in the flow: ``push_filters`` asks for the predicate of each mask. The mask of ``df[(df["x"] > 3) & ~df["s"].isin(["a"])]``
is a small graph of layers over columns of ``df``; here it becomes ``[[("x", ">", 3), ("s", "not in", ["a"])]]``: any of some
conjunctions.

Invariants: a predicate keeps exactly the rows for which the mask is true, nulls included; what can't be said so exactly gives
None. A negation goes down to the comparisons, where it knows what a null does: ``~(x > 3)`` keeps a missing float, and leaves out
a missing ``Int64``. Pure.
"""

from __future__ import annotations

import operator
from collections.abc import Hashable
from datetime import datetime
from types import BuiltinFunctionType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from minidask.dataframe.calls import Method
from minidask.dataframe.layers import FrameLayer, Project
from minidask.graph import Layer
from minidask.graph.blockwise import Constant, InputOf

MOST_CONJUNCTIONS = 16
"""A predicate with more of them is left to the mask: every row would be compared with each."""

DEEPEST = 40  # levels of a mask that are looked at

Conjunctions = list[list[tuple[Hashable, str, Any]]]

_SIGNS: dict[Any, str] = {
    operator.eq: "==",
    operator.ne: "!=",
    operator.lt: "<",
    operator.le: "<=",
    operator.gt: ">",
    operator.ge: ">=",
    Method("eq"): "==",
    Method("ne"): "!=",
    Method("lt"): "<",
    Method("le"): "<=",
    Method("gt"): ">",
    Method("ge"): ">=",
}
_OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


class Predicate(NamedTuple):
    """``conjunctions`` any of which holds where the mask is true; ``layers`` of the mask, by name, the frame's own left out."""

    conjunctions: Conjunctions
    layers: dict[str, Layer]


def predicate_of(mask: Layer, frame: Layer) -> Predicate | None:
    """Return what a mask says about a frame's columns; None if it says more than readers understand.

    Examples
    --------
    >>> import minidask.dataframe as dd
    >>> df = dd.from_pandas(pd.DataFrame({"x": [1.0, None]}), npartitions=1)
    >>> predicate_of((~(df["x"] > 3))._layer, df._layer).conjunctions
    [[('x', '<=', 3)], [('x', 'is', None)]]
    """
    found: dict[str, Layer] = {}
    conjunctions = _read(mask, frame, False, found, DEEPEST)
    return None if conjunctions is None else Predicate(conjunctions, found)


def _read(layer: Layer, frame: Layer, negated: bool, found: dict[str, Layer], depth: int) -> Conjunctions | None:
    if not depth or not isinstance(layer, FrameLayer) or layer.name == frame.name or layer.kwargs:
        return None
    found[layer.name] = layer
    func, operands = layer.func, [operand for operand, _ in layer.operands]
    if func is operator.invert:
        return _read(layer.inputs[0], frame, not negated, found, depth - 1)
    if func in (operator.and_, operator.or_) and all(isinstance(operand, InputOf) for operand in operands):
        one, other = [
            _read(layer.inputs[operand.at], frame, negated, found, depth - 1)  # type: ignore[union-attr]
            for operand in operands
        ]
        if one is None or other is None:
            return None
        both = (func is operator.and_) is not negated
        joined = [left + right for left in one for right in other] if both else one + other
        return joined if len(joined) <= MOST_CONJUNCTIONS else None
    if not operands or not isinstance(operands[0], InputOf):
        return None
    column = layer.inputs[operands[0].at]
    if not isinstance(column, Project) or column.inputs[0].name != frame.name or isinstance(column.labels, list):
        return None
    if not isinstance(column.meta, pd.Series) or not _comparable(column.meta.dtype):
        return None
    found[column.name] = column
    values = [operand.value for operand in operands[1:] if isinstance(operand, Constant)]
    if len(values) != len(operands) - 1:
        return None
    return _term(column.labels, column.meta.dtype, func, values, negated)


def _term(label: Hashable, dtype: Any, func: Any, values: list[Any], negated: bool) -> Conjunctions | None:
    name = func.name if isinstance(func, Method) else ""
    sign = _SIGNS.get(func) if isinstance(func, Method | BuiltinFunctionType) else None
    if sign is not None and len(values) == 1 and _is_plain(values[0], dtype):
        if not negated:
            return [[(label, sign, values[0])]]
        opposite: Conjunctions = [[(label, _OPPOSITE[sign], values[0])]]
        # Without a value all comparisons but != are false, and their negations true, unless the dtype knows "unknown".
        if sign in ("==", "!=") or _is_masked(dtype):
            return opposite
        return [*opposite, [(label, "is", None)]]
    if name == "isin" and len(values) == 1:
        members = list(values[0])
        if members and all(_is_plain(member, dtype) for member in members):
            return [[(label, "not in" if negated else "in", members)]]
    if name in ("isna", "notna") and not values:
        return [[(label, "is" if (name == "isna") is not negated else "is not", None)]]
    return None


def _is_masked(dtype: Any) -> bool:
    return isinstance(dtype, pd.api.extensions.ExtensionDtype) and getattr(dtype, "na_value", None) is pd.NA


def _comparable(dtype: Any) -> bool:
    """Whether a column is of a kind whose comparisons readers make as pandas does."""
    if isinstance(dtype, pd.StringDtype) or _is_masked(dtype):
        return isinstance(dtype, pd.StringDtype) or getattr(dtype, "kind", "O") in "iufb"
    return isinstance(dtype, pd.DatetimeTZDtype) or (isinstance(dtype, np.dtype) and dtype.kind in "iufbM")


def _is_plain(value: Any, dtype: Any) -> bool:
    """Whether a literal is there, and of the column's own kind: everything else is pandas's to judge."""
    if isinstance(dtype, pd.StringDtype):
        return isinstance(value, str)
    if isinstance(dtype, pd.DatetimeTZDtype) or dtype.kind == "M":
        return isinstance(value, datetime | np.datetime64) and not pd.isna(value)
    if dtype.kind == "b":
        return isinstance(value, bool | np.bool_)
    return (
        isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool) and not pd.isna(value)
    )

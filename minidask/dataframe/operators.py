"""Arithmetic, comparisons and logic: Python's operators and their named forms.

Place in the flow: a mixin of ``DataFrame``, ``Series``, ``Index`` and ``Scalar``. Each operator adds one elementwise
layer that carries the function of ``operator`` and the literal.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from minidask.dataframe.calls import Method
from minidask.dataframe.collection import ByColumns, FrameCollection
from minidask.dataframe.meta import sample
from minidask.dataframe.ordered import by_unknown_order, compare_ordered
from minidask.dataframe.partitionwise import columnwise, partitionwise, refuse_pandas, with_divisions
from minidask.graph import func_name

# {named form: operator}; each has a reflected form with "r" in front.
ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "truediv": operator.truediv,
    "floordiv": operator.floordiv,
    "mod": operator.mod,
    "pow": operator.pow,
}
LOGIC: dict[str, Callable[[Any, Any], Any]] = {"and": operator.and_, "or": operator.or_, "xor": operator.xor}
COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}


class Operators(FrameCollection):
    """Python's operators on collections."""

    __array_priority__ = 1000
    # Above pandas's own (DataFrame 4000), so that ``pandas_object + collection`` is asked of the collection.
    __pandas_priority__ = 5000

    def __neg__(self) -> Any:
        return columnwise("neg", operator.neg, self)

    def __pos__(self) -> Any:
        return columnwise("pos", operator.pos, self)

    def __abs__(self) -> Any:
        return columnwise("abs", operator.abs, self)

    def __invert__(self) -> Any:
        return columnwise("invert", operator.invert, self)

    def __divmod__(self, other: Any) -> tuple[Any, Any]:
        whole: Any = self
        return whole // other, whole % other

    def __rdivmod__(self, other: Any) -> tuple[Any, Any]:
        return other // self, other % self

    def __array_ufunc__(self, ufunc: np.ufunc, how: str, *inputs: Any, **kwargs: Any) -> Any:
        if how != "__call__" or kwargs.get("out") is not None or ufunc.nout != 1:
            return NotImplemented
        frame = next(value for value in inputs if isinstance(value, FrameCollection))
        inputs = tuple([with_divisions(ufunc.__name__, value, frame) for value in inputs])
        return partitionwise(ufunc.__name__, ufunc, *inputs, kwargs=kwargs or None, token=ufunc)


def binary(name: str, func: Any, left: Any, right: Any) -> Any:
    """Return ``func(left, right)`` for collections and literals, of which at least one is a collection."""
    frames = [value for value in (left, right) if isinstance(value, FrameCollection)]
    kinds = {value._kind for value in frames}
    if "Index" in kinds:
        return _with_index(name, func, left, right, kinds)
    if kinds >= {"DataFrame", "Series"}:
        series = next(value for value in frames if value._kind == "Series")
        if not isinstance(series._rows, ByColumns):
            raise TypeError(
                f"{name}: a DataFrame and a Series are matched by columns, as in pandas, which needs the Series of a reduction "
                "such as df.mean(); to match rows, use the named form with axis=0, such as df.sub(series, axis=0)"
            )
        return match_columns(name, func, left, right)
    for value in (left, right):
        if isinstance(value, FrameCollection):
            continue
        if "DataFrame" in kinds and isinstance(value, pd.Series | list | np.ndarray) and np.ndim(value) == 1:
            # One value a column, whichever the partition.
            return partitionwise(name, func, left, right)
    left, right = with_divisions(name, left, frames[0]), with_divisions(name, right, frames[0])
    if by_unknown_order(name, left, right):
        return compare_ordered(name, func, left, right)
    if isinstance(left, FrameCollection) and not (isinstance(right, FrameCollection) and right._kind == "DataFrame"):
        return columnwise(name, func, left, right)
    if isinstance(right, FrameCollection) and right._kind == "DataFrame" and not isinstance(left, FrameCollection):
        return columnwise(f"r{name}", Reflected(func), right, left)
    return partitionwise(name, func, left, right)


def _with_index(name: str, func: Any, left: Any, right: Any, kinds: set[str]) -> Any:
    """Return ``func(left, right)`` where one is an Index: comparisons give a Series labelled by the index, to filter by."""
    if name in COMPARISONS or kinds - {"Index", "Scalar"}:
        sides = [side.to_series() if getattr(side, "_kind", None) == "Index" else side for side in (left, right)]
        return binary(name, func, *sides)
    for value in (left, right):
        if not isinstance(value, FrameCollection):
            refuse_pandas(name, value)
    return partitionwise(name, func, left, right).clear_divisions()


def match_columns(name: str, func: Any, left: Any, right: Any, kwargs: Any = None) -> Any:
    """Return ``func(left, right)`` for a DataFrame and a Series of one value a column, such as ``df - df.mean()``."""
    frame, series = (left, right) if left._kind == "DataFrame" else (right, left)
    one_each = pd.Series(sample(series._meta).iloc[0], index=pd.Index(series._rows.labels), dtype=series._meta.dtype)
    metas = [one_each if side is series else side._meta for side in (left, right)]
    meta = func(*metas, **(kwargs or {}))
    call = MatchColumns(func, tuple(meta.columns))
    rows, divisions = frame._rows, frame.divisions
    return partitionwise(
        name,
        call,
        left,
        right,
        kwargs=kwargs,
        meta=meta,
        align=False,
        rows=rows,
        divisions=divisions,
        token="by columns",
    )


class MatchColumns(NamedTuple):
    """Call a binary operator on a frame and a Series, and check that the labels were those that were expected."""

    func: Any
    columns: tuple[Any, ...]

    @property
    def short_name(self) -> str:
        """The operator's name, for people."""
        return func_name(self.func)

    def __call__(self, left: Any, right: Any, **kwargs: Any) -> Any:
        value = self.func(left, right, **kwargs)
        if tuple(value.columns) != self.columns:
            raise ValueError(
                f"the Series has other labels than were expected: the result would have columns {list(value.columns)}, not "
                f"{list(self.columns)}; compute() the Series first"
            )
        return value


class Reflected:
    """Call a binary operator with its operands exchanged; compares by the operator."""

    __slots__ = ("func",)

    def __init__(self, func: Any) -> None:
        self.func = func

    def __call__(self, left: Any, right: Any) -> Any:
        return self.func(right, left)

    def __eq__(self, other: object) -> bool:
        return type(other) is Reflected and other.func is self.func

    def __hash__(self) -> int:
        return hash((Reflected, self.func))

    def __reduce__(self) -> tuple[Any, ...]:
        return Reflected, (self.func,)


def _forward(name: str, func: Any) -> Callable[[Any, Any], Any]:
    def method(self: Any, other: Any) -> Any:
        return binary(name, func, self, other)

    return method


def _backward(name: str, func: Any) -> Callable[[Any, Any], Any]:
    def method(self: Any, other: Any) -> Any:
        return binary(name, func, other, self)

    return method


def _by_name(name: str, kind: str, args: tuple[Any, ...], kwargs: Any) -> dict[str, Any]:
    """Return arguments that were given by position under their names, which stand in pandas's order."""
    frame = kind == "DataFrame"
    names = ["axis", "level"] if frame else ["level", "fill_value", "axis"]
    if frame and name not in COMPARISONS:
        names.append("fill_value")
    taken = [each for each in names[: len(args)] if each in kwargs]
    if len(args) > len(names) or taken:
        twice = (
            f"got {taken[0]!r} twice" if taken else f"takes other, {', '.join(names)}, got {len(args) + 1} arguments"
        )
        raise TypeError(f"{name}() {twice}")
    return dict(zip(names, args))


def _named(name: str) -> Callable[..., Any]:
    def method(self: Any, other: Any, *args: Any, **kwargs: Any) -> Any:
        kwargs.update(_by_name(name, self._kind, args, kwargs))
        series = isinstance(other, FrameCollection) and other._kind == "Series"
        if self._kind == "DataFrame" and series and kwargs.get("axis", "columns") in ("columns", 1):
            if not isinstance(other._rows, ByColumns):
                raise TypeError(f"{name}: to match the rows of a DataFrame and a Series, pass axis=0")
            return match_columns(f"m{name}", Method(name), self, other, kwargs)
        if not isinstance(other, FrameCollection) and not (
            self._kind == "DataFrame" and isinstance(other, pd.Series | list)
        ):
            other = with_divisions(name, other, self)
        if self._kind == "DataFrame" and isinstance(other, pd.Series | list):
            return partitionwise(f"m{name}", Method(name), self, other, kwargs=kwargs or None)
        if not kwargs and by_unknown_order(name, self, other):
            return binary(name, COMPARISONS[name], self, other)
        return columnwise(f"m{name}", Method(name), self, other, kwargs=kwargs or None)

    method.__name__ = name
    method.__doc__ = (
        f"Return ``partition.{name}(other, **kwargs)``: the named form of an operator, as in pandas.\n\n"
        "``other`` is a collection of the same rows or a scalar; keyword arguments are those of pandas (``fill_value``, "
        "``axis``)."
    )
    return method


class NamedOperators(FrameCollection):
    """The operators' named forms (``add``, ``rsub``, ``eq`` ...); of ``DataFrame`` and ``Series``."""


class SeriesOperators(NamedOperators):
    """Those that pandas has for ``Series`` alone."""

    def divmod(self, other: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """Return ``floordiv`` and ``mod``, which take the same arguments."""
        series: Any = self
        return series.floordiv(other, *args, **kwargs), series.mod(other, *args, **kwargs)

    def rdivmod(self, other: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """Return ``rfloordiv`` and ``rmod``, which take the same arguments."""
        series: Any = self
        return series.rfloordiv(other, *args, **kwargs), series.rmod(other, *args, **kwargs)


for _name, _func in {**ARITHMETIC, **LOGIC}.items():
    _dunder = _name
    setattr(Operators, f"__{_dunder}__", _forward(_name, _func))
    setattr(Operators, f"__r{_dunder}__", _backward(_name, _func))
for _name, _func in COMPARISONS.items():
    setattr(Operators, f"__{_name}__", _forward(_name, _func))
Operators.__hash__ = None  # type: ignore[assignment]
for _name in [
    *ARITHMETIC,
    *COMPARISONS,
    *[f"r{name}" for name in ARITHMETIC],
    "div",
    "rdiv",
    "divide",
    "multiply",
    "subtract",
]:
    setattr(NamedOperators, _name, _named(_name))

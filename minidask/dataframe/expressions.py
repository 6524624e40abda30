"""``query`` and ``eval``: expressions of column names, as text.

Place in the flow: a mixin of ``DataFrame``. Each partition evaluates the text by itself; columns that it doesn't name aren't
needed. Names of local variables (``@limit``) are looked up when the expression is made; lazy ones (``@mean``) are operands.

Invariant: the text must mean the same for a partition as for the whole. Calls of methods that look at more than one row are
refused.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from minidask.dataframe.collection import FrameCollection
from minidask.dataframe.meta import empty, sample
from minidask.dataframe.ordered import hint_categories
from minidask.dataframe.partitionwise import columnwise, partitionwise, with_divisions

_LOCAL = re.compile(r"@([A-Za-z_]\w*)")
_QUOTED = re.compile(r"'[^'\\]*'|\"[^\"\\]*\"")
# Methods that treat each value by itself; those of the accessors do.
_BY_VALUE = frozenset(
    [
        "abs",
        "astype",
        "between",
        "clip",
        "fillna",
        "isin",
        "isna",
        "isnull",
        "map",
        "notna",
        "notnull",
        "replace",
        "round",
        "where",
        "mask",
        "add",
        "sub",
        "mul",
        "div",
        "truediv",
        "floordiv",
        "mod",
        "pow",
        "eq",
        "ne",
        "lt",
        "le",
        "gt",
        "ge",
    ]
)


class EvalCall(NamedTuple):
    """Call ``query`` or ``eval`` with local variables."""

    name: str
    expr: str
    names: tuple[str, ...]
    options: tuple[tuple[str, Any], ...]

    @property
    def short_name(self) -> str:
        """The method's name, for people."""
        return self.name

    def __call__(self, frame: pd.DataFrame, *values: Any) -> Any:
        variables = dict(zip(self.names, values, strict=True))
        return getattr(frame, self.name)(self.expr, local_dict=variables, global_dict={}, **dict(self.options))


class Expressions(FrameCollection):
    """Expressions as text."""

    def query(self, expr: str, **kwargs: Any) -> Any:
        """Keep the rows for which an expression of column names is true (``"x > 0 and y != @limit"``).

        Parameters
        ----------
        expr : str
            Names of local variables have ``@`` in front; their values are scalars, lists, and ``Scalar`` or Series of minidask.
        **kwargs
            ``engine``, ``parser``, ``local_dict``, ``global_dict`` as in pandas.

        Raises
        ------
        NameError
            If a name isn't known (pandas's ``UndefinedVariableError``).
        NotImplementedError
            If the text calls a method that looks at more than one row (``"x > x.mean()"``), or for ``inplace=True``.
        TypeError
            If ``expr`` isn't text.

        Examples
        --------
        >>> import minidask.dataframe as dd
        >>> df = dd.from_pandas(pd.DataFrame({"x": [1, 2, 6]}), npartitions=2)
        >>> mean = df["x"].mean()
        >>> df.query("x > @mean").compute()["x"].tolist()
        [6]
        """
        return self._evaluate("query", expr, kwargs, sys._getframe(1))

    def eval(self, expr: str, **kwargs: Any) -> Any:
        """Evaluate an expression of column names (``"x + y"``), or assign one (``"z = x + y"``); see ``query``.

        Raises
        ------
        NameError, NotImplementedError, TypeError
            As ``query``.
        """
        return self._evaluate("eval", expr, kwargs, sys._getframe(1))

    def _evaluate(self, name: str, expr: Any, kwargs: dict[str, Any], caller: Any) -> Any:
        if not isinstance(expr, str):
            raise TypeError(f"{name} takes an expression as text, got {type(expr).__name__}: {expr!r:.80}")
        if kwargs.pop("inplace", False):
            raise NotImplementedError(f"{name} changes nothing in place: use df = df.{name}(...)")
        kwargs.pop("level", None)
        known = {**caller.f_globals, **(kwargs.pop("global_dict", None) or {})}
        known.update(caller.f_locals)
        known.update(kwargs.pop("local_dict", None) or {})
        _check_calls(name, expr)
        names = tuple(dict.fromkeys(_LOCAL.findall(_QUOTED.sub("''", expr))))
        found = [_value(each, known) for each in names]
        values = [
            value if isinstance(value, list) else with_divisions(f"@{each}", value, self)
            for each, value in zip(names, found)
        ]
        call = EvalCall(name, expr, names, tuple(sorted(kwargs.items())))
        metas = [sample(value._meta) if isinstance(value, FrameCollection) else value for value in values]
        try:
            with hint_categories([self]):
                meta = call(sample(self._meta), *metas)
        except pd.errors.UndefinedVariableError as error:
            error.add_note(
                f"The columns are {list(self._meta.columns)!r:.300}; local variables are written with @ in front."
            )
            raise
        if not isinstance(meta, pd.DataFrame | pd.Series):
            raise NotImplementedError(
                f"{name} gives {type(meta).__name__} for the whole DataFrame; use methods, such as df['x'].sum()"
            )
        used = _used(expr, self._meta.columns)
        if used is not None and isinstance(meta, pd.DataFrame) and name == "query":
            return columnwise(name, call, self, *values, meta=self._meta, extra=used, token=tuple(call))
        return partitionwise(name, call, self, *values, meta=empty(meta), token=tuple(call))


def _value(name: str, known: Mapping[str, Any]) -> Any:
    if name not in known:
        raise pd.errors.UndefinedVariableError(name, True)
    return known[name]


def _used(expr: str, columns: pd.Index) -> frozenset[Any] | None:
    """Return the labels that a text may name, None if that can't be told."""
    if "`" in expr or not columns.is_unique or columns.nlevels > 1:
        return None
    words = set(re.findall(r"\w+", expr))
    return frozenset([label for label in columns if isinstance(label, str) and label in words])


def _check_calls(name: str, expr: str) -> None:
    """Raise NotImplementedError for calls of methods that may look at more than one row."""
    text = re.sub(r"`[^`]*`", "quoted", _LOCAL.sub(r"local_\1", expr))
    try:
        tree = ast.parse("\n".join(line.strip() for line in text.strip().splitlines()))
    except SyntaxError:
        # pandas says what is wrong, or knows a syntax that Python doesn't.
        return
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        owner: Any = node.func.value
        through_accessor = isinstance(owner, ast.Attribute) and owner.attr in ("str", "dt", "cat")
        local = isinstance(owner, ast.Name) and owner.id.startswith("local_")
        if node.func.attr not in _BY_VALUE and not through_accessor and not local:
            raise NotImplementedError(
                f"{name}: .{node.func.attr}() inside the text would look at each partition by itself. Make it a lazy value and "
                f"name that: m = df['x'].{node.func.attr}(); df.{name}('x > @m')"
            )

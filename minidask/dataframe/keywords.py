"""Keyword arguments that pandas has and a method here hasn't: one error for all of them, which says what to do instead.

``takes_keywords_of`` decorates classes and functions: what pandas does by default may be said, other names that pandas has for an
argument stand for it, and what isn't built raises NotImplementedError with the remedy.

Place in the flow: the public classes and functions are decorated where they are made. Pure.

Invariant: every keyword of pandas is taken, or has its remedy here; the tests see to it.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any, TypeVar

Decorated = TypeVar("Decorated")

_NUMBA = "partitions run pandas's own functions; map_partitions runs yours, compiled or not"
_LEVELS = "indexes of one level are there: make levels columns with reset_index()"
_TEXT = "it shows the structure only: compute() first, the values have pandas's method"

# {keyword: what to do instead}, for all methods that haven't a line of their own.
SHARED: dict[str, str] = {
    "inplace": "nothing is changed in place: assign the result",
    "level": _LEVELS,
    "engine": _NUMBA,
    "engine_kwargs": _NUMBA,
    "suffix": "call it for each number of periods and put the results together with assign",
    "allow_duplicates": "give columns different labels",
    "convention": "it is for periods: make times of them with to_timestamp()",
    "sort": "the order isn't promised: sort_values(...) the result",
}

# {(method, keyword): what to do instead}
METHODS: dict[tuple[str, str], str] = {
    ("all", "bool_only"): "select the columns: df.select_dtypes('bool').all()",
    ("any", "bool_only"): "select the columns: df.select_dtypes('bool').any()",
    ("apply", "raw"): "use map_partitions for a function of arrays",
    ("apply", "result_type"): "let the function return a Series, and say its columns with meta=",
    ("apply", "by_row"): "use map_partitions for a function of whole partitions",
    ("astype", "errors"): "use to_numeric or to_datetime with errors='coerce'",
    ("cat", "join"): "both sides are aligned by the index of the left one",
    ("concat", "levels"): "keys= is there: the level has the keys that are given",
    ("concat", "verify_integrity"): "compare result.index.nunique() with len(result)",
    ("concat", "union_categories"): "categories of all are united",
    ("copy", "name"): "use rename(name)",
    ("drop", "index"): "leave out rows by a condition, df[~df.index.isin(labels)]",
    ("fillna", "limit"): "use ffill(limit=...) or bfill(limit=...), or map_partitions for a limit in each partition",
    ("filter", "arg"): "give labels as items=, or a function for a condition",
    ("filter", "cond"): "filter rows by a condition: df[condition]",
    ("filter", "na"): "filter rows by a condition without holes: df[condition.fillna(False)]",
    ("get_dummies", "sparse"): "columns are dense: use map_partitions",
    ("info", "max_cols"): "select columns first",
    ("info", "show_counts"): "use count()",
    ("join", "sort"): "the order isn't promised: sort_index() or sort_values(...) the result",
    ("map", "engine"): _NUMBA,
    ("mask", "axis"): "give a value, or a collection of the same rows",
    ("max", "axis"): "an index has one axis: leave it out",
    ("min", "axis"): "an index has one axis: leave it out",
    (
        "pivot_table",
        "dropna",
    ): "columns without values stay, as their labels are known beforehand; drop them after compute()",
    ("pivot_table", "margins_name"): "margins aren't built: compute() the (small) result, then add them",
    ("pivot_table", "sort"): "the result is in order of the index and of the categories",
    ("rename", "axis"): "a Series has one axis: leave it out",
    ("rename", "errors"): "labels of rows that aren't there are found only in computing: use map on the index",
    ("reset_index", "col_level"): "columns of one level are there",
    ("reset_index", "col_fill"): "columns of one level are there",
    ("resample", "group_keys"): "it is for apply: use groupby(pandas.Grouper(freq=...)).apply",
    ("rolling", "method"): "rows of partitions are rolled over column by column: use map_overlap",
    ("rolling", "on"): "use set_index(column, sorted=True) first",
    ("rolling", "step"): "take every n-th row of the result after compute()",
    ("sample", "axis"): "select columns by label",
    ("sample", "weights"): "filter by a column of random numbers, or use map_partitions(lambda part: part.sample(...))",
    ("set_index", "verify_integrity"): "compare result.index.nunique() with len(result)",
    ("sort_index", "sort_remaining"): _LEVELS,
    ("sort_values", "axis"): "rows are sorted; select columns in the order that you want",
    ("squeeze", "axis"): "compute() first",
    ("to_html", ""): _TEXT,
    ("to_numeric", "dtype_backend"): "use astype on the result",
    ("to_records", "column_dtypes"): "use astype first",
    ("to_records", "index_dtypes"): "use reset_index() and astype first",
    ("to_string", ""): _TEXT,
    ("to_series", "index"): "use map_partitions",
    ("to_timestamp", "axis"): "column labels: df.columns = df.columns.to_timestamp()",
    ("where", "axis"): "give a value, or a collection of the same rows",
}

# {(method, keyword of pandas): the same argument's name here}
NAMES: dict[tuple[str, str], str] = {
    ("concat", "objs"): "dfs",
    ("get_group", "name"): "key",
    ("isna", "obj"): "arg",
    ("map", "func"): "arg",
    ("map", "mapper"): "arg",
    ("notna", "obj"): "arg",
    ("pivot_table", "data"): "df",
    ("set_index", "keys"): "other",
}


def keyword_remedy(method: str, keyword: str) -> str | None:
    """Return what to do instead of a keyword argument, None if no table has it.

    >>> keyword_remedy("rolling", "step"), keyword_remedy("dropna", "inplace")
    ('take every n-th row of the result after compute()', 'nothing is changed in place: assign the result')
    """
    return METHODS.get((method, keyword)) or METHODS.get((method, "")) or SHARED.get(keyword)


def lacking(mine: Callable[..., Any], theirs: Callable[..., Any]) -> dict[str, Any]:
    """Return the keyword arguments, with their defaults, that a function of pandas has and one of ours hasn't.

    One that passes all of them on has them all.

    >>> lacking(lambda x: x, lambda x, y=1: x)
    {'y': 1}
    """
    try:
        have, want = inspect.signature(mine).parameters, inspect.signature(theirs).parameters
    except (TypeError, ValueError):
        return {}
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in have.values()):
        return {}
    return {
        name: parameter.default
        for name, parameter in want.items()
        if name not in have
        and name != "self"
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    }


def takes_keywords_of(theirs: Any, kind: str = "") -> Callable[[Decorated], Decorated]:
    """Return a decorator of a class, or a function, after pandas's own one.

    Calls with a keyword argument that only pandas has raise NotImplementedError with the remedy, and with one that nobody has
    TypeError; both say the class's and method's name.

    Examples
    --------
    >>> import pandas as pd
    >>> @takes_keywords_of(pd.Series.dropna)
    ... def dropna(series):
    ...     return series
    >>> dropna("rows", inplace=False)
    'rows'
    >>> dropna("rows", inplace=True)
    Traceback (most recent call last):
    NotImplementedError: dropna(inplace=...) isn't built: nothing is changed in place: assign the result
    """

    def decorate(mine: Any) -> Any:
        if not isinstance(mine, type):
            return _sorting_out(mine, theirs, "")
        owner = f"{kind or mine.__name__}."
        # Bases first, so that what overrides theirs is what is found in the end.
        members = {name: member for base in reversed(mine.__mro__) for name, member in vars(base).items()}
        for name, member in members.items():
            if not name.startswith("_") and isinstance(member, FunctionType):
                original = getattr(theirs, name, None)
                if callable(original):
                    setattr(mine, name, _sorting_out(member, original, owner))
        return mine

    return decorate


def _sorting_out(mine: FunctionType, theirs: Callable[..., Any], owner: str) -> Callable[..., Any]:
    """Return a function that sorts keyword arguments out before it calls another, unless that takes any."""
    code = mine.__code__
    if code.co_flags & inspect.CO_VARKEYWORDS:
        return mine
    known = frozenset(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])
    name = mine.__name__
    # What is lacking is found out when it is asked for: there are hundreds of methods.
    sort_out = functools.partial(_sorted_out, owner, mine, theirs, known)

    def call(*args: Any, **kwargs: Any) -> Any:
        if not known.issuperset(kwargs):
            kwargs = sort_out(kwargs)
        return mine(*args, **kwargs)

    # With the globals of the module that the function is from, where its examples are looked for.
    made = FunctionType(call.__code__, mine.__globals__, name, None, call.__closure__)
    functools.update_wrapper(made, mine)
    made.__qualname__ = f"{owner}{name}"
    return made


def _sorted_out(
    owner: str, mine: Callable[..., Any], theirs: Callable[..., Any], known: frozenset[str], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the keyword arguments that a method takes."""
    name, gone = mine.__name__, lacking(mine, theirs)
    taken = {keyword: value for keyword, value in kwargs.items() if keyword in known}
    for keyword, value in kwargs.items():
        if keyword in known:
            continue
        own = NAMES.get((name, keyword))
        if keyword not in gone:
            raise TypeError(
                f"{owner}{name}() got an unexpected keyword argument {keyword!r}; there are "
                f"{', '.join(sorted(known - {'self'}))}"
            )
        if own in known:
            if own in taken:
                raise TypeError(f"{owner}{name}() got {own!r} twice, as {keyword!r}, too")
            taken[own] = value
        elif not _says_nothing(keyword, value, gone[keyword]):
            raise NotImplementedError(f"{owner}{name}({keyword}=...) isn't built: {keyword_remedy(name, keyword)}")
    return taken


def _says_nothing(keyword: str, value: Any, default: Any) -> bool:
    """Whether a value is pandas's own default, or one that pandas does nothing about."""
    if keyword == "copy" or (keyword == "inplace" and value is False):
        return True
    return value is default or (
        isinstance(value, bool | int | str) and type(value) is type(default) and value == default
    )

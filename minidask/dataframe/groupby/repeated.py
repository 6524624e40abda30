"""Groups of a DataFrame in which columns share a label: the same work on columns that are numbered, labelled again at the end.

Place in the flow: ``DataFrame.groupby`` makes ``RepeatedGroupBy`` where labels repeat; ``grouped`` does the work. Whatever gives
columns or rows of the frame is there; what makes labels of its own of the columns' isn't.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from minidask.dataframe.collection import FrameCollection
from minidask.dataframe.columns import check_column
from minidask.dataframe.groupby.grouped import DataFrameGroupBy
from minidask.dataframe.groupby.plan import plain_pair
from minidask.dataframe.groupby.wholes import RollingGroups
from minidask.dataframe.partitionwise import partitionwise
from minidask.graph import func_name

GROUPS = frozenset((
    "all", "any", "count", "first", "idxmax", "idxmin", "kurt", "last", "max", "mean", "median", "min", "nunique", "prod",
    "quantile", "sem", "size", "skew", "std", "sum", "var",
))  # fmt: skip
"""Methods that give a row a group."""

ROWS = frozenset((
    "bfill", "cumcount", "cummax", "cummin", "cumprod", "cumsum", "diff", "ffill", "head", "pct_change", "rank",
    "shift", "tail",
))  # fmt: skip
"""Methods that give rows of the frame, or one for each of them."""

OWN = ("agg", "aggregate", "apply", "transform")

OTHERS = ("corr", "cov", "get_group", "rolling", "value_counts")


TREE = ("split_every", "split_out", "shuffle_method")
"""Keyword arguments of ``agg`` that name no result."""


class Relabelled:
    """A user's function of rows or of one column, which sees the columns' labels. pandas takes tuples for lists of functions."""

    __slots__ = ("__name__", "func", "labels")

    def __init__(self, func: Any, labels: tuple[Hashable, ...]) -> None:
        self.func = func
        self.labels = labels
        self.__name__ = func_name(func)

    def __call__(self, rows: Any, *args: Any, **kwargs: Any) -> Any:
        return self.func(WithLabels(self.labels, False)(rows), *args, **kwargs)

    def __reduce__(self) -> tuple[Any, ...]:
        return Relabelled, (self.func, self.labels)

    def __hash__(self) -> int:
        return hash((self.func, self.labels))

    def __eq__(self, other: object) -> bool:
        return type(other) is Relabelled and (other.func, other.labels) == (self.func, self.labels)


class WithLabels(NamedTuple):
    """Give columns, and with ``by_group`` the levels of an index of groups, the labels whose numbers they have.

    ``pairs``: the last level of the index has numbers of columns as well, as correlations have it.

    Examples
    --------
    >>> WithLabels(("k", "x", "x"), False)(pd.DataFrame([[5, 6]], columns=[1, 2])).columns.tolist()
    ['x', 'x']
    """

    labels: tuple[Hashable, ...]
    by_group: bool
    pairs: bool = False

    def __call__(self, made: Any) -> Any:
        if isinstance(made, pd.DataFrame):
            made = made.set_axis(self._labelled(made.columns), axis=1)
        elif isinstance(made, pd.Series):
            made = made.rename(self._label(made.name))
        if self.pairs:
            levels = [made.index.get_level_values(at) for at in range(made.index.nlevels)]
            levels[-1] = self._labelled(levels[-1])
            made = made.set_axis(pd.MultiIndex.from_arrays(levels), axis=0)
        if self.by_group:
            made = made.set_axis(made.index.set_names([self._label(name) for name in made.index.names]), axis=0)
        return made

    def _label(self, number: Any) -> Any:
        is_number = isinstance(number, int | np.integer) and not isinstance(number, bool)
        return self.labels[number] if is_number and 0 <= number < len(self.labels) else number

    def _labelled(self, columns: pd.Index) -> pd.Index:
        if columns.nlevels == 1:
            return pd.Index([self._label(number) for number in columns.tolist()], name=columns.name)
        rows = [(self._label(number), *rest) for number, *rest in columns.tolist()]
        return pd.MultiIndex.from_tuples(rows, names=columns.names)


class RepeatedGroupBy:
    """A grouped DataFrame with columns that share a label; as ``DataFrameGroupBy``, with fewer methods.

    Parameters
    ----------
    frame : DataFrame
    by
        As for ``DataFrame.groupby``; labels stand for one column each.
    options
        Its other arguments.

    Raises
    ------
    ValueError
        If a key is the label of several columns.

    Examples
    --------
    >>> import minidask.dataframe as dd
    >>> frame = dd.from_pandas(pd.DataFrame([[1, 2, 3], [1, 4, 5]], columns=["k", "x", "x"]), npartitions=2)
    >>> frame.groupby("k").sum().compute()
       x  x
    k
    1  6  8
    """

    def __init__(self, frame: Any, by: Any, **options: Any) -> None:
        self._labels = tuple(frame._meta.columns)
        numbered = frame.set_axis(range(len(self._labels)), axis=1)
        keys = [self._key(frame, key) for key in by] if isinstance(by, list) else self._key(frame, by)
        self._grouped: Any = DataFrameGroupBy(numbered, keys, **options)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of columns {list(self._labels)}>"

    def _key(self, frame: Any, key: Any) -> Any:
        if isinstance(key, pd.Grouper) and key.key is not None:
            raise NotImplementedError(
                "a Grouper with key= needs columns of different labels: rename them, or group by the column itself"
            )
        if isinstance(key, FrameCollection) and key._kind == "Series":
            places = self._places(key._meta.name)
            # A column of the frame itself is a key by label, see `resolve_keys`.
            is_own = len(places) == 1 and frame[key._meta.name]._layer.name == key._layer.name
            return places[0] if is_own else key
        if not isinstance(key, Hashable) or isinstance(key, FrameCollection) or callable(key):
            return key
        places = self._places(key)
        if len(places) > 1:
            raise ValueError(f"Grouper for {key!r} not 1-dimensional: several columns have that label; rename them")
        if not places and key not in frame._meta.index.names:
            check_column(key, frame._meta.columns)
        return places[0] if places else key

    def _places(self, label: Any) -> list[int]:
        return [at for at, other in enumerate(self._labels) if other == label]

    def __getitem__(self, key: Any) -> Any:
        wanted = key if isinstance(key, list | pd.Index) else [key]
        places = []
        for label in wanted:
            found = self._places(label)
            if not found:
                raise KeyError(f"Columns not found: {label!r}")
            places += found
        several = len(places) > 1 or isinstance(key, list | pd.Index)
        other = RepeatedGroupBy.__new__(RepeatedGroupBy)
        other.__dict__.update({**self.__dict__, "_grouped": self._grouped[places if several else places[0]]})
        return other

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} has no attribute {name!r}")
        if name in GROUPS or name in ROWS or name in OWN or name in OTHERS:
            return lambda *args, **kwargs: self._call(name, *args, **kwargs)
        if name in self._labels:
            return self[name]
        if hasattr(DataFrameGroupBy, name):
            raise NotImplementedError(
                f"groupby(...).{name} needs columns of different labels: rename them, df.set_axis([...], axis=1)"
            )
        raise AttributeError(f"{type(self).__name__!r} has no attribute {name!r}")

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self), *GROUPS, *ROWS, *OWN, *OTHERS})

    def _call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        if name in OWN:
            if name in ("agg", "aggregate") and not args and "func" not in kwargs:
                kwargs = {key: self._named(plain_pair(how)) if key not in TREE else how for key, how in kwargs.items()}
            else:
                func, *others = args if args else (kwargs.pop("func"),)
                args = (self._function(func), *others)
        elif name == "rolling":
            if kwargs.get("on") is not None:
                kwargs["on"] = self._only(kwargs["on"])
            return RepeatedRolling(self, self._grouped.rolling(*args, **kwargs))
        elif name == "value_counts" and isinstance(self._grouped, DataFrameGroupBy):
            subset = args[0] if args else kwargs.pop("subset", None)
            for label in subset or ():
                check_column(label, pd.Index(self._labels))
            places = None if subset is None else [at for label in subset for at in self._places(label)]
            args = (places, *args[1:])
        result = getattr(self._grouped, name)(*args, **kwargs)
        by_group = name not in ROWS and name not in ("transform", "get_group")
        return self._labelled(result, by_group, name in ("corr", "cov"))

    def _only(self, label: Hashable) -> int:
        """Return the number of the one column with a label."""
        check_column(label, pd.Index(self._labels))
        places = self._places(label)
        if len(places) > 1:
            raise ValueError(f"several columns have the label {label!r}: rename them, df.set_axis([...], axis=1)")
        return places[0]

    def _named(self, how: Any) -> Any:
        """Return a named aggregation of the column that has the label; of one of several pandas takes others, too."""
        is_pair = isinstance(how, tuple) and len(how) == 2 and isinstance(self._grouped, DataFrameGroupBy)
        return (self._only(how[0]), self._function(how[1])) if is_pair else self._function(how)

    def _function(self, func: Any) -> Any:
        """Return what is to be called, by the numbers of columns."""
        if isinstance(func, Mapping):
            return {at: self._function(one) for label, one in func.items() for at in self._places(label)}
        if isinstance(func, list):
            return [self._function(one) for one in func]
        return Relabelled(func, self._labels) if isinstance(func, Callable) else func  # type: ignore[arg-type]

    def _labelled(self, result: Any, by_group: bool, pairs: bool = False) -> Any:
        """Return a result with the columns' labels instead of their numbers, in the index's names as well where it has groups."""
        call = WithLabels(self._labels, by_group, pairs)
        return partitionwise("labels", call, result, meta=call(result._meta))


class RepeatedRolling:
    """Rolling windows in groups of columns that share a label; as ``RollingGroups``."""

    def __init__(self, grouped: RepeatedGroupBy, rolling: RollingGroups) -> None:
        self._grouped = grouped
        self._rolling = rolling

    def __repr__(self) -> str:
        return repr(self._rolling)

    def __getitem__(self, key: Any) -> RepeatedRolling:
        one = self._grouped[key]
        return RepeatedRolling(one, RollingGroups(one._grouped, self._rolling._window))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} has no attribute {name!r}")
        method = getattr(self._rolling, name)
        return lambda *args, **kwargs: self._grouped._labelled(method(*args, **kwargs), True)

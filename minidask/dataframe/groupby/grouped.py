"""The objects that ``groupby`` gives: groups of a DataFrame's rows, and of one column's values.

Place in the flow: ``DataFrame.groupby`` and ``Series.groupby`` make these; their methods come from mixins.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

import pandas as pd

from minidask.dataframe.collection import FrameCollection
from minidask.dataframe.columns import check_column, check_columns, unknown_column
from minidask.dataframe.groupby.counts import counted_values
from minidask.dataframe.groupby.whole import GroupCall
from minidask.dataframe.groupby.wholes import Whole
from minidask.dataframe.keywords import takes_keywords_of

_REMEDIES = {
    "describe": "use agg(['count', 'mean', 'std', 'min', 'max']), and quantile([0.25, 0.5, 0.75])",
    "nth": "use head(n + 1) or tail(n + 1), or first(skipna=False) and last(skipna=False)",
    "ngroup": "use groupby(...).size() for the groups and merge their numbers with the rows",
    "sample": "use apply with a function that samples the rows of a group",
    "resample": "group by pandas.Grouper(freq=...) beside the other keys",
    "filter": "use transform for the condition, then select rows by it",
}


class _Grouped(Whole):
    """What both kinds refuse."""

    def _missing(self, name: str) -> AttributeError:
        pandas_type = pd.api.typing.SeriesGroupBy if self._is_series() else pd.api.typing.DataFrameGroupBy
        if hasattr(pandas_type, name):
            remedy = _REMEDIES.get(
                name, "apply(func) calls a function with all rows of each group, transform(func) too, row by row"
            )
            return AttributeError(f"groupby(...).{name} isn't built in minidask: {remedy}")
        columns = [] if self._is_series() else self._frame._meta.columns
        hint = unknown_column(name, columns, "such method, and no column").args[0]
        return AttributeError(f"{type(self).__name__!r} has no attribute {name!r}: {hint}")

    def _counted(self, options: dict[str, bool], split_every: Any, split_out: Any, shuffle_method: Any) -> Any:
        """Return what ``value_counts(**options)`` gives; in several partitions, groups are counted where their rows meet."""
        if self._partitions(split_out) > 1:
            return self._grouped_call("value_counts", options, split_out, shuffle_method)
        call = GroupCall("value_counts", (), options)
        meta = call(self._two_groups(group_keys=True, as_index=self._options["as_index"])).iloc[:0]
        return self._unbinned(
            counted_values(self._gathered(shuffle_method, self._values()), options, meta, split_every)
        )

    def pipe(self, func: Any, *args: Any, **kwargs: Any) -> Any:
        """Return ``func(self, *args, **kwargs)``; with a pair ``(func, name)`` the groups are passed as that keyword argument."""
        if isinstance(func, tuple):
            func, name = func
            return func(*args, **{name: self, **kwargs})
        return func(self, *args, **kwargs)

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        """Iterate over pairs of key (a tuple if rows are grouped by a list) and the group's rows, which are lazy.

        The keys are computed once, at the beginning. Computing each group looks through all partitions: ``apply`` does all in one
        go.

        Raises
        ------
        NotImplementedError
            For bins of time.
        """
        if self._bins:
            raise NotImplementedError(
                "iterating over bins of time isn't built: use resample or agg, or the rows of a span, df.loc[start:stop]"
            )
        indexed = self._selected(type(self), self._selection)
        indexed._options = {**self._options, "as_index": True}
        for key in indexed.size().compute().index:
            # One key of a list comes as a tuple, as in pandas.
            whole = key if self._single or isinstance(key, tuple) else (key,)
            yield whole, self.get_group(whole)


@takes_keywords_of(pd.api.typing.DataFrameGroupBy)
class DataFrameGroupBy(_Grouped):
    """A grouped DataFrame: aggregations, and columns by label or attribute."""

    def _values(self) -> list[Hashable]:
        if self._selection is not None:
            return list(self._selection)
        labels = {key for key in self._by if not isinstance(key, FrameCollection)}
        return [label for label in self._frame._meta.columns if label not in labels]

    def _is_series(self) -> bool:
        return False

    def __getitem__(self, key: Any) -> Any:
        columns = self._frame._meta.columns
        if self._selection is not None:
            raise IndexError(f"columns are selected already: {self._selection!r}")
        if isinstance(key, list | tuple | pd.Index) and not (isinstance(key, tuple) and key in columns):
            if isinstance(key, tuple):
                raise ValueError(f"several columns are selected by a list, as in pandas: {list(key)!r}")
            labels = list(key)
            check_columns(labels, columns)
            return self._selected(DataFrameGroupBy, labels)
        check_column(key, columns)
        return self._selected(SeriesGroupBy, key)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or "_frame" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__!r} has no attribute {name!r}")
        if name in self._frame._meta.columns:
            return self[name]
        raise self._missing(name)

    def __dir__(self) -> list[str]:
        labels = [c for c in self._frame._meta.columns if isinstance(c, str) and c.isidentifier()]
        return sorted({*object.__dir__(self), *labels})

    def cov(
        self,
        ddof: int = 1,
        split_every: Any = None,
        split_out: Any = None,
        numeric_only: bool = False,
        shuffle_method: Any = None,
        min_periods: int | None = None,
    ) -> Any:
        """Return the covariances of the columns in each group; all rows of a group are brought together."""
        options = {"ddof": ddof, "min_periods": min_periods}
        return self._grouped_call("cov", options, split_out, shuffle_method, numeric_only)

    def corr(
        self,
        split_every: Any = None,
        split_out: Any = None,
        numeric_only: bool = False,
        shuffle_method: Any = None,
        method: str = "pearson",
        min_periods: int = 1,
    ) -> Any:
        """Return the correlations of the columns in each group; all rows of a group are brought together."""
        options = {"method": method, "min_periods": min_periods}
        return self._grouped_call("corr", options, split_out, shuffle_method, numeric_only)

    def value_counts(
        self,
        subset: Any = None,
        normalize: bool = False,
        sort: bool = True,
        ascending: bool = False,
        dropna: bool = True,
        split_every: Any = None,
        split_out: Any = None,
        shuffle_method: Any = None,
    ) -> Any:
        """Count equal rows of each group, compared by the columns ``subset`` (default: all)."""
        options = {"normalize": normalize, "sort": sort, "ascending": ascending, "dropna": dropna}
        grouped: Any = self
        if subset is not None:
            check_columns(subset, self._frame._meta.columns)
            keys = [key for key in subset if key in self._names()]
            if keys:
                raise ValueError(f"Keys {set(keys)} in subset cannot be in the groupby column keys.")
            # In the order of the columns, as pandas has it.
            grouped = self._selected(DataFrameGroupBy, [label for label in self._values() if label in subset])
        return grouped._counted(options, split_every, split_out, shuffle_method)

    def __repr__(self) -> str:
        return f"<minidask DataFrameGroupBy of {self._frame._layer.name!r} by {len(self._by)} keys>"


@takes_keywords_of(pd.api.typing.SeriesGroupBy)
class SeriesGroupBy(_Grouped):
    """A grouped Series: aggregations."""

    def _values(self) -> list[Hashable]:
        return [self._selection if self._frame._kind == "DataFrame" else 0]

    def _is_series(self) -> bool:
        return True

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} has no attribute {name!r}")
        raise self._missing(name)

    def value_counts(
        self,
        normalize: bool = False,
        sort: bool = True,
        ascending: bool = False,
        bins: Any = None,
        dropna: bool = True,
        split_every: Any = None,
        split_out: Any = None,
        shuffle_method: Any = None,
    ) -> Any:
        """Count equal values of each group; raises NotImplementedError for ``bins`` (group by a column of ``pandas.cut``)."""
        if bins is not None:
            raise NotImplementedError(
                "value_counts(bins=...) by group isn't built: make a column by map_partitions(pandas.cut, edges), and count it"
            )
        options = {"normalize": normalize, "sort": sort, "ascending": ascending, "dropna": dropna}
        return self._counted(options, split_every, split_out, shuffle_method)

    def unique(self, split_every: Any = None, split_out: Any = None, shuffle_method: Any = None) -> Any:
        """Return an array of the different values of each group, in the order of their first appearance."""
        return self._picked("unique", GroupCall("unique"), 0, split_every, split_out)

    def __repr__(self) -> str:
        return f"<minidask SeriesGroupBy of {self._frame._layer.name!r} by {len(self._by)} keys>"

"""``pivot_table``: a grid of aggregates, a row for each value of some columns and a column for each category of another.

Place in the flow: a groupby by all of these (its tree does the work), then one small step that turns the last key into columns.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, NamedTuple

import pandas as pd

from minidask.dataframe.collection import FrameCollection
from minidask.dataframe.columns import as_labels, check_columns
from minidask.dataframe.keywords import takes_keywords_of
from minidask.dataframe.meta import has_unknown_categories
from minidask.dataframe.partitionwise import partitionwise

# What a cell without rows holds where it isn't missing: sums of nothing, and how many there are.
_OF_NOTHING = {"sum": 0, "count": 0, "size": 0, "nunique": 0, "prod": 1}
AGGREGATIONS = ("mean", "sum", "count", "min", "max", "first", "last", "std", "var", "median", "prod", "nunique")


class Widen(NamedTuple):
    """Turn the last level of a groupby's index into columns, one for each category."""

    categories: Any
    name: Hashable
    single: bool
    fill: Any
    fill_value: Any = None

    def __call__(self, grouped: pd.DataFrame) -> pd.DataFrame:
        grouped = grouped.dropna(how="all")
        values = list(grouped.columns)
        index: Any = grouped.index
        keys = index.droplevel(-1).unique().sort_values()
        columns = pd.CategoricalIndex(self.categories.categories, dtype=self.categories, name=self.name)
        parts = {}
        for value in values:
            wide = grouped[value].unstack(fill_value=self.fill) if len(grouped) else pd.DataFrame(index=keys)
            options = {} if self.fill is None else {"fill_value": self.fill}
            wide = wide.reindex(columns=pd.Index(columns.astype(columns.categories.dtype)), **options)
            wide = wide.reindex(keys)
            dtype = grouped.dtypes[value]
            # As in pandas: one cell without rows makes all whole numbers floats.
            if self.fill is None and dtype.kind in "iub" and (not len(grouped) or wide.isna().any(axis=None)):
                dtype = pd.Series([], dtype="float64").dtype
            wide = wide.astype(dtype)
            parts[value] = (wide if self.fill_value is None else wide.fillna(self.fill_value)).set_axis(columns, axis=1)
        if self.single:
            return parts[values[0]]
        return pd.concat(parts, axis=1, names=[None, self.name])


@takes_keywords_of(pd.pivot_table)
def pivot_table(
    df: Any,
    index: Any,
    columns: Hashable,
    values: Any = None,
    aggfunc: str = "mean",
    fill_value: Any = None,
    margins: bool = False,
    observed: bool = False,
) -> Any:
    """Aggregate values by rows and columns of a grid.

    Parameters
    ----------
    df : DataFrame
    index : label or list of labels
        Columns whose values become the index, sorted.
    columns : label
        A categorical column of known categories; each becomes a column of the result, also those that don't occur.
    values : label or list of labels, optional
        What is aggregated; a list gives columns of two levels. Default: all numbers among the other columns.
    aggfunc : str
        ``"mean"``, ``"sum"``, ``"count"``, ``"min"``, ``"max"``, ``"first"``, ``"last"``, ``"std"``, ``"var"``, ``"median"``,
        ``"prod"`` or ``"nunique"``.
    fill_value : optional
        What stands for missing aggregates.
    margins : bool
        Only False: totals are a row and a column more, made of the computed result or of ``groupby``.
    observed : bool
        Only False: which categories occur isn't known before computing.

    The result has one partition. It is what ``pandas.pivot_table(..., observed=False)`` gives, with all categories.

    Raises
    ------
    TypeError
        If ``df`` is no DataFrame of minidask.
    KeyError
        If a column is unknown.
    ValueError
        If ``columns`` isn't categorical with known categories, or ``aggfunc`` is none of these.
    NotImplementedError
        For ``margins=True`` or ``observed=True``.

    Examples
    --------
    >>> import minidask.dataframe as dd
    >>> frame = pd.DataFrame({"day": [1, 1, 2], "kind": pd.Categorical(["a", "b", "a"]), "fare": [2.0, 4.0, 8.0]})
    >>> dd.from_pandas(frame, npartitions=2).pivot_table("day", "kind", "fare", "sum").compute()
    kind    a    b
    day
    1     2.0  4.0
    2     8.0  0.0
    """
    if not isinstance(df, FrameCollection) or df._kind != "DataFrame":
        raise TypeError(f"pivot_table takes a DataFrame of minidask, got {type(df).__name__}")
    if margins:
        raise NotImplementedError(
            "pivot_table makes no margins: their totals are df.groupby(index).agg(...) and df.groupby(columns).agg(...), small "
            "results that are put beside the computed one"
        )
    if observed:
        raise NotImplementedError(
            "pivot_table has a column for each category, as with observed=False: leave those that don't occur out before, with "
            "df[columns].cat.remove_unused_categories(), or after computing"
        )
    meta = df._meta
    if index is None or isinstance(columns, list) or columns is None:
        raise ValueError("pivot_table needs index (a label or a list of labels) and columns (one label)")
    keys = as_labels(index)
    check_columns([*keys, columns], meta.columns)
    dtype = meta[columns].dtype
    if not isinstance(dtype, pd.CategoricalDtype) or has_unknown_categories(meta[columns]):
        raise ValueError(
            f"pivot_table makes a column of each category of {columns!r}, which must be known before computing: call "
            f"df.categorize(columns=[{columns!r}]) first"
        )
    if aggfunc not in AGGREGATIONS:
        raise ValueError(f"aggfunc must be one of {', '.join(AGGREGATIONS)}, got {aggfunc!r}")
    if values is None:
        others = [label for label in meta.columns if label not in (*keys, columns)]
        wanted = [label for label in others if pd.api.types.is_numeric_dtype(meta[label].dtype)]
    else:
        wanted = list(values) if isinstance(values, tuple) and values not in meta.columns else as_labels(values)
        check_columns(wanted, meta.columns)
    if not wanted:
        raise ValueError("pivot_table has no values to aggregate: give values=")
    frame: Any = df
    grouped = getattr(frame.groupby([*keys, columns], observed=True)[wanted], aggfunc)()
    single = not isinstance(values, list | tuple) and values is not None
    call = Widen(dtype, columns, single, _OF_NOTHING.get(aggfunc), fill_value)
    return partitionwise(
        "pivot_table", call, grouped, meta=call(grouped._meta), token=tuple(call), divisions=(None, None)
    )

"""Methods that treat each value by itself, and those that filter rows: the same for ``DataFrame`` and ``Series``.

Place in the flow: a mixin; each method adds one layer through which columns pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from minidask.dataframe.collection import FrameCollection
from minidask.dataframe.columns import as_labels, check_columns
from minidask.dataframe.layers import Uses
from minidask.dataframe.meta import sample
from minidask.dataframe.partitionwise import Method, columnwise, method, partitionwise, refuse_pandas


class Elementwise(FrameCollection):
    """Elementwise methods; see pandas for what each does."""

    def abs(self) -> Any:
        """Return absolute values."""
        return method("abs", self)

    def round(self, decimals: int | Mapping[Any, int] = 0) -> Any:
        """Round to a number of decimals; for a DataFrame also ``{column: decimals}``."""
        return method("round", self, kwargs={"decimals": dict(decimals) if isinstance(decimals, Mapping) else decimals})

    def isna(self) -> Any:
        """Return True where a value is missing."""
        return method("isna", self)

    def notna(self) -> Any:
        """Return True where a value is there."""
        return method("notna", self)

    isnull = isna
    notnull = notna

    def astype(self, dtype: Any) -> Any:
        """Convert to a dtype, or columns by ``{column: dtype}``.

        Raises
        ------
        KeyError
            If a column is unknown.
        TypeError
            If pandas doesn't know a dtype.
        """
        if isinstance(dtype, Mapping):
            dtypes = dict(dtype)
            if self._kind != "DataFrame":
                raise TypeError("a Series is converted to one dtype, not to a dict of them")
            check_columns(dtypes, self._meta.columns)
            return columnwise("astype", astype_columns, self, dtypes)
        return method("astype", self, dtype)

    def fillna(self, value: Any = None, axis: Any = None) -> Any:
        """Replace missing values by a scalar, ``{column: scalar}``, or the value of a collection in the same place.

        Raises
        ------
        ValueError
            If no value is given.
        """
        if value is None:
            raise ValueError(
                "fillna needs a value: a scalar, a dict of columns and scalars, or a collection of the same rows"
            )
        if axis not in (None, 0, "index"):
            raise NotImplementedError("fillna works along the index; transpose is not available for partitions")
        if isinstance(value, pd.Series) and self._kind == "DataFrame":
            value = value.to_dict()
        if isinstance(value, FrameCollection) and value._kind == "Series" and self._kind == "DataFrame":
            return partitionwise(
                "fillna", Method("fillna"), self, value, align=False, rows=self._rows, divisions=self.divisions
            )
        refuse = not isinstance(value, FrameCollection | Mapping)
        if refuse:
            refuse_pandas("fillna", value)
        return method("fillna", self, dict(value) if isinstance(value, Mapping) else value)

    def isin(self, values: Any) -> Any:
        """Return True where a value is among ``values`` (a list, set, array, or pandas Index or Series; for a
        DataFrame also a dict).

        Raises
        ------
        TypeError
            If ``values`` is a collection (it would have to be computed first) or no list.
        """
        if isinstance(values, FrameCollection):
            raise TypeError("isin needs the values themselves: call .compute() on them first, or merge")
        if isinstance(values, set | frozenset):
            values = list(values)
        if isinstance(values, pd.Series | pd.Index) and self._kind != "DataFrame":
            values = values.tolist() if values.dtype == object else values.array
        return method("isin", self, values)

    def clip(self, lower: Any = None, upper: Any = None) -> Any:
        """Bring values below ``lower`` or above ``upper`` to these bounds (scalars)."""
        for bound in (lower, upper):
            refuse_pandas("clip", bound)
        return method("clip", self, lower, upper)

    def replace(self, to_replace: Any = None, value: Any = None, regex: Any = False) -> Any:
        """Replace values: a scalar, a list, or a dict ``{old: new}``; ``regex`` as in pandas."""
        args = (to_replace,) if value is None else (to_replace, value)
        nested = isinstance(to_replace, Mapping) and any(isinstance(each, Mapping) for each in to_replace.values())
        if self._kind == "DataFrame" and nested:
            return partitionwise("replace", Method("replace"), self, *args, kwargs={"regex": regex})
        return method("replace", self, *args, kwargs={"regex": regex})

    def where(self, cond: Any, other: Any = None) -> Any:
        """Keep values where ``cond`` (a collection of the same rows) is true, elsewhere take ``other``; default: missing."""
        return self._conditional("where", cond, other)

    def mask(self, cond: Any, other: Any = None) -> Any:
        """Keep values where ``cond`` (a collection of the same rows) is false, elsewhere take ``other``; default: missing."""
        return self._conditional("mask", cond, other)

    def _conditional(self, name: str, cond: Any, other: Any) -> Any:
        if not isinstance(cond, FrameCollection):
            raise TypeError(
                f"{name} needs a condition that is a collection of the same rows (such as df['x'] > 0), got {type(cond).__name__}"
            )
        if not isinstance(other, FrameCollection):
            refuse_pandas(name, other)
        args = (cond,) if other is None else (cond, other)
        # What pandas gives depends on values: on the sample, the condition decides to the dtype that holds both.
        metas = [sample(o._meta) if isinstance(o, FrameCollection) else o for o in args[1:]]
        mine = sample(self._meta)
        false = sample(cond._meta) & False if name == "where" else sample(cond._meta) | True
        value = getattr(mine, name)(false, *metas).iloc[:0]
        return columnwise(name, Method(name), self, *args, meta=value)

    def dropna(self, **kwargs: Any) -> Any:
        """Leave out rows with missing values; keywords (``how``, ``subset``, ``thresh``) as in pandas.

        Raises
        ------
        KeyError
            If a column of ``subset`` is unknown.
        TypeError
            For other keywords.
        """
        unknown = set(kwargs) - {"how", "subset", "thresh", "axis"}
        if unknown:
            raise TypeError(f"dropna has no keyword {sorted(unknown)[0]!r}; it has how, subset and thresh")
        if kwargs.pop("axis", 0) not in (0, "index"):
            raise NotImplementedError(
                "dropna drops rows; which columns are complete is known only after isna().any().compute()"
            )
        if self._kind != "DataFrame":
            return method("dropna", self)
        subset = kwargs.get("subset")
        if subset is None:
            return partitionwise("dropna", Method("dropna"), self, kwargs=kwargs)
        labels = as_labels(subset)
        check_columns(labels, self._meta.columns)
        kwargs["subset"] = labels
        return method("dropna", self, kwargs=kwargs, extra=frozenset(labels))

    def add_prefix(self, prefix: str) -> Any:
        """Put a prefix before column labels; for a Series, before index labels."""
        if self._kind == "DataFrame":
            return self.rename(columns={label: f"{prefix}{label}" for label in self._meta.columns})
        return self._relabelled("add_prefix", prefix)

    def add_suffix(self, suffix: str) -> Any:
        """Put a suffix behind column labels; for a Series, behind index labels."""
        if self._kind == "DataFrame":
            return self.rename(columns={label: f"{label}{suffix}" for label in self._meta.columns})
        return self._relabelled("add_suffix", suffix)

    def _relabelled(self, name: str, affix: str) -> Any:
        meta = getattr(sample(self._meta), name)(affix).iloc[:0]
        return partitionwise(name, Method(name), self, affix, meta=meta, divisions=(None,) * (self.npartitions + 1))

    def rename(self, *args: Any, **kwargs: Any) -> Any:
        """Rename; see ``DataFrame.rename`` and ``Series.rename``."""
        raise NotImplementedError("DataFrame and Series define rename")

    @property
    def index(self) -> Any:
        """The index, as a lazy ``Index``."""
        return partitionwise("index", get_index, self, cls=Uses, uses=(frozenset(),))

    def reset_index(self, drop: bool = False) -> Any:
        """Make the index a column, or drop it.

        Each partition is numbered from 0 anew, so that index values repeat and divisions are unknown.
        """
        kwargs = {"drop": drop}
        unknown = (None,) * (self.npartitions + 1)
        rows = f"reset-{self._layer.name}"
        if drop and self._kind == "DataFrame":
            return method("reset_index", self, kwargs=kwargs, divisions=unknown, rows=rows)
        return partitionwise("reset_index", Method("reset_index"), self, kwargs=kwargs, divisions=unknown, rows=rows)

    def sort_index(self, ascending: bool = True, **kwargs: Any) -> Any:
        """Sort by the index; possible for a single partition, such as the result of a reduction or groupby."""
        return one_partition("sort_index", self, kwargs={"ascending": ascending, **kwargs})


def one_partition(name: str, frame: FrameCollection, *args: Any, kwargs: Mapping[str, Any] | None = None) -> Any:
    """Return ``frame.name(...)`` where the whole is in one partition.

    Raises
    ------
    NotImplementedError
        If there are more partitions.
    """
    if frame.npartitions != 1:
        raise NotImplementedError(
            f"{name} orders all rows, which needs a shuffle that isn't built yet. For the largest or smallest rows use "
            f"nlargest/nsmallest; otherwise put the rows in one partition with .repartition(npartitions=1).{name}(...), or "
            f"call .compute() and {name} in pandas"
        )
    return partitionwise(name, Method(name), frame, *args, kwargs=kwargs, divisions=(None, None))


def astype_columns(frame: pd.DataFrame, dtypes: Mapping[Any, Any]) -> pd.DataFrame:
    """Convert those columns that are there; the optimiser may have taken others away."""
    return frame.astype({label: dtype for label, dtype in dtypes.items() if label in frame.columns})


def get_index(obj: Any) -> Any:
    """Return a pandas object's index."""
    return obj.index

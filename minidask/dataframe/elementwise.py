"""Methods that treat each value by itself, and those that filter rows: the same for ``DataFrame`` and ``Series``.

Place in the flow: a mixin; each method adds one layer through which columns pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from minidask.dataframe.calls import Method
from minidask.dataframe.categories import unknown_where_found
from minidask.dataframe.collection import FrameCollection
from minidask.dataframe.columns import as_labels, check_columns
from minidask.dataframe.layers import Uses
from minidask.dataframe.mapping import transform
from minidask.dataframe.meta import no_default, sample, tried
from minidask.dataframe.order.numbering import numbered
from minidask.dataframe.ordered import hint_categories
from minidask.dataframe.partitionwise import columnwise, method, partitionwise, with_divisions


class Settling(NamedTuple):
    """Call a method and bring columns to the dtypes that they have where a value is missing, also where none is.

    Otherwise it would depend on the partition whether 200 of ``uint8`` is 400 or 144 when it is doubled, and whether 3 is "3" or
    "3.0" as text.
    """

    name: str
    dtypes: tuple[tuple[Any, Any], ...]

    @property
    def short_name(self) -> str:
        """The method's name, for people."""
        return self.name

    def __call__(self, obj: Any, *args: Any) -> Any:
        made = getattr(obj, self.name)(*args)
        if isinstance(made, pd.Series):
            dtype = self.dtypes[0][1]
            return made if made.dtype == dtype else made.astype(dtype)
        # Of the columns some may have been left out.
        found = made.dtypes.to_dict()
        wanted = {name: dtype for name, dtype in self.dtypes if found.get(name, dtype) != dtype}
        return made.astype(wanted) if wanted else made


def _settling(name: str, before: Any, after: Any) -> Any:
    """Return the call of a method that may leave holes in columns of whole numbers or bools."""
    if isinstance(before, pd.Series):
        holes = [(before.name, after.dtype)] if _promotes(before.dtype, after.dtype) else []
    elif isinstance(before, pd.DataFrame) and before.columns.is_unique:
        kinds = zip(before.columns, before.dtypes, after.dtypes, strict=True)
        holes = [(one, then) for one, dtype, then in kinds if _promotes(dtype, then)]
    else:
        holes = []
    return Settling(name, tuple(holes)) if holes else Method(name)


def _promotes(before: Any, after: Any) -> bool:
    return isinstance(before, np.dtype) and before.kind in "iub" and after.kind in "fO"


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

        Each partition finds its own categories for ``"category"``, so that these aren't known: see ``categorize``.

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
            meta = unknown_where_found(astype_columns(self._meta, dtypes), self._meta)
            return columnwise("astype", astype_columns, self, dtypes, meta=meta)
        return method("astype", self, dtype, meta=unknown_where_found(self._meta.astype(dtype), self._meta))

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
        if not isinstance(value, Mapping):
            value = with_divisions("fillna", value, self)
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

    def clip(self, lower: Any = None, upper: Any = None, axis: Any = None) -> Any:
        """Bring values below ``lower`` or above ``upper`` to these bounds.

        Bounds are scalars, lazy ``Scalar`` or collections of the same rows; Series for a DataFrame need ``axis=0``. With
        ``axis=1`` a pandas Series or list has a bound for each column.

        Raises
        ------
        ValueError
            If a Series bounds a DataFrame without ``axis``.
        """
        bounds = [lower, upper]
        kwargs = None if axis is None else {"axis": axis}
        if self._kind == "DataFrame" and axis in (1, "columns"):
            return partitionwise("clip", Method("clip"), self, *bounds, kwargs=kwargs)
        if self._kind == "DataFrame" and axis is None and any(getattr(b, "_kind", None) == "Series" for b in bounds):
            raise ValueError(
                "clip of a DataFrame by a Series needs axis=0 (a bound for each row) or axis=1 (for each column)"
            )
        bounds = [with_divisions("clip", bound, self) for bound in bounds]
        metas = [sample(bound._meta) if isinstance(bound, FrameCollection) else bound for bound in bounds]
        # Where no value is out of bounds pandas keeps the dtype: here the bounds decide.
        with hint_categories([self]):
            meta = tried(_clipped, sample(self._meta), *metas, kwargs or {}).iloc[:0]
        return method("clip", self, *bounds, kwargs=kwargs, meta=meta)

    def replace(self, to_replace: Any = None, value: Any = no_default, regex: Any = False) -> Any:
        """Replace a scalar, a list, or a dict ``{old: new}``; ``value=None`` makes them missing; ``regex`` as in pandas."""
        args = (to_replace,) if value is no_default else (to_replace, value)
        nested = isinstance(to_replace, Mapping) and any(isinstance(each, Mapping) for each in to_replace.values())
        if self._kind == "DataFrame" and nested:
            return partitionwise("replace", Method("replace"), self, *args, kwargs={"regex": regex})
        return method("replace", self, *args, kwargs={"regex": regex})

    def where(self, cond: Any, other: Any = np.nan) -> Any:
        """Keep values where ``cond`` (a collection of the same rows) is true, elsewhere take ``other``; default: missing.

        Both may be functions of this collection.
        """
        return self._conditional("where", cond, other)

    def mask(self, cond: Any, other: Any = np.nan) -> Any:
        """Keep values where ``cond`` (a collection of the same rows) is false, elsewhere take ``other``; default: missing."""
        return self._conditional("mask", cond, other)

    def _conditional(self, name: str, cond: Any, other: Any) -> Any:
        cond, other = [v(self) if callable(v) and not isinstance(v, FrameCollection) else v for v in (cond, other)]
        if isinstance(cond, pd.DataFrame | pd.Series):
            cond = with_divisions(name, cond, self)
        if not isinstance(cond, FrameCollection):
            raise TypeError(
                f"{name} needs a condition that is a collection of the same rows (such as df['x'] > 0), got {type(cond).__name__}"
            )
        other = with_divisions(name, other, self)
        args = (cond, other)
        # What pandas gives depends on values: on the sample, the condition decides to the dtype that holds both.
        metas = [sample(o._meta) if isinstance(o, FrameCollection) else o for o in args[1:]]
        mine = sample(self._meta)
        false = sample(cond._meta) & False if name == "where" else sample(cond._meta) | True
        with hint_categories([self]):
            value = _where_decided(name, mine, false, metas).iloc[:0]
        return columnwise(name, _settling(name, self._meta, value), self, *args, meta=value)

    def transform(self, func: Any, axis: Any = 0, *args: Any, **kwargs: Any) -> Any:
        """Make new values of each column by a function of the lazy column, or by a method's name.

        Parameters
        ----------
        func : callable, str, or for a DataFrame a dict of these by column
            Gets a lazy Series, of all rows: ``lambda x: x - x.mean()`` means the mean of all of them.
        axis : 0
        *args, **kwargs
            Passed on to it.

        Raises
        ------
        ValueError
            If it doesn't return a Series of the same rows.
        NotImplementedError
            For ``axis=1`` or a list of functions.

        Examples
        --------
        >>> import minidask.dataframe as dd
        >>> s = dd.from_pandas(pd.Series([1.0, 2.0, 6.0]), npartitions=2)
        >>> s.transform(lambda x: x - x.mean()).compute().tolist()
        [-2.0, -1.0, 3.0]
        """
        return transform(self, func, axis, args, kwargs)

    def dropna(
        self,
        how: Any = no_default,
        subset: Any = None,
        thresh: Any = no_default,
        axis: Any = 0,
        ignore_index: bool = False,
    ) -> Any:
        """Leave out rows with missing values; arguments as in pandas; ``ignore_index`` numbers the rows through all partitions.

        Raises
        ------
        KeyError
            If a column of ``subset`` is unknown.
        TypeError
            If ``how`` and ``thresh`` are given both, or for a Series, which has values only.
        NotImplementedError
            For ``axis=1``.
        """
        if ignore_index:
            return numbered(self.dropna(how, subset, thresh, axis))
        if axis not in (0, "index"):
            raise NotImplementedError(
                "dropna drops rows; which columns are complete is known only after isna().any().compute()"
            )
        given = {"how": how, "thresh": thresh}
        kwargs = {name: value for name, value in given.items() if value is not no_default}
        if self._kind != "DataFrame":
            if subset is not None or "thresh" in kwargs:
                raise TypeError("dropna of a Series has no subset and no thresh: it leaves out missing values")
            return method("dropna", self)
        if subset is None:
            return partitionwise("dropna", Method("dropna"), self, kwargs=kwargs)
        labels = as_labels(subset)
        check_columns(labels, self._meta.columns)
        kwargs["subset"] = labels
        return method("dropna", self, kwargs=kwargs, extra=frozenset(labels))

    def add_prefix(self, prefix: str, axis: Any = None) -> Any:
        """Put a prefix before column labels; for a Series, or with ``axis=0``, before index labels."""
        if self._kind == "DataFrame" and axis in (None, 1, "columns"):
            return self.set_axis(self._meta.add_prefix(prefix).columns)  # type: ignore[attr-defined]
        return self._relabelled("add_prefix", prefix)

    def add_suffix(self, suffix: str, axis: Any = None) -> Any:
        """Put a suffix behind column labels; for a Series, or with ``axis=0``, behind index labels."""
        if self._kind == "DataFrame" and axis in (None, 1, "columns"):
            return self.set_axis(self._meta.add_suffix(suffix).columns)  # type: ignore[attr-defined]
        return self._relabelled("add_suffix", suffix)

    def _relabelled(self, name: str, affix: str) -> Any:
        kwargs = {"axis": 0}
        meta = getattr(sample(self._meta), name)(affix, **kwargs).iloc[:0]
        divisions = (None,) * (self.npartitions + 1)
        return partitionwise(name, Method(name), self, affix, kwargs=kwargs, meta=meta, divisions=divisions)

    def rename(self, *args: Any, **kwargs: Any) -> Any:
        """Rename; see ``DataFrame.rename`` and ``Series.rename``."""
        raise NotImplementedError("DataFrame and Series define rename")

    @property
    def index(self) -> Any:
        """The index, as a lazy ``Index``."""
        return partitionwise("index", get_index, self, cls=Uses, uses=(frozenset(),))

    @index.setter
    def index(self, labels: Any) -> None:
        raise AttributeError(
            "index can't be assigned, since labels are data of the partitions: use set_index(column or Series), or "
            "reset_index()"
        )


def _where_decided(name: str, mine: Any, false: Any, metas: list[Any]) -> Any:
    """Call ``where`` or ``mask`` on a sample of which all values are replaced.

    Categories that don't have the new value stay as they are, beside other columns: it may be that none of them is replaced.
    """
    try:
        return getattr(mine, name)(false, *metas)
    except TypeError:
        if mine.ndim == 1 or not mine.columns.is_unique:
            raise
        others = [at for at, dtype in enumerate(mine.dtypes) if not isinstance(dtype, pd.CategoricalDtype)]
        if not 0 < len(others) < mine.shape[1]:
            raise
        value = getattr(mine.iloc[:, others], name)(false, *metas)
    result = mine.copy()
    for at, place in enumerate(others):
        result.isetitem(place, value.iloc[:, at])
    return result


def _clipped(rows: Any, lower: Any, upper: Any, kwargs: Mapping[str, Any]) -> Any:
    """Clip a sample so that both bounds decide over the dtype, as they may for other values."""
    meta = rows.clip(lower, upper, **kwargs)
    for each in (lower, upper):
        if each is not None:
            # Half of a float isn't whole, and so doesn't fit among integers.
            half = isinstance(each, float | pd.Series) and getattr(each, "dtype", np.dtype(float)).kind == "f"
            meta = meta.where(meta.isna() & False, each * 0.5 if half else each, **kwargs)
    return meta


def astype_columns(frame: pd.DataFrame, dtypes: Mapping[Any, Any]) -> pd.DataFrame:
    """Convert those columns that are there; the optimiser may have taken others away."""
    return frame.astype({label: dtype for label, dtype in dtypes.items() if label in frame.columns})


def get_index(obj: Any) -> Any:
    """Return a pandas object's index."""
    return obj.index

"""The accessors ``str``, ``dt`` and ``cat`` of a Series.

Place in the flow: behind ``Series.str`` and so on. Methods and properties are pandas's own, called on each partition;
what they give is found by calling them on the empty meta. Those whose result depends on more than one partition are
refused.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pandas as pd

from minidask.dataframe.categories import as_known, as_unknown, remove_unused
from minidask.dataframe.collection import FrameCollection
from minidask.dataframe.keywords import takes_keywords_of
from minidask.dataframe.meta import empty, has_unknown_categories, sample
from minidask.dataframe.partitionwise import partitionwise, refuse_pandas


class AccessorCall(NamedTuple):
    """Call ``series.<accessor>.<name>(*args)``, or get it where it is a property.

    ``none`` is what an empty partition gives where pandas would leave out columns of a DataFrame.
    """

    accessor: str
    name: str
    is_method: bool
    none: Any = None

    @property
    def short_name(self) -> str:
        """Accessor and name, for people."""
        return f"{self.accessor}-{self.name}"

    def __call__(self, series: Any, *args: Any, **kwargs: Any) -> Any:
        if self.none is not None and not len(series):
            return self.none
        found = getattr(getattr(series, self.accessor), self.name)
        value = found(*args, **kwargs) if self.is_method else found
        if self.none is not None and not value.columns.equals(self.none.columns):
            # Of strings that are all missing pandas makes fewer columns.
            value = value.reindex(columns=self.none.columns).astype(self.none.dtypes)
        if isinstance(value, np.ndarray):
            return pd.Series(value, index=series if isinstance(series, pd.Index) else series.index, name=series.name)
        return value

    def __hash__(self) -> int:
        return hash(self[:3])

    def __eq__(self, other: object) -> bool:
        return type(other) is AccessorCall and other[:3] == self[:3] and other.none is self.none

    def __ne__(self, other: object) -> bool:
        return not self == other


class Accessor:
    """Delegate to a pandas accessor, partition by partition."""

    _accessor: ClassVar[str]
    # {name: what to do instead}
    _refused: ClassVar[dict[str, str]] = {}

    __slots__ = ("_series",)

    def __init__(self, series: FrameCollection) -> None:
        # Raises AttributeError, as pandas does, for dtypes that don't have the accessor.
        getattr(series._meta, self._accessor)
        self._series = series

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} has no attribute {name!r}")
        accessor = getattr(self._series._meta, self._accessor)
        if not hasattr(accessor, name):
            near = difflib.get_close_matches(name, dir(self))
            hint = f"; the nearest is {' or '.join(map(repr, near))}" if near else ""
            raise AttributeError(f"the {self._accessor} accessor has no attribute {name!r}{hint}")
        if name in self._refused:
            raise NotImplementedError(f"{self._accessor}.{name} {self._refused[name]}")
        self._check(name)
        if callable(getattr(type(accessor), name, None)) or callable(getattr(accessor, name)):
            return self._method(name)
        return self._partitionwise(name, (), {}, False)

    def _check(self, name: str) -> None:
        """Raise for names that this Series can't serve."""

    def _method(self, name: str) -> Callable[..., Any]:
        def method(*args: Any, **kwargs: Any) -> Any:
            return self._partitionwise(name, args, kwargs, True)

        method.__name__ = name
        method.__doc__ = f"Call pandas's Series.{self._accessor}.{name} on each partition."
        return method

    def _partitionwise(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], is_method: bool) -> Any:
        call = AccessorCall(self._accessor, name, is_method)
        for value in (*args, *kwargs.values()):
            if not isinstance(value, list):
                refuse_pandas(f"{self._accessor}.{name}", value)
        metas = [arg._meta if isinstance(arg, FrameCollection) else arg for arg in args]
        meta = empty(call(self._series._meta, *metas, **kwargs))
        if isinstance(meta, pd.DataFrame) and not len(meta.columns):
            # Without values pandas doesn't make the columns.
            meta = empty(call(sample(self._series._meta), *map(sample, metas), **kwargs))
            call = call._replace(none=meta)
        if isinstance(meta, pd.DataFrame) and list(meta.index.names) != list(self._series._meta.index.names):
            # Of no values pandas forgets the index.
            meta = meta.set_axis(self._series._meta.index[:0], axis=0)
            call = call._replace(none=meta)
        if not isinstance(meta, pd.DataFrame | pd.Series | pd.Index):
            raise NotImplementedError(
                f"{self._accessor}.{name} gives {type(meta).__name__} for the whole Series, which isn't one value a row; "
                "compute() first"
            )
        divisions = (None,) * (self._series.npartitions + 1) if isinstance(meta, pd.Index) else None
        return partitionwise(
            call.short_name, call, self._series, *args, kwargs=kwargs or None, meta=meta, divisions=divisions
        )

    def __dir__(self) -> list[str]:
        own = [
            n
            for n in dir(getattr(self._series._meta, self._accessor))
            if not n.startswith("_") and n not in self._refused
        ]
        return sorted({*own, *object.__dir__(self)})


@takes_keywords_of(pd.Series.str, "Series.str")  # type: ignore[call-overload]  # as its users have it, not as a value has
class StringAccessor(Accessor):
    """Methods of strings, as pandas's ``Series.str``."""

    _accessor = "str"
    _refused: ClassVar[dict[str, str]] = {
        "get_dummies": "makes columns of the values of all partitions: use get_dummies on a categorical, or compute() "
        "first",
    }
    __slots__ = ()

    def __getitem__(self, index: Any) -> Any:
        return self._partitionwise("__getitem__", (index,), {}, True)

    def extractall(self, pat: str, flags: int = 0) -> Any:
        """Return a row for each match of a pattern, with a column for each of its groups; the match's number is an index level.

        Divisions are unknown.
        """
        call = AccessorCall("str", "extractall", True)
        series: Any = self._series
        meta = series._meta.str.extractall(pat, flags=flags)
        unknown = (None,) * (series.npartitions + 1)
        return partitionwise(
            "str-extractall",
            call,
            series,
            pat,
            kwargs={"flags": flags},
            meta=meta,
            divisions=unknown,
            rows=f"matches-{series._rows}",
        )

    def cat(self, others: Any = None, sep: str | None = None, na_rep: str | None = None) -> Any:
        """Concatenate with the strings of other Series of the same rows; raises NotImplementedError without any."""
        series = others if isinstance(others, list) else [others]
        if others is None or not all(isinstance(each, FrameCollection) for each in series):
            raise NotImplementedError(
                "str.cat needs one lazy Series of the same rows or a list of them; for one string of all compute() "
                "first"
            )
        call = CatCall(sep, na_rep)
        return partitionwise("str-cat", call, self._series, *series, token=tuple(call))

    def split(self, pat: str | None = None, *, n: int = -1, expand: bool = False, regex: bool | None = None) -> Any:
        """Split strings into lists, or (``expand=True``, which needs ``n``) into ``n + 1`` columns."""
        return self._split("split", {"pat": pat, "n": n, "regex": regex}, expand)

    def rsplit(self, pat: str | None = None, *, n: int = -1, expand: bool = False) -> Any:
        """Split strings from the right into lists, or (``expand=True``, which needs ``n``) into ``n + 1`` columns."""
        return self._split("rsplit", {"pat": pat, "n": n}, expand)

    def _split(self, name: str, kwargs: dict[str, Any], expand: bool) -> Any:
        if not expand:
            return self._partitionwise(name, (), kwargs, True)
        if kwargs["n"] < 1:
            raise NotImplementedError(
                f"str.{name}(expand=True) needs n, the largest number of splits: it says how many columns there are"
            )
        call = SplitCall(name, tuple(kwargs.items()), kwargs["n"] + 1)
        meta = empty(call(sample(self._series._meta)))
        return partitionwise(f"str-{name}", call, self._series, meta=meta, token=tuple(call))

    def partition(self, sep: str = " ", expand: bool = True) -> Any:
        """Split strings at the first ``sep`` into three columns, or (``expand=False``) tuples."""
        return self._partitionwise("partition", (), {"sep": sep, "expand": expand}, True)


class CatCall(NamedTuple):
    """Call ``series.str.cat`` with others."""

    sep: str | None
    na_rep: str | None

    def __call__(self, series: Any, *others: Any) -> Any:
        return series.str.cat(list(others), sep=self.sep, na_rep=self.na_rep)


class SplitCall(NamedTuple):
    """Split into a fixed number of columns, whatever the values of the partition need."""

    name: str
    kwargs: tuple[tuple[str, Any], ...]
    columns: int

    def __call__(self, series: Any) -> pd.DataFrame:
        frame: pd.DataFrame = getattr(series.str, self.name)(expand=True, **dict(self.kwargs))
        frame = frame.reindex(columns=range(self.columns))
        if isinstance(series.dtype, pd.CategoricalDtype):
            return frame.astype(series.cat.categories.dtype)
        return frame.astype(series.dtype)


class DatetimeAccessor(Accessor):
    """Parts and methods of dates and times, as pandas's ``Series.dt``."""

    _accessor = "dt"
    _refused: ClassVar[dict[str, str]] = {"freq": "depends on all values; use pandas.infer_freq on a computed part"}
    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if name in ("tz", "unit"):
            # Parts of the dtype, not of the values.
            return getattr(self._series._meta.dt, name)
        return super().__getattr__(name)


class CategoricalAccessor(Accessor):
    """Categories, as pandas's ``Series.cat``."""

    _accessor = "cat"
    __slots__ = ()

    def as_known(self, **kwargs: Any) -> Any:
        """Return the Series with known categories; where they aren't, those of all partitions are computed (with ``kwargs``)."""
        return as_known(self._series, **kwargs)

    def as_unknown(self) -> Any:
        """Return the Series as one whose categories aren't known; no work."""
        return as_unknown(self._series)

    def remove_unused_categories(self) -> Any:
        """Return the Series with those categories alone that occur in some partition, which are computed for this."""
        return remove_unused(self._series)

    @property
    def known(self) -> bool:
        """Whether the categories are known before computing."""
        return not has_unknown_categories(self._series._meta)

    @property
    def categories(self) -> pd.Index:
        """The categories, a pandas Index; raises NotImplementedError where they aren't known."""
        self._check("categories")
        categories: pd.Index = self._series._meta.cat.categories
        return categories

    @property
    def ordered(self) -> bool:
        """Whether the categories are ordered."""
        return bool(self._series._meta.cat.ordered)

    def _check(self, name: str) -> None:
        if not self.known:
            raise NotImplementedError(
                f"cat.{name} needs categories that are known before computing, but each partition has found its own: "
                "call cat.as_known() (or df.categorize()) first, or convert with astype(pandas.CategoricalDtype([...]))"
            )

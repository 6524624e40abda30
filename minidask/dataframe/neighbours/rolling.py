"""``rolling``: moving windows of rows or of time, over the borders of partitions.

Each partition gets as many rows before it (and behind it, for centered windows) as a window may reach over, from as many
partitions as that takes; pandas's own windows run on them.

Place in the flow: what ``DataFrame.rolling`` and ``Series.rolling`` return. Not for: windows within groups, see ``groupby``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from minidask.dataframe.collection import FrameCollection
from minidask.dataframe.columns import check_column
from minidask.dataframe.divisions import unknown
from minidask.dataframe.keywords import takes_keywords_of
from minidask.dataframe.meta import empty
from minidask.dataframe.neighbours.context import Windowed, as_duration, side_after, side_before
from minidask.dataframe.neighbours.layer import with_neighbours
from minidask.dataframe.partitionwise import partitionwise


class Windows(NamedTuple):
    """Call a method of pandas's windows: ``frame.rolling(**options).how(*args, **kwargs)``."""

    options: tuple[tuple[str, Any], ...]
    how: str

    @property
    def short_name(self) -> str:
        """The method's name, for people."""
        return f"rolling_{self.how}"

    def __call__(self, obj: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(obj.rolling(**dict(self.options)), self.how)(*args, **kwargs)


class PairWindows(NamedTuple):
    """Covariance or correlation of the two columns of a frame in windows; the result has the name given."""

    options: tuple[tuple[str, Any], ...]
    how: str
    name: Any

    def __call__(self, frame: pd.DataFrame, **kwargs: Any) -> pd.Series:
        windows = frame.iloc[:, 0].rolling(**dict(self.options))
        result: pd.Series = getattr(windows, self.how)(frame.iloc[:, 1], **kwargs)
        return result.rename(self.name)


def pair(left: pd.Series, right: pd.Series) -> pd.DataFrame:
    """Put two Series of the same rows side by side.

    Raises
    ------
    ValueError
        If their indexes differ.
    """
    if not left.index.equals(right.index):
        raise ValueError("windows of two Series need both to have the same index")
    return pd.DataFrame({0: left.array, 1: right.array}, index=left.index)


@takes_keywords_of(pd.api.typing.Rolling)
class Rolling:
    """Moving windows over a DataFrame or Series: ``df.rolling(3).mean()``, ``df.rolling("2h")["x"].max()``.

    Parameters
    ----------
    obj : DataFrame or Series
    window : int, str, timedelta or offset
        Rows, or a duration (of an index of times that ascends).
    min_periods : int, optional
        Values that a window must have for a result; default: all of ``window``, or one for durations.
    center : bool
        Whether the row that a window belongs to is in its middle.
    win_type : str, optional
        Weights of the rows (see ``scipy.signal.windows``).
    closed : str, optional
        Which ends of a window are in it: "right", "left", "both" or "neither".

    Raises
    ------
    ValueError
        As pandas: for a negative window, a duration without an index of times, an unknown ``closed`` and the like.
    """

    def __init__(
        self,
        obj: FrameCollection,
        window: Any,
        min_periods: int | None = None,
        center: bool = False,
        win_type: str | None = None,
        closed: str | None = None,
    ) -> None:
        if isinstance(window, pd.api.indexers.BaseIndexer):
            raise NotImplementedError(
                f"rolling windows of {type(window).__name__} aren't built: their bounds depend on positions in the whole; "
                "use map_overlap with pandas's rolling inside"
            )
        if isinstance(window, np.integer):
            window = int(window)
        options = {"window": window, "min_periods": min_periods, "center": center}
        options |= {"win_type": win_type, "closed": closed}
        # pandas checks the options, on rows: without any it takes a duration for any index.
        obj._meta_nonempty.rolling(**options)
        self._obj: Any = obj
        self._options = tuple(options.items())
        self._before, self._after = _reach(window, center, closed)

    def __repr__(self) -> str:
        said = ",".join(f"{name}={value}" for name, value in self._options if value not in (None, False))
        return f"Rolling [{said}]"

    def __getitem__(self, key: Any) -> Rolling:
        return Rolling(self._obj[key], **dict(self._options))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if self._obj._kind == "DataFrame" and name in self._obj._meta.columns:
            return self[name]
        if hasattr(self._obj._meta.rolling(**dict(self._options)), name):
            raise AttributeError(
                f"rolling(...).{name} isn't built in minidask; call .compute() first, or use map_overlap with pandas's "
                "rolling inside"
            )
        raise AttributeError(f"'Rolling' object has no attribute {name!r}")

    def _call(self, how: str, *args: Any, through: bool = True, **kwargs: Any) -> Any:
        obj = self._obj
        if how in ("std", "var") and dict(self._options)["win_type"] is not None:
            raise NotImplementedError(
                f"rolling(..., win_type=...).{how} isn't built: pandas's result for a row depends on the row's position in the "
                "whole; sum and mean are there"
            )
        call = Windowed(Windows(self._options, how), args, tuple(kwargs.items()))
        # The sample has rows, so that a function that fails fails here.
        meta = empty(call(obj._meta_nonempty if how == "agg" else obj._meta, None, None))
        return self._collect(obj, call, meta, (how, args, kwargs), through)

    def _collect(self, obj: Any, call: Any, meta: Any, token: Any, through: bool) -> Any:
        before, after = side_before(obj, self._before), side_after(obj, self._after)
        keeps = meta.index.nlevels == obj._meta.index.nlevels
        return with_neighbours(
            "rolling",
            obj,
            call,
            before,
            after,
            (self._options, token),
            meta,
            divisions=None if keeps else unknown(obj.npartitions),
            keeps_rows=keeps,
            through=through,
        )

    def apply(
        self,
        func: Callable[..., Any],
        raw: bool = False,
        engine: str | None = None,
        engine_kwargs: Mapping[str, Any] | None = None,
        args: tuple[Any, ...] | None = None,
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return ``func(window)`` for each window: of a Series, or (``raw``) of an array; it returns a number."""
        if not callable(func):
            raise TypeError(f"rolling(...).apply takes a function, got {type(func).__name__}: {func!r:.80}")
        options: dict[str, Any] = {"raw": raw, "engine": engine, "engine_kwargs": engine_kwargs}
        options |= {"args": args, "kwargs": None if kwargs is None else dict(kwargs)}
        return self._call("apply", func, **options)

    def aggregate(self, func: Any, *args: Any, **kwargs: Any) -> Any:
        """Return several statistics: a name, a function, a list of these, or ``{column: these}``.

        Raises
        ------
        KeyError
            If a column is unknown.
        """
        if isinstance(func, Mapping):
            if self._obj._kind == "DataFrame":
                for label in func:
                    check_column(label, self._obj._meta.columns)
            func = dict(func)
        return self._call("agg", func, *args, through=False, **kwargs)

    agg = aggregate

    def cov(self, other: Any = None, pairwise: bool | None = None, ddof: int = 1, numeric_only: bool = False) -> Any:
        """Return the covariance with another Series of the same rows, or of all pairs of columns."""
        return self._pairs("cov", other, pairwise, ddof, numeric_only)

    def corr(self, other: Any = None, pairwise: bool | None = None, ddof: int = 1, numeric_only: bool = False) -> Any:
        """Return the correlation with another Series of the same rows, or of all pairs of columns."""
        return self._pairs("corr", other, pairwise, ddof, numeric_only)

    def _pairs(self, how: str, other: Any, pairwise: bool | None, ddof: int, numeric_only: bool) -> Any:
        kwargs = {"ddof": ddof, "numeric_only": numeric_only}
        if other is None:
            return self._call(how, None, pairwise, through=False, **kwargs)
        kinds = self._obj._kind, getattr(other, "_kind", None)
        if kinds != ("Series", "Series"):
            raise NotImplementedError(
                f"rolling(...).{how} of a {kinds[0]} with a {type(other).__name__} isn't built: take two Series, "
                f"df['x'].rolling(...).{how}(df['y']), or leave out other for all pairs of columns"
            )
        both = partitionwise("pair", pair, self._obj, other)
        name = self._obj.name if self._obj.name == other.name else None
        call = Windowed(PairWindows(self._options, how, name), (), tuple(kwargs.items()))
        return self._collect(both, call, empty(call(both._meta, None, None)), (how, kwargs, name), through=False)


def _reach(window: Any, center: bool, closed: str | None) -> tuple[Any, Any]:
    """Return what windows reach over in front of and behind a row at most: rows, or a duration."""
    if isinstance(window, int):
        behind = (window - 1) // 2 if center and window else 0
        # Windows closed on the left begin one row earlier.
        return max(window - behind - (closed not in ("left", "both")), 0), behind
    duration = as_duration(window)
    # Times in the middle of a window look half as far, rounded by pandas; the whole is on the safe side.
    return duration, duration if center else pd.Timedelta(0)


def _make(how: str, what: str, parameters: Mapping[str, Any]) -> Callable[..., Any]:
    """Make a method that passes its parameters on; None stands for what pandas does without."""

    def method(self: Rolling, *args: Any, **kwargs: Any) -> Any:
        if len(args) > len(parameters):
            raise TypeError(f"{how}() takes at most {len(parameters)} positional arguments, got {len(args)}")
        given = dict(zip(parameters, args, strict=False))
        for name in kwargs:
            if name in given:
                raise TypeError(f"{how}() got multiple values for argument {name!r}")
            if name not in parameters and name not in ("numeric_only", "engine", "engine_kwargs"):
                raise TypeError(f"{how}() got an unexpected keyword argument {name!r}")
        return self._call(how, **{**parameters, **given, **kwargs})

    method.__name__ = how
    method.__doc__ = f"Return {what} of each window, missing where it has fewer values than ``min_periods``."
    return method


for _how, _what, _parameters in (
    ("sum", "the sum", {}),
    ("mean", "the mean", {}),
    ("min", "the smallest value", {}),
    ("max", "the greatest value", {}),
    ("median", "the median", {}),
    ("skew", "the skewness", {}),
    ("kurt", "the kurtosis", {}),
    ("count", "the number of values", {}),
    ("std", "the standard deviation (``ddof=1``)", {"ddof": 1}),
    ("var", "the variance (``ddof=1``)", {"ddof": 1}),
    ("sem", "the standard error of the mean (``ddof=1``)", {"ddof": 1}),
    ("quantile", "a quantile (``q``, ``interpolation``)", {"q": None, "interpolation": "linear"}),
):
    setattr(Rolling, _how, _make(_how, _what, _parameters))

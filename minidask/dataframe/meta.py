"""Meta: the empty pandas object that says what each partition looks like.

What an operation gives is found by running it on the empty meta, or, where pandas needs values to decide, on a *sample*: two rows
of made-up values of the right dtypes.

Place in the flow: collections compute their meta when they are made, so that mistakes are reported where they are made.
Not for: looking at real data.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from minidask.dataframe.arrow_types import sample_arrow_array

OBJECT = np.dtype(object)
# What objects are taken for where an operation refuses texts.
OBJECTS = ([Decimal(1)] * 2, [datetime.date(2000, 1, 3), datetime.date(2000, 1, 4)])
# The category of a categorical whose categories are only known once the partitions are there.
UNKNOWN_CATEGORIES = "__UNKNOWN_CATEGORIES__"


class NoDefault:
    """Stand for a keyword argument that was not given, where None means something."""

    def __repr__(self) -> str:
        return "<no default>"


no_default = NoDefault()


def empty(obj: Any) -> Any:
    """Return a pandas object without its rows; anything else as it is."""
    if isinstance(obj, pd.DataFrame | pd.Series):
        return obj.iloc[:0]
    return obj[:0] if isinstance(obj, pd.Index) else obj


def make_meta(spec: Any, index: pd.Index | None = None) -> Any:
    """Return the meta that a user's description means.

    Parameters
    ----------
    spec : pandas object, collection, dict, iterable of (name, dtype), tuple (name, dtype), dtype or scalar
        A dict or a list of pairs describes a DataFrame, a pair ``(name, dtype)`` a Series, a pandas object is taken without its
        rows, a collection stands for its own meta, and a plain scalar describes a scalar of its type.
    index : pandas.Index, optional
        The index that described frames and series get.

    Raises
    ------
    TypeError
        If it is none of these.

    Examples
    --------
    >>> make_meta({"x": "int64", "y": "float64"}).dtypes.tolist()
    [dtype('int64'), dtype('float64')]
    >>> make_meta(("x", "int64"))
    Series([], Name: x, dtype: int64)
    """
    index = None if index is None else index[:0]
    # A collection means: like this one.
    spec = getattr(spec, "_meta", spec)
    if isinstance(spec, pd.DataFrame | pd.Series | pd.Index):
        return empty(spec)
    if isinstance(spec, Mapping):
        return pd.DataFrame({name: _empty_column(dtype, index) for name, dtype in spec.items()}, index=index)
    if isinstance(spec, tuple) and len(spec) == 2 and not isinstance(spec[0], tuple):
        return _empty_column(spec[1], index).rename(spec[0])
    if isinstance(spec, str | type | np.dtype | pd.api.extensions.ExtensionDtype):
        return _empty_column(spec, index)
    if isinstance(spec, Iterable):
        pairs = list(spec)
        if all(isinstance(pair, tuple) and len(pair) == 2 for pair in pairs):
            return make_meta(dict(pairs), index)
    if pd.api.types.is_scalar(spec):
        return spec
    raise TypeError(
        "meta must be an empty pandas object, a dict or list of pairs of names and dtypes (a DataFrame), a pair of name and "
        f"dtype (a Series), or a scalar; got {type(spec).__name__}: {spec!r:.80}"
    )


def _empty_column(dtype: Any, index: pd.Index | None) -> pd.Series:
    return pd.Series([], dtype=dtype, index=index)


def sample(meta: Any) -> Any:
    """Return two rows that fit the meta.

    Examples
    --------
    >>> sample(pd.DataFrame({"x": pd.Series([], dtype="int64")}))
       x
    0  1
    1  1
    """
    if isinstance(meta, pd.DataFrame):
        index = _sample_index(meta.index)
        columns = {at: pd.Series(sample_array(dtype), dtype=dtype) for at, dtype in enumerate(meta.dtypes)}
        frame = pd.DataFrame(columns, index=pd.RangeIndex(2))
        return frame.set_axis(meta.columns, axis=1).set_axis(index, axis=0)
    if isinstance(meta, pd.Series):
        return pd.Series(sample_array(meta.dtype), dtype=meta.dtype, index=_sample_index(meta.index), name=meta.name)
    if isinstance(meta, pd.Index):
        return _sample_index(meta)
    return meta


def _sample_index(index: pd.Index) -> pd.Index:
    if isinstance(index, pd.RangeIndex):
        return pd.RangeIndex(2, name=index.name)
    if isinstance(index, pd.MultiIndex):
        arrays = [sample_array(level.dtype) for level in index.levels]
        return pd.MultiIndex.from_arrays(arrays, names=index.names)
    return pd.Index(sample_array(index.dtype), dtype=index.dtype, name=index.name)


@lru_cache(256)
def sample_array(dtype: Any) -> Any:
    """Return an array of two values of a dtype; the same one each time, not to be changed."""
    if isinstance(dtype, pd.CategoricalDtype):
        values = dtype.categories[:1].tolist() * 2 or [None, None]
        return pd.Categorical(values, dtype=dtype)
    kind = getattr(dtype, "kind", "O")
    if isinstance(dtype, pd.StringDtype):
        return pd.array(["a", "b"], dtype=dtype)
    if isinstance(dtype, pd.ArrowDtype) and kind not in "biufU":
        return sample_arrow_array(dtype)
    if isinstance(dtype, pd.PeriodDtype):
        return pd.period_range("2000-01-01", periods=2, freq=dtype.freq).array
    if isinstance(dtype, pd.IntervalDtype):
        return pd.interval_range(0, 2, closed=dtype.closed or "right").astype(dtype).array
    if kind == "M":
        return (
            pd.Series(pd.to_datetime(["2000-01-03", "2000-01-04"]).tz_localize(getattr(dtype, "tz", None)))
            .astype(dtype)
            .array
        )
    if kind == "m":
        return pd.Series(pd.to_timedelta([1, 2], unit="D")).astype(dtype).array
    if kind == "b":
        return pd.array([True, True], dtype=dtype)
    if kind in "iufc":
        return pd.array([1, 1], dtype=dtype)
    if kind == "O" and isinstance(dtype, np.dtype):
        return np.array(["a", "b"], dtype=object)
    return pd.array(["a", "b"], dtype=dtype)


def tried(func: Any, *samples: Any) -> Any:
    """Return what a function makes of samples; columns of objects, texts at first, are numbers or dates where it refuses texts.

    Raises
    ------
    Exception
        What the function raised for texts, if it refuses the others, too.

    Examples
    --------
    >>> prices = sample(pd.Series([], dtype=object))
    >>> tried(pd.Series.mean, prices)
    np.float64(1.0)
    """
    try:
        return func(*samples)
    except (TypeError, ValueError):
        if not any(_holds_objects(each) for each in samples):
            raise
        for values in OBJECTS:
            try:
                return func(*[_with_objects(each, values) for each in samples])
            except (TypeError, ValueError, ArithmeticError):
                # Neither numbers nor dates are what it needs: the error for texts is raised in the end.
                continue
        raise


def _holds_objects(obj: Any) -> bool:
    if isinstance(obj, pd.DataFrame):
        return bool((obj.dtypes == OBJECT).any())
    return isinstance(obj, pd.Series) and obj.dtype == OBJECT


def _with_objects(obj: Any, values: list[Any]) -> Any:
    if not _holds_objects(obj):
        return obj
    if isinstance(obj, pd.Series):
        return pd.Series(values, dtype=object, index=obj.index, name=obj.name)
    obj = obj.copy()
    for at, dtype in enumerate(obj.dtypes):
        if dtype == OBJECT:
            obj.isetitem(at, np.array(values, dtype=object))
    return obj


def emulate(what: str, func: Any, *args: Any, **kwargs: Any) -> Any:
    """Return the meta of a user's function by calling it on samples.

    Raises
    ------
    ValueError
        If the function fails on the sample; the function's own error is the cause.
    """
    try:
        with np.errstate(all="ignore"):
            value = func(*[sample(arg) for arg in args], **kwargs)
    except Exception as error:
        raise ValueError(
            f"the result of {what} could not be inferred: calling the function on two made-up rows raised "
            f"{type(error).__name__}: {error}. Say what it returns with meta=, such as meta=('name', 'float64') for a "
            "Series or meta={'x': 'int64'} for a DataFrame."
        ) from error
    return _unless_objects_decide(empty(value), func, args, kwargs)


def _unless_objects_decide(meta: Any, func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Declare objects where a function gives texts for objects that are texts, but something else for numbers or dates."""
    texts = _texts(meta)
    if not texts or not any(_holds_objects(arg) for arg in args):
        return meta
    for values in OBJECTS:
        try:
            with np.errstate(all="ignore"):
                other = empty(func(*[_with_objects(sample(arg), values) for arg in args], **kwargs))
        except Exception:  # noqa: S112 - a function of texts may fail in any way with what is none
            continue
        if type(other) is not type(meta) or other.shape[1:] != meta.shape[1:]:
            continue
        others = [at for at in texts if (other if other.ndim == 1 else other.iloc[:, at]).dtype != _dtype_at(meta, at)]
        meta = _as_objects(meta, others)
        texts = [at for at in texts if at not in others]
    return meta


def _texts(meta: Any) -> list[int]:
    """Return the places of columns of texts."""
    if not isinstance(meta, pd.DataFrame | pd.Series):
        return []
    dtypes = [meta.dtype] if isinstance(meta, pd.Series) else [*meta.dtypes]
    return [at for at, dtype in enumerate(dtypes) if isinstance(dtype, pd.StringDtype)]


def _dtype_at(meta: Any, at: int) -> Any:
    return meta.dtype if meta.ndim == 1 else meta.dtypes.iloc[at]


def _as_objects(meta: Any, places: Sequence[int]) -> Any:
    if not places:
        return meta
    if isinstance(meta, pd.Series):
        return meta.astype(object)
    meta = meta.copy()
    for at in places:
        meta.isetitem(at, meta.iloc[:, at].astype(object))
    return meta


def describe_difference(declared: Any, actual: Any) -> str | None:
    """Return how a partition differs from its meta in kind, names, columns or kinds of values, None if it doesn't.

    Dtypes of one kind may differ, since pandas lets them depend on values: numbers of any sort, texts of any sort. A message
    about columns lists them with both dtypes.

    Examples
    --------
    >>> meta = pd.DataFrame({"x": pd.Series([], dtype="int64")})
    >>> describe_difference(meta, pd.DataFrame({"y": [1]}))
    "columns: 'x' declared int64, actual missing; 'y' declared missing, actual int64"
    >>> describe_difference(meta, pd.DataFrame({"x": ["a"]}))
    "columns: 'x' declared int64, actual str"
    """
    if isinstance(declared, pd.DataFrame):
        if not isinstance(actual, pd.DataFrame):
            return f"declared a DataFrame, actual {type(actual).__name__}"
        if declared.columns.equals(actual.columns):
            pairs = zip(declared.columns, declared.dtypes, actual.dtypes, strict=True)
            rows = [
                f"{label!r} declared {left}, actual {right}"
                for at, (label, left, right) in enumerate(pairs)
                if left is not right and _contradict(left, right) and actual.iloc[:, at].notna().any()
            ]
            return "columns: " + "; ".join(rows) if rows else None
        left, right = dict(declared.dtypes.items()), dict(actual.dtypes.items())
        rows = [
            f"{label!r} declared {left.get(label, 'missing')}, actual {right.get(label, 'missing')}"
            for label in dict.fromkeys([*left, *right])
            if (label in left) != (label in right)
        ]
        if not rows:
            return f"the order of the columns: declared {list(declared.columns)}, actual {list(actual.columns)}"
        return "columns: " + "; ".join(rows)
    if isinstance(declared, pd.Series):
        if not isinstance(actual, pd.Series):
            return f"declared a Series, actual {type(actual).__name__}"
        if not _same_name(declared.name, actual.name):
            return f"the name: declared {declared.name!r}, actual {actual.name!r}"
        if _contradict(declared.dtype, actual.dtype) and actual.notna().any():
            return f"the dtype: declared {declared.dtype}, actual {actual.dtype}"
    if isinstance(declared, pd.Index) and not isinstance(actual, pd.Index):
        return f"declared an Index, actual {type(actual).__name__}"
    return None


def _contradict(declared: Any, actual: Any) -> bool:
    """Whether values of these dtypes can't come of the same operation; objects and unknown categories may be anything."""
    kinds = {_kind_of_values(declared), _kind_of_values(actual)} - {None}
    return len(kinds) > 1


def _kind_of_values(dtype: Any) -> str | None:
    if isinstance(dtype, pd.CategoricalDtype):
        return None if UNKNOWN_CATEGORIES in dtype.categories else _kind_of_values(dtype.categories.dtype)
    if isinstance(dtype, pd.StringDtype):
        return "texts"
    kind = getattr(dtype, "kind", "O")
    return "numbers" if kind in "biufc" else {"M": "dates", "m": "durations"}.get(kind)


def _same_name(left: Any, right: Any) -> bool:
    return left == right or (left != left and right != right)


def has_unknown_categories(meta: Any) -> bool:
    """Whether a Series or Index is categorical and its categories aren't known yet."""
    dtype = getattr(meta, "dtype", None)
    return isinstance(dtype, pd.CategoricalDtype) and UNKNOWN_CATEGORIES in dtype.categories

"""Text and numbers to dates, durations and numbers: ``to_datetime``, ``to_timedelta``, ``to_numeric``; and ``isna``, ``notna``.

Place in the flow: public functions; values in memory are passed on to pandas.

The format of dates is guessed by pandas from the first value of the whole. Here, too: that value is passed on from partition to
partition (``FirstValues``), so that no partition takes for a day what another takes for a month.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import pandas as pd
from pandas.tseries.api import guess_datetime_format

from minidask.collection import is_dask_collection
from minidask.dataframe.collection import FrameCollection, new_collection
from minidask.dataframe.keywords import takes_keywords_of
from minidask.dataframe.layers import FrameLayer, frame_layer
from minidask.dataframe.meta import empty, make_meta, no_default
from minidask.dataframe.partitionwise import partitionwise
from minidask.graph import Key, Layer, Task, TaskRef
from minidask.tokenize import quick_token


class FirstValues(Layer):
    """Block ``i`` is the first value that isn't missing in the partitions 0 to ``i``, None if there is none."""

    __slots__ = ()

    def __init__(self, name: str, source: Layer) -> None:
        super().__init__(name, (source,), source.numblocks)

    def lower(self, wanted: Collection[Key] | None = None) -> dict[Key, Task]:
        source = self.inputs[0]
        places = [at for at in range(self.numblocks[0]) if wanted is None or (self.name, at) in wanted]
        # Each needs those before it.
        tasks: dict[Key, Task] = {}
        for at in range(max(places, default=-1) + 1):
            before = (TaskRef((self.name, at - 1)),) if at else ()
            tasks[(self.name, at)] = Task(first_value, (TaskRef(source.key_at((at,))), *before))
        return tasks


def first_value(values: Any, before: Any = None) -> Any:
    """Return the first value that isn't missing, unless there was one before.

    >>> first_value(pd.Series([None, "b", "c"])), first_value(pd.Series(["b"]), "a")
    ('b', 'a')
    """
    if before is not None:
        return before
    present = values[values.notna()]
    return None if not len(present) else present.iloc[0] if isinstance(present, pd.Series) else present[0]


class Convert(NamedTuple):
    """Call a function of pandas by name: ``to_datetime`` and the like."""

    name: str

    @property
    def short_name(self) -> str:
        """The function's name, for people."""
        return self.name

    def __call__(self, values: Any, **options: Any) -> Any:
        return getattr(pd, self.name)(values, **options)


def parse_dates(values: Any, first: Any, dayfirst: bool = False, **options: Any) -> Any:
    """Return dates of text in the format that ``first`` seems to have.

    >>> parse_dates(pd.Series(["03/04/2020"]), "25/12/2019", dayfirst=True).dt.day.tolist()
    [3]
    """
    form = guess_datetime_format(first, dayfirst=dayfirst) if isinstance(first, str) else None
    return pd.to_datetime(values, format=form, dayfirst=dayfirst, **options)


def to_datetime(arg: Any, meta: Any = no_default, **options: Any) -> Any:
    """Convert text or numbers to dates.

    Parameters
    ----------
    arg : Series, Index, or DataFrame of columns year, month, day, ...
        Anything in memory is passed on to ``pandas.to_datetime``.
    meta : optional
        What comes out, such as ``("when", "datetime64[us, UTC]")``; default: found on an example.
    **options
        ``errors``, ``dayfirst``, ``yearfirst``, ``utc``, ``format``, ``exact``, ``unit``, ``origin``, ``cache`` as in pandas.

    Raises
    ------
    TypeError, ValueError
        For options that pandas refuses; values that aren't dates raise when computed (``errors="coerce"`` makes them missing).

    Examples
    --------
    >>> import minidask.dataframe as dd
    >>> s = dd.from_pandas(pd.Series(["25/12/2019", "03/04/2020"]), npartitions=2)
    >>> dd.to_datetime(s, dayfirst=True).dt.month.compute().tolist()
    [12, 4]
    """
    if not isinstance(arg, FrameCollection):
        return pd.to_datetime(arg, **options)
    if arg._kind == "Scalar":
        raise TypeError("to_datetime takes a Series, Index or DataFrame: call .compute() on a Scalar first")
    found = _date_meta(arg._meta, options) if meta is None or meta is no_default else make_meta(meta, _index(arg._meta))
    guesses = arg._kind != "DataFrame" and options.get("format") is None and options.get("unit") is None
    divisions = (None,) * (arg.npartitions + 1) if arg._kind == "Index" else None
    if not (guesses and _is_text(arg._meta)):
        return partitionwise(
            "to_datetime", Convert("to_datetime"), arg, kwargs=options or None, meta=found, divisions=divisions
        )
    options.pop("format", None)
    options.pop("unit", None)
    first = FirstValues(f"first-value-{quick_token('first-value', arg._layer.name)}", arg._layer)
    layer = frame_layer(FrameLayer, "to_datetime", parse_dates, [arg._layer, first], options or None, found)
    return new_collection(layer, found, divisions or arg._divisions, arg._rows)


def _date_meta(meta: Any, options: Mapping[str, Any]) -> Any:
    if isinstance(meta, pd.DataFrame):
        parts = {
            label: pd.Series([2000 if str(label).lower().startswith("year") else 1], dtype="int64") for label in meta
        }
        example = pd.to_datetime(pd.DataFrame(parts), **options)
        return pd.Series([], dtype=example.dtype, index=meta.index[:0])
    if _is_text(meta):
        form = options.get("format")
        one: Any = "2000-01-01"
        if options.get("unit") is not None:
            one = 1
        elif isinstance(form, str) and form not in ("mixed", "ISO8601"):
            one = pd.Timestamp(one, tz="UTC" if "%z" in form or "%Z" in form else None).strftime(form)
        dtype = pd.to_datetime(pd.Series([one]), **options).dtype
    else:
        dtype = pd.to_datetime(pd.Series([], dtype=meta.dtype), **options).dtype
    return _with_dtype(meta, dtype)


def _with_dtype(meta: Any, dtype: Any) -> Any:
    if isinstance(meta, pd.Index):
        return pd.Index([], dtype=dtype, name=meta.name)
    return pd.Series([], dtype=dtype, index=meta.index[:0], name=meta.name)


def _is_text(meta: Any) -> bool:
    return isinstance(meta.dtype, pd.StringDtype) or str(meta.dtype) == "object"


def _index(meta: Any) -> Any:
    return meta if isinstance(meta, pd.Index) else meta.index


def to_timedelta(arg: Any, unit: str | None = None, errors: str = "raise") -> Any:
    """Convert text or numbers of ``unit`` to durations.

    Parameters
    ----------
    arg : Series or Index
        Anything in memory is passed on to ``pandas.to_timedelta``.
    unit, errors
        As in pandas.

    Examples
    --------
    >>> import minidask.dataframe as dd
    >>> dd.to_timedelta(dd.from_pandas(pd.Series([1, 2]), npartitions=2), unit="h").sum().compute()
    Timedelta('0 days 03:00:00')
    """
    if not isinstance(arg, FrameCollection):
        return pd.to_timedelta(arg, unit=unit, errors=errors)  # type: ignore[call-overload]
    _check_kind("to_timedelta", arg)
    one: Any = pd.Series(["1h"], dtype=arg._meta.dtype) if _is_text(arg._meta) else arg._meta
    meta = _with_dtype(arg._meta, pd.to_timedelta(one, unit=unit, errors=errors).dtype)  # type: ignore[call-overload]
    return _by_parts("to_timedelta", arg, meta, {"unit": unit, "errors": errors})


@takes_keywords_of(pd.to_numeric)
def to_numeric(arg: Any, errors: str = "raise", downcast: str | None = None, meta: Any = no_default) -> Any:
    """Convert text to numbers.

    Parameters
    ----------
    arg : Series or Index
        Anything in memory is passed on to ``pandas.to_numeric``.
    errors, downcast
        As in pandas.
    meta : optional
        What comes out; default: floats for text (whole numbers alone become integers when computed, as in pandas).

    Examples
    --------
    >>> import minidask.dataframe as dd
    >>> dd.to_numeric(dd.from_pandas(pd.Series(["1", "2.5"]), npartitions=2)).sum().compute()
    np.float64(3.5)
    """
    if not isinstance(arg, FrameCollection):
        return pd.to_numeric(arg, errors=errors, downcast=downcast)  # type: ignore[call-overload]
    _check_kind("to_numeric", arg)
    if errors not in ("raise", "coerce") or downcast not in (None, "integer", "signed", "unsigned", "float"):
        # pandas says which values there are.
        pd.to_numeric(pd.Series([1]), errors=errors, downcast=downcast)  # type: ignore[call-overload]
    if meta is not None and meta is not no_default:
        found = make_meta(meta, _index(arg._meta))
    else:
        found = _with_dtype(arg._meta, "float64") if _is_text(arg._meta) else empty(pd.to_numeric(arg._meta))
    return _by_parts("to_numeric", arg, found, {"errors": errors, "downcast": downcast})


def _check_kind(name: str, arg: FrameCollection) -> None:
    if arg._kind not in ("Series", "Index"):
        raise TypeError(f"{name} takes a Series or Index, got a {arg._kind}: apply it to one column after the other")


def _by_parts(name: str, arg: FrameCollection, meta: Any, options: Mapping[str, Any]) -> Any:
    divisions = (None,) * (arg.npartitions + 1) if arg._kind == "Index" else None
    return partitionwise(name, Convert(name), arg, kwargs=options, meta=meta, divisions=divisions)


@takes_keywords_of(pd.isna)
def isna(arg: Any) -> Any:
    """Return where values are missing: lazily for collections, at once (as pandas) for anything else."""
    return arg.isna() if is_dask_collection(arg) else pd.isna(arg)


@takes_keywords_of(pd.notna)
def notna(arg: Any) -> Any:
    """Return where values are there: lazily for collections, at once (as pandas) for anything else."""
    return arg.notna() if is_dask_collection(arg) else pd.notna(arg)

"""Medians and quantiles: exact by two passes, or approximate in one.

Place in the flow: a mixin of ``DataFrame`` and ``Series``; ``describe`` uses it too. The algorithms are in ``ranks`` (exact, and
the approximation by samples) and ``tdigest``; ``asked`` says what the result is.

Exact, in layers: each partition gives its columns' values and draws some of them; a tree makes brackets of these; each partition
gives what it has in the brackets; a tree picks the values, or makes brackets that can't be missed, and so once more. The columns'
values (8 bytes each) are held meanwhile, spread over the partitions' tasks; never are they in one place.

Invariant: what is exact equals pandas over the whole, whatever the partitions.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from minidask.dataframe.arrow_types import as_times
from minidask.dataframe.collection import FrameCollection, new_collection
from minidask.dataframe.layers import FrameLayer, Uses, frame_layer
from minidask.dataframe.meta import empty, sample
from minidask.dataframe.reductions import ranks, tdigest
from minidask.dataframe.reductions.asked import Column, Median, Quantiles, check_interpolation, check_q
from minidask.dataframe.reductions.base import Reducing, by_columns, check_flag
from minidask.dataframe.reductions.moments import columns_of
from minidask.dataframe.reductions.tree import fan_in, reduce_partitions
from minidask.graph import tree_reduction

METHODS = ("default", "exact", "dask", "tdigest")
# Samples a partition for the approximation: quantiles are off by a thousandth of the rows at most.
SAMPLES = 1024


class TakeColumns(NamedTuple):
    """Take the values that are there of each column of a partition; dates as integers of their dtype's unit."""

    columns: tuple[Column, ...]

    def __call__(self, obj: Any) -> list[ranks.Values]:
        return [_values(series, column.dtype) for series, column in zip(columns_of(obj), self.columns, strict=True)]


def _values(series: pd.Series, dtype: Any) -> ranks.Values:
    there = series.dropna()
    if dtype.kind in "mM":
        values = as_times(there.astype(dtype)).astype("int64").to_numpy()
    elif isinstance(there.dtype, np.dtype):
        values = there.to_numpy()
    else:
        values = there.to_numpy(dtype=getattr(there.dtype, "numpy_dtype", None))
        if values.dtype.kind == "f":
            # Masked floats may hold NaN besides their nulls.
            values = values[~np.isnan(values)]
    return ranks.Values(values, len(series) - len(values))


def draw(columns: list[ranks.Values]) -> list[ranks.Samples]:
    """Draw samples of each column."""
    return [ranks.sample_values(column) for column in columns]


def join_sampled(parts: list[list[ranks.Samples]]) -> list[ranks.Samples]:
    """Join the samples of each column."""
    return [ranks.join_samples(list(column)) for column in zip(*parts, strict=True)]


class Search(NamedTuple):
    """Where the search in one column stands: what was found, and the brackets of the ranks that weren't yet."""

    n: int
    missing: int
    found: dict[int, Any]
    brackets: dict[int, tuple[Any, Any]]


class Begin(NamedTuple):
    """Make the brackets of all columns of their samples."""

    asked: Any

    def __call__(self, parts: list[list[ranks.Samples]]) -> list[Search]:
        begun = []
        for samples in join_sampled(parts):
            needed = self.asked.ranks(samples.n, samples.missing)
            bounds = dict(zip(needed, ranks.brackets(samples, needed), strict=True))
            begun.append(Search(samples.n, samples.missing, {}, bounds))
        return begun


class Selected(NamedTuple):
    """What lies in the brackets, a list a column, one a different bracket; with the searches themselves."""

    searches: list[Search]
    counted: list[list[ranks.Counted]]


def select(columns: list[ranks.Values], searches: list[Search]) -> Selected:
    """Return what a partition has in the brackets."""
    counted = [
        [ranks.select_between(column, bounds) for bounds in dict.fromkeys(search.brackets.values())]
        for column, search in zip(columns, searches, strict=True)
    ]
    return Selected(searches, counted)


def join_selected(parts: list[Selected]) -> Selected:
    """Add up what partitions have in the brackets."""
    counted = [
        [ranks.join_counted(list(bracket)) for bracket in zip(*column, strict=True)]
        for column in zip(*[part.counted for part in parts], strict=True)
    ]
    return Selected(parts[0].searches, counted)


def go_on(parts: list[Selected]) -> list[Search]:
    """Pick the values that were in their brackets, and make brackets that can't be missed for the others."""
    whole = join_selected(parts)
    searches = []
    for search, counted in zip(whole.searches, whole.counted, strict=True):
        inside = dict(zip(dict.fromkeys(search.brackets.values()), counted, strict=True))
        found, missed = dict(search.found), {}
        for rank, bounds in search.brackets.items():
            value, other = ranks.settle(inside[bounds], bounds, rank)
            if other is None:
                found[rank] = value
            else:
                missed[rank] = other
        searches.append(search._replace(found=found, brackets=missed))
    return searches


class Result(NamedTuple):
    """Put the columns' results together: ``shape`` is "scalar", "series" (a Series, labelled by q), "columns" or "frame"."""

    shape: str
    meta: Any

    def __call__(self, columns: list[pd.Series]) -> Any:
        if self.shape == "scalar":
            return columns[0].iloc[0]
        if self.shape == "series":
            return columns[0]
        if not columns:
            return self.meta
        frame = pd.concat(columns, axis=1)
        if self.shape == "frame":
            return frame.set_axis(self.meta.columns, axis=1)
        return frame.iloc[0].set_axis(self.meta.index).rename(self.meta.name)

    def __hash__(self) -> int:
        return hash((self.shape, id(self.meta)))

    def __eq__(self, other: object) -> bool:
        return type(other) is Result and other.shape == self.shape and other.meta is self.meta

    def __ne__(self, other: object) -> bool:
        return not self == other


class FinishExact(NamedTuple):
    """Make the result of the values that were found."""

    asked: Any
    columns: tuple[Column, ...]
    result: Result

    def __call__(self, parts: list[Selected]) -> Any:
        pairs = zip(self.columns, go_on(parts), strict=True)
        return self.result([self.asked.finish(column, each.n, each.missing, each.found) for column, each in pairs])


class Summarise(NamedTuple):
    """Give the samples, or (``digests``) the t-digest, of each column of a partition."""

    columns: tuple[Column, ...]
    digests: tuple[bool, ...]

    def __call__(self, obj: Any) -> list[Any]:
        return [
            tdigest.digest(column.there) if digests else ranks.sample_sorted(column, SAMPLES)
            for column, digests in zip(TakeColumns(self.columns)(obj), self.digests, strict=True)
        ]


def join_summaries(parts: list[list[Any]]) -> list[Any]:
    """Join the samples or digests of each column."""
    return [
        tdigest.join_digests(list(column))
        if isinstance(column[0], tdigest.Digest)
        else ranks.join_samples(list(column))
        for column in zip(*parts, strict=True)
    ]


class FinishSummaries(NamedTuple):
    """Make the result of samples and digests."""

    asked: Any
    columns: tuple[Column, ...]
    dtypes: tuple[Any, ...]
    result: Result

    def __call__(self, parts: list[list[Any]]) -> Any:
        done = []
        for column, dtype, summary in zip(self.columns, self.dtypes, join_summaries(parts), strict=True):
            if isinstance(summary, tdigest.Digest):
                q = self.asked.q if isinstance(self.asked, Quantiles) else (0.5,)
                values = pd.Series(tdigest.quantiles(summary, q), name=column.name, index=pd.Index(q, dtype="float64"))
                done.append(values.astype(dtype))
                continue
            needed = self.asked.ranks(summary.n, summary.missing)
            found = dict(zip(needed, ranks.estimate(summary, needed), strict=True))
            done.append(self.asked.finish(column, summary.n, summary.missing, found))
        return self.result(done)


def by_rank(how: str, frame: Any, asked: Any, method: str, meta: Any, shape: str, split_every: Any = None) -> Any:
    """Return what is asked of the columns of a collection, of which each has an order and differences.

    Parameters
    ----------
    how : str
        The operation's name.
    frame : DataFrame or Series
    asked : Quantiles or Median
    method : str
        One of ``METHODS``.
    meta
        What results, with its labels.
    shape : str
        See ``Result``.
    split_every : optional
        See ``reduce_partitions``.

    Raises
    ------
    TypeError
        If a column has no quantiles.
    """
    columns = tuple(_columns(frame._meta))
    for column in columns:
        check_quantifiable(how, column)
    result = Result(shape, meta)
    shown = empty(meta)
    rows = by_columns(frame) if shape == "columns" else None
    token = (asked, columns, shape, method)
    if method in ("dask", "tdigest"):
        numbers = [method == "tdigest" and column.dtype.kind in "iuf" for column in columns]
        dtypes = tuple([_result_dtype(column, asked) for column in columns])
        chunk = Summarise(columns, tuple(numbers))
        final = FinishSummaries(asked, columns, dtypes, result)
        return reduce_partitions(
            how, [frame], chunk, join_summaries, final, shown, token, rows=rows, split_every=split_every
        )
    take = TakeColumns(columns)
    values = frame_layer(Uses, f"{how}-values", take, [frame._layer], None, None, columns, uses=(None,))
    drawn = frame_layer(FrameLayer, f"{how}-draw", draw, [values], None, None)
    every = fan_in(split_every, frame.npartitions)
    begin: Any = Begin(asked)
    search = tree_reduction(drawn, join_sampled, begin, split_every=every, prefix=f"{how}-begin", token=token)
    chosen = frame_layer(FrameLayer, f"{how}-select", select, [values, search], None, None)
    rest = tree_reduction(chosen, join_selected, go_on, split_every=every, prefix=f"{how}-go-on", token="go on")
    chosen = frame_layer(FrameLayer, f"{how}-select", select, [values, rest], None, None)
    finish: Any = FinishExact(asked, columns, result)
    layer = tree_reduction(chosen, join_selected, finish, split_every=every, prefix=how, token=(how, token))
    return new_collection(layer, shown, None, rows)


def _columns(meta: Any) -> list[Column]:
    if isinstance(meta, pd.DataFrame):
        return [Column(label, dtype) for label, dtype in zip(meta.columns, meta.dtypes, strict=True)]
    return [Column(meta.name, meta.dtype)]


def _result_dtype(column: Column, asked: Any) -> Any:
    few = pd.Series(sample(column.series([])), name=column.name)
    value = few.quantile([0.5]) if isinstance(asked, Quantiles) else pd.Series([few.median()])
    return pd.Float64Dtype() if hasattr(column.dtype, "numpy_dtype") else value.dtype


def check_quantifiable(how: str, column: Column) -> None:
    """Raise TypeError for a column that has no quantiles: text, categories, complex numbers, and booleans but for the median."""
    kind = getattr(column.dtype, "kind", "O")
    if isinstance(column.dtype, pd.CategoricalDtype) or kind not in ("biufmM" if how == "median" else "iufmM"):
        where = "" if column.name is None else f" of column {column.name!r}"
        raise TypeError(
            f"{how} needs numbers, dates or durations, but the dtype{where} is {column.dtype}; pass numeric_only=True or "
            "select columns"
        )


def check_method(method: Any, interpolation: str = "linear") -> None:
    """Raise ValueError for an unknown method, or one that knows no other interpolation than linear."""
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, got {method!r:.80}")
    if method == "tdigest" and interpolation != "linear":
        raise ValueError(f"method 'tdigest' interpolates linearly, not by {interpolation!r}: use method='exact'")


class RankReductions(Reducing):
    """Medians of ``DataFrame`` and ``Series``."""

    def median(
        self,
        axis: Any = 0,
        skipna: bool = True,
        numeric_only: bool = False,
        method: str = "default",
        split_every: Any = None,
    ) -> Any:
        """Return medians, exact as in pandas unless ``method`` says otherwise.

        Parameters
        ----------
        axis : 0 or 1
            1: one median a row.
        skipna, numeric_only : bool
        method : {"default", "exact", "dask", "tdigest"}
            "default" is "exact"; see ``quantile`` for the others.
        split_every : int or False, optional

        Raises
        ------
        TypeError
            For columns that have no median.

        Examples
        --------
        >>> import minidask.dataframe as dd
        >>> dd.from_pandas(pd.Series([5, 1, 2, 9]), npartitions=2).median().compute()
        np.float64(3.5)
        """
        check_flag("skipna", skipna)
        check_method(method)
        if self._is_by_rows("median", axis):
            return self._each_row("median", numeric_only, skipna=skipna)
        frame = self._numeric(numeric_only)
        for column in _columns(frame._meta):
            check_quantifiable("median", column)
        meta = frame._meta_nonempty.median(skipna=skipna)
        shape = "columns" if frame._kind == "DataFrame" else "scalar"
        return by_rank("median", frame, Median(bool(skipna)), method, meta, shape, split_every)

    def _quantile(self, frame: FrameCollection, q: Any, method: str, interpolation: str, split_every: Any) -> Any:
        check_interpolation(interpolation)
        check_method(method, interpolation)
        asked = Quantiles(check_q(q), interpolation)
        for column in _columns(frame._meta):
            check_quantifiable("quantile", column)
        one = np.ndim(q) == 0
        rows = frame._meta_nonempty
        if frame._kind == "DataFrame":
            shape = "columns" if one else "frame"
            if not rows.shape[1]:
                rows = pd.DataFrame(index=rows.index, columns=pd.Index([], dtype=object))
            meta = rows.quantile(
                q if one else list(asked.q), interpolation=interpolation, numeric_only=not rows.shape[1]
            )
        else:
            shape = "scalar" if one else "series"
            meta = rows.quantile(q if one else list(asked.q), interpolation=interpolation)
        return by_rank("quantile", frame, asked, method, meta, shape, split_every)


class FrameQuantiles(RankReductions):
    """Quantiles of a ``DataFrame``."""

    def median_approximate(self, axis: Any = 0, method: str = "default", numeric_only: bool = False) -> Any:
        """Return medians that may be a little off, in one pass; ``method`` as in ``quantile``, but "default" is "dask"."""
        method = "dask" if method == "default" else method
        return self.median(axis=axis, numeric_only=numeric_only, method=method)

    def quantile(
        self,
        q: Any = 0.5,
        axis: Any = 0,
        numeric_only: bool = False,
        method: str = "default",
        interpolation: str = "linear",
        split_every: Any = None,
    ) -> Any:
        """Return quantiles of the columns, or (``axis=1``) of each row.

        Parameters
        ----------
        q : float or list of float
            In 0..1; a list gives a DataFrame, labelled by it.
        axis : 0 or 1
        numeric_only : bool
        method : {"default", "exact", "dask", "tdigest"}
            "default" is "exact": what pandas gives, by passes over the columns, which are held meanwhile. "dask" looks at
            1024 values a partition: off by a thousandth of the rows' ranks at most. "tdigest" is finest near both ends (error
            of rank at most ``sqrt(q (1 - q)) / 125``); for dates and durations it is "dask".
        interpolation : {"linear", "lower", "higher", "midpoint", "nearest"}
        split_every : int or False, optional

        Raises
        ------
        TypeError
            For columns that have no quantiles.
        ValueError
            If q isn't in 0..1, or for unknown methods and interpolations.
        NotImplementedError
            For a list of q with ``axis=1``.

        Examples
        --------
        >>> import minidask.dataframe as dd
        >>> df = dd.from_pandas(pd.DataFrame({"x": [1, 5, 3], "y": [0.5, 2.5, None]}), npartitions=2)
        >>> df.quantile([0.5, 1]).compute()
               x    y
        0.5  3.0  1.5
        1.0  5.0  2.5
        """
        if self._is_by_rows("quantile", axis):
            check_interpolation(interpolation)
            check_method(method)
            check_q(q)
            if np.ndim(q):
                raise NotImplementedError(
                    "quantile(axis=1) takes one q, since a list would make one column a row: call it for each q"
                )
            rows = self._numeric(numeric_only)._meta_nonempty
            meta = rows.quantile(q, axis=1, interpolation=interpolation).iloc[:0]
            return self._each_row("quantile", numeric_only, meta, q=q, interpolation=interpolation)
        return self._quantile(self._numeric(numeric_only), q, method, interpolation, split_every)


class SeriesQuantiles(RankReductions):
    """Quantiles of a ``Series``."""

    def median_approximate(self, method: str = "default") -> Any:
        """Return the median, perhaps a little off, in one pass; ``method`` as in ``quantile``, but "default" is "dask"."""
        return self.median(method="dask" if method == "default" else method)

    def quantile(
        self, q: Any = 0.5, method: str = "default", interpolation: str = "linear", split_every: Any = None
    ) -> Any:
        """Return a quantile, or a Series of them for a list of q; see ``DataFrame.quantile``.

        Examples
        --------
        >>> import minidask.dataframe as dd
        >>> days = pd.Series(pd.to_datetime(["2020-01-01", "2020-01-05", None]))
        >>> dd.from_pandas(days, npartitions=2).quantile(0.25).compute()
        Timestamp('2020-01-02 00:00:00')
        """
        return self._quantile(self, q, method, interpolation, split_every)

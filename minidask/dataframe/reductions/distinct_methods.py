"""Distinct values as methods: unique, nunique, value_counts, mode, drop_duplicates.

Place in the flow: mixins; the functions are in ``distinct``. By default a tree puts the distinct values together in one
partition, in pandas's order. ``split_out=n`` is for more of them than fit: rows are made distinct in their partitions, equal
ones meet in one of n partitions by their hash (``shuffle.rearrange``), and each is finished by itself. Rows and values are the
same, each partition's in their order.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd

from minidask.dataframe.columns import as_labels, check_columns
from minidask.dataframe.meta import empty
from minidask.dataframe.partitionwise import partitionwise
from minidask.dataframe.reductions import distinct, hyperloglog
from minidask.dataframe.reductions.base import Reducing, by_columns, check_flag
from minidask.dataframe.reductions.binned import BinCounts, count_in_bins
from minidask.dataframe.reductions.tree import reduce_partitions, reduce_rows
from minidask.dataframe.shuffle import HashTargets, rearrange
from minidask.tokenize import tokenize


class DistinctReductions(Reducing):
    """Of ``DataFrame``, ``Series`` and ``Index``."""

    def nunique_approx(self, split_every: Any = None) -> Any:
        """Return about how many distinct rows there are (HyperLogLog; standard error 0.8 %), missing values being values.

        Examples
        --------
        >>> import minidask.dataframe as dd
        >>> s = dd.from_pandas(pd.Series([1, 2, 2, 3]), npartitions=2)
        >>> round(s.nunique_approx().compute())
        3
        """
        sketch, final = distinct.sketch, distinct.count_sketched
        join = hyperloglog.join_registers
        return reduce_partitions("nunique_approx", [self], sketch, join, final, 1.0, None, split_every=split_every)

    def _nunique(self, dropna: bool, split_every: Any) -> Any:
        check_flag("dropna", dropna)
        if self._kind == "DataFrame":
            columns, rows = self._meta.columns, by_columns(self)
            meta: Any = pd.Series([], dtype="int64", index=columns[:0])
        else:
            columns, rows, meta = None, None, 1
        return reduce_partitions(
            "nunique",
            [self],
            distinct.unique_columns,
            distinct.join_unique_columns,
            distinct.CountUnique(columns, bool(dropna)),
            meta,
            bool(dropna),
            rows=rows,
            split_every=split_every,
        )

    def _distinct(
        self,
        subset: tuple[Hashable, ...] | None,
        keep: Any,
        split_every: Any,
        split_out: Any,
        method: Any,
        ignore_index: Any,
    ) -> Any:
        if not isinstance(keep, str | bool) or keep not in ("first", "last", False):
            raise ValueError(f'keep must be either "first", "last" or False, got {keep!r:.80}')
        check_flag("ignore_index", ignore_index)
        parts = out_partitions(split_out, self.npartitions)
        how = distinct.DropDuplicates(subset, keep)
        chunk = distinct.DropDuplicatesChunk(how)
        if parts > 1:
            labels = self._labels() if subset is None else subset
            # Of rows that repeat inside a partition, all have to be seen where none may stay.
            fewer = self if keep is False else partitionwise("drop_duplicates", chunk, self, meta=self._meta, token=how)
            result = partitionwise(
                "drop_duplicates", chunk, meet(fewer, labels, parts, method), meta=self._meta, token=("met", how)
            )
        elif keep is False:
            once = distinct.OnceChunk(subset)
            combine, final = distinct.OnceCombine(once), distinct.OnceAggregate(once)
            result = reduce_partitions(
                "drop_duplicates", [self], once, combine, final, self._meta, how, split_every=split_every
            )
        else:
            looks_at = None if subset is None else frozenset(subset)
            result = reduce_rows("drop_duplicates", self, chunk, how, how, self._meta, how, looks_at, split_every)
        return result.reset_index(drop=True) if ignore_index else result

    def _labels(self) -> tuple[Hashable, ...] | None:
        if self._kind == "Index":
            return None
        if self._kind == "Series":
            return (self._meta.name,)
        if not self._meta.columns.is_unique:
            raise NotImplementedError(
                "split_out needs columns of different labels: rename them, or leave split_out out"
            )
        return tuple(self._meta.columns)


class FrameDistinct(DistinctReductions):
    """Of ``DataFrame``."""

    def nunique(self, axis: Any = 0, dropna: bool = True, split_every: Any = None) -> Any:
        """Count distinct values a column, or (``axis=1``) a row."""
        if self._is_by_rows("nunique", axis):
            return self._each_row("nunique", dropna=dropna)
        return self._nunique(dropna, split_every)

    def drop_duplicates(
        self,
        subset: Any = None,
        keep: Any = "first",
        ignore_index: bool = False,
        split_every: Any = None,
        split_out: Any = 1,
        shuffle_method: Any = None,
    ) -> Any:
        """Leave out rows that are there already.

        Parameters
        ----------
        subset : label or list of labels, optional
            The columns that are compared; default: all.
        keep : {"first", "last", False}
            Which of equal rows stays; False: none.
        ignore_index : bool
            Whether to number the rows (of each partition) anew.
        split_every : int or False, optional
        split_out : int or True
            Partitions of the result, True for as many as there are now; rows are in pandas's order if it is 1.
        shuffle_method : str, optional
            How rows travel where ``split_out`` isn't 1.

        Raises
        ------
        KeyError
            If a column is unknown.
        ValueError
            For another ``keep``.

        Examples
        --------
        >>> import minidask.dataframe as dd
        >>> df = dd.from_pandas(pd.DataFrame({"x": [1, 1, 2], "y": [3, 4, 5]}), npartitions=2)
        >>> df.drop_duplicates("x", keep="last").compute()
           x  y
        1  1  4
        2  2  5
        """
        labels = None
        if subset is not None:
            labels = tuple(as_labels(subset))
            check_columns(labels, self._meta.columns)
        return self._distinct(labels, keep, split_every, split_out, shuffle_method, ignore_index)

    def mode(self, axis: Any = 0, numeric_only: bool = False, dropna: bool = True, split_every: Any = None) -> Any:
        """Return the most frequent values of each column, all of them where several are as frequent, in ascending order."""
        check_flag("dropna", dropna)
        if self._is_by_rows("mode", axis):
            raise NotImplementedError(
                "mode(axis=1) has as many columns as one row has modes, which isn't known beforehand: use "
                "map_partitions with meta="
            )
        frame = self._numeric(numeric_only)
        count = distinct.CountColumns(bool(dropna))
        meta = frame._meta_nonempty.mode().iloc[:0]
        final = distinct.Modes(count, frame._meta.columns)
        token = (bool(dropna), "frame")
        return reduce_partitions(
            "mode", [frame], count, distinct.CombineColumns(count), final, meta, token, split_every=split_every
        )


class SeriesDistinct(DistinctReductions):
    """Of ``Series``."""

    def unique(self, split_every: Any = None, split_out: Any = 1, shuffle_method: Any = None) -> Any:
        """Return the distinct values in order of appearance, as a Series numbered from 0.

        With ``split_out``, as in ``drop_duplicates``, each partition is numbered by itself.
        """
        meta = self._meta.reset_index(drop=True)
        join = distinct.join_unique
        parts = out_partitions(split_out, self.npartitions)
        if parts > 1:
            fewer = partitionwise("unique", distinct.unique_values, self, meta=meta, token="chunk")
            met = meet(fewer, (self._meta.name,), parts, shuffle_method)
            return partitionwise("unique", distinct.unique_values, met, meta=meta, token="met")
        return reduce_partitions(
            "unique", [self], distinct.unique_values, join, join, meta, None, split_every=split_every
        )

    def nunique(
        self, dropna: bool = True, split_every: Any = None, split_out: Any = 1, shuffle_method: Any = None
    ) -> Any:
        """Count distinct values; with ``split_out`` (as in ``drop_duplicates``) they are never in one place."""
        if out_partitions(split_out, self.npartitions) == 1:
            return self._nunique(dropna, split_every)
        check_flag("dropna", dropna)
        values = self.unique(split_out=split_out, shuffle_method=shuffle_method)
        return values.count() if dropna else values._length()

    def drop_duplicates(
        self,
        keep: Any = "first",
        ignore_index: bool = False,
        split_every: Any = None,
        split_out: Any = 1,
        shuffle_method: Any = None,
    ) -> Any:
        """Leave out values that are there already; see ``DataFrame.drop_duplicates``."""
        return self._distinct(None, keep, split_every, split_out, shuffle_method, ignore_index)

    def value_counts(
        self,
        normalize: bool = False,
        sort: bool | None = None,
        ascending: bool = False,
        dropna: bool = True,
        split_every: Any = None,
        split_out: Any = 1,
        shuffle_method: Any = None,
        bins: Any = None,
    ) -> Any:
        """Count each value.

        Parameters
        ----------
        normalize : bool
            Give shares of the sum instead.
        sort : bool, optional
            By counts, equal ones in order of appearance; default True.
        ascending, dropna : bool
        split_every : int or False, optional
        split_out : int or True
            Partitions of the result; if it isn't 1, each is sorted by itself, and categories that never occur are left out.
        shuffle_method : str, optional
        bins : int, list of edges or IntervalIndex, optional
            Count numbers by intervals instead.

        Raises
        ------
        TypeError
            For ``bins`` of what are no numbers.
        ValueError
            For flags that are no booleans.

        Examples
        --------
        >>> import minidask.dataframe as dd
        >>> dd.from_pandas(pd.Series(["b", "a", "b"], name="x"), npartitions=2).value_counts().compute()
        x
        b    2
        a    1
        Name: count, dtype: int64
        """
        for name, flag in (("normalize", normalize), ("ascending", ascending), ("dropna", dropna)):
            check_flag(name, flag)
        if bins is not None:
            flags = (bool(normalize), sort is not False, bool(ascending), bool(dropna))
            how_binned = BinCounts(bins, *flags)
            return count_in_bins(self, how_binned, (tokenize(bins), *flags), split_every)
        how = distinct.ValueCounts(sort is not False, bool(ascending), bool(dropna), bool(normalize), self._meta.name)
        meta = self._meta_nonempty.value_counts(normalize=normalize, dropna=dropna).iloc[:0]
        chunk, combine = distinct.ValueCountsChunk(how), distinct.ValueCountsCombine(how)
        parts = out_partitions(split_out, self.npartitions)
        token = tuple(how)
        if parts == 1:
            return reduce_partitions("value_counts", [self], chunk, combine, how, meta, token, split_every=split_every)
        shape = empty(chunk(self._meta_nonempty))
        unknown = (None,) * (self.npartitions + 1)
        counts = partitionwise("value_counts", chunk, self, meta=shape, token=token, divisions=unknown)
        total = reduce_partitions("sum_counts", [counts], _itself, sum_part_counts, distinct.sum_counts, 1, None)
        met = meet(counts, ("value",), parts, shuffle_method)
        return partitionwise("value_counts", distinct.ValueCountsPart(how), met, total, meta=meta, token=("met", token))

    def mode(self, dropna: bool = True, split_every: Any = None) -> Any:
        """Return the most frequent value, or all that are as frequent, in ascending order."""
        check_flag("dropna", dropna)
        count = distinct.CountColumns(bool(dropna))
        meta = self._meta_nonempty.mode().iloc[:0]
        final = distinct.Modes(count, None, self._meta.name)
        return reduce_partitions(
            "mode", [self], count, distinct.CombineColumns(count), final, meta, bool(dropna), split_every=split_every
        )


class IndexDistinct(DistinctReductions):
    """Of ``Index``."""

    def nunique(self, dropna: bool = True, split_every: Any = None) -> Any:
        """Count distinct values."""
        return self._nunique(dropna, split_every)

    def drop_duplicates(
        self, keep: Any = "first", split_every: Any = None, split_out: Any = 1, shuffle_method: Any = None
    ) -> Any:
        """Leave out values that are there already; see ``DataFrame.drop_duplicates``."""
        return self._distinct(None, keep, split_every, split_out, shuffle_method, False)

    def unique(self, split_every: Any = None, split_out: Any = 1, shuffle_method: Any = None) -> Any:
        """Return the distinct values in order of appearance, as an Index."""
        return self._distinct(None, "first", split_every, split_out, shuffle_method, False)

    def value_counts(self, **kwargs: Any) -> Any:
        """Count each value; see ``Series.value_counts``."""
        return self.to_series().value_counts(**kwargs)  # type: ignore[attr-defined]


def out_partitions(split_out: Any, partitions: int) -> int:
    """Return how many partitions a result has.

    Raises
    ------
    TypeError, ValueError
        If ``split_out`` is neither a boolean nor an integer of at least 1.

    >>> out_partitions(1, 7), out_partitions(3, 7), out_partitions(True, 7), out_partitions(False, 7)
    (1, 3, 7, 1)
    """
    if isinstance(split_out, bool):
        return partitions if split_out else 1
    if not isinstance(split_out, int | np.integer):
        raise TypeError(
            f"split_out must be a number of partitions or True, got {type(split_out).__name__}: {split_out!r:.80}"
        )
    if split_out < 1:
        raise ValueError(f"split_out must be at least 1, got {split_out}")
    return int(split_out)


def meet(frame: Any, labels: tuple[Hashable, ...] | None, parts: int, method: Any) -> Any:
    """Return the rows in ``parts`` partitions, equal ones in the same one, in their order."""
    return rearrange(frame, HashTargets(labels, parts), parts, method=method)


def _itself(obj: Any) -> Any:
    return obj


def sum_part_counts(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Return a frame of the sum of all counts."""
    return pd.DataFrame({"count": [distinct.sum_counts(parts)]})

"""Methods that put rows in order, look at them by label, or draw some by chance: what users call.

Place in the flow: mixins of ``DataFrame`` and ``Series``; the work is in the other modules here.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

from minidask.dataframe.calls import Method
from minidask.dataframe.collection import FrameCollection
from minidask.dataframe.divisions import scalars, unknown
from minidask.dataframe.indexers import ILocIndexer, LocIndexer
from minidask.dataframe.layers import Columns, FrameLayer
from minidask.dataframe.meta import no_default
from minidask.dataframe.order.chance import random_split, sample_rows
from minidask.dataframe.order.keyed import sort_by_key
from minidask.dataframe.order.numbering import numbered
from minidask.dataframe.order.ranges import by_value
from minidask.dataframe.order.set_index import Bounds, Wanted, set_index
from minidask.dataframe.order.sort import sort_index, sort_values
from minidask.dataframe.partitionwise import columnwise, method, partitionwise
from minidask.graph import Parts


class Ordering(FrameCollection):
    """What ``DataFrame`` and ``Series`` share."""

    @property
    def loc(self) -> LocIndexer:
        """Rows by label, slice, list or condition, and columns by label: ``df.loc["2015-05", ["x"]]``.

        With known divisions only the partitions are read that may have the rows.

        Examples
        --------
        >>> import pandas as pd
        >>> import minidask.dataframe as dd
        >>> df = dd.from_pandas(pd.DataFrame({"x": [1, 2, 3]}, index=list("abc")), npartitions=3)
        >>> df.loc["b":, "x"].compute().tolist()
        [2, 3]
        """
        return LocIndexer(self)

    def sort_index(
        self,
        axis: Any = 0,
        ascending: Any = True,
        na_position: str = "last",
        ignore_index: bool = False,
        npartitions: Any = None,
        shuffle_method: str | None = None,
        upsample: float = 1.0,
        *,
        key: Callable[..., Any] | None = None,
        level: Any = None,
        sort_remaining: bool = True,
        kind: Any = None,
    ) -> Any:
        """Return the rows in the order of the index; rows of equal labels keep theirs.

        Where divisions are known, or there is one partition, nothing is computed; otherwise the index is read at once, and
        divisions are known afterwards (in ascending order).

        Parameters
        ----------
        axis : 0 or 1
            1: put columns in order.
        ascending : bool, or list of them for an index of several levels
        na_position : {"last", "first"}
        ignore_index : bool
            Number the rows from 0.
        npartitions, shuffle_method, upsample
            As in ``DataFrame.set_index``.
        key : callable, optional
            Called with the index of each partition: rows are put in the order of what it gives; divisions are unknown then.
        level, sort_remaining
            Of an index of several levels, as in pandas; for one partition.
        kind
            Taken for compatibility: every way to sort is the stable one.

        Raises
        ------
        TypeError
            If labels can't be compared.
        """
        wanted = Wanted(npartitions, upsample=upsample, method=shuffle_method)
        if key is not None and axis not in (1, "columns"):
            return sort_by_key(self, None, key, ascending, na_position, ignore_index, True, wanted)
        given = {"key": (key, None), "level": (level, None), "sort_remaining": (sort_remaining, True)}
        kwargs = {name: value for name, (value, default) in given.items() if value is not default}
        if self._meta.index.nlevels == 1 and level is not None and axis not in (1, "columns"):
            self._meta.sort_index(level=level)
            kwargs = {}
        return sort_index(self, axis, ascending, na_position, ignore_index, wanted, kwargs)

    def sample(
        self,
        n: Any = None,
        frac: float | None = None,
        replace: bool = False,
        random_state: Any = None,
        ignore_index: bool = False,
    ) -> Any:
        """Return a random sample of the rows, drawn in each partition by itself.

        Parameters
        ----------
        n : None
            Not available: the number of rows isn't known.
        frac : float
            The fraction of the rows to draw.
        replace : bool
            Whether a row can be drawn again.
        random_state : int, RandomState or Generator, optional
            An integer draws the same rows each time; without it others are drawn whenever ``sample`` is called.
        ignore_index : bool
            Number the rows from 0, through all partitions.

        Raises
        ------
        ValueError
            If ``n`` is given, ``frac`` isn't or is negative, or more rows than there are would be drawn.
        """
        drawn = sample_rows(self, n, frac, replace, random_state)
        return numbered(drawn) if ignore_index else drawn

    def random_split(self, frac: Sequence[float], random_state: Any = None, shuffle: bool = False) -> list[Any]:
        """Split the rows by chance.

        Parameters
        ----------
        frac : list of float
            The share of each part; they add up to 1.
        random_state : int, RandomState or Generator, optional
        shuffle : bool
            Whether to bring rows of each partition in random order.

        Returns
        -------
        list of collections
            One a share; every row is in exactly one.

        Raises
        ------
        ValueError
            If the fractions don't add up to 1.
        """
        return random_split(self, frac, random_state, shuffle)

    def enforce_runtime_divisions(self) -> Any:
        """Return the same collection; when it is computed, every partition is checked against its divisions.

        Raises
        ------
        ValueError
            If divisions aren't known.
        RuntimeError
            When computed, if index values lie beyond the divisions.
        """
        if not self.known_divisions:
            raise ValueError("divisions aren't known, so that there is nothing to check partitions against")
        last = self.npartitions - 1
        bounds = [
            (
                at,
                Bounds(
                    self.divisions[at],
                    self.divisions[at + 1],
                    at == last or self.divisions[at] == self.divisions[at + 1],
                ),
            )
            for at in range(self.npartitions)
        ]
        return columnwise("enforce", enforce, self, Parts(bounds), meta=self._meta)

    def reset_index(self, drop: bool = False, names: Any = None, name: Any = no_default) -> Any:
        """Make the index a column, or drop it.

        Each partition is numbered from 0 anew, so that index values repeat and divisions are unknown.

        Parameters
        ----------
        drop : bool
            Whether to drop the index.
        names : label or list of labels, optional
            Names of the new columns; default: the index's names, or "index".
        name : label, optional
            For a Series: the name of the values' column.

        Raises
        ------
        ValueError
            If there is a column of that name already.
        """
        return reset_index(self, drop, names, name)

    def rename_axis(
        self, mapper: Any = no_default, *, index: Any = no_default, columns: Any = no_default, axis: Any = 0
    ) -> Any:
        """Return the collection with another name of the index, or of the columns; as in pandas."""
        given = {"mapper": mapper, "index": index, "columns": columns}
        kwargs = {key: value for key, value in given.items() if value is not no_default}
        if "mapper" in kwargs and self._kind == "DataFrame":
            kwargs["axis"] = axis
        return method("rename_axis", self, kwargs=kwargs)


class FrameOrdering(Ordering):
    """What only ``DataFrame`` has."""

    @property
    def iloc(self) -> ILocIndexer:
        """Columns by position: ``df.iloc[:, [0, 2]]``."""
        return ILocIndexer(self)

    def set_index(
        self,
        other: Any,
        drop: bool = True,
        sorted: bool = False,
        npartitions: Any = None,
        divisions: Any = None,
        sort: bool = True,
        shuffle_method: str | None = None,
        upsample: float = 1.0,
        partition_size: Any = 128e6,
        append: bool = False,
    ) -> Any:
        """Make a column the index, and bring the rows in its order, with known divisions.

        The column alone is read at once, to find its order and where to cut. Rows of one value come into one partition and keep
        their order; missing values come last. Where the partitions follow each other already, rows stay where they are.

        Parameters
        ----------
        other : label or Series of the same rows
        drop : bool
            Whether the column is no column any more.
        sorted : bool
            Say that the values ascend through all partitions, which is checked: no rows are moved but those that have one value
            on both sides of a border.
        npartitions : int or "auto", optional
            How many partitions to make, at most; fewer if there are few values. Default: as many as there are. "auto": by
            ``partition_size``, which reads all columns once.
        divisions : list, optional
            The bounds of the partitions to make: nothing is read at once. Values beyond them are an error when computed.
        sort : bool
            False: set the index in every partition, where rows stay; divisions are unknown.
        shuffle_method : str, optional
            How rows travel; see the setting ``dataframe.shuffle.method``.
        upsample : float
            Sample so many times more values, for partitions of more equal length.
        partition_size : int or str
            Bytes in memory of a partition, for ``npartitions="auto"``.
        append : False

        Raises
        ------
        KeyError
            If the column is unknown.
        NotImplementedError
            For ``append=True``.
        TypeError
            If values can't be compared, or an argument is of the wrong type.
        ValueError
            If ``sorted=True`` isn't true, or divisions don't ascend.

        Examples
        --------
        >>> import pandas as pd
        >>> import minidask.dataframe as dd
        >>> df = dd.from_pandas(pd.DataFrame({"k": [3, 1, 2, 1], "x": list("abcd")}), npartitions=2)
        >>> df.set_index("k").compute()["x"].tolist()
        ['b', 'd', 'c', 'a']
        """
        wanted = Wanted(npartitions, partition_size, upsample, shuffle_method)
        return set_index(self, other, drop, sorted, divisions, sort, append, wanted)

    def sort_values(
        self,
        by: Any,
        npartitions: Any = None,
        ascending: Any = True,
        na_position: str = "last",
        partition_size: Any = 128e6,
        sort_function: Callable[..., Any] | None = None,
        sort_function_kwargs: Mapping[str, Any] | None = None,
        upsample: float = 1.0,
        ignore_index: Any = False,
        shuffle_method: str | None = None,
        kind: Any = None,
        key: Callable[..., Any] | None = None,
    ) -> Any:
        """Return the rows in the order of columns; rows of equal values keep theirs (as by pandas's ``kind="stable"``).

        With several partitions the columns to sort by are read at once, to find where to cut.

        Parameters
        ----------
        by : label or list of labels
        npartitions : int or "auto", optional
            How many partitions to make, at most; see ``set_index``.
        ascending : bool or list of bool
            One for each column.
        na_position : {"last", "first"}
        sort_function : callable, optional
            Sorts a partition: called as ``sort_function(partition, by=, ascending=, na_position=, **sort_function_kwargs)``.
        sort_function_kwargs : mapping, optional
        ignore_index : bool
            Number the rows from 0, through all partitions.
        shuffle_method, upsample, partition_size
            As in ``set_index``.
        kind
            Taken for compatibility: every way to sort is the stable one.
        key : callable, optional
            Called with each of the columns, a partition at a time: rows are put in the order of what it gives.

        Raises
        ------
        KeyError
            If a column is unknown.
        TypeError
            If values can't be compared.
        ValueError
            If ``ascending`` or ``na_position`` is wrong.

        Examples
        --------
        >>> import pandas as pd
        >>> import minidask.dataframe as dd
        >>> df = dd.from_pandas(pd.DataFrame({"x": [2, 1, 2, 1], "y": [1, 2, 3, 4]}), npartitions=2)
        >>> df.sort_values(["x", "y"], ascending=[True, False])["y"].compute().tolist()
        [4, 2, 3, 1]
        """
        wanted = Wanted(npartitions, partition_size, upsample, shuffle_method)
        if key is not None:
            if sort_function is not None:
                raise NotImplementedError("sort_values takes key or sort_function, not both")
            return sort_by_key(self, by, key, ascending, na_position, ignore_index, False, wanted)
        return sort_values(self, by, ascending, na_position, ignore_index, sort_function, sort_function_kwargs, wanted)


class SeriesOrdering(Ordering):
    """What only ``Series`` has."""

    def sort_values(
        self,
        ascending: Any = True,
        npartitions: Any = None,
        na_position: str = "last",
        ignore_index: Any = False,
        partition_size: Any = 128e6,
        sort_function: Callable[..., Any] | None = None,
        sort_function_kwargs: Mapping[str, Any] | None = None,
        upsample: float = 1.0,
        shuffle_method: str | None = None,
        kind: Any = None,
        key: Callable[..., Any] | None = None,
    ) -> Any:
        """Return the values in order; see ``DataFrame.sort_values`` for the arguments and what is raised."""
        wanted = Wanted(npartitions, partition_size, upsample, shuffle_method)
        if key is not None:
            if sort_function is not None:
                raise NotImplementedError("sort_values takes key or sort_function, not both")
            return sort_by_key(self, None, key, ascending, na_position, ignore_index, False, wanted)
        return sort_values(
            self, None, ascending, na_position, ignore_index, sort_function, sort_function_kwargs, wanted
        )


class ResetIndex(FrameLayer):
    """Make the index columns, ``labels``; the others pass through."""

    __slots__ = ("labels",)
    labels: frozenset[Hashable]

    def required(self, columns: Columns) -> tuple[Columns, ...]:
        return (None if columns is None else columns - self.labels,)


def reset_index(frame: Any, drop: bool, names: Any, name: Any) -> Any:
    """Return ``frame.reset_index(...)``; see ``DataFrame.reset_index``."""
    divisions, rows = unknown(frame.npartitions), f"reset-{frame._layer.name}"
    if drop:
        return method("reset_index", frame, kwargs={"drop": True}, divisions=divisions, rows=rows)
    index = frame._meta.index
    kwargs: dict[str, Any] = {} if name is no_default or frame._kind == "DataFrame" else {"name": name}
    if frame._kind == "DataFrame" and frame._meta.columns.is_unique and frame._meta.columns.nlevels == 1:
        # Which columns are there decides the default name: it is settled before some are taken away.
        made = list(frame._meta.reset_index(names=names).columns[: index.nlevels])
        labels = frozenset(made)
        kwargs["names"] = made
        meta = frame._meta.reset_index(names=made)
        options: dict[str, Any] = {"meta": meta, "cls": ResetIndex, "labels": labels}
        return partitionwise(
            "reset_index", Method("reset_index"), frame, kwargs=kwargs, divisions=divisions, rows=rows, **options
        )
    if names is not None:
        kwargs["names"] = names
    return partitionwise("reset_index", Method("reset_index"), frame, kwargs=kwargs, divisions=divisions, rows=rows)


def enforce(part: Any, bounds: tuple[int, Bounds]) -> Any:
    """Return a partition as it is; raises RuntimeError if its index lies beyond its divisions."""
    number, (low, high, closed) = bounds
    index = by_value(part.index).dropna()
    if len(index):
        least, most = scalars([index.min(), index.max()])
        if least < low or most > high or (most == high and not closed):
            raise RuntimeError(
                f"partition {number} has index values {least!r}..{most!r}, but its divisions are {low!r}..{high!r}"
                + (" (included)" if closed else " (not included)")
            )
    return part

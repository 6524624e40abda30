"""Methods that need whole groups (``median``, ``apply``, ``shift`` ...) or a few of their rows (``head``, ``idxmin`` ...).

Place in the flow: mixin of the grouped objects, over ``whole`` and ``picks``.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from minidask.dataframe.collection import FrameCollection
from minidask.dataframe.groupby.aggregating import Aggregating, is_number
from minidask.dataframe.groupby.picks import CallLast, Choose, ChooseAgain, ChooseFirst, GroupRows
from minidask.dataframe.groupby.whole import GroupCall
from minidask.dataframe.meta import empty, make_meta, no_default
from minidask.dataframe.partitionwise import columnwise, partitionwise
from minidask.dataframe.reductions.asked import check_q
from minidask.dataframe.reductions.tree import reduce_partitions
from minidask.graph import func_name


class Whole(Aggregating):
    """Methods beyond partial results."""

    # -- a row, or a few, a group ---------------------------------------------------------------------------------------

    def median(
        self,
        split_every: Any = None,
        split_out: Any = None,
        shuffle_method: Any = None,
        numeric_only: bool = False,
        skipna: bool = True,
    ) -> Any:
        """Return the exact median of each group; all rows of a group are brought together."""
        return self._grouped_call("median", {"skipna": skipna}, split_out, shuffle_method, numeric_only)

    def quantile(
        self,
        q: Any = 0.5,
        interpolation: str = "linear",
        numeric_only: bool = False,
        split_out: Any = None,
        shuffle_method: Any = None,
    ) -> Any:
        """Return the exact quantile ``q`` (a float in 0..1, or a list of them, which becomes a level of the index) of each group.

        All rows of a group are brought together. Raises TypeError or ValueError for other ``q``, and NotImplementedError for a
        list with ``as_index=False``.
        """
        check_q(q)
        several = not pd.api.types.is_number(q)
        if several and not self._options["as_index"]:
            raise NotImplementedError("quantile of a list needs as_index=True: call reset_index on its result")
        options = {
            "q": np.asarray(q, dtype="float64").tolist() if several else q,
            "interpolation": interpolation,
        }
        return self._grouped_call("quantile", options, split_out, shuffle_method, numeric_only)

    def kurt(
        self, numeric_only: bool = False, split_out: Any = None, shuffle_method: Any = None, skipna: bool = True
    ) -> Any:
        """Return the kurtosis of each group; all rows of a group are brought together."""
        return self._grouped_call("kurt", {"skipna": skipna}, split_out, shuffle_method, numeric_only)

    def skew(
        self, numeric_only: bool = False, split_out: Any = None, shuffle_method: Any = None, skipna: bool = True
    ) -> Any:
        """Return the skewness of each group; all rows of a group are brought together."""
        return self._grouped_call("skew", {"skipna": skipna}, split_out, shuffle_method, numeric_only)

    def idxmin(
        self,
        split_every: Any = None,
        split_out: Any = None,
        skipna: bool = True,
        numeric_only: bool = False,
        shuffle_method: Any = None,
    ) -> Any:
        """Return the index label of each group's least value, of the first if there are several; errors are pandas's."""
        return self._extreme("idxmin", split_every, split_out, skipna, numeric_only)

    def idxmax(
        self,
        split_every: Any = None,
        split_out: Any = None,
        skipna: bool = True,
        numeric_only: bool = False,
        shuffle_method: Any = None,
    ) -> Any:
        """Return the index label of each group's greatest value, of the first if there are several; errors are pandas's."""
        return self._extreme("idxmax", split_every, split_out, skipna, numeric_only)

    def _extreme(self, how: str, split_every: Any, split_out: Any, skipna: bool, numeric_only: bool) -> Any:
        grouped: Any = self
        if numeric_only and not self._is_series():
            grouped = self._selected(type(self), [c for c in self._values() if is_number(self._dtype(c))])
        call = GroupCall(how, (), {"skipna": skipna})
        return grouped._picked(how, call, 0, split_every, split_out)

    def head(self, n: int = 5, split_every: Any = None, split_out: Any = None) -> Any:
        """Return the first ``n`` rows of each group, in the order of the rows."""
        return self._first_or_last("head", n, split_every, split_out)

    def tail(self, n: int = 5, split_every: Any = None, split_out: Any = None) -> Any:
        """Return the last ``n`` rows of each group, in the order of the rows."""
        return self._first_or_last("tail", n, split_every, split_out)

    def _first_or_last(self, how: str, n: int, split_every: Any, split_out: Any) -> Any:
        if not isinstance(n, int | np.integer) or isinstance(n, bool):
            raise TypeError(f"{how} takes a number of rows, got {type(n).__name__}: {n!r:.80}")
        if n < 0:
            raise NotImplementedError(f"{how} of groups takes a number of rows of at least 0, got {n}")
        used = None if self._selection is not None else list(getattr(self._frame._meta, "columns", []))
        return self._picked(how, GroupCall(how, (int(n),)), int(n), split_every, split_out, used)

    def _picked(
        self,
        how: str,
        call: GroupCall,
        n: int,
        split_every: Any,
        split_out: Any,
        used: list[Hashable] | None = None,
    ) -> Any:
        self._partitions(split_out)
        values = self._values()
        gathered = self._gathered(None, values if used is None else used)
        layout = gathered.layout
        if layout.labels is None:
            columns: tuple[str, ...] = ("v0",)
        else:
            columns = tuple([f"v{layout.labels.index(label)}" for label in values])
        choose = Choose(layout, how, columns, n)
        # The sample has no rows of most categories, which pandas refuses.
        meta = empty(call(self._sampled(observed=True)))
        result = reduce_partitions(
            f"group-{how}",
            [self._frame, *self._series_keys()],
            ChooseFirst(choose),
            ChooseAgain(choose),
            CallLast(choose, call),
            meta,
            (layout.describe(), how, n, call.token()),
            uses=None if layout.labels is None else frozenset(layout.labels),
            split_every=split_every,
        )
        if isinstance(split_out, int) and not isinstance(split_out, bool) and split_out > 1:
            result = result.repartition(npartitions=int(split_out))
        return result if how in ("head", "tail") else self._unbinned(result)

    def get_group(self, key: Any) -> Any:
        """Return the rows of one group, in the partitions in which they are; none if there is no such group.

        Parameters
        ----------
        key
            The group's key; a tuple where rows are grouped by a list.

        Raises
        ------
        ValueError
            If the number of keys isn't right.
        """
        values = (key,) if self._single else key
        if not isinstance(values, tuple) or len(values) != len(self._by):
            raise ValueError(
                f"get_group takes a tuple of {len(self._by)} keys, as rows are grouped by a list, got {key!r}"
            )
        labels = tuple([None if isinstance(each, FrameCollection) else (each,) for each in self._by])
        extra = frozenset([label[0] for label in labels if label is not None])
        call = GroupRows(labels, tuple(values))
        frame = self._frame
        rows = columnwise(
            "get-group", call, frame, *self._series_keys(), extra=extra, meta=frame._meta, token=tuple(call)
        )
        return rows if self._selection is None else rows[self._selection]

    # -- users' functions -----------------------------------------------------------------------------------------------

    def apply(
        self,
        func: Callable[..., Any],
        *args: Any,
        meta: Any = no_default,
        shuffle_method: Any = None,
        include_groups: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Call a function with all rows of each group: ``func(rows, *args, **kwargs)``.

        The result is in the order of the groups, in as many partitions as there were; in one where the function returns a scalar.

        Parameters
        ----------
        func : callable
        meta : optional
            What comes out (see ``make_meta``). Default: the function is called on two made-up groups of two rows to find out.
        shuffle_method : str, optional
            How rows travel.
        include_groups : bool
            Only False: columns that rows are grouped by aren't among those of ``rows``.

        Raises
        ------
        TypeError
            If ``func`` isn't callable.
        ValueError
            If the result could not be inferred, or for ``include_groups=True``.
        NotImplementedError
            With ``as_index=False``.
        """
        if not callable(func):
            raise TypeError(f"apply takes a function, got {type(func).__name__}: {func!r:.80}")
        if include_groups:
            raise ValueError("include_groups=True is no longer possible, as in pandas: select the columns explicitly")
        if not self._options["as_index"]:
            raise NotImplementedError("apply needs as_index=True; call reset_index on its result")
        call = GroupCall("apply", (func, *args), kwargs)
        found = self._inferred("apply", call, func, meta, self._two_groups)
        if not isinstance(found, pd.DataFrame | pd.Series):
            found = self._by_key(found)
        whole = self._gathered(shuffle_method, None)
        per_group = isinstance(found, pd.Series) and found.index.nlevels == len(self._by) and found.name is None
        per_group = per_group and self._options["group_keys"]
        return self._unbinned(whole.by_group(call, "apply", found, 1 if per_group else self._frame.npartitions))

    def _by_key(self, scalar: Any) -> pd.Series:
        """Return the meta of a Series of scalars, one a group."""
        return pd.Series(
            np.array([scalar] * 2), index=self._sampled(as_index=True, observed=True).size().index[:1].repeat(2)
        ).iloc[:0]

    def _inferred(self, name: str, call: GroupCall, func: Any, meta: Any, groups: Callable[[], Any]) -> Any:
        if meta is not no_default:
            index = self._two_groups().size().index if name == "apply" else self._frame._meta.index
            return make_meta(meta, index)
        try:
            return empty(call(groups()))
        except Exception as error:
            raise ValueError(
                f"the result of {name}({func if isinstance(func, str) else func_name(func)}) could not be inferred: calling the "
                f"function on made-up groups raised {type(error).__name__}: {error}. Say what it returns with meta=, such as "
                "meta=('name', 'float64') for a Series or meta={'x': 'int64'} for a DataFrame."
            ) from error

    def transform(
        self, func: Any, *args: Any, meta: Any = no_default, shuffle_method: Any = None, **kwargs: Any
    ) -> Any:
        """Return for each row what a function (or an aggregation, by name) makes of its group.

        Rows stay where they are, so that the result can be assigned to the dataframe.

        Raises
        ------
        TypeError
            If ``func`` is neither callable nor a name.
        ValueError
            If the result could not be inferred: give ``meta``.
        """
        if not callable(func) and not isinstance(func, str):
            raise TypeError(f"transform takes a function or the name of one, got {type(func).__name__}: {func!r:.80}")
        call = GroupCall("transform", (func, *args), kwargs)
        found = self._inferred("transform", call, func, meta, self._two_groups)
        return self._gathered(shuffle_method).by_row(call, found)

    # -- a row a row ------------------------------------------------------------------------------------------------------

    def _rows(self, name: str, kwargs: Mapping[str, Any], shuffle_method: Any = None, keep: bool = True) -> Any:
        call = GroupCall(name, (), kwargs)
        used = [] if name == "cumcount" and self._selection is None else self._values()
        meta = empty(call(self._sampled()))
        return self._gathered(shuffle_method, used).by_row(call, meta, keep)

    def shift(
        self,
        periods: int = 1,
        freq: Any = None,
        fill_value: Any = no_default,
        meta: Any = no_default,
        shuffle_method: Any = None,
    ) -> Any:
        """Return each row's value ``periods`` rows before it in its group; rows stay where they are."""
        options = {"periods": periods, **({} if freq is None else {"freq": freq})}
        if fill_value is not no_default:
            options["fill_value"] = fill_value
        return self._rows("shift", options, shuffle_method, keep=freq is None)

    def diff(self, periods: int = 1, shuffle_method: Any = None) -> Any:
        """Return each row's difference to the one ``periods`` rows before it in its group; rows stay where they are."""
        return self._rows("diff", {"periods": periods}, shuffle_method)

    def pct_change(
        self, periods: int = 1, shuffle_method: Any = None, *, fill_method: None = None, freq: Any = None
    ) -> Any:
        """Return each row's relative change to the one ``periods`` rows before it in its group; rows stay where they are.

        Raises ValueError for a ``fill_method``, as pandas does, and NotImplementedError for ``freq``.
        """
        if fill_method is not None:
            raise ValueError(f"fill_method must be None; got {fill_method=}.")
        if freq is not None:
            raise NotImplementedError("pct_change(freq=...) by group isn't built: use apply")
        return self._rows("pct_change", {"periods": periods}, shuffle_method)

    def ffill(self, limit: int | None = None, shuffle_method: Any = None) -> Any:
        """Fill missing values with the last one before in the group, at most ``limit`` in a row; rows stay where they are."""
        return self._rows("ffill", {"limit": limit}, shuffle_method)

    def bfill(self, limit: int | None = None, shuffle_method: Any = None) -> Any:
        """Fill missing values with the next one in the group, at most ``limit`` in a row; rows stay where they are."""
        return self._rows("bfill", {"limit": limit}, shuffle_method)

    def cumcount(self, ascending: bool = True) -> Any:
        """Number the rows of each group from 0; rows stay where they are."""
        return self._rows("cumcount", {"ascending": ascending})

    def rank(self, method: str = "average", ascending: bool = True, na_option: str = "keep", pct: bool = False) -> Any:
        """Rank each row's values in its group; rows stay where they are."""
        return self._rows("rank", {"method": method, "ascending": ascending, "na_option": na_option, "pct": pct})

    def rolling(
        self,
        window: Any,
        min_periods: int | None = None,
        center: bool = False,
        win_type: str | None = None,
        on: str | None = None,
        closed: str | None = None,
    ) -> RollingGroups:
        """Return rolling windows of rows (or, for a string, of time) inside each group.

        Results are indexed by group and row, in the order of the groups, as in pandas.
        """
        options = {
            "window": window, "min_periods": min_periods, "center": center, "win_type": win_type, "on": on, "closed": closed,
        }  # fmt: skip
        return RollingGroups(self, {name: value for name, value in options.items() if value is not None})


class KeysInFront(NamedTuple):
    """Make columns of the first levels of the index."""

    levels: int

    def __call__(self, rows: Any) -> Any:
        return rows.reset_index(level=list(range(self.levels)))


class RollingGroups:
    """Rolling windows inside groups: ``sum``, ``mean``, ``min``, ``max``, ``std``, ``var``, ``count``, ``median`` ..."""

    def __init__(self, groups: Any, window: Mapping[str, Any]) -> None:
        self._groups = groups
        self._window = dict(window)
        self._groups._sampled(as_index=True).rolling(**self._window)

    def __getitem__(self, key: Any) -> RollingGroups:
        return RollingGroups(self._groups[key], self._window)

    def _call(self, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        groups = self._groups
        call = GroupCall(name, args, dict(kwargs), self._window)
        meta = empty(call(groups._sampled(as_index=True, observed=True)))
        whole = groups._gathered(None)
        rows = whole.by_group(call, "members", meta, groups._frame.npartitions)
        if groups._options["as_index"]:
            return groups._unbinned(rows)
        # Keys become columns in front; rows keep their labels, as in pandas.
        in_front = KeysInFront(len(groups._by))
        return groups._unbinned(partitionwise("group-keys", in_front, rows, meta=in_front(meta), token=tuple(in_front)))

    def __repr__(self) -> str:
        return f"<minidask RollingGroups {self._window} of {self._groups!r}>"


def _make_rolling(name: str) -> Callable[..., Any]:
    def rolling_method(self: RollingGroups, *args: Any, **kwargs: Any) -> Any:
        return self._call(name, args, kwargs)

    rolling_method.__name__ = name
    rolling_method.__qualname__ = f"groupby.rolling.{name}"
    rolling_method.__doc__ = f"Return the {name} of each window, as pandas does."
    return rolling_method


for _name in (
    "sum", "mean", "min", "max", "std", "var", "sem", "count", "median", "skew", "kurt", "quantile", "apply", "aggregate", "agg",
):  # fmt: skip
    setattr(RollingGroups, _name, _make_rolling(_name))


def _make_cumulative(name: str) -> Callable[..., Any]:
    def cumulative(self: Any, numeric_only: bool = False, skipna: bool = True) -> Any:
        grouped = self
        if numeric_only and not self._is_series():
            grouped = self._selected(type(self), [c for c in self._values() if is_number(self._dtype(c))])
        return grouped._rows(name, {"skipna": skipna} if name in ("cumsum", "cumprod") else {})

    cumulative.__name__ = name
    cumulative.__qualname__ = f"groupby.{name}"
    cumulative.__doc__ = f"Return the {name} of each group's rows so far; rows stay where they are."
    return cumulative


for _name in ("cumsum", "cumprod", "cummin", "cummax"):
    setattr(Whole, _name, _make_cumulative(_name))

"""Calls of users' functions whose results are checked against meta, with errors that say which partition failed how.

Place in the flow: ``from_map``, ``map_partitions`` and ``apply`` wrap the functions that they are given; runs inside tasks.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import pandas as pd

from minidask.dataframe.meta import describe_difference
from minidask.graph import func_name

# Operations that take ``enforce_metadata``.
OPTIONAL = ("map_partitions", "map_overlap", "from_map")


class CheckedCall(NamedTuple):
    """Call a function and compare what it returns with the declared meta, unless that is None; errors get ``note_rows``.

    It gets its own shallow copies of pandas objects: a function that writes into its argument changes no held partition.

    Examples
    --------
    >>> call = CheckedCall(abs, pd.Series([], name="x", dtype="int64"), "map_partitions")
    >>> call(pd.Series([-1], name="y"))
    Traceback (most recent call last):
    ...
    ValueError: map_partitions: what 'abs' returned does not fit its meta: the name: declared 'x', actual 'y'. Correct meta= or
    the function, or pass enforce_metadata=False.
    """

    func: Any
    meta: Any
    operation: str

    @property
    def short_name(self) -> str:
        """The function's name, for people."""
        return func_name(self.func)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            value = self.func(*map(own_copy, args), **{name: own_copy(kept) for name, kept in kwargs.items()})
        except Exception as error:
            note_rows(error, self.operation, self.func, args)
            raise
        difference = None if self.meta is None else describe_difference(self.meta, value)
        if difference is not None:
            raise ValueError(
                f"{self.operation}: what {func_name(self.func)!r} returned does not fit its meta: {difference}. Correct meta= or "
                f"the function{', or pass enforce_metadata=False' if self.operation in OPTIONAL else ''}."
            )
        if self.meta is not None and isinstance(value, pd.DataFrame | pd.Series) and not len(value):
            return as_declared(self.meta, value)
        return value

    def __hash__(self) -> int:
        return hash((self.func, self.operation, id(self.meta)))

    def __eq__(self, other: object) -> bool:
        return type(other) is CheckedCall and other.func == self.func and other.meta is self.meta

    def __ne__(self, other: object) -> bool:
        return not self == other


def own_copy(value: Any) -> Any:
    """Return a pandas object as one that may be written into: its data are copied when that happens. Others come as they are.

    That takes about 8 microseconds, however many rows there are.

    >>> numbers = pd.Series([1, 2])
    >>> own = own_copy(numbers)
    >>> own.iloc[0] = 9
    >>> numbers.tolist()
    [1, 2]
    """
    if isinstance(value, pd.DataFrame | pd.Series):
        return value.copy(deep=False)
    return value.view() if isinstance(value, pd.Index) else value


def as_declared(meta: Any, value: Any) -> Any:
    """Return what has no rows in the declared dtypes: without values many functions can't tell them, and others' rows follow.

    Examples
    --------
    >>> as_declared(pd.Series([], dtype="float64"), pd.Series([], dtype="str")).dtype
    dtype('float64')
    """
    if isinstance(value, pd.Series):
        return value if meta.dtype in (value.dtype, "category") else _no_values(value, meta.dtype)
    kinds = enumerate(zip(meta.dtypes, value.dtypes, strict=True))
    wrong = {at: declared for at, (declared, dtype) in kinds if declared not in (dtype, "category")}
    if wrong:
        value = value.copy()
        for at, declared in wrong.items():
            value.isetitem(at, _no_values(value.iloc[:, at], declared))
    return value


def _no_values(column: pd.Series, dtype: Any) -> pd.Series:
    # Not a conversion, which there isn't between all dtypes: there is nothing to convert.
    return pd.Series([], dtype=dtype, index=column.index, name=column.name)


def note_rows(error: BaseException, operation: str, func: Any, args: Iterable[Any]) -> None:
    """Add to an error which rows the function got: those of the first pandas object among its arguments.

    Which partition that was stands at the end of the task's key, which the scheduler notes.

    Examples
    --------
    >>> error = ValueError("no")
    >>> note_rows(error, "apply", abs, [pd.Series([5, 6], index=["a", "b"])])
    >>> error.__notes__
    ["apply: 'abs' failed on 2 rows, index 'a' to 'b'."]
    """
    rows = next((arg for arg in args if isinstance(arg, pd.DataFrame | pd.Series | pd.Index)), None)
    if rows is None:
        return
    index = rows if isinstance(rows, pd.Index) else rows.index
    which = f"index {label(index[0])} to {label(index[-1])}" if len(index) else "an empty partition"
    error.add_note(f"{operation}: {func_name(func)!r} failed on {len(index)} rows, {which}.")


def label(value: Any) -> str:
    """Return an index label as people write it: dates plainly, texts quoted.

    >>> label(pd.Timestamp("2020-01-01")), label("a"), label(3)
    ('2020-01-01 00:00:00', "'a'", '3')
    """
    return repr(value) if isinstance(value, str) else f"{value!s:.80}"


def check_meta_choice(meta: Any, operation: str) -> None:
    """Raise TypeError if meta describes no partitions of a collection."""
    if not isinstance(meta, pd.DataFrame | pd.Series | pd.Index):
        raise TypeError(
            f"{operation}: meta must describe a DataFrame, Series or Index, got {type(meta).__name__}: {meta!r:.80}"
        )

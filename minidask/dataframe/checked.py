"""Calls of users' functions whose results are checked against meta, with errors that say which partition failed how.

Place in the flow: ``from_map``, ``map_partitions`` and ``apply`` wrap the functions that they are given; runs inside tasks.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd

from minidask.dataframe.meta import describe_difference
from minidask.graph import func_name


class CheckedCall(NamedTuple):
    """Call a function and compare what it returns with the declared meta.

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
        value = self.func(*args, **kwargs)
        difference = describe_difference(self.meta, value)
        if difference is not None:
            raise ValueError(
                f"{self.operation}: what {func_name(self.func)!r} returned does not fit its meta: {difference}. Correct meta= or "
                "the function, or pass enforce_metadata=False."
            )
        return value

    def __hash__(self) -> int:
        return hash((self.func, self.operation, id(self.meta)))

    def __eq__(self, other: object) -> bool:
        return type(other) is CheckedCall and other.func == self.func and other.meta is self.meta

    def __ne__(self, other: object) -> bool:
        return not self == other


def check_meta_choice(meta: Any, operation: str) -> None:
    """Raise TypeError if meta describes no partitions of a collection."""
    if not isinstance(meta, pd.DataFrame | pd.Series | pd.Index):
        raise TypeError(
            f"{operation}: meta must describe a DataFrame, Series or Index, got {type(meta).__name__}: {meta!r:.80}"
        )

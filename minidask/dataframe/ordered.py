"""Comparisons by the order of categories that aren't known before computing.

Each partition of files, say, brings its own categories. ``df["size"] < "large"`` has a meaning for the whole only if these, and
their order, are the same everywhere: each partition is compared with the first one's, and fails where they differ, so that no
partition answers by an order of its own. Nothing but the first partition's dtype goes to the others.

Place in the flow: behind ``operators``. ``hint_categories`` is for whoever computes a meta.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import pandas as pd

from minidask.dataframe.calls import Attribute
from minidask.dataframe.collection import FrameCollection
from minidask.dataframe.meta import has_unknown_categories
from minidask.dataframe.partitionwise import partitionwise
from minidask.graph import func_name

REMEDY = "make them known first, with cat.as_known(), df.categorize() or astype(pandas.CategoricalDtype([...], ordered=True))"
ORDER = ("lt", "le", "gt", "ge")


def by_unknown_order(name: str, left: Any, right: Any) -> bool:
    """Whether a comparison is one by an order of categories that partitions bring along."""
    return name in ORDER and any(_is_unknown(side) for side in (left, right))


def _is_unknown(side: Any) -> bool:
    if not isinstance(side, FrameCollection) or side._kind != "Series" or not has_unknown_categories(side._meta):
        return False
    return bool(side._meta.dtype.ordered)


def compare_ordered(name: str, func: Any, left: Any, right: Any) -> Any:
    """Return ``func(left, right)``, where a side is an ordered categorical of unknown categories; computing checks them.

    Examples
    --------
    >>> import operator
    >>> import minidask.dataframe as dd
    >>> sizes = pd.Categorical(["S", "L", "M"], categories=["S", "M", "L"], ordered=True)
    >>> lazy = dd.from_pandas(pd.Series(sizes), npartitions=2).cat.as_unknown()
    >>> compare_ordered("lt", operator.lt, lazy, "M").compute().tolist()
    [True, False, False]
    """
    series = left if _is_unknown(left) else right
    first = partitionwise("dtype", Attribute("dtype"), series.get_partition(0), meta=0, divisions=(None, None))
    meta = pd.Series([], dtype=bool, index=series._meta.index, name=_name(left, right))
    return partitionwise(name, OrderedComparison(func), left, right, first, meta=meta, token="ordered")


def _name(left: Any, right: Any) -> Any:
    names = [side._meta.name for side in (left, right) if isinstance(side, FrameCollection) and side._kind == "Series"]
    return names[0] if len(set(names)) == 1 else None


class OrderedComparison(NamedTuple):
    """Compare, and check that categories and their order are those of the first partition."""

    func: Any

    @property
    def short_name(self) -> str:
        """The operator's name, for people."""
        return func_name(self.func)

    def __call__(self, left: Any, right: Any, first: Any) -> Any:
        for side in (left, right):
            if isinstance(side, pd.Series) and len(side) and side.dtype != first:
                raise ValueError(
                    f"{self.short_name}: categories, or their order, differ between partitions "
                    f"({_shown(first)} and {_shown(side.dtype)}), so that there is no order to compare by: {REMEDY}"
                )
        try:
            return self.func(left, right)
        except TypeError as error:
            raise TypeError(f"{error}: the value isn't among the categories, {_shown(first)}") from error


def _shown(dtype: Any) -> str:
    if not isinstance(dtype, pd.CategoricalDtype):
        return str(dtype)
    return f"{dtype.categories.tolist()!r:.80}"


@contextmanager
def hint_categories(operands: Sequence[Any]) -> Iterator[None]:
    """Say of TypeErrors of categoricals whose categories aren't known that this may be why.

    Examples
    --------
    >>> import minidask.dataframe as dd
    >>> lazy = dd.from_pandas(pd.Series(["a"]), npartitions=1).astype("category")
    >>> lazy.where(lazy == "a", "b")
    Traceback (most recent call last):
    ...
    TypeError: Cannot setitem on a Categorical with a new category (b), set the categories first. The categories ...
    """
    try:
        yield
    except TypeError as error:
        if not any(_has_unknown(each) for each in operands):
            raise
        raise TypeError(f"{error}. The categories aren't known before computing, which may be why: {REMEDY}") from error


def _has_unknown(operand: Any) -> bool:
    meta = getattr(operand, "_meta", None)
    if isinstance(meta, pd.DataFrame):
        return any(has_unknown_categories(meta.iloc[:, at]) for at in range(meta.shape[1]))
    return has_unknown_categories(meta)

"""``Index``: the lazy index of a dataframe or Series.

Place in the flow: what ``df.index`` gives; elementwise work and a few reductions.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import pandas as pd

from minidask.collection import compute
from minidask.dataframe.accessors import CategoricalAccessor, StringAccessor
from minidask.dataframe.calls import Attribute, Method
from minidask.dataframe.collection import CLASSES, FrameCollection
from minidask.dataframe.conversions import Conversions
from minidask.dataframe.frame import missing_attribute
from minidask.dataframe.indexers import is_condition
from minidask.dataframe.keywords import takes_keywords_of
from minidask.dataframe.mapping import map_values
from minidask.dataframe.meta import no_default
from minidask.dataframe.operators import Operators
from minidask.dataframe.partitions import PartitionMethods
from minidask.dataframe.partitionwise import partitionwise
from minidask.dataframe.reductions.methods import IndexReductions
from minidask.dataframe.repr import index_text


@takes_keywords_of(pd.Index)
class Index(IndexReductions, Conversions, Operators, PartitionMethods):
    """A pandas Index in partitions, computed when asked for."""

    _kind = "Index"

    @property
    def name(self) -> Hashable:
        """The index's name."""
        name: Hashable = self._meta.name
        return name

    @property
    def dtype(self) -> Any:
        """The dtype."""
        return self._meta.dtype

    @property
    def ndim(self) -> int:
        """1."""
        return 1

    @property
    def size(self) -> Any:
        """Lazy number of values."""
        return self._length()

    @property
    def shape(self) -> tuple[Any]:
        """Lazy number of values in a tuple."""
        return (self._length(),)

    def __len__(self) -> int:
        return int(compute(self._length())[0])

    def __getattr__(self, name: Any) -> Any:
        if name.startswith("_") or "_meta" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__!r} has no attribute {name!r}")
        if isinstance(self._meta, pd.DatetimeIndex) and name in _DATE_PARTS:
            return partitionwise(name, Attribute(name), self).clear_divisions()
        if name in ("str", "cat"):
            # The property has raised AttributeError already; pandas says why.
            getattr(self.to_series()._meta, name)
        raise AttributeError(missing_attribute(self, name))

    def __getitem__(self, key: Any) -> Any:
        """Return the values where a lazy Series of booleans, such as ``index > 5`` or a condition on the frame, is true."""
        if not isinstance(key, FrameCollection) or key._kind != "Series" or not is_condition(key._meta.dtype):
            raise NotImplementedError(
                f"an Index takes a lazy Series of booleans of the same rows, such as index[index > 5], got {type(key).__name__}: "
                "where a value lies isn't known before partitions are counted"
            )
        return partitionwise("filter", masked_index, self, key, meta=self._meta)

    def to_series(self, name: Any = no_default) -> Any:
        """Return a Series of the values, labelled by themselves."""
        series = partitionwise("to_series", Method("to_series"), self)
        return series if name is no_default else series.rename(name)

    def to_frame(self, index: bool = True, name: Any = no_default) -> Any:
        """Return a DataFrame of one column of the values, labelled by themselves or (``index=False``) numbered."""
        kwargs = {"index": index} if name is no_default else {"index": index, "name": name}
        divisions = None if index else (None,) * (self.npartitions + 1)
        return partitionwise("to_frame", Method("to_frame"), self, kwargs=kwargs, divisions=divisions)

    def map(self, arg: Any, na_action: Any = None, meta: Any = no_default) -> Any:
        """Replace each value by ``arg[value]`` or ``arg(value)``; divisions become unknown."""
        return map_values(self, arg, na_action, meta).clear_divisions()

    def astype(self, dtype: Any) -> Any:
        """Convert to a dtype."""
        return partitionwise("astype", Method("astype"), self, dtype).clear_divisions()

    def isin(self, values: Any) -> Any:
        """Return which values are among ``values``, as a Series labelled by the index."""
        return self.to_series().isin(values)

    def isna(self) -> Any:
        """Return which values are missing, as a Series labelled by the index."""
        return self.to_series().isna()

    def notna(self) -> Any:
        """Return which values are there, as a Series labelled by the index."""
        return self.to_series().notna()

    isnull = isna
    notnull = notna

    @property
    def str(self) -> StringAccessor:
        """Methods of strings; booleans come as a Series labelled by the index. Raises AttributeError for other dtypes."""
        return StringAccessor(self)

    @property
    def cat(self) -> CategoricalAccessor:
        """Categories; raises AttributeError for other dtypes."""
        return CategoricalAccessor(self.to_series())

    def rename(self, name: Hashable) -> Any:
        """Return the index under another name."""
        return partitionwise("rename", Method("rename"), self, name)

    def __repr__(self) -> Any:
        return index_text(self)


def masked_index(index: pd.Index, mask: pd.Series) -> pd.Index:
    """Return the values where a mask is true; a missing one is no answer, as in pandas.

    >>> masked_index(pd.Index([4, 5]), pd.Series([False, True])).tolist()
    [5]
    """
    if mask.dtype == object or mask.isna().any():
        mask = mask.fillna(False)
    return index[mask.to_numpy(dtype=bool)]


_DATE_PARTS = frozenset(
    [
        "year",
        "month",
        "day",
        "hour",
        "minute",
        "second",
        "microsecond",
        "nanosecond",
        "dayofweek",
        "day_of_week",
        "weekday",
        "dayofyear",
        "day_of_year",
        "quarter",
        "days_in_month",
    ]
)
CLASSES[pd.Index] = Index

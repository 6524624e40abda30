"""``Series``: one column, with its accessors.

Place in the flow: the class that ``df["x"]`` gives; what it shares with ``DataFrame`` comes from mixins.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from minidask.collection import compute
from minidask.dataframe.accessors import CategoricalAccessor, DatetimeAccessor, StringAccessor
from minidask.dataframe.choosing import SeriesChoosing
from minidask.dataframe.collection import CLASSES, FrameCollection
from minidask.dataframe.combining import SeriesCombining
from minidask.dataframe.conversions import SeriesConversions
from minidask.dataframe.current_divisions import CurrentDivisions
from minidask.dataframe.divisions import check_divisions
from minidask.dataframe.elementwise import Elementwise
from minidask.dataframe.frame import filter_rows, missing_attribute
from minidask.dataframe.groupby import SeriesGroupBy
from minidask.dataframe.indexers import is_condition, slice_rows
from minidask.dataframe.keywords import takes_keywords_of
from minidask.dataframe.mapping import apply_values, map_values, rename_labels
from minidask.dataframe.meta import no_default
from minidask.dataframe.neighbours import SeriesNeighbours
from minidask.dataframe.operators import Operators, SeriesOperators
from minidask.dataframe.order.methods import SeriesOrdering
from minidask.dataframe.ordered import by_unknown_order
from minidask.dataframe.partitions import PartitionMethods
from minidask.dataframe.partitionwise import method, partitionwise, refuse_pandas, with_divisions
from minidask.dataframe.reductions.methods import SeriesReductions
from minidask.dataframe.repr import StructureText, series_text
from minidask.dataframe.reshaping import SeriesReshaping
from minidask.dataframe.shuffle import ShuffleMethods


@takes_keywords_of(pd.Series)
class Series(
    SeriesChoosing,
    CurrentDivisions,
    SeriesReshaping,
    SeriesCombining,
    SeriesConversions,
    StructureText,
    SeriesReductions,
    SeriesNeighbours,
    SeriesOrdering,
    Elementwise,
    SeriesOperators,
    Operators,
    PartitionMethods,
    ShuffleMethods,
):
    """A pandas Series in partitions, computed when asked for."""

    _kind = "Series"

    @property
    def name(self) -> Hashable:
        """The Series's name."""
        name: Hashable = self._meta.name
        return name

    @name.setter
    def name(self, name: Hashable) -> None:
        renamed = self.rename(name)
        for field in ("_layer", "_meta"):
            self.__dict__[field] = getattr(renamed, field)
        self.__dict__["_graph"] = None

    @property
    def dtype(self) -> Any:
        """The dtype."""
        return self._meta.dtype

    dtypes = dtype

    @property
    def ndim(self) -> int:
        """1."""
        return 1

    @property
    def shape(self) -> tuple[Any]:
        """Lazy number of rows (a ``Scalar``) in a tuple."""
        return (self._length(),)

    @property
    def size(self) -> Any:
        """Lazy number of values."""
        return self._length()

    @property
    def str(self) -> StringAccessor:
        """Methods of strings; raises AttributeError for other dtypes."""
        return StringAccessor(self)

    @property
    def dt(self) -> DatetimeAccessor:
        """Parts and methods of dates and times; raises AttributeError for other dtypes."""
        return DatetimeAccessor(self)

    @property
    def cat(self) -> CategoricalAccessor:
        """Categories; raises AttributeError for other dtypes."""
        return CategoricalAccessor(self)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, FrameCollection) and key._kind == "Series":
            if not is_condition(key._meta.dtype):
                raise TypeError(f"rows are selected by a Series of booleans, got one of {key._meta.dtype}")
            return partitionwise("filter", filter_rows, self, key, meta=self._meta)
        if isinstance(key, slice):
            return slice_rows(self, key)
        if isinstance(key, pd.Series) and pd.api.types.is_bool_dtype(key.dtype):
            return self[with_divisions("series[condition]", key, self)]
        refuse_pandas("series[condition]", key)
        raise NotImplementedError(
            "rows of a Series are selected by a lazy condition or a slice of labels; for other labels use series.loc[...]"
        )

    def __getattr__(self, name: Any) -> Any:
        if name.startswith("_") or "_meta" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__!r} has no attribute {name!r}")
        if name in ("str", "dt", "cat"):
            # The property has raised AttributeError already; pandas says why.
            getattr(self._meta, name)
        raise AttributeError(missing_attribute(self, name))

    def __len__(self) -> int:
        return int(compute(self._length())[0])

    def __iter__(self) -> Iterator[Any]:
        for at in range(self.npartitions):
            yield from self.get_partition(at).compute()

    def items(self) -> Iterator[tuple[Hashable, Any]]:
        """Iterate over pairs of index value and value, computing a partition at a time."""
        for at in range(self.npartitions):
            yield from self.get_partition(at).compute().items()

    def rename(self, index: Any = None, sorted_index: bool = False) -> Any:
        """Return the Series under another name (a scalar), or with index labels renamed by a dict or function.

        Divisions become unknown with other labels, unless ``sorted_index`` says that their order stays: then they are renamed,
        too.

        Raises
        ------
        ValueError
            If ``sorted_index`` is true, but the renamed divisions don't ascend.
        """
        if isinstance(index, Mapping | pd.Series) or callable(index):
            divisions = None
            if sorted_index and self.known_divisions:
                renamed = pd.Series(0, index=pd.Index(self.divisions)).rename(index=index).index
                divisions = check_divisions(renamed.tolist(), self.npartitions)
            return rename_labels(self, index, divisions)
        return method("rename", self, index)

    def to_frame(self, name: Hashable = no_default) -> Any:
        """Return a DataFrame of this one column, under ``name`` if it is given."""
        return method("to_frame", self, kwargs=None if name is no_default else {"name": name})

    def between(self, left: Any, right: Any, inclusive: Any = "both") -> Any:
        """Return True where ``left <= value <= right`` (scalars or Series of the same rows)."""
        for bound in (left, right):
            if not isinstance(bound, FrameCollection):
                refuse_pandas("between", bound)
        if by_unknown_order("lt", self, left) or by_unknown_order("lt", self, right):
            return self._between_categories(left, right, inclusive)
        return method("between", self, left, right, kwargs={"inclusive": inclusive})

    def _between_categories(self, left: Any, right: Any, inclusive: Any) -> Any:
        if inclusive not in ("both", "neither", "left", "right"):
            raise ValueError("Inclusive has to be either string of 'both','left', 'right', or 'neither'.")
        lower = self >= left if inclusive in ("both", "left") else self > left
        return lower & (self <= right if inclusive in ("both", "right") else self < right)

    def map(self, arg: Any, na_action: Any = None, meta: Any = no_default) -> Any:
        """Replace each value by ``arg[value]`` or ``arg(value)``.

        Parameters
        ----------
        arg : dict, Series (of pandas or minidask: its index has the keys) or callable
        na_action : None or "ignore"
        meta : optional
            What comes out (such as ``("name", "float64")``); default: found on made-up values.

        Raises
        ------
        TypeError, ValueError
            If ``arg`` is none of these, or the result could not be inferred.
        """
        return map_values(self, arg, na_action, meta)

    def apply(self, func: Callable[..., Any], args: tuple[Any, ...] = (), meta: Any = no_default, **kwargs: Any) -> Any:
        """Call a function on each value; see ``map`` for ``meta`` and errors."""
        return apply_values(self, func, args, meta, kwargs)

    def groupby(
        self,
        by: Any = None,
        group_keys: bool = True,
        sort: bool | None = None,
        observed: bool | None = None,
        dropna: bool | None = None,
        *,
        level: Any = None,
        as_index: bool = True,
    ) -> SeriesGroupBy:
        """Group values by Series of the same rows; see ``DataFrame.groupby``."""
        return SeriesGroupBy(self, by, level, sort, dropna, observed, as_index, group_keys)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self.compute(), dtype=dtype)

    def __repr__(self) -> Any:
        return series_text(self)


CLASSES[pd.Series] = Series

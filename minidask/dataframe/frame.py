"""``DataFrame``: columns, rows and what is made of them.

Place in the flow: the class that users hold. Methods that it shares with ``Series`` come from mixins (operators,
elementwise, reductions, partitions); here is what deals with columns.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd

from minidask.collection import compute
from minidask.dataframe.calls import Method
from minidask.dataframe.categories import categorize
from minidask.dataframe.choosing import FrameChoosing
from minidask.dataframe.collection import CLASSES, FrameCollection
from minidask.dataframe.columns import (
    as_labels,
    check_column,
    check_columns,
    simple_columns,
    take_labels,
    unknown_column,
)
from minidask.dataframe.combining import FrameCombining
from minidask.dataframe.conversions import FrameConversions
from minidask.dataframe.current_divisions import CurrentDivisions
from minidask.dataframe.elementwise import Elementwise
from minidask.dataframe.expressions import Expressions
from minidask.dataframe.from_memory import from_arrow, from_dict
from minidask.dataframe.groupby import DataFrameGroupBy
from minidask.dataframe.groupby.repeated import RepeatedGroupBy
from minidask.dataframe.indexers import is_condition, slice_rows
from minidask.dataframe.joining.methods import JoinMethods
from minidask.dataframe.keywords import takes_keywords_of
from minidask.dataframe.layers import Assign, Filter, Project, Rename, assign_columns, assign_layer
from minidask.dataframe.mapping import apply_rows, map_each, rename_labels
from minidask.dataframe.meta import no_default
from minidask.dataframe.neighbours import NeighbourMethods
from minidask.dataframe.operators import NamedOperators, Operators
from minidask.dataframe.order.methods import FrameOrdering
from minidask.dataframe.partitions import PartitionMethods
from minidask.dataframe.partitionwise import (
    align_partitions,
    columnwise,
    divisions_and_rows,
    partitionwise,
    with_divisions,
)
from minidask.dataframe.reductions.methods import FrameReductions
from minidask.dataframe.remedies import SHARED, remedy
from minidask.dataframe.repr import StructureText, frame_html, frame_text
from minidask.dataframe.reshaping import FrameReshaping
from minidask.dataframe.shuffle import ShuffleMethods
from minidask.graph.blockwise import Constant, InputOf
from minidask.tokenize import quick_token


@takes_keywords_of(pd.DataFrame)
class DataFrame(
    FrameChoosing,
    CurrentDivisions,
    FrameReshaping,
    FrameCombining,
    FrameConversions,
    Expressions,
    StructureText,
    FrameReductions,
    NeighbourMethods,
    JoinMethods,
    FrameOrdering,
    Elementwise,
    NamedOperators,
    Operators,
    PartitionMethods,
    ShuffleMethods,
):
    """A pandas DataFrame in partitions, computed when asked for; made by ``from_pandas``, ``read_csv`` and the like."""

    _kind = "DataFrame"

    # -- structure --------------------------------------------------------------------------------------------------

    @property
    def columns(self) -> pd.Index:
        """The column labels; assign a list of as many labels to rename all."""
        columns: pd.Index = self._meta.columns
        return columns

    @columns.setter
    def columns(self, labels: Any) -> None:
        labels = pd.Index(labels)
        if len(labels) != self._meta.shape[1]:
            raise ValueError(f"there are {self._meta.shape[1]} columns, got {len(labels)} labels")
        self._become(columnwise_labels(self, labels))

    @property
    def dtypes(self) -> pd.Series:
        """The columns' dtypes, a pandas Series."""
        dtypes: pd.Series = self._meta.dtypes
        return dtypes

    @property
    def ndim(self) -> int:
        """2."""
        return 2

    @property
    def shape(self) -> tuple[Any, int]:
        """Lazy number of rows (a ``Scalar``) and number of columns."""
        return self._length(), self._meta.shape[1]

    @property
    def size(self) -> Any:
        """Lazy number of values."""
        return self._length() * self._meta.shape[1]

    @property
    def empty(self) -> bool:
        """Whether there are no values; computes the number of rows."""
        return self._meta.shape[1] == 0 or len(self) == 0

    def keys(self) -> pd.Index:
        """Return the column labels."""
        return self.columns

    def select_dtypes(self, include: Any = None, exclude: Any = None) -> Any:
        """Return the columns whose dtypes are among ``include`` and not among ``exclude`` (see pandas)."""
        chosen = self._meta.select_dtypes(include=include, exclude=exclude).columns
        if self._meta.columns.is_unique:
            return self[list(chosen)]
        places = self._meta.set_axis(range(self._meta.shape[1]), axis=1).select_dtypes(include, exclude).columns
        return self.iloc[:, places.tolist()]

    def categorize(self, columns: Any = None, index: bool | None = None, split_every: Any = None) -> Any:
        """Return a dataframe whose categorical columns have known categories; these are computed at once.

        Parameters
        ----------
        columns : label or list of labels, optional
            Default: those of unknown categories, of strings and of objects.
        index : bool, optional
            Whether the index becomes categorical, too; default: if it is, and its categories aren't known.
        split_every : int, optional
            How many partial results one task takes.

        Examples
        --------
        >>> import minidask.dataframe as dd
        >>> df = dd.from_pandas(pd.DataFrame({"s": ["b", "a"]}), npartitions=2)
        >>> df.categorize()["s"].cat.categories.tolist()
        ['a', 'b']
        """
        return categorize(self, columns, index, split_every)

    @classmethod
    def from_dict(
        cls, data: Any, *, npartitions: int = 1, orient: Any = "columns", dtype: Any = None, columns: Any = None
    ) -> Any:
        """Make a dataframe of a dict; see ``minidask.dataframe.from_dict``."""
        return from_dict(data, npartitions, orient=orient, dtype=dtype, columns=columns)

    @classmethod
    def from_arrow(cls, data: Any, npartitions: int | None = None) -> Any:
        """Make a dataframe of an Arrow table or stream; see ``minidask.dataframe.from_arrow``."""
        return from_arrow(data, npartitions)

    # -- columns ----------------------------------------------------------------------------------------------------

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, FrameCollection):
            if key._kind == "Series":
                if not is_condition(key._meta.dtype):
                    raise TypeError(f"rows are selected by a Series of booleans, got one of {key._meta.dtype}")
                return columnwise("filter", filter_rows, self, key, cls=Filter, meta=self._meta)
            if key._kind == "DataFrame":
                return self.where(key)
            raise TypeError(f"rows are selected by a Series of booleans, got a {key._kind}")
        if isinstance(key, slice):
            return slice_rows(self, key)
        if isinstance(key, pd.Series | np.ndarray) and pd.api.types.is_bool_dtype(key.dtype):
            return self[with_divisions("df[condition]", key, self)]
        if isinstance(key, list | np.ndarray | pd.Index | pd.Series):
            labels = list(key)
            check_columns(labels, self._meta.columns)
            return partitionwise(
                "project", take_columns, self, labels, cls=Project, labels=labels, meta=take_labels(self._meta, labels)
            )
        if callable(key):
            return self[key(self)]
        check_column(key, self._meta.columns)
        return partitionwise("column", take_columns, self, key, cls=Project, labels=key, meta=self._meta[key])

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or "_meta" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__!r} has no attribute {name!r}")
        if name in self._meta.columns:
            return self[name]
        raise AttributeError(missing_attribute(self, name))

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_") or hasattr(type(self), name):
            object.__setattr__(self, name, value)
        elif name in self._meta.columns:
            self[name] = value
        elif isinstance(value, FrameCollection):
            raise AttributeError(f"a new column is made with df[{name!r}] = ..., not as an attribute")
        else:
            object.__setattr__(self, name, value)

    def __dir__(self) -> list[str]:
        return sorted(
            {*object.__dir__(self), *[c for c in self._meta.columns if isinstance(c, str) and c.isidentifier()]}
        )

    def __setitem__(self, key: Any, value: Any) -> None:
        if isinstance(key, FrameCollection):
            if key._kind == "DataFrame":
                self._become(self.mask(key, value))
                return
            raise TypeError("rows can't be assigned by a condition; use df[column] = df[column].mask(condition, value)")
        if isinstance(key, list):
            if isinstance(value, DataFrame):
                if len(value.columns) != len(key):
                    raise ValueError(f"there are {len(key)} labels for {len(value.columns)} columns")
                self._become(self.assign_pairs([(k, value[c]) for k, c in zip(key, value.columns, strict=True)]))
                return
            self._become(self.assign_pairs([(label, value) for label in key]))
            return
        self._become(self.assign_pairs([(key, value)]))

    def __delitem__(self, key: Any) -> None:
        self._become(self.drop(columns=[key]))

    def _become(self, other: Self) -> None:
        """Stand for another expression from now on; collections made before keep standing for the old one."""
        for field in ("_layer", "_meta", "_divisions", "_rows"):
            self.__dict__[field] = getattr(other, field)
        self.__dict__["_graph"] = None

    def assign(self, **columns: Any) -> Any:
        """Return a dataframe with columns added or replaced.

        Parameters
        ----------
        **columns
            Collections of the same rows, scalars, or functions that are called with the dataframe so far.

        Raises
        ------
        TypeError
            For values in memory, whose rows belong to no partition.
        """
        frame = self
        pairs: list[tuple[Hashable, Any]] = []
        for name, value in columns.items():
            if callable(value) and not isinstance(value, FrameCollection):
                frame = frame.assign_pairs(pairs) if pairs else frame
                pairs = []
                value = value(frame)
            pairs.append((name, value))
        return frame.assign_pairs(pairs) if pairs else frame

    def assign_pairs(self, pairs: Sequence[tuple[Hashable, Any]]) -> Any:
        """Return a dataframe with columns added or replaced, given as pairs of label and value."""
        last = dict(pairs)
        values = []
        for name, value in last.items():
            if isinstance(value, FrameCollection):
                if value._kind == "DataFrame":
                    raise TypeError(f"column {name!r} must be one Series, got a DataFrame")
            else:
                value = with_divisions(f"column {name!r}", value, self)
            values.append(value)
        metas = [value._meta if isinstance(value, FrameCollection) else value for value in values]
        names = tuple(last)
        meta = assign_columns(self._meta, names, *metas)
        frame, *values = align_partitions("assigning a column", [self, *values])
        divisions, rows = divisions_and_rows("assigning a column", [frame, *values])
        inputs = {frame._layer.name: frame._layer}
        inputs.update({v._layer.name: v._layer for v in values if isinstance(v, FrameCollection)})
        places = {name: at for at, name in enumerate(inputs)}
        operands: list[Any] = []
        for name, value in zip(names, values, strict=True):
            if isinstance(value, FrameCollection):
                operands.append((name, (InputOf(places[value._layer.name]), ("i",))))
            else:
                operands.append((name, (Constant(value), ())))
        said = [value._layer.name if isinstance(value, FrameCollection) else ("literal", value) for value in values]
        name = f"assign-{quick_token('assign', frame._layer.name, names, *said)}"
        layer: Assign = assign_layer(frame._layer, operands, tuple(inputs.values()), meta, name)
        return DataFrame(layer, meta, divisions, rows)

    def insert(self, loc: int, column: Hashable, value: Any) -> None:
        """Insert a column at a position, in place; raises ValueError if it is there already."""
        if column in self._meta.columns:
            raise ValueError(f"cannot insert {column!r}, it is there already")
        labels = list(self._meta.columns)
        labels.insert(loc, column)
        self._become(self.assign_pairs([(column, value)])[labels])

    def pop(self, item: Hashable) -> Any:
        """Return a column and delete it here."""
        column = self[item]
        del self[item]
        return column

    def drop(self, labels: Any = None, axis: Any = 0, columns: Any = None, errors: str = "raise") -> Any:
        """Leave out columns, given as ``columns=`` or as ``labels`` with ``axis=1``.

        Raises
        ------
        KeyError
            If one is unknown, unless ``errors="ignore"``.
        NotImplementedError
            For rows: filter them instead.
        """
        if columns is None and axis in (1, "columns"):
            columns = labels
        if columns is None:
            raise NotImplementedError(
                "drop leaves out columns: drop(columns=[...]); leave out rows by a condition, df[~condition]"
            )
        gone = as_labels(columns)
        if errors == "raise":
            check_columns(gone, self._meta.columns)
        keep = [label for label in self._meta.columns if label not in gone]
        if self._meta.columns.nlevels == 1 and not simple_columns(self._meta.columns):
            return partitionwise("drop", Method("drop"), self, kwargs={"columns": gone, "errors": errors})
        return self[keep]

    def rename(
        self, mapper: Any = None, *, index: Any = None, columns: Any = None, axis: Any = 0, errors: str = "ignore"
    ) -> Any:
        """Rename columns (``columns=``, or ``axis=1``) or index labels (``index=``) by a dict or function.

        Divisions become unknown where index labels are renamed. ``errors="raise"`` raises KeyError for unknown columns.
        """
        if mapper is not None:
            index, columns = (index, mapper) if axis in (1, "columns") else (mapper, columns)
        if index is None and columns is None:
            raise TypeError("rename needs columns= or index=: a dict or a function")
        frame = self if index is None else rename_labels(self, index)
        if columns is None:
            return frame
        if not callable(columns) and not isinstance(columns, Mapping | pd.Series):
            raise TypeError(f"rename takes a dict or a function, got {type(columns).__name__}")
        return columnwise_labels(frame, self._meta.rename(columns=columns, errors=errors).columns)

    def set_axis(self, labels: Any, *, axis: Any = 1) -> Any:
        """Return the dataframe with all columns labelled anew (``axis=1``)."""
        if axis not in (1, "columns"):
            raise NotImplementedError("set_axis labels columns, axis=1; index labels are data of the partitions")
        return columnwise_labels(self, self._meta.set_axis(labels, axis=1).columns)

    def items(self) -> Iterator[tuple[Hashable, Any]]:
        """Iterate over pairs of label and lazy Series."""
        for at, label in enumerate(self._meta.columns):
            yield label, self[label] if self._meta.columns.is_unique else self.iloc[:, at]

    def __iter__(self) -> Iterator[Hashable]:
        return iter(self._meta)

    def __contains__(self, label: object) -> bool:
        return label in self._meta

    def iterrows(self) -> Iterator[tuple[Hashable, pd.Series]]:
        """Iterate over pairs of index value and row, computing a partition at a time."""
        for at in range(self.npartitions):
            yield from self.get_partition(at).compute().iterrows()

    def itertuples(self, index: bool = True, name: str | None = "Pandas") -> Iterator[Any]:
        """Iterate over rows as named tuples, computing a partition at a time."""
        for at in range(self.npartitions):
            yield from self.get_partition(at).compute().itertuples(index=index, name=name)

    # -- functions, groups, joins -----------------------------------------------------------------------------------

    def apply(
        self, func: Callable[..., Any], axis: Any = 0, args: tuple[Any, ...] = (), meta: Any = no_default, **kwargs: Any
    ) -> Any:
        """Call a function on each row (``axis=1``).

        Raises
        ------
        NotImplementedError
            For ``axis=0``.
        ValueError
            If what the function returns could not be inferred: give ``meta``.
        """
        return apply_rows(self, func, axis, args, meta, kwargs)

    def map(self, func: Callable[..., Any], na_action: Any = None, meta: Any = no_default, **kwargs: Any) -> Any:
        """Call a function on each value (``na_action="ignore"``: missing ones stay).

        Raises
        ------
        TypeError
            If ``func`` isn't callable.
        ValueError
            If what it returns could not be inferred: give ``meta``.
        """
        return map_each(self, func, na_action, meta, kwargs)

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
    ) -> DataFrameGroupBy | RepeatedGroupBy:
        """Group rows by columns, or Series of the same rows; see ``minidask.dataframe.groupby``.

        Parameters
        ----------
        by : label, Series, function of index labels, mapping of them, ``pandas.Grouper``, or list of these
        group_keys, sort, observed, dropna, level, as_index
            As in pandas, whose defaults None stands for.
        """
        options: dict[str, Any] = {"sort": sort, "dropna": dropna, "observed": observed}
        options |= {"as_index": as_index, "group_keys": group_keys}
        if not self._meta.columns.is_unique:
            return RepeatedGroupBy(self, by, level=level, **options)
        return DataFrameGroupBy(self, by, level, **options)

    def __len__(self) -> int:
        return int(compute(self._length())[0])

    def __repr__(self) -> str:
        return frame_text(self)

    def _repr_html_(self) -> str:
        return frame_html(self)


def filter_rows(frame: Any, mask: Any) -> Any:
    """Return the rows for which the mask is true; masks of other rows are aligned, without a warning for each partition."""
    return frame.loc[mask]


def take_columns(frame: pd.DataFrame, labels: Any) -> Any:
    """Return some columns, or one as a Series."""
    return take_labels(frame, labels) if isinstance(labels, list) else frame[labels]


def label_columns(frame: pd.DataFrame, former: Mapping[Hashable, Hashable]) -> pd.DataFrame:
    """Rename columns by ``{old: new}``; those that aren't there don't matter."""
    return frame.rename(columns=former)


def columnwise_labels(frame: DataFrame, labels: pd.Index) -> Any:
    """Return the dataframe with all columns labelled anew."""
    old = frame._meta.columns
    meta = frame._meta.set_axis(labels, axis=1)
    if not (simple_columns(old) and simple_columns(labels) and labels.name == old.name):
        return partitionwise("set_axis", Method("set_axis"), frame, labels, kwargs={"axis": 1}, meta=meta)
    changed = dict(zip(old, labels, strict=True))
    former = dict(zip(labels, old, strict=True))
    return partitionwise("rename", label_columns, frame, changed, cls=Rename, former=former, meta=meta)


def missing_attribute(frame: FrameCollection, name: str) -> str:
    """Return the message for an attribute that isn't there: what is near, or what to do instead."""
    kind = type(frame).__name__
    if hasattr(type(frame), name):
        # A property or accessor has raised AttributeError already: it says why.
        object.__getattribute__(frame, name)
    instead = remedy(kind, name) if name in SHARED or hasattr(type(frame._meta), name) else None
    if instead is not None or hasattr(type(frame._meta), name):
        return f"{kind}.{name} isn't built in minidask: {instead or 'call .compute() first, or use map_partitions'}"
    columns = frame._meta.columns if kind == "DataFrame" else []
    return f"{kind!r} has no attribute {name!r}: {unknown_column(name, columns, 'such method, and no column').args[0]}"


CLASSES[pd.DataFrame] = DataFrame

"""Joins of a dataframe with a small one: the small side is sent to every partition of the other.

Place in the flow: behind ``dd.merge``, ``DataFrame.merge`` and ``DataFrame.join``. A join is partition-wise where
every row of the result belongs to one row of the large side: ``inner`` and ``left`` with a small right side, ``inner``
and ``right`` with a small left side, and any kind when both are in one partition. Others need a shuffle.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, NamedTuple

import pandas as pd

from minidask.dataframe.collection import FrameCollection, new_collection
from minidask.dataframe.columns import as_labels, check_columns
from minidask.dataframe.construct import from_pandas
from minidask.dataframe.divisions import unknown
from minidask.dataframe.layers import Columns, FrameLayer, frame_layer
from minidask.dataframe.meta import sample

HOWS = ("inner", "left", "right", "outer", "cross")


class MergeCall(NamedTuple):
    """Join two partitions; ``only`` are the columns that the optimiser left of each side, None for all."""

    how: Any
    kwargs: Mapping[str, Any]
    only: tuple[Any, Any] = (None, None)

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "merge"

    def __call__(self, left: Any, right: Any) -> pd.DataFrame:
        left, right = [
            side if keep is None else side[[label for label in keep if label in side.columns]]
            for side, keep in zip((left, right), self.only, strict=True)
        ]
        return pd.merge(left, right, how=self.how, **self.kwargs)

    def __hash__(self) -> int:
        return hash((MergeCall, self.how))

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other


class Merge(FrameLayer):
    """Join partitions of two frames; ``sides`` has the places of left and right among the inputs."""

    __slots__ = ("columns", "sides")
    # columns: for each side ({label in the result: label in the side}, labels that are always needed)
    columns: tuple[tuple[Mapping[Hashable, Hashable], frozenset[Hashable]], ...]
    sides: tuple[int, int]

    def required(self, columns: Columns) -> tuple[Columns, ...]:
        if columns is None or self.sides[0] == self.sides[1]:
            return (None,) * len(self.inputs)
        asked: list[Columns] = [None] * len(self.inputs)
        for side, (sources, always) in zip(self.sides, self.columns, strict=True):
            asked[side] = frozenset([sources[label] for label in columns if label in sources]) | always
        return tuple(asked)

    def narrow(self, columns: Columns, inputs: tuple[Any, ...]) -> Any:
        if columns is None or self.sides[0] == self.sides[1]:
            return self._renamed(inputs)
        asked = self.required(columns)
        layer: Any = self._renamed(inputs, tuple(sorted(map(repr, columns))))
        call: Any = self.func
        # Columns in their own order: sets have none.
        metas = [list(sources.values()) for sources, _ in self.columns]
        kept = []
        for side, labels in zip(self.sides, metas, strict=True):
            need = asked[side] or frozenset()
            kept.append(tuple(dict.fromkeys([label for label in labels if label in need])))
        layer.func = call._replace(only=(kept[0], kept[1]))
        return layer


def merge(
    left: Any,
    right: Any,
    how: Any = "inner",
    on: Any = None,
    left_on: Any = None,
    right_on: Any = None,
    left_index: bool = False,
    right_index: bool = False,
    suffixes: tuple[str | None, str | None] = ("_x", "_y"),
    indicator: bool | str = False,
    npartitions: int | None = None,
) -> Any:
    """Join two dataframes, one of which is small: a pandas object, or in one partition.

    Parameters
    ----------
    left, right : DataFrame, Series with a name, or the pandas ones
        At least one is a collection.
    how : {"inner", "left", "right", "outer", "cross"}
    on, left_on, right_on, left_index, right_index, suffixes, indicator
        As in pandas.
    npartitions : None
        Taken for compatibility; the large side's partitions stay.

    Returns
    -------
    DataFrame
        With the large side's partitions. Rows are numbered anew in every partition, unless an index takes part in the
        join.

    Raises
    ------
    KeyError
        If a column is unknown.
    NotImplementedError
        If both sides have several partitions, or the kind of join isn't right partition by partition.
    TypeError, ValueError
        Where pandas raises them: no common columns, keys of different types.

    Examples
    --------
    >>> import minidask.dataframe as dd
    >>> flights = dd.from_pandas(pd.DataFrame({"carrier": ["AA", "UA"], "delay": [3, 5]}), npartitions=2)
    >>> names = pd.DataFrame({"carrier": ["AA", "UA"], "name": ["American", "United"]})
    >>> dd.merge(flights, names, on="carrier")["name"].compute().tolist()
    ['American', 'United']
    """
    if how not in HOWS:
        raise ValueError(f"how must be one of {', '.join(HOWS)}, got {how!r}")
    if npartitions is not None:
        raise NotImplementedError(
            "merge keeps the partitions of the large side; call .repartition(npartitions=...) on the result"
        )
    left, right = _side("left", left), _side("right", right)
    _check_possible(left, right, how)
    kwargs = _explicit_keys(left, right, how, on, left_on, right_on, left_index, right_index)
    kwargs |= {"suffixes": tuple(suffixes), "indicator": indicator}
    meta = pd.merge(left._meta, right._meta, how=how, **kwargs).iloc[:0]
    if kwargs.get("left_index") or kwargs.get("right_index"):
        # The empty merge has the dtypes of matched rows; that of two rows has the index that pandas gives to rows.
        meta.index = pd.merge(_two(left), _two(right), how="cross" if how == "cross" else "outer", **kwargs).index[:0]
    large = right if right.npartitions > left.npartitions else left
    columns = tuple(
        [
            _side_columns(side, other, at, kwargs, meta)
            for at, (side, other) in enumerate(((left, right), (right, left)))
        ]
    )
    same = left._layer.name == right._layer.name
    layer = frame_layer(
        Merge,
        "merge",
        MergeCall(how, kwargs),
        [left._layer, right._layer],
        None,
        meta,
        (how, kwargs),
        columns=columns,
        sides=(0, 0 if same else 1),
    )
    keeps_index = kwargs.get("left_index" if large is left else "right_index", False)
    divisions = unknown(large.npartitions)
    if keeps_index and kwargs.get("left_index") and kwargs.get("right_index") and how != "outer":
        divisions = large.divisions
    return new_collection(layer, meta, divisions)


def _two(frame: FrameCollection) -> pd.DataFrame:
    two: pd.DataFrame = sample(frame._meta)
    return two


def _side(name: str, obj: Any) -> Any:
    if isinstance(obj, pd.DataFrame | pd.Series):
        obj = from_pandas(obj, npartitions=1, sort=False)
    if not isinstance(obj, FrameCollection) or obj._kind not in ("DataFrame", "Series"):
        raise TypeError(f"merge joins dataframes, got {type(obj).__name__} as {name}")
    if obj._kind == "Series":
        if obj._meta.name is None:
            raise ValueError(f"the Series on the {name} needs a name to be joined: it becomes a column")
        obj = obj.to_frame()  # type: ignore[attr-defined]
    return obj


def _check_possible(left: FrameCollection, right: FrameCollection, how: str) -> None:
    if left.npartitions == right.npartitions == 1:
        return
    if left.npartitions > 1 and right.npartitions > 1:
        raise NotImplementedError(
            f"merging two dataframes of several partitions ({left.npartitions} and {right.npartitions}) needs a shuffle, "
            "which isn't built yet: call .compute() on the smaller one, or .repartition(npartitions=1)"
        )
    small, allowed = ("right", ("inner", "left", "cross")) if left.npartitions > 1 else ("left", ("inner", "right"))
    if how not in allowed:
        raise NotImplementedError(
            f"how={how!r} with a small {small} side would repeat the {small} side's unmatched rows in every partition; it "
            f"needs a shuffle, which isn't built yet. Possible are {' and '.join(allowed)}; or call "
            ".repartition(npartitions=1) on the large side"
        )


def _explicit_keys(
    left: Any, right: Any, how: str, on: Any, left_on: Any, right_on: Any, left_index: bool, right_index: bool
) -> dict[str, Any]:
    """Return the keys as keywords that don't depend on which columns are there."""
    if how == "cross":
        if on is not None or left_on is not None or right_on is not None or left_index or right_index:
            raise ValueError("how='cross' joins every row with every row: it takes no keys")
        return {}
    for value in (on, left_on, right_on):
        if isinstance(value, FrameCollection) or any(isinstance(v, FrameCollection) for v in as_labels(value)):
            raise NotImplementedError("merge on a lazy Series isn't built: make it a column with assign first")
    if on is None and left_on is None and right_on is None and not left_index and not right_index:
        common = [label for label in left._meta.columns if label in right._meta.columns]
        if not common:
            raise ValueError(
                f"no common columns to join on: left has {list(left._meta.columns)}, right {list(right._meta.columns)}; give "
                "left_on and right_on"
            )
        on = common
    if on is not None:
        if left_on is not None or right_on is not None or left_index or right_index:
            raise ValueError('give "on", or "left_on"/"left_index" and "right_on"/"right_index", not both')
        labels = as_labels(on)
        check_columns(labels, left._meta.columns)
        check_columns(labels, right._meta.columns)
        return {"on": labels}
    kwargs: dict[str, Any] = {"left_index": left_index, "right_index": right_index}
    for name, side, given, index in (("left", left, left_on, left_index), ("right", right, right_on, right_index)):
        if (given is None) == (not index):
            raise ValueError(f"give one of {name}_on and {name}_index")
        if given is not None:
            labels = as_labels(given)
            check_columns(labels, side._meta.columns)
            kwargs[f"{name}_on"] = labels
    return kwargs


def _side_columns(
    side: Any, other: Any, at: int, kwargs: Mapping[str, Any], meta: pd.DataFrame
) -> tuple[Mapping[Hashable, Hashable], frozenset[Hashable]]:
    """Return which column of a side each column of the result comes from, and the columns that the join needs in any case."""
    keys = set(kwargs.get("on") or kwargs.get("left_on" if at == 0 else "right_on") or ())
    shared = set(kwargs.get("on") or ())
    sources: dict[Hashable, Hashable] = {}
    always = set(keys)
    for label in side._meta.columns:
        if label in other._meta.columns and label not in shared:
            # It gets a suffix because the other side has it too: without either the other's name would change.
            always.add(label)
            suffix = kwargs["suffixes"][at]
            sources[f"{label}{suffix}" if suffix else label] = label
        else:
            sources[label] = label
    del meta
    return sources, frozenset(always)


def join(left: Any, other: Any, on: Any, how: str, lsuffix: str, rsuffix: str) -> Any:
    """Return ``left.join(other)``; see ``DataFrame.join``.

    Raises
    ------
    ValueError
        If columns overlap and no suffix is given.
    """
    right = _side("right", other)
    overlap = [label for label in left._meta.columns if label in right._meta.columns]
    if overlap and not (lsuffix or rsuffix):
        raise ValueError(f"both sides have the columns {overlap}: give lsuffix or rsuffix")
    keys: dict[str, Any] = {"left_index": True} if on is None else {"left_on": on}
    return merge(left, right, how=how, right_index=True, suffixes=(lsuffix, rsuffix), **keys)

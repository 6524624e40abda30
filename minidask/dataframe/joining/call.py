"""The join of two pandas frames, as it runs in a task: pandas's own, and the two kinds that pandas doesn't have.

Place in the flow: ``merge`` makes one ``MergeCall`` for each join; the layers of ``plan`` call it, or ask ``shared`` for the same
with less work. Overlapping columns get their suffixes *before* pandas sees them, so that the optimiser may leave any of
them out. Pure.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from minidask.dataframe.columns import simple_columns
from minidask.dataframe.joining.keys import JoinKeys
from minidask.dataframe.meta import has_unknown_categories, sample

SEMI = ("leftsemi", "leftanti")
HOWS = ("inner", "left", "right", "outer", "cross", "left_anti", "right_anti", *SEMI)


class Side(NamedTuple):
    """What becomes of one side before it is joined.

    ``names``: {column: its label in the result} for those that get a suffix. ``keep``: the columns that are needed, None for all.
    ``known``: whether each column of the result that comes from here can be traced, so that others may be left out.
    """

    names: Mapping[Hashable, Hashable]
    keep: tuple[Hashable, ...] | None = None
    known: bool = True

    def __call__(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the frame as the join takes it."""
        if self.keep is not None and len(self.keep) < frame.shape[1]:
            frame = frame[[label for label in self.keep if label in frame.columns]]
        return frame.rename(columns=self.names) if self.names else frame


class MergeCall(NamedTuple):
    """Join two frames.

    ``keys`` are those after renaming, ``dtypes`` those of the result's keys, and ``index_names`` its index's
    names, that pandas lets depend on rows (None: they don't)."""

    how: str
    keys: JoinKeys
    suffixes: tuple[str | None, str | None]
    indicator: bool | str
    left: Side
    right: Side
    dtypes: Mapping[Hashable, Any]
    index_names: tuple[Hashable, ...] | None = None

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "merge"

    def __call__(self, left: pd.DataFrame, right: pd.DataFrame) -> pd.DataFrame:
        return self.join(self.left(left), self.right(right))

    def join(self, left: pd.DataFrame, right: pd.DataFrame, how: str | None = None) -> pd.DataFrame:
        """Join two frames whose columns are named already; ``how`` instead of the own one."""
        how = how or self.how
        if how in SEMI:
            return left_rows(left, right, self.keys, how == "leftsemi")
        options: dict[str, Any] = {"how": how, "suffixes": self.suffixes, "indicator": self.indicator}
        by = self.keys.keywords()
        merged = pd.merge(left, right, **options, **by)
        if bool(by.get("left_index")) != bool(by.get("right_index")):
            # Rows have the labels of the side that is joined by columns: pandas takes the other's where that has no rows.
            merged = labelled_by(right if by.get("left_index") else left, merged)
        return self.conform(merged)

    def conform(self, result: pd.DataFrame) -> pd.DataFrame:
        """Give keys the dtypes and the index the names that they have where both sides have rows."""
        if self.index_names is not None and tuple(result.index.names) != self.index_names:
            result = result.set_axis(result.index.set_names(list(self.index_names)))
        wrong = {
            label: dtype
            for label, dtype in self.dtypes.items()
            if label in result.columns
            and isinstance(dtype, pd.CategoricalDtype) != isinstance(result[label].dtype, pd.CategoricalDtype)
        }
        if not wrong:
            return result
        # Categories that aren't known beforehand are those that are there.
        return result.astype({label: _castable(result[label], dtype) for label, dtype in wrong.items()})

    def __hash__(self) -> int:
        return hash((MergeCall, self.how, self.keys))

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other


def labelled_by(side: pd.DataFrame, merged: pd.DataFrame) -> pd.DataFrame:
    """Return rows with missing labels where the side that labels them has no rows, as they have beside other partitions' rows.

    Examples
    --------
    >>> labelled_by(pd.DataFrame({"x": [1]}).iloc[:0], pd.DataFrame({"y": [5]}, index=[7])).index.tolist()
    [nan]
    """
    if len(side) or not len(merged) or side.index.nlevels > 1:
        return merged
    missing = pd.Series(side.index.array).reindex(range(len(merged)))
    return merged.set_axis(pd.Index(missing.array, name=merged.index.name), axis=0)


def _castable(values: pd.Series, dtype: Any) -> Any:
    """Return the dtype that a key gets: as pandas's promotion has it, integers and booleans with missing values are others."""
    if isinstance(dtype, pd.CategoricalDtype):
        return "category"
    if isinstance(dtype, np.dtype) and dtype.kind in "iub" and values.isna().any():
        return np.dtype(object) if dtype.kind == "b" else np.dtype("float64")
    return dtype


def left_rows(left: pd.DataFrame, right: pd.DataFrame, keys: JoinKeys, found: bool) -> pd.DataFrame:
    """Return the rows of ``left`` whose keys are there on the right (``found``), or aren't; numbered anew unless by index.

    Examples
    --------
    >>> one, other = pd.DataFrame({"x": [1, 2]}), pd.DataFrame({"x": [2, 2]})
    >>> left_rows(one, other, JoinKeys(("x",), ("x",), True), True)["x"].tolist()
    [2]
    """
    wanted = _key_frame(left, keys.left)
    there = _key_frame(right, keys.right).drop_duplicates()
    met = pd.merge(wanted, there, how="left", indicator="found")["found"].to_numpy() == "both"
    result = left[met if found else ~met]
    return result if keys.left is None else result.reset_index(drop=True)


def _key_frame(frame: pd.DataFrame, labels: tuple[Hashable, ...] | None) -> pd.DataFrame:
    """Return the keys under numbers, rows numbered."""
    if labels is None:
        return frame.index.to_frame(index=False).set_axis(range(frame.index.nlevels), axis=1)
    return frame[list(labels)].set_axis(range(len(labels)), axis=1).reset_index(drop=True)


def make_call(
    left: pd.DataFrame,
    right: pd.DataFrame,
    how: str,
    keys: JoinKeys,
    suffixes: tuple[str | None, str | None],
    indicator: bool | str,
) -> tuple[MergeCall, pd.DataFrame]:
    """Return the call that joins frames like two metas, and the meta of what it gives.

    Raises
    ------
    ValueError
        Where pandas raises it: keys of kinds that can't be equal, columns that overlap without suffixes.
    """
    _check_kinds(left, right, keys)
    plain = MergeCall(how, keys, suffixes, indicator, Side({}, known=False), Side({}, known=False), {})
    meta = plain(left, right).iloc[:0]
    if how not in ("cross", *SEMI) and (keys.left is None or keys.right is None):
        # The empty join has the dtypes of matched rows; that of two rows has the index that pandas gives to rows.
        levels = plain.join(sample(left), sample(right)).index.names
        meta.index = plain.join(sample(left), sample(right), "outer").index[:0].set_names(levels)
        plain = plain._replace(index_names=tuple(levels))
    dtypes = _unstable_keys(left, right, keys, meta)
    call = plain._replace(dtypes=dtypes)
    if simple_columns(left.columns) and simple_columns(right.columns) and simple_columns(meta.columns):
        names = _suffixed(left, right, how, keys, suffixes)
        renamed = call._replace(
            keys=keys.renamed(*names), left=Side(names[0]), right=Side(names[1]), indicator=indicator
        )
        if how in SEMI:
            renamed = renamed._replace(right=Side({}, keep=keys.right or ()))
        if renamed(left, right).columns.equals(meta.columns):
            return renamed, meta
    return call, meta


def _check_kinds(left: pd.DataFrame, right: pd.DataFrame, keys: JoinKeys) -> None:
    """Raise ValueError for keys of numbers on one side and text or objects on the other: pandas would look at the rows."""
    for one, other in zip(_key_dtypes(left, keys.left), _key_dtypes(right, keys.right), strict=True):
        if {_is_number(one.dtype), _is_number(other.dtype)} == {True, False} and any(
            map(_is_text, (one.dtype, other.dtype))
        ):
            raise ValueError(
                f"You are trying to merge on {one.dtype} and {other.dtype} columns ({one.name!r} and {other.name!r}): "
                "make them of one type first, with astype"
            )


def _key_dtypes(frame: pd.DataFrame, labels: tuple[Hashable, ...] | None) -> list[Any]:
    """Return the keys' empty columns, categories standing for their values."""
    if labels is None:
        columns = [frame.index.get_level_values(level).to_series() for level in range(frame.index.nlevels)]
    else:
        columns = [column for label in labels if isinstance(column := frame[label], pd.Series)]
        if len(columns) < len(labels):
            raise ValueError(f"a key is the label of several columns: {list(labels)}")
    return [
        column.cat.categories[:0].to_series(name=column.name)
        if isinstance(column.dtype, pd.CategoricalDtype) and not has_unknown_categories(column)
        else column
        for column in columns
    ]


def _is_number(dtype: Any) -> bool:
    return bool(pd.api.types.is_numeric_dtype(dtype))


def _is_text(dtype: Any) -> bool:
    return bool(pd.api.types.is_object_dtype(dtype) or isinstance(dtype, pd.StringDtype))


def _unstable_keys(left: pd.DataFrame, right: pd.DataFrame, keys: JoinKeys, meta: pd.DataFrame) -> dict[Hashable, Any]:
    """Return the dtypes of key columns where one side is categorical: pandas leaves them so where the other has no rows."""
    dtypes = {}
    for frame, labels in ((left, keys.left), (right, keys.right)):
        for label in labels or ():
            if label not in frame.columns or not simple_columns(frame.columns) or label not in meta.columns:
                continue
            if isinstance(frame[label].dtype, pd.CategoricalDtype):
                column = meta[label]
                if not isinstance(column.dtype, pd.CategoricalDtype) or has_unknown_categories(column):
                    dtypes[label] = column.dtype
    return dtypes


def _suffixed(
    left: pd.DataFrame, right: pd.DataFrame, how: str, keys: JoinKeys, suffixes: tuple[str | None, str | None]
) -> tuple[dict[Hashable, Hashable], dict[Hashable, Hashable]]:
    """Return the new labels of columns that both sides have, as pandas makes them."""
    if how in SEMI:
        return {}, {}
    same = set() if keys.left is None or keys.right is None else set(_pairs_of_one_name(keys.left, keys.right))
    overlap = [label for label in left.columns if label in right.columns and label not in same]
    first: dict[Hashable, Hashable] = {} if suffixes[0] is None else {k: f"{k}{suffixes[0]}" for k in overlap}
    second: dict[Hashable, Hashable] = {} if suffixes[1] is None else {k: f"{k}{suffixes[1]}" for k in overlap}
    return first, second


def _pairs_of_one_name(left: tuple[Hashable, ...], right: tuple[Hashable, ...]) -> list[Hashable]:
    return [one for one, other in zip(left, right, strict=True) if one == other]


def sources(call: MergeCall, left: pd.DataFrame, right: pd.DataFrame) -> tuple[dict[Hashable, Hashable], ...]:
    """Return for each side {label in the result: label in the side}."""
    gone: set[Hashable] = set()
    if call.keys.left is not None and call.keys.right is not None:
        gone = set(_pairs_of_one_name(call.keys.left, call.keys.right))
    if call.how in SEMI:
        gone = set(right.columns)
    return (
        {call.left.names.get(label, label): label for label in left.columns},
        {call.right.names.get(label, label): label for label in right.columns if label not in gone},
    )


def needed_keys(call: MergeCall) -> tuple[frozenset[Hashable], frozenset[Hashable]]:
    """Return for each side the columns, under their own names, that the join needs in any case."""
    first, second = [
        frozenset([{new: old for old, new in side.names.items()}.get(label, label) for label in labels or ()])
        for side, labels in ((call.left, call.keys.left), (call.right, call.keys.right))
    ]
    return first, second

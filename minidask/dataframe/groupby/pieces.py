"""What is made of some groups, and how the pieces of all partitions are put in pandas's order.

A ``Piece`` is the result for the groups of one partition. Groups are whole: each is in one piece. Where groups belong in the
whole is known only once all of them are: so pieces come first, then either one task puts them together (``Joined``), or one task
ranks the groups (``RankGroups``), rows are marked by rank (``Marked``), moved, and sorted (``Unmarked``).

Place in the flow: run in tasks, for ``whole``. Pure.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from minidask.dataframe.arrays import values_of
from minidask.dataframe.groupby.layout import ROW_BITS
from minidask.dataframe.join_parts import join_parts
from minidask.dataframe.radix import index_order, stable_argsort


class Piece(NamedTuple):
    """The result for some groups.

    ``groups`` has a row a group, their keys in columns ``k0`` and so on; ``firsts`` the tag of each group's first row;
    ``members`` for each row of the result the number of its group; ``tags`` those rows' own tags if the rows are to be in the
    order in which they came, else None.
    """

    result: Any
    groups: pd.DataFrame
    firsts: NDArray[np.int64]
    members: NDArray[np.int64]
    tags: NDArray[np.int64] | None


class Ranks(NamedTuple):
    """For each piece the rank of each of its groups among all; ``total`` groups; whether rows are in their own order."""

    ranks: list[NDArray[np.int64]]
    total: int
    by_tags: bool


class RankGroups(NamedTuple):
    """Rank the groups of all pieces as pandas would have ordered them."""

    sort: bool

    def __call__(self, pieces: list[Piece]) -> Ranks:
        by_tags = all(piece.tags is not None or not len(piece.members) for piece in pieces)
        counts = [len(piece.groups) for piece in pieces]
        if self.sort:
            groups = join_parts([piece.groups for piece in pieces]).reset_index(drop=True)
            ranks = rank_keys(groups)
        else:
            firsts = np.concatenate([piece.firsts for piece in pieces])
            ranks = np.empty(len(firsts), dtype=np.int64)
            ranks[stable_argsort(firsts)] = np.arange(len(firsts))
        cuts = np.cumsum(counts)[:-1]
        return Ranks(np.split(ranks, cuts), int(sum(counts)), by_tags)


def rank_keys(groups: pd.DataFrame) -> NDArray[np.int64]:
    """Return the place of each row's keys in pandas's order of groups.

    Examples
    --------
    >>> rank_keys(pd.DataFrame({"k0": ["b", None, "a"]})).tolist()
    [1, 2, 0]
    """
    if not len(groups):
        return np.zeros(0, dtype=np.int64)
    names = list(groups.columns)
    numbers: NDArray[np.int64] = (
        groups.groupby(names, sort=True, dropna=False, observed=True).ngroup().to_numpy().astype(np.int64)
    )
    return numbers


def in_order(results: list[Any]) -> Any:
    """Put results together that have a row a group, no group twice, indexed by group; sorted as pandas sorts groups."""
    whole = join_indexed(results)
    index = whole.index
    if isinstance(index, pd.MultiIndex) or index.dtype == object:
        order = stable_argsort(rank_keys(plain_levels(index)))
    else:
        numbers = index_order(index)
        # A stable sort merges the sorted runs that the results are.
        order = (
            pd.Series(index.array).sort_values(kind="stable", na_position="last").index.to_numpy()
            if numbers is None
            else numbers
        )
    return whole.take(order)


class Joined(NamedTuple):
    """Put all pieces together in pandas's order; without ``as_index`` keys become columns."""

    sort: bool
    as_index: bool

    def __call__(self, pieces: list[Piece]) -> Any:
        ranks = RankGroups(self.sort)(pieces)
        whole = join_indexed([piece.result for piece in pieces])
        order = stable_argsort(np.concatenate(row_ranks(pieces, ranks)))
        if ranks.by_tags and len(whole) and not whole.index.is_unique:
            # pandas reindexes the groups' rows by the distinct labels of all rows, unless all labels are in place already.
            placed = whole.index.take(order)
            order = np.arange(len(whole))
            if not placed.equals(whole.index):
                order = whole.index.get_indexer_non_unique(placed.unique())[0]
        whole = whole.take(order) if len(whole) else whole
        return whole if self.as_index else whole.reset_index()


def row_ranks(pieces: list[Piece], ranks: Ranks) -> list[NDArray[np.int64]]:
    """Return the rank of each row of each piece."""
    if ranks.by_tags:
        return [piece.tags if piece.tags is not None else piece.members for piece in pieces]
    return [of_groups[piece.members] for piece, of_groups in zip(pieces, ranks.ranks, strict=True)]


def join_indexed(results: list[Any]) -> Any:
    """Put results together; categoricals among the levels of their indexes are united."""
    filled = [result for result in results if len(result)]
    if len(filled) < 2 or not isinstance(filled[0].index, pd.MultiIndex):
        return join_parts(results)
    index = join_parts([plain_levels(result.index) for result in filled])
    whole = join_parts([result.reset_index(drop=True) for result in filled])
    return whole.set_axis(pd.MultiIndex.from_arrays([index[at] for at in index], names=filled[0].index.names))


def plain_levels(index: pd.Index) -> pd.DataFrame:
    """Return the levels of an index as columns ``0``, ``1`` and so on.

    Examples
    --------
    >>> plain_levels(pd.Index(["a"], name="x")).to_dict("list")
    {0: ['a']}
    """
    return pd.DataFrame({at: values_of(index.get_level_values(at)) for at in range(index.nlevels)})


class Marked(NamedTuple):
    """Turn a piece into a frame of plain columns: levels ``i0`` ..., values ``v0`` ..., each row's ``rank`` and ``place``."""

    npartitions: int

    def __call__(self, block: tuple[int, ...], piece: Piece, ranks: Ranks) -> pd.DataFrame:
        own = Ranks([ranks.ranks[block[0]]], ranks.total, ranks.by_tags)
        rank = row_ranks([piece], own)[0]
        if ranks.by_tags:
            place = np.minimum(rank >> ROW_BITS, self.npartitions - 1)
        else:
            place = rank * self.npartitions // max(ranks.total, 1)
        return marked_frame(piece.result, rank, place)


def marked_frame(result: Any, rank: NDArray[np.int64], place: NDArray[np.int64]) -> pd.DataFrame:
    """Return a result as a frame of plain columns with its rows' ranks and places."""
    values = result.to_frame() if isinstance(result, pd.Series) else result
    levels = plain_levels(result.index)
    columns = {f"i{at}": values_of(levels[at]) for at in levels}
    columns.update({f"v{at}": values_of(values.iloc[:, at]) for at in range(values.shape[1])})
    return pd.DataFrame({**columns, "rank": rank, "place": place})


class Unmarked(NamedTuple):
    """Sort rows by rank, and give them the index, labels and kind that ``meta`` has; or ``numbered``, the index as columns.

    ``narrow``: floats become the integers that are declared where they can.
    """

    meta: Any
    numbered: bool
    narrow: bool = True

    def __call__(self, marked: pd.DataFrame) -> Any:
        meta: Any = self.meta
        marked = marked.iloc[np.argsort(marked["rank"].to_numpy(), kind="stable")]
        levels = [marked[f"i{at}"].array for at in range(meta.index.nlevels)]
        if len(levels) > 1:
            index: pd.Index = pd.MultiIndex.from_arrays(levels, names=meta.index.names)
        else:
            index = pd.Index(levels[0], name=meta.index.name)
        count = marked.shape[1] - 2 - len(levels)
        values = marked[[f"v{at}" for at in range(count)]].set_axis(index, axis=0)
        if self.narrow:
            values = _narrowed(values, meta.dtypes.tolist() if isinstance(meta, pd.DataFrame) else [meta.dtype])
        if isinstance(meta, pd.Series):
            name: Any = meta.name
            result: Any = values.iloc[:, 0].rename(name)
        else:
            result = values.set_axis(meta.columns, axis=1)
        return result.reset_index().set_axis(marked["rank"].array, axis=0) if self.numbered else result

    def __hash__(self) -> int:
        return hash(Unmarked)

    def __eq__(self, other: object) -> bool:
        return type(other) is Unmarked and other.meta is self.meta and other[1:] == self[1:]

    def __ne__(self, other: object) -> bool:
        return not self == other


def _narrowed(values: pd.DataFrame, dtypes: list[Any]) -> pd.DataFrame:
    """Return integers (and booleans) in place of floats where a partition has got none of the missing values that others have."""
    for at, dtype in enumerate(dtypes):
        column = values.iloc[:, at]
        if not isinstance(dtype, np.dtype) or dtype.kind not in "biu" or column.dtype == dtype:
            continue
        narrow: Any = None
        if dtype.kind == "b":
            narrow = None if column.isna().any() else column.astype("bool")
        elif column.dtype.kind == "f" and not column.hasnans:
            narrow = _as_integers(column, dtype)
        if narrow is not None:
            values = values.copy(deep=False)
            values.isetitem(at, narrow.array)
    return values


def _as_integers(column: pd.Series, dtype: np.dtype[Any]) -> pd.Series | None:
    """Return whole floats as integers of a dtype, of 64 bits if they don't fit (as sums in pandas have it), else None.

    >>> _as_integers(pd.Series([100.0, 200.0]), np.dtype("int8")).dtype
    dtype('int64')
    """
    wide = np.dtype("uint64" if dtype.kind == "u" else "int64")
    for each in (dtype, wide):
        bounds = np.iinfo(each)
        if not len(column) or (column.min() >= bounds.min and column.max() < float(bounds.max) + 1):
            return column.astype(each)
    return None

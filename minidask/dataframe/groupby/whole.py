"""Whole groups in one place: what can't be made of partial results.

Rows are packed (``layout``), moved so that all rows of a group meet, given to pandas, and what it returns is put in pandas's
order (``pieces``). Results of rows go back to where the rows came from, so that they can be assigned to the frame.

Place in the flow: behind ``median``, ``apply``, ``transform``, ``shift`` and so on. Not for: what trees of partial results do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from minidask.dataframe.checked import note_rows
from minidask.dataframe.collection import new_collection
from minidask.dataframe.divisions import unknown
from minidask.dataframe.groupby.layout import ROW_BITS, Layout, Pack
from minidask.dataframe.groupby.pieces import Joined, Marked, Piece, RankGroups, Unmarked, marked_frame, plain_levels
from minidask.dataframe.layers import FrameLayer, Uses, frame_layer
from minidask.dataframe.radix import stable_argsort
from minidask.dataframe.reductions.tree import reduce_partitions
from minidask.dataframe.shuffle import HashTargets, RangeTargets, rearrange
from minidask.graph import BlockId, Layer, tree_reduction
from minidask.tokenize import tokenize

CUMULATIVE = ("cumsum", "cumprod", "cummin", "cummax")


class GroupCall(NamedTuple):
    """Call a method of groups, or (``window``) one of their rolling windows."""

    method: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = {}
    window: Mapping[str, Any] | None = None

    @property
    def short_name(self) -> str:
        """The method's name, for people."""
        return self.method

    def __call__(self, groups: Any) -> Any:
        if self.window is not None:
            groups = groups.rolling(**self.window)
        with np.errstate(all="ignore"):
            return getattr(groups, self.method)(*self.args, **self.kwargs)

    def token(self) -> str:
        """Return what identifies the call."""
        return tokenize(self.method, self.args, dict(self.kwargs), None if self.window is None else dict(self.window))


class Recorded:
    """Call a user's function, and keep how many rows each result has, and whether they all are labelled like the rows given."""

    def __init__(self, func: Any) -> None:
        self.func = func
        self.lengths: list[int] = []
        self.results: list[Any] = []
        self.like = True

    def __call__(self, group: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            result = self.func(group, *args, **kwargs)
        except Exception as error:
            note_rows(error, "groupby(...).apply, one group", self.func, [group])
            raise
        if result is None:
            self.lengths.append(0)
            return None
        is_rows = isinstance(result, pd.DataFrame | pd.Series)
        self.lengths.append(len(result) if is_rows else 1)
        self.results.append(result)
        # pandas never puts Series back in place that were made of DataFrames.
        fits = isinstance(result, pd.DataFrame) or (is_rows and isinstance(group, pd.Series))
        self.like = self.like and fits and (result.index is group.index or result.index.equals(group.index))
        return result


class PieceOf(NamedTuple):
    """Make a ``Piece`` of the packed rows of whole groups; ``kind`` is "groups", "apply" or "members" (one row for each)."""

    layout: Layout
    call: GroupCall
    kind: str
    meta: Any

    @property
    def short_name(self) -> str:
        """The method's name, for people."""
        return self.call.method

    def __call__(self, packed: pd.DataFrame) -> Piece:
        tags = self.layout.group_tags(packed)
        sizes = tags.size()
        groups = plain_levels(sizes.index).rename(columns="k{}".format)
        first = tags.min()
        # Groups without rows, of categories, come last.
        firsts = np.full(len(sizes), np.iinfo(np.int64).max)
        firsts[first.notna().to_numpy()] = first.dropna().to_numpy().astype(np.int64)
        if not len(sizes):
            empty = np.zeros(0, dtype=np.int64)
            return Piece(self.meta, groups, empty, empty, empty)
        if self.kind == "apply":
            return self._applied(packed, groups, firsts)
        grouped = self.layout.group(packed, as_index=True, group_keys=True)
        if self.kind == "members" and not any(map(len, grouped.indices.values())):
            # Rows whose category is missing alone: pandas has no windows of them, even with dropna=False.
            return Piece(self.meta, groups, firsts, np.zeros(0, dtype=np.int64), None)
        result = self.call(grouped)
        if self.kind == "members" and len(result) == len(packed):
            members = np.repeat(np.arange(len(sizes)), sizes.to_numpy())
        elif self.kind == "groups" and len(result) == len(sizes) and result.index.nlevels == len(self.layout.keys):
            members = np.arange(len(sizes))
        else:
            members = members_of(result.index, groups)
        return Piece(result, groups, firsts, members, None)

    def _applied(self, packed: pd.DataFrame, groups: pd.DataFrame, firsts: NDArray[np.int64]) -> Piece:
        recorded = Recorded(self.call.args[0])
        call = self.call._replace(args=(recorded, *self.call.args[1:]))
        result = call(self.layout.group(packed, as_index=True))
        group_keys = dict(self.layout.options)["group_keys"]
        meta = self.meta
        if isinstance(meta, pd.Series) and isinstance(result, pd.DataFrame) and recorded.results:
            # Where there is one group only, pandas takes Series of it for rows of a frame.
            kept = [at for at, length in enumerate(recorded.lengths) if length]
            keys = self.layout.group_tags(packed).size().index.take(kept)
            filled = [each for each in recorded.results if len(each)]
            names = [*keys.names, *filled[0].index.names]
            result = pd.concat(filled, keys=list(keys), names=names) if group_keys else pd.concat(filled)
        lengths = recorded.lengths
        kept_rows = None
        if recorded.like and not group_keys:
            # pandas has put the rows where they were; whether they stay there depends on all groups, of other pieces too.
            result = pd.concat(recorded.results)
            if isinstance(result, pd.Series) and isinstance(meta, pd.Series):
                # pandas calls each group's values by its key, while the function has them.
                name: Any = meta.name
                result = result.rename(name)
            numbers = self.layout.group_tags(packed).ngroup().to_numpy()
            order = stable_argsort(numbers)
            kept_rows = packed["tag"].to_numpy()[order[numbers[order] >= 0]]
        elif len(result) == sum(1 for each in recorded.results if each is not None) and len(result) != sum(lengths):
            lengths = [min(length, 1) for length in lengths]
        members = np.repeat(np.arange(len(lengths)), lengths)
        return Piece(result, groups, firsts, members, kept_rows)

    def __hash__(self) -> int:
        return hash((self.layout, self.kind))

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return not self == other


def members_of(index: pd.Index, groups: pd.DataFrame) -> NDArray[np.int64]:
    """Return the number of the group that each row belongs to, by the first levels of its index."""
    names = list(groups.columns)
    keys = plain_levels(index).iloc[:, : len(names)].set_axis(names, axis=1)
    both = pd.concat([groups, keys], ignore_index=True)
    groups_of = both.groupby(names, sort=False, dropna=False, observed=True)
    numbers: NDArray[np.int64] = groups_of.ngroup().to_numpy().astype(np.int64)
    return numbers[len(groups) :]


class RowsOf(NamedTuple):
    """Make a result with a row for each packed row; marked with where the rows belong if they have been moved."""

    layout: Layout
    call: GroupCall
    meta: Any
    moved: bool

    @property
    def short_name(self) -> str:
        """The method's name, for people."""
        return self.call.method

    def __call__(self, packed: pd.DataFrame, missing: bool = False) -> Any:
        """``missing``: whether keys are missing anywhere, which makes pandas cumulate all rows as floats."""
        if not self.moved:
            return self.call(self.layout.group(packed)) if len(packed) else self.meta
        meta = as_floats(self.meta) if missing else self.meta
        if missing:
            packed = as_floats(packed, (*self.layout.key_columns, "tag"))
        keys = packed[list(self.layout.key_columns)]
        stays = self.call.kwargs.get("periods") == 0
        if dict(self.layout.options)["dropna"] and not stays and bool(keys.isna().any(axis=1).all()):
            # Rows of no group only: some of pandas's methods fail without any group.
            result = meta.reset_index(drop=True).reindex(range(len(packed))).set_axis(packed.index, axis=0)
        else:
            result = self.call(self.layout.group(packed))
        tags = packed["tag"].to_numpy()
        return marked_frame(result, tags, tags >> ROW_BITS)

    def __hash__(self) -> int:
        return hash((self.layout, self.moved))

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return not self == other


class MissingKeys(NamedTuple):
    """Whether rows of a packed partition have a missing key."""

    columns: tuple[str, ...]

    def __call__(self, packed: pd.DataFrame) -> bool:
        return bool(packed[list(self.columns)].isna().any(axis=None))


def as_floats(obj: Any, besides: tuple[str, ...] = ()) -> Any:
    """Return a Series, or a frame with other columns than those named, with NumPy's integers and booleans as float64.

    Examples
    --------
    >>> as_floats(pd.DataFrame({"x": [True], "y": ["a"]})).dtypes.astype(str).tolist()
    ['float64', 'str']
    """
    if isinstance(obj, pd.Series):
        return obj.astype(np.float64) if _is_whole(obj.dtype) else obj
    changed = obj.copy(deep=False)
    for at, (label, dtype) in enumerate(obj.dtypes.items()):
        if _is_whole(dtype) and label not in besides:
            changed.isetitem(at, obj.iloc[:, at].astype(np.float64))
    return changed


def _is_whole(dtype: Any) -> bool:
    return isinstance(dtype, np.dtype) and dtype.kind in "iub"


class Gathered(NamedTuple):
    """Groups to be worked on: the frame, its keys, and how to pack them."""

    frame: Any
    series: tuple[Any, ...]
    layout: Layout
    shuffle_method: str | None = None

    def packed(self) -> Any:
        """Return the collection of packed partitions."""
        layout, frame = self.layout, self.frame
        operands: list[Any] = [BlockId(), frame._layer, *[series._layer for series in self.series]]
        needs = None if layout.labels is None else frozenset(layout.labels)
        names = list(dict.fromkeys([layer.name for layer in operands[1:]]))
        uses = tuple([needs if name == frame._layer.name else None for name in names])
        pack = Pack(layout)
        meta = pack((0,), frame._meta, *[series._meta for series in self.series])
        layer = frame_layer(Uses, "group-pack", pack, operands, None, meta, layout.describe(), uses=uses)
        return new_collection(layer, meta)

    def gathered(self, packed: Any = None) -> Any:
        """Return packed partitions that have all rows of their groups."""
        packed = self.packed() if packed is None else packed
        options = dict(self.layout.options)
        dtypes = packed._meta.dtypes
        count = packed.npartitions
        if not options["observed"] and any(isinstance(dtypes[c], pd.CategoricalDtype) for c in self.layout.key_columns):
            # Groups without rows belong to no partition: all are made in one place.
            count = 1
        if packed.npartitions == 1:
            return packed
        return rearrange(packed, HashTargets(self.layout.key_columns, count), count, method=self.shuffle_method)

    def by_group(self, call: GroupCall, kind: str, meta: Any, npartitions: int, as_index: bool = True) -> Any:
        """Return the collection of what a call gives for each group, in the order of the groups.

        ``meta`` is indexed by group; without ``as_index`` the keys become columns at last.
        """
        gathered = self.gathered()
        sort = dict(self.layout.options)["sort"]
        piece = PieceOf(self.layout, call, kind, meta)
        said = (
            call.token(),
            kind,
            self.layout.describe(),
            str(meta.columns.tolist() if isinstance(meta, pd.DataFrame) else meta.name),
        )
        pieces = frame_layer(FrameLayer, f"group-{call.method}", piece, [gathered._layer], None, None, said)
        return finish(pieces, meta, sort, npartitions, as_index, self.shuffle_method)

    def by_row(self, call: GroupCall, meta: Any, keep_divisions: bool = True) -> Any:
        """Return the collection of what a call gives for each row, rows where they were."""
        packed = self.packed()
        gathered = self.gathered(packed)
        frame = self.frame
        moved = gathered.npartitions > 1 or frame.npartitions > 1
        rows = RowsOf(self.layout, call, meta, moved)
        said = (call.token(), moved, self.layout.describe())
        operands = [gathered._layer]
        by_missing = moved and self._goes_by_missing(call, packed._meta)
        if by_missing:
            has = MissingKeys(self.layout.key_columns)
            operands.append(reduce_partitions("group-missing", [packed], has, any, any, False, tuple(has))._layer)
        layer: Layer = frame_layer(FrameLayer, f"group-{call.method}", rows, operands, None, None, said)
        if moved:
            count = frame.npartitions
            marked = new_collection(layer, marked_meta(meta))
            back = rearrange(marked, RangeTargets("place", tuple(range(count + 1))), count, method=self.shuffle_method)
            layer = frame_layer(
                FrameLayer,
                f"group-{call.method}",
                Unmarked(meta, False, not by_missing),
                [back._layer],
                None,
                meta,
                "back",
            )
        divisions = frame._divisions if keep_divisions else unknown(frame.npartitions)
        return new_collection(layer, meta, divisions, frame._rows if keep_divisions else None)

    def _goes_by_missing(self, call: GroupCall, packed: pd.DataFrame) -> bool:
        """Whether the dtype of all rows depends on whether any key is missing."""
        name = call.args[0] if call.method == "transform" else call.method
        keys = self.layout.key_columns
        return (
            name in CUMULATIVE
            and dict(self.layout.options)["dropna"]
            and not all(_is_whole(packed[key].dtype) for key in keys)
            and any(_is_whole(packed[column].dtype) for column in packed.columns if column not in (*keys, "tag"))
        )


def marked_meta(meta: Any) -> pd.DataFrame:
    """Return the meta of marked rows."""
    none = np.zeros(0, dtype=np.int64)
    return marked_frame(meta, none, none)


class KeysOnly(NamedTuple):
    """Leave of a piece what its groups are ranked by."""

    def __call__(self, piece: Piece) -> Piece:
        tags = None if piece.tags is None else piece.tags[:1]
        return piece._replace(result=None, members=piece.members[:1], tags=tags)


def all_of(layer: Layer, func: Any, prefix: str, token: Any) -> Layer:
    """Return the layer of one block: ``func`` of the list of all blocks of a layer."""
    every = max(layer.numblocks[0], 2)
    return tree_reduction(layer, func, func, split_every=every, prefix=prefix, token=(prefix, token))


def finish(
    pieces: Layer, meta: Any, sort: bool, npartitions: int, as_index: bool, shuffle_method: str | None = None
) -> Any:
    """Return the collection of pieces in the order of their groups; ``meta`` is indexed by group."""
    final = meta if as_index else meta.reset_index()
    if npartitions == 1:
        return new_collection(all_of(pieces, Joined(sort, as_index), "group-joined", (sort, as_index)), final)
    keys = frame_layer(FrameLayer, "group-keys", KeysOnly(), [pieces], None, None)
    ranks = all_of(keys, RankGroups(sort), "group-ranks", sort)
    marked = frame_layer(
        FrameLayer,
        "group-marked",
        Marked(npartitions),
        [BlockId(), pieces, ranks],
        None,
        marked_meta(meta),
        npartitions,
    )
    moved = rearrange(
        new_collection(marked, marked_meta(meta)),
        RangeTargets("place", tuple(range(npartitions + 1))),
        npartitions,
        method=shuffle_method,
    )
    unmarked = Unmarked(meta, not as_index)
    layer = frame_layer(FrameLayer, "group-ordered", unmarked, [moved._layer], None, final, ("ordered", as_index))
    return new_collection(layer, final)

"""Cut a partition by targets, and put pieces together.

Place in the flow: what the tasks of every way to shuffle call. Rows keep their order inside a piece, and pieces are put
together in the order of the partitions that they come from, so that a shuffle is stable. Pure.

A ``Split`` is a partition in the order of its rows' targets, taken apart to arrays (``layout``); ``cut(at)`` gives one piece of
it. Whatever has ``count`` and ``cut`` can be joined: what is on disk (``spill``) has, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from minidask.dataframe.join_parts import join_parts
from minidask.dataframe.shuffle.layout import Arrays, Layout
from minidask.sizeof import sizeof


class Pieces(Protocol):
    """What ``join_pieces`` puts together: the rows of one source partition, by output partition."""

    @property
    def layout(self) -> Layout | None: ...

    def count(self, at: int) -> int: ...

    def cut(self, at: int) -> Any: ...

    def empty(self) -> Any: ...


class Split:
    """A partition in the order of its rows' targets: piece ``i`` has the rows from ``offsets[i]`` to ``offsets[i + 1]``.

    ``data`` is ``Arrays``, or a pandas object where there is no ``layout``; ``grant`` holds room in memory for it (``store``).
    """

    __slots__ = ("__weakref__", "data", "grant", "layout", "offsets")

    def __init__(self, layout: Layout | None, data: Any, offsets: NDArray[np.intp]) -> None:
        self.layout = layout
        self.data = data
        self.offsets = offsets
        self.grant: Any = None

    def __len__(self) -> int:
        return int(self.offsets[-1])

    @property
    def rows(self) -> Any:
        """The whole partition, a pandas object."""
        return self.data if self.layout is None else self.layout.pack(self.data)

    @property
    def nbytes(self) -> int:
        """About how many bytes it takes."""
        if self.layout is None:
            return sizeof(self.data)
        groups, arrow, others = self.data
        flat = sum(group.nbytes for group in groups if group.dtype.kind != "O") + sum(array.nbytes for array in arrow)
        return flat + sum(sizeof(each) for each in [*[g for g in groups if g.dtype.kind == "O"], *others])

    def count(self, at: int) -> int:
        """Return the number of rows of a piece."""
        return int(self.offsets[at + 1] - self.offsets[at])

    def cut(self, at: int) -> Any:
        """Return the rows that go to partition ``at``: ``Arrays``, or a pandas object where there is no layout."""
        start, stop = self.offsets[at], self.offsets[at + 1]
        if self.layout is None:
            return self.data.iloc[start:stop] if hasattr(self.data, "iloc") else self.data[start:stop]
        groups, arrow, others = self.data
        return Arrays(
            [group[:, start:stop] for group in groups],
            [array.slice(start, stop - start) for array in arrow],
            [array[start:stop] for array in others],
        )

    def piece(self, at: int) -> Any:
        """Return the rows that go to partition ``at``, a pandas object."""
        cut = self.cut(at)
        return cut if self.layout is None else self.layout.pack(cut)

    def only(self, at: int) -> Split:
        """Return a split of one partition, that of ``at``, with memory of its own."""
        count = self.count(at)
        cut = self.cut(at)
        data = cut if self.layout is None else concatenate(self.layout, [cut], [count])
        return Split(self.layout, data, np.array([0, count], dtype=np.intp))

    def empty(self) -> Any:
        """Return the pandas object without its rows."""
        if self.layout is None:
            return self.data[:0]
        groups, arrow, others = self.data
        nothing = ([group[:, :0] for group in groups], [array[:0] for array in arrow], [array[:0] for array in others])
        return self.layout.pack(Arrays(*nothing))

    def __reduce__(self) -> tuple[Any, ...]:
        return Split, (self.layout, self.data, self.offsets)


def split_rows(frame: Any, targets: Any, npartitions: int) -> Split:
    """Sort a partition's rows by where they go.

    Examples
    --------
    >>> import pandas as pd
    >>> from minidask.dataframe.shuffle.targets import RangeTargets
    >>> split = split_rows(pd.Series([3, 1, 2], name="x"), RangeTargets("x", (1, 2, 3)), 2)
    >>> split.piece(0).tolist(), split.piece(1).tolist()
    ([1], [3, 2])
    """
    places = targets(frame)
    offsets = np.zeros(npartitions + 1, dtype=np.intp)
    np.cumsum(np.bincount(places, minlength=npartitions), out=offsets[1:])
    order = _stable_order(places, npartitions)
    layout = Layout.of(frame)
    data = frame.take(order) if layout is None else layout.unpack(frame, order)
    return Split(layout, data, offsets)


def collect(*groups: tuple[Pieces, ...]) -> tuple[Pieces, ...]:
    """Return all partitions that were split as one value, so that every join depends on one task instead of on all."""
    return tuple([split for group in groups for split in group])


def merge_splits(splits: Sequence[Split]) -> Split:
    """Return the rows of several splits of one layout, sorted by where they go, as one."""
    layout, npartitions = splits[0].layout, len(splits[0].offsets) - 1
    assert layout is not None
    counts = np.array([np.diff(split.offsets) for split in splits])
    places = np.concatenate([np.repeat(np.arange(npartitions), each) for each in counts])
    order = _stable_order(places, npartitions)
    groups, arrow, others = concatenate(layout, [split.data for split in splits], [len(split) for split in splits])
    for group in groups:
        for at, row in enumerate(group):
            group[at] = row[order]
    indices = pa.array(order)
    data = Arrays(groups, [array.take(indices) for array in arrow], [array.take(order) for array in others])
    offsets = np.concatenate([[0], np.cumsum(counts.sum(axis=0))]).astype(np.intp)
    return Split(layout, data, offsets)


def _stable_order(places: NDArray[np.intp], npartitions: int) -> NDArray[np.intp]:
    """Return the order of the rows by where they go; a stable sort of small integers is a radix sort, linear in the rows."""
    small = np.uint8 if npartitions <= 1 << 8 else np.uint16 if npartitions <= 1 << 16 else np.uint32
    return np.argsort(places.astype(small), kind="stable")


def join_pieces(at: int, *splits: Pieces) -> Any:
    """Return the rows of partition ``at``, from all partitions that were split."""
    return join_all(at, splits)


def join_all(at: int, splits: Sequence[Pieces]) -> Any:
    """Return the rows of partition ``at``, from what ``collect`` gave.

    Where all pieces have one layout their arrays are concatenated; otherwise pandas decides on the dtypes of the whole.
    """
    filled = [split for split in splits if split.count(at)]
    if not filled:
        return splits[0].empty()
    layout = filled[0].layout
    cuts = [split.cut(at) for split in filled]
    if layout is not None and all(split.layout is layout or split.layout == layout for split in filled):
        return layout.pack(concatenate(layout, cuts, [split.count(at) for split in filled]))
    parts = [cut if split.layout is None else split.layout.pack(cut) for split, cut in zip(filled, cuts, strict=True)]
    return join_parts(parts)


def concatenate(layout: Layout, cuts: list[Arrays], counts: list[int]) -> Arrays:
    """Copy the pieces of one layout together; a single one too, so that its source's memory isn't held by it."""
    total = sum(counts)
    groups = []
    for number, (dtype, rows) in enumerate(layout.groups):
        whole = np.empty((rows, total), dtype=dtype)
        start = 0
        for cut, count in zip(cuts, counts, strict=True):
            part = cut.groups[number]
            if isinstance(part, np.ndarray):
                whole[:, start : start + count] = part
            else:
                for row, values in enumerate(part):
                    whole[row, start : start + count] = values
            start += count
        groups.append(whole)
    arrow = [pa.concat_arrays([cut.arrow[place] for cut in cuts]) for place in range(len(layout.arrow))]
    others = []
    for place in range(len(layout.others)):
        parts = [cut.others[place] for cut in cuts]
        others.append(type(parts[0])._concat_same_type(parts))
    return Arrays(groups, arrow, others)

"""``concat(keys=...)``: an outer level of labels that says which collection rows, or columns, come from.

Place in the flow: called by ``concat`` before collections are put together. Rows stay in their partitions; with a level more in
the index, divisions are unknown.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

import pandas as pd

from minidask.dataframe.divisions import unknown
from minidask.dataframe.partitionwise import partitionwise


class AddLevels(NamedTuple):
    """Put levels of one label each in front of the index's; ``like`` are indexes of all labels of a level, for their dtypes."""

    key: tuple[Hashable, ...]
    like: tuple[Any, ...]
    names: tuple[Hashable, ...]

    def __call__(self, part: Any) -> Any:
        """Return the rows under more levels."""
        return part.set_axis(self.levels(part.index), axis=0)

    def levels(self, index: pd.Index) -> pd.MultiIndex:
        """Return an index with the levels in front."""
        outer = [
            like[:1].take([0] * len(index)) if not len(index) else pd.Index([label] * len(index), dtype=like.dtype)
            for label, like in zip(self.key, self.like, strict=True)
        ]
        inner = [index.get_level_values(at) for at in range(index.nlevels)]
        return pd.MultiIndex.from_arrays([*outer, *inner], names=list(self.names))


def keyed(frames: Sequence[Any], keys: Sequence[Any], names: Any, beside: bool) -> list[Any]:
    """Return the collections with a level of their keys in front of the index, or (``beside``) of the columns.

    Raises
    ------
    NotImplementedError
        For Series and DataFrames side by side.
    TypeError
        If keys can't be labels.
    ValueError
        If there aren't as many keys as collections, or names as levels.
    """
    keys = list(keys)
    if len(keys) != len(frames):
        raise ValueError(f"there are {len(keys)} keys for {len(frames)} collections")
    if beside and all(frame._kind == "Series" for frame in frames):
        if names is not None:
            raise NotImplementedError(
                "concat(axis=1, keys=..., names=...) of Series isn't built: rename_axis the result"
            )
        return [frame.rename(key) for frame, key in zip(frames, keys, strict=True)]
    if beside and any(frame._kind == "Series" for frame in frames):
        raise NotImplementedError(
            "concat(axis=1, keys=...) takes Series or DataFrames, not both: call to_frame() first"
        )
    tuples = [key if isinstance(key, tuple) else (key,) for key in keys]
    if len({len(key) for key in tuples}) > 1:
        raise ValueError("keys must be single labels, or tuples of one length")
    like = tuple([pd.Index(list(level)) for level in zip(*tuples, strict=True)])
    axes = [frame._meta.columns if beside else frame._meta.index for frame in frames]
    if len({axis.nlevels for axis in axes}) > 1:
        raise ValueError("indexes of different numbers of levels can't be put together under keys")
    own = [each[0] if len(set(each)) == 1 else None for each in zip(*[axis.names for axis in axes], strict=True)]
    given = [None] * len(like) if names is None else list(names) if isinstance(names, list | tuple) else [names]
    full = tuple([*given, *own] if len(given) == len(like) else given)
    if len(full) != len(like) + len(own):
        raise ValueError(f"there are {len(like) + len(own)} levels, {len(like)} of them keys, got {len(given)} names")
    calls = [AddLevels(key, like, full) for key in tuples]
    if beside:
        return [
            frame.set_axis(call.levels(frame._meta.columns), axis=1) for frame, call in zip(frames, calls, strict=True)
        ]
    return [
        partitionwise(
            "keyed",
            call,
            frame,
            divisions=unknown(frame.npartitions),
            rows=f"keyed-{frame._layer.name}",
            token=tuple(call),
        )
        for frame, call in zip(frames, calls, strict=True)
    ]

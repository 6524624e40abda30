"""What a join joins by: the checked form of ``on``, ``left_on``, ``right_index`` and the like.

Place in the flow: the first step of ``merge``; everything after it reads ``JoinKeys``. Pure.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, NamedTuple

import pandas as pd

from minidask.dataframe.collection import FrameCollection
from minidask.dataframe.columns import as_labels, check_columns

Labels = tuple[Hashable, ...]


class JoinKeys(NamedTuple):
    """The key columns of each side, None for its index; both ``()`` for a cross join.

    ``shared``: the keys have the same labels on both sides and are one set of columns in the result.
    """

    left: Labels | None
    right: Labels | None
    shared: bool = False

    @property
    def cross(self) -> bool:
        """Whether every row meets every row."""
        return self.left == () and self.right == ()

    def renamed(self, left: Mapping[Hashable, Hashable], right: Mapping[Hashable, Hashable]) -> JoinKeys:
        """Return the keys under the names that the columns have been given."""
        first, second = [
            keys if keys is None else tuple([names.get(label, label) for label in keys])
            for keys, names in ((self.left, left), (self.right, right))
        ]
        return JoinKeys(first, second, self.shared)

    def keywords(self) -> dict[str, Any]:
        """Return the keyword arguments of ``pandas.merge`` that say the same.

        Examples
        --------
        >>> JoinKeys(("x",), None).keywords()
        {'left_on': ['x'], 'right_index': True}
        """
        if self.cross:
            return {}
        if self.shared and self.left is not None:
            return {"on": list(self.left)}
        words: dict[str, Any] = {}
        for name, labels in (("left", self.left), ("right", self.right)):
            words.update({f"{name}_index": True} if labels is None else {f"{name}_on": list(labels)})
        return words


def find_keys(
    left: pd.DataFrame,
    right: pd.DataFrame,
    how: str,
    on: Any,
    left_on: Any,
    right_on: Any,
    left_index: bool,
    right_index: bool,
) -> JoinKeys:
    """Return what two frames (their metas) are joined by.

    Raises
    ------
    KeyError
        If a column is unknown.
    NotImplementedError
        For keys that are lazy Series.
    ValueError
        If keys are missing, given twice, or of different numbers.

    Examples
    --------
    >>> one, other = pd.DataFrame(columns=["a", "b"]), pd.DataFrame(columns=["b", "c"])
    >>> find_keys(one, other, "inner", None, None, None, False, False)
    JoinKeys(left=('b',), right=('b',), shared=True)
    """
    given = (on, left_on, right_on)
    if how == "cross":
        if any(value is not None for value in given) or left_index or right_index:
            raise ValueError("how='cross' joins every row with every row: it takes no keys")
        return JoinKeys((), ())
    for value in given:
        if isinstance(value, FrameCollection) or any(isinstance(v, FrameCollection) for v in as_labels(value)):
            raise NotImplementedError("merge on a lazy Series isn't built: make it a column with assign first")
    if all(value is None for value in given) and not left_index and not right_index:
        on = [label for label in left.columns if label in right.columns]
        if not on:
            raise ValueError(
                f"no common columns to join on: left has {list(left.columns)}, right {list(right.columns)}; give left_on and "
                "right_on"
            )
    if on is not None:
        if left_on is not None or right_on is not None or left_index or right_index:
            raise ValueError('give "on", or "left_on"/"left_index" and "right_on"/"right_index", not both')
        labels = tuple(as_labels(on))
        check_columns(labels, left.columns)
        check_columns(labels, right.columns)
        return JoinKeys(labels, labels, shared=True)
    sides: list[Labels | None] = []
    for name, side, asked, index in (("left", left, left_on, left_index), ("right", right, right_on, right_index)):
        if (asked is None) == (not index):
            raise ValueError(f"give one of {name}_on and {name}_index")
        labels = () if asked is None else tuple(as_labels(asked))
        check_columns(labels, side.columns)
        sides.append(None if asked is None else labels)
    counts = [
        frame.index.nlevels if keys is None else len(keys) for frame, keys in zip((left, right), sides, strict=True)
    ]
    if counts[0] != counts[1]:
        raise ValueError(f"there are {counts[0]} keys on the left and {counts[1]} on the right")
    return JoinKeys(sides[0], sides[1], shared=sides[0] is not None and sides[0] == sides[1])


def is_one_key(frame: pd.DataFrame, keys: Labels | None) -> bool:
    """Whether a side is joined by one column, or by an index of one level."""
    return frame.index.nlevels == 1 if keys is None else len(keys) == 1

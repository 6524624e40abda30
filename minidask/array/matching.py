"""Blocks whose sizes nobody knows are paired by their places: here that they match is checked, where they are computed.

NumPy would stretch a block of one element to the length of the other, and the result were wrong without a word. Sizes that are
the same object belong to the same elements, as of ``u`` and ``u + 1``, and need no check.

Place in the flow: ``unify`` brings operands that have unknown sizes here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from minidask.array.chunks import REMEDY, Sizes, has_unknown
from minidask.array.collection import ArrayBase, new_array
from minidask.graph import blockwise
from minidask.tokenize import quick_token


class Matching(NamedTuple):
    """Return a block whose lengths along some axes are those of another one's: pairs of its axis and the other's."""

    axes: tuple[tuple[int, int], ...]

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "matching"

    def __call__(self, block: Any, other: Any) -> Any:
        for own, at in self.axes:
            if block.shape[own] != other.shape[at]:
                raise ValueError(
                    f"operands with chunk sizes that weren't known before computing have blocks of {other.shape[at]} and "
                    f"{block.shape[own]} elements along axis {own}, which are paired and must be equal: {REMEDY}, and rechunk "
                    "them alike"
                )
        return block


def is_in_doubt(one: Sizes, other: Sizes) -> bool:
    """Whether nobody knows that several blocks are as long as the others that they are paired with.

    Examples
    --------
    >>> from math import nan
    >>> unknown = (nan, nan)
    >>> (
    ...     is_in_doubt(unknown, unknown),
    ...     is_in_doubt(unknown, (3, 3)),
    ...     is_in_doubt((2, 2), (2, 2)),
    ...     is_in_doubt((nan,), (1,)),
    ... )
    (False, True, False, False)
    """
    return one is not other and len(one) == len(other) > 1 and (has_unknown(one) or has_unknown(other))


def matched(arrays: Sequence[Any], indices: Sequence[Sequence[Any]]) -> list[Any]:
    """Return arrays, some of which check where they are computed that their blocks are as long as those of another one.

    Parameters
    ----------
    arrays : sequence of Array
        With blocks that correspond.
    indices : sequence of sequences of symbols
        For each array which of its axes is which; others' axes of the same symbol are paired with it.
    """
    out = list(arrays)
    for at, (x, index) in enumerate(zip(arrays, indices, strict=True)):
        for before, (ref, own) in enumerate(zip(arrays, indices, strict=True)):
            if before == at or ref is x or not set(own) <= set(index):
                continue
            if before > at and len(set(own)) == len(set(index)):
                # Of two that have the same axes the later one checks.
                continue
            pairs = tuple(
                [
                    (list(index).index(symbol), place)
                    for place, symbol in enumerate(own)
                    if is_in_doubt(x._chunks[list(index).index(symbol)], ref._chunks[place])
                ]
            )
            if pairs:
                out[at] = _checked(out[at], ref, tuple(index), tuple(own), pairs)
    return out


def _checked(x: ArrayBase, ref: ArrayBase, index: Any, own: Any, pairs: tuple[tuple[int, int], ...]) -> Any:
    func: Any = Matching(pairs)
    name = f"matching-{quick_token('matching', x.name, ref.name, index, own, pairs)}"
    layer = blockwise(func, index, (x._layer, index), (ref._layer, own), name=name)
    return new_array(layer, x._chunks, x._meta, x._shape)

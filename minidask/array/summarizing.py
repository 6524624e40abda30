"""Something small of all blocks: a partial result of any type a block, a tree that combines them, and arrays of what comes out.

Where a reduction keeps axes or drops them, a summary (a histogram, the distinct values, a sample) has a shape of its own.
``summarize`` makes the layer without axes that holds it; ``from_summary`` makes an array of one block of it, and further layers
take it as an operand with the index ``()``.

Place in the flow: beside ``reductions.tree``; ``statistics`` and ``sets`` build on it.

Invariant: a task holds at most ``split_every`` partial results.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from minidask.array.assemble import flatten
from minidask.array.chunks import Chunks
from minidask.array.collection import new_array
from minidask.array.sources import symbols
from minidask.graph import Blockwise, Layer, blockwise, identity, tree_reduction
from minidask.graph.blockwise import InputOf


class Joined:
    """Combine nested lists of partial results to one; a single one is passed on."""

    __slots__ = ("combine", "depth")

    def __init__(self, combine: Callable[[list[Any]], Any], depth: int) -> None:
        self.combine = combine
        self.depth = depth

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "combine"

    def __call__(self, nested: Any) -> Any:
        partials = list(flatten(nested, self.depth))
        return partials[0] if len(partials) == 1 else self.combine(partials)

    def __reduce__(self) -> tuple[Any, ...]:
        return Joined, (self.combine, self.depth)


class Made(Joined):
    """Combine nested lists of partial results, and make the summary of what comes out."""

    __slots__ = ("finish",)

    def __init__(self, combine: Callable[[list[Any]], Any], depth: int, finish: Callable[[Any], Any]) -> None:
        super().__init__(combine, depth)
        self.finish = finish

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "finish"

    def __call__(self, nested: Any) -> Any:
        return self.finish(super().__call__(nested))

    def __reduce__(self) -> tuple[Any, ...]:
        return Made, (self.combine, self.depth, self.finish)


def summarize(
    name: str,
    token: Any,
    chunk: Any,
    combine: Any,
    finish: Any,
    index: Sequence[Any],
    *operands: tuple[Any, Sequence[Any] | None],
    split_every: int | None = None,
) -> Layer:
    """Make a layer of a single result without axes.

    Parameters
    ----------
    name : str
        The operation; with ``token`` it says what the three functions do.
    token
        Small literals.
    chunk : callable
        Makes a partial result of a block of each operand; picklable.
    combine : callable
        Makes one partial result of a list of at least two, in the blocks' order.
    finish : callable
        Makes the summary of the last partial result.
    index : sequence of symbols
        Over which blocks: all symbols of the operands.
    *operands
        Pairs for ``graph.blockwise``.
    split_every : int, optional
        How many partial results one task combines along each axis.

    Raises
    ------
    ValueError
        If ``split_every`` is below 2.

    Examples
    --------
    >>> import minidask.array as da
    >>> import numpy as np
    >>> layer = summarize("longest", None, len, max, identity, "i", (da.ones(5, chunks=3)._layer, "i"))
    >>> from_summary(layer, (), np.empty((), int)).compute()
    3
    """
    axes = range(len(index))
    partials = blockwise(chunk, tuple(index), *operands, prefix=f"{name}-chunk", token=(name, token))
    return tree_reduction(
        partials,
        Joined(combine, len(axes)),
        Made(combine, len(axes), finish),
        axes=axes,
        split_every=split_every,
        keepdims=False,
        prefix=name,
        token=(name, token),
    )


def from_summary(layer: Layer, chunks: Chunks, meta: Any, item: int | None = None) -> Any:
    """Return the array whose only block is a summary, or item number ``item`` of one that is a tuple.

    Examples
    --------
    >>> import minidask.array as da
    >>> import numpy as np
    >>> layer = summarize("ends", None, np.sort, np.concatenate, identity, "i", (da.arange(3, chunks=3)._layer, "i"))
    >>> from_summary(layer, ((3,),), np.empty(0, int)).compute()
    array([0, 1, 2])
    """
    index = symbols(len(chunks))
    picked = Blockwise(
        f"{layer.name}-{'all' if item is None else item}",
        (layer,),
        identity if item is None else itemgetter(item),
        index,
        ((InputOf(0), ()),),
        dict.fromkeys(index, 1),
    )
    return new_array(picked, chunks, meta)

"""Take off what ``overlap`` has put around blocks: ``trim_internal``, ``trim_overlap``.

Place in the flow: above ``depths`` and ``borders``; the last step of ``map_overlap``. Trimming is a blockwise layer, and fused.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from minidask.array.chunks import smallest_of
from minidask.array.collection import ArrayBase, new_array
from minidask.array.meta import as_block
from minidask.array.overlap.borders import bare_axes, extended, margins
from minidask.array.overlap.depths import Depths, check_array, reaches, read_boundary, read_depth
from minidask.array.planned import planned
from minidask.array.sources import grid_sizes, symbols
from minidask.graph import BlockId, Blockwise
from minidask.graph.blockwise import InputOf
from minidask.tokenize import quick_token


class Trim(NamedTuple):
    """Take off the margins of a block."""

    depths: Depths
    bare: tuple[bool, ...]
    numblocks: tuple[int, ...]

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "trim"

    def __call__(self, block_id: tuple[int, ...], block: Any) -> Any:
        block = as_block(block)
        pads = margins(self.depths, self.bare, self.numblocks, block_id)
        return block[tuple([slice(low, n - high) for (low, high), n in zip(pads, block.shape, strict=True)])]


def trim(x: ArrayBase, depths: Depths, bare: tuple[bool, ...], name: str | None = None) -> Any:
    """Return an array without the margins of its blocks.

    Parameters
    ----------
    x : Array
    depths : tuple of (before, after)
        Along each axis.
    bare : tuple of bool
        For each axis whether its first and last blocks have no margin at the array's ends.
    name : str, optional

    Raises
    ------
    ValueError
        If a block is smaller than its margins.
    """
    if not reaches(depths):
        return x
    chunks = extended(x._chunks, depths, bare, -1)
    for axis, (before, after) in enumerate(zip(x._chunks, chunks, strict=True)):
        if smallest_of(after) < 0:
            raise ValueError(
                f"blocks of sizes {before!r:.80} along axis {axis} are smaller than what is to be trimmed, {depths[axis]}: pass "
                "trim=False where the function trims its results itself"
            )
    index = symbols(x.ndim)
    take: Any = Trim(depths, bare, x.numblocks)
    layer = Blockwise(
        name or f"trim-{quick_token('trim', x.name, depths, bare)}",
        (x._layer,),
        take,
        index,
        ((BlockId(), index), (InputOf(0), index)),
        grid_sizes(x.numblocks),
    )
    return new_array(layer, chunks, x._meta)


@planned
def trim_internal(x: Any, axes: Any, boundary: Any = None) -> Any:
    """Return an array without some elements at the sides of each block.

    Parameters
    ----------
    x : Array
    axes : dict
        ``{axis: elements}``, an int or a pair (before, after).
    boundary : str, scalar, tuple or dict, optional
        With which it was overlapped. Along axes of the rule ``"none"``, the default, nothing is taken off at the array's ends.

    Raises
    ------
    ValueError
        If a block is smaller than what is to be taken off.
    TypeError
        If ``x`` is no chunked array.

    Examples
    --------
    >>> import minidask.array as da
    >>> trim_internal(da.arange(6, chunks=3), {0: 1}, "reflect").compute()
    array([1, 4])
    """
    array = check_array("trim_internal", x)
    return trim(array, read_depth(array.ndim, axes), bare_axes(read_boundary(array.ndim, boundary, array.dtype)))


@planned
def trim_overlap(x: Any, depth: Any, boundary: Any = None) -> Any:
    """Return an array without what ``overlap`` with the same arguments has put around its blocks.

    Parameters
    ----------
    x : Array
    depth : int, tuple or dict
    boundary : str, scalar, tuple or dict, optional

    Raises
    ------
    ValueError
        If a block is smaller than what is to be taken off.
    TypeError
        If ``x`` is no chunked array.

    Examples
    --------
    >>> import minidask.array as da
    >>> x = da.overlap.overlap(da.arange(6, chunks=3), 1, "reflect")
    >>> trim_overlap(x, 1, "reflect").compute()
    array([0, 1, 2, 3, 4, 5])
    """
    return trim_internal(x, depth, boundary)

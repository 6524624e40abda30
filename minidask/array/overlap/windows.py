"""``sliding_window_view``: all windows of an array, as further axes.

Each block takes what it needs from the blocks after it (``overlap`` with a depth on one side) and makes NumPy's view of that:
elements are not repeated in memory until something works on the windows.

Place in the flow: above ``borders``; ``minidask.array.lib.stride_tricks`` gives it its public name.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from minidask import config
from minidask.array.chunks import Chunks, Sizes, check_known, even, largest_block, largest_of, normalize_axis
from minidask.array.collection import new_array
from minidask.array.dispatch import implements
from minidask.array.elementwise import as_array
from minidask.array.meta import with_ndim
from minidask.array.overlap.borders import extend
from minidask.array.overlap.depths import ensure_minimum_chunksize
from minidask.array.planned import planned
from minidask.array.rechunk import balanced, rechunk_to
from minidask.array.remembered import remembered
from minidask.array.sources import symbols
from minidask.graph import Blockwise
from minidask.graph.blockwise import InputOf
from minidask.tokenize import quick_token
from minidask.units import parse_bytes


class View(NamedTuple):
    """Make the view of the windows of a block."""

    window: tuple[int, ...]
    axes: tuple[int, ...]

    def __call__(self, block: Any) -> Any:
        return np.lib.stride_tricks.sliding_window_view(block, self.window, self.axes, subok=True)


@implements(np.lib.stride_tricks.sliding_window_view)
@planned
def sliding_window_view(x: Any, window_shape: Any, axis: Any = None, automatic_rechunk: bool = True) -> Any:
    """Return the windows of an array: its axes, shortened by what windows need, and one axis more for each of the windows'
    axes.

    Parameters
    ----------
    x : Array
    window_shape : int or tuple of int
        Elements of a window, along each of ``axis``.
    axis : int or tuple of int, optional
        Default: all axes. One may be named several times.
    automatic_rechunk : bool
        Whether to cut the array into smaller blocks, so that those of the windows are about as large as its blocks are, or as
        the setting ``array.chunk-size`` says if that is more. Otherwise they are larger by the product of ``window_shape``.

    Raises
    ------
    ValueError
        If a window is negative or larger than the array, or there are not as many lengths as axes.
    numpy.exceptions.AxisError
        If an axis is out of range.

    Examples
    --------
    >>> import minidask.array as da
    >>> sliding_window_view(da.arange(5, chunks=3), 3).compute().tolist()
    [[0, 1, 2], [1, 2, 3], [2, 3, 4]]
    """
    array = as_array(x)
    window = tuple(window_shape) if isinstance(window_shape, tuple | list | np.ndarray) else (window_shape,)
    if any(isinstance(n, bool) or not hasattr(n, "__index__") for n in window):
        raise TypeError(f"window_shape must be integers, got {window_shape!r}")
    window = tuple([int(n) for n in window])
    if any(n < 0 for n in window):
        raise ValueError("window_shape cannot contain negative values")
    if axis is None:
        axes = tuple(range(array.ndim))
        needed = "all dimensions of x, since axis is None"
    else:
        axes = tuple([normalize_axis(at, array.ndim) for at in (axis if isinstance(axis, tuple | list) else (axis,))])
        needed = "as many as axis"
    if len(window) != len(axes):
        raise ValueError(f"window_shape must give {needed}: got {len(window)} lengths for {len(axes)} axes")
    reach = [0] * array.ndim
    for at, n in zip(axes, window, strict=True):
        # A window of no elements fits once more than the array is long: NumPy's rule.
        reach[at] += n - 1
    for at, depth in enumerate(reach):
        if at in axes:
            check_known("sliding_window_view", array._chunks[at])
            if depth >= max(array.shape[at], 1) or (depth < 0):
                raise ValueError(
                    f"window shape cannot be larger than input array shape, nor empty: {window_shape!r} along axis {at} "
                    f"of length {array.shape[at]}"
                )
    chunks = _fitting(array, window, axes, reach, automatic_rechunk)
    array = rechunk_to(array, chunks)
    wide = extend(array, tuple([(0, depth) for depth in reach]), ("none",) * array.ndim)
    own = tuple([_shortened(sizes, depth) for sizes, depth in zip(chunks, reach, strict=True)])
    out = (*own, *[(n,) for n in window])
    index = symbols(array.ndim)
    view: Any = View(window, axes)
    layer = Blockwise(
        f"windows-{quick_token('windows', wide.name, window, axes)}",
        (wide._layer,),
        view,
        symbols(len(out)),
        ((InputOf(0), index),),
        dict(enumerate(map(len, out))),
    )
    return new_array(layer, out, with_ndim(wide._meta, len(out)))


@remembered
def _shortened(sizes: Sizes, by: int) -> Sizes:
    """Return sizes of which the last is smaller."""
    return (*sizes[:-1], sizes[-1] - by)


def _fitting(x: Any, window: tuple[int, ...], axes: tuple[int, ...], reach: list[int], automatic: bool) -> Chunks:
    """Return chunks for the array, of which each has a window, and in all about as many elements as wanted."""
    least = [depth + 1 if at in axes else 1 for at, depth in enumerate(reach)]
    chunks: list[Sizes] = [
        ensure_minimum_chunksize(n, sizes) if at in axes else sizes
        for at, (n, sizes) in enumerate(zip(least, x._chunks, strict=True))
    ]
    if not automatic:
        return tuple(chunks)
    limit = max(largest_block(x._chunks), parse_bytes(config.get("array.chunk-size")) // max(x.itemsize, 1))
    # Axes without windows first: these can be cut without borders.
    for at in sorted(range(x.ndim), key=lambda at: at in axes):
        excess = largest_block(tuple(chunks)) * math.prod(window) / max(limit, 1)
        largest: Any = largest_of(chunks[at])
        if excess <= 1 or largest != largest:
            continue
        side = max(math.ceil(largest / excess), least[at], 1)
        pieces = [piece for n in chunks[at] for piece in balanced(even(int(n), side))]
        chunks[at] = ensure_minimum_chunksize(least[at], tuple(pieces)) if at in axes else tuple(pieces)
    return tuple(chunks)

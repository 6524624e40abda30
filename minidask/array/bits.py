"""``packbits`` and ``unpackbits``: eight elements, or bits, a byte.

Place in the flow: one blockwise layer whose blocks are eight times shorter or longer along an axis. Blocks are cut anew so that
none but the last ends within a byte.
"""

from __future__ import annotations

import operator
from typing import Any, NamedTuple

import numpy as np

from minidask.array.chunks import Size, Sizes, check_known, is_unknown, normalize_axis
from minidask.array.collection import new_array
from minidask.array.creation.filled import zeros
from minidask.array.dispatch import implements
from minidask.array.elementwise import as_array
from minidask.array.joining import concatenate
from minidask.array.meta import with_dtype
from minidask.array.planned import planned
from minidask.array.rechunk import rechunk_to
from minidask.array.remembered import remembered
from minidask.array.reshaping import flattened
from minidask.graph import blockwise


class Bits(NamedTuple):
    """Call ``numpy.packbits`` or ``numpy.unpackbits`` on blocks."""

    name: str
    axis: int
    bitorder: str

    @property
    def short_name(self) -> str:
        """The function's name, for people."""
        return self.name

    def __call__(self, block: Any) -> Any:
        return getattr(np, self.name)(block, axis=self.axis, bitorder=self.bitorder)


def _prepared(what: str, a: Any, axis: int | None, bitorder: str) -> tuple[Any, int]:
    if bitorder not in ("big", "little"):
        raise ValueError(f"'order' must be either 'little' or 'big', got {bitorder!r}")
    x = as_array(a)
    if axis is None or not x.ndim:
        x, axis = flattened(what, x), axis or 0
    return x, normalize_axis(axis, x.ndim)


def _layer(name: str, x: Any, axis: int, bitorder: str, sizes: Sizes) -> Any:
    index = tuple(range(x.ndim))
    func: Any = Bits(name, axis, bitorder)
    layer = blockwise(func, index, (x._layer, index), prefix=name, token=tuple(func))
    return new_array(layer, (*x._chunks[:axis], sizes, *x._chunks[axis + 1 :]), with_dtype(x._meta, np.dtype(np.uint8)))


@remembered
def whole_bytes(sizes: Sizes) -> Sizes:
    """Return sizes of blocks near to some, all but the last of which are multiples of eight.

    Examples
    --------
    >>> whole_bytes((5, 6, 6, 3)), whole_bytes((2, 1))
    ((8, 8, 4), (3,))
    """
    edges = np.cumsum(sizes)
    cut = sorted({*(edges[:-1] // 8 * 8).tolist(), 0, int(edges[-1])})
    return tuple(np.diff(cut).tolist()) or (0,)


@remembered
def _eighths(sizes: Sizes) -> Sizes:
    return tuple([-(-size // 8) for size in sizes])


@implements(np.packbits)
@planned
def packbits(a: Any, /, axis: int | None = None, bitorder: str = "big") -> Any:
    """Return the elements, zero or not, as bits of bytes.

    Parameters
    ----------
    a : Array of bool or int
        Blocks are cut at whole bytes along the axis.
    axis : int or None
        None: all elements as one axis.
    bitorder : str
        ``"big"``: the first element is the highest bit, as 3 is 0b00000011; ``"little"``: the lowest.

    Returns
    -------
    Array of uint8
        Its length along the axis is an eighth, rounded up; the last byte ends with zeros.

    Raises
    ------
    TypeError
        For other dtypes.
    ValueError
        For an unknown order.
    numpy.exceptions.AxisError
        If the axis is out of range.
    UnknownChunkSizes
        If sizes along the axis aren't known.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.packbits(da.from_array([1, 0, 1, 0, 0, 0, 0, 0, 1], chunks=2)).compute()
    array([160, 128], dtype=uint8)
    """
    x, axis = _prepared("packbits", a, axis, bitorder)
    if x.dtype.kind not in "iub":
        raise TypeError("Expected an input array of integer or boolean data type")
    check_known("packbits", x._chunks[axis])
    x = rechunk_to(x, (*x._chunks[:axis], whole_bytes(x._chunks[axis]), *x._chunks[axis + 1 :]))
    return _layer("packbits", x, axis, bitorder, _eighths(x._chunks[axis]))


@implements(np.unpackbits)
@planned
def unpackbits(a: Any, /, axis: int | None = None, count: int | None = None, bitorder: str = "big") -> Any:
    """Return the bits of bytes as elements 0 and 1.

    Parameters
    ----------
    a : Array of uint8
    axis : int or None
        None: all bytes as one axis.
    count : int, optional
        How many to return along the axis, zeros behind the last; a negative number leaves so many out at the end.
    bitorder : str
        See ``packbits``.

    Returns
    -------
    Array of uint8
        Eight times as long along the axis, or ``count``.

    Raises
    ------
    TypeError
        For another dtype, or if ``count`` isn't an integer.
    ValueError
        For an unknown order, or if more is left out than there is.
    numpy.exceptions.AxisError
        If the axis is out of range.
    UnknownChunkSizes
        With ``count``, if sizes along the axis aren't known.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.unpackbits(da.from_array(np.array([160, 128], np.uint8), chunks=1), count=9).compute()
    array([1, 0, 1, 0, 0, 0, 0, 0, 1], dtype=uint8)
    """
    x, axis = _prepared("unpackbits", a, axis, bitorder)
    if x.dtype != np.uint8:
        raise TypeError("Expected an input array of unsigned byte data type")
    sizes: tuple[Size, ...] = tuple([size if is_unknown(size) else 8 * size for size in x._chunks[axis]])
    made = _layer("unpackbits", x, axis, bitorder, sizes)
    if count is None:
        return made
    count = operator.index(count)
    check_known("unpackbits", sizes)
    length = made.shape[axis]
    if count < -length:
        raise ValueError("-count larger than number of elements")
    wanted = count if count >= 0 else length + count
    if wanted <= length:
        return made[(*[slice(None)] * axis, slice(0, wanted))]
    rest = zeros((*x.shape[:axis], wanted - length, *x.shape[axis + 1 :]), dtype=np.uint8)
    return concatenate([made, rest], axis)

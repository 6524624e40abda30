"""From what users write as chunks to chunk tuples: ``normalize_chunks``.

Place in the flow: the door for every ``chunks=`` argument. Above ``chunks``, below everything that makes or rechunks arrays.

Automatic sizes: blocks of at most ``array.chunk-size`` bytes, as near to cubes as the shape allows; where earlier chunks are
given, multiples or even parts of these, so that rechunking only merges or only splits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from numbers import Integral, Number
from typing import Any

import numpy as np

from minidask import config
from minidask.array.chunks import (
    REMEDY,
    Chunks,
    Size,
    Sizes,
    UnknownChunkSizes,
    even,
    has_unknown,
    largest_of,
    length_of,
)
from minidask.array.remembered import by_identity
from minidask.units import parse_bytes


def normalize_chunks(
    chunks: Any,
    shape: Sequence[Size] | None = None,
    limit: int | str | None = None,
    dtype: Any = None,
    previous_chunks: Sequence[Any] | None = None,
) -> Chunks:
    """Return the chunk tuples that a description means.

    Parameters
    ----------
    chunks : int, str, tuple, dict or None
        One description for all axes, or a tuple with one for each, or a dict ``{axis: description}`` (axes that are left out keep
        ``previous_chunks``, or are one block). For an axis: an int (block size), -1 or None (one block), ``"auto"``, an amount of
        bytes such as ``"8 MiB"`` (automatic, with this limit), or a tuple of sizes that add up to its length.
    shape : tuple of int, optional
        May be left out where every axis has a tuple of sizes.
    limit : int or str, optional
        Bytes of an automatic block. Default: the setting ``array.chunk-size``.
    dtype : dtype, optional
        Needed for automatic sizes.
    previous_chunks : chunks, optional
        For an axis a tuple of sizes, or one size of its blocks.

    Raises
    ------
    ValueError
        If the number of axes doesn't fit the shape, sizes don't add up, a size is negative or zero, or shape or dtype is needed
        and missing.
    TypeError
        If a description is of no such type.

    Examples
    --------
    >>> normalize_chunks(4, shape=(10, 6))
    ((4, 4, 2), (4, 2))
    >>> normalize_chunks({0: -1}, shape=(10, 6), previous_chunks=((5, 5), (3, 3)))
    ((10,), (3, 3))
    >>> normalize_chunks("auto", shape=(10000, 10000), dtype="f8", limit="8 MB")
    ((1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000), (1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000))
    """
    previous: Chunks | None = previous_chunks  # type: ignore[assignment]
    if previous_chunks is not None and shape is not None and any(isinstance(each, Number) for each in previous_chunks):
        previous = tuple(
            [_axis_sizes(each, n, at) for at, (each, n) in enumerate(zip(previous_chunks, shape, strict=True))]
        )
    if chunks is None and previous is not None:
        return previous
    if isinstance(chunks, np.ndarray):
        chunks = chunks.tolist()
    if shape is None:
        if not isinstance(chunks, tuple | list) or not all(isinstance(c, tuple | list) for c in chunks):
            raise ValueError(f"shape is needed to read chunks={chunks!r:.80}: only tuples of sizes say it themselves")
        shape = tuple([sum(sizes) for sizes in chunks])
    described = _by_axis(chunks, shape, previous)
    texts = {text for text in described if isinstance(text, str) and text != "auto"}
    if len(texts) > 1:
        raise ValueError(f"chunks={chunks!r:.80} gives several amounts of bytes: one limit holds for a whole block")
    if texts:
        limit = texts.pop()
        described = ["auto" if isinstance(each, str) else each for each in described]
    fixed = [
        None if isinstance(each, str) else _axis_sizes(each, length, at)
        for at, (each, length) in enumerate(zip(described, shape, strict=True))
    ]
    if None not in fixed:
        return tuple(fixed)  # type: ignore[arg-type]
    return _automatic(fixed, shape, limit, dtype, previous)


def _by_axis(chunks: Any, shape: Sequence[Size], previous: Chunks | None) -> list[Any]:
    ndim = len(shape)
    if isinstance(chunks, Mapping):
        out: list[Any] = list(previous) if previous is not None else [-1] * ndim
        for axis, each in chunks.items():
            if not isinstance(axis, int | np.integer) or not -ndim <= axis < ndim:
                raise ValueError(f"chunks={chunks!r:.80} names the axis {axis!r}, but the array has {ndim} dimensions")
            if each is not None:
                out[axis] = each
        return out
    if chunks is None or isinstance(chunks, str | Number):
        return [chunks] * ndim
    if not isinstance(chunks, tuple | list):
        raise TypeError(
            "chunks must be an int, a tuple, a dict, 'auto', an amount of bytes such as '8 MiB', or -1; "
            f"got {type(chunks).__name__}: {chunks!r:.80}"
        )
    parts: list[Any] = list(chunks)
    if ndim == 1 and len(parts) != 1 and parts and all(isinstance(each, Number) for each in parts):
        parts = [tuple(parts)]
    if len(parts) != ndim:
        raise ValueError(
            f"chunks={chunks!r:.80} are for {len(parts)} dimensions, but the shape {tuple(shape)} has {ndim}"
        )
    return parts


def _axis_sizes(each: Any, length: Size, axis: int) -> Sizes:
    if each is None or (isinstance(each, Integral) and each == -1):
        return (length,)
    if isinstance(each, Number):
        if not isinstance(each, Integral) or isinstance(each, bool):
            if isinstance(each, float) and each.is_integer():
                each = int(each)
            else:
                raise TypeError(f"a chunk size must be an integer, got {each!r} along axis {axis}")
        if has_unknown((length,)):
            raise UnknownChunkSizes(
                f"axis {axis} has an unknown length and can't be cut into blocks of {each}: {REMEDY}"
            )
        if each < 0 or (each == 0 and length > 0):
            raise ValueError(f"chunk sizes must be positive, got {each} along axis {axis}")
        return even(int(length), max(int(each), 1))
    if not isinstance(each, tuple | list):
        raise TypeError(
            f"the chunks of axis {axis} must be an int, a tuple or text, got {type(each).__name__}: {each!r:.80}"
        )
    # The same tuple again: comparing it with itself costs nothing.
    sizes: Sizes = tuple(each)
    if not _are_sizes(sizes):
        sizes = tuple([_one_size(size, axis) for size in each]) or (0,)
    total = length_of(sizes)
    if total != length and not (has_unknown((total,)) or has_unknown((length,))):
        raise ValueError(
            f"chunks do not add up to the shape: {_short(sizes)} sum up to {total}, axis {axis} is {length} long"
        )
    return sizes


@by_identity
def _are_sizes(sizes: tuple[Any, ...]) -> bool:
    return set(map(type, sizes)) == {int} and min(sizes) >= 0


def _one_size(size: Any, axis: int) -> Size:
    if isinstance(size, float) and math.isnan(size):
        return size
    if isinstance(size, bool) or not isinstance(size, Number) or size != int(size):  # type: ignore[call-overload]
        raise TypeError(f"a chunk size must be an integer, got {size!r} along axis {axis}")
    if size < 0:  # type: ignore[operator]
        raise ValueError(f"chunk sizes must not be negative, got {size} along axis {axis}")
    return int(size)  # type: ignore[call-overload]


def _short(sizes: Sizes) -> str:
    return str(sizes) if len(sizes) <= 8 else f"({', '.join(map(str, sizes[:6]))}, ... {len(sizes)} in all)"


def _automatic(
    fixed: list[Sizes | None], shape: Sequence[Size], limit: int | str | None, dtype: Any, previous: Chunks | None
) -> Chunks:
    if dtype is None:
        raise ValueError("the dtype is needed for automatic chunk sizes: pass dtype=")
    bytes_: Any = parse_bytes(config.get("array.chunk-size") if limit is None else limit)
    if bytes_ <= 0:
        raise ValueError(f"the limit of automatic chunks must be positive, got {limit!r}")
    free = [at for at, sizes in enumerate(fixed) if sizes is None]
    if has_unknown([shape[at] for at in free]):
        raise UnknownChunkSizes(f"automatic chunks need lengths that aren't known before computing: {REMEDY}")
    taken = math.prod([largest_of(sizes) for sizes in fixed if sizes is not None])
    budget = max(bytes_ / max(np.dtype(dtype).itemsize, 1) / max(taken, 1), 1.0)
    # Axes that are shorter than the side of a cube are taken whole; the others share what that leaves.
    pending = sorted(free, key=lambda at: shape[at])
    sides: dict[int, int] = {}
    while pending:
        side = budget ** (1 / len(pending))
        at = pending.pop(0)
        sides[at] = min(int(shape[at]), max(int(side + 1e-9), 1))
        if previous is not None:
            sides[at] = _aligned(sides[at], int(shape[at]), previous[at])
        budget = max(budget / max(sides[at], 1), 1.0)
    return tuple(
        [even(int(shape[at]), max(sides[at], 1)) if sizes is None else sizes for at, sizes in enumerate(fixed)]
    )


def _aligned(side: int, length: int, previous: Sizes) -> int:
    """Return a size near ``side`` that is a multiple, or an even part, of the earlier blocks' size."""
    earlier = int(largest_of(tuple(previous)))
    if side >= length or earlier == 0:
        return side
    if side >= earlier:
        return side // earlier * earlier
    return -(-earlier // -(-earlier // side))

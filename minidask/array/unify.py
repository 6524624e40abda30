"""Bring operands to common chunks: broadcasting of shapes, and of the blocks that they lie in.

Along each axis of the result the operands that aren't stretched are cut at every boundary that any of them has.

Place in the flow: above ``rechunk``, below ``elementwise``. Where operands agree already, which is the common case, this costs a
comparison of tuples.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import sub
from typing import Any

from minidask.array.chunks import Chunks, Sizes, has_unknown, shape_of, starts_of
from minidask.array.collection import ArrayBase
from minidask.array.matching import matched
from minidask.array.rechunk import one_block_each, rechunk_to
from minidask.array.remembered import remembered


def broadcast_shape(shapes: Sequence[tuple[Any, ...]]) -> tuple[Any, ...]:
    """Return the shape that shapes broadcast to; unknown lengths match anything but count as longer than 1.

    Raises
    ------
    ValueError
        If they don't broadcast, as NumPy does.

    Examples
    --------
    >>> broadcast_shape([(3, 1), (4,)])
    (3, 4)
    """
    ndim = max(map(len, shapes), default=0)
    out: list[Any] = [1] * ndim
    for shape in shapes:
        for at, length in enumerate(shape, ndim - len(shape)):
            known = out[at]
            if known == 1:
                out[at] = length
            elif length not in (1, known) and length == length and known == known:
                text = " ".join("(" + ",".join(map(str, s)) + ("," if len(s) == 1 else "") + ")" for s in shapes)
                raise ValueError(f"operands could not be broadcast together with shapes {text}")
            elif length == length and length != 1:
                out[at] = length
    return tuple(out)


def common_sizes(candidates: Sequence[Sizes]) -> Sizes:
    """Return the coarsest sizes that cut at every boundary of the candidates.

    Raises
    ------
    ValueError
        If lengths differ, or unknown sizes meet another number of blocks.

    Examples
    --------
    >>> common_sizes([(4, 6), (5, 5)])
    (4, 1, 5)
    """
    first = candidates[0]
    if all(sizes is first for sizes in candidates):
        return first
    return _common(*candidates)


@remembered
def _common(*candidates: Sizes) -> Sizes:
    first = candidates[0]
    if all(sizes == first for sizes in candidates):
        return first
    unknown = [sizes for sizes in candidates if has_unknown(sizes)]
    if unknown:
        if len({len(sizes) for sizes in candidates}) > 1:
            raise ValueError(
                "operands with chunk sizes that aren't known before computing need equal numbers of blocks, got "
                f"{[len(sizes) for sizes in candidates]}; call x.compute_chunk_sizes() first"
            )
        known = [sizes for sizes in candidates if not has_unknown(sizes)]
        return known[0] if known else first
    lengths = shape_of(candidates)
    if len(set(lengths)) > 1:
        raise ValueError(f"operands have different lengths along one axis: {list(lengths)}")
    edges = sorted(set().union(*map(starts_of, candidates)))
    return tuple(map(sub, edges[1:], edges)) or (0,)


def align(arrays: Sequence[ArrayBase]) -> tuple[list[Any], Chunks, tuple[Any, ...]]:
    """Return the arrays in chunks that fit one another, and chunks and shape of what they broadcast to.

    Raises
    ------
    ValueError
        If shapes don't broadcast, or unknown chunk sizes don't match.
    """
    first = arrays[0]
    chunks = first._chunks
    if all(a._chunks is chunks for a in arrays):
        return list(arrays), chunks, first.shape
    if all(a._chunks == chunks for a in arrays):
        return _sure(list(arrays)), chunks, first.shape
    arrays = [one_block_each(a) for a in arrays]
    shapes = [a.shape for a in arrays]
    shape = shapes[0] if all(s == shapes[0] for s in shapes) else broadcast_shape(shapes)
    out: list[Sizes] = []
    for at, length in enumerate(shape, -len(shape)):
        own = [a._chunks[at] for a in arrays if -at <= a.ndim]
        # Of length 1, but not where all are: stretched, so that its one block fits any.
        candidates = [sizes for sizes in own if length == 1 or sizes != (1,)]
        out.append(common_sizes(candidates) if candidates else (1,))
    chunks = tuple(out)
    aligned = [
        rechunk_to(
            a,
            tuple(
                [
                    s if s == (1,) and c != (1,) else _own(s, c)
                    for s, c in zip(a._chunks, chunks[len(chunks) - a.ndim :], strict=True)
                ]
            ),
        )
        for a in arrays
    ]
    return _sure(aligned), chunks, shape


def _sure(arrays: list[Any]) -> list[Any]:
    """Return arrays of which the last axes correspond, with checks where sizes aren't known."""
    if not any(has_unknown(a.shape) for a in arrays):
        return arrays
    return matched(arrays, [range(-a.ndim, 0) for a in arrays])


def _own(sizes: Sizes, common: Sizes) -> Sizes:
    if sizes is common:
        return sizes
    # Sizes that aren't known are believed to be those of the others.
    return sizes if has_unknown(sizes) or has_unknown(common) else common


def unify_chunks(*args: Any) -> tuple[dict[Any, Sizes], list[Any]]:
    """Bring arrays to common chunks along index symbols.

    Parameters
    ----------
    *args
        Pairs of array and index, such as ``x, "ij", y, "jk"``; a None index marks a literal.

    Returns
    -------
    sizes : dict
        ``{symbol: sizes}``.
    arrays : list
        The arrays in these chunks, literals as they are.

    Raises
    ------
    ValueError
        If an index doesn't fit its array, or lengths differ along a symbol.

    Examples
    --------
    >>> import minidask.array as da
    >>> sizes, (x, y) = da.unify_chunks(da.ones(10, chunks=4), "i", da.ones(10, chunks=5), "i")
    >>> x.chunks
    ((4, 1, 3, 2),)
    """
    pairs = list(zip(args[::2], args[1::2], strict=True))
    if sum(index is not None for _, index in pairs) > 1:
        pairs = [(x if index is None else one_block_each(x), index) for x, index in pairs]
    if len(pairs) == 1:
        ((x, index),) = pairs
        if index is not None and len(index) == x.ndim == len(set(index)):
            # Nothing to bring together.
            return dict(zip(index, x._chunks, strict=True)), [x]
    candidates: dict[Any, list[Sizes]] = {}
    for x, index in pairs:
        if index is None:
            continue
        if len(index) != x.ndim:
            raise ValueError(f"the index {index!r} has {len(index)} symbols, but the array has {x.ndim} dimensions")
        for symbol, sizes in zip(index, x.chunks, strict=True):
            candidates.setdefault(symbol, []).append(sizes)
    sizes_of = {}
    for symbol, all_ in candidates.items():
        longer = [s for s in all_ if s != (1,)]
        # Of length 1 as well, with (few) blocks of no length: nothing is to be stretched along them.
        alike = len(longer) < len(all_) and all(len(s) < 9 and sum(s) == 1 for s in longer)
        sizes_of[symbol] = common_sizes(longer) if longer and not alike else (1,)
    out = []
    for x, index in pairs:
        if index is None:
            out.append(x)
            continue
        wanted = tuple(
            [s if s == (1,) else _own(s, sizes_of[symbol]) for symbol, s in zip(index, x.chunks, strict=True)]
        )
        out.append(rechunk_to(x, wanted))
    places = [at for at, (_, index) in enumerate(pairs) if index is not None]
    if len(places) > 1 and any(has_unknown(out[at].shape) for at in places):
        sure = matched([out[at] for at in places], [pairs[at][1] for at in places])
        for at, x in zip(places, sure, strict=True):
            out[at] = x
    return sizes_of, out

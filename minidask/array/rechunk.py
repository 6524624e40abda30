"""Rechunk: the same elements in other blocks.

Place in the flow: above ``rechunked``, whose layer this builds, below everything that has to bring operands to common chunks.
Not for: deciding on sizes (``minidask.array.normalize``).
"""

from __future__ import annotations

from typing import Any

from minidask.array.chunks import Chunks, Sizes, chunks_token, has_unknown
from minidask.array.collection import ArrayBase, new_array
from minidask.array.normalize import normalize_chunks
from minidask.array.rechunked import Rechunked
from minidask.tokenize import quick_token


def rechunk(
    x: ArrayBase,
    chunks: Any = "auto",
    threshold: int | None = None,
    block_size_limit: Any = None,
    balance: bool = False,
    method: str | None = None,
) -> Any:
    """Return an array of the same elements in other chunks.

    Parameters
    ----------
    x : Array
    chunks
        What ``normalize_chunks`` reads: a size, a tuple, a dict ``{axis: ...}`` (other axes stay), ``"auto"``, ``"8 MiB"``, -1.
    block_size_limit : int or str, optional
        Bytes of an automatic block.
    balance : bool
        Whether to make blocks of about equal sizes where the last one would be much smaller.
    threshold, method
        Accepted for compatibility: there is one way, by tasks, one for each new block.

    Raises
    ------
    ValueError
        If chunks don't fit the shape, or an axis of unknown sizes is to change.
    NotImplementedError
        If ``method`` is ``"p2p"``.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.ones((4, 4), chunks=(2, 4)).rechunk({0: 4, 1: 2}).chunks
    ((4,), (2, 2))
    """
    if method not in (None, "tasks"):
        if method == "p2p":
            raise NotImplementedError("method='p2p' isn't built for arrays: leave method out, rechunking goes by tasks")
        raise ValueError(f"method must be 'tasks' or None, got {method!r}")
    if isinstance(chunks, dict) and x.ndim:
        chunks = {axis: sizes for axis, sizes in chunks.items() if sizes is not None}
    new = normalize_chunks(chunks, x.shape, block_size_limit, x.dtype, x._chunks)
    if balance:
        new = tuple([balanced(sizes) for sizes in new])
    return rechunk_to(x, new)


def balanced(sizes: Sizes) -> Sizes:
    """Return as many sizes, as equal as they can be.

    Examples
    --------
    >>> balanced((7, 7, 1))
    (5, 5, 5)
    """
    if has_unknown(sizes) or not sizes:
        return sizes
    length, count = int(sum(sizes)), len(sizes)
    base, more = divmod(length, count)
    return (base + 1,) * more + (base,) * (count - more)


def one_block_each(x: ArrayBase) -> Any:
    """Return the array with one block along each axis of length 1, where blocks of no length may stand beside the one."""
    if all(len(sizes) == 1 or sum(sizes) != 1 for sizes in x._chunks):
        return x
    return rechunk_to(x, tuple([(1,) if sum(sizes) == 1 else sizes for sizes in x._chunks]))


def rechunk_to(x: ArrayBase, chunks: Chunks) -> Any:
    """Return the array in exactly these chunks, itself if it has them; raises ValueError for unknown sizes that change."""
    old = x._chunks
    if chunks == old:
        return x
    for axis, (before, after) in enumerate(zip(old, chunks, strict=True)):
        if has_unknown(before) or has_unknown(after):
            if before is after or (len(before) == len(after) and repr(before) == repr(after)):
                continue
            if len(before) == len(after) == 1:
                continue
            raise ValueError(
                f"axis {axis} has chunk sizes that aren't known before computing, and can't be rechunked; "
                "call x.compute_chunk_sizes() first"
            )
    if all(
        repr(before) == repr(after) for before, after in zip(old, chunks, strict=True) if has_unknown(before)
    ) and all(before == after for before, after in zip(old, chunks, strict=True) if not has_unknown(before)):
        return x
    name = f"rechunk-{quick_token('rechunk', x.name, chunks_token(chunks))}"
    return new_array(Rechunked(name, x._layer, old, chunks), chunks, x._meta, x._shape)

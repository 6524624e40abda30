"""Rechunk: the same elements in other blocks.

Place in the flow: above ``rechunked``, whose layers this builds, ``rechunk_plan``, which says by way of which chunks, and
``rechunk_files``; below everything that has to bring operands to common chunks. Not for: deciding on sizes
(``minidask.array.normalize``).
"""

from __future__ import annotations

from typing import Any

from minidask import config
from minidask.array.chunks import REMEDY, Chunks, Sizes, UnknownChunkSizes, chunks_token, has_unknown
from minidask.array.collection import ArrayBase, new_array
from minidask.array.normalize import normalize_chunks
from minidask.array.performance import check_sizes, holds_all, memory_limit
from minidask.array.rechunk_files import OnDisk
from minidask.array.rechunk_plan import plan_rechunk
from minidask.array.rechunked import Rechunked
from minidask.schedulers import sync, threads
from minidask.schedulers.registry import get_scheduler
from minidask.tokenize import quick_token
from minidask.units import parse_bytes

# An array of fewer bytes is never taken to the disk unless that was asked for.
_LARGE = 1 << 28


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
    threshold : int, optional
        Pieces that blocks are cut into, for each block on average, beyond which it goes by way of blocks between. Default: the
        setting ``array.rechunk.threshold``.
    block_size_limit : int or str, optional
        Bytes of an automatic block, and of blocks between; these are no larger than the largest old or new block by default.
    balance : bool
        Whether to make blocks of about equal sizes where the last one would be much smaller.
    method : {"tasks", "disk", "p2p"}, optional
        ``"tasks"`` holds blocks in memory until every new block that needs them is made. ``"disk"`` writes them to files in
        ``temporary-directory`` and holds a few at a time; for threads and processes of one machine. ``"p2p"`` means
        ``"tasks"``: a cluster's workers fetch the pieces that they need from each other either way. Default: the setting
        ``array.rechunk.method``, else ``"tasks"``, or ``"disk"`` where the tasks run in this process, whose memory can't hold the
        array.

    Raises
    ------
    ValueError
        If chunks don't fit the shape, an axis of unknown sizes is to change, or ``threshold`` is below 1.
    OSError
        While computing: if files can't be written.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.ones((4, 4), chunks=(2, 4)).rechunk({0: 4, 1: 2}).chunks
    ((4,), (2, 2))
    """
    if method is None:
        method = config.get("array.rechunk.method", None)
    if method not in (None, "tasks", "disk", "p2p"):
        raise ValueError(f"method must be 'tasks', 'disk', 'p2p' or None, got {method!r}")
    if threshold is not None and threshold < 1:
        raise ValueError(f"threshold must be at least 1, got {threshold}")
    if isinstance(chunks, dict) and x.ndim:
        chunks = {axis: sizes for axis, sizes in chunks.items() if sizes is not None}
    new = normalize_chunks(chunks, x.shape, block_size_limit, x.dtype, x._chunks)
    if balance:
        new = tuple([balanced(sizes) for sizes in new])
    if has_unknown([*x.shape]):
        return rechunk_to(x, new)
    if method == "disk" or (method is None and _needs_disk(x, new)):
        return _by_disk(x, new)
    threshold = int(config.get("array.rechunk.threshold", 1000)) if threshold is None else threshold
    limit = None if block_size_limit is None else max(parse_bytes(block_size_limit) // max(x.dtype.itemsize, 1), 1)
    for step in plan_rechunk(x._chunks, new, threshold, limit):
        x = rechunk_to(x, step)
    return x


def _needs_disk(x: ArrayBase, chunks: Chunks) -> bool:
    """Whether tasks of this process would have to hold more of an array at once than there is memory for."""
    if x.nbytes < _LARGE or not holds_all(Rechunked("", x._layer, x._chunks, chunks)):
        return False
    run = get_scheduler(collections=[x])
    limit = memory_limit()
    return (run is threads.get or run is sync.get) and limit is not None and x.nbytes > limit


def _by_disk(x: ArrayBase, chunks: Chunks) -> Any:
    """Return the array in these chunks, cut from blocks in files."""
    if chunks == x._chunks:
        return x
    check_sizes("rechunk", x._chunks, chunks, x.dtype.itemsize)
    token = quick_token("rechunk-disk", x.name, chunks_token(chunks))
    held = OnDisk(f"rechunk-files-{token}", x._layer, config.get("temporary-directory", None))
    layer = Rechunked(f"rechunk-{token}", held, x._chunks, chunks, x.dtype.itemsize)
    return new_array(layer, chunks, x._meta, x._shape)


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
    if all(len(sizes) == 1 or length != 1 for sizes, length in zip(x._chunks, x.shape, strict=True)):
        return x
    return rechunk_to(
        x, tuple([(1,) if length == 1 else sizes for sizes, length in zip(x._chunks, x.shape, strict=True)])
    )


def rechunk_to(x: ArrayBase, chunks: Chunks) -> Any:
    """Return the array in exactly these chunks, itself if it has them; raises UnknownChunkSizes for unknown ones that change."""
    old = x._chunks
    if chunks == old:
        return x
    new = list(chunks)
    for axis, (before, after) in enumerate(zip(old, chunks, strict=True)):
        if has_unknown(before) or has_unknown(after):
            same = before is after or (len(before) == len(after) and repr(before) == repr(after))
            if not same and not len(before) == len(after) == 1:
                raise UnknownChunkSizes(
                    f"axis {axis} has chunk sizes that aren't known before computing, and can't be rechunked: {REMEDY}"
                )
            # One block stays as long as it is.
            new[axis] = before
    chunks = tuple(new)
    if all(before is after or before == after for before, after in zip(old, chunks, strict=True)):
        return x
    name = f"rechunk-{quick_token('rechunk', x.name, chunks_token(chunks))}"
    check_sizes("rechunk", old, chunks, x.dtype.itemsize)
    return new_array(Rechunked(name, x._layer, old, chunks, x.dtype.itemsize), chunks, x._meta, x._shape)

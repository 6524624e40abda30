"""``map_overlap``: a function on blocks that see some elements of their neighbours.

Arrays are brought to common chunks, large enough for the depths; overlapped; mapped; trimmed. The last three are blockwise
layers, which are fused to one task a block, beside the small tasks that cut borders.

Place in the flow: above ``borders``, ``trimming`` and ``minidask.array.mapping``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from minidask.array.chunks import Sizes, length_of, normalize_axes
from minidask.array.collection import ArrayBase
from minidask.array.elementwise import as_array
from minidask.array.mapping import map_aligned
from minidask.array.overlap.borders import bare_axes, extend
from minidask.array.overlap.depths import fit, read_boundary, read_depth
from minidask.array.overlap.trimming import trim as trimmed
from minidask.array.planned import planned
from minidask.array.rechunk import rechunk_to
from minidask.array.unify import unify_chunks
from minidask.collection import is_dask_collection


@planned
def map_overlap(
    func: Callable[..., Any],
    *args: Any,
    depth: Any = None,
    boundary: Any = None,
    trim: bool = True,
    align_arrays: bool = True,
    allow_rechunk: bool = True,
    **kwargs: Any,
) -> Any:
    """Return the array of a function on blocks with some elements of their neighbours around them.

    Parameters
    ----------
    func : callable
        Called with a block of each array, and what ``map_blocks`` gives (``block_id``, ``block_info``).
    *args
        Arrays, whose axes are paired from the last one on, and other values, which are passed as they are.
    depth : int, tuple, dict or list
        How many elements, see ``overlap``; default 0. A list has one depth for each array.
    boundary : str, scalar, tuple, dict or list
        What stands beyond the arrays' ends, see ``overlap``; default ``"none"``. A list has one boundary for each array.
    trim : bool
        Whether to take the depth off the results again, where the function keeps shapes. Otherwise it takes it off itself: the
        result has the arrays' chunks, unless ``chunks=`` says others.
    align_arrays : bool
        Whether arrays are brought to common chunks; otherwise they must have equal numbers of blocks.
    allow_rechunk : bool
        Whether blocks that are smaller than the depth may be merged with their neighbours.
    **kwargs
        ``name``, ``token``, ``dtype``, ``chunks``, ``drop_axis``, ``new_axis``, ``enforce_ndim`` and ``meta`` as in
        ``map_blocks``; others for the function. Axes that are dropped are brought to one block.

    Raises
    ------
    TypeError
        If the function can't be called, or there is no array.
    ValueError
        If a depth is larger than an array, or than a block with ``allow_rechunk=False``, arrays don't align, or the result's
        dtype can't be found. Where it is computed: if a block hasn't the declared shape.

    Examples
    --------
    >>> import numpy as np, minidask.array as da
    >>> x = da.from_array(np.array([1, 1, 2, 3, 3, 3, 2, 1, 1]), chunks=5)
    >>> map_overlap(lambda block: block - np.roll(block, 1), x, depth=1, boundary=0).compute()
    array([ 1,  0,  1,  1,  0,  0, -1, -1,  0])
    """
    if not callable(func):
        raise TypeError(
            f"map_overlap needs a function first, then arrays: map_overlap(func, x, depth=1); got {type(func).__name__}"
        )
    values = [as_array(a) if _in_memory(a) else a for a in args]
    places = [at for at, a in enumerate(values) if isinstance(a, ArrayBase)]
    if not places:
        raise TypeError("map_overlap needs an array to map the function over")
    arrays = [values[at] for at in places]
    depths = _each(depth, arrays, "depth", read_depth)
    rules = _each(boundary, arrays, "boundary", read_boundary)
    ndim = max(x.ndim for x in arrays)
    dropped = kwargs.get("drop_axis")
    gone = () if dropped is None else normalize_axes(dropped, ndim)
    if gone:
        arrays = [rechunk_to(x, _whole(x, [axis - ndim for axis in gone])) for x in arrays]
    if align_arrays:
        arrays = unify_chunks(*[part for x in arrays for part in (x, range(-x.ndim, 0))])[1]
    arrays = fit(arrays, depths, allow_rechunk)
    _check_blocks(arrays)
    wide = [extend(x, own, rule) for x, own, rule in zip(arrays, depths, rules, strict=True)]
    # The array whose axes the result has: of the most, the first.
    lead = max(range(len(arrays)), key=lambda at: (arrays[at].ndim, -at))
    sizes = {
        axis: _sizes(wide if trim else arrays, [x.numblocks for x in arrays], axis - ndim, lead) for axis in range(ndim)
    }
    options = {key: kwargs.pop(key, None) for key in ("token", "dtype", "chunks", "drop_axis", "new_axis", "meta")}
    name = kwargs.pop("name", None)
    kwargs.pop("enforce_ndim", None)
    mapped = map_aligned(
        func,
        values,
        dict(zip(places, wide, strict=True)),
        sizes,
        name=None if trim else name,
        kwargs=kwargs,
        **options,
    )
    if not trim:
        return mapped
    kept = [axis for axis in range(ndim) if axis not in gone]
    added = _added(options["new_axis"], mapped.ndim)
    remaining = iter(kept)
    at_axis = [None if axis in added else next(remaining) for axis in range(mapped.ndim)]
    own, bare = depths[lead], bare_axes(rules[lead])
    return trimmed(
        mapped,
        tuple([(0, 0) if axis is None else own[axis] for axis in at_axis]),
        tuple([True if axis is None else bare[axis] for axis in at_axis]),
        name,
    )


def _in_memory(value: Any) -> bool:
    return not is_dask_collection(value) and bool(getattr(value, "ndim", 0)) and hasattr(value, "dtype")


def _each(given: Any, arrays: Sequence[Any], what: str, read: Callable[..., Any]) -> list[Any]:
    """Return a depth or boundary for each array: a list has one for each, anything else holds for all."""
    if isinstance(given, list):
        if len(given) != len(arrays):
            raise ValueError(f"{what}={given!r:.80} is a list for {len(given)} arrays, but there are {len(arrays)}")
        entries = given
    else:
        entries = [given] * len(arrays)
    if read is read_depth:
        return [read(x.ndim, entry) for x, entry in zip(arrays, entries, strict=True)]
    return [read(x.ndim, entry, x.dtype) for x, entry in zip(arrays, entries, strict=True)]


def _whole(x: Any, axes: Sequence[int]) -> tuple[Sizes, ...]:
    """Return an array's chunks with one block along some axes, counted from the last."""
    return tuple([(x.shape[at],) if at in axes and len(s) > 1 else s for at, s in enumerate(x._chunks, -x.ndim)])


def _check_blocks(arrays: Sequence[Any]) -> None:
    for axis in range(-max(x.ndim for x in arrays), 0):
        counts = {x.numblocks[axis] for x in arrays if -axis <= x.ndim} - {1}
        if len(counts) > 1:
            raise ValueError(
                f"the arrays have {sorted(counts)} blocks along axis {axis}, and do not align: pass align_arrays=True, or "
                "rechunk them"
            )


def _sizes(arrays: Sequence[Any], counts: Sequence[tuple[int, ...]], axis: int, lead: int) -> Sizes:
    """Return the sizes of blocks along an axis, counted from the last: the leading array's, unless it is repeated there."""
    having = [at for at, x in enumerate(arrays) if -axis <= x.ndim]
    having.sort(key=lambda at: (-counts[at][axis], at != lead, at))
    longest: Sizes = arrays[having[0]]._chunks[axis]
    own: Sizes = arrays[lead]._chunks[axis]
    return own if len(own) == len(longest) and length_of(own) != 1 else longest


def _added(new_axis: Any, ndim: int) -> tuple[int, ...]:
    return () if new_axis is None else normalize_axes(new_axis, ndim)

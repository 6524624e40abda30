"""``coarsen``: a reduction of every group of neighbours, such as means of 2 x 2 pixels.

Place in the flow: one blockwise layer, after blocks were made to end where groups end.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from minidask.array.chunks import Sizes, check_known, normalize_axis, starts_of
from minidask.array.collection import new_array
from minidask.array.elementwise import as_array, elementwise, operation_name
from minidask.array.meta import meta_of
from minidask.array.planned import planned
from minidask.array.rechunk import rechunk_to
from minidask.array.remembered import remembered
from minidask.tokenize import tokenize


class Coarsen:
    """Reduce groups of neighbours of a block; ``factors`` has the size of a group along each axis."""

    __slots__ = ("factors", "kwargs", "reduction")

    def __init__(self, reduction: Callable[..., Any], factors: tuple[int, ...], kwargs: Mapping[str, Any]) -> None:
        self.reduction = reduction
        self.factors = factors
        self.kwargs = kwargs

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "coarsen"

    def __call__(self, block: Any) -> Any:
        shape = [part for n, factor in zip(block.shape, self.factors, strict=True) for part in (n // factor, factor)]
        return self.reduction(block.reshape(shape), axis=tuple(range(1, len(shape), 2)), **self.kwargs)

    def __reduce__(self) -> tuple[Any, ...]:
        return Coarsen, (self.reduction, self.factors, self.kwargs)


@remembered
def whole_groups(sizes: Sizes, factor: int) -> Sizes:
    """Return sizes near the given ones that are multiples of a factor, of which their sum is one.

    Examples
    --------
    >>> whole_groups((3, 3), 2)
    (4, 2)
    """
    if all(size % factor == 0 for size in sizes):
        return sizes
    edges = sorted({-(-edge // factor) * factor for edge in starts_of(sizes)})
    return tuple([high - low for low, high in itertools.pairwise(edges)])


@remembered
def _groups(sizes: Sizes, factor: int) -> Sizes:
    """Return how many groups each block has."""
    return tuple([size // factor for size in sizes])


@planned
def coarsen(
    reduction: Callable[..., Any], x: Any, axes: Mapping[int, int], trim_excess: bool = False, **kwargs: Any
) -> Any:
    """Return a reduction of groups of neighbours.

    Parameters
    ----------
    reduction : callable
        Called as ``reduction(block, axis=..., **kwargs)``: ``numpy.sum``, ``numpy.mean``, ``numpy.max`` and the like.
    x : Array
    axes : dict
        ``{axis: size of a group}``.
    trim_excess : bool
        Whether elements at the end that fill no group are left out; otherwise they are an error.

    Raises
    ------
    numpy.exceptions.AxisError
        If an axis is out of range.
    UnknownChunkSizes
        If sizes along an axis aren't known.
    ValueError
        If groups don't fill the array, or a size is below 1.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.coarsen(np.sum, da.arange(6, chunks=3), {0: 2}).compute()
    array([1, 5, 9])
    """
    array = as_array(x)
    factors = [1] * array.ndim
    for axis, factor in axes.items():
        if not hasattr(factor, "__index__") or factor < 1:
            raise ValueError(f"the size of a group must be a positive integer, got {factor!r} for axis {axis}")
        factors[normalize_axis(axis, array.ndim)] = int(factor)
    for axis, factor in enumerate(factors):
        if factor > 1:
            check_known("coarsen", array.chunks[axis])
    if any(factor > 1 and n % factor for factor, n in zip(factors, array.shape, strict=True)):
        if not trim_excess:
            raise ValueError(
                f"Coarsening factors {dict(axes)} do not align with array shape {array.shape}: trim_excess=True leaves the "
                "rest out"
            )
        array = array[
            tuple([slice(0, n // f * f if f > 1 else None) for n, f in zip(array.shape, factors, strict=True)])
        ]
    aligned = rechunk_to(
        array, tuple([s if f == 1 else whole_groups(s, f) for s, f in zip(array.chunks, factors, strict=True)])
    )
    call = Coarsen(reduction, tuple(factors), kwargs)
    sample = np.ones(tuple(factors), array.dtype)
    with np.errstate(all="ignore"):
        meta = meta_of(array._meta, None, np.asarray(call(sample)).dtype)
    name = f"coarsen {operation_name(reduction)} {factors} {tokenize(kwargs) if kwargs else ''}"
    made: Any = elementwise(call, aligned, name=name, meta=meta)
    chunks = tuple([_groups(s, f) if f > 1 else s for s, f in zip(aligned.chunks, factors, strict=True)])
    return new_array(made._layer, chunks, meta)

"""``unique``: the distinct values of an array in order; where each is first, how often it occurs, which of them each element is.

A partial result is the distinct values of a block; a tree joins them, so that what a task holds grows with the number of distinct
values, not with the array. Which of them each element is, is looked up in a second pass over the blocks.

Place in the flow: above ``summarizing``; ``sets.operations`` uses the partial results too.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from minidask.array.assemble import join
from minidask.array.chunks import Chunks, check_known, normalize_axis, starts_of
from minidask.array.collection import check_known_shape, new_array
from minidask.array.dispatch import implements
from minidask.array.elementwise import as_array, elementwise
from minidask.array.meta import numpy_meta
from minidask.array.rechunk import rechunk_to
from minidask.array.reductions.cumulative import cumsum
from minidask.array.reshaping import reshape
from minidask.array.sources import symbols
from minidask.array.summarizing import from_summary, summarize
from minidask.graph import BlockId, Layer, blockwise

# NumPy's types know no keywords that depend on the dtype.
_unique: Any = np.unique


class Distinct(NamedTuple):
    """Distinct values in order; where in the whole array each is first; how often it occurs. The latter two may be None."""

    values: Any
    places: Any
    counts: Any


class Find(NamedTuple):
    """Find the distinct values of a block, or along an axis its distinct parts.

    ``chunks`` are the array's where places are wanted.
    """

    places: bool
    counts: bool
    axis: int | None
    equal_nan: bool
    chunks: Chunks = ()

    def __call__(self, block: Any, block_id: tuple[int, ...] = ()) -> Distinct:
        block = np.asarray(block)
        found = _unique(
            block, self.places, False, self.counts, axis=self.axis, **_nan(self.equal_nan, block.dtype, self.axis)
        )
        parts = list(found) if isinstance(found, tuple) else [found]
        values = parts.pop(0)
        first = parts.pop(0) if self.places else None
        if first is not None and self.axis is not None:
            first = first + starts_of(self.chunks[self.axis])[block_id[self.axis]]
        elif first is not None and block.ndim and block.size:
            local = np.unravel_index(first, block.shape)
            edges = [starts_of(sizes) for sizes in self.chunks]
            whole = [here + edge[i] for here, edge, i in zip(local, edges, block_id, strict=True)]
            first = np.ravel_multi_index(whole, [edge[-1] for edge in edges])
        return Distinct(values, first, parts.pop(0) if self.counts else None)

    def join(self, partials: list[Distinct]) -> Distinct:
        """Return the distinct values of several blocks."""
        values = join([part.values for part in partials], self.axis or 0)
        if not (self.places or self.counts):
            return Distinct(
                _unique(values, axis=self.axis, **_nan(self.equal_nan, values.dtype, self.axis)), None, None
            )
        values, which = _unique(
            values, return_inverse=True, axis=self.axis, **_nan(self.equal_nan, values.dtype, self.axis)
        )
        which = which.ravel()
        length = values.shape[self.axis or 0]
        counts = places = None
        if self.counts:
            counts = np.zeros(length, np.intp)
            np.add.at(counts, which, np.concatenate([part.counts for part in partials]))
        if self.places:
            places = np.full(length, np.iinfo(np.intp).max, np.intp)
            np.minimum.at(places, which, np.concatenate([part.places for part in partials]))
            if not self.equal_nan and values.dtype.kind in "fcmM" and self.axis is None:
                # NaN are told apart by where they are alone, of which blocks come in another order.
                places[np.isnan(values)] = np.sort(places[np.isnan(values)])
        return Distinct(values, places, counts)


def _nan(equal_nan: bool, dtype: Any, axis: int | None) -> dict[str, bool]:
    # NumPy asks whether elements are NaN only of these, and along an axis it must not be told.
    return {"equal_nan": equal_nan} if dtype.kind in "fcmM" and axis is None else {}


def finished(found: Distinct) -> Distinct:
    """Return what was found; distinct values come as they are."""
    return found


def distinct_layer(x: Any, find: Find) -> Layer:
    """Make the layer without axes that holds the distinct values of an array."""
    index = symbols(x.ndim)
    operands: list[Any] = [(x._layer, index)]
    if find.places:
        operands.append((BlockId(), index))
    return summarize("unique", (x.name, tuple(find)), find, find.join, finished, index, *operands)


class Which(NamedTuple):
    """Say for each element of a block which of the distinct values it is; along an axis for each part."""

    axis: int | None

    def __call__(self, block: Any, found: Distinct, nth: Any = None) -> Any:
        values = found.values
        if nth is not None:
            # Each NaN is a value of its own; they come last, in order.
            missing = np.isnan(values)
            first = len(values) - np.count_nonzero(missing)
            return np.where(np.isnan(block), first + nth - 1, np.searchsorted(values[:first], block))
        if self.axis is None and values.dtype.kind != "V":
            return np.searchsorted(values, block).astype(np.intp, copy=False)
        axis = self.axis or 0
        parts = block if self.axis is not None else np.ravel(block)
        # Together with the distinct values, which stay where they are, the block's find their places.
        all_, which = np.unique(np.concatenate([values, parts], axis), return_inverse=True, axis=self.axis)
        if all_.shape[axis] != values.shape[axis]:
            raise NotImplementedError(
                "return_inverse isn't built for parts with NaN, each of which is one of its own: replace NaN first, nan_to_num"
            )
        which = which.ravel()[values.shape[axis] :]
        return which if self.axis is not None else which.reshape(block.shape)


@implements(np.unique)
def unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    *,
    equal_nan: bool = True,
    sorted: bool = True,
) -> Any:
    """Return the distinct values in order, along one axis whose length isn't known before computing.

    Parameters
    ----------
    ar : Array
    return_index : bool
        Whether to return where each value is first, too (in C order of the whole array).
    return_inverse : bool
        Whether to return which of the values each element is, too, in the array's own shape and chunks.
    return_counts : bool
        Whether to return how often each value occurs, too.
    axis : int, optional
        Find distinct parts along an axis instead, such as rows; the other axes are brought into one block.
    equal_nan : bool
        Whether NaN equals itself.
    sorted : bool
        Accepted for compatibility: values come in order.

    Raises
    ------
    numpy.exceptions.AxisError
        If the axis is out of range.
    NotImplementedError
        On computing, if ``return_inverse`` is wanted of parts along an axis with NaN in them.
    UnknownChunkSizes
        If ``return_index`` is wanted of an array whose lengths aren't known, or ``return_inverse`` with each NaN a value of its
        own.

    Examples
    --------
    >>> import minidask.array as da
    >>> x = da.from_array([3, 1, 3, 2], chunks=2)
    >>> values, counts = da.unique(x, return_counts=True)
    >>> values.compute(), counts.compute()
    (array([1, 2, 3]), array([1, 1, 2]))
    """
    x = as_array(ar)
    if isinstance(x._meta, np.ma.MaskedArray):
        raise NotImplementedError(
            "unique of masked arrays isn't built: take the values that aren't masked, "
            "da.unique(da.ma.getdata(x)[~da.ma.getmaskarray(x)])"
        )
    if axis is not None:
        axis = normalize_axis(axis, x.ndim)
        if x.ndim == 1:
            axis = None
        elif x.dtype.hasobject:
            raise TypeError(f"The axis argument to unique is not supported for dtype {x.dtype}")
        else:
            x = rechunk_to(x, tuple([s if at == axis else (sum(s),) for at, s in enumerate(x.chunks)]))
    apart = axis is None and not equal_nan and x.dtype.kind in "fcmM"
    if return_inverse and apart:
        check_known_shape("unique with return_inverse, each NaN a value of its own,", x)
    if return_index:
        if axis is None:
            check_known_shape("unique with return_index", x)
        else:
            check_known("unique with return_index", x.chunks[axis])
    layer = distinct_layer(x, Find(return_index, return_counts, axis, equal_nan, x.chunks if return_index else ()))
    chunks: Any = ((math.nan,),)
    if axis is not None:
        chunks = tuple([(math.nan,) if at == axis else s for at, s in enumerate(x.chunks)])
    out = [from_summary(layer, chunks, numpy_meta(x.dtype, len(chunks)), 0)]
    places = numpy_meta(np.dtype(np.intp), 1)
    if return_index:
        out.append(from_summary(layer, ((math.nan,),), places, 1))
    if return_inverse:
        out.append(_inverse(x, axis, layer, apart))
    if return_counts:
        out.append(from_summary(layer, ((math.nan,),), places, 2))
    return out[0] if len(out) == 1 else tuple(out)


def _inverse(x: Any, axis: int | None, layer: Layer, apart: bool) -> Any:
    index = symbols(x.ndim)
    which: Any = Which(axis)
    if apart and x.ndim:
        # Which of the NaN in the order of rows each is.
        nth = rechunk_to(reshape(cumsum(elementwise(np.isnan, x), dtype=np.intp), x.shape), x.chunks)
        pairs = ((x._layer, index), (layer, ()), (nth._layer, index))
        made = blockwise(which, index, *pairs, prefix="unique-which", token="which-nth")
        return new_array(made, x.chunks, numpy_meta(np.dtype(np.intp), x.ndim))
    if axis is None:
        made = blockwise(which, index, (x._layer, index), (layer, ()), prefix="unique-which", token="which")
        return new_array(made, x.chunks, numpy_meta(np.dtype(np.intp), x.ndim))
    # The other axes have one block each, which the result's single axis stands for.
    rows = blockwise(
        which, (axis,), (x._layer, index), (layer, ()), prefix="unique-which", token=("which", axis), contract=_only
    )
    return new_array(rows, (x.chunks[axis],), numpy_meta(np.dtype(np.intp), 1))


def _only(nested: Any) -> Any:
    while isinstance(nested, list):
        (nested,) = nested
    return nested


class UniqueAllResult(NamedTuple):
    """What ``unique_all`` returns."""

    values: Any
    indices: Any
    inverse_indices: Any
    counts: Any


class UniqueCountsResult(NamedTuple):
    """What ``unique_counts`` returns."""

    values: Any
    counts: Any


class UniqueInverseResult(NamedTuple):
    """What ``unique_inverse`` returns."""

    values: Any
    inverse_indices: Any


@implements(np.unique_values)
def unique_values(x: Any) -> Any:
    """Return the distinct values in order, each NaN one of its own, as the array API wants it; see ``unique``.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.unique_values(da.from_array([3, 1, 3], chunks=2)).compute()
    array([1, 3])
    """
    return unique(x, equal_nan=False)


@implements(np.unique_counts)
def unique_counts(x: Any) -> UniqueCountsResult:
    """Return the distinct values and how often each occurs, each NaN one of its own; see ``unique``.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.unique_counts(da.from_array([3, 1, 3], chunks=2)).counts.compute()
    array([1, 2])
    """
    return UniqueCountsResult(*unique(x, return_counts=True, equal_nan=False))


@implements(np.unique_inverse)
def unique_inverse(x: Any) -> UniqueInverseResult:
    """Return the distinct values and which of them each element is, each NaN one of its own; see ``unique``.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.unique_inverse(da.from_array([3, 1, 3], chunks=2)).inverse_indices.compute()
    array([1, 0, 1])
    """
    return UniqueInverseResult(*unique(x, return_inverse=True, equal_nan=False))


@implements(np.unique_all)
def unique_all(x: Any) -> UniqueAllResult:
    """Return all that ``unique`` can say, each NaN one of its own; see ``unique``.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.unique_all(da.from_array([3, 1, 3], chunks=2)).indices.compute()
    array([1, 0])
    """
    return UniqueAllResult(*unique(x, return_index=True, return_inverse=True, return_counts=True, equal_nan=False))

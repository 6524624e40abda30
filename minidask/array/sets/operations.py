"""Arrays as sets: ``isin``, ``union1d``, ``intersect1d``, ``setdiff1d``, ``setxor1d``.

Membership is asked of every pair of blocks, and the answers are joined by a tree. The others join the distinct values of both
arrays, which have to fit in one task.

Place in the flow: above ``sets.distinct``.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from minidask.array.collection import ArrayBase, check_known_shape, new_array
from minidask.array.dispatch import implements
from minidask.array.elementwise import as_array, elementwise
from minidask.array.meta import numpy_meta
from minidask.array.planned import planned
from minidask.array.reductions.folds import any_
from minidask.array.reshaping import ravel
from minidask.array.sets.distinct import Distinct, Find, distinct_layer
from minidask.array.sources import symbols
from minidask.array.summarizing import from_summary
from minidask.graph import blockwise
from minidask.tokenize import tokenize


class Among:
    """Say which elements of a block are among known ones."""

    __slots__ = ("assume_unique", "invert", "kind", "known")

    def __init__(self, known: Any, assume_unique: bool, invert: bool, kind: Any) -> None:
        self.known = known
        self.assume_unique = assume_unique
        self.invert = invert
        self.kind = kind

    def __call__(self, block: Any) -> Any:
        return np.isin(block, self.known, self.assume_unique, self.invert, kind=self.kind)

    def __reduce__(self) -> tuple[Any, ...]:
        return Among, (self.known, self.assume_unique, self.invert, self.kind)


class AmongBlock(NamedTuple):
    """Say which elements of a block are among those of another, along one axis more."""

    kind: Any

    def __call__(self, block: Any, known: Any) -> Any:
        return np.isin(block, known, kind=self.kind)[..., None]


@implements(np.isin)
@planned
def isin(
    element: Any, test_elements: Any, assume_unique: bool = False, invert: bool = False, *, kind: str | None = None
) -> Any:
    """Return for each element whether it is among others.

    Parameters
    ----------
    element : Array
    test_elements : array-like
        In memory, or an Array, whose blocks are asked one by one.
    assume_unique : bool
        Accepted for compatibility, and passed to NumPy where the others are in memory.
    invert : bool
        Whether to return the opposite.
    kind : str, optional
        NumPy's way of finding out: ``"sort"`` or ``"table"``.

    Raises
    ------
    ValueError
        If there is no such ``kind``.
    TypeError
        If records are looked for among others.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.isin(da.arange(4, chunks=2), [1, 3, 5]).compute()
    array([False,  True, False,  True])
    """
    if kind not in (None, "sort", "table"):
        raise ValueError(f"Invalid kind: '{kind}'. Please use None, 'sort' or 'table'.")
    x = as_array(element)
    known: Any = test_elements if isinstance(test_elements, ArrayBase) else np.asarray(test_elements)
    try:
        np.promote_types(x.dtype, known.dtype)
    except TypeError:
        if "V" in x.dtype.kind + known.dtype.kind:
            raise
        # What can't be compared, such as dates and numbers, is equal nowhere.
        return elementwise(np.full_like, x, kwargs={"fill_value": bool(invert), "dtype": np.dtype(bool)})
    if not isinstance(test_elements, ArrayBase):
        call = Among(known, assume_unique, invert, kind)
        return elementwise(call, x, name=f"isin {tokenize(known)} {assume_unique} {invert} {kind}", dtype=bool)
    index = symbols(x.ndim)
    others = ravel(test_elements)
    ask: Any = AmongBlock(kind)
    pairs = blockwise(
        ask, (*index, "other"), (x._layer, index), (others._layer, ("other",)), prefix="isin", token=("isin", kind)
    )
    chunks = (*x.chunks, (1,) * others.numblocks[0])
    found = any_(new_array(pairs, chunks, numpy_meta(np.dtype(bool), len(chunks))), axis=x.ndim)
    return ~found if invert else found


class OfTwo(NamedTuple):
    """Call NumPy's function of two sets with the distinct values of two arrays; with places where it gives these."""

    function: str
    places: bool

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return self.function

    def __call__(self, one: Distinct, other: Distinct) -> Any:
        call = getattr(np, self.function)
        if self.function == "union1d":
            return call(one.values, other.values)
        if not self.places:
            return call(one.values, other.values, assume_unique=True)
        values, here, there = call(one.values, other.values, assume_unique=True, return_indices=True)
        return values, one.places[here], other.places[there]


def _of_two(function: str, ar1: Any, ar2: Any, places: bool = False) -> Any:
    arrays = [as_array(ar1), as_array(ar2)]
    layers = []
    for x in arrays:
        if places:
            check_known_shape(f"{function} with return_indices", x)
        layers.append(distinct_layer(x, Find(places, False, None, True, x.chunks if places else ())))
    samples = [np.empty(0, x.dtype) for x in arrays]
    dtype = getattr(np, function)(*samples).dtype
    call: Any = OfTwo(function, places)
    made = blockwise(call, (), (layers[0], ()), (layers[1], ()), prefix=function, token=(function, places))
    if not places:
        return from_summary(made, ((math.nan,),), numpy_meta(dtype, 1))
    kinds = (dtype, np.dtype(np.intp), np.dtype(np.intp))
    return tuple([from_summary(made, ((math.nan,),), numpy_meta(one, 1), at) for at, one in enumerate(kinds)])


@implements(np.union1d)
@planned
def union1d(ar1: Any, ar2: Any) -> Any:
    """Return the distinct values of two arrays in order.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.union1d(da.from_array([3, 1, 3], chunks=2), da.arange(2, chunks=1)).compute()
    array([0, 1, 3])
    """
    return _of_two("union1d", ar1, ar2)


@implements(np.intersect1d)
@planned
def intersect1d(ar1: Any, ar2: Any, assume_unique: bool = False, return_indices: bool = False) -> Any:
    """Return the distinct values that are in both arrays, in order.

    Parameters
    ----------
    ar1, ar2 : Array
    assume_unique : bool
        Accepted for compatibility.
    return_indices : bool
        Whether to return where each is first in either array, too.

    Raises
    ------
    UnknownChunkSizes
        If ``return_indices`` is wanted of arrays whose lengths aren't known.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.intersect1d(da.from_array([3, 1, 3], chunks=2), da.arange(2, chunks=1)).compute()
    array([1])
    """
    return _of_two("intersect1d", ar1, ar2, return_indices)


@implements(np.setdiff1d)
@planned
def setdiff1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    """Return the distinct values of one array that aren't in another, in order; if ``assume_unique`` in the array's own.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.setdiff1d(da.from_array([3, 1, 3], chunks=2), da.arange(2, chunks=1)).compute()
    array([3])
    """
    if assume_unique:
        x = ravel(as_array(ar1))
        return x[isin(x, ar2, invert=True)]
    return _of_two("setdiff1d", ar1, ar2)


@implements(np.setxor1d)
@planned
def setxor1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    """Return the distinct values that are in one of two arrays only, in order.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.setxor1d(da.from_array([3, 1, 3], chunks=2), da.arange(2, chunks=1)).compute()
    array([0, 3])
    """
    return _of_two("setxor1d", ar1, ar2)

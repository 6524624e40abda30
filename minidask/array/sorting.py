"""``sort``, ``argsort``, ``lexsort``, ``partition``, ``argpartition``, ``take_along_axis``: order along an axis.

An order along an axis needs all of it: that axis becomes one block, the others keep theirs. Where a few extreme elements are
wanted ``topk`` holds less.

Place in the flow: one rechunk and one elementwise layer; NumPy does the work on blocks.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from minidask.array.chunks import check_known, normalize_axis
from minidask.array.collection import new_array
from minidask.array.dispatch import implements
from minidask.array.elementwise import as_array, elementwise
from minidask.array.meta import numpy_meta, with_dtype, with_ndim
from minidask.array.planned import planned
from minidask.array.products.contraction import only
from minidask.array.reshaping import flattened
from minidask.array.unify import unify_chunks
from minidask.graph import blockwise
from minidask.tokenize import tokenize

_KINDS = (None, "quicksort", "mergesort", "heapsort", "stable")


class Ordered(NamedTuple):
    """Call one of NumPy's functions along an axis of a block; a masked one's method knows about its mask."""

    name: str
    axis: int
    kwargs: tuple[tuple[str, Any], ...]

    @property
    def short_name(self) -> str:
        """The function's name, for people."""
        return self.name

    def __call__(self, block: Any) -> Any:
        kwargs = {key: value for key, value in self.kwargs if value is not None}
        if isinstance(block, np.ma.MaskedArray):
            if self.name.startswith("arg"):
                return np.asarray(getattr(block, self.name)(axis=self.axis, **kwargs))
            block = block.copy()
            getattr(block, self.name)(axis=self.axis, **kwargs)
            return block
        places = (kwargs.pop("kth"),) if "kth" in kwargs else ()
        return getattr(np, self.name)(block, *places, axis=self.axis, **kwargs)


def _ordered(name: str, a: Any, axis: Any, **kwargs: Any) -> Any:
    x = as_array(a)
    if axis is None or (not x.ndim and name.startswith("arg") and axis in (0, -1)):
        x, axis = flattened(name, x), 0
    axis = normalize_axis(axis, x.ndim)
    if x.numblocks[axis] > 1:
        check_known(f"{name} along axis {axis}, which becomes one block,", x.chunks[axis])
        x = x.rechunk({axis: -1})
    # Elements without an order raise here.
    getattr(np, name)(np.zeros(2, x.dtype), *([0] if "kth" in kwargs else []), order=kwargs.get("order"))
    meta = with_dtype(with_ndim(x._meta, x.ndim), np.dtype(np.intp)) if name.startswith("arg") else x._meta
    if name.startswith("arg") and isinstance(meta, np.ma.MaskedArray):
        meta = np.asarray(meta)
    func: Any = Ordered(name, axis, tuple(sorted(kwargs.items())))
    return elementwise(func, x, name=f"{name} {tokenize(func)}", meta=meta)


def _kind(kind: Any, stable: Any) -> Any:
    if kind not in _KINDS:
        raise ValueError(f"sort kind must be one of {_KINDS[1:]} (got {kind!r})")
    if stable is not None and kind is not None:
        raise ValueError("`kind` and `stable` parameters can't be provided at the same time. Use only one of them.")
    return "stable" if stable else kind


@implements(np.sort)
@planned
def sort(a: Any, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: bool | None = None) -> Any:
    """Return the elements in order along an axis, which becomes one block.

    Parameters
    ----------
    a : Array
    axis : int or None
        None: all elements, as one axis.
    kind, stable
        How blocks are sorted; see ``numpy.sort``.
    order : str or sequence of str, optional
        Fields of records that are compared.

    Raises
    ------
    numpy.exceptions.AxisError
        If the axis is out of range.
    ValueError
        For an unknown kind, or kind and stable together.
    TypeError
        If elements have no order.
    UnknownChunkSizes
        If the axis is in several blocks of unknown sizes.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.sort(da.from_array([3, 1, 2], chunks=2)).compute()
    array([1, 2, 3])
    """
    return _ordered("sort", a, axis, kind=_kind(kind, stable), order=order)


@implements(np.argsort)
@planned
def argsort(a: Any, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: bool | None = None) -> Any:
    """Return the positions that put elements in order along an axis, which becomes one block; see ``sort``.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.argsort(da.from_array([3, 1, 2], chunks=2)).compute()
    array([1, 2, 0])
    """
    return _ordered("argsort", a, axis, kind=_kind(kind, stable), order=order)


@implements(np.partition)
@planned
def partition(a: Any, kth: Any, axis: int | None = -1, kind: str = "introselect", order: Any = None) -> Any:
    """Return the elements with those before ``kth`` not larger than those behind it, along an axis; see ``sort``.

    Raises
    ------
    ValueError
        If ``kth`` is out of range, or ``kind`` isn't known.

    Examples
    --------
    >>> import minidask.array as da
    >>> int(da.partition(da.from_array([3, 1, 2], chunks=2), 1)[1])
    2
    """
    return _ordered("partition", a, axis, kth=_places(a, kth, axis, kind), order=order)


@implements(np.argpartition)
@planned
def argpartition(a: Any, kth: Any, axis: int | None = -1, kind: str = "introselect", order: Any = None) -> Any:
    """Return the positions that partition elements along an axis; see ``partition``.

    Examples
    --------
    >>> import minidask.array as da
    >>> int(da.argpartition(da.from_array([3, 1, 2], chunks=2), 1)[1])
    2
    """
    return _ordered("argpartition", a, axis, kth=_places(a, kth, axis, kind), order=order)


def _places(a: Any, kth: Any, axis: Any, kind: str) -> Any:
    if kind != "introselect":
        raise ValueError(f"partition kind must be 'introselect' (got {kind!r})")
    if hasattr(kth, "__dask_graph__"):
        raise TypeError("kth must be integers in memory: compute it first")
    x, places = as_array(a), np.asarray(kth)
    if places.dtype.kind not in "iu":
        raise TypeError("Partition index must be integer")
    length = x.size if axis is None else x.shape[normalize_axis(axis, x.ndim)]
    check_known("partition", [length])
    for at in places.ravel().tolist() if length else ():
        if not -length <= at < length:
            raise ValueError(f"kth(={at}) out of bounds ({length})")
    return int(places) if not places.ndim else tuple(places.tolist())


@implements(np.sort_complex)
def sort_complex(a: Any) -> Any:
    """Return the elements as complex numbers, in order along the last axis; see ``sort``.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.sort_complex(da.from_array([2, 1], chunks=1)).compute()
    array([1.+0.j, 2.+0.j])
    """
    made = sort(a)
    return made if made.dtype.kind == "c" else made.astype(np.sort_complex(np.empty(0, made.dtype)).dtype)


class Lexical(NamedTuple):
    """Call ``numpy.lexsort`` on blocks of the keys."""

    axis: int

    @property
    def short_name(self) -> str:
        """The function's name, for people."""
        return "lexsort"

    def __call__(self, *keys: Any) -> Any:
        return np.asarray(np.lexsort(keys, self.axis))


@implements(np.lexsort)
@planned
def lexsort(keys: Any, axis: int = -1) -> Any:
    """Return the positions that put elements in order along an axis by several keys, of which the last one is compared first.

    Parameters
    ----------
    keys : sequence of arrays, or Array
        Of one shape (along the first axis of an array); along the axis they become one block.
    axis : int

    Returns
    -------
    Array of int
        Of a key's shape; elements that are equal stay in their order.

    Raises
    ------
    TypeError
        If there are no keys, or their elements have no order.
    ValueError
        If their shapes differ.
    numpy.exceptions.AxisError
        If the axis is out of range.
    UnknownChunkSizes
        If the axis is in several blocks of unknown sizes.

    Notes
    -----
    ``numpy.lexsort`` of chunked arrays is lazy if they are in a tuple; in a list it computes them.

    Examples
    --------
    >>> import minidask.array as da
    >>> names, ages = da.from_array(["b", "a", "c"], chunks=2), da.from_array([7, 9, 7], chunks=2)
    >>> da.lexsort([names, ages]).compute()
    array([0, 2, 1])
    """
    arrays = [as_array(key) for key in keys] if getattr(keys, "ndim", 1) else []
    if not arrays:
        raise TypeError("need sequence of keys with len > 0 in lexsort")
    first = arrays[0]
    for x in arrays:
        if x.ndim != first.ndim or any(n != m and n == n and m == m for n, m in zip(x.shape, first.shape, strict=True)):
            raise ValueError(f"all keys need to be the same shape, got {first.shape} and {x.shape}")
    # NumPy takes any axis of keys that have none.
    axis = normalize_axis(axis, first.ndim) if first.ndim else 0
    np.lexsort([np.zeros(2, x.dtype) for x in arrays])
    arrays = [x.rechunk({axis: -1}) if x.ndim and x.numblocks[axis] > 1 else x for x in arrays]
    func: Any = Lexical(axis if first.ndim else -1)
    meta = numpy_meta(np.dtype(np.intp), first.ndim)
    return elementwise(func, *arrays, name=f"lexsort {axis}", meta=meta)


class TakeAlong(NamedTuple):
    """Call ``numpy.take_along_axis`` on blocks."""

    axis: int

    @property
    def short_name(self) -> str:
        """The function's name, for people."""
        return "take_along_axis"

    def __call__(self, block: Any, indices: Any) -> Any:
        return np.take_along_axis(block, indices, self.axis)


@implements(np.take_along_axis)
@planned
def take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Any:
    """Return the elements at positions along an axis that differ from lane to lane, such as ``argsort`` gives.

    Parameters
    ----------
    arr : Array
        Along the axis it becomes one block.
    indices : Array or array-like of int
        Of as many axes; the others are broadcast.
    axis : int or None
        None: ``arr`` as one axis.

    Raises
    ------
    IndexError
        If positions are no integers, or out of range (on computing, where they are lazy).
    ValueError
        If the numbers of axes differ, or the others don't broadcast.

    Examples
    --------
    >>> import minidask.array as da
    >>> x = da.from_array([[3, 1, 2], [4, 6, 5]], chunks=2)
    >>> da.take_along_axis(x, da.argsort(x, axis=1), axis=1).compute().tolist()
    [[1, 2, 3], [4, 5, 6]]
    """
    x, places = as_array(arr), as_array(indices)
    if axis is None:
        x, axis = flattened("take_along_axis", x), 0
    axis = normalize_axis(axis, x.ndim)
    if places.dtype.kind not in "iu":
        raise IndexError("`indices` must be an integer array")
    if places.ndim != x.ndim:
        raise ValueError(f"`indices` and `arr` must have the same number of dimensions, got {places.ndim} and {x.ndim}")
    length = x.shape[axis]
    if not hasattr(indices, "__dask_graph__") and length == length:
        given = np.asarray(indices)
        if given.size and not (-length <= given.min() and given.max() < length):
            raise IndexError(f"an index is out of bounds for axis {axis} with size {length}")
    x = x.rechunk({axis: -1}) if x.numblocks[axis] > 1 else x
    index = tuple(range(x.ndim))
    own = tuple(["whole" if at == axis else at for at in index])
    sizes, (x, places) = unify_chunks(x, own, places, index)
    func: Any = TakeAlong(axis)
    layer = blockwise(
        func,
        index,
        (x._layer, own),
        (places._layer, index),
        prefix="take_along_axis",
        token=("along", axis),
        contract=only,
    )
    return new_array(layer, tuple([sizes[at] for at in index]), x._meta)

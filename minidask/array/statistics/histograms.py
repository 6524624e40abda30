"""Counts by bins: ``histogram``, ``histogram2d``, ``histogramdd``; and ``digitize``, which says for each value its bin.

A partial result is the counts of a block; a tree adds them up, so that a task holds a few arrays of the bins' size. Where
neither edges nor a range are given the smallest and largest values are computed first, in the same graph.

Place in the flow: above ``summarizing`` and ``statistics.edges``.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from functools import reduce as fold_left
from typing import Any, NamedTuple

import numpy as np

from minidask.array.collection import ArrayBase, new_array
from minidask.array.dispatch import implements
from minidask.array.elementwise import as_array, elementwise
from minidask.array.meta import numpy_meta, with_dtype
from minidask.array.naming import array_parts
from minidask.array.planned import planned
from minidask.array.rechunk import rechunk_to
from minidask.array.sources import symbols
from minidask.array.spelling import also_named
from minidask.array.statistics.edges import as_values, bin_edges
from minidask.array.summarizing import from_summary, summarize
from minidask.collection import is_dask_collection
from minidask.graph import blockwise, identity
from minidask.tokenize import quick_token, tokenize

# The functions below have arguments of this name.
_range = range


def add_up(partials: list[Any]) -> Any:
    """Return the sum of arrays of one shape.

    Examples
    --------
    >>> add_up([np.array([1, 2]), np.array([3, 4])])
    array([4, 6])
    """
    return fold_left(np.add, partials)


class Count(NamedTuple):
    """Count the values of a block by bins; ``equal`` bins, given by number and range, are found without searching."""

    equal: tuple[int, Any] | None

    def __call__(self, block: Any, edges: Any, weights: Any = None) -> Any:
        if block.dtype == bool:
            block = block.astype(np.uint8)
        if self.equal is not None:
            number, span = self.equal
            return np.histogram(block, number, span, weights=weights)[0]
        return np.histogram(block, edges, weights=weights)[0]


def _like(weights: Any, x: Any) -> Any:
    """Return weights in the chunks of the values; raises ValueError if shapes differ."""
    given = as_array(weights)
    if given.ndim != x.ndim or any(n != m and n == n and m == m for n, m in zip(given.shape, x.shape, strict=True)):
        raise ValueError("weights should have the same shape as a.")
    return rechunk_to(given, x.chunks)


class Edges:
    """Edges along several axes as operands: lazy ones have a symbol of their own, over which there is one block."""

    def __init__(self, edges: Sequence[Any]) -> None:
        self.symbols: list[Any] = []
        self.operands: list[tuple[Any, Any]] = []
        self.named: list[str] = []
        for at, one in enumerate(edges):
            if isinstance(one, ArrayBase):
                self.symbols.append(("bins", at))
                self.operands.append((one._layer, (("bins", at),)))
                self.named.append(one.name)
            else:
                self.operands.append((one, None))
                self.named.append(quick_token("edges", *array_parts(np.asarray(one))))


def _density(counts: Any, edges: Sequence[Any], dtype: Any = None) -> Any:
    """Return counts divided by their sum and by the volumes of the bins, whose widths have a dtype if it is given."""
    out = counts
    for axis, one in enumerate(edges):
        widths = one[1:] - one[:-1]
        if dtype is not None:
            widths = widths.astype(dtype)
        out = out / widths.reshape([-1 if at == axis else 1 for at in range(len(edges))])
    return out / counts.sum()


@planned
def histogram(
    a: Any,
    bins: Any = 10,
    range: Any = None,
    normed: bool | None = None,
    weights: Any = None,
    density: bool | None = None,
) -> Any:
    """Return how many values are in each bin, and the edges of the bins.

    Parameters
    ----------
    a : Array
        Of numbers.
    bins : int or array-like
        Number of equal bins, or their edges, which may be a chunked array.
    range : (float, float), optional
        Ends of the range of equal bins, numbers or lazy ones; default: smallest and largest value, computed in the same graph.
    normed
        Not there any more in NumPy.
    weights : array-like, optional
        Of the array's shape: what each value counts.
    density : bool, optional
        Whether to divide the counts by their sum and by the widths of the bins.

    Returns
    -------
    counts : Array
    edges : numpy.ndarray, or Array where they depend on data

    Raises
    ------
    NotImplementedError
        If ``bins`` is the name of a rule.
    TypeError
        If values are no numbers, or ``bins`` is neither number nor edges, or ``normed`` is given.
    ValueError
        If edges don't increase, a range isn't finite, or weights have another shape.

    Examples
    --------
    >>> import minidask.array as da
    >>> counts, edges = da.histogram(da.from_array([1, 2, 2, 5], chunks=2), bins=2, range=(1, 5))
    >>> counts.compute(), edges
    (array([3, 1]), array([1., 3., 5.]))
    """
    if normed is not None:
        raise TypeError("normed isn't an argument of histogram any more: use density=True")
    x = as_values(a, "histogram")
    edges = bin_edges(bins, range, x)
    known = not isinstance(edges, ArrayBase)
    equal = None
    if known and np.ndim(bins) == 0:
        equal = (operator.index(bins), (0, 1) if range is None else tuple(range))
    index = symbols(x.ndim)
    held = Edges([edges])
    operands: list[tuple[Any, Any]] = [(x._layer, index), *held.operands]
    named = [x.name, equal, *held.named]
    dtype = np.dtype(np.intp)
    if weights is not None:
        given = _like(weights, x)
        operands.append((given._layer, index))
        named.append(given.name)
        dtype = np.histogram(np.empty(0), 1, weights=np.empty(0, given.dtype))[0].dtype
    layer = summarize("histogram", tuple(named), Count(equal), add_up, identity, (*index, *held.symbols), *operands)
    counts = from_summary(layer, ((edges.shape[0] - 1,),), numpy_meta(dtype, 1))
    return (_density(counts, [edges], float) if density else counts), edges


@implements(np.histogram)
def _numpy_histogram(a: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None) -> Any:
    return histogram(a, bins, range, None, weights, density)


@implements(np.histogram_bin_edges)
@planned
def histogram_bin_edges(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> Any:
    """Return the edges that ``histogram`` would use.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.histogram_bin_edges(da.from_array([1, 2, 2, 5], chunks=2), bins=2).compute()
    array([1., 3., 5.])
    """
    return bin_edges(bins, range, as_values(a, "histogram"))


class CountMany(NamedTuple):
    """Count the points of a block by bins along each of their coordinates."""

    coordinates: int
    weighted: bool
    columns: bool

    def __call__(self, *blocks: Any) -> Any:
        points = blocks[: self.coordinates] if self.columns else blocks[0]
        rest = blocks[self.coordinates if self.columns else 1 :]
        sample = np.stack(points, axis=-1) if self.columns else points
        weights = rest[-1] if self.weighted else None
        return np.histogramdd(sample, rest[: self.coordinates], weights=weights)[0]


@planned
def histogramdd(
    sample: Any,
    bins: Any = 10,
    range: Any = None,
    normed: bool | None = None,
    weights: Any = None,
    density: bool | None = None,
) -> Any:
    """Return how many points are in each bin of several coordinates, and the edges of the bins.

    Parameters
    ----------
    sample : Array, or sequence of Arrays
        Points as rows and coordinates as columns, or an array of one axis for each coordinate.
    bins : int, or sequence of int or array-like
        For all coordinates, or each: number of equal bins, or their edges.
    range : sequence of pairs, optional
        For each coordinate the ends of the range of equal bins, or None; default: smallest and largest value.
    normed
        Not there any more in NumPy.
    weights : array-like, optional
        What each point counts.
    density : bool, optional
        Whether to divide the counts by their sum and by the volumes of the bins.

    Returns
    -------
    counts : Array
        Of float64.
    edges : tuple of numpy.ndarray, or of Arrays where they depend on data

    Raises
    ------
    NotImplementedError, TypeError, ValueError
        As ``histogram`` does, and if numbers of coordinates differ.

    Examples
    --------
    >>> import minidask.array as da
    >>> points = da.from_array([[0, 0], [1, 3], [1, 2]], chunks=(2, 2))
    >>> counts, edges = da.histogramdd(points, bins=(2, 2), range=((0, 2), (0, 4)))
    >>> counts.compute()
    array([[1., 0.],
           [0., 2.]])
    """
    if normed is not None:
        raise TypeError("normed isn't an argument of histogramdd any more: use density=True")
    columns = _columns(sample)
    if columns is None:
        x = as_values(sample, "histogramdd")
        if x.ndim != 2:
            raise ValueError(f"points must be rows of an array of two axes, or a sequence of arrays; got {x.ndim} axes")
        x = x.rechunk({1: -1})
        parts, first, index = [x], x[:, 0], symbols(2)
        columns = [x[:, at] for at in _range(int(x.shape[1]))]
    else:
        first, index = columns[0], symbols(1)
        parts = columns
    count = len(columns)
    given = list(bins) if isinstance(bins, list | tuple) or np.ndim(bins) else [bins] * count
    if len(given) != count:
        raise ValueError("The dimension of bins must be equal to the dimension of the sample x.")
    spans = [None] * count if range is None else list(range)
    if len(spans) != count:
        raise ValueError("range argument must have one entry per dimension")
    kind = np.result_type(*[x.dtype for x in columns])
    edges = tuple(
        [bin_edges(one, span, _edge_values(x, span, kind)) for one, span, x in zip(given, spans, columns, strict=True)]
    )
    held = Edges(edges)
    operands = [(part._layer, index[: part.ndim]) for part in parts]
    operands += held.operands
    named = [part.name for part in parts] + held.named
    if weights is not None:
        weight = _like(weights, first)
        operands.append((weight._layer, (0,)))
        named.append(weight.name)
    chunk = CountMany(count, weights is not None, len(index) == 1)
    layer = summarize("histogramdd", tuple(named), chunk, add_up, identity, (*index, *held.symbols), *operands)
    counts = from_summary(layer, tuple([(one.shape[0] - 1,) for one in edges]), numpy_meta(np.dtype(float), count))
    return (_density(counts, edges) if density else counts), edges


def _edge_values(x: Any, span: Any, kind: Any) -> Any:
    """Return a coordinate in the dtype in which NumPy makes its edges: a given range is of floats, whatever the values are."""
    if kind.kind == "O" or (span is not None and not any(is_dask_collection(end) for end in span)):
        kind = np.dtype(float)
    return x if x.dtype == kind else x.astype(kind)


def _columns(sample: Any) -> list[Any] | None:
    """Return coordinates given one by one, in common chunks; None for points in one array."""
    if isinstance(sample, ArrayBase | np.ndarray) or not isinstance(sample, list | tuple):
        return None
    if not any(isinstance(one, ArrayBase) for one in sample):
        return None if np.ndim(sample) == 2 and not isinstance(sample, tuple) else [_column(one) for one in sample]
    columns = [_column(one) for one in sample]
    lengths = {column.shape[0] for column in columns if column.shape[0] == column.shape[0]}
    if len(lengths) > 1:
        raise ValueError(f"coordinates have different lengths: {sorted(lengths)}")
    return [columns[0], *[rechunk_to(column, columns[0].chunks) for column in columns[1:]]]


def _column(x: Any) -> Any:
    values = as_values(x, "histogramdd")
    if values.ndim != 1:
        raise ValueError(f"each coordinate must have one axis, got {values.ndim}: use ravel()")
    return values


@implements(np.histogramdd)
def _numpy_histogramdd(sample: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None) -> Any:
    return histogramdd(sample, bins, range, None, weights, density)


@planned
def histogram2d(
    x: Any,
    y: Any,
    bins: Any = 10,
    range: Any = None,
    normed: bool | None = None,
    weights: Any = None,
    density: bool | None = None,
) -> Any:
    """Return how many points are in each bin of two coordinates, and the edges along both.

    Parameters
    ----------
    x, y : Array
        Of one axis.
    bins : int, array-like, or pair of these
        Number of equal bins, or edges, for both coordinates or each.
    range, normed, weights, density
        As for ``histogramdd``.

    Raises
    ------
    NotImplementedError, TypeError, ValueError
        As ``histogramdd`` does.

    Examples
    --------
    >>> import minidask.array as da
    >>> x, y = da.from_array([0, 1, 1], chunks=2), da.from_array([0, 3, 2], chunks=2)
    >>> da.histogram2d(x, y, bins=2, range=((0, 2), (0, 4)))[0].compute()
    array([[1., 0.],
           [0., 2.]])
    """
    if len(x) != len(y):
        raise ValueError("x and y must have the same length.")
    if not hasattr(bins, "__len__") or len(bins) not in (1, 2):
        bins = [bins, bins]
    elif len(bins) == 1:
        bins = [bins[0], bins[0]]
    counts, (first, second) = histogramdd((x, y), list(bins), range, normed, weights, density)
    return counts, first, second


@implements(np.histogram2d)
def _numpy_histogram2d(
    x: Any, y: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> Any:
    return histogram2d(x, y, bins, range, None, weights, density)


@implements(np.digitize)
@also_named(a="x")
@planned
def digitize(x: Any, bins: Any, right: bool = False) -> Any:
    """Return for each value the number of the bin that it is in; 0 and ``len(bins)`` are outside.

    Parameters
    ----------
    x : Array
    bins : array-like of one axis
        Edges, increasing or decreasing; a chunked array is brought into one block.
    right : bool
        Whether a bin's right edge belongs to it instead of its left one.

    Raises
    ------
    TypeError
        If values are complex.
    ValueError
        If edges in memory neither increase nor decrease, or have several axes.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.digitize(da.from_array([0, 2, 5], chunks=2), [1, 3]).compute()
    array([0, 1, 2])
    """
    x = as_array(x)
    if x.dtype.kind == "c":
        raise TypeError("x may not be complex")
    if not isinstance(bins, ArrayBase):
        bins = np.asarray(bins)
        np.digitize(np.empty(0, x.dtype), bins)
        return elementwise(Digitize(bins, right), x, name=f"digitize {tokenize(bins)} {right}", dtype=np.intp)
    if bins.ndim != 1:
        raise ValueError("object of too small depth for desired array" if not bins.ndim else "bins must have one axis")
    index = symbols(x.ndim)
    find: Any = DigitizeBy(right)
    layer = blockwise(
        find,
        index,
        (x._layer, index),
        (rechunk_to(bins, ((sum(bins.chunks[0]),),))._layer, ("bins",)),
        prefix="digitize",
        token=right,
    )
    return new_array(layer, x.chunks, with_dtype(x._meta, np.dtype(np.intp)))


class Digitize:
    """Find the bins of values, by known edges."""

    __slots__ = ("bins", "right")

    def __init__(self, bins: Any, right: bool) -> None:
        self.bins = bins
        self.right = right

    def __call__(self, block: Any) -> Any:
        return np.digitize(block, self.bins, self.right)

    def __reduce__(self) -> tuple[Any, ...]:
        return Digitize, (self.bins, self.right)


class DigitizeBy(NamedTuple):
    """Find the bins of values, by edges that are the only one of some blocks."""

    right: bool

    def __call__(self, block: Any, bins: list[Any]) -> Any:
        return np.digitize(block, bins[0], self.right)

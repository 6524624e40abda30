"""Medians, quantiles and percentiles, exact: what NumPy gives for the whole array.

Along some of several axes these axes are brought into one block each, and NumPy does the rest; the other axes are cut finer where
blocks would grow too large. Over all elements (``axis=None``, or the only axis) nothing is brought together: a tree of samples
bounds where the elements of the wanted ranks lie, and a second pass over the blocks sends what lies between these bounds
(``statistics.ranks``). The blocks are held, or made again where that is cheap, between the passes.

Place in the flow: above ``summarizing``. Not for: approximations.
"""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np

from minidask import config
from minidask.array.chunks import Chunks, has_unknown, largest_block, normalize_axes
from minidask.array.collection import ArrayBase, new_array
from minidask.array.dispatch import implements
from minidask.array.elementwise import as_array
from minidask.array.meta import meta_of
from minidask.array.normalize import normalize_chunks
from minidask.array.planned import planned
from minidask.array.rebinding import rebind
from minidask.array.rechunk import rechunk_to
from minidask.array.sources import grid_sizes, symbols
from minidask.array.statistics import ranks
from minidask.array.statistics.asked import Asked
from minidask.array.statistics.interpolation import check_method
from minidask.array.summarizing import from_summary, summarize
from minidask.graph import Blockwise, blockwise
from minidask.graph.blockwise import Constant, InputOf
from minidask.tokenize import quick_token
from minidask.units import parse_bytes


class Along(NamedTuple):
    """Call NumPy along axes of a block that has them whole."""

    asked: Asked
    axes: tuple[int, ...]
    keepdims: bool
    dtype: Any

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return self.asked.function

    def __call__(self, block: Any, weights: Any = None) -> Any:
        kept = [1 if at in self.axes else n for at, n in enumerate(block.shape) if self.keepdims or at not in self.axes]
        if 0 in kept:
            return np.empty((*self.asked.shape, *kept), self.dtype)
        if not block.size and self.asked.ignores_nan:
            # NumPy's mean of nothing, of which there is one for each quantile.
            value = np.asarray(self.asked.call(block, self.axes, self.keepdims))
            return np.broadcast_to(value, (*self.asked.shape, *kept)).astype(self.dtype)
        if not self.axes:
            return np.asarray(self.asked.call(block[..., None], (block.ndim,), False, weights)).astype(
                self.dtype, copy=False
            )
        return np.asarray(self.asked.call(block, self.axes, self.keepdims, weights)).astype(self.dtype, copy=False)


class Search(NamedTuple):
    """The number of elements, and of NaN besides, and between which values those of some ranks lie."""

    n: int
    missing: int
    bounds: dict[int, tuple[Any, Any]]


class Bound(NamedTuple):
    """Bound where the wanted elements lie, by a sample of all."""

    asked: Asked

    def __call__(self, sample: ranks.Sample) -> Search:
        bounds: dict[int, tuple[Any, Any]] = {}
        if sample.n and (not sample.missing or self.asked.ignores_nan):
            for place in self.asked.places(sample.n):
                for rank in place[:2]:
                    bounds[rank] = bounds.get(rank) or ranks.bounds_of(sample, rank)
        return Search(sample.n, sample.missing, bounds)


def select(block: Any, search: Search) -> tuple[Search, list[ranks.Between]]:
    """Return what a block has between the bounds."""
    return search, ranks.select_between(block, tuple(dict.fromkeys(search.bounds.values())))


def join_selected(parts: list[tuple[Search, list[ranks.Between]]]) -> tuple[Search, list[ranks.Between]]:
    """Return what several blocks have between the bounds."""
    return parts[0][0], [ranks.join_between(list(each)) for each in zip(*[found for _, found in parts], strict=True)]


class Finish(NamedTuple):
    """Make the result of what lies between the bounds."""

    asked: Asked
    source: Any
    dtype: Any
    ndim: int
    keepdims: bool

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return self.asked.function

    def __call__(self, selected: tuple[Search, list[ranks.Between]]) -> Any:
        search, parts = selected
        value: Any
        if 0 in self.asked.shape:
            value = np.empty(self.asked.shape)
        elif not search.bounds:
            # Nothing, or NaN that counts: NumPy says what comes of it, and warns as it does.
            missing = np.full(min(search.missing, 1), "NaT" if self.source.kind in "mM" else np.nan).astype(self.source)
            value = np.broadcast_to(self.asked.call(missing, None, False), self.asked.shape)
        else:
            inside = dict(zip(dict.fromkeys(search.bounds.values()), parts, strict=True))
            found = {rank: ranks.pick(inside[bounds], rank) for rank, bounds in search.bounds.items()}
            if self.dtype.kind == self.source.kind == "f":
                # A quantile that is no Python number widens narrow floats, before it is worked out.
                found = {rank: self.dtype.type(value) for rank, value in found.items()}
            value = self.asked.value(found, search.n, self.source)
        value = np.asarray(value).astype(self.dtype, copy=False)
        if self.keepdims:
            return value.reshape((*self.asked.shape, *[1] * self.ndim))
        return value if value.ndim else value[()]


def _result_dtype(asked: Asked, dtype: Any, of_nothing: bool = False, alone: bool = True) -> Any:
    """Return the dtype of the result, which may be another where there are no elements, or nothing but one is left (``alone``).

    Raises TypeError, as NumPy does, for dtypes that it has no order of, and IndexError for quantiles that nothing has.
    """
    if dtype.kind == "c" and not asked.function.endswith("median"):
        raise TypeError("a must be an array of real numbers")
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        length = 0 if of_nothing else 2
        sample = np.ones(length if alone or dtype.kind != "O" else (length, 1), dtype)
        found = np.asarray(asked.call(sample, (0,), False)).dtype
    # An element alone forgets the width that texts have, and that it is an object.
    return dtype if dtype.kind in "SUO" else found


def _compute(a: Any, asked: Asked, axis: Any, keepdims: bool, weights: Any = None) -> Any:
    x = as_array(a)
    axes = normalize_axes(axis, x.ndim)
    if isinstance(x._meta, np.ma.MaskedArray):
        if asked.function == "median":
            return _masked_median(x, axes, keepdims)
        raise NotImplementedError(
            f"{asked.function} of masked arrays isn't built: call nan{asked.function.removeprefix('nan')} of "
            "da.ma.filled(x.astype(float), numpy.nan), or of da.ma.getdata(x) to ignore masks"
        )
    # NumPy asks for the mean of an array without any element where it leaves NaN out.
    nothing = x.size == 0 if asked.ignores_nan else any(x.shape[at] == 0 for at in axes)
    dtype = _result_dtype(asked, x.dtype, nothing, len(axes) == x.ndim and not keepdims)
    # Records have an order, but no loops of the comparisons by which ranks are narrowed down.
    if weights is None and len(axes) == x.ndim and x.npartitions > 1 and x.dtype.kind != "V":
        return _over_all(x, asked, keepdims, dtype)
    return _along(x, asked, axes, keepdims, dtype, weights)


def _along(x: Any, asked: Asked, axes: tuple[int, ...], keepdims: bool, dtype: Any, weights: Any) -> Any:
    x = _whole_along(x, axes)
    call: Any = Along(asked, axes, keepdims, dtype)
    index = symbols(x.ndim)
    new = tuple([("q", at) for at in range(len(asked.shape))])
    out = (*new, *[at for at in index if keepdims or at not in axes])
    sizes = {**grid_sizes(x.numblocks), **dict.fromkeys(new, 1)}
    operands: list[Any] = [(InputOf(0), index)]
    inputs = [x._layer]
    if weights is not None:
        weights = _weights_like(weights, x, axes)
        if isinstance(weights, ArrayBase):
            inputs.append(weights._layer)
            operands.append((InputOf(1), index))
        else:
            operands.append((Constant(weights), ()))
    token = quick_token(
        asked.function,
        x.name,
        asked[1:],
        axes,
        keepdims,
        getattr(weights, "name", weights) if weights is not None else None,
    )
    layer = Blockwise(f"{asked.function}-{token}", tuple(inputs), call, out, tuple(operands), sizes, None, _only)
    chunks: Chunks = tuple([(n,) for n in asked.shape])
    chunks += tuple([(1,) if at in axes else s for at, s in enumerate(x.chunks) if keepdims or at not in axes])
    return new_array(layer, chunks, meta_of(x._meta, len(chunks), dtype))


class MaskedMedian(NamedTuple):
    """Return the medians along axes of what isn't masked."""

    axes: tuple[int, ...]
    keepdims: bool

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "median"

    def __call__(self, block: Any) -> Any:
        return np.ma.asanyarray(np.ma.median(block, axis=self.axes, keepdims=self.keepdims))


def _masked_median(x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    x = _whole_along(x, axes)
    index = symbols(x.ndim)
    func: Any = MaskedMedian(axes, keepdims)
    out = tuple([at for at in index if keepdims or at not in axes])
    token = ("masked", axes, keepdims)
    layer = blockwise(func, out, (x._layer, index), prefix="median", token=token, contract=_only)
    chunks = tuple([(1,) if at in axes else sizes for at, sizes in enumerate(x._chunks) if keepdims or at not in axes])
    sample = np.ma.median(np.ma.ones(1, x.dtype), axis=(0,), keepdims=True)
    return new_array(layer, chunks, meta_of(x._meta, len(chunks), sample.dtype))


def _only(nested: Any) -> Any:
    """Return the only block of nested lists."""
    while isinstance(nested, list):
        (nested,) = nested
    return nested


def _weights_like(weights: Any, x: Any, axes: tuple[int, ...]) -> Any:
    """Return weights of an array's own shape in its chunks, of one axis as they are."""
    shape = tuple(getattr(weights, "shape", np.shape(weights) if isinstance(weights, list | tuple) else ()))
    if shape == x.shape and (x.ndim > 1 or isinstance(weights, ArrayBase)):
        return rechunk_to(as_array(weights), x.chunks)
    if len(axes) != 1 or shape != (x.shape[axes[0]],):
        raise TypeError("weights need the shape of the array, or for one axis that of the axis")
    if isinstance(weights, ArrayBase):
        raise TypeError("weights of one axis must be in memory: compute them first, or give them the array's own shape")
    return np.asarray(weights)


def _whole_along(x: Any, axes: tuple[int, ...]) -> Any:
    """Return the array in blocks that have some axes whole, the others cut finer where blocks would be too large."""
    if all(len(x.chunks[axis]) == 1 for axis in axes):
        return x
    joined = tuple([(sum(sizes),) if at in axes else sizes for at, sizes in enumerate(x.chunks)])
    if has_unknown(x.shape):
        return rechunk_to(x, joined)
    limit = max(parse_bytes(config.get("array.chunk-size")), largest_block(x.chunks) * x.itemsize)
    if largest_block(joined) * x.itemsize > limit:
        described = {at: -1 if at in axes else "auto" for at in range(x.ndim)}
        joined = normalize_chunks(described, x.shape, limit, x.dtype, x.chunks)
    return rechunk_to(x, joined)


def _over_all(x: Any, asked: Asked, keepdims: bool, dtype: Any) -> Any:
    index = symbols(x.ndim)
    name = asked.function
    token = (x.name, asked[1:])
    search = summarize(
        f"{name}-bounds", token, ranks.sample_block, ranks.join_samples, Bound(asked), index, (x._layer, index)
    )
    finish = Finish(asked, x.dtype, dtype, x.ndim, keepdims)
    layer = summarize(name, (*token, keepdims), select, join_selected, finish, index, (x._layer, index), (search, ()))
    shape = (*asked.shape, *[1] * x.ndim) if keepdims else asked.shape
    return from_summary(layer, tuple([(n,) for n in shape]), meta_of(x._meta, len(shape), dtype))


def _asked(function: str, q: Any, method: str, interpolation: Any) -> Asked:
    if isinstance(q, ArrayBase):
        raise TypeError("quantiles must be in memory: compute q first")
    values = np.asarray(q)
    if values.dtype.kind not in "biuf":
        raise TypeError(f"q must be numbers, got {q!r:.60}")
    whole = 100 if "percentile" in function else 1
    if not ((values >= 0) & (values <= whole)).all():
        raise ValueError(
            "Percentiles must be in the range [0, 100]" if whole == 100 else "Quantiles must be in the range [0, 1]"
        )
    return Asked(
        function,
        tuple(values.ravel().tolist()),
        values.shape,
        check_method(method if interpolation is None else interpolation),
        "" if type(q) in (int, float, bool) else values.dtype.str,
    )


@implements(np.median)
@planned
def median(a: Any, axis: Any = None, keepdims: bool = False, out: Any = None, *, overwrite_input: bool = False) -> Any:
    """Return the median along axes, exact.

    Parameters
    ----------
    a : Array
        Of numbers or timedelta64; complex ones are in the order of their real parts, then of their imaginary parts. Of masked
        ones what is masked is left out, as by ``numpy.ma.median``; each task has all that is along the axes.
    axis : int or tuple of int, optional
        Default: over all elements.
    keepdims : bool
        Whether reduced axes stay, with length 1.
    overwrite_input : bool
        Accepted for compatibility: blocks are never changed.

    Raises
    ------
    numpy.exceptions.AxisError
        If an axis is out of range.
    TypeError
        If elements have no order, or no mean.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.median(da.from_array([5, 1, 4, 2], chunks=2)).compute()
    np.float64(3.0)
    """
    return rebind("median", out, _compute(a, Asked("median"), axis, keepdims))


@implements(np.nanmedian)
@planned
def nanmedian(
    a: Any, axis: Any = None, keepdims: bool = False, out: Any = None, *, overwrite_input: bool = False
) -> Any:
    """Return the median of the elements that aren't NaN; see ``median``.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.nanmedian(da.from_array([5, np.nan, 4, 1], chunks=2)).compute()
    np.float64(4.0)
    """
    return rebind("nanmedian", out, _compute(a, Asked("nanmedian"), axis, keepdims))


@implements(np.quantile)
@planned
def quantile(
    a: Any,
    q: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    *,
    weights: Any = None,
    interpolation: str | None = None,
) -> Any:
    """Return quantiles along axes, exact.

    Parameters
    ----------
    a : Array
        Of real numbers, datetime64 or timedelta64.
    q : float or array-like in memory
        Between 0 and 1; its axes come first in the result.
    axis : int or tuple of int, optional
        Default: over all elements.
    method : str
        One of NumPy's; ``interpolation`` is its old name.
    keepdims : bool
        Whether reduced axes stay, with length 1.
    weights : array-like, optional
        Of the array's shape, or for one axis in memory and of its length; only for ``method="inverted_cdf"``.

    Raises
    ------
    numpy.exceptions.AxisError
        If an axis is out of range.
    TypeError
        If elements have no order, or ``q`` is lazy.
    ValueError
        If a quantile is out of range, or there is no such method.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.quantile(da.arange(11, chunks=4), [0.1, 0.5]).compute()
    array([1., 5.])
    """
    return _quantile(a, _asked("quantile", q, method, interpolation), axis, keepdims, weights, out)


@implements(np.nanquantile)
@planned
def nanquantile(
    a: Any,
    q: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    *,
    weights: Any = None,
    interpolation: str | None = None,
) -> Any:
    """Return quantiles of the elements that aren't NaN; see ``quantile``.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.nanquantile(da.from_array([np.nan, 1, 2, 3], chunks=2), 0.5).compute()
    np.float64(2.0)
    """
    return _quantile(a, _asked("nanquantile", q, method, interpolation), axis, keepdims, weights, out)


def _quantile(a: Any, asked: Asked, axis: Any, keepdims: bool, weights: Any, out: Any) -> Any:
    if weights is not None and asked.method != "inverted_cdf":
        raise ValueError(f"Only method 'inverted_cdf' supports weights. Got: {asked.method}.")
    return rebind(asked.function, out, _compute(a, asked, axis, keepdims, weights))


def percentile(
    a: Any, q: Any, method: str = "linear", internal_method: str = "default", *, axis: Any = None, **kwargs: Any
) -> Any:
    """Return percentiles, exact; as ``quantile`` with ``q`` between 0 and 100.

    Parameters
    ----------
    a : Array
    q : float or array-like in memory
    method : str
    internal_method : str
        ``"default"``, ``"dask"`` or ``"tdigest"``; accepted for compatibility: the answer is exact, in the memory of an
        approximation.
    axis : int or tuple of int, optional
        Default: over all elements.
    **kwargs
        ``keepdims``, ``weights``, ``interpolation`` as for ``quantile``.

    Raises
    ------
    TypeError, ValueError
        As ``quantile`` does, and for an unknown ``internal_method``.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.percentile(da.arange(11, chunks=4), [10, 50]).compute()
    array([1., 5.])
    """
    if internal_method not in ("default", "dask", "tdigest"):
        raise ValueError(f"internal_method must be 'default', 'dask' or 'tdigest', got {internal_method!r}")
    return _percentile(a, q, axis=axis, method=method, **kwargs)


def nanpercentile(a: Any, q: Any, method: str = "linear", *, axis: Any = None, **kwargs: Any) -> Any:
    """Return percentiles of the elements that aren't NaN; see ``percentile``.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.nanpercentile(da.from_array([np.nan, 1, 2, 3], chunks=2), 50).compute()
    np.float64(2.0)
    """
    return _nanpercentile(a, q, axis=axis, method=method, **kwargs)


@implements(np.percentile)
@planned
def _percentile(
    a: Any,
    q: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    *,
    weights: Any = None,
    interpolation: str | None = None,
) -> Any:
    return _quantile(a, _asked("percentile", q, method, interpolation), axis, keepdims, weights, out)


@implements(np.nanpercentile)
@planned
def _nanpercentile(
    a: Any,
    q: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    *,
    weights: Any = None,
    interpolation: str | None = None,
) -> Any:
    return _quantile(a, _asked("nanpercentile", q, method, interpolation), axis, keepdims, weights, out)

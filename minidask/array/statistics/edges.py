"""Edges of bins: known ones as NumPy's arrays, ones that depend on data as a layer that computes them.

Place in the flow: below ``statistics.histograms``.

Invariant: edges are NumPy's (``numpy.histogram_bin_edges``), so that counts are.
"""

from __future__ import annotations

import operator
from typing import Any, NamedTuple

import numpy as np

from minidask.array.collection import ArrayBase, new_array
from minidask.array.creation.delayed_parts import from_delayed
from minidask.array.elementwise import as_array
from minidask.array.meta import numpy_meta
from minidask.array.rechunk import rechunk_to
from minidask.array.reductions.folds import max as largest
from minidask.array.reductions.folds import min as smallest
from minidask.collection import is_dask_collection
from minidask.graph import Blockwise
from minidask.graph.blockwise import Constant, InputOf
from minidask.tokenize import quick_token


class Spread(NamedTuple):
    """Make the edges of equal bins of the two ends of a range."""

    bins: int
    dtype: Any

    def __call__(self, low: Any, high: Any) -> Any:
        return equal_bins(self.bins, (np.asarray(low)[()], np.asarray(high)[()]), self.dtype)


def equal_bins(bins: int, span: tuple[Any, Any], dtype: Any) -> Any:
    """Return the edges of so many equal bins over a range; raises ValueError if it isn't finite, or ends before it starts.

    Examples
    --------
    >>> equal_bins(2, (0, 1), np.dtype(float))
    array([0. , 0.5, 1. ])
    """
    # NumPy would not take bool for a range; it makes the elements numbers as well.
    kind = np.uint8 if dtype.kind == "b" else dtype
    return np.histogram_bin_edges(np.empty(0, kind), bins, span)


def bin_edges(bins: Any, span: Any, values: Any) -> Any:
    """Return the edges of bins along one axis: a NumPy array, or a chunked one of one block where they depend on data.

    Parameters
    ----------
    bins : int or array-like
        Number of equal bins, or their edges, which may be lazy.
    span : pair, optional
        Ends of the range of equal bins, which may be lazy (arrays without axes, delayed values). Default: smallest and largest
        value.
    values : Array

    Raises
    ------
    NotImplementedError
        If ``bins`` is the name of a rule.
    TypeError
        If ``bins`` is neither.
    ValueError
        If edges don't increase or have several axes, a number is below 1, or a range is no pair or ends before it starts.
    """
    if isinstance(bins, str):
        raise NotImplementedError(
            f"bins={bins!r} would need all values before the number of bins is known: give a number, or edges such as "
            f"numpy.histogram_bin_edges(sample, {bins!r}) of a part of the values"
        )
    if isinstance(bins, ArrayBase):
        if bins.ndim != 1:
            raise ValueError(
                "lazy `bins` must be the edges, along one axis: compute a number of bins first, or pass linspace(...)"
            )
        return rechunk_to(bins, ((sum(bins.chunks[0]),),))
    if is_dask_collection(bins):
        raise TypeError(f"lazy `bins` must be an array of edges, got a {type(bins).__name__}: compute a number first")
    if np.ndim(bins) > 1:
        raise ValueError("`bins` must be 1d, when an array")
    if np.ndim(bins) == 1:
        edges = np.asarray(bins)
        if (edges[:-1] > edges[1:]).any():
            raise ValueError("`bins` must increase monotonically, when an array")
        return edges
    try:
        number = operator.index(bins)
    except TypeError:
        raise TypeError("`bins` must be an integer, a string, or an array") from None
    if number < 1:
        raise ValueError("`bins` must be positive, when an integer")
    return _equal(number, span, values)


def _equal(number: int, span: Any, values: Any) -> Any:
    if span is None:
        if values.size == 0:
            span = (0, 1)
        else:
            if values.dtype == bool:
                values = values.astype(np.uint8)
            span = (smallest(values), largest(values))
    if len(span) != 2:
        raise ValueError(f"a range is a pair of its ends, got {span!r:.60}")
    if not any(is_dask_collection(end) for end in span):
        return equal_bins(number, tuple(span), values.dtype)
    inputs: list[Any] = []
    operands: list[Any] = []
    named: list[str] = []
    kinds: list[Any] = [np.uint8 if values.dtype == bool else values.dtype]
    for end in span:
        if is_dask_collection(end):
            lazy = end if isinstance(end, ArrayBase) else from_delayed(end, (), float)
            if lazy.ndim:
                raise ValueError(f"the end of a range must be a single number, got an array of shape {lazy.shape}")
            layer = lazy._layer
            if layer not in inputs:
                inputs.append(layer)
            operands.append((InputOf(inputs.index(layer)), ()))
            named.append(layer.name)
            kinds.append(lazy.dtype)
        else:
            operands.append((Constant(end), ()))
            named.append(repr(end))
            kinds.append(end)
    make: Any = Spread(number, values.dtype)
    name = f"bin-edges-{quick_token('bin-edges', number, str(values.dtype), *named)}"
    made = Blockwise(name, tuple(inputs), make, (0,), tuple(operands), {0: 1})
    kind = np.result_type(*kinds)
    kind = kind if kind.kind in "fO" else np.result_type(kind, float)
    return new_array(made, ((number + 1,),), numpy_meta(kind, 1))


def as_values(x: Any, what: str) -> Any:
    """Return an array of values to count; raises TypeError for what has no order among numbers."""
    values = as_array(x)
    if values.dtype.kind not in "biufO":
        raise TypeError(f"{what} of {values.dtype} isn't defined: view times as integers first, x.view('i8')")
    return values

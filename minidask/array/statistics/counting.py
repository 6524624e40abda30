"""``bincount``: how often each whole number occurs, or the sum of weights of each.

A partial result is the counts of a block, as long as its largest value says; a tree adds them up. How long the result is
depends on data, unless the dtype says that no value is beyond ``minlength``.

Place in the flow: above ``summarizing``.
"""

from __future__ import annotations

import math
import operator
from typing import Any, NamedTuple

import numpy as np

from minidask.array.dispatch import implements
from minidask.array.elementwise import as_array
from minidask.array.meta import numpy_meta
from minidask.array.planned import planned
from minidask.array.rechunk import rechunk_to
from minidask.array.summarizing import from_summary, summarize
from minidask.graph import identity


class Count(NamedTuple):
    """Count the values of a block."""

    minlength: int

    def __call__(self, block: Any, weights: Any = None) -> Any:
        counts = np.bincount(block, weights, self.minlength)
        # Of no values NumPy gives integers, even if there are weights.
        return counts if weights is None else counts.astype(float, copy=False)


def add_up(partials: list[Any]) -> Any:
    """Return the sum of counts, as long as the longest.

    Examples
    --------
    >>> add_up([np.array([1, 2]), np.array([3])])
    array([4, 2])
    """
    out = np.zeros(max(map(len, partials)), partials[0].dtype)
    for part in partials:
        out[: len(part)] += part
    return out


@implements(np.bincount)
@planned
def bincount(x: Any, weights: Any = None, minlength: int = 0, split_every: int | None = None) -> Any:
    """Return how often each of the numbers from 0 to the largest occurs.

    Parameters
    ----------
    x : Array
        Of one axis, of integers that aren't negative.
    weights : array-like, optional
        What each number counts.
    minlength : int
        At least so many numbers.
    split_every : int, optional
        How many blocks' results one task combines.

    Returns
    -------
    counts : Array
        Of a length that isn't known before computing, unless ``minlength`` covers all values of the dtype.

    Raises
    ------
    TypeError
        If ``x`` isn't of integers, or ``minlength`` is none.
    ValueError
        If ``x`` has several axes, weights have another shape, ``minlength`` is negative; on computing, if a value is negative.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.bincount(da.from_array([0, 3, 3], chunks=2)).compute()
    array([1, 0, 0, 2])
    """
    values = as_array(x)
    if values.ndim != 1:
        raise ValueError("Input array must be one dimensional. Try using x.ravel()")
    if values.dtype.kind not in "bui":
        raise TypeError(
            f"Cannot cast array data from {values.dtype!r} to {np.dtype(np.intp)!r} according to the rule 'safe'"
        )
    least = operator.index(minlength)
    if least < 0:
        raise ValueError("'minlength' must not be negative")
    operands = [(values._layer, "i")]
    named: list[Any] = [values.name, least]
    dtype: Any = np.dtype(np.intp)
    if weights is not None:
        given = as_array(weights)
        if given.ndim != 1 or (given.shape != values.shape and not any(map(math.isnan, given.shape + values.shape))):
            raise ValueError("The weights and list don't have the same length.")
        given = rechunk_to(given, values.chunks)
        operands.append((given._layer, "i"))
        named.append(given.name)
        dtype = np.dtype(float)
    layer = summarize("bincount", tuple(named), Count(least), add_up, identity, "i", *operands, split_every=split_every)
    widest = 2 if values.dtype == bool else int(np.iinfo(values.dtype).max) + 1
    length = least if least >= widest else math.nan
    return from_summary(layer, ((length,),), numpy_meta(dtype, 1))

"""Elements by their rank among all blocks: samples that bound where an element of a rank lies, then what lies between the bounds.

A *sample* of a sorted block is every ``w``-th element, weighing ``w``. For any value v the sum of the weights of samples ``<=
v`` is at most the number of elements ``<= v``, and short of it by at most ``w - 1``; samples of several blocks are joined by
adding both (Manku, Rajagopalan and Lindsay, "Approximate medians and other order statistics in one pass", 1998). So two samples
can be named between which the element of a rank lies for certain, and of n elements about ``n / SAMPLES`` a level of the tree
lie between them. A second pass counts what is below and gives what is between, equal values once, with their number.

Place in the flow: pure NumPy on blocks; ``statistics.quantiles`` makes layers of it.

Invariant: what ``pick`` returns is the element of that rank, whatever the blocks.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

# A summary of 4096 doubles and weights takes 64 kilobytes, and the second pass then sends about a thousandth of the elements.
SAMPLES = 4096
# More bounds than these are cut out of the sorted block, fewer by comparing.
_FEW = 4


class Sample(NamedTuple):
    """Some elements of ``n`` in order, the number that each stands for, and by how many their sums may be short.

    ``missing`` elements besides are NaN (NaT).
    """

    values: Any
    weights: Any
    short: int
    n: int
    missing: int


class Between(NamedTuple):
    """Of an interval: how many elements are below it, the different values in it, and how often each occurs."""

    below: int
    values: Any
    counts: Any


def present(block: Any) -> tuple[Any, int]:
    """Return the elements of a block that aren't NaN (NaT) along one axis, and the number of those that are.

    Examples
    --------
    >>> present(np.array([[1.0, np.nan], [2.0, 3.0]]))
    (array([1., 2., 3.]), 1)
    """
    flat = np.ravel(block)
    if flat.dtype.kind in "fc":
        missing = np.isnan(flat)
    elif flat.dtype.kind in "mM":
        missing = np.isnat(flat)
    else:
        return flat, 0
    count = int(missing.sum())
    return (flat[~missing], count) if count else (flat, 0)


def sample_block(block: Any) -> Sample:
    """Return the sample of a block.

    Examples
    --------
    >>> sample_block(np.array([3, 1, 2]))
    Sample(values=array([1, 2, 3]), weights=array([1, 1, 1]), short=0, n=3, missing=0)
    """
    values, missing = present(block)
    n = len(values)
    step = -(-n // SAMPLES) or 1
    values = np.sort(values)
    if step == 1:
        return Sample(values, np.ones(n, np.int64), 0, n, missing)
    places = np.append(np.arange(step - 1, n - 1, step), n - 1)
    return Sample(values[places], np.diff(places, prepend=-1), step - 1, n, missing)


def join_samples(samples: list[Sample]) -> Sample:
    """Return one sample of several, thinned out where it is too large.

    Examples
    --------
    >>> join_samples([sample_block(np.array([3, 1])), sample_block(np.array([2]))]).values
    array([1, 2, 3])
    """
    values = np.concatenate([each.values for each in samples])
    weights = np.concatenate([each.weights for each in samples])
    n, short = sum(each.n for each in samples), sum(each.short for each in samples)
    missing = sum(each.missing for each in samples)
    order = np.argsort(values, kind="stable")
    values, weights = values[order], weights[order]
    if len(values) > SAMPLES:
        total = np.cumsum(weights)
        step = -(-n // SAMPLES)
        places = np.unique(np.append(np.searchsorted(total, np.arange(step, n, step)), len(total) - 1))
        values, weights = values[places], np.diff(total[places], prepend=0)
        short += step - 1
    return Sample(values, weights, short, n, missing)


def bounds_of(sample: Sample, rank: int) -> tuple[Any, Any]:
    """Return values with the element of a rank (from 0) above the first, which may be None, and not above the second.

    Examples
    --------
    >>> bounds_of(sample_block(np.arange(10)), 3)
    (np.int64(2), np.int64(3))
    """
    total = np.cumsum(sample.weights)
    low = int(np.searchsorted(total + sample.short, rank, side="right")) - 1
    high = int(np.searchsorted(total, rank + 1))
    # Of equal values the last one has the sum that counts.
    if low >= 0 and low + 1 < len(total) and sample.values[low + 1] == sample.values[low]:
        low = int(np.searchsorted(sample.values, sample.values[low])) - 1
    return (sample.values[low] if low >= 0 else None), sample.values[high]


def select_between(block: Any, bounds: tuple[tuple[Any, Any], ...]) -> list[Between]:
    """Return for each interval ``low < value <= high`` what a block has in it.

    Examples
    --------
    >>> select_between(np.array([1, 5, 3, 3]), ((1, 3),))
    [Between(below=1, values=array([3]), counts=array([2]))]
    """
    values, _ = present(block)
    if len(bounds) > _FEW:
        values = np.sort(values)
    out = []
    for low, high in bounds:
        if len(bounds) > _FEW:
            start = 0 if low is None else int(np.searchsorted(values, low, side="right"))
            inside = values[start : np.searchsorted(values, high, side="right")]
        else:
            above = None if low is None else values > low
            start = 0 if above is None else len(values) - int(np.count_nonzero(above))
            chosen = values <= high
            inside = values[chosen if above is None else above & chosen]
        out.append(Between(start, *np.unique(inside, return_counts=True)))
    return out


def join_between(parts: list[Between]) -> Between:
    """Return what several blocks have in one interval."""
    values = np.concatenate([part.values for part in parts])
    counts = np.concatenate([part.counts for part in parts])
    different, places = np.unique(values, return_inverse=True)
    total = np.zeros(len(different), np.int64)
    np.add.at(total, places, counts)
    return Between(sum(part.below for part in parts), different, total)


def pick(between: Between, rank: int) -> Any:
    """Return the element of a rank, which lies in the interval.

    Examples
    --------
    >>> pick(Between(1, np.array([3, 4]), np.array([2, 1])), 2)
    np.int64(3)
    """
    return between.values[int(np.searchsorted(np.cumsum(between.counts), rank - between.below, side="right"))]

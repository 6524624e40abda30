"""Values of given ranks, exactly, without sorting all of them: the algorithm behind median and quantile. Pure.

Three passes over the values of a column, of which the third has nothing to do but for bad luck:

1. ``sample_values``: each partition gives some of its values, drawn at random. ``brackets`` finds two of these for each rank,
   between which the value of that rank lies with a probability of all but ``exp(-SURE ** 2 / 2)``, 2e-11 (Hoeffding,
   "Probability inequalities for sums of bounded random variables", 1963; the idea: Floyd and Rivest, "Expected time bounds for
   selection", 1975).
2. ``select_between``: each partition gives how many of its values are below a bracket, and the distinct values in it with
   their counts. The sums say for certain whether the rank is in there; ``settle`` counts on from there.
3. Where it isn't, everything on the side of it that is right is selected in the same way.

So the result is exact always, and what is put together is small: of n values in P partitions ``P (n / P) ** (2 / 3)`` in the
first pass, about ``7 n / sqrt(that)`` a rank in the second. Equal values travel as one with a count.

For approximations in one pass: ``sample_sorted`` and ``estimate``, by values at regular distances of each partition's sorted
ones.

Invariants: values are NumPy numbers without missing ones; what they stand for (dates, durations, masked) is the caller's affair.
Draws are seeded, so that results, and what is read, are the same each time.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

# Below so many values a partition gives all of them in the first pass: smaller samples would save nothing.
FEW = 1024
# Brackets are so many deviations wide (half the root of the sum of squared weights) to each side.
SURE = 7.0


class Values(NamedTuple):
    """A column of a partition: its values that are there, in any order, and how many were missing."""

    there: NDArray[Any]
    missing: int


class Samples(NamedTuple):
    """Some of ``n`` values in ascending order, how many each stands for, and the sum of squared weights of what was drawn."""

    values: NDArray[Any]
    weights: NDArray[np.float64]
    squares: float
    n: int
    missing: int


class Counted(NamedTuple):
    """What lies in a bracket: ``less`` values are below it; then distinct values, ascending, and how often each occurs."""

    less: int
    values: NDArray[Any]
    counts: NDArray[np.int64]


def sample_values(column: Values) -> Samples:
    """Return about ``n ** (2 / 3)`` values drawn at random, or all if they are few.

    Examples
    --------
    >>> sample_values(Values(np.array([5, 3]), 1))
    Samples(values=array([3, 5]), weights=array([1., 1.]), squares=0.0, n=2, missing=1)
    """
    n = len(column.there)
    number = max(FEW, int(n ** (2 / 3)))
    if n <= number:
        return Samples(np.sort(column.there), np.ones(n), 0.0, n, column.missing)
    drawn = np.sort(column.there[np.random.default_rng(n).integers(0, n, number)])
    return Samples(drawn, np.full(number, n / number), n * n / number, n, column.missing)


def sample_sorted(column: Values, number: int) -> Samples:
    """Return about ``number`` values at regular distances of the sorted ones, the first and the last among them.

    >>> sample_sorted(Values(np.arange(10), 0), 3)
    Samples(values=array([0, 4, 8, 9]), weights=array([2.5, 4. , 2.5, 1. ]), squares=0.0, n=10, missing=0)
    """
    values = np.sort(column.there)
    n = len(values)
    places = np.arange(0, n, max(1, -(-n // number)))
    if n and places[-1] != n - 1:
        places = np.append(places, n - 1)
    # Each stands for what is nearer to it than to its neighbours.
    edges = np.concatenate([[-0.5], (places[1:] + places[:-1]) / 2, [n - 0.5]]) if n else np.zeros(1)
    return Samples(values[places], np.diff(edges), 0.0, n, column.missing)


def join_samples(parts: list[Samples]) -> Samples:
    """Return the samples of several, in ascending order."""
    values = np.concatenate([part.values for part in parts])
    weights = np.concatenate([part.weights for part in parts])
    order = np.argsort(values, kind="stable")
    squares, n, missing = (sum(getattr(part, field) for part in parts) for field in ("squares", "n", "missing"))
    return Samples(values[order], weights[order], float(squares), n, missing)


def brackets(samples: Samples, ranks: list[int]) -> list[tuple[Any, Any]]:
    """Return for each rank (0 is the smallest value) two values between which its value lies very likely; None is open.

    Examples
    --------
    >>> brackets(sample_values(Values(np.arange(100), 0)), [50])
    [(np.int64(49), np.int64(50))]
    """
    upto = np.cumsum(samples.weights)
    margin = SURE / 2 * np.sqrt(samples.squares)
    found = []
    for rank in ranks:
        if not 0 <= rank < samples.n:
            raise IndexError(f"there is no value of rank {rank} among {samples.n}")
        low = int(np.searchsorted(upto, rank - margin, side="right")) - 1
        high = int(np.searchsorted(upto, rank + 1 + margin, side="left"))
        found.append((samples.values[low] if low >= 0 else None, samples.values[high] if high < len(upto) else None))
    return found


def estimate(samples: Samples, ranks: list[int]) -> list[Any]:
    """Return a sampled value near each rank: for regular ones off by the partitions' distances together at most."""
    middle = np.cumsum(samples.weights) - samples.weights / 2 - 0.5
    places = np.searchsorted(middle, ranks, side="left").clip(0, max(len(middle) - 1, 0))
    return [samples.values[place] for place in places]


def select_between(column: Values, bounds: tuple[Any, Any]) -> Counted:
    """Return what a column has in a bracket, bounds included.

    Examples
    --------
    >>> select_between(Values(np.array([9, 2, 1, 5, 2]), 0), (2, 5))
    Counted(less=1, values=array([2, 5]), counts=array([2, 1]))
    """
    values, less = column.there, 0
    low, high = bounds
    if low is not None:
        less = int(np.count_nonzero(values < low))
    if low is not None and high is not None:
        values = values[(values >= low) & (values <= high)]
    elif low is not None or high is not None:
        values = values[values >= low] if high is None else values[values <= high]
    return Counted(less, *np.unique(values, return_counts=True))


def join_counted(parts: list[Counted]) -> Counted:
    """Add up what several partitions have in one bracket."""
    values = np.concatenate([part.values for part in parts])
    counts = np.concatenate([part.counts for part in parts])
    order = np.argsort(values, kind="stable")
    values, counts = values[order], counts[order]
    less = sum(part.less for part in parts)
    if not len(values):
        return Counted(less, values, counts)
    starts = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]]))
    return Counted(less, values[starts], np.add.reduceat(counts, starts))


def settle(counted: Counted, bounds: tuple[Any, Any], rank: int) -> tuple[Any, tuple[Any, Any] | None]:
    """Return the value of a rank and None, or None and the bracket in which it is for certain.

    >>> counted = Counted(10, np.array([2, 5]), np.array([2, 1]))
    >>> settle(counted, (2, 5), 12), settle(counted, (2, 5), 9), settle(counted, (2, 5), 13)
    ((np.int64(5), None), (None, (None, 2)), (None, (5, None)))
    """
    if rank < counted.less:
        return None, (None, bounds[0])
    upto = np.cumsum(counted.counts)
    place = int(np.searchsorted(upto, rank - counted.less, side="right"))
    if place == len(upto):
        return None, (bounds[1], None)
    return counted.values[place], None

"""Between which ranks a quantile lies, and how it is made of the two elements there.

The methods are NumPy's: those of Hyndman and Fan ("Sample quantiles in statistical packages", 1996), and five more. Of n
elements the quantile q has the virtual index ``n q + a + q (1 - a - b) - 1`` from 0, with a and b by method.

Place in the flow: pure arithmetic, used by ``statistics.quantiles`` for what can't be given to NumPy in one piece.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

# {method: (a, b)} of those whose index is continuous in q.
CONTINUOUS = {
    "linear": (1.0, 1.0),
    "interpolated_inverted_cdf": (0.0, 1.0),
    "hazen": (0.5, 0.5),
    "weibull": (0.0, 0.0),
    "median_unbiased": (1 / 3, 1 / 3),
    "normal_unbiased": (3 / 8, 3 / 8),
}
DISCRETE = ("inverted_cdf", "closest_observation", "lower", "higher", "nearest")
METHODS = (*CONTINUOUS, *DISCRETE, "averaged_inverted_cdf", "midpoint")


def check_method(method: Any) -> str:
    """Return the name of a method.

    Raises
    ------
    ValueError
        If there is none of the name.

    Examples
    --------
    >>> check_method("linear")
    'linear'
    """
    if method not in METHODS:
        raise ValueError(f"{method!r} is not a valid method. Use one of: {', '.join(METHODS)}")
    return str(method)


class Place(NamedTuple):
    """Two ranks from 0, and the weight of the second; None where the first is taken as it is."""

    low: int
    high: int
    weight: float | None


def place_of(q: float, n: int, method: str) -> Place:
    """Return where the quantile ``q`` of ``n`` elements lies.

    Examples
    --------
    >>> place_of(0.5, 4, "linear"), place_of(0.5, 4, "lower")
    (Place(low=1, high=2, weight=0.5), Place(low=1, high=1, weight=None))
    """
    if method in DISCRETE:
        rank = min(max(_discrete(q, n, method), 0), n - 1)
        return Place(rank, rank, None)
    if method == "linear":
        index = (n - 1) * q
    elif method == "midpoint":
        index = (math.floor((n - 1) * q) + math.ceil((n - 1) * q)) / 2
    elif method == "averaged_inverted_cdf":
        index = n * q - 1
    else:
        a, b = CONTINUOUS[method]
        index = n * q + (a + q * (1 - a - b)) - 1
    low = math.floor(index)
    weight = index - low
    if method == "averaged_inverted_cdf":
        weight = 1.0 if weight else 0.5
    if index < 0:
        return Place(0, 0, weight)
    if index >= n - 1:
        return Place(n - 1, n - 1, weight)
    return Place(low, low + 1, weight)


def _discrete(q: float, n: int, method: str) -> int:
    if method == "lower":
        return math.floor((n - 1) * q)
    if method == "higher":
        return math.ceil((n - 1) * q)
    if method == "nearest":
        return round((n - 1) * q)
    index = n * q - 1 if method == "inverted_cdf" else n * q - 1.5
    low = math.floor(index)
    stays = index == low and (method == "inverted_cdf" or low % 2 == 1)
    return low if stays else low + 1


def between(low: Any, high: Any, weight: float | None) -> Any:
    """Return the value at a weight between two elements, the nearer one being the start, as NumPy does.

    Examples
    --------
    >>> between(1.0, 3.0, 0.25)
    1.5
    """
    if weight is None:
        return low
    apart = high - low
    return low + apart * weight if weight < 0.5 else high - apart * (1 - weight)

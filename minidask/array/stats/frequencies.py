"""Whether observed frequencies are the expected ones: ``power_divergence`` and ``chisquare``.

The family of statistics is that of Cressie and Read ("Multinomial goodness-of-fit tests", J. Royal Stat. Soc. B 46, 1984).

Place in the flow: a sum of an array, then a tail probability.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from minidask.array.elementwise import as_array, elementwise
from minidask.array.planned import planned
from minidask.array.reductions.folds import sum as total
from minidask.array.reductions.moments import mean
from minidask.array.stats.distributions import above_chi2, sample_of, special

# {name: lambda}
POWERS = {
    "pearson": 1.0,
    "log-likelihood": 0.0,
    "freeman-tukey": -0.5,
    "mod-log-likelihood": -1.0,
    "neyman": -2.0,
    "cressie-read": 2 / 3,
}


class Power_divergenceResult(NamedTuple):
    """What ``power_divergence`` and ``chisquare`` return."""

    statistic: Any
    pvalue: Any


@planned
def power_divergence(
    f_obs: Any, f_exp: Any = None, ddof: int = 0, axis: int | None = 0, lambda_: Any = None
) -> Power_divergenceResult:
    """Test whether frequencies are the expected ones.

    Parameters
    ----------
    f_obs : Array
        Observed frequencies.
    f_exp : array-like, optional
        Expected ones, with the same sums along the axis (which isn't checked, as it would compute them); default: their mean.
    ddof : int
        Taken from the degrees of freedom.
    axis : int, optional
        None: of all frequencies.
    lambda_ : float or str, optional
        Power of the statistic, or its name; default 1 (Pearson's chi-squared).

    Raises
    ------
    ImportError
        If SciPy isn't installed.
    numpy.exceptions.AxisError, TypeError, UnknownChunkSizes
        For an axis out of range, values that are no real numbers, unknown sizes.
    ValueError
        If there is no statistic of the name, or shapes don't broadcast.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.stats.power_divergence(da.from_array([16, 18, 16, 14], chunks=2)).statistic.compute()
    np.float64(0.5)
    """
    functions = special()
    if isinstance(lambda_, str):
        if lambda_ not in POWERS:
            raise ValueError(
                f"invalid string for lambda_: {lambda_!r}. Valid strings are {', '.join(map(repr, POWERS))}"
            )
        lambda_ = POWERS[lambda_]
    elif lambda_ is None:
        lambda_ = 1.0
    observed, at, n = sample_of(f_obs, axis, "power_divergence")
    if f_exp is None:
        expected = mean(observed, axis=at, keepdims=True)
    else:
        expected = as_array(f_exp)
        if axis is None:
            expected = expected.reshape(-1)
    if lambda_ == 1:
        terms = (observed - expected) ** 2 / expected
    elif lambda_ == 0:
        terms = 2.0 * elementwise(functions.xlogy, observed, observed / expected)
    elif lambda_ == -1:
        terms = 2.0 * elementwise(functions.xlogy, expected, expected / observed)
    else:
        terms = observed * ((observed / expected) ** lambda_ - 1) / (0.5 * lambda_ * (lambda_ + 1))
    statistic = total(terms, axis=at)
    return Power_divergenceResult(statistic, above_chi2(statistic, np.float64(n - 1 - ddof)))


@planned
def chisquare(f_obs: Any, f_exp: Any = None, ddof: int = 0, axis: int | None = 0) -> Power_divergenceResult:
    """Test whether frequencies are the expected ones by Pearson's chi-squared; see ``power_divergence``.

    Raises
    ------
    ImportError, numpy.exceptions.AxisError, TypeError, UnknownChunkSizes, ValueError
        As ``power_divergence`` does.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.stats.chisquare(da.from_array([16, 18, 16, 14], chunks=2)).statistic.compute()
    np.float64(0.5)
    """
    return power_divergence(f_obs, f_exp, ddof, axis, "pearson")

"""Whether means differ: Student's and Welch's t-tests, and the analysis of variance.

Place in the flow: means and variances of arrays, then tail probabilities.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from minidask.array.planned import planned
from minidask.array.pointwise import where
from minidask.array.reductions.moments import mean, var
from minidask.array.stats.distributions import above_f, sample_of, special, tail_of_t


class Ttest_1sampResult(NamedTuple):
    """What ``ttest_1samp`` returns."""

    statistic: Any
    pvalue: Any


class Ttest_indResult(NamedTuple):
    """What ``ttest_ind`` returns."""

    statistic: Any
    pvalue: Any


class Ttest_relResult(NamedTuple):
    """What ``ttest_rel`` returns."""

    statistic: Any
    pvalue: Any


class F_onewayResult(NamedTuple):
    """What ``f_oneway`` returns."""

    statistic: Any
    pvalue: Any


@planned
def ttest_1samp(
    a: Any, popmean: Any, axis: int | None = 0, nan_policy: str = "propagate", alternative: str = "two-sided"
) -> Ttest_1sampResult:
    """Test whether a sample's mean is a given one.

    Parameters
    ----------
    a : Array
    popmean : float or array-like
        Broadcast against the means.
    axis : int, optional
        None: of all values.
    nan_policy : str
        ``"propagate"``; others aren't built.
    alternative : str
        What the p-value is for: ``"two-sided"``, ``"less"`` or ``"greater"`` than the given mean.

    Raises
    ------
    ImportError
        If SciPy isn't installed.
    ValueError
        For another ``alternative``.
    NotImplementedError, numpy.exceptions.AxisError, TypeError, UnknownChunkSizes
        For another ``nan_policy``, an axis out of range, values that are no real numbers, unknown sizes.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.stats.ttest_1samp(da.arange(9, chunks=4), 4).pvalue.compute()
    np.float64(1.0)
    """
    special()
    x, at, n = sample_of(a, axis, "ttest_1samp", nan_policy)
    t = (mean(x, axis=at) - popmean) / np.sqrt(var(x, axis=at, ddof=1) / n)
    return Ttest_1sampResult(t, tail_of_t(t, n - 1, alternative))


@planned
def ttest_ind(
    a: Any, b: Any, axis: int | None = 0, equal_var: bool = True, *, alternative: str = "two-sided"
) -> Ttest_indResult:
    """Test whether two samples have equal means.

    Parameters
    ----------
    a, b : Array
        Of equal shapes, besides the axis.
    axis : int, optional
        None: of all values.
    equal_var : bool
        Whether variances are taken to be equal (Student) or not (Welch).
    alternative
        As for ``ttest_1samp``.

    Raises
    ------
    ImportError, numpy.exceptions.AxisError, TypeError, UnknownChunkSizes, ValueError
        As ``ttest_1samp`` does.

    Examples
    --------
    >>> import minidask.array as da
    >>> x = da.arange(9, chunks=4)
    >>> da.stats.ttest_ind(x, x + 1).statistic.compute().round(3)
    np.float64(-0.775)
    """
    special()
    x, at, n = sample_of(a, axis, "ttest_ind")
    y, other, m = sample_of(b, axis, "ttest_ind")
    first, second = var(x, axis=at, ddof=1), var(y, axis=other, ddof=1)
    degrees: Any
    if equal_var:
        degrees = n + m - 2.0
        spread = np.sqrt(((n - 1) * first + (m - 1) * second) / degrees * (1.0 / n + 1.0 / m))
    else:
        one, two = first / n, second / m
        degrees = (one + two) ** 2 / (one**2 / (n - 1) + two**2 / (m - 1))
        # Without any spread the degrees mean nothing; NumPy's answer is NaN or infinity all the same.
        degrees = where(np.isnan(degrees), 1, degrees)
        spread = np.sqrt(one + two)
    t = (mean(x, axis=at) - mean(y, axis=other)) / spread
    return Ttest_indResult(t, tail_of_t(t, degrees, alternative))


@planned
def ttest_rel(
    a: Any, b: Any, axis: int | None = 0, nan_policy: str = "propagate", alternative: str = "two-sided"
) -> Ttest_relResult:
    """Test whether the differences of two samples of pairs have the mean 0.

    Parameters
    ----------
    a, b : Array
        Of one shape.
    axis, nan_policy, alternative
        As for ``ttest_1samp``.

    Raises
    ------
    ImportError, NotImplementedError, numpy.exceptions.AxisError, TypeError, UnknownChunkSizes
        As ``ttest_1samp`` does.
    ValueError
        If shapes differ.

    Examples
    --------
    >>> import minidask.array as da
    >>> x = da.arange(9, chunks=4)
    >>> da.stats.ttest_rel(x, x**2).statistic.compute().round(3)
    np.float64(-2.779)
    """
    special()
    x, at, n = sample_of(a, axis, "ttest_rel", nan_policy)
    y, _, _ = sample_of(b, axis, "ttest_rel", nan_policy)
    if x.shape != y.shape:
        raise ValueError(f"pairs need samples of one shape, got {x.shape} and {y.shape}")
    apart = x - y
    t = mean(apart, axis=at) / np.sqrt(var(apart, axis=at, ddof=1) / n)
    return Ttest_relResult(t, tail_of_t(t, n - 1, alternative))


@planned
def f_oneway(*args: Any) -> F_onewayResult:
    """Test whether several samples have equal means (analysis of variance).

    Parameters
    ----------
    *args : Array
        At least two samples along their first axis.

    Raises
    ------
    ImportError, TypeError, UnknownChunkSizes
        As ``ttest_1samp`` does, and TypeError for fewer than two samples.

    Examples
    --------
    >>> import minidask.array as da
    >>> x = da.arange(9, chunks=4)
    >>> da.stats.f_oneway(x, x + 1, x + 2).statistic.compute().round(3)
    np.float64(1.2)
    """
    special()
    if len(args) < 2:
        raise TypeError(f"at least two inputs are required; got {len(args)}.")
    samples = [sample_of(one, 0, "f_oneway") for one in args]
    sizes = [n for _, _, n in samples]
    means = [mean(x, axis=0) for x, _, _ in samples]
    whole = sum(n * own for n, own in zip(sizes, means, strict=True)) / sum(sizes)
    between = sum(n * (own - whole) ** 2 for n, own in zip(sizes, means, strict=True))
    within = sum(n * var(x, axis=0) for x, _, n in samples)
    degrees, others = len(samples) - 1, sum(sizes) - len(samples)
    f = (between / degrees) / (within / others)
    return F_onewayResult(f, above_f(f, degrees, others))

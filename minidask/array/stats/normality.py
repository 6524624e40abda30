"""Whether samples come from a normal distribution: ``skewtest``, ``kurtosistest``, ``normaltest``.

The transformations are those of D'Agostino ("Transformation to normality of the null distribution of g1", Biometrika 57, 1970),
Anscombe and Glynn ("Distribution of the kurtosis statistic b2 for normal samples", Biometrika 70, 1983), and D'Agostino and
Pearson ("Tests for departure from normality", Biometrika 60, 1973).

Place in the flow: above ``stats.shapes``.
"""

from __future__ import annotations

from math import log, sqrt
from typing import Any, NamedTuple

import numpy as np

from minidask.array.planned import planned
from minidask.array.pointwise import where
from minidask.array.stats.distributions import above_chi2, sample_of, special, two_sided_normal
from minidask.array.stats.shapes import kurtosis, skew


class SkewtestResult(NamedTuple):
    """What ``skewtest`` returns."""

    statistic: Any
    pvalue: Any


class KurtosistestResult(NamedTuple):
    """What ``kurtosistest`` returns."""

    statistic: Any
    pvalue: Any


class NormaltestResult(NamedTuple):
    """What ``normaltest`` returns."""

    statistic: Any
    pvalue: Any


@planned
def skewtest(a: Any, axis: int | None = 0, nan_policy: str = "propagate") -> SkewtestResult:
    """Test whether a sample's skewness is that of a normal distribution.

    Parameters
    ----------
    a : Array
        At least 8 values along the axis.
    axis : int, optional
        None: of all values.
    nan_policy : str
        ``"propagate"``; others aren't built.

    Raises
    ------
    ImportError
        If SciPy isn't installed.
    NotImplementedError, numpy.exceptions.AxisError, TypeError, UnknownChunkSizes
        As ``skew`` does.
    ValueError
        If there are fewer than 8 values.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.stats.skewtest(da.arange(9, chunks=4)).statistic.compute().round(3)
    np.float64(1.018)
    """
    special()
    x, at, n = sample_of(a, axis, "skewtest", nan_policy)
    if n < 8:
        raise ValueError(f"skewtest is not valid with less than 8 samples; {n} samples were given.")
    y = skew(x, at) * sqrt(((n + 1) * (n + 3)) / (6.0 * (n - 2)))
    beta2 = 3.0 * (n**2 + 27 * n - 70) * (n + 1) * (n + 3) / ((n - 2.0) * (n + 5) * (n + 7) * (n + 9))
    w2 = -1 + sqrt(2 * (beta2 - 1))
    delta, alpha = 1 / sqrt(0.5 * log(w2)), sqrt(2.0 / (w2 - 1))
    y = where(y == 0, 1, y) / alpha
    z = delta * np.log(y + np.sqrt(y**2 + 1))
    return SkewtestResult(z, two_sided_normal(z))


@planned
def kurtosistest(a: Any, axis: int | None = 0, nan_policy: str = "propagate") -> KurtosistestResult:
    """Test whether a sample's kurtosis is that of a normal distribution.

    Parameters
    ----------
    a : Array
        At least 5 values along the axis; p-values are good from 20 on.
    axis : int, optional
        None: of all values.
    nan_policy : str
        ``"propagate"``; others aren't built.

    Raises
    ------
    ImportError
        If SciPy isn't installed.
    NotImplementedError, numpy.exceptions.AxisError, TypeError, UnknownChunkSizes
        As ``skew`` does.
    ValueError
        If there are fewer than 5 values.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.stats.kurtosistest(da.arange(20, chunks=7)).statistic.compute().round(3)
    np.float64(-1.706)
    """
    special()
    x, at, n = sample_of(a, axis, "kurtosistest", nan_policy)
    if n < 5:
        raise ValueError(f"kurtosistest requires at least 5 observations; {n} observations were given.")
    expected = 3.0 * (n - 1) / (n + 1)
    variance = 24.0 * n * (n - 2) * (n - 3) / ((n + 1) * (n + 1.0) * (n + 3) * (n + 5))
    x = (kurtosis(x, at, fisher=False) - expected) / sqrt(variance)
    beta1 = 6.0 * (n * n - 5 * n + 2) / ((n + 7) * (n + 9)) * sqrt((6.0 * (n + 3) * (n + 5)) / (n * (n - 2) * (n - 3)))
    a_ = 6.0 + 8.0 / beta1 * (2.0 / beta1 + sqrt(1 + 4.0 / beta1**2))
    denominator = 1 + x * sqrt(2 / (a_ - 4.0))
    safe = where(denominator == 0, np.nan, abs(denominator))
    z = ((1 - 2 / (9.0 * a_)) - np.sign(denominator) * ((1 - 2.0 / a_) / safe) ** (1 / 3.0)) / sqrt(2 / (9.0 * a_))
    return KurtosistestResult(z, two_sided_normal(z))


@planned
def normaltest(a: Any, axis: int | None = 0, nan_policy: str = "propagate") -> NormaltestResult:
    """Test whether a sample's skewness and kurtosis together are those of a normal distribution; see both tests.

    Raises
    ------
    ImportError, NotImplementedError, numpy.exceptions.AxisError, TypeError, UnknownChunkSizes, ValueError
        As ``skewtest`` does.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.stats.normaltest(da.arange(20, chunks=7)).statistic.compute().round(3)
    np.float64(3.992)
    """
    first = skewtest(a, axis, nan_policy).statistic
    second = kurtosistest(a, axis, nan_policy).statistic
    both = first**2 + second**2
    return NormaltestResult(both, above_chi2(both, 2))

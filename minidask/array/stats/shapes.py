"""Moments of samples: ``moment``, ``skew``, ``kurtosis``.

Place in the flow: above ``statistics.central``, which finds central moments in one pass.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minidask.array.planned import planned
from minidask.array.pointwise import where
from minidask.array.reductions.moments import mean
from minidask.array.statistics import central
from minidask.array.stats.distributions import sample_of


@planned
def moment(a: Any, moment: int = 1, axis: int | None = 0, nan_policy: str = "propagate") -> Any:
    """Return a central moment of a sample; see ``minidask.array.moment``.

    Raises
    ------
    NotImplementedError, numpy.exceptions.AxisError, TypeError, UnknownChunkSizes, ValueError
        As ``minidask.array.moment`` does, and for another ``nan_policy``.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.stats.moment(da.from_array([1, 2, 6], chunks=2), 3).compute()
    np.float64(6.0)
    """
    x, at, _ = sample_of(a, axis, "moment", nan_policy)
    return central.moment(x, moment, axis=at)


def _constant(x: Any, at: int, second: Any) -> Any:
    """Return where values are too nearly equal for their spread to mean anything, as SciPy decides it."""
    resolution = np.finfo(x.dtype).resolution
    return second <= (resolution * mean(x, axis=at)) ** 2


@planned
def skew(a: Any, axis: int | None = 0, bias: bool = True, nan_policy: str = "propagate") -> Any:
    """Return the skewness of a sample; NaN where its values are equal.

    Parameters
    ----------
    a : Array
    axis : int, optional
        None: of all values.
    bias : bool
        Whether to leave the estimate's bias as it is.
    nan_policy : str
        ``"propagate"``; others aren't built.

    Raises
    ------
    NotImplementedError, numpy.exceptions.AxisError, TypeError, UnknownChunkSizes
        For another ``nan_policy``, an axis out of range, values that are no real numbers, unknown sizes.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.stats.skew(da.from_array([1, 2, 6], chunks=2)).compute().round(3)
    np.float64(0.595)
    """
    x, at, n = sample_of(a, axis, "skew", nan_policy)
    second, third = central.moment(x, 2, axis=at), central.moment(x, 3, axis=at)
    equal = _constant(x, at, second)
    found = where(equal, np.nan, third / where(equal, 1, second) ** 1.5)
    if bias or n <= 2:
        return found
    return found * (np.sqrt((n - 1.0) * n) / (n - 2.0))


@planned
def kurtosis(
    a: Any, axis: int | None = 0, fisher: bool = True, bias: bool = True, nan_policy: str = "propagate"
) -> Any:
    """Return the kurtosis of a sample; NaN where its values are equal.

    Parameters
    ----------
    a : Array
    axis : int, optional
        None: of all values.
    fisher : bool
        Whether the normal distribution has 0 (Fisher) or 3 (Pearson).
    bias : bool
        Whether to leave the estimate's bias as it is.
    nan_policy : str
        ``"propagate"``; others aren't built.

    Raises
    ------
    NotImplementedError, numpy.exceptions.AxisError, TypeError, UnknownChunkSizes
        As ``skew`` does.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.stats.kurtosis(da.from_array([1, 2, 6, 3], chunks=2)).compute().round(3)
    np.float64(-1.0)
    """
    x, at, n = sample_of(a, axis, "kurtosis", nan_policy)
    second, fourth = central.moment(x, 2, axis=at), central.moment(x, 4, axis=at)
    equal = _constant(x, at, second)
    found = where(equal, np.nan, fourth / where(equal, 1, second) ** 2)
    if not bias and n > 3:
        found = 1.0 / (n - 2) / (n - 3) * ((n**2 - 1.0) * found - 3 * (n - 1) ** 2.0) + 3
    return found - 3 if fisher else found

"""Tail probabilities as elementwise functions of arrays, and what all tests check of their arguments.

Place in the flow: below the tests. SciPy is imported when a test is called.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minidask.array.chunks import check_known, normalize_axis
from minidask.array.elementwise import as_array, elementwise
from minidask.array.reshaping import flattened


def special() -> Any:
    """Return SciPy's special functions.

    Raises
    ------
    ImportError
        If SciPy isn't installed.
    """
    try:
        import scipy.special
    except ImportError as error:
        raise ImportError("minidask.array.stats needs the package 'scipy': install it") from error
    return scipy.special


def tail_of_t(t: Any, degrees: Any, alternative: str = "two-sided") -> Any:
    """Return how likely a value at least as far out is, of Student's t distribution, on both sides of 0, below or above.

    Raises
    ------
    ValueError
        If ``alternative`` is none of ``"two-sided"``, ``"less"`` and ``"greater"``.

    Examples
    --------
    >>> import minidask.array as da
    >>> tail_of_t(da.zeros(1), 5).compute(), tail_of_t(da.zeros(1), 5, "less").compute()
    (array([1.]), array([0.5]))
    """
    if alternative not in ("two-sided", "less", "greater"):
        raise ValueError(f"alternative must be 'less', 'greater' or 'two-sided', got {alternative!r}")
    value = as_array(t)
    if alternative == "two-sided":
        return elementwise(special().stdtr, degrees, -abs(value)) * 2
    return elementwise(special().stdtr, degrees, value if alternative == "less" else -value)


def above_chi2(value: Any, degrees: Any) -> Any:
    """Return how likely a larger value is, of the chi-squared distribution.

    Examples
    --------
    >>> import minidask.array as da
    >>> above_chi2(da.zeros(1), 5).compute()
    array([1.])
    """
    return elementwise(special().chdtrc, degrees, as_array(value))


def above_f(value: Any, degrees: Any, others: Any) -> Any:
    """Return how likely a larger value is, of the F distribution.

    Examples
    --------
    >>> import minidask.array as da
    >>> above_f(da.zeros(1), 5, 3).compute()
    array([1.])
    """
    return elementwise(special().fdtrc, degrees, others, as_array(value))


def two_sided_normal(z: Any) -> Any:
    """Return how likely a value at least as far from 0 is, of the normal distribution.

    Examples
    --------
    >>> import minidask.array as da
    >>> two_sided_normal(da.zeros(1)).compute()
    array([1.])
    """
    return elementwise(special().ndtr, -abs(as_array(z))) * 2


def sample_of(a: Any, axis: int | None, what: str, nan_policy: str = "propagate") -> tuple[Any, int, int]:
    """Return a sample as an array, its axis, and how many values it has along it.

    Raises
    ------
    NotImplementedError
        For another ``nan_policy``.
    numpy.exceptions.AxisError
        If the axis is out of range.
    TypeError
        If values are no numbers.
    UnknownChunkSizes
        If sizes along the axis aren't known.
    """
    if nan_policy != "propagate":
        raise NotImplementedError(
            f"nan_policy={nan_policy!r} isn't built, only 'propagate': leave NaN out first, such as by x[~da.isnan(x)]"
        )
    x = as_array(a)
    if x.dtype.kind not in "biuf":
        raise TypeError(f"{what} takes real numbers, got {x.dtype}")
    if x.dtype.kind != "f":
        x = x.astype(np.float64)
    if axis is None:
        x, axis = flattened(what, x), 0
    at = normalize_axis(axis, x.ndim)
    check_known(what, x.chunks[at])
    return x, at, int(x.shape[at])

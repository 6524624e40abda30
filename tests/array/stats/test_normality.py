"""Tests for normality are SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

import minidask.array as da
from minidask import config
from minidask.array.testing import assert_eq
from tests.array.arrays import raising


@pytest.mark.parametrize("name", ["skewtest", "kurtosistest", "normaltest"])
@pytest.mark.parametrize("axis", [0, 1, None])
def test_they_are_scipys(name, axis):
    a = np.random.default_rng(1).gamma(3, size=(25, 30))
    x = da.from_array(a, chunks=(7, 11))
    with config.set(scheduler=raising):
        found = getattr(da.stats, name)(x, axis)
    expected = getattr(scipy.stats, name)(a, axis)
    assert_eq(found.statistic, np.asarray(expected.statistic), rtol=1e-6)
    assert_eq(found.pvalue, np.asarray(expected.pvalue), rtol=1e-6)
    assert found._fields == ("statistic", "pvalue")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: da.stats.skewtest(da.arange(7)), "less than 8 samples; 7 samples"),
        (lambda: da.stats.kurtosistest(da.arange(4)), "at least 5 observations; 4 observations"),
        (lambda: da.stats.normaltest(da.arange(4)), "less than 8 samples"),
    ],
)
def test_too_few_values(call, message):
    with pytest.raises(ValueError, match=message):
        call()

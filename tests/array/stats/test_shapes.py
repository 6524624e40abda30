"""Moments of samples are SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask import config
from minidask.array.testing import assert_eq
from tests.array.arrays import chunkings, few, raising


@few
@given(st.integers(2, 40), st.integers(1, 3), st.sampled_from([0, 1, None]), st.booleans(), st.data())
def test_moments(length, width, axis, bias, data):
    a = np.random.default_rng(length).gamma(2, size=(length, width))
    x = da.from_array(a, chunks=data.draw(chunkings(a.shape)))
    if a.shape[axis or 0] == 1:
        axis = 0
    with config.set(scheduler=raising):
        found = [
            da.stats.skew(x, axis, bias=bias),
            da.stats.kurtosis(x, axis, bias=bias),
            da.stats.kurtosis(x, axis, fisher=False),
            da.stats.moment(x, 4, axis),
        ]
    with np.errstate(all="ignore"):
        expected = [
            scipy.stats.skew(a, axis, bias=bias) if a.shape[axis or 0] > 2 or bias else None,
            scipy.stats.kurtosis(a, axis, bias=bias) if a.shape[axis or 0] > 3 or bias else None,
            scipy.stats.kurtosis(a, axis, fisher=False),
            scipy.stats.moment(a, 4, axis),
        ]
    for one, other in zip(found, expected, strict=True):
        if other is not None:
            assert_eq(one, other, rtol=1e-6, atol=1e-9)


@pytest.mark.filterwarnings("ignore:Precision loss occurred")
def test_equal_values_have_no_shape():
    a = np.full(10, 3.7)
    x = da.from_array(a, chunks=4)
    assert_eq(da.stats.skew(x), np.float64(scipy.stats.skew(a)))
    assert_eq(da.stats.kurtosis(x), np.float64(scipy.stats.kurtosis(a)))


def test_errors():
    with pytest.raises(NotImplementedError, match="only 'propagate'"):
        da.stats.skew(da.ones(3), nan_policy="omit")
    with pytest.raises(ValueError, match="Order must be"):
        da.stats.moment(da.ones(3), -1)

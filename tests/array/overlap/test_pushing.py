from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask.array.overlap.pushing import push
from minidask.array.testing import assert_eq
from tests.array.arrays import few, pairs


def filled(a, n, axis):
    """The same by pandas, lane by lane."""
    return np.apply_along_axis(lambda lane: pd.Series(lane).ffill(limit=n).to_numpy() if n != 0 else lane, axis, a)


@pytest.mark.slow
@few
@given(pairs(dtypes=["f8", "f4"], min_dims=1, min_side=1, max_side=8, nan=True), st.data())
def test_missing_values_are_filled(pair, data):
    a, x = pair
    axis = data.draw(st.integers(0, a.ndim - 1))
    n = data.draw(st.sampled_from([None, 1, 2, 5]))
    assert_eq(push(x, n, axis), filled(a, n, axis))


def test_values_cross_many_blocks():
    a = np.full(12, np.nan)
    a[1] = 5
    x = da.from_array(a, chunks=((2, 0, 1, 4, 5),))
    assert_eq(push(x, None, 0), np.array([np.nan, *[5.0] * 11]))
    assert_eq(push(x, 4, -1), np.array([np.nan, *[5.0] * 5, *[np.nan] * 6]))
    assert_eq(push(x, 0, 0), a)


def test_times_have_missing_values_and_integers_none():
    a = np.array(["2020", "NaT", "2021"], "M8[s]")
    assert_eq(push(da.from_array(a, chunks=1), None, 0), a[[0, 0, 2]])
    assert_eq(push(da.arange(4, chunks=2), None, 0), np.arange(4))


def test_wrong_limits_raise():
    x = da.ones(4, chunks=2)
    with pytest.raises(TypeError, match="integer or None"):
        push(x, 1.5, 0)
    with pytest.raises(ValueError, match="negative"):
        push(x, -1, 0)
    with pytest.raises(np.exceptions.AxisError):
        push(x, 1, 1)

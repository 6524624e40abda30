from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view as numpy_view

import minidask.array as da
from minidask import config
from minidask.array.overlap.windows import sliding_window_view
from minidask.array.testing import assert_eq
from tests.array.arrays import few, pairs, raising


@few
@given(pairs(dtypes=["f8", "U3"], min_dims=1, min_side=1, max_side=8), st.data())
def test_windows_are_numpys(pair, data):
    a, x = pair
    axes = data.draw(
        st.lists(st.integers(-a.ndim, a.ndim - 1), min_size=1, max_size=a.ndim, unique_by=lambda i: i % a.ndim)
    )
    window = tuple(data.draw(st.integers(1, a.shape[axis])) for axis in axes)
    automatic = data.draw(st.booleans())
    assert_eq(sliding_window_view(x, window, tuple(axes), automatic), numpy_view(a, window, tuple(axes)))


def test_an_axis_may_have_two_windows():
    a = np.arange(12).reshape(3, 4)
    x = da.from_array(a, chunks=2)
    assert_eq(sliding_window_view(x, (2, 3), (1, 1)), numpy_view(a, (2, 3), (1, 1)))
    assert_eq(np.lib.stride_tricks.sliding_window_view(x, 2, 0), numpy_view(a, 2, 0))
    assert_eq(sliding_window_view(x, (2, 2)).mean(axis=(-1, -2)), numpy_view(a, (2, 2)).mean(axis=(-1, -2)))


def test_blocks_stay_near_their_size_unless_told_otherwise():
    x = da.ones((100, 100, 100), chunks=50)
    with config.set({"scheduler": raising, "array.chunk-size": "1 MB"}):
        y = sliding_window_view(x, (10, 10), axis=(0, 1))
        z = sliding_window_view(x, (10, 10), axis=(0, 1), automatic_rechunk=False)
        w = sliding_window_view(da.ones(10**4, chunks=10**4), 5000)
    assert z.chunks == ((50, 41), (50, 41), (50, 50), (10,), (10,))
    assert max(y.chunks[2]) == 1
    assert np.prod([max(sizes) for sizes in y.chunks]) <= 50**3
    assert y.shape == z.shape
    assert w.shape == (5001, 5000)


def test_wrong_windows_raise():
    x = da.ones((4, 5), chunks=2)
    with pytest.raises(ValueError, match="cannot be larger than input array shape"):
        sliding_window_view(x, (5, 1))
    with pytest.raises(ValueError, match="window_shape must give all dimensions of x"):
        sliding_window_view(x, 2)
    with pytest.raises(ValueError, match="negative"):
        sliding_window_view(x, -1, 0)
    with pytest.raises(TypeError, match="must be integers"):
        sliding_window_view(x, 1.5, 0)
    with pytest.raises(np.exceptions.AxisError):
        sliding_window_view(x, 1, 2)

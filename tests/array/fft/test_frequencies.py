from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask.array.testing import assert_eq
from tests.array.arrays import few, forget, pairs


@few
@given(n=st.integers(1, 12), d=st.sampled_from([1.0, 0.3, 2]), chunks=st.sampled_from([1, 3, -1, "auto"]))
def test_frequencies(n, d, chunks):
    assert_eq(da.fft.fftfreq(n, d, chunks=chunks), np.fft.fftfreq(n, d))
    assert_eq(da.fft.rfftfreq(n, d, chunks=chunks), np.fft.rfftfreq(n, d))


@pytest.mark.parametrize("func", [da.fft.fftfreq, da.fft.rfftfreq])
@pytest.mark.parametrize("n", [0, -3, 2.5, "4"])
def test_lengths_that_are_none(func, n):
    with pytest.raises(ValueError, match="n should be an integer of at least 1"):
        func(n)


@pytest.mark.slow
@few
@given(pair=pairs(min_dims=1), data=st.data())
def test_shifts(pair, data):
    a, x = pair
    axes = data.draw(st.sampled_from([None, 0, -1, (0,), tuple(range(a.ndim))]))
    for own, numpys in ((da.fft.fftshift, np.fft.fftshift), (da.fft.ifftshift, np.fft.ifftshift)):
        assert_eq(own(x, axes), numpys(a, axes))
        assert_eq(numpys(x, axes=axes), numpys(a, axes))


def test_shifts_need_lengths_and_axes():
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        da.fft.fftshift(forget(da.ones(4, chunks=2)))
    with pytest.raises(np.exceptions.AxisError):
        da.fft.ifftshift(da.ones(4), axes=1)

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask.array.overlap.trimming import trim_internal, trim_overlap
from minidask.array.testing import assert_eq
from tests.array.arrays import few, pairs


@pytest.mark.slow
@few
@given(pairs(dtypes=["f8"], min_dims=1, min_side=1), st.data())
def test_trimming_undoes_overlapping(pair, data):
    a, x = pair
    sides = st.integers(0, min(a.shape))
    depth = {axis: (data.draw(sides), data.draw(sides)) for axis in range(a.ndim)}
    boundary = data.draw(st.sampled_from(["none", "reflect", "periodic", "nearest", 1]))
    assert_eq(trim_overlap(da.overlap.overlap(x, depth, boundary), depth, boundary), a)


def test_blocks_lose_what_is_asked_for():
    x = da.arange(10, chunks=(3, 3, 4))
    assert_eq(trim_internal(x, {0: 1}), np.array([0, 1, 4, 7, 8, 9]))
    assert_eq(trim_internal(x, {0: 1}, "reflect"), np.array([1, 4, 7, 8]))
    assert_eq(trim_internal(x, {0: (0, 2)}), np.array([0, 3, 6, 7, 8, 9]))
    assert trim_internal(x, {0: 1}).chunks == ((2, 1, 3),)
    assert trim_internal(x, {}) is x


def test_blocks_that_are_too_small_raise():
    with pytest.raises(ValueError, match=r"smaller than what is to be trimmed.*trim=False"):
        trim_internal(da.arange(4, chunks=2), {0: 2}, "reflect")
    with pytest.raises(TypeError, match="chunked array"):
        trim_internal(np.arange(4), {0: 2})

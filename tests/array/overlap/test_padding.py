from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask.array.overlap.padding import add_dummy_padding, boundaries, constant, nearest, periodic, reflect
from minidask.array.testing import assert_eq
from tests.array.arrays import few, pairs
from tests.array.overlap.test_borders import padded

RULES = {"reflect": reflect, "periodic": periodic, "nearest": nearest}


@pytest.mark.slow
@few
@given(pairs(dtypes=["f8", "i4"], min_dims=1, min_side=1), st.data())
def test_ends_are_those_of_numpys_pad(pair, data):
    a, x = pair
    axis = data.draw(st.integers(0, a.ndim - 1))
    sides = st.integers(0, a.shape[axis])
    depth = data.draw(sides), data.draw(sides)
    depths = [(0, 0)] * a.ndim
    depths[axis] = depth
    for name, rule in RULES.items():
        rules = ["none"] * a.ndim
        rules[axis] = name
        assert_eq(rule(x, axis, depth), padded(a, depths, rules))
        assert_eq(boundaries(x, {axis: depth}, {axis: name}), padded(a, depths, rules))
    rules[axis] = 3
    assert_eq(constant(x, axis, depth, 3), padded(a, depths, rules))


def test_ends_are_blocks_of_their_own():
    x = da.arange(10, chunks=(3, 3, 4))
    assert boundaries(x, {0: 2}, {0: "periodic"}).chunks == ((2, 3, 3, 4, 2),)
    assert boundaries(x, {0: 2}, {0: "none"}) is x
    y = boundaries(da.ones((4, 4), chunks=2), 1, {0: 5, 1: "reflect"})
    assert y.compute()[0].tolist() == [5.0] * 6


def test_dummies_go_into_the_outer_blocks():
    x = da.arange(10, chunks=(3, 3, 4))
    y = add_dummy_padding(x, {0: 2}, {0: "none"})
    assert y.chunks == ((5, 3, 6),)
    assert_eq(y[2:-2], np.arange(10))
    assert add_dummy_padding(x, {0: 2}, {0: "reflect"}) is x


def test_depths_larger_than_the_array_raise():
    with pytest.raises(ValueError, match="depth 5 is larger than your array 4"):
        periodic(da.arange(4, chunks=2), 0, 5)
    with pytest.raises(TypeError, match="chunked array"):
        boundaries(np.arange(4), 1, "reflect")
    with pytest.raises(ValueError, match="doesn't fit the dtype"):
        constant(da.arange(4, chunks=2), 0, 1, np.nan)
